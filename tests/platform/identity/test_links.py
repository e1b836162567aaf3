"""Joining and parting persons: everything goes back exactly to whom it belonged, and the past stays as it was."""

from __future__ import annotations

import contextlib
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.platform.lake.samples import NOW, contents, patient, pressure, rows, some_registers, visit

from luoshi.kernel.errors import InvalidValue, NotFound, Refused
from luoshi.platform.audit.models import Entry
from luoshi.platform.identity import actions, links
from luoshi.platform.identity.models import Belonging, Link, Origin
from luoshi.platform.lake.build import build, update
from luoshi.platform.lake.source import StoreSource
from luoshi.platform.store import sets
from luoshi.platform.store.models import Person, Resource, Source
from luoshi.platform.store.preparing import prepare
from luoshi.platform.store.writing import commit


def of(person: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {**resource, "subject": {"reference": f"Patient/{person}"}}


def send(*resources: dict[str, Any], source: str = "hospital") -> None:
    sender, _ = Source.objects.get_or_create(name=source)
    prepared = prepare("\n".join(map(json.dumps, resources)).encode(), 1, False)
    assert not prepared.refused, prepared.refused
    commit(prepared, source=sender, by="test")


def number(key: str) -> int:
    person = Resource.objects.get(type="Patient", key=key).person
    assert person is not None
    return person


def placed() -> dict[str, Any]:
    """Whom everything counts for, and what the store says of persons and identifiers."""
    return {
        "resources": dict(sets.rows("SELECT type || '/' || key, person FROM store_resource")),
        "origins": dict(Origin.objects.values_list("resource", "person")),
        "persons": list(Person.objects.order_by("pk").values_list("pk", "division", "institution", "name")),
        "identifiers": sets.rows("SELECT system, value, person FROM store_personidentifier ORDER BY id"),
    }


def believed(lake: Path, table: str) -> list[dict[str, Any]]:
    found = [{**row, "known_from": None} for row in rows(lake, table) if row["known_to"] is None]
    return sorted(found, key=lambda row: (str(row["id"]), str(row)))


def as_known(lake: Path, table: str, instant: Any) -> list[tuple[Any, ...]]:
    return sorted(
        (row["id"], row["person"])
        for row in rows(lake, table)
        if row["known_from"] <= instant and (row["known_to"] is None or row["known_to"] > instant)
    )


@pytest.mark.django_db
def test_merge_moves_everything_and_unmerge_gives_it_back() -> None:
    send(patient("a"), patient("b"), of("a", visit("e1")), of("b", visit("e2")), of("b", pressure("o1", 150, 90)))
    before, a, b = placed(), number("a"), number("b")
    actions.merge(keep=a, other=b, by="officer", reason="同一人")
    assert set(Resource.objects.exclude(person=None).values_list("person", flat=True)) == {a}
    assert (links.root(b), links.members(a)) == (a, [a, b])
    actions.unmerge(other=b, by="officer", reason="误合并")
    assert placed() == before
    assert Link.objects.get().ended_reason == "误合并"
    noted = Entry.objects.filter(action__startswith="identity.").order_by("pk")
    assert list(noted.values_list("action", flat=True)) == ["identity.merge", "identity.unmerge"]


@pytest.mark.django_db
def test_what_comes_in_while_joined_goes_where_it_would_have_gone() -> None:
    """The same records, with and without a merge in between, end with the same persons."""
    first = (patient("a"), patient("b"), of("a", visit("e1")), of("b", visit("e2")))
    later = (
        {**patient("b"), "managingOrganization": {"reference": "Organization/H9"}},
        of("b", visit("e3")),
        of("a", visit("e4")),
        of("a", visit("e2")),  # corrected: was somebody else's
        patient("c"),
    )
    send(*first)
    a, b = number("a"), number("b")
    actions.merge(keep=a, other=b, by="officer", reason="同一人")
    send(*later)
    assert set(Resource.objects.exclude(key="c").values_list("person", flat=True)) == {a}
    actions.unmerge(other=b, by="officer", reason="误合并")
    after = placed()
    assert after["resources"]["Encounter/e3"] == b
    assert after["resources"]["Encounter/e2"] == a
    assert after["resources"]["Encounter/e4"] == a
    assert not after["origins"]
    places = {pk: institution for pk, _, institution, _ in after["persons"]}
    assert places[b] == "H9"
    assert places[a] != "H9"


@pytest.mark.django_db
def test_what_waited_finds_the_one_joined() -> None:
    send(patient("a"), patient("b"), of("c", visit("e1")))
    send(patient("c"))
    actions.merge(keep=number("a"), other=number("c"), by="o", reason="同一人")
    send(of("c", visit("e5")), of("d", visit("e6")))
    assert Resource.objects.get(key="e5").person == number("a")
    assert Resource.objects.get(key="e6").person is None


@pytest.mark.django_db
def test_what_cannot_be() -> None:
    send(patient("a"), patient("b"))
    a, b = number("a"), number("b")
    with pytest.raises(InvalidValue):
        actions.merge(keep=a, other=b, by="o", reason="  ")
    with pytest.raises(NotFound):
        actions.merge(keep=a, other=999, by="o", reason="x")
    actions.merge(keep=a, other=b, by="o", reason="x")
    with pytest.raises(Refused):
        actions.merge(keep=b, other=a, by="o", reason="x")
    with pytest.raises(Refused):
        actions.unmerge(other=a, by="o", reason="x")


@pytest.mark.django_db
def test_the_past_stays_as_it_was(tmp_path: Path) -> None:
    send(patient("a"), patient("b"), of("b", visit("e1")), of("b", pressure("o1", 150, 90)))
    a, b = number("a"), number("b")
    source, lake = StoreSource(), tmp_path / "lake"
    build(source, lake, at=NOW, bucket_size=2, register_rows=some_registers())
    start = max(row["known_from"] for row in rows(lake, "visit"))
    before = {table: believed(lake, table) for table in ("person", "visit", "observation")}
    then = as_known(lake, "visit", start)
    actions.merge(keep=a, other=b, by="o", reason="x")
    report = update(source, lake, at=NOW, register_rows=some_registers())
    assert set(report.buckets) >= {a // 2, b // 2}, "both persons' buckets were redone"
    assert [row["person"] for row in believed(lake, "visit")] == [a]
    assert [row["person"] for row in believed(lake, "person")] == [a]
    joined = max(row["known_from"] for row in rows(lake, "visit"))
    assert as_known(lake, "visit", start) == then
    actions.unmerge(other=b, by="o", reason="x")
    update(source, lake, at=NOW, register_rows=some_registers())
    assert {table: believed(lake, table) for table in before} == before
    assert as_known(lake, "visit", start) == then
    assert as_known(lake, "visit", joined) == [("e1", a)]
    fresh = tmp_path / "fresh"
    build(source, fresh, at=NOW, bucket_size=2, register_rows=some_registers())
    assert contents(lake) == contents(fresh)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from("abcd"), st.integers(1, 6)),
        st.tuples(st.just("merge"), st.sampled_from("abcd"), st.sampled_from("abcd")),
        st.tuples(st.just("unmerge"), st.sampled_from("abcd"), st.just(0)),
    ),
    max_size=9,
)


