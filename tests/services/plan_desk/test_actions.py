"""What the desk writes: attributed, kept, undone as a whole when the audit row cannot be written."""

from __future__ import annotations

import pytest

from luoshi.kernel.errors import InvalidValue, NotFound, Refused, UnreadableFile
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.services.plan_desk import actions, public, reading
from luoshi.services.plan_desk.models import Binding, Correction, Plan, Status, Target

from .conftest import TEXT

pytestmark = pytest.mark.django_db


def find(plan: Plan, words: str) -> Target:
    return plan.targets.get(metric__contains=words)


class TestLoading:
    def test_document_items_and_bindings_are_kept(self, plan, officer):
        assert plan.text == TEXT.strip() or plan.text.strip() == TEXT.strip()
        assert plan.division.code == "9901"
        assert plan.period_end == 2025
        assert plan.tasks.count() == 4
        metrics = list(plan.targets.values_list("metric", flat=True))
        assert len(metrics) == 7
        for target in plan.targets.all():
            assert plan.text[target.start : target.end] == target.quote
        assert find(plan, "高血压").binding.indicator == "htn-std"
        assert find(plan, "高血压").binding.verdict == "computable"
        subcentre = find(plan, "次中心")
        assert (subcentre.binding.verdict == "computable") == (not subcentre.binding.missing)
        assert find(plan, "高血压").task.units == ["市卫生健康委"]
        assert Entry.objects.get(action="plan.load").by == officer.username
        assert plan.file.content == TEXT.encode()

    def test_the_same_file_is_kept_once_per_division(self, plan, officer, small_region):
        scope = Scope.of(officer)
        again = actions.load(content=TEXT.encode(), name="副本.txt", by=officer, scope=scope)
        assert (again.plan, again.new) == (plan, False)
        county = small_region.division("990101")
        other = actions.load(content=TEXT.encode(), name="要点.txt", by=officer, scope=scope, division=county)
        assert other.new
        assert Plan.objects.count() == 2

    def test_not_for_a_division_outside(self, make_user, small_region):
        user = make_user("plan-officer", division="990101")
        with pytest.raises(Refused):
            actions.load(
                content=TEXT.encode(), name="a.txt", by=user, scope=Scope.of(user), division=small_region.division("99")
            )
        inside = actions.load(content=TEXT.encode(), name="a.txt", by=user, scope=Scope.of(user))
        assert inside.plan.division.code == "990101"

    @pytest.mark.parametrize(
        ("content", "error"),
        [
            (b"", UnreadableFile),
            (b"\x89PNG\r\n\x1a\n....", UnreadableFile),
            (b"PK\x03\x04 not really a zip", UnreadableFile),
            ("今天天气很好。".encode(), InvalidValue),
        ],
    )
    def test_what_is_no_plan_leaves_nothing(self, officer, content, error):
        with pytest.raises(error):
            actions.load(content=content, name="a.txt", by=officer, scope=Scope.of(officer))
        assert not Plan.objects.exists()

    def test_division_named_in_the_document(self, small_region):
        scope = Scope.system()
        assert reading.division_for("岚江省云岭市西山县", scope=scope).code == "990102"
        assert reading.division_for("云岭市", scope=scope).code == "9901"
        assert reading.division_for("别处市", scope=scope).code == "99"
        assert reading.division_for(None, scope=scope).code == "99"

    def test_no_division_at_all(self, db):
        with pytest.raises(InvalidValue, match="区划"):
            reading.division_for("云岭市", scope=Scope.system())


