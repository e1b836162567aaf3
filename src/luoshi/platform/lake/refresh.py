"""Evaluate the catalogue for the periods the board needs and put the results in place in one step."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from luoshi.catalog.loader import CATALOG
from luoshi.engines import LakeDirectory, Request, ResultStore, kept
from luoshi.engines.delta import Net, brought_up
from luoshi.engines.duckdb import DuckdbEngine
from luoshi.engines.lake import UNKNOWN_PERSON
from luoshi.engines.store import Reading
from luoshi.indicators import Catalogue
from luoshi.indicators.definition import PeriodRule
from luoshi.kernel import clock
from luoshi.kernel import lake_layout as layout
from luoshi.kernel.errors import UnreadableFile
from luoshi.kernel.lake_layout import persons_of, results_folder
from luoshi.kernel.period import Period
from luoshi.platform.lake import changes as noted
from luoshi.platform.lake import files

TREND_MONTHS = 12
WHOLE: tuple[PeriodRule, ...] = ("month", "quarter-to-date")  # periods told when they are over, not while they run
MOST_CHANGED = 0.3  # of all persons; above this reading everything costs less
MOST_LAID = 20_000  # persons whose rows lie on those of the files, before these are written again


@dataclass(frozen=True)
class Refreshed:
    """What a refresh made: when, until which day the data reach, how many periods and indicators, and whether the whole
    lake was read for it."""

    made_at: datetime
    data_until: date
    periods: int
    indicators: int
    whole: bool = True


def refresh(
    lake: Path | None = None,
    *,
    trend_months: int = TREND_MONTHS,
    whole: bool = False,
    progress: Callable[[str], None] = lambda words: None,
) -> Refreshed:
    """Evaluate the whole catalogue over `lake` (default: the configured one) and put the results in use.

    Made are, with their rows for the worklists: the running calendar year, maternal-child year and month, and the last
    full maternal-child year and month; without: the last full calendar year, the maternal-child year before the last
    (what 2025 is compared with), the running year as it stood on the same day a year ago (what forecasts and changes
    start from), the month a year before the last full one, and the end of each of the last `trend_months` months.

    Where only persons changed since the last time, what they added is taken away and what they add now is added, in all
    of these periods, in files beside those made before; the whole lake is read when a day has passed, a definition or a
    register changed, many persons changed, or `whole` asks for it. Raises `UnreadableFile` where there is no lake, `Refused`
    while it is being written.
    """
    directory = LakeDirectory.open(lake or _configured())
    with files.writing(directory.root):
        directory = LakeDirectory.open(directory.root)
        catalogue = Catalogue.load()
        until = directory.data_until or clock.today()
        work = _Work(directory, catalogue, ResultStore(results_folder(directory.root)), until, trend_months)
        changes = noted.take(directory.root)
        made = None if whole or changes.everything else work.after(changes, progress)
        if made is None:
            made = work.anew(progress)
        noted.forget(directory.root)
    return made


class _Work:
    """One refresh: the periods to make, where they are kept, and the two ways to make them."""

    def __init__(
        self, lake: LakeDirectory, catalogue: Catalogue, store: ResultStore, until: date, trend_months: int
    ) -> None:
        self.lake, self.catalogue, self.store, self.until = lake, catalogue, store, until
        self.made_at = clock.now()
        self.target = store.begin(self.made_at)
        self.plan = _plan(catalogue, until, trend_months)
        self.engine = DuckdbEngine()

    def anew(self, progress: Callable[[str], None]) -> Refreshed:
        """Read the whole lake."""
        progress(f"{len(self.catalogue.measured())} indicators, {len(self.plan)} periods")
        requests = self._requests(self.target / "rows")
        sums = self.engine.sums(self.lake, self.catalogue, requests)
        if sums is None:
            results = dict(enumerate(self.engine.evaluate_many(self.lake, self.catalogue, requests)))
        else:
            results = self.engine.results(self.lake, self.catalogue, requests, sums.cohorts)
            kept.keep_regions(self.target, sums.regions)
            kept.keep_key(self.target, self._key())
        about = self.engine.about(self.lake, self.catalogue, self.until)
        kept.keep_about(self.target, about)
        periods = [
            kept.keep_values(self.target, nominal, results[place], keep)
            for place, (nominal, _, keep) in enumerate(self.plan)
        ]
        return self._publish(periods, about.reach, about.missing)

    def after(self, changes: noted.ChangeSet, progress: Callable[[str], None]) -> Refreshed | None:
        """Bring the results in use up to date after `changes`; None where that cannot be done or does not pay."""
        try:
            before = self.store.reading(self.catalogue)
        except UnreadableFile:
            return None
        size = self.lake.manifest.bucket_size
        known = max(1, self.lake.manifest.rows.get("person", 0))
        everyone = len(changes.persons) + size * len(changes.whole - {UNKNOWN_PERSON})
        if everyone > known * MOST_CHANGED or before.rows.persons + everyone > max(MOST_LAID, known // 50):
            return None
        if not kept.has_key(before.folder, self._key()):
            return None
        progress(f"{len(changes.persons)} persons of {len(changes.buckets(size))} buckets changed")
        draft = self.target / "draft"
        ground = before.ground.folder
        net = brought_up(
            self.engine, self.lake, self.catalogue, self._requests(draft),
            persons={*changes.persons, *(p for b in changes.whole - {UNKNOWN_PERSON} for p in persons_of(b, size))},
            whole=changes.whole & {UNKNOWN_PERSON}, before=changes.folder, until=self.until,
            regions=kept.regions(ground, before.folder),
        )  # fmt: skip
        if net is None:
            return None
        nobody = changes.whole & {UNKNOWN_PERSON}
        kept.lay(before.folder, self.target, draft, [*nobody, *net.persons], net.cohorts)
        shutil.rmtree(draft, ignore_errors=True)
        if ground != before.folder:
            kept.take_over_regions(before.folder, self.target, net.regions)
        else:
            kept.keep_regions(self.target, net.regions)
        kept.keep_key(self.target, self._key())
        told = {entry["label"]: entry for entry in before.manifest["periods"]}
        periods = [
            kept.keep_moved(before.folder, self.target, told[nominal.label], net.moved.get(place))
            for place, (nominal, _, _) in enumerate(self.plan)
        ]
        reach, missing = _heard_more(self.catalogue, before, net)
        return self._publish(periods, reach, missing, ground.name)

    def _requests(self, rows: Path) -> list[Request]:
        return [
            Request(nominal.to_date(self.until), ids, rows / nominal.label if keep else None)
            for nominal, ids, keep in self.plan
        ]

    def _publish(
        self,
        periods: Sequence[Mapping[str, Any]],
        reach: Mapping[str, date | None],
        missing: Mapping[str, Sequence[str]],
        ground: str | None = None,
    ) -> Refreshed:
        self.store.publish(
            self.target,
            periods,
            made_at=self.made_at,
            lake_built_at=self.lake.manifest.built_at,
            lake_position=self.lake.manifest.position or "",
            data_until=self.lake.data_until,
            reach=reach,
            missing=missing,
            ground=ground,
        )
        return Refreshed(self.made_at, self.until, len(self.plan), len(self.catalogue.measured()), whole=ground is None)

    def _key(self) -> dict[str, object]:
        """All that sums depend on beside the rows of persons: periods, definitions, registers, the cut of the lake."""
        definitions = hashlib.sha256()
        for path in sorted(p for name in ("cohorts", "indicators") for p in (CATALOG / name).rglob("*") if p.is_file()):
            definitions.update(path.read_bytes())
        marks = []
        for table in layout.REGISTERS:
            path = layout.table_path(self.lake.root, table)
            status = path.stat() if path.exists() else None
            marks.append([table, status.st_mtime_ns, status.st_size] if status else [table])
        return {
            "periods": [[n.label, str(n.to_date(self.until).start), str(n.to_date(self.until).end), sorted(ids), keep]
                        for n, ids, keep in self.plan],
            "definitions": definitions.hexdigest(),
            "registers": marks,
            "chunk": [self.lake.chunk_persons, self.lake.manifest.bucket_size],
        }  # fmt: skip


def _heard_more(catalogue: Catalogue, before: Reading, net: Net) -> tuple[dict[str, date | None], dict[str, list[str]]]:
    """How far the sources reach and what is empty, from before and what the changed persons add: a source is heard of no
    less than before."""
    reach = {}
    for name in catalogue.cohorts:
        days = [d for d in (before.reach(name), net.reach.get(name)) if d is not None]
        reach[name] = max(days, default=None)
    missing = {name: [t for t in before.missing(name) if t not in net.heard] for name in catalogue.cohorts}
    return reach, {name: tables for name, tables in missing.items() if tables}


def running_period(rule: PeriodRule | None, until: date) -> Period:
    """The period an indicator of that rule is in on the day `until`: whole, not cut."""
    match rule:
        case "maternal-child-year-to-date":
            return Period.maternal_child_year(until.year + (until.month >= 10))
        case "five-year-plan-to-date":
            return Period.five_year_plan(until.year)
        case "quarter-to-date":
            return Period.quarter(until.year, (until.month + 2) // 3)
        case "rolling-year":
            return Period.rolling_year(until)
        case "month":
            return Period.month(until.year, until.month)
    return Period.calendar_year(until.year)


def told_period(rule: PeriodRule | None, until: date) -> Period:
    """The period whose figure is told, and judged, on the day `until`: the last month or quarter that is over, for a few
    days of a month say nothing; of the longer ones the one that is running."""
    running = running_period(rule, until)
    if rule in WHOLE and until < running.end:
        return running_period(rule, running.start - timedelta(days=1))
    return running


def told_to_date(rule: PeriodRule | None, day: date) -> Period:
    """`told_period` as it stood at the end of `day`."""
    return told_period(rule, day) if rule in WHOLE else to_date(rule, day)


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
        # What was promised for a calendar year is measured in the maternal-child year that ends in it; a month is told
        # when it is over.
        kept = rule == "maternal-child-year-to-date" or rule in WHOLE
        last = running_period(rule, running.start - timedelta(days=1))
        add(last, ids, kept)
        if rule in WHOLE:
            add(told_period(rule, a_year_before(until)), ids, False)
        else:
            add(to_date(rule, a_year_before(until)), ids, False)
            if kept:
                add(running_period(rule, last.start - timedelta(days=1)), ids, False)
        for day in month_ends(until, trend_months + (rule in WHOLE))[:-1]:
            add(to_date(rule, day), ids, False)
    return list(plan.values())


def _configured() -> Path:
    from django.conf import settings

    return Path(settings.LUOSHI_LAKE)
