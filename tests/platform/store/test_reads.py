"""Reading the store: within the scope, each version, in bulk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.http import Http404

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.store import reads

if TYPE_CHECKING:
    from tests.platform.store.conftest import Store


def patient(key: str, division: str, institution: str = "") -> dict[str, Any]:
    """A Patient living in a division, managed by an institution."""
    made: dict[str, Any] = {
        "resourceType": "Patient",
        "id": key,
        "address": [{"extension": [{"url": "urn:luoshi:cn:ext:division", "valueCode": division}]}],
    }
    if institution:
        made["managingOrganization"] = {"reference": f"Organization/{institution}"}
    return made


def visit(key: str, about: str, status: str = "planned") -> dict[str, Any]:
    """An Encounter."""
    return {
        "resourceType": "Encounter",
        "id": key,
        "status": status,
        "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/{about}"},
    }


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    """Two residents, one managed by C1; a visit with two versions, a deleted one."""

    def send(day: str, *resources: dict[str, Any]) -> None:
        path = tmp_path / f"{day}.ndjson"
        path.write_text("\n".join(map(json.dumps, resources)), "utf-8")
        with clock.at(clock.datetime.fromisoformat(f"{day}T08:00:00+08:00")):
            store.ingest(path)

    send("2025-01-01", patient("a", "990101", "C1"), patient("b", "990202"), visit("v", "a"), visit("gone", "a"))
    deletion = {"resourceType": "Bundle", "type": "batch", "entry": [
        {"request": {"method": "DELETE", "url": "Encounter/gone"}}]}  # fmt: skip
    send("2025-01-02", visit("v", "a", "finished"), visit("w", "b"), deletion)
    return store


SYSTEM = Scope(user=None, division_paths=("/",))
OF_C1 = Scope(user=None, institution_codes=("C1",))


def test_versions(filled: Store) -> None:
    present = reads.read("Encounter", "v", scope=SYSTEM)
    assert (present.version, present.resource["status"], present.source) == (2, "finished", "a")
    assert present.resource["meta"]["versionId"] == "2"
    assert present.received.isoformat() == "2025-01-02T00:00:00+00:00"
    first = reads.read("Encounter", "v", scope=SYSTEM, version=1)
    assert (first.resource["status"], first.replaced) == ("planned", present.received)
    assert [s.version for s in reads.history("Encounter", "v", scope=SYSTEM)] == [2, 1]


def test_a_deleted_resource_is_gone_but_not_forgotten(filled: Store) -> None:
    with pytest.raises(Http404):
        reads.read("Encounter", "gone", scope=SYSTEM)
    assert [s.deleted for s in reads.history("Encounter", "gone", scope=SYSTEM)] == [True, False]


def test_outside_the_scope_there_is_nothing(filled: Store) -> None:
    person = reads.person_of("Patient", "a", scope=OF_C1)
    assert person is not None
    assert reads.read("Encounter", "v", scope=OF_C1).person == person
    assert [(s.type, s.id) for s in reads.resources_of_person(person, scope=OF_C1)] == [
        ("Encounter", "v"),
        ("Patient", "a"),
    ]
    assert [s.type for s in reads.resources_of_person(person, scope=OF_C1, types=["Patient"])] == ["Patient"]
    other = reads.person_of("Patient", "b", scope=SYSTEM)
    assert other is not None
    for attempt in (
        lambda: reads.read("Patient", "b", scope=OF_C1),
        lambda: reads.read("Encounter", "w", scope=OF_C1),
        lambda: reads.history("Encounter", "w", scope=OF_C1),
        lambda: reads.resources_of_person(other, scope=OF_C1),
        lambda: reads.resources_of_person(99, scope=SYSTEM),
        lambda: reads.read("Encounter", "nothing", scope=SYSTEM),
        lambda: reads.read("Patient", "a", scope=Scope(user=None)),
    ):
        with pytest.raises(Http404):
            attempt()


def test_bodies_in_bulk(filled: Store) -> None:
    rows = [row for table in reads.bodies("Encounter", batch=2) for row in table.to_pylist()]
    assert [(r["id"], r["person"], r["version"], r["known_to"] is None) for r in rows] == [
        ("v", 1, 1, False), ("v", 1, 2, True), ("gone", 1, 1, False), ("w", 2, 1, True),
    ]  # fmt: skip
    assert all(table.schema == reads.BODIES for table in reads.bodies("Encounter"))
    assert sum(t.num_rows for t in reads.bodies("Encounter", person_range=(2, 3))) == 1
    assert sum(t.num_rows for t in reads.bodies("Encounter", assigned=False)) == 0
    since = clock.datetime.fromisoformat("2025-01-02T00:00:00+08:00")
    assert sum(t.num_rows for t in reads.bodies("Encounter", since=since)) == 4
    assert sum(t.num_rows for t in reads.bodies("Patient", since=since)) == 0
    assert reads.persons_changed(since) == [1, 2]
    assert list(reads.bodies("Observation")) == []
