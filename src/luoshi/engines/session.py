"""One DuckDB connection at work on one lake and one period: views of the lake's tables, shared queries, schedules.

Everything a cohort may name is put in place here; the filter "as known at" is applied once, in the views, so that no
cohort can forget it.
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from luoshi.engines.lake import Chunk, LakeDirectory
from luoshi.indicators import Catalogue, Cohort
from luoshi.indicators.tables import PERSON_TABLES, REGISTERS, TABLES, Type
from luoshi.kernel.clock import CHINA
from luoshi.kernel.period import Period

_TYPES: dict[Type, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "double": "DOUBLE",
    "date": "DATE",
    "instant": "TIMESTAMP",  # Chinese time, as the lake has it
    "boolean": "BOOLEAN",
}

_ARROW: dict[Type, pa.DataType] = {
    "text": pa.string(), "integer": pa.int64(), "double": pa.float64(), "date": pa.date32(),
    "instant": pa.timestamp("us"), "boolean": pa.bool_(),
}  # fmt: skip
_LITERAL_ROWS = 100

# Our functions in DuckDB's words. The key of `latest_…` orders by day, then by value to a thousandth.
_MACROS = """
CREATE OR REPLACE TEMP MACRO plus_days(d, n) AS d + CAST(n AS INTEGER);
CREATE OR REPLACE TEMP MACRO days_before(d, n) AS d - CAST(n AS INTEGER);
CREATE OR REPLACE TEMP MACRO plus_months(d, n) AS CAST(d + to_months(CAST(n AS INTEGER)) AS DATE);
CREATE OR REPLACE TEMP MACRO months_before(d, n) AS CAST(d - to_months(CAST(n AS INTEGER)) AS DATE);
CREATE OR REPLACE TEMP MACRO years_before(d, n) AS CAST(d - to_years(CAST(n AS INTEGER)) AS DATE);
CREATE OR REPLACE TEMP MACRO days_from(a, b) AS b - a;
CREATE OR REPLACE TEMP MACRO milliseconds_from(a, b) AS (epoch_us(b) - epoch_us(a)) // 1000;
CREATE OR REPLACE TEMP MACRO latest_highest(v, d) AS
  arg_max(v, (d - DATE '1970-01-01') * 1000000000000 + CAST(least(greatest(v, -1e8), 4e8) * 1000 AS BIGINT));
CREATE OR REPLACE TEMP MACRO latest_lowest(v, d) AS
  arg_max(v, (d - DATE '1970-01-01') * 1000000000000 - CAST(least(greatest(v, -1e8), 4e8) * 1000 AS BIGINT));
"""


def sql_type(kind: Type) -> str:
    """DuckDB's spelling of a portable type."""
    return _TYPES[kind]


