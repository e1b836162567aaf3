"""Offline packs: what they hold, the three-way merge, and that nothing is ever lost."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused, UnreadableFile
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.services.chronic import actions, enrolling
from luoshi.services.chronic.members import Member
from luoshi.services.chronic.models import Card, Conflict, Enrolment, Pack, Upload, Visit
from luoshi.services.chronic.packs import bringing, deciding, merging, sealing

PASS = "qing-shan-lv-shui-9"


class Out:
    """A pack as somebody without network holds it: opened with the passphrase from the page alone."""

    def __init__(self, page: bytes) -> None:
        found = re.search(rb'<script type="application/json" id="pack">(.*?)</script>', page, re.S)
        assert found is not None
        self.pack = json.loads(found[1])
        lock = self.pack["lock"]
        opener = PBKDF2HMAC(hashes.SHA256(), 32, base64.b64decode(lock["salt"]), lock["rounds"]).derive(PASS.encode())
        self.key = sealing.open_(lock["key"], opener, f"key:{self.pack['code']}")
        self.data = json.loads(sealing.open_(self.pack["body"], self.key, f"pack:{self.pack['code']}"))
        self.work: dict[str, Any] = {"visits": [], "notes": {}, "states": {}}

    def visit(self, person: int, token: str, **more: Any) -> dict[str, Any]:
        made = {"token": token, "person": person, "programmes": ["hypertension"], "day": "2025-11-03", "mode": "home",
                "values": {"systolic": "136", "diastolic": "84"}, "advice": "", "reserved": "", **more}  # fmt: skip
        self.work["visits"] = [v for v in self.work["visits"] if v["token"] != token] + [made]
        return made

    def file(self) -> bytes:
        body = sealing.close(json.dumps(self.work).encode(), self.key, f"upload:{self.pack['code']}")
        return json.dumps({"kind": "luoshi-chronic-upload", "pack": self.pack["code"], "body": body}).encode()


@pytest.fixture
def clinician(city_db: Any, db: None) -> User:
    return User.objects.get(username="clinic")


@pytest.fixture
def out(clinician: User, scope: Callable[[str], Scope], monkeypatch: pytest.MonkeyPatch) -> tuple[Pack, Out]:
    """A pack of all the clinic's members. (Fewer rounds: a test need not be slow to guess.)"""
    monkeypatch.setattr(sealing, "ROUNDS", 1000)
    row, page = bringing.take(division="", passphrase=PASS, days=7, by=clinician, scope=scope("clinic"))
    return row, Out(page)


@pytest.fixture
def someone(patients: list[Member]) -> int:
    visited = set(Visit.objects.values_list("person", flat=True))
    return next(
        m.person.number
        for m in patients
        if m.programmes == ("hypertension",)
        and m.diseases[0].managed.state == "managed"
        and m.person.number not in visited
    )


def bring(out: Out, by: User, scope: Scope) -> bringing.Told:
    return bringing.bring(body=out.file(), by=by, scope=scope)[1]


def test_the_page_holds_nothing_in_the_clear(out, patients, clinician, scope):
    row, taken = out
    page = bringing.take(division="", passphrase=PASS, days=7, by=clinician, scope=scope("clinic"))[1].decode()
    assert {p["id"] for p in taken.data["people"]} == {m.person.number for m in patients}
    assert not any(person["name"] in page for person in taken.data["people"])
    assert not re.search(r"https?://", page), "the page asks nothing of the network"
    assert row.key.startswith("sm4:")
    with pytest.raises(InvalidValue):
        bringing.take(division="", passphrase="short", days=7, by=clinician, scope=scope("clinic"))
    with pytest.raises(InvalidValue):
        bringing.take(division="", passphrase=PASS, days=99, by=clinician, scope=scope("clinic"))


def test_what_is_new_is_taken_once(out, someone, clinician, scope):
    row, taken = out
    taken.visit(someone, "o-first-visit")
    taken.work["notes"][str(someone)] = {"contact": "村东头"}
    taken.work["states"][f"{someone}:hypertension"] = {"state": "lost", "reason": "away-for-work"}
    body = taken.file()
    told = bringing.bring(body=body, by=clinician, scope=scope("clinic"))[1]
    assert (told.applied, told.waiting, told.problems) == (3, 0, [])
    visit = Visit.objects.get(token="o-first-visit")
    assert visit.values == {"systolic": 136, "diastolic": 84}
    assert visit.origin == f"pack:{row.code}"
    assert Card.objects.get(person=someone).fields["contact"] == "村东头"
    assert Enrolment.objects.get(person=someone, state="lost").reason == "away-for-work"
    # The same file, and the same work exported again, change nothing.
    again = bringing.bring(body=body, by=clinician, scope=scope("clinic"))[1]
    assert again.again
    told = bring(taken, clinician, scope("clinic"))
    assert (told.applied, told.waiting) == (0, 0)
    assert (Visit.objects.filter(person=someone).count(), Card.objects.get(person=someone).version, visit.version) == (
        1,
        1,
        1,
    )
    assert Upload.objects.filter(pack=row, accepted=True).count() == 2
    # A correction of what this pack brought before is taken, as long as nobody else touched it.
    taken.visit(someone, "o-first-visit", values={"systolic": "142", "diastolic": "88"})
    assert bring(taken, clinician, scope("clinic")).applied == 1
    assert Visit.objects.get(person=someone).values["systolic"] == 142


