"""The catalogue over a region on two cores: against the bare scan of the columns used, and against hand-written peers."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
from sqlglot import exp

from bench import peers
from bench.fhir import postgres
from bench.row import Row, best
from luoshi.engines import LakeDirectory, Request, engine
from luoshi.engines.base import Results
from luoshi.indicators import Catalogue
from luoshi.indicators.tables import PERSON_TABLES
from luoshi.kernel import lake_layout as layout
from luoshi.kernel.period import Period

THREADS = 2
YEAR = Period(peers.START, peers.END)


def region(residents: int) -> Path:
    """A simulated lake of that size, made once and kept in `var/bench`; a province of several cities where one is full."""
    from luoshi.simulate import lake, province
    from luoshi.simulate.city import invent

    folder = Path("var/bench") / f"region-{residents}"
    if not (folder / "lake" / "lake.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        if province.is_province(residents):
            province.write(residents, 1, peers.END, folder, truth=False)
        else:
            lake.write(invent(residents, seed=1, as_of=peers.END), folder / "lake")
    return folder / "lake"


def columns_read(catalogue: Catalogue, names: Iterable[str] | None = None) -> dict[str, list[str]]:
    """Person table → the columns the cohorts of these indicators (all) read, with `known_to`, which every read filters by."""
    used: dict[str, set[str]] = {}
    cohorts = [catalogue.cohorts[name] for name in {i.cohort for i in catalogue.computed(names)}]
    todo, shared = [name for cohort in cohorts for name in cohort.reads], set()
    while todo:
        if (name := todo.pop()) in catalogue.shared and name not in shared:
            shared.add(name)
            todo.extend(catalogue.shared[name].reads)
    queries = [*(c.query for c in cohorts), *(catalogue.shared[name].query for name in shared)]
    for query in queries:
        names = {column.name for column in query.find_all(exp.Column)}
        for table in {t.name for t in query.find_all(exp.Table)} & PERSON_TABLES.keys():
            used.setdefault(table, {"known_to"}).update(names & PERSON_TABLES[table].keys())
    return {table: sorted(columns) for table, columns in sorted(used.items())}


def scan(lake: LakeDirectory, columns: dict[str, list[str]]) -> None:
    """Read every one of these columns once and do next to nothing with it: the floor."""
    con = duckdb.connect(config={"threads": THREADS})
    for table, names in columns.items():
        files = [file for chunk in lake.chunks for file in lake.files(table, chunk)]
        if files:
            touched = ", ".join(f'any_value("{name}")' for name in names)
            con.execute(f"SELECT {touched} FROM read_parquet({files})").fetchall()
    con.close()


@dataclass(frozen=True)
class Alone:
    """What the whole catalogue took in a process of its own: seconds, seconds of processor time, most memory (MB)."""

    seconds: float
    processor: float
    megabytes: float


def measured(folder: Path) -> Alone:
    """The whole catalogue over the lake at `folder` in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.indicators", str(folder)], check=True, capture_output=True, text=True
    )
    return Alone(**json.loads(told.stdout))


CALENDAR_MONTHS = [Request(Period.month(2025, m)) for m in range(1, 11)] + [
    Request(Period.month(2024, m)) for m in (11, 12)
]
MONTHS = [Request(Period(month.period.end.replace(month=1, day=1), month.period.end)) for month in CALENDAR_MONTHS]
SPARK = {"spark.sql.shuffle.partitions": "4", "spark.driver.memory": "3g"}


def rows(residents: int) -> Iterator[Row]:
    """Whole catalogue, core set, twelve month ends and calendar months, worklist, what a change costs, hand-written peers."""
    folder = region(residents)
    lake, catalogue = LakeDirectory.open(folder), Catalogue.load()
    size = f"{residents:,} residents"
    running = engine("duckdb", threads=THREADS)
    once = best(lambda: running.evaluate(lake, catalogue, YEAR), 2)  # the first also fills the file cache
    floor = best(lambda: scan(lake, columns_read(catalogue)))
    count = len(catalogue.computed())
    yield Row(f"{count} indicators, every level", once, floor, size=size, bar=8)
    core = list(peers.QUERIES)
    ours = best(lambda: running.evaluate(lake, catalogue, YEAR, core))
    floor = best(lambda: scan(lake, columns_read(catalogue, core)))
    yield Row(f"core set of {len(core)} indicators", ours, floor, size=size, bar=4)
    twelve = best(lambda: running.evaluate_many(lake, catalogue, MONTHS), 2)
    yield Row("12 month ends, year to date, floor: one", twelve, once, size=size, bar=4)
    one = best(lambda: running.evaluate(lake, catalogue, CALENDAR_MONTHS[9].period), 2)
    twelve = best(lambda: running.evaluate_many(lake, catalogue, CALENDAR_MONTHS), 2)
    yield Row("12 calendar months, floor: one", twelve, one, size=size, bar=4)
    yield Row("peak memory of the whole catalogue", measured(folder).megabytes, size=size, unit="MB")
    indicator = catalogue.indicator("htn-std")
    township = next(d for d in _divisions(lake, 4))
    listed = best(lambda: running.why(lake, catalogue, indicator, YEAR, division=township))
    yield Row("why, one township, from the records", listed, size=size)
    yield from _after_changes(folder, size)
    yield from _against_peers(folder, lake, catalogue, running, size)


