"""Evaluate the catalogue for the periods the board needs and put the results in place in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from luoshi.engines import LakeDirectory, Request, ResultStore, engine
from luoshi.indicators import Catalogue
from luoshi.indicators.definition import PeriodRule
from luoshi.kernel import clock
from luoshi.kernel.errors import UnreadableFile
from luoshi.kernel.lake_layout import results_folder
from luoshi.kernel.period import Period

TREND_MONTHS = 12


@dataclass(frozen=True)
class Refreshed:
    """What a refresh made: when, until which day the data reach, how many periods and indicators."""

    made_at: datetime
    data_until: date
    periods: int
    indicators: int


def refresh(
    lake: Path | None = None,
    *,
    changed_buckets: Iterable[int] | None = None,
    trend_months: int = TREND_MONTHS,
    progress: Callable[[str], None] = lambda words: None,
) -> Refreshed:
    """Evaluate the whole catalogue over `lake` (default: the configured one) and put the results in use.

    Made are, with their rows for the worklists: the running calendar year, maternal-child year and month, and the last
    full maternal-child year; without: the last full calendar year, the maternal-child year before the last (what 2025
    is compared with), the running year as it stood on the same day a year ago (what forecasts and changes start from),
    and the end of each of the last `trend_months` months. `changed_buckets` tells what moved
    since the last refresh; everything is evaluated again all the same, since a birth also moves its mother's bucket.
    Raises `UnreadableFile` where there is no lake.
    """
    directory = LakeDirectory.open(lake or _configured())
    catalogue = Catalogue.load()
    until = directory.data_until or clock.today()
    made_at = clock.now()
    store = ResultStore(results_folder(directory.root))
    target = store.begin(made_at)
    plan = _plan(catalogue, until, trend_months)
    carried = {} if changed_buckets is None else _past(store, catalogue, plan, until)
    plan = [entry for entry in plan if entry[0].label not in carried]
    progress(f"{len(catalogue.measured())} indicators, {len(plan)} periods")
    running = engine()
    requests = [
        Request(nominal.to_date(until), ids, target / "rows" / nominal.label if keep else None)
        for nominal, ids, keep in plan
    ]
    results = running.evaluate_many(directory, catalogue, requests)
    store.publish(
        target,
        [(nominal, result, keep) for (nominal, _, keep), result in zip(plan, results, strict=True)],
        made_at=made_at,
        lake_built_at=directory.manifest.built_at,
        data_until=directory.data_until,
        about=running.about(directory, catalogue, until),
        carried=carried,
    )
    return Refreshed(made_at, until, len(plan), len(catalogue.measured()))


def running_period(rule: PeriodRule | None, until: date) -> Period:
    """The period an indicator of that rule is in on the day `until`: whole, not cut."""
    if rule == "maternal-child-year-to-date":
        return Period.maternal_child_year(until.year + (until.month >= 10))
    if rule == "month":
        return Period.month(until.year, until.month)
    return Period.calendar_year(until.year)


def to_date(rule: PeriodRule | None, day: date) -> Period:
    """The point of a trend: the rule's period as it stood at the end of `day`."""
    whole = running_period(rule, day)
    return whole if day >= whole.end else Period(whole.start, day)


def a_year_before(day: date) -> date:
    """The same day a year ago; the last of February for 29 February."""
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def month_ends(until: date, months: int) -> list[date]:
    """`until` and the last days of the months before it, oldest first, `months` in all."""
    ends = [until]
    while len(ends) < months:
        ends.append(ends[-1].replace(day=1) - timedelta(days=1))
    return ends[::-1]


def _plan(catalogue: Catalogue, until: date, trend_months: int) -> list[tuple[Period, list[str], bool]]:
    """(period, indicators, whether rows are kept), no period twice.

    The running calendar year holds every indicator, so that one of another calendar can be asked for it too.
    """
    by_rule: dict[PeriodRule | None, list[str]] = {}
    for indicator in catalogue.computed():
        # What is counted at a point in time is the same on the last day of any period.
        rule = None if indicator.period in ("calendar-year-to-date", "point-in-time") else indicator.period
        by_rule.setdefault(rule, []).append(indicator.id)
    everything = [indicator.id for indicator in catalogue.computed()]
    plan: dict[str, tuple[Period, list[str], bool]] = {}

    def add(period: Period, ids: list[str], keep: bool) -> None:
        if ids and period.label not in plan:
            plan[period.label] = (period, ids, keep)

    add(running_period(None, until), everything, True)
    for rule, ids in by_rule.items():
        running = running_period(rule, until)
        add(running, ids, True)
        if rule != "month":
            add(to_date(rule, a_year_before(until)), ids, False)
            # What was promised for a calendar year is measured in the maternal-child year that ends in it.
            kept = rule == "maternal-child-year-to-date"
            last = running_period(rule, running.start - timedelta(days=1))
            add(last, ids, kept)
            if kept:
                add(running_period(rule, last.start - timedelta(days=1)), ids, False)
        for day in month_ends(until, trend_months)[:-1]:
            add(to_date(rule, day), ids, False)
    return list(plan.values())


def _past(
    store: ResultStore, catalogue: Catalogue, plan: list[tuple[Period, list[str], bool]], until: date
) -> dict[str, Path]:
    """Periods of `plan` that were over before the running month and are in the results in use: label → their folder."""
    try:
        before = store.reading(catalogue)
    except UnreadableFile:
        return {}
    found = {}
    for nominal, ids, keep in plan:
        stored = before.periods.get(nominal.label)
        over = nominal.end < until.replace(day=1)
        if stored is not None and over and not keep and stored.indicators >= set(ids):
            found[nominal.label] = before.folder
    return found


def _configured() -> Path:
    from django.conf import settings

    return Path(settings.LUOSHI_LAKE)
