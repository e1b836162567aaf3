"""Sets of rows in raw SQL, alike on SQLite (`executemany`, `json_each`) and PostgreSQL (`COPY`, arrays).

Table and column names come from the code, never from data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

Rows = Sequence[Sequence[Any]]
_LOCK = 0x6C756F73  # "luos": the one writer of the store


def _postgres() -> bool:
    return connection.vendor == "postgresql"


def lock() -> None:
    """Wait for the one writer's place, until the end of the transaction. SQLite's transactions have it already."""
    if _postgres():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def insert(table: str, columns: Sequence[str], rows: Rows) -> None:
    """Insert rows."""
    if not rows:
        return
    if _postgres():
        names = ", ".join(columns)
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
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
    if _postgres():
        with connection.cursor() as cursor:
            if len(rows) == 1:  # saves the messages around a pipeline
                cursor.execute(statement, rows[0])
            else:
                cursor.executemany(statement, rows)
        return
    connection.connection.executemany(statement.replace("%s", "?"), rows)


def select(statement: str, values: Iterable[str | int], *more: Any) -> list[tuple[Any, ...]]:
    """Rows of a statement in which `{values}` stands for a list usable after IN; `more` fill `%s` behind it."""
    listed = list(values)
    if not listed:
        return []
    first: Any = listed
    if _postgres():
        kind = "bigint" if isinstance(listed[0], int) else "text"
        statement = statement.replace("{values}", f"(SELECT unnest(%s::{kind}[]))")
    else:
        statement, first = statement.replace("{values}", "(SELECT value FROM json_each(%s))"), json.dumps(listed)
    with connection.cursor() as cursor:
        cursor.execute(statement, [first, *more])
        return list(cursor.fetchall())


def one(statement: str, *values: Any) -> Any:
    """The first column of the first row, or None."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
        return row[0] if row else None


def rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def pairs(statement: str, values: Iterable[tuple[str, str]]) -> list[tuple[Any, ...]]:
    """Rows of a statement in which `{pairs}` stands for a table `wanted` of columns `a` and `b`."""
    listed = list(values)
    if not listed:
        return []
    if _postgres():
        statement = statement.replace("{pairs}", "unnest(%s::text[], %s::text[]) AS wanted(a, b)")
        parameters: list[Any] = [[a for a, _ in listed], [b for _, b in listed]]
    else:
        table = "(SELECT value ->> 0 AS a, value ->> 1 AS b FROM json_each(%s)) AS wanted"
        statement = statement.replace("{pairs}", table)
        parameters = [json.dumps(listed)]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def following(table: str) -> int:
    """The next key of a table whose keys are given by the one writer, who holds the lock."""
    return int(one(f"SELECT coalesce(max(id), 0) FROM {table}")) + 1  # noqa: S608 (names of our tables)
