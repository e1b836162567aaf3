"""Pregnancies from the first visit to the forty-second day, births, the screens of the newborn."""

from __future__ import annotations

import numpy as np

from luoshi.simulate import chronic, codes, profile, risks
from luoshi.simulate.chance import NEVER, Bools, Floats, Ints, Span, age_on, by_age, chance
from luoshi.simulate.geography import Geography
from luoshi.simulate.journal import NONE, Journal
from luoshi.simulate.people import FEMALE, People, newborn

# Weeks since the last menstrual period: when each further antenatal visit is due.
_VISIT_WEEKS = ((16, 20), (21, 24), (28, 32), (33, 36), (37, 39))
IMP, HH = codes.CLASSES.index("IMP"), codes.CLASSES.index("HH")


def pregnancies(people: People, where: Geography, journal: Journal, span: Span, seed: int, hardship: float) -> None:
    """Pregnancies with deliveries within the told days, those that still go on and those that ended early.

    Children born alive are appended to `people`. `hardship` multiplies the (small) chances that mother or child die.
    """
    draw = chance(seed, "pregnancies")
    age = age_on(people.birth, span.start)
    fertility = by_age(age, [18, 20, 24, 28, 32, 36, 41, 45], [0, 0.018, 0.062, 0.098, 0.07, 0.034, 0.006, 0])
    window = (span.end - 45) - (span.start - 285)
    able = (people.sex == FEMALE) & (people.death == NEVER)
    mother = np.flatnonzero(able & (draw.random(len(people)) < fertility * window / 365.25))
    count = len(mother)
    lmp = span.start - 285 + draw.integers(0, window, count)
    length = np.clip(np.round(draw.normal(276, 9, count)), 190, 294).astype(np.int64)
    length = np.where(draw.random(count) < 0.06, length - draw.integers(14, 60, count), length)
    lost = draw.random(count) < 0.045
    length = np.where(lost, draw.integers(50, 110, count), length)
    end = lmp + length
    leaves = people.moved[mother]
    keeps = (leaves == NEVER) | (leaves > end + 50)
    keeps &= end >= span.start  # delivered before the told days: not told
    mother, lmp, end, lost = mother[keeps], lmp[keeps], end[keeps], lost[keeps]
    county = where.village_county[people.village[mother]]
    # The first visit: early where the county works well and the woman comes; a few never come.
    never = draw.random(len(mother)) < 0.008
    early = draw.random(len(mother)) < profile.uptake("early-card", county, people.care[mother], 0.4)
    first = lmp + np.where(early, draw.integers(42, 91, len(mother)), draw.integers(91, 160, len(mother)))
    seen = ~never & (first <= np.minimum(end, span.end))
    over = end <= span.end
    told = seen | over  # a pregnancy nobody has seen yet is not known
    mother, lmp, end, lost, county, first, seen, over = (
        column[told] for column in (mother, lmp, end, lost, county, first, seen, over)
    )
    centre = where.centre[where.village_township[people.village[mother]]]
    clinic = np.where(draw.random(len(mother)) < 0.45, centre, where.hospital["mch"][county])
    # A mother's death in childbirth or within 42 days: very rare.
    dies = np.flatnonzero(over & ~lost & (draw.random(len(mother)) < 11e-5 * hardship))
    dies = dies[people.moved[mother[dies]] == NEVER]
    when = np.minimum(end[dies] + draw.integers(0, 30, len(dies)), span.end)
    people.death[mother[dies]] = when
    direct = draw.random(len(dies)) < 0.6
    people.cause[mother[dies]] = np.where(direct, codes.CAUSES.index("O72"), codes.CAUSES.index("O14"))
    journal.observations("maternal-death", person=mother[dies], day=when, value=1.0)
    closed = np.minimum(
        np.where(lost, end, end + 42), np.where(people.death[mother] != NEVER, people.death[mother], 1 << 40)
    )
    over_for_good = closed <= span.end
    episode = journal.episodes(
        "pregnancy", person=mother, start_day=np.where(seen, first, end), institution=clinic,
        end_day=np.where(over_for_good, closed, NEVER),
        status=np.where(over_for_good, chronic.FINISHED, chronic.ACTIVE),
    )  # fmt: skip
    risks.colours(mother, end, first, seen, clinic, journal, span, seed)
    _antenatal(mother, lmp, end, first, seen, county, clinic, episode, people, journal, span, draw)
    term = over & ~lost
    _deliver(
        mother[term], lmp[term], end[term], county[term], clinic[term], episode[term], people, where, journal, span,
        draw, hardship, seed,
    )  # fmt: skip


