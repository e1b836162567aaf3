"""Reads of chronic care, scope first: the list of today, the register, one member with everything about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import public as consent
from luoshi.platform.lake import results
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Division
from luoshi.platform.store import people, reads
from luoshi.services.chronic import kept, members, panel, rules
from luoshi.services.chronic.members import Member
from luoshi.services.chronic.models import Card, Enrolment, Visit
from luoshi.services.plan_desk import public as plan_desk

MOST = 12_000  # enrolments of a place whose list is made at once
COHORT = "hypertension"  # membership of a chronic list tells as much as this cohort does


@dataclass(frozen=True)
class Chosen:
    """What a list shows. `due`: only those somebody should visit now; `state`: `overdue`, `lost` or `short` (not to norm
    so far)."""

    division: str = ""
    institution: str = ""
    programme: str = ""
    level: str = ""
    state: str = ""
    due: bool = False


@dataclass(frozen=True)
class Promise:
    """What a plan promises of a disease: the target's number and promise in short."""

    target: int
    promise: str
    indicator: str


@dataclass(frozen=True)
class Named:
    """Who a row is: card and whether this viewer may be told."""

    card: people.Card | None
    told: bool


def place_members(chosen: Chosen, *, scope: Scope, on: date | None = None) -> tuple[Sequence[Member], date | None]:
    """Everybody of a place, those to visit first, before other filters; and until when the lake has heard. Raises
    `Http404` outside the scope, `TooMany` for a place that is too large for one list."""
    return kept.place_members(
        scope, on or clock.today(), division=chosen.division, institution=chosen.institution, most=MOST
    )


def large_tallies(counts: dict[str, tuple[int, int]], chosen: Chosen, *, scope: Scope) -> list[members.Tally]:
    """The counts of a place too large for a list: from the lake, and what was met from the indicators in place."""
    division = chosen.division or scope.root_division()
    found = []
    for name, disease in rules.diseases().diseases.items():
        managed, lost = counts.get(name, (0, 0))
        met = None
        if disease.indicator and division:
            value = results.values([disease.indicator], scope=scope, division=division)[disease.indicator]
            if value.denominator is not None and value.numerator is not None:
                managed, met = int(value.denominator), int(value.numerator)
        found.append(members.Tally(name, managed, met, lost, None, None))
    return found


def chosen_of(found: Sequence[Member], chosen: Chosen) -> list[Member]:
    """Those a list asks for, in the same order."""

    def fits(member: Member) -> bool:
        if chosen.due and not member.due:
            return False
        if chosen.programme == members.JOINT:
            if sum(rules.diseases().diseases[p].joint for p in member.programmes) < 2:
                return False
        elif chosen.programme and chosen.programme not in member.programmes:
            return False
        if chosen.level and member.level.id != chosen.level:
            return False
        match chosen.state:
            case "overdue":
                return member.overdue > 0
            case "lost":
                return any(d.managed.state in ("lost", "refused") for d in member.diseases)
            case "short":
                return any(d.counts and not d.measure.met for d in member.diseases)
        return True

    return [member for member in found if fits(member)]


def tellable(listed: Iterable[tuple[int, str]], *, scope: Scope) -> frozenset[int]:
    """Whom a list may name to this viewer: `listed` are persons with the institution that serves them."""
    return consent.tellable(COHORT, listed, scope=scope)


def named(rows: Iterable[Member], *, scope: Scope) -> dict[int, Named]:
    """Who the people of some rows are, as far as the viewer may be told; about six queries."""
    places = {m.person.number: m.person.institution for m in rows}
    told = tellable(places.items(), scope=scope)
    cards = people.cards(told, scope=scope)
    return {number: Named(cards.get(number), number in told and number in cards) for number in places}


