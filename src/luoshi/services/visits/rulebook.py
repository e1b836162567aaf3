"""What a programme's file holds, read strictly and checked: `catalog/rules/visits/*.yaml`."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any, Literal

from pydantic import Field, model_validator

from luoshi.catalog.loader import Entry, files, read_entry
from luoshi.kernel.errors import CatalogError, NotFound, nearest
from luoshi.services.visits.conditions import compiled
from luoshi.services.visits.spans import Margin, Span, SpanText

Confidence = Literal["high", "medium", "low"]
Do = Literal["continue", "adjust", "refer"]
# What the interpreter itself puts beside the facts of a person and of a visit.
GIVEN = frozenset({"age", "age_months", "days_in", "result", "streak", "sex"})


class Words(Entry):
    """A name in two languages."""

    name: str
    name_en: str


class Window(Entry):
    """How long before and after its day a visit counts: days, or a share of the cycle (`15%`)."""

    before: Margin = 0
    after: Margin = 0


class Reaction(Entry):
    """What follows a result: what to do, and when to come again (without `next`: when the group's cycle says)."""

    do: Do = "continue"
    next: SpanText | None = None


class Result(Words):
    """A class of what a visit found; the first whose condition holds. `reactions`: of the first such visit in a row, the
    second …; the last goes for all that follow. `row_with`: other classes that count into the row. `risk`: 0 none to 3 at
    once, what worklists are ordered by."""

    id: str
    when: str
    reactions: tuple[Reaction, ...] = Field(min_length=1)
    row_with: tuple[str, ...] = ()
    risk: int = Field(0, ge=0, le=3)


class Group(Words):
    """How often: the first group whose condition holds gives the cycle."""

    id: str
    when: str = ""
    every: SpanText


class Step(Words):
    """One visit of a fixed schedule: its window lies `opens` to `closes` after the fact `anchor`. `until`: the fact whose
    day ends it. `service`: the kind of visit that counts, where not all of the programme do."""

    id: str
    anchor: str = "entered"
    opens: SpanText
    closes: SpanText
    service: tuple[str, ...] = ()
    when: str = ""
    until: str = ""


class First(Entry):
    """The first visit after entry: within so long of it. `service`: the kind that counts, where not all do."""

    within: SpanText
    service: tuple[str, ...] = ()


class Norm(Entry):
    """Managed to norm: so many visits a year, one for every `per_days` full days under management; a check-up once
    `checkup_after` days have passed."""

    visits: int = Field(ge=0)
    per_days: int = Field(ge=1)
    checkups: int = 0
    checkup_after: int = 180
    checkup_service: str = "checkup"


class Derived(Entry):
    """A value that depends on the person: the first condition that holds gives it."""

    when: str = ""
    value: float | str


class State(Words):
    """What a state of enrolment does to the plan: whether it goes on, and whether the person stays in the denominator."""

    plan: bool
    counted: bool


class Version(Entry):
    """The rule as it holds from `valid_from` to the day before the next version."""

    valid_from: date
    source: str
    confidence: Confidence
    notes: str = ""
    notes_zh: str = ""
    who: str = ""
    services: tuple[str, ...] = Field(min_length=1)
    modes: tuple[str, ...] = ("face", "home")
    first: First | None = None
    mode: Literal["reserved", "fixed"] = "reserved"
    year_starts: int = Field(1, ge=1, le=12)
    offset: SpanText = Span(days=0)
    window: Window = Window()
    window_confidence: Confidence = "low"
    groups: tuple[Group, ...] = ()
    values: dict[str, tuple[Derived, ...]] = {}
    results: tuple[Result, ...] = ()
    steps: tuple[Step, ...] = ()
    norm: Norm | None = None
    facts: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Version:
        if bool(self.groups) == bool(self.steps):
            raise ValueError("a rule has groups (a cycle) or steps (a schedule)")
        if self.groups and self.groups[-1].when:
            raise ValueError("the last group must hold for everybody (no `when`)")
        for group in self.groups:
            if group.every.length <= 0:
                raise ValueError(f"the cycle of {group.id} does not go forward")
            if self.mode == "fixed" and (group.every.days or 12 % max(1, group.every.months)):
                raise ValueError(f"{group.id}: fixed slots are months that divide the year")
        for result in self.results:
            for reaction in result.reactions:
                if reaction.next is not None and reaction.next.length <= 0:
                    raise ValueError(f"{result.id}: the next visit must lie ahead")
        for step in self.steps:
            if step.opens.length > step.closes.length:
                raise ValueError(f"the step {step.id} closes before it opens")
        return self

    def conditions(self) -> list[str]:
        """Every condition of the rule."""
        texts = [
            self.who,
            *(g.when for g in self.groups),
            *(r.when for r in self.results),
            *(s.when for s in self.steps),
        ]
        texts += [d.when for several in self.values.values() for d in several]
        return [text for text in texts if text]

    def result(self, name: str) -> Result | None:
        """The class of that id."""
        return next((result for result in self.results if result.id == name), None)


class Programme(Words):
    """One file: a programme with its versions, the oldest first, and worked cases that every reading must give."""

    programme: str
    states: dict[str, State] = {}
    merges: tuple[str, ...] = ()
    versions: tuple[Version, ...] = Field(min_length=1)
    cases: tuple[dict[str, Any], ...] = ()

    def on(self, day: date) -> Version:
        """The version that holds on a day; before the first, the first."""
        found = self.versions[0]
        for version in self.versions:
            if version.valid_from <= day:
                found = version
        return found


# What every programme's states do unless its file says otherwise; lost is not ended (it stays in the denominator).
STATES = {
    "managed": State(name="在管", name_en="Managed", plan=True, counted=True),
    "lost": State(name="暂时失访", name_en="Lost for now", plan=True, counted=True),
    "refused": State(name="拒绝随访", name_en="Refuses visits", plan=True, counted=True),
    "moved": State(name="迁出", name_en="Moved away", plan=False, counted=False),
    "died": State(name="死亡", name_en="Died", plan=False, counted=False),
    "ended": State(name="终止管理", name_en="Ended", plan=False, counted=False),
}


@cache
def programmes() -> dict[str, Programme]:
    """All programmes we ship, checked. Raises `CatalogError` naming the file and what is wrong."""
    found: dict[str, Programme] = {}
    for path in files("rules/visits"):
        programme = read_entry(path, Programme)
        check(programme, str(path))
        if programme.programme in found:
            raise CatalogError(f"the programme {programme.programme!r} has another file.", where=str(path))
        found[programme.programme] = programme
    for programme in found.values():
        for other in programme.merges:
            if other not in found:
                raise CatalogError(
                    f"unknown programme {other!r}.", where=programme.programme, todo=nearest(other, found)
                )
    return found


def programme(name: str) -> Programme:
    """The programme of that id. Raises `NotFound` naming the nearest."""
    known = programmes()
    if name not in known:
        raise NotFound(f"There is no visit programme {name!r}.", todo=nearest(name, known))
    return known[name]


def check(programme: Programme, where: str) -> None:
    """Hold a programme to what the interpreter can do. Raises `CatalogError`."""
    days = [version.valid_from for version in programme.versions]
    if days != sorted(set(days)):
        raise CatalogError("the versions must stand in order of `valid_from`.", where=where)
    for version in programme.versions:
        known = GIVEN | set(version.facts) | set(version.values)
        for text in version.conditions():
            for name in sorted(compiled(text)[1] - known):
                raise CatalogError(
                    f"{text!r} asks for {name!r}, which is not among `facts`.", where=where, todo=nearest(name, known)
                )
