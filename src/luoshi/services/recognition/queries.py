"""Reads of mutual recognition: earlier results of a resident, alerts, marks and counts. Scope first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform.access.models import Grant
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import public as consent
from luoshi.platform.regions.models import Institution, Statistic
from luoshi.platform.store import reads, sets
from luoshi.platform.store.reads import Stored
from luoshi.services.recognition import reading, rules
from luoshi.services.recognition.models import Alert, QualityMark


@dataclass(frozen=True)
class Earlier:
    """An earlier result that may be recognised: what it offers, how far, and the resource."""

    offer: reading.Offered
    producer: str
    reach: str
    stored: Stored

    @property
    def item(self) -> rules.Listed:
        """The item."""
        return self.offer.item


def place(institution: str) -> rules.Place:
    """Where an institution stands; an unknown one stands nowhere."""
    return places([institution]).get(institution, rules.Place(institution, "", ""))


def places(codes: Iterable[str]) -> dict[str, rules.Place]:
    """Where institutions stand, by code. The head of an alliance is the outermost parent. One query, for members of
    members one more."""
    wanted = {code for code in codes if code}
    rows = Institution.objects.filter(code__in=wanted).values_list(
        "code", "division__path", "parent__code", "parent__parent__code", "parent__parent__parent__code"
    )
    found = {}
    for code, path, *above in rows:
        heads = [c for c in above if c]
        found[code] = rules.Place(code, path or "", heads[-1] if heads else code)
    return found


def earlier(
    person: int, items: Sequence[str], *, scope: Scope, orderer: rules.Place, on: date | None = None, purpose: str = ""
) -> dict[str, Earlier]:
    """The best earlier result of each item that may be recognised where `orderer` stands, by item.

    The best is the latest; of one day the one recognised furthest. Only what the resident lets this viewer see counts
    (`platform.consent`). Raises `Http404` for a person the viewer may not look at, `InvalidValue` for an unknown item.
    The number of queries does not grow with items or results; the results come by one indexed query.
    """
    day = on or clock.today()
    catalogue = rules.catalogue(day)
    wanted = {id_: catalogue.item(id_) for id_ in items}
    consent.admit(person, scope=scope, purpose=purpose)
    found: list[tuple[reading.Offered, Stored]] = []
    for stored in _results(person, wanted.values()):
        offer = reading.offered(stored.resource, catalogue)
        if offer and offer.item.id in wanted and rules.fresh(offer.item, offer.day, day):
            found.append((offer, stored))
    if not found:
        return {}
    found = consent.filter(found, scope=scope, purpose=purpose, key=lambda pair: pair[1])
    of_source = _institutions({s.source for offer, s in found if not offer.producer})
    known = [(offer, offer.producer or of_source.get(s.source, ""), s) for offer, s in found]
    stand = places({orderer.institution, *(code for _, code, _ in known)})
    marks = _marks({code for _, code, _ in known})
    best: dict[str, Earlier] = {}
    for offer, code, s in known:
        reach = rules.reach(offer.item, offer.day, stand.get(code, rules.Place(code, "", "")), orderer, marks)
        if not reach:
            continue
        other = best.get(offer.item.id)
        if other is None or _rank(offer, reach, s) > _rank(other.offer, other.reach, other.stored):
            best[offer.item.id] = Earlier(offer, code, reach, s)
    return best


def _rank(offer: reading.Offered, reach: str, stored: Stored) -> tuple[Any, ...]:
    order = [rules.OWN, "alliance", "city", "province", "nation"]
    return offer.day, offer.form == "images", order.index(reach), stored.type, stored.id


def _results(person: int, items: Iterable[rules.Listed]) -> list[Stored]:
    """Present results of a person whose text names one of the items. One query by the index of types and persons."""
    marks: set[str] = set()
    names: set[str] = set()
    for item in items:
        marks.update((f'"{item.id}"', *(f'"{code}"' for code in item.codes)))
        names.update(item.names)
    rows = sets.select(
        "SELECT r.type, r.public_id, r.person, v.version, v.known_from, v.body, s.name FROM store_resource r"
        " JOIN store_version v ON v.resource_id = r.id AND v.version = r.version"
        " JOIN store_source s ON s.id = r.source_id"
        " WHERE r.type IN {values} AND r.person = %s AND v.body <> ''",
        reading.TYPES,
        person,
    )
    found = []
    for kind, id_, owner, version, known_from, body, source in rows:
        # The text is looked at before it is parsed: a chronic patient has thousands of results.
        likely = kind == "ImagingStudy" or "\\u" in body or any(mark in body for mark in marks)
        if likely or any(mark in "".join(body.split()).upper() for mark in names):
            found.append(Stored(kind, id_, owner, version, reads.instant(known_from), None, body, source))
    return found


def _institutions(sources: set[str]) -> dict[str, str]:
    return dict(sets.select("SELECT name, institution FROM store_source WHERE name IN {values}", sources))


def _marks(institutions: set[str]) -> list[rules.Quality]:
    rows = QualityMark.objects.filter(institution__in=institutions)
    return [rules.Quality(m.institution, m.subject, m.level, m.valid_from, m.valid_to) for m in rows]  # type: ignore[arg-type]


def workplaces(scope: Scope) -> list[Institution]:
    """The institutions the viewer was granted by name: where they order. One query."""
    if scope.user is None:
        return []
    granted = Grant.objects.on(clock.today()).filter(user=scope.user, institution__isnull=False)
    return list(Institution.objects.filter(pk__in=granted.values("institution")).order_by("code"))


# --- alerts -----------------------------------------------------------------------------------------------------------


def alerts(*, scope: Scope) -> QuerySet[Alert]:
    """Alerts raised where the viewer works, or in a division of theirs."""
    if scope.everywhere:
        return Alert.objects.all()
    return Alert.objects.filter(Q(institution__in=scope.institution_codes) | scope.path_filter("division"))


def alert(uuid: str | UUID, *, scope: Scope) -> Alert:
    """One of `alerts`. Raises `Http404`."""
    try:
        found = alerts(scope=scope).filter(uuid=uuid).first()
    except (ValidationError, ValueError):
        raise Http404 from None
    if found is None:
        raise Http404
    return found


def result(found: Alert, *, scope: Scope, purpose: str = "") -> Stored | None:
    """The earlier result of an alert as it stands, where the viewer may still see it."""
    admitted = consent.admit(found.person, scope=scope, purpose=purpose)
    try:
        stored = reads.read(found.earlier_type, found.earlier_id, scope=admitted.scope)
    except Http404:
        return None
    return next(iter(consent.filter([stored], scope=scope, purpose=purpose)), None)


@dataclass(frozen=True)
class Value:
    """One value of an earlier result."""

    name: str
    text: str
    range: str


def shown(stored: Stored, *, scope: Scope, purpose: str = "") -> tuple[list[Value], list[str]]:
    """What of a result is recognised: its values (those of the Observations a report rests on too), and addresses of
    studies. Never a conclusion."""
    resource = stored.resource
    catalogue = rules.catalogue(clock.today())

    def name(part: dict[str, Any], text: str) -> str:
        item = catalogue.of_concept(part.get("code"))
        return item.name if item else text

    parts = [resource]
    studies = [resource["id"]] if stored.type == "ImagingStudy" else []
    if stored.type == "DiagnosticReport" and stored.person is not None:
        wanted = {
            str(r.get("reference") or "")
            for r in [*(resource.get("result") or ()), *(resource.get("imagingStudy") or ())]
        }
        admitted = consent.admit(stored.person, scope=scope, purpose=purpose)
        near = reads.resources_of_person(stored.person, scope=admitted.scope, types=("Observation", "ImagingStudy"))
        near = consent.filter([s for s in near if f"{s.type}/{s.id}" in wanted], scope=scope, purpose=purpose)
        parts += [s.resource for s in near if s.type == "Observation"]
        studies += [s.id for s in near if s.type == "ImagingStudy"]
    values = []
    for part in parts:
        for one in [part, *(part.get("component") or ())]:
            if text := reading.value(one):
                values.append(Value(name(one, reading.name(one)), text, reading.reference(one)))
    return values, studies


# --- counts -----------------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What became of the alerts of one institution (or of all) about results of other institutions.

    `counted`: answered or lapsed, what the rate divides by; `saved` in yuan, of the recognised; `own`: reminders of own
    results, not counted; `waiting`: not answered yet; `returned`: (recognised, recognisable) as the institution itself
    returned for the same quarters, None where it returned nothing.
    """

    institution: str
    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    saved: Decimal = Decimal(0)
    own: int = 0
    viewed: int = 0
    returned: tuple[int, int] | None = None

    @property
    def recognised(self) -> int:
        """How many were recognised."""
        return self.states[rules.RECOGNISED]

    @property
    def counted(self) -> int:
        """How many could have been."""
        return sum(self.states[state] for state in rules.COUNTED)

    @property
    def waiting(self) -> int:
        """How many nobody answered yet."""
        return self.states[rules.RAISED]

    @property
    def rate(self) -> float | None:
        """Percent recognised; None where nothing could have been."""
        return 100 * self.recognised / self.counted if self.counted else None

    def add(self, other: Tally) -> None:
        """Count another one in."""
        self.states.update(other.states)
        self.reasons.update(other.reasons)
        self.saved += other.saved
        self.own += other.own
        self.viewed += other.viewed


