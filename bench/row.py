"""One line of the bench, and the clock that fills it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """`ours`, `floor` and `peers` are in `unit` (seconds unless told); `size` says of what; `bar` is the most the ratio
    may be, where one is promised."""

    name: str
    ours: float
    floor: float | None = None
    peers: dict[str, float] = field(default_factory=dict)
    size: str = ""
    unit: str = "s"
    bar: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours to the floor; without a floor, ours to the fastest peer."""
        base = self.floor if self.floor is not None else min(self.peers.values(), default=None)
        return self.ours / base if base else None

    def plain(self) -> dict[str, Any]:
        """As written to `var/bench.json`."""
        return {**asdict(self), "ratio": self.ratio}

    def line(self) -> str:
        """As printed."""
        told = [f"{self.name:44} {self.ours:10.3f} {self.unit:4}"]
        if self.floor is not None:
            told.append(f"floor {self.floor:.3f}")
        told += [f"{name} {value:.3f}" for name, value in self.peers.items()]
        if self.ratio is not None:
            verdict = "" if self.bar is None else f" (bar {self.bar:g}{'' if self.ratio <= self.bar else ', MISSED'})"
            told.append(f"ratio {self.ratio:.2f}{verdict}")
        return "  ".join([*told, self.size])


def best(work: Callable[[], object], times: int = 3) -> float:
    """The least of several timings of `work`, in seconds of the wall clock: the one least disturbed."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)
