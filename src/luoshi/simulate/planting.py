"""Making some workers of a region invent their records, and others merely odd, so that methods can be tried on them.

`plant` changes the events of a region that was invented honestly; nothing else in the simulator knows of it, so without
planting the same bytes come out as ever. Some units are given a *scheme*, a way records are made up at the desk; others a
*habit*, a way honest work looks unusual (rounding to ten, a Saturday clinic, an evening clinic, a busy campaign). Both
are told in the answer, and `planted.json` keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luoshi.kernel.errors import InvalidValue
from luoshi.simulate import codes
from luoshi.simulate.chance import NEVER, Ints, chance
from luoshi.simulate.city import Region
from luoshi.simulate.journal import SHAPE, Journal
from luoshi.simulate.people import People

Columns = dict[str, NDArray[Any]]
Draw = np.random.Generator
# A unit with fewer readings or visits than this is left alone: no method could tell.
LEAST_READINGS, LEAST_VISITS = 80, 80
_DESK = tuple(codes.SERVICES.index(s) for s in ("htn-visit", "dm-visit", "checkup", "tcm-elderly", "smd-visit"))


@dataclass(frozen=True)
class Planted:
    """What was done: institution code → scheme, and institution code → honest habit."""

    schemes: Mapping[str, str]
    habits: Mapping[str, str]

    def plain(self) -> dict[str, dict[str, str]]:
        """As `planted.json` says it."""
        return {"schemes": dict(sorted(self.schemes.items())), "habits": dict(sorted(self.habits.items()))}


@dataclass
class _Unit:
    """One institution's rows in the changed columns."""

    region: Region
    visit: Columns
    cuff: Columns
    phone: Ints
    visits: Ints
    readings: Ints
    place: int
    draw: Draw
    ghosts: list[Columns]

    def move(self, rows: Ints, days: Ints) -> None:
        """Put visits on other days, their readings with them; nobody is visited before birth or after the last day."""
        moved = np.maximum(days, self.region.people.birth[self.visit["person"][rows]])
        moved = np.minimum(moved, self.region.span.end)
        self.visit["day"][rows] = moved
        self.visit["end_day"][rows] = np.where(self.visit["end_day"][rows] == NEVER, NEVER, moved)
        of = np.full(len(self.visit["day"]), NEVER, np.int64)
        of[rows] = moved
        linked = self.readings[self.cuff["visit"][self.readings] >= 0]
        days_of = of[self.cuff["visit"][linked]]
        hit = days_of != NEVER
        self.cuff["day"][linked[hit]] = days_of[hit]

    def in_order(self) -> list[Ints]:
        """The readings of each resident, oldest first."""
        person, day = self.cuff["person"][self.readings], self.cuff["day"][self.readings]
        order = self.readings[np.lexsort((day, person))]
        cuts = np.flatnonzero(np.diff(self.cuff["person"][order])) + 1
        return [np.asarray(part, dtype=np.int64) for part in np.split(order, cuts)]


