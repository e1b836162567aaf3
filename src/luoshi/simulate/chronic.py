"""Hypertension, diabetes, dyslipidaemia, the yearly check-up, and what the elderly are offered beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luoshi.simulate import codes, profile
from luoshi.simulate.chance import NEVER, Bools, Floats, Ints, Span, age_on, by_age, chance
from luoshi.simulate.geography import Geography
from luoshi.simulate.journal import Journal
from luoshi.simulate.people import People

ACTIVE, FINISHED, ONHOLD = (codes.EPISODE_STATES.index(s) for s in ("active", "finished", "onhold"))
FACE, PHONE, HOME = (codes.MODES.index(m) for m in ("face", "phone", "home"))
CANCELLED = codes.VISIT_STATES.index("cancelled")


@dataclass(frozen=True)
class Panel:
    """Who is managed for one condition: numbers of persons, days of start and of the end of service, episode rows."""

    person: Ints
    start: Ints
    stop: Ints
    episode: Ints


def weekday(day: Ints, draw: np.random.Generator) -> Ints:
    """Most services are given from Monday to Friday: weekend days move to the Monday after, but for one in six."""
    dow = day + 3  # 1970-01-01 was a Thursday; 0 is Monday
    dow -= dow // 7 * 7  # which takes half the time of a remainder
    moves = (dow >= 5) & (draw.random(len(day)) < 5 / 6)
    return np.asarray(day + (7 - dow) * moves, dtype=np.int64)


def enrol(
    program: str, person: Ints, people: People, where: Geography, journal: Journal, span: Span,
    draw: np.random.Generator, *, new: float, lost: float, institution: Ints | None = None,
) -> Panel:  # fmt: skip
    """Open an episode for each of `person`: a share `new` within the told days, the rest in the fifteen years before.

    A share `lost` is out of reach since some day (status onhold, no visits after). Death and moving away end an episode.
    """
    count = len(person)
    age_in_days = span.start - people.birth[person]
    years_back = np.minimum(15 * 365, np.maximum(age_in_days - 365, 1))
    start = span.start - 1 - np.floor(draw.random(count) ** 1.3 * years_back).astype(np.int64)
    fresh = draw.random(count) < new
    start = np.where(fresh, span.start + draw.integers(0, span.end - span.start - 5, count), start)
    last = people.last_day(span)[person]
    fits = start < last
    person, start, last = person[fits], start[fits], last[fits]
    gone = (people.death[person] != NEVER) | (people.moved[person] != NEVER)
    missing = ~gone & (draw.random(len(person)) < lost)
    since = np.maximum(start, span.start - 200) + np.floor(
        draw.random(len(person)) * (span.end - np.maximum(start, span.start - 200))
    ).astype(np.int64)
    episode = journal.episodes(
        program, person=person, start_day=start, end_day=np.where(gone, last, NEVER),
        status=np.where(gone, FINISHED, np.where(missing, ONHOLD, ACTIVE)),
        institution=where.serving[people.village[person]] if institution is None else institution[fits],
    )  # fmt: skip
    stop = np.where(missing, np.minimum(last, since), last)
    # Refreshing a record by hand happens: the record of a managed person is open.
    unopened = people.opened[person] == NEVER
    people.opened[person[unopened]] = np.maximum(start[unopened], people.birth[person[unopened]])
    return Panel(person, start, stop, episode)


def rounds(panel: Panel, chance_of_visit: Floats, span: Span, draw: np.random.Generator) -> tuple[Ints, Ints]:
    """One visit a quarter where it is kept: rows of the panel and days. Nothing before enrolment or after the stop."""
    quarters = int(np.ceil((span.end - span.start + 1) / 91.3))
    kept = draw.random((len(panel.person), quarters)) < chance_of_visit[:, None]
    offset = np.floor(draw.random((len(panel.person), quarters)) ** 1.2 * 84).astype(np.int64)
    day = weekday((span.start + np.floor(np.arange(quarters) * 91.3).astype(np.int64) + offset).ravel(), draw)
    row = np.repeat(np.arange(len(panel.person)), quarters)
    ok = kept.ravel() & (day >= panel.start[row]) & (day <= panel.stop[row])
    return row[ok], day[ok]


def how(count: int, draw: np.random.Generator, *, phone: float, home: float) -> Ints:
    """Mode of each visit: by telephone, at home, else face to face."""
    u = draw.random(count)
    return np.asarray(np.where(u < phone, PHONE, np.where(u < phone + home, HOME, FACE)), dtype=np.int64)


def hypertension(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> Panel:
    """The panel, its visits and blood pressures. Managed: about a tenth of residents, most of them over 50."""
    draw = chance(seed, "hypertension")
    age = age_on(people.birth, span.start)
    known = by_age(age, [34.9, 35, 45, 55, 65, 75, 95], [0, 0.025, 0.09, 0.22, 0.38, 0.46, 0.40])
    person = np.flatnonzero(draw.random(len(people)) < known * 0.82)
    panel = enrol("hypertension", person, people, where, journal, span, draw, new=0.13, lost=0.035)
    person, county = panel.person, where.village_county[people.village[panel.person]]
    journal.conditions("I10", person=person, day=panel.start)
    row, day = rounds(panel, profile.uptake("htn-visit", county, people.care[person], 0.55), span, draw)
    mode = how(len(row), draw, phone=0.05, home=0.12)
    serving = where.serving[people.village[person[row]]]
    status = np.where(draw.random(len(row)) < 0.004, CANCELLED, 0)
    visit = journal.visits(
        "htn-visit", cls="AMB", mode=mode, person=person[row], day=day, institution=serving,
        minute=draw.integers(480, 1020, len(row)), episode=panel.episode[row], status=status,
    )  # fmt: skip
    good = profile.share("pressure-at-goal", county)
    level = 139 - 22 * (good - 0.5) + draw.normal(0, 9, len(person)) - 2.5 * people.care[person]
    systolic, diastolic = _pressures(level[row], draw)
    measured = (mode != PHONE) & (status != CANCELLED) & (draw.random(len(row)) < 0.985)
    journal.add(
        "pressure", person=person[row][measured], day=day[measured], systolic=systolic[measured],
        diastolic=diastolic[measured], visit=visit[measured], institution=serving[measured],
    )  # fmt: skip
    # Raised readings are looked at again within two weeks.
    again = measured & (systolic >= 160) & (day + 14 <= panel.stop[row]) & (draw.random(len(row)) < 0.6)
    back, when = row[again], weekday(day[again] + draw.integers(8, 13, int(again.sum())), draw)
    ok = when <= panel.stop[back]
    back, when = back[ok], when[ok]
    serving = where.serving[people.village[person[back]]]
    visit = journal.visits(
        "htn-visit", mode="face", person=person[back], day=when, institution=serving,
        minute=draw.integers(480, 1020, len(back)), episode=panel.episode[back],
    )  # fmt: skip
    systolic, diastolic = _pressures(level[back], draw)
    journal.add(
        "pressure", person=person[back], day=when, systolic=systolic - 6, diastolic=diastolic - 3, visit=visit,
        institution=serving,
    )  # fmt: skip
    return panel


def _pressures(level: Floats, draw: np.random.Generator) -> tuple[Ints, Ints]:
    """Systolic and diastolic readings around each person's own `level`, with what a day adds."""
    systolic = np.round(level + draw.normal(0, 7, len(level)))
    diastolic = np.round(81 + 0.32 * (systolic - 138) + draw.normal(0, 5, len(level)))
    # Who writes by hand prefers even figures.
    systolic = np.where(draw.random(len(level)) < 0.5, np.round(systolic / 2) * 2, systolic)
    return systolic.astype(np.int64), np.minimum(diastolic, systolic - 20).astype(np.int64)


