"""The default engine: DuckDB over the lake's Parquet, a chunk of buckets at a time (see `walk`).

Memory is bounded by the chunks at work: what several cohorts need (`shared` queries) is computed once per chunk into
temporary tables, each cohort is one aggregation to (division, institution), and only those sums are kept. Roll-up over
divisions and institutions happens on the small result (see `tally`).
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import ClassVar

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from luoshi.engines.base import About, Listed, Request, Results
from luoshi.engines.connection import connect
from luoshi.engines.lake import LakeDirectory, Slice
from luoshi.engines.listing import listed_condition, page, place_condition
from luoshi.engines.periods_session import PeriodsSession
from luoshi.engines.pruning import lives_where_counted, pruned
from luoshi.engines.rendered import Rendered, render
from luoshi.engines.rollup import build_trees, leaves_below, members_below
from luoshi.engines.runs import Run, belongs, results_of, together
from luoshi.engines.sources import empty_tables, reach, trees
from luoshi.engines.walk import FEW_PERSONS, AtOnce, OneByOne, Work, walk
from luoshi.indicators import Catalogue, Cohort, Indicator
from luoshi.indicators.cases import Answer, CaseRow
from luoshi.indicators.measure import fill
from luoshi.indicators.plan import aggregate, listing, membership, partials
from luoshi.kernel.clock import today
from luoshi.kernel.period import Period


@dataclass(frozen=True)
class Sums:
    """Sums by (place, division, institution) of each cohort, `place` being the number of the request, and the region-wide
    shared tables they were made with."""

    cohorts: dict[str, pa.Table]
    regions: dict[str, pa.Table]


def summed(source: str, indicators: Sequence[Indicator]) -> str:
    """SQL that adds up a partial table, one row for each place, division and institution."""
    names = ["subjects", *(n for p in partials(indicators) for n in (p.numerator, p.denominator) if n)]
    sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in names)
    return f"SELECT place, division, institution, {sums} {source} GROUP BY place, division, institution"


class DuckdbEngine:
    """See `luoshi.engines.base.Engine`. `memory_limit` is DuckDB's ("4GB"); what does not fit spills below `temp`."""

    name = "duckdb"
    # SQL is made once for the process: making it costs more than reading a small lake. Cohorts cut to some indicators,
    # by the cohort (kept, so that its id is not used again) and their ids.
    _rendered: ClassVar[Rendered] = Rendered()
    _cut: ClassVar[dict[tuple[int, tuple[str, ...]], tuple[Cohort, Cohort]]] = {}

    def __init__(self, *, threads: int | None = None, memory_limit: str = "4GB", temp: Path | None = None) -> None:
        self.threads = threads or os.cpu_count() or 2
        self.memory_limit = memory_limit
        self.temp = temp
        self._scratch: PeriodsSession | None = None
        self._database: duckdb.DuckDBPyConnection | None = None

    def evaluate(
        self,
        lake: LakeDirectory,
        catalogue: Catalogue,
        period: Period,
        ids: Iterable[str] | None = None,
        known_at: datetime | None = None,
        keep_rows: Path | None = None,
    ) -> Results:
        """Sums for every division and institution; see the protocol."""
        return self.evaluate_many(lake, catalogue, [Request(period, ids, keep_rows)], known_at)[0]

    def evaluate_many(
        self, lake: LakeDirectory, catalogue: Catalogue, requests: Sequence[Request], known_at: datetime | None = None
    ) -> list[Results]:
        """Several periods in one walk over the buckets; results in the order of `requests`."""
        if not requests:
            return []
        runs, everyone, groups = self._plan(catalogue, requests)
        session = self._session(lake, catalogue, requests[0].period, known_at)
        try:
            kind = AtOnce if len(runs) > 1 and session.liftable(everyone) else OneByOne
            sums = self._walk(kind(runs, everyone, groups), session, lake)
            return results_of(session, runs, {name: groups[name] for name in groups if name in sums}, sums)
        finally:
            session.close()

    def sums(self, lake: LakeDirectory, catalogue: Catalogue, requests: Sequence[Request]) -> Sums | None:
        """The sums of several periods before they are rolled up; None where the catalogue has a query that cannot be computed
        for several periods at once."""
        with self.opened(lake, catalogue, requests[0].period) as session:
            return self.sums_in(session, requests)

    def sums_in(
        self, session: PeriodsSession, requests: Sequence[Request], regions: Mapping[str, pa.Table] | None = None,
        cohorts: Container[str] | None = None,
    ) -> Sums | None:  # fmt: skip
        """`sums` in a session that is open. Those of a `Slice` may tell of a place in several rows. `regions`: region-wide shared
        tables as they are known, instead of computing them. `cohorts`: only these."""
        assert session.lake is not None
        runs, everyone, groups = self._plan(session.catalogue, requests)
        everyone = [cohort for cohort in everyone if cohorts is None or cohort.name in cohorts]
        if not session.liftable(everyone):
            return None
        found = self._walk(AtOnce(runs, everyone, groups, regions), session, session.lake)
        if not isinstance(session.lake, Slice):  # those of a slice are added up with others before they are looked at
            for name in found:
                session.con.register("parts", found[name])
                found[name] = session.con.sql(summed("FROM parts", groups[name])).to_arrow_table()
                session.con.unregister("parts")
        wide = {name: session.con.table(name).to_arrow_table() for name in session.regions(everyone)}
        return Sums(found, wide)

    @contextmanager
    def opened(
        self, lake: LakeDirectory, catalogue: Catalogue, period: Period | None = None
    ) -> Iterator[PeriodsSession]:
        """A session over a lake, closed at the end; a few persons have it on one thread."""
        session = self._session(lake, catalogue, period or Period.day(today()), None)
        if isinstance(lake, Slice) and len(lake.persons) <= FEW_PERSONS:
            session.switch("threads", 1)
        try:
            yield session
        finally:
            session.close()

    def results(
        self, lake: LakeDirectory, catalogue: Catalogue, requests: Sequence[Request], sums: Mapping[str, pa.Table]
    ) -> dict[int, Results]:
        """Roll up sums of `sums`: the results of the requests by their number."""
        with self.opened(lake, catalogue, requests[0].period) as session:
            return self._rolled_up(session, requests, sums)

    def additions_in(
        self, session: PeriodsSession, requests: Sequence[Request], sums: Mapping[str, pa.Table]
    ) -> dict[int, Results]:
        """Roll up sums that come to others: what comes to the results of requests, without the people of the registers, which
        are in those already. By the number of the request, where there is any."""
        places = {place for table in sums.values() for place in pc.unique(table["place"]).to_pylist()}
        return self._rolled_up(session, requests, sums, places)

    def _rolled_up(
        self, session: PeriodsSession, requests: Sequence[Request], sums: Mapping[str, pa.Table],
        places: Container[int] | None = None,
    ) -> dict[int, Results]:  # fmt: skip
        runs = Run.of(session.catalogue, requests)
        groups = {name: group for name, group in together(runs).items() if name in sums}
        runs = [run for run in runs if places is None or run.place in places]
        found = results_of(session, runs, groups, sums, additions=places is not None)
        return {run.place: one for run, one in zip(runs, found, strict=True)}

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
        """A page of the subjects to act on, computed from the lake; see the protocol."""
        cohort = catalogue.cohort_of(indicator)
        session = self._session(lake, catalogue, period, known_at)
        try:
            session.share_region([cohort], 0)
            session.use_region([cohort], 0)
            build_trees(session)
            leaves = leaves_below(session, division) if division is not None else None
            where = place_condition(leaves, members_below(session, institution) if institution is not None else None)
            if leaves and cohort.scope == "bucket" and lives_where_counted(cohort):
                lake = session.look_only_at(place_condition(leaves, None))
            where = f"{where} AND {listed_condition(indicator)}"
            found = False
            for chunk in (None, *lake.chunks):
                if not belongs(cohort, chunk):
                    continue
                session.open_chunk(chunk, [cohort])
                session.share([cohort])
                query = f"SELECT * FROM ({session.cohort_sql(cohort)}) AS subjects WHERE {where}"
                session.run(f"INSERT INTO found {query}" if found else f"CREATE TEMP TABLE found AS {query}")
                found = True
            return page(session.con, "found", indicator, cohort, "true", limit, offset) if found else ([], 0)
        finally:
            session.close()

    def about(self, lake: LakeDirectory, catalogue: Catalogue, day: date) -> About:
        """What must be known beside the sums of the day `day`; see the protocol."""
        session = self._session(lake, catalogue, Period.day(day), None)
        try:
            return About(reach(session, day), empty_tables(session), *trees(session))
        finally:
            session.close()

    def answers(self, catalogue: Catalogue, indicator: Indicator, rows: Sequence[CaseRow]) -> list[Answer]:
        """What this engine says of each row of a case table on its own."""
        cohort = catalogue.cohort_of(indicator)
        inside, counted = (render(tree) for tree in membership(indicator))
        number = render(listing(indicator)[1])
        # Each row is a place of its own, so that one pass gives the sums of each.
        values = [{**dict.fromkeys(cohort.types), **row.values, "division": str(n)} for n, row in enumerate(rows)]
        if self._scratch is None:
            self._scratch = self._session(None, catalogue, Period.day(today()), None)
        session = self._scratch
        session.table_of("rows", cohort.types, [tuple(row[name] for name in cohort.types) for row in values])
        sums = {row[0]: row[3:] for row in session.run(render(aggregate("rows", [indicator]))).fetchall()}
        said = session.run(f'SELECT "division", {inside}, {counted}, {number} FROM rows').fetchall()
        found = {}
        for place, is_inside, is_counted, first in said:
            reason = indicator.reasons[first].say if first < len(indicator.reasons) else ""
            numerator, *denominator = sums[place]
            filled = fill(reason, values[int(place)])
            found[int(place)] = Answer(
                is_inside, is_counted, filled, numerator, denominator[0] if denominator else None
            )
        return [found[n] for n in range(len(rows))]

    def _plan(
        self, catalogue: Catalogue, requests: Sequence[Request]
    ) -> tuple[list[Run], list[Cohort], dict[str, list[Indicator]]]:
        """The runs, the cohorts cut to what is asked of them, and what that is. Whose rows are kept stay whole."""
        runs = Run.of(catalogue, requests)
        groups = together(runs)
        whole = {name for run in runs if run.request.keep_rows is not None for name in run.groups}
        cut = {}
        for name, indicators in groups.items():
            cohort = catalogue.cohorts[name]
            if name not in whole or not cohort.text.drill_down:
                key = (id(cohort), tuple(indicator.id for indicator in indicators))
                if key not in self._cut:
                    self._cut[key] = (cohort, pruned(cohort, indicators, catalogue.shared))
                cohort = self._cut[key][1]
            cut[name] = cohort
        runs = [replace(run, cohorts=[cut[cohort.name] for cohort in run.cohorts]) for run in runs]
        return runs, list(cut.values()), groups

    def _walk(self, work: Work, session: PeriodsSession, lake: LakeDirectory) -> dict[str, pa.Table]:
        def split(lanes: int) -> list[PeriodsSession]:
            # A lane's own thread works on its queries; DuckDB has those that are left over.
            session.switch("threads", self.threads - lanes + 1)
            about = session.catalogue, session.period, session.known_at
            return [PeriodsSession(session.con.cursor(), self._rendered, lake, *about) for _ in range(1, lanes)]

        return walk(work, session, lake, self.threads, split)

    def _session(
        self, lake: LakeDirectory | None, catalogue: Catalogue, period: Period, known_at: datetime | None
    ) -> PeriodsSession:
        if self._database is None:  # kept: opening one costs as much as a small query, and it remembers what files hold
            self._database = connect(self.threads, self.memory_limit, self.temp)
        return PeriodsSession(self._database.cursor(), self._rendered, lake, catalogue, period, known_at)