class TestCorrecting:
    def test_each_changed_field_is_kept_with_who_and_when(self, target, officer):
        row = actions.correct_target(target=target, by=officer, value=65.0, deadline="2025-06", unit=target.unit)
        assert (row.value, row.deadline, row.status) == (65.0, "2025-06", "corrected")
        kept = {c.field: (c.old, c.new, c.by) for c in row.corrections.all()}
        assert kept == {"value": (60.0, 65.0, officer), "deadline": (target.deadline, "2025-06", officer)}

    def test_nothing_changed_is_a_confirmation(self, target, officer):
        assert actions.correct_target(target=target, by=officer, value=target.value).status == "confirmed"

    @pytest.mark.parametrize(
        "changes",
        [
            {"metric": "  "},
            {"op": "~"},
            {"op": "between"},
            {"op": "between", "upper": 10.0},
            {"deadline": "明年"},
            {"deadline": "2025-13"},
            {"deadline": "2025-02-30"},
        ],
    )
    def test_what_makes_no_promise_is_refused(self, target, officer, changes):
        with pytest.raises(InvalidValue):
            actions.correct_target(target=target, by=officer, **changes)
        target.refresh_from_db()
        assert target.status == "proposed"
        assert not Correction.objects.exists()

    def test_a_new_metric_is_bound_anew_unless_an_officer_chose(self, target, officer):
        actions.correct_target(target=target, by=officer, metric="住院分娩率")
        assert Binding.objects.get(target=target).indicator == "facility-birth"
        target.refresh_from_db()
        actions.bind(target=target, kind="indicator", verdict="computable", indicator="htn-std", by=officer)
        actions.correct_target(target=target, by=officer, metric="婴儿死亡率")
        assert Binding.objects.get(target=target).indicator == "htn-std"

    def test_a_task(self, plan, officer):
        task = plan.tasks.first()
        actions.correct_task(task=task, by=officer, units=["市教育局"], lead_units=["市教育局"])
        task.refresh_from_db()
        assert (task.units, task.status) == (["市教育局"], "corrected")
        assert {c.field for c in task.corrections.all()} == {"units", "lead_units"}

    def test_reject_and_restore(self, target, officer):
        assert actions.judge(target=target, status=Status.REJECTED, by=officer).status == "rejected"
        assert actions.judge(target=target, status=Status.PROPOSED, by=officer).status == "proposed"
        assert [c.new for c in target.corrections.order_by("pk")] == ["rejected", "proposed"]

    def test_added_from_the_text(self, plan, officer):
        start = plan.text.index("做实家庭医生签约")
        row = actions.add_target(
            plan=plan, start=start, end=start + 8, by=officer, metric="签约人数", op=">=", value=100.0, unit="人",
            kind="count",
        )  # fmt: skip
        assert (row.quote, row.status, row.added_by) == ("做实家庭医生签约", "corrected", officer.username)
        assert row.task.number == "1"
        assert row.binding is not None
        with pytest.raises(InvalidValue, match="范围"):
            actions.add_target(plan=plan, start=9, end=10**6, by=officer, metric="x", op="=", value=1.0)


class TestBinding:
    def test_unknown_indicator_names_the_nearest(self, target, officer):
        with pytest.raises(NotFound, match="htn-std"):
            actions.bind(target=target, kind="indicator", verdict="computable", indicator="htn-stt", by=officer)

    def test_what_cannot_be_computed_says_what_is_missing(self, target, officer):
        with pytest.raises(InvalidValue, match="缺少"):
            actions.bind(target=target, kind="report", verdict="not", by=officer)
        row = actions.bind(target=target, kind="report", verdict="not", missing="医保结算数据", by=officer)
        assert (row.missing, row.confirmed, row.indicator) == ("医保结算数据", True, "")


class TestConfirming:
    def test_targets_reach_the_board_with_the_plan_and_leave_it_when_reopened(self, plan, officer):
        scope = Scope.of(officer)
        actions.judge(target=find(plan, "婴儿"), status=Status.REJECTED, by=officer)
        assert public.confirmed_targets(scope=scope) == []
        assert actions.confirm_plan(plan=plan, by=officer) == 6
        bound = public.confirmed_targets(scope=scope)
        assert len(bound) == 6
        first = bound[0]
        assert (first.metric, first.promise, first.division) == ("家庭医生签约服务覆盖率", "≥ 60%", "9901")
        assert str(first.deadline) == "2025-12-31"
        assert first.units == ("市卫生健康委", "市医保局")
        assert first.threshold.met_by(60)
        before, sentence, after = public.sentence_around(first.id, scope=scope)
        assert sentence == first.quote
        assert before.endswith("做实家庭医生签约。")
        assert after.startswith("，签约居民续约率")
        actions.reopen_plan(plan=plan, by=officer)
        assert public.confirmed_targets(scope=scope) == []

    def test_a_confirmed_plan_is_not_changed(self, plan, target, officer):
        actions.confirm_plan(plan=plan, by=officer)
        for change in (
            lambda: actions.correct_target(target=target, by=officer, value=1.0),
            lambda: actions.judge(target=target, status=Status.REJECTED, by=officer),
            lambda: actions.bind(target=target, kind="report", verdict="not", missing="x", by=officer),
            lambda: actions.correct_task(task=plan.tasks.first(), by=officer, title="x"),
            lambda: actions.add_target(plan=plan, start=0, end=5, by=officer, metric="x", op="=", value=1.0),
        ):
            with pytest.raises(Refused, match="重新打开"):
                change()

    def test_a_plan_without_promises_is_not_confirmed(self, plan, officer):
        for target in plan.targets.all():
            actions.judge(target=target, status=Status.REJECTED, by=officer)
        with pytest.raises(Refused, match="没有可确认"):
            actions.confirm_plan(plan=plan, by=officer)

    def test_seen_below_and_not_beside(self, plan, officer, make_user, small_region):
        actions.confirm_plan(plan=plan, by=officer)
        seen = {
            name: len(public.confirmed_targets(scope=Scope.of(user)))
            for name, user in {
                "county": make_user("county-officer", division="990101"),
                "clinic": make_user("institution-clinician", institution="C2"),
                "province": make_user("division-head", division="99"),
                "everywhere": make_user("division-head"),
                "nobody": make_user(),
            }.items()
        }
        assert seen == {"county": 7, "clinic": 7, "province": 7, "everywhere": 7, "nobody": 0}
        assert len(public.confirmed_targets(scope=Scope.system())) == 7
        county_plan = actions.load(
            content=TEXT.encode(), name="b.txt", by=officer, scope=Scope.of(officer),
            division=small_region.division("990101"),
        ).plan  # fmt: skip
        actions.confirm_plan(plan=county_plan, by=officer)
        beside = make_user("county-officer", division="990102")
        assert {t.plan for t in public.confirmed_targets(scope=Scope.of(beside))} == {plan.pk}


