"""OBR, OBX and NTE: a report with its results."""

from __future__ import annotations

import re

from luoshi.kernel.errors import InvalidValue
from luoshi.records.hl7v2.mapping import Mapping
from luoshi.records.hl7v2.message import Message, Segment
from luoshi.records.translating import (
    Resource,
    concept,
    instant,
    moment,
    number,
    organization,
    quantity,
    stable_id,
)

_SECTIONS = "http://terminology.hl7.org/CodeSystem/v2-0074"
_FLAGS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_RANGE = re.compile(r"\s*(-?[0-9.]+)\s*(?:-|~|--|—|－|～)\s*(-?[0-9.]+)\s*")
_BOUND = re.compile(r"\s*([<≤>≥]=?)\s*(-?[0-9.]+)\s*")
_COMPARATORS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "≤": "<=", "≥": ">="}


def resources(
    message: Message, rules: Mapping, subject: Resource, encounter: Resource | None, institution: str, notes: list[str]
) -> list[Resource]:
    """Reports with their results, in order. What could not be carried over is told in `notes`."""
    made: list[Resource] = []
    report: Resource | None = None
    last: Resource | None = None
    for segment in message.segments:
        if segment.name == "OBR":
            report = last = _report(segment, message, rules, subject, encounter, institution)
            made.append(report)
        elif segment.name == "OBX":
            if report is None:
                raise InvalidValue("a result (OBX) stands before any order (OBR).")
            last = _result(segment, report, rules, notes)
            if last is not None:
                report["result"].append({"reference": f"Observation/{last['id']}"})
                made.append(last)
        elif segment.name == "NTE" and last is not None:
            _note(segment, last)
    if report is None:
        raise InvalidValue("the message holds no report (OBR).")
    return made


def _report(
    obr: Segment, message: Message, rules: Mapping, subject: Resource, encounter: Resource | None, institution: str
) -> Resource:
    order = obr.value(3) or obr.value(2)
    code, text, system = obr.coded(4)
    if not order:
        raise InvalidValue("a report has no number (OBR-3 or OBR-2).")
    what = concept(code, rules.system(system), text)
    if what is None:
        raise InvalidValue("a report does not say what was examined (OBR-4).")
    section = obr.value(24).upper()
    performer = organization(institution or message.header.value(4))
    return {
        "resourceType": "DiagnosticReport",
        "id": stable_id("hl7-r-", order, code or text),
        "identifier": [{"system": "urn:luoshi:cn:id:local:order", "value": order}],
        "status": rules.report_status.get(obr.value(25).upper(), "final"),
        "category": [{"coding": [{"system": _SECTIONS, "code": section}]}] if section in rules.sections else [],
        "code": what,
        "subject": subject,
        "encounter": {"reference": f"Encounter/{encounter['id']}"} if encounter else None,
        "effectiveDateTime": moment(obr.value(7), where="OBR-7") or moment(message.header.value(7), where="MSH-7"),
        "issued": instant(obr.value(22), where="OBR-22"),
        "performer": [performer] if performer else [],
        "result": [],
    }


def _result(obx: Segment, report: Resource, rules: Mapping, notes: list[str]) -> Resource | None:
    code, text, system = obx.coded(3)
    what = concept(code, rules.system(system), text)
    if what is None:
        raise InvalidValue("a result does not say what was measured (OBX-3).")
    made: Resource = {
        "resourceType": "Observation",
        "id": stable_id("hl7-o-", report["id"], code or text, obx.value(4)),
        "status": rules.observation_status.get(obx.value(11).upper(), "final"),
        "category": report["category"],
        "code": what,
        "subject": report["subject"],
        "encounter": report["encounter"],
        "effectiveDateTime": moment(obx.value(14), where="OBX-14") or report["effectiveDateTime"],
        "performer": report["performer"],
    }
    kind = obx.value(2).upper()
    if not _value(obx, kind, made, rules):
        notes.append(f"A result of the type {kind[:5] or '(none)'} (OBX-2) is in the original only.")
        return None
    flags = [obx.value(8, repetition=n).upper() for n in range(1, obx.repetitions(8) + 1)]
    made["interpretation"] = [
        {"coding": [{"system": _FLAGS, "code": flag}]} if flag in rules.flags else {"text": flag}
        for flag in flags
        if flag
    ]
    made["referenceRange"] = _range(obx.value(7), obx.value(6, 2) or obx.value(6))
    return made


def _value(obx: Segment, kind: str, made: Resource, rules: Mapping) -> bool:
    """Put the value of a known type; whether it is one."""
    texts = [obx.value(5, repetition=n) for n in range(1, max(1, obx.repetitions(5)) + 1)]
    unit = obx.value(6, 2) or obx.value(6)
    whole = "\n".join(text for text in texts if text)
    if kind in ("ED", "RP"):
        return False
    if kind == "SN":
        sign, first, between, second = (obx.value(5, n) for n in (1, 2, 3, 4))
        if sign in _COMPARATORS and number(first) is not None and not second:
            made["valueQuantity"] = {**(quantity(first, unit) or {}), "comparator": _COMPARATORS[sign]}
        elif not sign and number(first) is not None and not second:
            made["valueQuantity"] = quantity(first, unit)
        elif whole or first:
            made["valueString"] = " ".join(x for x in (f"{sign}{first}{between}{second}", unit) if x)
    elif kind in ("CE", "CWE", "CF", "CNE"):
        code, text, system = obx.coded(5)
        made["valueCodeableConcept"] = concept(code, rules.system(system), text)
    elif kind in ("DT", "TS", "DTM"):
        made["valueDateTime"] = moment(whole, where="OBX-5")
    elif kind == "NM" and number(whole) is not None:
        made["valueQuantity"] = quantity(whole, unit)
    elif kind in ("NM", "ST", "TX", "FT", "TM", "IS", "ID", ""):
        bound = _BOUND.fullmatch(whole)
        if bound and bound[1] in _COMPARATORS and number(bound[2]) is not None:
            made["valueQuantity"] = {**(quantity(bound[2], unit) or {}), "comparator": _COMPARATORS[bound[1]]}
        elif whole:
            made["valueString"] = " ".join(x for x in (whole, unit) if x)
    else:
        return False
    if not any(name.startswith("value") and made[name] for name in made):
        made["dataAbsentReason"] = {"text": "unknown"}
    return True


def _range(text: str, unit: str) -> list[Resource]:
    if not text:
        return []
    made: Resource = {"text": text}
    both, one = _RANGE.fullmatch(text), _BOUND.fullmatch(text)
    if both and number(both[1]) is not None and number(both[2]) is not None:
        made |= {"low": quantity(both[1], unit), "high": quantity(both[2], unit)}
    elif one and number(one[2]) is not None:
        made["high" if one[1][0] in "<≤" else "low"] = quantity(one[2], unit)
    return [made]


def _note(nte: Segment, resource: Resource) -> None:
    text = "\n".join(nte.value(3, repetition=n) for n in range(1, nte.repetitions(3) + 1))
    if not text:
        return
    if resource["resourceType"] == "DiagnosticReport":
        resource["conclusion"] = "\n".join(x for x in (resource.get("conclusion", ""), text) if x)
    else:
        resource.setdefault("note", []).append({"text": text})
