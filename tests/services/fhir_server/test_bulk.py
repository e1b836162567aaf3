"""Bulk export and import, and what a hospital is told meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Hospital, Register, bundle, observation, patient, put


def run_jobs() -> None:
    """Run what is queued."""
    from luoshi.platform.jobs.models import Job
    from luoshi.platform.jobs.queue import run

    for job in Job.objects.filter(status="queued"):
        run(job.pk)


def lines(told: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.body["text"].splitlines()] if "text" in told.body else [told.body]


def at(url: str) -> str:
    return url.partition("/fhir/R4")[2]


def fill(hospital: Hospital, count: int) -> None:
    entries = [put(patient(f"p{i}", gender="female")) for i in range(count)]
    entries += [put(observation(f"o{i}", f"Patient/p{i % count}", float(i))) for i in range(count * 3)]
    assert hospital("POST", "", bundle("transaction", *entries)).status == 200


def test_an_export_is_asked_for_waited_for_fetched_and_thrown_away(h1: Hospital, h2: Hospital, home: Path) -> None:
    fill(h1, 4)
    h1("DELETE", "/Observation/o1")
    assert h1("GET", "/$export").status == 400
    asked = h1("GET", "/$export?_type=Patient,Observation", Prefer="respond-async")
    assert asked.status == 202
    place = at(asked.headers["Content-Location"])
    assert h1("GET", place).status == 202
    assert h2("GET", place).status == 404
    run_jobs()
    done = h1("GET", place)
    assert done.status == 200
    found = {one["type"]: one for one in done.body["output"]}
    assert {kind: one["count"] for kind, one in found.items()} == {"Patient": 4, "Observation": 11}
    told = h1("GET", at(found["Observation"]["url"]))
    assert told.headers["Content-Type"].startswith("application/fhir+ndjson")
    assert sorted(r["id"] for r in lines(told)) == sorted(f"o{i}" for i in range(12) if i != 1)
    assert h2("GET", at(found["Observation"]["url"])).status == 404
    assert h1("GET", f"{place}/secret.ndjson").status == 404
    assert h1("DELETE", place).status == 202
    assert h1("GET", place).status == 404
    assert not list((home / "bulk").iterdir())


def test_an_export_gives_what_the_caller_may_see_and_notes_it(
    register: Register, small_region: object, home: Path
) -> None:
    from luoshi.platform.audit.trail import looks_at
    from luoshi.platform.store.models import Resource

    sender, clinic = register("sender"), register("clinic", institution="C1")
    for i, place in enumerate(["C1", "C2"]):
        sender("PUT", f"/Patient/p{i}", patient(f"p{i}", managingOrganization={"reference": f"Organization/{place}"}))
    asked = clinic("GET", "/Patient/$export", Prefer="respond-async")
    run_jobs()
    (one,) = clinic("GET", at(asked.headers["Content-Location"])).body["output"]
    assert [r["id"] for r in lines(clinic("GET", at(one["url"])))] == ["p0"]
    person = Resource.objects.get(key="p0").person
    assert person is not None
    assert "source:clinic" in [e.by for e in looks_at(person)]


def test_only_what_changed_since(h1: Hospital, home: Path) -> None:
    fill(h1, 2)
    moment = h1("GET", "/Patient/p1").body["meta"]["lastUpdated"].replace("+", "%2B")
    h1("PUT", "/Patient/p1", patient("p1", gender="male"))
    asked = h1("GET", f"/$export?_type=Patient&_since={moment}", Prefer="respond-async")
    run_jobs()
    (one,) = h1("GET", at(asked.headers["Content-Location"])).body["output"]
    assert "p1" in [r["id"] for r in lines(h1("GET", at(one["url"])))]


def test_an_export_that_was_cut_off_ends_like_one_that_was_not(
    h1: Hospital, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from luoshi.services.fhir_server import bulk
    from luoshi.services.fhir_server.models import Bulk

    fill(h1, 8)
    monkeypatch.setattr(bulk, "PIECE", 5)
    place = at(h1("GET", "/$export?_type=Patient,Observation", Prefer="respond-async").headers["Content-Location"])
    work = Bulk.objects.get()
    for fail_after in (0, 1, 2):
        calls = iter(range(fail_after))

        def dying(*_: Any, calls: Any = calls) -> None:
            if next(calls, None) is None:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            bulk.run_export(Bulk.objects.get(), dying)
        # What was written behind the last committed piece.
        with (bulk.folder(work) / "Observation.ndjson").open("ab") as file:
            file.write(b'{"half')
    run_jobs()
    found = {one["type"]: one for one in h1("GET", place).body["output"]}
    assert {kind: one["count"] for kind, one in found.items()} == {"Patient": 8, "Observation": 24}
    ids = [r["id"] for r in lines(h1("GET", at(found["Observation"]["url"])))]
    assert sorted(ids) == sorted(f"o{i}" for i in range(24))


def test_an_import_takes_lines_in_and_gives_back_what_it_refused(h1: Hospital, home: Path) -> None:
    text = "\n".join(json.dumps(r) for r in [patient("a"), patient("b", birthDate="x"), observation("o", "Patient/a")])
    asked = h1("POST", "/$import", text, Content_Type="application/fhir+ndjson")
    assert asked.status == 202
    place = at(asked.headers["Content-Location"])
    assert h1("GET", place).status == 202
    run_jobs()
    done = h1("GET", place).body
    assert done["output"] == []
    (error,) = lines(h1("GET", at(done["error"][0]["url"])))
    assert error["issue"][0]["expression"] == ["Patient.birthDate"]
    assert "Line 2" in error["issue"][0]["diagnostics"]
    assert h1("GET", "/Observation?patient=a").ids == ["o"]
    assert h1("GET", "/$import").status == 405
    assert h1("POST", "/$import", text, Content_Type="text/csv").status == 415


def test_validate_stores_nothing(h1: Hospital, resources: Any) -> None:
    good = h1("POST", "/Patient/$validate", patient("p"))
    assert (good.status, good.body["issue"][0]["severity"]) == (200, "information")
    bad = h1("POST", "/Patient/$validate", patient("p", birthDate="x"))
    assert (bad.status, bad.body["issue"][0]["expression"]) == (200, ["Patient.birthDate"])
    wrong = patient("p", identifier=[{"system": "urn:luoshi:cn:id:resident", "value": "110101194912310021"}])
    assert h1("POST", "/Patient/$validate", wrong).body["issue"][0]["severity"] == "information"
    wrapped = {
        "resourceType": "Parameters",
        "parameter": [{"name": "resource", "resource": wrong}, {"name": "profile", "valueUri": "cn"}],
    }
    assert h1("POST", "/Patient/$validate", wrapped).body["issue"][0]["severity"] == "error"
    assert (
        h1("POST", "/Patient/$validate", '{"resourceType": "Patient", "id": "a", "id": "b"}').body["issue"][0][
            "severity"
        ]
        == "error"
    )
    assert h1("POST", "/Observation/$validate", patient("p")).status == 400
    assert resources() == 0