def diabetes(people: People, where: Geography, journal: Journal, span: Span, seed: int, htn: Panel) -> Panel:
    """The panel of type 2 diabetes, its visits and glucose; commoner among those with hypertension."""
    draw = chance(seed, "diabetes")
    age = age_on(people.birth, span.start)
    known = by_age(age, [34.9, 35, 45, 55, 65, 75, 95], [0, 0.008, 0.035, 0.075, 0.125, 0.14, 0.12])
    both = np.zeros(len(people), bool)
    both[htn.person] = True
    person = np.flatnonzero(draw.random(len(people)) < known * np.where(both, 1.5, 0.62))
    panel = enrol("diabetes", person, people, where, journal, span, draw, new=0.14, lost=0.03)
    person, county = panel.person, where.village_county[people.village[panel.person]]
    journal.conditions("E11", person=person, day=panel.start)
    row, day = rounds(panel, profile.uptake("dm-visit", county, people.care[person], 0.55), span, draw)
    mode = how(len(row), draw, phone=0.05, home=0.08)
    serving = where.serving[people.village[person[row]]]
    visit = journal.visits(
        "dm-visit", mode=mode, person=person[row], day=day, institution=serving,
        minute=draw.integers(450, 660, len(row)), episode=panel.episode[row],
    )  # fmt: skip
    level = draw.normal(7.1, 1.25, len(person)) - 0.25 * people.care[person]
    fasting = np.round(np.clip(level[row] + draw.normal(0, 0.8, len(row)), 3.6, 21), 1)
    tested = (mode != PHONE) & (draw.random(len(row)) < 0.97)
    journal.observations(
        "1558-6", person=person[row][tested], day=day[tested], value=fasting[tested], visit=visit[tested],
        institution=serving[tested],
    )  # fmt: skip
    long_term = tested & (draw.random(len(row)) < 0.12)
    hba1c = np.round(np.clip(2.6 + 0.62 * fasting[long_term] + draw.normal(0, 0.35, int(long_term.sum())), 4.4, 14), 1)
    journal.observations(
        "4548-4", person=person[row][long_term], day=day[long_term], value=hba1c, visit=visit[long_term],
        institution=serving[long_term],
    )  # fmt: skip
    return panel


