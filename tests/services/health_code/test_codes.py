"""Health codes: what a code says, who is told what, keys, and scanners without the platform."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.cli import code as command
from luoshi.kernel import health_code, sm, sm2
from luoshi.kernel.errors import InvalidValue, NotFound, Refused
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.store import people
from luoshi.services.health_code import actions, keys, pages, queries, verifying
from luoshi.services.health_code.models import StaticCode, Used

from ..conftest import LISTS, USERS, Known

AsUser = Callable[[str], Client]
NOW = 1_762_000_000
ID = "00112233445566778899aabbccddeeff"


def a_key(number: int = 1) -> health_code.SigningKey:
    private = sm2.new_private_key()
    return health_code.SigningKey(number, private, sm.new_key(), sm2.public_key(private))


KEY = a_key()
PUBLIC = {1: KEY.public}


def issue(**more: Any) -> tuple[str, health_code.Claims]:
    return health_code.issue(ID, KEY, **({"kind": "dynamic", "now": NOW, "seconds": 60} | more))


# --- the code itself -------------------------------------------------------------------------------------------------


def test_a_code_holds_for_its_time_and_says_who_only_to_the_platform():
    text, claims = issue()
    assert re.fullmatch(r"LS1:[A-Z2-7]+", text)  # the alphanumeric mode of QR
    assert len(text) <= 221  # a QR of version 8 with medium correction
    for at, reason in ((NOW - 1, "not-yet"), (NOW, "ok"), (NOW + 59, "ok"), (NOW + 60, "expired")):
        assert health_code.check(text, PUBLIC, now=at).reason == reason
    for at, reason in ((NOW - 30, "ok"), (NOW + 89, "ok"), (NOW + 90, "expired")):
        assert health_code.check(text, PUBLIC, now=at, skew=30).reason == reason
    assert health_code.check(text, PUBLIC, now=NOW, revoked={claims.serial}).reason == "revoked"
    assert health_code.check(text, {2: KEY.public}, now=NOW).reason == "unknown-key"
    assert health_code.check(text, {1: a_key().public}, now=NOW).reason == "forged"
    spaced = f" {text[:40].lower()}\n{text[40:]} "  # as a scanner may type it
    assert health_code.check(spaced, PUBLIC, now=NOW).valid
    assert claims.opaque_id([sm.new_key(), KEY.wrap]) == ID
    with pytest.raises(InvalidValue):
        claims.opaque_id([sm.new_key()])
    assert bytes.fromhex(ID) not in base64.b32decode(text[4:] + "=" * (-len(text[4:]) % 8))


def test_two_codes_of_one_person_have_nothing_in_common():
    (_, one), (_, other) = issue(), issue()
    assert one.serial != other.serial
    assert one.wrapped != other.wrapped


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_changed_character_is_noticed(data):
    text, _ = issue()
    place = data.draw(st.integers(4, len(text) - 1))
    letter = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
    changed = text[:place] + letter + text[place + 1 :]
    if changed != text:
        assert health_code.check(changed, PUBLIC, now=NOW).reason in ("forged", "malformed", "unknown-key")


@given(st.text(max_size=300) | st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", max_size=300).map("LS1:".__add__))
def test_nonsense_is_only_malformed(text):
    assert health_code.check(text, PUBLIC, now=NOW).reason in ("malformed", "unknown-key", "forged")


def test_files_for_scanners():
    assert health_code.read_public_keys(health_code.public_keys([KEY, a_key(2)]))[1] == KEY.public
    listed = health_code.revocations({"aa", "bb"}, KEY, now=NOW, seconds=3600)
    assert health_code.read_revocations(listed, PUBLIC, now=NOW + 3600) == {"aa", "bb"}
    changed = json.loads(listed)
    changed["serials"] = []
    for text, public, at in (
        (listed, PUBLIC, NOW + 3601), (json.dumps(changed), PUBLIC, NOW), (listed, {1: a_key().public}, NOW),
        ("", PUBLIC, NOW), ("[]", PUBLIC, NOW), (listed, {}, NOW),
    ):  # fmt: skip
        with pytest.raises(InvalidValue):
            health_code.read_revocations(text, public, now=at)
    for text in ("", "{}", '{"keys": [{"key_id": 1, "public": "00"}]}', "[1]"):
        with pytest.raises(InvalidValue):
            health_code.read_public_keys(text)


def test_a_scanner_without_the_platform(tmp_path):
    (tmp_path / "keys.json").write_text(health_code.public_keys([KEY]))
    text, claims = issue(kind="static", seconds=3600)
    lists = {"good": set(), "bad": {claims.serial}}
    for name, serials in lists.items():
        (tmp_path / name).write_text(health_code.revocations(serials, KEY, now=NOW, seconds=3600))

    def run(*arguments: str, given: str = "") -> tuple[int, str]:
        done = CliRunner().invoke(
            command.group, ["verify", *arguments, "--keys", str(tmp_path / "keys.json")], input=given
        )
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    at = ("--at", str(NOW))
    assert run(text, *at, "--revoked", str(tmp_path / "good"))[0] == 0
    status, said = run(text, *at, "--revoked", str(tmp_path / "bad"))
    assert (status, said.split()[0]) == (1, "revoked")
    assert "not checked against revoked" in run("-", *at, given=text + "\n")[1]
    assert run(text, "--at", str(NOW + 4000))[0] == 1
    assert run("nonsense", *at) == (1, "malformed\n")
    with pytest.raises(InvalidValue):
        run(text, "--at", str(NOW + 3601), "--revoked", str(tmp_path / "good"))


# --- keys ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_keys(settings, tmp_path):
    settings.LUOSHI_KEYS = tmp_path / "keys"
    return settings.LUOSHI_KEYS


def test_keys_are_sealed_private_and_rotate(own_keys):
    first = keys.current()
    assert keys.current() == first
    file = own_keys / "health-code.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert own_keys.stat().st_mode & 0o777 == 0o700
    assert f"{first.private:064x}" not in file.read_text()
    assert str(first.private) not in repr(first)
    text, _ = health_code.issue(ID, first, kind="dynamic", now=NOW, seconds=60)
    assert keys.rotate() == 2
    assert keys.current().key_id == 2
    assert health_code.check(text, keys.public(), now=NOW).valid  # the old one still verifies
    assert keys.rotate(keep=0) == 3
    assert health_code.check(text, keys.public(), now=NOW).reason == "unknown-key"
    assert list(own_keys.iterdir()) == [file]
    file.chmod(0o644)
    with pytest.raises(Refused):
        keys.known()
    file.chmod(0o600)
    file.write_text("{}")
    with pytest.raises(Refused):
        keys.known()


# --- online ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def clinic(known: Known) -> dict[str, Any]:
    user = User.objects.get(username="clinic")
    return {"by": user, "scope": Scope.of(user)}


def test_a_code_on_a_screen_is_accepted_once_and_names_the_person(own_keys, known: Known, clinic):
    text, ends = actions.dynamic(person=known.here)
    assert 0 < ends - time.time() <= 60
    result = verifying.verify(text, **clinic)
    card = people.cards([known.here], scope=Scope.system())[known.here]
    assert (result.reason, result.shown.person, result.shown.name) == ("ok", known.here, card.name)
    assert result.shown.inside
    assert verifying.verify(text, **clinic).reason == "used"
    assert Used.objects.count() == 1
    looks = Entry.objects.filter(object_type="person", object_id=str(known.here), action="look")
    assert looks.order_by("-number")[0].detail["what"] == "health-code"
    assert Entry.objects.filter(action="code.refuse", detail__reason="used").exists()
    # somebody from elsewhere: who they are, not their record
    far, _ = actions.dynamic(person=known.there)
    shown = verifying.verify(far, **clinic).shown
    assert shown.person == known.there
    assert not shown.inside


def test_a_printed_code_until_it_is_revoked_or_replaced(own_keys, known: Known, clinic):
    text, row = actions.print_static(person=known.here, **clinic)
    for _ in range(2):
        assert verifying.verify(text, **clinic).reason == "ok"
    second, _ = actions.print_static(person=known.here, **clinic)
    assert verifying.verify(text, **clinic).reason == "revoked"
    assert row.serial in queries.revoked_serials()
    assert actions.revoke(person=known.here, by=clinic["by"], reason="lost") == 1
    assert verifying.verify(second, **clinic).reason == "revoked"
    with pytest.raises(NotFound):
        actions.print_static(person=known.there, **clinic)
    # signed well, but nobody printed it: a stolen key does not make codes that the platform trusts
    holder = StaticCode.objects.first().holder
    forged, _ = health_code.issue(holder.opaque_id, keys.current(), kind="static", now=int(time.time()), seconds=900)
    assert verifying.verify(forged, **clinic).reason == "revoked"
    nobody, _ = health_code.issue(ID, keys.current(), kind="dynamic", now=int(time.time()), seconds=60)
    assert verifying.verify(nobody, **clinic).reason == "nobody"


def test_no_page_is_forgotten():
    assert {p.name for p in pages.urlpatterns} == {"scan", "printed", "show", "fresh", "lost"}


@pytest.mark.parametrize("user", USERS)
def test_who_scans_and_prints(user: str, own_keys, as_user: AsUser, known: Known):
    browser, expected = as_user(user), 200 if user == "clinic" else 403
    assert browser.get("/health-code/scan/").status_code == expected
    assert browser.post("/health-code/scan/", {"code": "x"}).status_code == expected
    assert browser.get(f"/health-code/residents/{known.here}/").status_code == expected
    verified = browser.post("/api/health-code/verify", {"code": "x"}, content_type="application/json")
    assert verified.status_code == expected
    assert browser.get("/api/health-code/keys").status_code == expected
    assert browser.get("/api/health-code/revocations").status_code == expected
    assert user in LISTS or expected == 403
    assert as_user("").get("/health-code/scan/").status_code == 302


def test_the_pages_and_the_interface(own_keys, as_user: AsUser, known: Known):
    staff = as_user("clinic")
    assert staff.get(f"/health-code/residents/{known.there}/").status_code == 404
    printed = staff.post(f"/health-code/residents/{known.here}/", {"do": "print"})
    assert "<svg" in printed.content.decode()
    text, _ = actions.dynamic(person=known.here)
    page = staff.post("/health-code/scan/", {"code": text}).content.decode()
    card = people.cards([known.here], scope=Scope.system())[known.here]
    assert card.name in page
    assert card.resident_id not in page
    assert "已经扫过一次" in staff.post("/health-code/scan/", {"code": text}).content.decode()
    text, _ = actions.dynamic(person=known.there)
    answer = staff.post("/api/health-code/verify", {"code": text}, content_type="application/json").json()
    assert answer["valid"]
    assert answer["shown"]["person"] is None  # outside the scope: the name alone
    bad = staff.post("/api/health-code/verify", {"code": "LS1:AAAA"}, content_type="application/json").json()
    assert (bad["valid"], bad["reason"], bad["shown"]) == (False, "malformed", None)
    public = health_code.read_public_keys(orjson.dumps(staff.get("/api/health-code/keys").json()).decode())
    listed = orjson.dumps(staff.get("/api/health-code/revocations").json()).decode()
    assert health_code.read_revocations(listed, public, now=int(time.time())) == queries.revoked_serials()
    assert staff.post(f"/health-code/residents/{known.here}/", {"do": "revoke", "reason": "lost"}).status_code == 302
    assert staff.get("/health-code/scan/?lang=en", follow=True).content.decode().count("Whose health code is this?")
