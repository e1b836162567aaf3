"""A store in memory with the same promises as the real one: versions, persons, deletion, changes since a mark."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from luoshi.platform.lake.source import Changes

SCHEMA = pa.schema([
    ("id", pa.string()), ("person", pa.int64()), ("version", pa.int32()), ("known_from", pa.timestamp("us", tz="UTC")),
    ("known_to", pa.timestamp("us", tz="UTC")), ("body", pa.string()),
])  # fmt: skip
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Version:
    type: str
    id: str
    person: int | None
    version: int
    known_from: datetime
    known_to: datetime | None
    body: dict[str, Any]
    tick: int


class FakeStore:
    def __init__(self, batch: int = 3) -> None:
        self.versions: list[Version] = []
        self.touched: list[tuple[int, int | None]] = []
        self.tick = 0
        self.batch = batch
        self.broken: set[str] = set()

    @property
    def now(self) -> datetime:
        return START + timedelta(minutes=self.tick)

    def _touch(self, person: int | None) -> None:
        self.touched.append((self.tick, person))

    def _current(self, kind: str, key: str) -> Version | None:
        return next((v for v in self.versions if (v.type, v.id) == (kind, key) and v.known_to is None), None)

    def put(self, person: int | None, body: dict[str, Any]) -> None:
        self.tick += 1
        kind, key = body["resourceType"], body["id"]
        old = self._current(kind, key)
        if old:
            old.known_to = self.now
            self._touch(old.person)
        number = sum((v.type, v.id) == (kind, key) for v in self.versions) + 1
        self.versions.append(Version(kind, key, person, number, self.now, None, body, self.tick))
        self._touch(person)

    def delete(self, kind: str, key: str) -> None:
        self.tick += 1
        if old := self._current(kind, key):
            old.known_to = self.now
            self._touch(old.person)

    def merge(self, one: int | None, into: int | None) -> None:
        """Everything of `one` is found to be of `into`."""
        self.tick += 1
        for version in self.versions:
            if version.person == one:
                version.person = into
        self._touch(one)
        self._touch(into)

    # -- the side the lake sees ---------------------------------------------------------------------------------

    def position(self) -> str:
        return str(self.tick)

    def changed(self, since: str) -> Changes:
        persons = {person for tick, person in self.touched if tick > int(since)}
        return Changes(tuple(sorted(p for p in persons if p is not None)), None in persons)

    def _tables(self, versions: list[Version]) -> Iterator[pa.Table]:
        versions = sorted(versions, key=lambda v: (v.person is not None, v.person or 0))
        for start in range(0, len(versions), self.batch):
            yield pa.Table.from_pylist([
                {"id": v.id, "person": v.person, "version": v.version, "known_from": v.known_from,
                 "known_to": v.known_to, "body": "{" if v.id in self.broken else json.dumps(v.body, ensure_ascii=False)}
                for v in versions[start : start + self.batch]
            ], schema=SCHEMA)  # fmt: skip

    def bodies(self, resource_type: str, *, persons: Sequence[int] | None = None) -> Iterator[pa.Table]:
        yield from self._tables(
            [v for v in self.versions if v.type == resource_type and (persons is None or v.person in persons)]
        )

    def unassigned(self, resource_type: str) -> Iterator[pa.Table]:
        yield from self._tables([v for v in self.versions if v.type == resource_type and v.person is None])
