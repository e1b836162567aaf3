"""The register of duties as this desk needs it: what a division has overdue, and where a duty is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.urls import NoReverseMatch, reverse

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division
from luoshi.supervision.duties import queries as duties


@dataclass(frozen=True)
class Due:
    """A duty past its day."""

    number: int
    what: str
    who: str
    due: date
    href: str


def overdue(division: str, *, scope: Scope, limit: int) -> tuple[list[Due], int]:
    """The first duties of a division and below that are past their day, the oldest first, and how many there are."""
    path = Division.objects.filter(code=division).order_by("-valid_from").values_list("path", flat=True).first() or "-"
    rows = duties.duties(scope=scope).filter(division_path__startswith=path)
    found = duties.narrowed(rows, {"due": "overdue"}, on=clock.today()).order_by("due", "pk")
    shown = [Due(d.pk, d.title, d.unit_name, d.due, href(d.pk)) for d in found[:limit] if d.due]
    return shown, found.count()


def links(numbers: Iterable[int]) -> dict[int, str]:
    """Addresses of duties by number."""
    return {number: href(number) for number in numbers}


def href(number: int) -> str:
    """The page of a duty; empty where there is no desk for them."""
    try:
        return reverse("duty_desk:duty", args=[number])
    except NoReverseMatch:
        return ""
