"""Reads of choices, sharings, broken glass and disputes. What staff read takes a scope."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet
from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform.access.models import Grant
from luoshi.platform.access.scope import EVERYWHERE, Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.consent import rules
from luoshi.platform.consent.categories import book
from luoshi.platform.consent.models import BreakGlass, Choice, Dispute, Sharing
from luoshi.platform.identity import joined
from luoshi.platform.regions.models import Division
from luoshi.platform.store import reads
from luoshi.platform.store.models import Person


def grounds(person: int) -> rules.Grounds:
    """All that was decided about a person, also about those who were joined with them. Three queries."""
    return _grounds([person])[person]


def _grounds(persons: Iterable[int]) -> dict[int, rules.Grounds]:
    wanted = list(persons)
    choices: dict[int, list[rules.Choice]] = {person: [] for person in wanted}
    sharings: dict[int, list[rules.Sharing]] = {person: [] for person in wanted}
    broken: dict[int, list[rules.Broken]] = {person: [] for person in wanted}
    of_them, top = joined.of_any(wanted), joined.top()
    for c in Choice.objects.filter(of_them).annotate(top=top):
        for person in {c.person, c.top} & choices.keys():
            choices[person].append(rules.Choice(c.category, c.open, c.since, c.until, c.pk))
    for s in Sharing.objects.filter(of_them).annotate(top=top):
        for person in {s.person, s.top} & sharings.keys():
            sharings[person].append(rules.Sharing(s.institution, s.permit, s.since, s.until, s.category, s.purpose))
    for b in BreakGlass.objects.filter(of_them, expires_at__gt=datetime.now(UTC)).annotate(top=top):
        for person in {b.person, b.top} & broken.keys():
            broken[person].append(rules.Broken(b.user, b.expires_at))
    return {p: rules.Grounds(tuple(choices[p]), tuple(sharings[p]), tuple(broken[p])) for p in wanted}


def grounds_of(persons: Iterable[int]) -> dict[int, rules.Grounds]:
    """The same for several people, still three queries."""
    return _grounds(persons)


def now() -> datetime:
    """The instant decisions are made for: the day of the clock (a demonstration may stand still), never behind it for
    what expires by the hour, which is measured in real time by `grounds`."""
    return clock.now()


def viewer(scope: Scope, *, purpose: str = "", inside: bool = True) -> rules.Viewer:
    """Who stands behind a scope. `purpose`: given, or that of their roles; the system of an institution (no user) asks
    for care. One query, remembered."""
    if not purpose and scope.user is None:
        purpose = next(iter(book().purposes))
    elif not purpose:
        key = ("purpose", "")
        if key not in scope._memory:
            roles = Grant.objects.on(clock.today()).filter(user=scope.user).values_list("role", flat=True)
            scope._memory[key] = book().purpose_of(roles)
        purpose = scope._memory[key]
    name = scope.user.get_username() if scope.user else ""
    return rules.Viewer(name, frozenset(scope.institution_codes), purpose, inside=inside)


@dataclass(frozen=True)
class Admitted:
    """A person a viewer may look at: with the scope to read with, the viewer, and what was decided about the person."""

    scope: Scope
    viewer: rules.Viewer
    grounds: rules.Grounds

    @property
    def broken(self) -> rules.Broken | None:
        """The glass this viewer broke, while it is open."""
        return next((b for b in self.grounds.broken if b.username == self.viewer.username), None)


def admit(person: int, *, scope: Scope, purpose: str = "") -> Admitted:
    """Let a viewer in to a person: inside their scope; or outside, where the resident shares with their institution or
    they broke glass. Raises `Http404` for everybody else, as for a person who does not exist. Four queries or five."""
    place = reads.person_place(person)
    if place is None:
        raise Http404
    inside = scope.covers_person(*place)
    who = viewer(scope, purpose=purpose, inside=inside)
    found = grounds(person)
    if inside:
        return Admitted(scope, who, found)
    today = now().date()
    shared = any(
        s.permit and s.institution in who.institutions and s.since <= today and (s.until is None or today <= s.until)
        for s in found.sharings
    )
    if shared or any(b.username == who.username for b in found.broken):
        return Admitted(replace(scope, division_paths=(EVERYWHERE,), _memory={}), who, found)
    raise Http404


def _persons_inside(scope: Scope) -> QuerySet[Person]:
    divisions = Division.objects.filter(scope.path_filter("path")).values("code")
    return Person.objects.filter(Q(division__in=divisions) | Q(institution__in=scope.institution_codes))


def _inside(scope: Scope) -> Q:
    if scope.everywhere:
        return Q()
    return Q(institution__in=scope.institution_codes) | Q(person__in=_persons_inside(scope).values("pk"))


def glass(*, scope: Scope, open_only: bool = True) -> QuerySet[BreakGlass]:
    """Broken glass in the scope: by an institution inside or about a person inside, oldest first; `open_only`: not yet
    reviewed."""
    rows = BreakGlass.objects.filter(_inside(scope)).order_by("started_at")
    return rows.filter(verdict="") if open_only else rows


def seen_through(row: BreakGlass) -> list[tuple[datetime, str]]:
    """What the user looked at while the glass was open: instant and what, oldest first. At most 200. One query."""
    rows = Entry.objects.filter(
        object_type="person",
        object_id=str(row.person),
        action="look",
        by=row.user,
        at__gte=row.started_at,
        at__lt=row.expires_at,
    ).order_by("number")
    return [(entry.at, str(entry.detail.get("what", ""))) for entry in rows[:200]]


def disputes(*, scope: Scope, open_only: bool = True) -> QuerySet[Dispute]:
    """Disputes in the scope, the one due first at the head. Somebody who works for institutions alone sees those their
    institutions are asked about."""
    if scope.institution_codes and not scope.division_paths:
        rows = Dispute.objects.filter(institution__in=scope.institution_codes)
    else:
        rows = Dispute.objects.filter(_inside(scope))
    rows = rows.order_by("due", "pk")
    return rows.filter(state=Dispute.OPEN) if open_only else rows


@dataclass(frozen=True)
class Count:
    """How many residents of the scope opened and closed a category by choice."""

    category: str
    opened: int
    closed: int


def counts(*, scope: Scope) -> tuple[list[Count], int, int]:
    """Per category how many residents chose, how many sharings are in force, and how many persons there are."""
    persons = Person.objects.all() if scope.everywhere else _persons_inside(scope)
    today = clock.today()
    in_force = Q(since__lte=today) & (Q(until__isnull=True) | Q(until__gte=today))
    inside = Q() if scope.everywhere else Q(person__in=persons.values("pk"))
    last: dict[tuple[int, str], bool] = {}
    for person, category, opened in (
        Choice.objects.filter(inside, in_force).order_by("pk").values_list(joined.top(), "category", "open")
    ):
        last[person, category] = opened
    found = [
        Count(
            name,
            sum(c == name and o for (_, c), o in last.items()),
            sum(c == name and not o for (_, c), o in last.items()),
        )
        for name in book().categories
    ]
    return found, Sharing.objects.filter(inside, in_force).count(), persons.count()


@dataclass(frozen=True)
class Look:
    """Who looked: `place` is the code of an institution or division they acted for, "" where nobody knows; `day`,
    `times`; `purpose` an id of the book; `emergency` where glass was broken for it; `own` for the resident's account."""

    by: str
    place: str
    is_institution: bool
    purpose: str
    what: str
    day: str
    times: int
    emergency: bool
    own: bool


