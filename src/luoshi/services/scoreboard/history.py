"""What the same place did a year ago: the pace of the year, and where forecasts and changes start from."""

from __future__ import annotations

from datetime import date

from luoshi.indicators import Catalogue
from luoshi.indicators.forecast import Past
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import refresh, results
from luoshi.platform.lake.results import Value

TO_DATE = ("calendar-year-to-date", "maternal-child-year-to-date")
FEWEST_FOR_PACE = 100  # people a year ago, below which the days of the year are the better guide


def same_day(indicator: str, day: date, *, scope: Scope, division: str) -> Value:
    """The value to date as it stood on the same day a year before `day`."""
    rule = Catalogue.load().indicator(indicator).period
    return results.value(indicator, refresh.to_date(rule, refresh.a_year_before(day)), scope=scope, division=division)


def whole_year(indicator: str, day: date, *, scope: Scope, division: str) -> Value:
    """The value of the whole year (calendar or maternal-child) that held the same day a year before `day`."""
    rule = Catalogue.load().indicator(indicator).period
    return results.value(
        indicator, refresh.running_period(rule, refresh.a_year_before(day)), scope=scope, division=division
    )


def pace_of_last_year(indicator: str, day: date, *, scope: Scope, division: str) -> float | None:
    """The share (0 to 1) of last year's value that had come by the same day: the pace as it really goes.

    None for a place of fewer than `FEWEST_FOR_PACE` people then, where nothing was known, or nothing came.
    """
    end = whole_year(indicator, day, scope=scope, division=division)
    if not end.value or (end.denominator or 0) < FEWEST_FOR_PACE:
        return None
    part = same_day(indicator, day, scope=scope, division=division)
    return None if part.value is None else min(1.0, part.value / end.value)


def pasts(indicator: str, day: date, *, scope: Scope, division: str) -> tuple[Past | None, list[Past]]:
    """The place a year ago, and each of the places directly below it, those without both values left out."""
    rule = Catalogue.load().indicator(indicator).period
    before = refresh.a_year_before(day)
    own = _past(
        same_day(indicator, day, scope=scope, division=division),
        whole_year(indicator, day, scope=scope, division=division),
    )
    whole = results.children(indicator, refresh.running_period(rule, before), scope=scope, division=division)
    ends = {value.division: value for value in whole}
    below = results.children(indicator, refresh.to_date(rule, before), scope=scope, division=division)
    found = [_past(value, ends.get(value.division)) for value in below]
    return own, [past for past in found if past is not None]


def _past(part: Value, end: Value | None) -> Past | None:
    if end is None or part.value is None or end.value is None:
        return None
    return Past(part.value, end.value, end.denominator or 1.0)