def _after_changes(folder: Path, size: str) -> Iterator[Row]:
    """What it costs to bring all periods of the board up to date, against making them anew."""
    from luoshi.platform.lake import changes
    from luoshi.platform.lake.refresh import refresh

    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        lake = Path(place) / "lake"
        shutil.copytree(
            folder, lake, copy_function=os.link
        )  # no byte is copied; files are replaced, never written into
        whole = best(lambda: refresh(lake, whole=True), 1)
        bucket_size = LakeDirectory.open(lake).manifest.bucket_size
        persons = LakeDirectory.open(lake).manifest.rows["person"]
        for name, count in (("one person changed", 1), ("1% of persons changed", persons // 100)):
            step = max(1, persons // count)
            changed: dict[int, list[int]] = {}
            for person in range(0, persons, step):
                changed.setdefault(person // bucket_size, []).append(person)
            if count == 1:
                changed = {0: [0]}
            changes.note(lake, changed, [])
            for bucket, numbers in changed.items():
                _moved_by_a_day(lake, bucket, numbers)
            start = time.perf_counter()
            made = refresh(lake)
            taken = time.perf_counter() - start
            if made.whole:
                raise SystemExit(f"{name}: everything was read again")
            yield Row(f"{name}, all periods of the board", taken, whole, size=f"{size}; floor: made anew")


def _moved_by_a_day(lake: Path, bucket: int, persons: list[int]) -> None:
    """The visits of some persons come to be a day earlier."""
    path = layout.table_path(lake, "visit", bucket)
    if not path.exists():
        return
    con = duckdb.connect()
    con.execute("CREATE TABLE moved AS SELECT unnest(?) AS person", [persons])
    part = path.with_suffix(".new")
    con.execute(
        f"""COPY (SELECT * REPLACE (day - (person IN (SELECT person FROM moved))::INTEGER AS day)
        FROM read_parquet('{path}') ORDER BY person, day) TO '{part}' (FORMAT parquet)"""
    )
    con.close()
    part.replace(path)


def _against_peers(folder, lake, catalogue, running, size) -> Iterator[Row]:
    """The same indicators as one hand-written query each; a peer that counts otherwise ends the bench."""
    con = peers.connect(folder, THREADS)
    names = list(peers.QUERIES)
    results = running.evaluate(lake, catalogue, YEAR, names)

    def timed(ask: Callable[[str], dict[str, tuple[int, int]]], some: list[str]) -> float:
        for name in some:
            _same(results, catalogue, name, ask(name))
        return best(lambda: [ask(name) for name in some], 2)

    others = {"DuckDB, one query each": timed(lambda name: peers.by_hand(con, name), names)}
    with postgres() as url:
        if url is not None:
            import psycopg

            peers.into_postgres(con, url)
            with psycopg.connect(url) as server:
                server.execute("SET work_mem = '256MB'")
                others["PostgreSQL"] = timed(lambda name: peers.by_postgres(server, name), names)
    con.close()
    if shutil.which("java"):
        spark = engine("spark", master="local[2]", options=SPARK).spark
        peers.spark_tables(spark, folder)
        others["PySpark"] = timed(lambda name: peers.by_spark(spark, name), names)
        spark.stop()
    ours = best(lambda: running.evaluate(lake, catalogue, YEAR, names))
    yield Row(f"{len(names)} indicators", ours, peers=others, size=size, bar=1)
    some = list(peers.POLARS)
    frames = timed(lambda name: peers.by_polars(folder, name), some)
    ours = best(lambda: running.evaluate(lake, catalogue, YEAR, some))
    yield Row(f"{len(some)} indicators", ours, peers={"Polars, one query each": frames}, size=size, bar=1)


def _same(results: Results, catalogue: Catalogue, name: str, told: dict[str, tuple[int, int]]) -> None:
    """A peer that counts otherwise is no peer."""
    indicator = catalogue.indicator(name)
    for division, counts in told.items():
        got = results.cell(indicator, division=division)
        if got != counts:
            raise SystemExit(f"{name} in {division}: ours {got}, by hand {counts}")


def _divisions(lake: LakeDirectory, level: int) -> list[str]:
    con = duckdb.connect()
    found = con.execute(
        f"SELECT code FROM read_parquet({list(lake.files('division'))}) WHERE level = {level} ORDER BY code"
    ).fetchall()
    con.close()
    return [code for (code,) in found]


def _alone(folder: str) -> None:
    lake, catalogue = LakeDirectory.open(folder), Catalogue.load()
    start = time.perf_counter()
    engine("duckdb", threads=THREADS).evaluate(lake, catalogue, YEAR)
    taken, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    # Not `ru_maxrss`, which begins with what the process held that started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    told = Alone(taken, used.ru_utime + used.ru_stime, int(status["VmHWM"].split()[0]) / 1024)
    print(json.dumps(asdict(told)))


if __name__ == "__main__":
    _alone(sys.argv[1])
