"""`/api/referral/`: the worklist, one referral and its moves, routes, beds and slots, flows.

Annotations are not postponed here: the guard wraps the operations, and names of schemas would be looked for beside it.
"""

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue
from luoshi.platform.access.views import scope_of, signed_in
from luoshi.services.referral import actions, capacity, constraint, places, queries, routing, rules
from luoshi.services.referral.models import Referral
from luoshi.web.api import needs

router = Router()


class ReferralOut(Schema):
    """One referral; `name` is empty where the caller may not know whose it is."""

    id: int
    number: str
    uid: str
    direction: str
    state: str
    version: int
    priority: str
    green: bool
    due: datetime | None
    sender: str
    receiver: str
    department: str
    name: str
    diagnosis: str
    moves: list[str] = Field(description="What the caller may do next.")


class WantedIn(Schema):
    """A new referral. `criteria` for one up, `disease` for one down; `peer` where the receiver is in another system."""

    direction: str
    person: int
    sender: str = Field(max_length=40)
    receiver: str = Field(max_length=40)
    peer: str = Field("", max_length=40)
    diagnosis: str = Field(max_length=200)
    reason: str = Field(max_length=2000)
    priority: str = "routine"
    department: str = Field("", max_length=60)
    criteria: list[str] = []
    disease: str = ""
    tests: str = Field("", max_length=2000)
    advice: str = Field("", max_length=1000)
    consent: str = Field(description="patient, guardian or emergency")
    categories: list[str] = ["general"]
    green: bool = False


class MoveIn(Schema):
    """One move with what it needs. `version` is that of the referral the caller saw."""

    version: int
    reason: str = Field("", max_length=40)
    note: str = Field("", max_length=1000)
    tests: str = Field("", max_length=2000)
    slot: int = 0
    diagnosis: str = Field("", max_length=300)
    treatment: str = Field("", max_length=2000)
    advice: str = Field("", max_length=1000)
    follow_up: str = Field("", max_length=10)


class SuggestionOut(Schema):
    """A place with why it is suggested."""

    code: str
    name: str
    ring: str
    reasons: list[str]
    doubts: list[str]
    free: int | None
    peer: str


class CapacityOut(Schema):
    """Beds, or slots of a day."""

    id: int
    institution: str
    department: str
    kind: str
    day: date | None
    total: int
    free: int
    updated_at: datetime
    stale: bool


class CapacityIn(Schema):
    """What a department has."""

    institution: str = Field(max_length=40)
    department: str = Field(max_length=60)
    kind: str
    day: date | None = None
    total: int
    free: int


class FlowOut(Schema):
    """Flows of one institution in a period."""

    code: str
    name: str
    sent_up: int
    sent_down: int
    received_up: int
    received_down: int
    answered: int
    in_time: int
    hours: float | None
    arrived: int
    refused: int
    reasons: dict[str, int]
    waiting: int
    late: int


def _out(request: HttpRequest, row: Referral, named: dict[int, queries.Named]) -> dict[str, Any]:
    scope = scope_of(request)
    who = named.get(row.pk)
    offered = rules.MACHINE.offered(row.state, queries.held(row, scope))
    return {
        "id": row.pk, "number": row.number, "uid": row.uid, "direction": row.direction, "state": row.state,
        "version": row.version, "priority": row.priority, "green": row.green, "due": row.due, "sender": row.sender,
        "receiver": row.receiver, "department": row.department, "name": who.name if who else "",
        "diagnosis": row.diagnosis if who else "", "moves": [m.name for m in offered],
    }  # fmt: skip


def _one(request: HttpRequest, row: Referral) -> dict[str, Any]:
    row = queries.one(row.pk, scope=scope_of(request))
    return _out(request, row, queries.names([row], scope=scope_of(request), by=signed_in(request), what="referral"))


@router.get("/", response=list[ReferralOut])
@needs("referral.send")
def worklist(request: HttpRequest, box: str = "turn", limit: int = 50, offset: int = 0) -> Any:
    """One box (turn, in, out, late, ended), those due first at the head."""
    if box not in queries.BOXES:
        box = "turn"
    rows = list(queries.box(box, scope=scope_of(request))[max(0, offset) : max(0, offset) + min(500, max(1, limit))])
    named = queries.names(rows, scope=scope_of(request), by=signed_in(request), what="referrals")
    return [_out(request, row, named) for row in rows]


