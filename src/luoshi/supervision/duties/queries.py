"""Reads of duties, scope first.

A duty is seen by those whose division holds the unit's seat and by those granted its institution. Acting on it takes the
seat itself; judging and changing it takes the division that issued it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.supervision.duties import rules
from luoshi.supervision.duties.models import Comment, Duty, File, Override, Query, Watch

FINAL = tuple(rules.DUTY.final)
FEW = 100  # promises or places asked about by number


def duties(*, scope: Scope) -> QuerySet[Duty]:
    """Every duty in sight, the earliest due first."""
    inside = scope.path_filter("division_path") | Q(institution__in=scope.institution_codes)
    return Duty.objects.filter(inside)


def mine(*, scope: Scope) -> QuerySet[Duty]:
    """The duties of the viewer's own seats: the divisions and institutions granted, nothing below."""
    seats = Q(institution="", division_path__in=scope.division_paths) | Q(institution__in=scope.institution_codes)
    return duties(scope=scope).filter(seats)


def duty_or_404(number: int, *, scope: Scope) -> Duty:
    """One of `duties`. Raises `Http404`."""
    found = duties(scope=scope).select_related("parent").filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def seated(duty: Duty, scope: Scope) -> bool:
    """Whether the viewer sits at the unit itself, so that the duty is theirs."""
    if scope.everywhere:
        return True
    if duty.institution:
        return duty.institution in scope.institution_codes
    return duty.division_path in scope.division_paths


def permissions_on(duty: Duty, scope: Scope) -> set[str]:
    """What the viewer may do with this duty: act at its seat, issue and judge from where it was issued."""
    held: set[str] = set()
    if scope.can(rules.ACT) and seated(duty, scope):
        held.add(rules.ACT)
    if scope.covers_path(duty.issuer_path):
        held.update(name for name in (rules.ISSUE, rules.JUDGE) if scope.can(name))
    return held


FILTERS = ("state", "role", "plan", "due", "q")


def narrowed(found: QuerySet[Duty], filters: dict[str, str], *, on: date) -> QuerySet[Duty]:
    """Duties that pass the filters of the list: `state` (a state, or `open`), `role`, `plan`, `due` (`overdue`, `soon`,
    `receipt`: not acknowledged in time), `q` (characters of the title, the words or the unit)."""
    state = filters.get("state", "")
    if state == "open":
        found = found.exclude(state__in=FINAL)
    elif state:
        found = found.filter(state=state)
    if filters.get("role"):
        found = found.filter(role=filters["role"])
    if filters.get("plan", "").isdigit():
        found = found.filter(plan=int(filters["plan"]))
    match filters.get("due", ""):
        case "overdue":
            found = found.filter(due__lt=on).exclude(state__in=FINAL)
        case "soon":
            until = on + timedelta(days=rules.declared().due_soon_days)
            found = found.filter(due__gte=on, due__lte=until).exclude(state__in=FINAL)
        case "receipt":
            found = found.filter(state="issued", receipt_due__lt=on)
    if text := filters.get("q", ""):
        found = found.filter(Q(title__icontains=text) | Q(words__icontains=text) | Q(unit_name__icontains=text))
    return found


@dataclass(frozen=True)
class Counts:
    """How many duties stand where: `open`, to be acknowledged, of these late, overdue, due soon, handed in, closed."""

    open: int
    issued: int
    late_receipt: int
    overdue: int
    soon: int
    submitted: int
    closed: int


def counts(found: QuerySet[Duty], *, on: date) -> Counts:
    """The numbers of one list. One query."""
    standing = ~Q(state__in=FINAL)
    until = on + timedelta(days=rules.declared().due_soon_days)
    row = found.order_by().aggregate(
        open=Count("pk", filter=standing),
        issued=Count("pk", filter=Q(state="issued")),
        late_receipt=Count("pk", filter=Q(state="issued", receipt_due__lt=on)),
        overdue=Count("pk", filter=standing & Q(due__lt=on)),
        soon=Count("pk", filter=standing & Q(due__gte=on, due__lte=until)),
        submitted=Count("pk", filter=Q(state="submitted")),
        closed=Count("pk", filter=Q(state="closed")),
    )
    return Counts(**row)


def parts(duty: Duty) -> list[Duty]:
    """What it was split into, withdrawn parts left out, in order of the division's and institution's code."""
    return list(duty.parts.exclude(state="withdrawn").order_by("division", "institution", "pk"))


