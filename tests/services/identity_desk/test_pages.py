"""The desk in the demonstration: who may, what it shows, how many queries it takes, what an answer does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from luoshi.platform.audit.models import Entry
from luoshi.platform.identity import actions, arrivals, effects, links
from luoshi.platform.identity.models import Case
from luoshi.platform.store.models import Resource, Source
from luoshi.platform.store.preparing import prepare
from luoshi.platform.store.writing import commit
from luoshi.records.matching import raw_row
from luoshi.services.identity_desk import pages

AsUser = Callable[[str], Client]


@pytest.fixture(scope="module")
def pair(city_db: Any) -> tuple[int, int]:
    """Someone of the demonstration written down again by a hospital, without the number and with another sound: the
    case waits. Gives the two persons."""
    from luoshi.platform.access.models import Grant

    county = Grant.objects.get(user__username="county").division
    assert county is not None
    sender, _ = Source.objects.get_or_create(name="second-hospital")
    arrivals.settle()
    managed = Resource.objects.filter(type="EpisodeOfCare").values("person")
    known = Resource.objects.filter(type="Patient", person__in=managed).order_by("pk")
    for row in known[:300]:
        body = json.loads(row.versions.get(version=row.version).body)
        raw = raw_row(body)
        if str(raw["division"] or "").startswith(county.code) and raw["name"] and raw["birth"] and raw["phone"]:
            break
    again = {k: v for k, v in body.items() if k not in ("identifier", "meta")} | {"id": "second-1"}
    visit = {
        "resourceType": "Encounter", "id": "second-e1", "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "type": [{"coding": [{"system": "urn:luoshi:cn:code:service", "code": "htn-visit"}]}],
        "subject": {"reference": "Patient/second-1"}, "period": {"start": "2025-10-01T09:00:00+08:00",
        "end": "2025-10-01T10:00:00+08:00"},
    }  # fmt: skip
    prepared = prepare(f"{json.dumps(again)}\n{json.dumps(visit)}".encode(), 1, False)
    assert not prepared.refused, prepared.refused
    commit(prepared, source=sender, by="test")
    assert arrivals.settle().cases >= 1
    new = Resource.objects.get(type="Patient", key="second-1").person
    case = Case.objects.filter(right=new).order_by("-probability")[0]
    return case.left, case.right


@pytest.fixture
def case(pair: tuple[int, int], db: None) -> Case:
    return Case.objects.get(left=pair[0], right=pair[1])


WHO = {"leader": 200, "county": 200, "plan-officer": 403, "clinic": 403, "steward": 403, "security": 403,
       "auditor": 403, "": 302}  # fmt: skip


@pytest.mark.parametrize(("username", "status"), WHO.items())
def test_who_may(as_user: AsUser, case: Case, username: str, status: int) -> None:
    client = as_user(username)
    for name, arguments in (("queue", ()), ("case", (case.pk,)), ("person", (case.left,))):
        assert client.get(reverse(f"identity_desk:{name}", args=arguments)).status_code == status, name
    posted = {200: 302, 403: 403, 302: 302}[status]
    for name, arguments in (("undo", (case.pk,)), ("answer", (case.pk,))):
        assert client.post(reverse(f"identity_desk:{name}", args=arguments), {"answer": "x"}).status_code == posted
    api = {200: 200, 403: 403, 302: 401}[status]
    for address in (
        "/api/identity/cases",
        f"/api/identity/cases/{case.pk}",
        f"/api/identity/persons/{case.left}/links",
    ):
        assert client.get(address).status_code == api, address
    assert Case.objects.get(pk=case.pk).state == Case.OPEN


def test_every_page_has_a_guard() -> None:
    assert all(hasattr(p.callback, "permission") and hasattr(p.callback, "person_factor") for p in pages.urlpatterns)


def test_side_by_side(as_user: AsUser, case: Case, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    client = as_user("county")
    with django_assert_max_num_queries(22):
        page = client.get(reverse("identity_desk:queue")).content.decode()
    assert reverse("identity_desk:case", args=[case.pk]) in page
    with django_assert_max_num_queries(34):
        page = client.get(reverse("identity_desk:case", args=[case.pk])).content.decode()
    assert "姓名相同" in page
    assert "出生日期相同" in page
    assert 'data-key="s"' in page
    assert "second-hospital" in page
    assert Entry.objects.filter(action="look", object_id=str(case.left), detail__what="identity").exists()


def test_other_counties_answer_404(as_user: AsUser, case: Case, known: Any) -> None:
    foreign = Case.objects.create(
        left=known.there, right=case.right, left_record=1, right_record=2, probability=0.5, weight=1, band="review",
        at=case.at, changed=case.at,
    )  # fmt: skip
    client = as_user("county")
    assert client.get(reverse("identity_desk:case", args=[foreign.pk])).status_code == 404
    assert client.post(reverse("identity_desk:answer", args=[foreign.pk]), {"answer": "same"}).status_code == 404
    assert client.get(f"/api/identity/cases/{foreign.pk}").status_code == 404
    merged = client.post(
        "/api/identity/merge", {"keep": known.there, "other": case.left, "reason": "x"}, content_type="application/json"
    )
    assert merged.status_code == 404


def test_answer_two_reviewers_and_undo(as_user: AsUser, case: Case) -> None:
    one, two = as_user("county"), as_user("leader")
    seen = {"answer": "same", "revision": case.revision}
    assert one.post(reverse("identity_desk:answer", args=[case.pk]), seen).status_code == 302
    assert links.root(case.right) == case.left
    late = two.post(reverse("identity_desk:answer", args=[case.pk]), {**seen, "answer": "different"}, follow=True)
    assert "别人刚刚作了结论" in late.content.decode()
    assert Case.objects.get(pk=case.pk).state == "same"
    assert Resource.objects.get(key="second-e1").person == case.left
    page = one.get(reverse("identity_desk:person", args=[case.left])).content.decode()
    assert "人工核对" in page
    two.post(reverse("identity_desk:undo", args=[case.pk]))
    assert Resource.objects.get(key="second-e1").person == case.right
    assert [a.undone for a in Case.objects.get(pk=case.pk).answers.all()] == [True]


def test_the_effect_is_what_the_board_would_show(as_user: AsUser, case: Case) -> None:
    _until, moved = effects.of_merge(case.left, case.right)
    assert moved, "a resident less is counted"
    residents = [m for m in moved if (m.before[0], m.after[0]) == (2, 1) or (m.before[1], m.after[1]) == (2, 1)]
    assert residents
    page = as_user("county").get(reverse("identity_desk:effect", args=[case.pk])).content.decode()
    assert "1/1" in page or "/1" in page
    actions.answer(case.pk, answer="same", by="test")
    assert effects.of_merge(case.left, case.right)[1] == []


def test_match_operation(as_user: AsUser, case: Case) -> None:
    raw = Resource.objects.get(type="Patient", key="second-1")
    patient = json.loads(raw.versions.get(version=raw.version).body)
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "resource", "resource": patient}, {"name": "count", "valueInteger": 3}],
    }
    client = as_user("county")
    answered = client.post("/fhir/R4/Patient/$match", json.dumps(body), content_type="application/fhir+json")
    assert answered.status_code == 200, answered.content
    bundle = answered.json()
    assert bundle["type"] == "searchset"
    scores = [entry["search"]["score"] for entry in bundle["entry"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.5
    grades = {e["search"]["extension"][0]["valueCode"] for e in bundle["entry"]}
    assert grades <= {"certain", "probable", "possible"}
    wrong = client.post(
        "/fhir/R4/Patient/$match", '{"resourceType": "Parameters"}', content_type="application/fhir+json"
    )
    assert wrong.status_code == 400
    assert wrong.json()["resourceType"] == "OperationOutcome"