def quoted(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


def render(tree: exp.Expression) -> str:
    """Tree to DuckDB SQL, every name quoted."""
    sql: str = with_doubles(tree).sql(dialect="duckdb", identify=True)
    return sql


def with_doubles(tree: exp.Expression) -> exp.Expression:
    """The same with every number that has a point a double: engines differ in how exact their decimals are."""

    def double(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Literal) and not node.is_string and "." in node.name and "e" not in node.name.lower():
            return exp.Literal(this=f"{node.name}e0", is_string=False)
        return node

    made: exp.Expression = tree.transform(double)
    return made


def connect(threads: int, memory_limit: str, temp: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory database with our functions; times in Chinese time; nothing loaded from the network."""
    config: dict[str, Any] = {
        "threads": threads,
        "memory_limit": memory_limit,
        "autoinstall_known_extensions": False,
        "preserve_insertion_order": False,
    }
    if temp is not None:
        config["temp_directory"] = str(temp)
    con = duckdb.connect(config=config)
    con.execute("SET TimeZone = 'Asia/Shanghai'")
    # Dividing by zero gives nothing, on every engine and whatever the types.
    con.execute("SET ieee_floating_point_ops = false")
    with suppress(duckdb.CatalogException):  # versions before 2 give nothing without being told
        con.execute("SET error_on_division_by_zero = false")
    con.execute(_MACROS)
    return con


class Rendered:
    """SQL of catalogue queries, made once per engine: making text from a tree costs more than a small query."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, tuple[str, ...]], tuple[object, str]] = {}

    def sql(self, owner: object, names: tuple[str, ...], build: Callable[[], exp.Query]) -> str:
        """The SQL of the query that `owner` and `names` stand for, with `$start` and `$end` still in it."""
        key = (id(owner), names)
        if key not in self._kept:
            self._kept[key] = (owner, render(build()))  # the owner is kept, so that its id is not used again
        return self._kept[key][1]


class Session:
    """See the module. `open_chunk` points the person tables at some buckets, `share` computes for a period what its
    cohorts have in common; both come before a cohort's SQL is run."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        rendered: Rendered,
        lake: LakeDirectory | None,
        catalogue: Catalogue,
        period: Period,
        known_at: datetime | None = None,
    ) -> None:
        self.con, self.lake, self.catalogue, self.period, self.known_at = con, lake, catalogue, period, known_at
        self._rendered = rendered
        if lake is None:
            return
        for schedule in catalogue.schedules.values():
            self.table_of(schedule.name, schedule.columns, schedule.rows)
        for register in REGISTERS:
            self._view(register, lake.files(register))

    def close(self) -> None:
        """Drop the connection and all it held."""
        self.con.close()

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run one statement."""
        return self.con.execute(sql)

    def sql(self, owner: object, names: tuple[str, ...], build: Callable[[], exp.Query]) -> str:
        """A query of the catalogue as DuckDB SQL for the session's period."""
        text = self._rendered.sql(owner, names, build)
        for name, day in (("$start", self.period.start), ("$end", self.period.end)):
            text = text.replace(name, literal(day))
        return text

    def cohort_sql(self, cohort: Cohort) -> str:
        """A cohort's own query for the session's period."""
        return self.sql(cohort, (), lambda: cohort.query)

    def table_of(self, name: str, columns: dict[str, Type], rows: Iterable[Sequence[Any]]) -> None:
        """A small temporary table from Python values."""
        spec = ", ".join(f'"{column}" {sql_type(kind)}' for column, kind in columns.items())
        self.run(f'CREATE OR REPLACE TEMP TABLE "{name}" ({spec})')
        kept = rows if isinstance(rows, Sequence) else list(rows)
        if len(kept) > _LITERAL_ROWS:  # reading so many literals takes longer than a query
            made = {
                column: pa.array([row[at] for row in kept], _ARROW[kind])
                for at, (column, kind) in enumerate(columns.items())
            }
            self.con.register("given_rows", pa.table(made))
            self.run(f'INSERT INTO "{name}" SELECT * FROM given_rows')
            self.con.unregister("given_rows")
        elif kept:
            values = (f"({', '.join(literal(value) for value in row)})" for row in kept)
            self.run(f'INSERT INTO "{name}" VALUES {", ".join(values)}')

    def open_chunk(self, chunk: Chunk | None, cohorts: Sequence[Cohort]) -> None:
        """Point the person tables that `cohorts` read at one chunk (None: empty, for what needs registers alone)."""
        for table in sorted(self._tables(cohorts)):
            self._view(table, self.lake.files(table, chunk) if self.lake and chunk is not None else ())

    def share(self, cohorts: Sequence[Cohort]) -> None:
        """Compute the shared queries that `cohorts` read, for the open chunk and the session's period."""
        for name in self._needed(cohorts):
            shared = self.catalogue.shared[name]
            if shared.scope != "region":
                sql = self.sql(shared, (), lambda query=shared.query: query)  # type: ignore[misc]
                kind = "TABLE" if shared.stored else "VIEW"
                self.run(f'CREATE OR REPLACE TEMP {kind} "{name}" AS {sql}')

    def share_region(self, cohorts: Sequence[Cohort], place: int) -> None:
        """Compute once what looks across all of them; `place` tells the periods of one run apart."""
        for name in self._needed(cohorts):
            shared = self.catalogue.shared[name]
            if shared.scope == "region":
                for table in sorted(shared.reads & PERSON_TABLES.keys()):
                    self._view(table, self._all_files(table))
                sql = self.sql(shared, (), lambda query=shared.query: query)  # type: ignore[misc]
                self.run(f'CREATE OR REPLACE TEMP TABLE "{name}_{place}" AS {sql}')

    def use_region(self, cohorts: Sequence[Cohort], place: int) -> None:
        """Put the region-wide tables of one period under their names."""
        for name in self._needed(cohorts):
            if self.catalogue.shared[name].scope == "region":
                self.run(f'CREATE OR REPLACE TEMP VIEW "{name}" AS SELECT * FROM "{name}_{place}"')

    def source(self, table: str) -> str:
        """All rows of a table, believed or not, as `read_parquet(…)`; empty when it has no file."""
        files = self._all_files(table) if table in PERSON_TABLES else self.lake.files(table) if self.lake else ()
        return f"read_parquet([{', '.join(map(quoted, files))}], hive_partitioning = false)" if files else ""

    def _all_files(self, table: str) -> tuple[str, ...]:
        if self.lake is None:
            return ()
        return tuple(file for chunk in self.lake.chunks for file in self.lake.files(table, chunk))

    def _tables(self, cohorts: Sequence[Cohort]) -> set[str]:
        names = {name for cohort in cohorts for name in cohort.reads}
        for name in self._needed(cohorts):
            names |= self.catalogue.shared[name].reads
        return names & PERSON_TABLES.keys()

    def _needed(self, cohorts: Sequence[Cohort]) -> list[str]:
        shared = self.catalogue.shared
        wanted: set[str] = set()
        todo = [name for cohort in cohorts for name in cohort.reads]
        while todo:
            name = todo.pop()
            if name in shared and name not in wanted:
                wanted.add(name)
                todo.extend(shared[name].reads)
        return [name for name in shared if name in wanted]

    def _view(self, table: str, files: Sequence[str]) -> None:
        """The believed rows of `files` under the table's name, with exactly its columns and types."""
        declared = TABLES[table]
        if not files:
            columns = ", ".join(f'CAST(NULL AS {sql_type(kind)}) AS "{name}"' for name, kind in declared.items())
            self.run(f'CREATE OR REPLACE TEMP VIEW "{table}" AS SELECT {columns} WHERE false')
            return
        names = ", ".join(map(quoted, files))
        source = (
            f"read_parquet([{names}], hive_partitioning = false{', union_by_name = true' if len(files) > 1 else ''})"
        )
        found = {row[0]: row[1] for row in self.run(f"DESCRIBE SELECT * FROM {source}").fetchall()}
        columns = ", ".join(_column(name, kind, found.get(name)) for name, kind in declared.items())
        where = _believed(found, self.known_at)
        self.run(f'CREATE OR REPLACE TEMP VIEW "{table}" AS SELECT {columns} FROM {source}{where}')


def _column(name: str, kind: Type, found: str | None) -> str:
    wanted = sql_type(kind)
    if found is None:
        return f'CAST(NULL AS {wanted}) AS "{name}"'
    # A narrower whole number needs no cast: sums are widened where they are made.
    same = found == wanted or (kind == "integer" and found in ("INTEGER", "SMALLINT", "TINYINT"))
    return f'"{name}"' if same else f'CAST("{name}" AS {wanted}) AS "{name}"'


def _believed(columns: dict[str, str], known_at: datetime | None) -> str:
    if "known_to" not in columns:
        return ""
    if known_at is None:
        return ' WHERE "known_to" IS NULL'
    instant = literal(known_at)
    return f' WHERE "known_from" <= {instant} AND ("known_to" IS NULL OR "known_to" > {instant})'


def literal(value: Any) -> str:
    """A Python value as SQL: text, number, truth, day, instant or nothing."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, datetime):
        local = value.astimezone(CHINA).replace(tzinfo=None) if value.tzinfo else value
        return f"TIMESTAMP {quoted(local.isoformat(sep=' '))}"
    if isinstance(value, date):
        return f"DATE {quoted(value.isoformat())}"
    return quoted(str(value))