@router.get("/routes", response=list[SuggestionOut])
@needs("referral.send")
def routes(request: HttpRequest, sender: str, direction: str, targets: str = "", emergency: bool = False, disease: str = "",
           home: str = "") -> Any:  # fmt: skip
    """Where a patient could go, best first. `targets`: kinds of places by comma; `home`: a division path."""
    found = places.route(
        sender=sender, direction=direction, targets=[t for t in targets.split(",") if t], emergency=emergency,
        disease=disease, home=home, scope=scope_of(request),
    )  # fmt: skip
    return [_suggestion(s) for s in found.suggestions[:50]]


def _suggestion(s: routing.Suggestion) -> dict[str, Any]:
    return {
        "code": s.place.code, "name": s.place.name, "ring": s.ring, "reasons": list(s.reasons), "doubts": list(s.doubts),
        "free": s.place.free, "peer": s.place.peer,
    }  # fmt: skip


@router.get("/capacity", response=list[CapacityOut])
@needs("referral.capacity")
def board(request: HttpRequest, institution: str = "") -> Any:
    """Beds and slots from today on."""
    rows = capacity.board(institutions=[institution] if institution else None)
    return [{**_plain(row), "stale": rules.stale(row.updated_at, clock.now())} for row in rows]


def _plain(row: Any) -> dict[str, Any]:
    return {
        name: getattr(row, name)
        for name in ("id", "institution", "department", "kind", "day", "total", "free", "updated_at")
    }


@router.post("/capacity", response=CapacityOut)
@needs("referral.capacity")
def declare(request: HttpRequest, body: CapacityIn) -> Any:
    """Say what a department has."""
    row = capacity.declare(**body.dict(), by=signed_in(request), scope=scope_of(request))
    return {**_plain(row), "stale": False}


@router.get("/flows", response=list[FlowOut])
@needs("referral.watch")
def flows(request: HttpRequest, start: date, end: date) -> Any:
    """Flows by institution of referrals submitted in a period (both days in)."""
    return constraint.flows(scope=scope_of(request), start=start, end=end).places


@router.post("/", response=ReferralOut)
@needs("referral.send")
def send(request: HttpRequest, body: WantedIn) -> Any:
    """Send a patient; `green` uses the green channel."""
    told = body.dict()
    consent, kinds, green = told.pop("consent"), told.pop("categories"), told.pop("green")
    row = actions.send(
        wanted=actions.Wanted(**told), consented_by=consent, categories=kinds, green_reason=body.reason if green else "",
        by=signed_in(request), scope=scope_of(request),
    )  # fmt: skip
    return _one(request, row)


@router.get("/{int:number}", response=ReferralOut)
@needs("referral.send")
def one(request: HttpRequest, number: int) -> Any:
    """One referral."""
    return _one(request, queries.one(number, scope=scope_of(request)))


_FIELDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "accept": (actions.accept, ()),
    "ask": (actions.ask, ("reason", "note")),
    "reject": (actions.reject, ("reason", "note")),
    "resubmit": (actions.resubmit, ("note", "tests")),
    "reserve": (capacity.reserve, ("slot",)),
    "arrive": (actions.arrive, ()),
    "miss": (actions.miss, ("note",)),
    "treat": (actions.treat, ()),
    "summarise": (actions.summarise, ("diagnosis", "treatment", "advice", "follow_up")),
    "close": (actions.close, ("note",)),
    "cancel": (actions.cancel, ("reason", "note")),
}


@router.post("/{int:number}/{name}", response=ReferralOut)
@needs("referral.send")
def move(request: HttpRequest, number: int, name: str, body: MoveIn) -> Any:
    """One move of the machine: accept, ask, reject, resubmit, reserve, arrive, miss, treat, summarise, close, cancel."""
    queries.one(number, scope=scope_of(request))
    if name not in _FIELDS:
        raise InvalidValue(f"There is no move {name!r}.", todo=f"Known are {', '.join(_FIELDS)}.")
    function, fields = _FIELDS[name]
    told = {field: getattr(body, field) for field in fields}
    row = function(number=number, by=signed_in(request), scope=scope_of(request), version=body.version, **told)
    return _one(request, row)
