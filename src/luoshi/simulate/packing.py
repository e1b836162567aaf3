"""Columns of a table made small once, from which the rows of each bucket are then taken as Arrow columns.

Words stay places in their closed lists all the way into the file (Parquet's dictionaries), so no text is made for them;
days and minutes fit 32 bits. What is the same for every row is said once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from luoshi.simulate.chance import Ints
from luoshi.simulate.columns import PREFIX, bits, listed, plain
from luoshi.simulate.spelling import Whole, numbered

TYPES = {
    "VARCHAR": pa.string(), "BIGINT": pa.int64(), "INTEGER": pa.int32(), "DOUBLE": pa.float64(), "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"), "BOOLEAN": pa.bool_(),
}  # fmt: skip
SECOND, MINUTE = 1_000_000, 60_000_000  # microseconds
Maker = Callable[[Ints], pa.Array]
_ROWS = 1 << 14  # at a time
_NEVER = np.iinfo(np.int32).min  # a day that never comes, in 32 bits
_FEW = 127  # words whose places fit 8 bits


def packed(kind: str, column: Any, *, persons: int, rows: int) -> Maker:
    """What makes the column of some rows, given their places.

    `column`: None, or an array of whole numbers (`NEVER`, or -1 for other numbers, where there is none), or one of
    ("own", table) for the ids of the rows themselves, ("person", numbers), ("ids", table, numbers), ("split", one, two) for
    ids of `one` findings and then twice of `two` blood pressures, ("word", words, places) (a word of None is none) and
    ("moment", microseconds of a unit, numbers). `persons`, `rows`: added to numbers of persons and rows.
    """
    if column is None:
        return lambda at: pa.nulls(len(at), TYPES[kind])
    if not isinstance(column, tuple):
        return _numbers(kind, column)
    how, *about = column
    if how == "own":
        letter, first = PREFIX[about[0]], persons if about[0] == "person" else rows
        return lambda at: numbered(letter, at, first)
    if how == "person":
        who = _narrow(about[0])
        return lambda at: plain(pa.int64(), np.add(some := who[at], persons, dtype=np.int64), some >= 0)
    if how == "split":
        return _split(about[0], about[1], rows)
    if how == "word":
        return _words(*about)
    if how == "moment":
        unit, values = about
        small = _narrow(values)
        return lambda at: _moments(small[at], unit)
    table, values = about
    if not values.strides[0] and values[0] < 0:
        return lambda at: pa.nulls(len(at), TYPES[kind])
    small = _narrow(values)
    return lambda at: numbered(PREFIX[table], small[at], rows)


def _narrow(values: NDArray[Any]) -> Whole:
    """Whole numbers in 32 bits where they fit."""
    if values.dtype != np.int64:
        return values
    if int(values.min()) >= -(1 << 31) and int(values.max()) < 1 << 31:
        return values.astype(np.int32)
    return values


def _numbers(kind: str, values: NDArray[Any]) -> Maker:
    if kind == "DATE":
        small = np.empty(len(values), np.int32)
        for low in range(0, len(values), _ROWS):
            small[low : low + _ROWS] = np.maximum(values[low : low + _ROWS], _NEVER)
        return lambda at: _days(small[at])
    if kind == "BOOLEAN":
        return lambda at: pa.Array.from_buffers(TYPES[kind], len(at), [None, bits(values[at])])
    if kind == "DOUBLE":
        return lambda at: plain(TYPES[kind], some := values[at], ~np.isnan(some))
    if kind == "INTEGER":
        short = values.astype(np.int32)
        return lambda at: plain(TYPES[kind], some := short[at], some >= 0)
    return lambda at: plain(TYPES[kind], some := values[at], some >= 0)


def _days(some: NDArray[np.int32]) -> pa.Array:
    return plain(pa.date32(), some, some != _NEVER)


def _moments(some: Whole, unit: int) -> pa.Array:
    known = None if int(some.min()) >= 0 else some >= 0
    return plain(pa.timestamp("us"), np.multiply(some, unit, dtype=np.int64), known)


def _split(one: int, two: int, first: int) -> Maker:
    def made(at: Ints) -> pa.Array:
        cuff = at >= one
        letter = np.where(cuff, ord(PREFIX["pressure"]), ord(PREFIX["observation"])).astype(np.uint8)
        return numbered(letter, np.where(cuff, (at - one) % max(two, 1), at), first)

    return made


def _words(words: Sequence[str | None], places: NDArray[Any]) -> Maker:
    if not places.strides[0]:
        word = words[places[0]] if places[0] >= 0 else None
        if word is None:
            return lambda at: pa.nulls(len(at), pa.string())
        return lambda at: pa.DictionaryArray.from_arrays(plain(pa.int8(), np.zeros(len(at), np.int8)), listed([word]))
    if len(words) > _FEW:
        return _many_words(words, places)
    told = [word for word in words if word is not None]
    number = np.full(len(words) + 1, -1, np.int8)  # the last for what has no word
    number[[n for n, word in enumerate(words) if word is not None]] = np.arange(len(told), dtype=np.int8)
    small, dictionary = np.empty(len(places), np.int8), listed(told)
    for low in range(0, len(places), _ROWS):
        small[low : low + _ROWS] = number[places[low : low + _ROWS]]

    def made(at: Ints) -> pa.Array:
        some = small[at]
        known = None if int(some.min()) >= 0 else some >= 0
        return pa.DictionaryArray.from_arrays(plain(pa.int8(), some, known), dictionary)

    return made


def _many_words(words: Sequence[str | None], places: NDArray[Any]) -> Maker:
    small: Whole = places.astype(np.int16 if len(words) < 1 << 15 else np.int32)

    def made(at: Ints) -> pa.Array:
        """With a dictionary of the words that occur in these rows."""
        some = small[at]
        occurs = np.zeros(len(words) + 1, np.bool_)  # the last for what has no word
        occurs[some] = True
        told = np.flatnonzero(occurs[:-1]).tolist()
        number = (np.cumsum(occurs) - 1).astype(np.int16 if len(told) < 1 << 15 else np.int32)
        known = some >= 0 if occurs[-1] else None
        chosen = number[some]
        kind = pa.int16() if chosen.dtype == np.int16 else pa.int32()
        return pa.DictionaryArray.from_arrays(plain(kind, chosen, known), listed([words[n] for n in told]))

    return made
