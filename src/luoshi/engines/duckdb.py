"""The default engine: DuckDB over the lake's Parquet, a chunk of buckets at a time.

Memory is bounded by one chunk: what several cohorts need (`shared` queries) is computed once per chunk into temporary
tables, each cohort is one aggregation to (division, institution), and only those sums are kept. Roll-up over divisions
and institutions happens on the small result.
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
from sqlglot import exp

from luoshi.engines.base import About, Listed, Request, Results
from luoshi.engines.connection import connect
from luoshi.engines.lake import Chunk, LakeDirectory
from luoshi.engines.listing import listed_condition, page, place_condition
from luoshi.engines.periods import PERIOD
from luoshi.engines.pruning import lives_where_counted, pruned
from luoshi.engines.rendered import Rendered, quoted, render, sql_type
from luoshi.engines.rollup import build_trees, leaves_below, members_below
from luoshi.engines.runs import Run, belongs, results_of, together
from luoshi.engines.session import Session
from luoshi.engines.sources import empty_tables, reach, trees
from luoshi.indicators import Catalogue, Cohort, Indicator
from luoshi.indicators.cases import Answer, CaseRow
from luoshi.indicators.measure import fill
from luoshi.indicators.plan import aggregate, listing, membership, partials
from luoshi.kernel.clock import today
from luoshi.kernel.period import Period

PERIODS_IN_FULL = 2  # up to so many periods a chunk is taken whole; of more, fewer persons at a time


@dataclass(frozen=True)
class Sums:
    """Sums by (place, division, institution) of each cohort, `place` being the number of the request, and the region-wide
    shared tables they were made with."""

    cohorts: dict[str, pa.Table]
    regions: dict[str, pa.Table]


def summed(source: str, indicators: Sequence[Indicator], sign: str = "") -> str:
    """SQL that adds up a partial table, one row for each place, division and institution."""
    names = ["subjects", *(n for p in partials(indicators) for n in (p.numerator, p.denominator) if n)]
    sums = ", ".join(f"sum({sign}{name})::BIGINT AS {name}" for name in names)
    return f"SELECT place, division, institution, {sums} {source} GROUP BY place, division, institution"


class DuckdbEngine:
    """See `luoshi.engines.base.Engine`. `memory_limit` is DuckDB's ("4GB"); what does not fit spills below `temp`."""

    name = "duckdb"

    def __init__(self, *, threads: int | None = None, memory_limit: str = "4GB", temp: Path | None = None) -> None:
        self.threads = threads or os.cpu_count() or 2
        self.memory_limit = memory_limit
        self.temp = temp
        self._rendered = Rendered()
        self._scratch: Session | None = None
        # Cohorts cut to some indicators, by the cohort (kept, so that its id is not used again) and their ids.
        self._cut: dict[tuple[int, tuple[str, ...]], tuple[Cohort, Cohort]] = {}

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
            walk = _at_once if len(runs) > 1 and session.liftable(everyone) else _one_by_one
            known = walk(session, lake, runs, everyone, groups)
            return results_of(session, runs, {name: groups[name] for name in groups if name in known})
        finally:
            session.close()

    def sums(
        self, lake: LakeDirectory, catalogue: Catalogue, requests: Sequence[Request],
        regions: Mapping[str, pa.Table] | None = None, cohorts: Container[str] | None = None,
    ) -> Sums | None:  # fmt: skip
        """The sums of several periods before they are rolled up, to be kept and brought up to date (`delta`); None where
        the catalogue has a query that cannot be computed for several periods at once.

        `regions`: region-wide shared tables as they are known, instead of computing them. `cohorts`: only these.
        """
        runs, everyone, groups = self._plan(catalogue, requests)
        everyone = [cohort for cohort in everyone if cohorts is None or cohort.name in cohorts]
        session = self._session(lake, catalogue, requests[0].period, None)
        try:
            if not session.liftable(everyone):
                return None
            known = _at_once(session, lake, runs, everyone, groups, regions)
            return Sums(
                {name: session.con.sql(summed(f'FROM "part_{name}"', groups[name])).to_arrow_table() for name in known},
                {name: session.con.table(name).to_arrow_table() for name in session.regions(everyone)},
            )
        finally:
            session.close()

    def adrift(self, lake: LakeDirectory, catalogue: Catalogue) -> bool:
        """Whether milestones told about nobody belong to calls of somebody known."""
        session = self._session(lake, catalogue, Period.day(today()), None)
        try:
            return session.adrift()
        finally:
            session.close()

    def regions(self, lake: LakeDirectory, catalogue: Catalogue, requests: Sequence[Request]) -> dict[str, pa.Table]:
        """The region-wide shared tables alone, for all periods."""
        runs = [Run.of(catalogue, request, place) for place, request in enumerate(requests)]
        everyone = list({cohort.name: cohort for run in runs for cohort in run.cohorts}.values())
        session = self._session(lake, catalogue, requests[0].period, None)
        try:
            session.set_periods([(run.place, run.request.period) for run in runs])
            session.share_lifted(everyone, region=True)
            return {name: session.con.table(name).to_arrow_table() for name in session.regions(everyone)}
        finally:
            session.close()

    def results(
        self, lake: LakeDirectory, catalogue: Catalogue, requests: Sequence[Request], sums: Mapping[str, pa.Table],
        places: Container[int] | None = None,
    ) -> dict[int, Results]:  # fmt: skip
        """Roll up sums of `sums`: the results of the requests `places` (all), by their number."""
        runs = [Run.of(catalogue, request, place) for place, request in enumerate(requests)]
        groups = {name: group for name, group in together(runs).items() if name in sums}
        runs = [run for run in runs if places is None or run.place in places]
        if not runs:
            return {}
        session = self._session(lake, catalogue, requests[0].period, None)
        try:
            for name, table in sums.items():
                session.con.register(f"part_{name}", table)
            return {run.place: found for run, found in zip(runs, results_of(session, runs, groups), strict=True)}
        finally:
            session.close()

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
        runs = [Run.of(catalogue, request, place) for place, request in enumerate(requests)]
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

    def _session(
        self, lake: LakeDirectory | None, catalogue: Catalogue, period: Period, known_at: datetime | None
    ) -> Session:
        con = connect(self.threads, self.memory_limit, self.temp)
        return Session(con, self._rendered, lake, catalogue, period, known_at)


