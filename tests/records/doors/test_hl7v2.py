"""HL7 v2: what becomes of messages, what is refused, and the answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.kernel.errors import InvalidValue, UserError
from luoshi.records import hl7v2
from luoshi.records.hl7v2.mapping import mapping
from luoshi.records.validate import Validator

SAMPLES = Path(__file__).resolve().parents[3] / "samples/doors"
NAMES = ("admission", "discharge", "result", "merge")


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.hl7").read_bytes()


def made(data: bytes, type_: str = "", **more: str) -> list[dict[str, Any]]:
    entries = hl7v2.translate(hl7v2.parse(data), **more).bundle["entry"]
    return [e["resource"] for e in entries if not type_ or e["resource"]["resourceType"] == type_]


def with_(name: str, old: str, new: str) -> bytes:
    data = sample(name)
    assert old.encode() in data
    return data.replace(old.encode(), new.encode())


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_valid_and_stable(name: str) -> None:
    translated = hl7v2.translate(hl7v2.parse(sample(name)))
    assert [i for i in Validator("cn").check(translated.bundle) if i.severity == "error"] == []
    assert hl7v2.translate(hl7v2.parse(sample(name))).bundle == translated.bundle
    (patient, *_) = made(sample(name), "Patient")
    assert patient["id"] == made(sample("admission"), "Patient")[0]["id"]
    assert patient["identifier"][0] == {"system": "urn:luoshi:cn:id:resident", "value": "990101195602140240"}
    assert (patient["name"][0]["text"], patient["gender"]) == ("王试样", "female")


def test_a_stay_from_admission_to_discharge() -> None:
    (admitted,) = made(sample("admission"), "Encounter")
    (discharged,) = made(sample("discharge"), "Encounter", institution="330101")
    assert admitted["id"] == discharged["id"]
    assert (admitted["status"], admitted["class"]["code"]) == ("in-progress", "IMP")
    assert admitted["period"] == {"start": "2025-10-22T09:00:00+08:00"}
    assert discharged["status"] == "finished"
    assert discharged["period"]["end"] == "2025-11-03T10:00:00+08:00"
    assert admitted["serviceProvider"]["reference"] == "Organization/H1"
    assert discharged["serviceProvider"]["reference"] == "Organization/330101"
    assert made(sample("admission"), "Condition")[0]["code"]["coding"][0]["code"] == "I25.103"
    assert made(sample("admission"), "AllergyIntolerance")[0]["code"]["text"] == "青霉素"


@pytest.mark.parametrize(
    ("event", "status"), [("A04", "in-progress"), ("A08", "in-progress"), ("A11", "cancelled"), ("A31", None)]
)
def test_events(event: str, status: str | None) -> None:
    found = made(with_("admission", "ADT^A01", f"ADT^{event}"), "Encounter")
    assert [e["status"] for e in found] == ([status] if status else [])


def test_an_update_after_discharge_says_finished() -> None:
    assert made(with_("discharge", "ADT^A03", "ADT^A08"), "Encounter")[0]["status"] == "finished"


def test_a_merge_leads_from_the_old_number_to_the_new() -> None:
    new, old = made(sample("merge"), "Patient")
    assert old["link"] == [{"other": {"reference": f"Patient/{new['id']}"}, "type": "replaced-by"}]
    assert old["active"] is False
    with pytest.raises(InvalidValue, match="itself"):
        made(with_("merge", "P00999", "P00321"))
    with pytest.raises(InvalidValue, match="given up"):
        made(with_("merge", "MRG|", "ZZZ|"))


def test_results() -> None:
    data = sample("result")
    (report,) = made(data, "DiagnosticReport")
    glucose, ldl, antigen, crp = made(data, "Observation")
    assert report["status"] == "final"
    assert len(report["result"]) == 4
    assert glucose["valueQuantity"] == {"value": 5.8, "unit": "mmol/L"}
    assert glucose["code"]["coding"][0]["system"] == "http://loinc.org"
    assert glucose["referenceRange"][0]["high"]["value"] == 6.1
    assert ldl["interpretation"][0]["coding"][0]["code"] == "H"
    assert ldl["note"] == [{"text": "建议复查"}]
    assert ldl["referenceRange"][0]["high"]["value"] == 3.4
    assert antigen["valueString"] == "阴性"
    assert crp["valueQuantity"] == {"value": 0.5, "unit": "mg/L", "comparator": "<"}


@pytest.mark.parametrize(
    ("obx", "key", "value"),
    [
        ("NM|X||>100|mmol/L|", "valueQuantity", {"value": 100, "comparator": ">", "unit": "mmol/L"}),
        ("NM|X||见备注||", "valueString", "见备注"),
        (
            "CWE|X||260373001^检出^SCT||",
            "valueCodeableConcept",
            {"coding": [{"code": "260373001", "display": "检出"}], "text": "检出"},
        ),
        ("TS|X||202511031230||", "valueDateTime", "2025-11-03T12:30:00+08:00"),
        ("FT|X||第一行~第二行\\T\\末||", "valueString", "第一行\n第二行&末"),
        ('ST|X||""||', "dataAbsentReason", {"text": "unknown"}),
    ],
)
def test_types_of_values(obx: str, key: str, value: Any) -> None:
    data = with_("result", "NM|1558-6^空腹血糖^LN||5.8|mmol/L|3.9-6.1", obx)
    assert made(data, "Observation")[0][key] == value
    assert [i for i in Validator().check(hl7v2.translate(hl7v2.parse(data)).bundle) if i.severity == "error"] == []


def test_what_cannot_be_carried_over_is_told() -> None:
    translated = hl7v2.translate(hl7v2.parse(with_("result", "OBX|3|ST|", "OBX|3|ED|")))
    assert translated.notes == ["A result of the type ED (OBX-2) is in the original only."]


def test_encodings() -> None:
    text = sample("admission").decode()
    gb = text.replace("UNICODE UTF-8", "GB 18030-2000").encode("gb18030")
    assert made(gb, "Patient")[0]["name"][0]["text"] == "王试样"
    unsaid = text.replace("|||||CHN|UNICODE UTF-8", "")
    assert made(unsaid.encode("gb18030"), "Patient") == made(unsaid.encode(), "Patient")
    with pytest.raises(InvalidValue, match="not known"):
        hl7v2.parse(text.replace("UNICODE UTF-8", "BIG-5").encode())
    with pytest.raises(InvalidValue, match="not in the encoding"):
        hl7v2.parse(text.encode("gb18030"))


def test_the_old_place_of_the_resident_id() -> None:
    data = with_("admission", "~990101195602140240^^^^01", "").replace(b"00000000000", b"0||||||990101195602140240")
    assert made(data, "Patient")[0]["identifier"][0]["value"] == "990101195602140240"


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", hl7v2.NotSupported, "begin with MSH"),
        (b"GET / HTTP/1.1\r\n", hl7v2.NotSupported, "begin with MSH"),
        (b"MSH|", hl7v2.NotSupported, "begin with MSH"),
        (b"MSH|^~\\&|", InvalidValue, "control id"),
        (b"MSH|^~\\&|a|b|c|d|20251103||ADT^A01||P|2.5", InvalidValue, "control id"),
        (b"MSH|^~\\&|a|b|c|d|20251103||SIU^S12|1|P|2.5\rPID|1", hl7v2.NotSupported, "SIU\\^S12"),
        (b"MSH|^~\\&|a|b|c|d|20251103||ADT^A60|1|P|2.5\rPID|1", hl7v2.NotSupported, "A60"),
        (b"MSH|^~\\&|a|b|c|d|20251103||ADT^A01|1|P|2.5", InvalidValue, "no PID"),
        (b"MSH|^~\\&|a|b|c|d|20251103||ADT^A01|1|P|2.5\rPID|1", InvalidValue, "who it is about"),
        (b"MSH|^~\\&|a|b|c|d|20251103||ORU^R01|1|P|2.5\rPID|1||7\rOBX|1", InvalidValue, "before any order"),
        (b"MSH|^~\\&|a|b|c|d|20251103||ORU^R01|1|P|2.5\rPID|1||7", InvalidValue, "no report"),
        (b"MSH|^~\\&|a|b|c|d|20251103||ORU^R01|1|P|2.5\rPID|1||7\rOBR|1||9", InvalidValue, "what was examined"),
        (b"MSH|^~\\&|a|b|c|d|20251103||ADT^A01|1|P|2.5\rPID|1||7||x||19561332", InvalidValue, "no such time"),
        (b"MSH|^~\\&|a|b|c|d|20251103||ADT^A01|1|P|2.5\rPID|1||7\rPV1|1|Q|" + b"|" * 16 + b"V1", InvalidValue, "PV1-2"),
        (b"MSH|^~\\&|a|b|c|d|20251103||ADT^A01|1|P|2.5\r" + b"Z\r" * 20_001, hl7v2.NotSupported, "more than 20,000"),
    ],
)
def test_what_is_refused(data: bytes, error: type[UserError], words: str) -> None:
    with pytest.raises(error, match=words):
        hl7v2.translate(hl7v2.parse(data))


def test_answers() -> None:
    message = hl7v2.parse(sample("admission"))
    ack = hl7v2.answer(message, "AE", "PID-3: a|b\r\n^c", at="20251103120000", control="7").decode()
    assert ack == (
        "MSH|^~\\&|LUOSHI|REGION|HIS|H1|20251103120000||ACK^A01^ACK|7|P|2.5||||||UNICODE UTF-8\r"
        "MSA|AE|ADT-0001|PID-3: a\\F\\b \\S\\c\r"
        "ERR|||207|E||||PID-3: a\\F\\b \\S\\c\r"
    )
    read = hl7v2.parse(ack.encode())
    assert (read.type, read.first("MSA").value(2)) == ("ACK", "ADT-0001")  # type: ignore[union-attr]
    assert hl7v2.answer(None, "AR", "framing", at="", control="0").startswith(b"MSH|^~\\&|LUOSHI")
    gb = hl7v2.parse(sample("admission").decode().replace("UNICODE UTF-8", "GB18030").encode("gb18030"))
    assert "原因".encode("gb18030") in hl7v2.answer(gb, "AE", "原因", at="", control="0")


def test_the_catalogue_names_only_what_fhir_knows() -> None:
    rules = mapping()
    statuses = {"registered", "preliminary", "final", "corrected", "cancelled", "entered-in-error"}
    assert set(rules.observation_status.values()) <= statuses
    assert set(rules.report_status.values()) <= statuses | {"partial"}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_message_is_refused_in_words_or_read(data: st.DataObject) -> None:
    raw = bytearray(sample(data.draw(st.sampled_from(NAMES))))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 30))] = data.draw(
            st.one_of(st.binary(max_size=8), st.sampled_from([b"|", b"^", b"\r", b"~", b"&", b"\\", b'""']))
        )
    try:
        translated = hl7v2.translate(hl7v2.parse(bytes(raw)))
    except UserError:
        return
    wrong = [i for i in Validator().check(translated.bundle) if i.severity == "error"]
    assert wrong == [], wrong
