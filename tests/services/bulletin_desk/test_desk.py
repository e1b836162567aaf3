"""The desk: who may open what, how many queries it takes, the way of a paper in pages and by REST."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.services.bulletin_desk import pages, rest
from luoshi.supervision.bulletins import actions
from luoshi.supervision.bulletins.models import Issue, Schedule, Template

AsUser = Callable[[str], Client]
WORKERS = ("leader", "plan-officer", "county")


@pytest.fixture(scope="module")
def paper(city_db: Any) -> Issue:
    """A draft of the city, small: its template says one line."""
    scope = Scope.system()
    Template.objects.create(
        division="9901", kind="monthly", version=1, title="{期间}简报", body="共{目标数}项，滞后{滞后数}项。\n{表：区划排名}",
        by="t", at="2025-11-03T12:00:00+08:00",
    )  # fmt: skip
    return actions.make(
        kind="monthly", division="9901", start=date(2025, 10, 1), end=date(2025, 10, 31), by="system", scope=scope
    )


# Page -> who gets it while the paper of the city is a draft. Everybody else: 403 without the permission, 404 outside.
OPEN = {
    "/bulletins/": {"leader": 200, "plan-officer": 200, "county": 200},
    "/bulletins/new/": {"leader": 200, "plan-officer": 200, "county": 200},
    "/bulletins/{n}/": {"leader": 200, "plan-officer": 200, "county": 404},
    "/bulletins/{n}/index/": {"leader": 200, "plan-officer": 200, "county": 404},
    "/bulletins/{n}/words/": {"leader": 200, "plan-officer": 200, "county": 404},
    "/bulletins/{n}/page/1.png": {"leader": 200, "plan-officer": 200, "county": 404},
    "/bulletins/{n}/file.xlsx": {"leader": 200, "plan-officer": 200, "county": 404},
    "/bulletins/templates/": {"plan-officer": 200, "county": 200},
    "/bulletins/templates/?division=9901": {"plan-officer": 200, "county": 404},
    "/bulletins/templates/monthly/": {"plan-officer": 200, "county": 200},
    "/bulletins/sending/": {"leader": 200, "plan-officer": 200, "county": 200},
    "/api/bulletins/": {"leader": 200, "plan-officer": 200, "county": 200},
    "/api/bulletins/{n}": {"leader": 200, "plan-officer": 200, "county": 404},
    "/api/bulletins/{n}/figures": {"leader": 200, "plan-officer": 200, "county": 404},
    "/api/bulletins/{n}/file.xlsx": {"leader": 200, "plan-officer": 200, "county": 404},
}
POSTS = {
    "/bulletins/{n}/move/": {"leader": 302, "plan-officer": 302, "county": 302},
    "/bulletins/{n}/correct/": {"leader": 302, "plan-officer": 302, "county": 404},
    "/bulletins/{n}/again/": {"leader": 200, "plan-officer": 200, "county": 404},
    "/bulletins/office/": {"plan-officer": 302, "county": 302},
    "/bulletins/sending/new/": {"leader": 404, "plan-officer": 404, "county": 404},
    "/bulletins/sending/9999/stop/": {"leader": 404, "plan-officer": 404, "county": 404},
}


@pytest.mark.parametrize("address", OPEN)
def test_who_opens_what(address: str, paper: Issue, as_user: AsUser) -> None:
    for username in ("leader", "plan-officer", "county", "clinic", "steward", "security", "auditor"):
        answer = as_user(username).get(address.format(n=paper.pk))
        assert answer.status_code == OPEN[address].get(username, 403), (username, address)
    stranger = as_user("").get(address.format(n=paper.pk))
    assert stranger.status_code == (401 if address.startswith("/api/") else 302)


@pytest.mark.parametrize("address", [a for a in POSTS if "move" not in a])
def test_who_may_send_what(address: str, paper: Issue, as_user: AsUser) -> None:
    for username in ("leader", "plan-officer", "county", "clinic", "auditor"):
        answer = as_user(username).post(address.format(n=paper.pk), {"reason": "x"})
        assert answer.status_code == POSTS[address].get(username, 403), (username, address)
    assert Issue.objects.filter(corrects__isnull=False).count() == 0
    assert Schedule.objects.filter(kind="").count() == 0


def test_moves_out_of_sight_are_404(paper: Issue, as_user: AsUser) -> None:
    assert as_user("county").post(f"/bulletins/{paper.pk}/move/", {"move": "review"}).status_code == 404
    assert as_user("clinic").post(f"/bulletins/{paper.pk}/move/", {"move": "review"}).status_code == 403
    assert Issue.objects.get(pk=paper.pk).state == "draft"


def test_every_page_and_operation_has_a_guard() -> None:
    assert all(hasattr(pattern.callback, "permission") for pattern in pages.urlpatterns)
    operations = [o for view in rest.router.path_operations.values() for o in view.operations]
    assert operations
    assert all(hasattr(o.view_func, "permission") for o in operations)


@pytest.mark.parametrize(
    ("address", "most"), [("/bulletins/", 14), ("/bulletins/{n}/", 17), ("/bulletins/{n}/index/", 12)]
)
def test_pages_take_few_queries(address: str, most: int, paper: Issue, as_user: AsUser) -> None:
    client = as_user("leader")
    client.get(address.format(n=paper.pk))
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(address.format(n=paper.pk))
    assert len(few) <= most, [q["sql"][:90] for q in few]


def test_from_draft_to_download(paper: Issue, as_user: AsUser) -> None:
    officer, leader = as_user("plan-officer"), as_user("leader")
    page = f"/bulletins/{paper.pk}/"
    assert "核稿" in officer.get(page).content.decode()
    officer.post(f"{page}move/", {"move": "review"})
    answer = leader.post(f"{page}move/", {"move": "sign"}, follow=True)
    assert "已签发" in answer.content.decode()
    officer.post(f"{page}move/", {"move": "issue"})
    done = Issue.objects.get(pk=paper.pk)
    assert done.state == "issued"
    facts = leader.get(page).content.decode().split('<dl class="facts">')[1].split("</dl>")[0]
    reviewer, signer = (User.objects.get(username=n).get_full_name() for n in (done.reviewed_by, done.signed_by))
    assert (reviewer in facts, signer in facts) == (True, True)
    assert not {"plan-officer", "leader"} & set(re.findall(r"[a-z-]+", re.sub(r"<[^>]*>", " ", facts)))
    for form in ("docx", "pdf", "xlsx"):
        sent = leader.get(f"{page}file.{form}")
        assert bytes(done.files.get(format=form).body) == sent.content
    again = leader.post(f"{page}again/").content.decode()
    assert "逐字节相同" in again
    assert "0 个不一致" in again
    assert leader.get(f"{page}file.exe").status_code == 404
    assert leader.get(f"{page}page/99.png").status_code == 404


def test_draft_by_rest(paper: Issue, as_user: AsUser) -> None:
    client = as_user("plan-officer")
    asked = {"kind": "monthly", "division": "9901", "period": "2025-10"}
    made = client.post("/api/bulletins/", asked, content_type="application/json")
    assert made.status_code == 201
    number = made.json()["id"]
    figures = client.get(f"/api/bulletins/{number}/figures").json()
    assert figures[0]["what"] == "已确认的目标"
    refused = client.post(f"/api/bulletins/{number}/move", {"move": "review"}, content_type="application/json")
    assert refused.status_code == 409
    assert refused["Content-Type"].startswith("application/problem+json")
    assert client.post("/api/bulletins/", {**asked, "period": "x"}, content_type="application/json").status_code == 400
    assert client.post("/api/bulletins/", {**asked, "kind": "x"}, content_type="application/json").status_code == 404


def test_template_editor_previews_and_names_mistakes(paper: Issue, as_user: AsUser) -> None:
    client = as_user("plan-officer")
    page = "/bulletins/templates/quarterly/?division=9901"
    given = {
        "division": "9901",
        "title": "{期间}通报",
        "addressee": "",
        "number": "",
        "body": "共{目标书}项",
        "do": "save",
    }
    wrong = client.post(page, given)
    assert wrong.status_code == 400
    assert "目标数" in wrong.content.decode()
    shown = client.post(page, {**given, "body": "共{目标数}项<script>", "do": "preview"}).content.decode()
    assert "2025年第三季度通报" in shown
    assert "<script>" not in shown.split("预览</h2>")[1]
    assert not Template.objects.filter(kind="quarterly").exists()
    assert client.post(page, {**given, "body": "共{目标数}项", "do": "save"}).status_code == 302
    assert Template.objects.get(kind="quarterly").version == 1


def test_pages_in_english_hold_no_chinese_but_the_paper(paper: Issue, as_user: AsUser) -> None:
    client = as_user("leader")
    client.cookies["luoshi_lang"] = "en"
    page = client.get("/bulletins/").content.decode()
    assert "What was issued, and what is on its way?" in page
    assert User.objects.filter(username="leader").exists()
