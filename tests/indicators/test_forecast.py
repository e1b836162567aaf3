"""Forecasts: exact where the past repeats, honest about their errors where it does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.indicators.forecast import FEWEST_TRIALS, LEVEL, Past, completion, drift

shares = st.floats(1, 60)


def test_a_year_that_repeats_is_forecast_exactly():
    others = [Past(50.0, 60.0, 100), Past(40.0, 48.0, 50), Past(30.0, 36.0, 80), Past(45.0, 54.0, 10), Past(20, 24, 9)]
    found = completion(55.0, Past(50.0, 60.0), others, top=100)
    assert found is not None
    assert found.value == pytest.approx(66.0)  # the year multiplies by 1.2: the trials chose that
    assert found.error == pytest.approx(0.0, abs=1e-9)
    assert (found.low, found.high) == (pytest.approx(66.0), pytest.approx(66.0))
    assert found.trials == 5


def test_a_year_that_adds_is_told_from_one_that_multiplies():
    others = [Past(v, v + 7, 10) for v in (10, 20, 30, 40, 50, 60)]
    found = completion(33.0, Past(30.0, 37.0), others, top=100)
    assert found is not None
    assert found.value == pytest.approx(40.0)


def test_without_enough_places_there_is_no_interval():
    found = completion(55.0, Past(50.0, 60.0), [Past(50.0, 60.0)] * (FEWEST_TRIALS - 1))
    assert found is not None
    assert (found.low, found.high, found.covered) == (None, None, None)


def test_nothing_known_of_the_past_is_no_forecast():
    assert completion(55.0, None, []) is None
    assert drift([1.0, 2.0, None, None], 3) is None
    assert drift([*range(12), None], 3) is None  # the last month is not known


def test_a_share_never_leaves_its_bounds():
    others = [Past(40.0 + k, 80.0 + 3 * k, 10) for k in range(8)]
    found = completion(95.0, Past(40.0, 90.0), others, top=100)
    assert found is not None
    assert found.high == found.value == 100.0


def test_the_places_below_stand_for_a_place_without_a_past():
    others = [Past(10.0, 20.0, 30), Past(20.0, 40.0, 70), Past(5, 10, 1), Past(4, 8, 1), Past(3, 6, 1)]
    found = completion(7.0, None, others)
    assert found is not None
    assert found.value == pytest.approx(14.0)


def test_the_yearly_step_goes_on_to_a_later_deadline():
    near = completion(55.0, Past(50.0, 60.0), [], years_on=0)
    far = completion(55.0, Past(50.0, 60.0), [], years_on=2)
    assert near is not None
    assert far is not None
    assert far.value == pytest.approx(near.value + 2 * (near.value - 60.0))


def test_a_straight_level_drifts_on_damped():
    found = drift([float(v) for v in range(50, 62)], 1)
    assert found is not None
    assert found.value == pytest.approx(61.9)  # slope 1, damped once
    flat = drift([70.0] * 12, 6, top=100)
    assert flat is not None
    assert (flat.value, flat.low, flat.high, flat.error) == (70.0, 70.0, 70.0, 0.0)


def test_a_gap_does_not_bend_the_slope():
    months = [50.0, 51.0, None, 53.0, 54.0, 55.0, None, 57.0, 58.0]
    found = drift(months, 1)
    assert found is not None
    assert found.value == pytest.approx(58.9)


def test_reaching_is_likely_open_or_unlikely():
    others = [Past(50.0 + k, 60.0 + k + (-1) ** k, 10) for k in range(12)]
    found = completion(55.0, Past(50.0, 60.0), others, top=100)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.reaches(found.low - 1, rising=True) == "likely"
    assert found.reaches(found.high + 1, rising=True) == "unlikely"
    assert found.reaches(found.value, rising=True) == "open"
    assert found.reaches(found.high + 1, rising=False) == "likely"
    assert found.reaches(found.low - 1, rising=False) == "unlikely"


def test_the_interval_holds_as_often_as_it_says():
    """600 made-up places whose rest of the year scatters: the interval made of 20 holds the next one in about LEVEL."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(600):
        rest = rng.normal(8, 2, 21)
        before = rng.uniform(30, 60, 21)
        others = [Past(b, b + r, 100) for b, r in zip(before[1:], rest[1:], strict=True)]
        found = completion(before[0], None, others)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= before[0] + rest[0] <= found.high
    assert LEVEL - 0.06 <= held / 600 <= LEVEL + 0.09


@given(st.lists(st.tuples(shares, shares, st.floats(1, 1000)), min_size=1, max_size=12), shares)
def test_a_forecast_lies_in_its_interval_and_is_finite(rows, now):
    found = completion(now, None, [Past(*row) for row in rows], top=100)
    assert found is not None
    assert np.isfinite(found.value)
    if found.low is not None and found.high is not None:
        assert 0 <= found.low <= found.value <= found.high <= 100


@given(st.lists(st.one_of(st.none(), shares), min_size=0, max_size=30), st.integers(1, 24))
def test_a_drift_never_breaks(months, ahead):
    found = drift(months, ahead, top=100)
    assert found is None or 0 <= found.value <= 100
