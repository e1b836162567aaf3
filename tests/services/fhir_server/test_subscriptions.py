"""Subscriptions: every match is told at least once and in order, whatever the receiver does meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from .conftest import Hospital, Register, observation, patient


class Receiver:
    """A webhook: what it was sent, and the status it answers next."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, str], bytes]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def take(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.calls.append((self.command, self.path, dict(self.headers), body))
                self.send_response(receiver.status)
                self.end_headers()

            do_POST = do_PUT = take  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    @property
    def ids(self) -> list[str]:
        """Ids of the resources it took with 200."""
        return [json.loads(body)["id"] for *_, body in self.calls if body]


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A webhook on this machine, which the setting allows."""
    settings.LUOSHI_WEBHOOKS = ["127.0.0.1"]
    found = Receiver()
    yield found
    found.server.shutdown()
    found.server.server_close()


def subscription(url: str, criteria: str = "Observation?code=8480-6", **channel: Any) -> dict[str, Any]:
    given = {"type": "rest-hook", "endpoint": url, "payload": "application/fhir+json", **channel}
    return {
        "resourceType": "Subscription",
        "id": "s",
        "status": "requested",
        "reason": "test",
        "criteria": criteria,
        "channel": {name: value for name, value in given.items() if value is not None},
    }


def deliver() -> int:
    from luoshi.services.fhir_server.delivering import deliver as once
    from luoshi.services.fhir_server.models import Subscriber

    Subscriber.objects.update(due=datetime.now(UTC) - timedelta(seconds=1))
    return once()


def test_matches_are_told_in_order_and_once_when_all_is_well(h1: Hospital, receiver: Receiver) -> None:
    h1("PUT", "/Observation/before", observation("before", "Patient/p1"))
    made = h1("PUT", "/Subscription/s", subscription(receiver.url, header=["Authorization: Bearer secret"]))
    assert made.status == 201
    assert made.body["status"] == "active"
    assert made.body["channel"]["header"] == ["Authorization: …"]
    h1("PUT", "/Patient/p1", patient("p1", name=[{"text": "王小明"}]))
    for i in range(3):
        h1("PUT", f"/Observation/o{i}", observation(f"o{i}", "Patient/p1"))
    h1("PUT", "/Observation/no", observation("no", "Patient/p1", code="1558-6"))
    h1("DELETE", "/Observation/o0")
    assert deliver() == 3
    assert deliver() == 0
    assert receiver.ids == ["o0", "o1", "o2"]
    method, path, headers, body = receiver.calls[0]
    assert (method, path) == ("PUT", "/hook/Observation/o0")
    assert headers["Authorization"] == "Bearer secret"
    assert json.loads(body)["meta"]["versionId"] == "1"
    assert not any("王" in value or "p1" in value for value in headers.values())


def test_without_a_payload_only_the_knock(h1: Hospital, receiver: Receiver) -> None:
    h1("PUT", "/Subscription/s", subscription(receiver.url, payload=None))
    h1("PUT", "/Observation/o", observation("o", "Patient/p1"))
    assert deliver() == 1
    assert [(m, p, b) for m, p, _, b in receiver.calls] == [("POST", "/hook", b"")]


def test_nothing_is_lost_while_nobody_listens(h1: Hospital, receiver: Receiver, monkeypatch: Any) -> None:
    from luoshi.services.fhir_server import delivering
    from luoshi.services.fhir_server.models import Subscriber

    h1("PUT", "/Subscription/s", subscription(receiver.url))
    for i in range(3):
        h1("PUT", f"/Observation/o{i}", observation(f"o{i}", "Patient/p1"))
    receiver.status = 503
    assert deliver() == 0
    told = h1("GET", "/Subscription/s").body
    assert (told["status"], told["error"]) == ("active", "The endpoint answered 503.")
    waiting = Subscriber.objects.get()
    assert waiting.due > datetime.now(UTC)
    assert delivering.deliver() == 0, "it waits before it tries again"
    monkeypatch.setattr(delivering, "GIVE_UP", 3)
    deliver()
    deliver()
    assert h1("GET", "/Subscription/s").body["status"] == "error"
    receiver.status = 200
    receiver.calls.clear()
    assert deliver() == 0
    h1("PUT", "/Subscription/s", subscription(receiver.url) | {"reason": "again"})
    assert deliver() == 3
    assert receiver.ids == ["o0", "o1", "o2"]
    assert h1("GET", "/Subscription/s").body["status"] == "active"


def test_a_death_between_call_and_note_tells_again(h1: Hospital, receiver: Receiver, monkeypatch: Any) -> None:
    from luoshi.platform import audit

    h1("PUT", "/Patient/p1", patient("p1"))
    h1("PUT", "/Subscription/s", subscription(receiver.url))
    h1("PUT", "/Observation/o", observation("o", "Patient/p1"))
    with monkeypatch.context() as dying:
        dying.setattr(audit, "look", lambda **_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            deliver()
    assert deliver() == 1
    assert receiver.ids == ["o", "o"]


def test_replay(h1: Hospital, h2: Hospital, receiver: Receiver) -> None:
    h1("PUT", "/Observation/o0", observation("o0", "Patient/p1"))
    h1("PUT", "/Subscription/s", subscription(receiver.url))
    h1("PUT", "/Observation/o1", observation("o1", "Patient/p1"))
    assert deliver() == 1
    assert h2("POST", "/Subscription/s/$replay?since=2020-01-01", {"resourceType": "Parameters"}).status == 404
    assert h1("POST", "/Subscription/s/$replay?since=2020-01-01", {"resourceType": "Parameters"}).status == 200
    assert deliver() == 2
    assert receiver.ids == ["o1", "o0", "o1"]
    assert h1("GET", "/Subscription/s/$replay").status == 405


def test_a_subscriber_is_told_only_what_it_may_see(
    register: Register, small_region: object, receiver: Receiver
) -> None:
    from luoshi.platform.sources.models import Client

    sender, clinic = register("sender"), register("clinic", institution="C1")
    clinic("PUT", "/Subscription/s", subscription(receiver.url, criteria="Patient"))
    for i, place in enumerate(["C1", "C2"]):
        sender("PUT", f"/Patient/p{i}", patient(f"p{i}", managingOrganization={"reference": f"Organization/{place}"}))
    assert deliver() == 1
    assert receiver.ids == ["p0"]
    Client.objects.filter(source=clinic.source).update(revoked=datetime.now(UTC))
    sender("PUT", "/Patient/p0", patient("p0", gender="male", managingOrganization={"reference": "Organization/C1"}))
    assert deliver() == 0
    assert len(receiver.ids) == 1


def test_the_end_of_a_subscription(h1: Hospital, receiver: Receiver) -> None:
    h1("PUT", "/Subscription/s", subscription(receiver.url) | {"end": "2020-01-01T00:00:00Z"})
    h1("PUT", "/Observation/o", observation("o", "Patient/p1"))
    assert deliver() == 0
    assert h1("GET", "/Subscription/s").body["status"] == "off"
    h1("PUT", "/Subscription/s", subscription(receiver.url))
    h1("DELETE", "/Subscription/s")
    assert deliver() == 0


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"criteria": "Observation?colour=red"}, "criteria"),
        ({"criteria": "Nonsense?x=1"}, "criteria"),
        ({"criteria": "Observation?_sort=date"}, "criteria"),
        ({"channel": {"type": "websocket"}}, "channel.type"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://localhost/x"}}, "channel.endpoint"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://169.254.169.254/x"}}, "channel.endpoint"),
        ({"channel": {"type": "rest-hook", "endpoint": "ftp://example.org/x"}}, "channel.endpoint"),
        ({"channel": {"type": "rest-hook", "endpoint": "https://a:b@example.org/x"}}, "channel.endpoint"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://[bad"}}, "channel.endpoint"),
        (
            {"channel": {"type": "rest-hook", "endpoint": "https://192.0.2.1", "payload": "text/plain"}},
            "channel.payload",
        ),
        ({"channel": {"type": "rest-hook", "endpoint": "https://192.0.2.1", "header": ["Host: x"]}}, "channel.header"),
        ({"channel": {"type": "rest-hook", "endpoint": "https://192.0.2.1", "header": ["no colon"]}}, "channel.header"),
    ],
)
def test_what_cannot_be_served_is_refused(h1: Hospital, change: dict[str, Any], place: str) -> None:
    told = h1("PUT", "/Subscription/s", subscription("https://192.0.2.1/hook") | change)
    assert told.status == 422
    assert told.body["issue"][0]["expression"] == [f"Subscription.{place}"]
    assert h1("GET", "/Subscription/s").status == 404
