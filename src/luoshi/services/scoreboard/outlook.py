"""What to think of a value, in words: the forecast of a promise, and sources that are not heard."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

from luoshi.indicators import Catalogue
from luoshi.indicators.forecast import LEVEL, Forecast
from luoshi.kernel.lake_layout import PERSON_TABLES
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import results
from luoshi.platform.sources import silence
from luoshi.records import views
from luoshi.services.scoreboard import measuring
from luoshi.services.scoreboard.forecasting import due_day, forecast
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rows import Row, month_words
from luoshi.services.scoreboard.rules import Standing
from luoshi.web import numbers


def lines(row: Row, at: Place, *, scope: Scope) -> list[str]:
    """What to expect on the deadline, and how far such forecasts were off; nothing where none can be made."""
    found = forecast(row.target, row.standing, at=at, scope=scope)
    return [] if found is None else [expected(row, found), _tried(row, found)]


def beside(row: Row, at: Place, *, scope: Scope) -> list[str]:
    """What is told beside the value: of a monthly one the running month so far, of a change what it is counted from."""
    if row.standing.value is None and row.standing.reason != "empty-denominator":
        return []
    return [line for line in (_compared(row), _so_far(row, at, scope)) if line]


def _so_far(row: Row, at: Place, scope: Scope) -> str:
    if row.target.kind == "change" or not measuring.is_measured(row.target):
        return ""
    where = {"division": at.division} if at.division else {"institution": at.institution}
    found = results.so_far(row.target.indicator, scope=scope, **where)
    if (
        found is None
        or found.reason == "no-data"
        or not found.period.start > (row.standing.counted or found.period).end
    ):
        return ""
    counts = numbers.fraction(found.numerator, found.denominator) if row.fraction_text else ""
    told = numbers.quantity(found.value, row.standing.unit) if found.value is not None else _("还没有应统计的对象")
    return _("%(period)s至今（到 %(day)s）：%(value)s%(counts)s，未过完，不作判断。") % {
        "period": month_words(found.period),
        "day": f"{found.period.end:%Y-%m-%d}",
        "value": told,
        "counts": _("（%(counts)s）") % {"counts": counts} if counts else "",
    }


def _compared(row: Row) -> str:
    """What a change is the difference to: the same days of last year, or the level at its end."""
    if row.target.kind != "change" or not measuring.is_measured(row.target) or row.standing.counted is None:
        return ""
    now, before = row.standing.counted, measuring.year_before(row.target, measuring.period_of(row.target))
    days = {"start": f"{before.start:%Y-%m-%d}", "end": f"{before.end:%Y-%m-%d}", "now": f"{now.end:%Y-%m-%d}"}
    if (before.end.month, before.end.day) == (now.end.month, now.end.day):
        return _("变化：本期累计到 %(now)s 与上年同期（%(start)s 至 %(end)s）相比。") % days
    return _("变化：%(now)s 的水平与 %(end)s 的水平相比。") % days


def silences(row: Row, at: Place) -> list[str]:
    """Declared feeds that stopped and that the value here is made of: who sends what, since when nothing came."""
    if row.indicator is None or not row.indicator.cohort:
        return []
    cohort = Catalogue.load().cohorts[row.indicator.cohort]
    kinds = {views.catalog_view(table).resource for table in {"person", *cohort.text.fed_by} & PERSON_TABLES.keys()}
    place = at.division or at.path.strip("/").rpartition("/")[2]
    return [
        _("%(source)s 的 %(kind)s 已迟 %(hours)s 小时，%(heard)s")
        % {
            "source": late.source.title or late.source.name,
            "kind": late.kind or _("全部数据"),
            "hours": late.late_hours,
            "heard": _("最近一次 %(at)s") % {"at": f"{late.heard:%Y-%m-%d %H:%M}"} if late.heard else _("从未收到"),
        }
        for late in silence.silent_for([place], kinds)
    ]


def expected(row: Row, found: Forecast) -> str:
    """Where the value will stand on the day it falls due, and whether that keeps the promise."""
    unit = row.standing.unit
    words = {
        "day": f"{due_day(row.target):%Y-%m-%d}",
        "value": numbers.quantity(found.value, unit),
        "low": numbers.quantity(found.low, unit),
        "high": numbers.quantity(found.high, unit),
        "end": _ending(row, found),
    }
    if found.low is None or found.high is None:
        return _("照目前走势，到 %(day)s 约为 %(value)s%(end)s") % words
    return _("照目前走势，到 %(day)s 约为 %(value)s（%(low)s 至 %(high)s）%(end)s") % words


def in_short(row: Row, place: Place, standing: Standing, *, scope: Scope) -> str:
    """The forecast of a place below in a table: the value expected and what that means; empty where none can be made."""
    found = forecast(row.target, standing, at=place, scope=scope, inside=True)
    if found is None:
        return ""
    return (
        f"{numbers.quantity(found.value, standing.unit)}{_ending(replace(row, standing=standing), found).rstrip('。.')}"
    )


def _ending(row: Row, found: Forecast) -> str:
    threshold = row.target.threshold
    if threshold.op == "between" or row.standing.threshold is None:
        return _("。")
    rising = threshold.op in (">=", ">") or (threshold.op == "=" and row.standing.better == "higher")
    return {
        "likely": _("，预计可以达到目标。"),
        "open": _("，能否达到目标还不能断定。"),
        "unlikely": _("，预计达不到目标。"),
    }[found.reaches(threshold.value, rising=rising)]


def _tried(row: Row, found: Forecast) -> str:
    how = {
        "completion": _("方法：按去年同期到期末的走势推算，用下一级区划去年的数据检验"),
        "drift": _("方法：按近十二个月的走势推算，用已过去的月份检验"),
    }[found.method]
    if found.error is None or found.low is None:
        return _("%(how)s；可检验的样本不足，不给区间。") % {"how": how}
    return _(
        "%(how)s %(n)s 次，误差中位数 %(error)s；区间按 %(level)s%% 的把握给出，检验中 %(covered)s%% 落在区间内。"
    ) % {
        "how": how,
        "n": found.trials,
        "error": numbers.number(found.error),
        "level": round(LEVEL * 100),
        "covered": round((found.covered or 0.0) * 100),
    }
