"""The funnel beside a ranking: limits of the binomial around all units together, and the same words in the table."""

from __future__ import annotations

import pytest
from tests.services.scoreboard.test_measuring import promise

from luoshi.indicators.methods.funnel import ALARM, WARNING, places, share_limits
from luoshi.indicators.ranking import Unit, rank
from luoshi.services.scoreboard.comparing import funnel
from luoshi.web import charts, funnel_chart

UNITS = [
    Unit("big", 600, 1000, 60.0),
    Unit("small", 14, 24, 58.3),
    Unit("odd", 100, 140, 71.4),
    Unit("far", 30, 120, 25.0),
    Unit("tiny", 1, 3, 33.3),
    Unit("silent", None, None, None, "no-data"),
]


def ranked(units=UNITS):
    return rank(units, kind="share", better="higher", draws=50)


def test_the_limits_stand_around_all_ranked_units_together():
    found = funnel(promise(indicator="htn-std"), ranked())
    taking_part = [unit for unit in UNITS if unit.name in found.places]
    assert {unit.name for unit in taking_part} == {"big", "small", "odd", "far"}  # who is not ranked is not drawn
    rate = sum(u.numerator for u in taking_part) / sum(u.denominator for u in taking_part)
    assert found.whole == pytest.approx(rate * 100)
    told = places([u.numerator for u in taking_part], [u.denominator for u in taking_part], rate)
    assert found.places == {u.name: place.partition("-")[0] for u, place in zip(taking_part, told, strict=True)}
    assert found.places["far"] == "alarm"
    assert found.places["big"] == "inside"
    for curve, level in ((found.inner, WARNING), (found.outer, ALARM)):
        sizes = [size for size, _low, _high in curve]
        assert sizes == sorted(sizes)
        assert sizes[0] <= 24
        assert sizes[-1] >= 1000
        assert all(low < found.whole < high for _size, low, high in curve)
        size, low, high = curve[-1]
        expected = share_limits(rate, [round(size)], level=level)
        assert (low, high) == pytest.approx((expected[0][0] * 100, expected[1][0] * 100), abs=0.1)
        widths = [high - low for _size, low, high in curve]
        assert widths[0] > 3 * widths[-1]


def test_no_funnel_where_chance_has_no_say():
    target = promise(indicator="htn-std")
    assert funnel(target, ranked(UNITS[:2])) is None  # two units
    everyone = [Unit(str(n), 50, 50, 100.0) for n in range(4)]
    assert funnel(target, ranked(everyone)) is None
    assert funnel(promise(indicator="alos"), ranked()) is None  # days of stay are no counts of people
    assert funnel(promise(indicator="htn-std", kind="change"), ranked()) is None


def test_the_picture_names_all_of_a_few_and_who_lies_outside_of_many():
    found = funnel(promise(indicator="htn-std"), ranked())
    dots = [
        funnel_chart.Dot(u.name, u.denominator, u.value, f"{u.value}%", found.places[u.name])
        for u in UNITS
        if u.name in found.places
    ]
    curves = [funnel_chart.Curve(found.inner, (6, 3)), funnel_chart.Curve(found.outer, (2, 3))]

    def drawn(dots):
        return funnel_chart.draw(dots, curves, whole=found.whole, whole_text="合计", axis="人数", unit="%")

    def named(spec):
        return {dot["name"] for dot in spec["data"]["values"] if dot["named"]}

    few = drawn(dots)
    assert named(few) == set(found.places)  # there is room for every name
    crowd = [funnel_chart.Dot(f"n{n}", 200 + n, found.whole, "", "inside") for n in range(funnel_chart.FEW)]
    many = drawn(dots + crowd)
    assert named(many) == {name for name, place in found.places.items() if place != "inside"}
    values = {dot["name"]: dot for dot in many["data"]["values"]}
    assert values["far"]["shape"] != values["big"]["shape"]
    picture = charts.svg(many)
    assert ">far<" in picture
    assert ">big<" not in picture
    assert ">big<" in charts.svg(few)
