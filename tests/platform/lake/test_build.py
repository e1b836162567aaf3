from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.platform.lake.fake_store import FakeStore
from tests.platform.lake.samples import (
    NOW,
    at_home,
    condition,
    contents,
    patient,
    pressure,
    rows,
    some_registers,
    visit,
)

from luoshi.kernel import lake_layout as layout
from luoshi.kernel.errors import Refused, UserError
from luoshi.platform.lake import build as lake_build
from luoshi.platform.lake import files, registers
from luoshi.platform.lake.build import build, update


def test_rows_land_in_their_bucket_in_order(tmp_path: Path) -> None:
    store = FakeStore()
    store.put(7, visit("e3", "2026-04-01T23:30:00+08:00"))
    store.put(7, visit("e2", "2026-03-01T17:00:00Z"))
    store.put(12, visit("e1"))
    store.put(None, visit("e4"))
    report = build(store, tmp_path, at=NOW, bucket_size=10, register_rows=some_registers())
    found = pq.ParquetFile(layout.table_path(tmp_path, "visit", 0)).read().to_pylist()
    assert [(row["id"], row["person"], row["day"]) for row in found] == [
        ("e2", 7, date(2026, 3, 2)),  # 17:00 in London's zone is the next day in China
        ("e3", 7, date(2026, 4, 1)),
    ]
    assert found[0]["started_at"] == datetime.fromisoformat("2026-03-02T01:00")
    assert found[0]["known_from"] == datetime.fromisoformat("2026-01-01T08:02")
    assert {row["id"]: row["bucket"] for row in rows(tmp_path, "visit")} == {"e1": 1, "e2": 0, "e3": 0, "e4": -1}
    assert report.manifest.buckets == (-1, 0, 1)
    assert report.manifest.data_until["visit"] == date(2026, 4, 1)
    assert report.manifest.rows["visit"] == 4


def test_a_file_is_in_order_of_kind_and_then_of_person(tmp_path: Path) -> None:
    store = FakeStore()
    store.put(7, pressure("p1", 131, 82))
    store.put(5, pressure("p2", 142, 91))
    build(store, tmp_path, at=NOW, bucket_size=10, register_rows=some_registers())
    found = pq.ParquetFile(layout.table_path(tmp_path, "observation", 0)).read().to_pylist()
    assert [(row["code"], row["person"]) for row in found] == [
        ("8462-4", 5),
        ("8462-4", 7),
        ("8480-6", 5),
        ("8480-6", 7),
    ]


def test_columns_are_those_of_the_layout(tmp_path: Path) -> None:
    build(FakeStore(), tmp_path, at=NOW, register_rows=some_registers())
    for table, columns in layout.TABLES.items():
        found = duckdb.sql(
            f"DESCRIBE FROM read_parquet('{layout.table_glob(tmp_path, table)}', hive_partitioning=false)"
        )
        assert {row[0]: row[1] for row in found.fetchall()} == columns, table


def test_all_versions_are_kept_with_what_was_known_when(tmp_path: Path) -> None:
    store = FakeStore()
    store.put(1, pressure("o1", 150, 90))
    store.put(1, pressure("o1", 135, 85))
    store.delete("Observation", "o1")
    build(store, tmp_path, at=NOW, register_rows=some_registers())
    found = [(row["code"], row["value"], row["known_to"] is None) for row in rows(tmp_path, "observation")]
    assert sorted(found) == [
        ("8462-4", 85, False),
        ("8462-4", 90, False),
        ("8480-6", 135, False),
        ("8480-6", 150, False),
    ]


def test_a_condition_takes_the_institution_of_its_visit(tmp_path: Path) -> None:
    store = FakeStore()
    store.put(1, visit("e1", institution="H7"))
    store.put(1, condition("c1", "e1"))
    store.put(1, condition("c2", "e-unknown"))
    build(store, tmp_path, at=NOW, register_rows=some_registers())
    assert {row["id"]: row["institution"] for row in rows(tmp_path, "condition")} == {"c1": "H7", "c2": None}


def test_one_believed_row_of_a_person_known_twice(tmp_path: Path) -> None:
    store = FakeStore()
    store.put(1, patient("village", **at_home("990101001")))
    store.put(1, patient("hospital", deceasedDateTime="2026-02-01"))
    store.put(2, patient("other"))
    build(store, tmp_path, at=NOW, register_rows=some_registers())
    believed = [row for row in rows(tmp_path, "person") if row["known_to"] is None]
    assert [(row["person"], row["id"], row["division"], row["death_date"]) for row in believed] == [
        (1, "hospital", "990101001", date(2026, 2, 1)),
        (2, "other", None, None),
    ]
    earlier = [row for row in rows(tmp_path, "person") if row["known_to"] is not None]
    assert [(row["id"], row["death_date"]) for row in earlier] == [("village", None)]


