"""From sums by (division, institution) to every level of both trees, on the small result of a pass.

Codes become places in a sorted list of codes and sums become columns of whole numbers, so that rolling up is one pass over
each column: a wide grouped query for each cohort costs more to plan than its few rows cost to add. The codes of a cohort's
cells are held once for all of its indicators.
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions)
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from luoshi.engines.session import Session
from luoshi.indicators import Indicator
from luoshi.indicators.definition import Population
from luoshi.indicators.plan import GROUP, Partial, partials

WORTH_THREADS = 4  # runs; fewer are rolled up before a second thread has begun

Places = npt.NDArray[np.int32]  # places in a list; -1: not in it
Numbers = npt.NDArray[np.int64]
Shape = tuple[pa.Array, pa.Array, pa.Array]  # division, level and institution of some cells

_WORDS = pa.dictionary(pa.int32(), pa.string())
_SCHEMA = pa.schema([
    ("indicator", _WORDS), ("division", _WORDS), ("level", pa.int32()), ("institution", _WORDS),
    ("numerator", pa.int64()), ("denominator", pa.int64()),
])  # fmt: skip


@dataclass(frozen=True)
class _Groups:
    """Rows brought together by a key: `order`, the numbers of the rows group by group; where in it each group starts;
    the key of each group, ascending."""

    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]
    keys: Places

    @classmethod
    def of(cls, order: npt.NDArray[np.intp], keys: Places) -> _Groups:
        """Rows `order` with their `keys`, ascending."""
        starts = np.flatnonzero(np.diff(keys, prepend=-1))
        return cls(order, starts, keys[starts])

    @classmethod
    def by(cls, keys: Places) -> _Groups:
        """All rows by their key, but those below 0."""
        order = np.argsort(keys, kind="stable")
        order = order[np.searchsorted(keys[order], 0) :]
        return cls.of(order, keys[order])

    def sums(self, columns: Numbers) -> Numbers:
        """The sums of columns, one below the other, in each group."""
        if not len(self.starts):
            return np.zeros((len(columns), 0), np.int64)
        found: Numbers = np.add.reduceat(columns[:, self.order], self.starts, axis=1)
        return found


@dataclass(frozen=True)
class _Tree:
    """Codes in order, and each pair of a leaf and a code at or above it as places in `codes`, in order of the second."""

    codes: pa.Array
    leaf: Places
    above: Places

    @classmethod
    def of(cls, pairs: pa.Table) -> _Tree:
        """From the columns `leaf` and `code`; every leaf stands above itself."""
        codes = pc.unique(pairs["code"]).sort()
        above = _places(pairs["code"], codes)
        order = np.argsort(above, kind="stable")
        return cls(codes, _places(pairs["leaf"], codes)[order], above[order])

    def upwards(self, leaves: Places) -> _Groups:
        """Rows of the `leaves` (none twice) grouped by each code at or above theirs."""
        row = np.full(len(self.codes), -1, np.intp)
        row[leaves] = np.arange(len(leaves))
        rows = row[self.leaf]
        return _Groups.of(rows[rows >= 0], self.above[rows >= 0])


class Trees:
    """Both trees as `build_trees` has just put them into the session, and who lives where."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.divisions = _Tree.of(session.con.sql("SELECT DISTINCT leaf, code FROM ancestor").to_arrow_table())
        self.institutions = _Tree.of(session.con.sql('SELECT leaf, code FROM "over"').to_arrow_table())
        levels = dict(session.run("SELECT code, max(level) FROM ancestor GROUP BY code").fetchall())
        self.levels = pa.array([levels[code] for code in self.divisions.codes.to_pylist()], pa.int32())
        self.registered = np.isin(np.arange(len(levels)), self.divisions.leaf)
        above = session.run("SELECT leaf, arg_max(code, level) FROM ancestor WHERE code <> leaf GROUP BY leaf")
        self.parents: dict[str, str] = dict(above.fetchall())
        lines = session.run("SELECT code, level, l1, l2, l3, l4, l5 FROM division_now ORDER BY level DESC")
        self._lines = lines.fetchall()
        self._people: dict[tuple[Population, int], Numbers] = {}

    def people(self, per: Population, year: int) -> Numbers:
        """People of each division by its place, -1 where they are not known: its own row where it has one, else the sum
        of its children's. Of several years the latest up to `year` counts, of several versions the last."""
        if (per, year) not in self._people:
            known = self._counted(per, year)
            found = np.full(len(self.levels), -1, np.int64)
            found[_places(pa.array(list(known), pa.string()), self.divisions.codes)] = list(known.values())
            self._people[per, year] = found
        return self._people[per, year]

    def _counted(self, per: Population, year: int) -> dict[str, int]:
        ages = " AND ".join(
            f"{column} IS NULL" if value is None else f"{column} = {value}"
            for column, value in (("age_from", per.age_from), ("age_to", per.age_to))
        )
        told = dict(
            self._session.run(
                f"""SELECT division, arg_max(value, (year, version))::BIGINT FROM population
                WHERE kind = '{per.kind}' AND coalesce(sex, 'all') = 'all' AND {ages} AND year <= {year}
                GROUP BY division"""
            ).fetchall()
        )
        known: dict[str, int] = {}
        below: dict[str, int] = {}
        for code, level, *line in self._lines:
            value = told.get(code, below.get(code))
            if value is None:
                continue
            known[code] = value
            parent = next((c for c in reversed(line[: level - 1]) if c and c != code), None)
            if parent is not None:
                below[parent] = below.get(parent, 0) + value
        return known


