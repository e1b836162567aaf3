"""Whatever is sent, the server has an answer: never a 500, always JSON, errors always an OperationOutcome."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import schemathesis
from django.utils.http import urlencode
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from luoshi.records.search import parameters as known

from .conftest import Hospital, Register, bundle, observation, patient, put

QUIET = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None
)
TYPES = ["Patient", "Observation", "Encounter", "Subscription", "Task", "Consent", "Nonsense"]
words = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "p1",
            "o1",
            "Patient/p1",
            "urn:h|77",
            "|",
            "a|b|c",
            "ge2025-01-01",
            "lt2025",
            "2025-02-30",
            "9999-12-31",
            "ne0001",
            "-1",
            "0",
            "1e999",
            "1e-99",
            "NaN",
            "5||mg",
            "true",
            "\\",
            "\\,",
            ",",
            "%",
            "\x00",
            "😀",
            "Patient:link",
            "_id",
            "Observation:subject",
            'W/"1"',
            "eyJhIjoxfQ",
            "WzEsMl0",
            "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5XQ",
            "W10",
            "json",
            "xml",
        ]
    ),
)
names = st.one_of(
    st.sampled_from(sorted({name for kind in TYPES[:-1] for name in known.parameters(kind)})),
    st.sampled_from(
        ["_id", "_lastUpdated", "_count", "_sort", "_total", "_summary", "_elements", "_include", "_revinclude"]
    ),
    st.sampled_from(
        ["_cursor", "_since", "_type", "_format", "_tag", "_profile", "start", "end", "patient.identifier"]
    ),
    st.text(max_size=6),
)
modifiers = st.sampled_from(
    [
        "",
        "",
        "",
        ":missing",
        ":not",
        ":exact",
        ":contains",
        ":text",
        ":identifier",
        ":Patient",
        ":x",
        ":Patient.identifier",
    ]
)
pairs = st.lists(st.tuples(names, modifiers, words), max_size=4)
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words)
keys = st.sampled_from(
    [
        "resourceType",
        "id",
        "meta",
        "subject",
        "reference",
        "code",
        "coding",
        "entry",
        "request",
        "url",
        "method",
        "resource",
        "identifier",
        "value",
        "system",
        "type",
        "criteria",
        "channel",
        "status",
        "name",
    ]
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(keys, st.text(max_size=4)), inner, max_size=4)
    ),
    max_leaves=12,
)
requests = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "x"]),
        "url": st.one_of(
            words,
            st.sampled_from(
                [
                    "Patient",
                    "Patient/p1",
                    "Patient?identifier=urn:h|77",
                    "Observation/o9",
                    "/Patient/p2",
                    "Patient/p1/_history/1",
                    "Patient?x",
                    "$export",
                    "Patient/p1/$everything",
                ]
            ),
        ),
    },
    optional={"ifMatch": words, "ifNoneExist": st.one_of(words, st.just("identifier=urn:h|77")), "ifNoneMatch": words},
)
entries = st.fixed_dictionaries(
    {"request": requests},
    optional={
        "resource": st.one_of(
            st.just(patient("p1")),
            st.just(observation("o9", "Patient/p1")),
            st.builds(lambda w: observation("o9", w), words),
            trees,
        ),
        "fullUrl": st.one_of(st.just("urn:uuid:0c5d8a76-0000-4000-8000-000000000001"), words),
    },
)
bodies = st.one_of(
    trees,
    st.builds(
        lambda e, k: bundle(k, *e),
        st.lists(entries, max_size=3),
        st.sampled_from(["batch", "transaction", "collection"]),
    ),
    st.builds(
        lambda t, more: {**patient("p1"), **more, "resourceType": t},
        st.sampled_from(TYPES),
        st.dictionaries(keys, trees, max_size=3),
    ),
)


@pytest.fixture
def filled(register: Register) -> Hospital:
    """A hospital with a little of everything. Its browser does not raise: a fault must show as 500."""
    hospital = register("fuzz")
    hospital(
        "POST",
        "",
        bundle(
            "transaction",
            put(patient("p1", identifier=[{"system": "urn:h", "value": "77"}])),
            put(observation("o1", "Patient/p1")),
        ),
    )
    hospital.client.raise_request_exception = False
    logging.getLogger("luoshi.fhir").setLevel(logging.CRITICAL)
    return hospital


def judge(answer: Any, what: Any) -> None:
    assert answer.status_code not in (500, 501, 502), (what, answer.content[:500])
    if answer.status_code >= 400 and answer.content:
        assert json.loads(answer.content)["resourceType"] == "OperationOutcome", what
    assert b"Traceback" not in getattr(answer, "content", b"")


def test_no_parameters_break_a_read(filled: Hospital) -> None:
    paths = st.sampled_from(
        [
            *TYPES,
            "Patient/p1",
            "Patient/p1/_history",
            "Patient/p1/$everything",
            "_history",
            "Observation/_history",
            "Patient/_search",
            "Patient/p1/_history/1",
            "$export",
            "metadata",
            "Patient/p1/_history/x",
        ]
    )

    @QUIET
    @seed(7)
    @given(path=paths, asked=pairs)
    def check(path: str, asked: list[tuple[str, str, str]]) -> None:
        data = {f"{name}{modifier}": value for name, modifier, value in asked}
        judge(filled.client.get(f"/fhir/R4/{path}", data), (path, data))

    check()


def test_no_body_breaks_a_write(filled: Hospital) -> None:
    where = st.sampled_from(
        [
            ("post", ""),
            ("post", "/Patient"),
            ("put", "/Patient/p1"),
            ("put", "/Patient?identifier=urn:h|77"),
            ("post", "/Patient/$validate"),
            ("post", "/$validate"),
            ("put", "/Subscription/s"),
            ("post", "/$import"),
            ("post", "/Patient/_search"),
            ("post", "/Subscription/s/$replay"),
        ]
    )

    @QUIET
    @seed(11)
    @given(
        where=where,
        body=bodies,
        damage=st.sampled_from([None, None, None, b"\xff", b"{", b"\x00"]),
        match=st.one_of(st.just(""), words),
        prefer=st.sampled_from(["", "return=minimal", "return=representation", "return=x", "handling=strict"]),
    )
    def check(where: tuple[str, str], body: Any, damage: bytes | None, match: str, prefer: str) -> None:
        raw = json.dumps(body).encode() + (damage or b"")
        safe = "".join(c for c in match if c.isprintable() and ord(c) < 256)
        headers = {"If-Match": safe, "If-None-Exist": safe, "Prefer": prefer}
        method, path = where
        answer = getattr(filled.client, method)(
            f"/fhir/R4{path}", raw, content_type="application/fhir+json", headers=headers
        )
        judge(answer, (where, body, match))

    check()


@pytest.mark.parametrize(
    "header", ["Accept", "Content-Type", "If-Match", "If-None-Match", "If-None-Exist", "Prefer", "Authorization"]
)
def test_no_header_breaks_anything(filled: Hospital, header: str) -> None:
    for value in [
        "",
        ";",
        ",,,",
        "*/*;q=0",
        "a/b;charset=x",
        "W/",
        "Bearer",
        "Bearer ",
        "Basic eA==",
        "application/fhir+json;fhirVersion=",
        "x" * 5000,
        "application/fhir+json; charset=utf-16",
    ]:
        for method, path in (
            ("get", "/Patient/p1"),
            ("get", "/Patient?gender=male"),
            ("post", "/Patient"),
            ("put", "/Patient/p1"),
            ("delete", "/Patient/p9"),
        ):
            body = (
                {"data": json.dumps(patient("p1")), "content_type": "application/fhir+json"}
                if method in ("post", "put")
                else {}
            )
            if header == "Content-Type" and body:
                body["content_type"] = value
            headers = {} if header == "Content-Type" else {header: value}
            judge(getattr(filled.client, method)(f"/fhir/R4{path}", headers=headers, **body), (header, value, method))


def test_the_description_for_programs_is_kept(filled: Hospital) -> None:
    """schemathesis reads `/fhir/R4/openapi.json` and tries what it says."""
    described = filled.client.get("/fhir/R4/openapi.json").json()
    described["servers"] = [{"url": "/fhir/R4"}]
    schema = schemathesis.openapi.from_dict(described)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) >= 12
    for operation in operations:
        attempt(filled, operation)


def attempt(hospital: Hospital, operation: Any) -> None:
    told = set(operation.definition.raw["responses"])

    @settings(
        max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None
    )
    @seed(3)
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        headers = {
            k: v for k, v in (case.headers or {}).items() if isinstance(v, str) and v.isascii() and v.isprintable()
        }
        body = case.body if isinstance(case.body, dict | list) else None
        sent = {"data": json.dumps(body), "content_type": "application/fhir+json"} if body is not None else {}
        address = f"/fhir/R4{case.formatted_path}?{urlencode(dict(case.query or {}))}"
        answer = getattr(hospital.client, case.method.lower())(address, headers=headers, **sent)
        judge(answer, (case.method, address, body))
        assert str(answer.status_code) in told, (answer.status_code, case.method, address, answer.content[:300])

    check()
