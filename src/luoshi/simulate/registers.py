"""The registers of the region: titles, staff, beds, population, departments, as rows ready for CSV or Parquet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from luoshi.simulate.bodies import events, units
from luoshi.simulate.chance import Ints, Span, age_on, chance, iso
from luoshi.simulate.geography import Geography
from luoshi.simulate.honours import honours
from luoshi.simulate.people import FEMALE, MALE, People
from luoshi.simulate.returns import statistics
from luoshi.simulate.surveys import answers
from luoshi.simulate.words import DEPARTMENTS

CENTRES = ("township-centre", "community-centre")
_CENTRE_TITLES = {
    "qsi-basic": 0.58, "qsi-recommended": 0.20, "community-hospital": 0.13, "age-friendly": 0.80,
    "mch-clinic-std": 0.62, "tcm-hall": 0.90, "hospice": 0.22,
}  # fmt: skip
_BANDS = 18  # five years of age each, the last from 85 on
_STAFF_PER_1000 = {"doctor": 0.9, "gp": 0.36, "nurse": 0.7, "public-health": 0.3, "paediatrician": 0.05}


@dataclass
class Registers:
    """Rows of each register; keys are the columns of the record guide. Days are ISO text, empty where not given."""

    title: list[dict[str, Any]] = field(default_factory=list)
    staff: list[dict[str, Any]] = field(default_factory=list)
    bed: list[dict[str, Any]] = field(default_factory=list)
    population: list[dict[str, Any]] = field(default_factory=list)
    departments: list[dict[str, Any]] = field(default_factory=list)
    unit: list[dict[str, Any]] = field(default_factory=list)
    event: list[dict[str, Any]] = field(default_factory=list)
    statistic: list[dict[str, Any]] = field(default_factory=list)
    answer: list[dict[str, Any]] = field(default_factory=list)


def draw_up(people: People, where: Geography, span: Span, seed: int) -> Registers:
    """All registers of the region, in proportion to its people."""
    book = Registers()
    _titles(book, where, span, seed)
    _staff_and_beds(book, people, where, span, seed)
    _population(book, people, where, span)
    living = np.bincount(people.village[people.resident(span.end)], minlength=len(where.villages))
    _estimates(book, living, where, span)
    book.title += honours(where, span, seed)
    book.unit += units(where, living, span, seed)
    book.event += events(where, living, span, seed)
    book.statistic += statistics(where, living, span, seed)
    book.answer += answers(where, living, span, seed)
    book.departments += [
        {"code": f"990100-{code}", "name": name, "level": 2, "division": "9901", "aliases": "、".join(aliases)}
        for code, name, aliases in DEPARTMENTS
    ]
    return book


def _titles(book: Registers, where: Geography, span: Span, seed: int) -> None:
    draw = chance(seed, "titles")

    def grant(title: str, *, institution: str = "", division: str = "", revocable: bool = False) -> None:
        day = span.end - int(draw.integers(20, 2200))
        revoked = ""
        if revocable and draw.random() < 0.04:
            revoked = iso(day + int(draw.integers(10, 900)))
        book.title.append(
            {"institution": institution, "division": division, "title": title, "granted": iso(day),
             "revoked": revoked}
        )  # fmt: skip

    for place in where.institutions:
        if place.type in CENTRES:
            for title, share in _CENTRE_TITLES.items():
                if draw.random() < share:
                    grant(title, institution=place.code, revocable=True)
        elif place.type == "village-room" and place.public:
            grant("village-room-public", institution=place.code)
        elif place.type in ("general-hospital", "tcm-hospital", "nursing-home"):
            for title, share in (("age-friendly", 0.85), ("geriatrics-dept", 0.7), ("hospice", 0.3)):
                fits = title == "age-friendly" or place.type != "nursing-home"
                if fits and draw.random() < share:
                    grant(title, institution=place.code, revocable=True)
            if place.type == "general-hospital" and place.public and len(place.division) == 6 and draw.random() < 0.5:
                grant("county-hospital-recommended", institution=place.code)
    for division in where.divisions:
        if division.level == 5:
            if draw.random() < 0.93:
                grant("healthy-family-guide", division=division.code)
            if draw.random() < 0.87:
                grant("sanitary-village", division=division.code, revocable=True)
    for number in draw.permutation(len(where.counties))[:3]:
        grant("hpv-county", division=where.counties[int(number)])


def _staff_and_beds(book: Registers, people: People, where: Geography, span: Span, seed: int) -> None:
    draw = chance(seed, "staff")
    living = people.resident(span.end)
    per_town = np.bincount(where.village_township[people.village[living]], minlength=len(where.townships))
    town_of = {where.institutions[i].code: t for t, i in enumerate(where.centre)}
    per_county = np.bincount(where.village_county[people.village[living]], minlength=len(where.counties))
    county_of = {code: per_county[i] for i, code in enumerate(where.counties)}
    everyone = int(living.sum())
    days = [date(span.as_of.year - 1, 12, 31), date(span.as_of.year, 6, 30)]
    days = [day for day in days if day <= span.as_of] or [span.as_of]

    def staff(code: str, role: str, expected: float) -> None:
        count = int(draw.poisson(expected)) if role != "psychiatrist" else max(1, round(expected))
        for place, day in enumerate(days):
            grown = count + (int(draw.random() < 0.3) if place else 0)
            book.staff.append({"institution": code, "role": role, "count": grown, "as_of": day.isoformat()})

    def beds(code: str, kind: str, count: int) -> None:
        for place, day in enumerate(days):
            grown = count + (int(draw.integers(0, 3)) if place and kind == "all" else 0)
            book.bed.append({"institution": code, "kind": kind, "count": grown, "as_of": day.isoformat()})

    for place in where.institutions:
        if place.type in CENTRES:
            served = per_town[town_of[place.code]] / 1000
            for role, rate in _STAFF_PER_1000.items():
                staff(place.code, role, rate * served)
            beds(place.code, "all", int(served * 0.9) + 1)
        elif place.type == "village-room":
            staff(place.code, "village-doctor", 1.1)
            staff(place.code, "doctor", 0.85)
        elif place.type == "community-station":
            staff(place.code, "doctor", 0.1)
            staff(place.code, "nurse", 0.3)
        elif place.type.endswith("-hospital"):
            base = (everyone if len(place.division) == 4 else county_of[place.division]) / 1000
            weight = {"general-hospital": 1.0, "tcm-hospital": 0.5, "mch-hospital": 0.4, "specialist-hospital": 0.2}
            size = weight[place.type] * (0.35 if len(place.division) == 4 else 1.0)
            staff(place.code, "doctor", 0.5 * base * size)
            staff(place.code, "nurse", 0.9 * base * size)
            if place.type in ("general-hospital", "mch-hospital"):
                staff(place.code, "paediatrician", 0.06 * base * size)
            if "精神" in place.name:
                staff(place.code, "psychiatrist", 0.035 * base)
            total = max(4, int(1.7 * base * size))
            beds(place.code, "all", total)
            if place.level >= 2 and place.type != "specialist-hospital":
                beds(
                    place.code,
                    "icu",
                    int(place.type == "general-hospital") + round(total * (0.055 if place.level == 3 else 0.035)),
                )
        elif place.type == "cdc":
            staff(
                place.code,
                "public-health",
                0.14 * (everyone if len(place.division) == 4 else 4 * county_of[place.division]) / 1000,
            )
            staff(place.code, "health-education", 0.012 * everyone / 1000)


def _population(book: Registers, people: People, where: Geography, span: Span) -> None:
    """The statistical bureau's figures: a few per cent above those the records know, for villages, townships and
    counties (which add up), by five-year age group and sex for counties only."""
    for year in (span.as_of.year - 1, span.as_of.year):
        day = (date(year, 6, 30) - date(1970, 1, 1)).days
        here = people.resident(min(day, span.end))
        age = age_on(people.birth, day)

        def rows(
            level: str, codes: list[str], counts: Any, sex: str, low: int | None, high: int | None, y: int = year
        ) -> None:
            for code, value in zip(codes, counts, strict=True):
                book.population.append(
                    {"division": code, "year": y, "kind": "resident", "sex": sex, "age_from": "" if low is None else low,
                     "age_to": "" if high is None else high, "value": int(value), "source": f"统计局{level}", "version": "1"}
                )  # fmt: skip

        for low, high in ((None, None), (0, 14)):
            chosen = here if low is None else here & (age >= low) & (age <= 14)
            village = np.bincount(people.village[chosen], minlength=len(where.villages))
            village = np.ceil(village * 1.03).astype(np.int64)
            town = np.bincount(where.village_township, village, len(where.townships)).astype(np.int64)
            county = np.bincount(where.township_county, town, len(where.counties)).astype(np.int64)
            rows("村级推算", where.villages, village, "all", low, high)
            rows("乡级推算", where.townships, town, "all", low, high)
            rows("年鉴", where.counties, county, "all", low, high)
        band = np.minimum(age[here] // 5, _BANDS - 1)
        cell = (people.sex[here] * _BANDS + band) * len(where.counties) + where.village_county[people.village[here]]
        counts = np.bincount(cell, minlength=2 * _BANDS * len(where.counties)).reshape(2, _BANDS, -1)
        for sex, number in (("male", MALE), ("female", FEMALE)):
            for place, county in enumerate(np.ceil(counts[number] * 1.03)):
                rows("年鉴", where.counties, county, sex, place * 5, place * 5 + 4 if place < _BANDS - 1 else None)


# kind -> people for each resident: those insured, pupils from the seventh grade on, those estimated to have a disease
_SHARES = {"insured": 0.962, "students": 0.058, "hiv-estimated": 0.0011, "htn-estimated": 0.21, "dm-estimated": 0.085}


def _estimates(book: Registers, living: Ints, where: Geography, span: Span) -> None:
    """What insurers, schools and surveys say of each county."""
    county = np.bincount(where.village_county, living, len(where.counties))
    for year in (span.as_of.year - 1, span.as_of.year):
        for kind, share in _SHARES.items():
            for place, code in enumerate(where.counties):
                book.population.append(
                    {"division": code, "year": year, "kind": kind, "sex": "all", "age_from": "", "age_to": "",
                     "value": int(np.ceil(county[place] * share)) + 2, "source": "部门数据", "version": "1"}
                )  # fmt: skip
