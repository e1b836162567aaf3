"""Clinical documents of the WS/T 500 family: what becomes of them, and what is refused."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.kernel.errors import InvalidValue, UnreadableFile, UserError
from luoshi.records.cda import parsing, translate
from luoshi.records.cda.mapping import mapping
from luoshi.records.translating import moment, narrative
from luoshi.records.validate import Validator

SAMPLES = Path(__file__).resolve().parents[3] / "samples/doors"
KINDS = ("outpatient", "prescription", "laboratory", "imaging", "discharge")


def sample(kind: str) -> bytes:
    return (SAMPLES / f"{kind}.xml").read_bytes()


def resources(data: bytes, type_: str = "", **more: Any) -> list[dict[str, Any]]:
    entries = translate(data, **more).bundle["entry"]
    return [e["resource"] for e in entries if not type_ or e["resource"]["resourceType"] == type_]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_valid_and_keeps_the_original(kind: str) -> None:
    data = sample(kind)
    made = translate(data)
    assert [i for i in Validator("cn").check(made.bundle) if i.severity == "error"] == []
    assert made.kinds == {"cda": 1, f"cda:{kind}": 1}
    assert made.notes == []
    (binary,) = resources(data, "Binary")
    assert base64.b64decode(binary["data"]) == data
    (reference,) = resources(data, "DocumentReference")
    assert reference["content"][0]["attachment"]["url"] == f"Binary/{binary['id']}"
    assert reference["type"]["coding"][0]["code"] == mapping().kinds[kind].code
    assert translate(data).bundle == made.bundle
    (patient,) = resources(data, "Patient")
    assert patient["identifier"] == [{"system": "urn:luoshi:cn:id:resident", "value": "990101195602140240"}]
    assert (patient["name"][0]["text"], patient["gender"], patient["birthDate"]) == ("王试样", "female", "1956-02-14")
    assert "managingOrganization" not in patient  # who is responsible for somebody is not for a hospital to say
    # Everybody's documents lead to one Patient, and no number stands in an id.
    assert patient["id"] == resources(sample("outpatient"), "Patient")[0]["id"]
    assert not any("1956" in r["id"] for r in resources(data))


def test_an_outpatient_record() -> None:
    data = sample("outpatient")
    (visit,) = resources(data, "Encounter")
    assert visit["class"]["code"] == "AMB"
    assert visit["type"][0]["coding"][0] == {"system": "urn:luoshi:cn:code:service", "code": "outpatient"}
    assert visit["period"]["start"] == "2025-11-03T10:15:00+08:00"
    assert visit["serviceProvider"]["reference"] == "Organization/H1"
    codes = [c["code"]["coding"][0] for c in resources(data, "Condition")]
    assert [(c["system"][-6:], c["code"], c["display"]) for c in codes] == [
        ("icd-10", "I10.x00", "原发性高血压"),
        ("icd-10", "E78.500", "高脂血症"),
    ]
    assert resources(data, "AllergyIntolerance")[0]["code"] == {"text": "青霉素皮疹"}
    (document,) = resources(data, "Composition")
    assert [s["title"] for s in document["section"]] == ["主诉", "现病史", "既往史", "体格检查", "条目"]
    assert "168/98mmHg" in document["section"][1]["text"]["div"]
    assert len(document["section"][-1]["entry"]) == 3


def test_a_prescription() -> None:
    first, second = resources(sample("prescription"), "MedicationRequest")
    assert first["medicationCodeableConcept"]["text"] == "氨氯地平片 5mg×28片"
    assert first["dosageInstruction"][0]["doseAndRate"] == [{"doseQuantity": {"value": 5, "unit": "mg"}}]
    assert first["dosageInstruction"][0]["timing"]["code"]["text"] == "1 次/日"
    assert second["dispenseRequest"]["quantity"] == {"value": 14, "unit": "片"}
    assert second["dispenseRequest"]["expectedSupplyDuration"]["value"] == 3
    assert first["groupIdentifier"] == second["groupIdentifier"]
    (visit,) = resources(sample("outpatient"), "Encounter")
    assert first["encounter"]["identifier"] == visit["identifier"][0]


def test_a_laboratory_report() -> None:
    data = sample("laboratory")
    glucose, ldl, antigen = resources(data, "Observation")
    assert (glucose["code"]["text"], glucose["valueQuantity"]) == ("葡萄糖", {"value": 5.8, "unit": "mmol/L"})
    assert ldl["interpretation"][0]["coding"][0]["code"] == "A"
    assert antigen["valueString"] == "阴性"
    (report,) = resources(data, "DiagnosticReport")
    assert report["conclusion"] == "低密度脂蛋白胆固醇偏高"
    assert report["code"]["text"] == "生化检验"
    assert [r["reference"] for r in report["result"]] == [f"Observation/{o['id']}" for o in (glucose, ldl, antigen)]


def test_an_imaging_report() -> None:
    (report,) = resources(sample("imaging"), "DiagnosticReport")
    assert report["category"][0]["coding"][0]["code"] == "RAD"
    assert report["code"]["text"] == "颈动脉超声"
    assert report["conclusion"] == "双侧颈动脉硬化,左侧斑块形成"
    assert resources(sample("imaging"), "Observation")[0]["valueString"].startswith("双侧颈总动脉")


def test_a_discharge_summary() -> None:
    data = sample("discharge")
    (stay,) = resources(data, "Encounter")
    assert stay["class"]["code"] == "IMP"
    assert stay["period"] == {"start": "2025-10-22T09:00:00+08:00", "end": "2025-11-03T10:00:00+08:00"}
    found = [(c["category"][0]["text"], c["code"]["coding"][0]["code"]) for c in resources(data, "Condition")]
    assert found == [("AD", "I25.103"), ("DD", "I20.000"), ("DD", "I10.x00")]
    (operation,) = resources(data, "Procedure")
    assert operation["performedDateTime"] == "2025-10-25"
    assert operation["code"]["text"] == "单根导管的冠状动脉造影术"


def test_the_code_of_the_register_stands_for_the_one_in_the_document() -> None:
    (visit,) = resources(sample("outpatient"), "Encounter", institution="330101001")
    assert visit["serviceProvider"]["reference"] == "Organization/330101001"


def changed(kind: str, pattern: str, by: str) -> bytes:
    text, count = re.subn(pattern, by, sample(kind).decode(), flags=re.DOTALL)
    assert count
    return text.encode()


def test_what_vendors_write_for_nothing_is_nothing() -> None:
    data = changed("outpatient", 'extension="990101195602140240"', 'extension="-"')
    (patient,) = resources(data, "Patient")
    assert patient["identifier"] == [{"system": "urn:luoshi:cn:id:local:outpatient-no", "value": "MZ20251103001"}]
    data = changed("outpatient", 'value xsi:type="BL" value="true"', 'value xsi:type="BL" value="false"')
    assert resources(data, "AllergyIntolerance") == []


def test_an_unknown_element_is_told() -> None:
    data = changed("outpatient", "DE02.10.099.00", "DE99.00.001.00")
    assert translate(data).notes == ["DE99.00.001.00 既往史 (1) is in the original only."]


def test_codes_and_names_in_any_order_are_one_diagnosis() -> None:
    swap = r"<component>(<observation[^>]*><code code=\"DE05.01.025.00\".*?</observation>)</component><component>(.*?)</component>"
    data = changed("outpatient", swap, r"<component>\2</component><component>\1</component>")
    found = [c["code"]["coding"][0] for c in resources(data, "Condition")]
    assert [(c["code"], c["display"]) for c in found] == [("I10.x00", "原发性高血压"), ("E78.500", "高脂血症")]


def test_gb18030_and_utf16() -> None:
    text = sample("outpatient").decode().replace('encoding="UTF-8"', 'encoding="GB18030"')
    assert resources(text.encode("gb18030"), "Patient")[0]["name"][0]["text"] == "王试样"
    text = text.replace('encoding="GB18030"', 'encoding="UTF-16"')
    assert resources(text.encode("utf-16"), "Patient")[0]["name"][0]["text"] == "王试样"


BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<ClinicalDocument xmlns="urn:hl7-org:v3"><title>&c;</title></ClinicalDocument>"""
OUTSIDE = b"""<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<ClinicalDocument xmlns="urn:hl7-org:v3">&x;</ClinicalDocument>"""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"   ", "empty"),
        (b"not xml", "no XML"),
        (b"<a/>", "no CDA"),
        (b"<ClinicalDocument/>", "no CDA"),
        (BOMB, "document type"),
        (OUTSIDE, "document type"),
        (BOMB.decode().encode("utf-16"), "document type"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "no XML"),
        (b"<a>" * 100_000, "no XML"),
        (b"\xff\xfe\x00", "no XML"),
        (b'<ClinicalDocument xmlns="urn:hl7-org:v3">\xff</ClinicalDocument>', "no XML"),
        (b'<ClinicalDocument xmlns="urn:hl7-org:v3"><code code="C0034"/></ClinicalDocument>', "C0034 are not read"),
    ],
)
def test_what_is_no_document_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        translate(data, where="a.xml")


