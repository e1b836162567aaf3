"""`/api/bulletins/`: papers, their figures and files as data, with the same scope, rules and audit as the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema, Status

from luoshi.kernel import clock
from luoshi.kernel.errors import NotFound, UserError
from luoshi.platform.access.views import scope_of, signed_in
from luoshi.services.bulletin_desk.pages import files as file_pages
from luoshi.supervision.bulletins import actions, making, proving, queries, rules
from luoshi.supervision.bulletins.models import Issue
from luoshi.supervision.papers.model import Entry
from luoshi.web import errors
from luoshi.web.api import needs

router = Router()
Operation = Callable[..., Any]


class PaperOut(Schema):
    """A paper in short."""

    id: int
    kind: str
    division: str
    start: date
    end: date
    on: date = Field(description="The day its figures stand for.")
    known_at: datetime = Field(description="The instant up to which records counted.")
    title: str
    state: str
    number: str
    issued_on: date | None
    figures: int
    template: str
    automatic: bool
    corrects: int | None


class FigureOut(Schema):
    """One line of the index of evidence."""

    number: int
    what: str
    text: str
    target: int | None
    indicator: str
    division: str
    value: float | None
    unit: str
    numerator: float | None
    denominator: float | None
    as_of: date | None
    until: date | None
    start: date | None
    end: date | None
    source: str
    link: str


class ProofOut(Schema):
    """Whether a paper made again is the same, and its figures by how their counts came out from the lake as known
    then."""

    identical: bool
    files: dict[str, bool]
    same: int
    other: int
    unproven: int
    moved: int = Field(description="Figures that what arrived later would change.")


class WantedIn(Schema):
    """What to draft. `period`: 2025-10, 2025-Q3 or 2025; empty is the last full one."""

    kind: str
    division: str
    period: str = ""
    subject: str = ""


class MoveIn(Schema):
    """A move of a paper: review, sign, issue, return, drop; `reason` where it needs one."""

    move: str
    reason: str = ""


def _told(operation: Operation) -> Operation:
    """What the user can mend is answered as a problem: 409 for a rule that forbids, 400 for a wrong value."""

    @wraps(operation)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return operation(request, *args, **kwargs)
        except NotFound as error:
            return errors.problem(404, error.message, error.todo)
        except UserError as error:
            return errors.problem(400 if type(error).__name__ == "InvalidValue" else 409, error.message, error.todo)

    return wrapped


@router.get("", response=list[PaperOut], summary="Papers in sight, the newest first")
@needs("bulletin.read")
def papers(request: HttpRequest, kind: str = "", state: str = "", limit: int = 100, offset: int = 0) -> list[Issue]:
    """At most 500 at once."""
    found = queries.issues(scope=scope_of(request))
    found = found.filter(kind=kind) if kind else found
    found = found.filter(state=state) if state else found
    return list(found[max(0, offset) : max(0, offset) + max(1, min(500, limit))])


@router.post("", response={201: PaperOut}, summary="Draft a paper")
@needs("bulletin.make")
@_told
def make(request: HttpRequest, wanted: WantedIn) -> Any:
    """Make a draft from the standings as they are known now."""
    start, end = rules.parse_period(rules.kind(wanted.kind).period, wanted.period, clock.today())
    made = actions.make(
        kind=wanted.kind, division=wanted.division, start=start, end=end, subject=wanted.subject[:60],
        by=signed_in(request), scope=scope_of(request),
    )  # fmt: skip
    return Status(201, made)


@router.get("/{int:number}", response=PaperOut, summary="One paper")
@needs("bulletin.read")
def one(request: HttpRequest, number: int) -> Issue:
    """404 for one out of sight."""
    return queries.issue(number, scope=scope_of(request))


@router.post("/{int:number}/move", response=PaperOut, summary="Review, sign, issue, send back or drop")
@needs("bulletin.read")
@_told
def move(request: HttpRequest, number: int, given: MoveIn) -> Any:
    """The machine and the permissions decide."""
    return actions.move(
        number=number, name=given.move, reason=given.reason[:500], by=signed_in(request), scope=scope_of(request)
    )


@router.get("/{int:number}/figures", response=list[FigureOut], summary="The index of evidence")
@needs("bulletin.read")
def figures(request: HttpRequest, number: int) -> list[dict[str, Any]]:
    """Every figure of the paper with where it comes from."""
    found = queries.issue(number, scope=scope_of(request))
    return [{"number": n, **_plain(entry)} for n, entry in enumerate(making.paper_of(found).index, 1)]


@router.get("/{int:number}/file.{form}", response=None, summary="The paper as docx, pdf or xlsx")
@needs("bulletin.read")
def file(request: HttpRequest, number: int, form: str) -> HttpResponse:
    """As it went out; a draft as it stands."""
    return file_pages.file(request, number, form)


@router.post("/{int:number}/again", response=ProofOut, summary="Make it again and prove its figures")
@needs("bulletin.read")
@_told
def again(request: HttpRequest, number: int) -> Any:
    """From what is kept, and from the lake as it was known then."""
    found = queries.issue(number, scope=scope_of(request))
    made, proofs = proving.again(found), proving.prove(found)
    identical = bool(made) and all(a.identical for a in made)
    actions.note_reissue(found, by=signed_in(request), identical=identical)
    counts = {name: sum(p.then == name for p in proofs) for name in (proving.SAME, proving.OTHER, proving.UNPROVEN)}
    return {
        "identical": identical, "files": {a.format: a.identical for a in made}, **counts,
        "moved": sum(p.moved for p in proofs),
    }  # fmt: skip


def _plain(entry: Entry) -> dict[str, Any]:
    return entry.model_dump()