def tallies(start: date, end: date, *, scope: Scope) -> tuple[Tally, list[Tally]]:
    """All in all, and by ordering institution in order of code, of the alerts raised in a period (both days counted).
    Three queries."""
    rows = alerts(scope=scope).filter(day__gte=start, day__lte=end)
    by: dict[str, Tally] = {}
    grouped = rows.values_list("institution", "state", "reason", "reach").annotate(
        n=Count("pk"), yuan=Sum("price"), seen=Count("viewed")
    )
    for code, state, reason, reach, n, yuan, seen in grouped.order_by():
        tally = by.setdefault(code, Tally(code))
        tally.viewed += seen
        if reach == rules.OWN:
            tally.own += n
            continue
        tally.states[state] += n
        if reason:
            tally.reasons[reason] += n
        if state == rules.RECOGNISED:
            tally.saved += yuan or 0
    for code, figures in _returned(by, start, end).items():
        by[code].returned = figures
    whole = Tally("")
    for tally in by.values():
        whole.add(tally)
    return whole, [by[code] for code in sorted(by)]


def _returned(codes: Iterable[str], start: date, end: date) -> dict[str, tuple[int, int]]:
    """What institutions returned for quarters that ended in the period: (recognised, recognisable)."""
    rows = Statistic.objects.filter(
        institution__code__in=list(codes), item__in=("recognised", "recognisable"), day__gte=start, day__lte=end
    ).values_list("institution__code", "item")
    sums: dict[str, dict[str, int]] = {}
    for code, item, total in rows.annotate(total=Sum("value")).order_by():
        sums.setdefault(code, {})[item] = int(total)
    return {c: (s.get("recognised", 0), s.get("recognisable", 0)) for c, s in sums.items()}


