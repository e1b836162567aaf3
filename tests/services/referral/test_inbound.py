"""What another system sends through our FHIR server: taken once, matched to the resident, refused whole, or none of our
business."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client

from luoshi.platform.access.scope import Scope
from luoshi.platform.sources import clients, registering, tokens
from luoshi.platform.sources.models import Client as Key
from luoshi.platform.store.models import Resource
from luoshi.services.referral import actions, queries
from luoshi.services.referral.exchange import mapping, peers
from luoshi.services.referral.models import Message, Referral

from .conftest import Ward
from .test_mapping import picture

pytestmark = pytest.mark.django_db
PEER = {"name": "far", "address": "https://far.example/fhir/R4", "client_id": "us", "secret": "s", "places": [
    {"code": "C9", "name": "远镇卫生院", "type": "township-centre", "level": 1}]}  # fmt: skip


def sender(name: str) -> Client:
    registration = registering.register(name=name, by="test", scope=Scope.system(), division="9901")
    key = clients.issue(source=registration.source, by="test", scopes="system/*.cruds")
    token = tokens.issue(Key.objects.get(client_id=key.client_id)).token
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def far(ward: Ward) -> Client:
    """A peer's way in."""
    client = sender("system-far")
    peers.register(**PEER, source="system-far", by="test")
    return client


def post(client: Client, **more: Any) -> Any:
    made = mapping.bundle(picture(sender="C9", sender_name="远镇卫生院", **more))
    return client.post("/fhir/R4", orjson.dumps(made), content_type="application/fhir+json")


def test_taken_once_and_matched(far: Client, ward: Ward, django_assert_num_queries):
    assert post(far, version=1, base=0).status_code == 200
    row = Referral.objects.get()
    assert (row.state, row.far, row.person, row.receiver_name) == ("submitted", "send", ward.person, "东溪区人民医院")
    assert row.criteria == ["htn-uncontrolled"]
    hospital = ward.scope(ward.hospital)
    assert [e.id for e in queries.attached(row, scope=hospital, by=ward.hospital).entries] == []  # it has no day
    assert queries.box("turn", scope=hospital).get() == row
    assert post(far, version=1, base=0).status_code == 200
    assert Referral.objects.count() == 1
    # what we answer waits for the peer, with what we heard last
    actions.ask(number=row.pk, reason="tests", note="补心电图", by=ward.hospital, scope=ward.scope(ward.hospital))
    waiting = Message.objects.get()
    told = mapping.read({e["resource"]["resourceType"]: e["resource"] for e in orjson.loads(waiting.body)["entry"]})
    assert (told.state, told.base, told.refusal, told.asked) == ("returned", 1, "tests", False)
    assert post(far, version=3, base=2, state="submitted", said={"tests": "窦性心律"}).status_code == 200
    row.refresh_from_db()
    assert (row.state, row.tests) == ("submitted", "窦性心律")


def test_too_late_is_answered_with_how_it_stands(far: Client, ward: Ward):
    post(far, version=1, base=0)
    row = Referral.objects.get()
    told = {"by": ward.hospital, "scope": ward.scope(ward.hospital)}
    actions.accept(number=row.pk, **told)
    actions.arrive(number=row.pk, **told)
    assert post(far, version=2, base=0, state="cancelled").status_code == 200
    row.refresh_from_db()
    assert row.state == "arrived"
    last = orjson.loads(Message.objects.latest("version").body)
    again = mapping.read({e["resource"]["resourceType"]: e["resource"] for e in last["entry"]})
    assert (again.state, again.base) == ("arrived", 2)


def test_a_cancellation_in_time_forgets_the_patient(far: Client, ward: Ward):
    post(far, version=1, base=0)
    assert post(far, version=2, base=1, state="cancelled").status_code == 200
    row = Referral.objects.get()
    assert (row.state, row.subject, row.attached) == ("cancelled", {}, "")
    assert not Message.objects.exists()  # what the peer did is not told to it


@pytest.mark.parametrize("more", [{"receiver": "nowhere"}, {"asked": False}])
def test_what_cannot_be_is_refused_whole(far: Client, more: dict):
    before = Resource.objects.count()
    answer = post(far, version=1, base=0, **more)
    assert answer.status_code == 422
    assert Resource.objects.count() == before
    assert not Referral.objects.exists()


def test_a_stranger_refers_nobody_and_moves_nothing(far: Client, ward: Ward):
    stranger = sender("system-other")
    assert post(stranger, version=1, base=0).status_code == 200  # kept as records, no referral of it
    assert not Referral.objects.exists()
    post(far, version=1, base=0)
    peers.register(**{**PEER, "name": "other"}, source="system-other", by="test")
    assert post(stranger, version=9, base=9, state="cancelled").status_code == 422
    assert Referral.objects.get().state == "submitted"
