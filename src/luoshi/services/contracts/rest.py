"""`/api/contracts/`: the worklist, the list, one resident, the rates, and signing, renewing, ending.

Annotations are not postponed here: the guard wraps the operations, and names of schemas would be looked for beside it.
"""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access.views import scope_of
from luoshi.services.contracts import actions, lists, queries, rates, worklist
from luoshi.services.contracts.actions import Party, Terms
from luoshi.services.contracts.rules import Window
from luoshi.web import errors
from luoshi.web.api import needs

router = Router()


class WindowOut(Schema):
    """One time an item is due; `state`: done, missed, due or ahead."""

    contract: str = Field(description="ours:<number>, or other:<id> of another source's contract")
    item: str
    first: date
    last: date
    done: date | None
    state: str


class ContractOut(Schema):
    """One contract; `source` is who keeps it, `number` is empty for those of other sources."""

    key: str
    number: str
    person: int
    institution: str = Field(description="Empty where it lies outside the caller's scope.")
    package: str
    team: str
    start: date
    last: date | None
    state: str
    running: bool
    source: str


class ResidentOut(Schema):
    """A resident's contracts, groups and windows."""

    person: int
    groups: list[str]
    contracts: list[ContractOut]
    windows: list[WindowOut]


class CandidateOut(Schema):
    """Somebody to sign; `moves`: indicators whose promise is not kept yet and that signing moves."""

    person: int
    birth_date: date | None
    division: str
    groups: list[str]
    moves: list[str]


class WorklistOut(Schema):
    """A page of candidates out of `total`."""

    total: int
    residents: int
    signed: int
    data_until: date | None
    rows: list[CandidateOut]


class LineOut(Schema):
    """A contract with what is due and what was missed."""

    contract: ContractOut
    due: list[WindowOut]
    missed: list[WindowOut]
    done_this_year: int
    asked_this_year: int


class LinesOut(Schema):
    """A page of contracts out of `total`."""

    total: int
    counts: dict[str, int]
    rows: list[LineOut]


class RateOut(Schema):
    """One of the rates of a place."""

    indicator: str
    place: str
    name: str
    numerator: float | None
    denominator: float | None
    value: float | None
    reason: str
    data_until: date | None


class PartyIn(Schema):
    """One who signs; `relation` to the head of the household, empty for the first."""

    person: int
    relation: str = ""


class SignIn(Schema):
    """What is agreed."""

    parties: list[PartyIn] = Field(min_length=1, max_length=12)
    institution: str
    package: str = "base"
    months: int = 12
    start: date
    team: int | None = None
    way: str = "desk"


class RenewIn(Schema):
    """The next term."""

    months: int = 12


class EndIn(Schema):
    """Why and when a contract ends; `on` is the last day it holds."""

    reason: str
    on: date
    note: str = ""


def _contract(bond: queries.Bond) -> dict[str, Any]:
    row = bond.contract if bond.visible else None
    return {
        "key": bond.key, "number": row.number if row else "", "person": bond.person, "institution": bond.institution,
        "package": row.package_text if row else "", "team": row.team.name if row and row.team else "",
        "start": bond.start, "last": bond.last, "state": bond.state, "running": bond.running, "source": bond.source,
    }  # fmt: skip


def _window(window: Window, today: date) -> dict[str, Any]:
    return {
        "contract": window.contract, "item": window.item, "first": window.first, "last": window.last, "done": window.done,
        "state": window.state(today),
    }  # fmt: skip


def _refused(request: HttpRequest, error: UserError) -> HttpResponse:
    return errors.problem(409, error.message, error.todo)


@router.get("/worklist", response=WorklistOut, summary="Whom to sign")
@needs("contract.read")
def to_sign(request: HttpRequest, institution: str, group: str = "", limit: int = 50, offset: int = 0) -> Any:
    """Residents an institution serves without a contract, those first whom a promise needs most."""
    found = worklist.worklist(
        institution, scope=scope_of(request), group=group, limit=max(1, min(limit, 500)), offset=max(0, offset)
    )
    persons = [c.resident.person for c in found.rows]
    audit.look_at_list(by=request.user, persons=persons, what="list contracts to sign")  # type: ignore[arg-type]
    return {
        "total": found.total, "residents": found.residents, "signed": found.signed, "data_until": found.until,
        "rows": [
            {"person": c.resident.person, "birth_date": c.resident.birth_date, "division": c.resident.division,
             "groups": list(c.groups), "moves": list(c.moves)}
            for c in found.rows
        ],
    }  # fmt: skip


