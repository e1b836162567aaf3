"""Reads about contracts, scope first. Contracts made here come from the tables, those of other sources from the lake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import orjson
from django.db.models import Q, QuerySet
from django.http import Http404

from luoshi.kernel import clock
from luoshi.kernel.errors import UnreadableFile
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.files import default_lake
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Division, Institution
from luoshi.platform.store import people, sets
from luoshi.services.contracts import catalogue, privacy, rules
from luoshi.services.contracts.lake import OURS, Held, Other, Reading
from luoshi.services.contracts.models import Contract, Note, OwnPackage, Team
from luoshi.services.contracts.rules import Window
from luoshi.web.manifest import in_language

SIGNING = (
    "township-centre",
    "community-centre",
    "village-room",
    "community-station",
    "general-hospital",
    "tcm-hospital",
)


def institutions(*, scope: Scope) -> list[Institution]:
    """Institutions inside the scope that may hold contracts, in order of code."""
    found = regions.institutions(scope=scope).filter(type__in=SIGNING)
    return list(found)


def institution_or_404(code: str, *, scope: Scope) -> Institution:
    """An institution inside the scope; without a code the viewer's first. Raises `Http404`."""
    if code:
        found = Institution.objects.current().filter(code=code).select_related("division").first()
        if found is None or not (scope.covers_path(found.division.path) or code in scope.institution_codes):
            raise Http404
        return found
    rows = regions.institutions(scope=scope).filter(type__in=SIGNING)
    # A viewer of one institution and its members sees the institution first; of a division, the first centre.
    centre = rows.filter(type__in=SIGNING[:2]).first() or rows.first()
    if centre is None:
        raise Http404
    return centre


def led_by(institution: Institution) -> tuple[str, ...]:
    """Codes of an institution and of all it leads (a township centre and its village rooms), in order: what its numbers
    on the board count. A query for each level."""
    found, level = [institution.code], [institution.pk]
    while level:
        rows = list(Institution.objects.current().filter(parent__in=level).values_list("pk", "code"))
        rows = [(pk, code) for pk, code in rows if code not in found]
        level = [pk for pk, _code in rows]
        found += [code for _pk, code in rows]
    return tuple(sorted(found))


def teams(institution: str, *, scope: Scope, on: date | None = None) -> QuerySet[Team]:
    """Teams of an institution inside the scope with their members; `on`: those that exist on a day. Raises `Http404`."""
    if not scope.covers_institution(institution):
        raise Http404
    found = Team.objects.filter(institution=institution).prefetch_related("members")
    if on is not None:
        found = found.filter(since__lte=on).filter(Q(until__isnull=True) | Q(until__gte=on))
    return found


@dataclass(frozen=True)
class Offer:
    """A package that can be signed: `code` of the catalogue, or `own:<number>` of one the institution keeps; `title` is
    its Chinese name, which goes into the contract."""

    code: str
    name: str
    title: str
    kind: str
    items: tuple[str, ...]
    fee: int
    confidence: str


def offers(institution: str, *, on: date | None = None) -> list[Offer]:
    """Packages in force at an institution on a day (default: today): the catalogue's, then its own. One query."""
    day = on or clock.today()
    book = catalogue.packages()
    found = [
        Offer(code, in_language(p.name, p.name_en), p.name, p.kind, p.items, p.fee, book.confidence)
        for code, p in book.packages.items()
        if p.since <= day and (p.until is None or day <= p.until)
    ]
    own = OwnPackage.objects.filter(institution=institution, since__lte=day)
    own = own.filter(Q(until__isnull=True) | Q(until__gte=day))
    return found + [Offer(f"own:{o.pk}", o.name, o.name, o.kind, tuple(o.items), o.fee, "high") for o in own]


def contracts(*, scope: Scope) -> QuerySet[Contract]:
    """Contracts made here that lie inside the scope: held by an institution of it. Whoever serves a resident sees the
    contracts of that resident too, by `of_person`."""
    rows = Contract.objects.select_related("team")
    if scope.everywhere:
        return rows
    inside = Institution.objects.filter(scope.path_filter("division__path")).values("code")
    return rows.filter(Q(institution__in=inside) | Q(institution__in=scope.institution_codes))


def contract(number: int, *, scope: Scope) -> Contract:
    """One of `contracts`. Raises `Http404`."""
    found = contracts(scope=scope).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def held(contract: Contract) -> Held:
    """A contract made here, to be asked for in the lake."""
    return Held(f"ours:{contract.pk}", contract.person, contract.start, contract.last, tuple(contract.items))


def held_other(other: Other) -> Held:
    """A contract of another source: the base package is all it is known to promise."""
    return Held(other.key, other.person, other.start, other.end, catalogue.items().base)


@dataclass(frozen=True)
class Bond:
    """One contract of a resident, whoever keeps it. `contract` is the row made here, None where another source sent it.
    `running`: in force on the day asked for; `place`: whether the viewer may know where it stands."""

    key: str
    person: int
    institution: str
    start: date
    last: date | None
    state: str
    running: bool
    source: str
    contract: Contract | None = None
    visible: bool = True

    @property
    def state_name(self) -> str:
        """Its state in words."""
        if self.contract is not None:
            return in_language(*rules.CONTRACT.states[self.state])
        words = {"active": ("有效", "in force"), "completed": ("已完成", "completed"), "revoked": ("已终止", "revoked")}
        if self.state == "active" and not self.running:
            over = self.last is not None and self.last < clock.today()
            return in_language("已到期", "ran out") if over else in_language("未生效", "to begin")
        return in_language(*words.get(self.state, (self.state, self.state)))


