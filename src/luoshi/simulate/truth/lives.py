"""True answers about the length of lives and the growth of children: sums by age group, and children below the limits."""

from __future__ import annotations

import numpy as np

from luoshi.indicators.methods.growth import LYING_UNTIL, PLAUSIBLE, Measure, limit, tables
from luoshi.simulate import codes
from luoshi.simulate.chance import NEVER
from luoshi.simulate.truth.tally import Tally, years_before

LIFE_GROUPS = (0, 1, *range(5, 90, 5))


def count(tally: Tally) -> None:
    """Every indicator of this module."""
    _deaths(tally)
    _growth(tally)


def _deaths(tally: Tally) -> None:
    start, end = tally.ranges["CY"]
    people = tally.region.people
    alive = people.stays & (people.birth <= end) & ((people.death == NEVER) | (people.death >= start))
    person = np.flatnonzero(alive)
    birth, death = people.birth[person], people.death[person]
    died = (death >= start) & (death <= end) & (death != NEVER)
    until = np.where(death == NEVER, end, np.minimum(death, end))
    days = (until - np.maximum(birth, start) + 1).astype(np.float64)
    on = np.where(died, death, np.maximum(birth, start + (end - start) // 2))
    age = np.floor((on - birth) / 365.25).astype(np.int64)
    group = np.array(LIFE_GROUPS)[np.searchsorted(LIFE_GROUPS, age, "right") - 1]
    five = np.where(group < 5, 0, group)
    told = tally.findings("79378-6", None, end)
    cause = np.zeros(len(people), np.int64)
    cause[told["person"]] = told["answer"]
    words = np.array(["", *codes.ANSWERS[1:]])[cause[person]]
    letter, three = words.astype("U1"), words.astype("U3")
    vascular, cancer = died & (letter == "I"), died & (three >= "C00") & (three <= "C97")
    lung = died & (three >= "J30") & (three <= "J98")
    sugar = died & (three >= "E10") & (three <= "E14")
    known = died & (words != "")
    rows = tally.region.journal.columns("episode")
    ill = (
        (rows["program"] == codes.PROGRAMS.index("tuberculosis"))
        & (rows["start_day"] >= start)
        & (rows["start_day"] <= end)
    )
    tb = tally.flags(rows["person"][ill])[person]
    village = people.village[person]
    at, serving = tally.village_place[village], tally.region.where.serving[village]

    def put(name: str, above: object, below: object) -> None:
        tally.put(name, "CY", at, np.asarray(above) * 1.0, np.asarray(below) * 1.0, serving)

    for first in LIFE_GROUPS:
        put(f"life-expectancy-part-{first}", died & (group == first), days * (group == first))
    for first in range(30, 70, 5):
        mine = five == first
        put(f"premature-ncd-mortality-part-{first}", (vascular | cancer | lung | sugar) & mine, days * mine)
    for first in range(0, 90, 5):
        mine = five == first
        for name, events in (
            ("mortality-standardised", died), ("cvd-mortality-standardised", vascular),
            ("cancer-mortality-standardised", cancer), ("tb-incidence-standardised", tb),
        ):  # fmt: skip
            put(f"{name}-part-{first}", events & mine, days * mine)
    put("crude-mortality-part-all", died, days)
    put("resp-mortality-70-part-all", lung & (age <= 70), days * (age <= 70))
    put("death-cause-known", known, died)


def _growth(tally: Tally) -> None:
    """Heights and weights against the standard itself, not against the limits made from it."""
    start, end = tally.ranges["MCH"]
    people = tally.region.people
    young = people.resident(end) & (people.birth > years_before(end, 5))
    tall, heavy = tally.findings("8302-2", start, end), tally.findings("29463-7", start, end)
    height = tally.latest(tall["person"], tall["day"], tall["value"], highest=True)
    day = tally.latest(tall["person"], tall["day"], tall["day"], highest=True)
    weight = tally.latest(heavy["person"], heavy["day"], heavy["value"], highest=True)
    weighed = tally.latest(heavy["person"], heavy["day"], heavy["day"], highest=True)
    person = np.flatnonzero(young & ~np.isnan(height))
    found: dict[str, list[tuple[int, bool]]] = {
        name: [] for name in ("under5-stunting", "under5-underweight", "under5-wasting", "under5-overweight")
    }
    for one in person.tolist():
        sex, age = ("male", "female")[people.sex[one]], int(day[one] - people.birth[one])
        tenths = round(float(height[one]) * 10)
        together = weighed[one] == day[one]
        if age < len(tables()["length-for-age", sex].median):
            if _between("length-for-age", sex, age, height[one]):
                found["under5-stunting"].append((one, height[one] < limit("length-for-age", sex, age, -2)))
            if together and _between("weight-for-age", sex, age, weight[one]):
                found["under5-underweight"].append((one, weight[one] < limit("weight-for-age", sex, age, -2)))
        measure: Measure = "weight-for-length" if age < LYING_UNTIL else "weight-for-height"
        table = tables()[measure, sex]
        if together and 0 <= tenths - table.first < table.median.size:
            size = tenths / 10
            if _between(measure, sex, size, weight[one]):
                found["under5-wasting"].append((one, weight[one] < limit(measure, sex, size, -2)))
                found["under5-overweight"].append((one, weight[one] > limit(measure, sex, size, 2)))
    for name, answers in found.items():
        chosen = np.array([one for one, _ in answers], np.int64)
        tally.people(name, "MCH", chosen, np.array([yes for _, yes in answers], np.bool_))


def _between(measure: Measure, sex: str, at: float, value: float) -> bool:
    """Whether a measurement is plausible."""
    low, high = PLAUSIBLE[measure]
    return bool(limit(measure, sex, at, low) <= value <= limit(measure, sex, at, high))
