"""People hear of a thing once, in one digest a day, and what leaves arrives at least once and names nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, NotFound
from luoshi.platform.access.scope import Scope
from luoshi.supervision.alerts import actions, bodies, queries, recipients, rules, sending
from luoshi.supervision.alerts.models import Message, Outgoing

MORNING = datetime(2025, 11, 3, 9, 0, tzinfo=clock.CHINA)
NIGHT = datetime(2025, 11, 3, 23, 0, tzinfo=clock.CHINA)


@pytest.fixture
def reader(make_user, settings):
    settings.LUOSHI_MAIL = "test"
    user = make_user("county-officer", division="990101")
    user.email = "county@example.test"
    user.save()
    return user


def tell(user, key="a", kind="dispatch-received", **more):
    values = {"title": "高血压随访", "count": 3, "due": "2025-11-17"}
    return actions.tell(kind, key=key, users=[user], link="/dispatches/1/", **(values | more))


def test_the_same_event_is_told_once(reader):
    assert (tell(reader), tell(reader), tell(reader, "b")) == (1, 0, 1)
    assert queries.unread(reader) == 2
    say, todo = queries.messages(reader).last().texts
    assert "派来 3 项" in say
    assert todo
    assert actions.read(by=reader) == 2
    assert queries.unread(reader) == 0
    with pytest.raises(NotFound):
        tell(reader, kind="no-such-kind")


def test_what_english_says_otherwise_is_said_in_english(reader):
    tell(reader, kind="finding-escalated", step="约谈", step_en="Interview")
    with override("zh-hans"):
        assert "已到“约谈”一步" in queries.messages(reader).get().texts[0]
    with override("en"):
        say, _todo = queries.messages(reader).get().texts
    assert "the step “Interview”" in say
    assert "约谈" not in say


def test_nobody_reads_anothers(reader, make_user):
    other = make_user("county-officer", division="990102")
    tell(reader)
    number = queries.messages(reader).get().pk
    assert actions.read(by=other, numbers=[number]) == 0
    assert queries.unread(reader) == 1


def test_those_nearest_are_told(small_region, make_user):
    clinic = make_user("institution-clinician", institution="C1")
    county = make_user("county-officer", division="990101")
    make_user("county-officer", division="9901")
    assert recipients.nearest("dispatch.act", institution="C1") == [clinic]
    assert recipients.nearest("dispatch.act", division="990101001") == [county]
    clinic.is_active = False
    clinic.save()
    assert recipients.nearest("dispatch.act", institution="C1") == [county]
    assert recipients.nearest("audit.read", division="990101") == []


def test_one_digest_a_day_with_what_to_do_and_no_storm(reader):
    with clock.at(MORNING):
        for n in range(30):
            tell(reader, f"k{n}", title=f"派单{n}")
        assert sending.digest() == 1
        assert sending.digest() == 0  # the timer runs again
        tell(reader, "later")
        assert sending.digest() == 0  # what came since waits for tomorrow
        assert sending.deliver().sent == 1
        assert sending.deliver().sent == 0
    (letter,) = mail.outbox
    most = rules.book().most_listed
    assert letter.body.count("请打开工作清单") == most
    assert f"另有 {30 - most} 条" in letter.body
    assert letter.to == ["county@example.test"]
    with clock.at(MORNING + timedelta(days=1)):
        assert sending.digest() == 1


def test_quiet_hours_muted_kinds_and_the_hour_of_the_digest(reader):
    tell(reader, kind="duty-overdue")
    assert sending.urgent(at=NIGHT) == 0
    assert sending.digest(at=MORNING.replace(hour=7)) == 0  # before its hour
    actions.prefer(by=reader, mail=True, muted=["duty-overdue"])
    assert sending.urgent(at=MORNING) == sending.digest(at=MORNING) == 0
    actions.prefer(by=reader, mail=True)
    with clock.at(MORNING):
        assert sending.urgent() == 1


def test_urgent_ones_leave_at_once_up_to_a_cap(reader):
    with clock.at(MORNING):
        for n in range(rules.book().urgent_a_day + 2):
            tell(reader, f"u{n}", kind="duty-overdue")
            sending.urgent()
        assert Outgoing.objects.filter(urgent=True).count() == rules.book().urgent_a_day
        assert sending.digest() == 1  # the rest


def test_failures_are_tried_again_with_longer_waits_then_given_up(reader, monkeypatch):
    tell(reader)
    sending.digest(at=MORNING)
    monkeypatch.setattr(sending, "_mail", lambda row: "the server is away")
    at, waits = MORNING, []
    for _attempt in range(len(rules.book().retry_after_minutes) + 1):
        assert sending.deliver(at=at).failed == 1
        assert sending.deliver(at=at).failed == 0  # not yet due again
        row = Outgoing.objects.get()
        waits.append((row.due - at).total_seconds() / 60)
        at = row.due
    assert tuple(waits[:-1]) == rules.book().retry_after_minutes
    assert (row.state, row.error) == (Outgoing.GIVEN_UP, "the server is away")


def test_a_run_that_died_while_sending_sends_again(reader, monkeypatch):
    tell(reader)
    sending.digest(at=MORNING)

    def dies(row):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sending, "_mail", dies)
        with pytest.raises(KeyboardInterrupt):
            sending.deliver(at=MORNING)
    assert sending.deliver(at=MORNING).sent == 0  # the lease still runs
    assert sending.deliver(at=MORNING + sending.LEASE).sent == 1


class Robot(BaseHTTPRequestHandler):
    """A group robot that keeps what it was sent and answers what it is told to."""

    heard: list[tuple[str, dict]] = []
    answer = {"errcode": 0}

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.heard.append((self.path, body))
        data = json.dumps(self.answer).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments):
        """Nothing on the screen."""


@pytest.fixture
def robot(settings):
    server = HTTPServer(("127.0.0.1", 0), Robot)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.LUOSHI_WEBHOOKS = ["127.0.0.1"]
    Robot.heard, Robot.answer = [], {"errcode": 0}
    yield f"http://127.0.0.1:{server.server_port}/robot/send?access_token=t"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("kind", ["dingtalk", "wecom"])
def test_robots_get_the_body_they_take(kind, reader, robot):
    actions.prefer(by=reader, mail=False, hook_kind=kind, hook_url=robot, hook_secret="SEC1")
    tell(reader)
    assert sending.digest(at=MORNING) == 1
    assert sending.deliver(at=MORNING).sent == 1
    ((path, body),) = Robot.heard
    assert body["msgtype"] == "markdown"
    text = body["markdown"]["text" if kind == "dingtalk" else "content"]
    assert "高血压随访" in text
    assert "请打开工作清单" in text
    if kind == "dingtalk":
        query = parse_qs(urlsplit(path).query)
        stamp = query["timestamp"][0]
        digest = hmac.new(b"SEC1", f"{stamp}\nSEC1".encode(), hashlib.sha256).digest()
        assert query["sign"] == [base64.b64encode(digest).decode()]
    row = queries.preference(reader)
    assert robot not in row.hook_url
    assert "SEC1" not in row.hook_secret


def test_a_robot_that_refuses_with_200_is_a_failure(reader, robot):
    Robot.answer = {"errcode": 130101, "errmsg": "send too fast"}
    actions.prefer(by=reader, mail=False, hook_kind="dingtalk", hook_url=robot)
    tell(reader)
    sending.digest(at=MORNING)
    assert sending.deliver(at=MORNING).failed == 1
    assert "130101" in Outgoing.objects.get().error


@pytest.mark.parametrize(
    "url",
    [
        "http://oapi.dingtalk.com/robot/send?access_token=t",
        "https://169.254.169.254/?access_token=t",
        "https://oapi.dingtalk.com.evil.test/?access_token=t",
        "https://user@oapi.dingtalk.com/robot/send?access_token=t",
        "https://oapi.dingtalk.com:8443/robot/send?access_token=t",
        "https://oapi.dingtalk.com/robot/send",
    ],
)
def test_no_other_host_is_called(url, reader):
    with pytest.raises(InvalidValue):
        actions.prefer(by=reader, mail=False, hook_kind="dingtalk", hook_url=url)


@given(st.lists(st.sampled_from("abcd"), max_size=60), st.integers(1, 20))
def test_a_digest_lists_at_most_so_many_and_counts_the_rest(kinds, most):
    lines = [bodies.Line(kind, f"s{n}", "t", "") for n, kind in enumerate(kinds)]
    shown, more = bodies.grouped(lines, most)
    listed = sum(len(entries) for _name, entries in shown)
    assert listed + more == len(lines)
    assert listed <= most
    assert {name for name, _e in shown} == set(kinds) if len(set(kinds)) <= most else len(shown) == most


@given(st.text(max_size=3000))
def test_wecom_bodies_fit(text):
    assert len(bodies.wecom("t", text, 600)["markdown"]["content"].encode()) <= 600


def test_every_kind_says_what_to_do_in_both_languages():
    for name, kind in rules.book().kinds.items():
        for english in (False, True):
            say, todo = rules.said(name, {"title": "{x}", "count": 1}, english=english)
            assert say, name
            assert todo, name
        assert kind.todo != kind.say


def test_the_head_of_a_page_shows_the_number(reader, client):
    tell(reader)
    client.force_login(reader)
    assert Scope.of(reader).can("alert.read")
    text = client.get("/inbox/").content.decode()
    assert '<strong class="tag">1</strong>' in text
    number = Message.objects.get().pk
    answer = client.post(f"/inbox/{number}/go/")
    assert (answer.status_code, answer["Location"]) == (302, "/dispatches/1/")
    assert '<strong class="tag">' not in client.get("/inbox/").content.decode()
