"""Writes of the desk: keyword-only, with `by`, each one transaction with its audit row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel.comparator import OPS, Threshold
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division
from luoshi.services.plan_desk import bindings, carrying, keeping, reading, rules, why
from luoshi.services.plan_desk.models import Binding, Correction, Plan, PlanFile, Status, Target, Task

TASK_FIELDS = ("number", "title", "lead_units", "units", "deadline")
TARGET_FIELDS = (
    "metric", "op", "value", "upper", "unit", "deadline", "baseline", "kind", "force", "scope",
)  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """A loaded plan; `new` is false when this file had been loaded for the division before."""

    plan: Plan
    new: bool


def load(
    *,
    content: bytes,
    name: str,
    by: User | str,
    scope: Scope,
    division: Division | None = None,
    amends: Plan | None = None,
) -> Loaded:
    """Read a document and keep it with all its items and proposed bindings.

    The same bytes for the same division are kept once. Without `division` it is the one the document names, if inside
    `scope`, else the widest of the scope. With `amends` it is a revised text of that plan, made for the same division:
    what was corrected and confirmed there is carried over, and that plan stands until this one is confirmed.

    Raises `UnreadableFile` for a file that cannot be read, `Refused` for a division outside or a plan that cannot be
    amended, `InvalidValue` when there is no division at all or no item in the document.
    """
    digest = hashlib.sha256(content).hexdigest()
    read = reading.read(content, name)
    if not read.plan.tasks and not read.plan.targets:
        raise InvalidValue(
            _("文件中没有读出任何任务或目标。"),
            where=Path(name).name,
            todo=_("请确认这是一份规划、计划或工作要点的正文。"),
        )
    if amends:
        _amendable(amends, digest)
        division = amends.division
        # Both texts are read by today's reader, so that what it has learned is no change of the plan.
        earlier = reread_text(amends).plan
    division = division or reading.division_for(read.plan.plan.region, scope=scope)
    if not scope.covers_path(division.path):
        raise Refused(_("该区划不在你的管理范围内。"), todo=_("请选择你管理的区划。"))
    with transaction.atomic():
        plan, new = Plan.objects.get_or_create(
            division=division,
            file_hash=digest,
            defaults={
                **keeping.plan_fields(read.document, read.plan),
                "file_name": Path(name).name[:255],
                "loaded_by": str(by if isinstance(by, str) else by.get_username()),
                "loaded_at": datetime.now(UTC),
                "amends": amends,
            },
        )
        if new:
            PlanFile.objects.create(plan=plan, content=content)
            bindings.propose(keeping.store_new(plan, read.plan))
            counts = {"tasks": len(read.plan.tasks), "targets": len(read.plan.targets)}
            log(by, "plan.load", plan, counts | ({"amends": amends.pk} if amends else {}))
            if amends:
                log(by, "plan.amend", plan, carrying.carry(amends, plan, earlier))
        elif amends and plan.amends_id != amends.pk:
            raise Refused(_("这份文件已经作为另一份规划载入过。"), todo=_("请上传修订后的文件。"))
    return Loaded(plan, new)


def reread_text(plan: Plan) -> reading.Reading:
    """The kept file as today's reader reads it, in the page order an officer accepted; nothing is stored."""
    accepted = [(start, end) for start, end in plan.page_order] if plan.order_by else None
    return reading.read(bytes(plan.file.content), plan.file_name, page_order=accepted)


def _amendable(plan: Plan, digest: str) -> None:
    if plan.status == Plan.Status.SUPERSEDED:
        raise Refused(_("这份规划已被修订过。"), todo=_("请选择最新的一份来修订。"))
    if plan.file_hash == digest:
        raise Refused(_("上传的文件与原规划完全相同。"), todo=_("请上传修订后的文件。"))


def reread(*, plan: Plan, by: User) -> int:
    """Read the kept file again, with today's reader; corrections stay. Answers how many targets are new or changed."""
    read = reread_text(plan)
    earlier = reread_text(plan.amends).plan if plan.amends else None
    with transaction.atomic():
        plan = _locked(plan)
        _not_superseded(plan)
        changed = _take(plan, read, keep_order=bool(plan.order_by))
        if plan.amends and earlier:
            carrying.link(plan.amends, plan, earlier)
        log(by, "plan.reread", plan, {"changed": len(changed)})
    return len(changed)


