"""Keys and tokens of sources: who gets one, what it opens, how it ends."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.test import RequestFactory
from django.utils import timezone

from luoshi.kernel.errors import InvalidValue, NotFound, Refused
from luoshi.platform.sources import clients, limiting, registering, scopes, tokens
from luoshi.platform.sources.models import Client, Token


def ask(key: clients.Key, secret: str = "", **more: str) -> Any:
    given = base64.b64encode(f"{key.client_id}:{secret or key.secret}".encode()).decode()
    data = {"grant_type": "client_credentials", **more}
    return Browser().post("/oauth/token", data, headers={"Authorization": f"Basic {given}"})


def principal(token: str) -> tokens.Principal | None:
    return tokens.principal(RequestFactory().get("/", headers={"Authorization": f"Bearer {token}"}))


def test_a_secret_becomes_a_token_and_the_token_a_principal(register: Callable[..., Any]) -> None:
    source = register(institution="H1", mode="flag", profile="cn").source
    key = clients.issue(source=source, by="tester")
    answer = ask(key)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    found = principal(body["access_token"])
    assert found is not None
    assert (found.source.name, found.by, found.mode, found.profile) == ("a", "source:a", "flag", "cn")
    assert found.scope.institution_codes == ("C1", "H1")  # C1 is a member of H1
    assert found.scope.can("record.ingest")
    assert found.may("Patient", "c")
    kept = Client.objects.get()
    assert key.secret not in (kept.secret, kept.previous)
    assert not Token.objects.filter(digest=body["access_token"]).exists()


def test_the_body_may_carry_the_secret(register: Callable[..., Any]) -> None:
    key = clients.issue(source=register().source, by="tester")
    data = {"grant_type": "client_credentials", "client_id": key.client_id, "client_secret": key.secret}
    assert Browser().post("/oauth/token", data).status_code == 200


def test_a_token_has_no_more_than_its_client(register: Callable[..., Any]) -> None:
    key = clients.issue(source=register(division="990101").source, by="tester", scopes="system/Patient.rs")
    assert ask(key, scope="system/*.read").json()["error"] == "invalid_scope"
    assert ask(key, scope="patient/Patient.read").json()["error"] == "invalid_scope"
    found = principal(ask(key, scope="system/Patient.read").json()["access_token"])
    assert found is not None
    assert (found.may("Patient", "r"), found.may("Patient", "c"), found.may("Encounter", "r")) == (True, False, False)
    assert not found.scope.can("record.ingest")
    assert found.scope.covers_division("990101001")
    assert not found.scope.covers_division("990102")


def test_a_source_without_a_place_sees_nobody(register: Callable[..., Any]) -> None:
    key = clients.issue(source=register().source, by="tester")
    found = principal(ask(key).json()["access_token"])
    assert found is not None
    assert not found.scope.covers_person("990101001001", "C1")


def test_what_ends_a_token(register: Callable[..., Any]) -> None:
    registration = register()
    key = clients.issue(source=registration.source, by="tester")

    def fresh() -> str:
        return str(ask(key).json()["access_token"])

    assert principal("no-such-token") is None
    expired = fresh()
    Token.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert principal(expired) is None
    ended = fresh()
    data = {"client_id": key.client_id, "client_secret": key.secret, "token": ended}
    assert Browser().post("/oauth/revoke", data).status_code == 200
    assert principal(ended) is None
    assert Browser().post("/oauth/revoke", data | {"token": "another"}).status_code == 200
    alive = fresh()
    registering.register(name="a", by="tester", scope=_system(), active=False)
    assert principal(alive) is None
    assert ask(key).status_code == 401
    registering.register(name="a", by="tester", scope=_system())
    assert principal(alive) is not None
    clients.revoke(client_id=key.client_id, by="tester")
    clients.revoke(client_id=key.client_id, by="tester")
    assert principal(alive) is None
    assert ask(key).status_code == 401
    with pytest.raises(Refused):
        clients.rotate(client_id=key.client_id, by="tester")
    with pytest.raises(NotFound):
        clients.rotate(client_id="nobody", by="tester")


def _system() -> Any:
    from luoshi.platform.access.scope import Scope

    return Scope.system()


def test_rotation_leaves_time_to_change_over(register: Callable[..., Any]) -> None:
    old = clients.issue(source=register().source, by="tester")
    new = clients.rotate(client_id=old.client_id, by="tester")
    assert ask(old).status_code == ask(new).status_code == 200
    Client.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    assert ask(old).status_code == 401
    assert ask(new).status_code == 200
    last = clients.rotate(client_id=old.client_id, by="tester", overlap_hours=0)
    assert ask(new).status_code == 401
    assert ask(last).status_code == 200


def test_guessing_is_slow_and_audited(register: Callable[..., Any]) -> None:
    from luoshi.platform.audit.trail import entries

    key = clients.issue(source=register().source, by="tester")
    wrong = [ask(key, "wrong").status_code for _ in range(limiting.FAILURES)]
    assert set(wrong) == {401}
    slow = ask(key, "wrong")
    assert slow.status_code == 429
    assert int(slow["Retry-After"]) > 0
    assert ask(key).status_code == 429  # the right one has to wait as well
    assert entries(action="source.token.refused").count() == limiting.FAILURES
    assert key.secret not in str(list(entries().values_list("detail", flat=True)))


@pytest.mark.parametrize(
    ("data", "status", "error"),
    [
        ({}, 400, "unsupported_grant_type"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "x"}, 401, "invalid_client"),
    ],
)
def test_wrong_requests(register: Callable[..., Any], data: dict[str, str], status: int, error: str) -> None:
    answer = Browser().post("/oauth/token", data)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_other_wrong_requests(register: Callable[..., Any]) -> None:
    assert Browser().get("/oauth/token").status_code == 405
    data = {"grant_type": "client_credentials"}
    assert Browser().post("/oauth/token", data, headers={"Authorization": "Basic !!"}).status_code == 401
    assert Browser().post("/oauth/token", b"\xff\xfe", content_type="application/json").status_code == 400


@pytest.mark.parametrize(
    "wrong", ["", "system/*", "system/Patients.read", "user/*.read", "system/Patient.sr", "system/*."]
)
def test_wrong_scopes(wrong: str) -> None:
    with pytest.raises(InvalidValue):
        scopes.normal(wrong)


def test_scopes_within() -> None:
    assert scopes.within("system/Patient.r", "system/*.read")
    assert scopes.within("system/*.cud", "system/*.write system/Patient.read")
    assert not scopes.within("system/*.read", "system/Patient.read")
    assert not scopes.within("system/Patient.*", "system/*.read")


def test_the_place_of_a_source_lies_in_the_scope(register: Callable[..., Any], make_user: Callable[..., Any]) -> None:
    from luoshi.platform.access.scope import Scope

    scope = Scope.of(make_user("data-steward", division="990101"))

    def mine(**told: str) -> Any:
        return registering.register(by="steward", scope=scope, **told)  # type: ignore[arg-type]

    assert mine(name="m", institution="C1").source.division == "990101001"
    with pytest.raises(NotFound):
        mine(name="n", institution="C2")
    with pytest.raises(NotFound):
        mine(name="n", division="990102")
    with pytest.raises(InvalidValue):
        mine(name="n")
    register("theirs", institution="C2")
    with pytest.raises(Refused):
        mine(name="theirs", institution="C1")
    for wrong in ({"name": "n m"}, {"name": "n", "mode": "accept"}, {"name": "n", "profile": "de"}):
        with pytest.raises(InvalidValue):
            register(**wrong)


def test_a_principal_costs_few_queries(
    register: Callable[..., Any], django_assert_num_queries: Callable[[int], Any]
) -> None:
    token = ask(clients.issue(source=register(division="9901").source, by="tester")).json()["access_token"]
    with django_assert_num_queries(2):
        principal(token)


def test_programs_find_the_endpoints(db: None) -> None:
    told = Browser().get("/fhir/R4/.well-known/smart-configuration").json()
    assert told["token_endpoint"].endswith("/oauth/token")
    assert told["revocation_endpoint"].endswith("/oauth/revoke")
    assert all(scopes.normal(scope) for scope in told["scopes_supported"])