def dyslipidaemia(
    people: People, where: Geography, journal: Journal, span: Span, seed: int, managed: tuple[Panel, ...]
) -> Panel:
    """The panel of dyslipidaemia, its visits and LDL cholesterol: one in six of those managed for the other two highs,
    and few others, whose record is open already."""
    draw = chance(seed, "dyslipidaemia")
    patient = np.zeros(len(people), bool)
    for panel in managed:
        patient[panel.person] = True
    age = age_on(people.birth, span.start)
    other = (age >= 45) & (people.opened != NEVER)
    person = np.flatnonzero(draw.random(len(people)) < np.where(patient, 0.17, np.where(other, 0.012, 0.0)))
    panel = enrol("dyslipidaemia", person, people, where, journal, span, draw, new=0.2, lost=0.03)
    person, county = panel.person, where.village_county[people.village[panel.person]]
    journal.conditions("E78", person=person, day=panel.start)
    row, day = rounds(panel, profile.uptake("htn-visit", county, people.care[person], 0.55), span, draw)
    mode = how(len(row), draw, phone=0.08, home=0.05)
    serving = where.serving[people.village[person[row]]]
    visit = journal.visits(
        "lipid-visit", mode=mode, person=person[row], day=day, institution=serving,
        minute=draw.integers(450, 660, len(row)), episode=panel.episode[row],
    )  # fmt: skip
    level = draw.normal(3.1, 0.8, len(person)) - 0.2 * people.care[person]
    tested = (mode != PHONE) & (draw.random(len(row)) < 0.45)
    ldl = np.round(np.clip(level[row][tested] + draw.normal(0, 0.3, int(tested.sum())), 0.8, 8.0), 2)
    journal.observations(
        "2089-1", person=person[row][tested], day=day[tested], value=ldl, visit=visit[tested],
        institution=serving[tested],
    )  # fmt: skip
    return panel


def checkups(
    people: People, where: Geography, journal: Journal, span: Span, seed: int, managed: tuple[Panel, ...]
) -> None:
    """The yearly check-up of those aged 65 or more and of managed patients, with its parts and findings."""
    draw = chance(seed, "checkups")
    patient = np.zeros(len(people), bool)
    first = np.full(len(people), 1 << 40, np.int64)
    for panel in managed:
        patient[panel.person] = True
        np.minimum.at(first, panel.person, panel.start)
    last = people.last_day(span)
    county = where.village_county[people.village]
    for year in (span.as_of.year - 1, span.as_of.year):
        begin = span.start if year == span.as_of.year - 1 else span.year_start
        old = age_on(people.birth, begin + 364) >= 65
        chance_of = np.zeros(len(people))
        for share, spread, group in (("checkup-elderly", 0.8, old), ("checkup-managed", 0.6, patient & ~old)):
            at = np.flatnonzero(group)
            chance_of[at] = profile.uptake(share, county[at], people.care[at], spread)
        chance_of += 0.11 * (old & patient)
        # Seven in eight come in the campaign from March to September, the others when it suits.
        day = begin + np.where(
            draw.random(len(people)) < 7 / 8,
            60 + draw.integers(0, 200, len(people)),
            draw.integers(5, 360, len(people)),
        )
        day = weekday(day.astype(np.int64), draw)
        comes = (draw.random(len(people)) < chance_of) & (day <= last) & (people.birth <= day)
        comes &= old | (day >= first)
        _examine(np.flatnonzero(comes), day[comes], old[comes], patient[comes], people, where, journal, draw)
        twice = np.flatnonzero(comes & (draw.random(len(people)) < 0.02) & (day + 30 <= last))
        _examine(twice, day[twice] + 30, np.zeros(len(twice), bool), patient[twice], people, where, journal, draw)


