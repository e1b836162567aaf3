"""A table of the lake cut into the Parquet files of its buckets: sorted, made into Arrow and written one bucket at a time.

`sorting` says in which order rows lie, `packing` makes the columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from luoshi.kernel import lake_layout
from luoshi.simulate.columns import bits, listed, plain
from luoshi.simulate.packing import TYPES, packed
from luoshi.simulate.sorting import in_order

Rows = dict[str, Any]
_STEPS = ("BIGINT", "INTEGER", "DATE", "TIMESTAMP")
_IDS = ("id", "visit", "episode", "part_of")  # hardly ever the same twice


@dataclass(frozen=True)
class Shift:
    """What is added to numbers of persons and of rows, so that several cities lie side by side in one lake."""

    persons: int = 0
    rows: int = 0


HERE = Shift()


def save(lake: Path, table: str, part: pa.Table, bucket: int | None) -> None:
    """Write one file of `table`: of one bucket, or all of a register (no bucket)."""
    path = lake_layout.table_path(lake, table, bucket)
    path.parent.mkdir(parents=True, exist_ok=True)
    if bucket is not None and bucket >= 0:
        part = _said(part)
    write_table(part, path, table)


def write_table(part: pa.Table, path: Path, table: str) -> None:
    """Write rows of `table` the way that costs least to write and to read: whole numbers, days and times as the steps
    between them, which is smaller than compressing them and takes half as long; ids and values compressed in haste."""
    columns = lake_layout.columns(table)
    words = [name for name, kind in columns.items() if kind == "VARCHAR" and name not in _IDS]
    steps = [name for name, kind in columns.items() if kind in _STEPS]
    # Rows lie by kind, and people by village: the least and greatest word of a group say what is not in it. Nothing else
    # lies by words.
    told = [
        name
        for name, kind in columns.items()
        if kind != "VARCHAR" or name == lake_layout.KIND_COLUMN.get(table) or (table == "person" and name not in _IDS)
    ]
    how = {
        name: "none" if kind in _STEPS else "snappy" if kind == "DOUBLE" or name in _IDS else "zstd"
        for name, kind in columns.items()
    }
    pq.write_table(
        part,
        path,
        compression=how,
        compression_level={name: 1 for name, codec in how.items() if codec == "zstd"},
        store_schema=False,
        row_group_size=lake_layout.ROW_GROUP,
        use_dictionary=words,
        column_encoding=dict.fromkeys(steps, "DELTA_BINARY_PACKED"),
        write_statistics=told,
    )


def _said(part: pa.Table) -> pa.Table:
    """The rows, with columns that are said of every row marked so: Parquet then keeps no place for what is missing."""
    fields = [
        pa.field(name, column.type, nullable=column.null_count > 0)
        for name, column in zip(part.column_names, part.columns, strict=True)
    ]
    return pa.Table.from_arrays(part.columns, schema=pa.schema(fields))


def parts(rows: Rows, table: str, bucket_size: int, shift: Shift) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each bucket in order of (kind, person, day), of what `packed` takes: column -> what it holds.

    `_order` is the day to sort by. Columns that are the same object are made once.
    """
    person = rows["person"]
    if not len(person):
        return
    first, rest = divmod(shift.persons, bucket_size)
    who = person if not rest else np.where(person < 0, -1, person + rest)
    kinds, kind = lake_layout.columns(table), lake_layout.KIND_COLUMN.get(table)
    words, places = rows[kind][1:] if kind else ([""], np.broadcast_to(np.int8(0), len(person)))
    rank = np.empty(len(words), np.int64)
    rank[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
    order, cuts = in_order(who, places, rank, rows["_order"], bucket_size)
    rows = rows | {"person": ("person", person)}
    makers = {
        (told, id(rows[name])): packed(told, rows[name], persons=shift.persons, rows=shift.rows)
        for name, told in kinds.items()
    }
    for bucket, low, high in cuts:
        at = order[low:high]
        made = {which: maker(at) for which, maker in makers.items()}
        columns = [made[told, id(rows[name])] for name, told in kinds.items()]
        yield (
            bucket if bucket == lake_layout.NO_PERSON else first + bucket,
            pa.Table.from_arrays(columns, names=list(kinds)),
        )


def as_told(kind: str, values: Sequence[Any]) -> pa.Array:
    """A column of a register: numbers, texts, ISO days, and "true" or "false"; an empty text is null."""
    if kind == "VARCHAR":
        return listed([None if value is None or value == "" else str(value) for value in values])
    known = np.array([value is not None and value != "" for value in values], np.bool_)
    if kind == "DATE":
        day = np.array([value if some else "1970-01-01" for value, some in zip(values, known, strict=True)], "M8[D]")
        return plain(TYPES[kind], day.astype(np.int32), known)
    if kind == "BOOLEAN":
        true = np.array([value == "true" for value in values], np.bool_)
        return pa.Array.from_buffers(TYPES[kind], len(values), [bits(known), bits(true)])
    number = [int(value) if some else 0 for value, some in zip(values, known, strict=True)]
    return plain(TYPES[kind], np.array(number, np.int32 if kind == "INTEGER" else np.int64), known)
