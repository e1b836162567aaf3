"""All numbers of the desk against what the simulated region knows to be true, counted a second time without SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from luoshi.services.contracts import catalogue, looking, queries, rules
from luoshi.services.contracts.lake import Held, Reading
from luoshi.simulate import codes, lake
from luoshi.simulate.chance import NEVER, as_date, day_number
from luoshi.simulate.city import Region, invent
from luoshi.simulate.truth.contracts import BASE, windows
from luoshi.simulate.truth.tally import Tally

ON = date(2025, 10, 31)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Region, Path]:
    """A region and its lake."""
    region = invent(1_500, 21, ON, hardship=20.0)
    folder = tmp_path_factory.mktemp("contracts") / "lake"
    lake.write(region, folder)
    return region, folder


@pytest.fixture
def reading(made: tuple[Region, Path]) -> Iterator[Reading]:
    with Reading(made[1], on=ON) as found:
        yield found


def alive(region: Region) -> set[int]:
    return set(np.flatnonzero(region.people.resident(day_number(ON))).tolist())


def test_residents_and_their_contracts_are_the_true_ones(made: tuple[Region, Path], reading: Reading):
    region = made[0]
    assert {r.person for r in reading.residents()} == alive(region)
    rows, end = region.journal.columns("contract"), day_number(ON)
    kept = (
        (rows["state"] != codes.CONTRACT_STATES.index("revoked"))
        & (rows["start_day"] <= end)
        & (rows["end_day"] >= end)
    )
    true = Counter(rows["person"][kept].tolist())
    assert Counter(o.person for o in reading.others() if o.holds(ON)) == true


def test_every_window_and_its_fact_are_the_true_ones(made: tuple[Region, Path], reading: Reading):
    """The desk's windows of this year, one by one, against the simulator's: the same person, item, last day, done."""
    region = made[0]
    held = [queries.held_other(o) for o in reading.others() if o.status != "revoked" and o.person in alive(region)]
    year = date(ON.year, 1, 1)
    told = Counter(
        (w.person, w.item, w.last, w.done is not None) for w in reading.windows(held) if year <= w.last <= ON
    )
    person, done, _institution, _row, item, last = windows(Tally(region, ON))
    names = list(BASE)
    true = Counter(
        (int(p), names[i], as_date(day), bool(d)) for p, d, i, day in zip(person, done, item, last, strict=True)
    )
    assert sum(true.values()) > 500
    assert told == true


def test_groups_are_the_true_ones(made: tuple[Region, Path], reading: Reading):
    region, end = made[0], day_number(ON)
    found = reading.groups()
    episodes = region.journal.columns("episode")
    for program in ("hypertension", "diabetes", "severe-mental", "tuberculosis", "pregnancy", "copd", "disability"):
        is_open = (episodes["program"] == codes.PROGRAMS.index(program)) & (episodes["start_day"] <= end)
        is_open &= (episodes["end_day"] == NEVER) | (episodes["end_day"] >= end)
        true = set(episodes["person"][is_open].tolist()) & alive(region)
        assert {p for p, names in found.items() if program in names} == true, program
    birth = {p: as_date(region.people.birth[p]) for p in alive(region)}
    assert {p for p, g in found.items() if "elderly" in g} == {
        p for p, b in birth.items() if rules.plus_months(b, 780) <= ON
    }
    assert {p for p, g in found.items() if "child" in g} == {
        p for p, b in birth.items() if rules.plus_months(b, 84) > ON
    }


def test_those_never_served_are_counted_right(made: tuple[Region, Path], db: None, monkeypatch: pytest.MonkeyPatch):
    """Every institution's contracts without any visit, however few: the list behind the sign is the true one."""
    region, folder = made
    loose = catalogue.signs().unserved.model_copy(update={"at_least": 1, "p": float("inf")})
    known = catalogue.signs().model_copy(update={"unserved": loose})
    monkeypatch.setattr(catalogue, "signs", lambda: known)
    found = {s.institution: set(s.persons) for s in looking.find(folder, ON) if s.kind == "unserved"}
    rows, end = region.journal.columns("contract"), day_number(ON)
    kept = (rows["state"] != codes.CONTRACT_STATES.index("revoked")) & (rows["end_day"] >= end)
    kept &= rows["start_day"] <= day_number(ON - timedelta(days=loose.days))
    visits = region.journal.columns("visit")
    took_place = (
        (visits["status"] != codes.VISIT_STATES.index("cancelled")) & (visits["person"] >= 0) & (visits["day"] <= end)
    )
    latest: dict[int, int] = {}
    for person, day in zip(visits["person"][took_place].tolist(), visits["day"][took_place].tolist(), strict=True):
        latest[person] = max(latest.get(person, NEVER), day)
    true: dict[str, set[int]] = {}
    for n in np.flatnonzero(kept):
        person = int(rows["person"][n])
        if person in alive(region) and latest.get(person, NEVER) < rows["start_day"][n]:
            true.setdefault(region.where.institutions[rows["institution"][n]].code, set()).add(person)
    assert true
    assert found == true


def test_honest_signing_gives_no_sign_of_death_and_none_of_a_rush(made: tuple[Region, Path], db: None):
    """The simulator lets nobody sign after death; what it invents by chance is not called a rush."""
    kinds = Counter(s.kind for s in looking.find(made[1], ON))
    assert not kinds["gone"]
    assert not kinds["day"]
    assert not kinds["burst"]


def test_a_resident_who_changes_centres_keeps_history_and_the_numerators_move_from_that_day(
    made: tuple[Region, Path], reading: Reading
):
    """Of one hypertension patient: windows before the day belong to the old centre, those after to the new one."""
    region = made[0]
    episodes = region.journal.columns("episode")
    managed = (episodes["program"] == codes.PROGRAMS.index("hypertension")) & (episodes["end_day"] == NEVER)
    managed &= episodes["start_day"] < day_number(date(2024, 6, 1))
    person = next(int(p) for p in episodes["person"][managed] if int(p) in alive(region))
    start, day = date(2024, 9, 1), date(2025, 6, 1)
    old = Held("ours:old", person, start, day - timedelta(days=1), ("htn-visit",))
    new = Held("ours:new", person, day, date(2026, 5, 31), ("htn-visit",))
    found = reading.windows([old, new])
    by = {key: [w for w in found if w.contract == key] for key in ("ours:old", "ours:new")}
    assert [w.first for w in by["ours:old"]] == [date(2024, 9, 1), date(2024, 12, 1), date(2025, 3, 1)]
    assert [w.first for w in by["ours:new"]] == [date(2025, 6, 1), date(2025, 9, 1)]
    assert all(w.last < day for w in by["ours:old"])
    assert all(w.done is None or w.first <= w.done <= w.last for w in found)
    # Without the move the same facts would all have counted for the old centre.
    whole = reading.windows([Held("whole", person, start, date(2026, 5, 31), ("htn-visit",))])
    assert {(w.first, w.done) for w in whole} == {(w.first, w.done) for w in found}


def test_an_empty_institution_is_empty_and_not_an_error(made: tuple[Region, Path]):
    with Reading(made[1], on=ON, institutions=["nowhere"]) as found:
        assert found.residents() == []
        assert found.others() == []
        assert found.groups() == {}
        assert found.windows([]) == []
