"""True answers for what stands beside the panels: more groups under contract, risks at birth, hospital, infections, school."""

from __future__ import annotations

import numpy as np

from luoshi.catalog.loader import CATALOG, read_yaml
from luoshi.simulate import codes
from luoshi.simulate.chance import NEVER, Bools, Ints
from luoshi.simulate.people import FEMALE
from luoshi.simulate.truth.panels import FACE, _panel
from luoshi.simulate.truth.places import population
from luoshi.simulate.truth.tally import CANCELLED, Tally, years_before


def count(tally: Tally) -> None:
    """Every indicator of this module."""
    _groups(tally)
    _patients(tally)
    _elderly(tally)
    _births(tally)
    _deliveries(tally)
    _exposed(tally)
    _stays(tally)
    _infections(tally)
    _young(tally)
    _where_treated(tally)


def _per_head(tally: Tally, name: str, period: str, person: Ints, kind: str = "resident") -> None:
    """People counted where they live, over the register of population."""
    at = tally.village_place[tally.region.people.village[person]]
    tally.put(name, period, at, np.ones(len(person)), None, population=population(tally, kind=kind))


def _groups(tally: Tally) -> None:
    people, end = tally.region.people, tally.span.end
    rows = tally.region.journal.columns("contract")
    kept = rows["state"] != codes.CONTRACT_STATES.index("revoked")
    valid = tally.flags(rows["person"][kept & (rows["start_day"] <= end) & (rows["end_day"] >= end)])
    resident = people.resident(end)
    child = np.flatnonzero(resident & (people.birth > years_before(end, 7)))
    tally.people("contract-child", "PT", child, valid[child])
    for name, program in (
        ("contract-pregnant", "pregnancy"), ("contract-htn", "hypertension"), ("contract-dm", "diabetes"),
        ("contract-smd", "severe-mental"), ("contract-tb", "tuberculosis"),
    ):  # fmt: skip
        group = np.flatnonzero(resident & (tally.open_episode(program, end) >= 0))
        tally.people(name, "PT", group, valid[group])
        if program in ("hypertension", "diabetes"):
            short = "htn" if program == "hypertension" else "dm"
            _per_head(tally, f"{short}-mgmt", "CY", group, f"{short}-estimated")


def _patients(tally: Tally) -> None:
    start, end = tally.ranges["CY"]
    episodes = tally.region.journal.columns("episode")
    checked = tally.flags(tally.visits("checkup", start, end)["person"])
    person, row = _panel(tally, "severe-mental", end)
    _per_head(tally, "smd-reported", "PT", person)
    visits = tally.visits("smd-visit", start, end)
    met = tally.flags(visits["person"][np.isin(visits["mode"], FACE)])
    tally.people("smd-face", "CY", person, met[person], episodes["institution"][row])
    tally.people("smd-checkup", "CY", person, checked[person], episodes["institution"][row])
    person, row = _panel(tally, "hiv", end)
    _per_head(tally, "hiv-95-1", "PT", person, "hiv-estimated")
    at = tally.village_place[tally.region.people.village[person]]
    tally.put("hiv-followup", "PT", at, np.ones(len(person)), None, episodes["institution"][row])
    person, row = _panel(tally, "diabetes", end)
    tested = tally.flags(tally.findings("4548-4", start, end)["person"])[person]
    tally.people("dm-hba1c", "CY", person, tested, episodes["institution"][row])
    screened = tally.flags(tally.procedures("dm-complication-screen", start, end)["person"])[person]
    tally.people("dm-complication", "CY", person, screened, episodes["institution"][row])
    person, row = _panel(tally, "copd", end)
    seen = tally.times(tally.visits("copd-visit", start, end)["person"])[person]
    due = (end - np.maximum(start, episodes["start_day"][row]) + 1) // 180
    tally.people("copd-service", "CY", person, seen >= due, episodes["institution"][row])
    chosen = np.flatnonzero(episodes["program"] == codes.PROGRAMS.index("tuberculosis"))
    began, ended, person = (episodes[name][chosen] for name in ("start_day", "end_day", "person"))
    notified = (began >= start) & (began <= end)
    _per_head(tally, "tb-incidence", "CY", person[notified])
    told = tally.findings("tb-outcome", None, end)
    good = np.isin(told["answer"], [codes.ANSWERS.index("cured"), codes.ANSWERS.index("completed")])
    well = tally.flags(told["person"][good])[person]
    done = (ended >= start) & (ended <= end) & (episodes["status"][chosen] == codes.EPISODE_STATES.index("finished"))
    tally.people("tb-cure", "CY", person[done], well[done], episodes["institution"][chosen][done])