def test_codes_no_register_knows_are_counted_and_kept(tmp_path: Path) -> None:
    store = FakeStore()
    store.put(1, patient("a", **at_home("990101001")))
    store.put(2, patient("b", **at_home("nowhere")))
    store.put(2, visit("e", institution="H9"))
    report = build(store, tmp_path, at=NOW, register_rows=some_registers("990101001"))
    assert report.manifest.notes["unknown_divisions"] == {
        "codes": 1, "rows": {"person": 1}, "most_rows": {"nowhere": 1}}  # fmt: skip
    assert report.manifest.notes["unknown_institutions"]["most_rows"] == {"H9": 1}
    assert len(rows(tmp_path, "person")) == 2
    report = update(store, tmp_path, at=NOW, register_rows=some_registers("990101001", "nowhere"))
    assert report.registers_changed
    assert "unknown_divisions" not in report.manifest.notes


def test_days_to_come_are_not_heard_of(tmp_path: Path) -> None:
    store = FakeStore()
    store.put(1, visit("past", "2026-05-01T08:00:00+08:00"))
    store.put(1, visit("planned", "2027-05-01T08:00:00+08:00"))
    report = build(store, tmp_path, at=NOW, register_rows=some_registers())
    assert report.manifest.data_until["visit"] == date(2026, 5, 1)


def test_rows_carry_the_id_of_the_store(tmp_path: Path) -> None:
    """Two senders may use the same id; the store tells them apart."""
    store = FakeStore()
    store.put(1, visit("e1"))
    store.versions[-1].id = "e1-other-sender"
    build(store, tmp_path, at=NOW, register_rows=some_registers())
    assert [row["id"] for row in rows(tmp_path, "visit")] == ["e1-other-sender"]


def test_an_update_without_changes_touches_nothing(tmp_path: Path) -> None:
    store = FakeStore()
    store.put(1, visit("e"))
    build(store, tmp_path, at=NOW, register_rows=some_registers())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "tables").rglob("*.parquet")}
    report = update(store, tmp_path, at=NOW, register_rows=some_registers())
    assert not report
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "tables").rglob("*.parquet")}


def test_an_update_writes_only_what_changed(tmp_path: Path) -> None:
    store = FakeStore()
    for person in (1, 11, 21):
        store.put(person, visit(f"e{person}"))
        store.put(person, pressure(f"o{person}", 150, 90))
    build(store, tmp_path, at=NOW, bucket_size=10, register_rows=some_registers())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "tables").rglob("*.parquet")}
    store.put(11, pressure("o11", 130, 80))
    report = update(store, tmp_path, at=NOW, register_rows=some_registers())
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "tables").rglob("*.parquet")}
    assert report.buckets == (1,)
    assert [path for path in after if after[path] != before.get(path)] == [
        layout.table_path(tmp_path, "observation", 1)
    ]


def test_an_emptied_bucket_goes_away(tmp_path: Path) -> None:
    store = FakeStore()
    store.put(1, visit("e1"))
    store.put(11, visit("e2"))
    build(store, tmp_path, at=NOW, bucket_size=10, register_rows=some_registers())
    store.merge(11, 1)
    report = update(store, tmp_path, at=NOW, register_rows=some_registers())
    assert not layout.table_path(tmp_path, "visit", 1).exists()
    assert report.manifest.buckets == (0,)
    assert [row["person"] for row in rows(tmp_path, "visit")] == [1, 1]


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with files.writing(tmp_path), pytest.raises(Refused, match="another process"):
        build(FakeStore(), tmp_path, at=NOW, register_rows=some_registers())


def test_a_failed_rebuild_leaves_the_lake_as_it_was(tmp_path: Path) -> None:
    store = FakeStore()
    store.put(1, visit("e1"))
    build(store, tmp_path, at=NOW, register_rows=some_registers())
    before = contents(tmp_path)
    store.put(1, visit("e2"))

    class Broken(FakeStore):
        def bodies(self, resource_type: str, *, persons: Any = None) -> Any:
            yield from store.bodies(resource_type, persons=persons)
            if resource_type == "Observation":
                raise OSError("No space left on device")

    with pytest.raises(UserError, match="No space left"):
        build(Broken(), tmp_path, at=NOW, register_rows=some_registers())
    assert contents(tmp_path) == before
    kept = {".lock", "changes", "lake.json", "stats.json", "tables"}  # `changes`: what to read anew, at worst too much
    assert {path.name for path in tmp_path.iterdir()} <= kept


