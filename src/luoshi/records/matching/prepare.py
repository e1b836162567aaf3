"""Raw columns to derived columns, keys and frequencies, in DuckDB, for a million records or for one."""

# ruff: noqa: S608 (SQL is what this module makes, from the names in the catalogue)
from __future__ import annotations

import warnings

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from luoshi.records.matching import chinese
from luoshi.records.matching.scheme import FieldSpec, Scheme

_BATCH = 100_000


def connect(*, memory: str = "2GB", threads: int | None = None, scratch: str = "") -> duckdb.DuckDBPyConnection:
    """A DuckDB with what matching needs; beyond `memory` it writes to `scratch`."""
    config: dict[str, str | int | bool] = {"memory_limit": memory, "preserve_insertion_order": True}
    if threads:
        config["threads"] = threads
    if scratch:
        config["temp_directory"] = scratch
    connection = duckdb.connect(config=config)
    for macro in chinese.MACROS:
        connection.execute(macro)
    return connection


def arrow(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """What a query gives, in one piece, in the order of its column `pos`: DuckDB may give parts of a large answer in another
    order than they were read.

    DuckDB warns of a copy and advises a relation; but that plans the query twice, which for a set of arrivals costs more.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)
        table = connection.execute(sql).to_arrow_reader(_BATCH).read_all().combine_chunks()
    places = table.column("pos").to_numpy()
    return table if (np.diff(places) > 0).all() else table.take(np.argsort(places)).combine_chunks()


def prepare(connection: duckdb.DuckDBPyConnection, scheme: Scheme, source: pa.Table, into: str) -> pa.Table:
    """The derived columns of raw rows (`rid` and the columns of the scheme, all text), with `rid` and `pos`, the place of
    the row, in their order; the connection knows them as `into`."""
    source = source.append_column("pos", pa.array(np.arange(source.num_rows, dtype=np.int32)))
    for field in scheme.fields:
        if field.made.sounds:
            for part, column in chinese.parted(source.column(field.columns[-1])).items():
                source = source.append_column(f"{field.name}__{part}", column)
    cells, staged = ["raw.rid", "raw.pos"], "given_rows"
    for field in scheme.fields:
        cells += [f"{sql} AS {column}" for column, sql in field.made.prepare(field.name, field.columns).items()]
    for stage in range(max(len(field.made.stages) for field in scheme.fields)):
        made = [
            f"{sql.format(*(f'raw.{column}' for column in field.columns), f=f'raw.{field.name}')} AS {field.name}__{name}"
            for field in scheme.fields
            for name, sql in (field.made.stages[stage] if stage < len(field.made.stages) else {}).items()
        ]
        staged = f"(SELECT raw.*, {', '.join(made)} FROM {staged} raw)"
    connection.register("given_rows", source)
    made = arrow(connection, f"SELECT {', '.join(cells)} FROM {staged} raw")
    connection.unregister("given_rows")
    connection.register(into, made)
    return made


def key_cells(scheme: Scheme, *, lasting: bool) -> list[str]:
    """SQL of the values a record may be found by, over its derived columns: a number of 63 bits for each key of the
    scheme, −1 where a part is not known. `lasting`: the same in every process and at any time (slower)."""
    return [
        f"CASE WHEN {' AND '.join(f'{column} IS NOT NULL' for column in key)} THEN ("
        + (f"md5_number_lower('{number}' || {_joined(key)})" if lasting else f"hash({number}, {', '.join(key)})")
        + " >> 1)::BIGINT ELSE -1 END"
        for number, key in enumerate(scheme.keys)
    ]


def keys(
    connection: duckdb.DuckDBPyConnection, scheme: Scheme, prepared: str, *, lasting: bool = False
) -> NDArray[np.int64]:
    """The keys of each record (a row for each, a column for each key), as `key_cells`."""
    cells = ", ".join(f"{sql} AS k{number}" for number, sql in enumerate(key_cells(scheme, lasting=lasting)))
    found = connection.execute(f"SELECT pos, {cells} FROM {prepared}").fetchnumpy()
    made = np.empty((len(found["pos"]), len(scheme.keys)), np.int64)
    for number in range(len(scheme.keys)):
        made[found["pos"], number] = found[f"k{number}"]
    return made


def _joined(key: tuple[str, ...]) -> str:
    return " || ".join(f"'|' || {column}" for column in key)


def counted(field: FieldSpec) -> list[str]:
    """The derived columns of a field whose values are counted, so that a rare one weighs more."""
    if not field.frequency:
        return []
    return [f"{field.name}{level.value}" for level in field.made.levels if level.exact]


def frequencies(
    connection: duckdb.DuckDBPyConnection, scheme: Scheme, prepared: str, *, least: int = 4, most: int = 50_000
) -> dict[str, dict[str, float]]:
    """The share of each value met at least `least` times, of the `most` most frequent ones, per counted column."""
    found: dict[str, dict[str, float]] = {}
    for field in scheme.fields:
        for column in counted(field):
            rows = connection.execute(
                f"WITH n AS (SELECT count(*) AS n FROM {prepared} WHERE {column} IS NOT NULL) "
                f"SELECT {column}, count(*) / (SELECT n FROM n) FROM {prepared} WHERE {column} IS NOT NULL "
                f"GROUP BY 1 HAVING count(*) >= {least} ORDER BY 2 DESC, 1 LIMIT {most}"
            ).fetchall()
            found[column] = dict(rows)
    return found


def as_table(rows: list[dict[str, str | None]], ids: list[int], scheme: Scheme) -> pa.Table:
    """Raw rows as the table `prepare` reads: `rid` and a text column for each column of the scheme."""
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in scheme.columns}
    return pa.table({"rid": pa.array(ids, pa.int64()), **columns})
