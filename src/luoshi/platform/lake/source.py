"""Where a lake is filled from: the store, or anything that gives resources in the same shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from luoshi.kernel import lake_layout as layout
from luoshi.records import views


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
    with zone (`known_to` null: still believed), `body` JSON text; each (id, version) once.
    """

    def position(self) -> str:
        """A mark for now. Taken before reading; `changed` of it later gives at least everything not read then."""
        ...

    def bodies(self, resource_type: str, *, persons: range | None = None) -> Iterator[pa.Table]:
        """All versions of one type, of all persons and of none, or of a range of persons."""
        ...

    def unassigned(self, resource_type: str) -> Iterator[pa.Table]:
        """All versions of one type whose person is not known."""
        ...

    def changed(self, since: str) -> Changes:
        """What changed since a position."""
        ...


class StoreSource:
    """The store of this installation.

    Its changes are known by the time they were received. A transaction may commit after a later one was read, so every
    position lies `OVERLAP` before the clock; what is then looked at again without need is found to be the same.
    """

    OVERLAP = timedelta(minutes=1)

    def position(self) -> str:
        """The time, less the overlap."""
        return (datetime.now(UTC) - self.OVERLAP).isoformat()

    def bodies(self, resource_type: str, *, persons: range | None = None) -> Iterator[pa.Table]:
        """See `luoshi.platform.store.reads.bodies`."""
        from luoshi.platform.store import reads

        yield from reads.bodies(resource_type, person_range=(persons.start, persons.stop) if persons else None)

    def unassigned(self, resource_type: str) -> Iterator[pa.Table]:
        """The rows of a type without a person."""
        for table in self.bodies(resource_type):
            yield table.filter(pc.is_null(table.column("person")))

    def changed(self, since: str) -> Changes:
        """Persons with a changed resource, and whether a resource without a person changed."""
        from luoshi.platform.store import reads

        instant = datetime.fromisoformat(since)
        unassigned = any(
            table.column("person").null_count
            for resource_type in sorted({views.catalog_view(table).resource for table in layout.PERSON_TABLES})
            for table in reads.bodies(resource_type, since=instant)
        )
        return Changes(tuple(reads.persons_changed(instant)), unassigned)
