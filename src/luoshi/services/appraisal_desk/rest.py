"""`/api/appraisal/`: runs, their sheets, appeals and minutes as data, with the same scope as the pages."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Field, Router, Schema

from luoshi.platform.access.views import scope_of
from luoshi.platform.lake import withholding
from luoshi.supervision.appraisal import queries
from luoshi.supervision.appraisal.models import Run
from luoshi.web.api import needs

router = Router()


class RunOut(Schema):
    """A run in short. `digest` covers scheme, inputs and result."""

    id: int
    title: str
    division: str
    scheme: str
    version: int
    as_of: date
    state: str
    open_table: bool
    digest: str


class ScoreOut(Schema):
    """One item of one division; `reason` says why it is not scored."""

    item: str
    value: float | None
    numerator: float | None = Field(description="Left out where small numbers may not be told.")
    denominator: float | None
    share: float | None
    points: float | None
    possible: float
    reason: str
    data_until: str


class LineOut(Schema):
    """One division with the range of ranks its counts allow."""

    division: str
    name: str
    total: float | None
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    coverage: float
    reason: str
    scores: list[ScoreOut]


class SheetOut(RunOut):
    """A run with the lines in sight; `holds`: reckoned anew it comes to the same digits."""

    weights: dict[str, float]
    holds: bool
    lines: list[LineOut]


class DecisionOut(Schema):
    """What a meeting decided."""

    division: str
    what: str
    who: str
    due: date
    duty: int | None


class MeetingOut(Schema):
    """A meeting with the decisions in sight."""

    id: int
    title: str
    division: str
    day: date
    state: str
    decisions: list[DecisionOut]


@router.get("/runs", response=list[RunOut], summary="Appraisal runs in sight, newest first")
@needs("board.read")
def runs(request: HttpRequest) -> list[dict[str, Any]]:
    """At most 200."""
    return [_short(run) for run in queries.runs(scope=scope_of(request))[:200]]


@router.get("/runs/{number}", response=SheetOut, summary="One run with its sheet")
@needs("board.read")
def run(request: HttpRequest, number: int) -> dict[str, Any]:
    """404 for one out of sight."""
    scope = scope_of(request)
    found = queries.run(number, scope=scope)
    lines = queries.lines(found, scope=scope)
    if not lines and not queries.manages(found, scope=scope):
        raise Http404
    exact = withholding.may_see_exact(scope)
    names = queries.names([line.division for line in lines])
    return _short(found) | {
        "weights": found.result.weights,
        "holds": queries.holds(found),
        "lines": [
            {
                "division": line.division, "name": names.get(line.division, line.division), "total": line.total,
                "rank": line.rank, "rank_low": line.low, "rank_high": line.high, "coverage": line.coverage,
                "reason": line.reason,
                "scores": [
                    {
                        "item": item, "value": score.value, "share": score.share, "points": score.points,
                        "numerator": score.numerator if exact and scope.covers_division(line.division) else None,
                        "denominator": score.denominator if exact and scope.covers_division(line.division) else None,
                        "possible": score.possible, "reason": score.reason, "data_until": score.data_until,
                    }
                    for item, score in line.scores.items()
                ],
            }
            for line in lines
        ],
    }  # fmt: skip


@router.get("/meetings", response=list[MeetingOut], summary="Dispatch meetings in sight with their decisions")
@needs("board.read")
def meetings(request: HttpRequest) -> list[dict[str, Any]]:
    """At most 100, the latest first."""
    scope = scope_of(request)
    return [
        {
            "id": one.pk, "title": one.title, "division": one.division, "day": one.day, "state": one.state,
            "decisions": queries.decisions(one, scope=scope),
        }
        for one in queries.meetings(scope=scope).prefetch_related("decisions")[:100]
    ]  # fmt: skip


def _short(found: Run) -> dict[str, Any]:
    return {
        "id": found.pk, "title": found.title, "division": found.division, "scheme": found.slug, "version": found.version,
        "as_of": found.as_of, "state": found.state, "open_table": found.open_table, "digest": found.digest,
    }  # fmt: skip
