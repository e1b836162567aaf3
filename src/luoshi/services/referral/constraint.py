"""How tiered care holds: flows up and down, how fast hospitals answer, what they refuse, and who went up by themselves.

Rates come with their fraction. What was unreferred is told from the records (the lake), never from reports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
from django.db.models import Count, Q

from luoshi.kernel import clock
from luoshi.kernel import lake_layout as layout
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.files import default_lake
from luoshi.platform.regions.models import Division
from luoshi.services.referral import book, routing, rules
from luoshi.services.referral.models import Referral


@dataclass
class Flow:
    """What one institution sent and received in a period. `in_time` of `answered` were answered within the declared
    hours; `hours` is the median time to an answer."""

    code: str
    name: str
    sent_up: int = 0
    sent_down: int = 0
    received_up: int = 0
    received_down: int = 0
    answered: int = 0
    in_time: int = 0
    waiting: int = 0
    late: int = 0
    refused: int = 0
    no_show: int = 0
    arrived: int = 0
    green: int = 0
    green_unfiled: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)

    @property
    def hours(self) -> float | None:
        """Median hours to an answer; None where nothing was answered."""
        return round(median(self.times), 1) if self.times else None

    @property
    def received(self) -> int:
        """All that came."""
        return self.received_up + self.received_down


@dataclass(frozen=True)
class Flows:
    """The period's flows by institution, and of all of them together."""

    start: date
    end: date
    places: list[Flow]
    whole: Flow


def flows(*, scope: Scope, start: date, end: date) -> Flows:
    """Referrals submitted in a period (both days in) with an end inside the scope. One query."""
    begin, after = rules.begin_of(start), rules.begin_of(end + timedelta(days=1))
    inside = Q()
    if not scope.everywhere:
        inside = (
            scope.path_filter("sender_path") | scope.path_filter("receiver_path")
            | Q(sender__in=scope.institution_codes) | Q(receiver__in=scope.institution_codes)
        )  # fmt: skip
    rows = Referral.objects.filter(inside, submitted__gte=begin, submitted__lt=after).values_list(
        "direction", "priority", "state", "sender", "sender_name", "sender_path", "receiver", "receiver_name",
        "receiver_path", "submitted", "answered", "arrived", "due", "refusal", "green", "green_filed",
    )  # fmt: skip
    places: dict[str, Flow] = {}
    whole = Flow("", "")
    now = clock.now()
    limits: dict[str, float] = dict(book.rules().clocks.respond_hours.items())
    for (direction, priority, state, sender, sender_name, sender_path, receiver, receiver_name, receiver_path, submitted,
         answered, arrived, due, refusal, green, filed) in rows.iterator():  # fmt: skip
        sides: list[Flow] = [whole]
        if scope.covers_path(sender_path) or sender in scope.institution_codes:
            _count_sent(places.setdefault(sender, Flow(sender, sender_name)), direction)
        if scope.covers_path(receiver_path) or receiver in scope.institution_codes:
            sides.append(places.setdefault(receiver, Flow(receiver, receiver_name)))
        _count_sent(whole, direction)
        for flow in sides:
            flow.received_up += direction == rules.UP
            flow.received_down += direction == rules.DOWN
            flow.refused += state == "rejected"
            flow.no_show += state == "no-show"
            flow.arrived += arrived is not None
            flow.green += green
            flow.green_unfiled += green and filed is None
            if state == "rejected":
                flow.reasons[refusal] += 1
            if answered is not None and submitted is not None and not green:
                hours = (answered - submitted).total_seconds() / 3600
                flow.answered += 1
                flow.in_time += hours <= limits[priority]
                flow.times.append(hours)
            if state == "submitted":
                flow.waiting += 1
                flow.late += due is not None and due < now
    ordered = sorted(places.values(), key=lambda f: (-(f.received + f.sent_up + f.sent_down), f.code))
    return Flows(start, end, ordered, whole)


def _count_sent(flow: Flow, direction: str) -> None:
    flow.sent_up += direction == rules.UP
    flow.sent_down += direction == rules.DOWN


def sent_down(start: date, end: date) -> list[tuple[str, int]]:
    """(division path of the sender, how many it sent down) of a period, without those that were rejected, cancelled or
    never came. Counts alone, so no scope; the caller shows divisions of its own. One query."""
    rows = Referral.objects.filter(
        direction=rules.DOWN,
        submitted__gte=rules.begin_of(start),
        submitted__lt=rules.begin_of(end + timedelta(days=1)),
    ).exclude(state__in=("draft", "rejected", "cancelled", "no-show"))
    return list(rows.values_list("sender_path").annotate(n=Count("pk")).order_by())


# --- going up by oneself -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stay:
    """One stay at a higher hospital: the resident, their division, the hospital, the first day, and whether a referral led
    there."""

    person: int
    division: str
    institution: str
    day: date
    referred: bool


