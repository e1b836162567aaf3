"""From a promise to its light: every case, and never a silent green."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.indicators import pace
from luoshi.kernel import clock
from luoshi.kernel.period import Period
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import results
from luoshi.platform.lake.results import Value
from luoshi.services.plan_desk.public import BoundTarget
from luoshi.services.scoreboard import measuring
from luoshi.services.scoreboard.places import Place

TODAY = date(2025, 11, 3)
UNTIL = date(2025, 10, 31)
CITY = Place("云岭市", "9901", "", "/99/9901/", 2)
SCOPE = Scope(user=None, division_paths=("/",))


def promise(**more) -> BoundTarget:
    """高血压规范管理率 ≥ 62% by the end of 2025, computed; fields replaced by `more`."""
    plain = {
        "id": 1, "plan": 1, "plan_title": "要点", "division": "9901", "division_path": "/99/9901/", "action": None,
        "action_title": "", "task_number": "", "task_title": "", "task_text": "", "lead_units": (), "units": (),
        "quote": "达到62%以上", "start": 0, "end": 8, "metric": "高血压患者基层规范管理服务率", "op": ">=", "value": 62.0,
        "upper": None, "unit": "%", "baseline": None, "deadline": date(2025, 12, 31), "deadline_inferred": False,
        "kind": "rate", "force": "expected", "scope_text": "", "per": "", "period_start": 2025, "period_end": 2025,
        "binding_kind": "indicator", "indicator": "htn-std", "verdict": "computable", "missing": "",
        "binding_reason": "", "status": "confirmed",
    }  # fmt: skip
    return BoundTarget(**(plain | more))


def measured(value: float | None, *, until: date | None = UNTIL, reason: str = "", **more) -> Value:
    plain = Value(
        "htn-std", Period.calendar_year(2025), "9901", None, None if value is None else value * 10, 1000.0, value,
        reason, (), until,
    )  # fmt: skip
    return replace(plain, **more)


@pytest.fixture(autouse=True)
def _the_day(monkeypatch):
    monkeypatch.setattr(results, "data_until", lambda: UNTIL)
    with clock.at(TODAY):
        yield


@pytest.mark.parametrize(
    ("target", "value", "light", "why"),
    [
        (promise(), measured(62.0), "green", "已达到目标"),
        (promise(), measured(61.99), "yellow", "略慢于应有进度"),
        (promise(), measured(30.0), "red", "明显落后于应有进度"),
        # work that goes with the days: two thirds of the year, two thirds of the work
        (promise(indicator="elderly-mgmt", value=72.0), measured(60.5), "green", "进度不慢于时间"),
        (promise(indicator="elderly-mgmt", value=72.0), measured(59.0), "yellow", "略慢于应有进度"),
        # an upper bound holds at any time
        (promise(op="<=", value=5.0, indicator="caesarean"), measured(5.0), "green", "已达到目标"),
        (promise(op="<=", value=5.0, indicator="caesarean"), measured(9.0), "red", "明显落后于应有进度"),
        (promise(op="between", value=50.0, upper=70.0), measured(60.0), "green", "已达到目标"),
        # a bare 达 60% is kept by more
        (promise(op="=", value=60.0), measured(66.0), "green", "已达到目标"),
        # no value
        (promise(), measured(None, reason="empty-denominator"), "grey", "这里没有应统计的对象（分母为零）"),
        (promise(), measured(None, reason="no-data"), "grey", "这一统计期还没有计算结果"),
        (promise(), measured(None, reason="missing-source"), "grey", "缺少数据来源"),
        (promise(), measured(None, reason="never heard of"), "grey", "缺少数据来源"),
        # stale: what would be green is grey, what is behind stays behind
        (promise(), measured(90.0, until=date(2025, 9, 1)), "grey", "数据太久没有更新，不能判断"),
        (promise(), measured(90.0, until=None), "grey", "数据太久没有更新，不能判断"),
        (promise(), measured(30.0, until=date(2025, 1, 1)), "red", "明显落后于应有进度"),
        # units that do not fit
        (promise(unit="‰"), measured(90.0), "grey", "目标的单位与指标的单位不同，不能比较"),
        (promise(unit="家"), measured(90.0), "grey", "目标的单位与指标的单位不同，不能比较"),
        # a later year, with and without a baseline
        (promise(deadline=date(2030, 12, 31), value=90.0), measured(40.0), "yellow", "期限未到，计划没有印基期值，不能判断进度"),
        (promise(deadline=date(2030, 12, 31), value=90.0, baseline=60.0), measured(70.0), "green", "未到期限，已走到应到的位置"),
        (promise(deadline=date(2030, 12, 31), value=90.0, baseline=60.0), measured(40.0), "red", "明显落后于应有进度"),
        (promise(deadline=date(2030, 12, 31), value=90.0, baseline=60.0), measured(92.0), "green", "已达到目标"),
    ],
)  # fmt: skip
def test_the_light_and_its_words(target, value, light, why):
    standing = measuring.stand(target, value)
    assert (standing.light, standing.why) == (light, why)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("register", "由名录计数，尚未登记"),
        ("deliverable", "由成果材料判断，尚未提交"),
        ("report", "由责任单位上报，尚未上报"),
        ("indicator", "缺少数据来源"),
    ],
)
def test_what_is_not_computed_is_grey_and_says_what_is_missing(kind, why):
    standing = measuring.stand(promise(binding_kind=kind, verdict="not", missing="名册", missing_en="a register"), None)
    assert (standing.light, standing.why, standing.missing) == ("grey", why, "名册")


values = st.none() | st.floats(0, 200)
days = st.none() | st.dates(date(2024, 1, 1), date(2025, 12, 31))


@given(
    values,
    days,
    st.sampled_from([">=", ">", "<=", "<", "="]),
    st.floats(0, 100),
    st.integers(2024, 2031),
    st.none() | st.floats(0, 100),
)
def test_no_silent_green(value, until, op, goal, year, baseline):
    """Green has a value, fresh data, and either keeps the promise, or is on its way by a reason that is said."""
    target = promise(op=op, value=goal, deadline=date(year, 12, 31), baseline=baseline, indicator="elderly-mgmt")
    with clock.at(TODAY), pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "data_until", lambda: UNTIL)
        standing = measuring.stand(target, measured(value, until=until))
    assert standing.why
    if standing.light == "green":
        assert value is not None
        assert until is not None
        assert (TODAY - until).days <= pace.STALE_AFTER
        kept = target.threshold.met_by(value, better="higher")
        assert kept or standing.why in ("进度不慢于时间", "未到期限，已走到应到的位置")
    if standing.stale:
        assert standing.light != "green"


@pytest.mark.parametrize(
    ("indicator", "deadline", "label"),
    [
        ("htn-std", date(2025, 12, 31), "2025"),
        ("htn-std", date(2030, 12, 31), "2025"),
        ("htn-std", date(2024, 12, 31), "2024"),
        ("htn-std", None, "2025"),
        ("maternal-system", date(2025, 12, 31), "MCH2025"),  # the running year is 2026, a month old
        ("maternal-system", date(2030, 12, 31), "MCH2026"),
        ("maternal-system", None, "MCH2026"),
        ("ems-depart-3min", date(2025, 12, 31), "2025-10"),
    ],
)
def test_the_period_of_a_promise(indicator, deadline, label):
    assert measuring.period_of(promise(indicator=indicator, deadline=deadline)).label == label


class Told:
    """Values by indicator, period and place, in place of the results."""

    def __init__(self, values: dict[tuple[str, str], float | None]) -> None:
        self.values, self.asked = values, []

    def value(self, indicator, period, *, scope, division=None, institution=None) -> Value:
        self.asked.append((indicator, period.label))
        found = self.values.get((period.label, division or institution))
        return measured(found, reason="" if found is not None else "no-data", period=period, division=division)

    def children(self, indicator, period, *, scope, division):
        self.asked.append((indicator, period.label))
        codes = ("990101", "990102")
        return [self.value(indicator, period, scope=scope, division=code) for code in codes]


def use(monkeypatch, values) -> Told:
    told = Told(values)
    monkeypatch.setattr(results, "value", told.value)
    monkeypatch.setattr(results, "children", told.children)
    return told


@pytest.mark.parametrize(
    ("metric", "before", "now", "value", "light"),
    [
        ("签约率提升幅度", 50.0, 52.5, 2.5, "green"),
        ("签约率提升幅度", 50.0, 49.0, -1.0, "red"),
        ("剖宫产率下降幅度", 40.0, 37.0, 3.0, "green"),
        ("剖宫产率下降幅度", 40.0, 41.0, -1.0, "red"),  # a rise never keeps a promised fall
        ("签约率提升幅度", None, 52.0, None, "grey"),
    ],
)
@pytest.mark.parametrize("indicator", ["contract-rate", "caesarean"])
def test_a_change_is_the_difference_to_the_year_before(monkeypatch, metric, before, now, value, light, indicator):
    labels = ("MCH2024", "MCH2025") if indicator == "caesarean" else ("2024", "2025")
    use(monkeypatch, {(labels[0], "9901"): before, (labels[1], "9901"): now})
    target = promise(kind="change", op="=", value=2.0, unit="个百分点", metric=metric, indicator=indicator)
    standing = measuring.measure([target], at=CITY, scope=SCOPE)[1]
    assert (standing.value, standing.light) == (value, light)
    assert standing.people is None
    assert standing.why == "没有上一年的同口径数值可比" or value is not None
    assert measuring.trend(target, at=CITY, scope=SCOPE) == []
    assert measuring.institutions(target, at=CITY, scope=SCOPE) == ()


def test_places_below_are_measured_with_one_look_for_each_indicator_and_period(monkeypatch):
    told = use(
        monkeypatch, {("2025", "990101"): 70.0, ("2025", "990102"): 10.0, ("2024-01-01..2024-10-31", "990101"): 60.0}
    )
    targets = [
        promise(id=1),
        promise(id=2, value=5.0),
        promise(id=3, binding_kind="register", indicator="subcentre"),
        promise(id=4, kind="change", op=">=", value=5.0, unit="个百分点", indicator="htn-std"),
    ]
    found = measuring.measure_below(targets, at=CITY, codes=["990101", "990102"], scope=SCOPE)
    assert [s.light for s in found["990101"]] == ["green", "green", "grey", "green"]
    assert [s.light for s in found["990102"]] == ["red", "green", "grey", "grey"]
    assert told.asked.count(("htn-std", "2025")) == 1 + 2  # one for all, which here asks for each child
    for code, standings in found.items():
        place = Place("", code, "", f"/99/9901/{code}/", 3)
        alone = measuring.measure(targets, at=place, scope=SCOPE)
        assert [alone[t.id].light for t in targets] == [s.light for s in standings]


def test_nothing_is_asked_for_an_indicator_nobody_defined_or_a_verdict_of_not(monkeypatch):
    told = use(monkeypatch, {})
    for target in (promise(indicator="no-such"), promise(verdict="not"), promise(binding_kind="report")):
        assert measuring.measure([target], at=CITY, scope=SCOPE)[1].light == "grey"
        assert measuring.children(target, at=CITY, scope=SCOPE) == ()
        assert measuring.institutions(target, at=CITY, scope=SCOPE) == ()
        assert measuring.trend(target, at=CITY, scope=SCOPE) == []
    assert told.asked == []


def test_a_trend_begins_with_the_first_value_and_keeps_gaps(monkeypatch):
    points = [None, None, 0.0, None, 12.0]
    ends = [date(2025, month, 28) for month in range(6, 11)]

    def trend(indicator, period, *, scope, division, months):
        return [measured(v, period=Period(date(2025, 1, 1), day)) for v, day in zip(points, ends, strict=True)]

    monkeypatch.setattr(results, "trend", trend)
    found = measuring.trend(promise(), at=CITY, scope=SCOPE)
    assert found == [(ends[2], 0.0), (ends[3], None), (ends[4], 12.0)]
