"""Who may open which page, how many queries it takes, what travels to Excel; the worklist and the commission's figures."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from luoshi.kernel import clock
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.services.referral import constraint, demonstration, pages, queries
from luoshi.services.referral.models import Referral
from luoshi.simulate.referrals import truth

from ..conftest import USERS

AsUser = Callable[[str], Client]
EVERYONE = (*USERS, "hospital")
SENDERS, WATCHERS = ("clinic", "hospital"), ("leader", "plan-officer", "county")
PLAIN: dict[str, tuple[str, ...]] = {
    "": SENDERS, "new/": SENDERS, "capacity/": SENDERS, "watch/": WATCHERS, "watch/unreferred/": WATCHERS,
    "watch/alliance/": WATCHERS, "rules/": WATCHERS, "peers/": ("steward",),
}  # fmt: skip


@pytest.fixture
def incoming(city_db: Any, db: None) -> Referral:
    """A referral from the clinic to the hospital that waits for an answer."""
    scope = Scope.of(User.objects.get(username="clinic"))
    found = queries.referrals(scope=scope).filter(state="submitted", direction="up", due__gte=clock.now()).first()
    assert found is not None
    return found


@pytest.fixture
def elsewhere(city_db: Any, db: None) -> Referral:
    """A referral neither the clinic nor the hospital has to do with."""
    scope = Scope.of(User.objects.get(username="hospital"))
    found = Referral.objects.exclude(pk__in=queries.referrals(scope=scope).values("pk")).exclude(state="draft").first()
    assert found is not None
    return found


def test_every_page_has_a_guard():
    assert all(hasattr(page.callback, "permission") for page in pages.urlpatterns)
    shown = {"mine", "find", "new", "referral", "move"}
    assert all(hasattr(page.callback, "person_factor") == (page.name in shown) for page in pages.urlpatterns)


@pytest.mark.parametrize("user", EVERYONE)
def test_who_opens_what(user: str, as_user: AsUser, incoming: Referral, elsewhere: Referral):
    browser = as_user(user)
    for address, allowed in PLAIN.items():
        assert browser.get(f"/referral/{address}").status_code == (200 if user in allowed else 403), address
    one = 200 if user in SENDERS else 403
    foreign = 404 if user in SENDERS else 403
    assert browser.get(f"/referral/{incoming.pk}/").status_code == one
    assert browser.get(f"/referral/new/{incoming.person}/").status_code == one
    assert browser.get(f"/referral/{elsewhere.pk}/").status_code == foreign
    assert browser.get(f"/referral/new/{elsewhere.person}/").status_code == foreign
    assert browser.post(f"/referral/{elsewhere.pk}/move/", {"move": "cancel"}).status_code == foreign
    assert browser.get(f"/api/referral/{incoming.pk}").status_code == one
    assert browser.get(f"/api/referral/{elsewhere.pk}").status_code == foreign
    assert browser.get("/api/referral/").status_code == one
    assert browser.get("/api/referral/flows?start=2025-01-01&end=2025-11-03").status_code == (
        200 if user in WATCHERS else 403
    )
    assert browser.post("/referral/capacity/declare/", {"institution": "x"}).status_code == (
        302 if user in SENDERS else 403
    )


def test_strangers_are_asked_to_sign_in(as_user: AsUser, incoming: Referral):
    for address in (*PLAIN, f"{incoming.pk}/"):
        assert as_user("").get(f"/referral/{address}").status_code == 302


@pytest.mark.parametrize(
    ("user", "address", "most"),
    [("hospital", "", 22), ("hospital", "?box=in", 22), ("hospital", "capacity/", 12), ("leader", "watch/", 10),
     ("leader", "watch/unreferred/", 14)],
)  # fmt: skip
def test_queries_do_not_grow(user: str, address: str, most: int, as_user: AsUser, incoming: Referral):
    browser = as_user(user)
    browser.get(f"/referral/{address}")
    with CaptureQueriesContext(
        connection,
    ) as few:
        assert browser.get(f"/referral/{address}").status_code == 200
    assert len(few) <= most, len(few)
    # twice as many referrals, no more queries
    rows = list(Referral.objects.filter(receiver=incoming.receiver))
    for row in rows:
        row.pk, row.uid = None, f"{row.uid[:-4]}copy"
    Referral.objects.bulk_create(rows)
    with CaptureQueriesContext(connection) as many:
        browser.get(f"/referral/{address}")
    assert len(many) <= len(few)


def test_pages_of_one_referral_are_bounded(as_user: AsUser, incoming: Referral):
    for user, address, most in (("hospital", f"{incoming.pk}/", 32), ("clinic", f"new/{incoming.person}/", 34)):
        browser = as_user(user)
        browser.get(f"/referral/{address}")
        with CaptureQueriesContext(connection) as made:
            assert browser.get(f"/referral/{address}").status_code == 200
        assert len(made) <= most, (address, len(made))


def test_sending_by_the_form(as_user: AsUser, incoming: Referral):
    clinic = as_user("clinic")
    page = clinic.get(f"/referral/new/{incoming.person}/").content.decode()
    assert "同一医共体" in page
    receiver = re.findall(r'name="receiver" value="(\w+)" checked', page)[0]
    form = {"direction": "up", "sender": incoming.sender, "receiver": receiver, "priority": "urgent", "diagnosis": "胸闷待查",
            "reason": "胸闷三天，需进一步检查", "criterion": ["beyond-capacity"], "consent": "patient",
            "category": ["general"]}  # fmt: skip
    wrong = clinic.post(f"/referral/new/{incoming.person}/", {**form, "consent": "", "do": "send"})
    assert wrong.status_code == 400
    assert "知情同意" in wrong.content.decode()
    assert "胸闷三天" in wrong.content.decode()  # what was typed is kept
    preview = clinic.post(f"/referral/new/{incoming.person}/", {**form, "criterion": ["smd-unstable"], "do": "preview"})
    assert "精神" in preview.content.decode()
    sent = clinic.post(f"/referral/new/{incoming.person}/", {**form, "do": "send"})
    assert sent.status_code == 302
    made = Referral.objects.latest("pk")
    assert (made.state, made.receiver, made.diagnosis) == ("submitted", receiver, "胸闷待查")
    hospital = as_user("hospital")
    move = lambda **told: hospital.post(f"/referral/{made.pk}/move/", told)  # noqa: E731
    assert move(move="accept", version=made.version).status_code == 302
    assert move(move="accept", version=made.version).status_code == 302  # a second click says so and changes nothing
    made.refresh_from_db()
    assert (made.state, made.version) == ("accepted", 2)
    assert "已有人处理" in hospital.get(f"/referral/{made.pk}/").content.decode()
    assert move(move="nonsense").status_code == 404


def test_moves_by_rest(as_user: AsUser, incoming: Referral):
    hospital = as_user("hospital")
    seen = hospital.get(f"/api/referral/{incoming.pk}").json()
    assert {"accept", "ask", "reject"} == set(seen["moves"])
    assert seen["name"]
    told = {"version": seen["version"], "reason": "no-bed"}
    answer = hospital.post(f"/api/referral/{incoming.pk}/reject", told, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == "rejected"
    assert answer.json()["name"] == ""  # it has ended: the name is no longer theirs to know
    again = hospital.post(f"/api/referral/{incoming.pk}/reject", told, content_type="application/json")
    assert 400 <= again.status_code < 500


def test_figures_are_the_truth(city_db: Any, db: None):
    made = demonstration.cast(city_db.lake)
    Referral.objects.all().delete()
    demonstration.load(made)
    known = truth(made)
    scope = Scope.system()
    found = constraint.flows(scope=scope, start=date(2024, 12, 1), end=clock.today())
    assert found.whole.sent_up == sum(n for (_, way), n in known.sent.items() if way == "up") > 20
    for flow in (*found.places, found.whole):
        code = flow.code
        for way, value in (("up", flow.received_up), ("down", flow.received_down)):
            assert value == known.received[code, way], (code, way)
        assert (flow.answered, flow.in_time) == (known.answered[code], known.in_time[code]), code
        assert (flow.arrived, flow.waiting, flow.late) == (
            known.arrived[code],
            known.waiting[code],
            known.late[code],
        ), code
        assert flow.refused == sum(n for (at, _), n in known.refused.items() if at == code) or not code
        assert dict(flow.reasons) == {r: n for (at, r), n in known.refused.items() if at == code} or not code
    stays = constraint.unreferred(scope=scope, start=date(2025, 1, 1), end=clock.today(), lake=city_db.lake)
    referred = {(s.person, s.institution, s.day) for s in stays.stays if s.referred}
    assert known.referred_stays <= referred
    others = {(s.person, s.institution) for s in stays.stays if s.referred} - {key[:2] for key in known.referred_stays}
    assert not others
    assert 0 < len(known.referred_stays) < len(stays.stays)
    assert stays.alone == len(stays.stays) - len(referred)


def test_a_county_sees_its_own_flows(as_user: AsUser, incoming: Referral):
    county = Scope.of(User.objects.get(username="county"))
    found = constraint.flows(scope=county, start=date(2025, 1, 1), end=clock.today())
    inside = {f.code for f in found.places}
    whole = constraint.flows(scope=Scope.system(), start=date(2025, 1, 1), end=clock.today())
    assert inside < {f.code for f in whole.places}
    assert found.whole.received < whole.whole.received
    page = as_user("county").get("/referral/watch/").content.decode()
    assert f"{found.whole.in_time}/{found.whole.answered}" in page


def test_the_alliances_page_shows_all_fourteen(as_user: AsUser, city_db: Any):
    """Those the county shows by papers say which; those reckoned from records have their value."""
    sheet = openpyxl.load_workbook(
        io.BytesIO(as_user("leader").get("/referral/watch/alliance/?format=xlsx").content)
    ).worksheets[0]
    rows = {str(row[0]): row for row in sheet.iter_rows(values_only=True) if row[0] is not None}
    assert {str(n) for n in range(1, 15)} <= set(rows)
    assert "佐证材料" in str(rows["2"])
    assert "会议记录" in as_user("leader").get("/referral/watch/alliance/").content.decode()
    assert any(isinstance(cell, float) for cell in rows["14"])


def test_the_rules_page_says_bounds_and_limits(as_user: AsUser, city_db: Any):
    """Each finding with its bound, how often and how old; the clocks by priority."""
    page = as_user("leader").get("/referral/rules/").content.decode()
    assert "收缩压 ≥140（连续 2 次，365 天内）" in page
    assert "空腹血糖 ≤3.9（7 天内）" in page
    assert "稳定性评估：不稳定" in page
    assert "30 分钟" in page  # an emergency is answered within half an hour
    assert "超时 24 小时 告知县级卫生健康部门" in page


def test_files(as_user: AsUser, incoming: Referral):
    for user, address in (("hospital", "?box=in&format=xlsx"), ("leader", "watch/?format=xlsx"),
                          ("hospital", "capacity/?format=xlsx"), ("leader", "watch/alliance/?format=xlsx"),
                          ("leader", "rules/?format=xlsx")):  # fmt: skip
        answer = as_user(user).get(f"/referral/{address}")
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        assert book.worksheets[0].max_row > 4, address


def test_beds_are_declared_by_their_own(as_user: AsUser, incoming: Referral):
    from luoshi.services.referral.models import Capacity

    told = {"institution": incoming.receiver, "department": "呼吸科", "kind": "bed", "total": "10", "free": "4"}
    assert "已更新" in as_user("hospital").post("/referral/capacity/declare/", told, follow=True).content.decode()
    assert Capacity.objects.get(department="呼吸科").free == 4
    assert (
        "不能小于0"
        in as_user("hospital").post("/referral/capacity/declare/", {**told, "free": "11"}, follow=True).content.decode()
    )
    assert (
        "请填写整数"
        in as_user("hospital").post("/referral/capacity/declare/", {**told, "free": "x"}, follow=True).content.decode()
    )
    assert as_user("clinic").post("/referral/capacity/declare/", told).status_code == 404


def test_peers_are_registered_with_care(as_user: AsUser, city_db: Any, db: None, settings: Any):
    from luoshi.services.referral.models import Peer

    steward = as_user("steward")
    told = {"name": "ning", "address": "https://ning.example/fhir/R4", "client_id": "us", "secret": "very-secret",
            "source": "nobody", "places": "N1,宁州医院,general-hospital,3", "active": "on"}  # fmt: skip
    assert "没有登记过这个来源" in steward.post("/referral/peers/", told).content.decode()
    from luoshi.platform.sources import registering

    registering.register(name="ning-in", by="test", scope=Scope.system(), division="9901")
    assert (
        "明文"
        in steward.post(
            "/referral/peers/", {**told, "source": "ning-in", "address": "http://ning.example/"}
        ).content.decode()
    )
    assert steward.post("/referral/peers/", {**told, "source": "ning-in"}).status_code == 302
    kept = Peer.objects.get()
    assert "very-secret" not in kept.secret
    assert kept.token_address == "https://ning.example/oauth/token"
    assert "very-secret" not in steward.get("/referral/peers/").content.decode()
