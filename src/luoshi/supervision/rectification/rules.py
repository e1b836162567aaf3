"""The states of a finding and the ladder of `catalog/rules/escalation.yaml`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Literal

from pydantic import Field

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.kernel import clock
from luoshi.kernel.errors import CatalogError
from luoshi.kernel.machine import CLOCK, Machine, Move
from luoshi.supervision import working_days

FOUND, NOTICED, PLANNED, SUBMITTED, CLOSED, DISMISSED = (
    "found", "noticed", "planned", "submitted", "closed", "dismissed",
)  # fmt: skip
OPEN = (FOUND, NOTICED, PLANNED, SUBMITTED)
KINDS = ("target", "contradiction", "inspection", "quality", "authenticity")
ISSUE, ACT, CHECK, SIGN = "rectify.issue", "rectify.act", "rectify.check", "rectify.sign"
# State -> which date runs then. While a check is waited for, none does.
RUNNING = {NOTICED: "plan", PLANNED: "finish"}

FINDING = Machine(
    name="finding",
    title="整改事项",
    title_en="Finding",
    states={
        FOUND: ("待下达", "To be noticed"),
        NOTICED: ("待报方案", "Plan awaited"),
        PLANNED: ("整改中", "Being put right"),
        SUBMITTED: ("待复核", "To be checked"),
        CLOSED: ("已销号", "Closed"),
        DISMISSED: ("不成立", "Dismissed"),
    },
    start=FOUND,
    final=frozenset({CLOSED, DISMISSED}),
    moves=(
        Move("notify", (FOUND,), NOTICED, ISSUE, "下达整改通知", "Send the notice", ("due",)),
        Move("dismiss", (FOUND, NOTICED), DISMISSED, ISSUE, "认定不成立", "Dismiss", ("reason",)),
        Move("extend", (NOTICED,), NOTICED, ISSUE, "延期", "Give more time", ("reason",)),
        Move("extend", (PLANNED,), PLANNED, ISSUE, "延期", "Give more time", ("reason",)),
        Move("plan", (NOTICED, PLANNED), PLANNED, ACT, "报送整改方案", "Send the plan", ("plan",)),
        Move("submit", (PLANNED,), SUBMITTED, ACT, "提交整改情况", "Hand in", ("account",)),
        Move("return", (SUBMITTED,), PLANNED, CHECK, "退回", "Return", ("reason",)),
        Move(
            "pass", (NOTICED, PLANNED, SUBMITTED), CLOSED, CLOCK, "重算达标，销号", "Value passes: closed", ("value",)
        ),
        Move("sign", (SUBMITTED,), CLOSED, SIGN, "签字销号", "Close by signature", ("reason",)),
    ),
)


WHEN = "when"


def dated(given: dict[str, Any]) -> dict[str, Any]:
    """What comes with a move, with the instant of the clock that people see: the audit trail has its own."""
    return {**given, WHEN: clock.now().isoformat(timespec="seconds")}


class Term(Entry):
    """So many days of a calendar."""

    days: int = Field(ge=0)
    calendar: Literal["working", "calendar"]

    def after(self, day: date) -> date:
        """The last day of the term that begins on `day`, which does not count."""
        if self.calendar == "working":
            return working_days.add_working_days(day, self.days)
        return day + timedelta(days=self.days)


class Step(Entry):
    """One step of a ladder. `minutes`: what was said is to be written down by a person."""

    id: str
    name: str
    name_en: str
    after: int = Field(ge=1)
    calendar: Literal["working", "calendar"]
    tell: tuple[Literal["unit", "issuer", "leader"], ...]
    minutes: bool = False


class Terms(Entry):
    """What a notice gives."""

    plan: Term
    finish: Term


class Escalation(Entry):
    """The whole file."""

    source: str
    confidence: Literal["high", "medium", "low"]
    from_: date = Field(alias="from")
    terms: Terms
    repeat_within_days: int = Field(ge=1)
    repeat_skips: int = Field(ge=0)
    ladders: dict[Literal["plan", "finish"], tuple[Step, ...]]


@cache
def escalation() -> Escalation:
    """The rules we ship. Raises `CatalogError` for a ladder whose steps do not come one after the other."""
    path = CATALOG / "rules" / "escalation.yaml"
    found = read_entry(path, Escalation)
    for name, steps in found.ladders.items():
        days = [step.after for step in steps]
        if not steps or days != sorted(set(days)) or len({s.id for s in steps}) != len(steps):
            raise CatalogError("the steps must come one after the other, each once.", where=f"{path}: ladders.{name}")
    if set(found.ladders) != {"plan", "finish"}:
        raise CatalogError("there must be the ladders plan and finish.", where=str(path))
    return found


@dataclass(frozen=True)
class DueStep:
    """A step and the day it is due."""

    step: Step
    on: date


def ladder(basis: str, missed: date, *, repeat: bool) -> list[DueStep]:
    """The steps that come when the date `missed` of a basis (`plan`, `finish`) passes, in order, with their days. A
    repeat begins higher: the first steps are left out and the later ones take their days.

    >>> [(d.step.name, d.on.isoformat()) for d in ladder("finish", date(2025, 11, 3), repeat=False)]
    [('催办', '2025-11-04'), ('约谈', '2025-11-10'), ('通报', '2025-11-17')]
    """
    rules = escalation()
    steps = rules.ladders[basis]  # type: ignore[index]
    skipped = min(rules.repeat_skips, len(steps) - 1) if repeat else 0
    days = [Term(days=step.after, calendar=step.calendar).after(missed) for step in steps]
    return [DueStep(step, on) for step, on in zip(steps[skipped:], days, strict=False)]


def due_steps(basis: str, missed: date, *, repeat: bool, until: date, done: Sequence[str] = ()) -> list[DueStep]:
    """Of `ladder` those due up to `until` that were not done yet (`done`: ids)."""
    return [d for d in ladder(basis, missed, repeat=repeat) if d.on <= until and d.step.id not in done]
