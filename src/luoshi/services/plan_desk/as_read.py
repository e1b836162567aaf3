"""Rows of the desk as the reader's model: what stands today, in the shape of `luoshi plan read`."""

from __future__ import annotations

from typing import Any

from luoshi.plans import model
from luoshi.plans.evidence import Evidence
from luoshi.services.plan_desk.models import Action, Plan, Status, Target, Task


def plan(row: Plan) -> model.Plan:
    """The plan with every correction in it; rejected targets are left out. Four queries with `row` at hand."""
    actions = list(row.actions.all())
    tasks = list(row.tasks.select_related("action"))
    return model.Plan(
        plan=model.PlanHead(
            title=row.title,
            issuer=row.issuer or None,
            region=row.region or None,
            doc_number=row.doc_number or None,
            published=row.published.isoformat() if row.published else None,
            period_start=row.period_start,
            period_end=row.period_end,
            based_on=list(row.based_on),
            default_units=list(row.default_units),
            kind=row.kind,
            kind_reason=row.kind_reason,
            evidence=evidence(row.evidence),
        ),
        actions=[_action(action) for action in actions],
        tasks=[_task(task) for task in tasks if not task.safeguard],
        targets=[target(t) for t in row.targets.exclude(status=Status.REJECTED).select_related("task")],
        notes=list(row.notes),
        page_order=[(start, end) for start, end in row.page_order],
        safeguards=[_task(task) for task in tasks if task.safeguard],
        results=[model.Result(**entry) for entry in row.results],
    )


def promises(row: Plan) -> model.Plan:
    """The head and the standing targets only, without their evidence: enough to compare two plans. One query."""
    rows = (
        row.targets.exclude(status=Status.REJECTED)
        .select_related("task")
        .defer("evidence", "task__text", "task__evidence")
    )
    head = model.PlanHead(title=row.title, period_start=row.period_start, period_end=row.period_end)
    return model.Plan(plan=head, targets=[target(t, evidence=[]) for t in rows])


def _action(row: Action) -> model.Action:
    return model.Action(
        id=row.key,
        number=row.number or None,
        title=row.title,
        start=row.start,
        end=row.end,
        evidence=evidence(row.evidence),
    )


def _task(row: Task) -> model.Task:
    return model.Task(
        id=row.key,
        action=row.action.key if row.action else None,
        number=row.number or None,
        text=row.text,
        start=row.start,
        end=row.end,
        title=row.title,
        lead_units=list(row.lead_units),
        units=list(row.units),
        inherited_units=list(row.inherited_units),
        deadline=row.deadline or None,
        deadline_inferred=row.deadline_inferred,
        flags=list(row.flags),
        confidence=row.confidence,
        spans=[(start, end) for start, end in row.spans],
        begins=row.begins or None,
        repeats=row.repeats,
        restored=row.restored,
        evidence=evidence(row.evidence),
    )


def evidence(entries: list[dict[str, Any]]) -> list[Evidence]:
    """What was kept for each field, as the reader's own kind."""
    empty = {"quote": "", "flags": [], "entry": ""}
    return [Evidence(**{**empty, **entry}) for entry in entries]


def target(row: Target, **instead: Any) -> model.Target:
    """One target; `instead` holds columns to show in place of what stands in the row (before its corrections)."""

    def column(name: str) -> Any:
        return instead[name] if name in instead else getattr(row, name)

    value, upper = column("value"), column("upper")
    return model.Target(
        id=row.key,
        task=row.task.key if row.task_id and row.task else None,
        quote=row.quote,
        start=row.start,
        end=row.end,
        metric=column("metric"),
        op=column("op"),
        value=[value, upper] if upper is not None else value,
        unit=column("unit"),
        deadline=column("deadline") or None,
        deadline_inferred=row.deadline_inferred,
        baseline=column("baseline"),
        baseline_year=row.baseline_year,
        kind=column("kind"),
        force=column("force"),
        scope=column("scope"),
        per=row.per,
        confidence=row.confidence,
        flags=list(row.flags),
        rule=row.rule,
        op_alt=list(row.op_alt),
        approximate=row.approximate,
        evidence=evidence(column("evidence")),
    )
