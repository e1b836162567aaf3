"""Which period an indicator is in on a day, and its trend, for every rule of the definitions."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from luoshi.indicators.definition import PeriodRule
from luoshi.platform.lake.refresh import a_year_before, running_period, to_date, told_period, told_to_date

DAY = date(2025, 10, 20)
RUNNING = {
    "calendar-year-to-date": ("2025", "2025-01-01..2025-10-20"),
    "maternal-child-year-to-date": ("MCH2026", "2025-10-01..2025-10-20"),
    "five-year-plan-to-date": ("2021-01-01..2025-12-31", "2021-01-01..2025-10-20"),
    "quarter-to-date": ("2025Q4", "2025-10-01..2025-10-20"),
    "rolling-year": ("2024-11-01..2025-10-20", "2024-11-01..2025-10-20"),
    "point-in-time": ("2025", "2025-01-01..2025-10-20"),
    "month": ("2025-10", "2025-10-01..2025-10-20"),
}


def test_no_rule_is_forgotten():
    assert set(RUNNING) == set(get_args(PeriodRule))


@pytest.mark.parametrize("rule", RUNNING)
def test_running_and_to_date(rule):
    assert (running_period(rule, DAY).label, to_date(rule, DAY).label) == RUNNING[rule]
    assert to_date(rule, DAY).end == DAY


def test_a_year_before_the_last_of_february():
    assert a_year_before(date(2024, 2, 29)) == date(2023, 2, 28)
    assert a_year_before(DAY) == date(2024, 10, 20)


TOLD = RUNNING | {"quarter-to-date": ("2025Q3", "2025Q3"), "month": ("2025-09", "2025-09")}


@pytest.mark.parametrize("rule", TOLD)
def test_a_month_is_told_when_it_is_over(rule):
    assert (told_period(rule, DAY).label, told_to_date(rule, DAY).label) == TOLD[rule]


@pytest.mark.parametrize(
    ("rule", "day", "label"),
    [
        ("month", date(2025, 10, 31), "2025-10"),
        ("month", date(2025, 11, 1), "2025-10"),
        ("month", date(2026, 1, 3), "2025-12"),
        ("quarter-to-date", date(2025, 9, 30), "2025Q3"),
        ("quarter-to-date", date(2025, 12, 30), "2025Q3"),
    ],
)
def test_its_last_day_ends_a_month(rule, day, label):
    assert told_period(rule, day).label == label
