"""`/api/duties/`: duties with their figures, and what a unit does with them, as data; the rules are those of the pages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from luoshi.kernel import clock
from luoshi.platform.access.views import scope_of, signed_in
from luoshi.supervision.duties import actions, dividing, figures, history, proposing, queries, reporting
from luoshi.supervision.duties.figures import Figure
from luoshi.supervision.duties.models import Duty
from luoshi.web.api import needs

router = Router()
MOST = 500


class DutyOut(Schema):
    """One duty as it stands today."""

    id: int
    title: str
    plan: int = Field(description="Number of the plan; 0 when it came from elsewhere.")
    target: int = Field(description="Number of the promise; 0 for a task without one.")
    task: int
    role: str = Field(description="lead or support")
    unit: str
    unit_kind: str = Field(description="department, division, institution or unknown")
    division: str
    institution: str
    parent: int | None
    state: str
    due: date | None
    receipt_due: date
    issued_at: datetime
    received_at: datetime | None
    quota: float | None = Field(description="What this unit answers for, where the promise was split.")
    goal: str
    light: str = Field(description="The light to show; with an override not the computed one.")
    computed: str
    why: str
    value: float | None
    value_text: str
    fraction: str = Field(description="Numerator and denominator, as 16/20.")
    data_until: date | None
    override_until: date | None


class LineOut(Schema):
    """One thing that happened."""

    at: datetime
    by: str
    text: str


class ProposedOut(Schema):
    """One duty a plan would become."""

    task: int
    target: int
    title: str
    unit: str
    unit_kind: str
    role: str
    lead_inferred: bool
    due: date | None
    issued: int = Field(description="The duty it has become already; 0 for none.")


class IssueIn(Schema):
    """Which tasks of a plan to issue."""

    tasks: list[int] | None = Field(None, description="Numbers of tasks; all when absent.")
    inherited: bool = True


class IssuedOut(Schema):
    """What was issued."""

    numbers: list[int]


class ReportIn(Schema):
    """What no record can tell."""

    claim: str = Field(description="done, on-track or behind")
    progress: str
    problems: str = ""
    value: float | None = Field(None, description="Only where the form asks for it.")


class ReportOut(Schema):
    """A report that was taken, with the queries it opened."""

    id: int
    asked: int
    spared: int
    queries: list[str] = Field(description="What the data say where they disagree.")


class SplitIn(Schema):
    """The part of each unit below, by its code."""

    parts: dict[str, float]
    reason: str = ""


def _out(duty: Duty, figure: Figure) -> dict[str, Any]:
    return {
        "id": duty.pk, "title": duty.title, "plan": duty.plan, "target": duty.target, "task": duty.task,
        "role": duty.role, "unit": duty.unit_name, "unit_kind": duty.unit_kind, "division": duty.division,
        "institution": duty.institution, "parent": duty.parent_id, "state": duty.state, "due": duty.due,
        "receipt_due": duty.receipt_due, "issued_at": duty.issued_at, "received_at": duty.received_at,
        "quota": duty.quota, "goal": figure.goal_text, "light": figure.light, "computed": figure.computed,
        "why": figure.why, "value": figure.value, "value_text": figure.value_text, "fraction": figure.fraction_text,
        "data_until": figure.data_until, "override_until": figure.override.until if figure.override else None,
    }  # fmt: skip


@router.get("", response=list[DutyOut], summary="Duties in sight")
@needs("duty.read")
def duties(
    request: HttpRequest, mine: bool = False, state: str = "open", due: str = "", limit: int = 100, offset: int = 0
) -> Any:
    """Duties, the earliest due first; `mine` only those of the viewer's own seat. At most 500 at a time."""
    scope = scope_of(request)
    found = queries.mine(scope=scope) if mine else queries.duties(scope=scope)
    rows = queries.narrowed(found, {"state": state, "due": due}, on=clock.today()).order_by("due", "pk")
    start = max(0, offset)
    listed = list(rows[start : start + max(1, min(limit, MOST))])
    seen = figures.of_duties(listed, scope=scope)
    return [_out(d, seen[d.pk]) for d in listed]


@router.get("/plans/{plan}/proposed", response=list[ProposedOut], summary="What a plan asks of whom")
@needs("duty.issue")
def proposed(request: HttpRequest, plan: int) -> Any:
    """Every duty a confirmed plan would become, in order of its text."""
    return [
        {
            "task": p.task, "target": p.promise.id if p.promise else 0, "title": p.title, "unit": p.body.name,
            "unit_kind": p.body.kind, "role": "lead" if p.lead else "support", "lead_inferred": p.lead_inferred,
            "due": p.due, "issued": p.issued,
        }
        for p in proposing.proposed(plan, scope=scope_of(request)).proposed
    ]  # fmt: skip


@router.post("/plans/{plan}/issue", response=IssuedOut, summary="Issue a plan's duties")
@needs("duty.issue")
def issue(request: HttpRequest, plan: int, body: IssueIn) -> Any:
    """Give the tasks of a plan to their units; those issued already are left alone."""
    made = actions.issue(
        plan=plan, tasks=body.tasks, inherited=body.inherited, by=signed_in(request), scope=scope_of(request)
    )
    return {"numbers": [d.pk for d in made]}


@router.get("/{number}", response=DutyOut, summary="One duty")
@needs("duty.read")
def duty(request: HttpRequest, number: int) -> Any:
    """One duty as it stands."""
    scope = scope_of(request)
    found = queries.duty_or_404(number, scope=scope)
    return _out(found, figures.of_duty(found, scope=scope))


@router.get("/{number}/history", response=list[LineOut], summary="What happened to a duty")
@needs("duty.read")
def happened(request: HttpRequest, number: int) -> Any:
    """In words, newest first."""
    return history.of_duty(queries.duty_or_404(number, scope=scope_of(request)))


@router.post("/{number}/receive", response=DutyOut, summary="Acknowledge a duty")
@needs("duty.act")
def receive(request: HttpRequest, number: int) -> Any:
    """At the seat of the unit."""
    scope = scope_of(request)
    found = queries.duty_or_404(number, scope=scope)
    actions.receive(duty=found, by=signed_in(request), scope=scope)
    return _out(found, figures.of_duty(found, scope=scope))


@router.post("/{number}/report", response=ReportOut, summary="Report on a duty")
@needs("duty.act")
def report(request: HttpRequest, number: int, body: ReportIn) -> Any:
    """What the computer knows is filled in; where report and data disagree a query is opened."""
    scope = scope_of(request)
    row, opened = reporting.report(
        duty=queries.duty_or_404(number, scope=scope), claim=body.claim, progress=body.progress, problems=body.problems,
        value=body.value, by=signed_in(request), scope=scope,
    )  # fmt: skip
    return {"id": row.pk, "asked": row.asked, "spared": row.spared, "queries": [q.found for q in opened]}


@router.post("/{number}/split", response=IssuedOut, summary="Split a duty")
@needs("duty.issue")
def split(request: HttpRequest, number: int, body: SplitIn) -> Any:
    """Give each unit below its part; the parts must add up, an uneven split needs a reason."""
    scope = scope_of(request)
    made = dividing.split(
        duty=queries.duty_or_404(number, scope=scope), parts=body.parts, reason=body.reason, by=signed_in(request),
        scope=scope,
    )  # fmt: skip
    return {"numbers": [d.pk for d in made]}
