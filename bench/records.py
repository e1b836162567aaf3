"""Records in: checking them, and the whole way into the store, against parsing and storing the bare text."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import orjson

from bench.row import Row, best

RESIDENTS = 5_000  # their records are enough to tell
BLOCK = 2_000  # rows in one transaction of the floor


def region(residents: int) -> Path:
    """The FHIR files of a simulated region, made once and kept in `var/bench`."""
    from luoshi.cli.main import cli

    folder = Path("var/bench") / f"fhir-{residents}"
    if not (folder / "truth.json").exists():
        arguments = ["simulate", "--residents", str(residents), "--seed", "1", "--out", str(folder)]
        cli.main(arguments, prog_name="luoshi", standalone_mode=False)
    return folder / "fhir"


def _parse(files: list[Path]) -> None:
    for path in files:
        with path.open("rb") as lines:
            for line in lines:
                orjson.loads(line)


def _parse_and_keep(files: list[Path]) -> None:
    """Parse every line and put its text into one table under type and id: no validation, no identity, no versions."""
    with tempfile.TemporaryDirectory() as folder:
        store = sqlite3.connect(Path(folder) / "floor.sqlite3")
        store.execute("PRAGMA journal_mode = WAL")
        store.execute("CREATE TABLE resource (type TEXT, id TEXT, body TEXT, PRIMARY KEY (type, id))")
        for path in files:
            with path.open("rb") as lines:
                rows = []
                for line in lines:
                    resource = orjson.loads(line)
                    rows.append((resource["resourceType"], resource["id"], line.decode()))
                    if len(rows) == BLOCK:
                        store.executemany("INSERT INTO resource VALUES (?, ?, ?)", rows)
                        store.commit()
                        rows.clear()
                store.executemany("INSERT INTO resource VALUES (?, ?, ?)", rows)
                store.commit()
        store.close()


def _check(files: list[Path]) -> int:
    from luoshi.records.validate_files import check_files

    return sum(place.valid for place in check_files(files, problems=[]))


def _ingest(folder: Path) -> tuple[int, float]:
    """Resources and seconds of an ingest into a new store; in a process of its own, for it sets the environment."""
    from luoshi.cli.main import django_setup

    with tempfile.TemporaryDirectory() as home:
        os.environ.update(LUOSHI_HOME=home, DATABASE_URL=f"sqlite:///{home}/store.sqlite3")
        django_setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0, interactive=False)
        from luoshi.platform.store.ingest import ingest

        report = ingest([folder], source="bench", by="bench")
        connection.close()
        return report.resources, report.seconds


def rows(residents: int) -> Iterator[Row]:
    """Seconds for all records of the region; one process for the check, two and the writer for the ingest."""
    folder = region(min(residents, RESIDENTS))
    files = sorted(folder.glob("*.ndjson"))
    count = _check(files)
    seconds = best(lambda: _check(files))
    yield Row("records: check", seconds, best(lambda: _parse(files)), size=_size(count, seconds))
    runs = []
    for _ in range(2):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            runs.append(alone.submit(_ingest, folder).result())
    count, seconds = min(runs, key=lambda run: run[1])
    floor = best(lambda: _parse_and_keep(files), times=2)
    yield Row("records: ingest into SQLite", seconds, floor, size=_size(count, seconds))


def _size(count: int, seconds: float) -> str:
    return f"{count:,} resources, {count / seconds:,.0f}/s"
