"""The institutions patients can be sent to, with what they declare free, and the routes through them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q, QuerySet, Sum
from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Institution
from luoshi.services.referral import book, queries, routing, rules
from luoshi.services.referral.models import Capacity, Peer


def takes_patients(institution: Institution) -> bool:
    """Whether it has a tier: a CDC or an ambulance centre has none."""
    return bool(routing.tier(institution.type, institution.level, institution.division.level))


def heads() -> dict[int, str]:
    """The code of the top of the alliance each institution belongs to, by its row. One query."""
    rows = {pk: (code, parent) for pk, code, parent in Institution.objects.values_list("pk", "code", "parent")}
    found: dict[int, str] = {}
    for pk in rows:
        at, seen = pk, {pk}
        while (parent := rows[at][1]) in rows and parent not in seen:
            at = parent
            seen.add(at)
        found[pk] = rows[at][0]
    return found


def head_of(code: str) -> str:
    """The code of the top of the alliance an institution belongs to; itself where it stands alone or is unknown. A query
    for each step."""
    seen = {code}
    while True:
        above = Institution.objects.filter(code=code).values_list("parent__code", flat=True).first()
        if not above or above in seen:
            return code
        code = above
        seen.add(code)


def every_place(*, below: bool) -> list[routing.Place]:
    """Institutions that take referrals, with what they declare free, and those reached at peers. `below`: township
    centres too, otherwise hospitals only. No scope: names and free beds of institutions are no secret. Four queries."""
    types = {t for rule in book.rules().tiers for t in rule.types if below or rule.tier in ("county", "city")}
    tops, free = heads(), free_by_institution()
    found = []
    for row in Institution.objects.current().filter(type__in=types).select_related("division", "parent"):
        declared = free.get(row.code)
        found.append(
            routing.Place(
                row.code, row.name, row.type, row.level, row.division.path, tops[row.pk],
                row.parent.code if row.parent else "", declared[0] if declared else None,
                bool(declared and not rules.stale(declared[1], clock.now())), division_level=row.division.level,
            )
        )  # fmt: skip
    for peer in Peer.objects.filter(active=True):
        for there in peer.places:
            found.append(
                routing.Place(
                    there["code"], there["name"], there.get("type", "general-hospital"), int(there.get("level", 3)), "", "",
                    peer=peer.name, division_level=2,
                )
            )  # fmt: skip
    return found


def place(code: str) -> routing.Place | None:
    """One institution of the region as routing sees it. Three queries."""
    row = Institution.objects.current().filter(code=code).select_related("division").first()
    if row is None:
        return None
    return routing.Place(
        row.code, row.name, row.type, row.level, row.division.path, heads()[row.pk], division_level=row.division.level
    )


def free_by_institution() -> dict[str, tuple[int, datetime]]:
    """What each institution has free from today on, and when that was last told. One query."""
    rows = present().values_list("institution").annotate(free=Sum("free"), at=Max("updated_at")).order_by()
    return {code: (free, at) for code, free, at in rows}


def present() -> QuerySet[Capacity]:
    """Beds, and slots from today on."""
    return Capacity.objects.filter(Q(kind=Capacity.BED) | Q(day__gte=clock.today()))


@dataclass(frozen=True)
class Route:
    """What routing was asked and what it suggests."""

    sender: routing.Place
    suggestions: list[routing.Suggestion]


def route(*, sender: str, direction: str, targets: Iterable[str] = (), emergency: bool = False, disease: str = "",
          home: str = "", managed_by: str = "", origin: int | None = None, scope: Scope) -> Route:  # fmt: skip
    """Suggestions for a sender inside the scope. Raises `Http404` outside."""
    if not scope.covers_institution(sender):
        raise Http404
    here = place(sender)
    if here is None or not routing.tier_of(here):
        raise Http404
    if direction == rules.UP:
        return Route(here, routing.up(here, every_place(below=False), tuple(targets), emergency=emergency))
    came = queries.one(origin, scope=scope).sender if origin else ""
    found = routing.down(
        here, every_place(below=True), book.disease(disease), home=home, managed_by=managed_by, came_from=came
    )
    return Route(here, found)