def test_both_sides_differ(out, someone, clinician, scope):
    """Two visits of one day, a note changed on both sides, a state moved on both: all wait, and both versions are kept."""
    row, taken = out
    actions.save_visit(person=someone, token="v-server-0001", programmes=["hypertension"], day=clock.today(), mode="face",
                       values={"systolic": 150, "diastolic": 95}, by="colleague", scope=scope("clinic"))  # fmt: skip
    actions.write_card(person=someone, fields={"contact": "镇上"}, by="colleague", scope=scope("clinic"))
    taken.visit(someone, "o-offline-01")
    taken.work["notes"][str(someone)] = {"contact": "村东头", "remark": "听力差"}
    taken.work["states"][f"{someone}:hypertension"] = {"state": "refused", "reason": "refused"}
    enrolment = bringing.enrolment_of(someone, "hypertension", by=clinician, scope=scope("clinic"))
    enrolling.move(enrolment, "lose", by=clinician, scope=scope("clinic"), given={"reason": "unreachable"})
    told = bring(taken, clinician, scope("clinic"))
    assert (told.applied, told.waiting) == (1, 3)  # the remark nobody else wrote is taken
    assert Card.objects.get(person=someone).fields == {"contact": "镇上", "remark": "听力差"}
    kinds = {c.kind: c for c in Conflict.objects.filter(pack=row)}
    assert set(kinds) == {"visit", "field", "state"}
    assert kinds["visit"].server["values"] == {"systolic": 150, "diastolic": 95}
    assert kinds["visit"].brought["values"] == {"systolic": "136", "diastolic": "84"}
    assert (kinds["field"].base, kinds["field"].server, kinds["field"].brought) == ("", "镇上", "村东头")
    with pytest.raises(Refused):
        bringing.close(row=row, by=clinician, scope=scope("clinic"))
    # Decisions, each once.
    deciding.decide(row=kinds["visit"], choice="keep-both", reason="两次都做了", by=clinician, scope=scope("clinic"))
    assert Visit.objects.filter(person=someone).count() == 2
    deciding.decide(row=kinds["field"], choice="take-pack", reason="村里更准", by=clinician, scope=scope("clinic"))
    assert Card.objects.get(person=someone).fields["contact"] == "村东头"
    deciding.decide(row=kinds["state"], choice="keep-server", reason="已核实", by=clinician, scope=scope("clinic"))
    assert Enrolment.objects.get(person=someone).state == "lost"
    for one in kinds.values():
        with pytest.raises(Refused):
            deciding.decide(row=one, choice="take-pack", reason="再来", by=clinician, scope=scope("clinic"))
    # Brought again, nothing opens anew.
    assert bring(taken, clinician, scope("clinic")).waiting == 0
    row.refresh_from_db()
    assert bringing.close(row=row, by=clinician, scope=scope("clinic")).state == "closed"


def test_taking_the_packs_visit_corrects_the_platforms(out, someone, clinician, scope):
    row, taken = out
    actions.save_visit(person=someone, token="v-server-0002", programmes=["hypertension"], day=clock.today(), mode="face",
                       values={"systolic": 150, "diastolic": 95}, by="colleague", scope=scope("clinic"))  # fmt: skip
    taken.visit(someone, "o-offline-02")
    bring(taken, clinician, scope("clinic"))
    conflict = Conflict.objects.get(pack=row)
    deciding.decide(row=conflict, choice="take-pack", reason="血压计校准过", by=clinician, scope=scope("clinic"))
    visit = Visit.objects.get(person=someone)
    assert (visit.token, visit.version, visit.values["systolic"]) == ("v-server-0002", 2, 136)


def test_the_same_visit_written_twice_is_one(out, someone, clinician, scope):
    _row, taken = out
    actions.save_visit(person=someone, token="v-server-0003", programmes=["hypertension"], day=clock.today(), mode="home",
                       values={"systolic": 136, "diastolic": 84}, by="colleague", scope=scope("clinic"))  # fmt: skip
    taken.visit(someone, "o-offline-03")
    told = bring(taken, clinician, scope("clinic"))
    assert (told.applied, told.same, told.waiting) == (0, 1, 0)
    assert Visit.objects.filter(person=someone).count() == 1


