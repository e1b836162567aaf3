"""From a Patient to a person."""

from __future__ import annotations

from typing import Any

import pytest

from luoshi.kernel.identifiers import resident_id_check_character
from luoshi.records.identify import PASSPORT, Decision, Facts, decide, facts
from luoshi.records.profile_cn import RECORD_NUMBER, RESIDENT_ID

WOMAN = "11010519491231002X"
OLD = "130503670401001"  # 15 digits: 1967-04-01, odd serial: a man
NEW = "13050319670401001" + resident_id_check_character("13050319670401001")


def patient(*identifiers: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A Patient with these identifiers."""
    return {
        "resourceType": "Patient",
        "identifier": [{"system": system, "value": value} for system, value in identifiers],
        **more,
    }


@pytest.mark.parametrize("text", [NEW, OLD, f" {NEW} "])
def test_old_and_new_number_are_the_same_key(text: str) -> None:
    assert facts(patient((RESIDENT_ID, text))).keys == ((RESIDENT_ID, NEW),)


def test_lower_case_x_is_folded() -> None:
    assert facts(patient((RESIDENT_ID, WOMAN.lower()))).keys == ((RESIDENT_ID, WOMAN),)


def test_a_wrong_check_character_identifies_nobody() -> None:
    assert facts(patient((RESIDENT_ID, WOMAN[:-1] + "0"))) == Facts((), ("checksum",), "", "")


@pytest.mark.parametrize(
    ("more", "borrowed"),
    [
        ({"birthDate": "1949-12-31", "gender": "female"}, False),
        ({"birthDate": "1949"}, False),
        ({"birthDate": "1949-12-30"}, False),
        ({"birthDate": "2023-05-01"}, True),
        ({"gender": "male"}, True),
        ({"gender": "unknown"}, False),
    ],
)
def test_a_number_of_somebody_else_is_borrowed(more: dict[str, Any], borrowed: bool) -> None:
    found = facts(patient((RESIDENT_ID, WOMAN), **more))
    assert (found.doubts == ("borrowed",)) is borrowed
    assert (found.keys == ()) is borrowed


def test_keys_come_strongest_first_and_unknown_systems_are_left_out() -> None:
    found = facts(
        patient((RECORD_NUMBER, "9" * 17), ("urn:hospital", "7"), (PASSPORT, "e1234567"), (RESIDENT_ID, WOMAN))
    )
    assert found.keys == ((RESIDENT_ID, WOMAN), (PASSPORT, "E1234567"), (RECORD_NUMBER, "9" * 17))


def test_division_and_institution() -> None:
    found = facts(
        patient(
            address=[{"extension": [{"url": "urn:luoshi:cn:ext:division", "valueCode": "990101001"}]}],
            managingOrganization={"reference": "Organization/org-1"},
        )
    )
    assert (found.division, found.institution) == ("990101001", "org-1")


A, B = (RESIDENT_ID, WOMAN), (PASSPORT, "E1234567")


@pytest.mark.parametrize(
    ("known_as", "owners", "decision"),
    [
        (None, {}, Decision(None, (), (A, B))),
        (None, {A: 3}, Decision(3, (), (B,))),
        (None, {B: 4}, Decision(4, (), (A,))),
        (None, {A: 3, B: 3}, Decision(3, (), ())),
        (None, {A: 3, B: 4}, Decision(3, (4,), ())),
        (9, {}, Decision(9, (), (A, B))),
        (9, {A: 9}, Decision(9, (), (B,))),
        (9, {A: 3}, Decision(9, (3,), (B,))),
    ],
)
def test_decisions(known_as: int | None, owners: dict[tuple[str, str], int], decision: Decision) -> None:
    assert decide(Facts((A, B), (), "", ""), known_as=known_as, owners=owners) == decision
