"""Spans of calendar time as the norms say them: three months, two weeks, 10 % of the cycle."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

from luoshi.kernel.errors import InvalidValue

_UNITS = {"day": (0, 1), "week": (0, 7), "month": (1, 0), "quarter": (3, 0), "year": (12, 0)}
_TEXT = re.compile(r"(-?\d+)\s+(day|week|month|quarter|year)s?")


@dataclass(frozen=True)
class Span:
    """So many months and days. Months keep the day of the month, or its last where there is none (31 January + 1 month
    is 28 February)."""

    months: int = 0
    days: int = 0

    def after(self, start: date, times: int = 1) -> date:
        """The day that lies `times` spans after `start`, always counted from `start`, so that ends do not creep."""
        if not self.months:
            return start + timedelta(days=self.days * times)
        year, month = divmod(start.year * 12 + start.month - 1 + self.months * times, 12)
        day = start.day
        if day > 28:
            day = min(day, calendar.monthrange(year, month + 1)[1])
        found = date(year, month + 1, day)
        return found + timedelta(days=self.days * times) if self.days else found

    @property
    def length(self) -> int:
        """About how many days."""
        return self.days + round(self.months * 30.4375)


def span(text: Any) -> Span:
    """`3 months`, `2 weeks`, `42 days`. Raises `InvalidValue`."""
    if isinstance(text, Span):
        return text
    if match := _TEXT.fullmatch(str(text).strip()):
        months, days = _UNITS[match[2]]
        return Span(months * int(match[1]), days * int(match[1]))
    raise InvalidValue(f"{text!r} is no span of time.", todo="Write it like `3 months` or `14 days`.")


def _span(text: Any) -> Span:
    try:
        return span(text)
    except InvalidValue as error:
        raise ValueError(str(error)) from error


SpanText = Annotated[Span, BeforeValidator(_span)]


def _margin(value: Any) -> float:
    """Days as they are (14), or a share of the cycle (`15%` gives -0.15)."""
    text = str(value).strip()
    if text.endswith("%"):
        share = float(text[:-1]) / 100
        if not 0 <= share < 0.5:
            raise ValueError("a window takes less than half of the cycle on each side")
        return -share
    days = float(text)
    if days < 0:
        raise ValueError("a window is no negative number of days")
    return days


Margin = Annotated[float, BeforeValidator(_margin)]


def margin(value: float, cycle: int) -> timedelta:
    """What a `Margin` is for a cycle of so many days."""
    return timedelta(days=int(value if value >= 0 else -value * cycle))
