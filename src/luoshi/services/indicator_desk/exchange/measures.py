"""FHIR R4: a definition as Measure, a sheet as MeasureReports, a resident's missing services as DetectedIssues.

A Measure names its populations by the codes of measure-population; how they are reckoned is the catalogue's and stands in
words in `rationale` and as the expression in the criteria (`text/x-luoshi-sql`, no CQL is claimed).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from luoshi.indicators import Indicator
from luoshi.kernel.period import Period
from luoshi.platform.lake.withholding import Cell
from luoshi.services.indicator_desk.queries import Sheet

CANONICAL = "urn:luoshi:measure:"
DIVISION_SYSTEM = "urn:luoshi:division"
INSTITUTION_SYSTEM = "urn:luoshi:institution"
POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
SCORING = "http://terminology.hl7.org/CodeSystem/measure-scoring"
IMPROVEMENT = "http://terminology.hl7.org/CodeSystem/measure-improvement-notation"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
EXPRESSION = "text/x-luoshi-sql"
# Our units in UCUM, for the score.
UCUM = {
    "percent": "%",
    "permille": "[ppth]",
    "per-1000": "/1000",
    "per-10000": "/10000",
    "per-100000": "/100000",
    "minutes": "min",
    "days": "d",
    "years": "a",
}


def measure(indicator: Indicator) -> dict[str, Any]:
    """The definition of an indicator as a Measure resource."""
    scored = {"ratio": "proportion", "rate": "ratio", "per-population": "ratio"}.get(indicator.kind)
    better = {"higher": "increase", "lower": "decrease"}.get(indicator.better)
    return {
        "resourceType": "Measure",
        "id": indicator.id,
        "url": CANONICAL + indicator.id,
        "name": indicator.id.replace("-", "_"),
        "title": indicator.name,
        "subtitle": indicator.name_en,
        "status": "active",
        "experimental": indicator.confidence == "low",
        "publisher": "Luoshi",
        "description": indicator.notes or indicator.name_en,
        "relatedArtifact": [{"type": "justification", "display": indicator.source}],
        "scoring": coded(SCORING, scored) if scored else coded(SCORING, "continuous-variable"),
        **({"improvementNotation": coded(IMPROVEMENT, better)} if better else {}),
        "group": [{"code": {"text": indicator.unit}, "population": _criteria(indicator)}],
    }


def _criteria(indicator: Indicator) -> list[dict[str, Any]]:
    if indicator.kind == "ratio":
        parts = [
            ("initial-population", indicator.population),
            ("denominator", indicator.population),
            ("numerator", indicator.numerator),
        ]
    else:
        parts = [("measure-population", indicator.population), ("measure-observation", indicator.numerator or "1")]
    return [
        {"code": coded(POPULATION, code), "criteria": {"language": EXPRESSION, "expression": expression or "true"}}
        for code, expression in parts
    ]


def reports(sheet: Sheet) -> dict[str, Any]:
    """A Bundle of one MeasureReport for each place of a sheet, the place itself first."""
    system = INSTITUTION_SYSTEM if sheet.by == "institution" else DIVISION_SYSTEM
    places = [(sheet.here, DIVISION_SYSTEM), *((cell, system) for cell in sheet.cells)]
    entries = [
        {"resource": report(sheet.indicator, sheet.period, cell, place_system, sheet.names.get(cell.code, cell.code))}
        for cell, place_system in places
    ]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": _now(), "entry": entries}


def report(
    indicator: Indicator, period: Period, cell: Cell, system: str, name: str, *, kind: str = "summary"
) -> dict[str, Any]:
    """A value as a MeasureReport; why there is none stands in the score."""
    counts = [
        {"code": coded(POPULATION, code), **({"count": round(count)} if count is not None else {})}
        for code, count in (
            ("initial-population", cell.denominator),
            ("denominator", cell.denominator),
            ("numerator", cell.numerator),
        )
        if indicator.kind == "ratio"
    ]
    return {
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": kind,
        "measure": CANONICAL + indicator.id,
        "date": _now(),
        "reporter": {"identifier": {"system": system, "value": cell.code}, "display": name},
        "period": {"start": period.start.isoformat(), "end": period.end.isoformat()},
        "group": [
            {
                "code": {"text": indicator.name},
                **({"population": counts} if counts else {}),
                "measureScore": score(indicator, cell),
            }
        ],
    }


def score(indicator: Indicator, cell: Cell) -> dict[str, Any]:
    """The value as a Quantity, or the reason why there is none as a data-absent-reason."""
    if cell.value is None:
        known = {"withheld": "masked", "empty-denominator": "not-applicable", "no-data": "unknown"}
        code = known.get(cell.reason, "unsupported" if cell.reason == "missing-source" else "not-performed")
        return {"extension": [{"url": ABSENT, "valueCode": code}], "unit": indicator.unit_text or indicator.unit}
    unit = {"system": "http://unitsofmeasure.org", "code": UCUM[indicator.unit]} if indicator.unit in UCUM else {}
    return {"value": round(cell.value, 6), "unit": indicator.unit_text or indicator.unit, **unit}


def gaps(
    patient: str, told: Sequence[tuple[Indicator, bool, str]], period: Period, status: Iterable[str]
) -> dict[str, Any]:
    """The gaps-in-care document of one resident: a Composition, and a DetectedIssue for each indicator that asks for them.

    `told`: indicator, whether it counts them, and why not. `status`: `open-gap` and/or `closed-gap`.
    """
    wanted = set(status)
    issues = []
    for indicator, counted, reason in told:
        state = "closed-gap" if counted else "open-gap"
        if state not in wanted:
            continue
        issues.append(
            {
                "resourceType": "DetectedIssue",
                "id": f"{indicator.id}-{state}",
                "status": "final",
                "code": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "CAREGAP"}]},
                "patient": {"reference": patient},
                "identifiedDateTime": _now(),
                "detail": f"{indicator.name}：{reason}" if reason else indicator.name,
                "reference": CANONICAL + indicator.id,
                "modifierExtension": [
                    {
                        "url": "http://hl7.org/fhir/us/davinci-deqm/StructureDefinition/extension-gapStatus",
                        "valueCodeableConcept": coded(
                            "http://hl7.org/fhir/us/davinci-deqm/CodeSystem/gaps-status", state
                        ),
                    }
                ],
            }
        )
    composition = {
        "resourceType": "Composition",
        "id": "gaps",
        "status": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": "96315-7", "display": "Gaps in care report"}]},
        "subject": {"reference": patient},
        "date": _now(),
        "author": [{"display": "Luoshi"}],
        "title": "服务缺口 / Gaps in care",
        "event": [{"period": {"start": period.start.isoformat(), "end": period.end.isoformat()}}],
        "section": [{"title": i["detail"], "entry": [{"reference": f"DetectedIssue/{i['id']}"}]} for i in issues],
    }
    if not issues:
        del composition["section"]
    entries = [{"fullUrl": f"urn:luoshi:{r['resourceType']}:{r['id']}", "resource": r} for r in (composition, *issues)]
    return {
        "resourceType": "Bundle",
        "type": "document",
        "identifier": {"system": "urn:luoshi:gaps", "value": f"{patient}-{period.label}"},
        "timestamp": _now(),
        "entry": entries,
    }


def coded(system: str, code: str) -> dict[str, Any]:
    """A CodeableConcept of one code."""
    return {"coding": [{"system": system, "code": code}]}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
