"""No small number can be read or reckoned: against an attacker who tries every table that fits."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.indicators.suppression import Measure, Sum, bounds, withheld
from luoshi.kernel.errors import InvalidValue

LEAST = 5


def line(*parts: int) -> tuple[list[int], list[Sum]]:
    """A total (position 0) over its parts."""
    return [sum(parts), *parts], [Sum(0, tuple(range(1, len(parts) + 1)))]


def test_large_numbers_stay():
    counts, sums = line(10, 20, 30)
    assert withheld([Measure(counts, sums)], LEAST) == frozenset()


def test_a_single_small_number_takes_another_with_it():
    counts, sums = line(3, 20, 8, 30)
    assert withheld([Measure(counts, sums)], LEAST) == {1, 3}  # 8 is the smallest that protects 3


def test_two_small_ones_that_add_up_to_little_take_a_third():
    counts, sums = line(1, 2, 20, 30)
    assert withheld([Measure(counts, sums)], LEAST) == {1, 2, 3}


def test_two_small_ones_that_protect_each_other_are_enough():
    counts, sums = line(3, 4, 20)
    assert withheld([Measure(counts, sums)], LEAST) == {1, 2}


def test_when_nothing_is_left_beside_it_the_sum_goes_too():
    counts, sums = line(3, 0)
    assert withheld([Measure(counts, sums)], LEAST) == {0, 1}


def test_a_small_total_without_parts_goes():
    assert withheld([Measure([3])], LEAST) == {0}


def test_zeros_are_shown():
    counts, sums = line(0, 0, 12)
    assert withheld([Measure(counts, sums)], LEAST) == frozenset()


def test_every_measure_protects_its_own():
    numerators = Measure(*line(50, 2, 60, 70))
    denominators = Measure(*line(100, 80, 90, 100))
    found = withheld([numerators, denominators], LEAST)
    assert 2 in found
    assert len(found) == 2


def test_sums_that_do_not_add_up_prove_nothing():
    with pytest.raises(InvalidValue, match="add up to 7"):
        withheld([Measure([9, 3, 4], [Sum(0, (1, 2))])], LEAST)
    assert withheld([Measure([9, 3, 4], [Sum(0, (1, 2), rest=2)])], LEAST) == {1, 2}


def crossed(rows: list[list[int]]) -> tuple[list[int], list[Sum]]:
    """A table of rows and columns with both margins and the grand total."""
    high, wide = len(rows), len(rows[0])
    cells = [n for row in rows for n in row]
    sums = []
    for r in range(high):
        cells.append(sum(rows[r]))
        sums.append(Sum(len(cells) - 1, tuple(range(r * wide, (r + 1) * wide))))
    for c in range(wide):
        cells.append(sum(row[c] for row in rows))
        sums.append(Sum(len(cells) - 1, tuple(range(c, high * wide, wide))))
    cells.append(sum(map(sum, rows)))
    sums.append(Sum(len(cells) - 1, tuple(s.total for s in sums[:high])))
    sums.append(Sum(len(cells) - 1, tuple(s.total for s in sums[high : high + wide])))
    return cells, sums


def test_margins_of_a_crossed_table_give_nothing_away():
    cells, sums = crossed([[2, 20, 30], [15, 25, 35], [18, 28, 38]])
    found = withheld([Measure(cells, sums)], LEAST)
    assert len(found & set(range(9))) >= 4  # a rectangle at least
    low, high = bounds(cells, sums, found, 0)
    assert high - low >= LEAST


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=3))
def test_an_attacker_who_tries_every_line_learns_no_small_number(parts):
    counts, sums = line(*parts)
    hidden = withheld([Measure(counts, sums)], LEAST)
    fits = [
        (sum(guess), *guess)
        for guess in itertools.product(range(26), repeat=len(parts))
        if all(guess[k - 1] == counts[k] for k in range(1, len(counts)) if k not in hidden)
        and (0 in hidden or sum(guess) == counts[0])
    ]
    for k, count in enumerate(counts):
        if 0 < count < LEAST:
            assert k in hidden
            possible = {table[k] for table in fits}
            assert max(possible) - min(possible) >= LEAST


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=2, max_size=4))
def test_no_crossed_table_can_be_narrowed(rows):
    cells, sums = crossed(rows)
    hidden = withheld([Measure(cells, sums)], LEAST)
    for k, count in enumerate(cells):
        if 0 < count < LEAST:
            assert k in hidden
            low, high = bounds(cells, sums, hidden, k)
            assert high - low >= LEAST - 1e-6
