"""The statistics of invented records: honest rounding never accuses, invention does, many tests are held together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from luoshi.indicators.methods import authenticity as tests

DRAW = np.random.default_rng(7)


def digits(values: np.ndarray) -> np.ndarray:
    return np.bincount(values % 10, minlength=10)


def honest(count: int, *, to: int = 1, share: float = 1.0) -> np.ndarray:
    exact = np.round(DRAW.normal(136, 14, count)).astype(int)
    return digits(np.where(DRAW.random(count) < share, exact // to * to, exact))


def region(units: int, size: int = 300) -> list[np.ndarray]:
    return [honest(size, to=2, share=0.5) for _ in range(units)]


def test_honest_rounding_of_any_kind_is_explained():
    habits = [honest(600, to=2), honest(600, to=5), honest(600, to=10), honest(600, to=10, share=0.6), honest(600)]
    found = tests.last_digits(np.array(region(60) + habits))
    assert (found.p_value[-5:] > 0.001).all()
    assert (found.effect[-5:] < 0.08).all()


def test_invented_ends_are_not_explained():
    made = digits(DRAW.choice((2, 6, 8), 120))
    found = tests.last_digits(np.array([*region(60), made]))
    assert found.p_value[-1] < 1e-6
    assert found.effect[-1] > 0.2
    assert found.expected.sum(axis=1) == pytest.approx(1)


def test_a_habit_of_the_whole_region_is_nobodys_guilt():
    """Everyone's device shows odd figures: unlike any rounding, but all alike."""
    odd = [digits(DRAW.choice((1, 3, 5, 7, 9), 300)) for _ in range(60)]
    found = tests.last_digits(np.array(odd))
    assert tests.benjamini_hochberg(found.p_value).min() > 0.01


def test_p_values_of_honest_units_are_not_too_small():
    found = tests.last_digits(np.array(region(800)))
    assert (found.p_value < 0.05).mean() < 0.07
    assert found.p_value.min() > 1e-6


def test_no_readings_say_nothing():
    found = tests.last_digits(np.array([[0] * 10, honest(100)]))
    assert (found.p_value[0], found.effect[0]) == (1.0, 0.0)


def test_a_few_do_not_set_the_scale():
    trials = np.full(60, 200.0)
    observed = DRAW.binomial(200, 0.02, 60).astype(float)
    observed[:5] = 150
    found = tests.excess(observed, trials, np.ones(60))
    assert found.expected[10] == pytest.approx(0.02, abs=0.01)
    assert (found.p_value[:5] < 1e-9).all()
    assert (found.p_value[5:] > 1e-4).all()


def test_units_that_differ_honestly_widen_the_spread():
    trials = np.full(200, 300.0)
    share = DRAW.beta(2, 18, 200)  # 10 %, with a spread of its own
    observed = DRAW.binomial(300, share).astype(float)
    found = tests.excess(observed, trials, np.ones(200))
    assert 0.02 < found.overdispersion < 0.12
    assert tests.benjamini_hochberg(found.p_value).min() > 0.001
    plain = stats.binom.sf(observed - 1, 300, 0.1)
    assert (plain < 1e-4).sum() > 10  # what a binomial law would have accused


def test_plain_mistakes_are_nobodys_guilt():
    found = tests.excess(np.array([1.0, 0, 0, 0]), np.full(4, 300.0), np.ones(4), at_least=0.001)
    assert found.p_value[0] > 0.1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusted_p_values(p_values):
    found = tests.benjamini_hochberg(np.array(p_values))
    expected = stats.false_discovery_control(np.array(p_values), method="bh")
    assert found == pytest.approx(expected)


def test_nothing_adjusted_is_nothing():
    assert len(tests.benjamini_hochberg(np.array([]))) == 0
    assert tests.trimmed_ratio(np.array([0.0]), np.array([0.0])) == 0


@given(st.integers(1, 50), st.floats(0.01, 0.99), st.floats(0, 0.5))
@settings(max_examples=40)
def test_tails_are_probabilities_that_fall(trials, share, rho):
    n = np.full(trials + 1, float(trials))
    found = tests.upper_tail(np.arange(trials + 1.0), n, np.full(trials + 1, share), rho)
    assert found[0] == pytest.approx(1)
    assert (np.diff(found) <= 1e-12).all()
    assert ((found >= 0) & (found <= 1)).all()


def test_chance_of_even_steps():
    """By counting every triple."""
    counts = np.array([[3, 2, 0, 4, 1], [1, 0, 0, 0, 0]])
    shares = counts / counts.sum(axis=1)[:, None]
    for row, found in zip(shares, tests.chance_of_step(counts), strict=True):
        expected = sum(
            row[a] * row[b] * row[c] for a in range(5) for b in range(5) for c in range(5) if c - b == b - a != 0
        )
        assert found == pytest.approx(expected)
