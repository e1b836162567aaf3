"""Who each resource is about: the part of a write that turns Patients and references into numbers of persons.

Called by `writing` inside its one transaction; everything is looked up and written in sets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from luoshi.platform.store import sets
from luoshi.platform.store.models import Person
from luoshi.platform.store.preparing import DELETED, Row
from luoshi.platform.store.work import Known, Name, Work
from luoshi.records.identify import Key, decide

__all__ = ["assign", "identify", "resolve", "write_persons"]


def identify(accepted: list[tuple[Row, Known]], work: Work) -> None:
    """A person for every Patient."""
    patients = [(row, at) for row, at in accepted if row.facts is not None]
    if not patients:
        return
    wanted = {key for row, _ in patients for key in row.facts.keys}  # type: ignore[union-attr]
    owners: dict[Key, int] = {(system, value): person for system, value, person in _owners(wanted)}
    following = int(sets.one("SELECT coalesce(max(number), 0) FROM store_person")) + 1
    for row, at in patients:
        found = row.facts
        assert found is not None
        decision = decide(found, known_as=at.person, owners=owners)
        person = decision.person
        if person is None:
            person, following = following, following + 1
            work.new_persons.add(person)
        at.person = person
        work.persons[person] = (found.division, found.institution, found.name[: Person.NAME_LENGTH])
        for key in decision.claim:
            owners[key] = person
            work.claims.append((*key, person))
        work.reviews.extend(("conflict", at.id, person, other) for other in decision.conflicts)
        work.reviews.extend((doubt, at.id, person, None) for doubt in found.doubts)
    work.counts.persons = len(work.new_persons)


def _owners(keys: Iterable[Key]) -> list[tuple[Any, ...]]:
    return sets.pairs(
        "SELECT i.system, i.value, i.person FROM {pairs} JOIN store_personidentifier i"
        " ON i.system = wanted.a AND i.value = wanted.b",
        keys,
    )


def assign(accepted: list[tuple[Row, Known]], known: dict[Name, Known], work: Work) -> None:
    """The person every other resource is about, or a place in the queue for when the Patient comes."""
    others = [(row, at) for row, at in accepted if row.facts is None and row.hash != DELETED]
    keys = {row.patient for row, _ in others if row.patient}
    ids = {key[8:] for key in keys if key.startswith("Patient/")}
    persons: dict[str, int | None] = {
        f"Patient/{key}": person
        for key, person in sets.select(
            "SELECT key, person FROM store_resource WHERE key IN {values} AND type = 'Patient' AND source_id = %s",
            ids,
            work.source,
        )
    }
    persons.update({f"Patient/{key}": at.person for (kind, key), at in known.items() if kind == "Patient"})
    identifiers = [(a, b) for a, _, b in (key.partition("|") for key in keys if not key.startswith("Patient/"))]
    persons.update({f"{system}|{value}": person for system, value, person in _owners(identifiers)})
    persons.update({f"{system}|{value}": person for system, value, person in work.claims})
    for row, at in others:
        person = persons.get(row.patient) if row.patient else None
        work.pending.pop(at.id, None)
        if person is None and row.patient:
            work.pending[at.id] = row.patient
        if at.person is not None and at.person != person:
            work.moved.add(at.person)
        at.person = person


def write_persons(work: Work) -> None:
    """Write new persons, what is newly told of known ones, identifiers they claimed and doubts for a human."""
    sets.insert(
        "store_person",
        ("number", "division", "institution", "name", "chunk"),
        [(number, *work.persons[number], work.chunk) for number in sorted(work.new_persons)],
    )
    sets.update(
        "UPDATE store_person SET division = coalesce(nullif(%s, ''), division),"
        " institution = coalesce(nullif(%s, ''), institution), name = coalesce(nullif(%s, ''), name) WHERE number = %s",
        [(*told, number) for number, told in work.persons.items() if number not in work.new_persons],
    )
    identifier = sets.following("store_personidentifier")
    sets.insert(
        "store_personidentifier",
        ("id", "system", "value", "person"),
        [(identifier + i, *claim) for i, claim in enumerate(work.claims)],
    )
    review = sets.following("store_review")
    noted = set(
        sets.select(
            "SELECT kind, resource_id, person, other FROM store_review WHERE resource_id IN {values} AND state = 'open'",
            {resource for _, resource, _, _ in work.reviews},
        )
    )
    reviews = [item for item in dict.fromkeys(work.reviews) if item not in noted]
    work.counts.reviews = len(reviews)
    sets.insert(
        "store_review",
        ("id", "kind", "resource_id", "person", "other", "at", "state"),
        [(review + i, *item, work.now, "open") for i, item in enumerate(reviews)],
    )


def resolve(fresh: list[tuple[Row, Known, str]], known: dict[Name, Known], work: Work) -> None:
    """Give those who waited for a Patient of this set their person, and queue the new ones who wait."""
    arrived: dict[str, int] = {
        f"Patient/{row.key}": at.person for row, at, _ in fresh if row.facts is not None and at.person is not None
    }
    claimed = {f"{system}|{value}": person for system, value, person in work.claims}
    waiting: list[tuple[int, int, int]] = []
    for id_, key, resource, source in sets.select(
        "SELECT id, key, resource_id, source_id FROM store_pending WHERE key IN {values}", [*arrived, *claimed]
    ):
        person = claimed.get(key) or (arrived.get(key) if source == work.source else None)
        if person is not None:
            waiting.append((id_, resource, person))
    sets.update(
        "UPDATE store_resource SET person = %s, touched = %s WHERE id = %s",
        [(person, work.chunk, resource) for _, resource, person in waiting],
    )
    sets.update("DELETE FROM store_pending WHERE id = %s", [(id_,) for id_, _, _ in waiting])
    updated = {at.id for at in known.values() if at.rows and not at.fresh}
    sets.update(
        "DELETE FROM store_pending WHERE id = %s",
        sets.select("SELECT id FROM store_pending WHERE resource_id IN {values}", updated),
    )
    work.counts.pending = len(work.pending)
    number = sets.following("store_pending")
    sets.insert(
        "store_pending",
        ("id", "source_id", "key", "resource_id"),
        [(number + i, work.source, key, resource) for i, (resource, key) in enumerate(work.pending.items())],
    )
    change = sets.following("store_personchange")
    sets.insert(
        "store_personchange",
        ("id", "chunk", "person"),
        [(change + i, work.chunk, person) for i, person in enumerate(sorted(work.moved))],
    )