def _elderly(tally: Tally) -> None:
    start, end = tally.ranges["CY"]
    people = tally.region.people
    episodes = tally.region.journal.columns("episode")
    old = np.flatnonzero(people.resident(end) & (people.birth <= years_before(end, 65)))
    tally.people(
        "cognition-65", "CY", old, tally.flags(tally.procedures("cognition-screen", start, end)["person"])[old]
    )
    person, row = _panel(tally, "disability", end)
    visited = tally.flags(tally.visits("home-care", start, end)["person"])[person]
    tally.people("disabled-served", "CY", person, visited, episodes["institution"][row])
    at = tally.village_place[people.village[person]]
    tally.put("disabled-home-visit", "CY", at, visited * 1.0, None, episodes["institution"][row])
    asked = tally.visits("ltc-assessment", start, end)
    over = (asked["end_day"] != NEVER) & (asked["end_day"] <= end)
    due = over | (asked["day"] + 30 <= end)
    soon = over & (asked["end_day"] - asked["day"] <= 30)
    tally.people("ltc-timely", "CY", asked["person"][due], soon[due], asked["institution"][due])


def _births(tally: Tally) -> None:
    start, end = tally.ranges["MCH"]
    people = tally.region.people
    births = tally.visits("birth", start, end)
    child, place = births["person"], births["institution"]
    grams = tally.findings("8339-4", None, end)
    weeks = tally.findings("11884-4", None, end)
    weight = tally.latest(grams["person"], grams["day"], grams["value"], highest=True)[child]
    age = tally.latest(weeks["person"], weeks["day"], weeks["value"], highest=True)[child]
    for name, value, low, high in (
        ("low-birth-weight", weight, 0, 2500), ("macrosomia", weight, 4000, 1e9), ("preterm", age, 0, 37),
    ):  # fmt: skip
        known = ~np.isnan(value)
        yes = (value[known] >= low) & (value[known] < high)
        tally.people(name, "MCH", child[known], yes, place[known])
    ill = tally.region.journal.columns("condition")
    defects = [codes.DISEASES.index(code) for code in ("Q05", "Q20.3", "Q90")]
    before = ill["day"] <= end
    defect = tally.flags(ill["person"][before & np.isin(ill["code"], defects)])[child]
    syphilis = tally.flags(ill["person"][before & (ill["code"] == codes.DISEASES.index("A50"))])[child]
    home = tally.village_place[people.village[child]]
    ones = np.ones(len(child))
    lost = tally.findings("fetal-death", start, end)
    mother = lost["person"][lost["value"] >= 28]
    early = np.flatnonzero(
        (people.death >= start) & (people.death <= end) & (people.death != NEVER) & (people.death <= people.birth + 7)
    )
    # Subjects of the vital events: births, other deaths told there, fetal deaths; what is 0 above and below is nothing.
    person = np.concatenate([child, early, mother])
    serving = tally.region.where.serving[people.village[np.concatenate([early, mother])]]
    at = tally.village_place[people.village[person]]
    own = np.concatenate([place, serving])
    split = np.repeat([0, 1, 2], [len(child), len(early), len(mother)])
    tally.put("perinatal-mortality", "MCH", at, (split > 0) * 1.0, (split != 1) * 1.0, own)
    above = np.concatenate([defect * 1.0, np.zeros(len(early) + len(mother))])
    tally.put("severe-birth-defect-rate", "MCH", at, above, (split != 1) * 1.0, own)
    tally.put("mtct-syphilis", "MCH", home, syphilis * 1.0, ones, place)


def _deliveries(tally: Tally) -> None:
    start, end = tally.ranges["MCH"]
    births = tally.visits("birth", None, end)
    alive = np.bincount(births["part_of"], minlength=tally.region.journal.count("visit"))
    rows = tally.visits("delivery", start, end)
    live = alive[rows["row"]]
    some = live > 0
    mother, day, place, weight = rows["person"][some], rows["day"][some], rows["institution"][some], live[some] * 1.0
    people = tally.region.people
    delivered = np.full(len(people), NEVER)
    delivered[mother] = day
    at = tally.village_place[people.village[mother]]

    def inside(found: dict[str, Ints]) -> Ints:
        since = found["day"] - delivered[found["person"]]
        return np.flatnonzero((since >= -310) & (since <= 0))

    antenatal = tally.visits("antenatal-visit", None, end)
    number = tally.times(antenatal["person"][inside(antenatal)])[mother]
    tests = tally.procedures("mtct-test", None, end)
    tested = tally.flags(tests["person"][inside(tests)])[mother]
    older = np.array([people.birth[m] <= years_before(int(d), 35) for m, d in zip(mother, day, strict=True)], np.bool_)
    for name, yes in (("antenatal-5", number >= 5), ("mtct-tested", tested), ("older-mother", older)):
        tally.put(name, "MCH", at, yes * weight, weight, place)


