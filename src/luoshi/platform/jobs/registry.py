"""Which functions are jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Protocol

from django.utils.module_loading import autodiscover_modules

from luoshi.kernel.errors import NotFound, nearest


class Progress(Protocol):
    """How a job says how far it is."""

    def __call__(self, done: int, total: int = 0, message: str = "") -> None:
        """`done` of `total` (0 while unknown), and a sentence for the page. Written at most once a second."""


JobFunction = Callable[..., dict[str, Any] | None]


@dataclass(frozen=True)
class Declared:
    """A declared job. `restartable`: it may simply be run again when the worker died under it. `every`: how often the
    worker runs it of its own accord; None for what only happens when asked for."""

    name: str
    function: JobFunction
    restartable: bool
    every: timedelta | None = None


_declared: dict[str, Declared] = {}


@cache
def _discover() -> None:
    """Import every application's `jobs` module, so that its jobs are known to server and worker alike."""
    autodiscover_modules("jobs")


def job(
    name: str, *, restartable: bool = False, every: timedelta | None = None
) -> Callable[[JobFunction], JobFunction]:
    """Declare `function(progress, **arguments)` as the job `name`; it answers a JSON result or nothing.

    `restartable` says that running it again from the start does no harm (it is idempotent). With `every` the worker's
    timetable runs it so often, without arguments; such a job must be restartable.
    """
    if every is not None and not restartable:
        raise ValueError(f"{name!r} runs by the clock, so it must bear being run again")

    def declare(function: JobFunction) -> JobFunction:
        if name in _declared and _declared[name].function.__module__ != function.__module__:
            raise ValueError(f"two jobs are called {name!r}")
        _declared[name] = Declared(name, function, restartable, every)
        return function

    return declare


def by_the_clock() -> list[Declared]:
    """The jobs that run of their own accord, the most frequent first."""
    _discover()
    return sorted((d for d in _declared.values() if d.every), key=lambda d: (d.every or timedelta.max, d.name))


def declared(name: str) -> Declared:
    """The job of that name. Raises `NotFound`."""
    _discover()
    if name not in _declared:
        raise NotFound(f"There is no job {name!r}.", todo=nearest(name, _declared))
    return _declared[name]
