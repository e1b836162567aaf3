"""One DuckDB connection at work on one lake and one period: views of the lake's tables, shared queries, schedules.

Everything a cohort may name is put in place here; the filter "as known at" is applied once, in the views, so that no
cohort can forget it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

from luoshi.engines.lake import LakeDirectory
from luoshi.indicators import Catalogue, Cohort
from luoshi.indicators.expressions import bind
from luoshi.indicators.tables import PERSON_TABLES, REGISTERS, TABLES, Type
from luoshi.kernel.period import Period

_TYPES: dict[Type, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "double": "DOUBLE",
    "date": "DATE",
    "instant": "TIMESTAMPTZ",
    "boolean": "BOOLEAN",
}

# Our functions in DuckDB's words. The key of `latest_…` orders by day, then by value to a thousandth.
_MACROS = """
CREATE OR REPLACE TEMP MACRO plus_days(d, n) AS d + CAST(n AS INTEGER);
CREATE OR REPLACE TEMP MACRO days_before(d, n) AS d - CAST(n AS INTEGER);
CREATE OR REPLACE TEMP MACRO plus_months(d, n) AS CAST(d + to_months(CAST(n AS INTEGER)) AS DATE);
CREATE OR REPLACE TEMP MACRO months_before(d, n) AS CAST(d - to_months(CAST(n AS INTEGER)) AS DATE);
CREATE OR REPLACE TEMP MACRO years_before(d, n) AS CAST(d - to_years(CAST(n AS INTEGER)) AS DATE);
CREATE OR REPLACE TEMP MACRO days_from(a, b) AS b - a;
CREATE OR REPLACE TEMP MACRO milliseconds_from(a, b) AS epoch_ms(b) - epoch_ms(a);
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
    sql: str = tree.sql(dialect="duckdb", identify=True)
    return sql


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
    con.execute(_MACROS)
    return con


class Session:
    """See the module. `open_bucket` must be called before a cohort's SQL is run."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        lake: LakeDirectory | None,
        catalogue: Catalogue,
        period: Period,
        known_at: datetime | None = None,
    ) -> None:
        self.con, self.lake, self.catalogue, self.period, self.known_at = con, lake, catalogue, period, known_at
        self._region: set[str] = set()
        self._binding = {
            "start": exp.cast(exp.Literal.string(period.start.isoformat()), "DATE"),
            "end": exp.cast(exp.Literal.string(period.end.isoformat()), "DATE"),
        }
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

    def sql(self, tree: exp.Query) -> str:
        """A query of the catalogue as DuckDB SQL for this period."""
        return render(bind(tree, self._binding))

    def table_of(self, name: str, columns: dict[str, Type], rows: Iterable[Sequence[Any]]) -> None:
        """A small temporary table from Python values."""
        spec = ", ".join(f'"{column}" {sql_type(kind)}' for column, kind in columns.items())
        self.run(f'CREATE OR REPLACE TEMP TABLE "{name}" ({spec})')
        if data := [tuple(row) for row in rows]:
            marks = ", ".join("?" * len(columns))
            self.con.executemany(f'INSERT INTO "{name}" VALUES ({marks})', data)  # noqa: S608

    def open_bucket(self, bucket: int | None, cohorts: Sequence[Cohort]) -> None:
        """Point the person tables at one bucket (None: empty, for what needs registers alone) and compute the shared
        queries that `cohorts` read there."""
        needed = self._needed(cohorts)
        tables = {name for cohort in cohorts for name in cohort.reads}
        for name in needed:
            tables |= self.catalogue.shared[name].reads
        for name in needed:
            shared = self.catalogue.shared[name]
            if shared.scope == "region" and name not in self._region:
                for table in sorted(shared.reads & PERSON_TABLES.keys()):
                    self._view(table, self.lake_files(table))
                self.run(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {self.sql(shared.query)}')
                self._region.add(name)
        for table in PERSON_TABLES:
            if table in tables:
                self._view(table, self.lake.files(table, bucket) if self.lake and bucket is not None else ())
        for name in needed:
            shared = self.catalogue.shared[name]
            if shared.scope != "region":
                self.run(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {self.sql(shared.query)}')

    def lake_files(self, table: str) -> tuple[str, ...]:
        """Every file of a person table, over all buckets."""
        if self.lake is None:
            return ()
        return tuple(file for bucket in self.lake.buckets for file in self.lake.files(table, bucket))

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
            self.run(f'CREATE OR REPLACE TEMP VIEW "{table}" AS SELECT {columns} WHERE false')  # noqa: S608
            return
        source = f"read_parquet([{', '.join(map(quoted, files))}], hive_partitioning = false, union_by_name = true)"
        found = {row[0]: row[1] for row in self.run(f"DESCRIBE SELECT * FROM {source}").fetchall()}  # noqa: S608
        columns = ", ".join(_column(name, kind, found.get(name)) for name, kind in declared.items())
        where = _believed(found, self.known_at)
        self.run(f'CREATE OR REPLACE TEMP VIEW "{table}" AS SELECT {columns} FROM {source}{where}')  # noqa: S608


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
    instant = f"CAST({quoted(known_at.isoformat())} AS TIMESTAMPTZ)"
    return f' WHERE "known_from" <= {instant} AND ("known_to" IS NULL OR "known_to" > {instant})'


def literal(value: Any) -> str:
    """A Python value as SQL: text, whole number, date or nothing."""
    if value is None:
        return "NULL"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, date):
        return f"DATE {quoted(value.isoformat())}"
    return quoted(str(value))
