"""Programmes with few people and close watch: severe mental disorders, tuberculosis, HIV."""

from __future__ import annotations

import numpy as np

from luoshi.simulate import codes, profile
from luoshi.simulate.chance import NEVER, Ints, Span, age_on, by_age, chance
from luoshi.simulate.chronic import ACTIVE, FINISHED, enrol, how, rounds, weekday
from luoshi.simulate.geography import Geography
from luoshi.simulate.journal import Journal
from luoshi.simulate.people import MALE, People
from luoshi.simulate.wards import report


def severe_mental(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> Ints:
    """The panel of the six disorders: quarterly visits with adherence and stability. Answers the persons managed."""
    draw = chance(seed, "severe-mental")
    age = age_on(people.birth, span.start)
    known = by_age(age, [14, 18, 30, 50, 70, 90], [0, 0.002, 0.0055, 0.0075, 0.006, 0.003])
    person = np.flatnonzero(draw.random(len(people)) < known)
    panel = enrol("severe-mental", person, people, where, journal, span, draw, new=0.06, lost=0.04)
    person, county = panel.person, where.village_county[people.village[panel.person]]
    disorders = np.array([codes.DISEASES.index(c) for c in ("F20", "F25", "F22", "F31", "G40", "F70")])
    kind = disorders[draw.choice(6, len(person), p=[0.66, 0.03, 0.03, 0.1, 0.08, 0.1])]
    journal.conditions(kind, person=person, day=panel.start)
    row, day = rounds(panel, profile.uptake("smd-visit", county, people.care[person], 0.5), span, draw)
    serving = where.centre[where.village_township[people.village[person[row]]]]
    visit = journal.visits(
        "smd-visit", mode=how(len(row), draw, phone=0.12, home=0.3), person=person[row], day=day, institution=serving,
        minute=draw.integers(510, 1000, len(row)), episode=panel.episode[row],
    )  # fmt: skip
    steady = draw.random(len(person)) < 0.83
    u = draw.random(len(row))
    taken = np.where(
        steady[row], np.where(u < 0.95, 0, np.where(u < 0.99, 1, 2)), np.where(u < 0.3, 0, np.where(u < 0.75, 1, 2))
    )
    answers = np.array([codes.ANSWERS.index(a) for a in ("regular", "intermittent", "none")])
    asked = draw.random(len(row)) < 0.985
    journal.observations(
        "medication-adherence", person=person[row][asked], day=day[asked], answer=answers[taken][asked],
        visit=visit[asked], institution=serving[asked],
    )  # fmt: skip
    calm = draw.random(len(row)) + 0.25 * (taken == 0)
    state = np.where(calm > 0.34, 0, np.where(calm > 0.06, 1, 2))
    answers = np.array([codes.ANSWERS.index(a) for a in ("stable", "basic", "unstable")])
    journal.observations(
        "smd-stability", person=person[row], day=day, answer=answers[state], visit=visit, institution=serving
    )
    return person


def tuberculosis(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> Ints:
    """Patients notified since half a year before the told days: first home visit, monthly visits, end of treatment."""
    draw = chance(seed, "tuberculosis")
    age = age_on(people.birth, span.start)
    rate = by_age(age, [0, 14, 20, 60, 75, 95], [2e-5, 6e-5, 4.5e-4, 8e-4, 1.4e-3, 1.3e-3]) * np.where(
        people.sex == MALE, 1.35, 0.65
    )
    window = span.end - (span.start - 150) + 1
    person = np.flatnonzero(draw.random(len(people)) < rate * window / 365.25)
    start = span.start - 150 + draw.integers(0, window, len(person))
    last = people.last_day(span)[person]
    fits = (start <= last) & (start > people.birth[person])
    person, start, last = person[fits], start[fits], last[fits]
    count = len(person)
    length = np.where(draw.random(count) < 0.85, draw.integers(178, 200, count), draw.integers(240, 380, count))
    over = start + length <= last
    gone = ~over & (last < span.end)
    serving = where.serving[people.village[person]]
    episode = journal.episodes(
        "tuberculosis", person=person, start_day=start, end_day=np.where(over, start + length, np.where(gone, last, NEVER)),
        status=np.where(over | gone, FINISHED, ACTIVE), institution=serving,
    )  # fmt: skip
    positive = draw.random(count) < 0.57
    kind = np.where(positive, codes.DISEASES.index("A15"), codes.DISEASES.index("A16"))
    kind = np.where(draw.random(count) < 0.05, codes.DISEASES.index("A15.6"), kind)
    journal.conditions(kind, person=person, day=start)
    hospital = where.hospital["infectious"][where.village_county[people.village[person]]]
    tested = np.flatnonzero(draw.random(count) < 0.95)
    answer = np.where(positive, codes.ANSWERS.index("positive"), codes.ANSWERS.index("negative"))
    journal.observations(
        "tb-bacteriology", person=person[tested], day=start[tested] - draw.integers(0, 6, len(tested)),
        answer=answer[tested], institution=hospital[tested],
    )  # fmt: skip
    county = where.village_county[people.village[person]]
    first = start + np.minimum(draw.geometric(0.5, count) - 1, 9)
    at = np.flatnonzero(
        (draw.random(count) < profile.uptake("tb-home-visit", county, people.care[person], 0.3)) & (first <= last)
    )
    journal.visits(
        "tb-first-home-visit", cls="HH", mode="home", person=person[at], day=first[at], institution=serving[at],
        episode=episode[at],
    )  # fmt: skip
    for month in range(1, 13):
        day = weekday(start + month * 30 + draw.integers(-4, 5, count), draw)
        at = np.flatnonzero((month * 30 < length) & (draw.random(count) < 0.93) & (day <= last))
        journal.visits(
            "tb-visit", mode=how(len(at), draw, phone=0.15, home=0.35), person=person[at], day=day[at],
            institution=serving[at], episode=episode[at],
        )  # fmt: skip
    at = np.flatnonzero(over)
    share = np.round(
        np.where(draw.random(len(at)) < 0.94, draw.integers(90, 101, len(at)), draw.integers(40, 90, len(at)))
    )
    journal.observations(
        "tb-dose-adherence", person=person[at], day=(start + length)[at], value=share.astype(np.float64),
        institution=serving[at],
    )  # fmt: skip
    told = at[draw.random(len(at)) < 0.985]
    u = draw.random(len(told))
    outcome = np.where(
        u < 0.45, codes.ANSWERS.index("cured"),
        np.where(u < 0.94, codes.ANSWERS.index("completed"),
                 np.where(u < 0.97, codes.ANSWERS.index("failed"), codes.ANSWERS.index("lost"))),
    )  # fmt: skip
    journal.observations(
        "tb-outcome", person=person[told], day=(start + length)[told], answer=outcome, institution=serving[told]
    )
    report(journal, draw, span, person, start, hospital, 0.995)
    return person


def hiv(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> None:
    """People living with HIV who know it: treatment and the yearly viral load."""
    draw = chance(seed, "hiv")
    age = age_on(people.birth, span.start)
    known = by_age(age, [15, 20, 35, 60, 80], [0, 4e-4, 1.2e-3, 9e-4, 3e-4]) * np.where(people.sex == MALE, 1.5, 0.5)
    person = np.flatnonzero(draw.random(len(people)) < known)
    centre = where.centre[where.village_township[people.village[person]]]
    panel = enrol("hiv", person, people, where, journal, span, draw, new=0.1, lost=0.02, institution=centre)
    person = panel.person
    hospital = where.hospital["infectious"][where.village_county[people.village[person]]]
    journal.conditions("B20", person=person, day=panel.start)
    report(journal, chance(seed, "hiv-reports"), span, person, panel.start, hospital, 0.995)
    treated = draw.random(len(person)) < 0.93
    began = np.minimum(panel.start + draw.integers(0, 60, len(person)), panel.stop)
    journal.observations("on-art", person=person, day=began, value=treated.astype(np.float64), institution=hospital)
    stops = np.flatnonzero(treated & (draw.random(len(person)) < 0.02) & (began + 100 < panel.stop))
    journal.observations("on-art", person=person[stops], day=began[stops] + 90, value=0.0, institution=hospital[stops])
    for begin in (span.start, span.year_start):
        day = weekday(begin + draw.integers(10, 290, len(person)), draw)
        at = np.flatnonzero(treated & (draw.random(len(person)) < 0.94) & (day >= began) & (day <= panel.stop))
        low = draw.random(len(at)) < 0.95
        load = np.where(low, draw.integers(0, 200, len(at)), 10 ** draw.uniform(3, 5, len(at)))
        journal.observations("20447-9", person=person[at], day=day[at], value=np.round(load), institution=hospital[at])
