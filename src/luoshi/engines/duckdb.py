"""The default engine: DuckDB over the lake's Parquet, bucket by bucket.

Memory is bounded by one bucket: what several cohorts need (`shared` queries) is computed once per bucket into temporary
tables, each cohort is one aggregation to (division, institution), and only those sums are kept. Roll-up over divisions
and institutions happens on the small result.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from luoshi.engines.base import Listed, Results
from luoshi.engines.lake import UNKNOWN_PERSON, LakeDirectory
from luoshi.engines.listing import listed_condition, page, place_condition
from luoshi.engines.rollup import build_trees, leaves_below, members_below, roll_up
from luoshi.engines.session import Session, connect, quoted, render
from luoshi.indicators import Catalogue, Cohort, Indicator
from luoshi.indicators.cases import Answer, CaseRow
from luoshi.indicators.cohort import FIXED
from luoshi.indicators.measure import fill
from luoshi.indicators.plan import aggregate, listing, membership, partials
from luoshi.kernel.clock import today
from luoshi.kernel.period import Period


class DuckdbEngine:
    """See `luoshi.engines.base.Engine`. `memory_limit` is DuckDB's ("4GB"); what does not fit spills below `temp`."""

    name = "duckdb"

    def __init__(self, *, threads: int | None = None, memory_limit: str = "4GB", temp: Path | None = None) -> None:
        self.threads = threads or os.cpu_count() or 2
        self.memory_limit = memory_limit
        self.temp = temp

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
        groups: dict[str, list[Indicator]] = {}
        for indicator in catalogue.computed(ids):
            groups.setdefault(indicator.cohort or "", []).append(indicator)
        session = self._session(lake, catalogue, period, known_at)
        kept: list[str] = []
        try:
            for bucket in (None, *lake.buckets):
                chosen = [catalogue.cohorts[name] for name in groups if _belongs(catalogue.cohorts[name], bucket)]
                if not chosen:
                    continue
                session.open_bucket(bucket, chosen)
                for cohort in chosen:
                    _one_pass(session, cohort, groups[cohort.name], bucket, cohort.name in kept, keep_rows)
                    if cohort.name not in kept:
                        kept.append(cohort.name)
            table, unplaced = roll_up(session, catalogue, groups, kept)
        finally:
            session.close()
        return Results(period, table, known_at, unplaced)

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
            build_trees(session)
            where = place_condition(
                leaves_below(session, division) if division is not None else None,
                members_below(session, institution) if institution is not None else None,
            )
            where = f"{where} AND {listed_condition(indicator)}"
            found = False
            for bucket in (None, *lake.buckets):
                if not _belongs(cohort, bucket):
                    continue
                session.open_bucket(bucket, [cohort])
                query = f"SELECT * FROM ({session.sql(cohort.query)}) AS subjects WHERE {where}"  # noqa: S608
                session.run(f"INSERT INTO found {query}" if found else f"CREATE TEMP TABLE found AS {query}")
                found = True
            return page(session.con, "found", indicator, cohort, "true", limit, offset) if found else ([], 0)
        finally:
            session.close()

    def answers(self, catalogue: Catalogue, indicator: Indicator, rows: Sequence[CaseRow]) -> list[Answer]:
        """What this engine says of each row of a case table on its own."""
        cohort = catalogue.cohort_of(indicator)
        session = self._session(None, catalogue, Period.day(today()), None)
        inside, counted = (render(tree) for tree in membership(indicator))
        _, number = listing(indicator)
        try:
            found = []
            for row in rows:
                values = {name: row.values.get(name) for name in cohort.types}
                session.table_of("one", cohort.types, [tuple(values.values())])
                sums = session.run(render(aggregate("one", [indicator]))).fetchone()
                said = session.run(f"SELECT {inside}, {counted}, {render(number)} FROM one").fetchone()  # noqa: S608
                assert sums is not None and said is not None
                reason = indicator.reasons[said[2]].say if said[2] < len(indicator.reasons) else ""
                denominator = sums[3] if partials([indicator])[0].denominator else None
                found.append(Answer(bool(said[0]), bool(said[1]), fill(reason, values), int(sums[2]), denominator))
            return found
        finally:
            session.close()

    def _session(
        self, lake: LakeDirectory | None, catalogue: Catalogue, period: Period, known_at: datetime | None
    ) -> Session:
        return Session(connect(self.threads, self.memory_limit, self.temp), lake, catalogue, period, known_at)


def _belongs(cohort: Cohort, bucket: int | None) -> bool:
    """Whether a cohort has subjects in a bucket; None stands for "registers alone"."""
    if cohort.scope == "region":
        return bucket is None
    return bucket is not None and (bucket != UNKNOWN_PERSON or cohort.scope == "unknown-person")


def _one_pass(
    session: Session,
    cohort: Cohort,
    indicators: Sequence[Indicator],
    bucket: int | None,
    again: bool,
    keep_rows: Path | None,
) -> None:
    """Add one bucket's sums of a cohort to its partial table; keep its rows when asked."""
    source: str | None = None
    if keep_rows is not None and cohort.text.drill_down:
        source = "kept_rows"
        session.run(f"CREATE OR REPLACE TEMP TABLE {source} AS {session.sql(cohort.query)}")
        folder = keep_rows / cohort.name
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"bucket={bucket if bucket is not None else 0}.parquet"
        columns = ", ".join(f'"{name}"' for name in (*FIXED, *cohort.text.columns))
        session.run(
            f"""COPY (SELECT {columns} FROM {source} ORDER BY division, subject) TO {quoted(str(file))}
            (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)"""  # noqa: S608
        )
    query = aggregate(source or cohort.query, indicators).select("COUNT(*) AS subjects")
    sql = session.sql(query)
    table = f'"part_{cohort.name}"'
    session.run(f"INSERT INTO {table} {sql}" if again else f"CREATE TEMP TABLE {table} AS {sql}")
