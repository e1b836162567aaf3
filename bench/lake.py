"""A region written straight into columns: seconds from nothing to a lake on disk."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import peers
from bench.row import Row


def rows(residents: int) -> Iterator[Row]:
    """`luoshi simulate --format lake --no-truth` of so many residents, on two processes."""
    from luoshi.simulate import output

    home = Path("var/bench")
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as place:
        start = time.perf_counter()
        count = output.write(residents, 1, peers.END, Path(place), form="lake", truth=False)
        taken = time.perf_counter() - start
        megabytes = sum(f.stat().st_size for f in Path(place).rglob("*") if f.is_file()) / 1e6
        shutil.rmtree(place, ignore_errors=True)
        Path(place).mkdir()
    bar = 10 * residents / 1_000_000
    yield Row(
        "simulate a lake", taken, size=f"{residents:,} residents, {count:,} rows, {megabytes:,.0f} MB; bar {bar:.0f} s"
    )
