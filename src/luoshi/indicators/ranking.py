"""Who stands where, and how sure is that? Ranks of units with their uncertainty.

A league table of small units mostly ranks their luck. So every rank comes with the range it would take if the same work
were measured again: values are drawn from what the counts allow (shares from Jeffreys' beta, rates of events from the
gamma distribution) and ranked, many times (Goldstein and Spiegelhalter, Journal of the Royal Statistical Society A 159
(1996) 385-443; Marshall and Spiegelhalter, BMJ 316 (1998) 1701-1704). Units whose data are missing or out of date get no
rank, and those too small get none either: they are listed apart with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from luoshi.indicators.methods.inputs import MethodError

Kind = Literal["share", "count", "exact"]
Standing = Literal["better", "worse", "typical"]
DRAWS = 2000
LEVEL = 0.9
SMALLEST = 20  # people or events' base below which a unit is not ranked, unless the definition says otherwise


@dataclass(frozen=True)
class Unit:
    """What is ranked: its counts, and `silent` with the reason why it may not be (`no-data`, `stale`…), else empty."""

    name: str
    numerator: float | None
    denominator: float | None
    value: float | None
    silent: str = ""


@dataclass(frozen=True)
class Ranked:
    """A unit with its rank (1 is best, equal values share the best), the range of ranks that `LEVEL` of the draws stay
    in, and how it stands against all together. Without a rank `reason` says why: `no-data`, `stale`, `too-small`."""

    unit: Unit
    rank: int | None
    low: int | None
    high: int | None
    standing: Standing | None
    reason: str


def rank(
    units: Sequence[Unit],
    *,
    kind: Kind,
    better: Literal["higher", "lower"],
    smallest: float = SMALLEST,
    draws: int = DRAWS,
    seed: int = 2005,
) -> list[Ranked]:
    """Rank `units`: the ranked first, best first, then those without a rank in their order.

    `kind`: `share` (numerator of denominator people), `count` (events of a population) or `exact` (a value without
    chance: the range is the rank itself). The same units give the same answer: the draws are seeded. Raises
    `MethodError` for a share whose numerator lies outside 0 to its denominator: the sources disagree there.
    """
    out = {k: _silence(unit, kind, smallest) for k, unit in enumerate(units)}
    taking_part = [k for k, reason in out.items() if not reason]
    rest = [Ranked(units[k], None, None, None, None, reason) for k, reason in out.items() if reason]
    if not taking_part:
        return rest
    sign = -1.0 if better == "higher" else 1.0
    values = np.array([_value(units[k]) for k in taking_part]) * sign
    ranks = 1 + (values[:, None] > values[None, :]).sum(axis=1)
    if kind == "exact":
        low = high = ranks
        standings: list[Standing | None] = [None] * len(taking_part)
    else:
        drawn = _draw([units[k] for k in taking_part], kind, draws, seed)
        places = (drawn * sign).argsort(axis=0).argsort(axis=0) + 1
        tail = (1 - LEVEL) / 2
        low = np.floor(np.quantile(places, tail, axis=1)).astype(int)
        high = np.ceil(np.quantile(places, 1 - tail, axis=1)).astype(int)
        low, high = np.minimum(low, ranks), np.maximum(high, ranks)
        standings = _against_all(drawn, [units[k] for k in taking_part], better)
    found = [
        Ranked(units[k], int(ranks[i]), int(low[i]), int(high[i]), standings[i], "") for i, k in enumerate(taking_part)
    ]
    return [*sorted(found, key=lambda r: r.rank or 0), *rest]


def _silence(unit: Unit, kind: Kind, smallest: float) -> str:
    if unit.silent:
        return unit.silent
    if unit.value is None:
        return "no-data"
    if kind == "exact":
        return ""
    if unit.numerator is None or not unit.denominator:
        return "no-data"
    if kind == "share" and not 0 <= unit.numerator <= unit.denominator:
        raise MethodError(
            f"{unit.name}: {unit.numerator:g} of {unit.denominator:g} is no share.",
            todo="Its numerator and denominator come from sources that disagree; settle that before ranking.",
        )
    return "too-small" if unit.denominator < smallest else ""


def _value(unit: Unit) -> float:
    assert unit.value is not None
    return unit.value


def _draw(units: Sequence[Unit], kind: Kind, draws: int, seed: int) -> NDArray[np.float64]:
    """Shares or rates each unit might have, one row per unit."""
    rng = np.random.default_rng(seed)
    events = np.array([unit.numerator for unit in units], dtype=np.float64)[:, None]
    size = np.array([unit.denominator for unit in units], dtype=np.float64)[:, None]
    if kind == "share":
        return rng.beta(events + 0.5, size - events + 0.5, (len(units), draws))
    return rng.gamma(events + 0.5, 1.0, (len(units), draws)) / size


def _against_all(drawn: NDArray[np.float64], units: Sequence[Unit], better: str) -> list[Standing | None]:
    """Whether a unit lies on one side of the share of all together in `LEVEL` and more of the draws."""
    whole = sum(unit.numerator or 0 for unit in units) / sum(unit.denominator or 0 for unit in units)
    above = (drawn > whole).mean(axis=1)
    edge = 1 - (1 - LEVEL) / 2
    up: Standing = "better" if better == "higher" else "worse"
    down: Standing = "worse" if better == "higher" else "better"
    return [up if share >= edge else down if share <= 1 - edge else "typical" for share in above]
