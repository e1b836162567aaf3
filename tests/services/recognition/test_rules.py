"""The list, the reach of marks, windows, what a record offers, and the machine of alerts; without a database."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.kernel.errors import CatalogError, InvalidValue, Refused
from luoshi.kernel.machine import CLOCK
from luoshi.services.recognition import reading, rules
from luoshi.services.recognition.rules import Place, Quality

DAY = date(2025, 11, 3)
CATALOGUE = rules.catalogue(DAY)
TOWN = Place("C1", "/99/9901/990101/990101001/", "H1")
HEAD = Place("H1", "/99/9901/990101/", "H1")
CITY = Place("H2", "/99/9901/", "H2")
OTHER_CITY = Place("H3", "/99/9902/", "H3")
OTHER_PROVINCE = Place("H4", "/98/9801/", "H4")


def mark(
    place: Place, level: str, subject: str = "liver", start: date = date(2025, 1, 1), end: date | None = None
) -> Quality:
    return Quality(place.institution, subject, level, start, end)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("producer", "marks", "expected"),
    [
        (TOWN, [], "own"),
        (HEAD, [], "alliance"),
        (CITY, [], ""),
        (CITY, [mark(CITY, "city")], "city"),
        (CITY, [mark(CITY, "province")], "province"),
        (CITY, [mark(CITY, "city"), mark(CITY, "nation")], "nation"),
        (CITY, [mark(CITY, "city", "alt")], "city"),
        (CITY, [mark(CITY, "city", "kidney")], ""),
        (CITY, [mark(OTHER_CITY, "nation")], ""),
        (CITY, [mark(CITY, "city", end=date(2025, 10, 1))], ""),
        (CITY, [mark(CITY, "city", start=date(2025, 10, 21))], ""),
        (CITY, [mark(CITY, "city", start=date(2025, 10, 20), end=date(2025, 10, 20))], "city"),
        (OTHER_CITY, [mark(OTHER_CITY, "city")], ""),
        (OTHER_CITY, [mark(OTHER_CITY, "province")], "province"),
        (OTHER_PROVINCE, [mark(OTHER_PROVINCE, "province")], ""),
        (OTHER_PROVINCE, [mark(OTHER_PROVINCE, "nation")], "nation"),
        (Place("H9", "", ""), [], ""),
    ],
)
def test_how_far_a_result_is_recognised(producer: Place, marks: list[Quality], expected: str):
    assert rules.reach(CATALOGUE.item("alt"), date(2025, 10, 20), producer, TOWN, marks) == expected


def test_the_narrower_of_item_and_mark_counts():
    ultrasound = CATALOGUE.item("us-abdomen")
    assert ultrasound.scope == "city"
    marks = [mark(CITY, "nation", "ultrasound"), mark(OTHER_CITY, "nation", "ultrasound")]
    assert rules.reach(ultrasound, DAY, CITY, TOWN, marks) == "city"
    assert rules.reach(ultrasound, DAY, OTHER_CITY, TOWN, marks) == ""
    blood_group = CATALOGUE.item("abo")
    assert rules.reach(blood_group, DAY, CITY, TOWN, [mark(CITY, "nation", "type")]) == ""
    assert rules.reach(blood_group, DAY, HEAD, TOWN, []) == "alliance"


@given(st.sampled_from([TOWN, HEAD, CITY, OTHER_CITY, OTHER_PROVINCE]),
       st.lists(st.tuples(st.sampled_from([HEAD, CITY, OTHER_CITY, OTHER_PROVINCE]),
                          st.sampled_from(["nation", "province", "city"]),
                          st.sampled_from(["liver", "alt", "ct"])), max_size=4))  # fmt: skip
def test_a_further_mark_never_takes_recognition_away(producer, drawn):
    marks = [mark(place, level, subject) for place, level, subject in drawn]
    before = rules.reach(CATALOGUE.item("alt"), DAY, producer, TOWN, marks[:-1])
    after = rules.reach(CATALOGUE.item("alt"), DAY, producer, TOWN, marks)
    assert not before or after
    if producer not in (TOWN, HEAD) and after:
        assert any(m.institution == producer.institution and m.subject in ("liver", "alt") for m in marks)


@pytest.mark.parametrize(("ago", "inside"), [(0, True), (30, True), (31, False), (-1, False)])
def test_the_last_day_of_the_window_counts(ago: int, inside: bool):
    assert CATALOGUE.item("alt").days == 30
    assert rules.fresh(CATALOGUE.item("alt"), DAY - timedelta(days=ago), DAY) is inside


def test_items_are_found_by_code_name_and_nothing_else():
    assert CATALOGUE.find("1742-6").id == CATALOGUE.find(" 谷丙 转氨酶").id == CATALOGUE.find("alt").id == "alt"
    assert CATALOGUE.find("谷丙") is None
    assert CATALOGUE.of_concept({"text": "谷丙转氨酶"}).id == "alt"
    assert CATALOGUE.of_concept({"coding": [{"system": "urn:x", "code": "1742-6"}]}) is None
    assert CATALOGUE.of_concept({"coding": [{"system": rules.ITEM_SYSTEM, "code": "ct-chest"}]}).id == "ct-chest"
    assert CATALOGUE.of_concept("alt") is None
    with pytest.raises(InvalidValue, match="alt"):
        CATALOGUE.item("altt")


def test_the_list_is_dated():
    assert not rules.catalogue(date(2020, 1, 1)).items
    (file,) = CATALOGUE.sources
    one = file.model_copy(update={"items": {"alt": file.items["alt"].model_copy(update={"until": date(2025, 6, 30)})}})
    assert "alt" in rules.make_catalogue([one], date(2025, 6, 30)).items
    assert "alt" not in rules.make_catalogue([one], date(2025, 7, 1)).items
    twice = file.model_copy(update={"items": dict.fromkeys(("a", "b"), file.items["alt"])})
    with pytest.raises(CatalogError, match="stands for"):
        rules.make_catalogue([twice], DAY)


def test_every_group_of_the_list_has_sensible_windows():
    assert len(CATALOGUE.items) > 100
    for item in CATALOGUE.items.values():
        assert 1 <= item.days <= 365
        assert item.price > 0
        assert item.name
        assert item.name_en.isascii()


# What a record offers -------------------------------------------------------------------------------------------------

ALT: dict[str, Any] = {
    "resourceType": "Observation", "status": "final", "effectiveDateTime": "2025-10-20T08:00:00+08:00",
    "code": {"coding": [{"system": rules.LOINC, "code": "1742-6"}]}, "performer": [{"reference": "Organization/H1"}],
    "valueQuantity": {"value": 38, "unit": "U/L"},
}  # fmt: skip
STUDY: dict[str, Any] = {
    "resourceType": "ImagingStudy", "status": "available", "started": "2025-10-20", "numberOfInstances": 3,
    "series": [{"modality": {"code": "CT"}, "bodySite": {"code": "CHEST"}}],
}  # fmt: skip
REPORT: dict[str, Any] = {
    "resourceType": "DiagnosticReport", "status": "final", "issued": "2025-10-20T08:00:00Z", "code": {"text": "胸部CT平扫"},
    "conclusion": "未见异常", "performer": [{"type": "Organization", "identifier": {"value": "H1"}}],
}  # fmt: skip


def test_data_and_images_are_offered():
    found = reading.offered(ALT, CATALOGUE)
    assert (found.item.id, found.day, found.producer, found.form) == ("alt", date(2025, 10, 20), "H1", "value")
    assert reading.offered(STUDY, CATALOGUE).item.id == "ct-chest"
    assert reading.offered(STUDY, CATALOGUE).form == "images"
    with_images = REPORT | {"imagingStudy": [{"reference": "ImagingStudy/s"}]}
    assert (reading.offered(with_images, CATALOGUE).form, reading.offered(with_images, CATALOGUE).producer) == (
        "images",
        "H1",
    )


@pytest.mark.parametrize(
    "resource",
    [
        REPORT,  # a conclusion alone
        REPORT | {"presentedForm": [{"contentType": "application/pdf", "data": "AA=="}]},
        *(ALT | {"status": s} for s in ("preliminary", "registered", "cancelled", "entered-in-error", "unknown")),
        {k: v for k, v in ALT.items() if k != "valueQuantity"} | {"dataAbsentReason": {"text": "溶血"}},
        {k: v for k, v in ALT.items() if k != "effectiveDateTime"},
        ALT | {"effectiveDateTime": "2025"},
        ALT | {"code": {"text": "不在清单"}},
        STUDY | {"numberOfInstances": 0, "series": []},
        STUDY | {"status": "cancelled"},
    ],
)  # fmt: skip
def test_what_is_not_offered(resource: dict[str, Any]):
    assert reading.offered(resource, CATALOGUE) is None


def test_values_are_written_as_people_write_them():
    panel = {
        "component": [
            {"code": {"text": "WBC"}, "valueQuantity": {"value": 12.1, "unit": "10^9/L"},
             "interpretation": [{"coding": [{"code": "H"}]}], "referenceRange": [{"low": {"value": 3.5}, "high": {"value": 9.5}}]},
            {"code": {"text": "HBsAg"}, "valueCodeableConcept": {"text": "阴性"}},
            {"code": {"text": "CRP"}, "valueQuantity": {"comparator": "<", "value": 0.5, "unit": "mg/L"}},
        ]
    }  # fmt: skip
    assert list(reading.values(panel)) == [
        ("WBC", "12.1 10^9/L ↑", "3.5–9.5"), ("HBsAg", "阴性", ""), ("CRP", "<0.5 mg/L", ""),
    ]  # fmt: skip


# The machine ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["recognise", "repeat", "override", "withdraw", "lapse"]), min_size=1, max_size=4))
def test_an_alert_is_answered_once(moves: list[str]):
    state, closed = rules.ALERT.start, 0
    for name in moves:
        try:
            state = rules.ALERT.move(state, name).target
            closed += 1
        except Refused:
            assert state in rules.ALERT.final
    assert closed == 1


def test_only_those_who_order_answer_and_only_time_lapses():
    for move in rules.ALERT.moves:
        assert move.by == (CLOCK if move.name == "lapse" else "recognition.order")
    assert rules.ALERT.offered(rules.RAISED, {"recognition.read", "recognition.manage"}) == []


def test_reasons():
    assert len([r for r in rules.reasons().reasons.values() if not r.region]) == 6
    rules.check_reason("emergency", "")
    with pytest.raises(InvalidValue):
        rules.check_reason("other", "")
    rules.check_reason("other", "患者术后复查")
    with pytest.raises(InvalidValue):
        rules.check_reason("because", "")