def _take(plan: Plan, read: reading.Reading, *, keep_order: bool = False) -> list[Target]:
    """Bring a locked plan and its items to a new reading; answers the targets that changed."""
    old_text = plan.text
    for name, value in keeping.plan_fields(read.document, read.plan).items():
        if not (keep_order and name == "page_order"):
            setattr(plan, name, value)
    plan.save()
    changed = keeping.store_again(plan, read.plan, old_text=old_text)
    bindings.propose(changed)
    return changed


def set_order(*, plan: Plan, spans: list[tuple[int, int]], by: User) -> int:
    """Accept the order in which the parts of the document are to be read, or set another one, and read it so. What was
    confirmed and corrected stays. Answers how many targets are new or changed."""
    require_open(plan)
    before = [list(span) for span in plan.page_order]
    read = reading.read(bytes(plan.file.content), plan.file_name, page_order=spans)
    with transaction.atomic():
        require_open(plan)
        row = _locked(plan)
        row.order_by = by.get_username()
        row.page_order = [list(span) for span in spans]
        changed = _take(row, read, keep_order=True)
        corrections(row.pk, by, {"page_order": (before or None, row.page_order)})
        log(by, "plan.order", row, {"parts": len(spans), "changed": len(changed)})
    plan.refresh_from_db()
    return len(changed)


def correct_target(*, target: Target, by: User, **changes: Any) -> Target:
    """Set some of `TARGET_FIELDS`; each changed field leaves a correction. The target counts as accepted, unless it was
    rejected. Raises `InvalidValue` for values that make no promise."""
    with transaction.atomic():
        require_open(target.plan)
        row = Target.objects.select_for_update().get(pk=target.pk)
        before = {name: getattr(row, name) for name in TARGET_FIELDS}
        for name, value in changes.items():
            if name not in TARGET_FIELDS:
                raise ValueError(f"{name} is not a field the desk corrects")
            setattr(row, name, value)
        check_target(row)
        fields = [name for name in TARGET_FIELDS if getattr(row, name) != before[name]]
        if fields:
            if "deadline" in fields:
                row.deadline_inferred = False
            row.status = Status.REJECTED if row.status == Status.REJECTED else Status.CORRECTED
            row.evidence = why.corrected(row.evidence, {name: getattr(row, name) for name in fields}, by)
            row.save()
            if {"metric", "unit", "kind", "op", "value", "baseline"} & set(fields):
                bindings.propose([row])
            corrections(row.plan_id, by, {name: (before[name], getattr(row, name)) for name in fields}, target=row)
            log(by, "plan.target.correct", target.plan, {"target": row.pk, "fields": fields})
        elif row.status == Status.PROPOSED:
            _judge(row, Status.CONFIRMED, by)
            log(by, "plan.target.confirm", target.plan, {"target": row.pk})
    return row


def correct_task(*, task: Task, by: User, **changes: Any) -> Task:
    """Set some of `TASK_FIELDS`; each changed field leaves a correction."""
    with transaction.atomic():
        require_open(task.plan)
        row = Task.objects.select_for_update().get(pk=task.pk)
        before = {name: getattr(row, name) for name in TASK_FIELDS}
        for name, value in changes.items():
            if name not in TASK_FIELDS:
                raise ValueError(f"{name} is not a field the desk corrects")
            setattr(row, name, value)
        row.deadline = rules.check_deadline(row.deadline)
        fields = [name for name in TASK_FIELDS if getattr(row, name) != before[name]]
        if fields:
            row.status = Status.CORRECTED
            row.evidence = why.corrected(row.evidence, {name: getattr(row, name) for name in fields}, by)
            row.save()
            corrections(row.plan_id, by, {name: (before[name], getattr(row, name)) for name in fields}, task=row)
            log(by, "plan.task.correct", task.plan, {"task": row.pk, "fields": fields})
    return row


def judge(*, target: Target, status: Status, by: User) -> Target:
    """Confirm, reject or reopen one target. Raises `Refused` when the plan is closed."""
    if status == Status.CORRECTED:
        raise ValueError("a target becomes corrected by correct_target")
    with transaction.atomic():
        require_open(target.plan)
        row = Target.objects.select_for_update().get(pk=target.pk)
        if row.status != status and not (row.status == Status.CORRECTED and status == Status.CONFIRMED):
            _judge(row, status, by)
            action = {Status.CONFIRMED: "confirm", Status.REJECTED: "reject", Status.PROPOSED: "reopen"}[status]
            log(by, f"plan.target.{action}", target.plan, {"target": row.pk})
    return row


