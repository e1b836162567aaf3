"""The default engine: DuckDB over the lake's Parquet, a chunk of buckets at a time.

Memory is bounded by one chunk: what several cohorts need (`shared` queries) is computed once per chunk into temporary
tables, each cohort is one aggregation to (division, institution), and only those sums are kept. Roll-up over divisions
and institutions happens on the small result.
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

from luoshi.engines.base import About, Listed, Request, Results
from luoshi.engines.lake import Chunk, LakeDirectory
from luoshi.engines.listing import listed_condition, page, place_condition
from luoshi.engines.rollup import build_trees, leaves_below, members_below
from luoshi.engines.runs import Run, belongs, results_of, together
from luoshi.engines.session import Rendered, Session, connect, quoted, render
from luoshi.engines.sources import empty_tables, reach, trees
from luoshi.indicators import Catalogue, Cohort, Indicator
from luoshi.indicators.cases import Answer, CaseRow
from luoshi.indicators.cohort import FIXED
from luoshi.indicators.measure import fill
from luoshi.indicators.plan import aggregate, listing, membership
from luoshi.kernel.clock import today
from luoshi.kernel.period import Period


class DuckdbEngine:
    """See `luoshi.engines.base.Engine`. `memory_limit` is DuckDB's ("4GB"); what does not fit spills below `temp`."""

    name = "duckdb"

    def __init__(self, *, threads: int | None = None, memory_limit: str = "4GB", temp: Path | None = None) -> None:
        self.threads = threads or os.cpu_count() or 2
        self.memory_limit = memory_limit
        self.temp = temp
        self._rendered = Rendered()
        self._scratch: Session | None = None

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
        runs = [Run.of(catalogue, request, place) for place, request in enumerate(requests)]
        everyone = list({cohort.name: cohort for run in runs for cohort in run.cohorts}.values())
        groups = together(runs)
        known: set[str] = set()
        session = self._session(lake, catalogue, requests[0].period, known_at)
        try:
            for run in runs:
                session.period = run.request.period
                session.share_region(run.cohorts, run.place)
            for chunk in (None, *lake.chunks):
                if not any(belongs(cohort, chunk) for cohort in everyone):
                    continue
                session.open_chunk(chunk, [cohort for cohort in everyone if belongs(cohort, chunk)])
                for run in runs:
                    chosen = [cohort for cohort in run.cohorts if belongs(cohort, chunk)]
                    session.period = run.request.period
                    session.use_region(chosen, run.place)
                    session.share(chosen)
                    for cohort in chosen:
                        _one_pass(session, run, cohort, groups[cohort.name], chunk, cohort.name in known)
                        known.add(cohort.name)
            return results_of(session, runs, {name: groups[name] for name in groups if name in known})
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
            where = place_condition(
                leaves_below(session, division) if division is not None else None,
                members_below(session, institution) if institution is not None else None,
            )
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

    def _session(
        self, lake: LakeDirectory | None, catalogue: Catalogue, period: Period, known_at: datetime | None
    ) -> Session:
        con = connect(self.threads, self.memory_limit, self.temp)
        return Session(con, self._rendered, lake, catalogue, period, known_at)


def _one_pass(
    session: Session, run: Run, cohort: Cohort, indicators: list[Indicator], chunk: Chunk | None, known: bool
) -> None:
    """Add one chunk's sums of a cohort to its partial table; keep its rows when asked."""
    names = tuple(indicator.id for indicator in indicators)
    if run.request.keep_rows is not None and cohort.text.drill_down:
        _keep_rows(session, cohort, run.request.keep_rows, chunk)
        sql = session.sql(cohort, ("rows", *names), lambda: aggregate("kept_rows", indicators))
    else:
        sql = session.sql(cohort, names, lambda: aggregate(cohort.query, indicators))
    verb = "INSERT INTO" if known else "CREATE TEMP TABLE"
    session.run(
        f'{verb} "part_{cohort.name}" {"" if known else "AS"} SELECT {run.place} AS place, * FROM ({sql}) AS sums'
    )


def _keep_rows(session: Session, cohort: Cohort, folder: Path, chunk: Chunk | None) -> None:
    """Write a cohort's rows of one chunk, in order of division, and leave them in the table `kept_rows`."""
    session.run(f"CREATE OR REPLACE TEMP TABLE kept_rows AS {session.cohort_sql(cohort)}")
    target = folder / cohort.name
    target.mkdir(parents=True, exist_ok=True)
    file = target / f"chunk={chunk.number if chunk is not None else 'registers'}.parquet"
    columns = ", ".join(f'"{name}"' for name in (*FIXED, *cohort.text.columns))
    session.run(
        f"""COPY (SELECT {columns} FROM kept_rows ORDER BY division, subject) TO {quoted(str(file))}
        (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)"""
    )
