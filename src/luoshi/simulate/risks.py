"""Risks before and at birth: the colour of a pregnancy's risk, tests, stillbirths, defects, exposure to mother's infection.

Every function draws from a source of its own, so that pregnancies and births stay as they were.
"""

from __future__ import annotations

import numpy as np

from luoshi.simulate import codes
from luoshi.simulate.chance import NEVER, Bools, Ints, Span, chance
from luoshi.simulate.chronic import ACTIVE, FINISHED
from luoshi.simulate.geography import Geography
from luoshi.simulate.journal import Journal
from luoshi.simulate.people import People

_COLOURS = ("green", "yellow", "orange", "red", "purple")


def colours(
    mother: Ints, end: Ints, first: Ints, seen: Bools, clinic: Ints, journal: Journal, span: Span, seed: int
) -> None:
    """The risk found at the first visit; a case file for most of those at high risk; the test of three infections."""
    draw = chance(seed, "pregnancy-risk")
    at = np.flatnonzero(seen)
    colour = draw.choice(5, len(at), p=[0.55, 0.30, 0.11, 0.03, 0.01])
    answers = np.array([codes.ANSWERS.index(name) for name in _COLOURS])
    journal.observations(
        "pregnancy-risk", person=mother[at], day=first[at], answer=answers[colour], institution=clinic[at]
    )
    filed = first[at] + draw.integers(0, 10, len(at))
    has = np.flatnonzero((colour >= 2) & (draw.random(len(at)) < 0.95) & (filed <= np.minimum(end[at], span.end)))
    journal.procedures("risk-case-file", person=mother[at][has], day=filed[has], institution=clinic[at][has])
    tested = first[at] + draw.integers(0, 20, len(at))
    has = np.flatnonzero((draw.random(len(at)) < 0.975) & (tested <= np.minimum(end[at], span.end)))
    journal.procedures("mtct-test", person=mother[at][has], day=tested[has], institution=clinic[at][has])


def stillbirths(mother: Ints, day: Ints, weeks: Ints, stillborn: Bools, place: Ints, journal: Journal) -> None:
    """The death of a child before birth, with the weeks of gestation."""
    at = np.flatnonzero(stillborn)
    journal.observations(
        "fetal-death", person=mother[at], day=day[at], value=weeks[at].astype(np.float64), institution=place[at]
    )


def newborns(
    child: Ints, day: Ints, people: People, where: Geography, journal: Journal, span: Span, seed: int, hardship: float
) -> None:
    """Severe defects seen at birth, syphilis of the newborn, and children exposed to HIV or hepatitis B, followed up."""
    draw = chance(seed, "newborn-risks")
    count, last = len(child), people.last_day(span)[child]
    u = draw.random(count)
    harm = min(hardship, 20.0)
    for code, low, high in (
        ("Q90", 0.0, 0.0004),
        ("Q05", 0.0004, 0.0008),
        ("Q20.3", 0.0008, 0.0022),
        ("A50", 0.0022, 0.0026),
    ):
        at = np.flatnonzero((u >= low * harm) & (u < high * harm))
        journal.conditions(code, person=child[at], day=np.minimum(day[at] + 1, last[at]), state=0)
    serving = where.centre[where.village_township[people.village[child]]]
    for program, share, months, infected in (("exposed-hiv", 0.001, 18, 0.03), ("exposed-hepb", 0.045, 12, 0.012)):
        chosen = draw.random(count) < share * min(harm, 4.0)
        chosen[:1] = True  # one at least, so that none goes unseen in a small region
        at = np.flatnonzero(chosen)
        told = day[at] + months * 30 + draw.integers(0, 25, len(at))
        over = told <= last[at]
        journal.episodes(
            program, person=child[at], start_day=day[at], end_day=np.where(over, told, NEVER),
            status=np.where(over, FINISHED, ACTIVE), institution=serving[at],
        )  # fmt: skip
        sick = draw.random(len(at)) < infected * harm
        known = over & (draw.random(len(at)) < 0.95)
        answer = np.where(sick, codes.ANSWERS.index("positive"), codes.ANSWERS.index("negative"))
        journal.observations(
            "mtct-outcome",
            person=child[at][known],
            day=told[known],
            answer=answer[known],
            institution=serving[at][known],
        )
