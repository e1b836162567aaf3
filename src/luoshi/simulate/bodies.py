"""Registers beside health institutions: nurseries, schools, offices, enterprises … and what dated events there were.

Rows are made village by village or county by county, so their number grows with the map and not with the people.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from luoshi.simulate.chance import Ints, Span, chance, iso
from luoshi.simulate.geography import Geography

Rows = list[dict[str, Any]]
DAY = "%Y-%m-%d"


def units(where: Geography, living: Ints, span: Span, seed: int) -> Rows:
    """The register of units; `living` are the residents of each village."""
    draw = chance(seed, "units")
    rows: Rows = []
    town_people = np.bincount(where.village_township, living, len(where.townships))

    def add(kind: str, name: str, division: str, **more: Any) -> None:
        opened = span.end - int(draw.integers(30, 3600))
        row = {
            "code": f"U{len(rows) + 1:06d}", "name": name, "kind": kind, "division": division, "public": "", "affordable": "",
            "places": "", "enrolled": "", "filed": "", "award": "", "awarded": "", "valid_from": iso(opened),
            "valid_to": "", "as_of": iso(span.end - int(draw.integers(0, 25))),
        }  # fmt: skip
        if draw.random() < 0.03:
            row["valid_to"] = iso(min(opened + int(draw.integers(200, 1500)), span.end + 400))
        rows.append(row | more)

    def since() -> str:
        return iso(span.end - int(draw.integers(1, 900)))

    def award(title: str, share: float) -> dict[str, str]:
        return {"award": title, "awarded": since()} if draw.random() < share else {}

    names = {d.code: d.name for d in where.divisions}
    for town, code in enumerate(where.townships):
        name, people = names[code], float(town_people[town])
        for number in range(1 + int(draw.poisson(0.6 + people / 9000))):
            places = int(draw.integers(20, 90))
            add("childcare", f"{name}第{number + 1}托育园", code, public=_flag(draw.random() < 0.45),
                affordable=_flag(draw.random() < 0.68), places=places, enrolled=int(places * draw.uniform(0.35, 0.95)),
                filed=since() if draw.random() < 0.8 else "", **award("demonstration", 0.12))  # fmt: skip
        if draw.random() < 0.6:
            places = int(draw.integers(15, 40))
            add("kindergarten-class", f"{name}中心幼儿园托班", code, public=_flag(draw.random() < 0.7),
                affordable=_flag(draw.random() < 0.85), places=places, enrolled=int(places * draw.uniform(0.5, 1.0)),
                filed=since() if draw.random() < 0.9 else "")  # fmt: skip
        for number in range(1 + int(draw.poisson(1.2 + people / 8000))):
            add("school", f"{name}第{number + 1}学校", code, **award("healthy-school", 0.63))
        for number in range(1 + int(draw.poisson(1.0))):
            add("agency", f"{name}第{number + 1}机关", code, **award("healthy-agency", 0.6))
        for number in range(int(draw.poisson(1.5 + people / 6000))):
            exposed = int(draw.integers(3, 200)) if draw.random() < 0.6 else 0
            add("enterprise", f"{name}第{number + 1}企业", code, enrolled=exposed,
                filed=since() if exposed and draw.random() < 0.83 else "", **award("healthy-enterprise", 0.27))  # fmt: skip
        if draw.random() < 0.7:
            add("canteen", f"{name}食堂", code, **award("nutrition-healthy", 0.5))
        if draw.random() < 0.5:
            add("nursing-room", f"{name}母婴室", code, **award("five-star", 0.3))
        if draw.random() < 0.6:
            add(
                "day-care", f"{name}日间照料中心", code, places=int(draw.integers(8, 30)), **award("demonstration", 0.3)
            )
        if draw.random() < 0.45:
            add("elder-home", f"{name}敬老院", code, public="true", places=int(draw.integers(20, 120)),
                **award("renovated", 0.6))  # fmt: skip
        if draw.random() < 0.8:
            add("fitness-site", f"{name}健身路径", code)
    return rows


# kind -> events a year for 10 000 residents, share dealt with, days to it (geometric), share dealt with at once
_EVENTS = {
    "warning-signal": (2.0, 0.985, 0.5, 0.85), "health-emergency": (0.15, 0.98, 0.5, 0.9),
    "supervision-finding": (3.0, 0.93, 0.3, 0.4), "inspection": (4.0, 0.94, 0.05, 0.1),
    "food-sample": (4.0, 1.0, 0.2, 0.2), "drug-shortage": (0.6, 0.9, 0.12, 0.1), "fp-subsidy": (5.0, 0.97, 0.1, 0.3),
}  # fmt: skip


def events(where: Geography, living: Ints, span: Span, seed: int) -> Rows:
    """The register of events of the two years told, in each county at least one of every kind a year."""
    draw = chance(seed, "events")
    rows: Rows = []
    days = span.end - span.start + 1
    people = np.bincount(where.village_county, living, len(where.counties))
    villages = [np.flatnonzero(where.village_county == county) for county in range(len(where.counties))]
    for kind, (rate, done, pace, at_once) in _EVENTS.items():
        for county in range(len(where.counties)):
            count = 2 + int(draw.poisson(min(rate * people[county] / 10_000, 400) * days / 365.25))
            day = span.start + draw.integers(0, days, count)
            wait = np.where(draw.random(count) < at_once, 0, draw.geometric(pace, count))
            finished = (draw.random(count) < done) & (day + wait <= span.end)
            place = draw.choice(villages[county], count)
            told, problem, mended = draw.random((3, count))
            for i in range(count):
                result = ""
                if kind == "inspection" and finished[i]:
                    result = "clean" if problem[i] < 0.8 else "handled" if mended[i] < 0.9 else "open"
                over = int(day[i] + wait[i])
                rows.append(
                    {"code": f"{kind[:2].upper()}{len(rows) + 1:07d}", "kind": kind, "institution": "",
                     "division": where.villages[int(place[i])], "day": iso(int(day[i])),
                     "done_day": iso(over) if finished[i] else "",
                     "published": iso(over + 7) if kind == "inspection" and finished[i] and told[i] < 0.95 else "",
                     "result": result}
                )  # fmt: skip
    for year_start in (span.start, span.year_start):  # 健康知识进万家: most villages are visited in a year
        for village in range(len(where.villages)):
            visit = year_start + int(draw.integers(20, 340))
            if draw.random() < 0.9 and visit <= span.end:
                rows.append(
                    {"code": f"OU{len(rows) + 1:07d}", "kind": "outreach", "division": where.villages[village],
                     "institution": "", "day": iso(visit), "done_day": iso(visit), "published": "", "result": ""}
                )  # fmt: skip
    return rows


def _flag(value: bool) -> str:
    return "true" if value else "false"
