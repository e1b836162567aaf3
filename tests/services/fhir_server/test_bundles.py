"""Batches and transactions: all or nothing, references resolved, conditions kept, a resend changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Hospital, Register, bundle, observation, patient, post, put

UUID = "urn:uuid:0c5d8a76-0000-4000-8000-00000000000"


def test_references_to_entries_are_resolved(h1: Hospital) -> None:
    told = h1(
        "POST",
        "",
        bundle(
            "transaction",
            post(observation("x", f"{UUID}1"), f"{UUID}2"),
            post(patient("mother"), f"{UUID}1"),
            put(observation("named", "Patient/mother")),
            {"request": {"method": "GET", "url": "Observation?_id=named"}},
        ),
    )
    assert told.status == 200
    assert [e["response"]["status"] for e in told.body["entry"]] == ["201 Created"] * 3 + ["200 OK"]
    made = told.body["entry"][1]["response"]["location"].split("/_history")[0]
    about = told.body["entry"][3]["resource"]["entry"][0]["resource"]["subject"]["reference"]
    assert about == made == f"Patient/{UUID[9:]}1"
    assert len(h1("GET", f"/{made}/$everything").ids) == 3


def test_a_transaction_fails_whole(h1: Hospital, resources: Callable[[], int]) -> None:
    good = [put(patient("p1")), put(observation("o1", "Patient/p1"))]
    h1("PUT", "/Location/l", {"resourceType": "Location", "id": "l"})
    before = resources()
    for bad, status in [
        (put(patient("p2", birthDate="2025-02-30")), 422),
        (put(patient("p2"), ifMatch='W/"3"'), 412),
        (put({"resourceType": "Location", "id": "l", "name": "x"}, ifMatch='W/"2"'), 412),
        (put(observation("o2", f"{UUID}9")), 400),
        (put(observation("o2", "Patient?identifier=urn:h|unknown")), 412),
        (put(observation("o2", "Patient/p1")) | {"request": {"method": "PUT", "url": "Observation/o3"}}, 400),
        (put(patient("p1", gender="male")), 400),
        ({"request": {"method": "DELETE", "url": "Patient"}}, 400),
        ({"request": {"method": "PATCH", "url": "Patient/p1"}}, 400),
        ({"request": {"method": "POST", "url": "Patient"}}, 400),
        ({"request": {"method": "POST", "url": "Nonsense"}, "resource": patient("x")}, 404),
        ({"request": {"method": "GET", "url": "Patient/nobody"}}, 404),
        ({"request": {"method": "GET", "url": "Patient?birthdate=x"}}, 400),
    ]:
        for entries in ([*good, bad], [bad, *good]):
            told = h1("POST", "", bundle("transaction", *entries))
            assert told.status == status, (bad, told.body)
            assert told.why
            assert resources() == before, bad
    assert h1("POST", "", bundle("transaction", *good)).status == 200
    assert resources() == before + 2


def test_in_a_batch_each_stands_alone(h1: Hospital, resources: Callable[[], int]) -> None:
    told = h1(
        "POST",
        "",
        bundle(
            "batch",
            put(patient("p1")),
            put(patient("p2", birthDate="2025-02-30")),
            put(patient("p3"), ifMatch='W/"3"'),
            {"request": {"method": "GET", "url": "Patient/p1"}},
            {"request": {"method": "GET", "url": "Patient/nobody"}},
            {"request": {"method": "DELETE", "url": "Patient/gone"}},
            post(patient("x"), ifNoneExist="identifier=urn:a|1"),
            {"request": {"method": "POST", "url": "Patient"}},
        ),
    )
    codes = [e["response"]["status"][:3] for e in told.body["entry"]]
    assert codes == ["201", "422", "412", "200", "404", "204", "201", "400"]
    assert told.body["entry"][3]["resource"]["id"] == "p1"
    assert told.body["entry"][1]["response"]["outcome"]["issue"][0]["expression"] == [
        "Bundle.entry[1].resource.birthDate"
    ]
    assert resources() == 2


def test_conditions_inside_a_transaction(h1: Hospital) -> None:
    identifier = [{"system": "urn:h", "value": "7"}]
    entries = [
        post(patient("x", identifier=identifier), f"{UUID}1", ifNoneExist="identifier=urn:h|7"),
        post(observation("o", f"{UUID}1"), f"{UUID}2"),
    ]
    first = h1("POST", "", bundle("transaction", *entries))
    assert [e["response"]["status"][:3] for e in first.body["entry"]] == ["201", "201"]
    entries[0]["resource"]["gender"] = "female"
    entries[0]["fullUrl"] = f"{UUID}3"
    entries[1] = post(observation("o", f"{UUID}3", 2.0), f"{UUID}4")
    second = h1("POST", "", bundle("transaction", *entries))
    assert [e["response"]["status"][:3] for e in second.body["entry"]] == ["200", "201"]
    there = first.body["entry"][0]["response"]["location"]
    assert second.body["entry"][0]["response"]["location"] == there
    assert len(h1("GET", "/Observation?patient.identifier=urn:h|7").ids) == 2
    third = h1("POST", "", bundle("transaction", put(observation("c", "Patient?identifier=urn:h|7"))))
    assert third.status == 200
    assert h1("GET", "/Observation/c").body["subject"]["reference"] == there.split("/_history")[0]
    update = {
        "resource": patient("x", identifier=identifier, gender="male"),
        "request": {"method": "PUT", "url": "Patient?identifier=urn:h|7"},
    }
    del update["resource"]["id"]
    assert h1("POST", "", bundle("transaction", update)).body["entry"][0]["response"]["etag"] == 'W/"2"'


def test_the_same_day_sent_three_times_is_one_day(h1: Hospital, resources: Callable[[], int]) -> None:
    day = bundle(
        "transaction",
        put(patient("p1")),
        *(put(observation(f"o{i}", "Patient/p1", float(i))) for i in range(20)),
        post(observation("x", f"{UUID}1"), f"{UUID}5"),
        post(patient("y", gender="female"), f"{UUID}1"),
    )
    answers = [h1("POST", "", day) for _ in range(3)]
    assert resources() == 23
    assert [a.body["entry"][0]["response"]["status"] for a in answers] == ["201 Created", "200 OK", "200 OK"]
    places = [[e["response"]["location"] for e in a.body["entry"]] for a in answers]
    assert places[0] == places[1] == places[2]
    # An old day sent again does not undo a newer one.
    h1("PUT", "/Patient/p1", patient("p1", gender="male"))
    h1("POST", "", day)
    assert h1("GET", "/Patient/p1").body["gender"] == "male"
    h1("DELETE", "/Observation/o3")
    told = h1("POST", "", day)
    assert h1("GET", "/Observation/o3").status == 410
    assert "deleted" in told.body["entry"][4]["response"]["outcome"]["issue"][0]["diagnostics"]


def test_what_is_no_bundle_of_work_is_refused(h1: Hospital) -> None:
    assert h1("POST", "", patient("p1")).status == 400
    assert h1("POST", "", bundle("collection", {"resource": patient("p1")})).status == 400
    assert h1("POST", "", {"resourceType": "Bundle", "type": "transaction"}).status == 200
    assert h1("POST", "", '{"resourceType": "Bundle", "type": "transaction", "entry": [{}]}').status in (400, 422)


def test_prefer_representation(h1: Hospital) -> None:
    told = h1("POST", "", bundle("transaction", put(patient("p1", gender="other"))), Prefer="return=representation")
    assert told.body["entry"][0]["resource"]["gender"] == "other"


_ids = st.sampled_from(["a", "b", "c"])
_good = st.one_of(
    st.builds(lambda i, g: put(patient(i, gender=g)), _ids, st.sampled_from(["male", "female"])),
    st.builds(lambda i, p: put(observation(i, f"Patient/{p}")), _ids, _ids),
    st.builds(lambda i: {"request": {"method": "DELETE", "url": f"Patient/{i}"}}, _ids),
)
_bad = st.one_of(
    st.builds(lambda i: put(patient(i, birthDate="x")), _ids),
    st.builds(lambda i: put(patient(i), ifMatch='W/"99"'), _ids),
    st.builds(lambda i: put(observation(i, "urn:uuid:nowhere")), _ids),
    st.just({"request": {"method": "GET", "url": "Patient/nobody"}}),
)


def test_a_transaction_is_all_or_nothing(register: Register) -> None:
    """Whatever stands in it: after 200 every entry holds, after an error the store is as before."""
    hospital = register("property")

    def state() -> list[Any]:
        from luoshi.platform.store.models import Version

        return list(Version.objects.order_by("pk").values_list("resource__type", "resource__key", "version", "body"))

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(good=st.lists(_good, min_size=1, max_size=5), bad=st.lists(_bad, max_size=1), at=st.integers(0, 5))
    def check(good: list[Any], bad: list[Any], at: int) -> None:
        entries = [*good[:at], *bad, *good[at:]]
        named = [e["request"]["url"] for e in good]
        before = state()
        told = hospital("POST", "", bundle("transaction", *entries))
        if bad or len(set(named)) < len(named):
            assert told.status in (400, 404, 412, 422), told.body
            assert state() == before
            return
        assert told.status == 200, told.body
        for entry, answer in zip(entries, told.body["entry"], strict=True):
            stored = hospital("GET", f"/{entry['request']['url']}")
            if entry["request"]["method"] == "DELETE":
                assert stored.status in (404, 410)
            elif "outcome" in answer["response"]:
                assert stored.status == 410
            else:
                assert stored.status == 200

    check()
