"""Where resources go: from the person they came in under to the root of the links above it.

Called by the store's writer and by `actions`, inside their transactions; everything in sets. An installation without
links pays one small query a set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from luoshi.platform.store import sets


def roots(persons: Iterable[int]) -> dict[int, int]:
    """Person → the one it counts for, for those who are not their own root."""
    return dict(
        sets.select("SELECT child, root FROM identity_link WHERE child IN {values} AND ended_at IS NULL", set(persons))
    )


def root(person: int) -> int:
    """The person this one counts for."""
    return roots([person]).get(person, person)


def members(person: int) -> list[int]:
    """Everyone who counts for the same person, itself too, sorted."""
    top = root(person)
    found = sets.rows("SELECT child FROM identity_link WHERE root = %s AND ended_at IS NULL", top)
    return sorted({top, *(child for (child,) in found)})


def below(person: int) -> set[int]:
    """The person and everyone linked below it."""
    found, layer = {person}, [person]
    while layer:
        rows = sets.select("SELECT child FROM identity_link WHERE parent IN {values} AND ended_at IS NULL", layer)
        layer = [child for (child,) in rows if child not in found]
        found.update(layer)
    return found


def origins(resources: Iterable[int]) -> dict[int, int]:
    """Resource → the person it came in under, where that is not the one it counts for."""
    return dict(sets.select("SELECT resource, person FROM identity_origin WHERE resource IN {values}", set(resources)))


def any_links() -> bool:
    """Whether anybody was ever linked."""
    return sets.one("SELECT 1 FROM identity_link LIMIT 1") is not None


def place(raw: Mapping[int, int | None], before: Mapping[int, int | None], now: int) -> dict[int, int | None]:
    """Resource → the person it counts for, given the one it comes in under (`raw`) and counted for until now
    (`before`, without new ones); notes origins and, for those a link ever moved, the change."""
    if not raw or not any_links():
        return dict(raw)
    tops = roots(person for person in raw.values() if person is not None)
    placed = {resource: None if person is None else tops.get(person, person) for resource, person in raw.items()}
    set_origins(raw, placed)
    moved = {resource: placed[resource] for resource in before if placed[resource] != before[resource]}
    follow(moved, now, started=())
    return placed


def set_origins(raw: Mapping[int, int | None], placed: Mapping[int, int | None]) -> None:
    """Keep origins of resources that count for another person, forget those of the others."""
    sets.update("DELETE FROM identity_origin WHERE resource = %s", [(resource,) for resource in origins(raw)])
    sets.insert(
        "identity_origin",
        ("resource", "person"),
        [(resource, person) for resource, person in raw.items() if person is not None and placed[resource] != person],
    )


def follow(moved: Mapping[int, int | None], now: int, *, started: Iterable[tuple[int, int]]) -> None:
    """Resources change their person at an instant. `started`: (resource, person so far) of those to be followed from
    now on; of the rest only those followed already are."""
    known = {
        r for (r,) in sets.select("SELECT DISTINCT resource FROM identity_belonging WHERE resource IN {values}", moved)
    }
    rows: list[tuple[int, int | None, int, int | None]] = []
    for resource, person in started:
        if resource not in known:
            rows.append((resource, person, 0, now))
    followed = known | {row[0] for row in rows}
    sets.update(
        "UPDATE identity_belonging SET known_to = %s WHERE resource = %s AND known_to IS NULL",
        [(now, resource) for resource in moved if resource in known],
    )
    rows += [(resource, person, now, None) for resource, person in moved.items() if resource in followed]
    sets.insert_numbered("identity_belonging", ("resource", "person", "known_from", "known_to"), rows)
