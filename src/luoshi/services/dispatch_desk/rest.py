"""`/api/dispatches/`: what was sent, what became of it, and the worklist, as data."""

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access.views import scope_of, signed_in
from luoshi.supervision.dispatching import actions, queries
from luoshi.supervision.dispatching.models import Dispatch
from luoshi.supervision.dispatching.queries import Progress
from luoshi.web import errors
from luoshi.web.api import needs

router = Router()


class DispatchOut(Schema):
    """A dispatch with the counts the reader may see."""

    id: int
    target: int
    title: str
    indicator: str
    division: str
    state: str
    at: datetime
    due: date
    sent: int
    counted: int = Field(description="Settled by the data: counted now.")
    left: int = Field(description="Settled by the data: no longer asked about.")
    ticked: int = Field(description="Somebody says done; the data do not show it yet.")
    objected: int
    excused: int
    to_do: int
    effect: float | None = Field(description="What the settled items did to the value, in points of its unit.")
    value_before: float | None
    value_now: float | None
    data_until: date | None


class ItemOut(Schema):
    """One subject of a dispatch. `person` is left out for whom the reader may not be told of."""

    id: int
    dispatch: int
    subject: str
    person: int | None
    division: str
    institution: str
    reason: str
    state: str
    acted_on: date | None
    due: date


class SendIn(Schema):
    """A target at a division, until when, to which institutions (none: all)."""

    target: int
    division: str
    due: date
    note: str = ""
    institutions: list[str] | None = None


class ActIn(Schema):
    """Items acted on, on a day."""

    items: list[int] = Field(max_length=500)
    day: date
    said: str = ""


@router.get("", response=list[DispatchOut], summary="Dispatches")
@needs("dispatch.read")
def dispatches(request: HttpRequest, state: str = "", limit: int = 50, offset: int = 0) -> list[dict[str, Any]]:
    """Dispatches in sight, newest first, at most 200 at a time."""
    scope = scope_of(request)
    found = queries.dispatches(scope=scope)
    if state:
        found = found.filter(state=state)
    rows = list(found[max(0, offset) : max(0, offset) + max(1, min(limit, 200))])
    done = queries.progress([d.pk for d in rows], scope=scope)
    return [_out(d, done.get(d.pk, Progress()), whole=scope.covers_path(d.path)) for d in rows]


@router.get("/worklist", response=list[ItemOut], summary="What is to be done here")
@needs("dispatch.act")
def worklist(
    request: HttpRequest, dispatch: int | None = None, limit: int = 200, offset: int = 0
) -> list[dict[str, Any]]:
    """Open items in sight, soonest due first, at most 500 at a time. Every look at a resident is noted."""
    scope = scope_of(request)
    found = queries.open_items(scope=scope, number=dispatch)
    cut = list(found[max(0, offset) : max(0, offset) + max(1, min(limit, 500))])
    rows = queries.named(cut, scope=scope)
    persons = [row.card.person for row in rows if row.card is not None]
    audit.look_at_list(by=signed_in(request), persons=persons, what="list dispatch api")
    return [
        {
            "id": row.item.pk, "dispatch": row.item.dispatch_id, "subject": "" if row.hidden else row.item.subject,
            "person": row.card.person if row.card else None, "division": row.item.division,
            "institution": row.item.institution, "reason": row.item.why, "state": row.item.state,
            "acted_on": row.item.acted_on, "due": row.item.dispatch.due,
        }
        for row in rows
    ]  # fmt: skip


@router.post("", response={201: DispatchOut}, summary="Send a gap")
@needs("dispatch.send")
def send(request: HttpRequest, given: SendIn) -> Any:
    """Send everyone missing to a target. 404 outside the reader's region, 409 where nobody is left to send."""
    scope = scope_of(request)
    try:
        made = actions.send(
            target=given.target, division=given.division, due=given.due, note=given.note, institutions=given.institutions,
            by=signed_in(request), scope=scope,
        )  # fmt: skip
    except UserError as error:
        return errors.user_error(request, error)
    return 201, _out(made, queries.progress([made.pk], scope=scope)[made.pk], whole=True)


@router.post("/act", response=dict[str, int], summary="Say that items were acted on")
@needs("dispatch.act")
def act(request: HttpRequest, given: ActIn) -> Any:
    """How many changed. The items stay missing until the data show it."""
    try:
        changed = actions.act(
            numbers=given.items, day=given.day, said=given.said, by=signed_in(request), scope=scope_of(request)
        )
    except UserError as error:
        return errors.user_error(request, error)
    return {"acted": changed}


@router.get("/{int:number}", response=DispatchOut, summary="One dispatch")
@needs("dispatch.read")
def one(request: HttpRequest, number: int) -> dict[str, Any]:
    """One dispatch. 404 outside the reader's sight."""
    scope = scope_of(request)
    found = queries.dispatch(number, scope=scope)
    done = queries.progress([number], scope=scope).get(number, Progress())
    return _out(found, done, whole=scope.covers_path(found.path))


def _out(found: Dispatch, done: Progress, *, whole: bool) -> dict[str, Any]:
    return {
        "id": found.pk, "target": found.target, "title": found.title, "indicator": found.indicator,
        "division": found.division, "state": found.state, "at": found.at, "due": found.due, **vars(done),
        "effect": queries.effect(found, done) if whole else None, "value_before": found.value_before if whole else None,
        "value_now": found.value_now if whole else None, "data_until": found.heard_now,
    }  # fmt: skip
