"""References lead to what their sender meant, also where two senders use one id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from tests.platform.store.conftest import Store

from luoshi.platform.store import references
from luoshi.platform.store.models import Resource, Source


def test_references_stay_within_their_source(store: Store, tmp_path: Path, django_assert_num_queries: Any) -> None:
    patient = {"resourceType": "Patient", "id": "p1"}
    encounter = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/p1"},
        "partOf": {"reference": "Encounter/e0/_history/1"},
        "serviceProvider": {"reference": "Organization/o1"},
    }
    path = tmp_path / "r.ndjson"
    for source, sent in (
        (
            "a",
            [patient, encounter, {**encounter, "id": "e0"}, {"resourceType": "Organization", "id": "o1", "name": "o"}],
        ),
        ("b", [{**patient, "gender": "male"}, encounter]),
        ("c", [{**encounter, "id": "e9"}]),
    ):
        path.write_bytes(b"\n".join(orjson.dumps(r) for r in sent))
        store.ingest(path, source=source)
    a, b, c = (Source.objects.get(name=name).pk for name in "abc")
    with django_assert_num_queries(2):  # Patient and Encounter
        in_a, in_b, in_c, same = references.followed(
            [(a, encounter), (b, encounter), (c, encounter), (b, {"resourceType": "Basic"})]
        )
    assert in_a is encounter
    assert in_b["subject"]["reference"] == f"Patient/s{b}-p1"
    assert Resource.objects.get(type="Patient", public_id=f"s{b}-p1").source_id == b
    # Not sent by b or c, while a's is read by that id: nobody else's is shown.
    assert in_b["partOf"]["reference"] == f"Encounter/s{b}-e0/_history/1"
    assert in_c["subject"]["reference"] == f"Patient/s{c}-p1"
    assert in_b["serviceProvider"] == encounter["serviceProvider"]
    assert same == {"resourceType": "Basic"}
    # When it comes, it has that name.
    path.write_bytes(orjson.dumps(patient))
    store.ingest(path, source="c")
    assert Resource.objects.get(type="Patient", source_id=c).public_id == f"s{c}-p1"
