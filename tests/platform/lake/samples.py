"""Small resources, registers, and ways to look into a lake."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from luoshi.kernel import lake_layout as layout
from luoshi.platform.lake import registers

NOW = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
EXT = "urn:luoshi:cn:ext:"


def some_registers(*codes: str) -> registers.Registers:
    found = {name: registers.arrow_table(name, []) for name in layout.REGISTERS}
    found["division"] = registers.arrow_table(
        "division", [{"code": code, "name": "某村", "level": 5, "valid_from": date(2000, 1, 1)} for code in codes]
    )
    found["institution"] = registers.arrow_table("institution", [{"code": "H1", "name": "某院"}])
    return found


def patient(key: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": key, "gender": "female", "birthDate": "1950-06-01", **more}


def at_home(division: str) -> dict[str, Any]:
    return {"address": [{"extension": [{"url": EXT + "division", "valueCode": division}]}]}


def visit(key: str, start: str = "2026-03-01T08:00:00+08:00", institution: str = "H1") -> dict[str, Any]:
    service = {"system": "urn:luoshi:cn:code:service", "code": "htn-visit"}
    return {
        "resourceType": "Encounter", "id": key, "status": "finished", "class": {"code": "AMB"},
        "type": [{"coding": [service]}], "period": {"start": start},
        "serviceProvider": {"reference": f"Organization/{institution}"},
    }  # fmt: skip


def pressure(key: str, high: float, low: float) -> dict[str, Any]:
    def part(code: str, value: float) -> dict[str, Any]:
        return {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}, "valueQuantity": {"value": value}}

    return {
        "resourceType": "Observation", "id": key, "status": "final", "effectiveDateTime": "2026-03-01",
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
        "component": [part("8480-6", high), part("8462-4", low)],
    }  # fmt: skip


def condition(key: str, encounter: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition", "id": key, "recordedDate": "2026-03-01",
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10"}]},
        "encounter": {"reference": f"Encounter/{encounter}"},
    }  # fmt: skip


def rows(lake: Path, table: str) -> list[dict[str, Any]]:
    found = duckdb.sql(f"SELECT * FROM read_parquet('{layout.table_glob(lake, table)}', hive_partitioning = true)")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def contents(lake: Path) -> dict[str, list[dict[str, Any]]]:
    """Every file of the lake with its rows in order."""
    return {
        str(path.relative_to(lake)): pq.ParquetFile(path).read().to_pylist()
        for path in sorted((lake / "tables").rglob("part.parquet"))
    }
