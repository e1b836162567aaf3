"""Planned registers on disk, for the next process: one file a place, below `LUOSHI_HOME/kept/chronic`.

A file is believed only for the same lake, day and place, planned by the same rules and the same code; whatever cannot be
read is no file. Only this account reads the folder (pickles are code to whoever loads them), and it has a bound.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings

from luoshi.catalog.loader import CATALOG
from luoshi.services import chronic, visits

MOST_BYTES = 256 * 1024 * 1024  # of all files; those longest not asked for go first
ASKED_SECONDS = 7 * 24 * 3600  # a place nobody asked for in so long is no longer planned ahead


@dataclass(frozen=True)
class Place:
    """What a register is of: a lake, the condition its people fulfil, and the most enrolments of one list."""

    lake: str
    condition: str
    most: int

    @property
    def path(self) -> Path:
        """Where its file lies."""
        return _folder() / sha256(repr(self).encode()).hexdigest()[:32]


def get(place: Place, key: Hashable, *, asked: float | None = None) -> Any:
    """What was put for the place under the same key, or None. Notes when it was asked for (default: now)."""
    try:
        with place.path.open("rb") as file:
            known = pickle.load(file)  # noqa: S301 (our own file, in a folder of this account)
            found = pickle.load(file) if known == (place, key, _planner()) else None  # noqa: S301
        os.utime(place.path, None if asked is None else (asked, asked))
    except (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, TypeError, ValueError):
        return None
    return found


def put(place: Place, key: Hashable, what: Any, *, asked: float | None = None) -> None:
    """Keep it: the whole file, or none where the disk takes none. `asked`: when somebody last asked for the place (default:
    now)."""
    folder = _folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".")
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            pickle.dump((place, key, _planner()), file, pickle.HIGHEST_PROTOCOL)
            pickle.dump(what, file, pickle.HIGHEST_PROTOCOL)
        if asked is not None:
            os.utime(name, (asked, asked))
        Path(name).replace(place.path)
    except OSError:  # a full disk is no reason to show nobody a list
        Path(name).unlink(missing_ok=True)
        return
    _bound(folder)


def asked_for(lake: str) -> Iterator[tuple[Place, float]]:
    """The places of a lake that somebody asked for lately, and when; those asked for last come first. What nobody asks for
    any more goes."""
    for path, asked in _files(_folder()):
        if asked < time.time() - ASKED_SECONDS:
            path.unlink(missing_ok=True)
            continue
        try:
            with path.open("rb") as file:
                place, _key, _by = pickle.load(file)  # noqa: S301
        except (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, TypeError, ValueError):
            path.unlink(missing_ok=True)
            continue
        if place.lake == lake:
            yield place, asked


def clear() -> None:
    """Throw every file away."""
    for path, _asked in _files(_folder()):
        path.unlink(missing_ok=True)


def _folder() -> Path:
    return Path(settings.LUOSHI_HOME) / "kept" / "chronic"


def _files(folder: Path) -> list[tuple[Path, float]]:
    """The files with when they were last asked for, the latest first."""
    found = []
    for path in folder.glob("[0-9a-f]*"):
        try:
            found.append((path, path.stat().st_mtime))
        except FileNotFoundError:
            continue
    return sorted(found, key=lambda pair: -pair[1])


def _bound(folder: Path) -> None:
    room = MOST_BYTES
    for path, _asked in _files(folder):
        try:
            room -= path.stat().st_size
        except FileNotFoundError:
            continue
        if room < 0:
            path.unlink(missing_ok=True)


@cache
def _planner() -> str:
    """The rules and the code that plan, as one digest: after a change of either nothing old is believed."""
    digest = sha256()
    folders = (CATALOG / "rules" / "visits", CATALOG / "rules" / "chronic")
    paths = [path for folder in folders for path in folder.glob("*.yaml")]
    paths += [path for package in (visits, chronic) for path in Path(package.__path__[0]).glob("*.py")]
    for path in sorted(paths):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
