"""Check-ups of children by age, TCM for the youngest, eyes, blood, and immunisation by the schedule of the catalogue."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.simulate import codes, profile
from luoshi.simulate.chance import Ints, Span, add_months, chance, day_number
from luoshi.simulate.geography import Geography
from luoshi.simulate.journal import Journal
from luoshi.simulate.people import People

CHECK_AGES = (1, 3, 6, 8, 12, 18, 24, 30, 36, 48, 60, 72)
BLOOD_AGES = (8, 18, 30, 48, 60, 72)
EYE_AGES = (3, 12, 24, 36, 48, 60, 72)
TCM_AGES = (6, 12, 18, 24, 30, 36)


class Course(Entry):
    """One vaccine: `ages` in completed months of dose 1, 2, …"""

    vaccine: str
    ages: tuple[int, ...]
    note: str = ""


class Schedule(Entry):
    """The courses for children born from a day on."""

    births_from: date
    doses: tuple[Course, ...]


class Schedules(Entry):
    """`catalog/rules/immunisation-schedule.yaml`."""

    source: str
    confidence: str
    reviewed: dict[str, str | None]
    schedules: tuple[Schedule, ...]


@cache
def schedules() -> Schedules:
    """The immunisation schedules by date of birth. Raises `CatalogError` when the file is wrong."""
    return read_entry(CATALOG / "rules" / "immunisation-schedule.yaml", Schedules)


def doses() -> list[tuple[int, int, str, int, int]]:
    """Every dose: first and last day of birth it is meant for, vaccine, dose number, age in months."""
    known = schedules().schedules
    rows = []
    for place, schedule in enumerate(known):
        low = day_number(schedule.births_from)
        high = day_number(known[place + 1].births_from) - 1 if place + 1 < len(known) else 1 << 40
        for course in schedule.doses:
            rows += [(low, high, course.vaccine, n + 1, age) for n, age in enumerate(course.ages)]
    return rows


def _young(people: People, span: Span) -> Ints:
    """Everyone not yet seven on the first day told, or born since."""
    return np.flatnonzero(people.birth > span.start - 7 * 366)


def checks(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> None:
    """Child health check-ups within the told days, each near its age, with height, weight, haemoglobin and eyes."""
    draw = chance(seed, "child-checks")
    child = _young(people, span)
    last = people.last_day(span)[child]
    county = where.village_county[people.village[child]]
    centre = where.centre[where.village_township[people.village[child]]]
    keeps = profile.uptake("child-visit", county, people.care[child], 0.6)
    pale = draw.random(len(child)) < 0.07
    for age in CHECK_AGES:
        due = add_months(people.birth[child], age)
        day = due + np.where(
            draw.random(len(child)) < 0.93, draw.integers(0, 24, len(child)), draw.integers(24, 75, len(child))
        )
        comes = (draw.random(len(child)) < keeps) & (day >= span.start) & (day <= last)
        at = np.flatnonzero(comes)
        visit = journal.visits("child-visit", mode="face", person=child[at], day=day[at], institution=centre[at])
        months = age + 0.4
        height = np.round(50 + 25.5 * (1 - np.exp(-months / 9)) + 0.56 * months + draw.normal(0, 2.6, len(at)), 1)
        weight = np.round(
            np.clip(3.4 + 6.6 * (1 - np.exp(-months / 7)) + 0.19 * months + draw.normal(0, 0.9, len(at)), 2.4, 45), 1
        )
        for code, value in (("8302-2", height), ("29463-7", weight)):
            journal.observations(code, person=child[at], day=day[at], value=value, visit=visit, institution=centre[at])
        if age in BLOOD_AGES:
            has = draw.random(len(at)) < 0.9
            level = np.round(np.where(pale[at], draw.normal(106, 5, len(at)), draw.normal(121, 6, len(at))))
            journal.observations(
                "718-7", person=child[at][has], day=day[at][has], value=level[has], visit=visit[has],
                institution=centre[at][has],
            )  # fmt: skip
        if age in EYE_AGES:
            has = draw.random(len(at)) < profile.uptake("eye-check", county[at], people.care[child][at], 0.4)
            journal.procedures(
                "child-eye-check", person=child[at][has], day=day[at][has], visit=visit[has],
                institution=centre[at][has],
            )  # fmt: skip
        if age in TCM_AGES:
            has = draw.random(len(at)) < profile.uptake("tcm-child", county[at], people.care[child][at], 0.6)
            journal.visits(
                "tcm-child", mode="face", person=child[at][has], day=day[at][has], institution=centre[at][has]
            )


def immunise(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> None:
    """Every dose each child has had, since birth. Doses come at or after their age; a few late, a few never."""
    draw = chance(seed, "immunisation")
    child = _young(people, span)
    last = people.last_day(span)[child]
    centre = where.centre[where.village_township[people.village[child]]]
    refuses = draw.random(len(child)) < 0.006
    moved_in_late = draw.random(len(child)) < 0.02
    for low, high, vaccine, dose, age in doses():
        due = add_months(people.birth[child], age)
        delay = np.where(
            draw.random(len(child)) < np.where(moved_in_late, 0.5, 0.05),
            draw.integers(25, 240, len(child)),
            np.minimum(draw.geometric(0.12, len(child)) - 1, 40),
        )
        day = due + (np.minimum(delay, 1) if age == 0 else delay)
        meant = (people.birth[child] >= low) & (people.birth[child] <= high)
        gets = meant & ~refuses & (draw.random(len(child)) < 0.985 - 0.0009 * age**0.8) & (day <= last)
        at = np.flatnonzero(gets)
        put_off = np.flatnonzero(meant & ~gets & (draw.random(len(child)) < 0.25) & (due <= last))
        number = codes.VACCINES.index(vaccine)
        journal.add("immunization", person=child[at], vaccine=number, dose=dose, day=day[at], institution=centre[at])
        # A dose put off (illness, refusal) is written down as not done.
        journal.add(
            "immunization", person=child[put_off], vaccine=number, dose=dose, day=due[put_off],
            institution=centre[put_off], status=codes.DOSE_STATES.index("not-done"),
        )  # fmt: skip