def bond(contract: Contract, on: date) -> Bond:
    """A contract made here."""
    return Bond(
        f"ours:{contract.pk}", contract.person, contract.institution, contract.start, contract.last, contract.state,
        contract.holds(on), OURS, contract,
    )  # fmt: skip


def bond_other(other: Other, on: date) -> Bond:
    """A contract of another source."""
    return Bond(
        other.key, other.person, other.institution, other.start, other.end, other.status, other.holds(on), other.source
    )


def bonds(persons: Iterable[int], *, on: date | None = None) -> dict[int, list[Bond]]:
    """Contracts of these persons from the tables and from the store itself (not the lake), so that what another source
    sent a moment ago counts; newest first. For deciding; no scope, the caller shows no more than the viewer may see.

    Two queries however many persons.
    """
    day = on or clock.today()
    wanted = sorted(set(persons))
    found: dict[int, list[Bond]] = {person: [] for person in wanted}
    for row in Contract.objects.filter(person__in=wanted).select_related("team"):
        found[row.person].append(bond(row, day))
    rows = sets.select(
        "SELECT r.public_id, r.person, v.body, s.name FROM store_resource r"
        " JOIN store_version v ON v.resource_id = r.id AND v.version = r.version"
        " JOIN store_source s ON s.id = r.source_id"
        " WHERE r.person IN {values} AND r.type = 'CarePlan' AND v.body <> '' AND s.name <> %s",
        wanted,
        OURS,
    )
    for id_, person, body, source in rows:
        other = _other(id_, person, source, orjson.loads(body))
        if other is not None:
            found[person].append(bond_other(other, day))
    for kept in found.values():
        kept.sort(key=lambda b: (b.start, b.key), reverse=True)
    return found


def _other(id_: str, person: int, source: str, plan: dict[str, object]) -> Other | None:
    """A CarePlan of another source as a contract; None where it is none, or has no first day."""
    categories = [c for concept in plan.get("category", []) for c in concept.get("coding", [])]  # type: ignore[attr-defined]
    if not any(c.get("system") == "urn:luoshi:cn:code:plan" and c.get("code") == "contract" for c in categories):
        return None
    period: dict[str, str] = plan.get("period", {})  # type: ignore[assignment]
    start = people.day(period.get("start"))
    if start is None:
        return None
    author: dict[str, str] = plan.get("author", {})  # type: ignore[assignment]
    return Other(
        id_, person, author.get("reference", "").rpartition("/")[2], start, people.day(period.get("end")),
        str(plan.get("status", "")), people.day(str(plan.get("created", ""))), source,
    )  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """A resident with all contracts, the windows of those that ran in the last year or run, and their groups."""

    card: people.Card
    bonds: list[Bond]
    windows: list[Window]
    groups: list[str]
    notes: list[Note] = field(default_factory=list)


def resident(person: int, *, scope: Scope, lake: Path | None = None) -> Kept:
    """One resident inside the scope. A contract held outside the scope is shown without its place. Raises `Http404`."""
    card = people.cards([person], scope=scope).get(person)
    if card is None:
        raise Http404
    return kept(card, scope=scope, lake=lake)


def kept(card: people.Card, *, scope: Scope, lake: Path | None = None) -> Kept:
    """The same for a resident whose card the caller may see."""
    on = clock.today()
    rows = bonds([card.person], on=on)[card.person]
    shown = [
        b if scope.covers_institution(b.institution)
        else Bond(b.key, b.person, "", b.start, b.last, b.state, b.running, b.source, b.contract, visible=False)
        for b in rows
    ]  # fmt: skip
    asked = [
        Held(b.key, b.person, b.start, b.last, tuple(b.contract.items) if b.contract else catalogue.items().base)
        for b in rows
        if (b.last is None or b.last >= on - timedelta(days=365)) and not (b.state in ("revoked",) or _void(b))
    ]
    windows: list[Window] = []
    groups: list[str] = []
    try:
        with Reading(lake or default_lake(), on=on, persons=[card.person], threads=1) as reading:
            windows = reading.windows(asked, until=on + timedelta(days=catalogue.items().ahead_days))
            groups = reading.groups().get(card.person, [])
    except UnreadableFile:
        pass  # before the first lake is built there are contracts but no facts
    notes = list(Note.objects.filter(person=card.person, until__isnull=True))
    order = {name: group.rank for name, group in catalogue.items().priority.items()}
    every = sorted({*groups, *(n.group for n in notes if n.group in order)}, key=order.__getitem__)
    served = {card.person: card.institution}
    told = privacy.tellable_groups({card.person: every}, served, scope=scope)[card.person]
    return Kept(card, shown, privacy.tellable_windows(windows, served, scope=scope), told, notes)


def _void(bond: Bond) -> bool:
    return bond.contract is not None and bond.contract.end_reason == "void"


def members_of(division: str) -> set[str]:
    """Codes of institutions that stand in a division or below."""
    path = Division.objects.filter(code=division).order_by("-valid_from").values_list("path", flat=True).first()
    return set(Institution.objects.filter(division__path__startswith=path or "-").values_list("code", flat=True))


def running_here(persons: Sequence[int], on: date) -> dict[int, Contract]:
    """Of these persons the contract made here that is in force on a day. One query."""
    rows = sets.select(
        "SELECT id FROM contracts_contract WHERE person IN {values} AND start <= %s", list(persons), on.isoformat()
    )
    found = Contract.objects.in_bulk([pk for (pk,) in rows])
    return {c.person: c for c in sorted(found.values(), key=lambda c: c.start) if c.holds(on)}
