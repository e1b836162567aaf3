"""The chance of dying of the major chronic diseases between the 30th and the 70th birthday (重大慢性病过早死亡率).

Not a crude rate: eight five-year rates turned into chances and multiplied, as if other causes did not exist. Source: World
Health Organization, "NCD Global Monitoring Framework: Indicator Definitions and Specifications" (2014), indicator 1:
5qx = 5·5Mx / (1 + 2.5·5Mx), 40q30 = 1 - Π(1 - 5qx). The interval (Poisson deaths, delta method on the complementary log-log,
so that it stays between 0 and 1) is ours; the tests hold it against draws.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from luoshi.indicators.methods.inputs import Interval, MethodError, column, share

# First ages of the eight groups, 30-34 to 65-69.
AGES: tuple[int, ...] = tuple(range(30, 70, 5))
_WIDTH = 5.0


def premature_mortality(deaths: ArrayLike, persons: ArrayLike, *, level: float = 0.95) -> Interval:
    """The chance in percent, with its interval.

    `deaths` are those of cardiovascular disease, cancer, chronic respiratory disease and diabetes, `persons` the mid-year
    population (or person-years), one number for each of the eight groups 30-34, 35-39 … 65-69.

    With no death at all the upper limit is that of 0 deaths observed in the group where one would weigh most. Raises
    `MethodError` for other numbers of groups, a group with nobody, or rates no population can have.
    """
    share(level)
    dead = column(deaths, "deaths", length=len(AGES))
    people = column(persons, "persons", length=len(AGES), positive=True)
    rate = dead / people
    chance = _WIDTH * rate / (1 + _WIDTH / 2 * rate)
    if (chance >= 1).any():
        raise MethodError(
            f"The rate of the group that begins at {AGES[int(np.argmax(chance >= 1))]} is higher than any that people survive.",
            todo="Check deaths against persons: rates are per person, not per 100 000.",
        )
    survived = float(np.prod(1 - chance))
    if dead.sum() == 0:
        most = float(special.chdtri(2, 0.5 - level / 2) / 2) * _WIDTH / float(people.min())
        return Interval(0.0, 0.0, 100 * -float(np.expm1(-most)))
    # Var(log S): each group's chance has variance (dq/dM)² · D / N², and log S falls by 1/(1-q) of it.
    slope = _WIDTH / (1 + _WIDTH / 2 * rate) ** 2
    of_log = float(np.sum((slope / (1 - chance)) ** 2 * dead / people**2))
    hazard = -float(np.log(survived))
    reach = float(special.ndtri(0.5 + level / 2)) * float(np.sqrt(of_log)) / hazard
    low, high = (100 * -float(np.expm1(-hazard * np.exp(side * reach))) for side in (-1, 1))
    return Interval(100 * (1 - survived), low, high)
