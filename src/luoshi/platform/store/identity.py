"""Who each resource is about: the part of a write that turns Patients and references into numbers of persons.

Called by `writing` inside its one transaction; everything is looked up and written in sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from luoshi.platform.identity import links
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
    before = {at.id: at.person for _, at in patients if not at.fresh}
    origins = links.origins(before) if work.linked else {}
    for row, at in patients:
        found = row.facts
        assert found is not None
        known_as = work.raw.get(at.id, origins.get(at.id, at.person))
        decision = decide(found, known_as=known_as, owners=owners)
        person = decision.person
        if person is None:
            person, following = following, following + 1
            work.new_persons.add(person)
        work.raw[at.id] = person
        work.persons[person] = (found.division, found.institution, found.name[: Person.NAME_LENGTH])
        for key in decision.claim:
            owners[key] = person
            work.claims.append((*key, person))
        work.reviews.extend(("conflict", at.id, person, other) for other in decision.conflicts)
        work.reviews.extend((doubt, at.id, person, None) for doubt in found.doubts)
    _place(patients, {at.id: work.raw[at.id] for _, at in patients}, before, work)
    _one_already(work)
    work.counts.persons = len(work.new_persons)


def _place(
    rows: list[tuple[Row, Known]], raw: Mapping[int, int | None], before: Mapping[int, int | None], work: Work
) -> None:
    """Give resources the person at the root of the links above the one they come in under."""
    if not work.linked:
        for _, at in rows:
            at.person = raw[at.id]
        return
    placed = links.place(raw, before, work.now)
    for row, at in rows:
        person, came = placed[at.id], raw[at.id]
        at.person = person
        if row.facts is not None and person is not None and came is not None and person != came:
            work.persons[person] = work.persons[came]


def _one_already(work: Work) -> None:
    """Two people who were found to be one are no conflict."""
    others = {other for _, _, _, other in work.reviews if other is not None}
    if not others:
        return
    tops = links.roots(others | {person for _, _, person, _ in work.reviews}) if work.linked else {}
    work.reviews = [
        (kind, resource, tops.get(person, person), other)
        for kind, resource, person, other in work.reviews
        if other is None or tops.get(person, person) != tops.get(other, other)
    ]


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
    stored = sets.select(
        "SELECT key, person, id FROM store_resource WHERE key IN {values} AND type = 'Patient' AND source_id = %s",
        ids,
        work.source,
    )
    patients = [(key, at) for (kind, key), at in known.items() if kind == "Patient"]
    origins = links.origins([*(id_ for _, _, id_ in stored), *(at.id for _, at in patients)]) if work.linked else {}
    persons: dict[str, int | None] = {f"Patient/{key}": origins.get(id_, person) for key, person, id_ in stored}
    for key, at in patients:
        persons[f"Patient/{key}"] = work.raw.get(at.id, origins.get(at.id, at.person))
    identifiers = [(a, b) for a, _, b in (key.partition("|") for key in keys if not key.startswith("Patient/"))]
    persons.update({f"{system}|{value}": person for system, value, person in _owners(identifiers)})
    persons.update({f"{system}|{value}": person for system, value, person in work.claims})
    before = {at.id: at.person for _, at in others if not at.fresh}
    raw: dict[int, int | None] = {}
    for row, at in others:
        person = raw[at.id] = persons.get(row.patient) if row.patient else None
        if person is None and row.patient:
            work.pending[at.id] = row.patient
        else:
            work.pending.pop(at.id, None)
    _place(others, raw, before, work)
    if before:
        work.moved.update(
            person for _, at in others if (person := before.get(at.id)) is not None and person != at.person
        )


def write_persons(work: Work) -> None:
    """Write new persons, what is newly told of known ones, identifiers they claimed and doubts for a human."""
    sets.insert(
        "store_person",
        ("number", "division", "institution", "name", "chunk"),
        [(number, *work.persons[number], work.chunk) for number in sorted(work.new_persons)],
    )
    present = {
        number: tuple(known)
        for number, *known in sets.select(
            "SELECT number, division, institution, name FROM store_person WHERE number IN {values}",
            work.persons.keys() - work.new_persons,
        )
    }
    newly = {
        number: tuple(new or old for new, old in zip(work.persons[number], known, strict=True))
        for number, known in present.items()
    }
    sets.update(
        "UPDATE store_person SET division = %s, institution = %s, name = %s WHERE number = %s",
        [(*told, number) for number, told in newly.items() if told != present[number]],
    )
    sets.insert_numbered("store_personidentifier", ("system", "value", "person"), work.claims)
    noted = set(
        sets.select(
            "SELECT kind, resource_id, person, other FROM store_review WHERE resource_id IN {values} AND state = 'open'",
            {resource for _, resource, _, _ in work.reviews},
        )
    )
    reviews = [item for item in dict.fromkeys(work.reviews) if item not in noted]
    work.counts.reviews = len(reviews)
    sets.insert_numbered(
        "store_review",
        ("kind", "resource_id", "person", "other", "at", "state"),
        [(*item, work.now, "open") for item in reviews],
    )


def resolve(fresh: list[tuple[Row, Known, str]], known: dict[Name, Known], work: Work) -> None:
    """Give those who waited for a Patient of this set their person, and queue the new ones who wait."""
    arrived: dict[str, int] = {
        f"Patient/{row.key}": work.raw[at.id] for row, at, _ in fresh if row.facts is not None and at.id in work.raw
    }
    claimed = {f"{system}|{value}": person for system, value, person in work.claims}
    waiting: list[tuple[int, int, int]] = []
    for id_, key, resource, source in sets.select(
        "SELECT id, key, resource_id, source_id FROM store_pending WHERE key IN {values}", [*arrived, *claimed]
    ):
        person = claimed.get(key) or (arrived.get(key) if source == work.source else None)
        if person is not None:
            waiting.append((id_, resource, person))
    raw = {resource: person for _, resource, person in waiting}
    placed = links.place(raw, dict.fromkeys(raw), work.now) if work.linked else raw
    sets.update(
        "UPDATE store_resource SET person = %s, touched = %s WHERE id = %s",
        [(placed[resource], work.chunk, resource) for _, resource, _ in waiting],
    )
    sets.update("DELETE FROM store_pending WHERE id = %s", [(id_,) for id_, _, _ in waiting])
    updated = {at.id for at in known.values() if at.rows and not at.fresh}
    sets.update(
        "DELETE FROM store_pending WHERE id = %s",
        sets.select("SELECT id FROM store_pending WHERE resource_id IN {values}", updated),
    )
    work.counts.pending = len(work.pending)
    sets.insert_numbered(
        "store_pending",
        ("source_id", "key", "resource_id"),
        [(work.source, key, resource) for resource, key in work.pending.items()],
    )
    sets.insert_numbered(
        "store_personchange", ("chunk", "person"), [(work.chunk, person) for person in sorted(work.moved)]
    )
