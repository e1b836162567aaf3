"""The planned register of a place, kept as long as the lake is the same: after a visit was saved or an enrolment decided,
only that person is read and planned anew.

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

Stamp = tuple[Any, ...]  # what was decided and saved here about a person


@dataclass
class Kept:
    """The register of a place over one state of the lake. `people`: everybody who lives or is served there; `stamps`: what
    each member was planned from besides the lake."""

    people: frozenset[int] = frozenset()
    large: TooMany | None = None
    data_until: date | None = None
    stamps: dict[int, Stamp] = field(default_factory=dict)
    by_person: dict[int, Member] = field(default_factory=dict)
    ordered: tuple[Member, ...] | None = None
    lock: Lock = field(default_factory=Lock)

    def given(self) -> tuple[Any, ...]:
        """What another process needs of it."""
        return self.people, self.large and self.large.counts, self.data_until, self.stamps, self.by_person

    def take(self, given: tuple[Any, ...] | None) -> bool:
        """Take over what another process gave; False where there is nothing."""
        if given is None:
            return False
        self.people, large, self.data_until, self.stamps, self.by_person = given
        self.large = TooMany(large) if large is not None else None
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
    place, state = shelf.Place(str(root), condition, most), _state(root)
    kept = _of((place, state, today))
    with kept.lock:
        if kept.ordered is None and kept.large is None and not kept.take(shelf.get(place, (state, today))):
            _first(kept, root, condition, today, most)
            if state is not None:
                shelf.put(place, (state, today), kept.given())
        if kept.large is not None:
            raise TooMany(kept.large.counts)
        stamps = _stamps(kept.people, today)
        changed = {p for p in stamps.keys() | kept.stamps.keys() if stamps.get(p) != kept.stamps.get(p)}
        if changed:
            _again(kept, root, condition, today, changed)
        if changed or kept.ordered is None:
            kept.stamps = stamps
            kept.ordered = tuple(members.in_order(kept.by_person.values()))
        return kept.ordered, kept.data_until


def plan_ahead(today: date, *, lake: Path | None = None, told: Callable[[int], None] = lambda planned: None) -> int:
    """Plan the places that were asked for lately and lie on the shelf as of another lake or day; says how many. `told` hears
    of each. Whoever looks next, in whatever process, finds them planned."""
    root = lake or default_lake()
    state = _state(root)
    if state is None:
        return 0
    planned = 0
    for place, asked in shelf.stale(str(root), (state, today)):
        kept = Kept()
        _first(kept, root, place.condition, today, place.most)
        if _state(root) != state:
            break  # another lake was put in place meanwhile: the next round sees to it
        shelf.put(place, (state, today), kept.given(), asked=asked)
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


def _state(root: Path) -> tuple[int, int] | None:
    """Which lake lies there: its description is put in place anew by every build."""
    try:
        status = (root / "lake.json").stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def _first(kept: Kept, root: Path, condition: str, today: date, most: int) -> None:
    source = Lake(root)
    try:
        source.people(condition, today)
        try:
            few_enough(source, today, most)
        except TooMany as large:
            kept.large = large
            return
        kept.people = frozenset(person for (person,) in source.rows("SELECT person FROM people"))
        stamps = _stamps(kept.people, today)  # before the reading: what is saved meanwhile is read again
        panel = of_people(source, today)
    finally:
        source.close()
    kept.stamps, kept.data_until = stamps, panel.data_until
    kept.by_person = {member.person.number: member for member in members.members(panel)}


def _again(kept: Kept, root: Path, condition: str, today: date, changed: set[int]) -> None:
    source = Lake(root)
    try:
        source.people(among(condition, changed), today)
        panel = of_people(source, today)
    finally:
        source.close()
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
