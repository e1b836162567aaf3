"""Every page and endpoint of the rectification desk: who may, what is foreign, what it costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from luoshi.kernel import clock
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.services.rectification_desk import pages
from luoshi.supervision.rectification import actions
from luoshi.supervision.rectification.models import Account, Finding, Step

from ..conftest import USERS, Known

AsUser = Callable[[str], Client]
READ = ("leader", "plan-officer", "county", "clinic")
ISSUE = ("leader", "plan-officer", "county")
# method, address, who may, what is sent
TABLE = {
    "findings": ("get", "/rectification/", READ),
    "findings as Excel": ("get", "/rectification/?format=xlsx", READ),
    "ahead": ("get", "/rectification/ahead/", READ),
    "ahead as Excel": ("get", "/rectification/ahead/?until=2026-01-31&format=xlsx", READ),
    "new": ("get", "/rectification/new/", ISSUE),
    "finding": ("get", "/rectification/{n}/", READ),
    "finding as Word": ("get", "/rectification/{n}/?format=docx", READ),
    "file": ("get", "/rectification/{n}/files/{account}/", READ),
    "notify": ("post", "/rectification/{n}/notify/", ISSUE),
    "dismiss": ("post", "/rectification/{n}/dismiss/", ISSUE),
    "extend": ("post", "/rectification/{n}/extend/", ISSUE),
    "plan": ("post", "/rectification/{n}/plan/", ("county", "clinic")),
    "submit": ("post", "/rectification/{n}/submit/", ("county", "clinic")),
    "return": ("post", "/rectification/{n}/return/", ISSUE),
    "sign": ("post", "/rectification/{n}/sign/", ("leader", "county")),
    "recheck": ("post", "/rectification/{n}/recheck/", READ),
    "minute": ("post", "/rectification/steps/{step}/minute/", ISSUE),
    "api findings": ("get", "/api/rectification/", READ),
    "api ladder": ("get", "/api/rectification/ladder", READ),
    "api one": ("get", "/api/rectification/{n}", READ),
    "api recheck": ("post", "/api/rectification/{n}/recheck", READ),
}
OBJECTS = [name for name, (_m, address, _w) in TABLE.items() if "{" in address]


@pytest.fixture
def one(known: Known) -> dict[str, int]:
    """A finding of the city at its clinic, so that leader, county and clinic all see it; with a file and a step."""
    leader = User.objects.get(username="leader")
    found = actions.raise_finding(
        kind="inspection",
        title="测试",
        text="测试用的问题",
        institution=known.clinic,
        by=leader,
        scope=Scope.of(leader),
    )
    actions.notify(number=found.pk, by=leader, scope=Scope.of(leader))
    account = Account.objects.create(
        finding=found, text="x", media="pdf", file_name="gone.pdf", sha256="0" * 64, by="county", at=clock.now()
    )
    step = Step.objects.create(
        finding=found, basis="plan", missed=date(2025, 11, 1), step="talk", name="约谈", name_en="Interview",
        due=date(2025, 11, 2), done_at=clock.now(),
    )  # fmt: skip
    return {"n": found.pk, "account": account.pk, "step": step.pk}


def call(client: Client, name: str, one: dict[str, int]):
    method, address, _who = TABLE[name]
    return getattr(client, method)(address.format(**one))


def test_no_page_is_forgotten():
    assert {p.name for p in pages.urlpatterns} <= {name.partition(" as ")[0] for name in TABLE}
    assert all(hasattr(p.callback, "permission") for p in pages.urlpatterns)


@pytest.mark.parametrize("name", TABLE)
def test_who_may(name: str, as_user: AsUser, one: dict[str, int]):
    for user in USERS:
        status = call(as_user(user), name, one).status_code
        if user in TABLE[name][2]:
            # the file is gone from the disk, and a move without its words comes back to the page
            assert status in ((404,) if name == "file" else (200, 302, 409)), user
        else:
            assert status == 403, user
    assert call(as_user(""), name, one).status_code in (302, 401)


@pytest.mark.parametrize("name", OBJECTS)
def test_another_countys_finding_does_not_exist(name: str, as_user: AsUser, known: Known, one: dict[str, int]):
    from luoshi.platform.regions.models import Division

    other = Division.objects.get(code=known.other_county)
    Finding.objects.filter(pk=one["n"]).update(institution="", division=other.code, path=other.path)
    before = Finding.objects.values().get(pk=one["n"])
    for user in ("county", "clinic"):
        if user in TABLE[name][2]:
            assert call(as_user(user), name, one).status_code == 404, user
    assert Finding.objects.values().get(pk=one["n"]) == before


def test_the_list_and_the_ladder_show_only_what_is_inside(as_user: AsUser, known: Known, one: dict[str, int]):
    from luoshi.platform.regions.models import Division

    other = Division.objects.get(code=known.other_county)
    Finding.objects.filter(pk=one["n"]).update(institution="", division=other.code, path=other.path)
    for address in ("/rectification/", "/rectification/ahead/?until=2026-06-30"):
        assert f"/rectification/{one['n']}/" in as_user("leader").get(address).content.decode()
        assert f"/rectification/{one['n']}/" not in as_user("county").get(address).content.decode()
    assert as_user("county").get(f"/rectification/?division={other.code}").status_code == 404


def test_the_demonstration_shows_every_state(as_user: AsUser):
    states = set(Finding.objects.values_list("state", flat=True))
    assert states == {"found", "noticed", "planned", "submitted", "closed", "dismissed"}
    assert set(Finding.objects.filter(state="closed").values_list("closed_how", flat=True)) == {"signed", "data"}
    assert list(Step.objects.order_by("pk").values_list("step", flat=True))[:2] == ["remind", "talk"]
    assert Finding.objects.filter(repeat_of__isnull=False).exists()


def test_a_notice_is_sent_and_answered_on_the_pages(as_user: AsUser, one: dict[str, int]):
    address, clinic, leader = f"/rectification/{one['n']}/", as_user("clinic"), as_user("leader")
    assert clinic.post(f"{address}plan/", {"plan": "短"}, follow=True).context["found"].state == "noticed"
    assert (
        clinic.post(f"{address}plan/", {"plan": "补齐协议，责任人李四，本月完成"}, follow=True).context["found"].state
        == "planned"
    )
    text = leader.get(address).content.decode()
    assert "补齐协议" in text
    assert "逾期后依次" in text
    clinic.post(f"{address}submit/", {"text": "协议已全部补齐并归档留存"})
    signed = leader.post(f"{address}sign/", {"reason": "现场核查属实，同意销号"}, follow=True)
    assert "签字" in signed.content.decode()
    assert signed.context["found"].state == "closed"


@pytest.mark.parametrize(("name", "most"), [("findings", 13), ("finding", 24), ("ahead", 9)])
def test_what_a_page_costs(name: str, most: int, as_user: AsUser, one: dict[str, int]):
    leader = as_user("leader")
    call(leader, name, one)
    with CaptureQueriesContext(connection) as queries:
        assert call(leader, name, one).status_code == 200
    assert len(queries) <= most, "\n".join(q["sql"][:160] for q in queries)