def _examine(
    person: Ints, day: Ints, old: Bools, patient: Bools, people: People, where: Geography, journal: Journal,
    draw: np.random.Generator,
) -> None:  # fmt: skip
    count = len(person)
    centre = where.centre[where.village_township[people.village[person]]]
    visit = journal.visits(
        "checkup", mode="face", person=person, day=day, institution=centre, minute=draw.integers(450, 690, count),
        length=60,
    )  # fmt: skip
    for part, done in (
        ("checkup-lifestyle", 0.985), ("checkup-physical", 0.995), ("checkup-laboratory", 0.965),
        ("checkup-guidance", 0.975),
    ):  # fmt: skip
        has = old & (draw.random(count) < done)
        journal.procedures(part, person=person[has], day=day[has], visit=visit[has], institution=centre[has])
    male = people.sex[person] == 0
    height = np.round(np.where(male, 167, 156) + draw.normal(0, 6, count), 1)
    weight = np.round(np.clip(draw.normal(24.2, 3.2, count), 16, 40) * (height / 100) ** 2, 1)
    for code, value, done in (("8302-2", height, 0.99), ("29463-7", weight, 0.99)):
        has = draw.random(count) < done
        journal.observations(
            code, person=person[has], day=day[has], value=value[has], visit=visit[has], institution=centre[has]
        )
    glucose = np.round(
        np.clip(np.where(patient, draw.normal(6.6, 1.3, count), draw.normal(5.4, 0.6, count)), 3.5, 19), 1
    )
    has = draw.random(count) < 0.95
    journal.observations(
        "1558-6", person=person[has], day=day[has], value=glucose[has], visit=visit[has], institution=centre[has]
    )
    systolic = np.round(np.where(patient, draw.normal(138, 12, count), draw.normal(127, 12, count))).astype(np.int64)
    diastolic = np.round(79 + 0.35 * (systolic - 132) + draw.normal(0, 5, count)).astype(np.int64)
    has = draw.random(count) < 0.99
    journal.add(
        "pressure", person=person[has], day=day[has], systolic=systolic[has], diastolic=diastolic[has],
        visit=visit[has], institution=centre[has],
    )  # fmt: skip


def elderly(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> None:
    """What those aged 65 or more are offered beside the check-up: TCM constitution and advice, two screenings."""
    draw = chance(seed, "elderly")
    last = people.last_day(span)
    county = where.village_county[people.village]
    centre = where.centre[where.village_township[people.village]]
    for begin in (span.start, span.year_start):
        old = age_on(people.birth, begin + 364) >= 65
        day = weekday(begin + 55 + draw.integers(0, 235, len(people)), draw)
        able = np.flatnonzero(old & (day <= last))

        def reached(share: str, able: Ints = able) -> Ints:
            return able[draw.random(len(people))[able] < profile.uptake(share, county[able], people.care[able])]

        comes = reached("tcm-elderly")
        visit = journal.visits("tcm-elderly", mode="face", person=comes, day=day[comes], institution=centre[comes])
        for code, done in (("tcm-constitution", 0.99), ("tcm-advice", 0.965)):
            has = draw.random(len(comes)) < done
            journal.procedures(
                code, person=comes[has], day=day[comes][has], visit=visit[has], institution=centre[comes][has]
            )
        for code, name in (("tb-screening", "tb-screen"), ("cataract-screen", "cataract-screen")):
            does = reached(name)
            journal.procedures(code, person=does, day=day[does], institution=centre[does])
