"""The methods against printed figures, closed forms, and the laws they must keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.indicators.methods.funnel import count_interval, count_limits, places, share_interval, share_limits
from luoshi.indicators.methods.inputs import MethodError
from luoshi.indicators.methods.life_table import USUAL_AGES, life_table
from luoshi.indicators.methods.premature_mortality import premature_mortality
from luoshi.indicators.methods.standardise import direct
from luoshi.indicators.methods.survey import Design, mean, rake, ratio

# --- life table ---------------------------------------------------------------------------------------------------------

# Austrian males, 1992, as printed in Preston, Heuveline and Guillot (2001), box 3.1.
AUSTRIA_PERSONS = [
    47_925, 189_127, 234_793, 238_790, 254_996, 326_831, 355_086, 324_222, 269_963,
    261_971, 238_011, 261_612, 181_385, 187_962, 153_832, 105_169, 73_694, 57_512, 32_248,
]  # fmt: skip
AUSTRIA_DEATHS = [
    419, 70, 36, 46, 249, 420, 403, 441, 508, 769, 1_154, 1_866, 2_043, 3_496, 4_366, 4_337, 5_279, 6_460, 6_146,
]  # fmt: skip
AUSTRIA_LIVED = [
    0.068, 1.626, 2.5, 3.143, 2.724, 2.520, 2.481, 2.601, 2.701, 2.663, 2.698, 2.676, 2.645, 2.624, 2.619, 2.593,
    2.518, 2.423, 5.247,
]  # fmt: skip


def test_the_austrian_males_of_1992_live_as_long_as_printed():
    table = life_table(AUSTRIA_DEATHS, AUSTRIA_PERSONS, USUAL_AGES, lived=AUSTRIA_LIVED)
    assert table.at(0).value == pytest.approx(72.889, abs=0.001)
    assert table.expectancy[-1] == pytest.approx(5.247, abs=0.001)
    assert table.dying[0] == pytest.approx(0.008672, abs=1e-6)
    assert table.dying[17] == pytest.approx(0.435548, abs=2e-6)


@settings(deadline=None)
@given(hazard=st.floats(0.002, 0.2), people=st.integers(1_000, 10**6))
def test_with_one_hazard_at_all_ages_expectancy_is_its_inverse(hazard: float, people: int):
    widths = np.diff(USUAL_AGES)
    lived = [*(1 / hazard - n * np.exp(-hazard * n) / -np.expm1(-hazard * n) for n in widths), 0]
    table = life_table(np.full(len(USUAL_AGES), hazard * people), np.full(len(USUAL_AGES), people), lived=lived)
    assert table.expectancy == pytest.approx(np.full(len(USUAL_AGES), 1 / hazard), rel=1e-9)
    assert table.alive == pytest.approx(np.exp(-hazard * np.array(USUAL_AGES)), rel=1e-9)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    draws = np.random.default_rng(7)
    people = np.array(AUSTRIA_PERSONS) / 20
    rates = np.array(AUSTRIA_DEATHS) / np.array(AUSTRIA_PERSONS)
    true = life_table(rates * people, people).at(0).value
    held = sum(
        found.lower <= true <= found.upper
        for found in (life_table(draws.poisson(rates * people), people).at(0) for _ in range(400))
    )
    assert 0.92 <= held / 400 <= 0.98


def test_years_and_survivors_of_a_table_agree():
    table = life_table(AUSTRIA_DEATHS, AUSTRIA_PERSONS)
    assert table.years.sum() == pytest.approx(table.expectancy[0])
    assert (np.diff(table.alive) < 0).all()
    assert table.at(85).lower < table.at(85).value < table.at(85).upper
    assert table.at(0, 0.99).lower < table.at(0, 0.95).lower


def test_a_table_that_cannot_be_made_is_refused():
    some, people = [1.0] * len(USUAL_AGES), [1000.0] * len(USUAL_AGES)
    with pytest.raises(MethodError, match="last, open"):
        life_table([*some[:-1], 0], people)
    with pytest.raises(MethodError, match="group 3"):
        life_table(some, [*people[:2], 0, *people[3:]])
    with pytest.raises(MethodError, match="than live in it"):
        life_table([1, 1, 500, *some[3:]], people)
    with pytest.raises(MethodError, match="No age group begins at 33"):
        life_table(some, people).at(33)
    with pytest.raises(MethodError, match="must rise"):
        life_table([1, 1], [9, 9], [5, 5])
    with pytest.raises(MethodError, match="wide"):
        life_table([1, 1], [9, 9], [0, 5], lived=[6, 0])


# --- premature mortality ------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(rate=st.floats(1e-5, 0.05))
def test_with_one_rate_the_chance_is_the_formula_to_the_eighth(rate: float):
    found = premature_mortality([rate * 10_000] * 8, [10_000] * 8)
    assert found.value == pytest.approx(100 * (1 - (1 - 5 * rate / (1 + 2.5 * rate)) ** 8))
    assert 0 <= found.lower < found.value < found.upper <= 100


def test_the_chance_is_close_to_that_of_a_life_table():
    rates = np.array([0.4, 0.6, 1.1, 2.0, 3.3, 5.5, 9.0, 15.0]) / 1000
    found = premature_mortality(rates * 50_000, [50_000] * 8).value
    assert found == pytest.approx(100 * (1 - np.exp(-5 * rates.sum())), rel=2e-3)


def test_its_interval_holds_the_truth_as_often_as_it_says():
    draws = np.random.default_rng(3)
    rates, people = np.array([0.4, 0.6, 1.1, 2.0, 3.3, 5.5, 9.0, 15.0]) / 1000, np.full(8, 6_000.0)
    true = premature_mortality(rates * people, people).value
    found = [premature_mortality(draws.poisson(rates * people), people) for _ in range(600)]
    assert 0.92 <= np.mean([f.lower <= true <= f.upper for f in found]) <= 0.98


def test_no_deaths_have_an_upper_limit_and_wild_rates_are_refused():
    none = premature_mortality([0] * 8, [2_000] * 8)
    assert (none.value, none.lower) == (0, 0)
    assert 0 < none.upper < 2
    with pytest.raises(MethodError, match="per person"):
        premature_mortality([900] * 8, [1_000] * 8)
    with pytest.raises(MethodError, match="7 groups"):
        premature_mortality([1] * 7, [1_000] * 8)


# --- standardisation ----------------------------------------------------------------------------------------------------

groups = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 500), min_size=n, max_size=n),
        st.lists(st.integers(500, 10**6), min_size=n, max_size=n),
        st.lists(st.integers(1, 10**6), min_size=n, max_size=n),
    )
)


@settings(deadline=None)
@given(groups)
def test_to_its_own_population_the_rate_is_the_crude_one_with_the_poisson_interval(made):
    events, people, _ = made
    found, exact = direct(events, people, people, per=1000), count_interval(sum(events))
    assert found.value == pytest.approx(found.crude) == pytest.approx(1000 * sum(events) / sum(people))
    assert found.lower * sum(people) / 1000 == pytest.approx(exact.lower)
    assert found.upper * sum(people) / 1000 == pytest.approx(exact.upper)


@settings(deadline=None)
@given(groups)
def test_only_the_shape_of_the_standard_matters(made):
    events, people, standard = made
    one, other = direct(events, people, standard), direct(events, people, np.array(standard) / 7)
    assert (one.value, one.lower, one.upper) == pytest.approx((other.value, other.lower, other.upper))
    assert one.lower <= one.value <= one.upper
    rates = np.array(events) / people
    assert rates.min() - 1e-12 <= one.value <= rates.max() + 1e-12


def test_a_group_with_nobody_is_refused_where_the_standard_wants_it():
    assert direct([3, 0], [100, 0], [50, 0]).value == pytest.approx(0.03)
    with pytest.raises(MethodError, match="Group 2 has nobody"):
        direct([3, 0], [100, 0], [50, 50])
    with pytest.raises(MethodError, match="standard population is empty"):
        direct([3], [100], [0])
    with pytest.raises(MethodError, match="between 0 and 1"):
        direct([3], [100], [1], level=95)


# --- funnel -------------------------------------------------------------------------------------------------------------


def test_exact_intervals_are_those_printed():
    ten = count_interval(10)  # Garwood (1936)
    assert (ten.lower, ten.upper) == pytest.approx((4.795, 18.390), abs=1e-3)
    assert count_interval(0).upper == pytest.approx(3.689, abs=1e-3)
    assert share_interval(0, 10).upper == pytest.approx(0.3085, abs=1e-4)  # Clopper and Pearson (1934)
    assert share_interval(10, 10).lower == pytest.approx(0.6915, abs=1e-4)


@settings(deadline=None)
@given(target=st.floats(0.02, 0.98), size=st.integers(5, 5_000), level=st.sampled_from([0.95, 0.998]))
def test_limits_leave_out_no_more_than_they_say_and_stand_around_the_target(target: float, size: int, level: float):
    from scipy import stats

    low, high = (float(side[0]) for side in share_limits(target, [size], level=level))
    assert 0 <= low <= target + 1 / size
    assert target - 1 / size <= high <= 1
    seen = np.arange(size + 1)
    outside = stats.binom.pmf(seen[(seen / size < low) | (seen / size > high)], size, target).sum()
    # interpolation may let in the part of one step on either side
    assert outside <= (1 - level) + 2 * stats.binom.pmf(seen, size, target).max()
    tight_low, tight_high = (float(side[0]) for side in share_limits(target, [size], level=0.8))
    assert low <= tight_low + 1e-12
    assert tight_high <= high + 1e-12


def test_limits_of_large_units_are_the_normal_ones():
    low, high = share_limits(0.62, [10**6])
    reach = 1.959964 * np.sqrt(0.62 * 0.38 / 10**6)
    assert (low[0], high[0]) == pytest.approx((0.62 - reach, 0.62 + reach), abs=1e-6)
    low, high = count_limits([1e6])
    assert (low[0], high[0]) == pytest.approx((1e6 - 1959.96, 1e6 + 1959.96), abs=2)


def test_a_small_unit_is_not_called_out_of_line_for_what_a_large_one_is():
    assert places([50, 500, 620, 600, 700], [100, 1000, 1000, 1000, 1000], 0.62) == [
        "warning-low", "alarm-low", "inside", "inside", "alarm-high",
    ]  # fmt: skip
    assert places([5, 0], [10, 1], 0.62) == ["inside", "inside"]
    with pytest.raises(MethodError, match="more events"):
        places([5], [4], 0.5)
    with pytest.raises(MethodError, match="62"):
        share_limits(62, [10])


# --- surveys ------------------------------------------------------------------------------------------------------------


def sample_with(mean_: float, variance: float, size: int) -> np.ndarray:
    """Values with exactly this mean and variance (n - 1)."""
    raw = np.linspace(-1, 1, size)
    return mean_ + raw * np.sqrt(variance / raw.var(ddof=1))


def test_the_farms_of_1992_by_region_have_the_printed_total_and_error():
    """Lohr (2010), section 3.2: region, counties, counties drawn, mean acres, variance."""
    regions = [
        ("NE", 220, 21, 97_629.8, 7_647_472_708),
        ("NC", 1054, 103, 300_504.2, 29_618_183_543),
        ("S", 1382, 135, 211_315.0, 53_587_487_856),
        ("W", 422, 41, 662_295.5, 396_185_950_266),
    ]
    acres = np.concatenate([sample_with(m, v, n) for _, _, n, m, v in regions])
    strata = [name for name, _, n, _, _ in regions for _ in range(n)]
    weights = np.concatenate([np.full(n, whole / n) for _, whole, n, _, _ in regions])
    found = mean(acres, Design(weights, strata, of={name: whole for name, whole, *_ in regions}))
    counties = 220 + 1054 + 1382 + 422
    assert found.value * counties == pytest.approx(909_736_034, abs=50_000)  # printed means are rounded
    assert found.error * counties == pytest.approx(50_417_248, abs=1_000)
    assert found.freedom == 300 - 4


def test_the_marks_by_suite_have_the_printed_mean_and_error():
    """Lohr (2010), section 5.2: five of a hundred suites, four students in each."""
    marks = [
        3.08, 2.60, 3.44, 3.04, 2.36, 3.04, 3.28, 2.68, 2.00, 2.56, 2.52, 1.88, 3.00, 2.88, 3.44, 3.64,
        2.68, 1.92, 3.28, 3.20,
    ]  # fmt: skip
    suites = [suite for suite in range(5) for _ in range(4)]
    found = mean(marks, Design([20.0] * 20, clusters=suites, of=100))
    assert found.value == pytest.approx(2.826, abs=1e-9)
    assert found.error == pytest.approx(0.164, abs=5e-4)
    assert found.freedom == 4
    assert found.effect > 1


@settings(deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=60).filter(lambda v: np.std(v) > 1e-3), st.integers(0, 400))
def test_a_simple_random_sample_gives_the_textbook_error(values: list[float], more: int):
    size, whole = len(values), len(values) + more
    found = mean(values, Design([whole / size] * size, of=whole))
    assert found.value == pytest.approx(np.mean(values), abs=1e-9)
    textbook = np.sqrt((1 - size / whole) * np.var(values, ddof=1) / size)
    assert found.error == pytest.approx(textbook, abs=1e-9)
    assert mean(values, Design([3.0] * size)).effect == pytest.approx(1)


def test_a_ratio_has_the_textbook_error():
    draws = np.random.default_rng(5)
    below = draws.gamma(4, 2, 80)
    above = 0.4 * below + draws.normal(0, 1, 80)
    found = ratio(above, below, Design(np.ones(80)))
    left = above - found.value * below
    assert found.error == pytest.approx(np.sqrt(left.var(ddof=1) / 80) / below.mean())


def test_a_part_of_the_sample_keeps_the_design_of_the_whole():
    draws = np.random.default_rng(6)
    clusters, weights = np.repeat(np.arange(20), 10), draws.uniform(50, 150, 200)
    values, women = draws.integers(0, 2, 200).astype(float), draws.random(200) < 0.5
    design = Design(weights, clusters=clusters.tolist())
    part = mean(values, design, among=women.tolist())
    same = ratio(values * women, women.astype(float), design)
    assert (part.value, part.error) == pytest.approx((same.value, same.error))
    assert part.freedom == 19
    assert part.respondents == women.sum()


def test_a_design_that_tells_no_variance_is_refused():
    with pytest.raises(MethodError, match="'b' has a single cluster"):
        mean([1, 2, 3], Design([1, 1, 1], ["a", "a", "b"]))
    with pytest.raises(MethodError, match="fewer clusters"):
        mean([1, 2, 3], Design([1, 1, 1], of=2))
    with pytest.raises(MethodError, match="did not answer"):
        mean([1, float("nan")], Design([1, 1]))
    with pytest.raises(MethodError, match="no ratio"):
        ratio([1, 2], [0, 0], Design([1, 1]))


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(2, 5))
def test_raking_hits_every_margin_and_keeps_the_odds(seed: int, ages: int, towns: int):
    draws = np.random.default_rng(seed)
    cells = [(a, t) for a in range(ages) for t in range(towns) for _ in range(int(draws.integers(1, 6)))]
    age, town = [a for a, _ in cells], [t for _, t in cells]
    start = draws.uniform(0.5, 2, len(cells))
    of_age = dict(enumerate(draws.uniform(100, 1000, ages)))
    of_town = dict(enumerate(draws.dirichlet(np.full(towns, 20.0)) * sum(of_age.values())))
    made = rake(start, [(age, of_age), (town, of_town)])
    assert np.bincount(age, made) == pytest.approx(list(of_age.values()))
    assert np.bincount(town, made) == pytest.approx(list(of_town.values()))
    table = np.zeros((2, ages, towns))
    for row, weights in enumerate((start, made)):
        np.add.at(table[row], (age, town), weights)
    odds = table[:, 0, 0] * table[:, 1, 1] / (table[:, 0, 1] * table[:, 1, 0])
    assert odds[0] == pytest.approx(odds[1])


def test_margins_that_cannot_be_met_are_refused():
    with pytest.raises(MethodError, match="different populations"):
        rake([1, 1], [(["m", "f"], {"m": 10, "f": 10}), (["t", "c"], {"t": 10, "c": 20})])
    with pytest.raises(MethodError, match="old"):
        rake([1, 1], [(["m", "f"], {"m": 10, "f": 10, "old": 1})])
    with pytest.raises(MethodError, match="met together"):
        rake([1, 1], [(["m", "f"], {"m": 10, "f": 10}), (["t", "c"], {"t": 5, "c": 15})])
