"""What is done in hospital beside the stay itself: operations, wounds that fester; and infections that must be reported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luoshi.simulate import codes
from luoshi.simulate.chance import Ints, Span, age_on, chance
from luoshi.simulate.geography import Geography
from luoshi.simulate.journal import Journal
from luoshi.simulate.people import FEMALE, People


@dataclass(frozen=True)
class Stays:
    """Admissions: rows of their visits, persons, first days, last days (or the last day told), institutions."""

    visit: Ints
    person: Ints
    day: Ints
    end: Ints
    place: Ints


# Operation -> how common by age (at 0, 20, 50, 80 years)
_OFTEN = {
    "13.41": (0, 0, 2, 8), "36.06": (0, 0, 3, 4), "45.42": (0, 1, 4, 3), "47.01": (3, 4, 2, 1), "51.23": (0, 2, 4, 3),
    "53.00": (3, 2, 2, 3), "06.4": (0, 2, 2, 1), "68.41": (0, 0, 2, 0), "79.35": (1, 2, 2, 5), "81.54": (0, 0, 1, 4),
    "32.41": (0, 0, 1, 1),
}  # fmt: skip


def operations(people: People, where: Geography, journal: Journal, span: Span, seed: int, stays: Stays) -> None:
    """One operation in a quarter of the stays, none in township centres; some clean wounds become infected."""
    draw = chance(seed, "operations")
    in_hospital = np.array([i.type.endswith("-hospital") for i in where.institutions])[stays.place]
    at = np.flatnonzero(in_hospital & (draw.random(len(stays.day)) < 0.31))
    age = np.maximum(age_on(people.birth[stays.person[at]], span.end), 0)
    weights = np.array([np.interp(age, [0, 20, 50, 80], often) for often in _OFTEN.values()])
    weights[list(_OFTEN).index("68.41")] *= people.sex[stays.person[at]] == FEMALE
    weights += 1e-9
    edges = np.cumsum(weights, axis=0) / weights.sum(axis=0)
    which = (draw.random(len(at)) > edges).sum(axis=0)
    places = np.array([codes.PROCEDURES.index(code) for code in _OFTEN])
    when = np.minimum(stays.day[at] + draw.integers(0, 3, len(at)), stays.end[at])
    journal.add(
        "procedure",
        person=stays.person[at],
        code=places[which],
        day=when,
        visit=stays.visit[at],
        institution=stays.place[at],
    )
    infected = at[draw.random(len(at)) < 0.012]
    journal.conditions(
        "T81.4", person=stays.person[infected], day=stays.end[infected], visit=stays.visit[infected], state=1
    )


# Diagnosis -> cases a year for 100 000 residents, youngest and oldest age
_NOTIFIED = {
    "A03": (6, 0, 99), "A38": (9, 3, 12), "A51": (28, 18, 75), "B05": (2, 0, 30), "B16": (55, 15, 85), "B08.4": (90, 0, 6),
    "J10": (160, 0, 99),
}  # fmt: skip


def infections(people: People, where: Geography, journal: Journal, span: Span, seed: int) -> None:
    """Notifiable infections diagnosed in clinics, most of them reported within a day."""
    draw = chance(seed, "notifiable")
    days = span.end - span.start + 1
    last = people.last_day(span)
    for code, (rate, youngest, oldest) in _NOTIFIED.items():
        count = int(draw.poisson(rate * len(people) / 100_000 * days / 365.25)) + 2
        person = draw.integers(0, len(people), count * 6)
        day = span.start + draw.integers(0, days, count * 6)
        age = age_on(people.birth[person], day)
        fits = (people.birth[person] <= day) & (day <= last[person]) & (age >= youngest) & (age <= oldest)
        person, day = person[fits][:count], day[fits][:count]
        _, first = np.unique(person, return_index=True)
        person, day = person[first], day[first]
        place = where.centre[where.village_township[people.village[person]]]
        visit = journal.visits("outpatient", person=person, day=day, institution=place)
        journal.conditions(code, person=person, day=day, visit=visit, state=1)
        report(journal, draw, span, person, day, place)


def report(
    journal: Journal, draw: np.random.Generator, span: Span, person: Ints, day: Ints, place: Ints, share: float = 0.97
) -> None:
    """The report cards of diagnoses: most on the day or the next, a few late, a few never."""
    late = np.where(draw.random(len(day)) < 0.9, draw.integers(0, 2, len(day)), draw.integers(2, 9, len(day)))
    sent = np.flatnonzero((draw.random(len(day)) < share) & (day + late <= span.end))
    journal.procedures("case-report", person=person[sent], day=(day + late)[sent], institution=place[sent])
