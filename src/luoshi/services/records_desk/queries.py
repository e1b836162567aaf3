"""Reads of the records desk, scope first. The number of SQL queries does not grow with the number of entries."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.core.cache import cache
from django.http import Http404
from django.utils.translation import get_language

from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.platform.access import queries as accounts
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import public
from luoshi.platform.consent import queries as consent
from luoshi.platform.consent.models import Dispute
from luoshi.platform.identity import joined
from luoshi.platform.lake import refresh, results
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people, reads
from luoshi.services.plan_desk import public as plan_desk
from luoshi.services.records_desk import rules
from luoshi.services.records_desk.words import words
from luoshi.web.manifest import in_language

PROMISES_KEPT_SECONDS = 30
_IDENTIFIER = re.compile(r"[0-9A-Za-z][0-9A-Za-z\s-]{5,}")


@dataclass(frozen=True)
class Found:
    """Cards that match a search; `total` counts all, also those not shown."""

    cards: tuple[people.Card, ...]
    total: int
    by: str
    division_names: dict[str, str] = field(default_factory=dict)
    institution_names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Counting:
    """Whether the person counts for one indicator. `targets` are (id, promise) of confirmed promises bound to it;
    `wanted`: whether to be counted is good."""

    indicator: str
    name: str
    counted: bool
    reason: str
    period: str
    targets: tuple[tuple[int, str], ...]
    wanted: bool

    @property
    def well(self) -> bool:
        """Whether this is as it should be: counted where more is better, not counted where less is."""
        return self.counted == self.wanted


@dataclass(frozen=True)
class Resident:
    """All that the resident page shows to one viewer. `stored`: the resources they may see; `admitted`: who they are and
    what was decided about the person; `looks`: who looked; `disputed`: (type, id) of entries the resident holds to be
    wrong."""

    card: people.Card
    entries: tuple[rules.Entry, ...]
    trends: tuple[rules.Trend, ...]
    countings: tuple[Counting, ...]
    places: tuple[str, ...]
    institution_names: dict[str, str]
    looks: tuple[consent.Look, ...]
    names: dict[str, str]
    admitted: consent.Admitted
    stored: tuple[reads.Stored, ...]
    disputed: frozenset[tuple[str, str]]


def search(text: str, *, scope: Scope, limit: int = 50) -> Found:
    """Residents inside the scope by identifier (letters and digits) or by the beginning of their name (two characters
    or more). At most `limit` cards."""
    text = " ".join(text.split())
    if _IDENTIFIER.fullmatch(text):
        numbers = people.by_identifier(text, scope=scope)
        total, by = len(numbers), "identifier"
    elif len(text) >= 2:
        numbers, total = people.by_name(text, scope=scope, limit=limit)
        by = "name"
    else:
        return Found((), 0, "")
    cards = tuple(people.cards(numbers[:limit], scope=scope).values())
    return Found(
        cards,
        total,
        by,
        regions.division_names(c.division for c in cards),
        regions.institution_names(c.institution for c in cards),
    )


def resident(person: int, *, scope: Scope, looks: int = 20) -> Resident:
    """The page of one resident, as far as the viewer may see it. Raises `Http404` when the person is unknown or outside
    the scope, unless they share with the viewer's institution or glass was broken."""
    admitted = consent.admit(person, scope=scope)
    card = people.cards([person], scope=admitted.scope).get(person)
    if card is None:
        raise Http404
    examined = public.examine(reads.resources_of_person(person, scope=admitted.scope), admitted)
    spoken = words()
    resources = [(s, s.resource) for s in examined.visible]
    entries = [e for s, r in resources if (e := rules.entry(r, spoken, source=s.source)) is not None]
    seen = consent.looks(person, limit=looks)
    codes = {e.institution for e in entries} | {card.institution} | {look.place for look in seen}
    catalogue = Catalogue.load()
    return Resident(
        card=card,
        entries=tuple(entries),
        trends=tuple(rules.trends((r for _, r in resources), spoken)),
        countings=tuple(
            counting
            for counting in countings(person, scope=admitted.scope)
            if catalogue.indicator(counting.indicator).cohort not in examined.hidden_cohorts
        ),
        places=tuple(d.name for d in regions.ancestors(card.division)),
        institution_names=regions.institution_names(codes - {""}),
        looks=tuple(seen),
        names=accounts.names_of(look.by for look in seen),
        admitted=admitted,
        stored=tuple(examined.visible),
        disputed=frozenset(
            Dispute.objects.filter(joined.of(person), state=Dispute.OPEN).values_list("resource_type", "resource_id")
        ),
    )


def _promises(scope: Scope) -> list[tuple[int, str, str, date | None]]:
    """Id, indicator, promise and deadline of what binds a viewer. Kept for half a minute: the same for every resident,
    and a third of the cost of a page."""
    seats = f"{scope.division_paths}{scope.institution_codes}{get_language()}"
    key = f"records_desk:promises:{hashlib.sha256(seats.encode()).hexdigest()}"
    found: list[tuple[int, str, str, date | None]] | None = cache.get(key)
    if found is None:
        found = [
            (target.id, target.indicator, target.promise, target.deadline)
            for target in plan_desk.confirmed_targets(scope=scope)
            if target.binding_kind == "indicator"
        ]
        cache.set(key, found, PROMISES_KEPT_SECONDS)
    return found


def countings(person: int, *, scope: Scope) -> Sequence[Counting]:
    """The indicators a person is asked about, in the periods of the promises, those that are not well first."""
    catalogue = Catalogue.load()
    running = refresh.running_period(None, results.data_until() or clock.today())
    # Promises are told in the period they are measured in: for mothers and children that may be the year that has ended.
    bound: dict[tuple[str, str], list[tuple[int, str]]] = {}
    periods = {running.label: running}
    for number, indicator_id, promise, deadline in _promises(scope):
        if indicator_id in catalogue.indicators:
            period = results.measured_period(indicator_id, deadline)
            bound.setdefault((indicator_id, period.label), []).append((number, promise))
            if period.kind == "maternal-child-year":
                periods[period.label] = period
    found: dict[tuple[str, str], Counting] = {}
    for period in periods.values():
        for name, counted, reason in results.indicators_of_person(person, period, scope=scope):
            indicator = catalogue.indicator(name)
            label = results.current_period(name).label if period is running else period.label
            if (name, label) not in found:
                title = in_language(indicator.name, indicator.name_en)
                targets = tuple(bound.get((name, label), ()))
                found[name, label] = Counting(
                    name, title, counted, reason, label, targets, wanted=not indicator.lists_counted
                )
    return sorted(found.values(), key=lambda c: c.well)


def versions(resource_type: str, id: str, *, person: int, scope: Scope) -> tuple[list[reads.Stored], consent.Admitted]:  # noqa: A002
    """All versions of a resource of that person that the viewer may see, newest first. Raises `Http404` for another
    person's, and for one that is closed to the viewer, as if it did not exist."""
    admitted = consent.admit(person, scope=scope)
    found = reads.history(resource_type, id, scope=admitted.scope)
    if found[0].person != person:
        raise Http404
    shown = public.filter(found, scope=scope)
    newest = next((s for s in found if not s.deleted), None)
    # When the newest text is closed, older ones and the mark that it was taken back are closed with it.
    if newest is not None and newest not in shown:
        raise Http404
    return shown, admitted
