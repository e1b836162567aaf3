"""Criteria, routes, clocks and the machine: pure, and every way through the machine."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.indicators import Catalogue
from luoshi.kernel.clock import CHINA
from luoshi.kernel.errors import Refused
from luoshi.kernel.machine import CLOCK
from luoshi.services.referral import book, criteria, routing, rules
from luoshi.services.referral.criteria import Facts, Value
from luoshi.services.referral.routing import Place

TODAY = date(2025, 11, 3)


def met(*values: Value, diagnoses: tuple[str, ...] = (), tier: str = "township") -> list[str]:
    return [m.criterion.id for m in criteria.met(Facts(diagnoses, values), tier=tier, on=TODAY)]


@pytest.mark.parametrize(
    ("values", "diagnoses", "expected"),
    [
        # the bounds themselves count, as 以上 and 以下 say
        ([("8480-6", 0, 180)], (), ["htn-crisis"]),
        ([("8480-6", 0, 179)], (), []),
        ([("8462-4", 7, 110)], (), ["htn-crisis"]),
        ([("8462-4", 8, 110)], (), []),  # eight days old: no crisis of today
        ([("1558-6", 0, 16.7)], (), ["dm-crisis"]),
        ([("1558-6", 0, 3.9)], (), ["dm-crisis"]),
        ([("1558-6", 0, 4.0)], (), []),
        # twice in a row, on different days, and only with the disease
        ([("8480-6", 10, 142), ("8480-6", 100, 140)], ("I10",), ["htn-uncontrolled"]),
        ([("8480-6", 10, 142), ("8480-6", 10, 150)], ("I10",), []),
        ([("8480-6", 10, 139), ("8480-6", 100, 150), ("8480-6", 200, 150)], ("I10",), []),
        ([("8480-6", 10, 142), ("8480-6", 100, 140)], ("E11",), []),
        ([("1558-6", 20, 7.0), ("1558-6", 90, 8.1)], ("E11.9",), ["dm-uncontrolled"]),
        # the most pressing first
        ([("8480-6", 1, 190), ("8480-6", 60, 150)], ("I10",), ["htn-crisis", "htn-uncontrolled"]),
        ([("59408-5", 1, 88)], ("J44.1",), ["copd-exacerbation"]),
    ],
)
def test_what_the_record_speaks_for(values, diagnoses, expected):
    rows = [Value(code, TODAY - timedelta(days=ago), float(number)) for code, ago, number in values]
    assert met(*rows, diagnoses=diagnoses) == expected


def test_answers_and_tiers():
    unstable = Value("smd-stability", TODAY, None, "unstable")
    assert met(unstable, diagnoses=("F20",)) == ["smd-unstable"]
    assert met(Value("smd-stability", TODAY, None, "stable"), diagnoses=("F20",)) == []
    assert met(Value("8480-6", TODAY, 200.0), tier="county") == []  # a county hospital treats that itself


def test_criteria_are_dated():
    assert "copd-exacerbation" not in {c.id for c in book.criteria(date(2024, 8, 31))}
    assert "copd-exacerbation" in {c.id for c in book.criteria(date(2024, 9, 1))}
    assert all(c.source and c.confidence for c in book.criteria(TODAY))
    assert all(d.source and d.confidence for d in book.diseases(TODAY))


def test_facts_are_read_from_resources():
    found = criteria.read(
        [
            {"resourceType": "Condition", "code": {"coding": [{"code": "I10"}]}},
            {"resourceType": "Condition", "code": {"coding": [{"code": "E11"}]},
             "clinicalStatus": {"coding": [{"code": "resolved"}]}},
            {"resourceType": "Observation", "effectiveDateTime": "2025-11-01T08:00:00+08:00",
             "code": {"coding": [{"code": "85354-9"}]},
             "component": [{"code": {"coding": [{"code": "8480-6"}]}, "valueQuantity": {"value": 182}}]},
            {"resourceType": "Observation", "status": "entered-in-error", "effectiveDateTime": "2025-11-01",
             "code": {"coding": [{"code": "1558-6"}]}, "valueQuantity": {"value": 30}},
        ]
    )  # fmt: skip
    assert found == Facts(("I10",), (Value("8480-6", date(2025, 11, 1), 182.0),))


# --- routes ------------------------------------------------------------------------------------------------------------


def place(code: str, type_: str, level: int, path: str, head: str = "", **more) -> Place:
    return Place(
        code, more.pop("name", code), type_, level, path, head or code, division_level=path.count("/") - 1, **more
    )


COUNTY, OTHER = "/99/9901/990101/", "/99/9901/990102/"
HEAD = place("H", "general-hospital", 2, COUNTY)
TCM = place("T", "tcm-hospital", 2, COUNTY)
CITY = place("CITY", "general-hospital", 3, "/99/9901/")
NEXT = place("N", "general-hospital", 2, OTHER)
MIND = place("MIND", "specialist-hospital", 2, "/99/9901/", name="云岭市精神卫生中心")
CENTRE = place("C", "township-centre", 1, COUNTY + "990101001/", "H")
CENTRE2 = place("C2", "township-centre", 1, COUNTY + "990101002/", "H")
FAR = place("F", "township-centre", 1, OTHER + "990102001/", "N")
ROOM = place("V", "village-room", 0, COUNTY + "990101001/990101001001/", "H")
EVERY = [CITY, FAR, HEAD, MIND, NEXT, CENTRE, CENTRE2, ROOM, TCM]


def test_alliance_then_district_then_up():
    found = routing.up(CENTRE, EVERY, {"county"})
    assert [s.place.code for s in found] == ["H", "T", "N", "CITY", "MIND"]
    assert found[0].reasons[:3] == ("alliance", "offers", "next-tier")
    assert found[1].ring == "district"
    assert "skips" in found[3].doubts
    assert "lacks" in found[4].doubts
    assert all(s.reasons for s in found)  # each says why


def test_full_and_stale_beds_say_so_and_come_later():
    full = place("H", "general-hospital", 2, COUNTY, "H", free=0, fresh=True)
    beside = place("H2", "general-hospital", 2, COUNTY, "H", free=3, fresh=True)
    old = place("H3", "general-hospital", 2, COUNTY, "H", free=9, fresh=False)
    found = routing.up(CENTRE, [full, old, beside], {"county"})
    assert [s.place.code for s in found] == ["H2", "H3", "H"]
    assert [s.doubts for s in found] == [(), ("stale",), ("full",)]


def test_an_emergency_goes_to_the_capable_nearest():
    found = routing.up(CENTRE, EVERY, {"chest-pain"}, emergency=True)
    assert found[0].place.code == "H"  # the alliance's own hospital comes first, the city's capable one is named
    assert [s.place.code for s in found if "capable" in s.reasons] == ["CITY"]
    assert "skips" not in next(s for s in found if s.place.code == "CITY").doubts


def test_specialists_get_what_is_theirs():
    assert routing.up(HEAD, EVERY, {"psychiatric"})[0].place.code in ("MIND", "CITY")
    found = {s.place.code: s for s in routing.up(CENTRE, EVERY, {"psychiatric"})}
    assert "offers" in found["MIND"].reasons


def test_down_goes_home():
    disease = book.disease("hypertension")
    found = routing.down(HEAD, EVERY, disease, home=COUNTY + "990101002/990101002001/", managed_by="C")
    assert [s.place.code for s in found][:2] == ["C", "C2"]  # who manages the patient, then the place where they live
    assert "home" in found[1].reasons
    assert found[-1].place.code == "F"
    assert "not-home" in found[-1].doubts
    came = routing.down(HEAD, EVERY, disease, home=COUNTY, came_from="F")
    assert came[0].place.code == "F"
    assert not any(s.place.code == "V" for s in found)  # a village room takes no one down


@given(st.sets(st.sampled_from(sorted(book.rules().routing.targets)), max_size=3), st.booleans())
def test_routes_never_lead_down_or_home(targets, emergency):
    for s in routing.up(CENTRE, EVERY, targets, emergency=emergency):
        assert book.TIERS.index(routing.tier_of(s.place)) > book.TIERS.index("township")
    assert routing.up(CENTRE, EVERY, targets, emergency=emergency) == routing.up(
        CENTRE, EVERY[::-1], targets, emergency=emergency
    )


# --- clocks and the machine ----------------------------------------------------------------------------------------------

NOON = datetime(2025, 11, 3, 12, tzinfo=CHINA)


def test_deadlines():
    assert rules.due("submitted", "emergency", NOON) == NOON + timedelta(minutes=30)
    assert rules.due("submitted", "routine", NOON) == NOON + timedelta(hours=48)
    assert rules.due("summarised", "urgent", NOON) == NOON + timedelta(days=14)
    assert rules.due("closed", "urgent", NOON) is None
    assert rules.due("reserved", "routine", NOON, arrive_on=rules.begin_of(date(2025, 11, 5))) == datetime(
        2025, 11, 6, tzinfo=CHINA
    )
    assert [rules.level_due(NOON, NOON + timedelta(hours=h)) for h in (-1, 0, 0.1, 3.9, 4, 23.9, 24, 500)] == [
        0, 0, 1, 1, 2, 2, 3, 3,
    ]  # fmt: skip
    assert rules.level_due(NOON, NOON) == 0


PERMISSIONS = [rules.SEND, rules.RECEIVE, CLOCK]


@given(
    st.lists(
        st.tuples(st.sampled_from([m.name for m in rules.MACHINE.moves]), st.sampled_from(PERMISSIONS)), max_size=25
    )
)
@settings(max_examples=200)
def test_whatever_is_tried_the_machine_holds(tries):
    """No move by the wrong side, none out of an end, and who answers is never who sends."""
    state = rules.MACHINE.start
    answered = False
    for name, permission in tries:
        try:
            move = rules.MACHINE.move(state, name)
        except Refused:
            assert state in rules.MACHINE.final or all(
                not (m.name == name and state in m.sources) for m in rules.MACHINE.moves
            )
            continue
        if move.by != permission:
            continue
        assert state not in rules.MACHINE.final
        answered |= name in ("accept", "rush")
        state = move.target
        if state in ("reserved", "arrived", "treating", "summarised", "closed"):
            assert answered
    assert state in rules.MACHINE.states


def test_every_state_has_somebody_whose_turn_it_is():
    for state in rules.OPEN:
        offered = {m.by for m in rules.MACHINE.moves if state in m.sources}
        turn = rules.SEND if state in rules.SENDERS_TURN else rules.RECEIVE
        assert turn in offered
    assert set(rules.SENDERS_TURN) | set(rules.RECEIVERS_TURN) == set(rules.OPEN)
    assert set(rules.OPEN) | rules.MACHINE.final == set(rules.MACHINE.states)


def test_the_alliances_set_is_whole_and_every_item_is_answered():
    """Fourteen items in the five dimensions of the source: three by what is handed in, eleven by an indicator."""
    declared = book.alliance()
    assert [item.number for item in declared.items] == list(range(1, 15))
    assert [item.number for item in declared.items if item.evidence] == [1, 2, 3]
    known = Catalogue.load().indicators
    assert {
        name for item in (*declared.items, *declared.beside) for name in (item.indicator, item.also) if name
    } <= set(known)
    assert list(dict.fromkeys(item.dimension for item in declared.items)) == list(declared.dimensions)
