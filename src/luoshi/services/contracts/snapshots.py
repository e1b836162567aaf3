"""What the lake says of an institution's residents and contracts, read once for each state of the lake and day."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from threading import Lock

from luoshi.engines import LakeDirectory
from luoshi.kernel.errors import UnreadableFile
from luoshi.services.contracts import catalogue, queries
from luoshi.services.contracts.lake import Other, Reading, Resident
from luoshi.services.contracts.rules import Window

_KEPT = 8  # institutions per process


@dataclass(frozen=True)
class Snapshot:
    """The residents some institutions serve with their priority groups and the contracts other sources sent about them;
    the contracts of other sources they hold themselves, and their windows. Empty before the first lake is built."""

    residents: tuple[Resident, ...] = ()
    groups: dict[int, list[str]] | None = None
    elsewhere: tuple[Other, ...] = ()
    holds: tuple[Other, ...] = ()
    windows: tuple[Window, ...] = ()
    until: date | None = None


_memory: OrderedDict[tuple[str, str, tuple[str, ...], date], Snapshot] = OrderedDict()
_lock = Lock()


def of(institutions: tuple[str, ...], *, lake: Path, on: date) -> Snapshot:
    """The snapshot of institutions taken together. The caller has checked the scope."""
    try:
        directory = LakeDirectory.open(lake)
        stamp = f"{directory.manifest.built_at.isoformat()} {directory.manifest.position}"
    except UnreadableFile:
        return Snapshot()
    key = (str(lake), stamp, institutions, on)
    with _lock:
        if key in _memory:
            _memory.move_to_end(key)
            return _memory[key]
    found = _read(institutions, lake, on, directory.data_until)
    with _lock:
        _memory[key] = found
        while len(_memory) > _KEPT:
            _memory.popitem(last=False)
    return found


def _read(institutions: tuple[str, ...], lake: Path, on: date, until: date | None) -> Snapshot:
    with Reading(lake, on=on, institutions=institutions) as reading:
        holds = reading.others_of(institutions)
        served = {r.person for r in reading.residents()}
        residents, groups, elsewhere = tuple(reading.residents()), reading.groups(), tuple(reading.others())
        year = on - timedelta(days=365)
        asked = [o for o in holds if o.status in ("active", "completed") and (o.end is None or o.end >= year)]
        inside = [queries.held_other(o) for o in asked if o.person in served]
        ahead = on + timedelta(days=catalogue.items().ahead_days)
        windows = reading.windows(inside, until=ahead)
    # Somebody whom another institution serves now, but whose contract is still here.
    strangers = [o for o in asked if o.person not in served]
    if strangers:
        with Reading(lake, on=on, persons=[o.person for o in strangers]) as reading:
            windows += reading.windows([queries.held_other(o) for o in strangers], until=ahead)
    return Snapshot(residents, groups, elsewhere, tuple(holds), tuple(windows), until)


def forget() -> None:
    """Drop everything kept, for tests."""
    with _lock:
        _memory.clear()
