"""What other services may ask the plan desk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import cast

from luoshi.kernel.comparator import Op, Threshold
from luoshi.platform.access.scope import Scope
from luoshi.services.plan_desk import queries, rules
from luoshi.services.plan_desk.models import Plan, Status

_UNBOUND = ("尚未绑定数据来源", "no source of data is bound yet")


@dataclass(frozen=True)
class BoundTarget:
    """A confirmed promise with how it is measured.

    `division` is the code of the division the plan was made for. `deadline` is the last day it can be kept, None when
    neither sentence nor plan says. `binding_kind` is `indicator`, `register`, `deliverable` or `report`; `verdict` is
    `computable`, `partly` or `not`, with `missing` naming the source that lacks; `indicator` is a catalogue id or
    empty. `start`/`end` are offsets in the plan's text. `op_alt` are other comparators the print allows (达 60% may be
    read as at least); `approximate` is 左右.
    """

    id: int
    plan: int
    plan_title: str
    division: str
    division_path: str
    action: int | None
    action_title: str
    task_number: str
    task_title: str
    task_text: str
    lead_units: tuple[str, ...]
    units: tuple[str, ...]
    quote: str
    start: int
    end: int
    metric: str
    op: Op
    value: float
    upper: float | None
    unit: str
    baseline: float | None
    deadline: date | None
    deadline_inferred: bool
    kind: str
    force: str
    scope_text: str
    per: str
    period_start: int | None
    period_end: int | None
    binding_kind: str
    indicator: str
    verdict: str
    missing: str
    binding_reason: str
    status: str
    missing_en: str = ""
    binding_reason_en: str = ""
    op_alt: tuple[str, ...] = ()
    approximate: bool = False
    # In an amendment: the promise of the earlier text whose progress this one goes on with.
    continues: int | None = None
    # Number of the task it stands in.
    task: int | None = None

    @property
    def threshold(self) -> Threshold:
        """The promise as the kernel compares it."""
        return Threshold(self.op, self.value, self.upper)

    @property
    def promise(self) -> str:
        """The promise in short: `≥ 90%`."""
        return rules.promise(self.op, self.value, self.upper, self.unit)


@dataclass(frozen=True)
class PlanHead:
    """A confirmed plan; `division` is the code of the division it was made for."""

    id: int
    title: str
    division: str
    division_path: str
    period_start: int | None
    period_end: int | None


@dataclass(frozen=True)
class TaskItem:
    """One task as the plan makes it, with the units it names; `inherited_units` are named for its whole section."""

    id: int
    number: str
    title: str
    text: str
    action: str
    deadline: date | None
    lead_units: tuple[str, ...]
    units: tuple[str, ...]
    inherited_units: tuple[str, ...]


def confirmed_plans(*, scope: Scope) -> list[PlanHead]:
    """The confirmed plans the viewer may see, the newest first. One query."""
    rows = queries.plans(scope).filter(status=Plan.Status.CONFIRMED).select_related("division")
    return [_head(plan) for plan in rows.defer("text", "blocks").order_by("-confirmed_at", "-pk")]


def tasks(plan_id: int, *, scope: Scope) -> tuple[PlanHead | None, list[TaskItem]]:
    """A confirmed plan and its tasks that stand, in order of the text; `(None, [])` when there is none of that number
    in the viewer's sight. Two queries."""
    found = queries.plans(scope).filter(pk=plan_id, status=Plan.Status.CONFIRMED).select_related("division")
    plan = found.defer("text", "blocks").first()
    if plan is None:
        return None, []
    rows = plan.tasks.exclude(status=Status.REJECTED).select_related("action").order_by("start", "pk")
    return _head(plan), [
        TaskItem(
            id=task.pk,
            number=task.number,
            title=task.title,
            text=task.text,
            action=str(task.action) if task.action else "",
            deadline=rules.deadline_day(task.deadline, plan.period_end),
            lead_units=tuple(task.lead_units),
            units=tuple(task.units),
            inherited_units=tuple(task.inherited_units),
        )
        for task in rows
    ]


def _head(plan: Plan) -> PlanHead:
    return PlanHead(plan.pk, plan.title, plan.division.code, plan.division.path, plan.period_start, plan.period_end)


def confirmed_targets(*, scope: Scope) -> list[BoundTarget]:
    """Every promise an officer stands behind, of confirmed plans the viewer may see, in order of plan and sentence."""
    return [_bound(row) for row in queries.confirmed_rows(scope)]


def confirmed_target(target_id: int, *, scope: Scope) -> BoundTarget | None:
    """One of `confirmed_targets`, or None when there is none of that number in the viewer's sight."""
    return next((_bound(row) for row in queries.confirmed_rows(scope, target_id)), None)


def sentence_around(target_id: int, *, scope: Scope, reach: int = 160) -> tuple[str, str, str] | None:
    """The text before, of, and after a target's sentence, for showing it in its place; None as for
    `confirmed_target`. `reach` is how many characters of each side."""
    target = queries.confirmed(scope).filter(pk=target_id).first()
    if target is None:
        return None
    text = target.plan.text
    return (
        text[max(0, target.start - reach) : target.start],
        text[target.start : target.end],
        text[target.end : target.end + reach],
    )


@lru_cache(4096)
def _bound(row: queries.ConfirmedRow) -> BoundTarget:
    """The promise of a row. A function of nothing but the row, so that a page does not put together again what stands
    unchanged in the tables."""

    def texts(column: str) -> tuple[str, ...]:
        return tuple(json.loads(column)) if column else ()

    action = " ".join(filter(None, (row.action_number or "", row.action_title or "")))
    return BoundTarget(
        id=row.pk,
        plan=row.plan,
        plan_title=row.plan_title,
        division=row.division,
        division_path=row.division_path,
        action=row.action,
        action_title=action,
        task_number=row.task_number or "",
        task_title=row.task_title or "",
        task_text=row.task_text or "",
        lead_units=texts(row.lead_units),
        units=(*texts(row.units), *texts(row.inherited_units)),
        quote=row.quote,
        start=row.start,
        end=row.end,
        metric=row.metric,
        op=cast(Op, row.op),
        value=row.value,
        upper=row.upper,
        unit=row.unit,
        baseline=row.baseline,
        deadline=rules.deadline_day(row.deadline or row.task_deadline or "", row.period_end),
        deadline_inferred=row.deadline_inferred or not row.deadline,
        kind=row.kind,
        force=row.force,
        scope_text=row.scope,
        per=row.per,
        period_start=row.period_start,
        period_end=row.period_end,
        binding_kind=row.binding_kind or "report",
        indicator=row.indicator or "",
        verdict=row.verdict or "not",
        missing=_UNBOUND[0] if row.missing is None else row.missing,
        binding_reason=row.binding_reason or "",
        status=row.status,
        missing_en=_UNBOUND[1] if row.missing_en is None else row.missing_en,
        binding_reason_en=row.binding_reason_en or "",
        op_alt=texts(row.op_alt),
        approximate=row.approximate,
        continues=row.continues,
        task=row.task,
    )
