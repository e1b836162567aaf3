"""Small numbers are withheld before they leave the house, and with them what would give them away.

A count of people below the threshold of the definition is told to nobody who may not see the people themselves; then as
many further cells as it takes, so that no withheld one can be reckoned from the sums (`luoshi.indicators.suppression`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from luoshi.indicators import Indicator
from luoshi.indicators.suppression import Measure, Sum, withheld
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.results import Value


@dataclass(frozen=True)
class Cell:
    """A value as it may leave: `code` of its division or institution; counts, value and interval None where
    `withheld`."""

    code: str
    value: float | None
    numerator: float | None
    denominator: float | None
    low: float | None
    high: float | None
    reason: str
    flags: tuple[str, ...]
    withheld: bool = False


def may_see_exact(scope: Scope) -> bool:
    """Whether a viewer may see the people behind a number, and so the number itself."""
    return scope.can("person.list")


def fit_to_leave(indicator: Indicator, here: Value, below: Sequence[Value], *, exact: bool) -> list[Cell]:
    """The place itself, then those below. With `exact`, and for what does not count people, nothing is withheld."""
    values = [here, *below]
    hidden = frozenset() if exact else hidden_of(indicator, [(v.numerator, v.denominator) for v in values])
    return [_cell(value, hide=k in hidden) for k, value in enumerate(values)]


def hidden_of(indicator: Indicator, counts: Sequence[tuple[float | None, float | None]]) -> frozenset[int]:
    """Which of the places may not leave, by their position: the place itself first, then those below, each with its
    numerator and denominator. Empty for what does not count people."""
    if indicator.suppress_below is None:
        return frozenset()
    above, under = ([pair[side] for pair in counts] for side in (0, 1))
    return withheld([_measure(above), _measure(under)], indicator.suppress_below)


def _measure(counts: Sequence[float | None]) -> Measure:
    """Counts with the one sum the reader can make: the place is the places below it and what lies in none of them."""
    whole = [round(count or 0) for count in counts]
    if len(whole) < 2:
        return Measure(whole)
    return Measure(whole, [Sum(0, tuple(range(1, len(whole))), rest=whole[0] - sum(whole[1:]))])


def _cell(value: Value, *, hide: bool) -> Cell:
    code = value.division or value.institution or ""
    if hide:
        return Cell(code, None, None, None, None, None, "withheld", (), withheld=True)
    return Cell(code, value.value, value.numerator, value.denominator, value.low, value.high, value.reason, value.flags)
