"""Ranks: certain for the large and far apart, wide for the small, none for the silent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.indicators.methods.inputs import MethodError
from luoshi.indicators.ranking import Unit, rank


def unit(name: str, n: float | None, d: float | None, silent: str = "") -> Unit:
    return Unit(name, n, d, 100 * n / d if n is not None and d else None, silent)


def test_large_units_far_apart_have_certain_ranks():
    found = rank([unit("a", 700, 1000), unit("b", 900, 1000), unit("c", 500, 1000)], kind="share", better="higher")
    assert [(r.unit.name, r.rank, r.low, r.high) for r in found] == [("b", 1, 1, 1), ("a", 2, 2, 2), ("c", 3, 3, 3)]
    assert [r.standing for r in found] == ["better", "typical", "worse"]


def test_less_may_be_better():
    found = rank([unit("a", 70, 1000), unit("b", 10, 1000)], kind="share", better="lower")
    assert [r.unit.name for r in found] == ["b", "a"]
    assert found[0].standing == "better"


def test_small_units_cannot_be_told_apart():
    units = [unit(str(k), 12 + k % 3, 25) for k in range(9)]
    found = rank(units, kind="share", better="higher")
    assert all(r.high - r.low >= 5 for r in found if r.low is not None and r.high is not None)
    assert {r.standing for r in found} == {"typical"}


def test_no_rank_without_data_when_out_of_date_or_too_small():
    units = [unit("ok", 50, 100), unit("none", None, None), unit("old", 90, 100, "stale"), unit("tiny", 3, 3)]
    found = {r.unit.name: r for r in rank(units, kind="share", better="higher")}
    assert found["ok"].rank == 1
    assert [(found[n].rank, found[n].reason) for n in ("none", "old", "tiny")] == [
        (None, "no-data"),
        (None, "stale"),
        (None, "too-small"),
    ]


def test_equal_values_share_a_rank():
    found = rank([unit("a", 50, 100), unit("b", 50, 100), unit("c", 40, 100)], kind="share", better="higher")
    assert [r.rank for r in found] == [1, 1, 3]


def test_counts_of_events_and_exact_values():
    counts = rank([unit("a", 3, 100_000), unit("b", 60, 100_000)], kind="count", better="lower")
    assert [r.unit.name for r in counts] == ["a", "b"]
    exact = rank([Unit("a", None, None, 7.0), Unit("b", None, None, 9.0)], kind="exact", better="higher")
    assert [(r.unit.name, r.low, r.high) for r in exact] == [("b", 1, 1), ("a", 2, 2)]


def test_a_share_above_one_is_refused_in_words():
    with pytest.raises(MethodError, match="a: 12 of 10"):
        rank([unit("a", 12, 10)], kind="share", better="higher", smallest=1)


def test_the_same_units_give_the_same_ranges():
    units = [unit(str(k), 30 + k, 100) for k in range(6)]
    assert rank(units, kind="share", better="higher") == rank(units, kind="share", better="higher")


def test_the_range_holds_the_true_rank_as_often_as_it_says():
    import numpy as np

    rng = np.random.default_rng(11)
    truth = rng.uniform(0.4, 0.8, 12)
    order = (-truth).argsort().argsort() + 1
    held = total = 0
    for _ in range(40):
        units = [unit(str(k), float(rng.binomial(200, share)), 200) for k, share in enumerate(truth)]
        for r in rank(units, kind="share", better="higher", draws=400):
            assert r.low is not None
            assert r.high is not None
            held += r.low <= order[int(r.unit.name)] <= r.high
            total += 1
    assert held / total >= 0.85


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=20))
def test_every_unit_appears_once_and_its_rank_lies_in_its_range(pairs):
    units = [unit(str(k), min(n, d), d) for k, (n, d) in enumerate(pairs)]
    found = rank(units, kind="share", better="higher", draws=100)
    assert sorted(r.unit.name for r in found) == sorted(u.name for u in units)
    for r in found:
        assert (r.rank is None) == bool(r.reason)
        if r.rank is not None and r.low is not None and r.high is not None:
            assert 1 <= r.low <= r.rank <= r.high <= len(units)
