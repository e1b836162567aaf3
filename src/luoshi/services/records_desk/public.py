"""What other services may ask of the records desk: resources told in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from luoshi.kernel import clock
from luoshi.platform.store import people
from luoshi.platform.store.reads import Stored
from luoshi.services.records_desk import document, rules
from luoshi.services.records_desk.presenting import age as age_text
from luoshi.services.records_desk.presenting import drawn, is_open, kind_names, looks, period_name, sex
from luoshi.services.records_desk.privacy_pages import dispute_states
from luoshi.services.records_desk.queries import Counting, countings, search
from luoshi.services.records_desk.rules import KINDS, Entry, Trend, by_month
from luoshi.services.records_desk.words import words

__all__ = [
    "KINDS", "Counting", "Entry", "Told", "Trend", "age", "age_text", "by_month", "countings", "dispute_states", "document",
    "drawn", "is_open", "kind_names", "looks", "period_name", "search", "sex", "tell",
]  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A person's resources as entries and trends, in the language of the page."""

    entries: tuple[Entry, ...]
    trends: tuple[Trend, ...]
    stored: tuple[Stored, ...]


def tell(stored: Sequence[Stored]) -> Told:
    """Resources in words."""
    spoken = words()
    resources = [(s, s.resource) for s in stored]
    entries = [e for s, r in resources if (e := rules.entry(r, spoken, source=s.source)) is not None]
    return Told(tuple(entries), tuple(rules.trends((r for _, r in resources), spoken)), tuple(stored))


def age(card: people.Card) -> int | None:
    """Completed years today."""
    return rules.age(card.birth_date, clock.today())
