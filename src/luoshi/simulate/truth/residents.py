"""True answers for all residents: records, contracts, women's screening, ambulance calls, clinics and hospitals."""

from __future__ import annotations

import numpy as np

from luoshi.simulate import codes, consents
from luoshi.simulate.chance import NEVER, Ints
from luoshi.simulate.people import FEMALE
from luoshi.simulate.truth.places import population
from luoshi.simulate.truth.tally import CANCELLED, Tally, years_before

GRASSROOTS = ("township-centre", "community-centre", "village-room", "community-station")


def count(tally: Tally) -> None:
    """Every indicator whose subjects are residents, their contracts, calls and visits."""
    _records(tally)
    _contracts(tally)
    _women(tally)
    _calls(tally)
    _care(tally)
    _admitted(tally)


def _records(tally: Tally) -> None:
    people, journal = tally.region.people, tally.region.journal
    start, end = tally.ranges["CY"]
    person = np.flatnonzero(people.resident(end))
    has = (people.opened[person] != NEVER) & (people.opened[person] <= end)
    village = people.village[person]
    tally.put(
        "record-rate",
        "PT",
        tally.village_place[village],
        has * 1.0,
        np.zeros(len(person)),
        population=population(tally),
    )
    rows = journal.columns("visit")
    lately = (rows["status"] != CANCELLED) & (rows["day"] >= end - 364) & (rows["day"] <= end) & (rows["person"] >= 0)
    lives = tally.flags(rows["person"][lately])
    owner = person[has]
    tally.people("live-record", "CY", owner, lives[owner])
    granted = (people.granted[owner] != NEVER) & (people.granted[owner] <= end)
    said, open_ = consents.readable(journal, end, len(people))
    granted = np.where(said[owner], open_[owner], granted)
    tally.people("record-open", "PT", owner, granted)
    checked = tally.flags(tally.visits("checkup", start, end)["person"])[person]
    place = tally.region.where.serving[village]
    tally.put("checkup-count", "CY", tally.village_place[village], checked * 1.0, None, place)
    diseases = ("hypertension", "diabetes", "dyslipidaemia")
    highs = np.sum([tally.open_episode(name, end) >= 0 for name in diseases], axis=0)
    tally.put("three-high-count", "PT", tally.village_place[village], (highs[person] >= 2) * 1.0, None, place)


def _contracts(tally: Tally) -> None:
    people = tally.region.people
    start, end = tally.ranges["CY"]
    rows = tally.region.journal.columns("contract")
    kept = rows["state"] != codes.CONTRACT_STATES.index("revoked")
    valid = tally.flags(rows["person"][kept & (rows["start_day"] <= end) & (rows["end_day"] >= end)])
    resident = people.resident(end)
    person = np.flatnonzero(resident)
    tally.people("contract-rate", "PT", person, valid[person])
    old = people.birth <= years_before(end, 65)
    group = np.flatnonzero(resident & old)
    tally.people("contract-elderly", "PT", group, valid[group])
    first = old | (people.birth > years_before(end, 7))
    for program in ("hypertension", "diabetes", "severe-mental", "tuberculosis", "pregnancy"):
        first |= tally.open_episode(program, end) >= 0
    group = np.flatnonzero(resident & first)
    tally.people("contract-priority", "PT", group, valid[group])
    ran_out = kept & (rows["end_day"] >= start) & (rows["end_day"] + 30 <= end) & resident[rows["person"]]
    # The next contract of the same person: contracts in order of person and start.
    order = np.lexsort((rows["start_day"], rows["person"]))
    order = order[kept[order]]
    who, begins = rows["person"][order], rows["start_day"][order]
    follows = np.zeros(len(order), np.int64) + NEVER
    later = (who[1:] == who[:-1]) & (begins[1:] > begins[:-1])
    follows[:-1][later] = begins[1:][later]
    next_start = np.full(len(kept), NEVER)
    next_start[order] = follows
    at = np.flatnonzero(ran_out)
    renewed = (next_start[at] != NEVER) & (next_start[at] <= rows["end_day"][at] + 30)
    tally.people("contract-renew", "CY", rows["person"][at], renewed, rows["institution"][at])


