"""The values of an evaluation as columns of numbers: looked up by place without a query, held in little memory.

A file of values lists each indicator for every village and every institution: two million rows to a million residents. The
divisions down to townships are what boards ask for; they stand first in the file and are read at once. The rest is read
when somebody asks for it, an indicator at a time: whoever looks at one village looks at its neighbours next.

What changed persons add to the values lies beside them in files of the same kind, small ones, and is added when it is read.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from luoshi.engines.base import VALUE_COLUMNS
from luoshi.engines.remembered import Remembered

Numbers = npt.NDArray[np.int64]
Cell = tuple[int, int | None]

TOP = 4  # townships; what lies deeper is read an indicator at a time
ROWS = 20_480  # of a row group: some five indicators of a million residents
MOST_BYTES = 48_000_000  # of what is held of the depths, in one process
_NONE = np.iinfo(np.int64).min  # stands for a value that is not there
PLAIN = pa.schema([
    ("indicator", pa.string()), ("division", pa.string()), ("level", pa.int32()), ("institution", pa.string()),
    ("numerator", pa.int64()), ("denominator", pa.int64()),
])  # fmt: skip


@dataclass(frozen=True)
class Places:
    """The codes of an evaluation, each with its number: divisions in order, then institutions in order."""

    divisions: pa.Array
    institutions: pa.Array

    @classmethod
    def of(cls, divisions: Collection[str], institutions: Collection[str]) -> Places:
        """The places of those codes."""
        return cls(pa.array(sorted(divisions), pa.string()), pa.array(sorted(institutions), pa.string()))

    @cached_property
    def _numbers(self) -> tuple[dict[str, int], dict[str, int]]:
        many = len(self.divisions)
        return (
            {code: n for n, code in enumerate(self.divisions.to_pylist())},
            {code: many + n for n, code in enumerate(self.institutions.to_pylist())},
        )

    def number(self, code: str, *, institution: bool) -> int:
        """The number of a division or institution; -1 for an unknown one."""
        return self._numbers[institution].get(code, -1)

    def numbers(self, division: pa.ChunkedArray, institution: pa.ChunkedArray) -> npt.NDArray[np.int32]:
        """The number of the one that stands in each row; -1 for what nobody knows."""
        first, last = _index(division, self.divisions), _index(institution, self.institutions)
        return np.where(last >= 0, last + len(self.divisions), first).astype(np.int32)


@dataclass(frozen=True)
class Cells:
    """Numerator and denominator of one indicator by number of place, ascending."""

    places: npt.NDArray[np.int32]
    numerator: Numbers
    denominator: Numbers

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        return self.places.nbytes + self.numerator.nbytes + self.denominator.nbytes

    def at(self, wanted: Sequence[int]) -> list[Cell | None]:
        """The cells of those places; None for one without a row."""
        if not len(self.places):
            return [None] * len(wanted)
        asked = np.asarray(wanted, np.int32)
        found = np.minimum(np.searchsorted(self.places, asked), len(self.places) - 1)
        there = (self.places[found] == asked).tolist()
        rows = zip(there, self.numerator[found].tolist(), self.denominator[found].tolist(), strict=True)
        return [(n, None if d == _NONE else d) if known else None for known, n, d in rows]

    @classmethod
    def summed(cls, places: npt.NDArray[np.int32], numerator: Numbers, denominator: Numbers) -> Cells:
        """The cells of places in any order, those of one place added up; rows of no known place are left out. There is a
        denominator where one row has one."""
        order = np.argsort(places, kind="stable")
        order = order[np.searchsorted(places[order], 0) :]
        places, numerator, denominator = places[order], numerator[order], denominator[order]
        starts = np.flatnonzero(np.diff(places, prepend=-1))
        if len(starts) == len(places):
            return cls(places, numerator, denominator)
        known = denominator != _NONE
        total = np.add.reduceat(np.where(known, denominator, 0), starts)
        there = np.logical_or.reduceat(known, starts)
        return cls(places[starts], np.add.reduceat(numerator, starts), np.where(there, total, _NONE))

    def plus(self, more: Cells) -> Cells:
        """These cells with `more` added to them."""
        if not len(more.places):
            return self
        return Cells.summed(
            np.concatenate([self.places, more.places]),
            np.concatenate([self.numerator, more.numerator]),
            np.concatenate([self.denominator, more.denominator]),
        )


class Top:
    """The cells of the divisions down to townships, of every indicator of a period."""

    def __init__(self, rows: pa.Table, places: Places) -> None:
        """`rows`: indicator, division, institution, numerator, denominator, whatever their order."""
        names = pc.unique(rows["indicator"]).cast(pa.string())
        kind = _index(rows["indicator"], names)
        place = places.numbers(rows["division"], rows["institution"])
        order = np.lexsort((place, kind))
        order = order[place[order] >= 0]
        ends = np.searchsorted(kind[order], np.arange(len(names) + 1))
        self._ends = {name: (int(ends[n]), int(ends[n + 1])) for n, name in enumerate(names.to_pylist())}
        self._all = Cells(place[order], _numbers(rows["numerator"])[order], _numbers(rows["denominator"])[order])

    def of(self, indicator: str) -> Cells:
        """The cells of an indicator."""
        first, last = self._ends.get(indicator, (0, 0))
        every = self._all
        return Cells(every.places[first:last], every.numerator[first:last], every.denominator[first:last])


class ValueFiles:
    """The files of values in a folder, `<period>.parquet` each, read as far as somebody asks; in a folder `<period>` there
    may be several, which are added up. A period without a file has no cells."""

    def __init__(self, folder: Path, places: Places) -> None:
        self._folder, self.places = folder, places
        self._tops: dict[str, Top] = {}
        self._files: dict[str, list[_File]] = {}
        self._deep = Remembered(MOST_BYTES // 2)
        self._lock = Lock()

    def read(self, label: str) -> Top:
        """Have the divisions of a period down to townships at hand."""
        if label not in self._tops:
            with self._lock:
                if label not in self._tops:
                    self._tops[label] = Top(_all_of([file.top() for file in self._of(label)]), self.places)
        return self._tops[label]

    def top(self, label: str, indicator: str) -> Cells:
        """The divisions down to townships of an indicator in a period."""
        return self.read(label).of(indicator)

    def all(self, label: str, indicator: str) -> Cells:
        """Every place of an indicator in a period."""
        return self._deep.get((label, indicator), lambda: self._read(label, indicator), lambda cells: cells.nbytes)

    def _read(self, label: str, indicator: str) -> Cells:
        with self._lock:
            rows = _all_of([file.of(indicator) for file in self._of(label)])
        place = self.places.numbers(rows["division"], rows["institution"])
        return Cells.summed(place, _numbers(rows["numerator"]), _numbers(rows["denominator"]))

    def _of(self, label: str) -> list[_File]:
        if label not in self._files:
            one = self._folder / f"{label}.parquet"
            several = () if one.exists() else (self._folder / label).glob("*.parquet")
            self._files[label] = [_File(path) for path in ((one,) if one.exists() else several)]
        return self._files[label]


class Moved:
    """Values with what changed persons have added to them since they were written."""

    def __init__(self, values: ValueFiles, moved: ValueFiles) -> None:
        self.values, self.moved, self.places = values, moved, values.places
        self._sums = Remembered(MOST_BYTES // 2)

    def read(self, label: str) -> None:
        """See `ValueFiles.read`."""
        self.values.read(label)
        self.moved.read(label)

    def top(self, label: str, indicator: str) -> Cells:
        """See `ValueFiles.top`."""
        return self._plus("top", label, indicator, self.values.top(label, indicator), self.moved.top(label, indicator))

    def all(self, label: str, indicator: str) -> Cells:
        """See `ValueFiles.all`."""
        return self._plus("all", label, indicator, self.values.all(label, indicator), self.moved.all(label, indicator))

    def _plus(self, which: str, label: str, indicator: str, values: Cells, more: Cells) -> Cells:
        if not len(more.places):
            return values
        return self._sums.get((which, label, indicator), lambda: values.plus(more), lambda cells: cells.nbytes)


class _File:
    """One file of values and what its row groups hold."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path, memory_map=True)
        self._groups: list[tuple[int, str, str, int]] = []  # number, first and last indicator, widest level
        for n in range(self._file.metadata.num_row_groups):
            group = self._file.metadata.row_group(n)
            name, level = group.column(0).statistics, group.column(2).statistics
            if name is not None and name.has_min_max:  # not so where there are no rows
                widest = level.min if level is not None and level.has_min_max else TOP + 1  # institutions only
                self._groups.append((n, name.min, name.max, widest))

    def top(self) -> pa.Table:
        """The rows of divisions down to townships. Of a file written before these stood first, all of it is read."""
        rows = self._rows([n for n, _low, _high, widest in self._groups if widest <= TOP])
        return rows.filter(pc.fill_null(pc.less_equal(rows["level"], TOP), False))

    def of(self, indicator: str) -> pa.Table:
        """The rows of an indicator."""
        rows = self._rows([n for n, low, high, _widest in self._groups if low <= indicator <= high])
        return rows.filter(pc.equal(rows["indicator"], indicator))

    def _rows(self, groups: list[int]) -> pa.Table:
        return self._file.read_row_groups(groups, columns=list(VALUE_COLUMNS), use_threads=False)


