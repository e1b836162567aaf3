"""The rules of referral as the catalogue declares them, read strictly and once."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Literal

from pydantic import Field, model_validator

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.kernel.errors import CatalogError

FOLDER = CATALOG / "rules" / "referral"
Tier = Literal["village", "township", "county", "city"]
Priority = Literal["emergency", "urgent", "routine"]
Confidence = Literal["high", "medium", "low"]
TIERS: tuple[Tier, ...] = ("village", "township", "county", "city")
PRIORITIES: tuple[Priority, ...] = ("emergency", "urgent", "routine")


class Named(Entry):
    """A word in both languages."""

    name: str
    name_en: str


class Dated(Entry):
    """What holds between two days (both in), with its source."""

    source: str
    confidence: Confidence
    from_day: date
    to_day: date | None = None

    def holds(self, on: date) -> bool:
        """Whether it is in force on a day."""
        return self.from_day <= on and (self.to_day is None or on <= self.to_day)


class Finding(Named):
    """One thing that speaks for a referral: a measured value (`code` with a bound), or a `sign` a doctor ticks."""

    code: str = ""
    sign: str = ""
    at_least: float | None = None
    at_most: float | None = None
    is_: str = Field("", alias="is")
    days: int = 30
    times: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _one_kind(self) -> Finding:
        bounds = [self.at_least is not None, self.at_most is not None, bool(self.is_)]
        if bool(self.code) == bool(self.sign) or (bool(self.code) and sum(bounds) != 1) or (self.sign and any(bounds)):
            raise ValueError("a finding is a sign, or a code with exactly one of at_least, at_most, is")
        return self


class Affected(Named):
    """The disease a criterion is about: ICD-10 ranges by the first three characters."""

    icd: tuple[str, ...]


class Criterion(Dated, Named):
    """One reason to send a patient up."""

    id: str
    disease: Affected | None = None
    tiers: tuple[Tier, ...] = Field(alias="from")
    to: str
    priority: Priority
    any: tuple[Finding, ...]


class Disease(Dated, Named):
    """One disease that goes down again."""

    id: str
    icd: tuple[str, ...]
    to: Tier
    when: tuple[str, ...]
    when_en: tuple[str, ...]
    go_on: str
    go_on_en: str


class TierRule(Entry):
    """How an institution gets its tier."""

    tier: Tier
    types: tuple[str, ...]
    level_at_least: int | None = None
    division_at_most: int | None = None


class Target(Named):
    """A kind of place a criterion asks for."""

    types: tuple[str, ...]
    words: tuple[str, ...] = ()
    least_level: int = 0
    prefer_level: int = 0


class Routing(Dated):
    """Kinds of places and the order of asking."""

    targets: dict[str, Target]
    order: tuple[Literal["alliance", "district", "up"], ...]


class Step(Named):
    """Whom to tell so many hours past the deadline."""

    after_hours: float
    to: Literal["institution", "alliance", "commission"]


class Clocks(Dated):
    """Hours and days."""

    respond_hours: dict[Priority, float]
    reserve_hours: dict[Priority, float]
    complete_hours: dict[Priority, float]
    unbooked_arrive_hours: dict[Priority, float]
    arrive_hours: float
    treat_hours: float
    summary_days: float
    check_days: float
    green_filing_hours: float
    escalate: tuple[Step, ...]


class Summary(Dated):
    """What may be attached and for how long."""

    months: int = Field(ge=1)
    entries: int = Field(ge=1)
    days_valid: int = Field(ge=1)


class CapacityRules(Dated):
    """When a declared number is old."""

    stale_hours: float


class Ages(Entry):
    """Ages outside of which nobody is held to it."""

    under: int
    from_: int = Field(alias="from")


class Unreferred(Dated):
    """What counts as going up by oneself."""

    services: tuple[str, ...]
    window_days: int
    excluded_classes: tuple[str, ...]
    excluded_ages: Ages
    apply_ages: bool


class Rules(Entry):
    """`rules.yaml`."""

    tiers: tuple[TierRule, ...]
    tier_names: dict[Tier, Named]
    routing: Routing
    clocks: Clocks
    summary: Summary
    capacity: CapacityRules
    unreferred: Unreferred
    reasons: dict[Literal["reject", "ask", "cancel"], dict[str, Named]]
    priorities: dict[Priority, Named]


class Item(Named):
    """One item of the monitoring set: answered by an indicator, or (where `indicator` is empty) by what is handed in,
    named in `evidence`. `also`: another indicator that bears on it."""

    number: int
    dimension: str = ""
    indicator: str
    also: str = ""
    confidence: Confidence
    evidence: str = ""
    evidence_en: str = ""

    @model_validator(mode="after")
    def _answered(self) -> Item:
        if bool(self.indicator) == bool(self.evidence) or bool(self.evidence) != bool(self.evidence_en):
            raise ValueError("an item has an indicator, or the evidence that answers it in both languages")
        return self


class Alliance(Entry):
    """`alliance.yaml`."""

    source: str
    confidence: Confidence
    dimensions: dict[str, Named]
    items: tuple[Item, ...]
    beside: tuple[Item, ...]


class _Up(Entry):
    criteria: tuple[Criterion, ...]


class _Down(Entry):
    diseases: tuple[Disease, ...]


@cache
def rules() -> Rules:
    """Tiers, routing, clocks and reasons. Raises `CatalogError`."""
    found = read_entry(FOLDER / "rules.yaml", Rules)
    steps = [step.after_hours for step in found.clocks.escalate]
    if steps != sorted(set(steps)):
        raise CatalogError("the steps of `escalate` must come one after the other.", where=str(FOLDER / "rules.yaml"))
    return found


@cache
def _all_criteria() -> tuple[Criterion, ...]:
    path = FOLDER / "up.yaml"
    found = read_entry(path, _Up).criteria
    for criterion in found:
        if criterion.to not in rules().routing.targets:
            raise CatalogError(f"{criterion.id} asks for the unknown place {criterion.to!r}.", where=str(path))
    _distinct([c.id for c in found], str(path))
    return found


@cache
def _all_diseases() -> tuple[Disease, ...]:
    path = FOLDER / "down.yaml"
    found = read_entry(path, _Down).diseases
    _distinct([d.id for d in found], str(path))
    if odd := [d.id for d in found if len(d.when) != len(d.when_en)]:
        raise CatalogError(f"{odd[0]}: `when` and `when_en` differ in length.", where=str(path))
    return found


def criteria(on: date) -> tuple[Criterion, ...]:
    """The reasons to send up that hold on a day."""
    return tuple(c for c in _all_criteria() if c.holds(on))


def diseases(on: date) -> tuple[Disease, ...]:
    """The diseases that go down, as they stand on a day."""
    return tuple(d for d in _all_diseases() if d.holds(on))


def criterion(id_: str) -> Criterion | None:
    """A criterion by name, of any day."""
    return next((c for c in _all_criteria() if c.id == id_), None)


def disease(id_: str) -> Disease | None:
    """A disease by name, of any day."""
    return next((d for d in _all_diseases() if d.id == id_), None)


@cache
def alliance() -> Alliance:
    """The monitoring set of county alliances, complete and in order. Raises `CatalogError`."""
    path = FOLDER / "alliance.yaml"
    found = read_entry(path, Alliance)
    if [item.number for item in found.items] != list(range(1, 15)):
        raise CatalogError("the set has fourteen items, numbered in order.", where=str(path))
    if odd := [item.number for item in found.items if item.dimension not in found.dimensions]:
        raise CatalogError(f"item {odd[0]} is of no dimension that is declared.", where=str(path))
    return found


def _distinct(ids: list[str], where: str) -> None:
    if len(set(ids)) != len(ids):
        raise CatalogError("an id is given twice.", where=where)
