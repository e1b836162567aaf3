"""When each record reached the platform, and the region as it was believed to be at an earlier moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from luoshi.kernel.clock import CHINA
from luoshi.simulate import codes
from luoshi.simulate.chance import NEVER, Ints, chance
from luoshi.simulate.city import Region
from luoshi.simulate.journal import SHAPE, Journal
from luoshi.simulate.people import People

_SYSTEM_BEGAN = 17_000  # 2016-07-18: who lived then was known from that day
_FIVE_O_CLOCK, _SIX_O_CLOCK = 1020, 1080
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
    day = rows["at"] // 86_400 if table == "milestone" else rows["day"] if "day" in rows else rows["start_day"]
    draw = chance(region.seed, f"received:{table}")
    lag = np.minimum(draw.geometric(0.55, len(day)) - 1, 6)
    late = draw.random(len(day)) < 1 / 12
    np.copyto(lag, draw.integers(10, 78, len(day)), where=late)
    lag += np.maximum(day, region.span.end - 700)
    minute = np.minimum(lag, region.span.end, out=lag)
    minute *= 1440
    minute += _SIX_O_CLOCK + np.resize(np.arange(300) * 13 % 300, len(day))
    return np.asarray(minute, dtype=np.int64)


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
