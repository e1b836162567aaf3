"""Values, trends and worklists for pages: read from the results in place, never from the records themselves.

Every function takes a scope and answers `Http404` for a division or institution outside it. Nothing here waits for an
evaluation: what was not evaluated has the reason `no-data`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.http import Http404
from django.utils.translation import get_language

from luoshi.engines import LakeDirectory, ResultStore
from luoshi.engines.store import Reading, StoredPeriod
from luoshi.indicators import Catalogue, Indicator, Measured
from luoshi.indicators.measure import fill
from luoshi.indicators.parts import Cell, measured, summed
from luoshi.kernel import clock
from luoshi.kernel.errors import NotFound, UnreadableFile
from luoshi.kernel.lake_layout import results_folder
from luoshi.kernel.period import Period
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.refresh import WHOLE, month_ends, running_period, to_date, told_period

_Made = TypeVar("_Made")
MOST_REMEMBERED = 100  # rows of a page of a worklist; longer ones are files


@dataclass(frozen=True)
class Value:
    """One indicator for one place and period. `value` is in the indicator's unit (percent: 0-100); without one,
    `reason` is `empty-denominator`, `no-data`, `missing-source`, or of a method `too-few` or `not-computable`. `flags`:
    `over-100-percent`, `small-denominator`. `low` and `high` are the ends of the 95 % interval, where there is one.
    `data_until` is the last day the sources that feed it have heard of."""

    indicator: str
    period: Period
    division: str | None
    institution: str | None
    numerator: float | None
    denominator: float | None
    value: float | None
    reason: str
    flags: tuple[str, ...]
    data_until: date | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Missed:
    """One subject of a worklist with its reason in the language of the page, and the cohort's columns."""

    subject: str
    person: int | None
    division: str
    institution: str | None
    reason: str
    columns: dict[str, Any]


def value(
    indicator: str, period: Period, *, scope: Scope, division: str | None = None, institution: str | None = None
) -> Value:
    """The value of an indicator for a division, or for an institution; for neither, of the viewer's widest division."""
    if division is None and institution is None:
        division = scope.root_division()
    inside(scope, division, institution)
    if institution is not None and division is None:
        return _values(indicator, period, [institution], institution=True)[0]
    return _values(indicator, period, [division or ""])[0]


def values(indicators: Iterable[str], *, scope: Scope, division: str) -> dict[str, Value]:
    """The running period of several indicators for one division: what a board shows at once."""
    inside(scope, division, None)
    return {name: _values(name, current_period(name), [division])[0] for name in indicators}


def children(indicator: str, period: Period, *, scope: Scope, division: str) -> list[Value]:
    """One value for each division directly below, in order of code."""
    inside(scope, division, None)
    reading = _reading()
    return _values(indicator, period, reading.children(division)) if reading else []


def institutions(indicator: str, period: Period, *, scope: Scope, division: str) -> list[Value]:
    """One value for each institution that stands in a division or below, of all it serves, in order of code.

    Institutions that serve nobody this indicator asks about are left out.
    """
    inside(scope, division, None)
    reading = _reading()
    if reading is None:
        return []
    found = _values(indicator, period, reading.institutions(division), institution=True)
    return [v for v in found if v.denominator or v.numerator]


def trend(indicator: str, period: Period, *, scope: Scope, division: str, months: int = 12) -> list[Value]:
    """The values to date at the end of each of the last `months` months, oldest first, the last being the running one.

    The trend ends where `period` ends, or where the data reach if that is earlier. Of a monthly indicator they are the
    months themselves.
    """
    inside(scope, division, None)
    rule = Catalogue.load().indicator(indicator).period
    ends = month_ends(min(period.end, data_until() or clock.today()), months)
    return [_values(indicator, to_date(rule, day), [division])[0] for day in ends]


def missed(
    indicator: str,
    period: Period,
    *,
    scope: Scope,
    division: str | None = None,
    institution: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[Missed], int]:
    """A page of those not counted (counted, where less is better) with the reason of each, and how many there are.

    Kept for the running periods only; empty for others and for indicators that list nobody.
    """
    if division is None and institution is None:
        division = scope.root_division()
    inside(scope, division, institution)
    key = ("missed", indicator, period, division, institution, limit, offset)

    def made() -> tuple[tuple[Missed, ...], int]:
        return _missed(indicator, period, division, institution, limit, offset)

    rows, total = remembered(key, made, lambda found: 1 + len(found[0])) if limit <= MOST_REMEMBERED else made()
    return list(rows), total


