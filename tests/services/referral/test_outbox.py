"""The outbox: in order for each referral, again after a failure, not again after a refusal for good; and the commands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner
from django.utils import timezone

from luoshi.cli.referral import group
from luoshi.kernel.errors import InvalidValue
from luoshi.platform.access.scope import Scope
from luoshi.platform.sources import registering
from luoshi.services.referral import actions
from luoshi.services.referral.exchange import outbox, peers
from luoshi.services.referral.models import Message, Peer

from .conftest import Ward, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def peer(ward: Ward) -> Peer:
    registering.register(name="far-in", by="test", scope=Scope.system(), division="9901")
    return peers.register(
        name="far", address="https://far.example/fhir/R4", client_id="us", secret="s", source="far-in", by="test",
        places=peers.parse_places("N1,宁州医院,general-hospital,3\nN2，宁州二院"),
    )  # fmt: skip


def away(ward: Ward) -> int:
    return sent(ward, receiver="N1", peer="far").pk


def test_in_order_and_again(ward: Ward, peer: Peer):
    first, second = away(ward), away(ward)
    actions.cancel(number=first, reason="patient", note="", by=ward.clinic, scope=ward.scope(ward.clinic))
    taken: list[int] = []

    def broken(_peer: Peer, body: str) -> str:
        return "0 ConnectionRefusedError"

    def works(_peer: Peer, body: str) -> str:
        taken.append(len(body))
        return ""

    assert outbox.deliver(send=broken) == 0
    assert Message.objects.filter(state="waiting", attempts=1).count() == 1  # out of reach: the others are not tried
    assert (
        outbox.deliver(send=works) == 1
    )  # the first one waits its time, and what follows it too; the second referral goes
    Message.objects.update(due=timezone.now() - timedelta(seconds=1))
    assert outbox.deliver(send=works) == 2
    assert outbox.deliver(send=works) == 0
    assert Message.objects.filter(state="sent").count() == 3
    assert list(Message.objects.filter(referral=first).order_by("pk").values_list("version", flat=True)) == [1, 2]
    assert Message.objects.filter(referral=second).count() == 1


@pytest.mark.parametrize(
    ("failure", "state"),
    [("422 no such institution", "refused"), ("409 x", "refused"), ("401 x", "waiting"), ("503 x", "waiting"),
     ("0 TimeoutError", "waiting"), ("429 x", "waiting")],
)  # fmt: skip
def test_what_is_tried_again(ward: Ward, peer: Peer, failure: str, state: str):
    away(ward)
    assert outbox.deliver(send=lambda _peer, _body: failure) == 0
    message = Message.objects.get()
    assert (message.state, message.error) == (state, failure)
    peer.refresh_from_db()
    assert peer.error == failure
    assert outbox.retry(peer) == 1
    assert outbox.deliver(send=lambda _peer, _body: "") == 1


def test_a_draft_taken_back_was_never_told(ward: Ward, peer: Peer):
    from .conftest import wanted

    made = actions.draft(wanted=wanted(ward, receiver="N1", peer="far"), by=ward.clinic, scope=ward.scope(ward.clinic))
    actions.cancel(number=made.pk, reason="mistake", note="", by=ward.clinic, scope=ward.scope(ward.clinic))
    assert not Message.objects.exists()


@pytest.mark.parametrize("text", ["N1", "N1,甲,no-such-type", "N1,甲,general-hospital,9", ",甲"])
def test_places_that_cannot_be(text: str):
    with pytest.raises(InvalidValue):
        peers.parse_places(text)


def test_the_commands(ward: Ward, peer: Peer):
    sent(ward)
    found = CliRunner().invoke(group, ["clock"], catch_exceptions=False)
    assert found.output == "0 steps of escalation, 0 did not come.\n"
    found = CliRunner().invoke(group, ["exchange"], catch_exceptions=False)
    assert found.output == "0 messages sent, 0 still wait or were refused.\n"
    told = ["peer", "far", "--address", "https://far.example/fhir/R4", "--client-id", "us", "--secret", "t", "--source", "far-in",
            "--place", "N1,宁州医院"]  # fmt: skip
    found = CliRunner().invoke(group, told, catch_exceptions=False)
    assert found.output == "far: https://far.example/fhir/R4, 1 institutions, heard as far-in.\n"
