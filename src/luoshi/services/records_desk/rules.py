"""From FHIR resources to what a page says of a resident: entries of the timeline, trends, contracts. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from luoshi.services.records_desk.words import Words

Resource = Mapping[str, Any]

# Kinds of entries in the order of the filter; the page names them.
KINDS = (
    "visit", "measurement", "report", "condition", "procedure", "medicine", "allergy", "immunization", "programme",
    "contract", "other",
)  # fmt: skip

NO_EVENT = frozenset({"Patient", "Consent", "Provenance", "AuditEvent"})


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `day` may be unknown; `detail` is a short addition; `institution` a code; `type` and `id`
    name the resource; `sort` orders entries of one day."""

    kind: str
    day: date | None
    title: str
    detail: str
    institution: str
    type: str
    id: str
    source: str = ""
    until: date | None = None
    status: str = ""


@dataclass(frozen=True)
class Measure:
    """One measured value of a trend; `within` the reference range, None where none is kept."""

    day: date
    value: float
    text: str
    within: bool | None


@dataclass(frozen=True)
class Trend:
    """A quantity over time, oldest first. `range` is the usual reference range, None where none is kept."""

    code: str
    name: str
    unit: str
    range: tuple[float, float] | None
    measures: tuple[Measure, ...]

    @property
    def last(self) -> Measure:
        """The latest value."""
        return self.measures[-1]


def day_of(text: Any) -> date | None:
    """The day of a FHIR date or instant (Chinese time is what senders write); None where only a year or month is known."""
    if not isinstance(text, str) or len(text) < 10:
        return None
    return date.fromisoformat(text[:10])


def coding(concept: Any) -> str:
    """The first code of a CodeableConcept, or its text."""
    if not isinstance(concept, Mapping):
        return ""
    codings = concept.get("coding") or [{}]
    return str(codings[0].get("code") or concept.get("text") or "")


def said(concept: Any, words: Words, group: str) -> str:
    """A CodeableConcept read aloud: the word of the vocabulary, else its own text or display, else the code."""
    code = coding(concept)
    known = words.of(group, code)
    if known != code or not isinstance(concept, Mapping):
        return known
    first = (concept.get("coding") or [{}])[0]
    return str(concept.get("text") or first.get("display") or code)


def identifier_of(reference: Any) -> str:
    """The id a reference ends in: `Organization/9901` gives `9901`."""
    text = reference.get("reference", "") if isinstance(reference, Mapping) else ""
    return str(text).rsplit("/", 1)[-1]


def _encounter(r: Resource, words: Words) -> tuple[str, Any, str, str, Any]:
    mode = next(
        (e.get("valueCode", "") for e in r.get("extension", []) if e.get("url") == "urn:luoshi:cn:ext:mode"), ""
    )
    period = r.get("period", {})
    title = next((said(t, words, "services") for t in r.get("type", []) if coding(t)), "")
    title = title or words.of("services", r.get("class", {}).get("code", ""))
    return title, period.get("start"), words.of("modes", mode), identifier_of(r.get("serviceProvider")), None


def _observation(r: Resource, words: Words) -> tuple[str, Any, str, str, Any]:
    at = r.get("effectiveDateTime") or r.get("effectivePeriod", {}).get("start") or r.get("issued")
    parts = r.get("component") or []
    if parts:
        told = " / ".join(filter(None, (value_text(part, words) for part in parts)))
    else:
        told = value_text(r, words)
    return said(r.get("code"), words, "findings"), at, told, _organization(r, "performer"), None


def _condition(r: Resource, words: Words) -> tuple[str, Any, str, str, Any]:
    code = coding(r.get("code"))
    name = words.condition(code)
    name = said(r.get("code"), words, "conditions") if name == code else name
    at, ended = r.get("recordedDate") or r.get("onsetDateTime"), r.get("abatementDateTime")
    return name, at, code if code != name else "", "", ended


