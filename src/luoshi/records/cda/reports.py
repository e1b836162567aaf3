"""Laboratory and imaging reports: a DiagnosticReport with an Observation for each item."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from luoshi.records.cda.body import Body, Item
from luoshi.records.translating import Resource, concept, instant, moment, number, quantity

if TYPE_CHECKING:
    from luoshi.records.cda.translate import Maker

_SECTIONS = "http://terminology.hl7.org/CodeSystem/v2-0074"
_CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
_INTERPRETATIONS = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,30}")


def resources(maker: Maker, body: Body) -> list[Resource]:
    """The report of a document of a kind that is one, with its Observations."""
    section = maker.head.kind.report
    if not section:
        return []
    category = "laboratory" if section == "LAB" else "imaging"
    items = body.items if section == "LAB" else []
    observations = [_observation(maker, item, category) for item in items]
    observations += [_finding(maker, text) for text in body.findings]
    examined = body.items[0] if section == "RAD" and body.items else None
    name = examined.name if examined else body.single.get("report-type", "")
    report = {
        "resourceType": "DiagnosticReport",
        "id": maker.id("dr"),
        "identifier": [maker.identifier(maker.head.document)],
        "status": "final",
        "category": [{"coding": [{"system": _SECTIONS, "code": section}]}],
        "code": {**maker.type, "text": name or maker.head.kind.title},
        "subject": maker.subject,
        "encounter": maker.encounter,
        "effectiveDateTime": next((moment(i.time) for i in body.items if i.time), maker.at),
        "issued": instant(maker.head.written),
        "performer": [maker.institution] if maker.institution else [],
        "result": [{"reference": f"Observation/{o['id']}"} for o in observations],
        "conclusion": "\n".join(body.conclusions),
    }
    return [*observations, report]


def _observation(maker: Maker, item: Item, category: str) -> Resource:
    coded = item.code or (item.name if _CODE.fullmatch(item.name) else "")
    made: Resource = {
        "resourceType": "Observation",
        "id": maker.id("ob"),
        "status": "final",
        "category": [{"coding": [{"system": _CATEGORIES, "code": category}]}],
        "code": concept(coded, maker.rules.system(item.system), item.name if item.code else "", item.name),
        "subject": maker.subject,
        "encounter": maker.encounter,
        "effectiveDateTime": moment(item.time, where=maker.where) or maker.at,
        "performer": [maker.institution] if maker.institution else [],
        "specimen": {"display": item.specimen} if item.specimen else None,
    }
    if number(item.value) is not None:
        made["valueQuantity"] = quantity(item.value, item.unit)
    elif item.value:
        made["valueString"] = f"{item.value} {item.unit}".strip()
    else:
        made["dataAbsentReason"] = {"text": "unknown"}
    flag = maker.rules.flags.get(item.flag, "")
    if item.flag:
        made["interpretation"] = [concept(flag, _INTERPRETATIONS, "", item.flag if not flag else "")]
    return made


def _finding(maker: Maker, text: str) -> Resource:
    return {
        "resourceType": "Observation",
        "id": maker.id("ob"),
        "status": "final",
        "category": [{"coding": [{"system": _CATEGORIES, "code": "imaging"}]}],
        "code": concept("imaging-finding", "urn:luoshi:cn:code:finding", "", "检查所见"),
        "subject": maker.subject,
        "encounter": maker.encounter,
        "effectiveDateTime": maker.at,
        "performer": [maker.institution] if maker.institution else [],
        "valueString": text,
    }
