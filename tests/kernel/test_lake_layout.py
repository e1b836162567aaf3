from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from luoshi.kernel import lake_layout as layout
from luoshi.kernel.clock import CHINA
from luoshi.kernel.errors import InvalidValue, NotFound

LAKE = Path("/lake")


def test_person_tables_lie_in_buckets_and_registers_do_not() -> None:
    assert layout.table_path(LAKE, "visit", 3) == LAKE / "tables/visit/bucket=3/part.parquet"
    assert layout.table_path(LAKE, "division") == LAKE / "tables/division/part.parquet"
    assert layout.table_glob(LAKE, "visit") == "/lake/tables/visit/bucket=*/part.parquet"
    assert layout.table_glob(LAKE, "staff") == "/lake/tables/staff/part.parquet"


@pytest.mark.parametrize(("table", "bucket"), [("visit", None), ("division", 0)])
def test_a_bucket_is_named_exactly_for_person_tables(table: str, bucket: int | None) -> None:
    with pytest.raises(InvalidValue):
        layout.table_path(LAKE, table, bucket)


def test_an_unknown_table_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="'visit'"):
        layout.columns("visits")


@pytest.mark.parametrize(("person", "bucket"), [(0, 0), (9, 0), (10, 1), (25, 2), (None, -1)])
def test_bucket_of(person: int | None, bucket: int) -> None:
    assert layout.bucket_of(person, 10) == bucket
    assert person is None or person in layout.persons_of(bucket, 10)


def test_every_person_table_has_its_keys() -> None:
    for table, columns in layout.PERSON_TABLES.items():
        assert {"id", "person", "known_from", "known_to", layout.DAY_COLUMN[table]} <= set(columns)


def test_manifest_survives_its_own_json() -> None:
    manifest = layout.Manifest(
        bucket_size=100,
        built_at=datetime(2026, 3, 1, 8, 30, tzinfo=CHINA),
        buckets=(-1, 0, 2),
        data_until={"visit": date(2026, 2, 28)},
        rows={"visit": 12},
        notes={"divisions": {"unknown": 3}},
    )
    assert layout.Manifest.from_json(manifest.to_json()) == manifest


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}'])
def test_a_damaged_manifest_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidValue, match="luoshi lake build"):
        layout.Manifest.from_json(text)
