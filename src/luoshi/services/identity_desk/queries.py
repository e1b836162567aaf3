"""Reads of the desk, scope first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from luoshi.indicators import Catalogue
from luoshi.platform.access.scope import Scope
from luoshi.platform.identity import effects
from luoshi.platform.identity import queries as identity
from luoshi.platform.identity.models import Answer, Case, Link
from luoshi.platform.store import reads
from luoshi.services.plan_desk import public as plan_desk
from luoshi.web.manifest import in_language


@dataclass(frozen=True)
class Summary:
    """What is kept of a person: how much of each kind, from which day to which, and who sent it."""

    kinds: tuple[tuple[str, int], ...]
    first: date | None
    last: date | None
    senders: tuple[str, ...]
    total: int


@dataclass(frozen=True)
class Seen:
    """Everything the side-by-side page shows."""

    case: Case
    sides: tuple[identity.Side, identity.Side]
    summaries: tuple[Summary, Summary]
    answers: tuple[Answer, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Shift:
    """One indicator that a merge moves, and the confirmed promises bound to it as (id, promise)."""

    indicator: str
    name: str
    before: str
    after: str
    targets: tuple[tuple[int, str], ...]


def seen(case_id: int, *, scope: Scope) -> Seen:
    """One case with both sides. Raises `Http404` outside the scope."""
    case = identity.case(case_id, scope=scope)
    sides = identity.sides(case)
    return Seen(
        case,
        sides,
        (summary(sides[0].root, scope=scope), summary(sides[1].root, scope=scope)),
        tuple(identity.answers(case)),
        tuple(link for link in identity.links_of(case.left, scope=scope) if link.ended_at is None),
    )


def summary(person: int, *, scope: Scope) -> Summary:
    """What is kept of a person, in one read."""
    counted: dict[str, int] = {}
    days: list[date] = []
    senders: set[str] = set()
    for stored in reads.resources_of_person(person, scope=scope):
        counted[stored.type] = counted.get(stored.type, 0) + 1
        senders.add(stored.source)
        if stored.type != "Patient":
            days += [day for day in _days(stored.resource) if day is not None]
    kinds = tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
    return Summary(
        kinds, min(days, default=None), max(days, default=None), tuple(sorted(senders)), sum(counted.values())
    )


def _days(resource: dict[str, object]) -> list[date | None]:
    texts: list[object] = [
        resource.get(name) for name in ("effectiveDateTime", "performedDateTime", "occurrenceDateTime", "recordedDate")
    ]
    period = resource.get("period")
    if isinstance(period, dict):
        texts.append(period.get("start"))
    found: list[date | None] = []
    for text in texts:
        try:
            found.append(date.fromisoformat(str(text)[:10]) if text else None)
        except ValueError:
            continue
    return found


def shifts(case_id: int, *, scope: Scope) -> tuple[date, list[Shift]]:
    """The indicators that move when the two of a case become one, those with a promise first."""
    case = identity.case(case_id, scope=scope)
    until, moved = effects.of_merge(case.left, case.right)
    catalogue = Catalogue.load()
    bound: dict[str, list[tuple[int, str]]] = {}
    for target in plan_desk.confirmed_targets(scope=scope):
        if target.binding_kind == "indicator":
            bound.setdefault(target.indicator, []).append((target.id, target.promise))
    made = []
    for one in moved:
        indicator = catalogue.indicators.get(one.indicator)
        if indicator is None:
            continue  # a part that a method is fed with, not an indicator of its own
        name = in_language(indicator.name, indicator.name_en)
        made.append(
            Shift(one.indicator, name, _fraction(one.before), _fraction(one.after), tuple(bound.get(one.indicator, ())))
        )
    return until, sorted(made, key=lambda shift: (not shift.targets, shift.indicator))


def _fraction(of: tuple[int, int | None]) -> str:
    return str(of[0]) if of[1] is None else f"{of[0]}/{of[1]}"
