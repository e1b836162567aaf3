"""The walk over a lake: the registers alone, the rows about nobody, then the persons piece by piece.

A piece is computed by one thread from beginning to end. Each lane has a connection of its own to one DuckDB, with temporary
tables that no other sees, so that lanes share nothing but memory and the list of pieces still to do; what they found is put
together at the end. Within one query two threads of DuckDB wait for each other at every sort and every join.
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions and quoted values)
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import pyarrow as pa
from sqlglot import exp

from luoshi.engines.calendars import MOST
from luoshi.engines.lake import UNKNOWN_PERSON, Chunk, LakeDirectory, Slice
from luoshi.engines.periods import PERIOD
from luoshi.engines.periods_session import FEW_PERIODS, PeriodsSession
from luoshi.engines.rendered import quoted, sql_type
from luoshi.engines.runs import Run, belongs
from luoshi.engines.session import PLACES
from luoshi.indicators import Cohort, Indicator
from luoshi.indicators.plan import aggregate

PERIODS_IN_FULL = 4  # up to so many periods a chunk is taken whole; of more, fewer persons at a time
FEW_PERSONS = 1000
LABEL = "__label"
FEW_PIECES = 8  # to a lane
LEAST_PERSONS = 1 << 18  # planning the queries of a piece costs as much as some 60,000 persons


class Work(Protocol):
    """What is done in each piece."""

    @property
    def runs(self) -> Sequence[Run]:
        """The periods asked for."""
        ...

    @property
    def everyone(self) -> Sequence[Cohort]:
        """All cohorts any of them needs."""
        ...

    def begin(self, session: PeriodsSession) -> Sequence[str]:
        """Compute once what every piece needs; the names of the tables made for it."""
        ...

    def take_over(self, session: PeriodsSession, other: PeriodsSession, tables: Sequence[str]) -> None:
        """The same in `session` from what was computed in `other`."""
        ...

    def piece(self, session: PeriodsSession, chunk: Chunk | None, here: Sequence[Cohort], known: set[str]) -> None:
        """Add the sums of one piece to the partial tables of the session; `known`: the cohorts that have one."""
        ...


@dataclass(frozen=True)
class OneByOne:
    """Period by period within each piece."""

    runs: Sequence[Run]
    everyone: Sequence[Cohort]
    groups: Mapping[str, list[Indicator]]

    def begin(self, session: PeriodsSession) -> list[str]:
        """See `Work.begin`."""
        made = []
        for run in self.runs:
            session.period = run.request.period
            session.share_region(run.cohorts, run.place)
            made += [f"{name}_{run.place}" for name in session.regions(run.cohorts)]
        return made

    def take_over(self, session: PeriodsSession, other: PeriodsSession, tables: Sequence[str]) -> None:
        """See `Work.take_over`."""
        session.adopt(other, tables)

    def piece(self, session: PeriodsSession, chunk: Chunk | None, here: Sequence[Cohort], known: set[str]) -> None:
        """See `Work.piece`."""
        session.open_chunk(chunk, here, coded=True)
        for run in self.runs:
            chosen = [cohort for cohort in run.cohorts if cohort in here]
            session.period = run.request.period
            session.use_region(chosen, run.place)
            session.share(chosen)
            for cohort in chosen:
                indicators = self.groups[cohort.name]
                names = tuple(indicator.id for indicator in indicators)
                if run.request.keep_rows is not None and cohort.text.drill_down:
                    session.run(f"CREATE OR REPLACE TEMP TABLE kept_rows AS {session.cohort_sql(cohort)}")
                    _keep_rows(session, cohort, run.request.keep_rows, chunk, "kept_rows")
                    sql = session.sql(cohort, ("rows", *names), lambda i=indicators: aggregate("kept_rows", i))  # type: ignore[misc]
                else:
                    sql = session.sql(cohort, names, lambda c=cohort, i=indicators: aggregate(c.query, i))  # type: ignore[misc]
                _add(session, cohort, f"SELECT {run.place} AS place, * FROM ({sql}) AS sums", known)


@dataclass(frozen=True)
class AtOnce:
    """One query for all periods of a cohort. `regions`: region-wide shared tables as they are known already."""

    runs: Sequence[Run]
    everyone: Sequence[Cohort]
    groups: Mapping[str, list[Indicator]]
    regions: Mapping[str, pa.Table] | None = None

    def begin(self, session: PeriodsSession) -> list[str]:
        """See `Work.begin`."""
        self._every(session)
        session.share_lifted(self.everyone, region=True, given=self.regions)
        return session.regions(self.everyone)

    def take_over(self, session: PeriodsSession, other: PeriodsSession, tables: Sequence[str]) -> None:
        """See `Work.take_over`."""
        self._every(session)
        session.adopt(other, tables)

    def piece(self, session: PeriodsSession, chunk: Chunk | None, here: Sequence[Cohort], known: set[str]) -> None:
        """See `Work.piece`."""
        session.open_chunk(chunk, here, coded=True)
        self._every(session)
        session.share_lifted(here)
        for cohort in here:
            indicators = self.groups[cohort.name]
            names = tuple(indicator.id for indicator in indicators)
            mine = [run for run in self._in_time if cohort.name in run.groups]
            kept = [run for run in mine if run.request.keep_rows is not None and cohort.text.drill_down]
            if kept:
                # Of a few persons all rows are made, for the price of planning one query less.
                made = mine if self._few(session) else kept
                session.set_periods([(run.place, run.request.period) for run in made])
                rows = session.lifted_sql(cohort, ("rows",), partial(lambda c: c.query, cohort), cohorts=self.everyone)
                session.run(f"CREATE OR REPLACE TEMP TABLE kept_rows AS {rows}")
                if isinstance(session.lake, Slice):
                    _keep_together(session, cohort, kept, chunk)
                else:
                    for run in kept:
                        source = f"(SELECT * FROM kept_rows WHERE {PERIOD} = {run.place})"
                        _keep_rows(session, cohort, run.request.keep_rows, chunk, source)  # type: ignore[arg-type]
                _add(session, cohort, _placed(_sums_of_rows(session, cohort, indicators, names)), known)
                mine = [run for run in mine if run not in made]
            for some in _shares(mine):
                session.set_periods([(run.place, run.request.period) for run in some])
                folded = session.folded_sums(cohort, indicators, self.everyone)
                if folded is not None:
                    _add(session, cohort, _placed(folded), known)
                    mine = [run for run in mine if run not in some]
            if mine:
                session.set_periods([(run.place, run.request.period) for run in mine])
                whole = partial(aggregate, cohort.query, indicators)
                sums = session.lifted_sql(cohort, names, whole, cohorts=self.everyone)
                _add(session, cohort, _placed(sums), known)

    @property
    def _in_time(self) -> list[Run]:
        """The runs as they follow each other: what holds in several periods then holds in neighbours."""
        return sorted(self.runs, key=lambda run: (run.request.period.end, run.request.period.start))

    @staticmethod
    def _few(session: PeriodsSession) -> bool:
        """Whether so few persons are looked at that planning is nearly all there is to do."""
        return isinstance(session.lake, Slice) and len(session.lake.persons) <= FEW_PERSONS and not session.lake.whole

    def _every(self, session: PeriodsSession) -> None:
        if len(self.runs) > FEW_PERIODS:
            session.join_as_written()
        session.set_periods([(run.place, run.request.period) for run in self._in_time])


def walk(
    work: Work,
    session: PeriodsSession,
    lake: LakeDirectory,
    threads: int,
    split: Callable[[int], Sequence[PeriodsSession]],
) -> dict[str, pa.Table]:
    """Do `work` in every piece of the lake; the sums of each cohort, a row for each place and division and institution of a
    piece. `split` makes `session` one of so many lanes and opens the others."""
    todo = _pieces(lake, work, threads)
    lanes = min(threads, sum(chunk is not None and chunk.number != UNKNOWN_PERSON for chunk, _ in todo))
    tables = work.begin(session)
    if lanes < 2:
        return _lane(work, session, todo)
    others = split(lanes)
    try:
        for other in others:
            work.take_over(other, session, tables)
        with ThreadPoolExecutor(lanes) as pool:
            found = [one.result() for one in [pool.submit(_lane, work, s, todo) for s in (session, *others)]]
        names = sorted(set().union(*found))
        parts = {name: [sums[name] for sums in found if name in sums] for name in names}
        return {name: pa.concat_tables(some, promote_options="permissive") for name, some in parts.items()}
    finally:
        for other in others:
            other.close()


def _pieces(lake: LakeDirectory, work: Work, threads: int) -> deque[tuple[Chunk | None, list[Cohort]]]:
    """The registers alone, then each piece, with the cohorts that have subjects there."""
    persons = lake.chunk_persons
    if len(work.runs) > PERIODS_IN_FULL and isinstance(work, AtOnce):
        persons = max(1, persons * PERIODS_IN_FULL // len(work.runs))
    if not isinstance(lake, Slice):
        everybody = sum(bucket != UNKNOWN_PERSON for bucket in lake.buckets) * lake.manifest.bucket_size
        persons = min(persons, max(LEAST_PERSONS // len(work.runs), -(-everybody // threads)))
        # With a few pieces that do not share out evenly, one lane works on the last while the others wait.
        count = -(-everybody // persons)
        if count % threads and threads < count < FEW_PIECES * threads:
            persons = -(-persons // 2)
    cohorts = [(chunk, [c for c in work.everyone if belongs(c, chunk)]) for chunk in (None, *lake.pieces(persons))]
    return deque((chunk, here) for chunk, here in cohorts if here)


def _lane(work: Work, session: PeriodsSession, todo: deque[tuple[Chunk | None, list[Cohort]]]) -> dict[str, pa.Table]:
    """Do one piece after the other until none is left; the sums of the cohorts met."""
    known: set[str] = set()
    try:
        while todo:
            try:
                chunk, here = todo.popleft()
            except IndexError:  # the other lane was faster
                break
            work.piece(session, chunk, here, known)
        return {name: session.con.table(f'"part_{name}"').to_arrow_table() for name in known}
    except BaseException:
        todo.clear()  # the other lanes need not go on
        raise


def _shares(runs: list[Run]) -> list[list[Run]]:
    """Runs in as many shares of like size as calendars can hold."""
    size = -(-len(runs) // max(1, -(-len(runs) // MOST)))
    return [runs[first : first + size] for first in range(0, len(runs), size)] if runs else []


def _sums_of_rows(session: PeriodsSession, cohort: Cohort, indicators: list[Indicator], names: tuple[str, ...]) -> str:
    """The sums over the table `kept_rows`, by period."""

    def build() -> exp.Query:
        sums = aggregate("kept_rows", indicators)
        sums.set("expressions", [exp.column(PERIOD), *sums.expressions])
        return sums.group_by(PERIOD)

    return session.sql(cohort, ("kept for all periods", *names), build)


def _placed(sums: str) -> str:
    return f'SELECT * RENAME ("{PERIOD}" AS place) FROM ({sums}) AS sums'


def _add(session: PeriodsSession, cohort: Cohort, sums: str, known: set[str]) -> None:
    """Add sums (place, division, institution, subjects, …) to a cohort's partial table, places in letters."""
    table = f'"part_{cohort.name}"'
    sums = f"SELECT * REPLACE ({', '.join(f'CAST({name} AS VARCHAR) AS {name}' for name in PLACES)}) FROM ({sums}) AS coded"
    if cohort.name in known:
        session.run(f"INSERT INTO {table} {sums}")
    else:
        session.run(f"CREATE TEMP TABLE {table} AS SELECT * FROM ({sums}) AS sums")
    known.add(cohort.name)


