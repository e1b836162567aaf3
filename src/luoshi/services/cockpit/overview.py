"""Everything the cockpit shows of a place, gathered once and kept for a short while: two hundred viewers ask the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from threading import Lock

from django.core.cache import cache
from django.db.models import Q
from django.utils.translation import get_language

from luoshi.kernel import clock
from luoshi.platform.access.models import Grant
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import results
from luoshi.platform.lake.refresh import month_ends
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Division
from luoshi.services.cockpit import rules
from luoshi.services.cockpit.models import Boundary
from luoshi.services.cockpit.rules import Seat
from luoshi.supervision import sources
from luoshi.supervision.duties import queries as duties
from luoshi.supervision.duties.models import Query
from luoshi.supervision.sources import Standing

MOVERS = 5
TREND_MONTHS = 12
KEPT = 20  # seconds; shorter than the page's own refresh
PAST_KEPT = 3600
MONTHS = 6


_gathering = Lock()


@dataclass(frozen=True)
class Action:
    """One action of a plan with the standings of its promises, in order of the plan."""

    title: str
    standings: tuple[Standing, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Number of each light."""
        return rules.count(self.standings)


@dataclass(frozen=True)
class Below:
    """One division one step below with the same promises."""

    code: str
    name: str
    standings: tuple[Standing, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Number of each light."""
        return rules.count(self.standings)


@dataclass(frozen=True)
class Due:
    """A duty past its day."""

    number: int
    title: str
    unit: str
    due: date


@dataclass(frozen=True)
class Overview:
    """What is known of a place. `past` are month ends with the number on time and the number that could be judged."""

    division: str
    name: str
    level: int
    plans: tuple[str, ...]
    standings: tuple[Standing, ...]
    actions: tuple[Action, ...]
    movers: tuple[Standing, ...]
    below: tuple[Below, ...]
    past: tuple[tuple[date, int, int], ...]
    data_until: date | None
    overdue: tuple[Due, ...] = ()
    overdue_all: int = 0
    late_receipts: int = 0
    contradicted: int = 0
    seats: tuple[Seat, ...] = ()
    shapes: dict[str, list[list[list[list[float]]]]] = field(default_factory=dict)
    map_source: str = ""
    version: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """Number of each light."""
        return rules.count(self.standings)


def overview(division: str, *, scope: Scope) -> Overview:
    """The overview of a division inside the scope. Raises `Http404` outside it.

    What it holds depends on the place alone, not on the viewer: whoever may see the place sees all below it.
    """
    place = regions.division_or_404(division, scope=scope)
    key = f"cockpit:{division}:{get_language()}:{clock.today()}:{results.data_until()}"
    found: Overview | None = cache.get(key)
    if found is None:
        with _gathering:  # one viewer reckons, the others of this process wait for it
            found = cache.get(key)
            if found is None:
                found = _gathered(place, scope)
                cache.set(key, found, KEPT)
    return found


def _gathered(place: Division, scope: Scope) -> Overview:
    board = sources.get()
    standings = board.standings(scope=scope, division=place.code, months=2)
    below = board.below(scope=scope, division=place.code)
    children = list(regions.children(place.code, scope=scope).values_list("code", "name", "path"))
    here = duties.duties(scope=scope).filter(division_path__startswith=place.path)
    overdue = duties.narrowed(here, {"due": "overdue"}, on=clock.today()).order_by("due", "pk")
    counted = duties.counts(here, on=clock.today())
    boundaries = list(Boundary.objects.filter(division__in=[code for code, _name, _path in children]))
    made = Overview(
        division=place.code,
        name=place.name,
        level=place.level,
        plans=tuple(dict.fromkeys(s.promise.plan.title for s in standings)),
        standings=tuple(standings),
        actions=_actions(standings, scope),
        movers=_movers(standings, place.code, scope),
        below=tuple(Below(code, name, tuple(below.get(code, ()))) for code, name, _path in children),
        past=_past(place.code, scope) if standings else (),
        data_until=results.data_until(),
        overdue=tuple(Due(d.pk, d.title, d.unit_name, d.due) for d in overdue[:6] if d.due),
        overdue_all=counted.overdue,
        late_receipts=counted.late_receipt,
        contradicted=Query.objects.filter(duty__in=here, state__in=("open", "answered")).count(),
        seats=tuple(rules.seats(children, _accounts(place.path))),
        # A map with holes misleads: outlines are used when every division has one.
        shapes={b.division: b.polygons for b in boundaries} if len(boundaries) == len(children) else {},
        map_source=" · ".join(dict.fromkeys(t for b in boundaries for t in (b.source, b.approval) if t)),
    )
    return _stamped(made)


def _stamped(made: Overview) -> Overview:
    """With a short mark that differs when anything shown does."""
    told = [
        [(s.division, s.target, s.light, s.value, s.promise_text) for s in rows]
        for rows in (made.standings, *(b.standings for b in made.below))
    ]
    rest = (
        made.overdue,
        made.overdue_all,
        made.late_receipts,
        made.contradicted,
        made.seats,
        made.past,
        made.data_until,
    )
    shapes = sorted(made.shapes)
    version = hashlib.sha256(repr((told, rest, shapes, made.map_source)).encode()).hexdigest()[:16]
    return Overview(**{**made.__dict__, "version": version})


def _actions(standings: Sequence[Standing], scope: Scope) -> tuple[Action, ...]:
    """Promises by action of their plan, in order of the plan; what belongs to none comes last."""
    titles: dict[tuple[int, int], str] = {}
    for plan in dict.fromkeys(s.promise.plan.id for s in standings):
        for task in sources.get().tasks(plan, scope=scope):
            titles[plan, task.id] = task.action
    grouped: dict[str, list[Standing]] = {}
    for one in standings:
        grouped.setdefault(titles.get((one.promise.plan.id, one.promise.task or 0), ""), []).append(one)
    return tuple(Action(title, tuple(rows)) for title, rows in sorted(grouped.items(), key=lambda pair: not pair[0]))


def _movers(standings: Sequence[Standing], division: str, scope: Scope) -> tuple[Standing, ...]:
    """What changed most against the month before, relative to its promise, with a year of its values."""

    def size(one: Standing) -> float:
        return abs(one.moved or 0.0) / (abs(one.promise.value) or 1.0)

    moved = sorted((s for s in standings if size(s) >= 0.005), key=lambda s: (-size(s), s.target))[:MOVERS]
    wanted = [s.target for s in moved]
    told = (
        sources.get().standings(scope=scope, division=division, targets=wanted, months=TREND_MONTHS) if wanted else []
    )
    return tuple(sorted(told, key=lambda s: wanted.index(s.target)))


def _past(division: str, scope: Scope) -> tuple[tuple[date, int, int], ...]:
    """Promises on time and promises judged at the ends of the last months, oldest first; months of which nothing was
    evaluated are left out."""
    until = min(results.data_until() or clock.today(), clock.today())
    found = []
    for day in month_ends(until, MONTHS + 1)[:-1]:
        key = f"cockpit-past:{division}:{day}:{until}"
        pair: tuple[int, int] | None = cache.get(key)
        if pair is None:
            counts = rules.count(sources.get().standings(scope=scope, division=division, on=day))
            pair = counts["green"], counts["green"] + counts["yellow"] + counts["red"]
            cache.set(key, pair, PAST_KEPT)
        if pair[1]:
            found.append((day, *pair))
    return tuple(found)


def _accounts(path: str) -> list[tuple[str, bool]]:
    """Path of the place and whether they ever signed in, of every account with a grant in force below a path, once each."""
    rows = (
        Grant.objects.on(clock.today())
        .filter(
            Q(division__path__startswith=path) | Q(institution__division__path__startswith=path), user__is_active=True
        )
        .exclude(division__path=path)
        .values_list("user", "division__path", "institution__division__path", "user__last_login")
    )
    return [(place, opened) for _user, place, opened in {(u, d or i, bool(login)) for u, d, i, login in rows}]


def days_since(day: date | None) -> int | None:
    """Days since the last record; None where there never was one."""
    return None if day is None else max(timedelta(0), clock.today() - day).days