class TestRereading:
    def test_corrections_confirmations_and_additions_stay(self, plan, officer):
        kept = find(plan, "续约率")
        actions.correct_target(target=kept, by=officer, value=80.0)
        actions.judge(target=find(plan, "婴儿"), status=Status.REJECTED, by=officer)
        actions.judge(target=find(plan, "住院分娩"), status=Status.CONFIRMED, by=officer)
        added = actions.add_target(
            plan=plan, start=0, end=6, by=officer, metric="补充", op="=", value=1.0, unit="个", kind="count"
        )
        before = set(plan.targets.values_list("pk", flat=True))
        actions.reread(plan=plan, by=officer)
        assert set(plan.targets.values_list("pk", flat=True)) == before
        kept.refresh_from_db()
        added.refresh_from_db()
        assert (kept.value, kept.status) == (80.0, "corrected")
        assert kept.corrections.count() == 1
        assert added.task is not None or added.status == "corrected"
        assert find(plan, "婴儿").status == "rejected"
        assert find(plan, "住院分娩").status == "confirmed"

    def test_untouched_items_follow_the_new_reading_and_kept_ones_move_with_the_text(self, plan, officer, monkeypatch):
        touched = find(plan, "续约率")
        actions.judge(target=touched, status=Status.CONFIRMED, by=officer)
        from luoshi.plans.read import read_file

        def better(path, page_order=None):
            path.write_text("（页眉）\n" + TEXT.replace("住院分娩率达到99%以上，", ""), "utf-8")
            return read_file(path)

        monkeypatch.setattr(reading, "read_file", better)
        actions.reread(plan=plan, by=officer)
        plan.refresh_from_db()
        touched.refresh_from_db()
        assert plan.text[touched.start : touched.end] == touched.quote
        assert touched.status == "confirmed"
        assert not plan.targets.filter(metric__contains="住院分娩").exists()
        for target in plan.targets.all():
            assert plan.text[target.start : target.end] == target.quote


@pytest.mark.parametrize("act", ["load", "correct", "task", "judge", "add", "bind", "confirm", "reread"])
def test_a_failed_audit_undoes_all(act, officer, plan, target, monkeypatch, small_region):
    def state():
        return (
            sorted(Plan.objects.values_list("pk", "status", "division_id")),
            sorted(Target.objects.values_list("pk", "status", "value", "key")),
            sorted(plan.tasks.values_list("pk", "status", "title")),
            Correction.objects.count(),
            sorted(Binding.objects.values_list("pk", "kind", "confirmed")),
        )

    def fail(**kwargs):
        raise OSError("disk full")

    doing = {
        "load": lambda: actions.load(
            content=TEXT.encode(), name="c.txt", by=officer, scope=Scope.of(officer),
            division=small_region.division("990101"),
        ),
        "correct": lambda: actions.correct_target(target=target, by=officer, value=1.0),
        "task": lambda: actions.correct_task(task=plan.tasks.first(), by=officer, title="新标题"),
        "judge": lambda: actions.judge(target=target, status=Status.REJECTED, by=officer),
        "add": lambda: actions.add_target(plan=plan, start=0, end=6, by=officer, metric="x", op="=", value=1.0),
        "bind": lambda: actions.bind(target=target, kind="report", verdict="not", missing="x", by=officer),
        "confirm": lambda: actions.confirm_plan(plan=plan, by=officer),
        "reread": lambda: actions.reread(plan=plan, by=officer),
    }  # fmt: skip
    before = state()
    monkeypatch.setattr(audit, "record", fail)
    with pytest.raises(OSError, match="disk full"):
        doing[act]()
    assert state() == before