def test_what_the_platform_refuses_waits(out, someone, clinician, scope):
    """A value nobody can have, a person not in the pack: kept for the desk, never dropped."""
    row, taken = out
    taken.visit(someone, "o-offline-04", values={"systolic": "999", "diastolic": "84"})
    taken.visit(999_999_999, "o-offline-05")
    told = bring(taken, clinician, scope("clinic"))
    assert (told.applied, told.waiting, len(told.problems)) == (0, 2, 2)
    assert Conflict.objects.filter(pack=row, state="open").count() == 2


def test_revoked_expired_forged(out, someone, clinician, scope):
    row, taken = out
    taken.visit(someone, "o-offline-06")
    forged = json.loads(taken.file())
    forged["body"] = forged["body"][:-8] + "AAAAAAA="
    with pytest.raises(UnreadableFile):
        bringing.bring(body=json.dumps(forged).encode(), by=clinician, scope=scope("clinic"))
    for wrong in (b"", b"{}", b"[1]", b"\xff\xfe", b'{"kind":"luoshi-chronic-upload","pack":1}'):
        with pytest.raises(UnreadableFile):
            bringing.bring(body=wrong, by=clinician, scope=scope("clinic"))
    # Late: everything waits for a person.
    with clock.at(date(2025, 11, 3) + timedelta(days=9)):
        told = bring(taken, clinician, scope("clinic"))
        assert (told.applied, told.waiting) == (0, 1)
        assert not Visit.objects.filter(person=someone).exists()
        row.refresh_from_db()
        assert row.state == "expired"
        deciding.decide(
            row=Conflict.objects.get(pack=row), choice="take-pack", reason="已核实", by=clinician, scope=scope("clinic")
        )
    assert Visit.objects.filter(person=someone).count() == 1
    # Revoked: refused, and the file is kept as it came.
    bringing.revoke(row=row, reason="手机遗失", by=clinician, scope=scope("clinic"))
    taken.visit(someone, "o-offline-07", day="2025-11-02")
    body = taken.file()
    with pytest.raises(Refused):
        bringing.bring(body=body, by=clinician, scope=scope("clinic"))
    kept = Upload.objects.get(pack=row, accepted=False)
    assert bytes(kept.body) == body


def test_pages(as_user: Callable[[str], Client], out, someone, clinician, scope):
    from django.core.files.uploadedfile import SimpleUploadedFile

    row, taken = out
    client = as_user("clinic")
    page = client.post(reverse("chronic:take-pack"), {"passphrase": PASS, "days": "3"})
    assert page["Content-Disposition"].endswith('.html"')
    assert client.post(reverse("chronic:take-pack"), {"passphrase": "x", "days": "3"}, follow=True).status_code == 200
    taken.visit(someone, "o-offline-08")
    file = SimpleUploadedFile("u.json", taken.file(), content_type="application/json")
    told = client.post(reverse("chronic:upload-pack"), {"file": file}, follow=True).content.decode()
    assert "已合并 1 项" in told
    wrong = SimpleUploadedFile("u.json", b"hello")
    assert (
        "不是离线包导出的文件"
        in client.post(reverse("chronic:upload-pack"), {"file": wrong}, follow=True).content.decode()
    )
    assert row.code in client.get(reverse("chronic:packs")).content.decode()
    # Nobody else sees it, nor may bring or end it.
    assert as_user("leader").get(reverse("chronic:packs")).status_code == 403
    for name in ("pack", "end-pack"):
        address = reverse(f"chronic:{name}", args=[row.pk])
        assert (as_user("leader").get if name == "pack" else as_user("leader").post)(address).status_code == 403
    made = Conflict.objects.create(pack=row, person=someone, kind="field", key="k", at=clock.now(), brought="x")
    assert as_user("county").get(reverse("chronic:decide-conflict", args=[made.pk])).status_code == 404
    made.delete()
    ended = client.post(reverse("chronic:end-pack", args=[row.pk]), {"how": "revoke", "reason": "遗失"}, follow=True)
    assert "作废" in ended.content.decode()


TEXT = st.sampled_from(["", "a", "b", "c"])


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["x", "y"]), TEXT), st.dictionaries(st.sampled_from(["x", "y"]), TEXT),
       st.dictionaries(st.sampled_from(["x", "y"]), TEXT))  # fmt: skip
def test_three_ways_lose_nothing(base, server, brought):
    """Whatever the pack changed is either what the platform has, or taken, or waits; what it did not change stays."""
    changes = {c.key.partition(":")[2]: c for c in merging.fields(1, base, server, brought)}
    for name in ("x", "y"):
        old, now, new = base.get(name, ""), server.get(name, ""), brought.get(name, base.get(name, ""))
        if new in (old, now):
            assert name not in changes
        else:
            assert (changes[name].base, changes[name].server, changes[name].brought) == (old, now, new)
            assert changes[name].apply == (now == old)
