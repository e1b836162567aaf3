"""Where a lake is filled from: the store, or anything that gives resources in the same shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Changes:
    """What became different since a position: persons (sorted), and whether any row without a person did."""

    persons: tuple[int, ...]
    unassigned: bool

    def __bool__(self) -> bool:
        return bool(self.persons) or self.unassigned


class Source(Protocol):
    """Versions of FHIR resources.

    Tables have the columns `id` text, `person` int64 or null, `version` int, `known_from` and `known_to` timestamps
    with zone (`known_to` null: still believed), `body` JSON text; each (id, version) once. `source`, the name of who sent it,
    may be left out.
    """

    def position(self) -> str:
        """A mark for now. Taken before reading; `changed` of it later gives at least everything not read then."""
        ...

    def bodies(self, resource_type: str, *, persons: Sequence[int] | None = None) -> Iterator[pa.Table]:
        """All versions of one type in order of person: of all persons and of none, or of some persons (sorted)."""
        ...

    def unassigned(self, resource_type: str) -> Iterator[pa.Table]:
        """All versions of one type whose person is not known."""
        ...

    def changed(self, since: str) -> Changes:
        """What changed since a position."""
        ...


class StoreSource:
    """The store of this installation."""

    # Persons this close together are read in one go, those between them left out afterwards.
    GAP = 16

    def position(self) -> str:
        """See `luoshi.platform.store.reads.position`."""
        from luoshi.platform.store import reads

        return reads.position()

    def bodies(self, resource_type: str, *, persons: Sequence[int] | None = None) -> Iterator[pa.Table]:
        """See `luoshi.platform.store.reads.bodies`."""
        from luoshi.platform.store import reads

        if persons is None:
            yield from reads.bodies(resource_type)
        elif isinstance(persons, range):
            yield from reads.bodies(resource_type, person_range=(persons.start, persons.stop))
        else:
            wanted = pa.array(persons, pa.int64())
            for run in _runs(persons, self.GAP):
                for table in reads.bodies(resource_type, person_range=(run.start, run.stop)):
                    yield table.filter(pc.is_in(table.column("person"), value_set=wanted))

    def unassigned(self, resource_type: str) -> Iterator[pa.Table]:
        """The rows of a type without a person."""
        from luoshi.platform.store import reads

        yield from reads.bodies(resource_type, assigned=False)

    def changed(self, since: str) -> Changes:
        """See `luoshi.platform.store.reads.changed_since`."""
        from luoshi.platform.store import reads

        found = reads.changed_since(since)
        return Changes(tuple(found.persons), found.unassigned)


def _runs(persons: Iterable[int], gap: int) -> list[range]:
    """Ranges that cover sorted numbers, leaving out only what is wider than `gap`."""
    runs: list[range] = []
    for person in persons:
        if runs and person - runs[-1].stop <= gap:
            runs[-1] = range(runs[-1].start, person + 1)
        else:
            runs.append(range(person, person + 1))
    return runs
