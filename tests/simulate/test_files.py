"""What is written: the same bytes every time, valid FHIR, the lake's own columns, registers that fit together."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner

from luoshi.cli.simulate import group
from luoshi.indicators import Catalogue
from luoshi.kernel import lake_layout
from luoshi.kernel.period import Period
from luoshi.records.validate import Validator
from luoshi.simulate import codes, output

from .conftest import AS_OF, RESIDENTS, SEED


def _sums(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_the_same_question_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    output.write(RESIDENTS, SEED, AS_OF, tmp_path / "again", form="both")
    output.write(RESIDENTS, SEED + 1, AS_OF, tmp_path / "other", form="fhir")
    first = _sums(written)
    assert _sums(tmp_path / "again") == first
    other = _sums(tmp_path / "other")
    assert all(other[name] != first[name] for name in other if name.endswith((".ndjson", "truth.json")))


def test_every_kind_of_resource_is_valid_fhir(written: Path) -> None:
    examine = Validator(profile="cn")
    kinds = set()
    for path in sorted((written / "fhir").glob("*.ndjson")):
        lines = path.read_bytes().splitlines()
        kinds.add(path.stem)
        for line in (*lines[:150], *lines[-150:], *lines[:: max(1, len(lines) // 300)]):
            issues = examine.check(line)
            assert not issues, (path.name, issues[0], line)
    assert kinds == {
        "Patient", "Encounter", "EpisodeOfCare", "Observation", "Condition", "Procedure", "Immunization", "CarePlan", "Task",
        "Consent",
    }  # fmt: skip


def test_every_code_of_the_guide_occurs(written: Path) -> None:
    """All services, programmes, findings, procedures, vaccines and milestones are used, so nothing goes untested."""
    fhir = written / "fhir"
    services = {r["type"][0]["coding"][0]["code"] for r in _lines(fhir / "Encounter.ndjson")}
    assert services == set(codes.SERVICES)
    assert {r["type"][0]["coding"][0]["code"] for r in _lines(fhir / "EpisodeOfCare.ndjson")} == set(codes.PROGRAMS)
    procedures = {r["code"]["coding"][0]["code"] for r in _lines(fhir / "Procedure.ndjson")}
    assert set(codes.PROCEDURES) - set(codes.OPERATIONS) <= procedures <= set(codes.PROCEDURES)
    assert len(procedures & set(codes.OPERATIONS)) >= 6
    found = {r["code"]["coding"][0]["code"] for r in _lines(fhir / "Observation.ndjson")}
    assert found >= set(codes.OBSERVATIONS) - {"maternal-death", "20447-9", "on-art", "fetal-death", "mtct-outcome"}
    assert {r["vaccineCode"]["coding"][0]["code"] for r in _lines(fhir / "Immunization.ndjson")} == set(codes.VACCINES)
    assert {r["code"]["coding"][0]["code"] for r in _lines(fhir / "Task.ndjson")} == set(codes.MILESTONES)


def test_references_lead_to_resources(written: Path) -> None:
    fhir = written / "fhir"
    known = {f"{path.stem}/{r['id']}" for path in fhir.glob("*.ndjson") for r in _lines(path)}
    known |= {f"Organization/{row['code']}" for row in _rows(written, "institutions")}

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["reference"]] if isinstance(value.get("reference"), str) else []
            return own + [r for v in value.values() for r in references(v)]
        return [r for v in value for r in references(v)] if isinstance(value, list) else []

    for path in fhir.glob("*.ndjson"):
        for resource in _lines(path)[::7]:
            assert set(references(resource)) <= known


def test_some_records_arrive_months_late_but_none_after_the_last_day(written: Path) -> None:
    lags = []
    for resource in _lines(written / "fhir" / "Encounter.ndjson"):
        arrived, happened = resource["meta"]["lastUpdated"][:10], resource["period"]["start"][:10]
        assert arrived <= AS_OF.isoformat()
        if happened >= "2024-01-01":
            lags.append(Period.parse(f"{happened}..{max(arrived, happened)}").days - 1)
    assert 0.02 < sum(lag > 20 for lag in lags) / len(lags) < 0.15


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "region" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_registers_fit_together(written: Path) -> None:
    divisions = {row["code"] for row in _rows(written, "divisions")}
    institutions = {row["code"] for row in _rows(written, "institutions")}
    for row in _rows(written, "institutions"):
        assert row["division"] in divisions
        assert not row["parent"] or row["parent"] in institutions
    for row in _rows(written, "titles"):
        assert (row["institution"] in institutions) != (row["division"] in divisions)
        assert not row["revoked"] or row["revoked"] > row["granted"]
    for name in ("staff", "beds"):
        assert {row["institution"] for row in _rows(written, name)} <= institutions
    people = [
        r
        for r in _rows(written, "population")
        if r["kind"] == "resident" and r["sex"] == "all" and r["age_from"] == "" and r["year"] == "2025"
    ]
    sizes = Counter({len(row["division"]): 0 for row in people})
    for row in people:
        sizes[len(row["division"])] += int(row["value"])
    assert sizes[6] == sizes[9] == sizes[12] > 2_800


def test_the_lake_has_the_columns_of_its_layout(written: Path) -> None:
    lake = written / "lake"
    manifest = lake_layout.Manifest.from_json(lake_layout.manifest_path(lake).read_text("utf-8"))
    assert set(manifest.rows) == set(lake_layout.TABLES)
    arrow = {
        "VARCHAR": pa.string(), "BIGINT": pa.int64(), "INTEGER": pa.int32(), "DOUBLE": pa.float64(), "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us"), "BOOLEAN": pa.bool_(),
    }  # fmt: skip
    for table, columns in lake_layout.TABLES.items():
        files = sorted(lake_layout.table_folder(lake, table).rglob("*.parquet"))
        assert sum(pq.read_metadata(f).num_rows for f in files) == manifest.rows[table]
        for file in files:
            part = pq.ParquetFile(file).read()
            assert dict(zip(part.column_names, part.schema.types, strict=True)) == {
                n: arrow[k] for n, k in columns.items()
            }
            if table in lake_layout.PERSON_TABLES and "bucket=-1" not in str(file):
                kind = lake_layout.KIND_COLUMN.get(table, "person")
                rows = list(zip(part[kind].to_pylist(), part["person"].to_pylist(), strict=True))
                assert rows == sorted(rows)


def test_both_formats_tell_the_same(written: Path) -> None:
    visits = pq.ParquetFile(lake_layout.table_path(written / "lake", "visit", 0)).read().to_pylist()
    sent = {r["id"]: r for r in _lines(written / "fhir" / "Encounter.ndjson")}
    assert len(visits) > 5_000
    for row in visits[::9]:
        resource = sent[row["id"]]
        period = resource["period"]
        assert row["service"] == resource["type"][0]["coding"][0]["code"]
        assert row["class"] == resource["class"]["code"]
        assert f"{row['started_at'].isoformat()}+08:00" == period["start"]
        assert (f"{row['ended_at'].isoformat()}+08:00" if row["ended_at"] else None) == period.get("end")
        assert f"Organization/{row['institution']}" == resource["serviceProvider"]["reference"]
        assert f"Patient/p{row['person']}" == resource["subject"]["reference"]
        assert f"{row['known_from'].isoformat()}+08:00" == resource["meta"]["lastUpdated"]


def test_truth_names_periods_that_can_be_read(written: Path) -> None:
    truth = json.loads((written / "truth.json").read_text("utf-8"))
    assert len(truth["indicators"]) >= 90
    divisions = {r["code"] for r in _rows(written, "divisions") if not r["valid_to"]}
    for answer in truth["indicators"].values():
        assert Period.parse(answer["period"]).label == answer["period"]
        assert set(answer["divisions"]) == divisions


def test_the_command_writes_and_says_what(tmp_path: Path) -> None:
    said = CliRunner().invoke(group, ["--residents", "600", "--seed", "4", "--out", str(tmp_path / "x")])
    assert said.exit_code == 0, said.output
    assert "fhir/Patient.ndjson" in said.output
    assert f"truth.json: {len(Catalogue.load().measured())} indicators" in said.output
    assert (tmp_path / "x" / "region" / "departments.csv").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = CliRunner().invoke(group, ["--residents", "600", "--out", str(tmp_path / "file" / "x")])
    assert said.exit_code != 0
    assert "cannot be written" in str(said.exception)
