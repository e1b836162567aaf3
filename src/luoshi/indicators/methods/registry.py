"""The methods an indicator may name: from the sums of a place to a value with its interval, or to a reason.

| method | fed with | value |
|---|---|---|
| `life-expectancy` | deaths and person-days of 19 age groups | years at birth |
| `premature-mortality` | deaths of the four diseases and person-days, 30–34 … 65–69 | chance in % |
| `standardised-rate` | events and person-days of 18 groups; `standard`, `per` | rate of the standard population |
| `person-year-rate` | events and person-days; `per` | events per person-year |
| `growth` | sum and count, now and a year before | change of the mean in % |
| `survey-ratio` | five pairs of sums over strata | share in %, design-based interval |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.indicators.methods import survey
from luoshi.indicators.methods.funnel import count_interval
from luoshi.indicators.methods.inputs import MethodError
from luoshi.indicators.methods.life_table import life_table
from luoshi.indicators.methods.premature_mortality import premature_mortality
from luoshi.indicators.methods.standardise import direct
from luoshi.kernel.errors import CatalogError, NotFound, nearest

Pair = tuple[float, float]
YEAR = 365.25
# Below so many person-years a life expectancy says nothing: Eayres and Williams, J Epidemiol Community Health 58 (2004) 243-249.
LEAST_PERSON_YEARS = 5_000


@dataclass(frozen=True)
class Computed:
    """`value` with the ends of its 95 % interval, or a `reason` why there is none; the pair shown beside it."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    numerator: float | None = None
    denominator: float | None = None


@dataclass(frozen=True)
class Method:
    """`compute` takes the pairs of sums in order and the parameters of the indicator."""

    name: str
    compute: Callable[[Sequence[Pair], Mapping[str, Any]], Computed]


class Standard(Entry):
    """A standard population: `people` in five-year groups from 0-4, the last 85 and above."""

    name: str
    source: str
    confidence: str
    people: tuple[float, ...]


class Standards(Entry):
    """`catalog/codes/standard-populations.yaml`."""

    standards: dict[str, Standard]


@cache
def standards() -> Mapping[str, Standard]:
    """The standard populations by their short name. Raises `CatalogError` when one has not 18 groups."""
    path = CATALOG / "codes" / "standard-populations.yaml"
    found = read_entry(path, Standards).standards
    for name, standard in found.items():
        if len(standard.people) != 18:
            raise CatalogError(f"{name} has {len(standard.people)} groups, not 18.", where=str(path))
    return found


def method(name: str) -> Method:
    """The method of that name. Raises `NotFound` naming the nearest."""
    if name not in _METHODS:
        raise NotFound(f"There is no method {name!r}.", todo=nearest(name, _METHODS))
    return Method(name, _METHODS[name])


def _life_expectancy(pairs: Sequence[Pair], parameters: Mapping[str, Any]) -> Computed:
    deaths, persons = [d for d, _ in pairs], [days / YEAR for _, days in pairs]
    shown: dict[str, Any] = {"numerator": sum(deaths), "denominator": round(sum(persons))}
    if not sum(persons):
        return Computed(None, reason="empty-denominator", **shown)
    if sum(persons) < LEAST_PERSON_YEARS:
        return Computed(None, reason="too-few", **shown)
    return _guarded(lambda: life_table(deaths, persons).at(0), shown)


def _premature(pairs: Sequence[Pair], parameters: Mapping[str, Any]) -> Computed:
    deaths, persons = [d for d, _ in pairs], [days / YEAR for _, days in pairs]
    shown: dict[str, Any] = {"numerator": sum(deaths), "denominator": round(sum(persons))}
    if not sum(persons):
        return Computed(None, reason="empty-denominator", **shown)
    return _guarded(lambda: premature_mortality(deaths, persons), shown)


def _standardised(pairs: Sequence[Pair], parameters: Mapping[str, Any]) -> Computed:
    events, persons = [d for d, _ in pairs], [days / YEAR for _, days in pairs]
    shown: dict[str, Any] = {"numerator": sum(events), "denominator": round(sum(persons))}
    if not sum(persons):
        return Computed(None, reason="empty-denominator", **shown)
    name = str(parameters.get("standard", "china-2010"))
    if name not in standards():
        raise NotFound(f"There is no standard population {name!r}.", todo=nearest(name, standards()))
    people = standards()[name].people
    return _guarded(lambda: direct(events, persons, people, per=float(parameters.get("per", 100_000))), shown)


def _person_years(pairs: Sequence[Pair], parameters: Mapping[str, Any]) -> Computed:
    ((events, days),) = pairs
    years, per = days / YEAR, float(parameters.get("per", 1))
    if not days:
        return Computed(None, reason="empty-denominator", numerator=events, denominator=0)
    found = count_interval(events)
    ends = (found.lower / years * per, found.upper / years * per)
    return Computed(events / years * per, *ends, numerator=events, denominator=round(years))


def _growth(pairs: Sequence[Pair], parameters: Mapping[str, Any]) -> Computed:
    (now, now_count), (before, before_count) = pairs
    if not now_count or not before_count or not before:
        return Computed(None, reason="empty-denominator")
    mean, last = now / now_count, before / before_count
    return Computed((mean / last - 1) * 100, numerator=round(mean, 2), denominator=round(last, 2))


def _survey(pairs: Sequence[Pair], parameters: Mapping[str, Any]) -> Computed:
    (above, below), (yy, xx), (xy, _), (strata, clusters), (respondents, alone) = pairs
    if not below:
        return Computed(None, reason="empty-denominator")
    shown: dict[str, Any] = {"numerator": above, "denominator": below}
    if respondents < survey.LEAST_RESPONDENTS:
        return Computed(None, reason="too-few", **shown)
    if alone:  # a stratum with one cluster has no spread of its own
        return Computed(None, reason="not-computable", **shown)
    sums = survey.Sums(
        above, below, yy / survey.SCALE, xy / survey.SCALE, xx / survey.SCALE, int(strata), int(clusters)
    )
    found = _guarded(lambda: survey.from_sums(sums), shown)
    if found.value is None:
        return found
    low, high = max(0.0, (found.low or 0) * 100), min(100.0, (found.high or 0) * 100)
    return Computed(found.value * 100, low, high, **shown)


def _guarded(compute: Callable[[], Any], shown: dict[str, Any]) -> Computed:
    """The answer of a method, or `not-computable` where its figures do not let it be computed (nobody died in the last age
    group, a stratum with a single cluster)."""
    try:
        found = compute()
    except MethodError:
        return Computed(None, reason="not-computable", **shown)
    return Computed(found.value, found.lower, found.upper, **shown)


_METHODS: dict[str, Callable[[Sequence[Pair], Mapping[str, Any]], Computed]] = {
    "life-expectancy": _life_expectancy,
    "premature-mortality": _premature,
    "standardised-rate": _standardised,
    "person-year-rate": _person_years,
    "growth": _growth,
    "survey-ratio": _survey,
}
