"""Keeping the lake and what is made of it fresh: look for changes, redo their buckets, refresh the results."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from luoshi.platform.lake.build import Report, update
from luoshi.platform.lake.source import Source


def refresh_results(report: Report) -> bool:
    """Have the indicator results of the written buckets made again; False where this installation has none to make."""
    if not report or importlib.util.find_spec("luoshi.platform.lake.refresh") is None:
        return False
    refresh = importlib.import_module("luoshi.platform.lake.refresh")
    refresh.refresh(changed_buckets=report.buckets)
    return True


def watch(
    source: Source,
    lake: Path,
    *,
    clock: Callable[[], datetime],
    every: float = 2.0,
    refresh: Callable[[Report], object] = refresh_results,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Report]:
    """Update the lake whenever something changed, for ever; gives a report after each update that changed anything.

    `every`: seconds between two looks. What failed to be refreshed is refreshed with the next change: the error goes to
    the caller, the lake itself is complete.
    """
    while True:
        report = update(source, lake, at=clock())
        if report:
            refresh(report)
            yield report
        sleep(every)
