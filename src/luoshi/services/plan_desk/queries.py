"""Reads of the desk, scope first.

A plan is seen by those whose subtree holds its division, and by those who sit below it, because a county must be able
to read what its city promised. Only the former may change it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Count, F, Prefetch, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import Http404

from luoshi.platform.access.scope import Scope
from luoshi.services.plan_desk import rules
from luoshi.services.plan_desk.models import Correction, Plan, Status, Target, Task

_BODY = ("text", "blocks", "results")


def plans(scope: Scope) -> QuerySet[Plan]:
    """The plans the viewer may read."""
    return Plan.objects.filter(scope.path_filter("division__path") | scope.above_filter("division__path"))


@dataclass(frozen=True)
class Listed:
    """A plan in the list: how many tasks it holds, how many targets stand, and how many nobody has judged yet."""

    plan: Plan
    tasks: int
    targets: int
    open: int


def plan_list(scope: Scope) -> list[Listed]:
    """The plans the viewer may read, newest first, without their text. One query."""
    rows = (
        plans(scope)
        .defer(*_BODY)
        .select_related("division")
        .annotate(
            n_tasks=Count("tasks", distinct=True),
            n_targets=Count("targets", filter=~Q(targets__status=Status.REJECTED), distinct=True),
            n_open=Count("targets", filter=Q(targets__status=Status.PROPOSED), distinct=True),
        )
        .order_by("-loaded_at", "-pk")
    )
    return [Listed(row, row.n_tasks, row.n_targets, row.n_open) for row in rows]


def plan_or_404(plan_id: int, *, scope: Scope) -> Plan:
    """A plan the viewer may read, otherwise `Http404`."""
    plan = plans(scope).select_related("division").filter(pk=plan_id).first()
    if plan is None:
        raise Http404
    return plan


def others(plan: Plan, *, scope: Scope) -> list[Plan]:
    """The plans in sight that `plan` can be compared with, the newest first. One query (and the seats of the scope)."""
    return list(plans(scope).exclude(pk=plan.pk).defer(*_BODY).select_related("division").order_by("-loaded_at", "-pk"))


def amendable(*, scope: Scope) -> list[Plan]:
    """The plans a revised text may replace: those of the viewer's own subtree that stand. One query."""
    own = Plan.objects.filter(scope.path_filter("division__path")).exclude(status=Plan.Status.SUPERSEDED)
    return list(own.defer(*_BODY).select_related("division").order_by("-loaded_at", "-pk"))


def successor(plan: Plan, *, scope: Scope) -> Plan | None:
    """The confirmed amendment that took the place of a superseded plan. One query for such a plan, none for others."""
    if plan.status != Plan.Status.SUPERSEDED:
        return None
    return plans(scope).filter(amends=plan).defer(*_BODY).order_by("-confirmed_at").first()


def own_plan_or_404(plan_id: int, *, scope: Scope) -> Plan:
    """A plan inside the viewer's own subtree, which they may change given the permission; otherwise `Http404`."""
    plan = plan_or_404(plan_id, scope=scope)
    if not scope.covers_path(plan.division.path):
        raise Http404
    return plan


def target_or_404(target_id: int, *, scope: Scope) -> Target:
    """A target of a plan inside the viewer's own subtree, otherwise `Http404`."""
    target = (
        Target.objects.select_related("plan__division", "task__action", "binding")
        .filter(scope.path_filter("plan__division__path"), pk=target_id)
        .first()
    )
    if target is None:
        raise Http404
    return target


def task_or_404(task_id: int, *, scope: Scope) -> Task:
    """A task of a plan inside the viewer's own subtree, otherwise `Http404`."""
    task = (
        Task.objects.select_related("plan__division")
        .filter(scope.path_filter("plan__division__path"), pk=task_id)
        .first()
    )
    if task is None:
        raise Http404
    return task


def confirmed(scope: Scope) -> QuerySet[Target]:
    """Targets that count: accepted, of a confirmed plan the viewer may read."""
    return (
        Target.objects.filter(
            scope.path_filter("plan__division__path") | scope.above_filter("plan__division__path"),
            plan__status=Plan.Status.CONFIRMED,
            status__in=(Status.CONFIRMED, Status.CORRECTED),
        )
        .select_related("plan__division", "task__action", "binding")
        .defer("plan__text", "plan__blocks")
        .order_by("plan_id", "start", "pk")
    )