def looks(person: int, *, limit: int = 50, own: Iterable[str] = ()) -> list[Look]:
    """The latest looks at a person, those of one account at one thing on one day told once. `own`: usernames of the
    resident and their guardians. Three queries."""
    rows = list(
        Entry.objects.filter(
            joined.of_text(person, "object_id"), object_type="person", action__in=("look", "break-glass")
        ).order_by("-number")[: limit * 10]
    )
    mine = set(own)
    grants: dict[str, list[Grant]] = {}
    for grant in Grant.objects.filter(user__username__in={row.by for row in rows}).select_related(
        "user", "division", "institution"
    ):
        grants.setdefault(grant.user.username, []).append(grant)
    counted: dict[tuple[str, str, str, bool, str], tuple[Look, int]] = {}
    for row in rows:
        day = row.at.astimezone(clock.CHINA).date()
        emergency = row.action == "break-glass" or row.detail.get("ground") == "break-glass"
        what = "break-glass" if row.action == "break-glass" else str(row.detail.get("what", ""))
        purpose = str(row.detail.get("purpose", ""))
        key = (row.by, what, day.isoformat(), emergency, purpose)
        if key in counted:
            counted[key] = (counted[key][0], counted[key][1] + 1)
            continue
        held = [g for g in grants.get(row.by, ()) if g.valid_from <= day and (g.valid_to is None or day <= g.valid_to)]
        held = held or grants.get(row.by, [])
        at = next((g for g in held if g.institution), next((g for g in held if g.division), None))
        place = at.institution.code if at and at.institution else at.division.code if at and at.division else ""
        look = Look(
            by=row.by,
            place=place,
            is_institution=bool(at and at.institution),
            purpose=purpose or (book().purpose_of({g.role for g in held}) if held else ""),
            what=what,
            day=day.isoformat(),
            times=1,
            emergency=emergency,
            own=row.by in mine,
        )
        counted[key] = (look, 1)
    return [replace(look, times=times) for look, times in counted.values()][:limit]


def overdue(dispute: Dispute) -> bool:
    """Whether an open dispute should have been answered."""
    return dispute.state == Dispute.OPEN and dispute.due < clock.today()


def due_day() -> timedelta:
    """How long an answer to a dispute may take."""
    return timedelta(days=book().disputes.answer_within_days)
