"""When Python looks for garbage: seldom while records pass through a process, and so that no reader of a server waits.

A process that serves pages holds some million objects that stay: models, templates, the figures of an evaluation. Python looks
through all of them each time their number has grown by a quarter, and nobody in the process is served meanwhile: half a
second and more, every few seconds. What has survived one such look is therefore set aside (`gc.freeze`) and never looked
through again. It still goes when nothing refers to it; only rings of objects that die after being set aside stay, which is
what the requests of that moment leave, and it happens only as often as the process grows.
"""

from __future__ import annotations

import atexit
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SELDOM = (1_000_000, 5, 5)
# Objects made before the young ones are looked through (700 by default): a page makes tens of thousands.
YOUNG = 20_000
# Seconds of processor a look through everything may take before what survived it is set aside.
LONG = 0.02


def collect_seldom() -> None:
    """From now on look at what a block of records leaves behind, not at what it consists of while it is made: a quarter
    of the time of an ingest went into visiting rows that hold no cycle."""
    gc.set_threshold(*_SELDOM)


@contextmanager
def few_collections() -> Iterator[None]:
    """The same until the block of code ends."""
    before = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)


class Aside:
    """Sets aside what survived a look through everything that took long; told by the interpreter before and after."""

    def __init__(self, long: float = LONG) -> None:
        self._long, self._began = long, 0.0
        self.times = 0

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        """`phase` is `start` or `stop`, `info["generation"]` 2 for a look through everything (see `gc.callbacks`)."""
        if info["generation"] != 2:
            return
        if phase == "start":
            self._began = time.thread_time()
        elif time.thread_time() - self._began > self._long:
            gc.freeze()
            self.times += 1


def spare_readers() -> None:
    """Set aside what has been loaded so far, and from now on what stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
    gc.callbacks.append(Aside())
    atexit.register(_as_before)


def _as_before() -> None:
    """At the end of the process everything may go: libraries count what they left behind."""
    gc.callbacks[:] = [one for one in gc.callbacks if not isinstance(one, Aside)]
    gc.unfreeze()
