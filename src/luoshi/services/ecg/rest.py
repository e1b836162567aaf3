"""`/api/ecg/`: tracings in, requests, reports and times, as data.

Annotations are not postponed here: the guard wraps the operations, and names of schemas would be looked for beside it.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Field, File, Form, Router, Schema
from ninja.files import UploadedFile

from luoshi.kernel.errors import InvalidValue, UnreadableFile, UserError
from luoshi.platform import audit
from luoshi.platform.access.views import scope_of, signed_in
from luoshi.services.ecg import actions, drawing, queries
from luoshi.services.ecg.models import Request, Tracing
from luoshi.services.recognition import public as recognition
from luoshi.web import errors
from luoshi.web.api import needs

router = Router()


class TracingOut(Schema):
    """A stored tracing without its samples."""

    uuid: UUID
    person: int
    institution: str
    taken: datetime | None
    received: datetime
    format: str = Field(description="wfdb, dicom or aecg")
    leads: list[str]
    frequency: float
    seconds: float
    measures: dict[str, Any] = Field(description="rate per minute, intervals in ms; null: not to be told")


class RequestOut(Schema):
    """One request."""

    uuid: UUID
    tracing: UUID
    person: int
    institution: str
    center: str
    urgency: str
    question: str
    asked: datetime
    state: str
    reported: datetime | None
    findings: str
    conclusion: str
    critical: list[str]
    report: str = Field(description="id of the DiagnosticReport")
    acknowledged: datetime | None


class AskIn(Schema):
    """What goes with a tracing."""

    person: int
    institution: str
    urgency: str = "routine"
    question: str


class MoveIn(Schema):
    """A step of who asked: receive, withdraw, or acknowledge with the measures taken."""

    move: str
    measures: str = Field("", max_length=500)


class ReportIn(Schema):
    """A report."""

    findings: str = Field(max_length=2000)
    conclusion: str = Field(max_length=1000)
    critical: list[str] = Field(default_factory=list, max_length=20)


class TimesOut(Schema):
    """Counts of one asking institution; the first line, without one, is all in all."""

    institution: str
    asked: int
    reported: int
    in_time: int
    median_minutes: float | None
    critical: int
    critical_late: int


@router.post("/requests", response=RequestOut, summary="Send a tracing (multipart) and ask for its reading")
@needs("ecg.request")
def ask(request: HttpRequest, body: Form[AskIn], file: File[list[UploadedFile]]) -> Any:
    """The files of one tracing; the same again is refused as asked already."""
    scope = scope_of(request)
    if body.institution not in {place.code for place in recognition.workplaces(scope)}:
        raise Http404
    try:
        actions.check_question(body.urgency, body.question)
        files = {f.name or "": f.read() for f in file}
        tracing = actions.receive(
            files=files, person=body.person, institution=body.institution, by=signed_in(request), scope=scope
        )
        made = actions.ask(
            tracing=tracing, urgency=body.urgency, question=body.question, institution=body.institution,
            by=signed_in(request), scope=scope,
        )  # fmt: skip
    except UserError as error:
        return _refused(error)
    return _request(made)


@router.get("/requests", response=list[RequestOut], summary="Requests of the caller's places, newest first")
@needs("ecg.request")
def requests(request: HttpRequest, state: str = "") -> Any:
    """At most 200."""
    rows = queries.asked(scope=scope_of(request))
    return _listed(request, list((rows.filter(state=state) if state else rows)[:200]))


@router.get("/worklist", response=list[RequestOut], summary="What waits to be read, the first due first")
@needs("ecg.report")
def worklist(request: HttpRequest) -> Any:
    """At most 200."""
    rows = queries.to_read(scope=scope_of(request)).filter(state__in=queries.OPEN)
    return _listed(request, queries.in_order(rows[:200]))


@router.get("/tracings/{uuid}", response=TracingOut, summary="A tracing and what was measured")
@needs("ecg.follow")
def tracing(request: HttpRequest, uuid: UUID) -> Any:
    """Without the samples."""
    found = queries.tracing(uuid, scope=scope_of(request))
    audit.look(by=signed_in(request), person=found.person, what="ecg")
    return _tracing(found)


@router.get("/tracings/{uuid}/svg", summary="Ten seconds of a tracing on calibrated paper, SVG")
@needs("ecg.follow")
def svg(request: HttpRequest, uuid: UUID, at: float = 0) -> Any:
    """25 mm/s, 10 mm/mV; the drawing names nobody."""
    found = queries.tracing(uuid, scope=scope_of(request))
    if not 0 <= at < found.seconds:
        raise Http404
    audit.look(by=signed_in(request), person=found.person, what="ecg")
    return HttpResponse(drawing.svg(queries.waveform(found), start=at), content_type="image/svg+xml")


@router.post("/requests/{uuid}/move", response=RequestOut, summary="A step of who asked")
@needs("ecg.request")
def move(request: HttpRequest, uuid: UUID, body: MoveIn) -> Any:
    """Receive the report, withdraw, or acknowledge a critical value."""
    found = queries.mine(uuid, scope=scope_of(request))
    return _do(request, found, body.move, {"measures": body.measures})


@router.post("/worklist/{uuid}/claim", response=RequestOut, summary="Take a request up")
@needs("ecg.report")
def claim(request: HttpRequest, uuid: UUID) -> Any:
    """Nobody reads what they asked for themselves."""
    return _do(request, queries.reading(uuid, scope=scope_of(request)), "claim", {})


@router.post("/worklist/{uuid}/report", response=RequestOut, summary="Report what was taken up")
@needs("ecg.report")
def report(request: HttpRequest, uuid: UUID, body: ReportIn) -> Any:
    """With critical values it waits for an answer."""
    found = queries.reading(uuid, scope=scope_of(request))
    try:
        actions.report(
            found=found, findings=body.findings, conclusion=body.conclusion, critical=body.critical,
            by=signed_in(request), permissions=scope_of(request).permissions,
        )  # fmt: skip
    except UserError as error:
        return _refused(error)
    return _request(found)


@router.get("/times", response=list[TimesOut], summary="How fast ECGs are read")
@needs("ecg.follow")
def times(request: HttpRequest, start: date, end: date) -> Any:
    """Both days counted."""
    whole, found = queries.times(start, end, scope=scope_of(request))
    return [
        {"institution": t.institution, "asked": t.asked, "reported": t.reported, "in_time": t.in_time,
         "median_minutes": t.median, "critical": t.critical, "critical_late": t.critical_late}
        for t in [whole, *found]
    ]  # fmt: skip


def _do(request: HttpRequest, found: Request, name: str, given: dict[str, str]) -> Any:
    try:
        actions.move(
            found=found, name=name, by=signed_in(request), permissions=scope_of(request).permissions, given=given
        )
    except UserError as error:
        return _refused(error)
    return _request(found)


def _listed(request: HttpRequest, found: list[Request]) -> list[dict[str, Any]]:
    audit.look_at_list(by=signed_in(request), persons=sorted({r.person for r in found}), what="ecg list")
    return [_request(r) for r in found]


def _request(r: Request) -> dict[str, Any]:
    return {
        "uuid": r.uuid, "tracing": r.tracing.uuid, "person": r.person, "institution": r.institution, "center": r.center,
        "urgency": r.urgency, "question": r.question, "asked": r.asked, "state": r.state, "reported": r.reported,
        "findings": r.findings, "conclusion": r.conclusion, "critical": r.critical, "report": r.report,
        "acknowledged": r.acknowledged,
    }  # fmt: skip


def _tracing(t: Tracing) -> dict[str, Any]:
    return {
        "uuid": t.uuid, "person": t.person, "institution": t.institution, "taken": t.taken, "received": t.received,
        "format": t.format, "leads": t.leads, "frequency": t.frequency, "seconds": t.seconds, "measures": t.measures,
    }  # fmt: skip


def _refused(error: UserError) -> Any:
    status = 422 if isinstance(error, InvalidValue | UnreadableFile) else 409
    return errors.problem(status, error.message, error.todo)
