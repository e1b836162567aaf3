"""True answers for children, vaccination, births, deliveries, and the deaths of mothers and children."""

from __future__ import annotations

import numpy as np

from luoshi.simulate import codes
from luoshi.simulate.chance import NEVER, Bools, Ints, add_months
from luoshi.simulate.children import doses
from luoshi.simulate.truth.tally import Tally, months_before, years_before

SYSTEM_AGES = (1, 3, 6, 8, 12, 18, 24, 30)
TCM_AGES = (6, 12, 18, 24, 30, 36)
SINGLE_DOSES = {
    "nip-hepb3": ("HepB", 3), "nip-bcg": ("BCG", 1), "nip-polio3": ("bOPV", 1), "nip-dtap3": ("DTaP", 3),
    "nip-dtap4": ("DTaP", 4), "nip-mmr1": ("MMR", 1), "nip-mmr2": ("MMR", 2), "nip-je1": ("JE-L", 1),
    "nip-mena2": ("MenA", 2), "nip-hepa1": ("HepA-L", 1), "nip-hepb2": ("HepB", 2), "nip-ipv2": ("IPV", 2),
    "nip-polio4": ("bOPV", 2), "nip-dt": ("DT", 1), "nip-je2": ("JE-L", 2), "nip-mena1": ("MenA", 1),
    "nip-menac1": ("MenAC", 1), "nip-menac2": ("MenAC", 2),
}  # fmt: skip


def count(tally: Tally) -> None:
    """Every indicator about mothers and children."""
    _children(tally)
    _vaccination(tally)
    _births(tally)
    _deliveries(tally)
    _deaths(tally)


def _children(tally: Tally) -> None:
    people = tally.region.people
    start, end = tally.ranges["CY"]
    person = np.flatnonzero(people.resident(end) & (people.birth > years_before(end, 7)))
    checked = tally.flags(tally.visits("child-visit", start, end)["person"])
    checked |= tally.flags(tally.visits("newborn-visit", start, end)["person"])
    tally.people("child-mgmt", "CY", person, checked[person])
    eyes = tally.flags(tally.procedures("child-eye-check", start, end)["person"])
    tally.people("child-eye", "CY", person, eyes[person])
    small = person[people.birth[person] > months_before(end, 37)]
    done = tally.times(tally.visits("tcm-child", start, end)["person"])[small]
    due = sum(_falls_due(people.birth[small], age, start, end) for age in TCM_AGES)
    tally.people("child-tcm", "CY", small, (done >= 1) & (done >= due))
    start, end = tally.ranges["MCH"]
    resident = people.resident(end)
    small = np.flatnonzero(resident & (people.birth > years_before(end, 3)))
    done = tally.times(tally.visits("child-visit", start, end)["person"])[small]
    due = sum(_falls_due(people.birth[small], age, start, end) for age in SYSTEM_AGES)
    tally.people("child3-system", "MCH", small, done >= due)
    blood = tally.findings("718-7", start, end)
    level = tally.latest(blood["person"], blood["day"], blood["value"], highest=False)
    tested = np.flatnonzero(resident & (people.birth > years_before(end, 5)) & ~np.isnan(level))
    tally.people("under5-anaemia", "MCH", tested, level[tested] < 110)


def _falls_due(birth: Ints, age: int, start: int, end: int) -> Ints:
    day = add_months(birth, age)
    return ((day >= start) & (day <= end - 30)).astype(np.int64)


def _vaccination(tally: Tally) -> None:
    people = tally.region.people
    start, end = tally.ranges["CY"]
    child = np.flatnonzero(people.resident(end) & (people.birth > years_before(end, 7)))
    rows = tally.region.journal.columns("immunization")
    given = (rows["status"] == codes.DOSE_STATES.index("completed")) & (rows["day"] <= end)
    subjects, counted, kinds = [], [], []
    for low, high, vaccine, dose, age in doses():
        day = add_months(people.birth[child], age) + 30
        meant = (people.birth[child] >= low) & (people.birth[child] <= high)
        due = child[meant & (day >= start) & (day <= end)]
        this = given & (rows["vaccine"] == codes.VACCINES.index(vaccine)) & (rows["dose"] == dose)
        subjects.append(due)
        counted.append(tally.flags(rows["person"][this])[due])
        kinds.append(np.full(len(due), codes.VACCINES.index(vaccine) * 10 + dose))
    person, yes, kind = np.concatenate(subjects), np.concatenate(counted), np.concatenate(kinds)
    tally.people("nip-coverage", "CY", person, yes)
    for name, (vaccine, dose) in SINGLE_DOSES.items():
        this = kind == codes.VACCINES.index(vaccine) * 10 + dose
        tally.people(name, "CY", person[this], yes[this])