def _procedure(r: Resource, words: Words) -> tuple[str, Any, str, str, Any]:
    at = r.get("performedDateTime") or r.get("performedPeriod", {}).get("start")
    return said(r.get("code"), words, "procedures"), at, "", _organization(r, "performer"), None


def _immunization(r: Resource, words: Words) -> tuple[str, Any, str, str, Any]:
    dose = (r.get("protocolApplied") or [{}])[0].get("doseNumberPositiveInt")
    return (
        said(r.get("vaccineCode"), words, "vaccines"),
        r.get("occurrenceDateTime"),
        words.dose(dose) if dose else "",
        _organization(r, "performer"),
        None,
    )


def _episode(r: Resource, words: Words) -> tuple[str, Any, str, str, Any]:
    program = next((coding(t) for t in r.get("type", []) if coding(t)), "")
    period = r.get("period", {})
    title = words.of("programs", program)
    return title, period.get("start"), "", identifier_of(r.get("managingOrganization")), period.get("end")


def _care_plan(r: Resource, words: Words) -> tuple[str, Any, str, str, Any]:
    period = r.get("period", {})
    return words.contract, period.get("start"), "", identifier_of(r.get("author")), period.get("end")


def _medicine(r: Resource, words: Words) -> tuple[str, Any, str, str, Any]:
    drug = r.get("medicationReference")
    title = said(r.get("medicationCodeableConcept"), words, "medicines")
    title = title or (str(drug.get("display", "")) if isinstance(drug, Mapping) else "")
    period = r.get("effectivePeriod", {})
    at = r.get("authoredOn") or r.get("whenHandedOver") or r.get("effectiveDateTime") or period.get("start")
    doses = r.get("dosageInstruction") or r.get("dosage") or [{}]
    until = r.get("dispenseRequest", {}).get("validityPeriod", {}).get("end") or period.get("end")
    return title, at, str(doses[0].get("text", "")), _organization(r, "requester", "performer"), until


def _allergy(r: Resource, words: Words) -> tuple[str, Any, str, str, Any]:
    shown = [
        said(m, words, "findings") for reaction in r.get("reaction", []) for m in reaction.get("manifestation", [])
    ]
    at = r.get("recordedDate") or r.get("onsetDateTime")
    return (
        said(r.get("code"), words, "allergies"),
        at,
        "、".join(filter(None, shown)),
        _organization(r, "recorder"),
        None,
    )


def _report(r: Resource, words: Words) -> tuple[str, Any, str, str, Any]:
    at = r.get("effectiveDateTime") or r.get("effectivePeriod", {}).get("start") or r.get("issued") or r.get("date")
    kind = r.get("code") or r.get("type")
    told = str(r.get("conclusion") or r.get("description") or r.get("title") or "")
    return said(kind, words, "findings"), at, told, _organization(r, "performer", "custodian", "author"), None


def _organization(r: Resource, *names: str) -> str:
    """The institution an element refers to, directly or as actor; "" where it is a person or nobody."""
    for name in names:
        value = r.get(name)
        for item in value if isinstance(value, list) else [value]:
            item = item.get("actor", item) if isinstance(item, Mapping) else {}
            if "Organization/" in str(item.get("reference", "")):
                return identifier_of(item)
    return ""


_READERS: dict[str, tuple[str, Callable[[Resource, Words], tuple[str, Any, str, str, Any]]]] = {
    "Encounter": ("visit", _encounter),
    "Observation": ("measurement", _observation),
    "Condition": ("condition", _condition),
    "Procedure": ("procedure", _procedure),
    "Immunization": ("immunization", _immunization),
    "EpisodeOfCare": ("programme", _episode),
    "CarePlan": ("contract", _care_plan),
    "MedicationRequest": ("medicine", _medicine),
    "MedicationStatement": ("medicine", _medicine),
    "MedicationDispense": ("medicine", _medicine),
    "AllergyIntolerance": ("allergy", _allergy),
    "DiagnosticReport": ("report", _report),
    "DocumentReference": ("report", _report),
    "Composition": ("report", _report),
}