def by_month(start: date, end: date, *, scope: Scope) -> list[tuple[str, Tally]]:
    """The whole by month (`2025-10`), in order. One query."""
    rows = alerts(scope=scope).filter(day__gte=start, day__lte=end).exclude(reach=rules.OWN)
    months: dict[str, Tally] = {}
    for year, month, state, yuan, n in (
        rows.values_list("day__year", "day__month", "state").annotate(yuan=Sum("price"), n=Count("pk")).order_by()
    ):
        tally = months.setdefault(f"{year}-{month:02d}", Tally(""))
        tally.states[state] += n
        if state == rules.RECOGNISED:
            tally.saved += yuan or 0
    return sorted(months.items())


def marks(*, scope: Scope) -> QuerySet[QualityMark]:
    """Marks of the institutions in the scope. All staff may know the marks of all: they are printed on reports; but a
    mark is kept only by those in whose scope the laboratory lies."""
    if scope.everywhere:
        return QualityMark.objects.all()
    inside = Institution.objects.filter(scope.path_filter("division__path") | Q(code__in=scope.institution_codes))
    return QualityMark.objects.filter(institution__in=inside.values("code"))


def recognised_items(on: date, *, scope: Scope) -> dict[str, int]:
    """How many items of the list can be recognised by now, by scope: those for which a laboratory in the viewer's scope
    holds a mark of the level or a wider one; `alliance`: the whole list."""
    catalogue = rules.catalogue(on)
    held: dict[str, set[str]] = {reach: set() for reach in rules.REACHES}
    for mark in marks(scope=scope):
        if mark.valid_from <= on and (mark.valid_to is None or on <= mark.valid_to):
            for item in catalogue.items.values():
                if mark.subject in (item.id, item.group):
                    level = max(rules.REACHES.index(mark.level), rules.REACHES.index(item.scope))
                    for reach in rules.REACHES[level:]:
                        held[reach].add(item.id)
    held["alliance"] = set(catalogue.items)
    return {reach: len(found) for reach, found in held.items()}