def add_target(*, plan: Plan, start: int, end: int, by: User, **fields: Any) -> Target:
    """A promise the reader missed: its sentence is the text from `start` to `end`. Counts as corrected.

    Raises `InvalidValue` for a span outside the text or values that make no promise.
    """
    if not 0 <= start < end <= len(plan.text):
        raise InvalidValue(_("所选文字不在文件范围内。"), todo=_("请在左侧原文中重新选择一句话。"))
    unknown = set(fields) - set(TARGET_FIELDS)
    if unknown:
        raise ValueError(f"{sorted(unknown)} are not fields of a target")
    with transaction.atomic():
        require_open(plan)
        task = plan.tasks.filter(start__lte=start).order_by("-start").first()
        row = Target(
            plan=plan,
            task=task,
            key="",
            quote=plan.text[start:end],
            start=start,
            end=end,
            status=Status.CORRECTED,
            added_by=by.get_username(),
            rule="by-hand",
            **fields,
        )
        check_target(row)
        given = {name: value for name in TARGET_FIELDS if (value := getattr(row, name)) not in ("", None)}
        row.evidence = why.corrected([], given, by)
        row.key = f"H{plan.targets.filter(rule='by-hand').count() + 1}"
        row.save()
        bindings.propose([row])
        corrections(plan.pk, by, {"added": (None, row.quote)}, target=row)
        log(by, "plan.target.add", plan, {"target": row.pk, "start": start, "end": end})
    return row


def bind(
    *, target: Target, kind: str, verdict: str, by: User, indicator: str = "", missing: str = "", reason: str = ""
) -> Binding:
    """Say how a target is measured. Raises `InvalidValue` for an unknown indicator, an indicator binding without one,
    or a verdict short of computable that does not say what is missing."""
    indicator = indicator.strip() if kind == Binding.Kind.INDICATOR else ""
    if kind not in Binding.Kind.values or verdict not in Binding.Verdict.values:
        raise InvalidValue(_("请选择数据来源和能否计算。"))
    if kind == Binding.Kind.INDICATOR:
        bindings.check_indicator(indicator)
    if verdict != Binding.Verdict.COMPUTABLE and not missing.strip():
        raise InvalidValue(_("不能完全计算时，请写明缺少哪个数据来源。"), where="missing")
    with transaction.atomic():
        require_open(target.plan)
        row = Binding.objects.select_for_update().filter(target=target).first() or Binding(target=target)
        old = _binding_words(row) if row.pk else None
        row.kind, row.verdict, row.indicator = kind, verdict, indicator
        row.missing = "" if verdict == Binding.Verdict.COMPUTABLE else missing.strip()[:300]
        row.missing_en = row.reason_en = ""
        row.reason = reason.strip()[:300] or _("人工选定")
        row.confirmed = True
        row.save()
        if old != _binding_words(row):
            corrections(target.plan_id, by, {"binding": (old, _binding_words(row))}, target=target)
        log(by, "plan.target.bind", target.plan, {"target": target.pk, **_binding_words(row)})
    return row


def confirm_plan(*, plan: Plan, by: User) -> int:
    """Accept every target nobody has judged yet, and the plan with them; from now on they are on the board. Answers how
    many targets were accepted here. Raises `Refused` when the plan holds no promise at all."""
    with transaction.atomic():
        row = _locked(plan)
        if row.status == Plan.Status.CONFIRMED:
            return 0
        _not_superseded(row)
        _only_amendment(row)
        if not row.targets.exclude(status=Status.REJECTED).exists():
            raise Refused(_("这份规划里没有可确认的目标。"), todo=_("请先在原文中选择句子补充目标。"))
        accepted = row.targets.filter(status=Status.PROPOSED).update(status=Status.CONFIRMED)
        row.tasks.filter(status=Status.PROPOSED).update(status=Status.CONFIRMED)
        now = datetime.now(UTC)
        row.check_seconds += int((now - (row.check_started_at or now)).total_seconds())
        row.check_started_at = None
        row.status = Plan.Status.CONFIRMED
        row.confirmed_by, row.confirmed_at = by if isinstance(by, str) else by.get_username(), now
        row.save(update_fields=["status", "confirmed_by", "confirmed_at", "check_started_at", "check_seconds"])
        log(by, "plan.confirm", row, {"accepted": accepted, "seconds": row.check_seconds})
        if row.amends_id:
            _supersede(row.amends_id, by=row.pk, user=by)
    plan.refresh_from_db(fields=["status", "confirmed_by", "confirmed_at", "check_started_at", "check_seconds"])
    return accepted


