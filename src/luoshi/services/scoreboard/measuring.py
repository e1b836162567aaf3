"""From a confirmed promise to its standing at a place: value, pace, freshness, light and the reason in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from luoshi.indicators import Catalogue, judge, pace
from luoshi.kernel import clock
from luoshi.kernel.comparator import Threshold
from luoshi.kernel.period import Period
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import refresh, results, withholding
from luoshi.platform.lake.results import Value
from luoshi.services.plan_desk.public import BoundTarget
from luoshi.services.scoreboard import history
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rules import Standing, comparable, days_old, falls
from luoshi.web.manifest import in_language

_NO_SOURCE = gettext_noop("缺少数据来源")
_NOT_COMPUTED = {
    "register": gettext_noop("由名录计数，尚未登记"),
    "deliverable": gettext_noop("由成果材料判断，尚未提交"),
    "report": gettext_noop("由责任单位上报，尚未上报"),
}
_NO_VALUE = {
    "empty-denominator": gettext_noop("这里没有应统计的对象（分母为零）"),
    "no-data": gettext_noop("这一统计期还没有计算结果"),
    "missing-source": _NO_SOURCE,
    "too-few": gettext_noop("人数太少，算出的数不可靠"),
    "not-computable": gettext_noop("这里的数据不足以计算（如最高年龄组无死亡、一层只抽一群）"),
    "no-baseline": gettext_noop("没有上一年的同口径数值可比"),
}
_COUNTED_ABOVE = gettext_noop("数量目标按计划所在区划合计，不在这里单独判断")
_SAID = {
    "met": gettext_noop("已达到目标"),
    "on-pace": gettext_noop("进度不慢于时间"),
    "slightly-behind": gettext_noop("略慢于应有进度"),
    "behind": gettext_noop("明显落后于应有进度"),
    "stale": gettext_noop("数据太久没有更新，不能判断"),
    "no-value": gettext_noop("没有数值"),
}


def measure(targets: Iterable[BoundTarget], *, at: Place, scope: Scope, months: int = 0) -> dict[int, Standing]:
    """The standing of every promise at a place; with `months` their values at the ends of so many months besides."""
    asked = tuple(targets)
    results.inside(scope, at.division or None, at.institution or None)

    def made() -> dict[int, Standing]:
        return {target.id: _measured(target, at, scope, months) for target in asked}

    # Whoever may see a place sees the same figures there: they are made once for an evaluation.
    found = results.remembered(("measure", asked, at, months), made, len)
    return dict(found)


def _measured(target: BoundTarget, at: Place, scope: Scope, months: int) -> Standing:
    value = value_at(target, at, scope)
    standing = stand(target, value, pace_at(target, at, scope))
    if months and value is not None and at.division and standing.value is not None:
        points = trend(target, at=at, scope=scope, months=months)
        standing = replace(standing, trend=tuple(v for _day, v in points))
    return standing


def measure_below(
    targets: Iterable[BoundTarget], *, at: Place, codes: Collection[str], scope: Scope
) -> dict[str, list[Standing]]:
    """The same promises for each of the divisions `codes` directly below a place: one look per indicator and period,
    however many divisions there are."""
    asked, places = tuple(targets), tuple(codes)
    results.inside(scope, at.division or None, at.institution or None)

    def made() -> dict[str, list[Standing]]:
        return _measured_below(asked, at, places, scope)

    found = results.remembered(("below", asked, at, places), made, lambda found: len(asked) * len(places))
    return {code: list(standings) for code, standings in found.items()}


def _measured_below(
    targets: Sequence[BoundTarget], at: Place, codes: Collection[str], scope: Scope
) -> dict[str, list[Standing]]:
    known: dict[tuple[str, Period], dict[str | None, Value]] = {}

    def below(indicator: str, period: Period) -> dict[str | None, Value]:
        if (indicator, period) not in known:
            found = results.children(indicator, period, scope=scope, division=at.division)
            known[indicator, period] = {value.division: value for value in found}
        return known[indicator, period]

    standings: dict[str, list[Standing]] = defaultdict(list)
    for target in targets:
        judging = Judging(target, pace_at(target, at, scope))
        now: dict[str | None, Value] = {}
        before: dict[str | None, Value] = {}
        if is_measured(target):
            period = period_of(target)
            now = below(target.indicator, period)
            before = below(target.indicator, year_before(target, period)) if target.kind == "change" else {}
        for code in codes:
            value = now.get(code)
            if value is not None and target.kind == "change":
                value = change(target, value, before.get(code))
            standings[code].append(judging.stand(value))
    return standings


def trend(target: BoundTarget, *, at: Place, scope: Scope, months: int = 12) -> list[tuple[date, float | None]]:
    """Month ends with the value to date, oldest first, beginning with the first month that has one; a month without is
    a gap (None). Empty for what is not computed, for differences, and at a single institution."""
    if not is_measured(target) or not at.division or target.kind == "change":
        return []
    values = results.trend(target.indicator, period_of(target), scope=scope, division=at.division, months=months)
    points = [(v.period.end, v.value) for v in values]
    while points and points[0][1] is None:
        del points[0]
    return points


def pace_at(target: BoundTarget, at: Place, scope: Scope) -> float | None:
    """The share of the year's work that a place had done by the same day a year ago, for work that comes through the
    year; None where that is not known, and the days of the year must do."""
    if not is_measured(target) or not at.division or target.kind == "change":
        return None
    indicator = Catalogue.load().indicator(target.indicator)
    if indicator.seasonal_pace != "even" or indicator.period not in history.TO_DATE:
        return None
    until = min(results.data_until() or clock.today(), clock.today())
    return history.pace_of_last_year(indicator.id, until, scope=scope, division=at.division)


@dataclass(frozen=True)
class _Course:
    """What a promise asks for on a day, wherever it is measured: how much of the work is due, and by which threshold."""

    share: float
    seasonal: bool
    later: bool  # due in a later year than the one the day is judged in
    path: Threshold | None  # where a promise of a later year should stand by now


class Judging:
    """One promise, judged at as many places as there are: what does not depend on the place is found once."""

    def __init__(self, target: BoundTarget, last_year: float | None = None) -> None:
        """`last_year`: the share of the work due by now going by last year (`pace_at`), for what else would go by the
        days."""
        self.target, self._last_year = target, last_year
        self._indicator = Catalogue.load().indicators.get(target.indicator)
        self._today, self._threshold = clock.today(), target.threshold
        self._missing = in_language(target.missing, target.missing_en)
        self._courses: dict[date, _Course] = {}
        self._words: dict[str, str] = {}

    def stand(self, value: Value | None) -> Standing:
        """The standing given the value measured somewhere (None: nothing is measured)."""
        target, indicator = self.target, self._indicator
        if value is None:
            return _unmeasured(target)
        assert indicator is not None
        change = target.kind == "change"
        age = days_old(value.data_until, self._today)
        told: dict[str, Any] = {
            "id": target.id,
            "light": "grey",
            "value": value.value,
            "numerator": value.numerator,
            "denominator": value.denominator,
            "threshold": self._threshold,
            "unit": target.unit or indicator.unit_text,
            "better": "higher" if change else indicator.better,
            "data_until": value.data_until,
            "stale": age is None or age > pace.STALE_AFTER,
            "reason": value.reason,
            "flags": value.flags,
            "missing": self._missing,
            "low": value.low,
            "high": value.high,
            "counted": value.period,
        }
        if value.value is None:
            told["why"] = _why_no_value(value.reason)
        elif not change and not comparable(target.unit, indicator.unit):
            told |= {"why": _("目标的单位与指标的单位不同，不能比较"), "value": None}
        elif target.kind == "count" and value.division != target.division:
            # A number of things is promised for the whole division of the plan; a part of it cannot be ahead or behind.
            told |= {"why": _(_COUNTED_ABOVE), "threshold": None}
        else:
            told |= self._judged(value.value, told["better"], min(value.data_until or self._today, self._today), age)
        return Standing(**told)

    def _judged(self, value: float, better: str, day: date, age: int | None) -> dict[str, Any]:
        course = self._course(day)
        light = judge(value, course.path or self._threshold, better, course.share, age)
        colour, why = light.colour, self._said(light.code)
        if course.later and colour in ("yellow", "red"):
            if course.path is None and age is not None and age <= pace.STALE_AFTER:
                colour, why = "yellow", _("期限未到，计划没有印基期值，不能判断进度")
        elif course.later and light.code == "met" and not self._threshold.met_by(value, better=better):
            why = _("未到期限，已走到应到的位置")
        return {
            "light": colour,
            "why": why,
            "elapsed": course.share if course.share < 1 else None,
            "expected": light.expected,
            "seasonal": course.seasonal,
        }

    def _course(self, day: date) -> _Course:
        if day not in self._courses:
            target = self.target
            assert self._indicator is not None
            period = period_of(target)
            last = self._last_year
            share = pace.share_due(period, day, self._indicator.seasonal_pace) if last is None else last
            # In January a monthly promise is judged by December: its deadline at the end of the year is no later year's.
            later = target.deadline is not None and target.deadline.year > max(period.end, day).year
            path = _on_the_way(target, self._threshold, day) if later else None
            self._courses[day] = _Course(share, last is not None, later, path)
        return self._courses[day]

    def _said(self, code: str) -> str:
        if code not in self._words:
            self._words[code] = _said(code)
        return self._words[code]


def stand(target: BoundTarget, value: Value | None, last_year: float | None = None) -> Standing:
    """The standing of one promise at one place; see `Judging`."""
    return Judging(target, last_year).stand(value)


def _on_the_way(target: BoundTarget, threshold: Threshold, day: date) -> Threshold | None:
    """Where a promise of a later year should stand on `day`, on the straight line from its baseline."""
    if target.baseline is None or threshold.op == "between" or target.deadline is None:
        return None
    start = date(target.period_start or day.year, 1, 1)
    share = Period(start, max(start, target.deadline)).share_elapsed(day)
    return Threshold(threshold.op, target.baseline + (threshold.value - target.baseline) * share)


def period_of(target: BoundTarget) -> Period:
    """The period a promise is measured in: the running one, or the one of its deadline when that is earlier."""
    return results.measured_period(target.indicator, target.deadline)


def is_measured(target: BoundTarget) -> bool:
    """Whether the promise is computed from records at all."""
    known = target.indicator in Catalogue.load().indicators
    return target.binding_kind == "indicator" and known and target.verdict != "not"


def value_at(target: BoundTarget, at: Place, scope: Scope) -> Value | None:
    """The value measured for a promise at a place; None for one that is not computed."""
    if not is_measured(target):
        return None
    period = period_of(target)
    where = {"division": at.division} if at.division else {"institution": at.institution}
    value = results.value(target.indicator, period, scope=scope, **where)
    if target.kind != "change":
        return value
    return change(target, value, results.value(target.indicator, year_before(target, period), scope=scope, **where))


def year_before(target: BoundTarget, period: Period) -> Period:
    """What a change is counted from: of a value that grows through the year, the same days of the year before; of a
    level, where it stood at the end of that year."""
    rule = Catalogue.load().indicator(target.indicator).period
    until = min(results.data_until() or clock.today(), clock.today())
    if rule in history.TO_DATE and until < period.end:
        return refresh.to_date(rule, refresh.a_year_before(until))
    return refresh.running_period(rule, date(period.end.year - 1, period.end.month, min(period.end.day, 28)))


def change(target: BoundTarget, now: Value, before: Value | None) -> Value:
    """The difference to the year before in points of the unit (百分点), counted in the direction that was promised: a
    promised fall by 1 is kept by a value of 1 or more."""
    if now.value is None or before is None or before.value is None:
        return replace(now, value=None, reason=now.reason or "no-baseline", numerator=None, denominator=None, flags=())
    moved = before.value - now.value if falls(target.metric) else now.value - before.value
    return replace(now, value=moved, numerator=None, denominator=None, flags=(), low=None, high=None)


def _unmeasured(target: BoundTarget) -> Standing:
    why = _(_NOT_COMPUTED.get(target.binding_kind, _NO_SOURCE))
    return Standing(
        id=target.id,
        light="grey",
        why=why,
        threshold=target.threshold,
        unit=target.unit,
        reason="missing-source",
        missing=in_language(target.missing, target.missing_en),
    )


def _why_no_value(reason: str) -> str:
    return _(_NO_VALUE.get(reason, _NO_SOURCE))


def _said(code: str) -> str:
    return _(_SAID[code])


def children(target: BoundTarget, *, at: Place, scope: Scope) -> Sequence[tuple[Value, Standing]]:
    """The promise measured for each division directly below, in order of code."""
    if not at.division or not is_measured(target):
        return ()
    results.inside(scope, at.division, None)
    return results.remembered(("children", target, at), lambda: _children(target, at, scope), len)


def _children(target: BoundTarget, at: Place, scope: Scope) -> tuple[tuple[Value, Standing], ...]:
    period = period_of(target)
    values = results.children(target.indicator, period, scope=scope, division=at.division)
    if target.kind == "change":
        earlier = results.children(target.indicator, year_before(target, period), scope=scope, division=at.division)
        before = {value.division: value for value in earlier}
        values = [change(target, value, before.get(value.division)) for value in values]
    judging = Judging(target, pace_at(target, at, scope))
    return tuple((value, judging.stand(value)) for value in values)


def fit_to_leave(
    target: BoundTarget, here: Value | None, pairs: Sequence[tuple[Value, Standing]]
) -> Sequence[tuple[Value, Standing]]:
    """The same pairs for a file, small numbers of people taken out of them and what would give those away."""
    if here is None or not pairs or not is_measured(target):
        return pairs
    indicator = Catalogue.load().indicator(target.indicator)
    cells = withholding.fit_to_leave(indicator, here, [value for value, _standing in pairs], exact=False)
    return [
        (replace(value, value=None, numerator=None, denominator=None), withheld(standing)) if cell.withheld else pair
        for cell, pair in zip(cells[1:], pairs, strict=True)
        for value, standing in (pair,)
    ]


def hidden_of(target: BoundTarget, standings: Sequence[Standing]) -> frozenset[int]:
    """Which standings of a place and the places below it may not leave the house, by position; see `withholding`."""
    if not is_measured(target):
        return frozenset()
    indicator = Catalogue.load().indicator(target.indicator)
    return withholding.hidden_of(indicator, [(s.numerator, s.denominator) for s in standings])


def withheld(standing: Standing) -> Standing:
    """The same without its figures, saying why."""
    why = _("人数太少，不予显示")
    return replace(standing, light="grey", value=None, numerator=None, denominator=None, expected=None, why=why)


def institutions(target: BoundTarget, *, at: Place, scope: Scope) -> Sequence[tuple[Value, Standing]]:
    """The promise measured for each institution that stands here, widest gap first."""
    if not at.division or not is_measured(target) or target.kind == "change":
        return ()
    results.inside(scope, at.division, None)
    return results.remembered(("institutions", target, at), lambda: _institutions(target, at, scope), len)


def _institutions(target: BoundTarget, at: Place, scope: Scope) -> tuple[tuple[Value, Standing], ...]:
    values = results.institutions(target.indicator, period_of(target), scope=scope, division=at.division)
    judging = Judging(target, pace_at(target, at, scope))
    found = [(value, judging.stand(value)) for value in values]
    return tuple(sorted(found, key=lambda pair: (-pair[1].gap, -(pair[0].denominator or 0))))
