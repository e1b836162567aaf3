"""Reading the store: one resource, its versions, a person's resources; and everything in bulk, for the lake.

Reads for people take a `scope` and answer 404 for what lies outside it. The bulk reads are for the lake, which keeps
its own scopes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
from django.db import connection, transaction
from django.http import Http404

from luoshi.platform.store import sets
from luoshi.records.structure import resource_types

if TYPE_CHECKING:
    from luoshi.platform.access.scope import Scope

BODIES = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("person", pa.int64()),
        pa.field("version", pa.int32(), nullable=False),
        pa.field("known_from", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("known_to", pa.timestamp("us", tz="UTC")),
        pa.field("body", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
    ]
)
_STORED = """
    SELECT r.type, r.public_id, r.person, v.version, v.known_from, v.known_to, v.body, s.name,
           coalesce(p.division, s.division), coalesce(p.institution, s.institution)
    FROM store_resource r
    JOIN store_version v ON v.resource_id = r.id
    JOIN store_source s ON s.id = r.source_id
    LEFT JOIN store_person p ON p.number = r.person
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of a resource. `body`: the text as received, empty when this version is a deletion. `received`: when
    it became known; `replaced`: when it ceased to be believed, if it did."""

    type: str
    id: str
    person: int | None
    version: int
    received: datetime
    replaced: datetime | None
    body: str
    source: str

    @property
    def deleted(self) -> bool:
        """Whether this version says that the resource is gone."""
        return not self.body

    @property
    def resource(self) -> dict[str, Any]:
        """The resource with the id and version it has here. Raises `ValueError` for a deletion."""
        resource: dict[str, Any] = orjson.loads(self.body)
        meta = {**resource.get("meta", {}), "versionId": str(self.version), "lastUpdated": self.received.isoformat()}
        return {"resourceType": self.type, "id": self.id, **resource, "meta": meta} | {"id": self.id}


def read(resource_type: str, id: str, *, scope: Scope, version: int | None = None) -> Stored:  # noqa: A002
    """The present version of a resource, or the one of that number. Raises `Http404` when it is not there, deleted (and
    no version was asked for), or outside the scope."""
    which = "v.version = r.version" if version is None else "v.version = %s"
    for row in _rows(resource_type, id, which, *([] if version is None else [version])):
        stored = _visible(row, scope)
        if stored is not None and not (stored.deleted and version is None):
            return stored
    raise Http404


def history(resource_type: str, id: str, *, scope: Scope) -> list[Stored]:  # noqa: A002
    """All versions of a resource, newest first. Raises `Http404` as `read`."""
    found = [s for row in _rows(resource_type, id, "v.version >= 1") if (s := _visible(row, scope)) is not None]
    if not found:
        raise Http404
    return sorted(found, key=lambda s: -s.version)


def resources_of_person(person: int, *, scope: Scope, types: Iterable[str] | None = None) -> list[Stored]:
    """Present versions of what is about a person, the Patient too; `types` narrows. Raises `Http404` when the person is
    outside the scope or unknown."""
    wanted = list(resource_types() if types is None else types)
    place = person_place(person)
    if place is None or not scope.covers_person(*place):
        raise Http404
    rows = sets.select(
        f"{_STORED} WHERE r.type IN {{values}} AND r.person = %s AND v.version = r.version AND v.body <> ''"
        " ORDER BY r.type, r.id",
        wanted,
        person,
    )
    return [_stored(row) for row in rows]


def person_of(resource_type: str, id: str, *, scope: Scope) -> int | None:  # noqa: A002
    """The number of the person a resource is about, if any. Raises `Http404` as `read`."""
    return read(resource_type, id, scope=scope).person


def person_place(person: int) -> tuple[str, str] | None:
    """Division and institution codes of a person ("" where unknown), or None when there is no such person."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT division, institution FROM store_person WHERE number = %s", [person])
        row = cursor.fetchone()
    return (row[0], row[1]) if row else None