@pytest.mark.django_db(transaction=True)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_any_sequence_undone_leaves_what_the_records_alone_say(steps: list[tuple[str, str, Any]]) -> None:
    """After any sends, merges and unmerges, taking all links away gives the persons the sends alone give; and at every
    moment a resource counts for the root of the person it came in under."""
    from django.db import transaction

    with transaction.atomic():
        send(*[patient(key) for key in "abcd"])
        base = number("a") - 1
        sent: dict[str, str] = {}
        for n, (kind, one, two) in enumerate(steps):
            if kind == "send":
                send(of(one, visit(f"e{two}", institution=f"H{n}")))
                sent[f"e{two}"] = one
            elif kind == "merge":
                _try(lambda one=one, two=two: actions.merge(
                    keep=base + "abcd".index(one) + 1, other=base + "abcd".index(two) + 1, by="o", reason="x"))  # fmt: skip
            else:
                _try(lambda one=one: actions.unmerge(other=base + "abcd".index(one) + 1, by="o", reason="x"))
            for key, owner in sent.items():
                raw = base + "abcd".index(owner) + 1
                assert Resource.objects.get(key=key).person == links.root(raw)
        for resource, person in sets.rows("SELECT id, person FROM store_resource"):
            pieces = list(Belonging.objects.filter(resource=resource).order_by("known_from"))
            if pieces:
                assert pieces[-1].known_to is None
                assert pieces[-1].person == person
                assert all(x.known_to == y.known_from for x, y in itertools.pairwise(pieces))
        for link in list(Link.objects.filter(ended_at=None)):
            actions.unmerge(other=link.child, by="o", reason="x")
        for key, owner in sent.items():
            assert Resource.objects.get(key=key).person == base + "abcd".index(owner) + 1
        assert not Origin.objects.exists()
        transaction.set_rollback(True)


def _try(action: Any) -> None:
    with contextlib.suppress(Refused):
        action()
