"""Ways into the store: every resource found once, in pieces of any size, by whom it may be seen; stale writers refused."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from luoshi.platform.access.scope import Scope
from luoshi.platform.store import search, versions, writing
from luoshi.platform.store.marks import NO_DAY, mark, marks
from luoshi.platform.store.models import Source
from luoshi.platform.store.preparing import DELETED, Prepared, Row, prepare
from luoshi.platform.store.search import ByMarks, Changed, Way, Whole
from luoshi.platform.store.views import View
from luoshi.platform.store.writing import Written

EVERYTHING = View(Scope.system())


def observation(key: str, about: str, day: str, code: str = "a") -> dict[str, Any]:
    """An Observation."""
    return {
        "resourceType": "Observation",
        "id": key,
        "status": "final",
        "code": {"coding": [{"code": code}]},
        "subject": {"reference": f"Patient/{about}"},
        "effectiveDateTime": day,
    }


def put(source: Source, *resources: dict[str, Any], **more: Any) -> list[Written]:
    """Write resources; what became of them."""
    told: list[Written] = []
    text = b"\n".join(orjson.dumps(resource) for resource in resources)
    writing.commit(prepare(text, 1, False), source=source, by="tester", told=told, **more)
    return told


def delete(source: Source, kind: str, key: str) -> None:
    """Delete a resource."""
    writing.commit(Prepared(rows=[Row(1, kind, key, DELETED, "", "")]), source=source, by="tester")


@pytest.fixture
def source(db: None) -> Source:
    """A source."""
    return Source.objects.create(name="a")


def walk(way: Way, size: int, view: View = EVERYTHING) -> list[str]:
    """Ids of everything a way leads to, in pieces."""
    found, cursor = [], None
    while True:
        candidates, cursor = way.after(cursor, size)
        assert len(candidates) <= size
        found += [hit.id for hit in search.read(search.visible(candidates, view))]
        if cursor is None:
            return found


def code(*values: str) -> tuple[int, ...]:
    """Marks of codes."""
    return tuple(mark("Observation", "code", value) for value in values)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_every_way_gives_everything_once_in_pieces_of_any_size(source: Source, size: int) -> None:
    days = ["2025-01-03", "2025-01-01", "2025-01-02", "2025", "1949-10-01", "2025-01-02"]
    put(source, *({"resourceType": "Patient", "id": f"p{i}"} for i in range(3)))
    put(source, *(observation(f"o{i}", f"p{i % 3}", day, "ab"[i % 2]) for i, day in enumerate(days)))
    put(source, {"resourceType": "Location", "id": "l"}, observation("late", "nobody", "2025-01-02"))
    everyone = {"late", *(f"o{i}" for i in range(6))}
    assert walk(ByMarks(code("a", "b")), size) == ["o0", "late", "o5", "o2", "o1", "o4", "o3"]
    assert walk(ByMarks(code("a"), 20090, 20090), size) == ["late", "o2"]
    assert walk(ByMarks(code("b"), 20090, 20090), size) == ["o5", "o3"]
    whole = walk(Whole("Observation"), size)
    assert (set(whole), len(whole), whole[-1]) == (everyone, 7, "late")
    changed = walk(Changed("Observation", 1), size)
    assert (set(changed), changed[0]) == (everyone, "late")
    assert walk(Changed("Observation", 3), size) == ["late"]
    assert walk(Changed("Location", 2), size) == ["l"]


def test_the_first_transaction_since_a_moment(source: Source) -> None:
    put(source, {"resourceType": "Patient", "id": "p1"})
    (second,) = put(source, {"resourceType": "Patient", "id": "p2"})
    assert search.chunk_since(0) == 1
    assert search.chunk_since(second.at) == 2
    assert search.chunk_since(second.at + 10**9) == 3
    assert search.count("Patient") == 2


def test_ids_persons_and_who_sees_them(source: Source, small_region: object) -> None:
    other = Source.objects.create(name="b")
    home = {"managingOrganization": {"reference": "Organization/C1"}}
    put(source, {"resourceType": "Patient", "id": "1", **home}, observation("o", "1", "2025-01-01"))
    put(other, {"resourceType": "Patient", "id": "1"}, observation("o", "1", "2025-01-02"))
    clinic = View(Scope(None, (), ("C1",), frozenset()))
    own = View(Scope(None), other.pk)
    assert [hit.source for hit in search.by_ids("Patient", ["1"], EVERYTHING)] == [source.pk]
    assert [hit.source for hit in search.by_ids("Patient", ["1"], View(Scope.system(), other.pk))] == [other.pk]
    renamed = f"s{other.pk}-1"
    assert [hit.key for hit in search.by_ids("Patient", [renamed, "nobody"], own)] == ["1"]
    assert [hit.source for hit in search.by_ids("Patient", ["1", renamed], clinic)] == [source.pk]
    persons = search.persons_of(["1"], EVERYTHING)
    assert set(search.persons_of(["1"], own)) == {"1", renamed}
    assert [hit.source for hit in search.of_persons("Observation", persons.values(), EVERYTHING)] == [source.pk]
    assert search.of_persons("Observation", persons.values(), own) == []
    (person,) = persons.values()
    assert [hit.type for hit in search.about(person, [], clinic)] == ["Patient", "Observation"]
    assert [hit.type for hit in search.about(person, ["Observation"], clinic)] == ["Observation"]
    assert walk(Whole("Observation"), 10, clinic) == ["o"]
    assert walk(Whole("Observation"), 10, own) == [f"s{other.pk}-o"]
    assert walk(ByMarks(code("a")), 10, clinic) == ["o"]


def test_versions(source: Source) -> None:
    for day in ("2025-01-01", "2025-01-02"):
        put(source, observation("o", "p", day))
    (middle,) = put(source, {"resourceType": "Patient", "id": "p"})
    delete(source, "Observation", "o")
    (hit,) = search.by_ids("Observation", ["o"], EVERYTHING, gone=True)
    assert hit.deleted
    assert search.by_ids("Observation", ["o"], EVERYTHING) == []
    page = versions.of_resource(hit.number, limit=2)
    assert [h.version for h in page.hits] == [3, 2]
    assert [h.version for h in versions.of_resource(hit.number, after=page.after, limit=2).hits] == [1]
    assert [h.version for h in versions.of_resource(hit.number, since=middle.at).hits] == [3]
    second = versions.version(hit.number, 2)
    assert second is not None
    assert second.parsed["effectiveDateTime"] == "2025-01-02"
    assert versions.version(hit.number, 9) is None
    recent = versions.recent(EVERYTHING, limit=3)
    assert [(h.type, h.version) for h in recent.hits] == [("Observation", 3), ("Patient", 1), ("Observation", 2)]
    rest = versions.recent(EVERYTHING, after=recent.after, limit=3)
    assert ([(h.type, h.version) for h in rest.hits], rest.after) == ([("Observation", 1)], None)
    of_type = versions.recent(EVERYTHING, resource_type="Patient", limit=1)
    assert [h.id for h in of_type.hits] == ["p"]
    assert [h.type for h in versions.recent(EVERYTHING, since=middle.at).hits] == ["Observation", "Patient"]
    assert versions.recent(View(Scope(None)), limit=3).hits == []
    assert [h.version for h in versions.newer(0, 2)] == [1, 2]
    assert versions.newer(versions.last(), 2) == []


def test_what_became_of_each_row_is_told_and_stale_writers_are_refused(source: Source) -> None:
    first = put(source, observation("o", "p", "2025-01-01"), observation("x", "p", "2025-01-01"))
    assert [(w.fate, w.version) for w in first] == [("new", 1), ("new", 1)]
    again = put(source, observation("o", "p", "2025-01-01"))
    assert (again[0].fate, again[0].at) == ("unchanged", first[0].at)
    name = ("Observation", "o")
    assert put(source, observation("o", "p", "2025-01-02"), expected={name: 1})[0].version == 2
    for stale in (0, 1, 3):
        with pytest.raises(writing.VersionConflict) as conflict:
            put(source, observation("o", "p", "2025-01-03"), observation("y", "p", "2025"), expected={name: stale})
        assert conflict.value.present == 2
    assert search.by_ids("Observation", ["y"], EVERYTHING) == []
    assert put(source, observation("o", "p", "2025-01-01"))[0].fate == "unchanged"
    meant = put(source, observation("o", "p", "2025-01-01"), expected={name: 2})[0]
    assert (meant.fate, meant.version) == ("changed", 3)
    delete(source, "Observation", "o")
    assert put(source, observation("o", "p", "2025-01-02"))[0].fate == "gone"


def test_marks_know_the_day() -> None:
    assert marks(observation("o", "p", "2025-01-02"))[0][1] == 20090
    assert marks(observation("o", "p", "1969-12-31T23:00:00+08:00"))[0][1] == -1
    assert marks(observation("o", "p", "2025-01"))[0][1] == NO_DAY
    two_days = {"resourceType": "Encounter", "id": "e", "type": [{"coding": [{"code": "a"}]}]}
    assert marks(two_days | {"period": {"start": "2025-01-01", "end": "2025-01-02"}})[0][1] == NO_DAY
    assert marks(two_days | {"period": {"start": "2025-01-02T08:00:00+08:00", "end": "2025-01-02"}})[0][1] == 20090
    assert marks({"resourceType": "Patient", "identifier": [{"value": "1"}, {"value": "1"}]}) == (
        (mark("Patient", "identifier", "1"), NO_DAY),
    )
