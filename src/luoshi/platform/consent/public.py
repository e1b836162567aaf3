"""What the rest of Luoshi asks of consent: may this be shown, and which of these may.

    admitted = public.admit(person, scope=scope)               # who may look at this person at all; else Http404
    shown = public.filter(stored, scope=scope)                 # resources of the store, those that may be seen
    public.examine(stored, admitted)                           # the same for one person's page, with the grounds
    public.tellable(cohort, members, scope=scope)              # whom a list of a cohort may name

Nothing here tells how many records were left out: that would tell that they exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import categories, queries, rules
from luoshi.platform.consent.categories import Name, book
from luoshi.platform.consent.queries import Admitted, admit
from luoshi.platform.store import sets
from luoshi.platform.store.reads import Stored

__all__ = ["Admitted", "Examined", "admit", "examine", "filter", "tellable"]

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Examined:
    """A person's resources as one viewer may see them. `hidden_cohorts`: cohorts whose membership alone would tell what
    the viewer may not see; `grounds`: why those shown are (`GROUNDS` of the rules), by name."""

    visible: list[Stored]
    hidden_cohorts: frozenset[str]
    grounds: dict[Name, rules.Decision]


def examine(stored: Sequence[Stored], admitted: Admitted) -> Examined:
    """Decide for all present resources of one person. The Patient itself is always seen. One query."""
    found = {(s.type, s.id): s.resource for s in stored if not s.deleted}
    sources = _source_institutions({s.source for s in stored})
    of_source = {(s.type, s.id): sources.get(s.source, frozenset()) for s in stored}
    now, whole = queries.now(), book()

    def decide(kinds: Iterable[str], authors: frozenset[str] = frozenset()) -> rules.Decision:
        return rules.may_see(
            kinds, authors=authors, viewer=admitted.viewer, grounds=admitted.grounds, now=now, book=whole
        )

    read = categories.of_all(found)
    decided = {name: decide(kinds, authors | of_source[name]) for name, (kinds, authors) in read.items()}
    # Who made records of a category knows that the person is in it.
    known = {kind for name, (kinds, _authors) in read.items() if decided[name].allowed for kind in kinds}
    return Examined(
        visible=[s for s in stored if s.type == "Patient" or decided[s.type, s.id].allowed],
        hidden_cohorts=frozenset(
            cohort
            for name, category in whole.categories.items()
            if name not in known and not decide([name]).allowed
            for cohort in category.cohorts
        ),
        grounds={name: decision for name, decision in decided.items() if name[0] != "Patient"},
    )


def filter(  # noqa: A001 (the name the callers were promised)
    resources: Iterable[_Item],
    *,
    scope: Scope,
    purpose: str = "",
    key: Callable[[_Item], Stored] = lambda item: item,  # type: ignore[assignment,return-value]
) -> list[_Item]:
    """Those of some resources, of any number of persons, that a viewer may see, in their order.

    `resources` are `Stored` or hold one (`key`). Resources without a person and Patients pass. What they belong to is
    fetched where it is not among them. The system's own scope (no user, everywhere) sees everything. About seven queries however
    many resources there are. A past version is decided by itself and by what it belonged to.
    """
    items = list(resources)
    stored = [key(item) for item in items]
    persons = sorted({s.person for s in stored if s.person is not None and s.type != "Patient"})
    if not persons or scope.trusted:
        return items
    known = queries.grounds_of(persons)
    places = {
        number: (division, institution)
        for number, division, institution in sets.select(
            "SELECT number, division, institution FROM store_person WHERE number IN {values}", persons
        )
    }
    sources = _source_institutions({s.source for s in stored})
    readings: dict[int, dict[Name, Any]] = {person: {} for person in persons}
    origin: dict[Name, str] = {}
    asked: list[tuple[int, Name] | None] = []
    for s in stored:
        if s.person is None or s.type == "Patient" or s.deleted:
            asked.append(None)
            continue
        found = readings[s.person]
        # Versions of one resource are decided each by itself.
        name = (s.type, s.id) if (s.type, s.id) not in found else (s.type, f"{s.id}|{s.version}")
        found[name], origin[name] = s.resource, s.source
        asked.append((s.person, name))
    _carriers(readings)
    allowed: dict[tuple[int, Name], bool] = {}
    now, whole = queries.now(), book()
    for person, found in readings.items():
        viewer = queries.viewer(scope, purpose=purpose, inside=scope.covers_person(*places.get(person, ("", ""))))
        for name, (kinds, authors) in categories.of_all(found).items():
            allowed[person, name] = rules.may_see(
                kinds,
                authors=authors | sources.get(origin.get(name, ""), frozenset()),
                viewer=viewer,
                grounds=known[person],
                now=now,
                book=whole,
            ).allowed
    return [item for item, name in zip(items, asked, strict=True) if name is None or allowed[name]]


def tellable(cohort: str, members: Iterable[tuple[int, str]], *, scope: Scope) -> frozenset[int]:
    """Which members of a cohort a list may name to this viewer: those whose membership they may know.

    `members` are persons with the institution that serves them, all inside the scope. Everybody, where membership tells
    nothing secret. Otherwise the list keeps the line and leaves out the name. Three or four queries.
    """
    listed = dict(members)
    kinds = categories.of_cohort(cohort)
    if not kinds or not listed or scope.trusted:
        return frozenset(listed)
    known = queries.grounds_of(listed)
    viewer, now, whole = queries.viewer(scope), queries.now(), book()
    return frozenset(
        person
        for person, institution in listed.items()
        if rules.may_see(
            kinds, authors=frozenset({institution}), viewer=viewer, grounds=known[person], now=now, book=whole
        ).allowed
    )


def _source_institutions(names: Iterable[str]) -> dict[str, frozenset[str]]:
    rows = sets.select("SELECT name, institution FROM store_source WHERE name IN {values}", names)
    return {name: frozenset({institution} - {""}) for name, institution in rows}


def _carriers(readings: dict[int, dict[Name, Any]]) -> None:
    """Fetch visits, programmes and the like that some of the resources belong to and that are not among them, twice:
    a visit may belong to a programme."""
    for _ in range(2):
        wanted: dict[str, set[str]] = {}
        for found in readings.values():
            there = {k for name in found for k in categories.keys(name)}
            for resource in list(found.values()):
                for kind, id_ in categories.read(resource).carriers - there:
                    wanted.setdefault(kind, set()).add(id_)
        if not wanted:
            return
        for kind, ids in wanted.items():
            for person, public_id, body in sets.select(
                "SELECT r.person, r.public_id, v.body FROM store_resource r JOIN store_version v"
                " ON v.resource_id = r.id AND v.version = r.version"
                " WHERE r.key IN {values} AND r.type = %s AND v.body <> ''",
                ids,
                kind,
            ):
                if person in readings:
                    readings[person].setdefault((kind, public_id), orjson.loads(body))
