"""Versions of resources, the newest first: of one resource, of a type, of everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from luoshi.platform.store import sets
from luoshi.platform.store.search import Hit
from luoshi.platform.store.views import View

_VERSION = """
    SELECT r.id, r.source_id, coalesce(p.division, s.division), coalesce(p.institution, s.institution),
           r.type, r.key, r.public_id, r.person, v.version, v.known_from, v.body, s.name, v.id
    FROM store_version v
    JOIN store_resource r ON r.id = v.resource_id
    JOIN store_source s ON s.id = r.source_id
    LEFT JOIN store_person p ON p.number = r.person"""
_LAST = 1 << 62


@dataclass(frozen=True)
class Page:
    """Versions that may be seen; `after` continues behind the last one looked at, None when there are no more."""

    hits: list[Hit]
    after: int | None


def version(number: int, wanted: int) -> Hit | None:
    """One version of the resource of that number in the store."""
    rows = sets.rows(f"{_VERSION} WHERE v.resource_id = %s AND v.version = %s", number, wanted)
    return _hit(rows[0]) if rows else None


def of_resource(number: int, *, since: int = 0, after: int | None = None, limit: int = 100) -> Page:
    """Versions of the resource of that number, known at or after `since` (microseconds since 1970)."""
    rows = sets.rows(
        f"{_VERSION} WHERE v.resource_id = %s AND v.known_from >= %s AND v.version < %s"
        " ORDER BY v.version DESC LIMIT %s",
        number,
        since,
        after if after is not None else _LAST,
        limit,
    )
    return Page([_hit(row) for row in rows], rows[-1][8] if len(rows) == limit else None)


def recent(
    view: View, *, resource_type: str = "", since: int = 0, after: int | None = None, limit: int = 100, most: int = 5000
) -> Page:
    """Versions of a type, or of everything, in the order they became known. Looks at `most` of them at once at most: a
    page may be short though more follow."""
    where, values = ("r.type = %s AND ", [resource_type]) if resource_type else ("", [])
    hits: list[Hit] = []
    looked = 0
    while looked < most:
        rows = sets.rows(
            f"{_VERSION} WHERE {where}v.id < %s ORDER BY v.id DESC LIMIT %s",
            *values,
            after if after is not None else _LAST,
            limit,
        )
        view.learn({(row[2], row[3]) for row in rows})
        for row in rows:
            if row[9] < since:
                return Page(hits, None)
            looked += 1
            after = row[12]
            if view.sees(row[2], row[3], row[1]):
                hits.append(_hit(row))
                if len(hits) == limit:
                    return Page(hits, after)
        if len(rows) < limit:
            return Page(hits, None)
    return Page(hits, after)


def newer(after: int, limit: int) -> list[Hit]:
    """Versions stored behind the one of that number, the oldest first, deletions too; `cursor` holds their numbers.
    For those who pass on what is new."""
    rows = sets.rows(f"{_VERSION} WHERE v.id > %s ORDER BY v.id LIMIT %s", after, limit)
    return [_hit(row) for row in rows]


def last() -> int:
    """The number of the latest version."""
    return int(sets.one("SELECT coalesce(max(id), 0) FROM store_version"))


def _hit(row: Sequence[Any]) -> Hit:
    number, source, division, institution, kind, key, public, person, version_, known_from, body, name, id_ = row
    hit = Hit(number, kind, public, key, source, name, person, version_, known_from, body, (id_,))
    hit.place = (division or "", institution or "")
    return hit
