"""What a stored resource offers for recognition: which item, when, by whom, and whether data or only a conclusion. Pure.

Recognised are data and images; a doctor's conclusion is not (2022 办法). So a report counts only with what it rests on: its
results, images or study. Nothing preliminary, cancelled or entered in error counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from luoshi.services.recognition.rules import Catalogue, Listed

TYPES = ("Observation", "DiagnosticReport", "ImagingStudy")
_FINAL = {"final", "amended", "corrected", "appended", "available"}


@dataclass(frozen=True)
class Offered:
    """A result that may be recognised. `producer`: the code of the institution that made it, "" where it does not say;
    `form`: `value` or `images`."""

    item: Listed
    day: date
    producer: str
    form: str


def offered(resource: dict[str, Any], catalogue: Catalogue) -> Offered | None:
    """What the resource offers; None for anything that is not on the list, not final, or a conclusion alone."""
    if resource.get("status") not in _FINAL:
        return None
    day = _day(resource)
    item = _item(resource, catalogue)
    form = _form(resource)
    if day is None or item is None or not form:
        return None
    return Offered(item, day, producer(resource), form)


def _item(resource: dict[str, Any], catalogue: Catalogue) -> Listed | None:
    if resource["resourceType"] != "ImagingStudy":
        return catalogue.of_concept(resource.get("code"))
    for concept in resource.get("procedureCode") or ():
        if found := catalogue.of_concept(concept):
            return found
    text = resource.get("description")
    if isinstance(text, str) and (found := catalogue.find(text)) is not None:
        return found
    for series in resource.get("series") or ():
        modality = str((series.get("modality") or {}).get("code") or "")
        site = series.get("bodySite") or {}
        for part in (site.get("code"), site.get("display")):
            key = f"{modality} {str(part or '').upper().replace(' ', '')}"
            if key in catalogue.by_dicom:
                return catalogue.items[catalogue.by_dicom[key]]
    return None


def _form(resource: dict[str, Any]) -> str:
    """`images`, `value`, or "" where nothing but a conclusion is there."""
    kind = resource["resourceType"]
    if kind == "ImagingStudy":
        return "images" if resource.get("series") or resource.get("numberOfInstances") else ""
    if kind == "DiagnosticReport":
        if resource.get("imagingStudy") or resource.get("media"):
            return "images"
        return "value" if resource.get("result") else ""
    if any(name.startswith("value") for name in resource):
        return "value"
    parts = resource.get("component") or ()
    return "value" if any(n.startswith("value") for p in parts for n in p) or resource.get("hasMember") else ""


def _day(resource: dict[str, Any]) -> date | None:
    period = resource.get("effectivePeriod") or {}
    for text in (
        resource.get("effectiveDateTime"),
        period.get("end"),
        period.get("start"),
        resource.get("started"),
        resource.get("issued"),
    ):
        if isinstance(text, str) and len(text) >= 10:
            try:
                return date.fromisoformat(text[:10])
            except ValueError:
                return None
    return None


def producer(resource: dict[str, Any]) -> str:
    """The code of the institution that made it: an Organization among the performers (or the interpreter's, for a study),
    or one named by its identifier."""
    places = [*(resource.get("performer") or ()), *(resource.get("resultsInterpreter") or ())]
    for series in resource.get("series") or ():
        places += [p.get("actor") or {} for p in series.get("performer") or ()]
    for place in places:
        text = str(place.get("reference") or "")
        if text.startswith("Organization/"):
            return text.removeprefix("Organization/").partition("/")[0]
        if place.get("type") == "Organization":
            return str((place.get("identifier") or {}).get("value") or "")
    return ""


def values(resource: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(name, value with unit, reference range) of what a resource states as data; no conclusion."""
    for part in [resource, *(resource.get("component") or ())]:
        shown = value(part)
        if shown:
            yield name(part), shown, reference(part)


def value(part: dict[str, Any]) -> str:
    """The value of an Observation or component as people write it, with its flag; "" without one."""
    quantity = part.get("valueQuantity")
    flags = [c.get("code", "") for i in part.get("interpretation") or () for c in i.get("coding") or ()]
    flag = next(({"H": " ↑", "HH": " ↑↑", "L": " ↓", "LL": " ↓↓"}[f] for f in flags if f in ("H", "HH", "L", "LL")), "")
    if isinstance(quantity, dict):
        text = f"{quantity.get('comparator', '')}{quantity.get('value', '')} {quantity.get('unit') or quantity.get('code') or ''}"
        return text.strip() + flag
    concept = part.get("valueCodeableConcept")
    if isinstance(concept, dict):
        coding: dict[str, Any] = next(iter(concept.get("coding") or ()), {})
        return str(concept.get("text") or coding.get("display") or coding.get("code") or "") + flag
    for name in ("valueString", "valueInteger", "valueBoolean", "valueDateTime", "valueTime"):
        if name in part:
            return str(part[name]) + flag
    return ""


def name(part: dict[str, Any]) -> str:
    code = part.get("code") or {}
    coding: dict[str, Any] = next(iter(code.get("coding") or ()), {})
    return str(code.get("text") or coding.get("display") or coding.get("code") or "")


def reference(part: dict[str, Any]) -> str:
    for found in part.get("referenceRange") or ():
        if found.get("text"):
            return str(found["text"])
        low, high = ((found.get(side) or {}).get("value") for side in ("low", "high"))
        if low is not None or high is not None:
            return f"{'' if low is None else low}–{'' if high is None else high}"
    return ""
