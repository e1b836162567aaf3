"""What pages ask: values with reasons, trends, worklists; nothing outside the viewer's scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from django.http import Http404
from django.utils.translation import override

from luoshi.indicators import Catalogue
from luoshi.kernel.period import Period
from luoshi.platform.lake import results
from luoshi.platform.lake.refresh import month_ends, refresh, running_period, to_date
from luoshi.simulate import lake as simulated
from luoshi.simulate.city import invent

YEAR = Period.calendar_year(2025)


@dataclass
class Reach:
    """A scope of one division subtree, by prefix of its code (as the simulator numbers them)."""

    prefix: str = ""

    def root_division(self) -> str:
        return self.prefix or "99"

    def covers_division(self, code: str) -> bool:
        return code.startswith(self.prefix)

    def covers_institution(self, code: str) -> bool:
        return not self.prefix

    def covers_person(self, division: str | None, institution: str | None) -> bool:
        return self.covers_division(division or "")


EVERYWHERE = Reach()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("region") / "lake"
    simulated.write(invent(900, seed=3, as_of=date(2025, 10, 31)), target)
    made = refresh(target, trend_months=3)
    assert made.data_until == date(2025, 10, 31)
    return target


@pytest.fixture(autouse=True)
def _configured(folder: Path, settings) -> None:
    settings.LUOSHI_LAKE = folder


def test_a_value_with_its_counts_and_its_source_day():
    whole = results.value("htn-std", YEAR, scope=EVERYWHERE)
    assert whole.period == Period(date(2025, 1, 1), date(2025, 10, 31))
    assert whole.value == pytest.approx(whole.numerator * 100 / whole.denominator)
    assert whole.data_until <= date(2025, 10, 31)
    assert (whole.division, whole.reason) == ("99", "")
    below = results.children("htn-std", YEAR, scope=EVERYWHERE, division="99")
    assert sum(v.denominator for v in below) == whole.denominator
    bodies = results.institutions("htn-std", YEAR, scope=EVERYWHERE, division="99")
    assert bodies
    assert all(v.denominator for v in bodies)
    one = bodies[0]
    assert results.value("htn-std", YEAR, scope=EVERYWHERE, institution=one.institution) == one


def test_no_value_has_a_reason():
    assert results.value("htn-std", Period.calendar_year(1999), scope=EVERYWHERE).reason == "no-data"
    told_by_hand = next(i.id for i in Catalogue.load().indicators.values() if i.kind == "report")
    assert results.value(told_by_hand, YEAR, scope=EVERYWHERE).reason == "missing-source"
    assert results.value("htn-std", YEAR, scope=EVERYWHERE, division="99999999").reason == "no-data"
    empty = results.children("schizo-meds", YEAR, scope=EVERYWHERE, division="99")
    assert all((v.value is None) == (v.reason == "empty-denominator") for v in empty)


def test_what_is_counted_at_a_point_can_be_asked_for_the_year():
    assert results.value("contract-rate", YEAR, scope=EVERYWHERE).value is not None
    assert results.value("newborn-visit", Period.maternal_child_year(2025), scope=EVERYWHERE).denominator is not None
    assert results.current_period("newborn-visit") == Period.maternal_child_year(2026)


def test_a_trend_ends_with_the_running_value():
    points = results.trend("htn-std", YEAR, scope=EVERYWHERE, division="99", months=3)
    assert [p.period.end for p in points] == [date(2025, 8, 31), date(2025, 9, 30), date(2025, 10, 31)]
    assert points[-1].value == results.value("htn-std", YEAR, scope=EVERYWHERE).value
    assert all(p.value is not None for p in points)
    calls = results.trend("ems-answer-10s", YEAR, scope=EVERYWHERE, division="99", months=3)
    assert [p.period.start for p in calls] == [date(2025, 8, 1), date(2025, 9, 1), date(2025, 10, 1)]


def test_a_worklist_says_why_in_the_language_of_the_page():
    value = results.value("htn-std", YEAR, scope=EVERYWHERE)
    rows, total = results.missed("htn-std", YEAR, scope=EVERYWHERE, limit=1000)
    assert total == len(rows) == value.denominator - value.numerator
    assert all(row.reason.startswith("本年") for row in rows)
    with override("en"):
        english, _ = results.missed("htn-std", YEAR, scope=EVERYWHERE, limit=1)
    assert "visit" in english[0].reason or "check-up" in english[0].reason
    told = {name: (counted, reason) for name, counted, reason in
            results.indicators_of_person(rows[0].person, YEAR, scope=EVERYWHERE)}  # fmt: skip
    assert told["htn-std"] == (False, rows[0].reason)
    assert results.missed("infant-mortality", YEAR, scope=EVERYWHERE) == ([], 0)


def test_nothing_outside_the_scope():
    other = Reach("990101")
    inside = results.value("htn-std", YEAR, scope=other)
    assert inside.division == "990101"
    for ask in (results.value, results.missed):
        with pytest.raises(Http404):
            ask("htn-std", YEAR, scope=other, division="99")
        with pytest.raises(Http404):
            ask("htn-std", YEAR, scope=other, institution="any")
    for ask in (results.children, results.institutions, results.trend):
        with pytest.raises(Http404):
            ask("htn-std", YEAR, scope=other, division="9901")
    rows, _ = results.missed("htn-std", YEAR, scope=EVERYWHERE, limit=1000)
    foreign = next(row for row in rows if not row.division.startswith("990101"))
    assert results.indicators_of_person(foreign.person, YEAR, scope=other) == []


def test_before_anything_was_evaluated(settings, tmp_path: Path):
    settings.LUOSHI_LAKE = tmp_path
    assert results.value("htn-std", YEAR, scope=EVERYWHERE, division="99").reason == "no-data"
    assert results.children("htn-std", YEAR, scope=EVERYWHERE, division="99") == []
    assert results.missed("htn-std", YEAR, scope=EVERYWHERE, division="99") == ([], 0)
    assert results.data_until() is None


def test_periods_of_the_calendar():
    assert month_ends(date(2025, 3, 15), 3) == [date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 15)]
    assert running_period("maternal-child-year-to-date", date(2025, 10, 1)) == Period.maternal_child_year(2026)
    assert to_date("calendar-year-to-date", date(2024, 12, 31)) == Period.calendar_year(2024)
    assert to_date("calendar-year-to-date", date(2024, 6, 30)).label == "2024-01-01..2024-06-30"


def test_the_catalogue_asked_is_the_catalogue_evaluated():
    assert set(results.values(["htn-std", "dm-std"], scope=EVERYWHERE, division="99")) == {"htn-std", "dm-std"}
    assert Catalogue.load() is Catalogue.load()
