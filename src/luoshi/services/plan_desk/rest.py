"""`/api/plans/`: plans, their items and bindings, and 对标, as data; the same rows and words as on the pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from luoshi.plans import model
from luoshi.platform.access.views import scope_of
from luoshi.services.plan_desk import alignment, as_read, queries
from luoshi.services.plan_desk.models import Binding, Plan, Status, Target
from luoshi.web.api import needs

router = Router()


class PlanLine(Schema):
    """A plan in the list."""

    id: int
    title: str
    division: str = Field(description="Code of the division it was made for.")
    issuer: str
    doc_number: str
    period_start: int | None
    period_end: int | None
    status: str = Field(description="loaded, confirmed or superseded")
    amends: int | None = Field(description="The earlier text of the same plan.")
    loaded_at: datetime
    confirmed_at: datetime | None
    tasks: int
    targets: int = Field(description="Targets that stand; rejected ones are not counted.")
    open: int = Field(description="Targets nobody has judged yet.")


class BindingOut(Schema):
    """How a promise is measured."""

    kind: str = Field(description="indicator, register, deliverable or report")
    indicator: str
    verdict: str = Field(description="computable, partly or not")
    missing: str = Field(description="The source that is lacking, when not computable.")
    reason: str
    confirmed: bool = Field(description="Whether a person chose it; otherwise it is proposed.")


class TargetOut(Schema):
    """A promise as it stands, with every correction in it."""

    id: int
    key: str = Field(description="Its id in the plan's document, as in GET /plans/{plan}.")
    task: str | None
    status: str = Field(description="proposed, confirmed or corrected")
    metric: str
    op: str
    value: float
    upper: float | None
    unit: str
    deadline: str
    deadline_inferred: bool
    baseline: float | None
    kind: str
    force: str
    scope: str
    quote: str
    start: int
    end: int
    doubts: list[str]
    binding: BindingOut | None


class AlignedOut(Schema):
    """One promise of either plan and what became of it."""

    kind: str = Field(description="contradictory, weaker, deadline-slipped, dropped, redefined, new, stronger or kept")
    words: str
    inside: bool = Field(description="Whether both promises stand in the first plan.")
    ours: int | None = Field(description="The target of the first plan.")
    reference: int | None = Field(description="The target of the second plan (of the first when `inside`).")
    ours_words: str
    reference_words: str


class ComparisonOut(Schema):
    """Two plans held against each other."""

    ours: int
    reference: int
    relation: str = Field(description="above, below, earlier, later or beside: the second plan, seen from the first")
    counts: dict[str, int]
    rows: list[AlignedOut]


@router.get("", response=list[PlanLine], summary="Plans in sight")
@needs("plan.read")
def plans(request: HttpRequest) -> list[dict[str, Any]]:
    """Plans of the caller's own divisions and of those above, the newest first."""
    return [_line(row) for row in queries.plan_list(scope_of(request))]


def _line(row: queries.Listed) -> dict[str, Any]:
    plan = row.plan
    names = ("id", "title", "issuer", "doc_number", "period_start", "period_end", "status", "loaded_at", "confirmed_at")
    return {
        **{name: getattr(plan, name) for name in names},
        "division": plan.division.code,
        "amends": plan.amends_id,
        "tasks": row.tasks,
        "targets": row.targets,
        "open": row.open,
    }


@router.get("/{int:plan}", response=model.Plan, summary="A plan as data")
@needs("plan.read")
def plan(request: HttpRequest, plan: int) -> model.Plan:
    """Actions, tasks and targets as they stand, in the shape of `luoshi plan read --format json`."""
    return as_read.plan(_plan(request, plan))


@router.get("/{int:plan}/targets", response=list[TargetOut], summary="Promises with their bindings")
@needs("plan.read")
def targets(request: HttpRequest, plan: int) -> list[dict[str, Any]]:
    """Every promise that was not rejected, in reading order."""
    rows = _plan(request, plan).targets.exclude(status=Status.REJECTED).select_related("task", "binding")
    return [_target(row) for row in rows]


def _target(row: Target) -> dict[str, Any]:
    names = [name for name in TargetOut.model_fields if name not in ("task", "binding")]
    binding: Binding | None = getattr(row, "binding", None)
    return {
        **{name: getattr(row, name) for name in names},
        "task": row.task.key if row.task else None,
        "binding": {
            "kind": binding.kind,
            "indicator": binding.indicator,
            "verdict": binding.verdict,
            "missing": binding.missing_words,
            "reason": binding.reason_words,
            "confirmed": binding.confirmed,
        }
        if binding
        else None,
    }


@router.get("/{int:plan}/compare/{int:other}", response=ComparisonOut, summary="对标")
@needs("plan.read")
def compare(request: HttpRequest, plan: int, other: int) -> dict[str, Any]:
    """What became of every promise of `other` in `plan`, gravest first, with the words of the page."""
    ours, reference = _plan(request, plan), _plan(request, other)
    found = alignment.of_plans(ours, reference)
    rows = []
    for row in found.alignment.rows:
        mine, theirs = found.numbers(row)
        rows.append(
            {
                "kind": row.kind,
                "words": row.words,
                "inside": row.inside,
                "ours": mine,
                "reference": theirs,
                "ours_words": alignment.said(row.ours),
                "reference_words": alignment.said(row.reference),
            }
        )
    return {
        "ours": ours.pk,
        "reference": reference.pk,
        "relation": alignment.relation(ours, reference),
        "counts": found.alignment.counts,
        "rows": rows,
    }


def _plan(request: HttpRequest, number: int) -> Plan:
    return queries.plan_or_404(number, scope=scope_of(request))
