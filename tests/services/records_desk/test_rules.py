"""From FHIR resources to what a page says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from luoshi.services.records_desk import rules
from luoshi.services.records_desk.words import words


def concept(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "x", "code": code}]}


@pytest.mark.parametrize(
    ("resource", "kind", "day", "title", "detail"),
    [
        (
            {"resourceType": "Encounter", "type": [concept("htn-visit")], "period": {"start": "2025-03-04T09:00:00+08:00"}},
            "visit", date(2025, 3, 4), "高血压随访", "",
        ),
        (
            {"resourceType": "Observation", "code": concept("85354-9"), "effectiveDateTime": "2025-03-04", "component": [
                {"code": concept("8480-6"), "valueQuantity": {"value": 138, "unit": "mmHg"}},
                {"code": concept("8462-4"), "valueQuantity": {"value": 86, "unit": "mmHg"}},
            ]},
            "measurement", date(2025, 3, 4), "血压", "138 mmHg / 86 mmHg",
        ),
        ({"resourceType": "Condition", "code": concept("I10"), "recordedDate": "2020-01-02"},
         "condition", date(2020, 1, 2), "原发性高血压", "I10"),
        # a condition nobody named is told by its code, once
        ({"resourceType": "Condition", "code": concept("M54"), "recordedDate": "2020-01-02"},
         "condition", date(2020, 1, 2), "M54", ""),
        ({"resourceType": "Condition", "code": concept("M54"), "onsetDateTime": "2020"}, "condition", None, "M54", ""),
        ({"resourceType": "CarePlan", "period": {"start": "2025-01-01", "end": "2025-12-31"}},
         "contract", date(2025, 1, 1), "家庭医生签约", ""),
        ({"resourceType": "Immunization", "vaccineCode": concept("zz"), "occurrenceDateTime": "2025-02-03",
          "protocolApplied": [{"doseNumberPositiveInt": 2}]}, "immunization", date(2025, 2, 3), "zz", "第2剂"),
        ({"resourceType": "Appointment", "created": "2025-02-03"}, "other", date(2025, 2, 3), "Appointment", ""),
        ({"resourceType": "Encounter"}, "visit", None, "Encounter", ""),
        ({"resourceType": "Observation", "code": concept("79378-6"), "valueBoolean": True}, "measurement", None, "死因", "是"),
    ],
)  # fmt: skip
def test_an_entry(resource, kind, day, title, detail):
    found = rules.entry(resource | {"id": "1"}, words(), source="his")
    assert (found.kind, found.day, found.title, found.detail) == (kind, day, title, detail)
    assert (found.type, found.id, found.source) == (resource["resourceType"], "1", "his")


def test_the_patient_is_no_entry_and_english_is_english():
    assert rules.entry({"resourceType": "Patient", "id": "1"}, words()) is None
    with translation.override("en"):
        found = rules.entry({"resourceType": "CarePlan", "id": "1"}, words())
        assert found.title == "Family-doctor contract"
        assert words().dose(2) == "dose 2"


def pressure(day: str, value: float, **more: Any) -> dict[str, Any]:
    part = {"code": concept("8480-6"), "valueQuantity": {"value": value, "unit": "mmHg"}}
    return {"resourceType": "Observation", "id": day, "effectiveDateTime": day, "component": [part]} | more


def test_trends_are_in_order_and_know_their_range():
    readings = [
        pressure("2025-03-01", 150),
        pressure("2025-01-01", 120),
        pressure("2025-02-01", 500, status="entered-in-error"),
        {"resourceType": "Observation", "id": "w", "code": concept("29463-7"), "effectiveDateTime": "2025-01-01",
         "valueQuantity": {"value": 60}},
    ]  # fmt: skip
    (found,) = rules.trends(readings, words())
    assert (found.name, found.unit) == ("收缩压", "mmHg")
    assert [(m.day, m.value, m.within) for m in found.measures] == [
        (date(2025, 1, 1), 120.0, True),
        (date(2025, 3, 1), 150.0, False),
    ]
    assert found.last.value == 150


def test_months_newest_first_and_the_unknown_last():
    days = ["2025-03-04", "2025-01-02", "2025-03-01", None]
    entries = [
        rules.Entry("visit", date.fromisoformat(d) if d else None, "x", "", "", "Encounter", str(d)) for d in days
    ]
    assert [(month, len(found)) for month, found in rules.by_month(entries)] == [
        ("2025-03", 2),
        ("2025-01", 1),
        ("", 1),
    ]


@given(st.dates(date(1900, 1, 1), date(2030, 1, 1)), st.dates(date(1900, 1, 1), date(2030, 1, 1)))
def test_ages(birth, on):
    years = rules.age(birth, on)
    if birth > on:
        assert years is None
    else:
        assert years >= 0
        assert rules.age_in_months(birth, on) // 12 == years


@pytest.mark.parametrize("text", [None, "", "2025", "2025-03", 7, []])
def test_no_day_is_made_up(text):
    assert rules.day_of(text) is None
