"""What is decided: plausible, consistent in time, different where it should differ."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.identifiers import (
    check_institution_code,
    check_resident_id,
    check_uscc,
    resident_id_birth_date,
    resident_id_sex,
)
from luoshi.simulate import codes
from luoshi.simulate.chance import NEVER, age_on, day_number
from luoshi.simulate.city import Region, invent
from luoshi.simulate.people import resident_ids
from luoshi.simulate.truth import answers

TIMED = ("visit", "observation", "pressure", "condition", "procedure", "immunization", "episode", "contract")


@pytest.mark.parametrize("table", TIMED)
def test_nothing_happens_before_birth_after_death_or_after_the_last_day(region: Region, table: str) -> None:
    rows = region.journal.columns(table)
    known = rows["person"] >= 0
    person = rows["person"][known]
    day = (rows["day"] if "day" in rows else rows["start_day"])[known]
    assert len(day) > 20
    assert (day >= region.people.birth[person]).all()
    assert (day <= region.people.last_day(region.span)[person]).all()
    if "end_day" in rows:
        end = rows["end_day"][known]
        assert ((end == NEVER) | (end >= day)).all()


def test_references_name_rows_of_the_same_person(region: Region) -> None:
    visits, episodes = region.journal.columns("visit"), region.journal.columns("episode")
    for table in ("observation", "pressure", "procedure", "condition"):
        rows = region.journal.columns(table)
        has = rows["visit"] >= 0
        assert (visits["person"][rows["visit"][has]] == rows["person"][has]).all()
    has = visits["episode"] >= 0
    assert (episodes["person"][visits["episode"][has]] == visits["person"][has]).all()
    has = visits["part_of"] >= 0
    assert (visits["person"][visits["part_of"][has]] == region.people.mother[visits["person"][has]]).all()


def test_resident_ids_are_valid_unique_and_of_no_real_area(region: Region) -> None:
    numbers = [str(i) for i in resident_ids(region.people, region.where)]
    known = [i for i in numbers if i]
    assert len(set(known)) == len(known)
    assert 0.005 < 1 - len(known) / len(numbers) < 0.04
    for number, birth, sex in zip(numbers, region.people.birth, region.people.sex, strict=True):
        if number:
            assert check_resident_id(number).startswith("99")
            assert day_number(resident_id_birth_date(number)) == birth
            assert resident_id_sex(number) == ("male", "female")[sex]


def test_institutions_have_checked_codes(region: Region) -> None:
    codes_seen = [check_institution_code(i.code) for i in region.where.institutions]
    assert len(set(codes_seen)) == len(codes_seen)
    for place in region.where.institutions:
        assert check_uscc(place.uscc)[8:17] == place.code


def test_the_map_is_a_tree_of_five_levels(region: Region) -> None:
    levels = {d.code: d.level for d in region.where.divisions}
    assert len(levels) == len(region.where.divisions)
    for division in region.where.divisions:
        assert division.code.startswith("99")
        assert division.level == 1 or levels[division.parent] == division.level - 1
    assert sum(d.level == 3 and d.kind == "statutory" for d in region.where.divisions) == 4
    assert sum(d.level == 3 and d.kind == "functional" for d in region.where.divisions) == 1


def test_the_city_of_the_demonstration_has_the_size_it_is_said_to_have() -> None:
    region = invent(20_000, 1, date(2025, 10, 31))
    assert 25 <= len(region.where.townships) <= 35
    living = region.people.resident(region.span.end)
    assert 19_000 < living.sum() < 21_000
    age = age_on(region.people.birth[living], region.span.end)
    assert 0.13 < (age >= 65).mean() < 0.19
    assert 0.13 < (age < 15).mean() < 0.20
    assert 2.2 < living.sum() / len(np.unique(region.people.household[living])) < 3.3
    truth = answers(region)["indicators"]

    def share(name: str, code: str) -> float:
        above, below = truth[name]["divisions"][code]
        return float(above / below)

    for name in ("htn-std", "contract-rate"):
        good = min(share(name, "990102"), share(name, "990103"))
        assert max(share(name, "990121"), share(name, "990122")) < good - 0.08
    assert share("maternal-system", "990122") < share("maternal-system", "9901") - 0.1
    assert 0 < share("nip-coverage", "9901") < 1


def test_each_programme_has_people_who_fall_short(region: Region) -> None:
    """Never visited, lost, late, revoked, put off: what makes the numbers hard is there."""
    journal = region.journal
    seen = set(journal.columns("visit")["person"])
    assert len(set(range(len(region.people))) - seen) > 100
    assert (journal.columns("episode")["status"] == codes.EPISODE_STATES.index("onhold")).any()
    assert (journal.columns("immunization")["status"] == codes.DOSE_STATES.index("not-done")).any()
    assert (journal.columns("contract")["state"] == codes.CONTRACT_STATES.index("revoked")).any()
    assert (journal.columns("visit")["status"] == codes.VISIT_STATES.index("cancelled")).any()
    assert (journal.columns("visit")["person"] < 0).any()
    assert (region.people.death != NEVER).any()
    assert (region.people.moved != NEVER).any()
    assert (region.people.opened == NEVER).any()


def test_hardship_makes_rare_deaths_common() -> None:
    region = invent(3_000, 1, date(2025, 10, 31), hardship=100)
    mch = answers(region)["indicators"]
    assert mch["infant-mortality"]["divisions"]["9901"][0] > 2


@pytest.mark.parametrize("day", [date(1949, 10, 1), date(2101, 1, 1)])
def test_an_impossible_day_is_refused_in_words(day: date) -> None:
    with pytest.raises(InvalidValue, match="between 2018 and 2100"):
        invent(500, 1, day)


@pytest.mark.parametrize("residents", [0, -5, 499, 50_000_001])
def test_an_impossible_size_is_refused_in_words(residents: int) -> None:
    with pytest.raises(InvalidValue, match="between 500 and"):
        invent(residents, 1, date(2025, 10, 31))
