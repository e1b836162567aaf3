"""From counts to a score: the published formula, its weights read from `catalog/rules/quality.yaml`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.services.quality.checks import Library, Severity, library


class Grade(Entry):
    """Scores from `from_` on bear this name and light."""

    from_: float
    name: str
    name_en: str
    light: str

    model_config = Entry.model_config | {"populate_by_name": True, "alias_generator": lambda name: name.rstrip("_")}


class Scoring(Entry):
    """The whole file."""

    weights: dict[Severity, float]
    grades: tuple[Grade, ...]
    source: str
    confidence: str


@cache
def scoring() -> Scoring:
    """Weights and grades as published."""
    return read_entry(CATALOG / "rules" / "quality.yaml", Scoring)


@dataclass(frozen=True)
class Count:
    """Rows a check was asked of, and those that fail it."""

    rows: int
    failing: int

    @property
    def share(self) -> float:
        """The share that passed, from 0 to 1; 1 where nothing was asked."""
        return 1 - self.failing / self.rows if self.rows else 1.0


@dataclass(frozen=True)
class Card:
    """The scorecard of a source and a day (or of several days together)."""

    source: str
    received: date | None
    counts: Mapping[str, Count]

    @property
    def rows(self) -> int:
        """Rows asked, each check counted."""
        return sum(count.rows for count in self.counts.values())

    @property
    def failing(self) -> int:
        """Failures, each check counted."""
        return sum(count.failing for count in self.counts.values())

    @property
    def score(self) -> float | None:
        """0 to 100; None where no check had a row to look at."""
        return score(self.counts)

    @property
    def grade(self) -> Grade | None:
        """The grade of the score."""
        return None if self.score is None else grade(self.score)


def score(counts: Mapping[str, Count], checks: Library | None = None) -> float | None:
    """100 × Σ weight × share passed / Σ weight, over the checks that had rows to look at; None where there is none."""
    known = (checks or library()).checks
    weights = scoring().weights
    parts = [
        (weights[known[name].severity], count.share) for name, count in counts.items() if count.rows and name in known
    ]
    total = sum(weight for weight, _ in parts)
    return 100 * sum(weight * share for weight, share in parts) / total if total else None


def grade(value: float) -> Grade:
    """The first grade whose bound the value reaches."""
    return next(grade for grade in scoring().grades if value >= grade.from_)


def cards(rows: Iterable[tuple[str, date, str, int, int]]) -> list[Card]:
    """Cards of (source, received, check, rows, failing), newest day first, then by source."""
    found: dict[tuple[str, date], dict[str, Count]] = {}
    for source, received, check, asked, failing in rows:
        found.setdefault((source, received), {})[check] = Count(asked, failing)
    made = [Card(source, received, counts) for (source, received), counts in found.items()]
    return sorted(made, key=lambda card: (-(card.received or date.min).toordinal(), card.source))


def together(cards_: Iterable[Card], source: str) -> Card:
    """Several cards of a source as one, sums added check by check."""
    sums: dict[str, list[int]] = {}
    for card in cards_:
        for check, count in card.counts.items():
            pair = sums.setdefault(check, [0, 0])
            pair[0] += count.rows
            pair[1] += count.failing
    return Card(source, None, {check: Count(*pair) for check, pair in sums.items()})
