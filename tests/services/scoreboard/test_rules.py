"""The board's own arithmetic."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.kernel.comparator import Threshold
from luoshi.services.scoreboard import rules
from luoshi.services.scoreboard.rules import Standing, comparable, falls, shortfall

counts = st.integers(0, 10**7)
rates = st.sampled_from(["%", "‰", "/10万"])


def kept(numerator: float, denominator: float, threshold: Threshold, unit: str) -> bool:
    # The comparator judges at ten places; a shortfall is about whole people, so the bound is compared in people.
    value = numerator * rules.RATE_BASES[unit] / denominator
    return threshold.met_by(value)


@given(counts, st.integers(1, 10**7), st.sampled_from([">=", ">"]), st.integers(0, 1000), rates)
def test_so_many_more_keep_the_promise_and_one_fewer_does_not(numerator, denominator, op, goal, unit):
    threshold = Threshold(op, goal / 10)
    people = shortfall(numerator, denominator, threshold, unit)
    assert people is not None
    assert kept(numerator + people, denominator, threshold, unit)
    if people:
        assert not kept(numerator + people - 1, denominator, threshold, unit)


@given(counts, st.integers(1, 10**7), st.sampled_from(["<=", "<"]), st.integers(1, 1000), rates)
def test_so_many_fewer_keep_an_upper_bound(numerator, denominator, op, goal, unit):
    threshold = Threshold(op, goal / 10)
    people = shortfall(numerator, denominator, threshold, unit)
    assert people is not None
    assert kept(numerator - people, denominator, threshold, unit)
    if people:
        assert not kept(numerator - people + 1, denominator, threshold, unit)


def test_counts_of_things_use_the_difference():
    assert shortfall(3, None, Threshold(">=", 5), "个") == 2
    assert shortfall(7, None, Threshold(">=", 5), "个") == 0


@pytest.mark.parametrize(
    ("numerator", "denominator", "threshold", "unit"),
    [
        (None, 10, Threshold(">=", 60), "%"),
        (3, 10, None, "%"),
        (3, 0, Threshold(">=", 60), "%"),
        (3, None, Threshold(">=", 60), "%"),
        (3, 10, Threshold("between", 1, 2), "%"),
        (3, 10, Threshold(">=", 9), "分钟"),  # a mean: nobody is short
    ],
)
def test_where_a_shortfall_cannot_be_said(numerator, denominator, threshold, unit):
    assert shortfall(numerator, denominator, threshold, unit) is None


def test_binary_digits_are_no_people():
    # 0.07 * 100 is more than 7 by its last binary digit
    assert shortfall(7, 100, Threshold(">=", 7.000000000000001), "%") == 0


@pytest.mark.parametrize(
    ("printed", "unit", "fits"),
    [
        ("%", "percent", True),
        ("%", "permille", False),
        ("‰", "permille", True),
        ("‰", "per-1000", True),
        ("‰", "per-100000", False),
        ("/10万", "per-100000", True),
        ("个", "count", True),
        ("名", "per-10000", True),
        ("家", "percent", False),
        ("人次", "minutes", False),
        ("", "percent", True),
    ],
)
def test_which_units_may_be_compared(printed, unit, fits):
    assert comparable(printed, unit) is fits


def test_a_fall_is_known_by_its_word():
    assert falls("剖宫产率下降幅度")
    assert not falls("健康素养水平提升幅度")


def standing(number, light, value=None, goal=60.0, trend=(), **more):
    return Standing(number, light, value=value, threshold=Threshold(">=", goal), unit="%", trend=trend, **more)


def test_lights_are_counted_with_none_left_out():
    found = rules.count_lights([standing(1, "green"), standing(2, "green"), standing(3, "purple")])
    assert found == {"green": 2, "yellow": 0, "red": 0, "grey": 1}


def test_urgent_is_red_first_then_the_wider_gap():
    rows = [
        standing(1, "yellow", 10.0),
        standing(2, "red", 50.0),
        standing(3, "red", 20.0),
        standing(4, "green", 90.0),
        standing(5, "grey"),
    ]
    assert [s.id for s in rules.most_urgent(rows, 9)] == [3, 2, 1]
    assert [s.id for s in rules.most_urgent(rows, 1)] == [3]


@given(st.lists(st.tuples(st.sampled_from(["red", "yellow", "green", "grey"]), st.floats(0, 100)), max_size=30))
def test_urgent_never_puts_a_narrower_gap_before_a_wider_of_its_light(items):
    rows = [standing(n, light, value) for n, (light, value) in enumerate(items)]
    found = rules.most_urgent(rows, 99)
    assert {s.light for s in found} <= {"red", "yellow"}
    for first, second in pairwise(found):
        assert (first.light, second.light) != ("yellow", "red")
        assert first.light != second.light or first.gap >= second.gap


def test_what_moved():
    rose = standing(1, "green", 62.0, trend=(60.0, 62.0))
    fell = standing(2, "red", 50.0, trend=(55.0, 50.0))
    still = standing(3, "red", 50.0, trend=(50.0, 50.1))
    unknown = standing(4, "red", 50.0, trend=(None, 50.0))
    assert [s.id for s in rules.movers([rose, fell, still, unknown], 9)] == [2, 1]
    assert rose.moved_for_the_better is True
    assert fell.moved_for_the_better is False
    assert unknown.moved is None
    assert unknown.moved_for_the_better is None
    assert standing(5, "red", 5.0, trend=(6.0, 5.0), better="lower").moved_for_the_better is True


def test_age_and_ends_of_data():
    assert rules.days_old(None, date(2025, 11, 3)) is None
    assert rules.days_old(date(2025, 10, 31), date(2025, 11, 3)) == 3
    assert rules.days_old(date(2026, 1, 1), date(2025, 11, 3)) == 0
    rows = [standing(1, "green", data_until=date(2025, 5, 1)), standing(2, "green", data_until=date(2025, 6, 1))]
    assert rules.oldest(rows) == date(2025, 5, 1)
    assert rules.newest(rows) == date(2025, 6, 1)
    assert rules.newest([]) is None


def test_a_band_is_left_on_either_side():
    band = Standing(1, "red", value=12.0, threshold=Threshold("between", 5, 10), unit="%")
    assert band.gap == pytest.approx(0.2)
    assert Standing(1, "red", value=4.0, threshold=Threshold("between", 5, 10), unit="%").gap == pytest.approx(0.2)
    assert Standing(1, "green", value=7.0, threshold=Threshold("between", 5, 10), unit="%").gap == 0
