"""`Measure/$evaluate-measure` and `Measure/$care-gaps` of the FHIR endpoint."""

from __future__ import annotations

from datetime import date
from typing import Any

from luoshi.indicators import Catalogue
from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.period import Period
from luoshi.platform import audit
from luoshi.platform.lake import results, withholding
from luoshi.platform.store import reads
from luoshi.services.indicator_desk import queries
from luoshi.services.indicator_desk.exchange import measures
from luoshi.web.fhir import Call, FhirError, Operation

REPORTS = ("summary", "population")


def evaluate_measure(call: Call) -> dict[str, Any]:
    """A MeasureReport of one Measure for `periodStart`–`periodEnd` (`reportType`: population; subject with `subject`).

    `reporter` names the division whose value is wanted (its code, or an identifier of system urn:luoshi:division); without
    it the caller's widest.
    """
    call.caller.require("indicator.read")
    name = call.id or str(call.one("measure")).removeprefix(measures.CANONICAL)
    indicator = queries.named(name)
    if not indicator.computed:
        raise FhirError(422, "not-supported", f"{name} is not computed from records: {indicator.missing or ''}")
    period = _period(call)
    if subject := str(call.one("subject")):
        return _of_subject(call, name, subject, period)
    kind = str(call.one("reportType", "population"))
    if kind not in REPORTS:
        raise FhirError(400, "not-supported", "reportType is population or subject (with subject).")
    division = str(call.one("reporter")).removeprefix(f"{measures.DIVISION_SYSTEM}|").removeprefix("Location/")
    exact = withholding.may_see_exact(call.caller.scope)
    sheet = queries.sheet(indicator, scope=call.caller.scope, division=division, period=period, exact=exact)
    names = sheet.names
    place = measures.DIVISION_SYSTEM
    return measures.report(indicator, sheet.period, sheet.here, place, names.get(sheet.here.code, sheet.here.code))


def _of_subject(call: Call, name: str, subject: str, period: Period) -> dict[str, Any]:
    call.caller.require("person.read")
    person, reference = _person(call, subject)
    told = {
        i: (counted, why) for i, counted, why in results.indicators_of_person(person, period, scope=call.caller.scope)
    }
    audit.look(by=call.caller.by, person=person, what=f"evaluate {name}")
    counted = told.get(name)
    groups = [
        {"code": measures.coded(measures.POPULATION, code), "count": count}
        for code, count in (
            ("initial-population", int(counted is not None)),
            ("denominator", int(counted is not None)),
            ("numerator", int(counted is not None and counted[0])),
        )
    ]
    return {
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": "individual",
        "measure": measures.CANONICAL + name,
        "subject": {"reference": reference},
        "period": {"start": period.start.isoformat(), "end": period.end.isoformat()},
        "group": [{"code": {"text": counted[1] if counted else ""}, "population": groups}],
    }


def care_gaps(call: Call) -> dict[str, Any]:
    """What a resident is still owed: Parameters with one document Bundle. `subject` is needed; `status` is open-gap
    (default) and/or closed-gap; `measureId` or `measureIdentifier` narrow it down."""
    call.caller.require("person.read")
    person, reference = _person(call, str(call.one("subject")))
    period = _period(call)
    told = results.indicators_of_person(person, period, scope=call.caller.scope)
    audit.look(by=call.caller.by, person=person, what="care gaps")
    wanted = {str(m) for key in ("measureId", "measureIdentifier", "measure") for m in call.parameters.get(key, ())}
    catalogue = Catalogue.load()
    kept = [(catalogue.indicator(i), counted, why) for i, counted, why in told if not wanted or i in wanted]
    status = [str(s) for s in call.parameters.get("status", ())] or ["open-gap"]
    bundle = measures.gaps(reference, kept, period, status)
    return {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": bundle}]}


def _person(call: Call, subject: str) -> tuple[int, str]:
    patient = subject.removeprefix("Patient/")
    if not patient:
        raise FhirError(400, "required", "Name the resident: subject=Patient/[id].")
    person = reads.person_of("Patient", patient, scope=call.caller.scope)
    if person is None:
        raise FhirError(404, "not-found", "There is no such Patient here, or it lies outside what you may see.")
    return person, f"Patient/{patient}"


def _period(call: Call) -> Period:
    start, end = str(call.one("periodStart")), str(call.one("periodEnd"))
    if not start and not end:
        return results.current_period(call.id) if call.id in Catalogue.load().indicators else _this_year()
    try:
        asked = Period(date.fromisoformat(start), date.fromisoformat(end))
    except ValueError:
        raise FhirError(400, "value", "periodStart and periodEnd are days: 2025-01-01.") from None
    for whole in (
        Period.calendar_year(asked.start.year),
        Period.maternal_child_year(asked.end.year),
        Period.quarter(asked.start.year, (asked.start.month + 2) // 3),
        Period.month(asked.start.year, asked.start.month),
    ):
        if (whole.start, whole.end) == (asked.start, asked.end):
            return whole
    return asked


def _this_year() -> Period:
    until = results.data_until()
    if until is None:
        raise InvalidValue("Nothing has been evaluated yet.", todo="Run `luoshi lake refresh`.")
    return Period.calendar_year(until.year)


_DAVINCI = "http://hl7.org/fhir/us/davinci-deqm/OperationDefinition/care-gaps"
operations = [
    Operation(
        "evaluate-measure",
        evaluate_measure,
        permission="indicator.read",
        types=("Measure",),
        at_type=True,
        at_instance=True,
        documentation="The value of one indicator at a division, or for one resident.",
        definition="http://hl7.org/fhir/OperationDefinition/Measure-evaluate-measure",
    ),
    Operation(
        "care-gaps",
        care_gaps,
        permission="person.read",
        types=("Measure",),
        at_type=True,
        documentation="What one resident is still owed this year.",
        definition=_DAVINCI,
    ),
]
