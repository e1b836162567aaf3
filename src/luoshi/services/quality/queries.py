"""Reads of the quality desk, scope first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.files import default_lake
from luoshi.platform.regions.models import Division, Institution
from luoshi.platform.store.models import Resource, Source, Version
from luoshi.records import views
from luoshi.services.quality import results, rules
from luoshi.services.quality.checks import library
from luoshi.services.quality.models import Return, ReturnedRow, Score
from luoshi.services.quality.results import Failing, Sight
from luoshi.services.quality.rules import Card
from luoshi.services.quality.running import ran_at

DAYS = 30  # of the trend


def sight(scope: Scope) -> Sight:
    """What of the results the viewer may see: sources that are theirs, else what counts in their counties. Two queries."""
    if scope.everywhere:
        return Sight(None, None)
    inside = Division.objects.filter(scope.path_filter("path"))
    standing = Institution.objects.filter(scope.path_filter("division__path") | Q(code__in=scope.institution_codes))
    own = Source.objects.filter(Q(institution__in=standing.values("code")) | Q(division__in=inside.values("code")))
    places = inside.filter(level__in=(2, 3)).values_list("code", flat=True)
    return Sight(frozenset(own.values_list("name", flat=True)), frozenset(places))


@dataclass(frozen=True)
class Standing:
    """One source: the card of the last day it sent something, of all days of the trend together, and the days."""

    source: str
    latest: Card
    together: Card
    days: tuple[Card, ...]


@dataclass(frozen=True)
class Overview:
    """All sources in sight. `until`: the last day anything was received; `ran_at`: when the checks were run."""

    standings: tuple[Standing, ...]
    until: date | None
    ran_at: datetime | None


def overview(*, scope: Scope, days: int = DAYS, lake: Path | None = None) -> Overview:
    """Every source in sight with its last `days` days received. Raises `UnreadableFile` before any run."""
    lake = lake or default_lake()
    seen = sight(scope)
    found = rules.cards(results.cells(lake, seen))
    until = max((card.received for card in found if card.received), default=None)
    since = (until or date.max) - timedelta(days=days - 1)
    standings = []
    for source in sorted({card.source for card in found}):
        every = [card for card in found if card.source == source]
        recent = [card for card in every if card.received and card.received >= since] or every[:1]
        standings.append(Standing(source, every[0], rules.together(recent, source), tuple(reversed(recent))))
    return Overview(tuple(standings), until, ran_at(lake))


def card(source: str, received: date | None, *, scope: Scope, lake: Path | None = None) -> Card:
    """The scorecard of a source and day (None: all days together). Raises `Http404` when nothing of it is in sight."""
    lake = lake or default_lake()
    found = rules.cards(results.cells(lake, sight(scope), source=source, received=received))
    if not found:
        raise Http404
    return found[0] if received is not None else rules.together(found, source)


@dataclass(frozen=True)
class FailingPage:
    """Failing rows of a page, how many in all, and their source resources where the store has them."""

    rows: tuple[Failing, ...]
    total: int
    bodies: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)


def failing(
    *, scope: Scope, source: str | None = None, received: date | None = None, check: str | None = None, limit: int = 50,
    offset: int = 0, with_bodies: bool = False, lake: Path | None = None,
) -> FailingPage:  # fmt: skip
    """A page of failing rows in sight; with `with_bodies` also each resource as it was received."""
    if check is not None:
        library().check(check)
    rows, total = results.failing(
        lake or default_lake(), sight(scope), source=source, received=received, check=check, limit=limit, offset=offset
    )
    bodies = resources((resource_type(row.check), row.id) for row in rows) if with_bodies else {}
    return FailingPage(tuple(rows), total, bodies)


def resource_type(check_id: str) -> str:
    """The FHIR type of the rows a check looks at."""
    return str(views.catalog_view(library().check(check_id).table).resource)


def resources(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, str]]:
    """(type, id) → present version and text of resources of the store. One query for each type and thousand ids."""
    wanted: dict[str, set[str]] = {}
    for kind, key in keys:
        wanted.setdefault(kind, set()).add(key)
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for kind, ids in wanted.items():
        listed = sorted(ids)
        for start in range(0, len(listed), 900):
            part = Resource.objects.filter(type=kind, public_id__in=listed[start : start + 900])
            names = {pk: (public, version) for pk, public, version in part.values_list("pk", "public_id", "version")}
            texts = Version.objects.filter(resource__in=list(names)).values_list("resource_id", "version", "body")
            for pk, version, body in texts:
                if names[pk][1] == version and body:
                    found[kind, names[pk][0]] = (version, body)
    return found


def history(source: str, received: date) -> list[Score]:
    """What the records of that day scored each time something changed, oldest first."""
    return list(Score.objects.filter(source=source, received=received).order_by("at"))


def returns(*, scope: Scope) -> QuerySet[Return]:
    """Batches given back, newest first: those of sources that are wholly the viewer's, and those the viewer gave back."""
    if scope.everywhere:
        return Return.objects.all()
    mine = Return.objects.filter(source__in=sight(scope).sources or frozenset())
    return mine | Return.objects.filter(by=scope.user.get_username()) if scope.user else mine


def batches(*, scope: Scope) -> list[tuple[Return, int, int]]:
    """`returns`, each with how many of its rows are mended, and how many came again as wrong as before."""
    states = {
        name: Count("lines", filter=Q(lines__state=state))
        for name, state in (("mended", ReturnedRow.MENDED), ("again", ReturnedRow.AGAIN))
    }
    found = returns(scope=scope).annotate(**states).order_by("-at")[:500]
    return [(batch, getattr(batch, "mended"), getattr(batch, "again")) for batch in found]  # noqa: B009 (annotated)