def value_text(r: Resource, words: Words) -> str:
    """The value of an Observation or of one component as read aloud, or ""."""
    if "valueQuantity" in r:
        quantity = r["valueQuantity"]
        return f"{quantity.get('value', '')} {quantity.get('unit') or quantity.get('code') or ''}".strip()
    if "valueCodeableConcept" in r:
        code = coding(r["valueCodeableConcept"])
        known = words.of("answers", code)
        return known if known != code else words.condition(code)
    if "valueBoolean" in r:
        return words.yes if r["valueBoolean"] else words.no
    for key in ("valueString", "valueInteger", "valueDateTime"):
        if key in r:
            return str(r[key])
    return ""


def entry(resource: Resource, words: Words, *, source: str = "") -> Entry | None:
    """The timeline entry of a resource; None for the Patient itself and for what is about the record, not about health.
    A type without a reader keeps its own name."""
    kind = resource["resourceType"]
    if kind in NO_EVENT:
        return None
    if kind not in _READERS:
        at = (
            resource.get("authoredOn")
            or resource.get("date")
            or resource.get("created")
            or resource.get("occurredDateTime")
        )
        return Entry(
            "other", day_of(at), kind, "", "", kind, resource["id"], source, None, str(resource.get("status", ""))
        )
    name, read = _READERS[kind]
    title, at, detail, institution, until = read(resource, words)
    status = resource.get("status", "")
    return Entry(
        kind=name,
        day=day_of(at),
        title=title or kind,
        detail=detail,
        institution=institution,
        type=kind,
        id=resource["id"],
        source=source,
        until=day_of(until),
        status=status if isinstance(status, str) else "",
    )


def trends(resources: Iterable[Resource], words: Words) -> list[Trend]:
    """Quantities measured at least twice, in the order of the vocabulary; of several values on one day all are kept."""
    found: dict[str, list[tuple[date, float, str]]] = defaultdict(list)
    for resource in resources:
        if resource["resourceType"] != "Observation" or resource.get("status") in ("entered-in-error", "cancelled"):
            continue
        day = day_of(resource.get("effectiveDateTime") or resource.get("effectivePeriod", {}).get("start"))
        for part in resource.get("component") or [resource]:
            quantity = part.get("valueQuantity", {})
            if day and isinstance(quantity.get("value"), int | float):
                unit = str(quantity.get("unit") or quantity.get("code") or "")
                found[coding(part.get("code"))].append((day, float(quantity["value"]), unit))
    known = list(words.findings)
    order = sorted(found, key=lambda code: (known.index(code) if code in known else len(known), code))
    return [_trend(code, sorted(found[code]), words) for code in order if len(found[code]) > 1]


def _trend(code: str, values: list[tuple[date, float, str]], words: Words) -> Trend:
    span = words.range_of(code)
    unit = words.unit_of(code) or values[-1][2]
    return Trend(
        code,
        words.of("findings", code),
        unit,
        span,
        tuple(
            Measure(day, value, f"{value:g}", None if span is None else span[0] <= value <= span[1])
            for day, value, _ in values
        ),
    )


def by_month(entries: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    """Entries in months, newest first; those without a day come last under an empty heading."""
    months: dict[str, list[Entry]] = defaultdict(list)
    for found in sorted(entries, key=lambda e: (e.day or date.min, e.kind, e.title), reverse=True):
        months[f"{found.day:%Y-%m}" if found.day else ""].append(found)
    return list(months.items())


def age(birth: date | None, on: date) -> int | None:
    """Completed years on a day; None where the birth date is unknown or lies ahead."""
    if birth is None or birth > on:
        return None
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def age_in_months(birth: date, on: date) -> int:
    """Completed months on a day."""
    return (on.year - birth.year) * 12 + on.month - birth.month - (on.day < birth.day)