def _supersede(number: int, *, by: int, user: User | str) -> None:
    """The amended text leaves the board; it stays to be read."""
    old = Plan.objects.select_for_update(of=("self",)).select_related("division").get(pk=number)
    if old.status != Plan.Status.SUPERSEDED:
        old.status = Plan.Status.SUPERSEDED
        old.save(update_fields=["status"])
        log(user, "plan.supersede", old, {"by_plan": by})


def _only_amendment(row: Plan) -> None:
    """Two revised texts of one plan cannot both count."""
    if row.amends_id and Plan.objects.filter(amends=row.amends_id).exclude(pk=row.pk).exclude(status="loaded").exists():
        raise Refused(_("原规划已被另一份修订取代。"), todo=_("请把这份文件作为那份修订的再次修订载入。"))


def _not_superseded(row: Plan) -> None:
    if row.status == Plan.Status.SUPERSEDED:
        raise Refused(_("规划已被修订，只供查阅。"), todo=_("请在修订后的规划上继续。"))


def reopen_plan(*, plan: Plan, by: User) -> None:
    """Take a confirmed plan back to the desk; its targets leave the board until it is confirmed again."""
    with transaction.atomic():
        row = _locked(plan)
        if row.status == Plan.Status.LOADED:
            return
        _not_superseded(row)
        row.status, row.confirmed_by, row.confirmed_at = Plan.Status.LOADED, "", None
        row.save(update_fields=["status", "confirmed_by", "confirmed_at"])
        log(by, "plan.reopen", row, {})
    plan.refresh_from_db(fields=["status", "confirmed_by", "confirmed_at"])


def log(by: User | str, action: str, plan: Plan, detail: dict[str, Any]) -> None:
    """The audit row of a write to a plan; belongs in the same transaction."""
    code = plan.division.code
    audit.record(by=by, action=action, object_type="plan", object_id=plan.pk, scope_division=code, detail=detail)


def _locked(plan: Plan) -> Plan:
    return Plan.objects.select_for_update(of=("self",)).select_related("division").get(pk=plan.pk)


def require_open(plan: Plan) -> None:
    """Lock the plan; raises `Refused` when it is confirmed (it is not changed under the board's feet) or superseded."""
    row = _locked(plan)
    _not_superseded(row)
    if row.status == Plan.Status.CONFIRMED:
        raise Refused(_("规划已确认，不能再改。"), todo=_("如需更正，请先“重新打开”。"))


def _judge(row: Target, status: Status, by: User) -> None:
    old, row.status = row.status, status
    row.save(update_fields=["status"])
    corrections(row.plan_id, by, {"status": (old, str(status))}, target=row)


def corrections(
    plan_id: int,
    by: User,
    changes: dict[str, tuple[Any, Any]],
    *,
    task: Task | None = None,
    target: Target | None = None,
) -> None:
    """One row for each changed field `{name: (before, after)}` of an item; starts the clock of the confirmation."""
    now = datetime.now(UTC)
    if changes:
        Plan.objects.filter(pk=plan_id, check_started_at=None).update(check_started_at=now)
    Correction.objects.bulk_create(
        Correction(plan_id=plan_id, task=task, target=target, by=by, at=now, field=name, old=old, new=new)
        for name, (old, new) in changes.items()
    )


def _binding_words(row: Binding) -> dict[str, str]:
    return {"kind": row.kind, "indicator": row.indicator, "verdict": row.verdict, "missing": row.missing}


def check_target(row: Target) -> None:
    """Tidy the columns of a promise; raises `InvalidValue` for values that make none."""
    row.metric = row.metric.strip()[:300]
    if not row.metric:
        raise InvalidValue(_("请写明指标名称。"), where="metric")
    if row.op not in OPS:
        raise InvalidValue(_("请选择比较方式。"), where="op")
    if row.op != "between":
        row.upper = None
    elif row.upper is None or row.upper < row.value:
        raise InvalidValue(_("区间目标须有上限，且不小于下限。"), where="upper")
    Threshold(row.op, row.value, row.upper)
    row.unit = row.unit.strip()[:30]
    row.deadline = rules.check_deadline(row.deadline)
