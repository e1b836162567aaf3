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
    CROSS JOIN store_resource r
    JOIN store_source s ON s.id = r.source_id
    LEFT JOIN store_person p ON p.number = r.person
    WHERE r.id = v.resource_id AND"""  # CROSS keeps SQLite from beginning with the resources
_WINDOW = 20_000


@dataclass(frozen=True)
class Page:
    """Versions that may be seen; `after` continues behind the last one looked at, None when there are no more."""

    hits: list[Hit]
    after: int | None


def version(number: int, wanted: int) -> Hit | None:
    """One version of the resource of that number in the store."""
    rows = sets.rows(f"{_VERSION} v.resource_id = %s AND v.version = %s", number, wanted)
    return _hit(rows[0]) if rows else None


def of_resource(number: int, *, since: int = 0, after: int | None = None, limit: int = 100) -> Page:
    """Versions of the resource of that number, known at or after `since` (microseconds since 1970)."""
    rows = sets.rows(
        f"{_VERSION} v.resource_id = %s AND v.known_from >= %s AND v.version < %s ORDER BY v.version DESC LIMIT %s",
        number,
        since,
        after if after is not None else 1 << 62,
        limit,
    )
    return Page([_hit(row) for row in rows], rows[-1][8] if len(rows) == limit else None)


def recent(view: View, *, resource_type: str = "", since: int = 0, after: int | None = None, limit: int = 100) -> Page:
    """Versions of a type, or of everything, in the order they became known. Looks at five times `_WINDOW` of them at
    most: a page may be short though more follow."""
    hits: list[Hit] = []
    high = after if after is not None else last() + 1
    of_type, values = (" AND r.type = %s", [resource_type]) if resource_type else ("", [])
    for _ in range(5):
        low = max(1, high - _WINDOW)
        while True:
            rows = sets.rows(
                f"{_VERSION} v.id >= %s AND v.id < %s{of_type} ORDER BY v.id DESC LIMIT %s", low, high, *values, limit
            )
            view.learn({(row[2] or "", row[3] or "") for row in rows})
            for row in rows:
                if row[9] < since:
                    return Page(hits, None)
                if view.sees(row[2], row[3], row[1]):
                    hits.append(_hit(row))
                    if len(hits) == limit:
                        return Page(hits, row[12])
            if len(rows) < limit:
                break
            high = rows[-1][12]
        high = low
        if low == 1 or _known(low) < since:
            return Page(hits, None)
    return Page(hits, high)


def _known(number: int) -> int:
    """When the version of that number, or the next older one, became known; the past where there is none."""
    found = sets.one("SELECT known_from FROM store_version WHERE id <= %s ORDER BY id DESC LIMIT 1", number)
    return -1 if found is None else int(found)


def newer(after: int, limit: int) -> list[Hit]:
    """Versions stored behind the one of that number, the oldest first, deletions too; `cursor` holds their numbers.
    For those who pass on what is new."""
    rows = sets.rows(f"{_VERSION} v.id > %s ORDER BY v.id LIMIT %s", after, limit)
    return [_hit(row) for row in rows]


def last() -> int:
    """The number of the latest version."""
    return int(sets.one("SELECT coalesce(max(id), 0) FROM store_version"))


def _hit(row: Sequence[Any]) -> Hit:
    number, source, division, institution, kind, key, public, person, version_, known_from, body, name, id_ = row
    hit = Hit(number, kind, public, key, source, name, person, version_, known_from, body, (id_,))
    hit.place = (division or "", institution or "")
    return hit
