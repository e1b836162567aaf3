"""What much at once must not change: the order of commits, what is held in memory, the rows between processes, and the
index that lookups go by in tables that grow from nothing."""

from __future__ import annotations

import json
import pickle
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Store


def observation(key: str, about: str = "Patient/p1") -> dict[str, Any]:
    """An Observation about a Patient."""
    return {
        "resourceType": "Observation",
        "id": key,
        "status": "final",
        "code": {"coding": [{"system": "urn:x", "code": "a"}]},
        "subject": {"reference": about},
        "effectiveDateTime": "2025-03-01",
    }


def lines(path: Path, *resources: dict[str, Any]) -> Path:
    """A file of NDJSON."""
    path.write_text("".join(json.dumps(one) + "\n" for one in resources), "utf-8")
    return path


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What an ingest with processes does, in order: ("given", bytes) and ("committed", bytes read of the file). The
    processes are this one."""
    from luoshi.platform.store import ingest

    done: list[tuple[str, int]] = []

    class Pool:
        def __init__(self, *_: object, **__: object) -> None: ...

        def submit(self, act: Callable[..., Any], data: bytes, *more: Any) -> Future[Any]:
            done.append(("given", len(data)))
            future: Future[Any] = Future()
            future.set_result(pickle.loads(pickle.dumps(act(data, *more))))
            return future

        def shutdown(self, **_: object) -> None: ...

    commit = ingest.commit

    def noted(prepared: Any, **more: Any) -> Any:
        done.append(("committed", more["position"]))
        return commit(prepared, **more)

    monkeypatch.setattr(ingest, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(ingest, "commit", noted)
    monkeypatch.setattr(ingest, "_ALONE", 0)
    monkeypatch.setattr(ingest, "BLOCK", 2000)
    return done


def test_the_next_files_are_prepared_while_one_is_committed(
    store: Store, tmp_path: Path, followed: list[tuple[str, int]]
) -> None:
    files = [lines(tmp_path / f"{n}.ndjson", *[observation(f"o{n}-{i}") for i in range(3)]) for n in range(6)]
    assert store.ingest(*files, workers=2).counts.new == 18
    first = followed.index(("committed", files[0].stat().st_size))
    assert [what for what, _ in followed[:first]] == ["given"] * 6  # of six files
    rows = store.rows("SELECT path, position, done FROM store_runfile ORDER BY id")
    assert [[path, size, bool(done)] for path, size, done in rows] == [
        [str(path), path.stat().st_size, True] for path in files
    ]
    keys = [key for (key,) in store.rows("SELECT key FROM store_resource ORDER BY id")]
    assert keys == [f"o{n}-{i}" for n in range(6) for i in range(3)]


def test_no_more_is_held_than_a_few_blocks(store: Store, tmp_path: Path, followed: list[tuple[str, int]]) -> None:
    files = [lines(tmp_path / f"{n}.ndjson", *[observation(f"o{n}-{i}") for i in range(60)]) for n in range(3)]
    files += [lines(tmp_path / f"s{n}.ndjson", observation(f"s{n}")) for n in range(80)]
    assert store.ingest(*files, workers=2).counts.new == 260
    sizes = iter([size for what, size in followed if what == "given"])
    held = most = pieces = deepest = 0
    for what, size in followed:
        held, pieces = (held + size, pieces + 1) if what == "given" else (held - next(sizes), pieces - 1)
        most, deepest = max(most, held), max(deepest, pieces)
    assert held == 0
    assert most <= 7 * 2300  # five blocks, the one that was added, and a line
    assert deepest <= 65


def test_rows_come_from_another_process_as_they_went() -> None:
    from luoshi.platform.store.preparing import FLAG, prepare

    patient = {"resourceType": "Patient", "id": "p1", "name": [{"text": "王芳"}]}
    history = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"request": {"method": "DELETE", "url": "Observation/o9"}}],
    }
    texts = [patient, observation("o1"), {"resourceType": "Patient", "wrong": 1}, history]
    prepared = prepare("\n".join(map(json.dumps, texts)).encode(), 1, False, "cn", FLAG)
    assert [row.type for row in prepared.rows] == ["Patient", "Observation", "Observation"]
    assert prepared.rows[0].facts is not None
    assert len(prepared.refused) == 1
    again = pickle.loads(pickle.dumps(prepared))
    assert again == prepared
    assert [type(row) for row in again.rows] == [type(row) for row in prepared.rows]
    empty = prepare(b"", 1, False)
    assert pickle.loads(pickle.dumps(empty)) == empty


@pytest.mark.parametrize(
    ("reference", "key"),
    [
        ("Patient/a1", "Patient/a1"),
        ("Patient/a-1.b", "Patient/a-1.b"),
        ("http://x/fhir/Patient/a1", "Patient/a1"),
        ("Patient/a1/_history/2", "Patient/a1"),
        ("Patient/" + "a" * 64, "Patient/" + "a" * 64),
        ("Patient/" + "a" * 65, ""),
        ("Patient/王", ""),
        ("Patient/", ""),
        ("OtherPatient/a1", ""),
    ],
)
def test_a_patient_is_named_alike_however_the_reference_is_written(reference: str, key: str) -> None:
    from luoshi.platform.store.preparing import patient_of

    assert patient_of(observation("o", reference)) == key


def test_the_log_of_sqlite_grows_only_while_much_is_written(store: Store, tmp_path: Path) -> None:
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("SQLite's own")
    store.rows("PRAGMA wal_autocheckpoint = 900")
    seen: list[int] = []

    def progress(*_: object) -> None:
        seen.append(store.rows("PRAGMA wal_autocheckpoint")[0][0])

    try:
        store.ingest(lines(tmp_path / "a.ndjson", observation("o1")), progress=progress)
        assert seen == [8192]
        assert store.rows("PRAGMA wal_autocheckpoint") == [[900]]
    finally:
        store.rows("PRAGMA wal_autocheckpoint = 1000")


def test_no_page_of_the_store_is_mapped_and_the_cache_is_bounded(tmp_path: Path) -> None:
    """A mapped page brings hundreds of KiB from the disk with it; a page that is read comes alone."""
    from django.conf import settings
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("SQLite's own")
    with closing(sqlite3.connect(tmp_path / "a.sqlite3")) as file:  # tests keep the store itself in memory
        file.execute("PRAGMA mmap_size = 1048576")
        file.executescript(settings.DATABASES["default"]["OPTIONS"]["init_command"])
        assert file.execute("PRAGMA mmap_size").fetchall() == [(0,)]
        assert file.execute("PRAGMA cache_size").fetchall() == [(-65536,)]


def test_lookups_keep_to_their_index_while_the_tables_grow_from_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without statistics PostgreSQL walked through all Patients once for every key: four times as slow as SQLite.
    from django.db import connection

    from luoshi.platform.store import sets

    if connection.vendor != "postgresql":
        pytest.skip("SQLite decides without statistics")
    monkeypatch.setitem(sets._grown, "seen", 500)
    patients = [{"resourceType": "Patient", "id": f"p{i}"} for i in range(1200)]
    store.ingest(lines(tmp_path / "patient.ndjson", *patients))
    store.ingest(lines(tmp_path / "o.ndjson", *[observation(f"o{i}", f"Patient/p{i}") for i in range(1200)]))
    assert 1200 <= store.rows("SELECT reltuples FROM pg_class WHERE relname = 'store_resource'")[0][0] < 2400
    with connection.cursor() as cursor:
        cursor.execute(
            "PREPARE wanted(text[], bigint) AS SELECT key, person, id FROM store_resource"
            " WHERE key IN (SELECT unnest($1)) AND type = 'Patient' AND source_id = $2"
        )
        cursor.execute("EXPLAIN EXECUTE wanted('{p1}', 1)")
        plan = cursor.fetchall()
        cursor.execute("DEALLOCATE wanted")
    index = " ".join(line for (line,) in plan)
    assert "store_resource_once" in index
    assert "Join Filter" not in index
    assert sets._grown["seen"] >= 1200


def test_only_a_process_of_one_thread_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    from luoshi.platform.store import ingest
    from luoshi.platform.store.rules import Rules

    ways: list[str] = []
    monkeypatch.setattr(
        ingest, "ProcessPoolExecutor", lambda *_, mp_context, **__: ways.append(mp_context.get_start_method())
    )
    over = threading.Event()
    beside = threading.Thread(target=over.wait)
    beside.start()
    try:
        ingest._Preparer(2, Rules())
    finally:
        over.set()
        beside.join()
    threads = iter([[Path("1")], [Path("1"), Path("2")]])
    monkeypatch.setattr(ingest.Path, "iterdir", lambda _: next(threads))
    ingest._Preparer(2, Rules())
    ingest._Preparer(2, Rules())
    assert ways == ["spawn", "fork", "spawn"]
