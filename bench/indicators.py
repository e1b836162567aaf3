"""The catalogue over a region on two cores: against the bare scan of the columns used, and against hand-written peers."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
from sqlglot import exp

from bench import peers
from bench.row import Row, best
from luoshi.engines import LakeDirectory, Request, engine
from luoshi.engines.base import Results
from luoshi.indicators import Catalogue
from luoshi.indicators.tables import PERSON_TABLES
from luoshi.kernel.period import Period

THREADS = 2
YEAR = Period(peers.START, peers.END)


def region(residents: int) -> Path:
    """A simulated lake of that size, made once and kept in `var/bench`."""
    from luoshi.simulate import lake
    from luoshi.simulate.city import invent

    folder = Path("var/bench") / f"lake-{residents}"
    if not (folder / "lake.json").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        lake.write(invent(residents, seed=1, as_of=peers.END), folder)
    return folder


def columns_read(catalogue: Catalogue) -> dict[str, list[str]]:
    """Person table → the columns any cohort reads, with `known_to`, which every read filters by."""
    used: dict[str, set[str]] = {}
    queries = [*(c.query for c in catalogue.cohorts.values()), *(s.query for s in catalogue.shared.values())]
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


def measured(folder: Path) -> tuple[float, float]:
    """Seconds and peak memory (MB) of the whole catalogue in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.indicators", str(folder)], check=True, capture_output=True, text=True
    )
    answer = json.loads(told.stdout)
    return answer["seconds"], answer["megabytes"]


def rows(residents: int) -> Iterator[Row]:
    """Whole catalogue, twelve months, hand-written peers, worklist."""
    folder = region(residents)
    lake, catalogue = LakeDirectory.open(folder), Catalogue.load()
    size = f"{residents:,} residents"
    running = engine("duckdb", threads=THREADS)
    running.evaluate(lake, catalogue, YEAR)  # once for the file cache and the SQL texts
    columns = columns_read(catalogue)
    floor = best(lambda: scan(lake, columns))
    once = best(lambda: running.evaluate(lake, catalogue, YEAR))
    count = len(catalogue.computed())
    yield Row(f"{count} indicators, every level", once, floor, size=size, bar=10)
    _, megabytes = measured(folder)
    yield Row("peak memory of the same", megabytes, size=size, unit="MB")
    months = [Request(Period(date(2025, 1, 1), Period.month(2025, m).end)) for m in range(1, 11)]
    months += [Request(Period(date(2024, 1, 1), Period.month(2024, m).end)) for m in (11, 12)]
    twelve = best(lambda: running.evaluate_many(lake, catalogue, months), 1)
    yield Row("12 month ends in one walk", twelve, peers={"12 runs": 12 * once}, size=size)
    yield from _against_peers(folder, lake, catalogue, running, size)
    indicator = catalogue.indicator("htn-std")
    township = next(d for d in _divisions(lake, 4))
    listed = best(lambda: running.why(lake, catalogue, indicator, YEAR, division=township))
    yield Row("why, one township, from the records", listed, size=size)


def _against_peers(folder, lake, catalogue, running, size) -> Iterator[Row]:
    con = peers.connect(folder, THREADS)
    names = list(peers.QUERIES)
    results = running.evaluate(lake, catalogue, YEAR, names)
    for name in names:
        _same(results, catalogue, name, peers.by_hand(con, name))
    ours = best(lambda: running.evaluate(lake, catalogue, YEAR, names))
    hand = best(lambda: [peers.by_hand(con, name) for name in names])
    yield Row(f"{len(names)} indicators", ours, peers={"DuckDB, one query each": hand}, size=size)
    con.close()
    some = list(peers.POLARS)
    for name in some:
        _same(results, catalogue, name, peers.by_polars(folder, name))
    ours = best(lambda: running.evaluate(lake, catalogue, YEAR, some))
    frames = best(lambda: [peers.by_polars(folder, name) for name in some])
    yield Row(f"{len(some)} indicators", ours, peers={"Polars, one query each": frames}, size=size)


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
    taken = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": taken, "megabytes": peak}))


if __name__ == "__main__":
    _alone(sys.argv[1])
