"""The list of today of a centre with 3,000 chronic patients: read, planned, put in order.

`python -m bench.chronic --lake LAKE [--patients 3000]` takes as many institutions of a lake (chosen by chance, so that
their people lie in all of its buckets) as it takes to have so many patients, and prints the median of five looks: the first at a
lake that nobody planned, the first of a process at one that the worker (or another process) planned, one after a visit was
saved about somebody, one after nothing was.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import click
import duckdb

from bench.home import empty_home
from bench.row import Row

BAR = 0.5
WHAT = ("first look at a lake", "first look of a process, planned ahead", "after one was changed", "nothing changed")
PROGRAMMES = "('hypertension', 'diabetes', 'copd')"


def institutions(lake: Path, patients: int, seed: int = 1) -> tuple[tuple[str, ...], int]:
    """Codes of institutions chosen by chance that manage at least so many patients, and how many they manage."""
    files = f"read_parquet('{lake}/tables/episode/*/part.parquet')"
    rows = duckdb.sql(
        f"SELECT institution, count(DISTINCT person) FROM {files} WHERE program IN {PROGRAMMES}"
        " AND status IN ('active', 'onhold') AND known_to IS NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    random.Random(seed).shuffle(rows)
    codes: list[str] = []
    total = 0
    for code, count in rows:
        codes.append(code)
        total += count
        if total >= patients:
            break
    return tuple(codes), total


def measured(lake: Path, patients: int) -> tuple[int, float, float, float, float]:
    """Patients; and of five looks each the middle: seconds of the first look at a lake (read and planned), of the first of
    another process (read from the shelf), of a look after one person was changed, of a look after nothing was."""
    from luoshi.engines import LakeDirectory
    from luoshi.kernel import clock
    from luoshi.platform.access.scope import Scope
    from luoshi.services.chronic import kept

    codes, _count = institutions(lake, patients)
    scope = Scope(user=None, institution_codes=codes)
    on = LakeDirectory.open(lake).data_until or clock.today()
    taken: dict[str, list[float]] = {"first": [], "shelf": [], "changed": [], "again": []}
    found = 0

    def look(kind: str) -> None:
        nonlocal found
        start = time.perf_counter()
        listed, _until = kept.place_members(scope, on, most=10 * patients, lake=lake)
        taken[kind].append(time.perf_counter() - start)
        found = len(listed)

    def unsettle() -> None:
        """Take one person of the place for changed, as a saved visit would."""
        for place in kept._held.values():
            place.stamps = {**place.stamps, next(iter(place.by_person)): ("measured",)}

    for _ in range(5):
        kept.forget()
        look("first")
        kept.forget(on_disk=False)
        look("shelf")
        look("again")
        unsettle()
        look("changed")
    first, shelf, changed, again = (statistics.median(seconds) for seconds in taken.values())
    return found, first, shelf, changed, again


def rows(residents: int) -> Iterator[Row]:
    """For `python -m bench`: over a lake invented for it."""
    from bench import peers
    from luoshi.simulate import output

    with empty_home(peers.END.isoformat()) as home:
        output.write(residents, 1, peers.END, home, form="lake", truth=False)
        found, first, shelf, changed, again = measured(home / "lake", 3000)
    words = f"{found:,} patients of {residents:,}; bar {BAR} s"
    yield Row("chronic list: first look at a lake", first, size=words)
    yield Row("chronic list: first look of a process, planned ahead", shelf, size=words)
    yield Row("chronic list: after one was changed", changed, size=words)
    yield Row("chronic list: nothing changed", again, size=words)


@click.command()
@click.option("--lake", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--patients", default=3000, show_default=True)
def main(lake: Path, patients: int) -> None:
    """Measure the list of today over a lake."""
    with empty_home(""):
        before = time.process_time()
        found, *taken = measured(lake, patients)
    processor = time.process_time() - before  # for a machine that is busy with other things
    for words, seconds in zip(WHAT, taken, strict=True):
        verdict = "within" if seconds <= BAR else "over"
        click.echo(f"{found:,} patients, {words}: {seconds:.3f} s, {verdict} {BAR} s")
    click.echo(f"processor time of five of each: {processor:.1f} s; load of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
