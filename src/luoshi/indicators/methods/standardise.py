"""Direct standardisation: the rate a standard population would have, with an interval that holds for few deaths.

Interval: Fay and Feuer, "Confidence intervals for directly standardized rates: a method based on the gamma distribution",
Statistics in Medicine 16 (1997) 791-801. With one group, or the population as its own standard, it is the exact Poisson
interval of Garwood (1936); the tests hold both against his printed limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from luoshi.indicators.methods.inputs import Interval, MethodError, column, share


@dataclass(frozen=True)
class StandardisedRate(Interval):
    """The standardised rate with its interval, and the crude rate, all per `per` persons."""

    crude: float
    events: float


def direct(
    events: ArrayLike, persons: ArrayLike, standard: ArrayLike, *, per: float = 1.0, level: float = 0.95
) -> StandardisedRate:
    """The directly standardised rate.

    `events`, `persons` and `standard` are one number for each age group, in the same order; `standard` may be people or
    shares (only its proportions matter). `per` scales the answer (100 000 for /10万).

    Raises `MethodError` when lengths differ, a group has no persons but a part of the standard, or the standard is empty.
    """
    share(level)
    cases = column(events, "events")
    people = column(persons, "persons", length=cases.size)
    weights = column(standard, "the standard population", length=cases.size)
    if weights.sum() == 0:
        raise MethodError("The standard population is empty.")
    empty = (people == 0) & ((weights > 0) | (cases > 0))
    if empty.any():
        raise MethodError(
            f"Group {int(np.argmax(empty)) + 1} has nobody at risk, so it has no rate.",
            todo="Join it with the next age group, in the standard too.",
        )
    used = people > 0
    each = weights[used] / weights.sum() / people[used]
    cases, people = cases[used], people[used]
    value = float(each @ cases)
    spread = float(each**2 @ cases)
    widest = float(each.max())
    tail = (1 - level) / 2
    lower = spread / (2 * value) * special.chdtri(2 * value**2 / spread, 1 - tail) if value > 0 else 0.0
    above, above_spread = value + widest, spread + widest**2
    upper = above_spread / (2 * above) * special.chdtri(2 * above**2 / above_spread, tail)
    return StandardisedRate(
        value=value * per,
        lower=float(lower) * per,
        upper=float(upper) * per,
        crude=float(cases.sum() / people.sum()) * per,
        events=float(cases.sum()),
    )
