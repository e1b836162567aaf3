"""A promise with its standing, in the words and figures of the page: one row of every list, the head of its own page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from luoshi.indicators import Catalogue, Indicator
from luoshi.kernel import clock
from luoshi.kernel.period import Period
from luoshi.platform.lake.refresh import WHOLE
from luoshi.services.plan_desk.public import BoundTarget
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rules import Standing, days_old, falls
from luoshi.web import lights, marks, numbers
from luoshi.web.manifest import in_language


@lru_cache(4096)
def _address(target: int) -> str:
    """The page of a promise: asked for once for each place it is told for, thousands of times for an overview."""
    return reverse("scoreboard:target", args=[target])


def metric_en(target: BoundTarget) -> str:
    """What a target promises in English: the name of what it is measured by, empty where that says something else."""
    indicator = Catalogue.load().indicators.get(target.indicator) if target.indicator else None
    return indicator.name_en if indicator and target.verdict == "computable" and target.kind != "change" else ""


@dataclass(frozen=True)
class Row:
    """What a list or page says of one promise at one place."""

    target: BoundTarget
    standing: Standing
    place: Place

    @property
    def id(self) -> int:
        """Number of the target."""
        return self.target.id

    @property
    def light(self) -> lights.Light:
        """How its light looks."""
        return lights.light(self.standing.light)

    @property
    def metric(self) -> str:
        """What is promised: as printed, or on an English page the English name of what it is measured by."""
        return in_language(self.target.metric, metric_en(self.target))

    @property
    def quote(self) -> str:
        """The sentence of the plan."""
        return self.target.quote

    @property
    def plan_title(self) -> str:
        """The plan it stands in."""
        return self.target.plan_title

    @property
    def href(self) -> str:
        """Address of its page, staying at this place."""
        query = f"?{self.place.query}" if self.place.query else ""
        return _address(self.target.id) + query

    @property
    def quote_href(self) -> str:
        """Address of the sentence at the plan desk, or empty where there is no desk."""
        try:
            return f"{reverse('plan_desk:desk', args=[self.target.plan])}?show=order#at-{self.id}"
        except NoReverseMatch:
            return ""

    @property
    def value_text(self) -> str:
        """The value with its unit; a dash without one."""
        rises = self.target.kind == "change" and not falls(self.metric)
        sign = "+" if rises and (self.standing.value or 0) > 0 else ""
        return sign + numbers.quantity(self.standing.value, self.standing.unit)

    @property
    def fraction_text(self) -> str:
        """`16/20` beside a rate; empty for a mean of seconds or where nothing is counted."""
        indicator = self.indicator
        if indicator is None or indicator.kind not in ("ratio", "rate", "per-population"):
            return ""
        return numbers.fraction(self.standing.numerator, self.standing.denominator)

    @property
    def month_text(self) -> str:
        """The month (or quarter) the value is of, where it is told when that is over: `2025年10月`; else empty."""
        indicator, counted = self.indicator, self.standing.counted
        if indicator is None or indicator.period not in WHOLE or counted is None or self.standing.value is None:
            return ""
        return month_words(counted)

    @property
    def promise_text(self) -> str:
        """`≥ 62%`."""
        about = _("左右") if self.target.approximate else ""
        target = self.target
        return f"{numbers.promise(target.op, target.value, target.upper, target.unit)} {about}".rstrip()

    @property
    def target_text(self) -> str:
        """`目标 ≥ 62%`."""
        return _("目标 %(promise)s") % {"promise": self.promise_text}

    @property
    def short_text(self) -> str:
        """How many people or places short, in words; empty when none or unknown."""
        people = self.standing.people
        if not people or self.standing.value is None or self.target.kind == "change":
            return ""
        if self.standing.threshold and self.standing.threshold.op in ("<=", "<"):
            return _("超出 %(n)s") % {"n": numbers.number(people)}
        return _("还差 %(n)s") % {"n": numbers.number(people)}

    @property
    def deadline_text(self) -> str:
        """The deadline as a day, with a mark when it was inferred."""
        if self.target.deadline is None:
            return ""
        return " ".join(filter(None, (f"{self.target.deadline:%Y-%m-%d}", self.inferred_text)))

    @property
    def inferred_text(self) -> str:
        """A mark on a deadline nobody printed beside the target."""
        return _("推定") if self.target.deadline_inferred else ""

    @property
    def lead_text(self) -> str:
        """Lead units."""
        return _("、").join(self.target.lead_units)

    @property
    def units_text(self) -> str:
        """Responsible units, leads first."""
        return _("、").join(dict.fromkeys((*self.target.lead_units, *self.target.units)))

    @property
    def action_title(self) -> str:
        """The action it belongs to."""
        return self.target.action_title

    @property
    def task_title(self) -> str:
        """Number and title of its task."""
        return " ".join(filter(None, (self.target.task_number, self.target.task_title)))

    @property
    def kind_word(self) -> str:
        """Which of the four kinds of number this is, in a word."""
        return {
            "indicator": _("由记录计算"),
            "register": _("由名录计数"),
            "deliverable": _("由成果材料判断"),
            "report": _("由责任单位上报"),
        }[self.target.binding_kind]

    @property
    def kind_text(self) -> str:
        """The same in a sentence."""
        return {
            "indicator": _("由居民健康记录和机构名录计算，责任单位不用填报"),
            "register": _("由有名称和日期的名录计数"),
            "deliverable": _("由有日期的成果材料判断"),
            "report": _("由责任单位上报；有数据可核对时以数据为准"),
        }[self.target.binding_kind]

    @property
    def verdict_word(self) -> str:
        """Computable, partly, not."""
        return verdict_words()[self.target.verdict]

    @property
    def verdict_text(self) -> str:
        """The verdict with what is missing."""
        return "".join((self.verdict_word, self._missing_text, self._reason_text))

    @property
    def missing_text(self) -> str:
        """The source that lacks, in the language of the page."""
        return in_language(self.target.missing, self.target.missing_en)

    @property
    def _missing_text(self) -> str:
        return _("；缺少 %(source)s") % {"source": self.missing_text} if self.missing_text else ""

    @property
    def _reason_text(self) -> str:
        reason = in_language(self.target.binding_reason, self.target.binding_reason_en)
        return _("（%(text)s）") % {"text": reason} if reason else ""

    @property
    def force_word(self) -> str:
        """How binding it is."""
        return {
            "binding": _("约束性"),
            "expected": _("预期性"),
            "strive": _("力争"),
            "in-principle": _("原则上"),
        }.get(self.target.force, self.target.force)

    @property
    def why_text(self) -> str:
        """How the light came about, with the missing source of a grey one."""
        if self.standing.override:
            return self.by_hand_text
        missing = self.standing.missing if self.standing.light == "grey" else ""
        return (
            _("%(why)s：%(missing)s") % {"why": self.standing.why, "missing": missing} if missing else self.standing.why
        )

    @property
    def by_hand_text(self) -> str:
        """Who set the light, why and until when, and what it would be; empty for a computed light."""
        set_ = self.standing.override
        if set_ is None:
            return ""
        return _("人工定为%(light)s灯：%(reason)s（%(name)s，有效期至 %(day)s；计算结果为%(computed)s灯）") % {
            "light": lights.light(set_.colour).name,
            "reason": set_.reason,
            "name": set_.by_name,
            "day": f"{set_.until:%Y-%m-%d}",
            "computed": lights.light(self.standing.computed).name,
        }

    @property
    def flag_texts(self) -> list[str]:
        """What the reader must know of the value."""
        known = {
            "over-100-percent": _("超过 100%：分子和分母的来源可能不一致，请核对。"),
            "small-denominator": _("分母很小（%(n)s），数值波动大。")
            % {"n": numbers.number(self.standing.denominator)},
        }
        return [known.get(flag, flag) for flag in self.standing.flags]

    @property
    def interval_text(self) -> str:
        """`95%区间 71.2—78.9 岁`; empty where the value has none."""
        low, high = self.standing.low, self.standing.high
        if low is None or high is None or self.standing.value is None:
            return ""
        ends = f"{numbers.number(low, 2)}—{numbers.quantity(high, self.standing.unit)}"
        return _("95%%区间 %(ends)s") % {"ends": ends}

    @property
    def age_text(self) -> str:
        """`3 天前`."""
        days = days_old(self.standing.data_until, clock.today())
        if days is None:
            return ""
        # No plural forms: Chinese has none, and one day ago is yesterday in every language.
        return {0: _("今天"), 1: _("昨天")}.get(days) or _("%(n)s 天前") % {"n": days}

    @property
    def moved_text(self) -> str:
        """Change against the month before: `+1.2 个百分点`."""
        moved = self.standing.moved
        if moved is None:
            return ""
        rate = self.standing.unit == "%"
        unit = _("个百分点") if rate else numbers.unit(self.standing.unit)
        return f"{'+' if moved > 0 else '−'}{numbers.number(abs(moved))} {unit}".rstrip()

    @property
    def bullet(self) -> SafeString:
        """Value against target, small."""
        return self._bullet(120)

    @property
    def wide_bullet(self) -> SafeString:
        """Value against target for the page of the promise."""
        return self._bullet(420)

    @property
    def spark(self) -> SafeString:
        """The last months as a line."""
        return marks.sparkline(self.standing.trend)

    @property
    def indicator(self) -> Indicator | None:
        """The definition it is measured by, if any."""
        catalogue = Catalogue.load().indicators
        return catalogue.get(self.target.indicator) if self.target.indicator else None

    def _bullet(self, width: int) -> SafeString:
        threshold = self.standing.threshold
        value = self.standing.value
        if threshold is None or value is None or value < 0:
            return SafeString("")
        goal = threshold.upper if threshold.upper is not None else threshold.value
        top = 100.0 if self.standing.unit == "%" and max(value, goal) <= 100 else None
        return marks.bullet(value, goal, light_key=self.standing.light, top=top, width=width)


def month_words(period: Period) -> str:
    """`2025年10月`; `2025年第3季度`."""
    if (period.end.month - period.start.month) > 0:
        return _("%(year)s年第%(quarter)s季度") % {"year": period.start.year, "quarter": (period.start.month + 2) // 3}
    return _("%(year)s年%(month)s月") % {"year": period.start.year, "month": period.start.month}


def verdict_words() -> dict[str, str]:
    """The three verdicts in words."""
    return {"computable": _("可算"), "partly": _("部分可算"), "not": _("不可算")}


def definition(indicator: Indicator) -> dict[str, Any]:
    """The definition in words for the page of a promise."""
    periods = {
        "calendar-year-to-date": _("自然年，累计到数据截止日"),
        "maternal-child-year-to-date": _("妇幼统计年度（上年10月至当年9月），累计到数据截止日"),
        "five-year-plan-to-date": _("五年规划期，累计到数据截止日"),
        "quarter-to-date": _("季度：按最近一个已结束的季度判断，本季度至今的数另列"),
        "rolling-year": _("最近十二个月"),
        "point-in-time": _("时点"),
        "month": _("月：按最近一个已结束的月判断，本月至今的数另列"),
    }
    confidence = {"high": _("依据充分"), "medium": _("依据待核"), "low": _("依据不足，口径可能调整")}
    return {
        "id": indicator.id,
        "name": in_language(indicator.name, indicator.name_en),
        "words": in_language(indicator.notes_zh, indicator.notes),
        "period": periods.get(indicator.period or "", ""),
        "source": indicator.source,
        "confidence": confidence[indicator.confidence],
    }