def of_target(target: int, path: str, *, scope: Scope) -> QuerySet[Duty]:
    """The duties of one promise at a division and below it, as far as the viewer may see."""
    found = duties(scope=scope).filter(target=target, division_path__startswith=path)
    return found.exclude(state="withdrawn").order_by("division_path", "institution", "role", "pk")


def evidence_or_404(number: int, *, scope: Scope) -> File:
    """A file of a duty in sight. Raises `Http404`."""
    found = File.objects.select_related("duty").filter(pk=number, duty__in=duties(scope=scope)).first()
    if found is None:
        raise Http404
    return found


def query_or_404(number: int, *, scope: Scope) -> Query:
    """A query about a duty in sight. Raises `Http404`."""
    found = Query.objects.select_related("duty").filter(pk=number, duty__in=duties(scope=scope)).first()
    if found is None:
        raise Http404
    return found


def queries_open(*, scope: Scope) -> QuerySet[Query]:
    """Queries nobody has settled, about duties in sight, the oldest first."""
    found = Query.objects.filter(state__in=("open", "answered"), duty__in=duties(scope=scope))
    return found.select_related("duty").order_by("opened_at", "pk")


def overrides(pairs: Iterable[tuple[int, str]], *, on: date | None = None) -> dict[tuple[int, str], Override]:
    """The lights set by hand that hold on a day (default today) for those promises and places. One query.

    One whose last day has passed does not hold, whether or not the clock has come round to end it.
    """
    day = on or clock.today()
    wanted = set(pairs)
    if not wanted:
        return {}
    rows = Override.objects.filter(until__gte=day).exclude(state="ended")
    # Few lights are ever set by hand: a page about a thousand places reads those of its promise, or all that hold.
    targets, places = {target for target, _p in wanted}, {place for _t, place in wanted}
    if len(targets) <= FEW:
        rows = rows.filter(target__in=targets)
    if len(places) <= FEW:
        rows = rows.filter(place__in=places)
    found: dict[tuple[int, str], Override] = {}
    for row in rows.order_by("at"):
        if (row.target, row.place) in wanted and row.at.date() <= day:
            found[row.target, row.place] = row
    return found


def comments_on(target: int, place: str, *, scope: Scope, path: str) -> QuerySet[Comment]:
    """What was said about a promise at a place in sight."""
    if not scope.covers_path(path):
        return Comment.objects.none()
    return Comment.objects.filter(duty__isnull=True, target=target, place=place)


def watchers(duty: Duty) -> list[User]:
    """Who watches a duty, by name."""
    rows = Watch.objects.filter(duty=duty).select_related("user").order_by("user__username")
    return [row.user for row in rows]


def watches(user: User, *, duty: Duty | None = None, target: int = 0, place: str = "") -> bool:
    """Whether somebody watches a duty, or a promise at a place."""
    if duty is not None:
        return Watch.objects.filter(user=user, duty=duty).exists()
    return Watch.objects.filter(user=user, duty__isnull=True, target=target, place=place).exists()


def never_received(*, scope: Scope, on: date | None = None) -> QuerySet[Duty]:
    """Duties nobody acknowledged in time, the longest overdue first: who has never opened theirs."""
    day = on or clock.today()
    return duties(scope=scope).filter(state="issued", receipt_due__lt=day).order_by("receipt_due", "pk")


def open_by_unit(*, scope: Scope, divisions: Collection[str] = ()) -> list[dict[str, object]]:
    """Open duties counted for each unit: `unit_name`, `division`, `institution`, `open`, `issued`, `overdue`. One query."""
    today = clock.today()
    found = duties(scope=scope).exclude(state__in=FINAL)
    if divisions:
        found = found.filter(division__in=divisions)
    rows = found.order_by().values("unit_key", "unit_name", "division", "institution")
    counted = rows.annotate(
        standing=Count("pk"),
        issued=Count("pk", filter=Q(state="issued")),
        late=Count("pk", filter=Q(due__lt=today)),
    ).order_by("-late", "-issued", "unit_name")
    return [
        {
            "unit_key": row["unit_key"],
            "unit_name": row["unit_name"],
            "division": row["division"],
            "institution": row["institution"],
            "open": row["standing"],
            "issued": row["issued"],
            "overdue": row["late"],
        }
        for row in counted
    ]
