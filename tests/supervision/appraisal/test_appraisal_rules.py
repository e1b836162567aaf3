"""Scoring, composing, ranking: hand-worked and published examples; what is missing never counts as zero."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.kernel.errors import CatalogError
from luoshi.supervision.appraisal import composing, computing, schemes, scoring
from luoshi.supervision.appraisal.computing import Input
from luoshi.supervision.appraisal.schemes import Item, Scheme, Scoring, Step


def item(name: str = "a", weight: float = 10, better: str = "higher", **rule: Any) -> Item:
    rule = rule or {"kind": "linear", "zero": 40, "full": 60}
    return Item(
        id=name,
        name=f"指标{name}",
        name_en=f"Item {name}",
        indicator="htn-std",
        weight=weight,
        better=better,
        scoring=Scoring(**rule),
    )


def scheme(*items: Item, **more: Any) -> Scheme:
    plain = {"id": "s", "name": "方案", "name_en": "Scheme", "composition": "weighted-sum", "valid_from": "2025-01-01",
             "source": "test", "confidence": "high", "items": items, "smallest": 1, "coverage": 0.5} | more  # fmt: skip
    return Scheme(**plain)


@pytest.mark.parametrize(
    ("value", "rule", "better", "expected"),
    [
        # plain proportion: 50 lies half-way between 40 and 60
        (50, {"kind": "linear", "zero": 40, "full": 60}, "higher", 0.5),
        (40, {"kind": "linear", "zero": 40, "full": 60}, "higher", 0.0),
        (12, {"kind": "linear", "zero": 40, "full": 60}, "higher", 0.0),
        (66, {"kind": "linear", "zero": 40, "full": 60}, "higher", 1.0),
        (66, {"kind": "linear", "zero": 40, "full": 60, "cap": 1.1}, "higher", 1.1),
        # efficacy coefficient by hand: 60 + 40 x (82 - 70)/(90 - 70) = 84
        (82, {"kind": "linear", "zero": 70, "full": 90, "base": 0.6}, "higher", 0.84),
        # less is better: 8 minutes between 12 (nothing) and 6 (all)
        (8, {"kind": "linear", "zero": 12, "full": 6}, "lower", 4 / 6),
        # the number itself is included
        (85, {"kind": "stepped", "steps": [Step(at=90, share=1), Step(at=85, share=0.8)]}, "higher", 0.8),
        (84.99, {"kind": "stepped", "steps": [Step(at=90, share=1), Step(at=85, share=0.8)]}, "higher", 0.0),
        (9, {"kind": "stepped", "steps": [Step(at=9, share=1), Step(at=12, share=0.5)]}, "lower", 1.0),
        (90, {"kind": "full-or-none", "full": 90}, "higher", 1.0),
        (89.9, {"kind": "full-or-none", "full": 90}, "higher", 0.0),
    ],
)
def test_points_by_hand(value, rule, better, expected):
    assert scoring.share(value, item(better=better, **rule)) == pytest.approx(expected, abs=1e-12)


def test_rounding_is_half_up_on_the_decimal():
    assert [scoring.rounded(v, 2) for v in (85.125, 2.675, 0.005, 3.0)] == [85.13, 2.68, 0.01, 3.0]


# Choosing a fighter aircraft: the worked example of Hwang and Yoon (1981).
FIGHTERS = np.array([
    [2.0, 1500, 20000, 5.5, 5, 9],
    [2.5, 2700, 18000, 6.5, 3, 5],
    [1.8, 2000, 21000, 4.5, 7, 7],
    [2.2, 1800, 20000, 5.0, 5, 5],
])  # fmt: skip


def test_topsis_gives_the_published_closeness():
    rises = np.array([True, True, True, False, True, True])
    found = composing.topsis(FIGHTERS, np.array([0.2, 0.1, 0.1, 0.1, 0.2, 0.3]), rises)
    assert found == pytest.approx([0.643, 0.268, 0.613, 0.312], abs=0.002)


def test_entropy_gives_the_published_weights():
    found = composing.entropy_weights(FIGHTERS)
    assert found == pytest.approx([0.0649, 0.2055, 0.0133, 0.0829, 0.3570, 0.2764], abs=0.002)


def test_entropy_falls_back_where_nothing_tells_apart():
    assert composing.entropy_weights(np.ones((4, 3))) is None
    with pytest.raises(ValueError, match="whole matrix"):
        composing.entropy_weights(np.array([[1.0, np.nan], [1, 1]]))


def test_what_is_missing_earns_nothing_and_costs_nothing():
    of = scheme(item("a", 10), item("b", 30))
    result = computing.compute(
        of, {"X": {"a": Input(50), "b": Input(None, reason="missing-source")}, "Y": {"a": Input(50), "b": Input(50)}}
    )
    one, two = result.line("X"), result.line("Y")
    assert one.total is None  # a quarter of the weight is too little
    assert one.reason == "too-little"
    assert one.scores["b"].points is None
    assert one.scores["b"].reason == "missing-source"
    assert two.total == 50.0
    enough = computing.compute(scheme(item("a", 30), item("b", 10)), {"X": {"a": Input(50), "b": Input(None)}})
    assert enough.line("X").total == 50.0  # of what could be scored
    assert enough.line("X").coverage == 0.75


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (Input(50, 5, 10, "share"), "too-small"),
        (Input(120, 24, 20, "share"), "disagreeing"),
        (Input(50, None, None, "share"), "no-data"),
        (Input(50, 10, 20, "share", reason="stale"), "stale"),
        (Input(None), "no-data"),
    ],
)
def test_doubtful_values_are_not_scored(cell, reason):
    of = scheme(item("a"), item("b"), smallest=20)
    line = computing.compute(of, {"X": {"a": cell, "b": Input(50)}}).line("X")
    assert line.scores["a"].reason == reason
    assert line.scores["a"].share is None


def test_equal_totals_share_the_rank():
    of = scheme(item("a"))
    result = computing.compute(of, {c: {"a": Input(v)} for c, v in (("A", 50), ("B", 60), ("C", 50), ("D", 45))})
    assert {line.division: line.rank for line in result.lines} == {"B": 1, "A": 2, "C": 2, "D": 4}
    assert all(
        line.low == line.high == line.rank for line in result.lines
    )  # figures without counts have no chance in them


def test_small_counties_have_wide_ranges():
    of = scheme(item("a", zero=0, full=100, kind="linear"))
    small = {c: {"a": Input(v, v * 0.3, 30, "share")} for c, v in (("A", 50), ("B", 60), ("C", 55))}
    large = {c: {"a": Input(v, v * 300, 30000, "share")} for c, v in (("A", 50), ("B", 60), ("C", 55))}
    assert computing.compute(of, small).line("B").high == 3
    assert [(x.low, x.high) for x in computing.compute(of, large).lines] == [(1, 1), (2, 2), (3, 3)]


values = st.one_of(st.none(), st.integers(0, 1000).map(lambda n: n / 10))
cells = st.builds(
    lambda v, d: Input(v, None if v is None else v * d / 100, d, "share"), values, st.integers(1, 400)
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from("ABCDEF"), st.fixed_dictionaries({"a": cells, "b": cells, "c": cells}), min_size=1),
    st.sampled_from(["weighted-sum", "entropy", "topsis"]),
)
@settings(max_examples=40)
def test_any_run_comes_out_again_to_the_digit(inputs, composition):
    of = scheme(item("a", 20), item("b", 30), item("c", 50, kind="full-or-none", full=60), composition=composition)
    first = computing.compute(of, inputs)
    kept = computing.from_plain(json.loads(json.dumps(first.plain())))
    again = computing.compute(Scheme.model_validate(json.loads(of.model_dump_json())), dict(reversed(inputs.items())))
    assert again.plain() == first.plain() == kept.plain()
    assert computing.digest(of, inputs, first) == computing.digest(of, inputs, again)
    ranks = [line.rank for line in first.lines if line.rank is not None]
    assert ranks == sorted(ranks)
    for line in first.lines:
        assert (line.rank is None) == (line.total is None) == bool(line.reason)
        if line.rank:
            assert line.low <= line.rank <= line.high
            assert 0 <= line.total <= of.total + 1e-9
        for score in line.scores.values():
            assert (score.share is None) == bool(score.reason)


def test_one_digit_changes_the_digest():
    of = scheme(item("a"))
    inputs = {"A": {"a": Input(50.0)}}
    result = computing.compute(of, inputs)
    assert computing.digest(of, inputs, result) != computing.digest(of, {"A": {"a": Input(50.01)}}, result)


def test_the_shipped_schemes_are_right_and_wrong_ones_are_refused():
    assert {"annual-work", "basic-public-health", "primary-care"} <= set(schemes.shipped())
    text = schemes.to_yaml(schemes.shipped()["annual-work"])
    assert schemes.from_yaml(text, where="x") == schemes.shipped()["annual-work"]
    with pytest.raises(CatalogError, match="there is no indicator 'htn-stx'"):
        schemes.from_yaml(text.replace("indicator: htn-std", "indicator: htn-stx"), where="x")
    with pytest.raises(CatalogError, match="better side"):
        schemes.from_yaml(text.replace("zero: 40.0", "zero: 99.0", 1), where="x")
    with pytest.raises(CatalogError, match="weihgt"):
        schemes.from_yaml(text.replace("weight: 12.0", "weihgt: 12.0", 1), where="x")
