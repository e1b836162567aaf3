"""`/api/chronic/`: the list of today, one member, saving a visit, measurements at home, candidates, as data."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from luoshi.kernel.errors import NotFound, UserError
from luoshi.platform import audit
from luoshi.platform.access.views import scope_of, signed_in
from luoshi.services.chronic import actions, discovery, members, queries
from luoshi.services.chronic.members import Disease, Member
from luoshi.services.chronic.panel import TooMany
from luoshi.services.chronic.queries import Chosen
from luoshi.web import errors
from luoshi.web.api import needs

router = Router()


class DiseaseOut(Schema):
    """One disease of a member."""

    programme: str
    state: str = Field(description="managed, lost or refused; lost and refused stay in the denominator")
    since: date
    institution: str
    due: date | None = Field(description="Day of the next visit; null where no plan goes on.")
    opens: date | None
    closes: date | None
    overdue: int = Field(description="Days since the window of the first missed visit closed.")
    result: str | None = Field(description="Class of the last finding, of catalog/rules/visits.")
    do: str | None = Field(description="continue, adjust or refer")
    visits: int
    visits_due: int
    checkups: int
    checkups_due: int
    why_not: str = Field(description="Why not managed to norm so far; empty when so.")


class MemberOut(Schema):
    """A person managed for at least one disease."""

    person: int
    division: str
    points: float = Field(description="Place in the list of today, the highest first.")
    level: str = Field(description="village, township or county")
    stratum: str | None = Field(description="Ten-year risk, confidence low; null where too little is known.")
    diseases: list[DiseaseOut]


class ListOut(Schema):
    """A page of the list; `total` counts all."""

    total: int
    items: list[MemberOut]


class TallyOut(Schema):
    """One disease of a place."""

    programme: str
    managed: int
    met: int | None
    lost: int
    due: int | None = Field(description="null for a place too large to plan at once")
    overdue: int | None


class VisitIn(Schema):
    """A visit. `token` names it: sent twice, it is one."""

    token: str
    programmes: list[str]
    day: date
    mode: str = Field(description="face, home or phone")
    values: dict[str, float | str | bool] = {}
    reserved: date | None = None
    advice: str = ""


class SavedOut(Schema):
    """What became of it: `changed` is false for one that was there."""

    token: str
    version: int
    changed: bool
    encounters: dict[str, str]
    member: MemberOut | None


class HomeIn(Schema):
    """Values a resident measured: systolic and diastolic, or fasting."""

    token: str = ""
    at: datetime
    values: dict[str, float]


class HomeOut(Schema):
    """Ids of the Observations."""

    observations: list[str]


class CandidateOut(Schema):
    """A resident whose records speak for a disease nobody manages."""

    person: int
    division: str
    programme: str
    kind: str
    days: int
    evidence: list[dict[str, Any]]


@router.get("/overview", response=list[TallyOut], summary="How many of each disease, how many to norm")
@needs("chronic.read")
def overview(request: HttpRequest, division: str = "") -> Any:
    """Counts of a place."""
    asked = Chosen(division=division)
    try:
        return members.tallies(queries.place_members(asked, scope=scope_of(request))[0])
    except TooMany as large:
        return queries.large_tallies(large.counts, asked, scope=scope_of(request))


@router.get("/today", response=ListOut, summary="Whom to visit, by risk and effect")
@needs("chronic.visit")
def today(
    request: HttpRequest,
    division: str = "",
    programme: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Any:
    """Members somebody should visit now. Those whose records are closed to the caller are counted and left out."""
    scope = scope_of(request)
    asked = Chosen(division=division, programme=programme, due=True)
    try:
        found = queries.chosen_of(queries.place_members(asked, scope=scope)[0], asked)
    except TooMany:
        return errors.problem(409, "This place is too large for one list.", "Name a smaller division.")
    cut = found[offset : offset + limit]
    named = queries.named(cut, scope=scope)
    told = [m for m in cut if named[m.person.number].told]
    audit.look_at_list(by=signed_in(request), persons=[m.person.number for m in told], what="chronic-list")
    return {"total": len(found), "items": [plain(m) for m in told]}


@router.get("/people/{person}", response=MemberOut, summary="One member")
@needs("chronic.read")
def one(request: HttpRequest, person: int) -> Any:
    """Where somebody stands."""
    found = queries.seen(person, scope=scope_of(request)).member
    if found is None:
        return errors.problem(404, "Nobody manages this person for a chronic disease.", "")
    audit.look(by=signed_in(request), person=person, what="chronic")
    return plain(found)


@router.post("/people/{person}/visits", response=SavedOut, summary="Save a visit")
@needs("chronic.visit")
def save(request: HttpRequest, person: int, body: VisitIn) -> Any:
    """Write a visit down; it is FHIR in the store when this returns."""
    scope = scope_of(request)
    seen = queries.seen(person, scope=scope)
    episodes = {d.programme: d.managed.episode for d in seen.member.diseases} if seen.member else {}
    if unknown := set(body.programmes) - set(episodes):
        return errors.problem(409, f"Not managed for: {', '.join(sorted(unknown))}.", "")
    try:
        row, changed = actions.save_visit(
            person=person,
            token=body.token,
            programmes=body.programmes,
            day=body.day,
            mode=body.mode,
            values=body.values,
            reserved=body.reserved,
            advice=body.advice,
            episodes=episodes,
            by=signed_in(request),
            scope=scope,
            origin="api",
        )
    except UserError as error:
        return _refused(error)
    after = queries.seen(person, scope=scope).member
    return {
        "token": row.token,
        "version": row.version,
        "changed": changed,
        "encounters": row.encounters,
        "member": plain(after) if after else None,
    }


@router.post("/people/{person}/home", response=HomeOut, summary="Keep what was measured at home")
@needs("chronic.visit")
def home(request: HttpRequest, person: int, body: HomeIn) -> Any:
    """Marked as self-measured; never a visit."""
    try:
        ids = actions.measured_at_home(
            person=person,
            at=body.at,
            values=body.values,
            token=body.token,
            by=signed_in(request),
            scope=scope_of(request),
        )
    except UserError as error:
        return _refused(error)
    return {"observations": ids}


@router.get("/candidates", response=list[CandidateOut], summary="Who may be ill and is not managed")
@needs("chronic.read")
def candidates(
    request: HttpRequest,
    division: str = "",
    programme: str = "",
    kind: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Any:
    """Candidates with their evidence, the most certain first."""
    scope = scope_of(request)
    found = discovery.candidates(scope, division=division, programme=programme, kind=kind)[:limit]
    told = queries.tellable([(c.person, c.institution) for c in found], scope=scope)
    shown = [c for c in found if c.person in told]
    audit.look_at_list(by=signed_in(request), persons=sorted({c.person for c in shown}), what="chronic-candidates")
    return [
        {
            "person": c.person,
            "division": c.division,
            "programme": c.programme,
            "kind": c.kind,
            "days": c.days,
            "evidence": [e.plain() for e in c.evidence],
        }
        for c in shown
    ]


def plain(member: Member) -> dict[str, Any]:
    """A member as the API tells it."""
    return {
        "person": member.person.number,
        "division": member.person.division,
        "points": member.points,
        "level": member.level.id,
        "stratum": member.stratum.id if member.stratum else None,
        "diseases": [_disease(d) for d in member.diseases],
    }


def _disease(one: Disease) -> dict[str, Any]:
    due, judged, measure = one.standing.next, one.standing.judged, one.measure
    return {
        "programme": one.programme,
        "state": one.managed.state,
        "since": one.managed.since,
        "institution": one.managed.institution,
        "due": due.day if due else None,
        "opens": due.opens if due else None,
        "closes": due.closes if due else None,
        "overdue": one.standing.days_over,
        "result": judged.result if judged else None,
        "do": judged.do if judged else None,
        "visits": measure.visits,
        "visits_due": measure.visits_due,
        "checkups": measure.checkups,
        "checkups_due": measure.checkups_due,
        "why_not": members.why_not(one),
    }


def _refused(error: UserError) -> Any:
    return errors.problem(404 if isinstance(error, NotFound) else 409, error.message, error.todo)
