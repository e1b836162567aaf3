"""The files of a lake: its manifest, atomic replacement, the lock that lets one writer in, and recovery after a crash.

Paths are those of `luoshi.kernel.lake_layout`. Every file is written under a temporary name and renamed, so a reader
sees the old or the new one. A whole rebuild is written beside the tables in use and exchanged at the end.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from luoshi.kernel import lake_layout as layout
from luoshi.kernel.errors import Refused, UnreadableFile

_NEW, _OLD = "tables.new", "tables.old"
_STATS = "stats.json"

# table -> bucket -> what is counted when its file is written; see `counts.py`.
Stats = dict[str, dict[int, dict[str, Any]]]


def default_lake() -> Path:
    """The lake of the settings."""
    from django.conf import settings

    return Path(settings.LUOSHI_LAKE)


def read_manifest(lake: Path) -> layout.Manifest | None:
    """What `lake.json` says; None where there is no lake yet. Raises `InvalidValue` when it is damaged."""
    path = layout.manifest_path(lake)
    try:
        return layout.Manifest.from_json(path.read_text("utf-8"), where=str(path))
    except FileNotFoundError:
        return None


def write_manifest(lake: Path, manifest: layout.Manifest) -> None:
    """Replace `lake.json`."""
    _replace(layout.manifest_path(lake), manifest.to_json())


def read_stats(lake: Path) -> Stats:
    """The counts kept per bucket; empty where there are none (a lake written by something else)."""
    try:
        plain = json.loads((lake / _STATS).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UnreadableFile(
            "is damaged.", where=str(lake / _STATS), todo="Rebuild with `luoshi lake build`."
        ) from error
    return {table: {int(bucket): counts for bucket, counts in buckets.items()} for table, buckets in plain.items()}


def write_stats(lake: Path, stats: Stats) -> None:
    """Replace the counts kept per bucket."""
    _replace(lake / _STATS, json.dumps(stats, ensure_ascii=False, sort_keys=True))


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def part_name(path: Path) -> Path:
    """The temporary name beside `path` under which it is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}")


@contextmanager
def writing(lake: Path) -> Iterator[Path]:
    """Hold the lake's lock and give a scratch folder; what a crashed writer left behind is cleared first.

    Raises `Refused` when another process is writing, `UnreadableFile` when the disk refuses (full, no permission).
    """
    lake.mkdir(parents=True, exist_ok=True)
    with (lake / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("another process is writing this lake.", where=str(lake), todo="Wait for it.") from None
        _recover(lake)
        scratch = lake / ".scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield scratch
        except (duckdb.IOException, OSError) as error:
            reason = str(error).splitlines()[0]
            raise UnreadableFile(
                f"cannot be written ({reason}). Nothing is lost: run it again when that is mended.", where=str(lake)
            ) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _recover(lake: Path) -> None:
    if not (lake / "tables").exists() and (lake / _OLD).exists():
        (lake / _OLD).rename(lake / "tables")
    shutil.rmtree(lake / _OLD, ignore_errors=True)
    shutil.rmtree(lake / _NEW, ignore_errors=True)
    for leftover in lake.glob("tables/*/**/.part.parquet.*"):
        leftover.unlink(missing_ok=True)


@contextmanager
def rebuilding(lake: Path) -> Iterator[Path]:
    """A folder to write a whole lake into; see `exchange`."""
    new = lake / _NEW
    new.mkdir()
    try:
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)


def exchange(lake: Path, new: Path) -> None:
    """Put the tables written into `new` in the place of those in use."""
    if (lake / "tables").exists():
        (lake / "tables").rename(lake / _OLD)
    (new / "tables").rename(lake / "tables")
    shutil.rmtree(lake / _OLD, ignore_errors=True)
