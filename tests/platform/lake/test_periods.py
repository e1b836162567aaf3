"""Which period an indicator is in on a day, and its trend, for every rule of the definitions."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from luoshi.indicators.definition import PeriodRule
from luoshi.platform.lake.refresh import a_year_before, running_period, to_date

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