def _exposed(tally: Tally) -> None:
    start, end = tally.ranges["MCH"]
    people, episodes = tally.region.people, tally.region.journal.columns("episode")
    told = tally.findings("mtct-outcome", start, end)
    known = tally.flags(told["person"])
    sick = tally.flags(told["person"][told["answer"] == codes.ANSWERS.index("positive")])
    for name, program in (("mtct-hiv", "exposed-hiv"), ("mtct-hepb", "exposed-hepb")):
        row = np.flatnonzero((episodes["program"] == codes.PROGRAMS.index(program)) & (episodes["start_day"] <= end))
        row = row[known[episodes["person"][row]]]
        child = episodes["person"][row]
        tally.people(name, "MCH", child, sick[child], episodes["institution"][row])
    risk = tally.findings("pregnancy-risk", start, end)
    high = np.isin(risk["answer"], [codes.ANSWERS.index(colour) for colour in ("orange", "red", "purple")])
    mother, day = risk["person"][high], risk["day"][high]
    assert len(np.unique(mother)) == len(mother), "one risk a woman within the told days"
    files = tally.procedures("risk-case-file", None, end)
    found = np.full(len(people), -NEVER)
    found[mother] = day
    filed = tally.flags(files["person"][files["day"] >= found[files["person"]]])
    tally.people("highrisk-mgmt", "MCH", mother, filed[mother])


def _stays(tally: Tally) -> None:
    start, end = tally.ranges["CY"]
    stays = tally.visits("inpatient")
    left = np.flatnonzero((stays["end_day"] >= start) & (stays["end_day"] <= end) & (stays["end_day"] != NEVER))
    row, ward = stays["row"][left], stays["institution"][left]
    at = tally.institution_place[ward]
    listed = {str(r[0]): r for r in read_yaml(CATALOG / "cohorts/schedules/operation.yaml")["rows"]}
    done = tally.region.journal.columns("procedure")
    chosen = (done["day"] <= end) & (done["visit"] >= 0)
    size = tally.region.journal.count("visit")

    def had(which: Bools) -> Bools:
        """The stays with an operation of which `which` (by place among the codes) holds."""
        mark = np.zeros(size, np.bool_)
        mark[done["visit"][chosen & which[done["code"]]]] = True
        return np.asarray(mark[row], dtype=np.bool_)

    def of(column: int, value: object) -> Bools:
        return np.array([code in listed and (column < 0 or listed[code][column] == value) for code in codes.PROCEDURES])

    operated, ones = had(of(-1, None)), np.ones(len(left))
    tally.put("surgery-share", "CY", at, operated * 1.0, ones, ward)
    days = np.maximum(stays["end_day"][left] - stays["day"][left], 1)
    for name, yes in (
        ("level4-share", had(of(1, 4))), ("mis-share", had(of(2, True))), ("day-surgery", had(of(4, True)) & (days <= 2)),
    ):  # fmt: skip
        tally.put(name, "CY", at, yes * 1.0, operated * 1.0, ward)
    ill = tally.region.journal.columns("condition")
    wound = (ill["code"] == codes.DISEASES.index("T81.4")) & (ill["day"] <= end)
    festers = np.zeros(size, np.bool_)
    festers[ill["visit"][wound]] = True
    clean = had(of(3, True))
    tally.put("clean-ssi", "CY", at[clean], festers[row][clean] * 1.0, ones[clean], ward[clean])
    clinic = tally.visits("outpatient", start, end)
    place = tally.institution_place[clinic["institution"]]
    remote = clinic["class"] == codes.CLASSES.index("VR")
    herbal = np.array([i.type == "tcm-hospital" for i in tally.region.where.institutions])[clinic["institution"]]
    tally.put("remote-visit-share", "CY", place, remote * 1.0, np.ones(len(place)), clinic["institution"])
    tally.put("tcm-visit-share", "CY", place, herbal * 1.0, np.ones(len(place)), clinic["institution"])


