"""`/api/indicators/`: definitions and values as data, in every format of the page."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from luoshi.indicators import Indicator
from luoshi.kernel.period import Period
from luoshi.platform.access.views import scope_of
from luoshi.platform.lake import withholding
from luoshi.services.indicator_desk import queries
from luoshi.services.indicator_desk.exchange import answers, files, measures
from luoshi.web.api import needs

router = Router()


class IndicatorOut(Schema):
    """A definition in short."""

    id: str
    name: str
    name_en: str
    kind: str
    cohort: str | None
    unit: str
    better: str
    period: str | None
    source: str
    confidence: str
    seeds: list[str]


class ValueOut(Schema):
    """One value; keys as in the CSV."""

    indicator: str
    period: str
    start: date
    end: date
    place_kind: str = Field(description="division or institution")
    place: str
    place_name: str
    numerator: float | None
    denominator: float | None
    value: float | None
    low: float | None = Field(description="Lower end of the 95 % interval, where there is one.")
    high: float | None
    unit: str
    reason: str = Field(description="Why there is no value; withheld: a small number.")
    flags: str
    data_until: date | None


@router.get("", response=list[IndicatorOut], summary="The catalogue")
@needs("indicator.read")
def catalogue(
    request: HttpRequest, q: str = "", kind: str = "", cohort: str = "", seed: str = ""
) -> list[dict[str, Any]]:
    """Indicators that pass the filters, as `luoshi indicator list --format json` gives them."""
    return [_short(i) for i in queries.listing({"q": q, "kind": kind, "cohort": cohort, "seed": seed})]


@router.get("/{slug:name}", response=IndicatorOut, summary="One definition")
@needs("indicator.read")
def one(request: HttpRequest, name: str) -> dict[str, Any]:
    """One indicator. 404 for one nobody defined."""
    return _short(queries.indicator_or_404(name))


@router.get("/{slug:name}/measure", response=dict[str, Any], summary="One definition as FHIR Measure")
@needs("indicator.read")
def measure(request: HttpRequest, name: str) -> dict[str, Any]:
    """The definition as a FHIR R4 Measure."""
    return measures.measure(queries.indicator_or_404(name))


@router.get("/{slug:name}/values", response=list[ValueOut], summary="Values of one indicator at and below a place")
@needs("indicator.read")
def values(
    request: HttpRequest,
    name: str,
    division: str = "",
    period: str = "",
    by: str = "child",
    format: str = "json",  # noqa: A002
) -> list[dict[str, Any]] | HttpResponse:
    """The place itself first. Small numbers are withheld from callers who may not see the people behind them.

    `division`: a code, the caller's widest when absent. `period`: 2025, MCH2025, 2025Q3, 2025-06 or two days with ..
    between; the running one when absent. `by`: child or institution. `format`: json, csv, parquet, fhir, dhis2 or adx.
    """
    scope = scope_of(request)
    sheet = queries.sheet(
        queries.indicator_or_404(name),
        scope=scope,
        division=division,
        period=Period.parse(period) if period else None,
        by="institution" if by == "institution" else "child",
        exact=withholding.may_see_exact(scope),
    )
    if format != "json":
        return answers.answer(request, sheet, format)
    return files.rows(sheet)


def _short(indicator: Indicator) -> dict[str, Any]:
    names = ("id", "name", "name_en", "kind", "cohort", "unit", "better", "period", "source", "confidence")
    return {name: getattr(indicator, name) for name in names} | {
        "seeds": list(dict.fromkeys(use.seed for use in indicator.seeds))
    }
