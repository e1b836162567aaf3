"""An indicator as data: one YAML file of `catalog/indicators`, strict in every key.

Kinds that are computed from a cohort:

| kind | value | not counted |
|---|---|---|
| `ratio` | subjects of `population` for which `numerator` holds, of all subjects of `population` (weighted by `weight`) | listed |
| `rate` | sum of `numerator` over sum of `denominator`: two sums over the cohort, neither inside the other | – |
| `mean` | sum of `numerator` over the number of subjects of `population` where it is known | – |
| `count` | number of subjects of `population` (weighted by `weight`) | – |
| `per-population` | number of subjects of `population` (weighted by `weight`), of the register of population | – |

`method` names a pure function of `luoshi.indicators.methods.registry`. It is fed with sums over the cohort, one pair for
each of its `parts`, or for each value of the column `groups.by`; see `luoshi.indicators.parts`.

`register`, `deliverable` and `report` give a home to promises that no record can tell: counted from a register kept by
hand, shown by dated evidence, or said by the responsible unit.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import Field, model_validator

from luoshi.catalog.loader import Entry

Kind = Literal["ratio", "rate", "mean", "count", "per-population", "method", "register", "deliverable", "report"]
SUMMED: frozenset[str] = frozenset({"ratio", "rate", "mean", "count", "per-population"})
COMPUTED: frozenset[str] = SUMMED | {"method"}
Better = Literal["higher", "lower", "band"]
PeriodRule = Literal[
    "calendar-year-to-date",
    "maternal-child-year-to-date",
    "five-year-plan-to-date",
    "quarter-to-date",
    "rolling-year",
    "point-in-time",
    "month",
]
Confidence = Literal["high", "medium", "low"]

# unit -> (factor from numerator/denominator to the printed value, how it is printed)
UNITS: dict[str, tuple[float, str]] = {
    "percent": (100.0, "%"),
    "permille": (1000.0, "‰"),
    "per-1000": (1000.0, "/千人"),
    "per-10000": (10_000.0, "/万人"),
    "per-100000": (100_000.0, "/10万"),
    "ratio": (1.0, ""),
    "count": (1.0, "个"),
    "persons": (1.0, "人"),
    "minutes": (1.0 / 60_000.0, "分钟"),  # of a mean of milliseconds
    "days": (1.0, "天"),
    "years": (1.0, "岁"),
    "grade": (1.0, "级"),
    "rank": (1.0, "位"),
    "points": (1.0, "分"),
    "wan-yuan": (1.0, "万元"),
    "yuan": (1.0, "元"),
    "ddd": (100.0, "DDD/百人天"),
    "index": (1.0, ""),
    "kilometres": (1.0, "公里"),
}


class Reason(Entry):
    """Why a subject is (not) counted: the first whose `when` holds is shown. `say` may name columns as `{visits}`."""

    when: str
    say: str
    say_en: str


class SeedUse(Entry):
    """A plan that names this indicator, with its target as printed, shortened."""

    seed: Literal["GZ23", "SY27", "ZB24", "JX19", "GD23"]
    target: str


class Population(Entry):
    """Which rows of the population register are the denominator: kind, and the age band (both null for all ages)."""

    kind: Literal[
        "resident", "household", "served", "insured", "students", "hiv-estimated", "htn-estimated", "dm-estimated"
    ] = "resident"
    age_from: int | None = None
    age_to: int | None = None


class Groups(Entry):
    """The parts of a method by the values of one column: one pair of sums for each of `values`, in their order."""

    by: str
    values: tuple[int, ...]


class Part(Entry):
    """One pair of sums a method is fed with, under the name the method knows it by."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    numerator: str
    denominator: str


class Review(Entry):
    """Who checked the definition against the printed norm, when, and when it is due again."""

    by: str | None = None
    on: str | None = None
    next: str | None = None


class Indicator(Entry):
    """One indicator. Expressions are over the columns of its cohort; see the module's table for the kinds."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    name: str
    name_en: str
    kind: Kind = "ratio"
    cohort: str | None = None
    population: str = "true"
    numerator: str | None = None
    denominator: str | None = None
    weight: str | None = None
    per: Population | None = None
    not_counted: tuple[Reason, ...] = ()
    counted: tuple[Reason, ...] = ()
    unit: str
    better: Better = "higher"
    period: PeriodRule | None = None
    seasonal_pace: Literal["none", "even"] | tuple[float, ...] = "none"
    suppress_below: int | None = None
    method: str | None = None
    groups: Groups | None = None
    parts: tuple[Part, ...] = ()
    parameters: dict[str, Any] = {}
    interval: Literal["none", "poisson"] = "none"
    part_of: str | None = None
    missing: str | None = None
    source: str
    confidence: Confidence
    seeds: tuple[SeedUse, ...] = ()
    reviewed: Review = Review()
    notes: str = ""
    notes_zh: str = ""
    cases: str | None = None

    @property
    def computed(self) -> bool:
        """Whether the value comes from a cohort, as it is or through a method."""
        return self.kind in COMPUTED

    @cached_property
    def made_parts(self) -> tuple[Indicator, ...]:
        """The parts of a method; see `luoshi.indicators.parts`."""
        from luoshi.indicators.parts import make_parts

        return make_parts(self)

    @property
    def factor(self) -> float:
        """Multiplies numerator/denominator into the printed value."""
        return UNITS[self.unit][0]

    @property
    def unit_text(self) -> str:
        """The unit as printed in Chinese: `%`, `/10万`, `分钟`."""
        return UNITS[self.unit][1]

    @property
    def lists_counted(self) -> bool:
        """Whether the people to act on are those counted (less is better) and not those missed."""
        return self.kind == "ratio" and self.better == "lower"

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons shown beside each listed subject."""
        return self.counted if self.lists_counted else self.not_counted

    @model_validator(mode="after")
    def _consistent(self) -> Indicator:
        needed = {
            "ratio": ("cohort", "numerator", "period", "cases"),
            "rate": ("cohort", "numerator", "denominator", "period", "cases"),
            "mean": ("cohort", "numerator", "period", "cases"),
            "count": ("cohort", "period", "cases"),
            "per-population": ("cohort", "per", "period", "cases"),
            "method": ("cohort", "method", "period"),
        }.get(self.kind, ("missing",))
        absent = [key for key in needed if getattr(self, key) is None]
        if absent:
            raise ValueError(f"an indicator of kind {self.kind!r} also needs {', '.join(absent)}")
        if self.unit not in UNITS:
            raise ValueError(f"unknown unit {self.unit!r}; known are {', '.join(UNITS)}")
        if self.part_of is not None:
            raise ValueError("part_of is given to the parts of a method when they are made")
        if self.kind == "method" and (self.groups is None) == (not self.parts):
            raise ValueError("an indicator of kind 'method' needs either groups or parts")
        if self.groups is not None and (self.numerator is None or self.denominator is None):
            raise ValueError("groups also need a numerator and a denominator, which are summed for each of them")
        if self.kind == "ratio" and not self.reasons:
            raise ValueError(f"say why a subject is listed: `{'counted' if self.lists_counted else 'not_counted'}`")
        if isinstance(self.seasonal_pace, tuple) and (
            len(self.seasonal_pace) != 12 or abs(sum(self.seasonal_pace) - 1) > 1e-6
        ):
            raise ValueError("seasonal_pace is none, even, or the shares of twelve months, which add up to 1")
        return self
