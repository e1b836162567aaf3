"""Journal columns as Arrow columns: texts of days and times, names, references. Shared by the FHIR and lake writers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from luoshi.simulate import words
from luoshi.simulate.chance import NEVER, Bools, Ints
from luoshi.simulate.people import MALE, People
from luoshi.simulate.spelling import numbered

PREFIX = {
    "person": "p", "visit": "v", "episode": "e", "observation": "o", "pressure": "b", "condition": "c",
    "procedure": "r", "immunization": "i", "contract": "k", "milestone": "m",
    "consent": "a",
}  # fmt: skip


def texts(values: Sequence[str], place: Ints) -> pa.Array:
    """The words of a closed list at each place."""
    return listed(values).take(plain(pa.int64(), place))


def listed(values: Sequence[str | None]) -> pa.Array:
    """Texts as a column. (`pa.array` would load pandas, which takes longer than all the tables of a city.)"""
    known = np.array([value is not None for value in values], np.bool_)
    told = [value or "" for value in values]
    text = "".join(told)
    raw: Sequence[str | bytes] = told if text.isascii() else [value.encode() for value in told]
    ends = np.zeros(len(raw) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, raw), np.int32, len(raw)), out=ends[1:])
    return pa.Array.from_buffers(pa.string(), len(raw), [bits(known), pa.py_buffer(ends), pa.py_buffer(text.encode())])


def plain(kind: pa.DataType, values: NDArray[Any], known: Bools | None = None) -> pa.Array:
    """Numbers as they lie in memory, null where they are not `known`."""
    nulls = None if known is None or known.all() else bits(known)
    return pa.Array.from_buffers(kind, len(values), [nulls, pa.py_buffer(np.ascontiguousarray(values))])


def join(*parts: Any) -> pa.Array:
    """Concatenate columns and fixed texts, row by row. No part may be null."""
    return pc.binary_join_element_wise(*[pa.scalar(p) if isinstance(p, str) else p for p in parts], "")


def where(mask: Bools, column: pa.Array | str) -> pa.Array:
    """The column where `mask` holds, else an empty text."""
    return pc.if_else(pa.array(mask), column, "")


def numbers(values: NDArray[Any]) -> pa.Array:
    """Numbers as JSON writes them."""
    return pa.array(values).cast(pa.string())


def ids(table: str, number: Ints) -> pa.Array:
    """Resource ids: one letter for the kind, then the number."""
    return numbered(PREFIX[table], number)


def bits(mask: Bools) -> pa.Buffer:
    """True and false as Arrow keeps them, eight to a byte."""
    return pa.py_buffer(np.packbits(mask, bitorder="little"))


def days(day: Ints) -> pa.Array:
    """ISO dates. Days that are `NEVER` give an empty text."""
    never = day == NEVER
    known = day[~never]
    low, high = (int(known.min()), int(known.max())) if len(known) else (0, 0)
    table = np.arange(low, high + 1).astype("datetime64[D]").astype(str)
    return texts([*table.tolist(), ""], np.where(never, high - low + 1, day - low))


_CLOCK = [f"T{m // 60:02d}:{m % 60:02d}" for m in range(1440)]
_SECONDS = [f":{s:02d}+08:00" for s in range(60)]


def moments(day: Ints, minute: Ints, second: Ints | int = 0) -> pa.Array:
    """ISO times in Chinese time."""
    seconds = np.broadcast_to(np.asarray(second, dtype=np.int64), day.shape)
    return join(days(day), texts(_CLOCK, minute), texts(_SECONDS, seconds))


def start_minute(columns: Any, number: Ints) -> Ints:
    """Minute of the day a visit starts; where none was decided, spread over the working day by its number."""
    return np.asarray(np.where(columns["minute"] >= 0, columns["minute"], 490 + number * 37 % 480), dtype=np.int64)


def visit_end(columns: Any, minute: Ints) -> tuple[Ints, Ints]:
    """Day and minute a visit ended that started at `minute`; day `NEVER` while it goes on or was called off."""
    short = columns["length"] >= 0
    day = np.where(short, columns["day"], columns["end_day"])
    at = np.where(short, np.minimum(minute + columns["length"], 1439), np.where(day > columns["day"], 630, 1439))
    return np.where(columns["status"] == 0, day, NEVER), np.asarray(at, dtype=np.int64)


def names(people: People) -> tuple[pa.Array, pa.Array]:
    """Family and given names. A newborn without a number is still called after the mother, as in delivery rooms."""
    family = texts(list(words.SURNAMES), people.surname)
    grown = people.birth < 13_000  # born before mid-2005
    given: pa.Array = texts([""], np.zeros(len(people), np.int64))
    second = (people.given >> 10) % 5 != 0
    for chosen, letters in (
        (grown & (people.sex == MALE), words.GIVEN_MALE), (grown & (people.sex != MALE), words.GIVEN_FEMALE),
        (~grown, words.GIVEN_CHILD),
    ):  # fmt: skip
        one = texts(list(letters), people.given % 1021 % len(letters))
        two = where(second, texts(list(letters), (people.given >> 5) % 977 % len(letters)))
        name = join(one, two)
        given = pc.if_else(pa.array(chosen), name, given)
    unnamed = (people.mother >= 0) & (people.numbered == 0)
    mother = np.maximum(people.mother, 0)
    hers = join(given.take(pa.array(mother)), texts(["之子", "之女"], people.sex))
    family = pc.if_else(pa.array(unnamed), family.take(pa.array(mother)), family)
    return family, pc.if_else(pa.array(unnamed), hers, given)
