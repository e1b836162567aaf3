"""True answers from the registers: titles, staff, beds, per head of population, titles of villages and counties."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from luoshi.simulate.chance import Floats, as_date
from luoshi.simulate.geography import Institution
from luoshi.simulate.truth.tally import Tally

CENTRES = ("township-centre", "community-centre")
HOSPITALS = ("general-hospital", "tcm-hospital", "mch-hospital", "specialist-hospital")


def count(tally: Tally) -> None:
    """Every indicator over institutions and places."""
    _titles(tally)
    _capacity(tally)
    _divisions(tally)


def _held(tally: Tally, owner: str) -> set[tuple[str, str]]:
    today = tally.span.as_of.isoformat()
    return {
        (row[owner], row["title"])
        for row in tally.region.registers.title
        if row[owner] and row["granted"] <= today and (not row["revoked"] or row["revoked"] > today)
    }


def _latest(rows: list[dict[str, object]], kind: str, today: str) -> dict[tuple[str, str], int]:
    """(institution, role or kind) -> the count with the latest day."""
    best: dict[tuple[str, str], tuple[str, int]] = {}
    for row in rows:
        key, day = (str(row["institution"]), str(row[kind])), str(row["as_of"])
        if day <= today and day >= best.get(key, ("", 0))[0]:
            best[key] = (day, int(str(row["count"])))
    return {key: number for key, (_, number) in best.items()}


def _titles(tally: Tally) -> None:
    held = _held(tally, "institution")
    staff = _latest(tally.region.registers.staff, "role", tally.span.as_of.isoformat())
    levels = {d.code: d.level for d in tally.region.where.divisions}

    def has(*titles: str) -> Callable[[Institution], bool]:
        return lambda i: any((i.code, title) in held for title in titles)

    def of(*types: str) -> Callable[[Institution], bool]:
        return lambda i: i.type in types

    rules: dict[str, tuple[Callable[[Institution], bool], Callable[[Institution], bool]]] = {
        "qsi-basic": (of(*CENTRES), has("qsi-basic", "qsi-recommended")),
        "hospice-primary": (of(*CENTRES), has("hospice")),
        "age-friendly": (of("general-hospital", "nursing-home", *CENTRES), has("age-friendly")),
        "geriatrics-dept": (lambda i: i.type == "general-hospital" and i.level in (2, 3), has("geriatrics-dept")),
        "county-hosp-rec": (
            lambda i: i.type == "general-hospital" and i.public and i.level in (2, 3) and levels[i.division] >= 3,
            has("county-hospital-recommended"),
        ),
        "village-room-public": (of("village-room"), has("village-room-public")),
        "village-doctor": (of("village-room"), lambda i: staff.get((i.code, "doctor"), 0) >= 1),
    }
    for title in ("qsi-recommended", "community-hospital", "mch-clinic-std", "tcm-hall", "tcm-6x10"):
        rules[title] = (of(*CENTRES), has(title))
    rules |= {
        "hp-hospital": (of(*HOSPITALS), has("hp-hospital")),
        "tcm-corner": (lambda i: i.type in CENTRES and has("tcm-hall")(i), has("tcm-corner")),
        "tcm-room": (of("village-room", "community-station"), has("tcm-room")),
        "rehab-tcm3": (lambda i: i.type == "tcm-hospital" and i.level == 3, has("rehab-dept")),
        "tcm-dept-coverage": (lambda i: i.type in ("general-hospital", "mch-hospital") and i.level >= 2, has("tcm-dept")),
        "county-tcm-hosp-rec": (
            lambda i: i.type == "tcm-hospital" and levels[i.division] >= 3, has("county-tcm-recommended"),
        ),
        "thousand-county-rec": (has("thousand-county"), has("county-hospital-recommended")),
        "foodborne-sentinel": (of("general-hospital", "tcm-hospital", *CENTRES), has("foodborne-sentinel")),
    }  # fmt: skip
    places = tally.region.where.institutions
    for name, (belongs, yes) in rules.items():
        chosen = [n for n, i in enumerate(places) if belongs(i)]
        above = np.array([float(yes(places[n])) for n in chosen])
        at = np.array(chosen, np.int64)
        tally.put(name, "PT", tally.institution_place[at], above, np.ones(len(at)), at)
    for name in ("emr-level", "smart-service", "interop-level"):
        grades = {code: int(title.rsplit("-", 1)[1]) for code, title in sorted(held) if title.startswith(f"{name}-")}
        at = np.array(
            [n for n, i in enumerate(places) if i.type in HOSPITALS and i.level >= 2 and i.code in grades], np.int64
        )
        above = np.array([float(grades[places[n].code]) for n in at])
        tally.put(name, "PT", tally.institution_place[at], above, np.ones(len(at)), at)
    counts: dict[str, Callable[[Institution], bool]] = {
        "nursing-home": of("nursing-home"),
        "hospice-ward": lambda i: (
            i.type in ("general-hospital", "tcm-hospital", "specialist-hospital") and has("hospice")(i)
        ),
    }
    for name, belongs in counts.items():
        at = np.array([n for n, i in enumerate(places) if belongs(i)], np.int64)
        tally.put(name, "PT", tally.institution_place[at], np.ones(len(at)), None)


def population(tally: Tally, age: tuple[int, int] | None = None, kind: str = "resident") -> Floats:
    """Residents (or people of another `kind`) of every division by the register of the latest year; the sum of its parts
    where it has no row, 0 where there is nothing to sum."""
    want = age or ("", "")
    year = max(r["year"] for r in tally.region.registers.population if r["year"] <= tally.span.as_of.year)
    total = np.full(len(tally.divisions), np.nan)
    for row in tally.region.registers.population:
        if (
            row["kind"] == kind
            and row["year"] == year
            and row["sex"] == "all"
            and (row["age_from"], row["age_to"]) == want
        ):
            total[tally.place_of[row["division"]]] = row["value"]
    for level in (4, 3, 2, 1):
        for place in np.flatnonzero((tally.levels == level) & np.isnan(total)):
            total[place] = np.nansum(total[tally.parents == place])
    return np.asarray(np.nan_to_num(total), dtype=np.float64)


def _capacity(tally: Tally) -> None:
    today = tally.span.as_of.isoformat()
    places = tally.region.where.institutions
    staff = _latest(tally.region.registers.staff, "role", today)
    beds = _latest(tally.region.registers.bed, "kind", today)
    everyone, children = population(tally), population(tally, (0, 14))
    at = np.arange(len(places))
    for name, role in (
        ("doctors-per-1000", "doctor"), ("nurses-per-1000", "nurse"), ("gp-per-10000", "gp"),
        ("psychiatrists", "psychiatrist"), ("health-edu-staff", "health-education"), ("paediatricians", "paediatrician"),
    ):  # fmt: skip
        number = np.array([float(staff.get((i.code, role), 0)) for i in places])
        below = children if name == "paediatricians" else everyone
        tally.put(name, "PT", tally.institution_place[at], number, None, population=below)
    number = np.array([float(beds.get((i.code, "all"), 0)) for i in places])
    tally.put("beds-per-1000", "PT", tally.institution_place[at], number, None, population=everyone)
    at = np.array([n for n, i in enumerate(places) if i.type in HOSPITALS and i.level in (2, 3)], np.int64)
    intensive = np.array([float(beds.get((places[n].code, "icu"), 0)) for n in at])
    tally.put("icu-bed-share", "PT", tally.institution_place[at], intensive, number[at], at)
    for name, level in (("icu-bed-share-secondary", 2), ("icu-bed-share-tertiary", 3)):
        mine = np.array([places[n].type == "general-hospital" and places[n].level == level for n in at])
        tally.put(name, "PT", tally.institution_place[at], intensive * mine, number[at] * mine, at)
    at = np.arange(len(places))
    doctors, nurses, public = (
        np.array([float(staff.get((i.code, role), 0)) for i in places]) for role in ("doctor", "nurse", "public-health")
    )
    tally.put("nurse-per-doctor", "PT", tally.institution_place[at], nurses, doctors, at)
    centre = np.array([i.type == "cdc" for i in places])
    tally.put("cdc-staff", "PT", tally.institution_place[centre], public[centre], None, population=everyone)
    insured = population(tally, kind="insured")
    at = np.flatnonzero((tally.levels == 3) & (insured > 0))
    tally.put("insured-rate", "PT", at, insured[at], None, population=everyone)


def _divisions(tally: Tally) -> None:
    held = _held(tally, "division")
    for name, level, title in (
        ("sanitary-village", 5, "sanitary-village"), ("family-guide-coverage", 5, "healthy-family-guide"),
    ):  # fmt: skip
        at = np.flatnonzero(tally.levels == level)
        yes = np.array([float((tally.divisions[n], title) in held) for n in at])
        tally.put(name, "PT", at, yes, np.ones(len(at)))
    urban = {d.code for d in tally.region.where.divisions if d.urban}
    for name, level, title in (
        ("healthy-community", 5, "healthy-community"), ("vph-committee", 5, "vph-committee"),
        ("sanitary-town", 4, "sanitary-town"), ("telemedicine-county", 3, "telemedicine"), ("myopia-pilot", 3, "myopia-pilot"),
    ):  # fmt: skip
        at = np.flatnonzero(tally.levels == level)
        at = np.array([n for n in at if name != "healthy-community" or tally.divisions[n] in urban], np.int64)
        yes = np.array([float((tally.divisions[n], title) in held) for n in at])
        tally.put(name, "PT", at, yes, np.ones(len(at)))
    start, end = (as_date(day).isoformat() for day in tally.ranges["CY"])
    went = {r["division"] for r in tally.region.registers.event if r["kind"] == "outreach" and start <= r["day"] <= end}
    rooms = {i.division for i in tally.region.where.institutions if i.type in ("village-room", "community-station")}
    at = np.flatnonzero(tally.levels == 5)
    for name, period, had in (("outreach-coverage", "CY", went), ("village-room-coverage", "PT", rooms)):
        tally.put(name, period, at, np.array([float(tally.divisions[n] in had) for n in at]), np.ones(len(at)))
    at = np.array(
        [n for n in np.flatnonzero(tally.levels == 3) if (tally.divisions[n], "hpv-county") in held], np.int64
    )
    tally.put("hpv-county-count", "PT", at, np.ones(len(at)), None)
