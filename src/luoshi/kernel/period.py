"""Periods of measurement: calendar and maternal-child years, quarters, months, plan-to-date, single days.

A period is a closed range of days. The field counts in several calendars at once (facts of the field, period codes
CY, MCH, Q, PT, PLAN), so a period carries its kind and the label people know it by.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from luoshi.kernel.errors import InvalidValue

KINDS = ("calendar-year", "maternal-child-year", "quarter", "month", "day", "range")


@dataclass(frozen=True, order=True)
class Period:
    """A closed range of days, `start` and `end` both counted. `kind` is one of `KINDS`."""

    start: date
    end: date
    kind: str = "range"

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise InvalidValue(f"A period cannot end ({self.end}) before it starts ({self.start}).")
        if self.kind not in KINDS:
            raise InvalidValue(f"Unknown kind of period {self.kind!r}; known are {', '.join(KINDS)}.")

    @classmethod
    def calendar_year(cls, year: int) -> Period:
        """1 January to 31 December of `year`."""
        return cls(date(year, 1, 1), date(year, 12, 31), "calendar-year")

    @classmethod
    def maternal_child_year(cls, year: int) -> Period:
        """1 October of the year before to 30 September of `year`: the statistical year of maternal and child health."""
        return cls(date(year - 1, 10, 1), date(year, 9, 30), "maternal-child-year")

    @classmethod
    def month(cls, year: int, month: int) -> Period:
        """One calendar month."""
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return cls(date(year, month, 1), last, "month")

    @classmethod
    def quarter(cls, year: int, quarter: int) -> Period:
        """One calendar quarter, 1 to 4."""
        if quarter not in (1, 2, 3, 4):
            raise InvalidValue(f"There is no quarter {quarter}; use 1 to 4.")
        return cls(date(year, quarter * 3 - 2, 1), cls.month(year, quarter * 3).end, "quarter")

    @classmethod
    def rolling_year(cls, end: date) -> Period:
        """The twelve months that end with the month of `end`, up to `end`."""
        return cls(date(end.year - (end.month < 12), end.month % 12 + 1, 1), end)

    @classmethod
    def five_year_plan(cls, year: int) -> Period:
        """The five years of the national plan (五年规划) that `year` lies in: 2021 to 2025, 2026 to 2030."""
        first = year - (year - 1) % 5
        return cls(date(first, 1, 1), date(first + 4, 12, 31))

    @classmethod
    def day(cls, day: date) -> Period:
        """A single day, for what is counted at a point in time."""
        return cls(day, day, "day")

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read `2024`, `MCH2024`, `2024Q3`, `2024-05`, `2024-05-31` or `2024-01-01..2024-06-30`.

        Raises `InvalidValue` with the accepted forms when the text is none of them.
        """
        text = text.strip()
        try:
            if re.fullmatch(r"\d{4}", text):
                return cls.calendar_year(int(text))
            if m := re.fullmatch(r"MCH(\d{4})", text, re.IGNORECASE):
                return cls.maternal_child_year(int(m[1]))
            if m := re.fullmatch(r"(\d{4})-?Q([1-4])", text, re.IGNORECASE):
                return cls.quarter(int(m[1]), int(m[2]))
            if m := re.fullmatch(r"(\d{4})-(\d{2})", text):
                return cls.month(int(m[1]), int(m[2]))
            if m := re.fullmatch(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", text):
                return cls(date.fromisoformat(m[1]), date.fromisoformat(m[2]))
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
                return cls.day(date.fromisoformat(text))
        except ValueError as error:
            raise InvalidValue(f"{text!r} names a day that does not exist ({error}).") from error
        raise InvalidValue(
            f"{text!r} is no period.",
            todo="Use 2024, MCH2024, 2024Q3, 2024-05, 2024-05-31 or 2024-01-01..2024-06-30.",
        )

    @property
    def label(self) -> str:
        """The short name that `parse` reads back."""
        match self.kind:
            case "calendar-year":
                return f"{self.start.year}"
            case "maternal-child-year":
                return f"MCH{self.end.year}"
            case "quarter":
                return f"{self.start.year}Q{(self.start.month + 2) // 3}"
            case "month":
                return f"{self.start:%Y-%m}"
            case "day":
                return f"{self.start}"
        return f"{self.start}..{self.end}"

    @property
    def days(self) -> int:
        """Number of days, both ends counted."""
        return (self.end - self.start).days + 1

    def to_date(self, today: date) -> Period:
        """The part of the period that has passed by `today`, at least its first day; the kind becomes `range` if cut."""
        if today >= self.end:
            return self
        return Period(self.start, max(self.start, today), "range" if self.kind != "day" else "day")

    def share_elapsed(self, today: date) -> float:
        """Share of the days that have passed by the end of `today`, from 0 to 1."""
        return min(1.0, max(0.0, ((today - self.start).days + 1) / self.days))

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end
