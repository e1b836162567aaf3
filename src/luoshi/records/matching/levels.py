"""The levels of pairs: of all that is derived, or only by the cheap conditions over codes."""

# ruff: noqa: S608 (SQL is what this module makes, from the names in the catalogue)
from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from luoshi.records.matching.prepare import arrow
from luoshi.records.matching.scheme import Scheme

Levels = dict[str, NDArray[np.int8]]
Places = NDArray[np.int32]
Pairs = tuple[Places, Places]
# Pairs whose columns are in memory at once, and in one batch (each batch is worked by one thread).
_SLICE, _BATCH = 200_000, 16_384
_BAG = "__bag"
_GROUPS, _DEEP = 10, 6


def levels(
    connection: duckdb.DuckDBPyConnection,
    scheme: Scheme,
    left: pa.Table,
    right: pa.Table,
    pairs: Pairs,
    *,
    only: bool = False,
) -> Levels:
    """The level of each field of each pair (rows of `left` and rows of `right`), in the order of the pairs.

    `only`: by the cheap conditions, over tables made by `codes`; such a level may stand for a later one (`Level.only`).
    """
    sql = _sql(scheme, only=only)
    made = {f.name: np.empty(len(pairs[0]), np.int8) for f in scheme.fields}
    for first in _gathered(connection, _read(sql), left, right, pairs):
        found = connection.execute(f"SELECT i, {sql} FROM pairs c").fetchnumpy()
        at = first + found["i"]
        for name, level in made.items():
            level[at] = found[f"level_{name}"]
    return made


def _gathered(
    connection: duckdb.DuckDBPyConnection, names: list[str], left: pa.Table, right: pa.Table, pairs: Pairs
) -> Iterator[int]:
    """Slice by slice (its first pair) the table `pairs`: the columns of both sides, as `l_<name>` and `r_<name>`, and `i`,
    the number of the pair in the slice."""
    for first in range(0, len(pairs[0]), _SLICE):
        x, y = (pa.array(side[first : first + _SLICE]) for side in pairs)
        columns: dict[str, pa.Array] = {"i": pa.array(np.arange(len(x), dtype=np.int32))}
        columns |= {f"l_{name}": left.column(name).take(x) for name in names}
        columns |= {f"r_{name}": right.column(name).take(y) for name in names}
        table = pa.table(columns)
        connection.register("pairs", pa.Table.from_batches(table.to_batches(max_chunksize=_BATCH), table.schema))
        yield first
        connection.unregister("pairs")


def _sql(scheme: Scheme, *, only: bool) -> str:
    return ", ".join(
        f"({f.made.level_sql(f.name, f.crosses, left='c.l_', right='c.r_', only=only)})::TINYINT AS level_{f.name}"
        for f in scheme.fields
    )


def _read(sql: str) -> list[str]:
    """The derived columns that levels read."""
    return sorted(set(re.findall(r"\bc\.[lr]_(\w+)", sql)))


def codes(connection: duckdb.DuckDBPyConnection, scheme: Scheme, prepared: pa.Table) -> pa.Table:
    """What the cheap conditions read: texts as digests of 63 bits, which are equal where the texts are; numbers and truth
    values as they are; `…__bag` as in `bags`."""
    wanted = _read(_sql(scheme, only=True))
    texts = [
        name for name in wanted if name in prepared.column_names and prepared.schema.field(name).type == pa.string()
    ]
    cells = ", ".join(f"CASE WHEN {name} IS NOT NULL THEN (hash({name}) >> 1)::BIGINT END AS {name}" for name in texts)
    connection.register("texts", prepared.select(["pos", *texts]))
    digests = arrow(connection, f"SELECT pos, {cells} FROM texts")
    connection.unregister("texts")
    made = {}
    for name in wanted:
        if name.endswith(_BAG):
            made[name] = bags(prepared.column(name.removesuffix(_BAG)))
        else:
            made[name] = digests.column(name) if name in texts else prepared.column(name)
    return pa.table(made)


def bags(texts: pa.ChunkedArray) -> pa.Array:
    """Which bytes a text has, as 60 bits: for each of ten groups of bytes as many ones as it has bytes of it, six at
    most. An edit (a byte put in, left out, changed, or two swapped) changes two of the bits at most."""
    flat = pa.concat_arrays(texts.chunks) if texts.num_chunks else pa.array([], pa.string())
    _, ends, data = flat.buffers()
    place = (
        np.frombuffer(ends, np.int32)[flat.offset : flat.offset + len(flat) + 1] if len(flat) else np.zeros(1, np.int32)
    )
    letters = np.frombuffer(data, np.uint8)[place[0] : place[-1]] if data is not None else np.zeros(0, np.uint8)
    owner = np.repeat(np.arange(len(flat), dtype=np.int64), np.diff(place))
    counts = np.bincount(owner * _GROUPS + letters % _GROUPS, minlength=len(flat) * _GROUPS).reshape(-1, _GROUPS)
    ones = (np.int64(1) << np.minimum(counts, _DEEP)) - 1
    nulls = flat.is_null().to_numpy(zero_copy_only=False)
    return pa.array((ones << (np.arange(_GROUPS) * _DEEP)).sum(axis=1), pa.int64(), mask=nulls)
