"""A month is judged when it is over and told beside while it runs; a change says what it is counted from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.services.scoreboard.test_measuring import measured, promise

from luoshi.kernel import clock
from luoshi.kernel.period import Period
from luoshi.platform.lake import results
from luoshi.services.scoreboard import measuring, outlook
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rows import Row

HERE = Place("云岭市", "9901", "", "99/9901/", 2)
OCTOBER, NOVEMBER = Period.month(2025, 10), Period(date(2025, 11, 1), date(2025, 11, 3))
MONTHLY = {"indicator": "ems-depart-3min", "deadline": date(2025, 12, 31)}


@pytest.fixture
def on(monkeypatch):
    """Data until a day, which is today."""

    def set_(day: date):
        monkeypatch.setattr(results, "data_until", lambda: day)
        return clock.at(day)

    return set_


def row(target, value) -> Row:
    return Row(target, measuring.stand(target, value), HERE)


@pytest.mark.parametrize(
    ("day", "deadline", "label"),
    [
        (date(2025, 11, 3), date(2025, 12, 31), "2025-10"),
        (date(2025, 10, 31), date(2025, 12, 31), "2025-10"),
        (date(2026, 1, 3), date(2026, 12, 31), "2025-12"),
        (date(2026, 2, 10), date(2025, 12, 31), "2025-12"),  # due long ago: the month it fell due
        (date(2026, 2, 10), date(2025, 12, 15), "2025-11"),
    ],
)
def test_the_month_a_promise_is_judged_by(on, day, deadline, label):
    with on(day):
        target = promise(**MONTHLY | {"deadline": deadline})
        assert measuring.period_of(target).label == label
        assert results.current_period("ems-depart-3min").kind == "month"


def test_december_is_no_year_before_the_deadline(on):
    """In January a monthly promise for the end of the year is behind, not on the way."""
    with on(date(2026, 1, 5)):
        target = promise(**MONTHLY | {"deadline": date(2026, 12, 31), "value": 95.0})
        late = measured(40.0, until=date(2026, 1, 4), period=Period.month(2025, 12))
        assert measuring.stand(target, late).light == "red"


def test_the_running_month_is_told_beside(on, monkeypatch):
    with on(date(2025, 11, 3)):
        value = measured(90.0, until=date(2025, 11, 3), period=OCTOBER)
        one = row(promise(**MONTHLY), value)
        assert one.month_text == "2025年10月"
        running = replace(measured(50.0, period=NOVEMBER), numerator=1.0, denominator=2.0)
        monkeypatch.setattr(results, "so_far", lambda name, **_where: running)
        (line,) = outlook.beside(one, HERE, scope=None)
        assert line == "2025年11月至今（到 2025-11-03）：50%（1/2），未过完，不作判断。"
        empty = replace(running, value=None, reason="empty-denominator", numerator=0, denominator=0)
        monkeypatch.setattr(results, "so_far", lambda name, **_where: empty)
        assert "还没有应统计的对象" in outlook.beside(one, HERE, scope=None)[0]


@pytest.mark.parametrize("day", [date(2025, 10, 31), date(2025, 11, 3)])
def test_only_a_month_that_runs_is_told_beside(on, monkeypatch, day):
    monkeypatch.setattr(results, "value", lambda name, period, **_where: period.label)
    with on(day):
        assert results.so_far("htn-std", scope=None, division="99") is None
        told = results.so_far("ems-depart-3min", scope=None, division="99")
        assert told == (None if day.month == 10 else "2025-11")


@pytest.mark.parametrize(
    ("indicator", "counted", "said"),
    [
        (
            "live-record",
            Period(date(2025, 1, 1), date(2025, 11, 3)),
            "变化：本期累计到 2025-11-03 与上年同期（2024-01-01 至 2024-11-03）相比。",
        ),
        (
            "contract-rate",
            Period(date(2025, 1, 1), date(2025, 11, 3)),
            "变化：2025-11-03 的水平与 2024-12-31 的水平相比。",
        ),
    ],
)
def test_a_change_says_what_it_is_counted_from(on, indicator, counted, said):
    with on(date(2025, 11, 3)):
        target = promise(indicator=indicator, kind="change", unit="个百分点")
        value = measured(1.5, until=date(2025, 11, 3), period=counted)
        assert outlook.beside(row(target, value), HERE, scope=None) == [said]
