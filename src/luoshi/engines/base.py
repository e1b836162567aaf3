"""What an engine must do, and what it gives back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from luoshi.engines.lake import LakeDirectory
from luoshi.indicators import Catalogue, Indicator
from luoshi.indicators.cases import Answer, CaseRow
from luoshi.kernel.errors import NotFound, nearest
from luoshi.kernel.period import Period

# The columns of a table of values: `division` or `institution` names the cell, the other is null; `level` is that of
# the division (null for institutions); sums are whole numbers, the denominator null where there is none.
VALUE_COLUMNS = ("indicator", "division", "level", "institution", "numerator", "denominator")


ENGINES = ("duckdb", "spark")


@dataclass(frozen=True)
class Results:
    """Sums of every indicator for every division and institution of one period.

    `table` has `VALUE_COLUMNS`. Cells without a row have no subjects. `unplaced` counts, by cohort, the subjects whose
    division the register does not know: they are in no division's sums. `parents`: division → the one above. `indicators`: the ids
    evaluated, also those without a cell.
    """

    period: Period
    table: pa.Table
    known_at: datetime | None = None
    unplaced: Mapping[str, int] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)
    indicators: frozenset[str] = frozenset()

    def children_of(self, division: str) -> list[str]:
        """Codes of the divisions directly below, in order."""
        return sorted(code for code, parent in self.parents.items() if parent == division)

    @cached_property
    def cells(self) -> dict[tuple[str, str | None, str | None], tuple[int, int | None]]:
        """(indicator, division, institution) → (numerator, denominator)."""
        columns = [self.table.column(name).to_pylist() for name in VALUE_COLUMNS]
        return {(i, d, o): (n, m) for i, d, _, o, n, m in zip(*columns, strict=True)}

    def cell(self, indicator: Indicator, *, division: str | None = None,
             institution: str | None = None) -> tuple[int, int | None]:  # fmt: skip
        """Numerator and denominator of one cell; zeros where nobody is in it."""
        empty = (0, None if indicator.kind in ("count", "per-population") else 0)
        return self.cells.get((indicator.id, division, institution), empty)


@dataclass(frozen=True)
class Listed:
    """One subject of a worklist: who, where, why, and the cohort's columns. `reason` is the number of the first
    `when` that holds (None when none does)."""

    subject: str
    person: int | None
    division: str | None
    institution: str | None
    reason: int | None
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class About:
    """What a page must know beside the sums: `reach`, cohort → last day its sources have heard of; `missing`, cohort →
    tables it reads that hold nothing; `tree` (leaf, code, level) and `over` (leaf, code, division): every division and
    every institution with each one above it, itself too."""

    reach: Mapping[str, date | None]
    missing: Mapping[str, Sequence[str]]
    tree: pa.Table
    over: pa.Table


@dataclass(frozen=True)
class Request:
    """One evaluation to make: a period, the indicators (None: all computed), and where to keep the cohort rows."""

    period: Period
    ids: Iterable[str] | None = None
    keep_rows: Path | None = None


class Engine(Protocol):
    """An engine evaluates a catalogue over a lake. Two engines give the same whole numbers on the same lake."""

    name: str

    def evaluate(
        self,
        lake: LakeDirectory,
        catalogue: Catalogue,
        period: Period,
        ids: Iterable[str] | None = None,
        known_at: datetime | None = None,
        keep_rows: Path | None = None,
    ) -> Results:
        """Sums of the indicators `ids` (default: all computed) for `period`, as known at `known_at` (default: now).

        With `keep_rows` the cohort rows are written below that folder, `<cohort>/chunk=<n>.parquet`, by division.
        """
        ...

    def evaluate_many(
        self, lake: LakeDirectory, catalogue: Catalogue, requests: Sequence[Request], known_at: datetime | None = None
    ) -> list[Results]:
        """Several periods in one walk over the lake; results in the order of `requests`."""
        ...

    def why(
        self,
        lake: LakeDirectory,
        catalogue: Catalogue,
        indicator: Indicator,
        period: Period,
        *,
        division: str | None = None,
        institution: str | None = None,
        limit: int = 50,
        offset: int = 0,
        known_at: datetime | None = None,
    ) -> tuple[list[Listed], int]:
        """The subjects not counted (counted, where less is better) in a division or of an institution: a page of them
        in order of reason, division and subject, and how many there are."""
        ...

    def about(self, lake: LakeDirectory, catalogue: Catalogue, day: date) -> About:
        """How far the sources reach by `day`, what is empty, and both trees as they stand on it."""
        ...

    def answers(self, catalogue: Catalogue, indicator: Indicator, rows: Sequence[CaseRow]) -> list[Answer]:
        """What the engine says of each row of a case table on its own."""
        ...


def engine(name: str = "duckdb", **options: Any) -> Engine:
    """The engine of that name. `options` are the engine's own: `threads`, `memory_limit`, `temp` of DuckDB, `master`
    and `options` of Spark. Raises `NotFound` for another name."""
    if name == "duckdb":
        from luoshi.engines.duckdb import DuckdbEngine

        return DuckdbEngine(**options)
    if name == "spark":
        from luoshi.engines.spark import SparkEngine

        return SparkEngine(**options)
    raise NotFound(f"There is no engine {name!r}.", todo=nearest(name, ENGINES) or f"Known are {', '.join(ENGINES)}.")
