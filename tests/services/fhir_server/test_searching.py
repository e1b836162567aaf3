"""Searches: every kind of parameter, pages, orders, totals, what goes with the matches, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.records.search import parameters as known
from luoshi.records.search.elements import at
from luoshi.records.search.values import Amount, Token, When, interval, moments
from luoshi.records.structure import types

from .conftest import Hospital, bundle, observation, patient, put


@pytest.fixture
def ward(h1: Hospital) -> Hospital:
    """A hospital with two patients, their observations, a visit and an admission over midnight."""
    p1 = patient(
        "p1",
        identifier=[{"system": "urn:h", "value": "77"}],
        name=[{"family": "王", "given": ["小明"], "text": "王小明"}],
        birthDate="1949-12-31",
        gender="female",
        telecom=[{"system": "phone", "value": "13900000001"}],
        managingOrganization={"reference": "Organization/C1"},
    )
    p2 = patient("p2", identifier=[{"system": "urn:h", "value": "78"}], deceasedDateTime="2025-01-02", active=False)
    visit = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"code": "IMP"},
        "type": [{"coding": [{"system": "urn:s", "code": "stay"}]}],
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2025-02-27T23:00:00+08:00", "end": "2025-03-02T10:00:00+08:00"},
    }
    observations = [
        observation(f"o{i}", "Patient/p1", float(i), effectiveDateTime=f"2025-03-{i + 1:02}T08:00:00+08:00")
        for i in range(9)
    ]
    observations[3]["encounter"] = {"reference": "Encounter/e1"}
    observations[4]["status"] = "amended"
    observations[5]["code"]["coding"].append({"system": "urn:local", "code": "SBP", "display": "收缩压"})
    del observations[6]["effectiveDateTime"]
    observations.append(observation("year", "Patient/p2", 140.0, effectiveDateTime="2025"))
    observations.append(
        observation("other", "Patient/p2", 5.5, code="1558-6", category=[{"coding": [{"code": "laboratory"}]}])
    )
    told = h1("POST", "", bundle("transaction", *(put(r) for r in [p1, p2, visit, *observations])))
    assert told.status == 200
    return h1


SEARCHES = [
    # address, ids
    ("Patient?identifier=urn:h|77", "p1"),
    ("Patient?identifier=78", "p2"),
    ("Patient?identifier=urn:x|77", ""),
    ("Patient?identifier=urn:h|77,urn:h|78", "p1 p2"),
    ("Patient?name=王小", "p1"),
    ("Patient?given=小明&family=王", "p1"),
    ("Patient?name:contains=明", "p1"),
    ("Patient?name:exact=王小", ""),
    ("Patient?birthdate=1949", "p1"),
    ("Patient?birthdate=lt1949-12-31", ""),
    ("Patient?birthdate:missing=true", "p2"),
    ("Patient?gender=female", "p1"),
    ("Patient?gender:not=female", "p2"),
    ("Patient?phone=13900000001", "p1"),
    ("Patient?deceased=true", "p2"),
    ("Patient?deceased=false", "p1"),
    ("Patient?organization=Organization/C1", "p1"),
    ("Patient?active=false", "p2"),
    ("Patient?_id=p1,p2,p3", "p1 p2"),
    ("Observation?patient=p2", "other year"),
    ("Observation?patient=Patient/p2", "other year"),
    ("Observation?subject=Patient/p2", "other year"),
    ("Observation?subject:Patient=p2", "other year"),
    ("Observation?patient.identifier=urn:h|78", "other year"),
    ("Observation?subject:Patient.identifier=urn:h|78", "other year"),
    ("Observation?patient=p1&patient=p2", ""),
    ("Observation?patient=p1,p2&code=1558-6", "other"),
    ("Observation?patient=nobody", ""),
    ("Observation?subject=Group/1", ""),
    ("Observation?code=http://loinc.org|1558-6", "other"),
    ("Observation?code=urn:local|SBP", "o5"),
    ("Observation?code=SBP,1558-6", "o5 other"),
    ("Observation?code=http://loinc.org|", "o0 o1 o2 o3 o4 o5 o6 o7 o8 other year"),
    ("Observation?code:text=收缩", "o5"),
    ("Observation?code:not=8480-6", "other"),
    ("Observation?category=laboratory", "other"),
    ("Observation?status=amended", "o4"),
    ("Observation?status=amended,final&patient=p2", "other year"),
    ("Observation?code=8480-6&date=2025-03-03", "o2"),
    # A year may mean any of its days.
    ("Observation?code=8480-6&date=ge2025-03-08", "o7 o8 year"),
    ("Observation?code=8480-6&date=le2025-03-01", "o0 year"),
    ("Observation?code=8480-6&date=gt2025-03-08&date=lt2025-03-09T12:00:00Z", "o8 year"),
    ("Observation?patient=p1&date=sa2025-03-07", "o7 o8"),
    ("Observation?patient=p1&date=eb2025-03-02", "o0"),
    ("Observation?date=2025", "o0 o1 o2 o3 o4 o5 o7 o8 other year"),
    ("Observation?patient=p1&date:missing=true", "o6"),
    ("Observation?value-quantity=gt7", "o8 year"),
    ("Observation?value-quantity=5", "o5"),
    ("Observation?value-quantity=5.5||mmHg", "other"),
    ("Observation?value-quantity=ge7||mmol", ""),
    ("Observation?encounter=Encounter/e1", "o3"),
    ("Observation?encounter=e1", "o3"),
    ("Observation?encounter:Encounter=e1", "o3"),
    ("Observation?encounter:missing=false", "o3"),
    ("Observation?_lastUpdated=ge2020-01-01&status=amended", "o4"),
    ("Observation?_lastUpdated=lt2020-01-01", ""),
    ("Encounter?date=2025-03-01", ""),
    ("Encounter?date=ge2025-03-01", "e1"),
    ("Encounter?date=lt2025-03-01&type=stay", "e1"),
    ("Encounter?class=IMP", "e1"),
]


@pytest.mark.django_db
def test_searches_find_what_they_should(ward: Hospital) -> None:
    for number, (address, ids) in enumerate(SEARCHES):
        told = ward("GET", f"/{address}")
        assert told.status == 200, (address, told.body)
        assert sorted(told.ids) == ids.split(), address
        assert told.body["total"] == len(ids.split()), address
        if number % 4:
            continue
        kind, _, query = address.partition("?")
        form = ward("POST", f"/{kind}/_search", query, Content_Type="application/x-www-form-urlencoded")
        assert sorted(form.ids) == ids.split(), address
        counted = ward("GET", f"/{address}&_summary=count")
        assert (counted.body["total"], counted.entries) == (len(ids.split()), []), address


@pytest.mark.parametrize("order", ["", "&_sort=-value-quantity,_id"])
@pytest.mark.parametrize(
    "way", ["code=8480-6", "patient=p1,p2&code=8480-6", "_lastUpdated=gt2020-01-01", "status=final,amended"]
)
def test_pages_give_everything_once_and_in_order(ward: Hospital, order: str, way: str) -> None:
    whole = ward("GET", f"/Observation?{way}{order}").ids
    assert len(whole) >= 10
    seen: list[str] = []
    told = ward("GET", f"/Observation?{way}{order}&_count=3")
    for _ in range(10):
        assert len(told.ids) <= 3
        seen += told.ids
        links = {link["relation"]: link["url"] for link in told.body["link"]}
        if "next" not in links:
            break
        told = ward("GET", links["next"].partition("/fhir/R4")[2])
    assert seen == whole


def test_orders(ward: Hospital) -> None:
    by_value = ward("GET", "/Observation?patient=p1&_sort=-value-quantity").ids
    assert by_value == [f"o{i}" for i in reversed(range(9))]
    # What has no date stands last in either direction.
    assert ward("GET", "/Observation?patient=p1&_sort=date").ids == [
        "o0",
        "o1",
        "o2",
        "o3",
        "o4",
        "o5",
        "o7",
        "o8",
        "o6",
    ]
    assert ward("GET", "/Observation?patient=p1&_sort=-date").ids[-1] == "o6"
    assert ward("GET", "/Patient?_sort=-_id").ids == ["p2", "p1"]


def test_what_goes_with_the_matches(ward: Hospital) -> None:
    told = ward("GET", "/Observation?_id=o3&_include=Observation:encounter&_include=Observation:subject")
    assert sorted(told.ids) == ["e1", "o3", "p1"]
    modes = {e["resource"]["id"]: e["search"]["mode"] for e in told.body["entry"]}
    assert modes == {"o3": "match", "e1": "include", "p1": "include"}
    assert told.body["total"] == 1
    reverse = ward("GET", "/Patient?_id=p2&_revinclude=Observation:patient&_revinclude=Encounter:patient")
    assert sorted(reverse.ids) == ["other", "p2", "year"]
    narrow = ward("GET", "/Observation?_id=o3&_include=Observation:subject:Group")
    assert narrow.ids == ["o3"]


def test_what_refers_to_the_matches(ward: Hospital) -> None:
    told = ward("GET", "/Encounter?_id=e1&_revinclude=Observation:encounter")
    assert sorted(told.ids) == ["e1", "o3"]
    assert {e["resource"]["id"]: e["search"]["mode"] for e in told.body["entry"]} == {"e1": "match", "o3": "include"}
    # An encounter that nothing names brings nothing, though its patient has observations.
    quiet = {"resourceType": "Encounter", "id": "e2", "status": "finished", "class": {"code": "AMB"}}
    assert ward("PUT", "/Encounter/e2", quiet | {"subject": {"reference": "Patient/p1"}}).status == 201
    assert ward("GET", "/Encounter?_id=e2&_revinclude=Observation:encounter").ids == ["e2"]
    ward("PUT", "/Organization/w1", {"resourceType": "Organization", "id": "w1", "name": "一病区"})
    part = {"resourceType": "Organization", "id": "w2", "name": "二组", "partOf": {"reference": "Organization/w1"}}
    ward("PUT", "/Organization/w2", part)
    assert sorted(ward("GET", "/Organization?_id=w1&_revinclude=Organization:partof").ids) == ["w1", "w2"]
    told = ward("GET", "/metadata").body["rest"][0]["resource"]
    reverse = {r["type"]: r.get("searchRevInclude", []) for r in told}
    assert "Observation:encounter" in reverse["Encounter"]
    assert "Observation:encounter" not in reverse["Patient"]
    assert "Organization:partof" in reverse["Organization"]


def test_elements(ward: Hospital) -> None:
    found = ward("GET", "/Patient?_id=p1&_elements=gender").entries[0]
    assert set(found) == {"resourceType", "id", "meta", "gender"}
    assert found["meta"]["tag"][0]["code"] == "SUBSETTED"


def test_unknown_parameters_are_told_or_refused(ward: Hospital) -> None:
    told = ward("GET", "/Patient?colour=red&gender=female")
    assert told.ids == ["p1"]
    note = told.body["entry"][-1]
    assert note["search"]["mode"] == "outcome"
    assert "colour" in note["resource"]["issue"][0]["diagnostics"]
    assert "colour" not in told.body["link"][0]["url"]
    assert ward("GET", "/Patient?colour=red", Prefer="handling=strict").status == 400


@pytest.mark.parametrize(
    "query",
    [
        "birthdate=31.12.1949",
        "birthdate=2025-02-30",
        "birthdate=",
        "gender:above=x",
        "gender=|",
        "identifier=a|b|c",
        "_count=many",
        "_count=-1",
        "_sort=colour",
        "_total=all",
        "_summary=text",
        "_include=Patient",
        "_include=Observation:subject",
        "_revinclude=Observation:encounter",
        "_revinclude=Observation:patient:Group",
        "_cursor=x",
        "_cursor=WzFd",
        "_cursor=WyJhIiwiYiJd",
        "birthdate:missing=maybe",
        "organization.name=x",
        "name=%00",
    ],
)
def test_values_that_mean_nothing_are_told(h1: Hospital, query: str) -> None:
    told = h1("GET", f"/Patient?{query}")
    if query == "birthdate=":
        assert told.status == 200
    else:
        assert told.status == 400, told.body
        assert told.why


def test_too_much_to_order_is_refused_in_words(ward: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    from luoshi.services.fhir_server import searching

    monkeypatch.setattr(searching, "MOST_AT_ONCE", 5)
    told = ward("GET", "/Observation?status=final&_sort=date")
    assert told.status == 400
    assert told.why.startswith("too-costly")
    page = ward("GET", "/Observation?status=final&_count=2&_total=accurate")
    assert "total" not in page.body
    assert page.body["entry"][-1]["search"]["mode"] == "outcome"


def test_a_short_page_goes_on(ward: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    from luoshi.services.fhir_server import searching

    monkeypatch.setattr(searching, "_PIECE", 2)
    monkeypatch.setattr(searching, "MOST_AT_ONCE", 2)
    told, seen = ward("GET", "/Observation?status=amended"), []
    for _ in range(20):
        seen += told.ids
        links = {link["relation"]: link["url"] for link in told.body["link"]}
        if "next" not in links:
            break
        told = ward("GET", links["next"].partition("/fhir/R4")[2])
    assert seen == ["o4"]


def test_an_index_never_shows_what_is_no_longer_so(ward: Hospital) -> None:
    moved = observation("o2", "Patient/p1", 2.0, code="1558-6", effectiveDateTime="2024-01-01")
    ward("PUT", "/Observation/o2", moved)
    assert "o2" not in ward("GET", "/Observation?code=8480-6").ids
    assert sorted(ward("GET", "/Observation?code=1558-6").ids) == ["o2", "other"]
    ward("PUT", "/Observation/o2", {**moved, "effectiveDateTime": "2024-05-05"})
    assert sorted(ward("GET", "/Observation?code=1558-6").ids) == ["o2", "other"]
    ward("DELETE", "/Observation/o2")
    assert ward("GET", "/Observation?code=1558-6").ids == ["other"]
    assert ward("GET", "/Observation?_id=o2").ids == []


def test_everything_about_a_person(ward: Hospital, h2: Hospital) -> None:
    told = ward("GET", "/Patient/p1/$everything")
    assert told.ids[0] == "p1"
    assert len(told.ids) == 11
    assert ward("GET", "/Patient/p1/$everything?_type=Encounter,Patient").ids == ["p1", "e1"]
    assert "o0" not in ward("GET", "/Patient/p1/$everything?start=2025-03-05").ids
    assert ward("GET", "/Patient/p1/$everything?_since=2999-01-01").ids == []
    first = ward("GET", "/Patient/p1/$everything?_count=4")
    assert len(first.ids) == 4
    following = first.body["link"][1]["url"].partition("/fhir/R4")[2]
    assert not set(first.ids) & set(ward("GET", following).ids)
    assert h2("GET", "/Patient/p1/$everything").status == 404
    assert ward("GET", "/Patient/p1/$everything?start=soon").status == 400


def test_every_parameter_is_of_the_standard_structure() -> None:
    for kind in known.searchable():
        for parameter in known.parameters(kind).values():
            for path in parameter.paths:
                type_ = types()[kind]
                for step in path.split("."):
                    name = step.partition("?")[0]
                    assert name in type_.elements or name in type_.properties, f"{kind}: {path}"
                    ref = type_.properties[name][1] if name in type_.properties else type_.elements[name].types[0]
                    type_ = types().get(ref.name, type_)


days = st.dates(min_value=__import__("datetime").date(1900, 1, 1), max_value=__import__("datetime").date(2100, 1, 1))


@given(a=days, b=days, precision=st.sampled_from([4, 7, 10]))
def test_dates_compare_as_days_do(a: Any, b: Any, precision: int) -> None:
    text = b.isoformat()[:precision]
    (low, high), (first, last) = interval(text), moments(a.isoformat())[0]
    inside = a.isoformat()[:precision] == text
    assert When.of(text).matches(first, last) is inside
    assert When.of(f"ne{text}").matches(first, last) is not inside
    assert When.of(f"gt{text}").matches(first, last) is (a.isoformat()[:precision] > text)
    assert When.of(f"lt{text}").matches(first, last) is (a.isoformat()[:precision] < text)
    assert When.of(f"ge{text}").matches(first, last) is (a.isoformat()[:precision] >= text)
    assert When.of(f"le{text}").matches(first, last) is (a.isoformat()[:precision] <= text)
    when = When.of(f"ge{text}")
    assert not when.matches(first, last) or (when.bounds[0] <= last and when.bounds[1] >= first)
    assert low < high


def test_tokens_and_amounts() -> None:
    coding = {"coding": [{"system": "urn:a", "code": "1"}, {"code": "2"}]}
    assert Token.of("urn:a|1").matches(coding)
    assert Token.of("|2").matches(coding)
    assert not Token.of("|1").matches(coding)
    assert Token.of("urn:a|").matches(coding)
    assert Token.of(r"a\|b").matches("a|b")
    assert Amount.of("5.4").matches({"value": 5.44})
    assert not Amount.of("5.40").matches({"value": 5.44})
    assert Amount.of("ap100").matches(109)
    assert not Amount.of("1").matches(True)
    assert list(at({"a": [{"b": 1}, {"b": [2, 3]}]}, ("a.b",))) == [1, 2, 3]