@router.get("/list", response=LinesOut, summary="Contracts of an institution")
@needs("contract.read")
def held(
    request: HttpRequest, institution: str, state: str = "due", team: int | None = None, limit: int = 50, offset: int = 0
) -> Any:  # fmt: skip
    """Contracts in a state: running, due, missed, expiring or expired."""
    found = lists.lines(
        institution,
        scope=scope_of(request),
        state=state,
        team=team,
        limit=max(1, min(limit, 500)),
        offset=max(0, offset),
    )
    persons = [line.bond.person for line in found.rows]
    audit.look_at_list(by=request.user, persons=persons, what="list contracts")  # type: ignore[arg-type]
    today = clock.today()
    return {
        "total": found.total, "counts": found.counts,
        "rows": [
            {"contract": _contract(line.bond), "due": [_window(w, today) for w in line.due],
             "missed": [_window(w, today) for w in line.missed], "done_this_year": line.counted.done,
             "asked_this_year": line.counted.asked}
            for line in found.rows
        ],
    }  # fmt: skip


@router.get("/residents/{person}", response=ResidentOut, summary="One resident")
@needs("contract.read")
def resident(request: HttpRequest, person: int) -> Any:
    """All contracts of a resident with what was due; one held outside the scope comes without its place."""
    found = queries.resident(person, scope=scope_of(request))
    audit.look(by=request.user, person=person, what="contracts")  # type: ignore[arg-type]
    today = clock.today()
    return {
        "person": person, "groups": found.groups, "contracts": [_contract(b) for b in found.bonds],
        "windows": [_window(w, today) for w in found.windows],
    }  # fmt: skip


@router.get("/rates", response=list[RateOut], summary="The three rates")
@needs("contract.rates")
def three(request: HttpRequest, division: str = "", institution: str = "") -> Any:
    """The rates of a place (signed, renewed, delivered, priority groups, elderly), and of each division below."""
    scope = scope_of(request)
    if institution:
        places = [rates.at_institution(institution, scope=scope)]
    else:
        code = division or scope.root_division()
        places = [rates.at(code, scope=scope), *rates.below(code, scope=scope)]
    return [
        {"indicator": v.indicator, "place": p.code, "name": p.name, "numerator": v.numerator, "denominator": v.denominator,
         "value": v.value, "reason": v.reason, "data_until": v.data_until}
        for p in places for v in p.values
    ]  # fmt: skip


@router.post("/sign", response=list[ContractOut], summary="Sign")
@needs("contract.sign")
def sign(request: HttpRequest, body: SignIn) -> Any:
    """Sign with a resident or a household: all or nobody (409 with the reason)."""
    terms = Terms(body.institution, body.package, body.months, body.start, body.team, body.way)
    parties = [Party(p.person, p.relation) for p in body.parties]
    try:
        made = actions.sign(parties=parties, terms=terms, by=request.user, scope=scope_of(request))  # type: ignore[arg-type]
    except UserError as error:
        return _refused(request, error)
    return [_contract(queries.bond(c, c.start)) for c in made]


@router.post("/{int:number}/renew", response=ContractOut, summary="Renew")
@needs("contract.sign")
def renew(request: HttpRequest, number: int, body: RenewIn) -> Any:
    """Renew a contract made here."""
    try:
        made = actions.renew(number=number, months=body.months, by=request.user, scope=scope_of(request))  # type: ignore[arg-type]
    except UserError as error:
        return _refused(request, error)
    return _contract(queries.bond(made, made.start))


@router.post("/{int:number}/end", response=ContractOut, summary="End")
@needs("contract.sign")
def end(request: HttpRequest, number: int, body: EndIn) -> Any:
    """End a contract before its time."""
    try:
        row = actions.end(
            number=number, reason=body.reason, on=body.on, note=body.note, by=request.user, scope=scope_of(request)  # type: ignore[arg-type]
        )  # fmt: skip
    except UserError as error:
        return _refused(request, error)
    return _contract(queries.bond(row, clock.today()))
