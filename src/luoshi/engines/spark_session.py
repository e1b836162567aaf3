"""One Spark session at work on one lake and one period: the lake's tables, schedules and shared queries as views.

The same Parquet as DuckDB reads, by the same names, with "as known at" applied once. Views belong to a session of their
own, so several evaluations on one cluster do not see each other's.
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from luoshi.engines.lake import UNKNOWN_PERSON, LakeDirectory
from luoshi.engines.session import ADRIFT
from luoshi.engines.spark_dialect import SPARK_TYPES, to_spark
from luoshi.indicators import Catalogue, Cohort
from luoshi.indicators.cohort import Shared
from luoshi.indicators.tables import PERSON_TABLES, REGISTERS, TABLES, Type
from luoshi.kernel.clock import CHINA
from luoshi.kernel.errors import UserError
from luoshi.kernel.period import Period

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession
    from sqlglot import exp


def spark_session(master: str, options: Mapping[str, str]) -> SparkSession:
    """A session on the cluster `master`, new or the one this process already has.

    Raises `UserError` saying what to install where PySpark or Java is missing.
    """
    try:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UserError("Spark is not installed here.", todo="Install it with `pip install luoshi[spark]`.") from error
    settings = {
        "spark.sql.ansi.enabled": "true",  # an overflow or a wrong cast is an error, as in DuckDB, never a wrong number
        "spark.sql.session.timeZone": "UTC",  # times of the lake have no zone; none may be added
        "spark.sql.caseSensitive": "false",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.mapKeyDedupPolicy": "LAST_WIN",
    }
    if master.startswith("local"):
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    builder = SparkSession.builder.master(master).appName("luoshi")
    for key, value in (settings | dict(options)).items():
        builder = builder.config(key, value)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1" if master.startswith("local") else "")
    try:
        spark = builder.getOrCreate()
    except (PySparkRuntimeError, OSError) as error:
        raise UserError(
            f"Spark does not start on {master!r}.", todo="Is Java 17 or newer installed, and the cluster reachable?"
        ) from error
    spark.sparkContext.setLogLevel("ERROR")
    return spark


class SparkViews:
    """The views of one evaluation. `open_persons` points the person tables at buckets, `share` puts the shared queries
    beside them; both come before a cohort's SQL is run."""

    def __init__(
        self,
        spark: SparkSession,
        lake: LakeDirectory | None,
        catalogue: Catalogue,
        period: Period,
        known_at: datetime | None = None,
    ) -> None:
        self.spark = spark.newSession()
        self.lake, self.catalogue, self.period, self.known_at = lake, catalogue, period, known_at
        self.schema: dict[str, dict[str, str]] = {}
        self._held: list[DataFrame] = []
        if lake is None:
            return
        for schedule in catalogue.schedules.values():
            self.table_of(schedule.name, schedule.columns, schedule.rows)
        for register in REGISTERS:
            self._view(register, lake.files(register))

    def close(self) -> None:
        """Give back what was held in memory."""
        for frame in self._held:
            frame.unpersist()
        self._held.clear()

    def sql(self, query: exp.Query, where: str) -> str:
        """A query of the catalogue in Spark's words for the period."""
        return to_spark(query, self.schema, start=self.period.start, end=self.period.end, where=where)

    def arrow(self, query: exp.Query, where: str) -> pa.Table:
        """The rows of a query."""
        return self.spark.sql(self.sql(query, where)).toArrow()

    def table_of(self, name: str, columns: Mapping[str, Type], rows: Iterable[Sequence[Any]]) -> None:
        """A small table from Python values."""
        values = [f"({', '.join(_literal(v, k) for v, k in zip(row, columns.values(), strict=True))})" for row in rows]
        names = ", ".join(f"`{column}`" for column in columns)
        if values:
            self._put(name, f"SELECT * FROM VALUES {', '.join(values)} AS t({names})")
        else:
            self._put(name, _nothing(columns))

    def open_persons(self, unknown: bool | None) -> None:
        """Point the person tables at all persons (False), at rows without a person (True), or at both (None)."""
        assert self.lake is not None
        for table in PERSON_TABLES:
            files = [
                file
                for chunk in self.lake.chunks
                if unknown is None or (chunk.number == UNKNOWN_PERSON) == unknown
                for file in self.lake.files(table, chunk)
            ]
            self._view(table, files)
        if unknown is False:
            self._add_adrift()

    def _add_adrift(self) -> None:
        """Milestones told about nobody whose call is of somebody known stand beside those of persons."""
        assert self.lake is not None
        nobody = self.lake.nobody
        files = {table: self.lake.files(table, nobody) for table in (ADRIFT, "visit")}
        if not files[ADRIFT]:
            return
        stones = self._frame(ADRIFT, files[ADRIFT])
        if files["visit"]:
            calls = self._frame("visit", files["visit"])
            stones = stones.join(calls, calls["id"] == stones["visit"], "left_anti")
        self.spark.table(ADRIFT).unionByName(stones).createOrReplaceTempView(ADRIFT)

    def share(self, cohorts: Sequence[Cohort], *, region: bool = False) -> None:
        """Put in place the shared queries that `cohorts` read: those of the region, or those of each person.

        What several cohorts read is kept in memory once computed.
        """
        readers = [cohort.reads for cohort in cohorts] + [s.reads for s in self.catalogue.shared.values()]
        for shared in self._needed(cohorts):
            if (shared.scope == "region") == region:
                used = sum(shared.name in reads for reads in readers)
                self._put(shared.name, self.sql(shared.query, shared.name), hold=shared.stored and used > 1)

    def _needed(self, cohorts: Sequence[Cohort]) -> list[Shared]:
        shared = self.catalogue.shared
        wanted: set[str] = set()
        todo = [name for cohort in cohorts for name in cohort.reads]
        while todo:
            name = todo.pop()
            if name in shared and name not in wanted:
                wanted.add(name)
                todo.extend(shared[name].reads)
        return [query for name, query in shared.items() if name in wanted]

    def _view(self, table: str, files: Sequence[str]) -> None:
        """The believed rows of `files` under the table's name, with exactly its columns and types."""
        declared: dict[str, Type] = dict(TABLES[table])
        if not files:
            self._put(table, _nothing(declared))
            return
        self._frame(table, files).createOrReplaceTempView(table)
        self.schema[table] = {name: SPARK_TYPES[kind] for name, kind in declared.items()}

    def _frame(self, table: str, files: Sequence[str]) -> DataFrame:
        """The believed rows of some files."""
        declared = TABLES[table]
        known = {"known_from": "TIMESTAMP_NTZ", "known_to": "TIMESTAMP_NTZ"} if table in PERSON_TABLES else {}
        types = {**{name: SPARK_TYPES[kind] for name, kind in declared.items()}, **known}
        found = self.spark.read.schema(", ".join(f"`{name}` {kind}" for name, kind in types.items())).parquet(*files)
        if known and self.known_at is None:
            found = found.where("known_to IS NULL")
        elif known:
            instant = _literal(self.known_at, "instant")
            found = found.where(f"known_from <= {instant} AND (known_to IS NULL OR known_to > {instant})")
        return found.select(*declared)

    def _put(self, name: str, sql: str, *, hold: bool = False) -> None:
        frame = self.spark.sql(sql)
        if hold:
            frame = frame.persist()
            self._held.append(frame)
        frame.createOrReplaceTempView(name)
        self.schema[name] = {field.name: field.dataType.simpleString() for field in frame.schema.fields}


def _nothing(columns: Mapping[str, Type]) -> str:
    names = ", ".join(f"CAST(NULL AS {SPARK_TYPES[kind]}) AS `{name}`" for name, kind in columns.items())
    return f"SELECT {names} WHERE false"


def _literal(value: Any, kind: Type) -> str:
    if value is None:
        return f"CAST(NULL AS {SPARK_TYPES[kind]})"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        value = value.astimezone(CHINA).replace(tzinfo=None) if value.tzinfo else value
        return f"TIMESTAMP_NTZ '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, (int, float)):
        return f"CAST('{value}' AS {SPARK_TYPES[kind]})"
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
