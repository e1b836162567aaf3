"""Limits for comparing units of different size: is this township out of line, or only small?

Funnel limits: Spiegelhalter, "Funnel plots for comparing institutional performance", Statistics in Medicine 24 (2005)
1185-1202, appendix A.1 (exact quantiles of the binomial and the Poisson distribution, interpolated so that limits fall
smoothly with size). Intervals of one unit: Clopper and Pearson, Biometrika 26 (1934); Garwood, Biometrika 28 (1936). The
tests hold the intervals against their printed limits (10 events: 4.795 to 18.39; 0 of 10: 0 to 30.85 %).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from luoshi.indicators.methods.inputs import Interval, MethodError, Numbers, column, share

if TYPE_CHECKING:
    from scipy.stats.distributions import rv_frozen

Place = Literal["alarm-low", "warning-low", "inside", "warning-high", "alarm-high"]
WARNING, ALARM = 0.95, 0.998


def share_limits(target: float, sizes: ArrayLike, *, level: float = WARNING) -> tuple[Numbers, Numbers]:
    """Lower and upper funnel limits (shares) for units of these sizes when all have the share `target` (0 to 1).

    Raises `MethodError` for a target outside 0 to 1 or a unit of size 0.
    """
    share(level)
    if not 0 <= target <= 1:
        raise MethodError(f"The target share must lie between 0 and 1, not {target}.", todo="Use 0.62 for 62 %.")
    size = column(sizes, "sizes", positive=True)
    tail = (1 - level) / 2
    from scipy import stats  # a second to load, and few processes draw funnels

    low, high = (_quantile(stats.binom(size, target), p) / size for p in (tail, 1 - tail))
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def count_limits(expected: ArrayLike, *, level: float = WARNING) -> tuple[Numbers, Numbers]:
    """Lower and upper funnel limits (numbers of events) for units that expect so many at the target rate."""
    share(level)
    mean = column(expected, "expected events", positive=True)
    tail = (1 - level) / 2
    from scipy import stats  # as above

    low, high = (_quantile(stats.poisson(mean), p) for p in (tail, 1 - tail))
    return np.maximum(low, 0), high


def places(events: ArrayLike, sizes: ArrayLike, target: float) -> list[Place]:
    """Where each unit stands against `target`: inside, outside the 95 % (warning) or the 99.8 % limits (alarm)."""
    size = column(sizes, "sizes", positive=True)
    seen = column(events, "events", length=size.size)
    if (seen > size).any():
        raise MethodError(f"Unit {int(np.argmax(seen > size)) + 1} has more events than people.")
    value = seen / size
    warning, alarm = share_limits(target, size, level=WARNING), share_limits(target, size, level=ALARM)
    order: tuple[Place, ...] = ("inside", "warning-low", "warning-high", "alarm-low", "alarm-high")
    outside = [value < warning[0], value > warning[1], value < alarm[0], value > alarm[1]]
    row = np.zeros(size.size, dtype=np.int64)
    for position, found in enumerate(outside, start=1):
        row[found] = position
    return [order[position] for position in row]


def share_interval(events: float, size: float, *, level: float = 0.95) -> Interval:
    """The share `events` / `size` with the exact interval of Clopper and Pearson. Raises `MethodError` for size 0."""
    share(level)
    if not 0 <= events <= size or size == 0:
        raise MethodError(f"{events:g} of {size:g} is no share.")
    tail = (1 - level) / 2
    low = float(special.betaincinv(events, size - events + 1, tail)) if events > 0 else 0.0
    high = float(special.betaincinv(events + 1, size - events, 1 - tail)) if events < size else 1.0
    return Interval(events / size, low, high)


def count_interval(events: float, *, level: float = 0.95) -> Interval:
    """A number of events with the exact Poisson interval of Garwood."""
    share(level)
    if events < 0:
        raise MethodError("A number of events cannot be below 0.")
    tail = (1 - level) / 2
    low = float(special.chdtri(2 * events, 1 - tail)) / 2 if events > 0 else 0.0
    return Interval(events, low, float(special.chdtri(2 * events + 2, tail)) / 2)


def _quantile(distribution: rv_frozen, p: float) -> Numbers:
    """The interpolated quantile: the smallest r with P(R ≤ r) ≥ p, less the part of its step that lies above p."""
    step = distribution.ppf(p)
    height = distribution.pmf(step)
    over = distribution.cdf(step) - p
    return np.asarray(step - np.divide(over, height, out=np.zeros_like(over), where=height > 0), dtype=np.float64)
