"""Running a compiled view on Spark: the same rows as DuckDB gives, over files that lie on a cluster."""

# ruff: noqa: S608 (SQL is what this module makes, from a compiled view)
from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb

from luoshi.kernel.errors import InvalidValue, UnreadableFile
from luoshi.records.views.compile import CompiledView
from luoshi.records.views.spark_dialect import spark_sql
from luoshi.records.views.values import identifier

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


# Which condition, and what is said of it: an error comes as Python's or as Java's own, by where it was met.
_CONDITION = re.compile(r"\[([A-Z][A-Z_]+)(?:\.[A-Z_]+)?\] ?(.*?)(?: SQLSTATE|\n|$)")


def _errors() -> tuple[type[Exception], ...]:
    from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped,unused-ignore]
    from pyspark.errors import PySparkException

    return (PySparkException, Py4JJavaError)


def read(spark: SparkSession, resources: str) -> DataFrame:
    """The lines of NDJSON at `resources`, a path or pattern the cluster reads (`.gz` too), in a column `body`.

    Raises `UnreadableFile` where there is nothing.
    """
    from pyspark.errors import AnalysisException

    try:
        return spark.read.text(resources).selectExpr("value AS body").where("trim(body) <> ''")
    except AnalysisException as error:
        raise UnreadableFile("there is no such file.", where=resources) from error


def frame(view: CompiledView, lines: DataFrame) -> DataFrame:
    """The rows of `view` over resources as text in the column `body`; columns as `spark_sql` says.

    Nothing runs before an action on it.
    """
    return lines.sparkSession.sql(spark_sql(view, "{lines}"), lines=lines)


def relation(
    view: CompiledView,
    lines: DataFrame,
    *,
    where: str = "resources",
    connection: duckdb.DuckDBPyConnection | None = None,
) -> duckdb.DuckDBPyRelation:
    """The rows brought here, as `views.run_view` gives them, for `views.rows` and `views.write`.

    For results that fit on this machine; `write_parquet` keeps larger ones on the cluster. Raises `InvalidValue` naming
    `where` when a resource does not fit the view.
    """
    try:
        table = frame(view, lines).toArrow()
    except _errors() as error:
        raise in_words(error, where) from error
    connection = connection or duckdb.connect()
    connection.register("spark_rows", table)
    cells = (f"CAST({identifier(c.name)} AS {c.sql_type}) AS {identifier(c.name)}" for c in view.columns)
    return connection.sql(f"SELECT {', '.join(cells)} FROM spark_rows")


def write_parquet(view: CompiledView, lines: DataFrame, folder: str, *, where: str = "resources") -> None:
    """Write the rows as a folder of Parquet files, by the machines that made them; a folder that exists is an error."""
    try:
        frame(view, lines).write.parquet(folder)
    except _errors() as error:
        raise in_words(error, where) from error


def in_words(error: Exception, where: str) -> InvalidValue:
    """Spark's error without what was in the records, which stays out of messages."""
    found = _CONDITION.search(str(error))
    condition, said = (found[1], found[2].strip()) if found else ("", "")
    if condition == "USER_RAISED_EXCEPTION":  # in the compiler's own words
        return InvalidValue(said or "a resource does not fit the view.", where=where)
    if condition.startswith("MALFORMED"):
        return InvalidValue("malformed JSON.", where=where)
    if condition == "PATH_ALREADY_EXISTS":
        return InvalidValue("there is something at the place to write to already.", where=where)
    if condition.startswith(("CAST", "NUMERIC", "ARITHMETIC")):
        return InvalidValue("a value does not fit the type of its column", where=where)
    return InvalidValue(f"Spark says {condition or type(error).__name__}.", where=where)