def stack(values: pa.Table, before: Path, folder: Path) -> None:
    """Put `values` (`base.VALUE_COLUMNS`, in order of indicator) on the pile of files of the folder `before`, as the pile
    `folder`: files are linked, and those that are not much longer than what lies on them are added up with it."""
    folder.mkdir(parents=True)
    pile = sorted(before.glob("*.parquet"))
    while pile and pq.read_metadata(pile[-1]).num_rows < 2 * values.num_rows:
        values = _added_up(pa.concat_tables([pq.read_table(pile.pop(), schema=PLAIN), values.cast(PLAIN)]))
    for path in pile:
        os.link(path, folder / path.name)
    if values.num_rows:
        write(values.cast(PLAIN), folder / f"{len(pile):04}.parquet")


def _added_up(rows: pa.Table) -> pa.Table:
    """One row of each cell, where there is anything left, in order of indicator."""
    cell = ["indicator", "division", "level", "institution"]
    sums = rows.group_by(cell).aggregate([("numerator", "sum"), ("denominator", "sum")])
    return something(sums.rename_columns([*cell, "numerator", "denominator"])).sort_by("indicator")


def something(values: pa.Table) -> pa.Table:
    """The rows that say something other than nothing."""
    return values.filter(
        pc.or_(pc.not_equal(values["numerator"], 0), pc.fill_null(pc.not_equal(values["denominator"], 0), False))
    )


