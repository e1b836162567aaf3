"""Two sample surveys: health literacy and ways of life. Villages are drawn within strata, respondents within villages.

Strata are the urban and the rural part of a county; the weight of an answer is how many residents aged 15 to 69 it stands
for, in whole persons. A village's share differs from its neighbour's, so the design has an effect that a simple sample's
error would miss.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from luoshi.simulate.chance import Ints, Span, chance, day_number, iso
from luoshi.simulate.geography import Geography

# survey -> question -> share in the country, and how much more in town
SURVEYS: dict[str, dict[str, tuple[float, float]]] = {
    "health-literacy": {
        "literacy": (0.28, 0.09), "knowledge": (0.42, 0.08), "behaviour": (0.30, 0.07), "skills": (0.25, 0.08),
        "safety": (0.56, 0.06), "science": (0.52, 0.07), "information": (0.38, 0.09), "chronic": (0.30, 0.08),
        "care": (0.28, 0.07), "infectious": (0.28, 0.08),
    },
    "ways-of-life": {
        "smoker": (0.25, -0.03), "exercise": (0.33, 0.10), "mental-literacy": (0.22, 0.08), "tcm-literacy": (0.22, 0.04),
    },
}  # fmt: skip
CLUSTERS, RESPONDENTS = 3, 12


def answers(where: Geography, living: Ints, span: Span, seed: int) -> list[dict[str, Any]]:
    """The rows of the register `answer`: each survey once in the year before the last, and once in the last."""
    rows: list[dict[str, Any]] = []
    for survey in SURVEYS:
        for year in (span.as_of.year - 1, span.as_of.year):
            day = day_number(date(year, 5 if survey == "health-literacy" else 8, 20))
            if day <= span.end:
                rows += _wave(survey, f"{survey}-{year}", day, where, living, chance(seed, f"survey:{survey}:{year}"))
    return rows


def _wave(
    survey: str, name: str, day: int, where: Geography, living: Ints, draw: np.random.Generator
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    questions = list(SURVEYS[survey])
    shares = np.array([SURVEYS[survey][question] for question in questions])
    told, number = iso(day), 0
    for county, code in enumerate(where.counties):
        for urban in (False, True):
            villages = np.flatnonzero((where.village_county == county) & (where.village_urban == urban) & (living > 0))
            if len(villages) < 2:
                continue
            base = shares[:, 0] + shares[:, 1] * urban
            drawn = draw.choice(villages, min(CLUSTERS, len(villages)), replace=False)
            for village in drawn:
                people = living[village] * 0.72 * len(villages) / len(drawn)
                weight = max(1, round(people / RESPONDENTS))
                ages = draw.integers(15, 70, RESPONDENTS)
                odds = np.log(base / (1 - base)) + draw.normal(0, 0.35, len(questions))
                own = draw.normal(0, 0.6, RESPONDENTS) - 0.01 * (ages - 42)
                yes = draw.random((RESPONDENTS, len(questions))) < 1 / (1 + np.exp(-(odds[None, :] + own[:, None])))
                place = where.villages[int(village)]
                common = {"survey": name, "division": place, "stratum": f"{code}-{'urban' if urban else 'rural'}",
                          "cluster": place, "clusters": len(villages), "weight": weight, "day": told}  # fmt: skip
                for respondent, age in enumerate(ages.tolist()):
                    number += 1
                    who = {**common, "respondent": str(number), "sex": "male" if number % 2 else "female", "age": age}
                    rows += [
                        {**who, "question": question, "value": int(value)}
                        for question, value in zip(questions, yes[respondent].tolist(), strict=True)
                    ]
    return rows
