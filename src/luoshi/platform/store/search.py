"""Finding resources: candidates in a fixed order, in pieces that a cursor continues. Whoever asks looks at the text.

There are five ways in, from narrow to wide: ids, persons, marks (`marks`: an identifier or a code, with a range of days),
everything that changed since a moment, and a whole type. Each gives `Hit`s in an order that does not change while one
pages, each with the cursor that stands for its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson

from luoshi.platform.store import reads, sets
from luoshi.platform.store.marks import NO_DAY, marks
from luoshi.platform.store.views import View
from luoshi.records.structure import resource_types as _types

Cursor = tuple[int, ...]
_FIRST, _LAST = -(1 << 62), 1 << 62
_LIGHT = """r.id, r.source_id, coalesce(p.division, s.division), coalesce(p.institution, s.institution)"""
_JOINS = """
    JOIN store_source s ON s.id = r.source_id
    LEFT JOIN store_person p ON p.number = r.person"""
_WHOLE = f"""
    SELECT {_LIGHT}, r.type, r.key, r.public_id, r.person, r.version, v.known_from, v.body, s.name
    FROM store_resource r
    JOIN store_version v ON v.resource_id = r.id AND v.version = r.version{_JOINS}"""  # noqa: S608 (our own columns)


@dataclass(slots=True)
class Hit:
    """The present version of a resource. `number`: of the resource in the store; `cursor`: its place in the order of the
    search; `key` and `source`: the id it was sent with, and by whom; `place`: codes of division and institution that decide
    who sees it."""

    number: int
    type: str
    id: str
    key: str
    source: int
    source_name: str
    person: int | None
    version: int
    known_from: int
    body: str
    cursor: Cursor = ()
    place: tuple[str, str] = ("", "")
    _parsed: dict[str, Any] | None = None

    @property
    def received(self) -> datetime:
        """When this version became known."""
        return reads.instant(self.known_from)

    @property
    def deleted(self) -> bool:
        """Whether this version says that the resource is gone."""
        return not self.body

    @property
    def stored(self) -> reads.Stored:
        """The same as `reads` tells it."""
        return reads.Stored(
            self.type, self.id, self.person, self.version, self.received, None, self.body, self.source_name
        )

    @property
    def parsed(self) -> dict[str, Any]:
        """The text as JSON, as it was received."""
        if self._parsed is None:
            self._parsed = orjson.loads(self.body)
        return self._parsed


class Way(Protocol):
    """A way in: the next candidates after a cursor."""

    def after(self, cursor: Cursor | None, limit: int) -> tuple[list[Candidate], Cursor | None]:
        """At most `limit` candidates behind the cursor, and where to go on: None when there are no more."""


@dataclass(slots=True, frozen=True)
class Candidate:
    """A resource that may match, not yet read."""

    number: int
    source: int
    place: tuple[str, str]
    cursor: Cursor


def _candidates(rows: Sequence[Sequence[Any]], limit: int) -> tuple[list[Candidate], Cursor | None]:
    found = [Candidate(row[1], row[2], (row[3] or "", row[4] or ""), (row[0], row[1])) for row in rows]
    return found, found[-1].cursor if len(found) >= limit else None


def visible(candidates: Sequence[Candidate], view: View) -> list[Candidate]:
    """Those that may be seen."""
    view.learn({c.place for c in candidates})
    return [c for c in candidates if view.sees(*c.place, c.source)]


def read(candidates: Sequence[Candidate]) -> list[Hit]:
    """The texts of candidates, in their order; deleted ones fall out."""
    rows = sets.select(f"{_WHOLE} WHERE r.id IN {{values}} AND v.body <> ''", [c.number for c in candidates])
    found = {row[0]: row for row in rows}
    return [_hit(found[c.number], c.cursor) for c in candidates if c.number in found]


def _hit(row: Sequence[Any], cursor: Cursor) -> Hit:
    number, source, division, institution, kind, key, public, person, version, known_from, body, name = row
    place = (division or "", institution or "")
    return Hit(number, kind, public, key, source, name, person, version, known_from, body, cursor, place)


def by_ids(resource_type: str, ids: Iterable[str], view: View, *, gone: bool = False) -> list[Hit]:
    """Resources by the ids they are read by. A source finds what it sent itself by its own ids first. `gone`: deleted
    ones too, their body is empty."""
    wanted = list(dict.fromkeys(ids))
    present = "" if gone else " AND v.body <> ''"
    if not wanted:
        return []
    inside, values = sets.among(wanted)
    # The second half is written as the partial index has it, or SQLite walks through the whole type.
    rows = sets.rows(
        f"{_WHOLE} WHERE r.key IN {inside} AND r.type = %s{present} AND (r.public_id = r.key OR r.source_id = %s)"
        f" UNION ALL {_WHOLE} WHERE r.public_id IN {inside} AND r.type = %s AND NOT (r.public_id = r.key){present}",
        *(values, resource_type, view.source or 0),
        *(values, resource_type),
    )
    own = {row[5] for row in rows if row[1] == view.source}
    found = {
        row[0]: _hit(row, (row[0],))
        for row in rows
        if (row[1] == view.source or row[5] not in own or row[6] != row[5]) and view.sees(row[2], row[3], row[1])
    }
    return [found[number] for number in sorted(found)]


def of_persons(resource_type: str, persons: Iterable[int], view: View) -> list[Hit]:
    """Everything of a type about these persons, in the order it came."""
    rows = sets.select(
        f"{_WHOLE} WHERE r.person IN {{values}} AND r.type = %s AND v.body <> ''", list(persons), resource_type
    )
    view.learn({(row[2] or "", row[3] or "") for row in rows})
    return [_hit(row, (row[0],)) for row in sorted(rows) if view.sees(row[2], row[3], row[1])]


def about(person: int, resource_types: Sequence[str], view: View) -> list[Hit]:
    """Everything about a person, or of these types only."""
    # Type by type: the index of persons begins with the type.
    rows = sets.select(
        f"{_WHOLE} WHERE r.type IN {{values}} AND r.person = %s AND v.body <> ''",
        resource_types or _types(),
        person,
    )
    view.learn({(row[2] or "", row[3] or "") for row in rows})
    return [_hit(row, (row[0],)) for row in sorted(rows) if view.sees(row[2], row[3], row[1])]


@dataclass(frozen=True)
class ByMarks:
    """What has one of these marks, the latest day first; `low` and `high` are days, what has no single day comes
    last."""

    marks: tuple[int, ...]
    low: int = NO_DAY + 1
    high: int = 1 << 30

    def after(self, cursor: Cursor | None, limit: int) -> tuple[list[Candidate], Cursor | None]:
        """See `Way`. A cursor is (day, resource)."""
        day, number = cursor or (self.high, _LAST)
        rows: list[tuple[Any, ...]] = []
        if day != NO_DAY:
            rows = self._piece("m.day >= %s AND m.day <= %s", [self.low, self.high], (day, number), limit)
        if len(rows) < limit:
            start = (NO_DAY, _LAST) if day != NO_DAY else (day, number)
            rows += self._piece("m.day = %s", [NO_DAY], start, limit - len(rows))
        return _candidates(rows, limit)

    def _piece(self, days: str, values: list[int], start: tuple[int, int], limit: int) -> list[tuple[Any, ...]]:
        rows: set[tuple[Any, ...]] = set()
        for mark in self.marks:
            rows.update(
                sets.rows(
                    f"SELECT m.day, {_LIGHT} FROM store_mark m JOIN store_resource r ON r.id = m.resource{_JOINS}"  # noqa: S608
                    f" WHERE m.mark = %s AND {days} AND (m.day, m.resource) < (%s, %s)"
                    " ORDER BY m.day DESC, m.resource DESC LIMIT %s",
                    mark,
                    *values,
                    *start,
                    limit,
                )
            )
        return sorted(rows, key=lambda row: row[:2], reverse=True)[:limit]

    def stands(self, hit: Hit) -> bool:
        """Whether its present text has one of the marks on the day it was found under."""
        return any(mark in self.marks and day == hit.cursor[0] for mark, day in marks(hit.parsed))


@dataclass(frozen=True)
class Changed:
    """What of a type changed in a transaction of that number or a later one, the latest first."""

    resource_type: str
    chunk: int

    def after(self, cursor: Cursor | None, limit: int) -> tuple[list[Candidate], Cursor | None]:
        """See `Way`. A cursor is (chunk, resource)."""
        # Of every type, so that the index alone decides how much is looked at.
        rows = sets.rows(
            f"SELECT r.touched, {_LIGHT}, r.type FROM store_resource r{_JOINS}"  # noqa: S608 (our own columns)
            " WHERE r.touched >= %s AND (r.touched, r.id) < (%s, %s) ORDER BY r.touched DESC, r.id DESC LIMIT %s",
            self.chunk,
            *(cursor or (_LAST, _LAST)),
            limit,
        )
        found, following = _candidates(rows, limit)
        return [c for c, row in zip(found, rows, strict=True) if row[5] == self.resource_type], following


@dataclass(frozen=True)
class Whole:
    """A whole type: person by person, then what is about nobody."""

    resource_type: str

    def after(self, cursor: Cursor | None, limit: int) -> tuple[list[Candidate], Cursor | None]:
        """See `Way`. A cursor is (person, resource), the person greater than any for those without."""
        person, number = cursor or (_FIRST, _FIRST)
        rows: list[tuple[Any, ...]] = []
        if person != _LAST:
            rows = sets.rows(
                f"SELECT r.person, {_LIGHT} FROM store_resource r{_JOINS}"  # noqa: S608 (our own columns)
                " WHERE r.type = %s AND r.person IS NOT NULL AND r.person >= %s AND (r.person, r.id) > (%s, %s)"
                " ORDER BY r.person, r.id LIMIT %s",
                self.resource_type,
                person,
                person,
                number,
                limit,
            )
        if len(rows) < limit:
            rows += sets.rows(
                f"SELECT {_LAST}, {_LIGHT} FROM store_resource r{_JOINS}"  # noqa: S608 (our own columns)
                " WHERE r.type = %s AND r.person IS NULL AND r.id > %s ORDER BY r.id LIMIT %s",
                self.resource_type,
                number if person == _LAST else _FIRST,
                limit - len(rows),
            )
        return _candidates(rows, limit)


def chunk_since(moment: int) -> int:
    """The number of the first transaction at or after a moment (microseconds since 1970); one past the last when there
    is none. Transactions are numbered in the order of their moments, so this is a search by halves."""
    low, high = 1, int(sets.one("SELECT coalesce(max(id), 0) FROM store_chunk")) + 1
    while low < high:
        middle = (low + high) // 2
        at = sets.one("SELECT at FROM store_chunk WHERE id >= %s ORDER BY id LIMIT 1", middle)
        if at is not None and at >= moment:
            high = middle
        else:
            low = middle + 1
    return low


def count(resource_type: str) -> int:
    """How many resources of a type there are."""
    return int(sets.one("SELECT count(*) FROM store_resource WHERE type = %s AND NOT deleted", resource_type))


def persons_of(resource_ids: Iterable[str], view: View) -> dict[str, int]:
    """Persons of Patients by the ids they are read by, those that may be seen. A deleted Patient still names its
    person."""
    return {
        id_: hit.person
        for hit in by_ids("Patient", resource_ids, view)
        if hit.person is not None
        for id_ in {hit.id, hit.key}
    }
