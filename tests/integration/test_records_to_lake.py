"""From FHIR to columns: a region sent as records makes the same lake as the one the simulator writes directly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from luoshi.kernel import lake_layout as layout
from luoshi.platform.lake.build import build
from luoshi.platform.lake.source import Changes
from luoshi.simulate import output

from .test_truth import differences

_SCHEMA = pa.schema([
    ("id", pa.string()), ("person", pa.int64()), ("version", pa.int32()), ("known_from", pa.timestamp("us", tz="UTC")),
    ("known_to", pa.timestamp("us", tz="UTC")), ("body", pa.string()),
    ("source", pa.string()),
])  # fmt: skip
_PERSON = re.compile(rb'"reference":"Patient/p(\d+)"')
_RECEIVED = re.compile(rb'"lastUpdated":"([^"]+)"')


class Files:
    """NDJSON files as a source: persons by the number in their id, received when `meta.lastUpdated` says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def position(self) -> str:
        return ""

    def changed(self, since: str) -> Changes:
        return Changes((), False)

    def unassigned(self, resource_type: str) -> Iterator[pa.Table]:
        yield from ()

    def bodies(self, resource_type: str, *, persons: range | None = None) -> Iterator[pa.Table]:
        rows = []
        path = self.folder / f"{resource_type}.ndjson"
        for line in path.read_bytes().splitlines() if path.exists() else ():
            key = orjson.loads(line)["id"]
            subject = _PERSON.search(line)
            person = int(key[1:]) if resource_type == "Patient" else int(subject[1]) if subject else None
            received = _RECEIVED.search(line)
            assert received is not None
            known = datetime.fromisoformat(received[1].decode()).astimezone(UTC)
            row = {"id": key, "person": person, "version": 1, "known_from": known, "body": line.decode()}
            rows.append(row | {"source": "region"})
        rows.sort(key=lambda row: -1 if row["person"] is None else row["person"])
        yield pa.Table.from_pylist(rows, schema=_SCHEMA)


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The region in both formats, and `built`: the lake made from its FHIR."""
    folder = tmp_path_factory.mktemp("region")
    output.write(1_500, 21, date(2025, 10, 31), folder, form="both", hardship=60.0)
    registers = {name: pq.read_table(layout.table_path(folder / "lake", name)) for name in layout.REGISTERS}
    build(Files(folder / "fhir"), folder / "built", at=datetime(2025, 11, 1, tzinfo=UTC), register_rows=registers)
    return folder


@pytest.mark.parametrize("table", sorted(layout.PERSON_TABLES))
def test_each_table_holds_the_same_rows(region: Path, table: str) -> None:
    con = duckdb.connect()
    columns = ", ".join(f'"{name}"' for name in layout.columns(table) if (table, name) != ("condition", "institution"))
    sides = [
        con.execute(
            f"SELECT {columns} FROM read_parquet('{layout.table_glob(region / lake, table)}', hive_partitioning=false)"
            " ORDER BY ALL"
        ).fetchall()
        for lake in ("lake", "built")
    ]
    assert len(sides[0]) > 15
    for straight, through in zip(*sides, strict=True):
        assert straight == through


def test_every_value_of_every_place_is_the_true_one(region: Path) -> None:
    wrong = differences(region / "built", orjson.loads((region / "truth.json").read_bytes()))
    assert not wrong, f"{len(wrong)} values differ:\n" + "\n".join(wrong[:20])
