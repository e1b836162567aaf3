"""The tools: what each asks for, which permission it takes, and what it answers as plain data.

Answers are what the pages say, with the same scope; what lies outside is not found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.http import Http404

from luoshi.indicators import Catalogue
from luoshi.indicators.ranking import SMALLEST, Unit, rank
from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.roles import role_book
from luoshi.platform.regions import queries as regions
from luoshi.services.mcp_server.tokens import Caller
from luoshi.supervision import sources
from luoshi.supervision.appraisal import queries as appraisals
from luoshi.supervision.appraisal.gathering import chance_of
from luoshi.supervision.duties import queries as duties
from luoshi.supervision.sources import Standing

MOST = 50
LIGHTS = ("green", "yellow", "red", "grey")
Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "maxLength": 60}
_NUMBER: Schema = {"type": "integer", "minimum": 1}
_DIVISION: Schema = {**_TEXT, "description": "Code of a division; the caller's widest if absent."}
_TARGET: Schema = {**_NUMBER, "description": "Number of a target, from list_targets."}


@dataclass(frozen=True)
class Tool:
    """One tool. `permission` is what the account must hold; `person_level`: it names residents."""

    name: str
    title: str
    description: str
    permission: str
    properties: dict[str, Schema]
    required: tuple[str, ...]
    work: Callable[..., Any]
    person_level: bool = False

    @property
    def schema(self) -> Schema:
        """What it takes, as JSON Schema."""
        return {
            "type": "object", "properties": self.properties, "required": list(self.required),
            "additionalProperties": False,
        }  # fmt: skip


def call(name: str, arguments: dict[str, Any], caller: Caller) -> Any:
    """Run a tool for a caller and note it in the audit trail. Raises `Refused` without the permission, `InvalidValue`
    for arguments it does not take, `Http404` for what is not in sight."""
    tool = TOOLS.get(name)
    if tool is None:
        raise Http404
    caller.scope.require(tool.permission)
    if tool.person_level and not caller.persons:
        raise Refused("this token was not made to name residents.", todo="Make one that is, on the page.")
    given = _checked(tool, arguments)
    with transaction.atomic():
        audit.record(
            by=caller.user, action="assistant.call", object_type="assistant-tool", object_id=name,
            detail={"token": caller.token, **{k: v for k, v in given.items() if k in _NOTED}},
        )  # fmt: skip
    return tool.work(caller, **given)


_NOTED = ("plan", "target", "division", "institution", "indicator", "run", "offset")


def _checked(tool: Tool, arguments: dict[str, Any]) -> dict[str, Any]:
    if unknown := arguments.keys() - tool.properties.keys():
        raise InvalidValue(f"unknown arguments: {', '.join(sorted(unknown))}.", where=tool.name)
    if missing := [name for name in tool.required if name not in arguments]:
        raise InvalidValue(f"missing arguments: {', '.join(missing)}.", where=tool.name)
    for name, value in arguments.items():
        kind = tool.properties[name]
        whole = isinstance(value, int) and not isinstance(value, bool)
        right = (whole and value >= kind.get("minimum", 0)) if kind["type"] == "integer" else isinstance(value, str)
        if not right or (kind["type"] == "string" and len(value) > kind.get("maxLength", 60)):
            raise InvalidValue(f"{name} is not what it should be.", where=tool.name)
        if "enum" in kind and value not in kind["enum"]:
            raise InvalidValue(f"{name} must be one of {', '.join(kind['enum'])}.", where=tool.name)
    return dict(arguments)


def _plans(caller: Caller) -> Any:
    return [asdict(plan) for plan in sources.get().plans(scope=caller.scope)]


def _targets(caller: Caller, plan: int | None = None, division: str = "", light: str = "", offset: int = 0) -> Any:
    found = sources.get().standings(scope=caller.scope, division=division)
    rows = [s for s in found if plan in (None, s.promise.plan.id) and (not light or s.light == light)]
    return {"total": len(rows), "offset": offset, "targets": [_short(s) for s in rows[offset : offset + MOST]]}


def _standing(caller: Caller, target: int, division: str = "", institution: str = "") -> Any:
    one = sources.get().standing(target, scope=caller.scope, division=division, institution=institution)
    return _short(one) | {
        "quote": one.promise.quote, "plan": one.promise.plan.title, "why": one.why, "missing_source": one.missing,
        "units": [unit.name for unit in one.promise.units], "people_short": one.people, "verdict": one.promise.verdict,
        "measured_by": one.promise.binding, "indicator": one.promise.indicator, "flags": list(one.flags),
        "forecast": one.forecast.words if one.forecast else "", "set_by_hand": bool(one.override),
        "computed_light": one.computed, "page": one.href,
    }  # fmt: skip


def _missed_counts(caller: Caller, target: int, division: str = "") -> Any:
    board = sources.get()
    one = board.standing(target, scope=caller.scope, division=division)
    below = board.below(scope=caller.scope, division=division, targets=[target]) if one.division else {}
    names = regions.division_names(below)
    return {
        "target": one.target, "metric": one.promise.metric, "place": one.place, "not_counted": _not_counted(one),
        "short_of_the_promise": one.people,
        "below": [
            {"division": code, "name": names.get(code, code), "not_counted": _not_counted(s), "short": s.people}
            for code, rows in below.items() for s in rows
        ],
    }  # fmt: skip


def _not_counted(one: Standing) -> float | None:
    """How many are in the denominator and not in the numerator; None for what does not count people or things."""
    known = Catalogue.load().indicators.get(one.promise.indicator)
    if known is None or known.kind != "ratio" or one.numerator is None or one.denominator is None:
        return None
    return one.numerator if known.better == "lower" else one.denominator - one.numerator


def _missed_people(caller: Caller, target: int, division: str = "", institution: str = "", offset: int = 0) -> Any:
    gaps, total = sources.get().missed(
        target, scope=caller.scope, division=division, institution=institution, limit=MOST, offset=offset,
        by=caller.user.get_username(),
    )  # fmt: skip
    return {
        "total": total,
        "offset": offset,
        "people": [
            {"person": g.person, "name": g.name, "reason": g.reason, "division": g.division_name,
             "institution": g.institution_name} for g in gaps
        ],
    }  # fmt: skip


def _definition(caller: Caller, indicator: str) -> Any:
    found = Catalogue.load().indicators.get(indicator)
    if found is None:
        raise Http404
    return {
        "id": found.id, "name": found.name, "name_en": found.name_en, "kind": found.kind, "unit": found.unit,
        "better": found.better, "period": found.period, "population": found.population, "numerator": found.numerator,
        "words": found.notes_zh, "source": found.source, "confidence": found.confidence,
    }  # fmt: skip


def _ranking(caller: Caller, target: int, division: str = "") -> Any:
    board = sources.get()
    if board.promise(target, scope=caller.scope) is None:
        raise Http404
    here = division or caller.scope.root_division()  # empty for those who see an institution alone: nothing below
    below = board.below(scope=caller.scope, division=here, targets=[target]) if here else {}
    rows = [(code, s) for code, found in below.items() for s in found]
    names = regions.division_names(below)
    if not rows:
        return {"ranking": [], "note": "There is nothing below, or the promise does not bind this place."}
    first = rows[0][1]
    indicator = Catalogue.load().indicators.get(first.promise.indicator)
    kind = chance_of(indicator) if indicator and first.numerator is not None else "exact"
    found = rank(
        [_unit(code, s, kind) for code, s in rows], kind=kind, better="lower" if first.better == "lower" else "higher",
        smallest=max(SMALLEST, (indicator.suppress_below or 0) if indicator else 0),
    )  # fmt: skip
    return {
        "metric": first.promise.metric,
        "promise": first.promise_text,
        "ranking": [
            {"division": r.unit.name, "name": names.get(r.unit.name, r.unit.name), "rank": r.rank, "rank_low": r.low,
             "rank_high": r.high, "value": r.unit.value, "numerator": r.unit.numerator, "denominator": r.unit.denominator,
             "not_ranked_because": r.reason} for r in found
        ],
        "note": "Ranks whose ranges overlap are not told apart by the data.",
    }  # fmt: skip


def _unit(code: str, one: Standing, kind: str) -> Unit:
    silent = "stale" if one.stale and one.value is not None else ""
    if kind == "share" and one.numerator is not None and one.denominator and one.numerator > one.denominator:
        silent = "disagreeing"
    return Unit(code, one.numerator, one.denominator, one.value, silent)


def _duties(caller: Caller, due: str = "", state: str = "", offset: int = 0) -> Any:
    found = duties.narrowed(duties.duties(scope=caller.scope), {"due": due, "state": state}, on=clock.today())
    return {
        "total": found.count(),
        "offset": offset,
        "duties": [
            {"duty": d.pk, "title": d.title, "unit": d.unit_name, "role": d.role, "state": d.state, "target": d.target or None,
             "promise": d.promise, "due": d.due.isoformat() if d.due else None,
             "received": d.received_at.isoformat() if d.received_at else None} for d in found[offset : offset + MOST]
        ],
    }  # fmt: skip


def _appraisals(caller: Caller) -> Any:
    rows = []
    for run in appraisals.runs(scope=caller.scope)[:20]:
        lines = appraisals.lines(run, scope=caller.scope)
        names = appraisals.names([line.division for line in lines])
        rows.append(
            {
                "run": run.pk, "title": run.title, "as_of": run.as_of.isoformat(), "state": run.state,
                "scores": [
                    {"division": names.get(line.division, line.division), "total": line.total, "rank": line.rank,
                     "rank_low": line.low, "rank_high": line.high, "scored_weight": round(line.coverage, 4)}
                    for line in lines
                ],
            }
        )  # fmt: skip
    return rows


def _short(one: Standing) -> dict[str, Any]:
    return {
        "target": one.target, "metric": one.promise.metric, "promise": one.promise_text, "place": one.place,
        "light": one.light, "value": one.value, "unit": one.unit, "numerator": one.numerator,
        "denominator": one.denominator, "data_until": one.data_until.isoformat() if one.data_until else None,
        "deadline": one.deadline.isoformat() if one.deadline else None,
    }  # fmt: skip


_OFFSET: Schema = {"type": "integer", "minimum": 0, "description": f"Rows to skip; at most {MOST} are given at once."}
_ALL: Sequence[Tool] = (
    Tool("list_plans", "List plans", "The confirmed work plans in sight.", "board.read", {}, (), _plans),
    Tool(
        "list_targets", "List targets",
        "Promises of the plans with value, light (green on time, yellow slow, red behind, grey cannot be judged) and how "
        "fresh the data are, measured at a division.",
        "board.read", {"plan": _NUMBER, "division": _DIVISION, "light": {**_TEXT, "enum": list(LIGHTS)}, "offset": _OFFSET},
        (), _targets,
    ),
    Tool(
        "target_standing", "Standing of a target",
        "One promise at a division or institution: value with numerator and denominator, why it has its light, forecast, "
        "responsible units, the sentence of the plan.",
        "board.read", {"target": _TARGET, "division": _DIVISION, "institution": _TEXT}, ("target",), _standing,
    ),
    Tool(
        "missed_counts", "How many are not counted",
        "How many people or places are in the denominator of a target and not in its numerator, here and one step below.",
        "board.read", {"target": _TARGET, "division": _DIVISION}, ("target",), _missed_counts,
    ),
    Tool(
        "missed_people", "Who is not counted",
        "The named residents behind a gap, each with the reason. Every look is written to the audit trail and the "
        "resident can see it.",
        "person.list", {"target": _TARGET, "division": _DIVISION, "institution": _TEXT, "offset": _OFFSET}, ("target",),
        _missed_people, person_level=True,
    ),
    Tool(
        "indicator_definition", "Definition of an indicator", "What an indicator counts, its source, how sure that is.",
        "indicator.read", {"indicator": {**_TEXT, "description": "Id, for instance htn-std."}}, ("indicator",), _definition,
    ),
    Tool(
        "ranking", "Rank divisions on a target",
        "Divisions one step below ranked on a promise, each with the range of ranks its counts allow.",
        "board.read", {"target": _TARGET, "division": _DIVISION}, ("target",), _ranking,
    ),
    Tool(
        "list_duties", "List duties", "Duties in sight: who answers for what by when, and in which state.",
        "duty.read",
        {"due": {**_TEXT, "enum": ["overdue", "soon", "receipt"]}, "state": {**_TEXT, "description": "A state, or `open`."},
         "offset": _OFFSET}, (), _duties,
    ),
    Tool(
        "list_appraisals", "List appraisals", "The latest appraisal runs in sight with scores and ranges of ranks.",
        "board.read", {}, (), _appraisals,
    ),
)  # fmt: skip
TOOLS: dict[str, Tool] = {tool.name: tool for tool in _ALL}


def permission_names() -> dict[str, str]:
    """What each tool asks for, in words."""
    book = role_book().permissions
    return {tool.name: book[tool.permission].name for tool in TOOLS.values()}