def _missed(
    indicator: str, period: Period, division: str | None, institution: str | None, limit: int, offset: int
) -> tuple[tuple[Missed, ...], int]:
    found = Catalogue.load().indicator(indicator)
    reading, stored = _stored(found, period)
    if reading is None or stored is None or found.kind != "ratio" or not stored.has_rows:
        return (), 0
    try:
        rows, total = reading.page(
            stored, found, division=division, institution=institution, limit=limit, offset=offset
        )
    except NotFound:  # a cohort of visits by the million keeps no rows
        return (), 0
    told = (
        Missed(
            r.subject, r.person, r.division or "", r.institution, words(found, r.reason, {**r.columns}), {**r.columns}
        )
        for r in rows
    )
    return tuple(told), total


def indicators_of_person(person: int, period: Period, *, scope: Scope) -> list[tuple[str, bool, str]]:
    """The indicators a person is asked about in `period`: id, whether they count, and the reason beside it if any.

    Rows that neither live nor are served inside the scope are left out.
    """
    reading = _reading()
    if reading is None:
        return []
    catalogue = Catalogue.load()
    found = []
    seen: set[str] = set()
    chunk = LakeDirectory.open(_lake()).chunk_of(person)
    # Where the records end before the period does, its month and maternal-child year are those of their end.
    end = min(period.end, data_until() or period.end)
    asked = {period.label, *(told_period(rule, end).label for rule in ("maternal-child-year-to-date", "month"))}
    for stored in reading.periods.values():
        if not stored.has_rows or stored.label not in asked:
            continue
        for indicator, counted, row in reading.of_person(person, chunk, stored):
            # An indicator of another calendar is told for its own running period.
            own = told_period(indicator.period, stored.actual.end).label == stored.label
            if not own or indicator.id in seen or not scope.covers_person(row.division, row.institution):
                continue
            seen.add(indicator.id)
            found.append((indicator.id, counted, words(indicator, row.reason, dict(row.columns), listed=False)))
    order = list(catalogue.indicators)
    return sorted(found, key=lambda item: (item[1], order.index(item[0])))


def current_period(indicator: str) -> Period:
    """The period told on the last day of data, whole, not cut: of a monthly indicator the last month that is over, of
    others the one running."""
    return told_period(Catalogue.load().indicator(indicator).period, data_until() or clock.today())


def so_far(
    indicator: str, *, scope: Scope, division: str | None = None, institution: str | None = None
) -> Value | None:
    """The running month (or quarter) of an indicator that is told when its period is over, as it stands; None for
    others, and on the last day of a month."""
    rule = Catalogue.load().indicator(indicator).period
    until = min(data_until() or clock.today(), clock.today())
    running = running_period(rule, until)
    if rule not in WHOLE or running == told_period(rule, until):
        return None
    return value(indicator, running, scope=scope, division=division, institution=institution)


def measured_period(indicator: str, deadline: date | None) -> Period:
    """The period a promise due on `deadline` is measured in: the one told now, or that of its deadline once that is
    earlier. A promise for the year 2025 is measured in the maternal-child year 2025, also after that has ended."""
    until = min(data_until() or clock.today(), clock.today())
    rule = Catalogue.load().indicator(indicator).period
    told = told_period(rule, until)
    if deadline is None:
        return told
    if rule == "maternal-child-year-to-date":
        return Period.maternal_child_year(min(told.end.year, deadline.year))
    return told_period(rule, min(until, deadline))


def evaluated(indicator: str) -> list[Period]:
    """The periods an indicator was evaluated for, as asked for, the latest first."""
    reading = _reading()
    if reading is None:
        return []
    name = summed(Catalogue.load().indicator(indicator))[0].id  # of a method its first part
    found = (stored.nominal for stored in reading.periods.values() if name in stored.indicators)
    return sorted(found, key=lambda period: (period.end, period.start), reverse=True)


def warm() -> None:
    """Read what the first board would wait for; nothing where nothing was evaluated yet."""
    reading = _reading()
    if reading is not None:
        reading.warm()


def data_until() -> date | None:
    """The last day the lake had heard of when the results were made; None before there are any."""
    reading = _reading()
    return reading.data_until if reading else None