class ConfirmedRow(NamedTuple):
    """One of `confirmed` as it stands in the tables: the columns a promise is made of, lists as JSON text."""

    pk: int
    plan: int
    plan_title: str
    period_start: int | None
    period_end: int | None
    division: str
    division_path: str
    action: int | None
    action_number: str | None
    action_title: str | None
    task: int | None
    task_number: str | None
    task_title: str | None
    task_text: str | None
    task_deadline: str | None
    lead_units: str
    units: str
    inherited_units: str
    quote: str
    start: int
    end: int
    metric: str
    op: str
    value: float
    upper: float | None
    unit: str
    baseline: float | None
    deadline: str
    deadline_inferred: bool
    kind: str
    force: str
    scope: str
    per: str
    status: str
    op_alt: str
    approximate: bool
    continues: int | None
    binding_kind: str | None
    indicator: str | None
    verdict: str | None
    missing: str | None
    missing_en: str | None
    binding_reason: str | None
    binding_reason_en: str | None


def _json(name: str) -> Cast:
    """A JSON column as the text it is kept as."""
    return Cast(F(name), TextField())


# Columns of `ConfirmedRow` that are called otherwise in the tables.
_COLUMNS: dict[str, Any] = {
    "plan": F("plan_id"),
    "plan_title": F("plan__title"),
    "period_start": F("plan__period_start"),
    "period_end": F("plan__period_end"),
    "division": F("plan__division__code"),
    "division_path": F("plan__division__path"),
    "action": F("task__action_id"),
    "action_number": F("task__action__number"),
    "action_title": F("task__action__title"),
    "task": F("task_id"),
    "task_number": F("task__number"),
    "task_title": F("task__title"),
    "task_text": F("task__text"),
    "task_deadline": F("task__deadline"),
    "lead_units": _json("task__lead_units"),
    "units": _json("task__units"),
    "inherited_units": _json("task__inherited_units"),
    "op_alt": _json("op_alt"),
    "continues": F("continues_id"),
    "binding_kind": F("binding__kind"),
    "indicator": F("binding__indicator"),
    "verdict": F("binding__verdict"),
    "missing": F("binding__missing"),
    "missing_en": F("binding__missing_en"),
    "binding_reason": F("binding__reason"),
    "binding_reason_en": F("binding__reason_en"),
}


def confirmed_rows(scope: Scope, target_id: int | None = None) -> list[ConfirmedRow]:
    """`confirmed` as rows of columns, or the one of that number. One query."""
    found = confirmed(scope).select_related(None)
    if target_id is not None:
        found = found.filter(pk=target_id)
    columns = [name if name not in _COLUMNS else f"row_{name}" for name in ConfirmedRow._fields]
    named = {f"row_{name}": column for name, column in _COLUMNS.items()}
    return [ConfirmedRow._make(row) for row in found.annotate(**named).values_list(*columns)]


@dataclass
class TaskCard:
    """A task with its targets, as the desk lists them."""

    task: Task | None
    targets: list[Target] = field(default_factory=list)


@dataclass(frozen=True)
class Desk:
    """Everything one desk page shows."""

    plan: Plan
    cards: list[TaskCard]
    corrections: list[Correction]
    counts: dict[str, int]


def item(target_id: int) -> Target:
    """A target as the desk shows it, with `history`; the caller has checked the scope."""
    return _items().select_related("plan__division").get(pk=target_id)


def _items() -> QuerySet[Target]:
    history = Prefetch("corrections", queryset=Correction.objects.select_related("by"), to_attr="history")
    return Target.objects.select_related("binding", "task").prefetch_related(history)


def desk(plan: Plan) -> Desk:
    """Tasks in reading order with their targets, and how many targets stand where. Five queries."""
    history = Prefetch("corrections", queryset=Correction.objects.select_related("by"), to_attr="history")
    targets = list(plan.targets.select_related("binding", "task").prefetch_related(history).order_by("start", "pk"))
    cards = {task.pk: TaskCard(task) for task in plan.tasks.select_related("action").order_by("start", "pk")}
    loose = TaskCard(None)
    for target in targets:
        cards.get(target.task_id or 0, loose).targets.append(target)
    corrections = list(plan.corrections.select_related("by", "task", "target")[:200])
    numbers = _counts((t.status, t.confidence, t.flags) for t in targets)
    return Desk(plan, [*cards.values(), *([loose] if loose.targets else [])], corrections, numbers)


def counts(plan: Plan) -> dict[str, int]:
    """How many targets of a plan stand where, by status, with `all`, `standing` (not rejected) and `doubtful` (open
    and in doubt). One query."""
    return _counts(plan.targets.values_list("status", "confidence", "flags"))


def _counts(rows: Iterable[tuple[str, float, list[str]]]) -> dict[str, int]:
    result = dict.fromkeys((*Status.values, "all", "doubtful"), 0)
    for status, confidence, flags in rows:
        result[status] += 1
        result["all"] += 1
        result["doubtful"] += status == Status.PROPOSED and rules.doubtful(confidence, flags)
    result["standing"] = result["all"] - result[Status.REJECTED]
    return result
