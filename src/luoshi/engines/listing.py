"""Worklists: the rows of a cohort that an indicator lists, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from luoshi.engines.base import Listed
from luoshi.engines.session import quoted, render
from luoshi.indicators import Cohort, Indicator
from luoshi.indicators.cohort import FIXED
from luoshi.indicators.plan import listing


def place_condition(leaves: Sequence[str] | None, members: Sequence[str] | None) -> str:
    """SQL that keeps the rows of some divisions (and some institutions); None keeps all of them.

    The lowest and highest code are named too: Parquet row groups are in order of division, so whole groups are skipped.
    """
    parts = []
    for column, codes in (("division", leaves), ("institution", members)):
        if codes is None:
            continue
        if not codes:
            return "false"
        parts.append(f"{column} IN ({', '.join(quoted(c) for c in codes)})")
        parts.append(f"{column} BETWEEN {quoted(min(codes))} AND {quoted(max(codes))}")
    return " AND ".join(parts) or "true"


def listed_condition(indicator: Indicator) -> str:
    """SQL for who is on the list."""
    return render(listing(indicator)[0])


def page(
    con: duckdb.DuckDBPyConnection,
    source: str,
    indicator: Indicator,
    cohort: Cohort,
    where: str,
    limit: int,
    offset: int,
) -> tuple[list[Listed], int]:
    """A page of the list from `source` (a table or a `read_parquet(…)`), in order of reason, division and subject, and
    the length of the whole list."""
    own = [name for name in cohort.types if name not in FIXED]
    condition, reason = (render(tree) for tree in listing(indicator))
    keep = f"FROM {source} WHERE {where} AND {condition}"
    total = con.execute(f"SELECT count(*) {keep}").fetchall()[0][0]
    columns = ", ".join(f'"{name}"' for name in own)
    rows = con.execute(
        f"""SELECT subject, person, division, institution, {reason} AS reason{", " if columns else ""}{columns} {keep}
        ORDER BY reason, division, subject LIMIT {int(limit)} OFFSET {int(offset)}"""
    ).fetchall()
    return [listed_from(row, own, len(indicator.reasons)) for row in rows], int(total)


def listed_from(row: Sequence[Any], own: Sequence[str], reasons: int) -> Listed:
    """One line of a list from its values: the fixed columns, the number of the reason (`reasons`: none), the `own`."""
    subject, person, division, institution, number, *rest = row
    columns = dict(zip(own, rest, strict=True))
    return Listed(subject, person, division, institution, None if number >= reasons else number, columns)
