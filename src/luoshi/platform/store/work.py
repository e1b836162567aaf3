"""What is under way while a set is written: counts, known resources, and the rows to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Type and key of a resource of one source.
Name = tuple[str, str]


@dataclass(slots=True)
class Counts:
    """What became of a set: resources by fate. `conflicts`: same id with other content within one file, kept as a
    version. `pending`: those waiting for a Patient. `persons`: new ones. `reviews`: doubts about identity noted.
    `quarantined`: those of the refused that wait for a decision; `flagged`: accepted although a rule failed."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    conflicts: int = 0
    refused: int = 0
    deleted: int = 0
    pending: int = 0
    persons: int = 0
    reviews: int = 0
    quarantined: int = 0
    flagged: int = 0

    def add(self, other: Counts) -> None:
        """Add another set's counts."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_dict(self) -> dict[str, int]:
        """Plain form, for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Known:
    """A resource as the store has it, kept up to date while a set is worked through. `seen`: contents of its other
    versions, filled for those that differ; `in_file`: whether the file being read gave it already; `rows`: versions
    made in this set; `public`: the id it is read by."""

    id: int
    person: int | None
    version: int
    hash: str
    fresh: bool = False
    in_file: bool = False
    rows: int = 0
    seen: frozenset[str] = frozenset()
    public: str = ""


@dataclass(slots=True)
class Work:
    """The rows a set will write."""

    source: int
    chunk: int
    now: int
    file: int | None
    run: int | None
    # The next keys of resources and versions, and whether persons were ever linked.
    resource: int
    version: int
    linked: bool
    counts: Counts = field(default_factory=Counts)
    # Versions that whoever writes has seen; see `writing.commit`.
    expected: Mapping[Name, int] = field(default_factory=dict)
    versions: list[tuple[Any, ...]] = field(default_factory=list)
    closed: list[tuple[int, int, int]] = field(default_factory=list)
    persons: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    new_persons: set[int] = field(default_factory=set)
    claims: list[tuple[str, str, int]] = field(default_factory=list)
    pending: dict[int, str] = field(default_factory=dict)
    moved: set[int] = field(default_factory=set)
    # Patient resource → the person its identifiers name, before links (`platform.identity.links`).
    raw: dict[int, int] = field(default_factory=dict)
    reviews: list[tuple[str, int, int, int | None]] = field(default_factory=list)
