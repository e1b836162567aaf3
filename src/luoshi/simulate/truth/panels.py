"""True answers for managed panels: hypertension, diabetes, the elderly, mental disorders, tuberculosis, HIV."""

from __future__ import annotations

import numpy as np

from luoshi.simulate import codes
from luoshi.simulate.chance import Bools, Ints
from luoshi.simulate.truth.tally import Tally, years_before

FACE = [codes.MODES.index("face"), codes.MODES.index("home")]


def count(tally: Tally) -> None:
    """Every indicator of the panels."""
    _hypertension(tally)
    _diabetes(tally)
    _elderly(tally)
    _severe_mental(tally)
    _tuberculosis(tally)
    _hiv(tally)


def _panel(tally: Tally, program: str, end: int) -> tuple[Ints, Ints]:
    """Residents at end with an open episode, and its row."""
    row = tally.open_episode(program, end)
    person = np.flatnonzero((row >= 0) & tally.region.people.resident(end))
    return person, row[person]


def _due(tally: Tally, episode: Ints, start: int, end: int) -> tuple[Ints, Ints]:
    """Visits and check-ups due of managed people within the period."""
    since = np.maximum(start, tally.region.journal.columns("episode")["start_day"][episode])
    managed = end - since + 1
    return np.minimum(managed // 90, 4), (managed >= 180).astype(np.int64)


def _to_norm(tally: Tally, program: str, service: str, name: str) -> tuple[Ints, Ints]:
    start, end = tally.ranges["CY"]
    person, episode = _panel(tally, program, end)
    visits = tally.visits(service, start, end)
    seen = tally.times(visits["person"][np.isin(visits["mode"], FACE)])
    checked = tally.times(tally.visits("checkup", start, end)["person"])
    due, checks = _due(tally, episode, start, end)
    institution = tally.region.journal.columns("episode")["institution"][episode]
    tally.people(name, "CY", person, (seen[person] >= due) & (checked[person] >= checks), institution)
    return person, institution


def _hypertension(tally: Tally) -> None:
    person, institution = _to_norm(tally, "hypertension", "htn-visit", "htn-std")
    start, end = tally.ranges["CY"]
    rows = tally.region.journal.columns("pressure")
    at = np.flatnonzero((rows["day"] >= start) & (rows["day"] <= end))
    who, day = rows["person"][at], rows["day"][at]
    systolic = tally.latest(who, day, rows["systolic"][at], highest=True)[person]
    diastolic = tally.latest(who, day, rows["diastolic"][at], highest=True)[person]
    old = tally.region.people.birth[person] <= years_before(end, 65)
    with np.errstate(invalid="ignore"):
        good = (systolic < np.where(old, 150, 140)) & (diastolic < 90)
    tally.people("htn-control", "CY", person, good, institution)


def _diabetes(tally: Tally) -> None:
    person, institution = _to_norm(tally, "diabetes", "dm-visit", "dm-std")
    found = tally.findings("1558-6", *tally.ranges["CY"])
    glucose = tally.latest(found["person"], found["day"], found["value"], highest=True)[person]
    with np.errstate(invalid="ignore"):
        tally.people("dm-control", "CY", person, glucose < 7.0, institution)


def _elderly(tally: Tally) -> None:
    start, end = tally.ranges["CY"]
    people = tally.region.people
    person = np.flatnonzero(people.resident(end) & (people.birth <= years_before(end, 65)))

    def did(code: str) -> Bools:
        return tally.flags(tally.procedures(code, start, end)["person"])[person]

    whole = tally.flags(tally.visits("checkup", start, end)["person"])[person]
    for part in ("checkup-lifestyle", "checkup-physical", "checkup-laboratory", "checkup-guidance"):
        whole = whole & did(part)
    tally.people("elderly-mgmt", "CY", person, whole)
    tally.people("elderly-tcm", "CY", person, did("tcm-constitution") & did("tcm-advice"))
    tally.people("tb-screen-65", "CY", person, did("tb-screening"))
    tally.people("cataract-65", "CY", person, did("cataract-screen"))


def _severe_mental(tally: Tally) -> None:
    start, end = tally.ranges["CY"]
    person, episode = _panel(tally, "severe-mental", end)
    rows = tally.region.journal.columns("episode")
    institution = rows["institution"][episode]
    active = rows["status"][episode] == codes.EPISODE_STATES.index("active")
    tally.people("smd-mgmt", "PT", person, active, institution)
    seen = tally.times(tally.visits("smd-visit", start, end)["person"])[person]
    tally.people("smd-std", "CY", person, seen >= _due(tally, episode, start, end)[0], institution)
    asked = tally.findings("medication-adherence", start, end)
    good = (asked["answer"] == codes.ANSWERS.index("regular")) * 1.0
    regular = tally.latest(asked["person"], asked["day"], good, highest=False)[person] == 1
    tally.people("smd-meds", "CY", person, regular, institution)
    ill = tally.region.journal.columns("condition")
    schizophrenia = (ill["code"] == codes.DISEASES.index("F20")) & (ill["day"] <= end)
    has = tally.flags(ill["person"][schizophrenia])[person]
    tally.people("schizo-meds", "CY", person[has], regular[has], institution[has])
    state = tally.findings("smd-stability", end - 364, end)
    calm = (state["answer"] == codes.ANSWERS.index("stable")) * 1.0
    stable = tally.latest(state["person"], state["day"], calm, highest=False)[person] == 1
    tally.people("smd-stable", "PT", person, stable, institution)


def _tuberculosis(tally: Tally) -> None:
    start, end = tally.ranges["CY"]
    rows = tally.region.journal.columns("episode")
    chosen = np.flatnonzero(rows["program"] == codes.PROGRAMS.index("tuberculosis"))
    person, began, ended = (rows[c][chosen] for c in ("person", "start_day", "end_day"))
    place, status = rows["institution"][chosen], rows["status"][chosen]
    assert len(np.unique(person)) == len(person), "one episode of tuberculosis a person"
    notified = (began >= start) & (began <= end)
    home = tally.visits("tb-first-home-visit", None, end)
    first = tally.latest(home["person"], home["day"], home["day"], highest=True)[person]
    with np.errstate(invalid="ignore"):
        visited = first >= began - 1
    due = notified & (began + 3 <= end)
    tally.people("tb-mgmt", "CY", person[due], visited[due], place[due])
    ill = tally.region.journal.columns("condition")
    pleurisy = tally.flags(ill["person"][(ill["code"] == codes.DISEASES.index("A15.6")) & (ill["day"] <= end)])[person]
    found = tally.findings("tb-bacteriology", None, end)
    is_positive = found["answer"] == codes.ANSWERS.index("positive")
    positive = tally.latest(
        found["person"][is_positive], found["day"][is_positive], found["day"][is_positive], highest=True
    )
    with np.errstate(invalid="ignore"):
        yes = positive[person] >= began - 30
    lung = notified & ~pleurisy
    tally.people("tb-bact-positive", "CY", person[lung], yes[lung], place[lung])
    taken = tally.findings("tb-dose-adherence", None, end)
    share = tally.latest(taken["person"], taken["day"], taken["value"], highest=True)[person]
    done = (ended >= start) & (ended <= end) & (status == codes.EPISODE_STATES.index("finished"))
    with np.errstate(invalid="ignore"):
        tally.people("tb-meds", "CY", person[done], share[done] >= 90, place[done])


def _hiv(tally: Tally) -> None:
    start, end = tally.ranges["CY"]
    person, episode = _panel(tally, "hiv", end)
    institution = tally.region.journal.columns("episode")["institution"][episode]
    found = tally.findings("on-art", None, end)
    treated = tally.latest(found["person"], found["day"], found["value"], highest=True)[person] == 1
    tally.people("hiv-art", "PT", person, treated, institution)
    tally.people("hiv-95-2", "PT", person, treated, institution)
    load = tally.findings("20447-9", start, end)
    last = tally.latest(load["person"], load["day"], load["value"], highest=True)[person]
    with np.errstate(invalid="ignore"):
        tally.people("hiv-95-3", "CY", person[treated], last[treated] < 1000, institution[treated])
