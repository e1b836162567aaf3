"""Where a lake is filled from: the store, or anything that gives resources in the same shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa


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
