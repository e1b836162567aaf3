"""When each record reached the platform, and the region as it was believed to be at an earlier moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from luoshi.kernel.clock import CHINA
from luoshi.simulate import codes
from luoshi.simulate.chance import NEVER, Floats, Ints, chance
from luoshi.simulate.city import Region
from luoshi.simulate.journal import SHAPE, Journal
from luoshi.simulate.people import People

_SYSTEM_BEGAN = 17_000  # 2016-07-18: who lived then was known from that day
_FIVE_O_CLOCK, _SIX_O_CLOCK = 1020, 1080
_ROWS = 15_000  # worked on at a time, so that all stays near the processor: rounds of the 300 minutes of an evening
_MINUTES = _SIX_O_CLOCK + np.arange(_ROWS) * 13 % 300
_FAR = 1 << 30  # a day nobody asks about


def arrivals(region: Region, table: str) -> Ints:
    """The minute (since 1970, Chinese time) each row of `table`, or each of the people (`person`), became known.

    Most records come in the evening of the same day or within the week, one in twelve ten to seventy-seven days late,
    none after the last day told. People are known when they are born, before any record about them.
    """
    if table == "person":
        first = np.minimum(np.maximum(region.people.birth, _SYSTEM_BEGAN), region.span.end)
        return np.asarray(first * 1440 + _FIVE_O_CLOCK, dtype=np.int64)
    rows = region.journal.columns(table)
    days = rows["at"] if table == "milestone" else rows["day"] if "day" in rows else rows["start_day"]
    draw, count = chance(region.seed, f"received:{table}"), len(days)
    minute, late = np.empty(count, np.int64), np.empty(count, np.bool_)
    pieces = [slice(low, min(low + _ROWS, count)) for low in range(0, count, _ROWS)]
    for at in pieces:
        minute[at] = _days_late(draw.random(at.stop - at.start))
    for at in pieces:
        np.less(draw.random(at.stop - at.start), 1 / 12, out=late[at])
    for at in pieces:
        lag, day = minute[at], days[at]
        np.copyto(lag, draw.integers(10, 78, len(lag)), where=late[at])
        lag += np.maximum(day // 86_400 if table == "milestone" else day, region.span.end - 700)
        np.minimum(lag, region.span.end, out=lag)
        lag *= 1440
        lag += _MINUTES[: len(lag)]
    return minute


def _days_late(drawn: Floats) -> NDArray[np.int8]:
    """What `Generator.geometric(0.55) - 1` makes of these numbers, at most 6."""
    days = np.zeros(len(drawn), np.int8)
    share = reached = 0.55
    for _ in range(6):
        days += drawn > reached
        share *= 1 - 0.55
        reached += share
    return days


def believed(region: Region, at: datetime) -> Region:
    """The region with only what had arrived by `at` (an instant with zone): the rest did not happen, was not born.

    Row numbers of visits and episodes stay as they are, since other rows refer to them.
    """
    minute = (at.astimezone(CHINA).replace(tzinfo=None) - datetime(1970, 1, 1)) // timedelta(minutes=1)  # noqa: DTZ001
    journal = Journal()
    for table in SHAPE:
        rows = dict(region.journal.columns(table))
        known = arrivals(region, table) <= minute
        if table == "visit":
            rows["status"] = np.where(known, rows["status"], codes.VISIT_STATES.index("cancelled"))
        elif table == "episode":
            rows["start_day"] = np.where(known, rows["start_day"], _FAR)
            rows["end_day"] = np.where(known, rows["end_day"], NEVER)
        else:
            rows = {name: column[known] for name, column in rows.items()}
        journal.add(table, **rows)
    people = People(**vars(region.people))
    unborn = arrivals(region, "person") > minute
    people.birth = np.where(unborn, _FAR, people.birth)
    people.death = np.where(unborn, NEVER, people.death)
    return replace(region, people=people, journal=journal)
