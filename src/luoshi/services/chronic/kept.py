"""The planned register of a place, kept from look to look: read and planned anew are only those whose rows the lake changed
since, and those about whom an enrolment was decided or a visit saved.

What is kept depends on the people of the place and on nothing of the viewer; the scope is asked at every look, before. What
one process planned lies on a shelf for the others, and the worker plans ahead what was asked for (`plan_ahead`).
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any

from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import updates
from luoshi.platform.lake.files import default_lake
from luoshi.services.chronic import members, shelf
from luoshi.services.chronic.members import Member
from luoshi.services.chronic.models import Enrolment, Visit
from luoshi.services.chronic.panel import (
    LOOK_BACK,
    Lake,
    TooMany,
    among,
    few_enough,
    of_people,
    place_condition,
)

PLACES = 12  # of one process; the one longest not asked for goes first
FEW_UPDATES = 100  # of the lake, that the next look follows by itself
MANY_PERSONS = 5_000  # changed at once: everybody is planned anew

Stamp = tuple[Any, ...]  # what was decided and saved here about a person


@dataclass
class Kept:
    """The register of a place on one day. `state`: of the lake it stands for, None before it is planned; `people`: everybody
    who lives or is served there; `stamps`: what each member was planned from besides the lake."""

    state: updates.State | None = None
    people: frozenset[int] = frozenset()
    large: TooMany | None = None
    data_until: date | None = None
    stamps: dict[int, Stamp] = field(default_factory=dict)
    by_person: dict[int, Member] = field(default_factory=dict)
    ordered: tuple[Member, ...] | None = None
    lock: Lock = field(default_factory=Lock)

    def given(self) -> tuple[Any, ...]:
        """What another process needs of it."""
        large = self.large.counts if self.large is not None else None
        return self.state, self.people, large, self.data_until, self.stamps, self.by_person

    def take(self, given: tuple[Any, ...] | None) -> bool:
        """Take over what another process gave; False where there is nothing."""
        if given is None:
            return False
        self.state, self.people, large, self.data_until, self.stamps, self.by_person = given
        self.large = TooMany(large) if large is not None else None
        self.ordered = None
        return True


_held: OrderedDict[Hashable, Kept] = OrderedDict()
_choosing = Lock()


def place_members(
    scope: Scope, today: date, *, division: str = "", institution: str = "", most: int, lake: Path | None = None
) -> tuple[tuple[Member, ...], date | None]:
    """Everybody managed at a place inside the scope, those to visit first, and until when the lake has heard. Raises
    `Http404` outside the scope, `UnreadableFile` where there is no lake, `TooMany` above `most` enrolments."""
    condition = place_condition(scope, division=division, institution=institution)
    root = lake or default_lake()
    place = shelf.Place(str(root), condition, most)
    kept = _of((place, today))
    with kept.lock:
        if kept.state is None:
            kept.take(shelf.get(place, today))
        if not _follow(kept, root, condition, today):
            _first(kept, root, condition, today, most)
            shelf.put(place, today, kept.given())
        if kept.large is not None:
            raise TooMany(kept.large.counts)
        if kept.ordered is None:
            kept.ordered = tuple(members.in_order(kept.by_person.values()))
        return kept.ordered, kept.data_until


def plan_ahead(today: date, *, lake: Path | None = None, told: Callable[[int], None] = lambda planned: None) -> int:
    """Bring up to the lake and the day what lies on the shelf and was asked for lately; says how many places. `told` hears
    of each. Whoever looks next, in whatever process, has little left to plan. What is only a few updates behind stays: to
    follow them is quick."""
    root = lake or default_lake()
    if updates.state(root) is None:
        return 0
    planned = 0
    for place, asked in shelf.asked_for(str(root)):
        kept = Kept()
        kept.take(shelf.get(place, today, asked=asked))
        behind = updates.since(root, kept.state) if kept.state is not None else None
        if behind is not None and behind.updates <= FEW_UPDATES:
            continue
        if not _follow(kept, root, place.condition, today):
            _first(kept, root, place.condition, today, place.most)
        shelf.put(place, today, kept.given(), asked=asked)
        planned += 1
        told(planned)
    return planned


def forget(*, on_disk: bool = True) -> None:
    """Let go of everything: for measuring, and for tests that must begin with nothing."""
    with _choosing:
        _held.clear()
    if on_disk:
        shelf.clear()


def _of(key: Hashable) -> Kept:
    with _choosing:
        kept = _held.setdefault(key, Kept())
        _held.move_to_end(key)
        while len(_held) > PLACES:
            _held.popitem(last=False)
        return kept


def _follow(kept: Kept, root: Path, condition: str, today: date) -> bool:
    """Plan anew whose rows the lake changed, as far as its log of updates tells, and about whom something was decided or saved
    here. False where the log does not tell, or so many changed that planning everybody is as quick."""
    if kept.state is None:
        return False
    after = updates.since(root, kept.state)
    if after is None or (after.updates and (kept.large is not None or len(after.persons) > MANY_PERSONS)):
        return False
    if kept.large is not None:
        return True
    stamps = _stamps(kept.people | after.persons, today)
    changed = {p for p in stamps.keys() | kept.stamps.keys() if stamps.get(p) != kept.stamps.get(p)}
    if changed or after.updates:
        _again(kept, root, condition, today, changed | after.persons)
        kept.stamps = {person: stamp for person, stamp in stamps.items() if person in kept.people}
        kept.state, kept.ordered = after.state, None
    return True


def _first(kept: Kept, root: Path, condition: str, today: date, most: int) -> None:
    state = updates.state(root)  # before the reading, as the stamps: what comes meanwhile is read again
    kept.state = kept.ordered = None
    source = Lake(root)
    try:
        source.people(condition, today)
        try:
            few_enough(source, today, most)
        except TooMany as large:
            kept.state, kept.large = state, large
            return
        people = frozenset(person for (person,) in source.rows("SELECT person FROM people"))
        stamps = _stamps(people, today)
        panel = of_people(source, today)
    finally:
        source.close()
    kept.people, kept.stamps, kept.data_until, kept.large = people, stamps, panel.data_until, None
    kept.by_person = {member.person.number: member for member in members.members(panel)}
    kept.state = state


def _again(kept: Kept, root: Path, condition: str, today: date, changed: set[int]) -> None:
    source = Lake(root)
    try:
        source.people(among(condition, changed), today)
        inside = {person for (person,) in source.rows("SELECT person FROM people")}
        panel = of_people(source, today)
    finally:
        source.close()
    kept.people, kept.data_until = (kept.people - changed) | inside, panel.data_until
    for person in changed:
        kept.by_person.pop(person, None)
    kept.by_person.update({member.person.number: member for member in members.members(panel)})


def _stamps(people: frozenset[int], today: date) -> dict[int, Stamp]:
    """Of everybody among `people` about whom something was decided or saved here: what marks it. Two queries."""
    if not people:
        return {}
    span = (min(people), max(people))
    found: dict[int, list[Any]] = defaultdict(list)
    decided = Enrolment.objects.filter(person__range=span).order_by("pk")
    saved = Visit.objects.filter(person__range=span, day__range=(today - timedelta(days=LOOK_BACK), today))
    rows: Iterable[tuple[Any, ...]] = chain(
        decided.values_list("person", "pk", "programme", "state", "institution", "since", "ended", "episode", "at"),
        saved.order_by("pk").values_list("person", "pk", "version", "day", "reserved"),
    )
    for row in rows:
        if row[0] in people:
            found[row[0]].append(row)
    return {person: tuple(rows) for person, rows in found.items()}