def _antenatal(
    mother: Ints, lmp: Ints, end: Ints, first: Ints, seen: Ints, county: Ints, clinic: Ints, episode: Ints,
    people: People, journal: Journal, span: Span, draw: np.random.Generator,
) -> None:  # fmt: skip
    who = np.flatnonzero(seen)
    visit = journal.visits(
        "antenatal-visit", mode="face", person=mother[who], day=first[who], institution=clinic[who],
        episode=episode[who],
    )  # fmt: skip
    journal.observations(
        "8665-2", person=mother[who], day=first[who], value_day=lmp[who], visit=visit, institution=clinic[who]
    )
    keeps = profile.uptake("antenatal", county, people.care[mother], 0.5)
    for low, high in _VISIT_WEEKS:
        day = lmp + draw.integers(low * 7, high * 7, len(mother))
        comes = seen & (draw.random(len(mother)) < keeps) & (day > first) & (day <= np.minimum(end - 1, span.end))
        at = np.flatnonzero(comes)
        journal.visits(
            "antenatal-visit", mode="face", person=mother[at], day=day[at], institution=clinic[at], episode=episode[at]
        )
    again = lmp + draw.integers(245, 276, len(mother))
    at = np.flatnonzero(
        seen & (draw.random(len(mother)) < 0.55) & (again > first) & (again <= np.minimum(end - 1, span.end))
    )
    journal.visits(
        "antenatal-visit", mode="face", person=mother[at], day=again[at], institution=clinic[at], episode=episode[at]
    )
    screen = lmp + draw.integers(105, 147, len(mother))
    takes = draw.random(len(mother)) < profile.uptake("prenatal-screen", county, people.care[mother], 0.4)
    at = np.flatnonzero(seen & takes & (screen >= first) & (screen <= np.minimum(end, span.end)))
    journal.procedures("prenatal-screen", person=mother[at], day=screen[at], institution=clinic[at])


