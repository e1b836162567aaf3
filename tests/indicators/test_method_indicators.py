"""Indicators of kind `method`: taken apart into sums, put together again with an interval, or told why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from luoshi.indicators import Catalogue, Indicator
from luoshi.indicators.catalogue import check_indicator
from luoshi.indicators.methods import survey
from luoshi.indicators.methods.life_table import life_table
from luoshi.indicators.methods.registry import YEAR, method, standards
from luoshi.indicators.methods.standardise import direct
from luoshi.indicators.parts import measured, parts_of
from luoshi.kernel.errors import CatalogError, NotFound

CATALOGUE = Catalogue.load()
DEATHS = [60, 12, 5, 6, 14, 20, 22, 26, 35, 55, 90, 140, 220, 340, 520, 760, 1000, 1200, 1900]
PEOPLE = [9000, 38000, *[50000] * 14, 20000, 14000, 11000]


def pairs(deaths: list[int], people: list[int]) -> list[tuple[float, float]]:
    return [(float(d), n * YEAR) for d, n in zip(deaths, people, strict=True)]


def test_a_method_is_summed_by_parts_that_no_reader_sees() -> None:
    found = CATALOGUE.indicator("life-expectancy")
    parts = parts_of(found)
    assert [p.id for p in parts][:3] == ["life-expectancy-part-0", "life-expectancy-part-1", "life-expectancy-part-5"]
    assert all(p.part_of == "life-expectancy" and p.kind == "rate" for p in parts)
    assert parts_of(found) is parts  # made once
    assert {i.id for i in CATALOGUE.measured()} <= set(CATALOGUE.indicators)
    assert [i.id for i in CATALOGUE.computed(["life-expectancy"])] == [p.id for p in parts]
    assert CATALOGUE.indicator("life-expectancy-part-0") in parts


def test_life_expectancy_comes_from_the_life_table() -> None:
    found = CATALOGUE.indicator("life-expectancy")
    cells = dict(zip((p.id for p in parts_of(found)), pairs(DEATHS, PEOPLE), strict=True))
    value, pair = measured(found, lambda part: cells[part.id])
    true = life_table(DEATHS, PEOPLE).at(0)
    assert (value.value, value.low, value.high) == pytest.approx((true.value, true.lower, true.upper))
    assert pair == (sum(DEATHS), sum(PEOPLE))


@pytest.mark.parametrize(
    ("deaths", "people", "reason"),
    [
        ([0] * 19, [0] * 19, "empty-denominator"),
        ([1] * 19, [100] * 19, "too-few"),
        ([*DEATHS[:-1], 0], PEOPLE, "not-computable"),
    ],
)
def test_what_cannot_be_computed_says_why(deaths: list[int], people: list[int], reason: str) -> None:
    got = method("life-expectancy").compute(pairs(deaths, people), {})
    assert (got.value, got.reason) == (None, reason)


def test_a_standardised_rate_uses_the_population_it_names() -> None:
    five, people = DEATHS[1:], [47000, *PEOPLE[2:]]
    got = method("standardised-rate").compute(pairs(five, people), {"standard": "who-2000", "per": 100_000})
    true = direct(five, people, standards()["who-2000"].people, per=100_000)
    assert (got.value, got.low, got.high) == pytest.approx((true.value, true.lower, true.upper))
    with pytest.raises(NotFound, match="china-2010"):
        method("standardised-rate").compute(pairs(five, people), {"standard": "china-2011"})


def test_the_census_of_2010_adds_up_to_the_people_it_counted() -> None:
    assert sum(standards()["china-2010"].people) == 1_332_810_869
    assert sum(standards()["who-2000"].people) == pytest.approx(100, abs=0.05)


def test_growth_compares_two_means() -> None:
    got = method("growth").compute([(1100.0, 10.0), (2000.0, 20.0)], {})
    assert got.value == pytest.approx(10)
    assert (got.numerator, got.denominator) == (110, 100)
    assert method("growth").compute([(1.0, 1.0), (0.0, 0.0)], {}).reason == "empty-denominator"


def test_events_per_person_year_carry_garwoods_interval() -> None:
    got = method("person-year-rate").compute([(10.0, 1000 * YEAR)], {"per": 1000})
    assert (got.value, got.low, got.high) == pytest.approx((10, 4.795, 18.39), abs=5e-3)


def test_sums_over_strata_give_the_ratio_and_the_error_of_the_answers() -> None:
    """The survey written as sums, in whole numbers, against the linearised variance from every respondent."""
    rng = np.random.default_rng(4)
    strata, clusters, weights, values = [], [], [], []
    totals = np.zeros(5)
    drawn = held = 0
    sizes = {}
    for stratum, (n, of) in enumerate(((3, 9), (5, 40), (2, 6))):
        sizes[stratum] = of
        y, x = [], []
        for cluster in range(n):
            count = int(rng.integers(8, 20))
            weight = int(rng.integers(50, 400))
            said = (rng.random(count) < 0.2 + 0.1 * stratum).astype(int)
            strata += [stratum] * count
            clusters += [f"{stratum}-{cluster}"] * count
            weights += [weight] * count
            values += said.tolist()
            y.append(weight * said.sum())
            x.append(weight * count)
        a, b, f = np.array(y, float), np.array(x, float), (1 - n / of) * n / (n - 1) * survey.SCALE
        spread = [f * ((p * q).sum() - p.sum() * q.sum() / n) for p, q in ((a, a), (a, b), (b, b))]
        totals += [a.sum(), b.sum(), *(round(s) for s in spread)]
        drawn, held = drawn + n, held + 1
    design = survey.Design(weights, strata=strata, clusters=clusters, of=sizes)
    true = survey.mean(values, design)
    cells = [
        (totals[0], totals[1]),
        (totals[2], totals[4]),
        (totals[3], 0.0),
        (float(held), float(drawn)),
        (len(values), 0.0),
    ]
    got = method("survey-ratio").compute(cells, {})
    assert got.value == pytest.approx(100 * true.value, rel=1e-12)
    assert (got.low, got.high) == pytest.approx((100 * true.lower, 100 * true.upper), rel=1e-6)
    alone = [*cells[:4], (len(values), 1.0)]
    assert method("survey-ratio").compute(alone, {}).reason == "not-computable"
    assert method("survey-ratio").compute([*cells[:4], (12.0, 0.0)], {}).reason == "too-few"


BASE = {
    "id": "x", "name": "名", "name_en": "name", "kind": "method", "cohort": "mortality", "unit": "percent",
    "period": "calendar-year-to-date", "source": "源", "confidence": "low",
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "message", "todo"),
    [
        ({"method": "grwth", "parts": [{"name": "now", "numerator": "deaths", "denominator": "deaths"}]}, "grwth", "growth"),
        ({"method": "growth", "parts": [{"name": "nw", "numerator": "deaths", "denominator": "deaths"}]}, "now, before", ""),
        (
            {"method": "person-year-rate", "parts": [{"name": "all", "numerator": "death", "denominator": "person_days"}]},
            "death", "deaths",
        ),
        (
            {
                "method": "person-year-rate", "parameters": {"pr": 2},
                "parts": [{"name": "all", "numerator": "deaths", "denominator": "person_days"}],
            },
            "pr", "per",
        ),
    ],
)  # fmt: skip
def test_a_wrong_method_part_or_column_is_answered_with_the_nearest(more: dict, message: str, todo: str) -> None:
    indicator = Indicator.model_validate({**BASE, **more})
    with pytest.raises(CatalogError) as error:
        check_indicator(indicator, CATALOGUE.cohorts, where="x.yaml")
    assert message in error.value.message
    assert todo in (error.value.todo or "")


def test_the_reference_has_a_place_for_every_indicator(root: Path) -> None:
    from luoshi.indicators.reference import pages

    text = "\n".join(pages().values())
    assert [i for i in CATALOGUE.indicators if f"\n## {i}\n" not in text] == []
    assert [c for c in CATALOGUE.cohorts if f"\n## {c}\n" not in text] == []