def _women(tally: Tally) -> None:
    people, end = tally.region.people, tally.span.end
    person = np.flatnonzero(
        people.resident(end) & (people.sex == FEMALE) & (people.birth <= years_before(end, 35))
        & (people.birth > years_before(end, 65))
    )  # fmt: skip
    ever = tally.flags(tally.procedures("cervical-screen", None, end)["person"])[person]
    tally.people("cervical-screen", "PT", person, ever)
    since = years_before(end, 5) + 1
    both = tally.flags(tally.procedures("cervical-screen", since, end)["person"])
    both &= tally.flags(tally.procedures("breast-screen", since, end)["person"])
    tally.people("two-cancer-coverage", "PT", person, both[person])


def _calls(tally: Tally) -> None:
    calls = tally.visits("ambulance-call", *tally.ranges["month"])
    place, station = tally.village_place[calls["village"]], calls["institution"]
    received = calls["day"] * 86_400 + calls["minute"] * 60 + calls["second"]
    rows = tally.region.journal.columns("milestone")

    def moment(code: str) -> Ints:
        at = np.full(tally.region.journal.count("visit"), NEVER)
        this = rows["code"] == codes.MILESTONES.index(code)
        at[rows["visit"][this]] = rows["at"][this]
        return np.asarray(at[calls["row"]], dtype=np.int64)

    answered, dispatched, departed, arrived = map(moment, ("answered", "dispatched", "departed", "arrived-scene"))
    wait = answered - received
    quick = (answered != NEVER) & (wait >= 0) & (wait <= 10)
    ones = np.ones(len(place))
    tally.put("ems-answer-10s", "month", place, quick * 1.0, ones, station)
    sent = dispatched != NEVER
    wait = departed - dispatched
    prompt = (departed != NEVER) & (wait >= 0) & (wait <= 180)
    tally.put("ems-depart-3min", "month", place[sent], prompt[sent] * 1.0, ones[sent], station[sent])
    minutes = (arrived - received) / 60
    for name, zone in (("ems-response-urban", "urban"), ("ems-response-rural", "rural")):
        here = (calls["zone"] == codes.ZONES.index(zone)) & (arrived >= received)
        tally.put(name, "month", place[here], minutes[here], ones[here], station[here])


def _care(tally: Tally) -> None:
    start, end = tally.ranges["CY"]
    clinic = tally.visits("outpatient", start, end)
    place = tally.institution_place[clinic["institution"]]
    types = np.array([i.type in GRASSROOTS for i in tally.region.where.institutions])
    ones = np.ones(len(place))
    tally.put("grassroots-share", "CY", place, types[clinic["institution"]] * 1.0, ones, clinic["institution"])
    stays = tally.visits("inpatient")
    left = (stays["end_day"] >= start) & (stays["end_day"] <= end) & (stays["end_day"] != NEVER)
    ward, began, ended = stays["institution"][left], stays["day"][left], stays["end_day"][left]
    at = tally.institution_place[ward]
    days = np.maximum(ended - began, 1) * 1.0
    tally.put("alos", "CY", at, days, np.ones(len(at)), ward)
    above = np.concatenate([ones, np.zeros(len(at))])
    tally.put(
        "op-ip-ratio",
        "CY",
        np.concatenate([place, at]),
        above,
        1 - above,
        np.concatenate([clinic["institution"], ward]),
    )


def _admitted(tally: Tally) -> None:
    """Patients managed for hypertension or diabetes with a stay in the year for these or for heart and brain vessels."""
    start, end = tally.ranges["CY"]
    episodes = tally.region.journal.columns("episode")
    pressure, sugar = (tally.open_episode(program, end) for program in ("hypertension", "diabetes"))
    row = np.where(pressure >= 0, pressure, sugar)
    person = np.flatnonzero((row >= 0) & tally.region.people.resident(end))
    ranges = (("I10", "I15"), ("E10", "E14"), ("I20", "I25"), ("I60", "I69"))
    wanted = [n for n, code in enumerate(codes.DISEASES) if any(low <= code[:3] <= high for low, high in ranges)]
    ill, visits = tally.region.journal.columns("condition"), tally.region.journal.columns("visit")
    of = ill["visit"][(ill["visit"] >= 0) & np.isin(ill["code"], wanted)]
    stay = (visits["service"][of] == codes.SERVICES.index("inpatient")) & (visits["status"][of] != CANCELLED)
    stay &= (visits["day"][of] >= start) & (visits["day"][of] <= end)
    went = tally.flags(visits["person"][of[stay]])
    tally.people("managed-admission", "CY", person, went[person], episodes["institution"][row[person]])
