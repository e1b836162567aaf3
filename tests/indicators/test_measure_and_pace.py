"""Values with their reasons and flags; lights with their words."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from luoshi.indicators import Catalogue, judge, measure
from luoshi.indicators.measure import fill
from luoshi.indicators.pace import STALE_AFTER, share_due
from luoshi.kernel.comparator import Threshold
from luoshi.kernel.period import Period

CATALOGUE = Catalogue.load()


@pytest.mark.parametrize(
    ("name", "numerator", "denominator", "value", "reason", "flags"),
    [
        ("htn-std", 16, 20, 80.0, "", ()),
        ("htn-std", 0, 0, None, "empty-denominator", ()),
        ("htn-std", None, None, None, "no-data", ()),
        ("htn-std", 1, 3, 100 / 3, "", ("small-denominator",)),
        ("record-rate", 105, 100, 105.0, "", ("over-100-percent",)),
        ("record-rate", 105, None, None, "empty-denominator", ()),
        ("infant-mortality", 3, 1000, 3.0, "", ()),
        ("maternal-mortality", 1, 50, 2000.0, "", ("small-denominator",)),
        ("three-high-count", 0, None, 0.0, "", ()),
        ("ems-response-urban", 540_000, 1, 9.0, "", ("small-denominator",)),
        ("gp-per-10000", 291, 100_000, 29.1, "", ()),
    ],
)
def test_measure(name, numerator, denominator, value, reason, flags):
    got = measure(CATALOGUE.indicator(name), numerator, denominator)
    assert (got.value, got.reason, got.flags) == (value, reason, flags)


def test_reasons_are_filled_as_people_write():
    row = {"a": 2, "b": 7.0, "c": date(2025, 3, 1), "d": None, "e": datetime(2025, 3, 1, 8, 5), "f": True}  # noqa: DTZ001 (as the lake has it)
    assert fill("{a} {b} {c} {d} {e} {f}", row) == "2 7 2025-03-01 — 2025-03-01 08:05 是"


@pytest.mark.parametrize(
    ("value", "threshold", "better", "share", "days", "colour", "code"),
    [
        (95, Threshold(">=", 95), "higher", 0.5, 1, "green", "met"),
        (50, Threshold(">=", 95), "higher", 0.5, 1, "green", "on-pace"),
        (46, Threshold(">=", 95), "higher", 0.5, 1, "yellow", "slightly-behind"),
        (30, Threshold(">=", 95), "higher", 0.5, 1, "red", "behind"),
        (94, Threshold(">=", 95), "higher", 1.0, 1, "yellow", "slightly-behind"),
        (8, Threshold("<=", 9), "lower", 0.5, 1, "green", "met"),
        (9.2, Threshold("<=", 9), "lower", 0.5, 1, "yellow", "slightly-behind"),
        (12, Threshold("<=", 9), "lower", 0.1, 1, "red", "behind"),
        (96, Threshold("=", 95), "higher", 1.0, 1, "green", "met"),
        (8, Threshold("=", 9), "lower", 1.0, 1, "green", "met"),
        (5, Threshold("between", 4, 6), "band", 0.2, 1, "green", "met"),
        (9, Threshold("between", 4, 6), "band", 0.2, 1, "red", "behind"),
        (None, Threshold(">=", 95), "higher", 0.5, 1, "grey", "no-value"),
        (0, Threshold(">=", 10), "higher", 0.0, 1, "green", "on-pace"),
    ],
)
def test_judge(value, threshold, better, share, days, colour, code):
    light = judge(value, threshold, better, share, days)
    assert (light.colour, light.code) == (colour, code)
    assert light.word
    assert light.word_en


@pytest.mark.parametrize("days", [STALE_AFTER + 1, None])
def test_stale_data_are_never_green(days):
    assert judge(99, Threshold(">=", 95), "higher", 1.0, days).code == "stale"
    assert judge(50, Threshold(">=", 95), "higher", 1.0, days).colour == "red"


def test_share_due():
    year = Period.calendar_year(2025)
    assert share_due(year, date(2025, 1, 5), "none") == 1.0
    assert share_due(year, date(2025, 12, 31), "even") == 1.0
    assert share_due(year, date(2025, 7, 2), "even") == pytest.approx(183 / 365)
    months = (0.0, 0.0, 0.1, 0.2, 0.2, 0.1, 0.0, 0.0, 0.1, 0.1, 0.1, 0.1)
    assert share_due(year, date(2024, 12, 31), months) == 0.0
    assert share_due(year, date(2025, 2, 28), months) == 0.0
    assert share_due(year, date(2025, 3, 31), months) == pytest.approx(0.1)
    assert share_due(year, date(2025, 4, 15), months) == pytest.approx(0.2)
    assert share_due(year, date(2026, 1, 1), months) == 1.0
    mch = Period.maternal_child_year(2025)
    assert share_due(mch, date(2024, 12, 31), months) == pytest.approx(0.1)
