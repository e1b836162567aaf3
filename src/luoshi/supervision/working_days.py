"""Which days are worked: weekdays, less the holidays, plus the weekends worked instead (调休).

The days are data (`catalog/rules/working-days.yaml`), year by year as published. A year that is not published yet has
plain weekends; `provisional` tells whether an answer rests on such a year.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from typing import Literal

from pydantic import model_validator

from luoshi.catalog.loader import CATALOG, Entry, read_entry

ONE_DAY = timedelta(days=1)


class Holiday(Entry):
    """Days off, both ends counted, and the weekend days worked instead."""

    name: str
    name_en: str
    off: tuple[date, date]
    on: tuple[date, ...] = ()


class Year(Entry):
    """What was published for one year."""

    document: str
    published: date
    confidence: Literal["high", "medium", "low"]
    holidays: tuple[Holiday, ...]


class Calendar(Entry):
    """The whole file."""

    source: str
    years: dict[int, Year]

    @model_validator(mode="after")
    def _makes_sense(self) -> Calendar:
        for year, published in self.years.items():
            spans = sorted(holiday.off for holiday in published.holidays)
            if any(first > last or first.year != year for first, last in spans):
                raise ValueError(f"{year}: a holiday ends before it begins or lies in another year")
            if any(second[0] <= first[1] for first, second in pairwise(spans)):
                raise ValueError(f"{year}: two holidays overlap")
            for holiday in published.holidays:
                for day in holiday.on:
                    if day.weekday() < 5 or any(first <= day <= last for first, last in spans):
                        raise ValueError(f"{day} is worked anyway or a day off")
        return self


@dataclass(frozen=True)
class _Days:
    off: frozenset[date]
    on: frozenset[date]


def _between(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        yield first + n * ONE_DAY


@cache
def calendar() -> Calendar:
    """The published years. Raises `CatalogError` when the file is wrong."""
    return read_entry(CATALOG / "rules" / "working-days.yaml", Calendar)


@cache
def _days() -> _Days:
    holidays = [holiday for year in calendar().years.values() for holiday in year.holidays]
    return _Days(
        frozenset(day for holiday in holidays for day in _between(*holiday.off)),
        frozenset(day for holiday in holidays for day in holiday.on),
    )


def is_working_day(day: date) -> bool:
    """Whether offices work on `day`."""
    days = _days()
    return day in days.on or (day.weekday() < 5 and day not in days.off)


def add_working_days(day: date, count: int) -> date:
    """The `count`-th working day after `day` (0: `day` itself, or the next working day when it is none).

    The day something arrives does not count, as in 自收到之日起5个工作日内. Raises `ValueError` for a negative count.
    """
    if count < 0:
        raise ValueError("a term in working days is not negative")
    while count or not is_working_day(day):
        day += ONE_DAY
        if count and is_working_day(day):
            count -= 1
    return day


def working_days_between(start: date, end: date) -> int:
    """How many working days come after `start` up to and with `end`; negative when `end` lies before `start`."""
    if end < start:
        return -working_days_between(end, start)
    return sum(is_working_day(day) for day in _between(start + ONE_DAY, end)) if end > start else 0


def provisional(*days: date) -> bool:
    """Whether one of the days lies in a year whose days off are not known: plain weekends were taken."""
    return any(day.year not in calendar().years for day in days)
