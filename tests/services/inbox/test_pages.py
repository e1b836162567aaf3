"""Every page and endpoint of the inbox: one's own messages and nobody else's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from luoshi.platform.access.models import User
from luoshi.services.inbox import pages
from luoshi.supervision.alerts.actions import tell
from luoshi.supervision.alerts.models import Message, Preference

from ..conftest import USERS

AsUser = Callable[[str], Client]
READERS = ("leader", "plan-officer", "county", "clinic", "steward")
TABLE = {
    "messages": ("get", "/inbox/"),
    "all messages": ("get", "/inbox/?show=all&kind=finding-noticed"),
    "settings": ("get", "/inbox/settings/"),
    "read": ("post", "/inbox/read/"),
    "api": ("get", "/api/inbox/"),
}
HOOK = "https://oapi.dingtalk.com/robot/send?access_token=abc"


def test_no_page_is_forgotten():
    assert {p.name for p in pages.urlpatterns} == {"messages", "read", "settings", "go"}
    assert all(p.callback.permission == "alert.read" for p in pages.urlpatterns)


def test_who_may(as_user: AsUser):
    for method, address in TABLE.values():
        for user in USERS:
            status = getattr(as_user(user), method)(address).status_code
            assert status == (403 if user not in READERS else 302 if method == "post" else 200), (address, user)
        assert getattr(as_user(""), method)(address).status_code in (302, 401)


def test_anothers_message_does_not_exist(as_user: AsUser):
    county = User.objects.get(username="county")
    tell("other", key="test:1", users=[county], link="/rectification/", title="只给县区")
    message = Message.objects.get(user=county, key="test:1")
    assert "只给县区" in as_user("county").get("/inbox/").content.decode()
    assert "只给县区" not in as_user("leader").get("/inbox/?show=all").content.decode()
    assert as_user("leader").post(f"/inbox/{message.pk}/go/").status_code == 404
    body = {"ids": [message.pk]}
    assert as_user("leader").post("/api/inbox/read", body, content_type="application/json").json() == {"read": 0}
    assert as_user("county").post("/api/inbox/read", body, content_type="application/json").json() == {"read": 1}
    for link in ("//evil.test/", "https://evil.test/", ""):
        Message.objects.filter(pk=message.pk).update(link=link)
        assert as_user("county").post(f"/inbox/{message.pk}/go/")["Location"] == "/inbox/"


def test_what_one_wants_to_hear(as_user: AsUser):
    county = as_user("county")
    given = {
        "mail": "on",
        "hook_kind": "dingtalk",
        "hook_url": HOOK,
        "quiet_from": "20",
        "quiet_to": "8",
        "muted": ["other"],
    }
    assert county.post("/inbox/settings/", given | {"hook_url": "https://example.test/"}).status_code == 400
    assert county.post("/inbox/settings/", given).status_code == 302
    kept = Preference.objects.get(user__username="county")
    assert (kept.hook_kind, kept.quiet_from, kept.muted) == ("dingtalk", 20, ["other"])
    shown = county.get("/inbox/settings/").content.decode()
    assert "access_token" not in shown
    county.post("/inbox/settings/", given | {"hook_url": "", "hook_kind": ""})
    assert Preference.objects.get(user__username="county").hook_url == ""
    assert county.post("/inbox/settings/", given | {"quiet_from": "x"}).status_code == 400


@pytest.mark.parametrize(("address", "most"), [("/inbox/", 8), ("/inbox/settings/", 8)])
def test_what_a_page_costs(address: str, most: int, as_user: AsUser):
    leader = as_user("leader")
    leader.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert leader.get(address).status_code == 200
    assert len(queries) <= most, "\n".join(q["sql"][:160] for q in queries)
