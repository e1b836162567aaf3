"""Days as whole numbers and chance by topic: what every module of the simulator draws with.

A day is the number of days since 1970-01-01, so whole columns of days are plain integer arrays.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date, timedelta

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


def as_date(number: int) -> date:
    """The date of a day number."""
    return EPOCH + timedelta(days=int(number))


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


def add_months(day: Ints, months: int | Ints) -> Ints:
    """`day` moved on by whole months, held at the last day of a shorter month (31 January + 1 month = 28 February)."""
    whole = day.astype("datetime64[D]").astype("datetime64[M]")
    of_month = day - whole.astype("datetime64[D]").astype(np.int64)
    target = whole + np.asarray(months, dtype=np.int64).astype("timedelta64[M]")
    first = target.astype("datetime64[D]").astype(np.int64)
    length = (target + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64) - first
    return np.asarray(first + np.minimum(of_month, length - 1), dtype=np.int64)


def age_on(birth: Ints, day: int | Ints) -> Ints:
    """Completed years of age on `day` (29 February counts as 1 March in other years)."""
    when = np.broadcast_to(np.asarray(day, dtype=np.int64), birth.shape)
    years = when.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) - birth.astype(
        "datetime64[D]"
    ).astype("datetime64[Y]").astype(np.int64)
    month_day = _month_day(when) - _month_day(birth)
    return np.asarray(years - (month_day < 0), dtype=np.int64)


def _month_day(day: Ints) -> Ints:
    of_day = day.astype("datetime64[D]")
    month = of_day.astype("datetime64[M]")
    return np.asarray(
        month.astype(np.int64) % 12 * 32 + (of_day - month.astype("datetime64[D]")).astype(np.int64), dtype=np.int64
    )
