"""One item becomes two, two become one."""

from __future__ import annotations

import pytest

from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform.audit.models import Entry
from luoshi.services.plan_desk import actions, restructuring
from luoshi.services.plan_desk.models import Status, Task


def the(plan, words: str):
    return plan.targets.get(metric__contains=words)


class TestTargets:
    def test_split(self, plan, target, officer):
        row = restructuring.split_target(target=target, by=officer, metric="重点人群签约率", value=75.0)
        assert (row.quote, row.start, row.end, row.task) == (target.quote, target.start, target.end, target.task)
        assert (row.op, row.unit, row.status, row.added_by) == (target.op, "%", "corrected", officer.username)
        assert row.binding.verdict
        assert row.corrections.get().words.startswith("拆分自")
        target.refresh_from_db()
        assert (target.value, target.status) == (60, "proposed")
        assert Entry.objects.filter(action="plan.target.split").count() == 1
        again = restructuring.split_target(target=target, by=officer, metric="老年人签约率", value=70.0)
        assert again.key != row.key

    def test_the_same_promise_again_and_no_promise(self, plan, target, officer):
        with pytest.raises(InvalidValue, match="相同"):
            restructuring.split_target(target=target, by=officer)
        with pytest.raises(InvalidValue):
            restructuring.split_target(target=target, by=officer, metric=" ")
        assert plan.targets.count() == 7

    def test_split_survives_another_reading(self, plan, target, officer):
        row = restructuring.split_target(target=target, by=officer, metric="重点人群签约率", value=75.0)
        actions.reread(plan=plan, by=officer)
        assert plan.targets.filter(pk=row.pk, metric="重点人群签约率").exists()

    def test_merge(self, plan, officer):
        into, target = the(plan, "高血压"), the(plan, "糖尿病")
        restructuring.merge_targets(target=target, into=into, by=officer)
        target.refresh_from_db()
        assert target.status == Status.REJECTED
        assert {c.field for c in target.corrections.all()} == {"merged", "status"}
        assert into.corrections.get().words == f"合并了：{target.metric}"
        for wrong in (target, into):
            with pytest.raises(InvalidValue):
                restructuring.merge_targets(target=into, into=wrong, by=officer)


class TestTasks:
    def test_split(self, plan, officer):
        task = the(plan, "糖尿病").task
        text = task.text
        new = restructuring.split_task(task=task, words="2型糖尿病患者", by=officer)
        task = Task.objects.get(pk=task.pk)
        assert new.text.startswith("2型糖尿病患者")
        assert task.text + new.text == text
        assert plan.text[new.start : new.end].startswith("2型糖尿病患者")
        assert task.end == new.start
        assert new.units == task.units
        assert the(plan, "糖尿病").task == new
        assert the(plan, "高血压").task == task
        assert task.corrections.get().field == "text"

    @pytest.mark.parametrize("words", ["", "管好", "没有这几个字", "管好慢性病"])
    def test_nowhere_to_split(self, plan, officer, words):
        task = the(plan, "糖尿病").task
        with pytest.raises(InvalidValue):
            restructuring.split_task(task=task, words=words, by=officer)
        assert plan.tasks.count() == 4

    def test_merge_and_back_again(self, plan, officer):
        part, whole = the(plan, "次中心").task, the(plan, "住院分娩率").task
        actions.correct_task(task=part, by=officer, lead_units=["市财政局"])
        merged = restructuring.merge_tasks(task=part, into=whole, by=officer)
        assert plan.tasks.count() == 3
        assert the(plan, "次中心").task == merged
        assert "市财政局" in merged.lead_units
        assert {"市妇联", "市财政局"} <= set(merged.units)
        assert len(merged.spans) == 2
        assert merged.start == whole.start
        assert {c.field for c in merged.corrections.all()} == {"lead_units", "absorbed", "text"}
        with pytest.raises(InvalidValue):
            restructuring.merge_tasks(task=merged, into=merged, by=officer)
        new = restructuring.split_task(task=merged, words="新建县域医疗服务次中心2个", by=officer)
        assert the(plan, "次中心").task == new


def test_not_in_a_confirmed_plan(plan, target, officer):
    actions.confirm_plan(plan=plan, by=officer)
    other, task, another = plan.targets.last(), plan.tasks.first(), plan.tasks.last()
    for write in (
        lambda: restructuring.split_target(target=target, by=officer, value=1.0),
        lambda: restructuring.merge_targets(target=target, into=other, by=officer),
        lambda: restructuring.split_task(task=task, words="签约居民续约率", by=officer),
        lambda: restructuring.merge_tasks(task=task, into=another, by=officer),
    ):
        with pytest.raises(Refused):
            write()


class TestPages:
    @pytest.fixture(autouse=True)
    def _signed_in(self, officer, client):
        client.force_login(officer)

    def test_split_and_merge_a_target(self, client, plan, target):
        url = f"/plans/target/{target.pk}/split/"
        values = {
            "metric": "重点人群签约率",
            "op": ">=",
            "value": "75",
            "unit": "%",
            "kind": "rate",
            "force": "expected",
        }
        answer = client.post(url, values)
        new = the(plan, "重点人群")
        assert answer.headers["Location"] == f"/plans/{plan.pk}/?show=order#item-{new.pk}"
        merged = client.post(f"/plans/target/{new.pk}/merge/", {"into": target.pk})
        assert merged.headers["Location"].endswith(f"#item-{target.pk}")
        assert client.post(f"/plans/target/{target.pk}/merge/", {"into": new.pk}).status_code == 400
        assert client.post(url, values | {"metric": ""}).status_code == 400

    def test_split_and_merge_a_task(self, client, plan):
        task = the(plan, "糖尿病").task
        assert client.post(f"/plans/task/{task.pk}/split/", {"words": "没有这几个字"}).status_code == 400
        client.post(f"/plans/task/{task.pk}/split/", {"words": "2型糖尿病患者"})
        new = the(plan, "糖尿病").task
        answer = client.post(f"/plans/task/{new.pk}/merge/", {"into": task.pk})
        assert answer.headers["Location"].endswith(f"#task-{task.pk}")
        assert the(plan, "糖尿病").task_id == task.pk

    def test_closed_plan(self, client, plan, target, officer):
        actions.confirm_plan(plan=plan, by=officer)
        assert client.get(f"/plans/target/{target.pk}/split/").status_code == 403
