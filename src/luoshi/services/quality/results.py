"""Reading what a run left: counts per source and day, and the failing rows behind them. Pure reads of Parquet."""

# ruff: noqa: S608 (SQL is what this module makes; values are bound)
from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from luoshi.kernel.errors import UnreadableFile
from luoshi.services.quality.running import folder_of


@dataclass(frozen=True)
class Sight:
    """What of the results may be seen: everything of `sources`, and of the others what counts in `places` (codes of
    counties and cities). None: all of them."""

    sources: frozenset[str] | None
    places: frozenset[str] | None

    def condition(self) -> tuple[str, list[Any]]:
        """As SQL over `source` and `place`, with its values."""
        if self.sources is None or self.places is None:
            return "true", []
        return "(list_contains(?, source) OR list_contains(?, place))", [sorted(self.sources), sorted(self.places)]


@dataclass(frozen=True)
class Failing:
    """One failing row: `said` are the values its words name."""

    check: str
    source: str
    received: date
    place: str
    id: str
    person: int | None
    division: str | None
    institution: str | None
    day: date | None
    said: dict[str, Any]


def cells(
    lake: Path, sight: Sight, *, source: str | None = None, received: date | None = None, since: date | None = None,
    until: date | None = None,
) -> list[tuple[str, date, str, int, int]]:  # fmt: skip
    """(source, received, check, rows, failing), sums over the places in sight. Raises `UnreadableFile` before any run."""
    condition, values = sight.condition()
    for text, value in (("source = ?", source), ("received = ?", received), ("received >= ?", since),
                        ("received <= ?", until)):  # fmt: skip
        if value is not None:
            condition += f" AND {text}"
            values.append(value)
    return _ask(
        lake,
        "cells",
        f"SELECT source, received, check_id, sum(rows)::BIGINT, sum(failing)::BIGINT FROM found WHERE {condition} "
        "GROUP BY ALL ORDER BY ALL",
        values,
    )


def failing(
    lake: Path, sight: Sight, *, source: str | None = None, received: date | None = None, check: str | None = None,
    limit: int = 50, offset: int = 0,
) -> tuple[list[Failing], int]:  # fmt: skip
    """A page of failing rows in order of check, source, day received and id, and how many there are in all."""
    condition, values = sight.condition()
    for text, value in (("source = ?", source), ("received = ?", received), ("check_id = ?", check)):
        if value is not None:
            condition += f" AND {text}"
            values.append(value)
    total = _ask(lake, "failing", f"SELECT count(*) FROM found WHERE {condition}", values)[0][0]
    rows = _ask(
        lake,
        "failing",
        f"SELECT * FROM found WHERE {condition} ORDER BY check_id, source, received, id, person LIMIT ? OFFSET ?",
        [*values, limit, offset],
    )
    return [Failing(*row[:9], json.loads(row[9] or "{}")) for row in rows], int(total)  # type: ignore[call-arg]  # the tenth column is text


def still_failing(lake: Path, keys: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of (check, id) pairs those that still fail."""
    listed = list(keys)
    if not listed:
        return set()
    import pyarrow as pa

    wanted = pa.table({"check_id": [k[0] for k in listed], "id": [k[1] for k in listed]})
    return {tuple(row) for row in _ask(lake, "failing", "SELECT DISTINCT f.check_id, f.id FROM found f SEMI JOIN wanted w "
                                       "ON w.check_id = f.check_id AND w.id = f.id", [], wanted=wanted)}  # fmt: skip


def _ask(lake: Path, kind: str, sql: str, values: list[Any], **tables: Any) -> list[tuple[Any, ...]]:
    found = sorted((folder_of(lake) / kind).glob("[!.]*.parquet"))
    if not found or not (folder_of(lake) / "state.json").exists():
        raise UnreadableFile(
            "the checks have not been run yet.", where=str(lake), todo="Run them with `luoshi quality run`."
        )
    with duckdb.connect() as con:
        for name, table in tables.items():
            con.register(name, table)
        files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in found)
        con.execute(f"CREATE TEMP VIEW found AS SELECT * FROM read_parquet([{files}])")
        rows: list[tuple[Any, ...]] = con.execute(sql, values).fetchall()
    return rows