def _deliver(
    mother: Ints, lmp: Ints, day: Ints, county: Ints, clinic: Ints, episode: Ints, people: People, where: Geography,
    journal: Journal, span: Span, draw: np.random.Generator, hardship: float, seed: int,
) -> None:  # fmt: skip
    count = len(mother)
    home = draw.random(count) < np.where(county == 3, 0.012, 0.002)
    u = draw.random(count)
    place = np.where(
        u < 0.5, where.hospital["mch"][county],
        np.where(u < 0.85, where.hospital["general"][county], where.hospital["city-general"][county]),
    )  # fmt: skip
    place = np.where(home, where.centre[where.village_township[people.village[mother]]], place)
    stay = np.where(home, 0, draw.integers(2, 6, count))
    stay = np.where(people.death[mother] != NEVER, np.minimum(stay, people.death[mother] - day), stay)
    delivery = journal.add(
        "visit", person=mother, service=codes.SERVICES.index("delivery"), **{"class": np.where(home, HH, IMP)},
        day=day, end_day=np.minimum(day + stay, span.end), institution=place, episode=episode,
        minute=draw.integers(0, 1440, count), length=NONE,
        status=np.where(day + stay > span.end, codes.VISIT_STATES.index("in-progress"), 0),
    )  # fmt: skip
    cut = ~home & (draw.random(count) < 0.41)
    journal.procedures("caesarean", person=mother[cut], day=day[cut], visit=delivery[cut], institution=place[cut])
    stillborn = draw.random(count) < 0.0035
    risks.stillbirths(mother, day, (day - lmp) // 7, stillborn, place, journal)
    twins = draw.random(count) < 0.016
    each = np.where(stillborn, 0, np.where(twins, 2, 1))
    row = np.repeat(np.arange(count), each)
    sex = (draw.random(len(row)) < 0.475).astype(np.int64)
    children = newborn(day[row], sex, mother[row], people, span, draw)
    child = np.arange(len(people), len(people) + len(row), dtype=np.int64)
    weeks = (day[row] - lmp[row]) // 7
    _infant_deaths(children, weeks, span, draw, hardship)
    people.extend(children)
    birth = journal.add(
        "visit", person=child, service=codes.SERVICES.index("birth"),
        **{"class": np.where(home[row], HH, IMP)}, day=day[row], end_day=np.minimum(day + stay, span.end)[row],
        institution=place[row], part_of=delivery[row], minute=draw.integers(0, 1440, len(row)), length=NONE,
    )  # fmt: skip
    weight = np.round(draw.normal(3250, 410, len(row)) + 165 * np.minimum(weeks - 39, 0) - 500 * twins[row], -1)
    for code, value in (("8339-4", np.clip(weight, 600, 5200)), ("11884-4", weeks.astype(np.float64))):
        journal.observations(code, person=child, day=day[row], value=value, visit=birth, institution=place[row])
    risks.newborns(child, day[row], people, where, journal, span, seed, hardship)
    _newborn_screens(child, day[row], home[row], place[row], people, journal, span, draw)
    _after_birth(mother, day, county, clinic, episode, row, child, people, where, journal, span, draw)


def _infant_deaths(children: People, weeks: Ints, span: Span, draw: np.random.Generator, hardship: float) -> None:
    """Deaths in the first days, the first month and the first two years; early births are in greater danger."""
    count = len(children)
    danger = np.where(weeks < 32, 12.0, np.where(weeks < 37, 3.0, 0.8)) * hardship
    u = draw.random(count)
    first = u < 0.0013 * danger
    month = ~first & (u < 0.0021 * danger)
    later = ~first & ~month & (u < 0.0040 * danger)
    after = np.where(
        first, draw.integers(0, 7, count), np.where(month, draw.integers(7, 28, count), draw.integers(29, 600, count))
    )
    day = children.birth + after
    dies = (first | month | later) & (day <= span.end) & (children.moved == NEVER)
    children.death[dies] = day[dies]
    early = [codes.CAUSES.index(c) for c in ("P22", "P07", "Q24", "A41")]
    late = [codes.CAUSES.index(c) for c in ("J18", "Q24", "W75", "X59")]
    cause = np.where(later, np.array(late)[draw.integers(0, 4, count)], np.array(early)[draw.integers(0, 4, count)])
    children.cause[dies] = cause[dies]
    children.opened[(children.opened > children.death) & dies] = NEVER


def _newborn_screens(
    child: Ints, day: Ints, home: Bools, place: Ints, people: People, journal: Journal, span: Span,
    draw: np.random.Generator,
) -> None:  # fmt: skip
    last = people.last_day(span)[child]
    for code, done, low, high in (
        ("newborn-metabolic-screen", 0.986, 3, 7), ("newborn-hearing-screen", 0.962, 2, 5),
        ("newborn-chd-screen", 0.955, 1, 3),
    ):  # fmt: skip
        when = day + draw.integers(low, high, len(child))
        when = np.where(draw.random(len(child)) < 0.02, when + draw.integers(5, 16, len(child)), when)
        has = (draw.random(len(child)) < np.where(home, 0.5, done)) & (when <= last)
        journal.procedures(code, person=child[has], day=when[has], institution=place[has])


def _after_birth(
    mother: Ints, day: Ints, county: Ints, clinic: Ints, episode: Ints, row: Ints, child: Ints, people: People,
    where: Geography, journal: Journal, span: Span, draw: np.random.Generator,
) -> None:  # fmt: skip
    """The home visit to mother and child in the first weeks, and the check of the forty-second day."""
    count = len(mother)
    centre = where.centre[where.village_township[people.village[mother]]]
    care: Floats = people.care[mother]
    until = people.last_day(span)[mother]
    when = day + 3 + draw.integers(2, 9, count)
    late = draw.random(count) < 0.02
    when = np.where(late, day + draw.integers(29, 36, count), when)
    visited = (draw.random(count) < profile.uptake("postnatal", county, care, 0.4)) & (when <= until)
    at = np.flatnonzero(visited)
    journal.visits(
        "postnatal-visit", cls="HH", mode="home", person=mother[at], day=when[at], institution=centre[at],
        episode=episode[at],
    )  # fmt: skip
    last = people.last_day(span)[child]
    own = draw.random(len(child)) < profile.uptake("newborn-visit", county[row], care[row], 0.4)
    sees = own & np.where(visited[row], True, draw.random(len(child)) < 0.5) & (when[row] <= last)
    at = np.flatnonzero(sees)
    journal.visits(
        "newborn-visit", cls="HH", mode="home", person=child[at], day=when[row][at], institution=centre[row][at]
    )
    check = day + draw.integers(42, 50, count)
    comes = draw.random(count) < 0.9 * profile.uptake("postnatal", county, care, 0.4)
    at = np.flatnonzero(comes & (check <= until))
    journal.visits(
        "postnatal-visit", mode="face", person=mother[at], day=check[at], institution=clinic[at], episode=episode[at]
    )