def _rows(resource_type: str, id_: str, which: str, *values: Any) -> list[tuple[Any, ...]]:
    """Versions of the resource read by this id, found by the key it was sent with or the name it was given."""
    with connection.cursor() as cursor:
        for found in ("r.key = %s AND r.public_id = r.key", "r.public_id = %s AND NOT (r.public_id = r.key)"):
            cursor.execute(f"{_STORED} WHERE r.type = %s AND {found} AND {which}", [resource_type, id_, *values])
            rows = cursor.fetchall()
            if rows:
                return list(rows)
    return []


def _visible(row: tuple[Any, ...], scope: Scope) -> Stored | None:
    return _stored(row) if scope.covers_person(row[8], row[9]) else None


def _stored(row: tuple[Any, ...]) -> Stored:
    kind, id_, person, version, start, end, body, source = row[:8]
    return Stored(kind, id_, person, version, instant(start), None if end is None else instant(end), body, source)


def instant(microseconds: int) -> datetime:
    """A moment of the store (microseconds since 1970) as a datetime in UTC."""
    whole, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest)


def _microseconds(instant: datetime) -> int:
    return int(instant.timestamp()) * 1_000_000 + instant.microsecond


def bodies(
    resource_type: str,
    *,
    since: datetime | None = None,
    person_range: tuple[int, int] | None = None,
    assigned: bool | None = None,
    batch: int = 50_000,
) -> Iterator[pa.Table]:
    """Every version of every resource of one type, as tables of `BODIES`, at most `batch` rows each, by person.

    `since`: only versions that became known or ceased to be believed at or after that instant.
    `person_range`: half-open range of person numbers; without it rows with no person (null) are included too, unless
    `assigned` is true; `assigned=False` gives those alone. `known_to` is null for the version still believed; a deleted
    resource has no row after its `known_to`. What links between persons moved is given in pieces, each to the person it
    counted for then.
    """
    moved = _moved(resource_type, since=since, person_range=person_range, assigned=assigned)
    conditions, values = ["r.type = %s", "v.body <> ''"], [resource_type]
    if sets.one("SELECT 1 FROM identity_belonging LIMIT 1") is not None:
        conditions.append("NOT EXISTS (SELECT 1 FROM identity_belonging b WHERE b.resource = r.id)")
    if person_range is not None:
        conditions.append("r.person >= %s AND r.person < %s")
        values += [str(int(number)) for number in person_range]
    elif assigned is not None:
        conditions.append("r.person IS NOT NULL" if assigned else "r.person IS NULL")
    if since is not None:
        conditions.append("(v.known_from >= %s OR v.known_to >= %s)")
        values += [str(_microseconds(since))] * 2
    statement = f"""
        SELECT r.public_id, r.person, v.version, v.known_from, v.known_to, v.body, s.name
        FROM store_resource r JOIN store_version v ON v.resource_id = r.id JOIN store_source s ON s.id = r.source_id
        WHERE {" AND ".join(conditions)} ORDER BY r.person, r.id, v.version"""  # noqa: S608 (conditions are ours)
    with _streaming(statement, [values[0], *(int(v) for v in values[1:])]) as cursor:
        while rows := cursor.fetchmany(batch):
            yield _table(_with_moved(rows, moved))
    if moved:
        yield _table(moved)


