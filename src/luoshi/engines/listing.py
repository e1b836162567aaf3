"""Worklists: the rows of a cohort that an indicator lists, a page at a time."""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from luoshi.engines.base import Listed
from luoshi.engines.rendered import quoted, render
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
    the length of the whole list. A column that the cohort got after `source` was made is left out until the next time."""
    there = {column[0] for column in con.execute(f"SELECT * FROM {source} LIMIT 0").description or ()}
    own = [name for name in cohort.types if name not in FIXED and name in there]
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


def memberships(
    con: duckdb.DuckDBPyConnection,
    source: str,
    cohort: Cohort,
    indicators: Sequence[Indicator],
    columns: Sequence[str],
    person: int,
) -> list[tuple[Indicator, bool, Listed]]:
    """Each of `indicators` a person is in: whether it counts them, and their row. `columns`: of each indicator, SQL of is
    inside, counts, and the number of the reason."""
    names = ", ".join(f'"{name}"' for name in cohort.types)
    width = len(cohort.types)
    rows = con.execute(f"SELECT {names}, {', '.join(columns)} FROM {source} WHERE person = {int(person)}").fetchall()
    found = []
    for row in rows:
        values = dict(zip(cohort.types, row[:width], strict=True))
        for at, indicator in enumerate(indicators):
            inside, counted, number = row[width + 3 * at : width + 3 * at + 3]
            if not inside:
                continue
            shown = counted == indicator.lists_counted and number < len(indicator.reasons)
            found.append(
                (
                    indicator,
                    bool(counted),
                    Listed(values["subject"], values["person"], values["division"], values["institution"],
                           number if shown else None, values),
                )
            )  # fmt: skip
    return found