def _births(tally: Tally) -> None:
    start, end = tally.ranges["MCH"]
    rows = tally.visits("birth", start, end)
    child, day, place = rows["person"], rows["day"], rows["institution"]
    tally.people("facility-birth", "MCH", child, rows["class"] == codes.CLASSES.index("IMP"), place)
    for name, code, wait in (
        ("nbs-metabolic", "newborn-metabolic-screen", 20), ("nbs-hearing", "newborn-hearing-screen", 7),
        ("nbs-chd", "newborn-chd-screen", 7),
    ):  # fmt: skip
        due = day + wait <= end
        done = tally.flags(tally.procedures(code, None, end)["person"])[child]
        tally.people(name, "MCH", child[due], done[due], place[due])
    home = tally.visits("newborn-visit", None, end)
    born = tally.region.people.birth[home["person"]]
    soon = (home["day"] >= born) & (home["day"] <= born + 28)
    seen = tally.flags(home["person"][soon])[child]
    due = day + 28 <= end
    tally.people("newborn-visit", "MCH", child[due], seen[due], place[due])


def _deliveries(tally: Tally) -> None:
    start, end = tally.ranges["MCH"]
    births = tally.visits("birth", None, end)
    alive = np.bincount(births["part_of"], minlength=tally.region.journal.count("visit"))
    rows = tally.visits("delivery", start, end)
    live = alive[rows["row"]]
    some = live > 0
    mother, day, place = rows["person"][some], rows["day"][some], rows["institution"][some]
    hospital, weight = rows["class"][some] == codes.CLASSES.index("IMP"), live[some].astype(np.float64)
    assert len(np.unique(mother)) == len(mother), "one delivery a woman within the told days"
    at = tally.village_place[tally.region.people.village[mother]]
    delivered = np.full(len(tally.region.people), NEVER)
    delivered[mother] = day

    def inside(found: dict[str, Ints], low: int, high: int) -> Ints:
        since = found["day"] - delivered[found["person"]]
        return np.flatnonzero((since >= low) & (since <= high))

    def put(name: str, yes: Bools, due: Bools | None = None) -> None:
        chosen = np.ones(len(mother), bool) if due is None else due
        tally.put(name, "MCH", at[chosen], (yes * weight)[chosen], weight[chosen], place[chosen])

    dated = tally.findings("8665-2", None, end)
    apart = dated["value_day"] - delivered[dated["person"]]
    fits = (apart >= -310) & (apart <= 0)
    lmp = tally.latest(dated["person"][fits], dated["value_day"][fits], dated["value_day"][fits], highest=True)[mother]
    antenatal = tally.visits("antenatal-visit", None, end)
    own = inside(antenatal, -310, 0)
    number = tally.times(antenatal["person"][own])[mother]
    first = -tally.latest(antenatal["person"][own], -antenatal["day"][own], -antenatal["day"][own], highest=True)[
        mother
    ]
    with np.errstate(invalid="ignore"):
        early = first < lmp + 91
    put("early-card", early)
    screened = tally.procedures("prenatal-screen", None, end)
    put("prenatal-screen", tally.flags(screened["person"][inside(screened, -310, 0)])[mother])
    cut = tally.procedures("caesarean", None, end)
    put("caesarean", tally.flags(cut["person"][inside(cut, -1, 1)])[mother])
    postnatal = tally.visits("postnatal-visit", None, end)
    visited = tally.flags(postnatal["person"][inside(postnatal, 0, 28)])[mother]
    due = day + 28 <= end
    put("postnatal-visit", visited, due)
    put("maternal-system", early & (number >= 5) & hospital & visited, due)


def _deaths(tally: Tally) -> None:
    start, end = tally.ranges["MCH"]
    people = tally.region.people
    births = tally.visits("birth", start, end)
    dead = np.flatnonzero((people.death >= start) & (people.death <= end) & (people.death != NEVER))
    age_limits = {
        "neonatal-mortality": people.death[dead] <= people.birth[dead] + 28,
        "infant-mortality": people.death[dead] < add_months(people.birth[dead], 12),
        "under5-mortality": people.death[dead] < add_months(people.birth[dead], 60),
    }
    told = tally.findings("maternal-death", None, end)
    age_limits["maternal-mortality"] = tally.flags(told["person"][told["value"] == 1])[dead]
    for name, yes in age_limits.items():
        lost = dead[yes]
        person = np.concatenate([births["person"], lost])
        place = np.concatenate([births["institution"], tally.region.where.serving[people.village[lost]]])
        above = np.concatenate([np.zeros(len(births["person"])), np.ones(len(lost))])
        tally.put(name, "MCH", tally.village_place[people.village[person]], above, 1 - above, place)
