"""From the real store to the lake: what arrives late, again, corrected, deleted or about somebody not yet known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.platform.lake.samples import NOW, condition, contents, patient, pressure, rows, some_registers, visit

from luoshi.platform.lake.build import build, update
from luoshi.platform.lake.source import StoreSource, _runs
from luoshi.platform.store.models import Source
from luoshi.platform.store.preparing import prepare
from luoshi.platform.store.writing import commit


def of(person: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {**resource, "subject": {"reference": f"Patient/{person}"}}


def deletion(url: str) -> dict[str, Any]:
    entry = {"request": {"method": "DELETE", "url": url}}
    return {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}


STEPS: list[list[dict[str, Any]]] = [
    [patient("a"), patient("b"), of("a", visit("e1")), of("a", pressure("o1", 150, 90)), of("b", visit("e2"))],
    [of("c", visit("e3")), of("c", condition("c1", "e3"))],  # before their Patient
    [of("a", visit("e1", institution="H2")), of("a", condition("c2", "e1"))],  # corrected
    [patient("c", gender="male")],
    [of("a", visit("e1", institution="H2"))],  # sent again
    [deletion("Observation/o1")],
    [of("b", visit("e1", institution="H2"))],  # was somebody else's
    [visit("e4")],  # of nobody
]


@pytest.mark.django_db
def test_updates_from_the_store_equal_a_build(tmp_path: Path) -> None:
    sender = Source.objects.create(name="hospital")
    source, lake = StoreSource(), tmp_path / "lake"
    build(source, lake, at=NOW, bucket_size=2, register_rows=some_registers())
    for n, step in enumerate(STEPS):
        prepared = prepare("\n".join(json.dumps(each) for each in step).encode(), 1, False)
        assert not prepared.refused, prepared.refused
        commit(prepared, source=sender, by="test")
        report = update(source, lake, at=NOW, register_rows=some_registers())
        assert bool(report) == (n != 4)
        fresh = tmp_path / f"fresh{n}"
        build(source, fresh, at=NOW, bucket_size=2, register_rows=some_registers())
        assert contents(lake) == contents(fresh), n
    believed = {row["id"]: row for row in rows(lake, "visit") if row["known_to"] is None}
    assert {key: row["institution"] for key, row in believed.items()} == {
        "e1": "H2",
        "e2": "H1",
        "e3": "H1",
        "e4": "H1",
    }
    assert believed["e4"]["person"] is None
    assert believed["e1"]["person"] == believed["e2"]["person"]
    assert [row["institution"] for row in rows(lake, "condition") if row["id"] == "c1"] == ["H1"]
    assert all(row["known_to"] is not None for row in rows(lake, "observation"))


@pytest.mark.django_db
def test_some_persons_are_read_and_no_others() -> None:
    sender = Source.objects.create(name="hospital")
    people = [patient(f"p{n}") for n in range(60)]
    commit(prepare("\n".join(map(json.dumps, people)).encode(), 1, False), source=sender, by="test")
    wanted = [1, 3, 4, 30, 60]
    found = [p for table in StoreSource().bodies("Patient", persons=wanted) for p in table.column("person").to_pylist()]
    assert found == wanted


def test_runs_leave_out_wide_gaps() -> None:
    assert _runs([1, 2, 5, 40, 41], 3) == [range(1, 6), range(40, 42)]