def remembered(key: Hashable, make: Callable[[], _Made], size: Callable[[_Made], int] = lambda made: 1) -> _Made:
    """What `make` answers, held while the results in use now are in use, on this day, in this language.

    `key` names all else that decides the answer; the caller has asked the scope for the place it is about.
    """
    reading = _reading()
    if reading is None:
        return make()
    return reading.remembered.get((key, clock.today(), get_language()), make, size)


def words(indicator: Indicator, reason: int | None, columns: dict[str, Any], *, listed: bool = True) -> str:
    """A reason of the catalogue with its numbers, in the language of the page. Empty for someone not listed."""
    english = (get_language() or "zh").startswith("en")
    if reason is None:
        if not listed:
            return ""
        return f"Does not meet: {indicator.numerator}" if english else f"未满足:{indicator.numerator}"
    chosen = indicator.reasons[reason]
    return fill(chosen.say_en if english else chosen.say, columns)


def _values(name: str, period: Period, codes: Sequence[str], *, institution: bool = False) -> list[Value]:
    """The values of an indicator for places that the caller has found inside the scope: they are the same for everybody,
    so each is made once for an evaluation."""
    reading = _reading()
    if reading is None:
        return _made(None, name, period, codes, institution)
    key = (name, period, tuple(codes), institution)

    def made() -> tuple[Value, ...]:
        return tuple(_made(reading, name, period, codes, institution))

    found = reading.remembered.get(key, made, len)
    return list(found)


def _made(reading: Reading | None, name: str, period: Period, codes: Sequence[str], institution: bool) -> list[Value]:
    indicator = Catalogue.load().indicator(name)
    stored = reading.period(period, summed(indicator)[0].id) if reading else None

    def of(code: str, got: Measured | None, pair: Cell = (None, None), reason: str = "") -> Value:
        found = got or Measured(None, reason)
        numerator, denominator = pair
        empty = found.value is None
        return Value(
            indicator=name,
            period=stored.actual if stored else period,
            division=None if institution else code,
            institution=code if institution else None,
            numerator=numerator,
            denominator=denominator,
            value=found.value,
            reason=reason or (_why_empty(indicator, found.reason, reading) if empty else ""),
            flags=found.flags,
            data_until=reading.reach(indicator.cohort) if reading and indicator.cohort else None,
            low=found.low,
            high=found.high,
        )

    if not indicator.computed:
        return [of(code, None, reason="missing-source") for code in codes]
    if reading is None or stored is None:
        return [of(code, None, reason="no-data") for code in codes]
    if indicator.cohort and reading.reach(indicator.cohort) is None:
        return [of(code, None, reason="missing-source") for code in codes]
    tables = {s.id: reading.cells(stored, s, codes, institution=institution) for s in summed(indicator)}
    return [
        of(code, None, reason="no-data")
        if not institution and code not in reading.tree
        else of(code, *measured(indicator, lambda part, code=code: tables[part.id][code]))  # type: ignore[misc]
        for code in codes
    ]


def _why_empty(indicator: Indicator, reason: str, reading: Reading | None) -> str:
    """An empty denominator whose source table holds nothing anywhere is a missing source."""
    empty = reading.missing(indicator.cohort) if reading and indicator.cohort else []
    needed = set(empty) - {"condition", "title", "staff", "bed"}
    return "missing-source" if reason == "empty-denominator" and needed else reason


def _stored(indicator: Indicator, period: Period) -> tuple[Reading | None, StoredPeriod | None]:
    reading = _reading()
    return reading, reading.period(period, summed(indicator)[0].id) if reading else None


def _reading() -> Reading | None:
    try:
        return _store(_lake()).reading(Catalogue.load())
    except UnreadableFile:
        return None


@cache
def _store(lake: Path) -> ResultStore:
    return ResultStore(results_folder(lake))


def _lake() -> Path:
    lake = settings.LUOSHI_LAKE
    return lake if isinstance(lake, Path) else Path(lake)


def inside(scope: Scope, division: str | None, institution: str | None) -> None:
    """Raises `Http404` for what lies outside: nobody learns whether it exists."""
    if institution is not None and not scope.covers_institution(institution):
        raise Http404
    if division is not None and institution is None and not scope.covers_division(division):
        raise Http404