def test_a_body_that_is_no_json_is_counted_and_keeps_nothing_out(tmp_path: Path) -> None:
    store = FakeStore()
    store.put(1, visit("e1"))
    store.put(2, visit("e2"))
    store.broken.add("e1")
    report = build(store, tmp_path, at=NOW, register_rows=some_registers())
    assert report.manifest.notes["unreadable_resources"] == {"visit": 1}
    assert [row["id"] for row in rows(tmp_path, "visit")] == ["e2"]
    store.put(2, visit("e3"))
    report = update(store, tmp_path, at=NOW, register_rows=some_registers())
    assert report.manifest.notes["unreadable_resources"] == {"visit": 1}


def test_a_crash_between_the_exchange_of_tables_is_mended(tmp_path: Path) -> None:
    store = FakeStore()
    store.put(1, visit("e1"))
    build(store, tmp_path, at=NOW, register_rows=some_registers())
    before = contents(tmp_path)
    (tmp_path / "tables").rename(tmp_path / "tables.old")
    (tmp_path / "tables.new").mkdir()
    update(store, tmp_path, at=NOW, register_rows=some_registers())
    assert contents(tmp_path) == before


# -- an update gives the same lake as a build ------------------------------------------------------------------------

PERSONS = st.one_of(st.none(), st.integers(0, 14))
KEYS = st.sampled_from("abcdef")
DAYS = st.sampled_from(["2026-03-01T08:00:00+08:00", "2026-03-02", "2026-03-01T23:00:00Z"])
STEPS = st.one_of(
    st.tuples(st.just("put"), PERSONS, st.builds(visit, KEYS, DAYS, st.sampled_from(["H1", "H2"]))),
    st.tuples(st.just("put"), PERSONS, st.builds(pressure, KEYS, st.sampled_from([120, 150]), st.just(80))),
    st.tuples(st.just("put"), PERSONS, st.builds(condition, KEYS, KEYS)),
    st.tuples(
        st.just("put"),
        PERSONS,
        st.builds(lambda key, home: patient(key, **at_home(home)), KEYS, st.sampled_from(["990101001", "x"])),
    ),
    st.tuples(st.just("delete"), st.sampled_from(["Encounter", "Observation", "Condition", "Patient"]), KEYS),
    st.tuples(st.just("merge"), PERSONS, PERSONS),
)


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(st.lists(STEPS, max_size=8), min_size=2, max_size=4), crash=st.booleans())
def test_updates_equal_a_build(tmp_path_factory: pytest.TempPathFactory, chunks: list[list[Any]], crash: bool) -> None:
    store, lake = FakeStore(), tmp_path_factory.mktemp("lake")
    given_registers = some_registers("990101001")
    for n, steps in enumerate(chunks):
        for kind, *arguments in steps:
            getattr(store, kind)(*arguments)
        if n == 0:
            build(store, lake, at=NOW, bucket_size=5, register_rows=given_registers)
            continue
        if crash:
            _crash_in_the_middle(store, lake, given_registers)
        update(store, lake, at=NOW, register_rows=given_registers)
    fresh = tmp_path_factory.mktemp("fresh")
    expected = build(store, fresh, at=NOW, bucket_size=5, register_rows=given_registers)
    assert contents(lake) == contents(fresh)
    found = files.read_manifest(lake)
    assert found is not None
    assert found.rows == expected.manifest.rows
    assert found.notes == expected.manifest.notes
    assert found.data_until == expected.manifest.data_until


def _crash_in_the_middle(store: FakeStore, lake: Path, given_registers: registers.Registers) -> None:
    """An update that stops after the first three files it writes."""
    written = 0
    write = lake_build._write

    def failing(*arguments: Any) -> int:
        nonlocal written
        written += 1
        if written > 3:
            raise KeyboardInterrupt
        return write(*arguments)

    lake_build._write = failing
    try:
        update(store, lake, at=NOW, register_rows=given_registers)
    except KeyboardInterrupt:
        pass
    finally:
        lake_build._write = write
