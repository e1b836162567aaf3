"""The abridged life table and life expectancy with its interval.

Table and variance: Chiang, "The Life Table and its Applications" (1984), chapters 6 and 8; the variance of the open last
group: Silcocks, Jenner and Reza, J Epidemiol Community Health 55 (2001) 38-43. The tests hold the table against the
Austrian males of 1992 printed in Preston, Heuveline and Guillot, "Demography" (2001), box 3.1: life expectancy 72.889.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from luoshi.indicators.methods.inputs import Interval, MethodError, Numbers, column, share

# First ages of the groups a health statistician expects: under 1, 1-4, then five years each, 85 and above.
USUAL_AGES: tuple[int, ...] = (0, 1, *range(5, 90, 5))
_INFANT_FRACTION, _CHILD_FRACTION, _OTHER_FRACTION = 0.1, 0.4, 0.5


@dataclass(frozen=True)
class LifeTable:
    """One row for each age group, from a birth cohort of 1: `ages` (first age), `rate` (deaths per person-year), `dying`
    (chance of dying in the group), `alive` (share alive at its first age), `years` (person-years lived in it), `expectancy`
    (years left at its first age) with `variance` of the expectancy."""

    ages: Numbers
    rate: Numbers
    dying: Numbers
    alive: Numbers
    years: Numbers
    expectancy: Numbers
    variance: Numbers

    def at(self, age: float = 0, level: float = 0.95) -> Interval:
        """Life expectancy at the first age of a group (normal interval). Raises `MethodError` for another age."""
        share(level)
        (found,) = np.nonzero(self.ages == age)
        if not found.size:
            known = ", ".join(f"{a:g}" for a in self.ages)
            raise MethodError(f"No age group begins at {age:g}.", todo=f"They begin at {known}.")
        value, spread = float(self.expectancy[found[0]]), float(np.sqrt(self.variance[found[0]]))
        reach = float(special.ndtri(0.5 + level / 2)) * spread
        return Interval(value, value - reach, value + reach)


def life_table(
    deaths: ArrayLike,
    persons: ArrayLike,
    ages: Sequence[float] = USUAL_AGES,
    *,
    lived: ArrayLike | None = None,
) -> LifeTable:
    """The abridged life table of a population in one year (or of several: then `persons` are person-years).

    `deaths` and `persons` are one number for each group that begins at `ages`; the last group is open. `lived` are the years
    lived in a group by those who die in it (Chiang's fraction times the width; the last is not used): by default 0.1 of the
    first year, 0.4 of ages 1 to 4, half of the others.

    Raises `MethodError` when a group has nobody, nobody died in the last group, or rates are too high for the widths.
    """
    begins = np.asarray(ages, dtype=np.float64)
    dead = column(deaths, "deaths", length=begins.size)
    people = column(persons, "persons", length=begins.size, positive=True)
    width = np.diff(begins)
    if begins.size < 2 or (width <= 0).any():
        raise MethodError("The ages at which groups begin must rise, and there must be at least two groups.")
    if dead[-1] == 0:
        raise MethodError(
            "Nobody died in the last, open age group, so the years lived in it are unknown.",
            todo="End the table at a lower age, or join several years.",
        )
    rate = dead / people
    inside = _lived(begins, width, lived)
    closed = width * rate[:-1] / (1 + (width - inside) * rate[:-1])
    if (closed > 1).any():
        raise MethodError(
            f"More die in the group that begins at {begins[int(np.argmax(closed > 1))]:g} than live in it.",
            todo="Check deaths against persons.",
        )
    dying = np.append(closed, 1.0)
    alive = np.concatenate([[1.0], np.cumprod(1 - closed)])
    years = np.append(alive[1:] * width + alive[:-1] * closed * inside, alive[-1] / rate[-1])
    left = np.cumsum(years[::-1])[::-1]
    reached = alive > 0
    expectancy = np.divide(left, alive, out=np.zeros_like(left), where=reached)
    # Chiang: each group adds the variance of its chance of dying, times what that death costs in years, squared.
    chance = np.divide(closed**2 * (1 - closed), dead[:-1], out=np.zeros_like(closed), where=dead[:-1] > 0)
    cost = (width - inside) + expectancy[1:]
    added = np.append(alive[:-1] ** 2 * cost**2 * chance, alive[-1] ** 2 / (rate[-1] ** 2 * dead[-1]))
    summed = np.cumsum(added[::-1])[::-1]
    variance = np.divide(summed, alive**2, out=np.zeros_like(summed), where=reached)
    return LifeTable(begins, rate, dying, alive, years, expectancy, variance)


def _lived(begins: Numbers, width: Numbers, given: ArrayLike | None) -> Numbers:
    """Years lived in each closed group by those who die in it."""
    if given is None:
        fraction = np.full(width.size, _OTHER_FRACTION)
        fraction[(begins[:-1] == 0) & (width == 1)] = _INFANT_FRACTION
        fraction[(begins[:-1] == 1) & (width == 4)] = _CHILD_FRACTION
        return np.asarray(fraction * width, dtype=np.float64)
    inside = column(given, "the years lived by those who die", length=begins.size)[:-1]
    if (inside > width).any():
        raise MethodError("Those who die in a group cannot have lived longer in it than the group is wide.")
    return inside