@dataclass(frozen=True)
class _Sums:
    """Sums of a cohort by division and institution: `columns`, each a line of the numbers `values`."""

    division: pa.Array
    institution: pa.Array
    columns: dict[str, int]
    values: Numbers

    def __getitem__(self, rows: slice) -> _Sums:
        return _Sums(self.division[rows], self.institution[rows], self.columns, self.values[:, rows])


@dataclass(frozen=True)
class _Cells:
    shape: Shape
    numerator: pa.Array
    denominator: pa.Array


@dataclass
class Tally:
    """What becomes of one run: its number, trees and last year, the indicators it asks for; the cells of each, and by
    cohort the subjects whose division is not known. `additions`: the sums are what comes to others, which have the people
    of the registers already."""

    place: int
    trees: Trees
    year: int
    ids: frozenset[str]
    additions: bool = False
    cells: dict[str, _Cells] = field(default_factory=dict)
    unplaced: dict[str, int] = field(default_factory=dict)

    def table(self) -> pa.Table:
        """The table of values in order of indicator, divisions before institutions, code; words by their places in a
        dictionary."""
        names = pa.array(sorted(self.cells), pa.string())
        columns: list[list[pa.Array]] = [[] for _ in _SCHEMA]
        for number, name in enumerate(names.to_pylist()):
            cells = self.cells[name]
            same = np.full(len(cells.numerator), number, np.int32)
            parts = (_words(same, names), *cells.shape, cells.numerator, cells.denominator)
            for column, part in zip(columns, parts, strict=True):
                column.append(part)
        arrays = [pa.chunked_array(parts, f.type) for parts, f in zip(columns, _SCHEMA, strict=True)]
        return pa.Table.from_arrays(arrays, schema=_SCHEMA)

    def add(self, cohort: str, columns: Sequence[Partial], sums: _Sums) -> None:
        """Put in the cells of some indicators of a cohort."""
        trees = self.trees
        division = _places(sums.division, trees.divisions.codes)
        lost = division < 0
        lost[~lost] = ~trees.registered[division[~lost]]
        if lost.any():
            self.unplaced[cohort] = int(sums.values[sums.columns["subjects"], lost].sum())
        leaves = _Groups.by(division), _Groups.by(_places(sums.institution, trees.institutions.codes))
        above = trees.divisions.upwards(leaves[0].keys), trees.institutions.upwards(leaves[1].keys)
        rolled = [ups.sums(groups.sums(sums.values)) for ups, groups in zip(above, leaves, strict=True)]
        counted = self._shape(above[0].keys, above[1].keys)
        peopled: dict[Population, tuple[Places, Shape, pa.Array]] = {}
        for partial in columns:
            per = partial.indicator.per
            top = [values[sums.columns[partial.numerator]] for values in rolled]
            if per is None or self.additions:
                if partial.denominator is None:
                    denominator = pa.nulls(sum(map(len, top)), pa.int64())
                else:
                    below = [values[sums.columns[partial.denominator]] for values in rolled]
                    denominator = pa.array(np.concatenate(below))
                cells = _Cells(counted, pa.array(np.concatenate(top)), denominator)
            else:
                # Where people live and nothing was counted there is a numerator of 0.
                if per not in peopled:
                    people = trees.people(per, self.year)
                    keys = np.union1d(above[0].keys, np.flatnonzero(people >= 0).astype(np.int32))
                    value = np.concatenate([people[keys], np.full(len(above[1].keys), -1)])
                    shape = self._shape(keys, above[1].keys)
                    peopled[per] = keys, shape, pa.array(value, mask=value < 0)
                keys, shape, denominator = peopled[per]
                everywhere = np.zeros(len(keys), np.int64)
                everywhere[np.searchsorted(keys, above[0].keys)] = top[0]
                cells = _Cells(shape, pa.array(np.concatenate([everywhere, top[1]])), denominator)
            self.cells[partial.indicator.id] = cells

    def _shape(self, divisions: Places, institutions: Places) -> Shape:
        trees, many, more = self.trees, len(divisions), len(institutions)
        first = _words(np.concatenate([divisions, np.full(more, -1)]), trees.divisions.codes)
        levels = pa.concat_arrays([trees.levels.take(pa.array(divisions)), pa.nulls(more, pa.int32())])
        last = _words(np.concatenate([np.full(many, -1), institutions]), trees.institutions.codes)
        return first, levels, last