def _one_by_one(
    session: Session, lake: LakeDirectory, runs: Sequence[Run], everyone: Sequence[Cohort],
    groups: Mapping[str, list[Indicator]],
) -> set[str]:  # fmt: skip
    """Fill the partial tables period by period; the cohorts that have one."""
    known: set[str] = set()
    for run in runs:
        session.period = run.request.period
        session.share_region(run.cohorts, run.place)
    for chunk, here in _walk(lake, everyone):
        session.open_chunk(chunk, here)
        for run in runs:
            chosen = [cohort for cohort in run.cohorts if cohort in here]
            session.period = run.request.period
            session.use_region(chosen, run.place)
            session.share(chosen)
            for cohort in chosen:
                indicators = groups[cohort.name]
                names = tuple(indicator.id for indicator in indicators)
                if run.request.keep_rows is not None and cohort.text.drill_down:
                    session.run(f"CREATE OR REPLACE TEMP TABLE kept_rows AS {session.cohort_sql(cohort)}")
                    _keep_rows(session, cohort, run.request.keep_rows, chunk, "kept_rows")
                    sql = session.sql(cohort, ("rows", *names), lambda i=indicators: aggregate("kept_rows", i))  # type: ignore[misc]
                else:
                    sql = session.sql(cohort, names, lambda c=cohort, i=indicators: aggregate(c.query, i))  # type: ignore[misc]
                _add(session, cohort, f"SELECT {run.place} AS place, * FROM ({sql}) AS sums", known)
    return known


