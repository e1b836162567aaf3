"""A table of the lake cut into the Parquet files of its buckets: sorted, and written one bucket at a time.

A column is first made as narrow as it can be, for its rows are then looked up in another order; words and days stay places in
lists all the way into the file (Parquet's dictionaries), and resource ids are spelt digit by digit into one buffer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from luoshi.kernel import lake_layout
from luoshi.simulate import parquet
from luoshi.simulate.chance import NEVER, Floats, Ints
from luoshi.simulate.columns import PREFIX, bits, listed, plain, spelt

Rows = dict[str, Any]
_TYPES = {
    "VARCHAR": pa.string(), "BIGINT": pa.int64(), "INTEGER": pa.int32(), "DOUBLE": pa.float64(), "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"), "BOOLEAN": pa.bool_(),
}  # fmt: skip
_IDS = ("id", "visit", "episode", "part_of")  # hardly ever the same twice
_DAY_BITS = 16  # days are sorted by their distance from the first: 65,536 days are 179 years
_MANY = 256  # words: of so many only those that occur in a bucket are written
_FINEST = 100  # figures are looked for among hundredths


@dataclass(frozen=True)
class Shift:
    """What is added to numbers of persons and of rows, so that several cities lie side by side in one lake."""

    persons: int = 0
    rows: int = 0


HERE = Shift()
# The places of some rows in the table, and their persons: the column of those rows.
_Maker = Callable[[Ints, Ints], parquet.Column]


@dataclass(frozen=True)
class Part:
    """The rows of one bucket: `at` their places in the table, `person` whom they are about (-1: not known)."""

    bucket: int
    at: Ints
    person: Ints
    makers: dict[str, _Maker]

    def save(self, lake: Path, table: str) -> None:
        """Make the columns and write them as the file of this bucket of `table`."""
        path = lake_layout.table_path(lake, table, self.bucket)
        path.parent.mkdir(parents=True, exist_ok=True)
        made = {maker: maker(self.at, self.person) for maker in dict.fromkeys(self.makers.values())}
        parquet.write(path, {name: made[maker] for name, maker in self.makers.items()})


def parts(rows: Rows, table: str, bucket_size: int, shift: Shift) -> Iterator[Part]:
    """The rows of each bucket in order of (person, day).

    `rows`: column -> an array of whole numbers (`NEVER`, or -1 for times, where there is none), ("ids", table, numbers; None:
    of the rows themselves), ("split", findings, pressures), ("word", words, places) or None, and `_order`, the day to sort by.
    Columns that are the same object are made once.
    """
    if not len(rows["person"]):
        return
    order, person = _in_order(rows["person"], rows["_order"])
    if shift.persons:
        person = np.where(person < 0, person, person + shift.persons)
    made: dict[tuple[str, int, bool], _Maker] = {}
    makers = {}
    for name, kind in lake_layout.columns(table).items():
        # People lie by village: the least and greatest word of a file say who is not in it. Nothing else lies by words.
        told = name not in _IDS and (kind != "VARCHAR" or table == "person")
        what = (kind, id(rows[name]), told)
        if what not in made:
            made[what] = _person if name == "person" else _maker(kind, rows[name], shift, told)
        makers[name] = made[what]
    buckets = np.arange(max(int(person[-1]), 0) // bucket_size + 2) * bucket_size
    edges = np.concatenate([[0], np.searchsorted(person, buckets)]).tolist()
    for number, (low, high) in enumerate(pairwise(edges), lake_layout.NO_PERSON):
        if low < high:
            yield Part(number, order[low:high], person[low:high], makers)


def _in_order(person: Ints, day: Ints) -> tuple[Ints, Ints]:
    """Places of the rows by (person, day, place), and the persons in that order: packed into one number each where they
    fit, which sorts ten times faster than three columns."""
    first = int(day[day != NEVER].min()) if (day != NEVER).any() else 0
    distance = np.where(day == NEVER, (1 << _DAY_BITS) - 1, day - first)
    width = len(person).bit_length()
    if int(distance.max()) >> _DAY_BITS or int(person.max() + 2).bit_length() + _DAY_BITS + width > 63:
        order = np.asarray(np.lexsort((day, person)), dtype=np.int64)
        return order, person[order]
    key = ((person + 1) << (_DAY_BITS + width)) | (distance << width) | np.arange(len(person))
    key.sort()
    return key & ((1 << width) - 1), (key >> (_DAY_BITS + width)) - 1


# Columns ------------------------------------------------------------------------------------------------------------


def _person(at: Ints, person: Ints) -> parquet.Column:
    return _column("BIGINT", person, person >= 0, told=True)


def _maker(kind: str, column: Any, shift: Shift, told: bool) -> _Maker:
    """What makes the column of some rows; what all rows share is done here, once."""
    if column is None:
        nothing = np.zeros(0, np.uint8)
        return lambda at, person: parquet.Column(kind, len(at), nothing, np.zeros(len(at), np.bool_))
    if isinstance(column, tuple):
        how, words, values = column
        if how == "split":
            return lambda at, person: _split(at, words, values, shift)
        if how == "ids":
            return _ids(PREFIX[words], values, shift.persons if words == "person" else shift.rows)
        return _words(kind, list(words), values, told)
    if kind == "DATE":
        return _days(column, told)
    if kind == "TIMESTAMP":  # seconds from 1970 to 2106, -1 where there is none
        seconds, missing = _narrow(column, (1 << 32) - 1)
        return lambda at, person: _column(
            kind, (some := seconds[at]).astype(np.int64) * 1_000_000, some != missing if missing else None, told=told
        )
    if kind == "DOUBLE":
        return _figures(column, told)
    if kind == "BOOLEAN":
        return lambda at, person: _column(kind, column[at], None, told=told)
    numbers = column.astype(np.int32 if kind == "INTEGER" else np.int64)
    return lambda at, person: _column(kind, some := numbers[at], some >= 0, told=told)


def _column(kind: str, values: NDArray[Any], known: Any, *, words: Any = (), told: bool = False) -> parquet.Column:
    """A column that has `values` where `known` (None: everywhere) and nothing elsewhere."""
    rows = len(values)
    if known is not None:
        known = None if known.all() else known
        values = values if known is None else values[known]
    return parquet.Column(kind, rows, values, known, words, told=told)


def _narrow(values: NDArray[Any], most: int) -> tuple[NDArray[Any], int]:
    """Whole numbers from -1 to `most` without their sign in as few bytes as hold them; and what stands for -1, 0 if none
    does."""
    kind = next(kind for kind in (np.uint8, np.uint16, np.uint32) if most <= np.iinfo(kind).max)
    narrow = values.astype(kind)
    return narrow, int(np.iinfo(kind).max) if len(values) and values.min() < 0 else 0


def _words(kind: str, words: Sequence[str] | NDArray[Any], values: Ints, told: bool) -> _Maker:
    """Places in a list of words (-1: none)."""
    places, missing = _narrow(values, len(words))

    def make(at: Ints, person: Ints) -> parquet.Column:
        place = places[at]
        known = place != missing if missing else None
        if len(words) < _MANY:
            return _column(kind, place, known, words=words, told=told)
        if known is not None:
            known = None if known.all() else known
            place = place if known is None else place[known]
        occurs = np.zeros(len(words), np.bool_)
        occurs[place] = True
        some = np.flatnonzero(occurs)
        renumbered = (np.cumsum(occurs) - 1).astype(np.uint8 if len(some) <= _MANY else np.uint16)
        here = words[some] if isinstance(words, np.ndarray) else [words[n] for n in some.tolist()]
        return parquet.Column(kind, len(at), renumbered[place], known, here, told=told)

    return make


def _days(day: Ints, told: bool) -> _Maker:
    """Days as places in the days from the first to the last, where they are fewer than the rows of a bucket."""
    first = int(day[day != NEVER].min()) if (day != NEVER).any() else 0
    distances, missing = _narrow(np.maximum(day - first, -1), int(day.max()) - first + 1)

    def make(at: Ints, person: Ints) -> parquet.Column:
        distance = distances[at]
        known = distance != missing if missing else None
        if known is not None:
            known = None if known.all() else known
            distance = distance if known is None else distance[known]
        least, most = (int(distance.min()), int(distance.max())) if len(distance) else (0, 0)
        if most - least >= min(len(distance), 1 << 16):
            return parquet.Column("DATE", len(at), distance.astype(np.int32) + np.int32(first), known, told=told)
        calendar = np.arange(first + least, first + most + 1, dtype=np.int32)
        place = (distance - distance.dtype.type(least)).astype(np.uint8 if most - least < _MANY else np.uint16)
        return parquet.Column("DATE", len(at), place, known, calendar, told=told)

    return make


def _figures(value: Floats, told: bool) -> _Maker:
    """Figures (not a number: none), as places in a list of those that occur where they are hundredths and few."""
    known = ~np.isnan(value)
    hundredths = np.rint(np.where(known, value, 0.0) * _FINEST)
    if np.abs(hundredths).max() < 1 << 27 and ((hundredths / _FINEST == value) | ~known).all():
        whole = hundredths.astype(np.int64)
        least = int(whole.min())
        occurs = np.zeros(int(whole.max()) - least + 1, np.bool_)
        occurs[whole - least] = True
        some = np.flatnonzero(occurs)
        if len(some) < (1 << 16) - 1:
            place = (np.cumsum(occurs) - 1)[whole - least]
            return _words("DOUBLE", (some + least) / _FINEST, np.where(known, place, -1), told)

    return lambda at, person: _column("DOUBLE", some := value[at], ~np.isnan(some), told=told)


def _ids(letter: str, numbers: Ints | None, first: int) -> _Maker:
    """Ids of a letter and a number (-1: none; no numbers: those of the rows themselves), counted on from `first`."""
    if numbers is None:
        return lambda at, person: _texts(ord(letter), at + first, None)
    narrow, missing = _narrow(numbers, (1 << 32) - 1)

    def make(at: Ints, person: Ints) -> parquet.Column:
        some = narrow[at]
        known = some != missing if missing else None
        if known is not None:
            known = None if known.all() else known
            some = some if known is None else some[known]
        return _texts(ord(letter), some.astype(np.int64) + first, known)

    return make


def _split(at: Ints, findings: int, cuffs: int, shift: Shift) -> parquet.Column:
    """Ids of findings, then of each blood pressure twice."""
    cuff = at >= findings
    letter = np.where(cuff, ord(PREFIX["pressure"]), ord(PREFIX["observation"])).astype(np.uint8)
    return _texts(letter, np.where(cuff, (at - findings) % max(cuffs, 1), at) + shift.rows, None)


def _texts(letter: int | NDArray[np.uint8], numbers: Ints, known: Any) -> parquet.Column:
    rows = len(numbers) if known is None else len(known)
    if not len(numbers):
        return parquet.Column("VARCHAR", rows, np.zeros(0, np.uint8), np.zeros(rows, np.bool_))
    text, width = spelt(letter, numbers, measured=True)
    ends = None if isinstance(width, int) else np.concatenate([[0], np.cumsum(width + 4)])
    return parquet.Column("VARCHAR", rows, text, known, ends=ends)


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
