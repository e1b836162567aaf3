"""Makes an issued paper again and proves its figures: the same bytes, and the same counts from the lake as it was known
when the paper was made, whatever arrived later."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from luoshi.engines import LakeDirectory, Request, Results
from luoshi.engines.duckdb import DuckdbEngine
from luoshi.indicators import Catalogue
from luoshi.indicators.parts import measured, summed
from luoshi.kernel.period import Period
from luoshi.supervision.bulletins import making, rules
from luoshi.supervision.bulletins.models import Issue
from luoshi.supervision.papers.model import Entry

SAME, OTHER, UNPROVEN = "same", "other", "unproven"


@dataclass(frozen=True)
class Again:
    """One file made again: its format, its sum when issued and now."""

    format: str
    was: str
    now: str

    @property
    def identical(self) -> bool:
        """Whether not a byte differs."""
        return self.was == self.now


@dataclass(frozen=True)
class Proof:
    """One figure of the index: its number and entry, the counts from the lake as known then and as known now, and
    `then`: `same`, `other` or `unproven` (what is no count of one period: differences, reports, numbers of promises)."""

    number: int
    entry: Entry
    then: str
    known_then: tuple[float | None, float | None] | None = None
    known_now: tuple[float | None, float | None] | None = None

    @property
    def moved(self) -> bool:
        """Whether what arrived later would change the figure."""
        return self.known_now is not None and self.known_now != (self.entry.numerator, self.entry.denominator)


def again(issue: Issue) -> list[Again]:
    """Write the paper anew from what is kept, and hold each file against the one that went out."""
    paper = making.paper_of(issue)
    found = {file.format: file.sha256 for file in issue.files.all()}
    return [
        Again(form, found[form], hashlib.sha256(making.written(paper, form)).hexdigest())
        for form in rules.FORMATS
        if form in found
    ]


def prove(issue: Issue, *, now: bool = True) -> list[Proof]:
    """Evaluate every figure that is a count of records as known at the paper's instant, and with `now` as known today.

    Reads the records, once for each and all periods together: seconds for a city, longer for a province. Raises
    `UnreadableFile` where there is no lake.
    """
    entries = list(enumerate(making.paper_of(issue).index, 1))
    countable = [entry for _n, entry in entries if _countable(entry)]
    then = _counts(countable, issue.known_at)
    today = _counts(countable, None) if now else {}
    return [_proof(number, entry, then.get(entry), today.get(entry)) for number, entry in entries]


def _proof(
    number: int,
    entry: Entry,
    then: tuple[float | None, float | None] | None,
    today: tuple[float | None, float | None] | None,
) -> Proof:
    if then is None:
        return Proof(number, entry, UNPROVEN)
    same = then == (entry.numerator, entry.denominator)
    return Proof(number, entry, SAME if same else OTHER, then, today)


def _countable(entry: Entry) -> bool:
    known = Catalogue.load().indicators.get(entry.indicator)
    return bool(
        known and known.computed and entry.division and entry.numerator is not None and entry.start and entry.end
    )


def _counts(entries: Iterable[Entry], known_at: datetime | None) -> dict[Entry, tuple[float | None, float | None]]:
    """Numerator and denominator of each entry, evaluated over its own period."""
    catalogue, engine = Catalogue.load(), DuckdbEngine()
    periods: dict[tuple[object, object], list[Entry]] = defaultdict(list)
    for entry in entries:
        periods[entry.start, entry.end].append(entry)
    if not periods:
        return {}
    lake = LakeDirectory.open(Path(settings.LUOSHI_LAKE))
    groups = list(periods.values())
    requests = []
    for several in groups:
        parts = [part.id for e in several for part in summed(catalogue.indicator(e.indicator))]
        assert several[0].start is not None
        assert several[0].end is not None
        requests.append(Request(Period(several[0].start, several[0].end), sorted(set(parts))))
    evaluated = engine.evaluate_many(lake, catalogue, requests, known_at)
    found: dict[Entry, tuple[float | None, float | None]] = {}
    for several, results in zip(groups, evaluated, strict=True):
        for entry in several:
            found[entry] = _cell(results, entry)
    return found


def _cell(results: Results, entry: Entry) -> tuple[float | None, float | None]:
    indicator = Catalogue.load().indicator(entry.indicator)
    _measured, pair = measured(indicator, lambda part: results.cell(part, division=entry.division))
    return pair
