"""The indicator desk: who may see it, what it answers in every format, what it costs, and its FHIR operations."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from luoshi.platform.audit.models import Entry
from luoshi.services.indicator_desk import pages, rest

from ..conftest import USERS, Known

AsUser = Callable[[str], Client]
READERS = ("leader", "plan-officer", "county", "clinic", "steward")
FORMATS = ("csv", "parquet", "fhir", "dhis2", "adx", "xlsx", "docx")
ADDRESSES = {
    "catalogue": "/indicators/",
    "indicator": "/indicators/htn-std/",
    "api": "/api/indicators/",
    "api one": "/api/indicators/htn-std",
    "api measure": "/api/indicators/htn-std/measure",
    "api values": "/api/indicators/htn-std/values",
}


def test_no_page_is_forgotten():
    assert {p.name for p in pages.urlpatterns} == {"indicators", "indicator"}
    assert all(hasattr(p.callback, "permission") for p in pages.urlpatterns)
    for views in rest.router.path_operations.values():
        assert all(hasattr(one.view_func, "permission") for one in views.operations)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_who_sees_what(address: str, user: str, as_user: AsUser, known: Known):
    answer = as_user(user).get(ADDRESSES[address])
    if user not in READERS:
        assert answer.status_code == 403
    elif user == "clinic" and address in ("indicator", "api values"):
        assert answer.status_code == 404  # a single institution is no division
    else:
        assert answer.status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_stranger_signs_in_first(address: str, as_user: AsUser, known: Known):
    assert as_user("").get(ADDRESSES[address]).status_code == (401 if address.startswith("api") else 302)


@pytest.mark.parametrize("address", ["/indicators/htn-std/", "/api/indicators/htn-std/values"])
def test_another_county_does_not_exist(address: str, as_user: AsUser, known: Known):
    assert as_user("county").get(f"{address}?division={known.other_county}").status_code == 404
    assert as_user("county").get(f"{address}?division={known.county}").status_code == 200


@pytest.mark.parametrize(
    ("query", "status"), [("period=never", 400), ("period=2099", 400), ("format=pdf", 400), ("by=moon", 200)]
)
def test_wrong_questions_get_words(query: str, status: int, as_user: AsUser, known: Known):
    answer = as_user("leader").get(f"/api/indicators/htn-std/values?{query}")
    assert answer.status_code == status
    assert b"Traceback" not in answer.content


def test_an_unknown_indicator(as_user: AsUser, known: Known):
    assert as_user("leader").get("/indicators/nothing/").status_code == 404
    assert as_user("leader").get("/api/indicators/nothing/values").status_code == 404


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_a_file_and_is_noted(form: str, as_user: AsUser, known: Known):
    before = Entry.objects.count()
    answer = as_user("plan-officer").get(f"/indicators/htn-std/?format={form}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    noted = Entry.objects.filter(number__gt=before, action="export").get()
    assert (noted.object_id, noted.detail["format"]) == ("htn-std", form)


def test_values_are_those_of_the_board(as_user: AsUser, known: Known):
    row = as_user("leader").get(f"/targets/{known.target}/").context["row"]
    told = as_user("leader").get("/api/indicators/htn-std/values").json()
    assert (told[0]["numerator"], told[0]["denominator"]) == (row.standing.numerator, row.standing.denominator)
    assert sum(v["denominator"] for v in told[1:]) == told[0]["denominator"]


def test_small_numbers_are_withheld_from_who_may_not_see_the_people(as_user: AsUser, known: Known):
    officer = as_user("plan-officer").get("/api/indicators/htn-std/values").json()
    leader = as_user("leader").get("/api/indicators/htn-std/values").json()
    small = [k for k, v in enumerate(leader) if 0 < v["denominator"] < 5 or 0 < v["numerator"] < 5]
    assert small, "the region has a county this small"
    assert all(officer[k]["reason"] == "withheld" and officer[k]["value"] is None for k in small)
    assert sum(v["reason"] == "withheld" for v in officer) >= 2
    page = as_user("plan-officer").get("/indicators/htn-std/").content.decode()
    assert "不予显示" in page


def test_a_period_nobody_evaluated_is_evaluated_now(as_user: AsUser, known: Known):
    quarter = as_user("leader").get("/api/indicators/contract-rate/values?period=2025Q2").json()
    assert quarter[0]["period"] == "2025Q2"
    assert quarter[0]["denominator"] > 0
    assert sum(v["denominator"] for v in quarter[1:]) == quarter[0]["denominator"]


@pytest.mark.parametrize(("address", "most"), [("catalogue", 5), ("indicator", 11), ("api values", 9)])
def test_what_a_page_costs(address: str, most: int, as_user: AsUser, known: Known):
    leader = as_user("leader")
    leader.get(ADDRESSES[address])
    with CaptureQueriesContext(connection) as queries:
        assert leader.get(ADDRESSES[address]).status_code == 200
    assert len(queries) <= most, "\n".join(q["sql"][:160] for q in queries)


def test_the_catalogue_can_be_searched(as_user: AsUser, known: Known):
    leader = as_user("leader")
    assert leader.get("/indicators/?q=高血压").context["page"].total > 2
    assert leader.get("/indicators/?q=nothing-at-all").context["page"].total == 0
    assert {row[1].text for row in leader.get("/indicators/?kind=method").context["table"].rows} <= {"统计方法"}


class TestFhir:
    def test_a_report_for_a_division(self, as_user: AsUser, known: Known):
        year = "periodStart=2025-01-01&periodEnd=2025-12-31"
        answer = as_user("leader").get(f"/fhir/R4/Measure/htn-std/$evaluate-measure?{year}&reporter={known.county}")
        assert answer.status_code == 200
        report = answer.json()
        values = as_user("leader").get(f"/api/indicators/htn-std/values?division={known.county}").json()
        counts = {p["code"]["coding"][0]["code"]: p["count"] for p in report["group"][0]["population"]}
        assert counts == {
            "initial-population": values[0]["denominator"],
            "denominator": values[0]["denominator"],
            "numerator": values[0]["numerator"],
        }

    def test_outside_the_scope_is_not_there(self, as_user: AsUser, known: Known):
        address = f"/fhir/R4/Measure/htn-std/$evaluate-measure?reporter={known.other_county}"
        answer = as_user("county").get(address)
        assert answer.status_code == 404
        assert answer.json()["resourceType"] == "OperationOutcome"

    def test_the_gaps_of_a_resident_are_a_document_and_a_look(self, as_user: AsUser, known: Known):
        patient = self._patient(known.here)
        before = Entry.objects.count()
        answer = as_user("leader").get(
            f"/fhir/R4/Measure/$care-gaps?subject=Patient/{patient}&status=open-gap&status=closed-gap"
        )
        assert answer.status_code == 200, answer.content
        bundle = answer.json()["parameter"][0]["resource"]
        assert bundle["type"] == "document"
        assert bundle["entry"][0]["resource"]["resourceType"] == "Composition"
        noted = Entry.objects.filter(number__gt=before, action="look")
        assert {e.object_id for e in noted} == {str(known.here)}

    def test_foreign_residents_are_not_there(self, as_user: AsUser, known: Known):
        patient = self._patient(known.there)
        address = f"/fhir/R4/Measure/$care-gaps?subject=Patient/{patient}"
        assert as_user("clinic").get(address).status_code == 404

    def test_an_individual_report_agrees_with_the_list(self, as_user: AsUser, known: Known):
        leader = as_user("leader")
        item = leader.get(f"/targets/{known.target}/missed/").context["page"].items[0]
        patient = self._patient(item.missed.person)
        report = leader.get(f"/fhir/R4/Measure/htn-std/$evaluate-measure?subject=Patient/{patient}").json()
        counts = [p["count"] for p in report["group"][0]["population"]]
        assert counts == [1, 1, 0]
        assert json.dumps(item.missed.reason, ensure_ascii=False)[1:-1] in json.dumps(report, ensure_ascii=False)

    @staticmethod
    def _patient(person: int) -> str:
        from luoshi.platform.store.models import Resource

        return Resource.objects.filter(type="Patient", person=person, deleted=False).first().public_id  # type: ignore[union-attr]