def _invented(unit: _Unit) -> None:
    """Figures out of the head: round ones look invented, so they end in 2, 6 and 8."""
    rows = unit.readings
    for name, low, high, ends in (("systolic", 118, 150, (2, 6, 8)), ("diastolic", 68, 92, (2, 4, 8))):
        whole = unit.draw.integers(low // 10, high // 10 + 1, len(rows)) * 10
        unit.cuff[name][rows] = whole + unit.draw.choice(ends, len(rows), p=(0.35, 0.3, 0.35))


def _carried(unit: _Unit) -> None:
    """Each resident's figures are those of the visit before, five times in six."""
    for rows in unit.in_order():
        for before, now in pairwise(rows):
            if unit.draw.random() < 5 / 6:
                unit.cuff["systolic"][now] = unit.cuff["systolic"][before]
                unit.cuff["diastolic"][now] = unit.cuff["diastolic"][before]


def _stepped(unit: _Unit) -> None:
    """Each resident gets a little better every time, by the same step."""
    for rows in unit.in_order():
        step = int(unit.draw.choice((-4, -2, 2)))
        unit.cuff["systolic"][rows] = unit.cuff["systolic"][rows[0]] + step * np.arange(len(rows))
        unit.cuff["diastolic"][rows] = np.minimum(unit.cuff["diastolic"][rows], unit.cuff["systolic"][rows] - 15)


def _copied(unit: _Unit) -> None:
    """One resident's figures are written for most of those of the day; the days are few, as a desk fills forms."""
    rows = unit.readings[unit.cuff["visit"][unit.readings] >= 0]
    visits = np.unique(unit.cuff["visit"][rows])
    unit.move(visits, unit.visit["day"][visits] // 14 * 14 + 2)
    days = unit.cuff["day"][unit.readings]
    for day in np.unique(days):
        same = unit.readings[days == day]
        copies = same[unit.draw.random(len(same)) < 0.8]
        if len(copies) > 1:
            unit.cuff["systolic"][copies] = unit.cuff["systolic"][copies[0]]
            unit.cuff["diastolic"][copies] = unit.cuff["diastolic"][copies[0]]


def _dead(unit: _Unit) -> Ints:
    """Residents of the unit who died at least four months before the last day, within the told days."""
    people = unit.region.people
    mine = unit.region.where.serving[people.village] == unit.place
    span = unit.region.span
    return np.flatnonzero(mine & (people.death >= span.start) & (people.death < span.end - 120))


def _ghosts(unit: _Unit) -> None:
    """Residents who died go on being visited every month."""
    people = unit.region.people
    for person in _dead(unit):
        days = np.arange(people.death[person] + 20, unit.region.span.end, 30)
        if len(days):
            template = {name: np.repeat(column[unit.visits[:1]], len(days)) for name, column in unit.visit.items()}
            template["person"] = np.full(len(days), person, np.int64)
            template["day"] = template["end_day"] = days.astype(np.int64)
            template["service"] = np.full(len(days), codes.SERVICES.index("htn-visit"), np.int64)
            template["mode"] = np.full(len(days), codes.MODES.index("face"), np.int64)
            template["episode"] = template["part_of"] = np.full(len(days), -1, np.int64)
            template["status"] = np.zeros(len(days), np.int64)
            unit.ghosts.append(template)


def _nightly(unit: _Unit) -> None:
    """Two visits in three are entered as they are written up: between eleven at night and one."""
    rows = unit.visits[unit.draw.random(len(unit.visits)) < 2 / 3]
    minute = unit.draw.integers(0, 120, len(rows))
    unit.visit["minute"][rows] = np.where(minute < 60, 1380 + minute, minute - 60)


def _sundays(unit: _Unit) -> None:
    """Half of the visits are written up on the last Sunday of the quarter, a pile at a time."""
    rows = unit.visits[unit.draw.random(len(unit.visits)) < 0.5]
    quarter_end = unit.visit["day"][rows] // 91 * 91 + 90
    unit.move(rows, quarter_end - (quarter_end + 4) % 7)  # 1970-01-01 was a Thursday


def _piled(unit: _Unit) -> None:
    """Most visits of a year are written up on a few days, each far too short for them."""
    rows = unit.visits[unit.draw.random(len(unit.visits)) < 0.9]
    last = unit.region.span.end
    piles = last - unit.draw.integers(30, 600, max(1, len(rows) // 260)) // 7 * 7
    unit.move(rows, unit.draw.choice(piles, len(rows)))


def _telephones(unit: _Unit) -> None:
    """Two telephone numbers stand for a third of the residents."""
    mine = np.flatnonzero(unit.region.where.serving[unit.region.people.village] == unit.place)
    chosen = mine[unit.draw.random(len(mine)) < 1 / 3]
    unit.phone[chosen] = unit.draw.choice(unit.draw.integers(0, 100_000_000, 2), len(chosen))


def _rounding(to: int) -> Callable[[_Unit], None]:
    def habit(unit: _Unit) -> None:
        for name in ("systolic", "diastolic"):
            unit.cuff[name][unit.readings] = (unit.cuff[name][unit.readings] + to // 2) // to * to

    return habit


def _saturdays(unit: _Unit) -> None:
    """An honest Saturday clinic: a third of the visits, each week's on its Saturday."""
    rows = unit.visits[unit.draw.random(len(unit.visits)) < 1 / 3]
    day = unit.visit["day"][rows]
    unit.move(rows, day - (day + 3) % 7 + 5)


def _evenings(unit: _Unit) -> None:
    """An honest evening clinic, from six to half past nine."""
    rows = unit.visits[unit.draw.random(len(unit.visits)) < 0.5]
    unit.visit["minute"][rows] = unit.draw.integers(1080, 1290, len(rows))


def _campaigns(unit: _Unit) -> None:
    """Honest campaigns: a quarter of the visits on one Wednesday of the quarter, never more than a day holds."""
    rows = unit.visits[unit.draw.random(len(unit.visits)) < 0.25]
    day = unit.visit["day"][rows] // 91 * 91 + 34
    day = day - (day + 3) % 7 + 2
    # Twenty-four a day; the rest come the weeks after.
    order = np.argsort(day, kind="stable")
    place = np.arange(len(rows)) - np.searchsorted(day[order], day[order])
    late = np.zeros(len(rows), np.int64)
    late[order] = place // 24 * 7
    unit.move(rows, day + late)


SCHEMES: dict[str, Callable[[_Unit], None]] = {
    "invented-figures": _invented, "carried-forward": _carried, "even-steps": _stepped, "copied-that-day": _copied,
    "ghosts": _ghosts, "at-night": _nightly, "sunday-piles": _sundays, "one-day-piles": _piled,
    "shared-phones": _telephones,
}  # fmt: skip
HABITS: dict[str, Callable[[_Unit], None]] = {
    "rounds-to-ten": _rounding(10), "rounds-to-five": _rounding(5), "rounds-to-two": _rounding(2),
    "saturday-clinic": _saturdays, "evening-clinic": _evenings, "campaigns": _campaigns,
}  # fmt: skip


def plant(region: Region, share: float, *, habits: float = 0.0, seed: int | None = None) -> tuple[Region, Planted]:
    """`region` in which the given share of the units that do follow-up invent records, and another share has an honest
    but unusual habit. Schemes and habits come in turn. The same arguments give the same region.

    Raises `InvalidValue` for shares outside 0 to 1 or adding up to more than 1.
    """
    if not (0 <= share <= 1 and 0 <= habits <= 1 and share + habits <= 1):
        raise InvalidValue("Shares lie between 0 and 1 and do not add up to more.", todo="Use, say, 0.1.")
    draw = chance(region.seed if seed is None else seed, "planting")
    visit = {name: column.copy() for name, column in region.journal.columns("visit").items()}
    cuff = {name: column.copy() for name, column in region.journal.columns("pressure").items()}
    people = People(**vars(region.people))
    people.phone = people.phone.copy()
    desk = np.isin(visit["service"], _DESK)
    places = np.unique(region.where.serving)
    visits_of = np.bincount(visit["institution"][desk], minlength=len(region.where.institutions))
    known = cuff["institution"] >= 0
    readings_of = np.bincount(cuff["institution"][known], minlength=len(region.where.institutions))
    fit = places[(visits_of[places] >= LEAST_VISITS) & (readings_of[places] >= LEAST_READINGS)]
    fit = draw.permutation(fit)
    bad, odd = round(share * len(fit)), round(habits * len(fit))
    schemes: dict[str, str] = {}
    kept: dict[str, str] = {}
    ghosts: list[Columns] = []
    first = int(draw.integers(0, len(SCHEMES)))
    for number, place in enumerate(fit[: bad + odd]):
        rows = np.flatnonzero(desk & (visit["institution"] == place))
        readings = np.flatnonzero(cuff["institution"] == place)
        unit = _Unit(region, visit, cuff, people.phone, rows, readings, int(place), draw, ghosts)
        code = region.where.institutions[int(place)].code
        if number < bad:
            name = list(SCHEMES)[(number + first) % len(SCHEMES)]
            if name == "ghosts" and not len(_dead(unit)):
                name = "invented-figures"  # nobody to visit after death
            SCHEMES[name](unit)
            schemes[code] = name
        else:
            name = list(HABITS)[(number - bad) % len(HABITS)]
            HABITS[name](unit)
            kept[code] = name
    journal = Journal()
    for table in SHAPE:
        source = {"visit": visit, "pressure": cuff}.get(table, region.journal.columns(table))
        journal.add(table, **source)
    for extra in ghosts:
        journal.add("visit", **extra)
    return replace(region, people=people, journal=journal), Planted(schemes, kept)
