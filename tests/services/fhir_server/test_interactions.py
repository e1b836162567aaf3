"""Reading and writing single resources: versions, conditions, refusals, and who may do it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from .conftest import Hospital, Register, observation, patient


def test_a_resource_lives_through_versions_and_dies_as_one(h1: Hospital) -> None:
    made = h1("PUT", "/Patient/p1", patient("p1", gender="female"))
    assert made.status == 201
    assert made.headers["Location"].endswith("/fhir/R4/Patient/p1/_history/1")
    assert made.headers["ETag"] == 'W/"1"'
    assert h1("PUT", "/Patient/p1", patient("p1", gender="male")).headers["ETag"] == 'W/"2"'
    read = h1("GET", "/Patient/p1")
    assert (read.status, read.body["gender"], read.body["meta"]["versionId"]) == (200, "male", "2")
    assert h1("GET", "/Patient/p1", If_None_Match='W/"2"').status == 304
    assert h1("GET", "/Patient/p1/_history/1").body["gender"] == "female"
    assert h1("DELETE", "/Patient/p1").status == 204
    assert h1("DELETE", "/Patient/p1").status == 204
    assert h1("GET", "/Patient/p1").status == 410
    assert h1("GET", "/Patient/p1/_history/3").status == 410
    assert h1("GET", "/Patient/p1/_history/9").status == 404
    history = h1("GET", "/Patient/p1/_history").body
    assert [e["request"]["method"] for e in history["entry"]] == ["DELETE", "PUT", "POST"]
    back = h1("PUT", "/Patient/p1", patient("p1", gender="male"))
    assert back.headers["ETag"] == 'W/"4"'
    assert h1("GET", "/Patient/p1").status == 200


def test_whoever_names_an_old_version_is_refused_and_an_older_content_may_come_back(h1: Hospital) -> None:
    h1("PUT", "/Patient/p1", patient("p1", gender="female"))
    h1("PUT", "/Patient/p1", patient("p1", gender="male"))
    late = h1("PUT", "/Patient/p1", patient("p1", gender="other"), If_Match='W/"1"')
    assert late.status == 412
    assert "version 2" in late.why
    # Without a version, what was received before is no news; with one, it is meant.
    assert h1("PUT", "/Patient/p1", patient("p1", gender="female")).headers["ETag"] == 'W/"2"'
    assert h1("PUT", "/Patient/p1", patient("p1", gender="female"), If_Match='W/"2"').headers["ETag"] == 'W/"3"'
    assert h1("GET", "/Patient/p1").body["gender"] == "female"
    assert h1("PUT", "/Patient/none", patient("none"), If_Match='W/"1"').status == 412
    assert h1("PUT", "/Patient/p1", patient("p1"), If_Match="latest").status == 400
    assert h1("DELETE", "/Patient/p1", If_Match='W/"1"').status == 412


def test_the_same_content_created_again_is_the_same_resource(h1: Hospital, resources: Callable[[], int]) -> None:
    first = h1("POST", "/Observation", observation("ignored", "Patient/p1"))
    again = h1("POST", "/Observation", observation("ignored-too", "Patient/p1"))
    assert (first.status, again.status) == (201, 200)
    assert first.headers["Location"] == again.headers["Location"]
    assert "ignored" not in first.headers["Location"]
    assert resources() == 1


def test_conditional_create_and_update(h1: Hospital, h2: Hospital) -> None:
    ward = {"resourceType": "Location", "identifier": [{"system": "urn:w", "value": "7"}], "name": "七病区"}
    made = h1("POST", "/Location", ward, If_None_Exist="identifier=urn:w|7")
    assert made.status == 201
    again = h1("POST", "/Location", {**ward, "name": "7 病区"}, If_None_Exist="identifier=urn:w|7")
    assert (again.status, again.body["name"]) == (200, "七病区")
    changed = h1("PUT", "/Location?identifier=urn:w|7", {**ward, "name": "外科"})
    assert changed.status == 200
    assert changed.headers["Location"].endswith("/_history/2")
    # Conditions look among what the caller sent itself.
    assert h2("POST", "/Location", ward, If_None_Exist="identifier=urn:w|7").status == 201
    h1("POST", "/Location", {**ward, "name": "二"})
    several = h1("POST", "/Location", ward, If_None_Exist="identifier=urn:w|7")
    assert several.status == 412
    assert several.why.startswith("multiple-matches")
    assert h1("POST", "/Location", ward, If_None_Exist="colour=red").status == 400
    assert h1("POST", "/Location", ward, If_None_Exist="_count=1").status == 400


def test_ids_belong_to_the_source_that_sends_them(h1: Hospital, h2: Hospital) -> None:
    h1("PUT", "/Patient/1", patient("1", gender="female"))
    made = h2("PUT", "/Patient/1", patient("1", gender="male"))
    assert made.status == 201
    own = made.headers["Location"].split("/")[-3]
    assert own != "1"
    assert h2("GET", "/Patient/1").body["gender"] == "male"
    assert h2("GET", f"/Patient/{own}").body["gender"] == "male"
    assert h1("GET", "/Patient/1").body["gender"] == "female"
    assert h2("PUT", f"/Patient/{own}", patient(own, gender="other"), If_Match='W/"1"').headers["ETag"] == 'W/"2"'
    h2("PUT", "/Observation/o", observation("o", "Patient/1"))
    assert h2("GET", "/Observation/o").body["subject"]["reference"] == f"Patient/{own}"
    assert h1("DELETE", f"/Patient/{own}").status == 404


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        (b"{", 400, None),
        (b"[]", 400, None),
        (b'{"resourceType": "Patient", "id": "p1", "birthDate": "2025-02-30"}', 422, "Patient.birthDate"),
        (b'{"resourceType": "Patient", "id": "p1", "name": {"text": "x"}}', 422, "Patient.name"),
        (b'{"resourceType": "Patient", "id": "other"}', 400, "Patient.id"),
        (b'{"resourceType": "Encounter", "id": "p1"}', 422, None),
        (b"", 400, None),
        (b"\xff\xfe", 400, None),
    ],
)
def test_what_is_not_valid_is_told_and_stores_nothing(
    h1: Hospital, resources: Callable[[], int], body: bytes, status: int, place: str | None
) -> None:
    told = h1("PUT", "/Patient/p1", body)
    assert told.status == status
    assert told.why
    if place:
        assert place in [x for issue in told.body["issue"] for x in issue.get("expression", [])]
    assert resources() == 0


def test_what_was_refused_is_kept_for_the_quality_desk(h1: Hospital) -> None:
    from luoshi.platform.store.models import Refusal

    for _ in range(3):
        h1("POST", "/Patient", {"resourceType": "Patient", "birthDate": "2025-02-30"})
    assert [r.place for r in Refusal.objects.filter(source=h1.source)] == ["Patient.birthDate"]


def test_a_source_in_flag_mode_is_held_to_r4_and_flagged_by_its_profile(register: Register) -> None:
    from luoshi.platform.sources.models import Flag

    wrong = patient("p1", identifier=[{"system": "urn:luoshi:cn:id:resident", "value": "110101194912310021"}])
    strict = register("strict", profile="cn")
    lenient = register("lenient", profile="cn", mode="flag")
    assert strict("PUT", "/Patient/p1", wrong).status == 422
    assert lenient("PUT", "/Patient/p1", wrong).status == 201
    assert Flag.objects.filter(source=lenient.source).count() == 1
    assert lenient("PUT", "/Patient/p1", patient("p1", birthDate="x")).status == 422


def test_only_json_is_spoken(h1: Hospital) -> None:
    h1("PUT", "/Patient/p1", patient("p1"))
    assert h1("GET", "/Patient/p1", Accept="application/fhir+xml").status == 406
    assert h1("GET", "/Patient/p1?_format=xml").status == 406
    assert h1("GET", "/Patient/p1?_format=json", Accept="application/fhir+xml").status == 200
    assert h1("GET", "/Patient/p1", Accept="application/fhir+json; fhirVersion=5.0").status == 406
    assert h1("GET", "/Patient/p1", Accept="text/html, */*;q=0.1").status == 200
    xml = h1("PUT", "/Patient/p1", "<Patient/>", Content_Type="application/fhir+xml")
    assert xml.status == 415
    assert "JSON only" in xml.why
    assert h1("PATCH", "/Patient/p1", "{}").status == 405


def test_prefer_return(h1: Hospital) -> None:
    assert h1("PUT", "/Patient/p1", patient("p1"), Prefer="return=minimal").body == {"text": ""}
    told = h1("PUT", "/Patient/p1", patient("p1"), Prefer="return=OperationOutcome")
    assert "received before" in told.why


def test_numbers_keep_the_digits_they_were_sent_with(h1: Hospital) -> None:
    import json

    text = json.dumps(observation("o", "Patient/p1", value=7.25)).replace("7.25", "7.250")
    h1("PUT", "/Observation/o", text)
    answer = h1.client.get("/fhir/R4/Observation/o")
    assert b'"value":7.250' in answer.content


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/Patient/p1"),
        ("GET", "/Patient"),
        ("GET", "/_history"),
        ("POST", "/"),
        ("POST", ""),
        ("PUT", "/Patient/p1"),
        ("DELETE", "/Patient/p1"),
        ("GET", "/Patient/p1/$everything"),
        ("GET", "/$export"),
        ("POST", "/$import"),
        ("POST", "/Patient/$validate"),
        ("POST", "/Patient/_search"),
        ("GET", "/$bulk/3f0b0c2e-0000-4000-8000-000000000000"),
    ],
)
def test_a_stranger_is_told_to_bring_a_token(db: None, method: str, path: str) -> None:
    stranger = Hospital(None, "")  # type: ignore[arg-type]
    told = stranger(method, path, patient("p1") if method in ("PUT", "POST") else None)
    assert (told.status, told.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert told.why.startswith("login")
    wrong = Hospital(None, "nonsense")(method, path, patient("p1") if method in ("PUT", "POST") else None)  # type: ignore[arg-type]
    assert wrong.status == 401
    assert "invalid_token" in wrong.headers["WWW-Authenticate"]


def test_scopes_of_a_token_hold(register: Register) -> None:
    reader = register("reader", scopes="system/Observation.rs")
    assert reader("PUT", "/Patient/p1", patient("p1")).status == 403
    assert reader("GET", "/Patient/p1").status == 403
    assert reader("GET", "/Observation").status == 200
    assert reader("GET", "/_history").status == 403
    assert reader("GET", "/$export", Prefer="respond-async").status == 403
    told = reader(
        "POST",
        "",
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [{"resource": patient("p1"), "request": {"method": "PUT", "url": "Patient/p1"}}],
        },
    )
    assert told.status == 403


@pytest.mark.parametrize(
    "path", ["/Nonsense", "/Nonsense/1", "/Patient/p1/p2", "/$nonsense", "/Patient/$match-nobody", "/a/b/c/d"]
)
def test_errors_below_fhir_are_outcomes(h1: Hospital, path: str) -> None:
    told = h1("GET", path)
    assert told.status == 404
    assert told.why


def test_who_sees_whom(register: Register, small_region: object) -> None:
    sender = register("sender")
    clinic = register("clinic", institution="C1")
    other = register("other", institution="C2")
    county = register("county", division="990101")
    home = {"address": [{"extension": [{"url": "urn:luoshi:cn:ext:division", "valueCode": "990101001001"}]}]}
    sender("PUT", "/Patient/p1", patient("p1", managingOrganization={"reference": "Organization/C1"}, **home))
    sender("PUT", "/Observation/o1", observation("o1", "Patient/p1"))
    for seer, status in ((sender, 200), (clinic, 200), (county, 200), (other, 404)):
        assert seer("GET", "/Patient/p1").status == status
        assert seer("GET", "/Observation/o1").status == status
        assert seer("GET", "/Observation/o1/_history").status == status
        assert seer("GET", "/Observation/o1/_history/1").status == status
        assert seer("GET", "/Patient/p1/$everything").status == status
        seen = status == 200
        assert (seer("GET", "/Observation?patient=p1").ids == ["o1"]) is seen
        assert (seer("GET", "/Observation?code=8480-6").ids == ["o1"]) is seen
        assert (seer("GET", "/Observation").ids == ["o1"]) is seen
        assert (seer("GET", "/Observation?_id=o1").ids == ["o1"]) is seen
        assert (seer("GET", "/Observation?_lastUpdated=ge2020-01-01").ids == ["o1"]) is seen
        assert (seer("GET", "/Observation?_summary=count").body["total"] == 1) is seen
        assert (len(seer("GET", "/_history").entries) == 2) is seen
        assert (len(seer("GET", "/Observation/_history").entries) == 1) is seen
    assert other("DELETE", "/Patient/p1").status == 404
    assert clinic("DELETE", "/Patient/p1").status == 403


def test_every_look_is_noted(h1: Hospital) -> None:
    from luoshi.platform.audit.trail import looks_at
    from luoshi.platform.store.models import Resource

    h1("PUT", "/Patient/p1", patient("p1", birthDate="1950-01-01"))
    h1("PUT", "/Observation/o1", observation("o1", "Patient/p1"))
    person = Resource.objects.get(key="p1").person
    assert person is not None
    paths = ["/Patient/p1", "/Patient/p1/_history/1", "/Patient/p1/_history", "/Observation?patient=p1"]
    paths += ["/Observation?code=8480-6", "/Patient/p1/$everything", "/_history", "/Patient?_id=p1"]
    for i, path in enumerate(paths, 1):
        h1("GET", path)
        assert len(looks_at(person)) == i, path
    assert {entry.by for entry in looks_at(person)} == {"source:h1"}
    h1("GET", "/Observation?patient=nobody")
    assert len(looks_at(person)) == len(paths)


def test_a_session_reads_with_its_second_factor_and_writes_with_its_csrf_token(
    make_user: Callable[..., object], h1: Hospital, settings: object
) -> None:
    from django.test import Client

    from luoshi.platform.access.views import SECOND_FACTOR_KEY

    h1("PUT", "/Patient/p1", patient("p1"))
    head = make_user("division-head")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(head)  # type: ignore[arg-type]
    settings.LUOSHI_TWO_FACTOR = True  # type: ignore[attr-defined]
    assert browser.get("/fhir/R4/Patient/p1").status_code == 403
    session = browser.session
    session[SECOND_FACTOR_KEY] = 1
    session.save()
    assert browser.get("/fhir/R4/Patient/p1").status_code == 200
    refused = browser.put("/fhir/R4/Patient/p2", "{}", content_type="application/fhir+json")
    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (403, "security")
    nobody = Client()
    nobody.force_login(make_user("plan-officer"))  # type: ignore[arg-type]
    settings.LUOSHI_TWO_FACTOR = False  # type: ignore[attr-defined]
    assert nobody.get("/fhir/R4/Patient/p1").status_code == 403
    assert nobody.get("/fhir/R4/Patient").status_code == 403
    steward = Client()
    steward.force_login(make_user("data-steward"))  # type: ignore[arg-type]
    made = steward.put(
        "/fhir/R4/Patient/p3", '{"resourceType":"Patient","id":"p3"}', content_type="application/fhir+json"
    )
    assert made.status_code == 201
    assert steward.get("/fhir/R4/Patient/p1").status_code == 403


def test_a_read_costs_few_queries(h1: Hospital) -> None:
    h1("PUT", "/Patient/p1", patient("p1"))
    h1("PUT", "/Observation/o1", observation("o1", "Patient/p1"))
    with CaptureQueriesContext(
        connection,
    ) as read:
        h1("GET", "/Observation/o1")
    with CaptureQueriesContext(connection) as search:
        h1("GET", "/Observation?patient=p1&code=8480-6")
    assert len(read) <= 14, [q["sql"][:80] for q in read.captured_queries]
    assert len(search) <= 16, [q["sql"][:80] for q in search.captured_queries]


def test_what_the_server_says_of_itself_is_valid_r4(db: None) -> None:
    from django.test import Client

    from luoshi.records.search.parameters import all_types
    from luoshi.records.validate import Validator
    from luoshi.web.fhir import operations

    statement = Client().get("/fhir/R4/metadata").json()
    assert [i for i in Validator().check(statement) if i.severity == "error"] == []
    told = {r["type"]: r for r in statement["rest"][0]["resource"]}
    assert set(told) == set(all_types())
    named = {o["name"] for r in told.values() for o in r.get("operation", [])}
    named |= {o["name"] for o in statement["rest"][0]["operation"]}
    assert named == {o.name for o in operations()}
