"""Units of one place held against each other on one promise: the ranking with its uncertainty, and the funnel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from luoshi.indicators import Catalogue, Indicator
from luoshi.indicators.methods.funnel import ALARM, WARNING, count_limits, share_limits
from luoshi.indicators.ranking import SMALLEST, Kind, Ranked, Unit, rank
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.results import Value
from luoshi.services.plan_desk.public import BoundTarget
from luoshi.services.scoreboard import measuring
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rules import Standing


def ranked(
    target: BoundTarget, *, at: Place, scope: Scope, institutions: bool = False, leaving: bool = False
) -> Sequence[Ranked]:
    """The divisions directly below a place, or its institutions, best first; `unit.name` is the code. Those whose
    data are missing, out of date or too few come last, without a rank. Empty for what is not computed. `leaving`: for
    a file, without small numbers."""
    if institutions:
        found = measuring.institutions(target, at=at, scope=scope)
    else:
        found = measuring.children(target, at=at, scope=scope)
    if not found:
        return ()
    if leaving:
        found = measuring.fit_to_leave(target, measuring.value_at(target, at, scope), found)
    indicator = Catalogue.load().indicator(target.indicator)
    change = target.kind == "change"
    kind = "exact" if change else _kind(indicator)
    better: Literal["higher", "lower"] = "lower" if indicator.better == "lower" and not change else "higher"
    units = [_unit(value, standing, kind) for value, standing in found]
    return rank(units, kind=kind, better=better, smallest=max(SMALLEST, indicator.suppress_below or 0))


@dataclass(frozen=True)
class Funnel:
    """The limits chance sets around the value of all units together (`whole`, in the indicator's unit), by size.

    `inner` and `outer`: (size, low, high) at 95 % and 99.8 % over the sizes that occur; `places` says of each unit, by
    code, whether it lies `inside` both, beyond the inner (`warning`) or beyond the outer (`alarm`).
    """

    whole: float
    inner: tuple[tuple[float, float, float], ...]
    outer: tuple[tuple[float, float, float], ...]
    places: dict[str, str]


FEWEST_FOR_FUNNEL = 3
_STEPS = 60


def funnel(target: BoundTarget, found: Sequence[Ranked]) -> Funnel | None:
    """The funnel of the ranked units; None where values are not made of counts or fewer than three are ranked."""
    taking_part = [item.unit for item in found if item.rank is not None]
    indicator = Catalogue.load().indicators.get(target.indicator)
    if indicator is None or target.kind == "change" or len(taking_part) < FEWEST_FOR_FUNNEL:
        return None
    kind = _kind(indicator)
    if kind == "exact":
        return None
    sizes = np.array([unit.denominator for unit in taking_part], dtype=np.float64)
    events = np.array([unit.numerator for unit in taking_part], dtype=np.float64)
    rate = float(events.sum() / sizes.sum())
    grid = np.geomspace(sizes.min() / 1.15, sizes.max() * 1.15, _STEPS).round(1)

    def limits(at: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
        if kind == "share":
            # The binomial knows whole people only; between them the limits are drawn straight.
            whole = np.unique(np.concatenate([np.floor(at), np.ceil(at)]).clip(1))
            low, high = share_limits(rate, whole, level=level)
            return np.interp(at, whole, low), np.interp(at, whole, high)
        low, high = count_limits(rate * at, level=level)
        return low / at, high / at

    if rate == 0 or (kind == "share" and rate == 1):
        return None  # nobody or everybody: there is no chance to speak of
    factor = indicator.factor
    values = events / sizes
    places = np.full(sizes.size, "inside", dtype=object)
    for level, name in ((WARNING, "warning"), (ALARM, "alarm")):
        low, high = limits(sizes, level)
        places[(values < low) | (values > high)] = name

    def curve(level: float) -> tuple[tuple[float, float, float], ...]:
        low, high = limits(grid, level)
        return tuple(zip(grid.tolist(), (low * factor).tolist(), (high * factor).tolist(), strict=True))

    codes = (unit.name for unit in taking_part)
    return Funnel(rate * factor, curve(WARNING), curve(ALARM), dict(zip(codes, places.tolist(), strict=True)))


def _kind(indicator: Indicator) -> Kind:
    """What the numbers are: a share of people, events among people, or a figure without counts of people."""
    if indicator.kind == "ratio" and indicator.weight is None:
        return "share"
    return "count" if indicator.kind == "per-population" else "exact"


def _unit(value: Value, standing: Standing, kind: Kind) -> Unit:
    silent = "stale" if standing.stale and value.value is not None else ""
    if kind == "share" and value.numerator is not None and value.denominator and value.numerator > value.denominator:
        silent = "disagreeing"
    return Unit(value.division or value.institution or "", value.numerator, value.denominator, value.value, silent)
