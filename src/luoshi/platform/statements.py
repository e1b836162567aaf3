"""SQL by hand for what every request pays, alike on SQLite and PostgreSQL.

On PostgreSQL a statement written with `%s` is prepared on its connection at its first use: parsing and planning the reads
of the store takes several times as long as running them. Django's own cursor writes the values into the text, so nothing
could be prepared there. Table and column names come from the code, never from data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection


def postgres() -> bool:
    """Whether the store is in PostgreSQL."""
    return connection.vendor == "postgresql"


@contextmanager
def cursor() -> Iterator[Any]:
    """A cursor of the present connection; its errors are Django's. On PostgreSQL give `prepare=True` by `run`."""
    if not postgres():
        with connection.cursor() as plain:
            yield plain
        return
    _connect()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as prepared:
        yield prepared


def run(at: Any, statement: str, values: Any = ()) -> Any:
    """Execute a statement at a cursor of `cursor`, prepared where that is possible."""
    if isinstance(at, psycopg.Cursor):
        if connection.queries_logged:  # as Django's own cursor does: tests count what a page asks
            connection.queries_log.append({"sql": statement, "time": "0"})
        return at.execute(statement, values, prepare=True)
    return at.execute(statement, values)


def _connect() -> None:
    """A connection that was tried since the request began, as Django's own cursor has."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()


@contextmanager
def pipelined() -> Iterator[None]:
    """Send what follows without waiting for the answers that nobody reads, a commit too: whoever holds a lock that others
    wait for holds it for as few journeys as may be. An error then shows at the next answer that is read, or at the end;
    `COPY` is not possible inside. SQLite has nobody to wait for."""
    if not postgres():
        yield
        return
    _connect()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def in_pipeline() -> bool:
    """Whether answers are not waited for now."""
    return postgres() and connection.connection.pgconn.pipeline_status != psycopg.pq.PipelineStatus.OFF


def rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows of a statement."""
    with cursor() as at:
        run(at, statement, values)
        return list(at.fetchall())


def one(statement: str, *values: Any) -> Any:
    """The first column of the first row, or None."""
    with cursor() as at:
        run(at, statement, values)
        row = at.fetchone()
        return row[0] if row else None


def array(values: Iterable[str | int | None]) -> str:
    """A PostgreSQL array as text, for `%s::text[]`, `%s::bigint[]` and `%s::boolean[]`: psycopg writes a list of a thousand
    texts in 30 ms, this takes a quarter of one."""
    listed = list(values)
    if listed and set(map(type, listed)) == {str}:
        text = '","'.join(listed)  # type: ignore[arg-type]
        if "\\" not in text and text.count('"') == 2 * (len(listed) - 1):
            return f'{{"{text}"}}'
    return "{" + ",".join([_element(value) for value in listed]) + "}"


def _element(value: str | int | None) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "NULL" if value is None else str(value)


_KINDS = {bool: "boolean", int: "bigint", str: "text"}


def insert_arrays(table: str, columns: Sequence[str], listed: Sequence[Sequence[str | int | None]]) -> None:
    """Insert rows of texts, whole numbers and truths into a table of PostgreSQL by one prepared statement."""
    by_column = list(zip(*listed, strict=True))
    kinds = [_KINDS[type(next((v for v in column if v is not None), 0))] for column in by_column]
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    with cursor() as at:
        run(
            at,
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM unnest({arrays})",  # noqa: S608 (names from the code)
            [array(column) for column in by_column],
        )