def _infections(tally: Tally) -> None:
    start, end = tally.ranges["CY"]
    classes = {str(r[0]): str(r[1]) for r in read_yaml(CATALOG / "cohorts/schedules/notifiable_disease.yaml")["rows"]}
    listed = np.array([code[:3] in classes for code in codes.DISEASES])
    grave = np.array([classes.get(code[:3]) in ("A", "B") for code in codes.DISEASES])
    ill = tally.region.journal.columns("condition")
    at = np.flatnonzero(listed[ill["code"]] & (ill["day"] >= start) & (ill["day"] <= end))
    person, day, serious = ill["person"][at], ill["day"][at], grave[ill["code"][at]]
    cards = tally.procedures("case-report", None, end)
    order = np.lexsort((cards["day"], cards["person"]))
    who, when = cards["person"][order], cards["day"][order]
    key, cut = who * 100_000 + when, person * 100_000 + day
    next_card = np.searchsorted(key, cut)
    found = np.minimum(next_card, max(len(key) - 1, 0))
    sent = (
        (next_card < len(key)) & (who[found] == person) & (when[found] <= day + 30)
        if len(key)
        else np.zeros(len(at), bool)
    )
    wait = np.where(sent, when[found] - day, -1) if len(key) else np.full(len(at), -1)
    tally.people("id-report", "CY", person, sent)
    tally.people("id-timely", "CY", person[sent], wait[sent] <= 1)
    _per_head(tally, "notifiable-ab-incidence", "CY", person[sent & serious])


def _young(tally: Tally) -> None:
    start, end = tally.ranges["CY"]
    people = tally.region.people
    resident = people.resident(end)
    girl = np.flatnonzero(
        resident
        & (people.sex == FEMALE)
        & (people.birth <= years_before(end, 13))
        & (people.birth > years_before(end, 15))
    )
    rows = tally.region.journal.columns("immunization")
    given = (rows["vaccine"] == codes.VACCINES.index("HPV")) & (rows["status"] == 0) & (rows["day"] <= end)
    doses = tally.times(rows["person"][given])[girl]
    tally.people("hpv-vaccination", "PT", girl, doses >= 1)
    tally.people("hpv-full", "PT", girl, doses >= 2)
    pupil = resident & (people.birth <= years_before(end, 6)) & (people.birth > years_before(end, 18))
    for name, code in (("myopia-rate", "myopia"), ("child-caries", "caries")):
        seen = tally.findings(code, start, end)
        value = tally.latest(seen["person"], seen["day"], seen["value"], highest=True)
        group = np.flatnonzero(pupil & ~np.isnan(value))
        tally.people(name, "CY", group, value[group] == 1)
    screened = tally.flags(tally.procedures("tb-screening", start, end)["person"])
    _per_head(
        tally,
        "tb-screen-student",
        "CY",
        np.flatnonzero(pupil & (people.birth <= years_before(end, 12)) & screened),
        "students",
    )
    first = tally.region.journal.columns("immunization")
    hepb = (
        (first["vaccine"] == codes.VACCINES.index("HepB"))
        & (first["dose"] == 1)
        & (first["status"] == 0)
        & (first["day"] <= end)
    )
    day = np.full(len(people), 1 << 40)
    np.minimum.at(day, first["person"][hepb], first["day"][hepb])
    child = np.flatnonzero(resident & (people.birth > years_before(end, 7)))
    due = child[(people.birth[child] + 30 >= start) & (people.birth[child] + 30 <= end)]
    tally.people("nip-hepb-birth", "CY", due, day[due] <= people.birth[due] + 1)
    woman = np.flatnonzero(
        resident
        & (people.sex == FEMALE)
        & (people.birth <= years_before(end, 35))
        & (people.birth > years_before(end, 65))
    )
    tally.people(
        "breast-screen", "PT", woman, tally.flags(tally.procedures("breast-screen", None, end)["person"])[woman]
    )


def _where_treated(tally: Tally) -> None:
    start, end = tally.ranges["CY"]
    people, where = tally.region.people, tally.region.where
    county = {code: number for number, code in enumerate(where.counties)}
    there = np.array([county.get(i.division[:6], -1) for i in where.institutions])
    rows = tally.region.journal.columns("visit")
    held = rows["status"] != CANCELLED
    for name, service, column in (
        ("county-visit-rate", "outpatient", "day"), ("inpatient-in-county", "inpatient", "end_day"),
    ):  # fmt: skip
        at = np.flatnonzero(
            held & (rows["service"] == codes.SERVICES.index(service)) & (rows[column] >= start) & (rows[column] <= end)
        )
        village = people.village[rows["person"][at]]
        inside = there[rows["institution"][at]] == where.village_county[village]
        tally.put(name, "CY", tally.village_place[village], inside * 1.0, np.ones(len(at)))
