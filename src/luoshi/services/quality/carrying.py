"""Scorecards and failing rows as files: CSV for people, FHIR for systems, NDJSON to be mended and sent again.

A scorecard is a FHIR MeasureReport (one group for each check: rows asked, rows passed, share); failing rows are a Bundle
of OperationOutcomes that name the resource. See `docs/how-to/read-the-quality-scorecard.md`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import orjson

from luoshi.kernel import clock
from luoshi.services.quality.checks import library, words
from luoshi.services.quality.queries import resource_type
from luoshi.services.quality.results import Failing
from luoshi.services.quality.rules import Card, scoring
from luoshi.web.manifest import in_language

MEASURE = "urn:luoshi:cn:measure:data-quality"
CHECK_SYSTEM = "urn:luoshi:cn:code:quality-check"
POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
SEVERITY = {"error": "error", "warning": "warning", "note": "information"}
Bodies = Mapping[tuple[str, str], tuple[int, str]]


def safe(value: Any) -> str:
    """A cell of a CSV file as text; what a spreadsheet would take for a formula gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not _number(text) else text


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def sheet(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    """A CSV file with a byte-order mark, as spreadsheets of the field expect."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def card_rows(card: Card) -> list[dict[str, Any]]:
    """One row for each check of a card, the worst first."""
    known = library()
    weights = scoring().weights
    rows = []
    for name, count in card.counts.items():
        check = known.checks.get(name)
        if check is None:
            continue
        rows.append(
            {
                "check": name,
                "name": in_language(check.name, check.name_en),
                "family": in_language(known.family_of[name].name, known.family_of[name].name_en),
                "kind": in_language(known.kinds[check.kind].name, known.kinds[check.kind].name_en),
                "severity": check.severity,
                "confidence": check.confidence,
                "rows": count.rows,
                "failing": count.failing,
                "passed": round(100 * count.share, 2),
                "lost": weights[check.severity] * (1 - count.share),
            }
        )
    return sorted(rows, key=lambda row: (-row["lost"], row["check"]))


def card_csv(card: Card) -> bytes:
    """A scorecard as CSV."""
    columns = ("check", "name", "family", "kind", "severity", "rows", "failing", "passed")
    return sheet(("source", "received", *columns), (
        (card.source, card.received or "", *(row[name] for name in columns)) for row in card_rows(card)
    ))  # fmt: skip


def measure_report(card: Card, *, at: datetime | None = None) -> dict[str, Any]:
    """A scorecard as a FHIR R4 MeasureReport. The first group is the score of all checks."""
    day = (card.received or clock.today()).isoformat()
    made = (at or clock.now()).isoformat(timespec="seconds")
    groups: list[dict[str, Any]] = [_group("score", "得分", card.rows, card.failing, card.score)]
    for row in card_rows(card):
        name = library().checks[row["check"]].name
        groups.append(_group(row["check"], name, row["rows"], row["failing"], row["passed"]))
    return {
        "resourceType": "MeasureReport",
        "id": "quality-" + "".join(c if c.isalnum() and c.isascii() else "-" for c in f"{card.source}-{day}")[:50],
        "status": "complete",
        "type": "summary",
        "measure": MEASURE,
        "date": made,
        "reporter": {"display": card.source or "—"},
        "period": {"start": day, "end": day},
        "group": groups,
    }


def _group(code: str, name: str, rows: int, failing: int, value: float | None) -> dict[str, Any]:
    group: dict[str, Any] = {
        "code": {"coding": [{"system": CHECK_SYSTEM, "code": code}], "text": name},
        "population": [
            {"code": {"coding": [{"system": POPULATION, "code": part}]}, "count": count}
            for part, count in (("denominator", rows), ("numerator", rows - failing))
        ],
    }
    if value is not None:
        percent = {"unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}
        group["measureScore"] = {"value": round(value, 2), **percent}
    return group


def reason(row: Failing) -> str:
    """Why a row fails, in the language of the reader."""
    check = library().checks[row.check]
    return words(in_language(check.say, check.say_en), row.said)


def outcomes(rows: Iterable[Failing]) -> dict[str, Any]:
    """Failing rows as a FHIR Bundle of OperationOutcomes, one for each resource."""
    entries = []
    for (kind, key), group in _by_resource(rows).items():
        issues = [
            {
                "severity": SEVERITY[library().checks[row.check].severity],
                "code": "business-rule",
                "details": {"coding": [{"system": CHECK_SYSTEM, "code": row.check}], "text": reason(row)},
                "expression": [f"{kind}/{key}"],
            }
            for row in group
        ]
        entries.append({"resource": {"resourceType": "OperationOutcome", "issue": issues}})
    return {"resourceType": "Bundle", "type": "collection"} | ({"entry": entries} if entries else {})


def ndjson(rows: Iterable[Failing], bodies: Bodies) -> bytes:
    """Failing rows to be mended: one line for each resource, with the reasons and the resource as it was received."""
    lines = []
    for (kind, key), group in _by_resource(rows).items():
        version, body = bodies.get((kind, key), (None, ""))
        line = {
            "resourceType": kind,
            "id": key,
            "version": version,
            "received": group[0].received.isoformat(),
            "reasons": [
                {"check": row.check, "severity": library().checks[row.check].severity, "text": reason(row)}
                for row in group
            ],
            "resource": orjson.Fragment(body.encode()) if body else None,
        }
        lines.append(orjson.dumps(line) + b"\n")
    return b"".join(lines)


def failing_csv(rows: Iterable[Failing]) -> bytes:
    """Failing rows as CSV: which record, which check, why. No names."""
    head = ("resource_type", "id", "source", "received", "day", "institution", "check", "severity", "reason")
    return sheet(head, (
        (resource_type(row.check), row.id, row.source, row.received, _day(row.day), row.institution, row.check,
         library().checks[row.check].severity, reason(row))
        for row in rows
    ))  # fmt: skip


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _by_resource(rows: Iterable[Failing]) -> dict[tuple[str, str], list[Failing]]:
    found: dict[tuple[str, str], list[Failing]] = {}
    for row in rows:
        found.setdefault((resource_type(row.check), row.id), []).append(row)
    return found