@dataclass(frozen=True)
class Unreferred:
    """Stays of residents at hospitals above their county, or outside of it, in a period. `known_to`: the last day the
    lake has heard of visits; None where there is no lake."""

    stays: tuple[Stay, ...]
    known_to: date | None

    @property
    def alone(self) -> int:
        """How many nobody referred."""
        return sum(not stay.referred for stay in self.stays)

    def by(self, key: str) -> list[tuple[str, int, int]]:
        """(division or institution, unreferred, all), the most unreferred first."""
        found: dict[str, list[int]] = {}
        for stay in self.stays:
            line = found.setdefault(getattr(stay, key), [0, 0])
            line[0] += not stay.referred
            line[1] += 1
        return sorted(((k, a, n) for k, (a, n) in found.items()), key=lambda line: (-line[1], line[0]))


def unreferred(*, scope: Scope, start: date, end: date, lake: Path | None = None) -> Unreferred:
    """Stays of residents of the scope. A stay counts as referred when a referral to that hospital was submitted within
    the declared days before its first day, or brought the patient there on it."""
    folder = lake or default_lake()
    if not layout.manifest_path(folder).exists():
        return Unreferred((), None)
    rule = book.rules().unreferred
    found = higher_stays(folder, rule, start, end)
    known = layout.Manifest.from_json(layout.manifest_path(folder).read_text("utf-8")).data_until.get("visit")
    paths = dict(Division.objects.order_by("valid_from").values_list("code", "path"))
    mine = [stay for stay in found if scope.everywhere or scope.covers_path(paths.get(stay[1], ""))]
    sent = _sent({stay[0] for stay in mine}, start - timedelta(days=rule.window_days), end)
    window = timedelta(days=rule.window_days)
    stays = tuple(
        Stay(
            person,
            division,
            institution,
            day,
            any(day - window <= on <= day for on in sent.get((person, institution), ())),
        )
        for person, division, institution, day in mine
    )
    return Unreferred(stays, known)


def _sent(persons: Iterable[int], start: date, end: date) -> dict[tuple[int, str], list[date]]:
    rows = Referral.objects.filter(
        direction=rules.UP, submitted__gte=rules.begin_of(start), submitted__lt=rules.begin_of(end + timedelta(days=1))
    ).exclude(state__in=("rejected", "cancelled", "no-show"))
    wanted = set(persons)
    found: dict[tuple[int, str], list[date]] = {}
    for person, receiver, submitted in rows.values_list("person", "receiver", "submitted"):
        if person in wanted and submitted is not None:
            found.setdefault((person, receiver), []).append(submitted.astimezone(clock.CHINA).date())
    return found


def higher_stays(lake: Path, rule: book.Unreferred, start: date, end: date) -> list[tuple[int, str, str, date]]:
    """Every (person, division, institution, first day) of stays at a hospital of the city, or of another county."""
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as base:
        for table in ("visit", "person"):
            base.read_parquet(layout.table_glob(lake, table), union_by_name=True).create_view(table)
        for table in ("institution", "division"):
            base.read_parquet(layout.table_glob(lake, table)).create_view(table)
        rows = base.execute(
            """SELECT v.person, p.division, v.institution, v.day, i.type, i.level, d.level, d.l3, h.l3
            FROM visit v
            JOIN person p ON p.person = v.person AND p.known_to IS NULL
            JOIN institution i ON i.code = v.institution AND i.valid_to IS NULL
            JOIN (SELECT code, any_value(level) AS level, any_value(l3) AS l3 FROM division GROUP BY code) d
              ON d.code = i.division
            JOIN (SELECT code, any_value(l3) AS l3 FROM division GROUP BY code) h ON h.code = p.division
            WHERE v.known_to IS NULL AND v.status IN ('finished', 'in-progress') AND v.day BETWEEN ? AND ?
              AND list_contains(?, v.service) AND NOT list_contains(?, coalesce(v.class, ''))
              AND (NOT ? OR p.birth_date IS NULL OR (date_diff('year', p.birth_date, v.day) >= ?
                AND date_diff('year', p.birth_date, v.day) < ?))
            ORDER BY v.day, v.person""",
            [start, end, list(rule.services), list(rule.excluded_classes), rule.apply_ages, rule.excluded_ages.under,
             rule.excluded_ages.from_],
        ).fetchall()  # fmt: skip
    found = []
    for person, division, institution, day, kind, level, division_level, there, home in rows:
        tier = routing.tier(kind, level or 0, division_level or 0)
        if tier == "city" or (tier == "county" and there != home):
            found.append((person, division, institution, day))
    return found


def county_of(codes: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Code and name of the county each division lies in. Two queries."""
    paths = dict(Division.objects.filter(code__in=set(codes)).order_by("valid_from").values_list("code", "path"))
    counties = {code: path.strip("/").split("/")[2] for code, path in paths.items() if path.count("/") > 3}
    names: dict[str, Any] = dict(
        Division.objects.filter(code__in=set(counties.values())).order_by("valid_from").values_list("code", "name")
    )
    return {code: (county, names.get(county, county)) for code, county in counties.items()}


def period(text_from: str, text_to: str) -> tuple[date, date]:
    """The period a page asks for: from the beginning of the year until today where nothing sensible is given."""
    today = clock.today()
    days = []
    for text, fallback in ((text_from, date(today.year, 1, 1)), (text_to, today)):
        try:
            days.append(datetime.strptime(text, "%Y-%m-%d").date())  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            days.append(fallback)
    return (days[0], days[1]) if days[0] <= days[1] else (days[1], days[0])
