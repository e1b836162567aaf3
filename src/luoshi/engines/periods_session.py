"""A session for several periods at once: their table, their calendars, and queries made into ones for all of them.

See `periods` for rows that have a period each, `folding` for rows that hold in several, `choosing` for rows that are chosen by
whoever reads them.
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import pyarrow as pa
from sqlglot import exp

from luoshi.engines.calendars import MOST, TURNS, turns
from luoshi.engines.folding import Calendars, Folded, Sharing, fold_sums
from luoshi.engines.lake import Slice
from luoshi.engines.periods import BIT, PERIOD, PERIODS, Lifted, lift, lift_all
from luoshi.engines.session import Session
from luoshi.engines.summing import sum_first
from luoshi.indicators import Cohort, Indicator
from luoshi.indicators.cohort import Shared
from luoshi.indicators.tables import Type
from luoshi.kernel.period import Period

FEW_PERIODS = 2  # so few have a row each


class PeriodsSession(Session):
    """See the module. `set_periods` comes before anything is made for them."""

    def __init__(self, *arguments: Any) -> None:
        self._periods: list[tuple[int, date, date]] = []
        self._calendars: set[str] = set()  # made for these periods
        super().__init__(*arguments)

    @property
    def bounds(self) -> tuple[date, date]:
        """See `Session.bounds`."""
        first, last = super().bounds
        starts, ends = [start for _, start, _ in self._periods], [end for _, _, end in self._periods]
        return min([first, *starts]), max([last, *ends])

    def liftable(self, cohorts: Sequence[Cohort]) -> bool:
        """Whether `cohorts` and what they share can be computed for several periods at once."""
        lifted = self._lifted(cohorts)
        return lifted is not None and all(self._rendered.can_lift(cohort, lifted) for cohort in cohorts)

    def join_as_written(self) -> None:
        """Join tables from now on in the order the queries name them. What is asked of a row and its period, DuckDB takes for
        so rare that it begins with all persons in all periods, and keeps these where it should look things up."""
        if "disabled_optimizers" not in self._before:
            ((before,),) = self.run("SELECT current_setting('disabled_optimizers')").fetchall()
            self.switch("disabled_optimizers", ",".join(filter(None, [before, "join_order", "build_side_probe_side"])))

    @property
    def folds(self) -> bool:
        """Whether rows are told to hold in several periods: for as many as calendars hold, and for more than a few persons, of
        whom planning is nearly all there is to do."""
        return FEW_PERIODS < len(self._periods) <= MOST and not isinstance(self.lake, Slice)

    def set_periods(self, periods: Sequence[tuple[int, Period]]) -> None:
        """The periods the lifted queries are run for: number and days."""
        rows = [(place, period.start, period.end) for place, period in periods]
        if rows != self._periods:
            columns: dict[str, Type] = {PERIOD: "integer", "__start": "date", "__end": "date", BIT: "integer"}
            bits = [1 << n if n < MOST else 0 for n in range(len(rows))]
            self.table_of(PERIODS, columns, [(*row, bit) for row, bit in zip(rows, bits, strict=True)])
            self._periods = rows
            self._calendars.clear()

    def share_lifted(
        self, cohorts: Sequence[Cohort], *, region: bool = False, given: Mapping[str, pa.Table] | None = None
    ) -> None:
        """Compute the shared queries for all periods of `set_periods`: those of the open chunk, or of the region, where
        tables `given` are taken as they are."""
        lifted = self._lifted(cohorts) or Lifted()
        for shared in self._needed(cohorts):
            if (shared.scope == "region") != region:
                continue
            if region:
                self.open_everywhere(shared)
            if given is not None and shared.name in given:
                self.con.register(f"given_{shared.name}", given[shared.name])
                sql = f'SELECT * FROM "given_{shared.name}"'
            elif shared.name in lifted.chosen:
                sql = self.sql(shared, ("undated",), lambda one=lifted.chosen[shared.name]: one.rows)  # type: ignore[misc]
            else:
                readers = () if region else cohorts
                use = self._rendered.use(shared, readers, self._needed(cohorts))
                cut, query = use.cut, partial(lambda use: use.query, use)
                if shared.name in lifted.tables:
                    sql = self.lifted_sql(shared, cut, query, lifted, later=not self._is_kept(shared, readers))
                else:
                    sql = self.sql(shared, cut, query)
            self._put(shared, sql, () if region else cohorts)

    def lifted_sql(
        self, owner: object, names: tuple[str, ...], query: Callable[[], exp.Query], lifted: Lifted | None = None,
        cohorts: Sequence[Cohort] = (), *, later: bool = False,
    ) -> str:  # fmt: skip
        """A query of the catalogue for all periods, as DuckDB SQL. `lifted`: the shared tables that differ between
        periods, by default those `cohorts` read. `later`: it is run when other periods may be set, whose calendars are
        others, and reads none."""
        first = self.folds and not later

        def build() -> Folded:
            tables = lifted if lifted is not None else self._lifted(cohorts) or Lifted()
            asked, calendars = query(), Calendars()
            if first:
                asked, calendars = sum_first(asked, Sharing(tables), len(self._periods))
            found = lift(asked, tables)
            assert found is not None  # `liftable` was asked
            return Folded(found, calendars)

        many = str(len(self._periods)) if first else "any"
        sql = self._with_calendars(owner, (f"for {many} periods", *names), build)
        assert sql is not None
        return sql

    def folded_sums(self, cohort: Cohort, indicators: Sequence[Indicator], cohorts: Sequence[Cohort]) -> str | None:
        """SQL of a cohort's sums for all periods, from rows that hold in several (see `folding`); None where it has none.
        `cohorts`: all that are computed."""

        def build() -> Folded | None:
            needed = self._needed(cohorts)
            # What looks across the region is never made from one piece.
            kept = frozenset(s.name for s in needed if s.scope == "region" or self._is_kept(s, cohorts))
            queries = {shared.name: shared.query for shared in needed}
            sharing = Sharing(self._lifted(cohorts) or Lifted(), queries, kept)
            return fold_sums(cohort, indicators, sharing, len(self._periods))

        names = (f"folded for {len(self._periods)} periods", *(indicator.id for indicator in indicators))
        return self._with_calendars(cohort, names, build) if self.folds else None

    def _with_calendars(self, owner: object, names: tuple[str, ...], build: Callable[[], Folded | None]) -> str | None:
        """SQL for the periods of `set_periods`, once the calendars it reads are made."""
        found = self._rendered.folded(owner, names, build)
        if found is None:
            return None
        sql, calendars = found
        if calendars and TURNS not in self._kinds:
            self._kinds[TURNS] = "TABLE"
            self._table(TURNS, turns())
        for calendar in calendars:
            if calendar.name not in self._calendars:
                self._calendars.add(calendar.name)
                for statement in calendar.statements:
                    self.run(statement)
        return self._bounded(sql)

    def _lifted(self, cohorts: Sequence[Cohort]) -> Lifted | None:
        """The shared tables that differ between periods; None when one cannot be lifted."""
        needed = self._needed(cohorts)
        key = tuple(map(id, needed))
        if key not in self._rendered.lifted:
            self._rendered.lifted[key] = (needed, lift_all(needed))
        return self._rendered.lifted[key][1]

    def region(self, shared: Shared, periods: Sequence[Period], where: str = "true") -> pa.Table:
        """The rows of a region-wide shared query for some periods, those for which the condition `where` holds."""
        self.set_periods(list(enumerate(periods)))
        self.open_everywhere(shared)
        lifted = lift_all([shared])
        if lifted is not None and lifted.dated:
            sql = self.lifted_sql(shared, (), lambda: shared.query, lifted)
        else:
            sql = self.sql(shared, (), lambda: shared.query)
        return self.con.sql(f"SELECT * FROM ({sql}) AS rows WHERE {where}").to_arrow_table()
