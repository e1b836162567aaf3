"""`/api/identity/`: cases, answers, joining and parting, as data."""

from datetime import datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema

from luoshi.kernel.errors import NotFound, UserError
from luoshi.platform import audit
from luoshi.platform.access.views import scope_of, signed_in
from luoshi.platform.identity import actions
from luoshi.platform.identity import queries as identity
from luoshi.web import errors
from luoshi.web.api import needs

router = Router()


class CaseOut(Schema):
    """Two persons who may be one."""

    id: int
    left: int
    right: int
    state: str = Field(description="open, same, different or unsure")
    band: str = Field(description="same, review or different")
    probability: float
    weight: float = Field(description="Evidence in bits; positive speaks for one person.")
    risk: float
    origin: str
    note: str
    evidence: list[dict[str, Any]]
    revision: int = Field(description="Send it back with an answer: a later one is refused.")
    opened: datetime


class AnswerIn(Schema):
    """What somebody says of a case."""

    answer: str = Field(description="same, different or unsure")
    reason: str = ""
    revision: int | None = None


class MergeIn(Schema):
    """`other` is `keep`."""

    keep: int
    other: int
    reason: str


class UnmergeIn(Schema):
    """`other` is a person of their own again."""

    other: int
    reason: str


class LinkOut(Schema):
    """One joining, ended or not."""

    id: int
    child: int
    parent: int
    root: int
    basis: str
    reason: str
    by: str
    ended: bool


@router.get("/cases", response=list[CaseOut], summary="Cases, the riskiest first")
@needs("identity.review")
def cases(
    request: HttpRequest,
    state: str = "open",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Any:
    """Cases whose two persons both lie in the scope."""
    found = list(identity.cases(scope=scope_of(request), state=state)[offset : offset + limit])
    persons = sorted({p for case in found for p in (case.left, case.right)})
    audit.look_at_list(by=signed_in(request), persons=persons, what="identity")
    return [identity.as_plain(case) for case in found]


@router.get("/cases/{case_id}", response=CaseOut, summary="One case")
@needs("identity.review")
def case(request: HttpRequest, case_id: int) -> Any:
    """One case with its evidence."""
    found = identity.case(case_id, scope=scope_of(request))
    audit.look_at_list(by=signed_in(request), persons=[found.left, found.right], what="identity")
    return identity.as_plain(found)


@router.post("/cases/{case_id}/answer", response=CaseOut, summary="Answer a case")
@needs("identity.review")
def answer(request: HttpRequest, case_id: int, body: AnswerIn) -> Any:
    """Say same (joins the two), different or unsure."""
    found = identity.case(case_id, scope=scope_of(request))
    try:
        done = actions.answer(
            found.pk, answer=body.answer, by=signed_in(request), reason=body.reason, revision=body.revision
        )
    except UserError as error:
        return _refused(error)
    return identity.as_plain(done)


@router.post("/cases/{case_id}/undo", response=CaseOut, summary="Take an answer back")
@needs("identity.review")
def undo(request: HttpRequest, case_id: int) -> Any:
    """The case is open again; a merge it made comes apart."""
    found = identity.case(case_id, scope=scope_of(request))
    try:
        return identity.as_plain(actions.take_back(found.pk, by=signed_in(request)))
    except UserError as error:
        return _refused(error)


@router.get("/persons/{person}/links", response=list[LinkOut], summary="Whom a person was joined with")
@needs("identity.review")
def links(request: HttpRequest, person: int) -> Any:
    """Every link, newest first."""
    found = identity.links_of(person, scope=scope_of(request))
    audit.look(by=signed_in(request), person=person, what="identity")
    return [_link(link) for link in found]


@router.post("/merge", response=LinkOut, summary="Join two persons")
@needs("identity.review")
def merge(request: HttpRequest, body: MergeIn) -> Any:
    """`other` counts for `keep` from now on."""
    _both(request, body.keep, body.other)
    try:
        return _link(actions.merge(keep=body.keep, other=body.other, by=signed_in(request), reason=body.reason))
    except UserError as error:
        return _refused(error)


@router.post("/unmerge", response=LinkOut, summary="Part two persons")
@needs("identity.review")
def unmerge(request: HttpRequest, body: UnmergeIn) -> Any:
    """Everything goes back to whom it belonged."""
    _both(request, body.other)
    try:
        return _link(actions.unmerge(other=body.other, by=signed_in(request), reason=body.reason))
    except UserError as error:
        return _refused(error)


def _both(request: HttpRequest, *persons: int) -> None:
    if identity.visible(persons, scope=scope_of(request)) != set(persons):
        raise Http404


def _link(link: Any) -> dict[str, Any]:
    return {
        "id": link.pk, "child": link.child, "parent": link.parent, "root": link.root, "basis": link.basis,
        "reason": link.reason, "by": link.by, "ended": link.ended_at is not None,
    }  # fmt: skip


def _refused(error: UserError) -> Any:
    return errors.problem(404 if isinstance(error, NotFound) else 409, error.message, error.todo)
