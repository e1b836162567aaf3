"""Chronic lung disease, elderly people in need of care, screenings of patients and of the old, and those of pupils."""

from __future__ import annotations

import numpy as np

from luoshi.simulate import codes, profile
from luoshi.simulate.chance import NEVER, Span, age_on, by_age, chance
from luoshi.simulate.chronic import Panel, enrol, how, rounds, weekday
from luoshi.simulate.geography import Geography
from luoshi.simulate.journal import Journal
from luoshi.simulate.people import FEMALE, People


def lungs(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> None:
    """The panel of chronic obstructive lung disease and its visits."""
    draw = chance(seed, "copd")
    known = by_age(age_on(people.birth, span.start), [39, 40, 60, 75, 95], [0, 0.004, 0.02, 0.04, 0.03])
    person = np.flatnonzero(draw.random(len(people)) < known)
    panel = enrol("copd", person, people, where, journal, span, draw, new=0.3, lost=0.03)
    journal.conditions("J44", person=panel.person, day=panel.start)
    county = where.village_county[people.village[panel.person]]
    row, day = rounds(panel, profile.uptake("dm-visit", county, people.care[panel.person]) - 0.12, span, draw)
    journal.visits(
        "copd-visit", mode=how(len(row), draw, phone=0.1, home=0.1), person=panel.person[row], day=day,
        institution=where.serving[people.village[panel.person[row]]], episode=panel.episode[row],
    )  # fmt: skip


def care(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> None:
    """The old who need care: assessed on application, then visited at home by the centre."""
    draw = chance(seed, "disability")
    known = by_age(age_on(people.birth, span.start), [64, 65, 75, 85, 95], [0, 0.02, 0.06, 0.16, 0.3])
    person = np.flatnonzero(draw.random(len(people)) < known)
    panel = enrol("disability", person, people, where, journal, span, draw, new=0.25, lost=0.02)
    person = panel.person
    centre = where.centre[where.village_township[people.village[person]]]
    county = where.village_county[people.village[person]]
    row, day = rounds(panel, profile.uptake("smd-visit", county, people.care[person]) - 0.35, span, draw)
    journal.visits(
        "home-care",
        cls="HH",
        mode="home",
        person=person[row],
        day=day,
        institution=centre[row],
        episode=panel.episode[row],
    )
    asks = np.flatnonzero((panel.start >= span.start) | (draw.random(len(person)) < 0.25))
    asked = np.maximum(panel.start[asks], span.start + draw.integers(0, 600, len(asks)))
    wait = np.where(draw.random(len(asks)) < 0.86, draw.integers(5, 31, len(asks)), draw.integers(31, 80, len(asks)))
    fits = asked <= panel.stop[asks]
    asks, asked, wait = asks[fits], asked[fits], wait[fits]
    over = asked + wait <= panel.stop[asks]
    journal.visits(
        "ltc-assessment", cls="HH", mode="home", person=person[asks], day=asked, institution=centre[asks],
        end_day=np.where(over, asked + wait, NEVER), length=-1, status=np.where(over, 0, 1),
    )  # fmt: skip


def complications(people: People, where: Geography, journal: Journal, span: Span, seed: int, panel: Panel) -> None:
    """The yearly look at eyes, kidneys and feet of managed patients with diabetes."""
    draw = chance(seed, "complications")
    county = where.village_county[people.village[panel.person]]
    centre = where.centre[where.village_township[people.village[panel.person]]]
    for begin in (span.start, span.year_start):
        day = weekday(begin + 40 + draw.integers(0, 280, len(panel.person)), draw)
        does = draw.random(len(day)) < profile.uptake("dm-visit", county, people.care[panel.person]) - 0.4
        at = np.flatnonzero(does & (day >= panel.start) & (day <= panel.stop))
        journal.procedures("dm-complication-screen", person=panel.person[at], day=day[at], institution=centre[at])


def minds(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> None:
    """The screening of cognition of those aged 65 or more, once a year."""
    draw = chance(seed, "cognition")
    old = np.flatnonzero(age_on(people.birth, span.end) >= 65)
    last = people.last_day(span)[old]
    centre = where.centre[where.village_township[people.village[old]]]
    share = profile.uptake("checkup-elderly", where.village_county[people.village[old]], people.care[old]) - 0.25
    for begin in (span.start, span.year_start):
        day = weekday(begin + 60 + draw.integers(0, 230, len(old)), draw)
        at = np.flatnonzero((draw.random(len(old)) < share) & (day <= last))
        journal.procedures("cognition-screen", person=old[at], day=day[at], institution=centre[at])


def pupils(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> None:
    """The yearly check-up at school from 6 to 17: eyes; teeth at 12; tuberculosis from 12 on."""
    draw = chance(seed, "school")
    young = np.flatnonzero((people.birth > span.start - 18 * 366) & (people.birth <= span.end - 6 * 365))
    last = people.last_day(span)[young]
    centre = where.centre[where.village_township[people.village[young]]]
    for begin in (span.start, span.year_start):
        day = begin + 70 + draw.integers(0, 210, len(young))
        age = age_on(people.birth[young], day)
        comes = (draw.random(len(young)) < 0.94) & (day <= last) & (age >= 6) & (age < 18)
        at = np.flatnonzero(comes)
        visit = journal.visits("school-checkup", mode="face", person=young[at], day=day[at], institution=centre[at])
        short = draw.random(len(at)) < by_age(age[at], [6, 9, 12, 15, 18], [0.12, 0.35, 0.58, 0.71, 0.8])
        journal.observations(
            "myopia", person=young[at], day=day[at], value=short * 1.0, visit=visit, institution=centre[at]
        )
        twelve = np.flatnonzero(age[at] == 12)
        journal.observations(
            "caries", person=young[at][twelve], day=day[at][twelve], value=(draw.random(len(twelve)) < 0.37) * 1.0,
            visit=visit[twelve], institution=centre[at][twelve],
        )  # fmt: skip
        screened = np.flatnonzero((age[at] >= 12) & (draw.random(len(at)) < 0.93))
        journal.procedures(
            "tb-screening", person=young[at][screened], day=day[at][screened], visit=visit[screened],
            institution=centre[at][screened],
        )  # fmt: skip
    # Girls of 13 and 14 are offered the vaccine against cervical cancer, two doses half a year apart.
    girl = np.flatnonzero(
        (people.sex == FEMALE) & (people.birth > span.start - 15 * 366) & (people.birth <= span.end - 13 * 365)
    )
    last = people.last_day(span)[girl]
    centre = where.centre[where.village_township[people.village[girl]]]
    first = people.birth[girl] + 13 * 365 + 10 + draw.integers(0, 330, len(girl))
    has = (draw.random(len(girl)) < 0.78) & (first <= last)
    vaccine = codes.VACCINES.index("HPV")
    journal.add("immunization", person=girl[has], vaccine=vaccine, dose=1, day=first[has], institution=centre[has])
    second = first + draw.integers(175, 260, len(girl))
    has &= (draw.random(len(girl)) < 0.9) & (second <= last)
    journal.add("immunization", person=girl[has], vaccine=vaccine, dose=2, day=second[has], institution=centre[has])
