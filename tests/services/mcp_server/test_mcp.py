"""The assistant's door: permission and scope of every tool, tokens that end at once, looks that are noted, the protocol."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from django.http import Http404
from django.test import Client
from mcp import Client as McpClient
from mcp import StdioServerParameters

from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.services.mcp_server import pages, tokens, tools
from luoshi.services.mcp_server.models import Token
from luoshi.supervision import sources

from ..conftest import USERS

ACCEPT = "application/json, text/event-stream"


def token_of(username: str, *, persons: bool = False) -> str:
    user = User.objects.get(username=username)
    return tokens.make(name="测试", persons=persons, second_factor=True, by=user, scope=Scope.of(user))[1]


def caller_of(username: str, *, persons: bool = False) -> tokens.Caller:
    found = tokens.caller(token_of(username, persons=persons))
    assert found is not None
    return found


@pytest.fixture
def arguments(known: Any) -> dict[str, dict[str, Any]]:
    """For every tool arguments that are right."""
    target = {"target": known.target}
    return {
        "list_plans": {}, "list_targets": {}, "target_standing": target, "missed_counts": target, "missed_people": target,
        "indicator_definition": {"indicator": "htn-std"}, "ranking": target, "list_duties": {}, "list_appraisals": {},
    }  # fmt: skip


HOLDERS = ("leader", "plan-officer", "county", "clinic", "steward")  # who may connect an assistant at all
MAY = {
    "list_plans": set(HOLDERS), "list_targets": set(HOLDERS), "target_standing": set(HOLDERS), "missed_counts": set(HOLDERS),
    "missed_people": {"leader", "county", "clinic"}, "indicator_definition": set(HOLDERS), "ranking": set(HOLDERS),
    "list_duties": None, "list_appraisals": set(HOLDERS),
}  # fmt: skip


@pytest.mark.parametrize("name", tools.TOOLS)
def test_permission_of_every_tool(name, arguments):
    for username in HOLDERS:
        may = (
            Scope.of(User.objects.get(username=username)).can("duty.read")
            if MAY[name] is None
            else username in MAY[name]
        )
        caller = caller_of(username, persons=name == "missed_people" and may)
        before = Entry.objects.filter(action="assistant.call").count()
        if may:
            tools.call(name, arguments[name], caller)
            assert Entry.objects.filter(action="assistant.call").count() == before + 1
        else:
            with pytest.raises(Refused):
                tools.call(name, arguments[name], caller)


@pytest.mark.parametrize("name", [n for n, t in tools.TOOLS.items() if "division" in t.properties])
def test_what_lies_outside_is_not_found(name, arguments, known):
    county = caller_of("county", persons=True)
    for division in (known.other_county, "9901", "88"):
        with pytest.raises(Http404):
            tools.call(name, {**arguments[name], "division": division}, county)
    tools.call(name, {**arguments[name], "division": known.county}, county)


@pytest.mark.parametrize("name", [n for n, t in tools.TOOLS.items() if "target" in t.required])
def test_a_target_nobody_has_is_not_found(name, known):
    with pytest.raises(Http404):
        tools.call(name, {"target": 999_999}, caller_of("leader", persons=True))


def test_the_same_figures_as_the_pages(known):
    leader = caller_of("leader")
    said = tools.call("target_standing", {"target": known.target}, leader)
    one = sources.get().standing(known.target, scope=leader.scope)
    assert (said["value"], said["numerator"], said["denominator"], said["light"]) == (
        one.value, one.numerator, one.denominator, one.light,
    )  # fmt: skip
    counts = tools.call("missed_counts", {"target": known.target}, leader)
    assert counts["not_counted"] == one.denominator - one.numerator
    assert sum(row["not_counted"] for row in counts["below"]) == counts["not_counted"]
    people = tools.call("missed_people", {"target": known.target}, caller_of("leader", persons=True))
    assert people["total"] == counts["not_counted"]


def test_every_person_named_is_looked_at(known):
    caller = caller_of("clinic", persons=True)
    before = Entry.objects.filter(action="look", by="clinic").count()
    people = tools.call("missed_people", {"target": known.target}, caller)["people"]
    looks = Entry.objects.filter(action="look", by="clinic").order_by("-number")[: len(people)]
    assert Entry.objects.filter(action="look", by="clinic").count() == before + len(people)
    assert {int(e.object_id) for e in looks} == {p["person"] for p in people}
    with pytest.raises(Refused):  # a token that was not made for it
        tools.call("missed_people", {"target": known.target}, caller_of("clinic"))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("list_targets", {"light": "blue"}),
        ("list_targets", {"offset": -1}),
        ("target_standing", {}),
        ("target_standing", {"target": "1; drop table"}),
        ("target_standing", {"target": True}),
        ("list_targets", {"division": "9" * 61}),
        ("list_plans", {"scope": "everything"}),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_read(name, given, known):
    with pytest.raises(InvalidValue):
        tools.call(name, given, caller_of("leader"))


def test_tokens_end_at_once(known):
    user = User.objects.get(username="leader")
    secret = token_of("leader")
    row = Token.objects.get(user=user, hint=secret[-4:])
    assert secret not in str(vars(row))
    assert tokens.caller(secret).user == user
    assert tokens.caller(secret[:-1] + "x") is None
    assert tokens.caller("") is None
    with pytest.raises(Http404):
        tokens.revoke(number=row.pk, by=User.objects.get(username="county"))
    tokens.revoke(number=row.pk, by=user)
    assert tokens.caller(secret) is None
    with pytest.raises(Refused):
        tokens.revoke(number=row.pk, by=user)
    other = token_of("leader")
    Token.objects.update(expires=datetime.now(UTC) - timedelta(seconds=1))
    assert tokens.caller(other) is None
    third = token_of("leader")
    Grant.objects.filter(user=user).delete()
    assert tokens.caller(third) is None


def test_persons_take_a_second_factor(known):
    user = User.objects.get(username="clinic")
    with pytest.raises(Refused):
        tokens.make(name="测试", persons=True, second_factor=False, by=user, scope=Scope.of(user))
    officer = User.objects.get(username="plan-officer")
    with pytest.raises(Refused):
        tokens.make(name="测试", persons=True, second_factor=True, by=officer, scope=Scope.of(officer))


def test_pages(as_user, known):
    for name in USERS:
        expected = 200 if name in HOLDERS else 403
        assert as_user(name).get("/assistant/").status_code == expected, name
    assert as_user("").get("/assistant/").status_code == 302
    page = as_user("leader").post("/assistant/", {"name": "分析"})
    assert tokens.PREFIX in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    number = Token.objects.get(name="分析").pk
    assert as_user("county").post(f"/assistant/tokens/{number}/revoke/").status_code == 404
    assert as_user("security").post(f"/assistant/tokens/{number}/revoke/").status_code == 403
    assert as_user("leader").post(f"/assistant/tokens/{number}/revoke/").status_code == 302
    assert {p.name for p in pages.urlpatterns} == {"tokens", "revoke", "endpoint"}


def rpc(client: Client, secret: str, method: str, params: dict[str, Any]) -> Any:
    return client.post(
        "/assistant/mcp", json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}),
        content_type="application/json", headers={"Authorization": f"Bearer {secret}", "Accept": ACCEPT},
    )  # fmt: skip


def test_over_http(known):
    client = Client(enforce_csrf_checks=True)
    for secret in ("", "luoshi-mcp-nothing"):
        assert rpc(client, secret, "tools/list", {}).status_code == 401
    secret = token_of("plan-officer")
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    assert rpc(client, secret, "initialize", hello).json()["result"]["serverInfo"]["name"] == "luoshi"
    listed = {tool["name"] for tool in rpc(client, secret, "tools/list", {}).json()["result"]["tools"]}
    assert "list_plans" in listed
    assert "missed_people" not in listed
    said = rpc(client, secret, "tools/call", {"name": "ranking", "arguments": {"target": known.target}}).json()[
        "result"
    ]
    assert not said["isError"]
    assert json.loads(said["content"][0]["text"])["ranking"]
    wrong = rpc(client, secret, "tools/call", {"name": "missed_people", "arguments": {"target": known.target}}).json()[
        "result"
    ]
    assert wrong["isError"]
    gone = rpc(client, secret, "tools/call", {"name": "target_standing", "arguments": {"target": 10**6}}).json()[
        "result"
    ]
    assert (gone["isError"], gone["content"][0]["text"]) == (True, "not found.")
    assert client.get("/assistant/mcp", headers={"Authorization": f"Bearer {secret}"}).status_code == 405


def test_over_standard_streams(city, tmp_path, known):
    """The command as an assistant starts it, spoken to by the reference client, on a copy of the city's store."""
    import shutil
    import sqlite3

    store = tmp_path / "luoshi.sqlite3"
    shutil.copy(city.database, store)
    row, secret = Token(user_id=0, name="x"), tokens.PREFIX + "stdio-test-token"
    with sqlite3.connect(store) as copied:
        user = copied.execute("SELECT id FROM access_user WHERE username = 'leader'").fetchone()[0]
        copied.execute(
            "INSERT INTO mcp_server_token (name, digest, hint, persons, made, expires, user_id) VALUES (?, ?, ?, 0, ?, ?, ?)",
            (row.name, tokens._digest(secret), "oken", "2025-01-01 00:00:00", "2999-01-01 00:00:00", user),
        )
    home = tmp_path / "home"
    home.mkdir()
    for name in ("secret", "data-key"):
        shutil.copy(city.home / name, home / name)
    environment = city.environment | {
        "LUOSHI_HOME": str(home), "DATABASE_URL": f"sqlite:///{store}", "LUOSHI_MCP_TOKEN": secret, "PATH": os.environ["PATH"],
    }  # fmt: skip
    command = StdioServerParameters(command=sys.executable, args=["-m", "luoshi.cli.main", "mcp"], env=environment)

    async def talk() -> tuple[set[str], Any]:
        async with McpClient(command) as client:
            listed = await client.list_tools()
            plans = await client.call_tool("list_plans", {})
            return {tool.name for tool in listed.tools}, plans

    names, plans = anyio.run(talk)
    assert {"list_targets", "list_duties"} <= names
    assert not plans.is_error
    assert json.loads(plans.content[0].text)[0]["division"] == "9901"