def _at_once(
    session: Session, lake: LakeDirectory, runs: Sequence[Run], everyone: Sequence[Cohort],
    groups: Mapping[str, list[Indicator]], regions: Mapping[str, pa.Table] | None = None,
) -> set[str]:  # fmt: skip
    """The same with one query for all periods of a cohort."""
    known: set[str] = set()
    every = [(run.place, run.request.period) for run in runs]
    session.set_periods(every)
    session.share_lifted(everyone, region=True, given=regions)
    for chunk, here in _walk(lake, everyone, max(1, lake.chunk_persons * PERIODS_IN_FULL // len(runs))):
        session.open_chunk(chunk, here)
        session.set_periods(every)
        session.share_lifted(here)
        for cohort in here:
            indicators = groups[cohort.name]
            names = tuple(indicator.id for indicator in indicators)
            mine = [run for run in runs if cohort.name in run.groups]
            kept = [run for run in mine if run.request.keep_rows is not None and cohort.text.drill_down]
            if kept:
                session.set_periods([(run.place, run.request.period) for run in kept])
                rows = session.lifted_sql(cohort, ("rows",), cohort.query, cohorts=everyone)
                session.run(f"CREATE OR REPLACE TEMP TABLE kept_rows AS {rows}")
                for run in kept:
                    source = f"(SELECT * FROM kept_rows WHERE {PERIOD} = {run.place})"
                    _keep_rows(session, cohort, run.request.keep_rows, chunk, source)  # type: ignore[arg-type]
                _add(session, cohort, _placed(_sums_of_rows(session, cohort, indicators, names)), known)
            rest = [run for run in mine if run not in kept]
            if rest:
                session.set_periods([(run.place, run.request.period) for run in rest])
                whole = aggregate(cohort.query, indicators)
                _add(session, cohort, _placed(session.lifted_sql(cohort, names, whole, cohorts=everyone)), known)
    return known


def _walk(
    lake: LakeDirectory, everyone: Sequence[Cohort], persons: int | None = None
) -> Iterator[tuple[Chunk | None, list[Cohort]]]:
    """The registers alone, then each chunk (of about `persons` at most), with the cohorts that have subjects there."""
    for chunk in (None, *(lake.chunks if persons is None else lake.pieces(persons))):
        if here := [cohort for cohort in everyone if belongs(cohort, chunk)]:
            yield chunk, here


def _sums_of_rows(session: Session, cohort: Cohort, indicators: list[Indicator], names: tuple[str, ...]) -> str:
    """The sums over the table `kept_rows`, by period."""
    sums = aggregate("kept_rows", indicators)
    sums.set("expressions", [exp.column(PERIOD), *sums.expressions])
    return session.sql(cohort, ("kept for all periods", *names), lambda: sums.group_by(PERIOD))


def _placed(sums: str) -> str:
    return f'SELECT * RENAME ("{PERIOD}" AS place) FROM ({sums}) AS sums'


def _add(session: Session, cohort: Cohort, sums: str, known: set[str]) -> None:
    """Add sums (place, division, institution, subjects, …) to a cohort's partial table."""
    table = f'"part_{cohort.name}"'
    if cohort.name in known:
        session.run(f"INSERT INTO {table} {sums}")
    else:
        session.run(f"CREATE TEMP TABLE {table} AS SELECT * FROM ({sums}) AS sums")
    known.add(cohort.name)


def _keep_rows(session: Session, cohort: Cohort, folder: Path, chunk: Chunk | None, source: str) -> None:
    """Write a cohort's rows of one chunk, in order of division."""
    target = folder / cohort.name
    target.mkdir(parents=True, exist_ok=True)
    file = target / (chunk.file_name if chunk is not None else "chunk=registers.parquet")
    columns = ", ".join(f'CAST("{name}" AS {sql_type(kind)}) AS "{name}"' for name, kind in cohort.types.items())
    session.run(
        f"""COPY (SELECT {columns} FROM {source} ORDER BY division, subject) TO {quoted(str(file))}
        (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)"""
    )
