"""The register of duties as this desk needs it: what a division has overdue, and a decision made a duty."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from luoshi.platform.access.scope import Scope


@dataclass(frozen=True)
class Due:
    """A duty past its day."""

    number: int
    what: str
    who: str
    due: date
    href: str


def overdue(division: str, *, scope: Scope) -> list[Due]:
    """Duties of a division and below that are past their day, the oldest first."""
    return []


def links(numbers: Iterable[int]) -> dict[int, str]:
    """Addresses of duties by number."""
    return {}
