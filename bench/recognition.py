"""How long a doctor waits for the alert at ordering: the lookup alone, and a whole call of CDS Hooks, in a store of as many
residents as asked for.

The store is filled directly, five resources a resident; those who are asked about have sixty results of fifteen items, in no
order. Each is asked about once, so nothing of theirs lies in a cache of ours. SQLite, one process.
"""

from __future__ import annotations

import json
import statistics
import time
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from bench.home import empty_home
from bench.row import Row

ASKED, RESULTS = 400, 60
TODAY = date(2025, 11, 3)
PROMISE = 0.2  # seconds, p95


def rows(residents: int) -> Iterator[Row]:
    """Two rows: p95 of the lookup and of the call."""
    with empty_home(TODAY.isoformat()):
        yield from _measure(_fill(residents), residents)


def _fill(residents: int) -> list[int]:
    """Fill the store; gives the persons to ask about, spread over all."""
    from django.db import connection, transaction

    from luoshi.platform.regions.models import Division, Institution
    from luoshi.platform.store import sets
    from luoshi.platform.store.models import Source
    from luoshi.services.recognition.models import QualityMark
    from luoshi.simulate import exams

    province = Division.objects.create(code="99", name="P", level=1, path="/99/")
    city = Division.objects.create(code="9901", name="C", level=2, parent=province, path="/99/9901/")
    for code in ("H1", "H2"):
        Institution.objects.create(code=code, name=code, type="general-hospital", level=3, division=city)
    QualityMark.objects.bulk_create(
        QualityMark(institution="H2", subject=s, level="nation", valid_from=date(2024, 1, 1), document="bench", by="bench",
                    at="2025-01-01T00:00:00Z")
        for s in ("liver", "kidney", "lipid", "thyroid", "infection")
    )  # fmt: skip
    source = Source.objects.create(name="lis", institution="H2")
    items = list(exams.TESTS)
    templates = {
        item: json.dumps(exams.observation("ID", {"reference": "Patient/P"}, item, exams.TESTS[item][5], TODAY, "H2"),
                         separators=(",", ":"), ensure_ascii=False)
        for item in items
    }  # fmt: skip
    asked = {1 + n * residents // ASKED for n in range(ASKED)}
    resource = 0
    for start in range(1, residents + 1, 20_000):
        persons, numbers, resources, versions = [], [], [], []
        for person in range(start, min(start + 20_000, residents + 1)):
            persons.append((person, "9901", "H1", f"N{person}", 1))
            numbers.append((person, "urn:luoshi:cn:id:ehr-no", f"{person:017d}", person))
            listed = [("Patient", '{"resourceType":"Patient"}')]
            for k in range(RESULTS if person in asked else 4):
                item = items[(person + k) % len(items)]
                day = TODAY - timedelta(days=(person * 7 + k * 13) % 400)
                listed.append(("Observation", templates[item].replace(TODAY.isoformat(), day.isoformat())))
            for kind, body in listed:
                resource += 1
                resources.append(
                    (resource, kind, f"r{resource}", f"r{resource}", source.pk, person, 1, f"{resource:x}", False, 1)
                )
                versions.append((resource, resource, 1, 1, None, f"{resource:x}", 1, body))
        with transaction.atomic():
            sets.insert("store_person", ("number", "division", "institution", "name", "chunk"), persons)
            sets.insert("store_personidentifier", ("id", "system", "value", "person"), numbers)
            sets.insert(
                "store_resource",
                ("id", "type", "key", "public_id", "source_id", "person", "version", "hash", "deleted", "touched"), resources,
            )  # fmt: skip
            sets.insert(
                "store_version",
                ("id", "resource_id", "version", "known_from", "known_to", "hash", "chunk", "body"),
                versions,
            )
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO store_chunk (id, source_id, at, counts) VALUES (1, %s, 1, '{}')", [source.pk])
    return sorted(asked)


def _measure(people: list[int], residents: int) -> Iterator[Row]:
    from django.test import Client

    from luoshi.platform.access.scope import Scope
    from luoshi.platform.sources import clients, registering, tokens
    from luoshi.platform.sources.models import Client as Key
    from luoshi.services.recognition import queries
    from luoshi.simulate import exams

    registration = registering.register(name="his", by="bench", scope=Scope.system(), institution="H1")
    key = clients.issue(source=registration.source, by="bench")
    token = tokens.issue(Key.objects.get(client_id=key.client_id)).token
    half = len(people) // 2
    items, orderer = list(exams.TESTS), queries.place("H1")
    scope = Scope(None, (), ("H1",), frozenset({"record.read"}))
    taken, found = [], 0
    for person in people[:half]:
        start = time.perf_counter()
        found += len(queries.earlier(person, items, scope=scope, orderer=orderer))
        taken.append(time.perf_counter() - start)
    assert found > half, "the lookup finds what was planted"
    size = f"{residents:,} residents, {RESULTS} results each of those asked, {half} asked once"
    yield Row("alert: lookup, p95", _p95(taken), floor=PROMISE, bar=1.0, size=f"{size}, median {_median(taken)}")
    client = Client(SERVER_NAME="127.0.0.1", headers={"Authorization": f"Bearer {token}"})
    taken, cards = [], 0
    for person in people[half:]:
        body = json.dumps(_call(person, items))
        start = time.perf_counter()
        answer = client.post("/cds-services/recognition-order-sign", body, content_type="application/json")
        taken.append(time.perf_counter() - start)
        cards += len(answer.json()["cards"])
    assert cards > half, "cards come"
    yield Row(
        "alert: order-sign with cards kept, p95",
        _p95(taken),
        floor=PROMISE,
        bar=1.0,
        size=f"{size}, median {_median(taken)}",
    )


def _call(person: int, items: list[str]) -> dict[str, Any]:
    drafts = [
        {"resource": {"resourceType": "ServiceRequest", "id": f"d-{i}", "status": "draft", "intent": "order",
                      "code": {"coding": [{"system": "urn:luoshi:cn:code:exam-item", "code": i}]}, "subject": {}}}
        for i in items
    ]  # fmt: skip
    identifier = {"system": "urn:luoshi:cn:id:ehr-no", "value": f"{person:017d}"}
    return {
        "hook": "order-sign", "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/1", "patientId": "x", "draftOrders": {"entry": drafts}},
        "prefetch": {"patient": {"resourceType": "Patient", "identifier": [identifier]}},
    }  # fmt: skip


def _p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


def _median(taken: list[float]) -> str:
    return f"{1000 * statistics.median(taken):.1f} ms"
