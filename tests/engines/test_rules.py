"""Each rule of `docs/explanation/definitions.md` at its edge, on a handful of rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from luoshi.indicators import Catalogue
from luoshi.kernel.period import Period

CATALOGUE = Catalogue.load()
YEAR = Period(date(2025, 1, 1), date(2025, 12, 31))
END = YEAR.end


@pytest.fixture
def cell(make_lake, running):
    """(numerator, denominator) of one indicator for the province over a lake of the given rows."""

    def measure(name: str, period: Period = YEAR, **tables):
        results = running.evaluate(make_lake(**tables), CATALOGUE, period, [name])
        return results.cell(CATALOGUE.indicator(name), division="P")

    return measure


def _visits(service: str, days: list[date], **more):
    return [{"person": 1, "service": service, "day": day, **more} for day in days]


FOUR = [date(2025, month, 5) for month in (2, 5, 8, 11)]
PERSON = [{"person": 1}]
HTN = [{"person": 1, "program": "hypertension"}]
CHECKUP = _visits("checkup", [date(2025, 6, 1)])


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"visit": _visits("htn-visit", FOUR) + CHECKUP}, (1, 1)),
        ({"visit": _visits("htn-visit", FOUR[:3]) + CHECKUP}, (0, 1)),
        ({"visit": _visits("htn-visit", FOUR)}, (0, 1)),
        ({"visit": _visits("htn-visit", FOUR, mode="phone") + CHECKUP}, (0, 1)),
        ({"visit": _visits("htn-visit", FOUR, mode="home") + CHECKUP}, (1, 1)),
        ({"visit": _visits("htn-visit", FOUR, status="cancelled") + CHECKUP}, (0, 1)),
        ({"visit": _visits("htn-visit", [date(2024, 12, 31), *FOUR[:3]]) + CHECKUP}, (0, 1)),
        ({"visit": [], "episode": [{**HTN[0], "start_day": date(2025, 12, 1)}]}, (1, 1)),
        ({"visit": _visits("htn-visit", FOUR[:1]), "episode": [{**HTN[0], "start_day": date(2025, 8, 1)}]}, (1, 1)),
        ({"visit": [], "episode": [{**HTN[0], "start_day": date(2025, 10, 3)}]}, (0, 1)),
        ({"visit": [], "episode": [{**HTN[0], "start_day": date(2025, 10, 4)}]}, (1, 1)),
        ({"visit": [], "episode": [{**HTN[0], "status": "onhold"}]}, (0, 1)),
        ({"visit": [], "episode": [{**HTN[0], "end_day": END}]}, (0, 0)),
        ({"visit": [], "episode": [{**HTN[0], "end_day": END + timedelta(days=1)}]}, (0, 1)),
        ({"visit": [], "episode": [{**HTN[0], "status": "entered-in-error"}]}, (0, 0)),
        ({"visit": [], "person": [{"person": 1, "death_date": END}]}, (0, 0)),
        ({"visit": [], "person": [{"person": 1, "death_date": END + timedelta(days=1)}]}, (0, 1)),
        ({"visit": [], "person": [{"person": 1, "active": False}]}, (0, 0)),
        ({"visit": [], "person": [{"person": 1, "active": None}]}, (0, 1)),
        ({"visit": [], "person": [{"person": 1, "division": "nowhere"}]}, (0, 0)),
        ({"visit": [], "episode": HTN * 2}, (0, 1)),
    ],
)
def test_managed_to_norm(cell, tables, expected):
    assert cell("htn-std", **{"person": PERSON, "episode": HTN, **tables}) == expected


@pytest.mark.parametrize(("day", "due"), [((3, 31), 1), ((6, 30), 2), ((9, 30), 3), ((12, 31), 4), ((3, 30), 0)])
def test_visits_due_grow_with_the_quarters(make_lake, running, day, due):
    period = Period(date(2025, 1, 1), date(2025, *day))
    lake = make_lake(person=PERSON, episode=HTN, visit=[])
    rows, _ = running.why(lake, CATALOGUE, CATALOGUE.indicator("htn-control"), period)
    assert rows[0].columns["visits_due"] == due


def _pressure(systolic: float, diastolic: float, day: date = date(2025, 5, 1)):
    return [{"person": 1, "code": code, "day": day, "value": float(value)}
            for code, value in (("8480-6", systolic), ("8462-4", diastolic))]  # fmt: skip


@pytest.mark.parametrize(
    ("birth", "observations", "counted"),
    [
        (date(1970, 1, 1), _pressure(139, 89), 1),
        (date(1970, 1, 1), _pressure(140, 89), 0),
        (date(1960, 12, 31), _pressure(149, 89), 1),  # 65 on the last day
        (date(1961, 1, 1), _pressure(149, 89), 0),
        (date(1970, 1, 1), _pressure(120, 80, date(2025, 4, 1)) + _pressure(150, 80), 0),
        (date(1970, 1, 1), _pressure(150, 80, date(2025, 4, 1)) + _pressure(120, 80), 1),
        (date(1970, 1, 1), _pressure(120, 80) + _pressure(150, 80), 0),  # two on one day: the highest
        (date(1970, 1, 1), _pressure(120, 80, date(2024, 12, 31)), 0),
        (date(1970, 1, 1), _pressure(120, 80)[:1], 0),
    ],
)
def test_blood_pressure_at_goal(cell, birth, observations, counted):
    tables = {"person": [{"person": 1, "birth_date": birth}], "episode": HTN, "observation": observations}
    assert cell("htn-control", **tables) == (counted, 1)


def test_leap_day_birthdays_come_a_day_early(cell):
    leap = [{"person": 1, "birth_date": date(1960, 2, 29)}]
    eve = Period(date(2025, 1, 1), date(2025, 2, 28))
    assert cell("contract-elderly", eve, person=leap)[1] == 0
    assert cell("contract-elderly", Period(eve.start, date(2025, 3, 1)), person=leap)[1] == 1


@pytest.mark.parametrize(
    ("parts", "counted"), [(("lifestyle", "physical", "laboratory", "guidance"), 1), (("lifestyle", "physical"), 0)]
)
def test_an_elderly_check_has_four_parts(cell, parts, counted):
    procedures = [{"person": 1, "code": f"checkup-{part}", "day": date(2025, 6, 1)} for part in parts]
    tables = {"person": [{"person": 1, "birth_date": date(1950, 1, 1)}], "visit": CHECKUP, "procedure": procedures}
    assert cell("elderly-mgmt", **tables) == (counted, 1)


BIRTH = date(2025, 3, 1)
CHILD = [{"person": 1, "birth_date": BIRTH}]


def _birth(**more):
    return {"person": 1, "service": "birth", "day": BIRTH, "class": "IMP", "part_of": "mother-1", **more}


@pytest.mark.parametrize(
    ("visited", "end", "expected"),
    [
        (BIRTH + timedelta(days=28), END, (1, 1)),
        (BIRTH + timedelta(days=29), END, (0, 1)),
        (BIRTH + timedelta(days=3), BIRTH + timedelta(days=27), (0, 0)),
        (BIRTH + timedelta(days=3), BIRTH + timedelta(days=28), (1, 1)),
    ],
)
def test_newborn_visit_within_28_days(cell, visited, end, expected):
    visits = [_birth(), {"person": 1, "service": "newborn-visit", "day": visited}]
    assert cell("newborn-visit", Period(date(2025, 1, 1), end), person=CHILD, visit=visits) == expected


@pytest.mark.parametrize(
    ("died", "neonatal", "infant", "under5"),
    [
        (BIRTH + timedelta(days=28), 1, 1, 1),
        (BIRTH + timedelta(days=29), 0, 1, 1),
        (None, 0, 0, 0),
    ],
)
def test_deaths_of_children(cell, died, neonatal, infant, under5):
    tables = {"person": [{**CHILD[0], "death_date": died}], "visit": [_birth()]}
    for name, count in (("neonatal-mortality", neonatal), ("infant-mortality", infant), ("under5-mortality", under5)):
        assert cell(name, **tables) == (count, 1)


def _delivery_tables(births: int = 1, **changes):
    """A mother (person 9, of another bucket than her children) with everything as it should be."""
    lmp = BIRTH - timedelta(days=270)
    visits = [
        {"person": 9, "id": "mother-1", "service": "delivery", "day": BIRTH, "class": "IMP"},
        *[
            {"person": 9, "service": "antenatal-visit", "day": lmp + timedelta(days=d)}
            for d in (90, 120, 150, 180, 210)
        ],
        {"person": 9, "service": "postnatal-visit", "day": BIRTH + timedelta(days=5)},
        *[_birth(person=n) for n in range(births)],
    ]
    observations = [{"person": 9, "code": "8665-2", "day": lmp + timedelta(days=90), "value_day": lmp}]
    people = [{"person": n, "birth_date": BIRTH} for n in range(births)] + [{"person": 9}]
    return {"person": people, "visit": visits, "observation": observations, "procedure": []} | changes


def test_the_whole_chain_of_a_pregnancy(cell):
    assert cell("maternal-system", **_delivery_tables()) == (1, 1)
    assert cell("early-card", **_delivery_tables()) == (1, 1)
    assert cell("postnatal-visit", **_delivery_tables()) == (1, 1)


def test_twins_count_twice_and_stillbirths_not(cell):
    assert cell("early-card", **_delivery_tables(births=2)) == (2, 2)
    assert cell("early-card", **_delivery_tables(births=0)) == (0, 0)


def test_thirteen_weeks_are_91_days(cell):
    tables = _delivery_tables()
    lmp = BIRTH - timedelta(days=270)
    for visit in tables["visit"]:
        if visit["service"] == "antenatal-visit" and visit["day"] == lmp + timedelta(days=90):
            visit["day"] += timedelta(days=1)
    assert cell("early-card", **tables) == (0, 1)
    assert cell("maternal-system", **tables) == (0, 1)


def test_without_a_last_period_nobody_is_early(cell):
    assert cell("early-card", **_delivery_tables(observation=[])) == (0, 1)


@pytest.mark.parametrize(
    ("given", "end", "expected"),
    [
        (date(2025, 11, 1), date(2025, 12, 1), (1, 1)),  # MMR 1 of a child born 1 March is due 1 December
        (date(2025, 11, 1), date(2025, 11, 30), (0, 0)),
        (None, date(2025, 12, 1), (0, 1)),
        (date(2025, 12, 2), date(2025, 12, 1), (0, 1)),
    ],
)
def test_a_dose_is_due_thirty_days_after_its_age(cell, given, end, expected):
    doses = [{"person": 1, "vaccine": "MMR", "dose": 1, "day": given}] if given else []
    assert cell("nip-mmr1", Period(date(2025, 1, 1), end), person=CHILD, immunization=doses) == expected


def test_the_schedule_changes_with_the_day_of_birth(cell):
    old, new = ([{"person": 1, "birth_date": day}] for day in (date(2024, 12, 31), date(2025, 1, 1)))
    june = Period(date(2025, 6, 1), date(2025, 6, 30))
    assert cell("nip-dtap3", june, person=old)[1] == 1  # 5 months and 30 days
    assert cell("nip-dtap3", june, person=new)[1] == 0  # due at 6 months
    assert cell("nip-dtap3", Period(date(2025, 7, 1), date(2025, 7, 31)), person=new)[1] == 1


@pytest.mark.parametrize(
    ("contracts", "counted"),
    [
        ([{"start_day": date(2025, 1, 1), "end_day": END}], 1),
        ([{"start_day": date(2025, 1, 1), "end_day": END - timedelta(days=1)}], 0),
        ([{"start_day": date(2025, 1, 1), "end_day": None}], 1),
        ([{"start_day": END + timedelta(days=1), "end_day": None}], 0),
        ([{"start_day": date(2025, 1, 1), "end_day": None, "status": "revoked"}], 0),
    ],
)
def test_a_valid_contract(cell, contracts, counted):
    tables = {"person": PERSON, "contract": [{"person": 1, **c} for c in contracts]}
    assert cell("contract-rate", **tables) == (counted, 1)


@pytest.mark.parametrize(("start", "renewed"), [(date(2025, 7, 30), 1), (date(2025, 7, 31), 0), (date(2024, 7, 1), 0)])
def test_renewal_within_thirty_days(cell, start, renewed):
    old = {"person": 1, "start_day": date(2024, 7, 1), "end_day": date(2025, 6, 30)}
    new = {"person": 1, "start_day": start, "end_day": date(2026, 7, 1)}
    assert cell("contract-renew", person=PERSON, contract=[old, new]) == (renewed, 1)


def test_a_contract_that_ran_out_less_than_thirty_days_ago_is_not_asked(cell):
    assert cell("contract-renew", person=PERSON,
                contract=[{"person": 1, "start_day": date(2025, 1, 1), "end_day": date(2025, 12, 2)}]) == (0, 0)  # fmt: skip


CALL = datetime(2025, 5, 1, 8, 0, 0)  # noqa: DTZ001 (Chinese time, as the lake has it)


def _call(**steps: float):
    visit = {"id": "c", "person": None, "service": "ambulance-call", "day": CALL.date(), "started_at": CALL,
             "zone": "urban", "division": "V1"}  # fmt: skip
    stones = [{"person": None, "visit": "c", "code": code.replace("_", "-"), "at": CALL + timedelta(seconds=after)}
              for code, after in steps.items()]  # fmt: skip
    return {"visit": [visit], "milestone": stones}


@pytest.mark.parametrize(
    ("name", "steps", "expected"),
    [
        ("ems-response-urban", {"arrived_scene": 540}, (540_000, 1)),
        ("ems-response-rural", {"arrived_scene": 540}, (0, 0)),
        ("ems-response-urban", {}, (0, 0)),
        ("ems-response-urban", {"arrived_scene": -1}, (0, 0)),
        ("ems-answer-10s", {"answered": 10}, (1, 1)),
        ("ems-answer-10s", {"answered": 10.5}, (0, 1)),
        ("ems-answer-10s", {}, (0, 1)),
        ("ems-depart-3min", {"dispatched": 60, "departed": 240}, (1, 1)),
        ("ems-depart-3min", {"dispatched": 60, "departed": 241}, (0, 1)),
        ("ems-depart-3min", {"dispatched": 60}, (0, 1)),
        ("ems-depart-3min", {"departed": 60}, (0, 0)),
    ],
)
def test_emergency_calls_of_callers_nobody_knows(cell, name, steps, expected):
    assert cell(name, **_call(**steps)) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ({"granted": END}, (1, 2)),
        ({"granted": END + timedelta(days=1)}, (0, 2)),
        ({"granted": date(2024, 1, 1), "revoked": END}, (0, 2)),
        ({"granted": date(2024, 1, 1), "revoked": END + timedelta(days=1)}, (1, 2)),
    ],
)
def test_titles_hold_between_grant_and_revocation(cell, title, expected):
    assert cell("qsi-basic", title=[{"institution": "I1", "title": "qsi-recommended", **title}]) == expected


def test_staff_are_the_last_told(cell):
    staff = [{"institution": "I1", "role": "doctor", "count": n, "as_of": day}
             for n, day in ((3, date(2024, 12, 31)), (5, date(2025, 6, 30)), (9, date(2026, 1, 1)))]  # fmt: skip
    population = [{"division": "P", "year": 2024, "kind": "resident", "sex": "all", "value": 1000}]
    assert cell("doctors-per-1000", staff=staff, population=population) == (5, 1000)


def test_people_of_a_division_without_a_row_are_those_of_its_children(make_lake, running):
    population = [
        {"division": "V1", "year": 2024, "kind": "resident", "sex": "all", "value": 300, "version": "1"},
        {"division": "V1", "year": 2023, "kind": "resident", "sex": "all", "value": 999, "version": "1"},
        {"division": "V2", "year": 2024, "kind": "resident", "sex": "all", "value": 200, "version": "1"},
        {"division": "V2", "year": 2026, "kind": "resident", "sex": "all", "value": 999, "version": "1"},
        {"division": "V2", "year": 2024, "kind": "household", "sex": "all", "value": 999, "version": "1"},
        {"division": "T2", "year": 2024, "kind": "resident", "sex": "all", "value": 77, "version": "1"},
    ]
    lake = make_lake(person=[{"person": 1, "record_opened": date(2020, 1, 1)}], population=population)
    results = running.evaluate(lake, CATALOGUE, YEAR, ["record-rate"])
    told = {d: results.cell(CATALOGUE.indicator("record-rate"), division=d) for d in ("V1", "T1", "T2", "D", "P", "V3")}
    assert told == {"V1": (1, 300), "T1": (1, 500), "T2": (0, 77), "D": (1, 577), "P": (1, 577), "V3": (0, None)}


@pytest.mark.parametrize(
    ("told", "chosen", "opened"),
    [
        (date(2025, 3, 1), [], True),
        (None, [], False),
        (None, [("active", date(2025, 3, 1), None)], True),
        (date(2025, 3, 1), [("inactive", date(2025, 3, 2), date(2025, 9, 1))], False),
        (date(2025, 3, 1), [("inactive", date(2025, 3, 2), date(2026, 1, 1))], True),  # closed after the period
        (date(2025, 3, 1), [("entered-in-error", date(2025, 3, 2), END)], True),
        (None, [("inactive", date(2025, 3, 2), END), ("active", date(2025, 4, 1), None)], True),  # two accounts, joined
        (None, [("active", date(2026, 1, 1), None)], False),
    ],
)
def test_a_record_is_open_by_the_choice_of_the_resident_before_what_is_told(cell, told, chosen, opened):
    person = [{"person": 1, "record_opened": date(2020, 1, 1), "record_open_to_resident": told}]
    consent = [
        {"person": 1, "code": "resident-access", "status": status, "day": start, "start_day": start, "end_day": end}
        for status, start, end in chosen
    ]
    assert cell("record-open", person=person, consent=consent) == (int(opened), 1)


def test_what_is_shared_says_nothing_of_an_open_record(cell):
    person = [{"person": 1, "record_opened": date(2020, 1, 1)}]
    consent = [{"person": 1, "code": "resident-sharing", "status": "active", "start_day": date(2025, 1, 1)}]
    assert cell("record-open", person=person, consent=consent) == (0, 1)


def test_schizophrenia_and_regular_medication(cell):
    tables = {
        "person": [{"person": 1}, {"person": 2}],
        "episode": [{"person": n, "program": "severe-mental"} for n in (1, 2)],
        "condition": [{"person": 1, "code": "F20.0"}, {"person": 2, "code": "F31"}],
        "observation": [
            {"person": n, "code": "medication-adherence", "day": date(2025, 5, 1), "value_code": "regular"} for n in (1, 2)
        ] + [{"person": 2, "code": "medication-adherence", "day": date(2025, 5, 1), "value_code": "intermittent"}],
    }  # fmt: skip
    assert cell("schizo-meds", **tables) == (1, 1)
    assert cell("smd-meds", **tables) == (1, 2)


def test_tuberculosis(cell):
    case = {"id": "e", "person": 1, "program": "tuberculosis", "start_day": date(2025, 3, 1)}
    visit = {"person": 1, "service": "tb-first-home-visit", "day": date(2025, 3, 2)}
    tables = {"person": [{"person": 1, "death_date": date(2025, 8, 1)}], "episode": [case], "visit": [visit]}
    assert cell("tb-mgmt", **tables) == (1, 1)
    assert cell("tb-mgmt", Period(date(2025, 1, 1), date(2025, 3, 3)), **tables) == (0, 0)
    ended = [{**case, "end_day": date(2025, 9, 1), "status": "finished"}]
    doses = [{"person": 1, "code": "tb-dose-adherence", "day": date(2025, 9, 1), "value": 90.0}]
    assert cell("tb-meds", **(tables | {"episode": ended, "observation": doses})) == (1, 1)
    pleura = [{"person": 1, "code": "A15.6"}]
    assert cell("tb-bact-positive", **(tables | {"condition": pleura})) == (0, 0)
