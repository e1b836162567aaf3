"""Periods: every kind reads back what it prints, and counts both ends."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.period import Period

YEARS = st.integers(1990, 2090)
PERIODS = st.one_of(
    st.builds(Period.calendar_year, YEARS),
    st.builds(Period.maternal_child_year, YEARS),
    st.builds(Period.quarter, YEARS, st.integers(1, 4)),
    st.builds(Period.month, YEARS, st.integers(1, 12)),
    st.builds(Period.day, st.dates(date(1990, 1, 1), date(2090, 1, 1))),
)


@given(PERIODS)
def test_label_reads_back(period: Period) -> None:
    assert Period.parse(period.label) == period


@given(PERIODS, st.dates(date(1990, 1, 1), date(2090, 12, 31)))
def test_share_elapsed_stays_between_none_and_all(period: Period, today: date) -> None:
    share = period.share_elapsed(today)
    assert 0 <= share <= 1
    assert (share == 1) == (today >= period.end)
    assert period.to_date(today).start == period.start
    assert period.to_date(today).end <= period.end


def test_the_maternal_child_year_starts_in_october() -> None:
    year = Period.parse("MCH2025")
    assert (year.start, year.end) == (date(2024, 10, 1), date(2025, 9, 30))
    assert year.days == 365


def test_december_and_leap_february_end_on_their_last_day() -> None:
    assert Period.month(2024, 2).end == date(2024, 2, 29)
    assert Period.month(2024, 12).end == date(2024, 12, 31)
    assert Period.quarter(2024, 4).end == date(2024, 12, 31)


def test_share_elapsed_counts_today() -> None:
    assert Period.calendar_year(2025).share_elapsed(date(2025, 1, 1)) == pytest.approx(1 / 365)
    assert Period.calendar_year(2025).share_elapsed(date(2024, 12, 31)) == 0


@pytest.mark.parametrize("text", ["", "20", "2025Q5", "2025-13", "2025-02-30", "last year", "2025-05-01..2025-04-01"])
def test_what_is_no_period_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidValue):
        Period.parse(text)


def test_the_last_twelve_months_and_the_five_year_plan():
    assert Period.rolling_year(date(2025, 10, 31)) == Period(date(2024, 11, 1), date(2025, 10, 31))
    assert Period.rolling_year(date(2025, 12, 15)) == Period(date(2025, 1, 1), date(2025, 12, 15))
    assert Period.five_year_plan(2025) == Period(date(2021, 1, 1), date(2025, 12, 31))
    assert Period.five_year_plan(2026) == Period(date(2026, 1, 1), date(2030, 12, 31))
