"""The whole catalogue on a fifth of a region and on all of it, each in a process of its own: time and memory as they grow."""

from __future__ import annotations

from collections.abc import Iterator

from bench.indicators import measured, region
from bench.row import Row

PROVINCE, SECONDS, MEGABYTES = 38_000_000, 180.0, 8 * 1024.0  # what is promised of a real province


def rows(residents: int) -> Iterator[Row]:
    """`python -m bench province --residents 38000000`; the lakes are made once and kept in `var/bench`."""
    part = residents // 5
    few, all_ = measured(region(part)), measured(region(residents))
    told = residents >= PROVINCE
    size = f"{residents:,} residents"
    yield Row("whole catalogue, alone", all_.seconds, SECONDS if told else None, size=size, bar=1 if told else None)
    yield Row("the same, most memory; floor: 8 GiB", all_.megabytes, MEGABYTES, size=size, unit="MB", bar=1)
    yield Row(
        "processor time of a million; floor: in a fifth",
        all_.processor / residents * 1e6,
        few.processor / part * 1e6,
        size=size,
        bar=1.2,
    )
    yield Row("most memory; floor: of a fifth", all_.megabytes, few.megabytes, size=size, unit="MB", bar=5)
