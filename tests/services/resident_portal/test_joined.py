"""Two persons who were one: what they chose, shared, were given and may open follows them together, and apart again."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.http import Http404
from django.test import Client

from luoshi.kernel import clock
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import actions as consent
from luoshi.platform.consent import queries as consent_queries
from luoshi.platform.consent import resource as consent_resource
from luoshi.platform.consent.models import BreakGlass, Choice
from luoshi.platform.identity import actions as identity
from luoshi.platform.lake.build import build, update
from luoshi.platform.lake.source import StoreSource
from luoshi.platform.store import people
from luoshi.platform.store.models import Resource, Source
from luoshi.platform.store.preparing import prepare
from luoshi.platform.store.writing import commit
from luoshi.services.health_code import actions as codes
from luoshi.services.health_code import queries as code_queries
from luoshi.services.health_code import verifying
from luoshi.services.resident_portal import actions, door, public, queries
from luoshi.services.resident_portal.models import Account, Proxy

from ...platform.lake.samples import NOW, patient, rows, some_registers

pytestmark = pytest.mark.django_db
PASSWORDS = {"a": "shan-gao-shui-chang-7", "b": "yun-dan-feng-qing-8"}
NUMBERS = {"a": "11010519491231002X", "b": "110105194912310046"}


def send(source: str, *resources: dict[str, Any]) -> None:
    sender, _ = Source.objects.get_or_create(name=source)
    prepared = prepare("\n".join(map(json.dumps, resources)).encode(), 1, False)
    assert not prepared.refused, prepared.refused
    commit(prepared, source=sender, by="test")


class Two:
    """Two records of one resident, each with an account."""

    def __init__(self) -> None:
        self.number: dict[str, int] = {}
        self.account: dict[str, Account] = {}
        for key in ("a", "b"):
            identifier = [{"system": people.RESIDENT_ID, "value": NUMBERS[key]}]
            told = {"identifier": identifier, "birthDate": "1949-12-31", "name": [{"text": "张三"}]}
            send("hospital", patient(key, **told))
            person = Resource.objects.get(type="Patient", key=key).person
            assert person is not None
            self.number[key] = person
            user = User.objects.create(username=f"resident-{key}")
            self.account[key] = Account.objects.create(user=user, person=person)
            consent_resource.write_access(person, since=clock.today(), active=True, by=user.username)

    def join(self) -> None:
        identity.merge(keep=self.number["a"], other=self.number["b"], by="officer", reason="同一人")

    def part(self) -> None:
        identity.unmerge(other=self.number["b"], by="officer", reason="误合并")


@pytest.fixture
def two() -> Two:
    return Two()


def opened(person: int) -> dict[str, bool]:
    chosen = sorted(consent_queries.grounds(person).choices, key=lambda choice: choice.number)
    return {choice.category: choice.open for choice in chosen}


def consents(person: int) -> dict[str, list[str]]:
    """Consent resources that count for a person: id and the categories each tells of."""
    found = {}
    for row in Resource.objects.filter(type="Consent", person=person):
        body = json.loads(row.versions.order_by("-version")[0].body)
        labels = [p["securityLabel"][0]["code"] for p in body["provision"].get("provision", [])]
        found[row.key] = sorted(labels)
    return found


def test_choices_are_those_of_both_and_each_has_their_own_again(two: Two) -> None:
    a, b = two.number["a"], two.number["b"]
    consent.choose(person=a, category="hiv", opened=True, by=two.account["a"].user)
    consent.choose(person=b, category="mental", opened=True, by=two.account["b"].user)
    two.join()
    assert opened(a) == {"hiv": True, "mental": True}
    assert consents(a)[f"sharing-{a}"] == ["hiv", "mental"]
    # Through either account, the later one counts; it is kept with the one who made it.
    mine = queries.subject(two.account["b"], a)
    assert (mine.person, mine.named, mine.own) == (a, b, True)
    consent.choose(person=mine.named, category="hiv", opened=False, by=two.account["b"].user)
    assert opened(a) == {"hiv": False, "mental": True}
    two.part()
    assert (opened(a), opened(b)) == ({"hiv": True}, {"mental": True, "hiv": False})
    assert consents(a) == {f"access-{a}": [], f"sharing-{a}": ["hiv"]}
    assert consents(b) == {f"access-{b}": [], f"sharing-{b}": ["hiv", "mental"]}
    assert Choice.objects.count() == 3


def test_a_record_is_closed_for_the_one_whose_account_was_closed(two: Two) -> None:
    a, b = two.number["a"], two.number["b"]
    two.join()
    assert set(consents(a)) == {f"access-{a}", f"access-{b}"}
    actions.close(account=two.account["b"], by=two.account["b"].user)
    two.part()
    statuses = {
        row.key: json.loads(row.versions.order_by("-version")[0].body)["status"]
        for row in Resource.objects.filter(type="Consent")
    }
    assert statuses == {f"access-{a}": "active", f"access-{b}": "inactive"}
    assert Resource.objects.get(key=f"access-{b}").person == b


def test_the_lake_is_told_of_choices_and_of_joining(two: Two, tmp_path: Any) -> None:
    a, b = two.number["a"], two.number["b"]
    source, lake = StoreSource(), tmp_path / "lake"
    build(source, lake, at=NOW, register_rows=some_registers())

    def told() -> set[tuple[Any, ...]]:
        return {(r["person"], r["code"], r["status"]) for r in rows(lake, "consent") if r["known_to"] is None}

    assert told() == {(a, "resident-access", "active"), (b, "resident-access", "active")}
    actions.close(account=two.account["b"], by=two.account["b"].user)
    two.join()
    update(source, lake, at=NOW)
    assert told() == {(a, "resident-access", "active"), (a, "resident-access", "inactive")}


def test_both_accounts_open_the_one_record_and_then_each_its_own(two: Two) -> None:
    a, b = two.number["a"], two.number["b"]
    for key in ("a", "b"):
        two.account[key].user.set_password(PASSWORDS[key])
        two.account[key].user.save()
    two.join()
    for key in ("a", "b"):
        assert door._username(NUMBERS[key], PASSWORDS[key]) == f"resident-{key}"
        assert queries.subject(two.account[key], a).own
        with pytest.raises(Http404):
            queries.subject(two.account[key], b)
    browser = Client()
    form = {"identifier": NUMBERS["a"], "password": PASSWORDS["b"]}
    assert browser.post("/my/sign-in/", form)["Location"] == "/my/"
    assert browser.get("/my/")["Location"] == f"/my/{a}/"
    assert public.has_account(a)
    assert set(queries.own_usernames(a)) == {"resident-a", "resident-b"}
    two.part()
    assert queries.subject(two.account["b"], b).own
    with pytest.raises(Http404):
        queries.subject(two.account["b"], a)
    assert browser.get("/my/")["Location"] == f"/my/{b}/"


def test_an_account_opened_while_they_were_one_stays_with_its_number(two: Two, make_user: Any) -> None:
    b = two.number["b"]
    two.account["b"].delete()
    two.account["a"].delete()
    two.join()
    counter = make_user("steward")
    code = actions.invite(person=two.number["a"], by=counter, scope=Scope.system())
    made = actions.register(identifier=NUMBERS["b"], name="张三", code=code, password=PASSWORDS["b"])
    assert made.person == b
    assert queries.subject(made, two.number["a"]).own
    two.part()
    assert queries.subject(made, b).own


def test_guardians_broken_glass_and_looks_follow(two: Two) -> None:
    a, b = two.number["a"], two.number["b"]
    today = clock.today()
    parent = Account.objects.create(user=User.objects.create(username="resident-p"), person=999_999)
    code = actions.Invitation.objects.create(
        person=b, kind="guardian", code="x", issued_by="t", expires_at=clock.now() + timedelta(days=1)
    )
    Proxy.objects.create(account=parent, person=b, since=today, until=date(2099, 1, 1), invitation=code)
    BreakGlass.objects.create(
        person=b, user="doctor", kind="coma", reason="昏迷", started_at=clock.now(),
        expires_at=clock.now() + timedelta(days=400),
    )  # fmt: skip
    audit.look(by="doctor", person=b, what="record")
    two.join()
    child = queries.subject(parent, a)
    assert (child.own, child.named) == (False, b)
    assert [broken.username for broken in consent_queries.grounds(a).broken] == ["doctor"]
    assert [look.by for look in consent_queries.looks(a, limit=5, own=())] == ["doctor"]
    two.part()
    assert queries.subject(parent, b).named == b
    assert not consent_queries.grounds(a).broken
    assert not consent_queries.looks(a, limit=5, own=())


def test_a_health_code_of_either_names_the_one_person(two: Two, settings: Any, tmp_path: Any) -> None:
    settings.LUOSHI_KEYS = tmp_path / "keys"
    a, b = two.number["a"], two.number["b"]
    officer = User.objects.create(username="root", is_superuser=True)
    scope = Scope.system()
    text, _row = codes.print_static(person=b, by=officer, scope=scope)
    two.join()
    shown = verifying.verify(text, by=officer, scope=scope).shown
    assert shown is not None
    assert shown.person == a
    assert len(code_queries.static_codes(a)) == 1
    assert codes.revoke(person=a, by=officer, reason="lost") == 1
    two.part()
    assert verifying.verify(text, by=officer, scope=scope).reason == "revoked"
