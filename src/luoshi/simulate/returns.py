"""The quarterly returns of institutions and counties: visits and money, medicines, prescriptions, groups, settlements.

What an institution reports is drawn around its beds and its place, not counted from the visits invented elsewhere: a return
is a source of its own, and real ones do not agree with the records to the last visit either.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from luoshi.simulate.chance import Ints, Span, chance, day_number, iso
from luoshi.simulate.geography import Geography

HOSPITALS = ("general-hospital", "tcm-hospital", "mch-hospital", "specialist-hospital")
CENTRES = ("township-centre", "community-centre")


def quarters(span: Span) -> list[int]:
    """The last days of the quarters told that are over."""
    from datetime import date

    ends = [(3, 31), (6, 30), (9, 30), (12, 31)]
    days = [
        day_number(date(year, month, day)) for year in (span.as_of.year - 1, span.as_of.year) for month, day in ends
    ]
    return [day for day in days if day <= span.end]


def statistics(where: Geography, living: Ints, span: Span, seed: int) -> list[dict[str, Any]]:
    """The rows of the register `statistic`."""
    draw = chance(seed, "returns")
    rows: list[dict[str, Any]] = []
    everyone = float(living.sum())
    by_county = np.bincount(where.village_county, living, len(where.counties))
    county_of = {code: float(by_county[i]) for i, code in enumerate(where.counties)}
    by_town = np.bincount(where.village_township, living, len(where.townships))
    town_of = {where.institutions[i].code: float(by_town[t]) for t, i in enumerate(where.centre)}
    ends = quarters(span)

    def add(owner: str, code: str, day: int, figures: dict[str, float]) -> None:
        rows.extend(
            {"institution": code if owner == "institution" else "", "division": code if owner == "division" else "",
             "item": item, "day": iso(day), "value": round(value)}
            for item, value in figures.items()
        )  # fmt: skip

    for place in where.institutions:
        if place.type in HOSPITALS:
            base = everyone * 0.4 if len(place.division) == 4 else county_of[place.division]
            size = {"general-hospital": 1.0, "tcm-hospital": 0.5, "mch-hospital": 0.4, "specialist-hospital": 0.2}[
                place.type
            ]
            own = draw.random(12)
            for number, day in enumerate(ends):
                add("institution", place.code, day, _hospital(draw, own, base * size, place.level, number))
        elif place.type in CENTRES:
            own = draw.random(12)
            for number, day in enumerate(ends):
                add("institution", place.code, day, _centre(draw, own, town_of[place.code], number))
    for county, code in enumerate(where.counties):
        own = draw.random(6)
        for day in ends:
            add("division", code, day, _county(draw, own, float(by_county[county])))
    return rows


def _hospital(draw: np.random.Generator, own: Any, people: float, level: int, number: int) -> dict[str, float]:
    """One quarter of a hospital; `own` are its lasting ways, `number` how many quarters have passed."""
    noise = draw.uniform(0.93, 1.07, 30)
    visits = round(people * 0.35 * noise[0]) + 20
    stays = round(people * 0.024 * noise[1]) + 4
    beds = people * 0.0017 + 4
    days_open = beds * 91
    days_used = min(days_open * (0.70 + 0.25 * own[0]) * noise[2], days_open * 1.1)
    op_cost = (190 + 90 * own[1] + 40 * level) * (1 + 0.008 * number) * noise[3]
    ip_cost = (5200 + 2600 * own[2] + 2400 * level) * (1 + 0.006 * number) * noise[4]
    op_income, ip_income = visits * op_cost, stays * ip_cost
    income = op_income + ip_income
    business = income * (0.96 + 0.08 * own[3])
    seen, answers = visits, round(60 + 90 * noise[5])
    reviewed = round(visits * 0.02) + 30
    grouped = round(stays * (0.95 + 0.045 * own[4]))
    low_risk = round(grouped * 0.25)
    known = round(visits * 0.12)
    return {
        "op-visits": visits, "op-income": op_income, "discharges": stays, "ip-income": ip_income, "medical-income": income,
        "drug-income": income * (0.24 + 0.1 * own[5]) * noise[6], "material-income": income * (0.1 + 0.08 * own[6]) * noise[7],
        "test-income": income * (0.24 + 0.06 * own[7]) * noise[8], "business-cost": business,
        "staff-cost": business * (0.36 + 0.14 * own[8]) * noise[9], "assets": income * 6,
        "liabilities": income * (1.6 + 2.2 * own[9]),
        "bed-days-open": days_open, "bed-days-used": days_used, "ddds": days_used * (0.28 + 0.2 * own[10]) * noise[10],
        "op-essential": seen * (0.52 + 0.2 * own[11]) * noise[11] * 0.9, "ip-essential": stays * 0.85 * noise[12] * 0.95,
        "rx-reviewed": reviewed, "rx-proper": round(reviewed * min(0.999, 0.93 * noise[13])),
        "appointments": visits * (0.4 + 0.3 * own[0]) * noise[14], "survey-answers": answers,
        "survey-points": answers * (84 + 10 * own[1] + 2 * noise[15]), "referred-down": stays * 0.04 * noise[16],
        "remote-reads": (people / 400 if level == 2 else 0) * noise[17], "recognisable": known,
        "recognised": round(known * min(0.98, (0.62 + 0.25 * own[2]) * noise[18])), "drg-submitted": stays, "drg-grouped": grouped,
        "rw-thousandths": grouped * (700 + 150 * level + 120 * own[3]) * noise[19],
        "rw2-cases": round(grouped * (0.03 + 0.025 * level) * noise[20]), "low-risk-cases": low_risk,
        "low-risk-deaths": int(draw.random() < low_risk * 0.0006), "lists-submitted": stays,
        "lists-passed": round(stays * (0.88 + 0.11 * own[4])), "research-fund": 30_000 * level * own[5] * noise[21] * beds / 20,
        "health-staff": beds * 1.3,
    }  # fmt: skip


def _centre(draw: np.random.Generator, own: Any, people: float, number: int) -> dict[str, float]:
    """One quarter of a township or community centre."""
    noise = draw.uniform(0.9, 1.1, 10)
    visits = round(people * 0.55 * noise[0]) + 5
    income = visits * (62 + 30 * own[0]) * (1 + 0.006 * number) * noise[1]
    reviewed = round(visits * 0.03) + 10
    return {
        "op-visits": visits, "op-income": income, "medical-income": income, "drug-income": income * (0.4 + 0.15 * own[1]),
        "tcm-visits": round(visits * (0.18 + 0.25 * own[2]) * noise[2]), "op-essential": round(visits * min(0.97, 0.86 * noise[3])),
        "rx-reviewed": reviewed, "rx-proper": round(reviewed * min(0.99, 0.9 * noise[4])),
        "remote-reads": round(people / 250 * noise[5]),
    }  # fmt: skip


def _county(draw: np.random.Generator, own: Any, people: float) -> dict[str, float]:
    """One quarter of a county: what the insurance paid where, stays settled at once elsewhere, couples before marriage."""
    noise = draw.uniform(0.95, 1.05, 8)
    paid = people * 210 * noise[0]
    inside = paid * min(0.95, (0.62 + 0.2 * own[0]) * noise[1])
    elsewhere = round(people * 0.006 * noise[2]) + 3
    couples = round(people * 0.003 * noise[3]) * 2 + 6
    return {
        "fund-paid": paid, "fund-in-county": inside, "fund-grassroots": inside * (0.1 + 0.14 * own[1]) * noise[4],
        "stays-elsewhere": elsewhere, "stays-settled": round(elsewhere * min(0.99, (0.8 + 0.15 * own[2]) * noise[5])),
        "marrying": couples, "premarital-checked": round(couples * min(0.98, (0.7 + 0.2 * own[3]) * noise[6])),
    }  # fmt: skip
