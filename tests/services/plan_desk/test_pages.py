"""Every page of the desk: for the right person, the wrong one and a stranger; what it shows; what it costs."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from luoshi.platform.access.scope import Scope
from luoshi.services.plan_desk import actions, pages
from luoshi.services.plan_desk.models import Plan, Status

from .conftest import TEXT

HTMX = {"HX-Request": "true"}


@dataclass(frozen=True)
class Page:
    """A page: its name, what its address takes, the permission it asks for, the method, the status for the right one,
    and whether someone below the plan's division may see it too."""

    name: str
    takes: str
    permission: str
    method: str
    right: int
    below: bool = False


PAGES = [
    Page("list", "", "plan.read", "get", 200, below=True),
    Page("upload", "", "plan.edit", "get", 200, below=True),
    Page("desk", "plan", "plan.read", "get", 200, below=True),
    Page("confirm", "plan", "plan.confirm", "post", 302),
    Page("reopen", "plan", "plan.confirm", "post", 302),
    Page("reread", "plan", "plan.edit", "post", 302),
    Page("order", "plan", "plan.edit", "post", 302),
    Page("add", "plan", "plan.edit", "get", 200),
    Page("judge", "target", "plan.confirm", "post", 302),
    Page("edit-target", "target", "plan.edit", "get", 200),
    Page("bind-target", "target", "plan.edit", "get", 200),
    Page("edit-task", "task", "plan.edit", "get", 200),
    Page("split-target", "target", "plan.edit", "get", 200),
    Page("merge-target", "target", "plan.edit", "get", 200),
    Page("split-task", "task", "plan.edit", "get", 200),
    Page("merge-task", "task", "plan.edit", "get", 200),
    Page("choose-other", "plan", "plan.read", "get", 200, below=True),
    Page("compare", "two plans", "plan.read", "get", 200, below=True),
    Page("amendment", "plan", "plan.read", "get", 404, below=True),
    Page("ledger", "plan", "plan.read", "get", 200, below=True),
    Page("ledger-xlsx", "plan", "plan.read", "get", 200, below=True),
    Page("ledger-docx", "plan", "plan.read", "get", 200, below=True),
]


def address(page: Page, plan: Plan) -> str:
    taken = {
        "": [],
        "plan": [plan.pk],
        "two plans": [plan.pk, plan.pk],
        "target": [plan.targets.first().pk],
        "task": [plan.tasks.first().pk],
    }
    return reverse(f"plan_desk:{page.name}", args=taken[page.takes])


def ask(client, page: Page, plan: Plan):
    data = {"status": "rejected"} if page.name == "judge" else {}
    return getattr(client, page.method)(address(page, plan), data)