def _table(rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table(
        [pa.array(column, type=field.type) for column, field in zip(columns, BODIES, strict=True)], schema=BODIES
    )


def _moved(
    resource_type: str, *, since: datetime | None, person_range: tuple[int, int] | None, assigned: bool | None
) -> list[tuple[Any, ...]]:
    """The pieces of versions of resources that a link ever moved, by person; few, as links are."""
    if sets.one("SELECT 1 FROM identity_belonging LIMIT 1") is None:
        return []
    rows = sets.rows(
        """
        SELECT r.public_id, b.person, v.version,
            CASE WHEN v.known_from > b.known_from THEN v.known_from ELSE b.known_from END AS known_from,
            CASE WHEN v.known_to IS NULL OR b.known_to < v.known_to THEN b.known_to ELSE v.known_to END AS known_to,
            v.body, s.name
        FROM identity_belonging b JOIN store_resource r ON r.id = b.resource
        JOIN store_version v ON v.resource_id = r.id JOIN store_source s ON s.id = r.source_id
        WHERE r.type = %s AND v.body <> '' AND (v.known_to IS NULL OR v.known_to > b.known_from)
            AND (b.known_to IS NULL OR v.known_from < b.known_to)
        """  # noqa: S608
        + ("AND b.person >= %s AND b.person < %s " if person_range is not None else "")
        + "ORDER BY b.person, r.id, v.version, b.known_from",
        resource_type,
        *(person_range or ()),
    )
    if person_range is None and assigned is not None:
        rows = [row for row in rows if (row[1] is not None) == assigned]
    if since is not None:
        mark = _microseconds(since)
        rows = [row for row in rows if row[3] >= mark or (row[4] is not None and row[4] >= mark)]
    return rows


def _with_moved(rows: list[tuple[Any, ...]], moved: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """A batch with the moved pieces that belong into it, by person; they are taken out of `moved`. Rows of nobody stand
    where the database puts them: first in SQLite, last in PostgreSQL."""
    if not moved:
        return rows
    last = connection.vendor == "postgresql"

    def place(row: tuple[Any, ...]) -> tuple[bool, int]:
        return (row[1] is None) == last, row[1] or 0

    end = place(rows[-1])
    fitting = [row for row in moved if place(row) <= end]
    moved[:] = [row for row in moved if place(row) > end]
    return sorted([*rows, *fitting], key=place)


@contextmanager
def _streaming(statement: str, values: list[Any]) -> Iterator[Any]:
    """A cursor that does not fetch everything at once, on either database."""
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.connection.cursor(name="luoshi_bodies") as cursor:
            cursor.execute(statement, values)
            yield cursor
        return
    cursor = connection.connection.execute(statement.replace("%s", "?"), values)
    try:
        yield cursor
    finally:
        cursor.close()


@dataclass(frozen=True, slots=True)
class Changed:
    """What a position has missed: persons (sorted), and whether resources without a person changed."""

    persons: list[int]
    unassigned: bool


def position() -> str:
    """A mark of everything committed until now; give it to `changed_since` later. Numbers of transactions, so it does
    not depend on clocks."""
    return str(sets.one("SELECT coalesce(max(id), 0) FROM store_chunk"))


def changed_since(mark: str) -> Changed:
    """What changed after a `position`."""
    chunk = int(mark)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT person FROM store_resource WHERE touched > %s"
            " UNION SELECT person FROM store_personchange WHERE chunk > %s",
            [chunk, chunk],
        )
        found = {row[0] for row in cursor.fetchall()}
    unassigned = None in found
    found.discard(None)
    moved = sets.one("SELECT count(*) FROM store_personchange WHERE chunk > %s", chunk)
    return Changed(sorted(found), unassigned or bool(moved) or _resolved_since(chunk))


def _resolved_since(chunk: int) -> bool:
    """Whether a resource older than the position got its person after it: it left those without one."""
    return bool(
        sets.one(
            "SELECT 1 FROM store_resource r JOIN store_version v ON v.resource_id = r.id AND v.version = r.version"
            " WHERE r.touched > %s AND v.chunk <= %s LIMIT 1",
            chunk,
            chunk,
        )
    )


def persons_changed(since: datetime) -> list[int]:
    """Person numbers that any resource changed for (or was newly resolved to) at or after `since`, sorted."""
    first = sets.one("SELECT min(id) FROM store_chunk WHERE at >= %s", _microseconds(since))
    return [] if first is None else changed_since(str(first - 1)).persons
