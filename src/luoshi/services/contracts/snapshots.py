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


_memory: OrderedDict[tuple[str, str, tuple[str, ...], date, bool], Snapshot] = OrderedDict()
_lock = Lock()


def of(institutions: tuple[str, ...], *, lake: Path, on: date, windows: bool = True) -> Snapshot:
    """The snapshot of institutions taken together; without `windows` those are left out where they are not kept yet. The
    caller has checked the scope."""
    try:
        directory = LakeDirectory.open(lake)
        stamp = f"{directory.manifest.built_at.isoformat()} {directory.manifest.position}"
    except UnreadableFile:
        return Snapshot()
    key = (str(lake), stamp, institutions, on)
    with _lock:
        for whole in (True, windows):
            if (*key, whole) in _memory:
                _memory.move_to_end((*key, whole))
                return _memory[*key, whole]
    found = _read(institutions, lake, on, directory.data_until, windows)
    with _lock:
        _memory[*key, windows] = found
        while len(_memory) > _KEPT:
            _memory.popitem(last=False)
    return found


def _read(institutions: tuple[str, ...], lake: Path, on: date, until: date | None, windows: bool) -> Snapshot:
    with Reading(lake, on=on, institutions=institutions) as reading:
        residents, groups, elsewhere = tuple(reading.residents()), reading.groups(), tuple(reading.others())
        if not windows:
            return Snapshot(residents, groups, elsewhere, until=until)
        holds = reading.others_of(institutions)
        year = on - timedelta(days=365)
        ahead = on + timedelta(days=catalogue.items().ahead_days)
        asked = [o for o in holds if o.status in ("active", "completed") and (o.end is None or o.end >= year)]
        served = {r.person for r in residents}
        inside = [queries.held_other(o) for o in asked if o.person in served]
        found = reading.windows(inside, since=year, until=ahead)
    # Somebody whom another institution serves now, but whose contract is still here.
    strangers = [o for o in asked if o.person not in served]
    if strangers:
        with Reading(lake, on=on, persons=[o.person for o in strangers]) as reading:
            found += reading.windows([queries.held_other(o) for o in strangers], since=year, until=ahead)
    return Snapshot(residents, groups, elsewhere, tuple(holds), tuple(found), until)


def forget() -> None:
    """Drop everything kept, for tests."""
    with _lock:
        _memory.clear()
