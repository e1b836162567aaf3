"""The engine for a lake too large for one machine: Spark over the same Parquet.

The cluster makes the sums by (division, institution) of each cohort; those few rows come to this process, where rolling
them up over both trees is the same code as for DuckDB. The answers are the same to the digit; `spark_dialect` says how.
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from luoshi.engines.base import About, Listed, Request, Results
from luoshi.engines.connection import connect
from luoshi.engines.lake import LakeDirectory
from luoshi.engines.listing import listed_from, place_condition
from luoshi.engines.rendered import Rendered
from luoshi.engines.rollup import build_trees, leaves_below, members_below
from luoshi.engines.runs import Run, results_of, together
from luoshi.engines.session import Session
from luoshi.engines.sources import TOLD, reach_of, trees
from luoshi.engines.spark_dialect import SPARK_TYPES
from luoshi.engines.spark_session import SparkViews, spark_session
from luoshi.indicators import Catalogue, Cohort, Indicator
from luoshi.indicators.cases import Answer, CaseRow
from luoshi.indicators.cohort import FIXED
from luoshi.indicators.measure import fill
from luoshi.indicators.plan import aggregate, listing, membership, partials
from luoshi.kernel.clock import today
from luoshi.kernel.period import Period

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class SparkEngine:
    """See `luoshi.engines.base.Engine`. `master` as Spark writes it (`local[2]`, `spark://host:7077`, `yarn`);
    `options` are Spark's own settings. The lake must be reachable under one path from everywhere."""

    name = "spark"

    def __init__(self, *, master: str = "local[2]", options: Mapping[str, str] | None = None) -> None:
        self.master = master
        self.options = dict(options or {})
        self._spark: SparkSession | None = None

    @property
    def spark(self) -> SparkSession:
        """The session, started when first needed."""
        if self._spark is None:
            self._spark = spark_session(self.master, self.options)
        return self._spark

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
        """Several periods, one after the other; results in the order of `requests`."""
        if not requests:
            return []
        runs = Run.of(catalogue, requests)
        groups = together(runs)
        session = _registers(lake, catalogue, requests[0].period, known_at)
        try:
            known: set[str] = set()
            for run in runs:
                views = SparkViews(self.spark, lake, catalogue, run.request.period, known_at)
                try:
                    for cohort, sums in self._sums(views, run, groups):
                        _add(session, run.place, cohort, sums, cohort.name in known)
                        known.add(cohort.name)
                finally:
                    views.close()
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
        session = _registers(lake, catalogue, period, known_at)
        try:
            build_trees(session)
            where = place_condition(
                leaves_below(session, division) if division is not None else None,
                members_below(session, institution) if institution is not None else None,
            )
        finally:
            session.close()
        condition, reason = listing(indicator)
        own = [name for name in cohort.types if name not in FIXED]
        columns = [*(exp.column(name) for name in FIXED), exp.alias_(reason, "reason"), *map(exp.column, own)]
        views = SparkViews(self.spark, lake, catalogue, period, known_at)
        try:
            parts = []
            for unknown in _walks(cohort):
                self._open(views, [cohort], unknown)
                source = cohort.query.copy().subquery("subjects")
                query = exp.select(*columns).from_(source).where(condition.copy()).where(where, dialect="duckdb")
                order = [
                    exp.Ordered(this=exp.column(name), nulls_first=False) for name in ("reason", "division", "subject")
                ]
                total = views.arrow(
                    exp.select(exp.alias_(exp.Count(this=exp.Star()), "n")).from_(query.subquery("q")), cohort.name
                )
                parts.append(
                    (int(total["n"][0].as_py()), views.arrow(query.order_by(*order).limit(offset + limit), cohort.name))
                )
            rows = pa.concat_tables([rows for _, rows in parts], promote_options="permissive")
            rows = rows.sort_by([(name, "ascending") for name in ("reason", "division", "subject")]).slice(
                offset, limit
            )
            found = (tuple(row[name] for name in (*FIXED, "reason", *own)) for row in rows.to_pylist())
            return [listed_from(row, own, len(indicator.reasons)) for row in found], sum(total for total, _ in parts)
        finally:
            views.close()

    def about(self, lake: LakeDirectory, catalogue: Catalogue, day: date) -> About:
        """What must be known beside the sums of the day `day`; see the protocol."""
        session = _registers(lake, catalogue, Period.day(day), None)
        views = SparkViews(self.spark, lake, catalogue, Period.day(day), None)
        try:
            views.open_persons(None)
            told: dict[tuple[str, str], date] = {}
            for table, (kind, when) in TOLD.items():
                rows = views.spark.sql(
                    f"""SELECT CAST({kind} AS STRING), MAX(CAST({when} AS DATE)) FROM `{table}`
                    WHERE CAST({when} AS DATE) <= DATE '{day}' GROUP BY 1"""
                ).collect()
                told |= {(table, str(code)): last for code, last in rows if last is not None}
            empty = {name for name in views.schema if not views.spark.table(name).take(1)}
            sources = {name: catalogue.sources(cohort) for name, cohort in catalogue.cohorts.items()}
            missing = {name: sorted(tables & empty) for name, tables in sources.items() if tables & empty}
            return About(reach_of(catalogue, told), missing, *trees(session))
        finally:
            views.close()
            session.close()

    def answers(self, catalogue: Catalogue, indicator: Indicator, rows: Sequence[CaseRow]) -> list[Answer]:
        """What this engine says of each row of a case table on its own."""
        return self.answers_of(catalogue, {indicator.id: rows})[indicator.id]

    def answers_of(self, catalogue: Catalogue, cases: Mapping[str, Sequence[CaseRow]]) -> dict[str, list[Answer]]:
        """The same for several indicators, a cohort at a time: one question to the cluster instead of many."""
        found: dict[str, list[Answer]] = {}
        by_cohort: dict[str, list[Indicator]] = {}
        for name in cases:
            indicator = catalogue.indicator(name)
            by_cohort.setdefault(catalogue.cohort_of(indicator).name, []).append(indicator)
        for name, indicators in by_cohort.items():
            cohort = catalogue.cohorts[name]
            found |= self._answers(catalogue, cohort, indicators, cases)
        return found

    def _answers(
        self, catalogue: Catalogue, cohort: Cohort, indicators: list[Indicator], cases: Mapping[str, Sequence[CaseRow]]
    ) -> dict[str, list[Answer]]:
        views = SparkViews(self.spark, None, catalogue, Period.day(today()))
        # Each row is a place of its own, so that one pass gives the sums of each; all are asked of every indicator.
        listed = [(i, row) for i in indicators for row in cases[i.id]]
        values = [
            {**dict.fromkeys(cohort.types), **row.values, "division": str(n)} for n, (_, row) in enumerate(listed)
        ]
        views.table_of("rows", cohort.types, [tuple(row[name] for name in cohort.types) for row in values])
        sums = views.arrow(aggregate("rows", indicators), cohort.name).to_pylist()
        by_place = {int(row["division"]): row for row in sums}
        asked: list[exp.Expression] = [exp.column("division")]
        for k, indicator in enumerate(indicators):
            inside, counted = membership(indicator)
            if indicator.kind != "ratio":  # what it adds up is no question of yes and no
                counted = exp.true()
            asked += [
                exp.alias_(inside, f"i{k}"),
                exp.alias_(counted, f"c{k}"),
                exp.alias_(listing(indicator)[1], f"r{k}"),
            ]
        said = {
            int(row["division"]): row for row in views.arrow(exp.select(*asked).from_("rows"), cohort.name).to_pylist()
        }
        columns = partials(indicators)
        found: dict[str, list[Answer]] = {indicator.id: [] for indicator in indicators}
        for n, (indicator, _) in enumerate(listed):
            k = indicators.index(indicator)
            first = said[n][f"r{k}"]
            reason = fill(indicator.reasons[first].say, values[n]) if first < len(indicator.reasons) else ""
            below = columns[k].denominator
            found[indicator.id].append(
                Answer(said[n][f"i{k}"], said[n][f"c{k}"], reason, by_place[n][columns[k].numerator],
                       by_place[n][below] if below else None)
            )  # fmt: skip
        return found

    def _open(self, views: SparkViews, cohorts: Sequence[Cohort], unknown: bool | None) -> None:
        views.open_persons(None)
        views.share(cohorts, region=True)
        if unknown is not None:
            views.open_persons(unknown)
        views.share(cohorts)

    def _sums(
        self, views: SparkViews, run: Run, groups: Mapping[str, list[Indicator]]
    ) -> Iterable[tuple[Cohort, pa.Table]]:
        for unknown in (None, False, True):
            cohorts = [cohort for cohort in run.cohorts if unknown in _walks(cohort)]
            if not cohorts:
                continue
            self._open(views, cohorts, unknown)
            for cohort in cohorts:
                if run.request.keep_rows is not None and cohort.text.drill_down:
                    self._keep_rows(views, cohort, run.request.keep_rows, unknown)
                yield cohort, views.arrow(aggregate(cohort.query, groups[cohort.name]), cohort.name)

    def _keep_rows(self, views: SparkViews, cohort: Cohort, folder: Path, unknown: bool | None) -> None:
        """Write a cohort's rows by chunk of persons, in order of division, in the files DuckDB would write."""
        from pyspark.sql import functions as f

        assert views.lake is not None
        columns = [f.col(name).cast(SPARK_TYPES[kind]).alias(name) for name, kind in cohort.types.items()]
        rows: DataFrame = views.spark.sql(views.sql(cohort.query, cohort.name)).select(*columns)
        width = views.lake.buckets_per_chunk * views.lake.manifest.bucket_size
        number = (
            f.lit(-1)
            if unknown
            else f.floor(f.col("person") / width).cast("string")
            if unknown is False
            else f.lit("registers")
        )
        target = folder / cohort.name
        draft = target / f".draft-{unknown}"
        ordered = (
            rows.withColumn("chunk", number).repartition("chunk").sortWithinPartitions("chunk", "division", "subject")
        )
        ordered.write.partitionBy("chunk").mode("overwrite").parquet(str(draft))
        for part in sorted(draft.glob("chunk=*/*.parquet")):
            part.replace(target / f"{part.parent.name}.parquet")
        shutil.rmtree(draft)


def _walks(cohort: Cohort) -> tuple[bool | None, ...]:
    """The groups of buckets a cohort is computed over: `None` registers alone, `False` persons, `True` nobody known."""
    return {"region": (None,), "bucket": (False,), "unknown-person": (False, True)}[cohort.scope]


def _registers(lake: LakeDirectory, catalogue: Catalogue, period: Period, known_at: datetime | None) -> Session:
    """A small DuckDB session of this process: the registers and their trees, and the sums to roll up."""
    return Session(connect(2, "1GB"), Rendered(), lake, catalogue, period, known_at)


def _add(session: Session, place: int, cohort: Cohort, sums: pa.Table, known: bool) -> None:
    session.con.register("sums", sums)
    verb = f'INSERT INTO "part_{cohort.name}"' if known else f'CREATE TEMP TABLE "part_{cohort.name}" AS'
    session.run(f"{verb} SELECT {place}::INTEGER AS place, * FROM sums")
    session.con.unregister("sums")
