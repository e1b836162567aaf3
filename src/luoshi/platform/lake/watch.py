"""Keeping the lake and what is made of it fresh: look for changes, redo their buckets, refresh the results."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from threading import Event

from luoshi.platform.lake.build import Report, update
from luoshi.platform.lake.source import Source

REGISTERS_EVERY = 60.0


def refresh_results(lake: Path, report: Report) -> None:
    """Have the results of the indicators made again."""
    from luoshi.platform.lake.refresh import refresh

    refresh(lake)


def watch(
    source: Source,
    lake: Path,
    *,
    clock: Callable[[], datetime],
    every: float = 2.0,
    refresh: Callable[[Path, Report], object] = refresh_results,
    sleep: Callable[[float], None] = time.sleep,
    before: Callable[[], object] = lambda: None,
    stop: Event | None = None,
) -> Iterator[Report]:
    """Update the lake whenever something changed, for ever; gives a report after each update that was followed by a
    refresh.

    `before` is called before each look (matching who is who, so that the lake never shows one person as two for long);
    `every`: seconds between two looks at the records; registers are looked at once in `REGISTERS_EVERY` seconds. The
    first look always refreshes, so results left behind by a crash or a failed refresh catch up. Ends when `stop` is set.
    """
    looks_between = max(1, round(REGISTERS_EVERY / every)) if every > 0 else 1
    for look in itertools.count():
        before()
        report = update(source, lake, at=clock(), with_registers=look % looks_between == 0)
        if report or look == 0:
            refresh(lake, report)
            yield report
        if stop is None:
            sleep(every)
        elif stop.wait(every):
            return