def roll_up(
    session: Session, groups: Mapping[str, Sequence[Indicator]], tallies: Sequence[Tally],
    sums: Mapping[str, pa.Table] | None = None,
) -> None:  # fmt: skip
    """Fill `tallies` from the `sums` of their cohorts, by default the partial tables `part_<cohort>`."""
    for tally in tallies:
        for per in {i.per for group in groups.values() for i in group if i.per is not None and i.id in tally.ids}:
            tally.trees.people(per, tally.year)  # asks the session, which has one thread at a time

    def add(cohort: str, rows: pa.Table) -> None:
        place, found = _by_place(rows.combine_chunks())
        for tally in tallies:
            here = slice(*np.searchsorted(place, (tally.place, tally.place + 1)))
            if here.start < here.stop or not tally.additions:
                tally.add(cohort, [p for p in partials(groups[cohort]) if p.indicator.id in tally.ids], found[here])

    def told(cohort: str) -> pa.Table:
        return session.con.sql(f'SELECT * FROM "part_{cohort}"').to_arrow_table() if sums is None else sums[cohort]

    if len(tallies) < WORTH_THREADS:
        for cohort in groups:
            add(cohort, told(cohort))
        return
    # Blocks of numbers are added up outside the interpreter, so that two cohorts are rolled up side by side.
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for done in [pool.submit(add, cohort, told(cohort)) for cohort in groups]:
            done.result()


def _by_place(rows: pa.Table) -> tuple[Numbers, _Sums]:
    """The sums of a cohort in order of the number of the run, and these."""
    place = _numbers(rows["place"])
    order = np.argsort(place, kind="stable")
    names = [name for name in rows.column_names if name not in ("place", *GROUP)]
    values = np.stack([_numbers(rows[name]) for name in names])[:, order]
    columns = {name: line for line, name in enumerate(names)}
    division, institution = (rows[name].combine_chunks().take(pa.array(order)) for name in GROUP)
    return place[order], _Sums(division, institution, columns, values)


def _places(words: pa.Array | pa.ChunkedArray, codes: pa.Array) -> Places:
    """Where each word stands in `codes`; -1 for one that does not, and for none."""
    found = pc.fill_null(pc.index_in(words, value_set=codes), -1)
    return np.asarray(found, np.int32)


def _numbers(column: pa.ChunkedArray) -> Numbers:
    return np.asarray(pc.fill_null(column, 0), np.int64)


def _words(places: npt.NDArray[np.integer], codes: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32), mask=places < 0), codes)
