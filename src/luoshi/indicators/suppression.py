"""Which numbers must be withheld so that no small one can be read or reckoned from the rest.

A count between 1 and the threshold is withheld (primary suppression). Where a table also shows sums, a withheld count may
be reckoned from them, so further cells are withheld until nobody can narrow a small count down to a range shorter than the
threshold (secondary suppression; Willenborg and de Waal, Elements of Statistical Disclosure Control, 2001, chapter 5). The
attacker knows every shown cell, every sum, and that counts are not negative; the range he can reach is found exactly, by
linear programming. Which cells were small and which were withheld to protect them is not told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from luoshi.kernel.errors import InvalidValue

_TINY = 1e-6  # of a count: what the linear programme may be off by


@dataclass(frozen=True)
class Sum:
    """A sum the reader can make: the cell `total` is the cells `parts` together (all by position). `rest`: how much of
    the total lies in no part (subjects whose place is not known); the attacker knows it."""

    total: int
    parts: tuple[int, ...]
    rest: int = 0


@dataclass(frozen=True)
class Measure:
    """Counts of the cells, and which of them add up."""

    counts: Sequence[int]
    sums: Sequence[Sum] = ()


def withheld(measures: Sequence[Measure], least: int) -> frozenset[int]:
    """Positions of the cells to withhold.

    The measures count over the same cells (numerators and denominators, say): a cell is shown with all of them or with
    none. Raises `InvalidValue` for sums that do not add up: nothing about them could be proven.
    """
    for measure in measures:
        _check(measure.counts, measure.sums)
    hidden = {k for measure in measures for k, count in enumerate(measure.counts) if 0 < count < least}
    # Cells are only ever added, so this ends; in the worst case everything is withheld.
    while (bad := _unsafe(measures, hidden, least)) is not None:
        measure, cell = bad
        hidden.add(_next(measure.counts, measure.sums, hidden, cell, least))
    return frozenset(hidden)


def _check(counts: Sequence[int], sums: Sequence[Sum]) -> None:
    for one in sums:
        total = sum(counts[k] for k in one.parts) + one.rest
        if total != counts[one.total]:
            raise InvalidValue(
                f"The parts add up to {total}, their sum is said to be {counts[one.total]}.",
                todo="Give the difference as `rest`.",
            )


def _unsafe(measures: Sequence[Measure], hidden: set[int], least: int) -> tuple[Measure, int] | None:
    """The first small count that can be narrowed down too far."""
    for measure in measures:
        for cell in sorted(k for k in hidden if 0 < measure.counts[k] < least):
            low, high = bounds(measure.counts, measure.sums, hidden, cell)
            if high - low < least - _TINY:
                return measure, cell
    return None


def bounds(
    counts: Sequence[int], sums: Sequence[Sum], hidden: set[int] | frozenset[int], cell: int
) -> tuple[float, float]:
    """The range an attacker can narrow a withheld cell down to."""
    touching = _reach(sums, hidden, cell)
    if not touching:
        return 0.0, float("inf")
    if len(touching) == 1 and touching[0].total not in hidden:
        # One sum that is shown: the withheld parts share what the shown ones leave.
        others = [k for k in touching[0].parts if k in hidden]
        left = sum(counts[k] for k in others)
        return (float(left), float(left)) if len(others) == 1 else (0.0, float(left))
    unknown = sorted({k for one in touching for k in (one.total, *one.parts) if k in hidden})
    column = {k: n for n, k in enumerate(unknown)}
    equal = np.zeros((len(touching), len(unknown)))
    known = np.zeros(len(touching))
    for row, one in enumerate(touching):
        for k, sign in ((one.total, 1.0), *((part, -1.0) for part in one.parts)):
            if k in hidden:
                equal[row, column[k]] += sign
            else:
                known[row] -= sign * counts[k]
        known[row] += one.rest
    return _range(equal, known, column[cell])


def _range(equal: NDArray[np.float64], known: NDArray[np.float64], cell: int) -> tuple[float, float]:
    from scipy.optimize import linprog  # a second to load, and only small counts need it

    goal = np.zeros(equal.shape[1])
    goal[cell] = 1.0
    low = linprog(goal, A_eq=equal, b_eq=known, bounds=(0, None), method="highs")
    high = linprog(-goal, A_eq=equal, b_eq=known, bounds=(0, None), method="highs")
    return (
        float(low.fun) if low.status == 0 else 0.0,
        -float(high.fun) if high.status == 0 else float("inf"),
    )


def _reach(sums: Sequence[Sum], hidden: set[int] | frozenset[int], cell: int) -> list[Sum]:
    """The sums that say something of a cell, also by way of other withheld ones."""
    seen = {cell}
    found: list[Sum] = []
    while True:
        more = [s for s in sums if s not in found and seen & {s.total, *s.parts}]
        if not more:
            return found
        found += more
        seen |= {k for one in more for k in (one.total, *one.parts) if k in hidden}


def _next(counts: Sequence[int], sums: Sequence[Sum], hidden: set[int], cell: int, least: int) -> int:
    """The cell to withhold next: among those in a sum with `cell` the smallest that makes the range wide enough, else
    the largest; a sum itself only when nothing beside it is left."""
    touching = _reach(sums, hidden, cell)
    beside = {k for one in touching for k in one.parts} - hidden
    above = {one.total for one in touching} - hidden
    choices = sorted(beside or above, key=lambda k: (counts[k], k))
    enough = [k for k in choices if counts[k] >= least]
    return enough[0] if enough else choices[-1]