def test_the_table_holds_every_page_with_the_permission_it_asks_for():
    declared = {pattern.name: pattern.callback.permission for pattern in pages.urlpatterns}
    assert declared == {page.name: page.permission for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
class TestWhoMay:
    def test_right(self, page, plan, officer, client):
        client.force_login(officer)
        assert ask(client, page, plan).status_code == page.right

    def test_nobody_signed_in(self, page, plan, client):
        response = ask(client, page, plan)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/sign-in/?next=")

    def test_wrong_role(self, page, plan, make_user, client):
        client.force_login(make_user("audit-admin", division="9901"))
        assert ask(client, page, plan).status_code == 403

    def test_reader_may_not_write(self, page, plan, make_user, client):
        client.force_login(make_user("division-head", division="9901"))
        assert ask(client, page, plan).status_code == (page.right if page.permission == "plan.read" else 403)

    def test_foreign(self, page, plan, officer, make_user, client, small_region):
        """The plan is one county's; an officer of the county beside it sees nothing of it."""
        county = small_region.division("990101")
        other = actions.load(
            content=TEXT.encode(), name="county.txt", by=officer, scope=Scope.of(officer), division=county
        ).plan
        client.force_login(make_user("plan-officer", division="990102"))
        response = ask(client, page, other)
        assert response.status_code == (404 if page.takes else page.right)
        if page.name == "list":
            assert f"/plans/{other.pk}/" not in response.content.decode()

    def test_below(self, page, plan, make_user, client):
        """A county reads its city's plan but does not touch it."""
        client.force_login(make_user("plan-officer", division="990101"))
        assert ask(client, page, plan).status_code == (page.right if page.below else 404)
        plan.refresh_from_db()
        assert plan.status == "loaded"
        assert not plan.targets.exclude(status="proposed").exists()

    def test_other_method(self, page, plan, officer, client):
        client.force_login(officer)
        if page.method == "post":
            assert client.get(address(page, plan)).status_code == 405
        assert client.put(address(page, plan)).status_code == 405


class TestDesk:
    def test_sentence_and_item_point_at_each_other(self, plan, target, officer, client):
        client.force_login(officer)
        html = client.get(f"/plans/{plan.pk}/?show=order").content.decode()
        assert f'id="at-{target.pk}"' in html
        assert f'href="#at-{target.pk}"' in html
        assert f'href="#item-{target.pk}"' in html
        assert f'id="item-{target.pk}"' in html
        assert f'data-start="{target.start}"' in html
        assert "家庭医生签约服务覆盖率" in html
        assert "≥ 60%" in html
        assert "市医保局" in html

    def test_every_offset_of_the_text_can_be_selected(self, plan):
        from luoshi.services.plan_desk import rendering

        shown = "".join(run.text for p in rendering.paragraphs(plan, plan.targets.all()) for run in p.runs)
        assert shown.replace("\n", "") == plan.text.replace("\n", "")
        for paragraph in rendering.paragraphs(plan, plan.targets.all()):
            for run in paragraph.runs:
                assert plan.text[run.start : run.start + len(run.text)] == run.text

    def test_doubtful_ones_come_first(self, plan, officer, client):
        doubtful = plan.targets.get(metric__contains="次中心")
        assert doubtful.is_doubtful
        client.force_login(officer)
        html = client.get(f"/plans/{plan.pk}/").content.decode()
        first = html.index('class="item ')
        assert html.index(f'id="item-{doubtful.pk}"') - first < 60
        assert "原文写“左右”" in html

    def test_views(self, plan, target, officer, client):
        actions.judge(target=target, status=Status.REJECTED, by=officer)
        client.force_login(officer)

        def shown(view):
            return f'id="item-{target.pk}"' in client.get(f"/plans/{plan.pk}/?show={view}").content.decode()

        assert {view: shown(view) for view in pages.VIEWS} == {
            "doubtful": False, "order": True, "open": False, "rejected": True,
        }  # fmt: skip

    def test_a_reader_sees_no_buttons(self, plan, make_user, client):
        client.force_login(make_user("division-head", division="9901"))
        html = client.get(f"/plans/{plan.pk}/?show=order").content.decode()
        assert "确认全部" not in html
        assert "edit/" not in html

    def test_hostile_text_is_shown_as_text(self, officer, client):
        text = TEXT.replace("做实家庭医生签约", "<script>alert(1)</script>")
        plan = actions.load(content=text.encode(), name="x.txt", by=officer, scope=Scope.of(officer)).plan
        client.force_login(officer)
        html = client.get(f"/plans/{plan.pk}/?show=order").content.decode()
        assert "<script>alert" not in html
        assert "&lt;script&gt;" in html

    def test_results_are_shown_apart_and_can_be_taken_as_a_target(self, officer, client):
        text = (
            "云岭市2024年工作总结及2025年工作打算\n一、2024年工作完成情况\n家庭医生签约率达到61.5%，比上年有了提高。县域内就诊率已达到91%。\n"
            "二、2025年工作打算\n1.做好签约。家庭医生签约率达到65%以上。\n"
        )
        plan = actions.load(content=text.encode(), name="总结.txt", by=officer, scope=Scope.of(officer)).plan
        assert [t.value for t in plan.targets.all()] == [65.0]
        client.force_login(officer)
        page = client.get(reverse("plan_desk:desk", args=[plan.pk])).content.decode()
        assert "只说已做到的数据" in page
        assert "县域内就诊率 91%" in page
        told = next(entry for entry in plan.results if entry["value"] == 61.5)
        link = f"{reverse('plan_desk:add', args=[plan.pk])}?start={told['start']}&amp;end={told['end']}"
        assert link in page
        assert "61.5" in client.get(link.replace("&amp;", "&")).content.decode()
        plan.status = Plan.Status.CONFIRMED
        plan.confirmed_at = plan.loaded_at
        plan.save()
        assert link not in client.get(reverse("plan_desk:desk", args=[plan.pk])).content.decode()

    @pytest.mark.parametrize("show", ["order", "doubtful"])
    def test_queries_do_not_grow_with_the_plan(self, show, plan, officer, client, django_assert_num_queries):
        client.force_login(officer)
        client.get("/plans/")
        # session, user, two of the scope, plan, tasks, targets, their history, corrections
        with django_assert_num_queries(9):
            client.get(f"/plans/{plan.pk}/?show={show}")

    def test_queries_of_the_list(self, plan, officer, client, django_assert_num_queries):
        client.force_login(officer)
        client.get("/plans/")
        with django_assert_num_queries(5):
            client.get("/plans/")


class TestWriting:
    def test_judge_by_form_and_by_fragment(self, plan, target, officer, client):
        client.force_login(officer)
        url = f"/plans/target/{target.pk}/judge/"
        answer = client.post(url, {"status": "confirmed", "show": "open"})
        assert answer.headers["Location"] == f"/plans/{plan.pk}/?show=open#item-{target.pk}"
        fragment = client.post(url, {"status": "rejected"}, headers=HTMX)
        html = fragment.content.decode()
        assert fragment.headers["HX-Retarget"] == f"#item-{target.pk}"
        assert "已剔除" in html
        assert 'hx-swap-oob="true"' in html
        assert "<html" not in html
        assert client.post(url, {"status": "corrected"}).status_code == 400

    def test_correct(self, plan, target, officer, client):
        client.force_login(officer)
        url = f"/plans/target/{target.pk}/edit/"
        values = {"metric": "签约率", "op": ">=", "value": "65", "unit": "%", "kind": "rate", "force": "binding"}
        wrong = client.post(url, values | {"deadline": "年底"})
        assert wrong.status_code == 400
        assert "2025-06-30" in wrong.content.decode()
        within = client.post(url, values | {"op": "between"}, headers=HTMX)
        assert within.status_code == 200
        assert "上限" in within.content.decode()
        assert "<html" not in within.content.decode()
        right = client.post(url, values, headers=HTMX)
        assert "签约率" in right.content.decode()
        assert "目标值：60 → 65" in right.content.decode()

    def test_bind(self, plan, target, officer, client):
        client.force_login(officer)
        url = f"/plans/target/{target.pk}/bind/"
        assert "高血压患者基层规范管理服务率" in client.get(url).content.decode()
        wrong = client.post(url, {"kind": "report", "verdict": "not"}, headers=HTMX)
        assert "缺少哪个数据来源" in wrong.content.decode()
        client.post(url, {"kind": "report", "verdict": "not", "missing": "医保数据"})
        target.binding.refresh_from_db()
        assert target.binding.missing == "医保数据"

    def test_task(self, plan, officer, client):
        client.force_login(officer)
        task = plan.tasks.first()
        url = f"/plans/task/{task.pk}/edit/"
        values = {"number": "1", "title": task.title, "units": "市卫生健康委、市教育局", "deadline": ""}
        fragment = client.post(url, values, headers=HTMX)
        assert "市教育局" in fragment.content.decode()
        assert fragment.headers["HX-Retarget"] == f"#task-{task.pk}"
        assert client.post(url, values).status_code == 302
        assert client.post(url, values | {"deadline": "x"}).status_code == 400

    def test_add_by_selection_or_by_pasting(self, plan, officer, client):
        client.force_login(officer)
        url = f"/plans/{plan.pk}/add/"
        start = plan.text.index("签约居民续约率")
        form = client.get(f"{url}?start={start}&end={start + 7}", headers=HTMX).content.decode()
        assert "签约居民续约率" in form
        whole = client.get(f"{url}?start={start}&end={start + 13}", headers=HTMX).content.decode()
        assert 'name="value" value="75"' in whole
        assert 'name="metric" value="签约居民续约率"' in whole
        assert '<option value="expected" selected>' in whole
        assert client.get(f"{url}?start=5&end=999999").status_code == 200
        values = {"metric": "次中心", "op": "=", "value": "2", "unit": "个", "kind": "count", "force": "expected"}
        missing = client.post(url, values | {"quote": "原文没有的话"})
        assert "原文中没有这句话" in missing.content.decode()
        pasted = client.post(url, values | {"quote": "新建县域医疗服务次中心2个"})
        assert pasted.status_code == 302
        added = plan.targets.get(rule="by-hand")
        assert plan.text[added.start : added.end] == "新建县域医疗服务次中心2个"
        selected = client.post(
            url, values | {"quote": "签约居民续约率", "start": start, "end": start + 7}, headers=HTMX
        )
        assert "#item-" in selected.headers["HX-Redirect"]

    def test_confirm_and_reopen(self, plan, officer, client):
        client.force_login(officer)
        page = client.post(f"/plans/{plan.pk}/confirm/", follow=True).content.decode()
        assert "本次确认 7 条目标" in page
        assert "重新打开" in page
        target = plan.targets.first()
        assert client.get(f"/plans/target/{target.pk}/edit/").status_code == 403
        refused = client.post(f"/plans/target/{target.pk}/judge/", {"status": "rejected"}, headers=HTMX)
        assert "规划已确认" in refused.content.decode()
        client.post(f"/plans/{plan.pk}/reopen/")
        plan.refresh_from_db()
        assert plan.status == "loaded"

    def test_reread(self, plan, officer, client):
        client.force_login(officer)
        assert "均已保留" in client.post(f"/plans/{plan.pk}/reread/", follow=True).content.decode()


class TestUpload:
    @pytest.fixture(autouse=True)
    def _signed_in(self, officer, client):
        client.force_login(officer)

    def send(self, client, content: bytes, name: str = "要点.txt", **data: str):
        return client.post("/plans/upload/", {"file": SimpleUploadedFile(name, content), **data})

    def test_a_plan(self, client, officer):
        answer = self.send(client, TEXT.encode("gb18030"))
        plan = Plan.objects.get()
        assert answer.headers["Location"] == f"/plans/{plan.pk}/"
        assert plan.loaded_by == officer.username
        again = self.send(client, TEXT.encode("gb18030"))
        assert "以前已经载入" in client.get(again.headers["Location"]).content.decode()

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("a.txt", b"", "空的"),
            ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 100, "旧版 Office"),
            ("a.docx", b"PK\x03\x04 broken", "损坏"),
            ("a.pdf", b"%PDF-1.4 broken", "PDF"),
            ("a.png", b"\x89PNG\r\n\x1a\n0000", "不是文档"),
            ("a.txt", "今天天气很好。".encode(), "没有读出任何任务或目标"),
        ],
    )
    def test_wrong_files_are_answered_in_words(self, client, name, content, words):
        answer = self.send(client, content, name)
        assert answer.status_code == 400
        assert words in answer.content.decode()
        assert not Plan.objects.exists()

    def test_no_file_unknown_division_and_one_outside(self, client, make_user):
        assert client.post("/plans/upload/", {}).status_code == 400
        assert "770000" in self.send(client, TEXT.encode(), division="770000").content.decode()
        client.force_login(make_user("plan-officer", division="990101"))
        assert "不在你的管理范围内" in self.send(client, TEXT.encode(), division="9901").content.decode()


def test_command(small_region, officer, tmp_path, make_user):
    from click.testing import CliRunner

    from luoshi.cli.plan_load import load
    from luoshi.kernel.errors import Refused

    path = tmp_path / "要点.txt"
    path.write_text(TEXT, "utf-8")
    result = CliRunner().invoke(load, [str(path), "--by", officer.username, "--confirm"], catch_exceptions=False)
    assert "loaded for 云岭市(9901), 4 tasks, 7 targets" in result.output
    assert "Confirmed 7 targets" in result.output
    head = make_user("division-head", division="9901")
    refused = CliRunner().invoke(load, [str(path), "--by", head.username])
    assert isinstance(refused.exception, Refused)
