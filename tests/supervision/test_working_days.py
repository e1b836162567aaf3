"""Working days with 调休: as published, and consistent with themselves."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.supervision import working_days
from luoshi.supervision.working_days import add_working_days, is_working_day, provisional, working_days_between

days = st.dates(date(2024, 1, 1), date(2027, 3, 1))


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2025, 1, 26), True),  # Sunday before Spring Festival, worked instead
        (date(2025, 1, 28), False),  # New Year's Eve of the lunar year
        (date(2025, 2, 8), True),
        (date(2025, 10, 8), False),  # National Day and Mid-Autumn joined
        (date(2025, 10, 11), True),
        (date(2026, 1, 4), True),
        (date(2026, 2, 23), False),
        (date(2024, 9, 14), True),
        (date(2025, 11, 3), True),  # a plain Monday
        (date(2025, 11, 8), False),  # a plain Saturday
    ],
)
def test_days_as_published(day: date, worked: bool):
    assert is_working_day(day) is worked


def test_a_term_runs_over_the_holiday():
    # Given on 30 September 2025, two working days end on 10 October: the eight days off do not count.
    assert add_working_days(date(2025, 9, 30), 2) == date(2025, 10, 10)
    # And the Saturday worked instead does.
    assert add_working_days(date(2025, 9, 30), 3) == date(2025, 10, 11)


def test_the_day_itself_does_not_count():
    assert add_working_days(date(2025, 11, 3), 1) == date(2025, 11, 4)
    assert add_working_days(date(2025, 11, 1), 0) == date(2025, 11, 3)


@given(days, st.integers(0, 60))
def test_terms_end_on_working_days_and_count_back(day: date, count: int):
    end = add_working_days(day, count)
    assert is_working_day(end)
    assert end >= day
    if count:
        assert working_days_between(day, end) == count


@given(days, days)
def test_counting_is_antisymmetric_and_additive(one: date, other: date):
    assert working_days_between(one, other) == -working_days_between(other, one)
    middle = one + (other - one) / 2
    assert working_days_between(one, middle) + working_days_between(middle, other) == working_days_between(one, other)


def test_a_year_nobody_published_is_provisional():
    last = max(working_days.calendar().years)
    assert provisional(date(last + 1, 5, 1))
    assert not provisional(date(last, 5, 1))


def test_the_calendar_refuses_nonsense():
    plain = working_days.calendar().model_dump()
    plain["years"][2025]["holidays"][1]["on"] = (date(2025, 1, 28),)
    with pytest.raises(ValueError, match="day off"):
        working_days.Calendar.model_validate(plain)
    plain = working_days.calendar().model_dump()
    first = plain["years"][2025]["holidays"][0]
    first["off"] = (date(2025, 1, 27), date(2025, 1, 27) + timedelta(days=3))
    with pytest.raises(ValueError, match="overlap"):
        working_days.Calendar.model_validate(plain)
