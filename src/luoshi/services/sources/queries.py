"""Reads of the desk that the platform does not have: what was refused on a day, by reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Min

from luoshi.kernel import clock
from luoshi.platform.sources import queries as sources
from luoshi.platform.sources.models import Flag, Tally
from luoshi.platform.store.models import Refusal, Resource, Source


@dataclass(frozen=True)
class Reason:
    """One reason of refusals: how many resources, and where the first of them stood."""

    code: str
    count: int
    place: str
    text: str
    line: int


@dataclass(frozen=True)
class Answer:
    """What became of what a source sent on one day. `kinds`: by kind, the total ("") apart."""

    day: date
    total: Tally | None
    kinds: Sequence[Tally]
    reasons: Sequence[Reason]

    def as_dict(self) -> dict[str, Any]:
        """Plain form, for the sender's program."""
        counts = ("received", "refused", "quarantined", "flagged")
        return {
            "day": self.day.isoformat(),
            "total": {name: getattr(self.total, name, 0) for name in counts},
            "kinds": {t.kind: {name: getattr(t, name) for name in counts} for t in self.kinds},
            "reasons": [
                {"code": r.code, "count": r.count, "first": {"line": r.line, "place": r.place, "text": r.text}}
                for r in self.reasons
            ],
        }


def answer(source: Source, day: date) -> Answer:
    """The answer for a day. Three queries."""
    tallies = sources.tallies(source, day)
    start = datetime.combine(day, time(), clock.CHINA)
    span = [int(at.timestamp() * 1_000_000) for at in (start, start + timedelta(days=1))]
    rows = Refusal.objects.filter(source=source, at__gte=span[0], at__lt=span[1])
    groups = list(rows.values("reason").annotate(n=Count("pk"), first=Min("pk")).order_by("-n", "reason"))
    firsts = {r.pk: r for r in Refusal.objects.filter(pk__in=[g["first"] for g in groups]).defer("body")}
    return Answer(
        day,
        next((t for t in tallies if not t.kind), None),
        [t for t in tallies if t.kind],
        [
            Reason(g["reason"], g["n"], first.place, first.text, first.line)
            for g in groups
            if (first := firsts[g["first"]])
        ],
    )


def flagged(source: Source, limit: int = 50) -> list[tuple[Flag, str]]:
    """The latest flagged versions with the names of their resources. Two queries."""
    flags = sources.flags(source, limit)
    found = Resource.objects.filter(pk__in=[flag.resource for flag in flags])
    names = {r.pk: f"{r.type}/{r.public_id}" for r in found}
    return [(flag, names.get(flag.resource, "")) for flag in flags]