def _all_of(tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables) if tables else PLAIN.empty_table()


def write(values: pa.Table, path: Path) -> None:
    """Write a table of values (`base.VALUE_COLUMNS`, in order of indicator) as `ValueFiles` reads it with least effort:
    the divisions down to townships first."""
    top = pc.fill_null(pc.less_equal(values["level"], TOP), False)
    with pq.ParquetWriter(path, values.schema) as file:
        for rows in (values.filter(top), values.filter(pc.invert(top))):
            file.write_table(rows, row_group_size=ROWS)


def _index(words: pa.ChunkedArray, codes: pa.Array) -> npt.NDArray[np.int32]:
    """Where each word stands in `codes`; -1 for one that does not, and for none."""
    words = words.combine_chunks() if words.num_chunks != 1 else words.chunk(0)
    known = words.dictionary if pa.types.is_dictionary(words.type) else words
    known = known if known.type == codes.type else known.cast(codes.type)
    place = np.asarray(pc.fill_null(pc.index_in(known, value_set=codes), -1), np.int32)
    if known is words or not len(place):
        return place if known is words else np.full(len(words), -1, np.int32)
    at = np.asarray(pc.fill_null(words.indices, -1), np.int32)
    return np.where(at >= 0, place[at], -1).astype(np.int32)


def _numbers(column: pa.ChunkedArray) -> Numbers:
    return np.asarray(pc.fill_null(column.cast(pa.int64()), int(_NONE)), np.int64)
