"""The catalogue's views give the tables of the record guide, whether the reading is typed or not."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from luoshi.catalog.loader import files
from luoshi.kernel import lake_layout as layout
from luoshi.kernel.errors import NotFound
from luoshi.records import views

EXT, CODE = "urn:luoshi:cn:ext:", "urn:luoshi:cn:code:"


def coded(system: str, *codes: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} for code in codes]}


def to(kind: str, key: str) -> dict[str, Any]:
    return {"reference": f"{kind}/{key}"}


def extensions(**values: str) -> list[dict[str, Any]]:
    return [
        {"url": EXT + name.replace("_", "-"), ("valueDate" if value[:2] == "20" else "valueCode"): value}
        for name, value in values.items()
    ]


MONDAY = "2026-03-02T09:00:00+08:00"
SAMPLES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "person": (
        [
            {
                "id": "p1", "gender": "male", "birthDate": "1950-02-03", "deceasedDateTime": "2026-01-05", "active": True,
                "address": [{"extension": extensions(division="990101001", zone="rural")}],
                "managingOrganization": to("Organization", "H1"),
                "extension": extensions(record_opened="2019-02-01", record_open_to_resident="2024-05-06"),
            },
            {"id": "p2", "deceasedBoolean": False, "birthDate": "2024"},
        ],
        [
            {
                "id": "p1", "sex": "male", "birth_date": date(1950, 2, 3), "death_date": date(2026, 1, 5), "active": True,
                "division": "990101001", "zone": "rural", "institution": "H1", "record_opened": date(2019, 2, 1),
                "record_open_to_resident": date(2024, 5, 6),
            },
            {"id": "p2", "birth_date": date(2024, 1, 1)},
        ],
    ),
    "visit": (
        [
            {
                "id": "e1", "status": "finished", "class": {"code": "AMB"}, "type": [coded(CODE + "service", "htn-visit")],
                "period": {"start": MONDAY, "end": "2026-03-02T01:30:00Z"}, "serviceProvider": to("Organization", "H1"),
                "extension": extensions(division="990101001", zone="urban", mode="phone"),
                "episodeOfCare": [to("EpisodeOfCare", "ep1")], "partOf": to("Encounter", "e0"),
            },
            {"id": "e2", "type": [coded("urn:other", "x")]},
        ],
        [
            {
                "id": "e1", "service": "htn-visit", "class": "AMB", "day": date(2026, 3, 2), "end_day": date(2026, 3, 2),
                "started_at": "2026-03-02T09:00:00", "ended_at": "2026-03-02T09:30:00", "institution": "H1",
                "division": "990101001", "zone": "urban", "mode": "phone", "episode": "ep1", "part_of": "e0",
                "status": "finished",
            },
            {"id": "e2"},
        ],
    ),
    "episode": (
        [{"id": "ep1", "status": "active", "type": [coded(CODE + "program", "diabetes")], "period": {"start": "2020-01-05"},
          "managingOrganization": to("Organization", "H1")}],
        [{"id": "ep1", "program": "diabetes", "start_day": date(2020, 1, 5), "status": "active", "institution": "H1"}],
    ),
    "observation": (
        [
            {"id": "o1", "effectiveDateTime": MONDAY, "code": coded("http://loinc.org", "85354-9"),
             "encounter": to("Encounter", "e1"), "performer": [to("Organization", "H1")],
             "component": [{"code": coded("http://loinc.org", "8480-6"), "valueQuantity": {"value": 135}},
                           {"code": coded("http://loinc.org", "8462-4"), "valueQuantity": {"value": 85.5}},
                           {"code": coded("http://loinc.org", "8867-4"), "dataAbsentReason": {"text": "?"}}]},
            {"id": "o2", "effectivePeriod": {"start": "2026-03-03"}, "code": coded(CODE + "finding", "on-art"),
             "valueBoolean": True},
            {"id": "o3", "code": coded("http://loinc.org", "11884-4"), "valueInteger": 39},
            {"id": "o4", "code": coded("http://loinc.org", "8665-2"), "valueDateTime": "2025-12-01"},
            {"id": "o5", "code": {"coding": [{"system": "urn:local", "code": "L1"},
                                             {"system": "http://loinc.org", "code": "79378-6"}]},
             "valueCodeableConcept": {"coding": [{"system": "urn:local", "code": "L2"},
                                                 {"system": "http://hl7.org/fhir/sid/icd-10", "code": "I21.9"}]}},
            {"id": "o6", "code": coded("urn:local", "L3"), "valueBoolean": False},
            {"id": "o7", "code": coded("urn:local", "L4"), "dataAbsentReason": {"text": "?"}},
        ],
        [
            {"id": "o1", "code": "8480-6", "day": date(2026, 3, 2), "value": 135.0, "visit": "e1", "institution": "H1"},
            {"id": "o1", "code": "8462-4", "day": date(2026, 3, 2), "value": 85.5, "visit": "e1", "institution": "H1"},
            {"id": "o2", "code": "on-art", "day": date(2026, 3, 3), "value": 1.0},
            {"id": "o3", "code": "11884-4", "value": 39.0},
            {"id": "o4", "code": "8665-2", "value_day": date(2025, 12, 1)},
            {"id": "o5", "code": "79378-6", "value_code": "I21.9"},
            {"id": "o6", "code": "L3", "value": 0.0},
        ],
    ),
    "condition": (
        [{"id": "c1", "code": coded("http://hl7.org/fhir/sid/icd-10", "I10"), "onsetDateTime": "2019",
          "clinicalStatus": coded("urn:status", "active"), "encounter": to("Encounter", "e1")},
         {"id": "c2", "code": coded("http://hl7.org/fhir/sid/icd-10", "E11"), "onsetDateTime": "2019",
          "recordedDate": "2020-02-02", "abatementDateTime": "2021-01-01"}],
        [{"id": "c1", "code": "I10", "day": date(2019, 1, 1), "clinical_status": "active", "visit": "e1"},
         {"id": "c2", "code": "E11", "day": date(2020, 2, 2), "abatement_day": date(2021, 1, 1)}],
    ),
    "procedure": (
        [{"id": "x1", "status": "completed", "code": coded(CODE + "procedure", "tcm-advice"),
          "performedPeriod": {"start": MONDAY}, "encounter": to("Encounter", "e1"),
          "performer": [{"actor": to("Organization", "H1")}]}],
        [{"id": "x1", "code": "tcm-advice", "day": date(2026, 3, 2), "status": "completed", "visit": "e1",
          "institution": "H1"}],
    ),
    "immunization": (
        [{"id": "i1", "status": "completed", "vaccineCode": coded(CODE + "vaccine", "MMR"),
          "occurrenceDateTime": "2026-03-02", "protocolApplied": [{"doseNumberPositiveInt": 2}],
          "performer": [{"actor": to("Organization", "H1")}]}],
        [{"id": "i1", "vaccine": "MMR", "dose": 2, "day": date(2026, 3, 2), "status": "completed", "institution": "H1"}],
    ),
    "contract": (
        [{"id": "k1", "status": "active", "category": [coded(CODE + "plan", "contract")], "created": "2026-01-02",
          "period": {"start": "2026-01-01", "end": "2026-12-31"}, "author": to("Organization", "H1")},
         {"id": "k2", "status": "active", "category": [coded(CODE + "plan", "rehabilitation")]},
         {"id": "k3", "status": "active"}],
        [{"id": "k1", "start_day": date(2026, 1, 1), "end_day": date(2026, 12, 31), "status": "active",
          "institution": "H1", "signed_day": date(2026, 1, 2)}],
    ),
    "milestone": (
        [{"id": "t1", "code": coded(CODE + "milestone", "answered"), "focus": to("Encounter", "e9"),
          "executionPeriod": {"start": "2026-03-02T09:00:07+08:00"}, "owner": to("Organization", "EC")},
         {"id": "t2", "code": coded("urn:other", "answered")}],
        [{"id": "t1", "visit": "e9", "code": "answered", "at": "2026-03-02T09:00:07", "institution": "EC"}],
    ),
    "consent": (
        [{"id": "access-7", "status": "inactive", "dateTime": MONDAY, "category": [coded(CODE + "consent", "resident-access")],
          "provision": {"type": "permit", "period": {"start": "2025-01-02", "end": "2026-03-02"}}},
         {"id": "x", "status": "active", "category": [coded("urn:other", "resident-access")]}],
        [{"id": "access-7", "code": "resident-access", "day": "2026-03-02", "start_day": "2025-01-02",
          "end_day": "2026-03-02", "status": "inactive"}],
    ),
}  # fmt: skip


def test_every_table_of_persons_has_a_view() -> None:
    assert {path.stem for path in files("views", ".json")} == set(layout.PERSON_TABLES) == set(SAMPLES)


def test_an_unknown_view_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="'visit'"):
        views.catalog_view("visits")


@pytest.mark.parametrize("r4", [True, False], ids=["typed", "untyped"])
@pytest.mark.parametrize("table", SAMPLES)
def test_view(table: str, r4: bool) -> None:
    (path,) = (path for path in files("views", ".json") if path.stem == table)
    data = copy.deepcopy(json.loads(path.read_text("utf-8")))
    if not r4:
        data["fhirVersion"] = ["6.0.0"]
    if not r4 and "toInteger" in json.dumps(data):
        pytest.skip("needs the type of a boolean")
    compiled = views.compile_view(data)
    resources, expected = SAMPLES[table]
    bodies = pa.table({"body": [json.dumps({"resourceType": compiled.resource, **each}) for each in resources]})
    found = views.rows(views.run_view(compiled, bodies), compiled)
    names = [column.name for column in compiled.columns]
    assert set(names) <= set(layout.columns(table))
    plain = [{k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()} for row in expected]
    assert found == [{name: row.get(name) for name in names} for row in plain]


@pytest.mark.parametrize("table", SAMPLES)
def test_types_are_those_of_the_lake(table: str) -> None:
    compiled = views.catalog_view(table)
    for column in compiled.columns:
        if column.name == "phone":  # the lake keeps a number that stands for it
            assert (column.sql_type, layout.columns(table)["phone"]) == ("VARCHAR", "BIGINT")
        else:
            assert column.sql_type == layout.columns(table)[column.name], column.name
    described = duckdb.sql(f"DESCRIBE {compiled.sql('(SELECT NULL::VARCHAR AS body)')}").fetchall()
    assert {row[0]: row[1] for row in described} == {column.name: column.sql_type for column in compiled.columns}


@pytest.mark.shared
def test_the_bulk_sample_goes_through(shared_dir: Path) -> None:
    """Real-looking resources of eight people: one row for each, and a date wherever there is one."""
    for table, name in {"person": "Patient", "visit": "Encounter", "condition": "Condition", "procedure": "Procedure",
                        "immunization": "Immunization"}.items():  # fmt: skip
        file = shared_dir / "fhir-sample" / f"{name}.ndjson"
        compiled = views.catalog_view(table)
        found = views.rows(views.run_view(compiled, file), compiled)
        assert len(found) == len(file.read_text("utf-8").splitlines())
        assert all(row["id"] and row.get("birth_date" if table == "person" else "day") for row in found)
