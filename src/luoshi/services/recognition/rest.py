"""`/api/recognition/`: the list, the check at ordering, alerts and their answers, marks and counts, as data.

Annotations are not postponed here: the guard wraps the operations, and names of schemas would be looked for beside it.
"""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, UserError
from luoshi.platform import audit
from luoshi.platform.access.views import scope_of, signed_in
from luoshi.services.recognition import actions, queries, rules
from luoshi.services.recognition.models import Alert
from luoshi.web import errors
from luoshi.web.api import needs

router = Router()


class ItemOut(Schema):
    """One item of the list."""

    id: str
    name: str
    name_en: str
    group: str
    kind: str
    days: int = Field(description="A result counts for so many days, the last included.")
    scope: str = Field(description="nation, province, city or alliance: the widest scope")
    price: float = Field(description="yuan, of a marked example price list")
    codes: list[str] = Field(description="LOINC")


class CheckIn(Schema):
    """What is ordered, for whom, where."""

    person: int
    items: list[str] = Field(max_length=200, description="ids of the list")
    institution: str = Field(description="One of the institutions the account was granted.")


class AlertOut(Schema):
    """One alert."""

    uuid: UUID
    person: int
    item: str
    institution: str
    producer: str
    earlier: str = Field(description="The earlier result: Observation/…, DiagnosticReport/… or ImagingStudy/…")
    earlier_day: date
    reach: str = Field(description="own, alliance, city, province or nation")
    price: float
    day: date
    state: str = Field(description="raised, recognised, repeated, unexplained, withdrawn or lapsed")
    reason: str
    note: str
    viewed: datetime | None
    answered: datetime | None


class AnswerIn(Schema):
    """What the doctor does: `reason` is needed with repeat."""

    answer: str = Field(description="recognise, repeat or withdraw")
    reason: str = ""
    note: str = Field("", max_length=500)


class TallyOut(Schema):
    """Counts of one institution."""

    institution: str
    recognised: int
    counted: int
    rate: float | None = Field(description="percent")
    repeated: int
    unexplained: int
    lapsed: int
    waiting: int
    own: int
    saved: float
    reasons: dict[str, int]
    returned: list[int] | None = Field(description="(recognised, recognisable) as returned by itself")


class MarkOut(Schema):
    """One quality mark."""

    institution: str
    subject: str
    level: str
    valid_from: date
    valid_to: date | None
    document: str


@router.get("/items", response=list[ItemOut], summary="Recognisable items today")
@needs("recognition.read")
def items(request: HttpRequest) -> Any:
    """The list as valid today."""
    return [
        {"id": i.id, "name": i.name, "name_en": i.name_en, "group": i.group, "kind": i.kind, "days": i.days,
         "scope": i.scope, "price": i.price, "codes": list(i.codes)}
        for i in rules.catalogue(clock.today()).items.values()
    ]  # fmt: skip


@router.post("/check", response=list[AlertOut], summary="Earlier results of ordered items; raises the alerts")
@needs("recognition.order")
def check(request: HttpRequest, body: CheckIn) -> Any:
    """Alerts of what may be recognised; nothing is ordered."""
    scope = scope_of(request)
    if body.institution not in {place.code for place in queries.workplaces(scope)}:
        raise Http404
    try:
        raised = actions.check(
            person=body.person, items=dict.fromkeys(body.items, ""), orderer=queries.place(body.institution), scope=scope,
            by=signed_in(request), door="api",
        )  # fmt: skip
    except UserError as error:
        return _refused(error)
    return [_alert(a) for a, _ in raised]


@router.get("/alerts", response=list[AlertOut], summary="Alerts, newest first")
@needs("recognition.order")
def alerts(
    request: HttpRequest,
    state: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Any:
    """Alerts raised where the caller works."""
    rows = queries.alerts(scope=scope_of(request))
    found = list((rows.filter(state=state) if state else rows)[offset : offset + limit])
    audit.look_at_list(by=signed_in(request), persons=sorted({a.person for a in found}), what="recognition list")
    return [_alert(a) for a in found]


@router.post("/alerts/{uuid}/answer", response=AlertOut, summary="Answer an alert")
@needs("recognition.order")
def answer(request: HttpRequest, uuid: UUID, body: AnswerIn) -> Any:
    """Recognise, repeat with a lawful reason, or withdraw."""
    found = queries.alert(uuid, scope=scope_of(request))
    try:
        if body.answer not in ("recognise", "repeat", "withdraw"):
            raise InvalidValue("answer is recognise, repeat or withdraw.")
        actions.answer(
            found=found, move=body.answer, by=signed_in(request), permissions=scope_of(request).permissions,
            reason=body.reason, note=body.note,
        )  # fmt: skip
    except UserError as error:
        return _refused(error)
    return _alert(found)


@router.get("/statistics", response=list[TallyOut], summary="Counts by ordering institution")
@needs("recognition.read")
def statistics(request: HttpRequest, start: date, end: date) -> Any:
    """Both days counted; the first line, without an institution, is all in all."""
    whole, found = queries.tallies(start, end, scope=scope_of(request))
    return [
        {"institution": t.institution, "recognised": t.recognised, "counted": t.counted, "rate": t.rate,
         "repeated": t.states[rules.REPEATED], "unexplained": t.states[rules.UNEXPLAINED],
         "lapsed": t.states[rules.LAPSED], "waiting": t.waiting, "own": t.own, "saved": float(t.saved),
         "reasons": dict(t.reasons), "returned": list(t.returned) if t.returned else None}
        for t in [whole, *found]
    ]  # fmt: skip


@router.get("/marks", response=list[MarkOut], summary="Quality marks of laboratories in the scope")
@needs("recognition.read")
def marks(request: HttpRequest) -> Any:
    """Every mark, ended ones too."""
    return [
        {"institution": m.institution, "subject": m.subject, "level": m.level, "valid_from": m.valid_from,
         "valid_to": m.valid_to, "document": m.document}
        for m in queries.marks(scope=scope_of(request))[:5000]
    ]  # fmt: skip


def _alert(a: Alert) -> dict[str, Any]:
    return {
        "uuid": a.uuid, "person": a.person, "item": a.item, "institution": a.institution, "producer": a.producer,
        "earlier": f"{a.earlier_type}/{a.earlier_id}", "earlier_day": a.earlier_day, "reach": a.reach,
        "price": float(a.price), "day": a.day, "state": a.state, "reason": a.reason, "note": a.note, "viewed": a.viewed,
        "answered": a.answered,
    }  # fmt: skip


def _refused(error: UserError) -> Any:
    return errors.problem(422 if isinstance(error, InvalidValue) else 409, error.message, error.todo)
