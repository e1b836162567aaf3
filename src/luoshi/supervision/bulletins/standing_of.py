"""The standings of a division as a paper needs them: one reading of the board, small numbers withheld, every figure with
its line of the index."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from luoshi.indicators import Catalogue
from luoshi.kernel.period import Period
from luoshi.platform.lake import refresh, results, withholding
from luoshi.platform.lake.results import Value
from luoshi.platform.regions import queries as regions
from luoshi.supervision import sources
from luoshi.supervision.papers.contents import Shown, Wanted
from luoshi.supervision.papers.model import Entry
from luoshi.supervision.sources import Standing
from luoshi.web import numbers

SOURCES = {
    "indicator": "由健康档案和机构名录计算",
    "register": "由名录计数",
    "deliverable": "由成果材料判断",
    "report": "由责任单位上报",
}
WITHHELD = "人数太少，不予显示"


@dataclass(frozen=True)
class Board:
    """Every promise at the division on the day, and at each division one step below."""

    wanted: Wanted
    here: list[Standing]
    below: dict[str, list[Standing]]
    names: dict[str, str]

    @property
    def on(self) -> date:
        """The day the figures stand for."""
        return day_of(self.wanted)

    def of(self, *lights: str) -> list[Standing]:
        """Those of these lights, the widest gap first."""
        return sorted((s for s in self.here if s.light in lights), key=lambda s: (-s.gap, s.target))

    @cached_property
    def kept(self) -> list[Standing]:
        """Those whose promise is kept by the value itself."""
        return [s for s in self.here if s.kept and s.light != "grey"]

    @cached_property
    def until(self) -> date | None:
        """The last day any of the sources had heard of."""
        return max((s.data_until for s in self.here if s.data_until), default=None)

    def places(self, target: int) -> list[Standing]:
        """One promise at every division below, in order of code."""
        return [s for standings in self.below.values() for s in standings if s.target == target]


def day_of(wanted: Wanted) -> date:
    """The day a paper's figures stand for: the end of its period, or the day asked, when that is earlier."""
    return min(wanted.end, wanted.known_on)


def read(wanted: Wanted, *, forecasts: bool = True) -> Board:
    """Ask the board, for forecasts of what is late. Raises `Http404` for a division outside the scope."""
    board, on = sources.get(), day_of(wanted)
    asked: dict[str, Any] = {"scope": wanted.scope, "division": wanted.division, "on": on}
    here = board.standings(**asked, months=2)
    late = [s.target for s in here if s.light in ("red", "yellow")]
    if forecasts and late:
        expected = {s.target: s.forecast for s in board.standings(**asked, targets=late, forecasts=True)}
        here = [replace(s, forecast=expected.get(s.target)) for s in here]
    below = board.below(scope=wanted.scope, division=wanted.division, on=on)
    below = {code: found for code, found in below.items() if found}
    here, below = _fit_to_leave(here, below)
    return Board(wanted, here, below, regions.division_names([wanted.division, *below]))


def _fit_to_leave(
    here: list[Standing], below: dict[str, list[Standing]]
) -> tuple[list[Standing], dict[str, list[Standing]]]:
    """Small numbers of people, and what would give them away, taken out: a paper leaves the house."""
    catalogue = Catalogue.load().indicators
    places = {code: {s.target: s for s in found} for code, found in below.items()}
    whole = {s.target: s for s in here}
    for target, standing in list(whole.items()):
        indicator = catalogue.get(standing.promise.indicator)
        if indicator is None or indicator.suppress_below is None or standing.numerator is None:
            continue
        codes = [code for code, found in places.items() if target in found]
        values = [_value(places[code][target]) for code in codes]
        cells = withholding.fit_to_leave(indicator, _value(standing), values, exact=False)
        if cells[0].withheld:
            whole[target] = _withheld(standing)
        for code, cell in zip(codes, cells[1:], strict=True):
            if cell.withheld:
                places[code][target] = _withheld(places[code][target])
    return list(whole.values()), {code: list(found.values()) for code, found in places.items()}


