"""Which methods the catalogue may name, what each is fed with, and which parameters it takes; without NumPy."""

from __future__ import annotations

from dataclasses import dataclass

_FIVE_YEARS = tuple(str(age) for age in range(0, 90, 5))
_LIFE_TABLE = ("0", "1", *_FIVE_YEARS[1:])


@dataclass(frozen=True)
class Wanted:
    """The names of the parts in order (none: any number of groups) and of the parameters."""

    parts: tuple[str, ...]
    parameters: tuple[str, ...] = ()


METHODS: dict[str, Wanted] = {
    # deaths / person-days of each group
    "life-expectancy": Wanted(_LIFE_TABLE),
    "premature-mortality": Wanted(tuple(str(age) for age in range(30, 70, 5))),
    # events / person-days of each five-year group, 85 and above last
    "standardised-rate": Wanted(_FIVE_YEARS, ("standard", "per")),
    # events / person-days
    "person-year-rate": Wanted(("all",), ("per",)),
    # sum / count now and in the same part of the year before
    "growth": Wanted(("now", "before")),
    # what the linearised variance of a ratio of two weighted totals is made of; see `survey.from_sums`
    "survey-ratio": Wanted(("total", "spread", "cross", "strata", "drawn")),
}
