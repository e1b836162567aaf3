"""A lake from a few rows written by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from luoshi.engines import LakeDirectory, engine
from luoshi.kernel import lake_layout as layout

Rows = list[dict[str, Any]]
MakeLake = Callable[..., LakeDirectory]

_ARROW = {
    "VARCHAR": pa.string(), "BIGINT": pa.int64(), "INTEGER": pa.int32(), "DOUBLE": pa.float64(), "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"), "BOOLEAN": pa.bool_(),
}  # fmt: skip

# Two villages in a township, a second township, one county, one prefecture.
DIVISIONS: Rows = [
    {"code": code, "name": code, "level": level, "parent": line[-2] if level > 1 else None, "urban": False,
     **{f"l{n}": line[n - 1] if n <= level else None for n in range(1, 6)}}
    for code, level, line in [
        ("P", 1, ("P",)), ("C", 2, ("P", "C")), ("D", 3, ("P", "C", "D")), ("T1", 4, ("P", "C", "D", "T1")),
        ("T2", 4, ("P", "C", "D", "T2")), ("V1", 5, ("P", "C", "D", "T1", "V1")), ("V2", 5, ("P", "C", "D", "T1", "V2")),
        ("V3", 5, ("P", "C", "D", "T2", "V3")),
    ]
]  # fmt: skip
INSTITUTIONS: Rows = [
    {
        "code": "I1",
        "name": "I1",
        "type": "township-centre",
        "level": 0,
        "parent": None,
        "division": "T1",
        "public": True,
    },
    {
        "code": "I1a",
        "name": "I1a",
        "type": "village-room",
        "level": 0,
        "parent": "I1",
        "division": "V1",
        "public": False,
    },
    {
        "code": "I2",
        "name": "I2",
        "type": "township-centre",
        "level": 0,
        "parent": None,
        "division": "T2",
        "public": True,
    },
    {"code": "H", "name": "H", "type": "general-hospital", "level": 2, "parent": None, "division": "D", "public": True},
]


def write_table(path: Path, table: str, rows: Rows) -> None:
    """Rows as Parquet; columns not named are null, of `known_from` long ago."""
    columns = layout.columns(table)
    defaults = {"known_from": datetime(2020, 1, 1)} if "known_from" in columns else {}  # noqa: DTZ001 (lake times have no zone)
    full = [{**dict.fromkeys(columns), **defaults, **row} for row in rows]
    if unknown := {name for row in rows for name in row} - columns.keys():
        raise AssertionError(f"{table} has no {unknown}")
    for number, row in enumerate(full):
        if "id" in columns and row["id"] is None:
            row["id"] = f"{table}-{row.get('person')}-{number}"
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()])
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(full, schema=schema), path)


def write_lake(
    root: Path, bucket_size: int = 4, chunk_persons: int = 4, until: date = date(2025, 12, 31), **tables: Rows
) -> LakeDirectory:
    """A lake at `root` of tables by name. Rows get status, mode and the like as in ordinary records unless told."""
    buckets: set[int] = set()
    for register, default in (("division", DIVISIONS), ("institution", INSTITUTIONS)):
        write_table(layout.table_path(root, register), register, tables.pop(register, default))
    for table, rows in tables.items():
        if table in layout.REGISTERS:
            write_table(layout.table_path(root, table), table, rows)
            continue
        by_bucket: dict[int, Rows] = {}
        for row in rows:
            by_bucket.setdefault(layout.bucket_of(row.get("person"), bucket_size), []).append(_ordinary(table, row))
        buckets |= by_bucket.keys()
        for bucket, part in by_bucket.items():
            write_table(layout.table_path(root, table, bucket), table, part)
    manifest = layout.Manifest(
        bucket_size=bucket_size,
        buckets=tuple(sorted(buckets)),
        data_until={"visit": until},
        built_at=datetime(2026, 1, 1, tzinfo=layout.CHINA),
    )
    layout.manifest_path(root).write_text(manifest.to_json(), "utf-8")
    return LakeDirectory.open(root, chunk_persons=chunk_persons)


@pytest.fixture
def make_lake(tmp_path: Path) -> MakeLake:
    """`write_lake` into a folder of its own each time."""

    def make(**options: Any) -> LakeDirectory:
        return write_lake(tmp_path / f"lake-{len(list(tmp_path.iterdir()))}", **options)

    return make


def _ordinary(table: str, row: dict[str, Any]) -> dict[str, Any]:
    usual: dict[str, dict[str, Any]] = {
        "person": {
            "sex": "female",
            "birth_date": date(1960, 1, 1),
            "division": "V1",
            "institution": "I1",
            "active": True,
        },
        "visit": {"status": "finished", "mode": "face", "class": "AMB", "institution": "I1", "division": "V1"},
        "episode": {"status": "active", "start_day": date(2020, 1, 1), "institution": "I1"},
        "procedure": {"status": "completed", "institution": "I1"},
        "immunization": {"status": "completed", "institution": "I1"},
        "contract": {"status": "active", "institution": "I1"},
        "condition": {"clinical_status": "active", "day": date(2020, 1, 1)},
    }
    return {**usual.get(table, {}), **row}


@pytest.fixture(scope="session")
def running():
    return engine("duckdb", threads=1, memory_limit="1GB")