def fit_to_leave_one(s: Standing) -> Standing:
    """One standing alone, its small number of people taken out."""
    found = Catalogue.load().indicators.get(s.promise.indicator)
    if found is None or found.suppress_below is None or s.numerator is None:
        return s
    return _withheld(s) if withholding.fit_to_leave(found, _value(s), [], exact=False)[0].withheld else s


def _value(s: Standing) -> Value:
    day = s.on
    return Value(
        s.promise.indicator, Period(day, day), s.division, None, s.numerator, s.denominator, s.value, s.reason, s.flags,
        s.data_until,
    )  # fmt: skip


def _withheld(s: Standing) -> Standing:
    return replace(
        s, light="grey", value=None, numerator=None, denominator=None, expected=None, people=None, why=WITHHELD,
        value_text="—", fraction_text="", gap=0.0, moved=None, forecast=None,
    )  # fmt: skip


def written(s: Standing) -> str:
    """The value as a paper prints it: no blank before the unit, a minus that no line break parts from its digits."""
    return s.value_text.replace(" ", "").replace("-", "−", 1 if s.value_text.startswith("-") else 0)


def figure(s: Standing, text: str = "") -> Shown:
    """The value of a standing as written, with its line of the index."""
    made = entry(s, text)
    return Shown(made.text, made)


def entry(s: Standing, text: str = "") -> Entry:
    """The line of the index of one standing, its value without blanks: the same figure has one line."""
    start, end = counted_over(s)
    return Entry(
        what=f"{s.promise.metric}（{s.place}）",
        text=text or written(s),
        target=s.target,
        indicator=s.promise.indicator,
        division=s.division,
        value=s.value,
        unit=s.unit,
        numerator=s.numerator,
        denominator=s.denominator,
        as_of=s.on,
        until=s.data_until,
        start=start,
        end=end,
        source=SOURCES.get(s.promise.binding, ""),
        link=s.href,
    )


def counted_over(s: Standing) -> tuple[date | None, date | None]:
    """The first and last day the value of a standing was counted over; none for what is not computed."""
    found = Catalogue.load().indicators.get(s.promise.indicator)
    if found is None or s.value is None or found.period is None:
        return None, None
    running = results.measured_period(s.promise.indicator, s.deadline)
    period = refresh.told_to_date(found.period, min(running.end, s.on, results.data_until() or s.on))
    return period.start, period.end


def month(s: Standing) -> str:
    """`10月` (`第3季度`) before the value of what is told by the month; else empty."""
    found = Catalogue.load().indicators.get(s.promise.indicator)
    start, _end = counted_over(s)
    if found is None or start is None or found.period not in refresh.WHOLE:
        return ""
    return f"{start.month}月" if found.period == "month" else f"第{(start.month + 2) // 3}季度"


def counted(text: str, what: str, *, board: Board, link: str = "") -> Shown:
    """A count of promises as written, with its line of the index."""
    made = Entry(
        what=what, text=text, division=board.wanted.division, value=float(text), as_of=board.on, until=board.until,
        source="由已确认规划的目标逐项判断后计数", link=link,
    )  # fmt: skip
    return Shown(text, made)


def noun(s: Standing) -> str:
    """What a promise counts, as a measure word: 人, 家, 例; of a number of things its own unit. Empty where the value is
    not made of subjects (shares of sums, surveys): how many are short cannot be said then."""
    found = Catalogue.load().indicators.get(s.promise.indicator)
    if found is None or s.denominator is None or not found.cohort:
        return numbers.unit(s.unit) if s.unit not in ("%", "‰") else ""
    return Catalogue.load().cohort_of(found).text.subject if found.kind == "ratio" else ""


def over(s: Standing) -> Period | None:
    """The period the value of a standing was counted over, as the worklists are kept."""
    return results.measured_period(s.promise.indicator, s.deadline) if s.promise.indicator else None


def goal(s: Standing) -> str:
    """`目标≥62%`; the sign of equality is left out."""
    text = s.promise_text.replace("= ", "").replace(" ", "")
    return f"目标{text}"
