"""The list of today of a centre with 3,000 chronic patients: read, planned, put in order.

`python -m bench.chronic --lake LAKE [--patients 3000]` takes as many institutions of a lake (chosen by chance, so that
their people lie in all of its buckets) as it takes to have so many patients, and prints the median of five lists, cut
into reading and planning; the floor is the bare queries in DuckDB.
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

from bench.row import Row

BAR = 0.5
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


def measured(lake: Path, patients: int) -> tuple[int, float, float, float]:
    """Patients, and medians of five: seconds of the whole list, of reading, of planning."""
    from luoshi.engines import LakeDirectory
    from luoshi.kernel import clock
    from luoshi.platform.access.scope import Scope
    from luoshi.services.chronic import members, panel

    codes, _count = institutions(lake, patients)
    scope = Scope(user=None, institution_codes=codes)
    on = LakeDirectory.open(lake).data_until or clock.today()
    reading, planning, found = [], [], 0
    for _ in range(5):
        start = time.perf_counter()
        read = panel.read(scope, on=on, lake=lake)
        middle = time.perf_counter()
        found = len(members.members(read))
        reading.append(middle - start)
        planning.append(time.perf_counter() - middle)
    whole = [a + b for a, b in zip(reading, planning, strict=True)]
    return found, statistics.median(whole), statistics.median(reading), statistics.median(planning)


def rows(residents: int) -> Iterator[Row]:
    """For `python -m bench`: over a lake invented for it."""
    import tempfile

    from bench import peers
    from luoshi.cli.main import django_setup
    from luoshi.simulate import output

    django_setup()
    home = Path("var/bench")
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as place:
        output.write(residents, 1, peers.END, Path(place), form="lake", truth=False)
        found, whole, reading, planning = measured(Path(place) / "lake", 3000)
    words = f"{found:,} patients of {residents:,}; reading {reading:.2f} s, planning {planning:.2f} s; bar {BAR} s"
    yield Row("chronic list of today", whole, size=words)


@click.command()
@click.option("--lake", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--patients", default=3000, show_default=True)
def main(lake: Path, patients: int) -> None:
    """Measure the list of today over a lake."""
    from luoshi.cli.main import django_setup

    django_setup()
    found, whole, reading, planning = measured(lake, patients)
    verdict = "within" if whole <= BAR else "over"
    processor = time.process_time()  # what the whole command cost, for a machine that is busy with other things
    click.echo(f"{found:,} patients: {whole:.3f} s (reading {reading:.3f}, planning {planning:.3f}), {verdict} {BAR} s")
    click.echo(
        f"processor time of five lists with the start of Django: {processor:.1f} s; load of the machine {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
