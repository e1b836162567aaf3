"""`/api/rectification/`: findings and the ladder as data."""

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform.access.views import scope_of, signed_in
from luoshi.supervision.rectification import actions, ladder, queries
from luoshi.supervision.rectification.models import Finding
from luoshi.web import errors
from luoshi.web.api import needs

router = Router()


class FindingOut(Schema):
    """One finding."""

    id: int
    kind: str
    title: str
    text: str
    target: int | None
    division: str
    institution: str
    unit: str
    state: str
    found_on: date
    plan_due: date | None
    finish_due: date | None
    repeat_of: int | None
    returned: int
    closed_at: datetime | None
    closed_how: str = Field(description="data: the value computed anew passes; signed: an official's signature.")
    ground: str


class StepOut(Schema):
    """A step of the ladder that would come."""

    finding: int
    step: str
    due: date
    missed: date
    because: str = Field(description="Which date was missed: plan or finish.")


class RaiseIn(Schema):
    """A finding at a division or institution, from a target or in words."""

    kind: str = "target"
    title: str
    text: str
    division: str = ""
    institution: str = ""
    unit: str = ""
    target: int | None = None
    repeat_of: int | None = Field(None, description="An earlier finding here of which this is the repeat.")


@router.get("", response=list[FindingOut], summary="Findings")
@needs("rectify.read")
def findings(request: HttpRequest, state: str = "", limit: int = 50, offset: int = 0) -> list[dict[str, Any]]:
    """Findings in sight, newest first, at most 200 at a time."""
    found = queries.findings(scope=scope_of(request))
    if state:
        found = found.filter(state=state)
    return [_out(f) for f in found[max(0, offset) : max(0, offset) + max(1, min(limit, 200))]]


@router.get("/ladder", response=list[StepOut], summary="What would happen by a day")
@needs("rectify.read")
def ahead(request: HttpRequest, until: date | None = None) -> list[dict[str, Any]]:
    """Steps that are due up to a day (default: in 30 days) if nobody did anything."""
    day = until or clock.today() + timedelta(days=30)
    return [
        {"finding": p.finding.pk, "step": p.due.step.id, "due": p.due.on, "missed": p.missed, "because": p.basis}
        for p in ladder.planned(day, scope=scope_of(request))
    ]


@router.post("", response={201: FindingOut}, summary="Raise a finding")
@needs("rectify.issue")
def raise_finding(request: HttpRequest, given: RaiseIn) -> Any:
    """Write a finding down; it waits for its notice. 404 outside the reader's region, 409 where one is open."""
    try:
        made = actions.raise_finding(**given.dict(), by=signed_in(request), scope=scope_of(request))
    except UserError as error:
        return errors.user_error(request, error)
    return 201, _out(made)


@router.get("/{int:number}", response=FindingOut, summary="One finding")
@needs("rectify.read")
def one(request: HttpRequest, number: int) -> dict[str, Any]:
    """One finding. 404 outside the reader's region."""
    return _out(queries.finding(number, scope=scope_of(request)))


@router.post("/{int:number}/recheck", response=FindingOut, summary="Compute anew")
@needs("rectify.read")
def recheck(request: HttpRequest, number: int) -> Any:
    """Compute the value anew; the finding is closed where it passes. 409 where the reader has no part in it."""
    try:
        found = actions.recheck(number=number, by=signed_in(request), scope=scope_of(request))
    except UserError as error:
        return errors.user_error(request, error)
    return _out(found)


def _out(f: Finding) -> dict[str, Any]:
    return {
        "id": f.pk, "kind": f.kind, "title": f.title, "text": f.text, "target": f.target, "division": f.division,
        "institution": f.institution, "unit": f.unit, "state": f.state, "found_on": f.found_on, "plan_due": f.plan_due,
        "finish_due": f.finish_due, "repeat_of": f.repeat_of_id, "returned": f.returned, "closed_at": f.closed_at,
        "closed_how": f.closed_how, "ground": f.ground,
    }  # fmt: skip