def test_a_document_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "LARGEST", 1000)
    with pytest.raises(UnreadableFile, match="at most 1,000"):
        translate(sample("outpatient"))


@pytest.mark.parametrize(
    ("pattern", "by", "words"),
    [
        (r'<id root="2.16.156.10011.1.1"[^>]*>', "", "has no id"),
        (r'<effectiveTime value="20251103103000"/>', "", "when it was written"),
        (r'<effectiveTime value="20251103103000"/>', '<effectiveTime value="20251399"/>', "no such time"),
        (r'<birthTime value="19560214"/>', '<birthTime value="19560230"/>', "no such time"),
        (r"<recordTarget.*</recordTarget>", "", "who it is about"),
    ],
)
def test_a_document_without_what_it_needs_is_refused(pattern: str, by: str, words: str) -> None:
    with pytest.raises(InvalidValue, match=words) as raised:
        translate(changed("outpatient", pattern, by), where="a.xml")
    assert "19560230" not in str(raised.value)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_document_is_refused_in_words_or_read(data: st.DataObject) -> None:
    raw = bytearray(sample(data.draw(st.sampled_from(KINDS))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        if data.draw(st.booleans()):
            raw[at : at + data.draw(st.integers(0, 200))] = data.draw(st.binary(max_size=20))
        else:
            raw[at] = data.draw(st.integers(0, 255))
    try:
        made = translate(bytes(raw))
    except UserError:
        return
    assert made.bundle["resourceType"] == "Bundle"
    # What came out may break a rule (a wrong check character), never the structure.
    wrong = [i for i in Validator().check(made.bundle) if i.severity == "error"]
    assert wrong == [], wrong


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ""),
        ("2025", "2025"),
        ("202511", "2025-11"),
        ("20251103", "2025-11-03"),
        ("2025110300", "2025-11-03"),
        ("202511031530", "2025-11-03T15:30:00+08:00"),
        ("20251103153059.123", "2025-11-03T15:30:59+08:00"),
        ("20251103153000+0900", "2025-11-03T15:30:00+09:00"),
        ("2025-11-3", "2025-11-03"),
        ("2025/11/03 08:05", "2025-11-03T08:05:00+08:00"),
        ("2025-11-03T08:05:00Z", "2025-11-03T08:05:00+00:00"),
    ],
)
def test_times(text: str, says: str) -> None:
    assert moment(text) == says


@pytest.mark.parametrize("text", ["20250230", "202513", "2025110325", "20251103T99", "gestern", "1/2/2025", "20251"])
def test_no_times(text: str) -> None:
    with pytest.raises(InvalidValue):
        moment(text)


def test_narratives_hold_any_text() -> None:
    assert narrative("<b>&\x00", "")["div"] == '<div xmlns="http://www.w3.org/1999/xhtml"><p>&lt;b&gt;&amp;</p></div>'
