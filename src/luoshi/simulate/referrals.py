"""Invented referrals whose true counts are known: made from their own random stream, so nothing else changes.

Every story is decided first (who, where to, answered in time or not, refused, arrived, still open) and dated
afterwards; `truth` counts the decisions, not the dates, so a reader of the dates can be checked against it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from luoshi.kernel.clock import CHINA

UP, DOWN = "up", "down"
# Priority -> hours within which an answer is in time. A story that is answered late takes longer than this.
LIMITS = {"emergency": 0.5, "urgent": 4.0, "routine": 48.0}
REFUSALS = ("no-bed", "no-specialty", "not-indicated", "treat-there")
OPEN_STATES = ("submitted", "returned", "accepted", "arrived", "treating", "summarised")


@dataclass(frozen=True)
class Body:
    """An institution: its code, name, and division path."""

    code: str
    name: str
    path: str


@dataclass(frozen=True)
class Patient:
    """A resident who may be referred: by whom, to where; `home` is the path of their division; `stay` the first day of a
    real stay at the hospital, before which the referral is dated."""

    person: int
    home: str
    sender: Body
    receiver: Body
    stay: date | None = None


@dataclass
class Story:
    """One referral with its outcome and dates. `in_time` is None where it was not answered (or needed no answer)."""

    patient: Patient
    direction: str
    priority: str
    state: str
    submitted: datetime
    green: bool = False
    filed: datetime | None = None
    in_time: bool | None = None
    late: bool = False
    answered: datetime | None = None
    arrived: datetime | None = None
    summarised: datetime | None = None
    ended: datetime | None = None
    refusal: str = ""
    moves: list[tuple[str, datetime]] = field(default_factory=list)

    @property
    def sender(self) -> Body:
        """Who sends: the hospital for one down."""
        return self.patient.sender if self.direction == UP else self.patient.receiver

    @property
    def receiver(self) -> Body:
        """Who receives."""
        return self.patient.receiver if self.direction == UP else self.patient.sender


@dataclass
class Truth:
    """What was decided, by receiving institution ("" is all together)."""

    sent: Counter[tuple[str, str]] = field(default_factory=Counter)  # (sender, direction)
    received: Counter[tuple[str, str]] = field(default_factory=Counter)  # (receiver, direction)
    answered: Counter[str] = field(default_factory=Counter)
    in_time: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)  # (receiver, reason)
    arrived: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    referred_stays: set[tuple[int, str, date]] = field(default_factory=set)


def stories(patients: Sequence[Patient], *, now: datetime, seed: int = 1, still_open: int = 30) -> list[Story]:
    """One story for each patient, in the order of `submitted`. The first `still_open` of those without a stay are still
    open at `now`, the others have ended; a stay is always reached."""
    chance = random.Random(f"referrals {seed}")  # noqa: S311 (invented people)
    made: list[Story] = []
    left = still_open
    for patient in patients:
        if patient.stay is None and left > 0:
            made.append(_open(patient, OPEN_STATES[left % len(OPEN_STATES)], now, chance, late=left % 5 == 0))
            left -= 1
        else:
            made.append(_ended(patient, now, chance))
    return sorted(made, key=lambda story: story.submitted)


def _priority(chance: random.Random) -> str:
    return chance.choices(("routine", "urgent", "emergency"), (75, 18, 7))[0]


def _open(patient: Patient, state: str, now: datetime, chance: random.Random, *, late: bool) -> Story:
    """A referral that waits in `state`. A late one waits for an answer longer than it may."""
    priority = _priority(chance)
    if late:
        state = "submitted"
    limit = timedelta(hours=LIMITS[priority])
    if state == "submitted":
        waited = limit * chance.uniform(1.2, 3) if late else limit * chance.uniform(0.05, 0.8)
        return Story(patient, UP, priority, state, now - waited, late=late, moves=[("submit", now - waited)])
    direction = DOWN if state == "accepted" and chance.random() < 0.3 else UP
    answered = now - timedelta(minutes=chance.randint(6, 20))
    submitted = answered - limit * chance.uniform(0.1, 0.9)
    story = Story(patient, direction, priority, state, submitted, in_time=True, answered=answered)
    story.moves.append(("submit", submitted))
    if state == "returned":
        story.moves.append(("ask", answered))
        return story
    story.moves.append(("accept", answered))
    at = answered
    for move, reached in (("arrive", "arrived"), ("treat", "treating"), ("summarise", "summarised")):
        if OPEN_STATES.index(state) < OPEN_STATES.index(reached):
            break
        at += timedelta(minutes=1)
        story.moves.append((move, at))
        if reached == "arrived":
            story.arrived = at
        if reached == "summarised":
            story.summarised = at
    return story


def _ended(patient: Patient, now: datetime, chance: random.Random) -> Story:
    """A referral that is over: closed, rejected, cancelled or nobody came."""
    stay = patient.stay
    if stay is not None:
        submitted = datetime(stay.year, stay.month, stay.day, 9, tzinfo=CHINA) - timedelta(days=chance.randint(1, 10))
        outcome, direction, priority = "closed", UP, "routine"
    else:
        submitted = now - timedelta(days=chance.randint(25, 290), minutes=chance.randint(0, 600))
        outcome = chance.choices(("closed", "rejected", "cancelled", "no-show"), (78, 12, 5, 5))[0]
        direction = DOWN if chance.random() < 0.3 else UP
        priority = _priority(chance)
    green = (
        stay is None and priority == "emergency" and outcome == "closed" and direction == UP and chance.random() < 0.5
    )
    story = Story(patient, direction, priority, outcome, submitted, green=green)
    in_time = chance.random() < 0.85
    limit = timedelta(hours=LIMITS[priority])
    if green:
        story.answered = submitted
        story.filed = submitted + timedelta(hours=chance.randint(1, 20)) if chance.random() < 0.8 else None
        story.moves.append(("rush", submitted))
    else:
        story.moves.append(("submit", submitted))
        if outcome != "cancelled":
            story.in_time = in_time
            taken = limit * (chance.uniform(0.05, 0.95) if in_time else chance.uniform(1.1, 1.9))
            story.answered = submitted + taken
            story.moves.append(("reject" if outcome == "rejected" else "accept", story.answered))
    last = story.answered or submitted + timedelta(hours=1)
    if outcome == "rejected":
        story.refusal = chance.choice(REFUSALS)
    elif outcome == "closed":
        story.arrived = last + timedelta(hours=chance.randint(1, 40))
        story.summarised = story.arrived + timedelta(days=chance.randint(2, 9))
        last = story.summarised + timedelta(days=chance.randint(1, 7))
        story.moves += [
            ("arrive", story.arrived), ("treat", story.arrived + timedelta(minutes=30)), ("summarise", story.summarised),
            ("close", last),
        ]  # fmt: skip
    else:
        last += timedelta(hours=2)
        story.moves.append(("cancel" if outcome == "cancelled" else "miss", last))
    story.ended = last
    return story


def truth(made: Sequence[Story]) -> Truth:
    """The counts of what was decided."""
    found = Truth()
    for story in made:
        found.sent[story.sender.code, story.direction] += 1
        for code in (story.receiver.code, ""):
            found.received[code, story.direction] += 1
            found.answered[code] += story.in_time is not None
            found.in_time[code] += story.in_time is True
            found.arrived[code] += story.arrived is not None
            found.waiting[code] += story.state == "submitted"
            found.late[code] += story.late
            if story.refusal:
                found.refused[code, story.refusal] += 1
        if story.patient.stay is not None:
            found.referred_stays.add((story.patient.person, story.patient.receiver.code, story.patient.stay))
    return found
