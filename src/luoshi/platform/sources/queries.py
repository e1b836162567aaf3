"""Reads about sources, scope first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division, Institution
from luoshi.platform.sources import silence
from luoshi.platform.sources.models import Client, Feed, Flag, Quarantined, Tally
from luoshi.platform.store.models import Run, Source


def covers(source: Source, scope: Scope) -> bool:
    """Whether a source lies inside: its institution does, or the division it was registered for. One registered for
    neither is seen by those who see everything."""
    if scope.everywhere:
        return True
    if source.institution:
        return scope.covers_institution(source.institution)
    return bool(source.division) and scope.covers_division(source.division)


def sources(*, scope: Scope) -> QuerySet[Source]:
    """Sources inside the scope, by name. One query, one more where the scope is narrow."""
    rows = Source.objects.select_related("registration").order_by("name")
    if scope.everywhere:
        return rows
    divisions = Division.objects.filter(scope.path_filter("path")).values("code")
    institutions = Institution.objects.filter(
        scope.path_filter("division__path") | Q(code__in=scope.institution_codes)
    ).values("code")
    return rows.filter(Q(institution__in=institutions) | Q(institution="", division__in=divisions) & ~Q(division=""))


def source_or_404(name: str, *, scope: Scope) -> Source:
    """The source of that name inside the scope, otherwise `Http404`."""
    found = Source.objects.select_related("registration").filter(name=name).first()
    if found is None or not covers(found, scope):
        raise Http404
    return found


@dataclass(frozen=True)
class Day:
    """What came in one day, in all."""

    received: int = 0
    refused: int = 0
    quarantined: int = 0
    flagged: int = 0


@dataclass(frozen=True)
class Standing:
    """A source as the list shows it. `heard`: when something last came; `waiting`: held in quarantine now; `silent`:
    feeds that are late."""

    source: Source
    heard: datetime | None
    today: Day
    waiting: int
    feeds: int
    silent: tuple[silence.Silence, ...] = field(default=())


def standings(*, scope: Scope, on: datetime | None = None) -> list[Standing]:
    """Every source inside the scope with how it stands; the number of queries does not grow with the sources."""
    now = on or clock.now()
    rows = list(sources(scope=scope))
    keys = [row.pk for row in rows]
    today = now.astimezone(clock.CHINA).date()
    heard = dict(
        Tally.objects.filter(source__in=keys, kind="").values_list("source").annotate(last=Max("last")).order_by()
    )
    days = {t.source_id: _day(t) for t in Tally.objects.filter(source__in=keys, kind="", day=today)}
    waiting = _count(Quarantined.objects.filter(source__in=keys, state=Quarantined.HELD))
    feeds = _count(Feed.objects.filter(source__in=keys, ended__isnull=True))
    late: dict[int, list[silence.Silence]] = {}
    for item in silence.of_sources(rows, now):
        late.setdefault(item.source.pk, []).append(item)
    return [
        Standing(
            row,
            silence.instant(heard[row.pk]) if row.pk in heard else None,
            days.get(row.pk, Day()),
            waiting.get(row.pk, 0),
            feeds.get(row.pk, 0),
            tuple(late.get(row.pk, ())),
        )
        for row in rows
    ]


def _day(tally: Tally) -> Day:
    return Day(tally.received, tally.refused, tally.quarantined, tally.flagged)


def _count(rows: QuerySet[Any]) -> dict[int, int]:
    return dict(rows.values_list("source").annotate(n=Count("pk")).order_by())


def clients(source: Source) -> QuerySet[Client]:
    """The source's clients, newest first."""
    return Client.objects.filter(source=source).order_by("-pk")


def feeds(source: Source) -> QuerySet[Feed]:
    """What it declared and has not ended, by kind."""
    return Feed.objects.filter(source=source, ended__isnull=True).select_related("source").order_by("kind")


def runs(source: Source, limit: int = 20) -> list[Run]:
    """Its latest file ingests, newest first."""
    return list(Run.objects.filter(source=source).order_by("-pk")[:limit])


def tallies(source: Source, day: date) -> list[Tally]:
    """What came on a day by kind; the total ("") first."""
    return list(Tally.objects.filter(source=source, day=day).order_by("kind"))


def quarantined(source: Source, state: str = Quarantined.HELD) -> QuerySet[Quarantined]:
    """What waits (or was decided so), oldest first."""
    return Quarantined.objects.filter(source=source, state=state).select_related("refusal").order_by("pk")


def flags(source: Source, limit: int = 50) -> list[Flag]:
    """The latest flagged versions."""
    return list(Flag.objects.filter(source=source).order_by("-at")[:limit])


def flags_of(resources: Iterable[tuple[int, int]]) -> dict[tuple[int, int], list[dict[str, Any]]]:
    """Broken rules by (row of the resource, version), for readers that show them. One query."""
    wanted = set(resources)
    rows = Flag.objects.filter(resource__in={resource for resource, _ in wanted})
    return {(f.resource, f.version): f.issues for f in rows if (f.resource, f.version) in wanted}
