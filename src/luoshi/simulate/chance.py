"""Days as whole numbers and chance by topic: what every module of the simulator draws with.

A day is the number of days since 1970-01-01, so whole columns of days are plain integer arrays.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

EPOCH = date(1970, 1, 1)
NEVER = -(1 << 40)
"""The day of what did not happen: before every real day."""


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


@cache
def as_date(number: int) -> date:
    """The date of a day number."""
    return EPOCH + timedelta(days=int(number))


@cache
def iso(number: int) -> str:
    """The date of a day number as registers write it, such as 2025-10-31."""
    return as_date(number).isoformat()


def chance(seed: int, topic: str) -> np.random.Generator:
    """The source of randomness of one topic: a change in one topic leaves the draws of all others as they were."""
    return np.random.default_rng([seed, zlib.crc32(topic.encode())])


@dataclass(frozen=True)
class Span:
    """The days a region is told for. `start` is 1 January of the year before the last; `end` (`as_of`) the last day.

    `year` is the calendar year to date; `mch` the maternal-child year (1 October to 30 September) that is complete by
    `end`, or the running one before the first can be complete.
    """

    as_of: date

    @property
    def start(self) -> int:
        """First day that services are told for."""
        return day_number(date(self.as_of.year - 1, 1, 1))

    @property
    def end(self) -> int:
        """Last day."""
        return day_number(self.as_of)

    @property
    def year_start(self) -> int:
        """1 January of the year of the last day."""
        return day_number(date(self.as_of.year, 1, 1))

    @property
    def mch_year(self) -> int:
        """The maternal-child year that is counted."""
        return self.as_of.year

    @property
    def mch_start(self) -> int:
        """Its first day."""
        return day_number(date(self.mch_year - 1, 10, 1))

    @property
    def mch_end(self) -> int:
        """Its last day, or the last day that is told when that comes first."""
        return min(self.end, day_number(date(self.mch_year, 9, 30)))


# The calendar as tables: year, month (0-11) and day of the month of every day from 1860 to 2159, and the first day of
# every month. Looking up is several times faster than taking numpy's dates apart.
_FIRST_YEAR, _LAST_YEAR = 1860, 2160
_ALL = np.arange(f"{_FIRST_YEAR}-01-01", f"{_LAST_YEAR}-01-01", dtype="datetime64[D]")
_OFFSET = -int(_ALL[0].astype(np.int64))
_MONTH_INDEX = _ALL.astype("datetime64[M]").astype(np.int64) + (1970 - _FIRST_YEAR) * 12
_MONTH_FIRST = (
    np.arange(f"{_FIRST_YEAR}-01", f"{_LAST_YEAR}-02", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int64)
)
_DAY_OF_MONTH = np.arange(len(_ALL)) - _OFFSET - _MONTH_FIRST[_MONTH_INDEX]


_FEW = 1 << 15  # below so many rows a table of all days costs more than it saves


def _by_day(day: Ints, told: Callable[[Ints], Ints]) -> Ints:
    """What `told` says of each day, asked once for every day between the first and the last."""
    if len(day) < _FEW:
        return told(day)
    low, high = int(day.min()), int(day.max())
    return np.asarray(told(np.arange(low, high + 1))[day - low], dtype=np.int64)


def add_months(day: Ints, months: int | Ints) -> Ints:
    """`day` moved on by whole months, held at the last day of a shorter month (31 January + 1 month = 28 February).

    Works on whole columns of days from 1860 to 2159.
    """

    def moved(day: Ints) -> Ints:
        target = _MONTH_INDEX[day + _OFFSET] + months
        first = _MONTH_FIRST[target]
        length = _MONTH_FIRST[target + 1] - first
        return np.asarray(first + np.minimum(_DAY_OF_MONTH[day + _OFFSET], length - 1), dtype=np.int64)

    return _by_day(day, moved) if isinstance(months, int) else moved(day)


def age_on(birth: Ints, day: int | Ints) -> Ints:
    """Completed years of age on `day` (who is born on 29 February completes a year on 1 March in other years)."""
    when = np.asarray(day, dtype=np.int64) + _OFFSET

    def age(birth: Ints) -> Ints:
        born = birth + _OFFSET
        months = _MONTH_INDEX[when] - _MONTH_INDEX[born] - (_DAY_OF_MONTH[when] < _DAY_OF_MONTH[born])
        return np.asarray(months // 12, dtype=np.int64)

    return _by_day(birth, age) if isinstance(day, int) else age(birth)


def by_age(age: Ints, ages: Sequence[float], values: Sequence[float]) -> Floats:
    """What holds at each completed year of age, on straight lines between `values` at `ages`."""
    low, high = (int(age.min()), int(age.max())) if len(age) else (0, 0)
    return np.asarray(np.interp(np.arange(low, high + 1), ages, values)[age - low], dtype=np.float64)
