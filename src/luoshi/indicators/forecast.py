"""Where will the value stand when the promise falls due? Two plain methods, each tried on what is already known.

`completion`: a value that grows through the year ends it as the same value did a year ago, from the same day on. The
places below are the trials: each is forecast from the *other* places' last year, so the error it makes was not seen.
`drift`: a level goes on as it went, by the median slope of its months (Theil 1950, Sen 1968), damped (Gardner and
McKenzie, Management Science 31 (1985) 1237-1246); the trials are its own past months.

The interval is made of the errors of the trials and not of a formula, and holds as far as the coming months are like
the past ones; `Forecast.trials`, `error` and `covered` say on how much that rests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["completion", "drift"]
LEVEL = 0.8  # of ten such forecasts eight end inside the interval
FEWEST_TRIALS = 5  # below that no interval is given
DAMPING = 0.9  # of the slope, for each month ahead
MONTHS_FOR_SLOPE = 6


@dataclass(frozen=True)
class Past:
    """One place a year ago: its value on the same day of its period, at the end of it, and its size (denominator)."""

    same_day: float
    end: float
    size: float = 1.0


@dataclass(frozen=True)
class Forecast:
    """A value expected, in the unit of the indicator, with the interval of `LEVEL` (None with too few trials).

    `error` is the median of the absolute errors of the `trials` made on past data, `covered` the share of them that
    fell inside an interval made of the others (None with too few).
    """

    value: float
    low: float | None
    high: float | None
    method: Method
    trials: int
    error: float | None
    covered: float | None

    def reaches(self, goal: float, *, rising: bool) -> Literal["likely", "open", "unlikely"]:
        """Whether the promise will be kept: the whole interval on one side, or open."""
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if rising:
            return "likely" if low >= goal else "unlikely" if high < goal else "open"
        return "likely" if high <= goal else "unlikely" if low > goal else "open"


def completion(
    now: float, own: Past | None, others: Sequence[Past], *, top: float | None = None, years_on: int = 0
) -> Forecast | None:
    """The value at the end of the period, from `now`.

    `own` is this place a year ago (left out, the places below stand for it), `others` the places below. `top` is the
    greatest value there can be (100 for a share). With `years_on` further years the yearly step is carried on, and the
    interval widens with the square root of the years. None where no past tells anything.

    Whether the rest of the year adds (`end - same_day`) or multiplies (`end / same_day`) is decided by the trials.
    """
    past = [p for p in others if np.isfinite(p.same_day) and np.isfinite(p.end)]
    if own is None and not past:
        return None
    ways = [errors for multiply in (False, True) if (errors := _trials(past, multiply)) is not None]
    multiply = len(ways) == 2 and float(np.median(np.abs(ways[1]))) < float(np.median(np.abs(ways[0])))
    errors = ways[1] if multiply else (ways[0] if ways else np.empty(0))
    rest = _rest([own] if own is not None else past, multiply)
    if rest is None:
        multiply, rest = False, _rest([own] if own is not None else past, False)
    assert rest is not None
    value = now * rest if multiply else now + rest
    if years_on and own is not None:
        value += (value - own.end) * years_on
    return _made(value, errors * np.sqrt(1 + years_on), "completion", top)


def drift(months: Sequence[float | None], ahead: int, *, top: float | None = None) -> Forecast | None:
    """The level `ahead` months after the last of `months` (oldest first; None is a gap). None with fewer than
    `MONTHS_FOR_SLOPE` known months."""
    known = np.array([np.nan if v is None else v for v in months], dtype=np.float64)
    if np.isfinite(known).sum() < MONTHS_FOR_SLOPE or not np.isfinite(known[-1]):
        return None
    value = _carried_on(known, ahead)
    assert value is not None
    errors = []
    for origin in range(MONTHS_FOR_SLOPE, known.size):
        reach = min(ahead, known.size - origin)
        tried = _carried_on(known[:origin], reach)
        if tried is not None and np.isfinite(known[origin + reach - 1]):
            errors.append((known[origin + reach - 1] - tried) * np.sqrt(ahead / reach))
    return _made(value, np.array(errors), "drift", top)


def _carried_on(known: NDArray[np.float64], ahead: int) -> float | None:
    at = np.flatnonzero(np.isfinite(known))
    if at.size < MONTHS_FOR_SLOPE - 1:
        return None
    i, j = np.triu_indices(at.size, 1)
    slope = float(np.median((known[at[j]] - known[at[i]]) / (at[j] - at[i])))
    gap = known.size - 1 - int(at[-1])
    steps = DAMPING ** np.arange(1, ahead + gap + 1)
    return float(known[at[-1]] + slope * steps.sum())


def _rest(past: Sequence[Past], multiply: bool) -> float | None:
    """What the rest of the year brought in `past`, weighted by size."""
    size = np.array([p.size for p in past])
    before, end = np.array([p.same_day for p in past]), np.array([p.end for p in past])
    if size.sum() <= 0:
        return None
    if not multiply:
        return float(((end - before) * size).sum() / size.sum())
    total = (before * size).sum()
    return float((end * size).sum() / total) if total > 0 else None


def _trials(past: Sequence[Past], multiply: bool) -> NDArray[np.float64] | None:
    """What was wrong for each place when forecast from the others; None where the way cannot be gone."""
    if len(past) < FEWEST_TRIALS:
        return None
    errors = []
    for k, place in enumerate(past):
        rest = _rest([*past[:k], *past[k + 1 :]], multiply)
        if rest is None:
            return None
        errors.append(place.end - (place.same_day * rest if multiply else place.same_day + rest))
    return np.array(errors)


def _made(value: float, errors: NDArray[np.float64], method: Method, top: float | None) -> Forecast:
    def bounded(number: float) -> float:
        return min(max(number, 0.0), top if top is not None else np.inf)

    if errors.size < FEWEST_TRIALS:
        error = float(np.median(np.abs(errors))) if errors.size else None
        return Forecast(bounded(value), None, None, method, errors.size, error, None)
    half = _half(errors)
    inside = [abs(error) <= _half(np.delete(errors, k)) for k, error in enumerate(errors)]
    return Forecast(
        bounded(value),
        bounded(value - half),
        bounded(value + half),
        method,
        errors.size,
        float(np.median(np.abs(errors))),
        float(np.mean(inside)),
    )


def _half(errors: NDArray[np.float64]) -> float:
    """Half the width of the interval: the error that `LEVEL` of the next ones stay below (split conformal: Vovk et al.,
    Algorithmic Learning in a Random World, 2005), the greatest where there are too few for that."""
    size = np.sort(np.abs(errors))
    rank = int(np.ceil(LEVEL * (size.size + 1)))
    return float(size[min(rank, size.size) - 1])
