"""Running a compiled view on DuckDB over NDJSON files or Arrow tables, and writing the rows."""

# ruff: noqa: S608 (SQL is what this module makes; names and texts go through identifier() and quote())
from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from luoshi.catalog.loader import files
from luoshi.kernel.errors import CatalogError, InvalidValue, NotFound, UnreadableFile, nearest
from luoshi.records.views.compile import CompiledView, OutputColumn, compile_view
from luoshi.records.views.values import identifier, quote

FORMATS = ("json", "csv", "parquet")


def run_view(
    view: Mapping[str, Any] | CompiledView,
    source: Path | str | pa.Table,
    *,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> duckdb.DuckDBPyRelation:
    """The rows of `view` over `source`: an NDJSON file (may be .gz) or an Arrow table with a text column `body`.

    Rows come in the order of the resources. The relation lives as long as its connection. Raises `UserError`s: the view
    is wrong, or (while rows are fetched through `rows` and `write`) a resource does not fit it.
    """
    compiled = view if isinstance(view, CompiledView) else compile_view(view)
    connection = connection or duckdb.connect()
    if isinstance(source, pa.Table):
        connection.register("resources", source)
        return connection.sql(compiled.sql("resources"))
    path = Path(source)
    if not path.is_file():
        raise UnreadableFile("there is no such file.", where=str(path))
    lines = (
        f"(SELECT json AS body FROM read_ndjson_objects({quote(str(path))}, maximum_object_size=134217728) "
        "WHERE json IS NOT NULL)"
    )
    try:
        return connection.sql(compiled.sql(lines))
    except duckdb.Error as error:
        raise _in_words(error, str(path)) from error


def rows(relation: duckdb.DuckDBPyRelation, columns: CompiledView, *, where: str = "resources") -> list[dict[str, Any]]:
    """All rows as plain JSON data, in column order."""
    try:
        fetched = relation.fetchall()
    except duckdb.Error as error:
        raise _in_words(error, where) from error
    loads = [
        (lambda value: [json.loads(item) for item in value] if isinstance(value, list) else json.loads(value))
        if column.sql_type.startswith("JSON")
        else None
        for column in columns.columns
    ]
    return [
        {
            column.name: load(value) if load and value is not None else _plain(value)
            for column, load, value in zip(columns.columns, loads, row, strict=True)
        }
        for row in fetched
    ]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def write(
    relation: duckdb.DuckDBPyRelation, columns: CompiledView, target: Path, form: str, *, where: str = ""
) -> None:
    """Write the rows to `target` as one of `FORMATS`; nothing is left when it fails.

    JSON is an array of objects. In CSV a list or an object is JSON, no value is nothing. Times of both are ISO 8601.
    `where` names the source of the rows in errors, the target if empty.
    """
    if form not in FORMATS:
        raise InvalidValue(f"{form!r} is not a format.", todo=f"Choose one of {', '.join(FORMATS)}.")
    options = {"json": "FORMAT json, ARRAY true", "csv": "FORMAT csv, HEADER true", "parquet": "FORMAT parquet"}
    part = target.with_name(f".{target.name}.part")
    cells = ", ".join(f"{_written(column, form)} AS {identifier(column.name)}" for column in columns.columns)
    try:
        relation.query("view_rows", f"COPY (SELECT {cells} FROM view_rows) TO {quote(str(part))} ({options[form]})")
        part.replace(target)
    except duckdb.Error as error:
        raise _in_words(error, where or str(target)) from error
    finally:
        part.unlink(missing_ok=True)


def _written(column: OutputColumn, form: str) -> str:
    name = identifier(column.name)
    if form == "parquet":
        return name
    if column.sql_type == "TIMESTAMP":
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S')"
    if form == "csv" and (column.collection or column.sql_type == "JSON"):
        return f"CAST(to_json({name}) AS VARCHAR)"
    return name


def _in_words(error: duckdb.Error, where: str) -> InvalidValue:
    """DuckDB's first line without what was in the records, which stays out of messages."""
    kind, _, rest = str(error).splitlines()[0].partition(": ")
    if "malformed json" in rest.lower():
        rest = rest.partition("Input:")[0].strip()
    elif kind == "Conversion Error":
        rest = "a value does not fit the type of its column"
    return InvalidValue(rest or kind, where=where)


@cache
def catalog_view(table: str) -> CompiledView:
    """The view of the catalogue that makes one table of the lake. Raises `NotFound`, or `CatalogError` if it is wrong."""
    known = {path.stem: path for path in files("views", ".json")}
    if table not in known:
        raise NotFound(f"The catalogue has no view {table!r}.", todo=nearest(table, known))
    path = known[table]
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CatalogError(f"cannot be read ({error}).", where=str(path)) from error
    return compile_view(data, where=path.name)
