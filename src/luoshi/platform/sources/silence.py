"""Who is not heard: a feed is silent when more time than declared has passed since something of its kind came.

Computed from the clock and the tallies alone, so after an outage of our own it is right at once: whoever could not send
meanwhile is late too, and the alarm ends with what they send next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db.models import Max

from luoshi.kernel import clock
from luoshi.platform.regions.models import Division, Institution
from luoshi.platform.sources.models import Feed, Tally
from luoshi.platform.store.models import Source

if TYPE_CHECKING:
    from luoshi.platform.access.scope import Scope


@dataclass(frozen=True)
class Silence:
    """A feed that is late. `heard`: when something of its kind last came (None: never); `due`: when it should have come
    at the latest; `late`: how long that is ago."""

    source: Source
    kind: str
    hours: int
    heard: datetime | None
    due: datetime
    late: timedelta

    @property
    def late_hours(self) -> int:
        """Whole hours."""
        return int(self.late.total_seconds() // 3600)


def instant(microseconds: int) -> datetime:
    """An instant of the store, in Chinese time."""
    whole, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest).astimezone(clock.CHINA)


def silent(scope: Scope, on: datetime | None = None) -> list[Silence]:
    """Every late feed of the sources inside the scope at an instant (default: now), longest first. At most four
    queries."""
    from luoshi.platform.sources.queries import sources

    return of_sources(list(sources(scope=scope)), on or clock.now())


def silent_for(divisions: Iterable[str], kinds: Iterable[str], on: datetime | None = None) -> list[Silence]:
    """Late feeds that bear on these resource types in divisions of these codes or below them, for whoever shows a
    number made of them: a feed of the type itself or of anything, of a source in the division (or registered for no
    place). Longest first. One query where nothing is declared, else three."""
    codes, wanted = tuple(divisions), set(kinds)
    declared = Feed.objects.filter(ended__isnull=True).values("source")
    return [
        item
        for item in of_sources(list(Source.objects.filter(pk__in=declared)), on or clock.now())
        if (not item.kind or item.kind in wanted)
        and (not item.source.division or any(item.source.division.startswith(code) for code in codes))
    ]


def silent_below(division: str, scope: Scope, on: datetime | None = None) -> list[Silence]:
    """Late feeds of the sources inside the scope that stand in a division or below it, or were registered for no place;
    longest first. At most six queries."""
    found = silent(scope, on)
    placed = {item.source.institution for item in found if item.source.institution}
    paths = dict(Institution.objects.filter(code__in=placed).values_list("code", "division__path")) if placed else {}
    codes = {item.source.division for item in found if item.source.division} | {division}
    named = dict(Division.objects.filter(code__in=codes).values_list("code", "path")) if found else {}
    top = named.get(division, "")
    return [
        item
        for item in found
        if not (path := paths.get(item.source.institution) or named.get(item.source.division, ""))
        or path.startswith(top)
    ]


def of_sources(sources: Sequence[Source], now: datetime) -> list[Silence]:
    """Late feeds of these sources, longest first. Two queries."""
    by_key = {source.pk: source for source in sources}
    today = now.astimezone(clock.CHINA).date()
    feeds = list(Feed.objects.filter(source__in=by_key, ended__isnull=True, since__lte=today))
    if not feeds:
        return []
    latest = {
        (source, kind): last
        for source, kind, last in Tally.objects.filter(
            source__in={feed.source_id for feed in feeds}, kind__in={feed.kind for feed in feeds}
        )
        .values_list("source", "kind")
        .annotate(last=Max("last"))
    }
    late = []
    for feed in feeds:
        last = latest.get((feed.source_id, feed.kind))
        heard = None if last is None else instant(last)
        begun = datetime.combine(feed.since, time(), clock.CHINA)
        due = max(heard or begun, begun) + timedelta(hours=feed.hours)
        if due < now:
            late.append(Silence(by_key[feed.source_id], feed.kind, feed.hours, heard, due, now - due))
    return sorted(late, key=lambda item: (-item.late, item.source.name, item.kind))
