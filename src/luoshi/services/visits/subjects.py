"""What the engine is told of one person in one programme, and what it answers. Plain values, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

DueState = Literal["done", "late", "missed", "open", "coming"]
Kind = Literal["first", "routine", "recheck", "step"]
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit that took place. `mode`: face, home, phone. `values`: what was found (`systolic`, `stability` …).
    `reserved`: the day the next visit was agreed for."""

    day: date
    service: str
    mode: str = "face"
    values: Mapping[str, Any] = field(default_factory=dict)
    reserved: date | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """One person in one programme. `entered`: the day management began; `visits` in order of day; `facts`: what groups
    and steps ask about (days such as `lmp` too); `left`: the day the plan stops, where the state stops it."""

    entered: date
    visits: tuple[Visit, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    born: date | None = None
    sex: str = ""
    state: str = "managed"
    left: date | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """One visit the plan asks for. It counts from `opens` to `closes`; of a visit that was made, the window ends on its
    day. `late`: made after the window and before the next one opened. `rule`: the group, result or step that asks."""

    kind: Kind
    day: date
    opens: date
    closes: date
    state: DueState
    rule: str
    done: date | None = None
    service: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What the last visit with a finding means: the class, how many such in a row, what to do."""

    day: date
    result: str
    streak: int
    do: str
    risk: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands on a day. `dues`: in order, those that closed since the day asked for and the next one.
    `next`: the one that is open or comes; `overdue`: the first one missed since the last visit; `judged`: the last
    finding; `group`: the rule of frequency in force."""

    programme: str
    dues: tuple[Due, ...]
    next: Due | None
    overdue: Due | None
    last: Visit | None
    judged: Judged | None
    group: str
    today: date

    @property
    def days_over(self) -> int:
        """Days since the window of the first missed visit closed; 0 when nothing is overdue."""
        return (self.today - self.overdue.closes).days if self.overdue else 0

    @property
    def is_open(self) -> bool:
        """Whether a visit made today would count for the next due, or for one that is overdue."""
        return self.overdue is not None or (self.next is not None and self.next.state == "open")


@dataclass(frozen=True, slots=True)
class Measure:
    """Managed to norm, as far as the year has gone: visits made of those due, check-ups alike."""

    visits: int
    visits_due: int
    checkups: int
    checkups_due: int

    @property
    def met(self) -> bool:
        """Whether the norm is met to date."""
        return self.visits >= self.visits_due and self.checkups >= self.checkups_due
