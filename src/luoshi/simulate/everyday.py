"""What happens to everyone: clinic visits, admissions, ambulance calls, screenings of women, deaths."""

from __future__ import annotations

import numpy as np

from luoshi.simulate import codes, profile
from luoshi.simulate.chance import NEVER, Bools, Ints, Span, age_on, by_age, chance
from luoshi.simulate.chronic import CANCELLED
from luoshi.simulate.geography import Geography
from luoshi.simulate.journal import NONE, Journal
from luoshi.simulate.people import FEMALE, People
from luoshi.simulate.wards import Stays

_ROWS = 1 << 14  # worked on at a time, so that all stays near the processor
IN_PROGRESS = codes.VISIT_STATES.index("in-progress")


def clinics(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> None:
    """Outpatient visits: more with age and for those who take up services; a little over half near home."""
    draw = chance(seed, "clinics")
    last = people.last_day(span)
    begin = np.maximum(people.birth, span.start)
    years = np.maximum(last - begin + 1, 0) / 365.25
    age = np.maximum(age_on(people.birth, span.end), 0)
    rate = by_age(age, [0, 2, 6, 18, 40, 60, 80], [3.0, 2.6, 1.4, 0.7, 1.1, 2.2, 3.0])
    visits = draw.poisson(rate * years * np.exp(0.45 * people.care) * draw.gamma(1.3, 1 / 1.3, len(people)))
    person = np.repeat(np.arange(len(people)), visits)
    day = begin[person] + np.floor(draw.random(len(person)) * (last - begin + 1)[person]).astype(np.int64)
    place = _place(people.village[person], where, draw, near=0.56)
    remote = draw.random(len(person)) < 0.015
    visit = journal.add(
        "visit", person=person, service=codes.SERVICES.index("outpatient"), day=day, institution=place,
        **{"class": np.where(remote, codes.CLASSES.index("VR"), 0)}, minute=draw.integers(450, 1050, len(person)),
        status=np.where(draw.random(len(person)) < 0.003, CANCELLED, 0),
    )  # fmt: skip
    # Few clinics send the diagnosis with the visit.
    kinds = np.array([codes.DISEASES.index(c) for c in ("J06", "K29", "M54", "N39")])
    told = np.flatnonzero(draw.random(len(person)) < 0.2)
    young = age[person[told]] < 15
    pick = np.where(young, 0, draw.integers(0, 4, len(told)))
    journal.conditions(kinds[pick], person=person[told], day=day[told], visit=visit[told], state=1)


def _place(village: Ints, where: Geography, draw: np.random.Generator, *, near: float) -> Ints:
    """Where people go: a share `near` to their own room, station or centre, the rest to county and city hospitals."""
    homes = np.stack([where.serving, where.centre[where.village_township]], axis=1)
    others = np.stack([where.hospital[kind] for kind in ("general", "tcm", "mch", "city-general")], axis=1)
    u, v = draw.random(len(village)), draw.random(len(village))
    place = np.empty(len(village), np.int64)
    for low in range(0, len(village), _ROWS):
        at = slice(low, low + _ROWS)
        lives, chosen = village[at], v[at]
        which = (chosen >= 0.5).astype(np.int8) + (chosen >= 0.68) + (chosen >= 0.78)
        away = others[where.village_county[lives], which]
        place[at] = np.where(u[at] < near, homes[lives, (chosen >= 0.45).astype(np.int8)], away)
    return place


def admissions(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> Stays:
    """Stays in hospital with their main diagnosis; a few have not ended on the last day. Answers the stays."""
    draw = chance(seed, "admissions")
    last = people.last_day(span)
    begin = np.maximum(people.birth + 10, span.start)
    years = np.maximum(last - begin + 1, 0) / 365.25
    age = np.maximum(age_on(people.birth, span.end), 0)
    rate = by_age(age, [0, 3, 15, 40, 60, 75, 90], [0.16, 0.09, 0.025, 0.05, 0.15, 0.33, 0.42])
    person = np.repeat(np.arange(len(people)), draw.poisson(rate * years))
    day = begin[person] + np.floor(draw.random(len(person)) * (last - begin + 1)[person]).astype(np.int64)
    length = np.minimum(draw.geometric(0.13, len(person)), 60)
    end = np.minimum(day + length - 1, last[person])
    going_on = (day + length - 1 > span.end) & (last[person] == span.end)
    place = _place(people.village[person], where, draw, near=0.0)
    village = people.village[person]
    small = draw.random(len(person)) < 0.2
    place = np.where(small, where.centre[where.village_township[village]], place)
    visit = journal.visits(
        "inpatient", cls="IMP", person=person, day=day, end_day=np.where(going_on, NEVER, end), institution=place,
        minute=draw.integers(420, 1200, len(person)), length=NONE, status=np.where(going_on, IN_PROGRESS, 0),
    )  # fmt: skip
    kinds = np.array([codes.DISEASES.index(c) for c in ("J06", "J18", "I25", "I63", "M54", "K29", "N39")])
    age = age_on(people.birth[person], span.end)
    pick = np.where(age < 15, draw.integers(0, 2, len(person)), draw.integers(1, 7, len(person)))
    journal.conditions(kinds[pick], person=person, day=day, visit=visit, state=np.where(going_on, 0, 1))
    return Stays(visit, person, day, end, place)


def ambulances(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> None:
    """Emergency calls with their clock times, to the second. A third of the callers' names are never learnt; some calls
    are broken off, and some clock times are missing, as they are in dispatch systems."""
    draw = chance(seed, "ambulances")
    days = span.end - span.start + 1
    count = int(draw.poisson(0.034 * len(people) * days / 365.25))
    person = draw.integers(0, len(people), count)
    day = span.start + draw.integers(0, days, count)
    present = (people.birth[person] <= day) & (day <= people.last_day(span)[person])
    person, day = person[present], day[present]
    count = len(person)
    village = people.village[person]
    county = where.village_county[village]
    known = draw.random(count) < 0.65
    second = draw.integers(0, 86_400, count)
    urban = where.village_urban[village]
    prompt = profile.share("ambulance-prompt", county)
    station = where.hospital["emergency"][county]
    status = np.where(draw.random(count) < 0.02, CANCELLED, 0)
    visit = journal.add(
        "visit", person=np.where(known, person, NONE), service=codes.SERVICES.index("ambulance-call"),
        **{"class": codes.CLASSES.index("EMER")}, day=day, minute=second // 60, second=second % 60, length=NONE,
        institution=station, village=village, zone=np.where(urban, 1, 2), status=status,
    )  # fmt: skip
    called = day * 86_400 + second
    answered = called + np.where(draw.random(count) < 0.955, draw.integers(2, 11, count), draw.integers(11, 45, count))
    dispatched = answered + draw.integers(35, 100, count)
    departed = dispatched + np.where(
        draw.random(count) < prompt, draw.integers(50, 181, count), draw.integers(181, 420, count)
    )
    drive = np.where(urban, draw.gamma(7, 47, count), draw.gamma(8, 78, count)) * np.where(prompt > 0.92, 0.95, 1.12)
    arrived = departed + drive.astype(np.int64)
    hospital = arrived + 420 + (drive * 1.2).astype(np.int64)
    fine = status == 0
    times = (answered, dispatched, departed, arrived, hospital)
    told = (0.99, 0.985, 0.98, 0.96, 0.88)
    for code, (at, share) in enumerate(zip(times, told, strict=True)):
        has = (draw.random(count) < share) & (fine | (code == 0)) & (at < (span.end + 1) * 86_400)
        journal.add(
            "milestone", person=np.where(known, person, NONE)[has], visit=visit[has], code=code, at=at[has],
            institution=station[has],
        )  # fmt: skip


def women(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> None:
    """Cervical and breast screening since six years before the told days."""
    draw = chance(seed, "women")
    county = where.village_county[people.village]
    age = age_on(people.birth, span.end)
    able = (people.sex == FEMALE) & (age >= 30) & (age < 70)
    last = people.last_day(span)
    for code, factor in (("cervical-screen", 1.0), ("breast-screen", 0.72)):
        does = draw.random(len(people)) < profile.uptake("cervical-screen", county, people.care) * factor
        day = span.start - 6 * 365 + np.floor(draw.random(len(people)) ** 0.6 * (6 * 365 + 660)).astype(np.int64)
        at = np.flatnonzero(able & does & (day <= last))
        journal.procedures(code, person=at, day=day[at], institution=where.hospital["mch"][county[at]])


def deaths(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> None:
    """A cause for every death: what topics decided, else by age."""
    draw = chance(seed, "deaths")
    person = np.flatnonzero(people.death != NEVER)
    age = age_on(people.birth[person], span.end)
    old = [
        codes.CAUSES.index(c)
        for c in ("I63", "I61", "I21", "I25", "C34", "C16", "J44", "E11", "J18", "N18", "C22", "X59")
    ]
    young = [codes.CAUSES.index(c) for c in ("V89", "X59", "C34", "C22", "I61", "I21", "K74", "W19", "A41", "C50")]
    pick = np.where(
        age >= 50, np.array(old)[draw.integers(0, len(old), len(person))],
        np.array(young)[draw.integers(0, len(young), len(person))],
    )  # fmt: skip
    male_breast = (people.sex[person] != FEMALE) & (pick == codes.CAUSES.index("C50"))
    pick = np.where(male_breast, codes.CAUSES.index("C34"), pick)
    cause = np.where(people.cause[person] >= 0, people.cause[person], pick)
    people.cause[person] = cause
    known = draw.random(len(person)) < 0.98
    start = codes.ANSWERS.index(codes.CAUSES[0])
    journal.observations("79378-6", person=person[known], day=people.death[person][known], answer=start + cause[known])


def priority_groups(people: People, span: Span, *managed: Ints) -> Bools:
    """Who belongs to a group that contracts put first by age or by programme."""
    group = (people.birth > span.start - 6 * 365) | (age_on(people.birth, span.end) >= 65)
    for person in managed:
        group[person] = True
    return np.asarray(group, dtype=np.bool_)
