"""Keeping the lake and what is made of it fresh: look for changes, redo their buckets, refresh the results."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from luoshi.platform.lake.build import Report, update
from luoshi.platform.lake.source import Source


def refresh_results(lake: Path, report: Report) -> None:
    """Have the results of the indicators made again where the lake changed."""
    if not report:
        return
    from luoshi.platform.lake.refresh import refresh

    refresh(lake, changed_buckets=report.buckets)


def watch(
    source: Source,
    lake: Path,
    *,
    clock: Callable[[], datetime],
    every: float = 2.0,
    refresh: Callable[[Path, Report], object] = refresh_results,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Report]:
    """Update the lake whenever something changed, for ever; gives a report after each update that changed anything.

    `every`: seconds between two looks. What failed to be refreshed is refreshed with the next change: the error goes to
    the caller, the lake itself is complete.
    """
    while True:
        report = update(source, lake, at=clock())
        if report:
            refresh(lake, report)
            yield report
        sleep(every)
