"""The desk without the demonstration, on whatever database the tests run on: `test_everything_holds_on_postgresql` runs
this file again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from luoshi.platform.access.models import Grant, User
from luoshi.platform.identity import arrivals, links
from luoshi.platform.identity.models import Case
from luoshi.platform.store.models import Resource, Source
from luoshi.platform.store.preparing import prepare
from luoshi.platform.store.writing import commit


@pytest.fixture
def case(db: Any) -> Case:
    """One resident as two hospitals know her, one of them without her number."""
    told = {
        "resourceType": "Patient",
        "name": [{"text": "李思雨"}],
        "gender": "female",
        "birthDate": "1980-03-05",
        "telecom": [{"system": "phone", "value": "13900000001"}],
    }
    number = {"system": "urn:luoshi:cn:resident-id", "value": "110105198003050027"}
    for source, more in (("one", {"id": "a", "identifier": [number]}), ("two", {"id": "b"})):
        sender, _ = Source.objects.get_or_create(name=source)
        visit = {
            "resourceType": "Encounter",
            "id": f"e-{more['id']}",
            "status": "finished",
            "class": {"code": "AMB"},
            "subject": {"reference": f"Patient/{more['id']}"},
        }
        commit(prepare("\n".join(map(json.dumps, (told | more, visit))).encode(), 1, False), source=sender, by="test")
    arrivals.settle()
    return Case.objects.get()


def test_a_case_is_read_answered_and_taken_back(case: Case, settings: Any) -> None:
    settings.LUOSHI_TWO_FACTOR = False
    client = Client()
    reviewer = User.objects.create_user("reviewer", password="shan-gao-shui-chang-7")
    Grant.objects.create(user=reviewer, role="division-head", everywhere=True)
    client.force_login(reviewer)
    for name, argument in (("queue", None), ("case", case.pk), ("effect", case.pk), ("person", case.left)):
        address = reverse(f"identity_desk:{name}", args=[argument] if argument else [])
        assert client.get(address).status_code == 200, name
    page = client.get(reverse("identity_desk:case", args=[case.pk])).content.decode()
    assert "出生日期相同" in page
    seen = {"answer": "same", "revision": case.revision}
    assert client.post(reverse("identity_desk:answer", args=[case.pk]), seen).status_code == 302
    assert links.root(case.right) == case.left
    assert Resource.objects.get(key="e-b").person == case.left
    assert client.get(reverse("identity_desk:person", args=[case.left])).status_code == 200
    assert client.post(reverse("identity_desk:undo", args=[case.pk])).status_code == 302
    assert Resource.objects.get(key="e-b").person == case.right
    assert client.get("/api/identity/cases").status_code == 200
