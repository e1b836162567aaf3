"""Two ways to the same tables: the synthetic region written straight as a lake, and its FHIR through the store."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from tests.platform.lake.samples import some_registers

from luoshi.kernel import lake_layout as layout
from luoshi.platform.lake.build import build
from luoshi.platform.lake.source import StoreSource
from luoshi.platform.store.ingest import ingest
from luoshi.simulate import output


@pytest.mark.slow
@pytest.mark.django_db
def test_the_synthetic_region_is_the_same_by_both_ways(tmp_path: Path) -> None:
    output.write(500, 5, date(2025, 10, 31), tmp_path, form="both", truth=False)
    report = ingest([tmp_path / "fhir"], source="region", by="test", workers=0)
    assert not report.counts.refused
    built = tmp_path / "built"
    build(StoreSource(), built, at=datetime(2025, 10, 31, 12, tzinfo=UTC), register_rows=some_registers())
    for table, columns in layout.PERSON_TABLES.items():
        # Persons are numbered anew by the store, and known when they came to it; only the build looks up the visit of
        # a diagnosis.
        apart = {"person", "known_from", "known_to", *(["institution"] if table == "condition" else [])}
        listed = ", ".join(f'"{name}"' for name in columns if name not in apart)
        sides = [
            f"(SELECT {listed} FROM read_parquet('{layout.table_glob(lake, table)}', hive_partitioning = false))"
            for lake in (tmp_path / "lake", built)
        ]
        invented, kept = sides
        assert duckdb.sql(f"FROM {invented} LIMIT 1").fetchall(), table
        assert not duckdb.sql(f"FROM {invented} EXCEPT ALL FROM {kept} LIMIT 3").fetchall(), table
        assert not duckdb.sql(f"FROM {kept} EXCEPT ALL FROM {invented} LIMIT 3").fetchall(), table
