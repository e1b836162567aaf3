"""Days as numbers: months added and ages counted the way the calendar does."""

from __future__ import annotations

import calendar
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.simulate.chance import Span, add_months, age_on, as_date, chance, day_number

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))


def _later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@given(DAYS, st.integers(-480, 600))
def test_months_are_held_at_the_end_of_a_shorter_month(day: date, months: int) -> None:
    assert as_date(add_months(np.array([day_number(day)]), months)[0]) == _later(day, months)


@given(DAYS, DAYS)
def test_age_is_counted_in_completed_years(birth: date, day: date) -> None:
    expected = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    assert age_on(np.array([day_number(birth)]), day_number(day))[0] == expected


def test_topics_draw_apart() -> None:
    assert chance(1, "people").random() == chance(1, "people").random()
    assert chance(1, "people").random() != chance(1, "births").random()
    assert chance(1, "people").random() != chance(2, "people").random()


@pytest.mark.parametrize(
    ("as_of", "start", "mch_start", "mch_end"),
    [
        (date(2025, 10, 31), date(2024, 1, 1), date(2024, 10, 1), date(2025, 9, 30)),
        (date(2025, 6, 30), date(2024, 1, 1), date(2024, 10, 1), date(2025, 6, 30)),
    ],
)
def test_the_span_knows_its_years(as_of: date, start: date, mch_start: date, mch_end: date) -> None:
    span = Span(as_of)
    assert (as_date(span.start), as_date(span.mch_start), as_date(span.mch_end)) == (start, mch_start, mch_end)
    assert as_date(span.year_start) == date(2025, 1, 1)
