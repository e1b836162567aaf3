"""Sets of rows in raw SQL, alike on SQLite (`executemany`, `json_each`) and PostgreSQL (arrays, `COPY` for large sets).

Table and column names come from the code, never from data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from django.db import connection

from luoshi.platform.statements import array, cursor, in_pipeline, insert_arrays, one, postgres, rows, run

__all__ = [
    "among",
    "follow_growth",
    "following",
    "insert",
    "insert_numbered",
    "lock",
    "one",
    "pairs",
    "rows",
    "seldom_copied",
    "select",
    "update",
]
Rows = Sequence[Sequence[Any]]
_LOCK = 0x6C756F73  # "luos": the one writer of the store
_LOG = 8192  # pages of 4 KiB
_SMALL = 500  # resources; before that any plan will do
_grown = {"seen": _SMALL}  # how many resources the statistics know of, as far as this process was told


def lock() -> None:
    """Wait for the one writer's place, until the end of the transaction. SQLite's transactions have it already."""
    if postgres():
        with cursor() as at:
            run(at, "SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def follow_growth(resources: int) -> None:
    """On PostgreSQL, look at the table of resources anew whenever it has doubled; `resources`: how many there are.

    A planner without statistics, or with those of a table that was nearly empty, takes "all Patients" for a few rows and
    walks through them once for every key that is looked for; the server's own round comes a minute too late."""
    if not postgres() or resources <= 2 * _grown["seen"]:
        return
    seen = int(one("SELECT reltuples::bigint FROM pg_class WHERE oid = 'store_resource'::regclass"))
    _grown["seen"] = max(seen, _SMALL)
    if resources > 2 * _grown["seen"]:
        with cursor() as at:
            run(at, "ANALYZE store_resource")
        _grown["seen"] = resources


@contextmanager
def seldom_copied() -> Iterator[None]:
    """On SQLite, let the write-ahead log grow to 32 MiB before it is copied into the database, while much is written: pages
    of an index that every set touches are then copied once for many of them."""
    if postgres():
        yield
        return
    before = one("PRAGMA wal_autocheckpoint")
    rows(f"PRAGMA wal_autocheckpoint = {_LOG}")
    try:
        yield
    finally:
        rows(f"PRAGMA wal_autocheckpoint = {int(before)}")


def insert(table: str, columns: Sequence[str], rows: Rows) -> None:
    """Insert rows."""
    if not rows:
        return
    if postgres():
        if in_pipeline():
            insert_arrays(table, columns, rows)
            return
        names = ", ".join(columns)
        with cursor() as at, at.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(columns))
    connection.connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608


def insert_numbered(table: str, columns: Sequence[str], rows: Rows) -> None:
    """Insert rows under the next keys of the table (`following`), in the column `id`; without rows nothing is asked."""
    if rows:
        number = following(table)
        insert(table, ("id", *columns), [(number + i, *row) for i, row in enumerate(rows)])


def update(statement: str, rows: Rows) -> None:
    """Run a statement with `%s` for every row of values."""
    if not rows:
        return
    if postgres():
        with cursor() as at:
            if len(rows) == 1:  # saves the messages around a pipeline
                run(at, statement, rows[0])
            else:
                at.executemany(statement, rows)
        return
    connection.connection.executemany(statement.replace("%s", "?"), rows)


def select(statement: str, values: Iterable[str | int], *more: Any) -> list[tuple[Any, ...]]:
    """Rows of a statement in which `{values}` stands for a list usable after IN; `more` fill `%s` behind it."""
    listed = list(values)
    if not listed:
        return []
    inside, first = among(listed)
    statement = statement.replace("{values}", inside)
    return rows(statement, first, *more)


def among(listed: Sequence[str | int]) -> tuple[str, str]:
    """A list usable after IN, with one `%s`, and the value for that; `listed` is not empty."""
    if postgres():
        return f"(SELECT unnest(%s::{'bigint' if isinstance(listed[0], int) else 'text'}[]))", array(listed)
    return "(SELECT value FROM json_each(%s))", _listed(listed)


def pairs(statement: str, values: Iterable[tuple[str, str]]) -> list[tuple[Any, ...]]:
    """Rows of a statement in which `{pairs}` stands for a table `wanted` of columns `a` and `b`."""
    listed = list(values)
    if not listed:
        return []
    if postgres():
        statement = statement.replace("{pairs}", "unnest(%s::text[], %s::text[]) AS wanted(a, b)")
        parameters = [array(a for a, _ in listed), array(b for _, b in listed)]
    elif len({a for a, _ in listed}) == 1:  # a block of a file is of one type
        statement = statement.replace("{pairs}", "(SELECT %s AS a, value AS b FROM json_each(%s)) AS wanted")
        parameters = [listed[0][0], _listed([b for _, b in listed])]
    else:
        table = "(SELECT value ->> 0 AS a, value ->> 1 AS b FROM json_each(%s)) AS wanted"
        statement = statement.replace("{pairs}", table)
        parameters = [_listed(listed)]
    return rows(statement, *parameters)


def _listed(values: Sequence[Any]) -> str:
    """A list as JSON; what is no text of Unicode or too great a number is left to the slower writer."""
    try:
        return orjson.dumps(values).decode()
    except TypeError:
        return json.dumps(values)


def following(table: str) -> int:
    """The next key of a table whose keys are given by the one writer, who holds the lock."""
    return int(one(f"SELECT coalesce(max(id), 0) FROM {table}")) + 1  # noqa: S608 (names of our tables)
