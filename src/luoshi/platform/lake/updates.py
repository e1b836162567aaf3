"""The last updates of a lake, for readers that keep something made from it: between two states of the lake, whose rows differ.

A state is the identity of the lake's description, which every build and every update puts in place anew. The log is written
after it; a crash in between, a build of the whole lake and an update of very many persons leave a gap, and a reader who meets
one begins anew. Nothing here is needed to use the lake.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from luoshi.kernel import lake_layout as layout

State = tuple[int, int]
MOST_UPDATES, MOST_PERSONS = 400, 20_000  # of the log; the oldest go first
_NAME = "updates.json"


@dataclass(frozen=True)
class Since:
    """Whose rows may differ since a state, in how many updates, and the state this leads to."""

    persons: frozenset[int]
    updates: int
    state: State


def state(lake: Path) -> State | None:
    """Which lake lies there; None where there is none."""
    try:
        found = layout.manifest_path(lake).stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def log(lake: Path, before: State | None, persons: Iterable[int]) -> None:
    """Note an update from one state to the present one. Call it holding the lake's lock."""
    after, numbers = state(lake), sorted(persons)
    if before is None or after is None or len(numbers) > MOST_PERSONS:
        return
    entries = [*_entries(lake), {"before": before, "after": after, "persons": numbers}][-MOST_UPDATES:]
    while sum(len(entry["persons"]) for entry in entries) > MOST_PERSONS:
        entries.pop(0)
    part = lake / f"{_NAME}.part"
    part.write_text(json.dumps(entries), encoding="utf-8")
    part.replace(lake / _NAME)


def since(lake: Path, before: State) -> Since | None:
    """What the updates after a state changed, as far as the log goes; None where it does not know that state, or does not
    lead to the lake that lies there."""
    now, at = state(lake), before
    persons: set[int] = set()
    count = 0
    for entry in _entries(lake):
        if tuple(entry["before"]) == at:
            at = (entry["after"][0], entry["after"][1])
            persons.update(entry["persons"])
            count += 1
    return Since(frozenset(persons), count, at) if at == now else None


def _entries(lake: Path) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads((lake / _NAME).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return found