def _keep_together(session: PeriodsSession, cohort: Cohort, runs: Sequence[Run], chunk: Chunk | None) -> None:
    """Write a cohort's rows of a few persons in all periods in one file, beside the folders of the periods: `LABEL` names
    each row's. None where there are no rows."""
    folders = [run.request.keep_rows for run in runs if run.request.keep_rows is not None]
    named = " ".join(f"WHEN {run.place} THEN {quoted(folder.name)}" for run, folder in zip(runs, folders, strict=True))
    source = f"(SELECT *, CASE {PERIOD} {named} END AS {LABEL} FROM kept_rows)"
    if session.run(f"SELECT 1 FROM {source} WHERE {LABEL} IS NOT NULL LIMIT 1").fetchone():
        where = f"WHERE {LABEL} IS NOT NULL ORDER BY {LABEL}, division, subject"
        _write_rows(session, cohort, folders[0].parent, chunk, f"{source} {where}", f"{LABEL}, ")


def _keep_rows(session: PeriodsSession, cohort: Cohort, folder: Path, chunk: Chunk | None, source: str) -> None:
    """Write a cohort's rows of one chunk, in order of division."""
    _write_rows(session, cohort, folder, chunk, f"{source} ORDER BY division, subject")


def _write_rows(
    session: PeriodsSession, cohort: Cohort, folder: Path, chunk: Chunk | None, source: str, more: str = ""
) -> None:
    target = folder / cohort.name
    target.mkdir(parents=True, exist_ok=True)
    file = target / (chunk.file_name if chunk is not None else "chunk=registers.parquet")
    columns = ", ".join(f'CAST("{name}" AS {sql_type(kind)}) AS "{name}"' for name, kind in cohort.types.items())
    session.run(
        f"""COPY (SELECT {more}{columns} FROM {source}) TO {quoted(str(file))}
        (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)"""
    )
