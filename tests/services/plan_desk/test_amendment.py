"""修订: a revised text takes over what was said about the old one, and its place on the board."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile

from luoshi.cli.plan_load import load as load_command
from luoshi.kernel.errors import NotFound, Refused
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.services.plan_desk import actions, amendment, public, rules
from luoshi.services.plan_desk.models import Plan, Status, Target

from .conftest import TEXT

REVISED = (
    TEXT.replace("签约居民续约率不低于75%", "签约居民续约率不低于78%")
    .replace("，婴儿死亡率控制在5‰以下", "")
    .replace("新建县域医疗服务次中心2个左右。", "新建县域医疗服务次中心2个左右，新增示范性托育机构4家。")
)


@pytest.fixture
def amend(plan, officer):
    """Load the revised text as an amendment of the plan."""

    def load(text: str = REVISED, name: str = "修订.txt") -> Plan:
        scope = Scope.of(officer)
        return actions.load(content=text.encode(), name=name, by=officer, scope=scope, amends=plan).plan

    return load


def the(plan: Plan, words: str):
    return plan.targets.get(metric__contains=words)


class TestCarried:
    def test_corrections_with_who_and_when(self, plan, officer, amend):
        actions.correct_target(target=the(plan, "家庭医生签约服务覆盖率"), by=officer, value=65.0, force="binding")
        new = the(amend(), "家庭医生签约服务覆盖率")
        assert (new.value, new.force, new.status) == (65, "binding", "corrected")
        old_rows = list(plan.corrections.values_list("by", "at", "field", "old", "new"))
        assert list(new.corrections.values_list("by", "at", "field", "old", "new")) == old_rows

    def test_confirmed_and_rejected(self, plan, officer, amend):
        actions.judge(target=the(plan, "高血压"), status=Status.CONFIRMED, by=officer)
        actions.judge(target=the(plan, "糖尿病"), status=Status.REJECTED, by=officer)
        new = amend()
        assert the(new, "高血压").status == Status.CONFIRMED
        assert the(new, "糖尿病").status == Status.REJECTED

    def test_what_the_print_changed_is_looked_at_again(self, plan, officer, amend):
        old = the(plan, "续约率")
        actions.correct_target(target=old, by=officer, value=70.0, force="strive")
        new = the(amend(), "续约率")
        assert (new.value, new.force, new.status) == (78, "strive", "proposed")
        assert new.is_doubtful
        assert "修订后有变化，请核对" in new.doubts
        assert [c.field for c in new.corrections.all()] == ["force"]

    def test_bindings_chosen_by_a_person(self, plan, officer, amend):
        for words in ("家庭医生签约服务覆盖率", "续约率"):
            actions.bind(target=the(plan, words), kind="report", verdict="not", missing="无台账", by=officer)
        new = amend()
        for words in ("家庭医生签约服务覆盖率", "续约率"):
            held = the(new, words).binding
            assert (held.kind, held.missing, held.confirmed) == ("report", "无台账", True)
        assert the(plan, "续约率").binding.confirmed  # the old one keeps its own

    def test_units_of_a_task(self, plan, officer, amend):
        task = the(plan, "住院分娩率").task
        actions.correct_task(task=task, by=officer, lead_units=["市妇联"])
        new = the(amend(), "住院分娩率").task
        assert new.lead_units == ["市妇联"]
        assert new.status == Status.CORRECTED
        assert new.corrections.get().field == "lead_units"

    def test_targets_added_by_hand(self, plan, officer, amend):
        start = plan.text.index("守住母婴安全")
        fields = {"metric": "母婴安全事件", "op": "<=", "value": 0.0, "unit": "件"}
        actions.add_target(plan=plan, start=start, end=start + 6, by=officer, **fields)
        new = the(amend(), "母婴安全事件")
        assert new.quote == new.plan.text[new.start : new.end] == "守住母婴安全"
        assert new.status == Status.CORRECTED
        assert new.added_by == officer.username
        assert plan.targets.filter(metric="母婴安全事件").exists()

    def test_the_old_plan_is_as_it_was(self, plan, officer, amend):
        actions.correct_target(target=the(plan, "高血压"), by=officer, value=65.0)
        before = list(plan.targets.values())
        amend()
        assert list(plan.targets.values()) == before


class TestBoard:
    def test_only_one_text_counts(self, plan, officer, amend):
        actions.confirm_plan(plan=plan, by=officer)
        new = amend()
        scope = Scope.of(officer)
        assert {t.plan for t in public.confirmed_targets(scope=scope)} == {plan.pk}
        actions.confirm_plan(plan=new, by=officer)
        plan.refresh_from_db()
        assert plan.status == Plan.Status.SUPERSEDED
        assert {t.plan for t in public.confirmed_targets(scope=scope)} == {new.pk}
        assert Entry.objects.filter(action="plan.supersede", object_id=str(plan.pk)).count() == 1

    def test_a_superseded_plan_is_only_read(self, plan, officer, amend):
        target = the(plan, "高血压")
        actions.confirm_plan(plan=amend(), by=officer)
        plan.refresh_from_db()
        for write in (
            lambda: actions.confirm_plan(plan=plan, by=officer),
            lambda: actions.reopen_plan(plan=plan, by=officer),
            lambda: actions.reread(plan=plan, by=officer),
            lambda: actions.judge(target=target, status=Status.REJECTED, by=officer),
        ):
            with pytest.raises(Refused, match="已被修订"):
                write()
        with pytest.raises(Refused, match="修订过"):
            actions.load(content=b"x" + TEXT.encode(), name="a.txt", by=officer, scope=Scope.of(officer), amends=plan)

    def test_two_amendments_cannot_both_count(self, plan, officer, amend):
        first, second = amend(), amend(REVISED.replace("78%", "79%"), "再改.txt")
        actions.confirm_plan(plan=first, by=officer)
        with pytest.raises(Refused, match="另一份修订"):
            actions.confirm_plan(plan=second, by=officer)
        actions.reopen_plan(plan=first, by=officer)
        assert actions.confirm_plan(plan=first, by=officer) >= 0

    def test_the_same_file_and_one_loaded_before(self, plan, officer, amend):
        with pytest.raises(Refused, match="完全相同"):
            amend(TEXT)
        actions.load(content=REVISED.encode(), name="另.txt", by=officer, scope=Scope.of(officer))
        with pytest.raises(Refused, match="另一份规划"):
            amend()


class TestDifference:
    def test_promise_by_promise(self, amend):
        found = amendment.difference(amend())
        assert found.counts == {"changed": 1, "added": 1, "removed": 1, "same": 5}
        changed, added, removed = found.changes[:3]
        assert changed.fields == ("value",)
        assert amendment.words(changed) == "目标值有变化。"
        assert "托育机构" in added.after.metric
        assert "婴儿死亡率" in removed.before.metric

    def test_a_carried_correction_is_no_change(self, plan, officer, amend):
        actions.correct_target(target=the(plan, "高血压"), by=officer, value=65.0)
        assert amendment.difference(amend()).counts["changed"] == 1

    def test_page_and_files(self, plan, officer, client, amend, django_assert_num_queries):
        new = amend()
        client.force_login(officer)
        client.get("/plans/")
        # session, user, two of the scope; the plan and the old one; targets, corrections and keys of both; what counts
        with django_assert_num_queries(14):
            html = client.get(f"/plans/{new.pk}/amendment/").content.decode()
        assert f"/plans/{plan.pk}/?show=order#item-{the(plan, '续约率').pk}" in html
        assert f"/plans/{new.pk}/?show=order#item-{the(new, '续约率').pk}" in html
        assert "有变化（1）" in html
        only = client.get(f"/plans/{new.pk}/amendment/?kind=added").content.decode()
        assert "续约率" not in only
        for kind in ("xlsx", "docx"):
            assert client.get(f"/plans/{new.pk}/amendment/?format={kind}").content.startswith(b"PK")
        assert client.get(f"/plans/{plan.pk}/amendment/").status_code == 404


class TestProgress:
    """What has been reached so far stays with the promise, and is judged by the words of the revision too."""

    @pytest.fixture
    def board(self, monkeypatch):
        rows: dict[int, SimpleNamespace] = {}

        def put(target, value):
            shown = {"value_text": f"{value}%", "fraction_text": "16/20", "light": "yellow", "href": "/t/"}
            rows[target.pk] = SimpleNamespace(target=target.pk, value=value, unit="%", better="higher", **shown)

        def promises(plan, *, scope):
            return [SimpleNamespace(id=pk) for pk in rows if Target.objects.filter(pk=pk, plan=plan).exists()]

        def standings(*, scope, division, targets):
            return [rows[number] for number in targets]

        board = SimpleNamespace(promises=promises, standings=standings)
        monkeypatch.setattr("luoshi.supervision.sources.get", lambda: board)
        return put

    def cells(self, found, officer):
        standings = amendment.progress(found, scope=Scope.of(officer))
        table = amendment.table(found, list(found.changes), standings=standings)
        return {change.kind: row[-1] for change, row in zip(found.changes, table.rows, strict=True)}

    def test_before_the_revision_counts(self, plan, officer, amend, board):
        actions.confirm_plan(plan=plan, by=officer)
        board(the(plan, "续约率"), 77.0)
        cells = self.cells(amendment.difference(amend()), officer)
        assert (cells["changed"].text, cells["changed"].light) == ("77.0%", "yellow")
        assert cells["changed"].note == "16/20 · 按修订后的目标尚未达到"
        assert cells["added"].text == "—"

    def test_when_it_counts(self, plan, officer, amend, board):
        new = amend()
        board(the(new, "续约率"), 77.0)
        assert self.cells(amendment.difference(new), officer)["changed"].note == "16/20"


def test_upload_as_an_amendment(plan, officer, client, make_user):
    client.force_login(officer)
    assert plan.title in client.get("/plans/upload/").content.decode()

    def send(amends: object):
        data = {"file": SimpleUploadedFile("修订.txt", REVISED.encode()), "amends": str(amends)}
        return client.post("/plans/upload/", data)

    assert send(999).status_code == 400
    answer = send(plan.pk)
    new = Plan.objects.get(amends=plan)
    assert answer.headers["Location"] == f"/plans/{new.pk}/amendment/"
    actions.confirm_plan(plan=new, by=officer)
    assert f"/plans/{new.pk}/" in client.get(f"/plans/{plan.pk}/").content.decode()
    assert "已被修订" in client.get(f"/plans/{plan.pk}/").content.decode()
    client.force_login(make_user("plan-officer", division="990101"))
    assert send(new.pk).status_code == 400


def test_command(plan, officer, tmp_path):
    path = tmp_path / "修订.txt"
    path.write_text(REVISED, "utf-8")
    args = [str(path), "--by", officer.username, "--amends"]
    result = CliRunner().invoke(load_command, [*args, str(plan.pk), "--confirm"], catch_exceptions=False)
    assert "有变化 1、新增 1、删去 1、不变 5" in result.output
    plan.refresh_from_db()
    assert plan.status == Plan.Status.SUPERSEDED
    assert isinstance(CliRunner().invoke(load_command, [*args, "999"]).exception, NotFound)


class TestTime:
    def test_from_the_first_action_to_the_confirmation(self, plan, officer):
        actions.judge(target=the(plan, "高血压"), status=Status.CONFIRMED, by=officer)
        plan.refresh_from_db()
        started = plan.check_started_at
        actions.judge(target=the(plan, "糖尿病"), status=Status.CONFIRMED, by=officer)
        plan.refresh_from_db()
        assert plan.check_started_at == started
        Plan.objects.update(check_started_at=started - timedelta(minutes=12))
        actions.confirm_plan(plan=plan, by=officer)
        assert plan.check_time == "12 分钟"
        assert plan.check_started_at is None
        actions.reopen_plan(plan=plan, by=officer)
        actions.confirm_plan(plan=plan, by=officer)
        assert plan.check_time == "12 分钟"

    @pytest.mark.parametrize(
        ("seconds", "words"), [(0, "不到 1 分钟"), (90, "2 分钟"), (3600, "1 小时 0 分钟"), (5000, "1 小时 23 分钟")]
    )
    def test_words(self, seconds, words):
        assert rules.duration(seconds) == words
