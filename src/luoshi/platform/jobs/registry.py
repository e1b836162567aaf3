"""Which functions are jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from luoshi.kernel.errors import NotFound, nearest


class Progress(Protocol):
    """How a job says how far it is."""

    def __call__(self, done: int, total: int = 0, message: str = "") -> None:
        """`done` of `total` (0 while unknown), and a sentence for the page. Written at most once a second."""


JobFunction = Callable[..., dict[str, Any] | None]


@dataclass(frozen=True)
class Declared:
    """A declared job. `restartable`: it may simply be run again when the worker died under it."""

    name: str
    function: JobFunction
    restartable: bool


_declared: dict[str, Declared] = {}


def job(name: str, *, restartable: bool = False) -> Callable[[JobFunction], JobFunction]:
    """Declare `function(progress, **arguments)` as the job `name`; it answers a JSON result or nothing.

    `restartable` says that running it again from the start does no harm (it is idempotent).
    """

    def declare(function: JobFunction) -> JobFunction:
        if name in _declared and _declared[name].function.__module__ != function.__module__:
            raise ValueError(f"two jobs are called {name!r}")
        _declared[name] = Declared(name, function, restartable)
        return function

    return declare


def declared(name: str) -> Declared:
    """The job of that name. Raises `NotFound`."""
    if name not in _declared:
        raise NotFound(f"There is no job {name!r}.", todo=nearest(name, _declared))
    return _declared[name]
