"""A table of the lake cut into the Parquet files of its buckets: sorted, made into Arrow and written one bucket at a time.

Words stay places in their closed lists all the way into the file (Parquet's dictionaries), so no text is made for them;
resource ids are written digit by digit into one buffer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from luoshi.kernel import lake_layout
from luoshi.simulate.chance import NEVER, Ints
from luoshi.simulate.columns import PREFIX, bits, listed, numbered, plain

Rows = dict[str, Any]
_TYPES = {
    "VARCHAR": pa.string(), "BIGINT": pa.int64(), "INTEGER": pa.int32(), "DOUBLE": pa.float64(), "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"), "BOOLEAN": pa.bool_(),
}  # fmt: skip
_IDS = ("id", "visit", "episode", "part_of")  # hardly ever the same twice
_BITS = 63  # of a whole number that is not below 0


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
    columns = lake_layout.columns(table)
    words = [name for name, kind in columns.items() if kind == "VARCHAR" and name not in _IDS]
    # Rows lie by kind, and people by village: the least and greatest word of a group say what is not in it. Nothing else
    # lies by words.
    told = [
        name
        for name, kind in columns.items()
        if kind != "VARCHAR" or name == lake_layout.KIND_COLUMN.get(table) or (table == "person" and name not in _IDS)
    ]
    pq.write_table(
        part,
        path,
        compression="zstd",
        compression_level=1,
        store_schema=False,
        row_group_size=lake_layout.ROW_GROUP,
        use_dictionary=words,
        write_statistics=told,
    )


def parts(rows: Rows, table: str, bucket_size: int, shift: Shift) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each bucket in order of (kind, person, day).

    `rows`: column -> an array of whole numbers (`NEVER`, or -1 for times, where there is none), ("ids", table, numbers),
    ("word", words, places) or None, and `_order`, the day to sort by. Columns that are the same object are made once.
    """
    person = rows["person"]
    if not len(person):
        return
    known = person >= 0
    person = np.where(known, person + shift.persons, person)
    bucket, within = np.divmod(person, bucket_size)
    first = int(bucket[known].min(initial=bucket.max()))
    order = _in_order([np.where(known, bucket - first + 1, 0), _kind(rows, table), within, rows["_order"]])
    rows, bucket = rows | {"person": person}, np.where(known, bucket, lake_layout.NO_PERSON)[order]
    edges = np.flatnonzero(np.concatenate([[True], bucket[1:] != bucket[:-1], [True]]))
    kinds = lake_layout.columns(table)
    for low, high in pairwise(edges):
        at = order[low:high]
        made: dict[tuple[str, int], pa.Array] = {}
        for name, kind in kinds.items():
            if (kind, id(rows[name])) not in made:
                made[kind, id(rows[name])] = _arrow(kind, rows[name], at, shift)
        columns = [made[kind, id(rows[name])] for name, kind in kinds.items()]
        yield int(bucket[low]), pa.Table.from_arrays(columns, names=list(kinds))


def _kind(rows: Rows, table: str) -> Ints:
    """What each row is, as a number in the order of the words."""
    name = lake_layout.KIND_COLUMN.get(table)
    if name is None:
        return np.zeros(1, np.int64)
    _how, words, places = rows[name]
    rank = np.empty(len(words), np.int64)
    rank[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
    return np.asarray(rank[places], dtype=np.int64)


def _in_order(columns: Sequence[Ints]) -> Ints:
    """Places of the rows by these columns, then by place; days that never come stand last. All are packed into one number
    where they fit, which sorts ten times faster than columns."""
    rows = max(map(len, columns))
    columns = [np.where(column == NEVER, column.max() + 1, column) for column in columns]
    key, width = np.zeros(rows, np.int64), 0
    for column in columns:
        first, last = int(column.min()), int(column.max())
        width += (bits := (last - first).bit_length())
        if width <= _BITS:
            key <<= bits
            key |= column - first
    width += (places := rows.bit_length())
    if width > _BITS:
        return np.asarray(np.lexsort([np.broadcast_to(column, rows) for column in reversed(columns)]), dtype=np.int64)
    key <<= places
    key |= np.arange(rows)
    key.sort()
    key &= (1 << places) - 1
    return key


def _arrow(kind: str, column: Any, at: Ints, shift: Shift) -> pa.Array:
    """One column of the rows `at`."""
    if column is None:
        return pa.nulls(len(at), _TYPES[kind])
    if isinstance(column, tuple):
        how, words, values = column
        if how == "split":  # findings, then each blood pressure twice
            cuff = at >= words
            letter = np.where(cuff, ord(PREFIX["pressure"]), ord(PREFIX["observation"])).astype(np.uint8)
            return numbered(letter, np.where(cuff, (at - words) % max(values, 1), at) + shift.rows)
        chosen = values[at]
        if how == "ids":
            first = shift.persons if words == "person" else shift.rows
            return numbered(PREFIX[words], np.where(chosen < 0, -1, chosen + first))
        return _words(words, chosen)
    values = column[at]
    if kind == "DATE":
        return plain(_TYPES[kind], values.astype(np.int32), values != NEVER)
    if kind == "TIMESTAMP":
        return plain(_TYPES[kind], values * 1_000_000, values >= 0)
    if kind == "DOUBLE":
        return plain(_TYPES[kind], values, ~np.isnan(values))
    if kind == "BOOLEAN":
        return pa.Array.from_buffers(_TYPES[kind], len(at), [None, bits(values)])
    return plain(_TYPES[kind], values.astype(np.int32) if kind == "INTEGER" else values, values >= 0)


def _words(words: Sequence[str], place: Ints) -> pa.DictionaryArray:
    """The words at these places (-1: none), with a dictionary of those that occur."""
    occurs = np.zeros(len(words) + 1, np.bool_)  # the last for what has no word
    occurs[place] = True
    some = np.flatnonzero(occurs[:-1]).tolist()
    narrow, kind = (np.int8, pa.int8()) if len(some) < 128 else (np.int32, pa.int32())
    renumbered = (np.cumsum(occurs) - 1).astype(narrow)[place]
    known = place >= 0 if occurs[-1] else None
    return pa.DictionaryArray.from_arrays(plain(kind, renumbered, known), listed([words[n] for n in some]))


def as_told(kind: str, values: Sequence[Any]) -> pa.Array:
    """A column of a register: numbers, texts, ISO days, and "true" or "false"; an empty text is null."""
    known = np.array([value is not None and value != "" for value in values], np.bool_)
    if kind == "VARCHAR":
        return listed([str(value) if some else None for value, some in zip(values, known, strict=True)])
    if kind == "DATE":
        day = np.array([value if some else "1970-01-01" for value, some in zip(values, known, strict=True)], "M8[D]")
        return plain(_TYPES[kind], day.astype(np.int32), known)
    if kind == "BOOLEAN":
        true = np.array([value == "true" for value in values], np.bool_)
        return pa.Array.from_buffers(_TYPES[kind], len(values), [bits(known), bits(true)])
    number = [int(value) if some else 0 for value, some in zip(values, known, strict=True)]
    return plain(_TYPES[kind], np.array(number, np.int32 if kind == "INTEGER" else np.int64), known)