def promises(*, scope: Scope) -> dict[str, Promise]:
    """The first confirmed promise bound to each disease's indicator, by disease. One query."""
    by_indicator = {d.indicator: name for name, d in rules.diseases().diseases.items() if d.indicator}
    found: dict[str, Promise] = {}
    for target in plan_desk.confirmed_targets(scope=scope):
        name = by_indicator.get(target.indicator) if target.binding_kind == "indicator" else None
        if name is not None:
            found.setdefault(name, Promise(target.id, target.promise, target.indicator))
    return found


@dataclass(frozen=True)
class Seen:
    """Everything the page of one member shows. `member`: None where nobody manages them; `countings`: what the indicators
    say, as of the lake; `saved`: visits kept here; `home`: what was measured at home."""

    card: people.Card
    member: Member | None
    enrolments: tuple[Enrolment, ...]
    saved: tuple[Visit, ...]
    notes: Card | None
    countings: tuple[tuple[str, bool, str], ...]
    home: tuple[tuple[str, str, float], ...]
    names: dict[str, str]
    data_until: date | None
    today: date


def seen(person: int, *, scope: Scope) -> Seen:
    """One person. Raises `Http404` outside the scope, and where their chronic records are closed to this viewer."""
    place = reads.person_place(person)
    if place is None or not scope.covers_person(*place):
        raise Http404
    if person not in tellable([(person, place[1])], scope=scope):
        raise Http404
    card = people.cards([person], scope=scope).get(person)
    if card is None:
        raise Http404
    read = panel.read(scope, persons=[person])
    found = members.members(read, brief=False)
    member = found[0] if found else None
    enrolments = tuple(Enrolment.objects.filter(person=person).order_by("programme", "-pk"))
    codes = {card.institution} | {e.institution for e in enrolments}
    codes |= {d.managed.institution for d in member.diseases} if member else set()
    return Seen(
        card=card,
        member=member,
        enrolments=enrolments,
        saved=tuple(Visit.objects.filter(person=person)[:20]),
        notes=Card.objects.filter(person=person).first(),
        countings=_countings(person, scope),
        home=home_values(person, scope=scope),
        names=regions.institution_names(codes - {""}) | regions.division_names({card.division} - {""}),
        data_until=read.data_until,
        today=read.today,
    )


def _countings(person: int, scope: Scope) -> tuple[tuple[str, bool, str], ...]:
    wanted = {d.indicator for d in rules.diseases().diseases.values() if d.indicator} | {"htn-control", "dm-control"}
    period = results.current_period("htn-std")
    return tuple(row for row in results.indicators_of_person(person, period, scope=scope) if row[0] in wanted)


def home_values(person: int, *, scope: Scope) -> tuple[tuple[str, str, float], ...]:
    """What was measured at home: (time, field, value), the latest first, at most 30."""
    codes = {code: name for name, code in rules.diseases().home.items()}
    found: list[tuple[str, str, float]] = []
    for stored in reads.resources_of_person(person, scope=scope, types=["Observation"]):
        body = stored.resource
        coding: dict[str, Any] = next(iter(body.get("code", {}).get("coding", [])), {})
        name = codes.get(str(coding.get("code")))
        if name and coding.get("system") == rules.FINDING:
            found.append((str(body.get("effectiveDateTime", ""))[:16], name, body["valueQuantity"]["value"]))
    return tuple(sorted(found, reverse=True)[:30])


def enrolment(number: int, *, scope: Scope) -> Enrolment:
    """One enrolment of a person inside the scope. Raises `Http404`."""
    row = Enrolment.objects.filter(pk=number).first()
    place = reads.person_place(row.person) if row else None
    if row is None or place is None or not scope.covers_person(*place):
        raise Http404
    return row


def waiting(*, scope: Scope) -> QuerySet[Enrolment]:
    """Candidates under way: found or confirmed, inside the scope as far as rows tell."""
    rows = Enrolment.objects.filter(state__in=("found", "confirmed"))
    if scope.everywhere:
        return rows
    inside = Division.objects.filter(scope.path_filter("path")).values("code")
    return (rows.filter(division__in=inside) | rows.filter(institution__in=scope.institution_codes)).distinct()
