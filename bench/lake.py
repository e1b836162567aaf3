"""A region written straight into columns: from nothing to a lake on disk, by two processes."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import peers
from bench.row import Row

PROVINCE, PROVINCE_SECONDS = 38_000_000, 300.0  # what is promised of a real province
MILLION_SECONDS = 10.0  # and of a million
WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def rows(residents: int) -> Iterator[Row]:
    """`luoshi simulate --format lake --no-truth` of so many residents; the floor is the time promised for as many."""
    from luoshi.simulate import output

    home = Path("var/bench")
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as place:
        before, start = processor(), time.perf_counter()
        count = output.write(residents, 1, peers.END, Path(place), form="lake", truth=False)
        taken, busy = time.perf_counter() - start, processor() - before
        megabytes = sum(f.stat().st_size for f in Path(place).rglob("*") if f.is_file()) / 1e6
    promised = PROVINCE_SECONDS if residents >= PROVINCE else MILLION_SECONDS * max(residents / 1_000_000, 1)
    size = f"{residents:,} residents, {count:,} rows, {megabytes:,.0f} MB"
    yield Row("simulate a lake; floor: as promised", taken, promised, size=size, bar=1)
    yield Row("simulate a lake, processor time", busy, size=size)
    most = max(resource.getrusage(who).ru_maxrss for who in WHO) / 1024
    yield Row("simulate a lake, memory of the largest process", most, size=size, unit="MB")


def processor() -> float:
    """Seconds of processor time of this process and of those it has waited for."""
    used = [resource.getrusage(who) for who in WHO]
    return sum(one.ru_utime + one.ru_stime for one in used)
