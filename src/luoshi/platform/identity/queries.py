"""Reads of identity, scope first. A case is seen by those who may see both persons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from django.db.models import QuerySet
from django.http import Http404

from luoshi.platform.identity.models import Answer, Case, Link, Record
from luoshi.platform.store import people
from luoshi.platform.store.models import Person

if TYPE_CHECKING:
    from luoshi.platform.access.scope import Scope


@dataclass(frozen=True)
class Side:
    """One of the two of a case: the person as they came in, whom they count for now, and the record compared."""

    person: int
    root: int
    record: int
    raw: dict[str, str | None]


def cases(*, scope: Scope, state: str = Case.OPEN) -> QuerySet[Case]:
    """Cases of a state (`""`: all) whose two persons both lie in the scope, the riskiest first."""
    found = Case.objects.order_by("-risk", "pk")
    if state:
        found = found.filter(state=state)
    if scope.everywhere:
        return found
    seen = Person.objects.filter(people.inside(scope)).values("pk")
    return found.filter(left__in=seen, right__in=seen)


def case(case_id: int, *, scope: Scope) -> Case:
    """One case. Raises `Http404` when it is not there or a person lies outside the scope."""
    found = cases(scope=scope, state="").filter(pk=case_id).first()
    if found is None:
        raise Http404
    return found


def sides(found: Case) -> tuple[Side, Side]:
    """The two of a case, the smaller number first."""
    from luoshi.platform.identity import links

    tops = links.roots([found.left, found.right])
    raw = dict(Record.objects.filter(pk__in=(found.left_record, found.right_record)).values_list("pk", "raw"))
    made = [
        Side(person, tops.get(person, person), record, orjson.loads(raw[record]) if record in raw else {})
        for person, record in ((found.left, found.left_record), (found.right, found.right_record))
    ]
    return made[0], made[1]


def names(records: Iterable[int]) -> dict[int, dict[str, str | None]]:
    """Raw texts by record, for lists."""
    found = Record.objects.filter(pk__in=list(records)).values_list("pk", "raw")
    return {record: orjson.loads(raw) for record, raw in found}


def answers(found: Case) -> list[Answer]:
    """What was said of a case, oldest first."""
    return list(Answer.objects.filter(case=found))


def links_of(person: int, *, scope: Scope) -> list[Link]:
    """Every link that joins or joined this person with another, newest first. Raises `Http404` outside the scope."""
    from luoshi.platform.identity import links

    if not Person.objects.filter(people.inside(scope), pk=person).exists():
        raise Http404
    everyone = links.members(person)
    return list((Link.objects.filter(child__in=everyone) | Link.objects.filter(parent__in=everyone)).order_by("-pk"))


def link(link_id: int, *, scope: Scope) -> Link:
    """One link. Raises `Http404` when it is not there or outside the scope."""
    found = Link.objects.filter(pk=link_id).first()
    if found is None or Person.objects.filter(people.inside(scope), pk__in=(found.child, found.parent)).count() < 2:
        raise Http404
    return found


def visible(persons: Iterable[int], *, scope: Scope) -> set[int]:
    """Those of the persons who lie in the scope."""
    return set(Person.objects.filter(people.inside(scope), pk__in=list(persons)).values_list("pk", flat=True))


def as_plain(found: Case) -> dict[str, Any]:
    """A case for programs."""
    return {
        "id": found.pk, "left": found.left, "right": found.right, "state": found.state, "band": found.band,
        "probability": found.probability, "weight": found.weight, "risk": found.risk, "origin": found.origin,
        "note": found.note, "evidence": found.evidence, "revision": found.revision, "opened": found.at,
    }  # fmt: skip
