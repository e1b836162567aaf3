"""What the compiler knows of FHIR R4: which elements repeat and what type they are.

With this a view over a known resource becomes one typed reading of its JSON. A type that is not listed is read without
types (slower, same answer), so the list holds what the platform's own tables read and the data types they are made of.
Source: the element tables of HL7 FHIR R4 (4.0.1), http://hl7.org/fhir/R4/. A listed type is listed completely: an
element that is not there is a mistake in the view.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from luoshi.kernel.errors import nearest
from luoshi.records.fhirpath import FhirPathError

# FHIR primitive -> DuckDB type. Everything else primitive is text.
PRIMITIVES: dict[str, str] = {
    "boolean": "BOOLEAN", "integer": "INTEGER", "positiveInt": "INTEGER", "unsignedInt": "INTEGER",
    "integer64": "BIGINT", "decimal": "DOUBLE",
    **dict.fromkeys(
        ("string", "code", "id", "uri", "url", "canonical", "oid", "uuid", "markdown", "base64Binary", "date",
         "dateTime", "instant", "time", "xhtml"), "VARCHAR"),
}  # fmt: skip

# `name Type`, `name* Type` where it repeats, `name[x] A|B` where the type is part of the name; `?` is any type.
_TABLE = """
Extension: url uri, value[x] ?
Coding: system uri, version string, code code, display string, userSelected boolean
CodeableConcept: coding* Coding, text string
Identifier: use code, type CodeableConcept, system uri, value string, period Period, assigner Reference
Period: start dateTime, end dateTime
Quantity: value decimal, comparator code, unit string, system uri, code code
Range: low Quantity, high Quantity
Ratio: numerator Quantity, denominator Quantity
Reference: reference string, type uri, identifier Identifier, display string
HumanName: use code, text string, family string, given* string, prefix* string, suffix* string, period Period
Address: use code, type code, text string, line* string, city string, district string, state string, postalCode string, country string, period Period
ContactPoint: system code, value string, use code, rank positiveInt, period Period
Annotation: author[x] Reference|string, time dateTime, text markdown
Attachment: contentType code, language code, data base64Binary, url url, size unsignedInt, hash base64Binary, title string, creation dateTime
Meta: versionId id, lastUpdated instant, source uri, profile* canonical, security* Coding, tag* Coding
Narrative: status code, div xhtml
Patient: identifier* Identifier, active boolean, name* HumanName, telecom* ContactPoint, gender code, birthDate date, deceased[x] boolean|dateTime, address* Address, maritalStatus CodeableConcept, multipleBirth[x] boolean|integer, photo* Attachment, contact* Patient.contact, communication* Patient.communication, generalPractitioner* Reference, managingOrganization Reference, link* Patient.link
Patient.contact: relationship* CodeableConcept, name HumanName, telecom* ContactPoint, address Address, gender code, organization Reference, period Period
Patient.communication: language CodeableConcept, preferred boolean
Patient.link: other Reference, type code
Encounter: identifier* Identifier, status code, statusHistory* Encounter.statusHistory, class Coding, classHistory* Encounter.classHistory, type* CodeableConcept, serviceType CodeableConcept, priority CodeableConcept, subject Reference, episodeOfCare* Reference, basedOn* Reference, participant* Encounter.participant, appointment* Reference, period Period, length Quantity, reasonCode* CodeableConcept, reasonReference* Reference, diagnosis* Encounter.diagnosis, account* Reference, hospitalization Encounter.hospitalization, location* Encounter.location, serviceProvider Reference, partOf Reference
Encounter.statusHistory: status code, period Period
Encounter.classHistory: class Coding, period Period
Encounter.participant: type* CodeableConcept, period Period, individual Reference
Encounter.diagnosis: condition Reference, use CodeableConcept, rank positiveInt
Encounter.hospitalization: preAdmissionIdentifier Identifier, origin Reference, admitSource CodeableConcept, reAdmission CodeableConcept, dietPreference* CodeableConcept, specialCourtesy* CodeableConcept, specialArrangement* CodeableConcept, destination Reference, dischargeDisposition CodeableConcept
Encounter.location: location Reference, status code, physicalType CodeableConcept, period Period
EpisodeOfCare: identifier* Identifier, status code, statusHistory* EpisodeOfCare.statusHistory, type* CodeableConcept, diagnosis* EpisodeOfCare.diagnosis, patient Reference, managingOrganization Reference, period Period, referralRequest* Reference, careManager Reference, team* Reference, account* Reference
EpisodeOfCare.statusHistory: status code, period Period
EpisodeOfCare.diagnosis: condition Reference, role CodeableConcept, rank positiveInt
Observation: identifier* Identifier, basedOn* Reference, partOf* Reference, status code, category* CodeableConcept, code CodeableConcept, subject Reference, focus* Reference, encounter Reference, effective[x] dateTime|Period|Timing|instant, issued instant, performer* Reference, value[x] Quantity|CodeableConcept|string|boolean|integer|Range|Ratio|SampledData|time|dateTime|Period, dataAbsentReason CodeableConcept, interpretation* CodeableConcept, note* Annotation, bodySite CodeableConcept, method CodeableConcept, specimen Reference, device Reference, referenceRange* Observation.referenceRange, hasMember* Reference, derivedFrom* Reference, component* Observation.component
Observation.referenceRange: low Quantity, high Quantity, type CodeableConcept, appliesTo* CodeableConcept, age Range, text string
Observation.component: code CodeableConcept, value[x] Quantity|CodeableConcept|string|boolean|integer|Range|Ratio|SampledData|time|dateTime|Period, dataAbsentReason CodeableConcept, interpretation* CodeableConcept, referenceRange* Observation.referenceRange
Condition: identifier* Identifier, clinicalStatus CodeableConcept, verificationStatus CodeableConcept, category* CodeableConcept, severity CodeableConcept, code CodeableConcept, bodySite* CodeableConcept, subject Reference, encounter Reference, onset[x] dateTime|Age|Period|Range|string, abatement[x] dateTime|Age|Period|Range|string, recordedDate dateTime, recorder Reference, asserter Reference, stage* Condition.stage, evidence* Condition.evidence, note* Annotation
Condition.stage: summary CodeableConcept, assessment* Reference, type CodeableConcept
Condition.evidence: code* CodeableConcept, detail* Reference
Procedure: identifier* Identifier, instantiatesCanonical* canonical, instantiatesUri* uri, basedOn* Reference, partOf* Reference, status code, statusReason CodeableConcept, category CodeableConcept, code CodeableConcept, subject Reference, encounter Reference, performed[x] dateTime|Period|string|Age|Range, recorder Reference, asserter Reference, performer* Procedure.performer, location Reference, reasonCode* CodeableConcept, reasonReference* Reference, bodySite* CodeableConcept, outcome CodeableConcept, report* Reference, complication* CodeableConcept, complicationDetail* Reference, followUp* CodeableConcept, note* Annotation, focalDevice* Procedure.focalDevice, usedReference* Reference, usedCode* CodeableConcept
Procedure.performer: function CodeableConcept, actor Reference, onBehalfOf Reference
Procedure.focalDevice: action CodeableConcept, manipulated Reference
Immunization: identifier* Identifier, status code, statusReason CodeableConcept, vaccineCode CodeableConcept, patient Reference, encounter Reference, occurrence[x] dateTime|string, recorded dateTime, primarySource boolean, reportOrigin CodeableConcept, location Reference, manufacturer Reference, lotNumber string, expirationDate date, site CodeableConcept, route CodeableConcept, doseQuantity Quantity, performer* Immunization.performer, note* Annotation, reasonCode* CodeableConcept, reasonReference* Reference, isSubpotent boolean, subpotentReason* CodeableConcept, education* Immunization.education, programEligibility* CodeableConcept, fundingSource CodeableConcept, reaction* Immunization.reaction, protocolApplied* Immunization.protocolApplied
Immunization.performer: function CodeableConcept, actor Reference
Immunization.education: documentType string, reference uri, publicationDate dateTime, presentationDate dateTime
Immunization.reaction: date dateTime, detail Reference, reported boolean
Immunization.protocolApplied: series string, authority Reference, targetDisease* CodeableConcept, doseNumber[x] positiveInt|string, seriesDoses[x] positiveInt|string
CarePlan: identifier* Identifier, instantiatesCanonical* canonical, instantiatesUri* uri, basedOn* Reference, replaces* Reference, partOf* Reference, status code, intent code, category* CodeableConcept, title string, description string, subject Reference, encounter Reference, period Period, created dateTime, author Reference, contributor* Reference, careTeam* Reference, addresses* Reference, supportingInfo* Reference, goal* Reference, activity* CarePlan.activity, note* Annotation
Task: identifier* Identifier, instantiatesCanonical canonical, instantiatesUri uri, basedOn* Reference, groupIdentifier Identifier, partOf* Reference, status code, statusReason CodeableConcept, businessStatus CodeableConcept, intent code, priority code, code CodeableConcept, description string, focus Reference, for Reference, encounter Reference, executionPeriod Period, authoredOn dateTime, lastModified dateTime, requester Reference, performerType* CodeableConcept, owner Reference, location Reference, reasonCode CodeableConcept, reasonReference Reference, insurance* Reference, note* Annotation, relevantHistory* Reference, restriction Task.restriction, input* Task.input, output* Task.output
Task.restriction: repetitions positiveInt, period Period, recipient* Reference
Task.input: type CodeableConcept, value[x] ?
Task.output: type CodeableConcept, value[x] ?
"""  # noqa: E501 (one type per line)

_SAME_AS: dict[str, str] = {"Age": "Quantity", "Duration": "Quantity", "Count": "Quantity", "Distance": "Quantity"}
_EVERY_RESOURCE = (
    "resourceType code, id id, meta Meta, implicitRules uri, language code, text Narrative, contained* ?, "
    "extension* Extension, modifierExtension* Extension"
)
_EVERY_BACKBONE = "id string, extension* Extension, modifierExtension* Extension"
_EVERY_TYPE = "id string, extension* Extension"
_RESOURCES = {
    "Patient", "Encounter", "EpisodeOfCare", "Observation", "Condition", "Procedure", "Immunization", "CarePlan",
    "Task",
}  # fmt: skip


@dataclass(frozen=True)
class Element:
    """One element: its FHIR type (None: not known) and whether it repeats (None: not known).

    `choices` are the types of a choice element (`value[x]`), `("?",)` where any type is allowed.
    """

    type: str | None
    many: bool | None
    choices: tuple[str, ...] = ()


UNKNOWN = Element(None, None)
_EVERYWHERE = {
    "id": Element("id", False),
    "resourceType": Element("code", False),
    "extension": Element("Extension", True),
    "modifierExtension": Element("Extension", True),
}


@cache
def _types() -> dict[str, dict[str, Element]]:
    types: dict[str, dict[str, Element]] = {}
    for line in _TABLE.strip().splitlines():
        name, _, listed = line.partition(": ")
        every = _EVERY_RESOURCE if name in _RESOURCES else _EVERY_BACKBONE if "." in name else _EVERY_TYPE
        members: dict[str, Element] = {}
        for entry in f"{every}, {listed}".split(", "):
            element, _, kind = entry.partition(" ")
            if element.endswith("[x]"):
                element, choices = element.removesuffix("[x]"), tuple(kind.split("|"))
                members[element] = Element(None, False, choices)
                members.update({element + c[0].upper() + c[1:]: Element(c, False) for c in choices if c != "?"})
            else:
                members[element.removesuffix("*")] = Element(None if kind == "?" else kind, element.endswith("*"))
        types[name] = members
    return types


def _members(type_name: str | None) -> dict[str, Element] | None:
    name = type_name or ""
    return _types().get(_SAME_AS.get(name, name))


def is_primitive(type_name: str | None) -> bool:
    """Whether a value of that FHIR type is a single JSON value."""
    return type_name in PRIMITIVES


def known(type_name: str | None) -> bool:
    """Whether the members of that FHIR type are listed here."""
    return _members(type_name) is not None


def element(type_name: str | None, name: str) -> Element:
    """The element `name` of a FHIR type; `UNKNOWN` where the type is not listed.

    Raises `FhirPathError` naming the nearest element when the type is listed and has no such element.
    """
    members = _members(type_name)
    if members is None:
        return _EVERYWHERE.get(name, UNKNOWN)
    if name in members:
        return members[name]
    for base, found in members.items():
        if found.choices == ("?",) and name.startswith(base) and name[len(base) : len(base) + 1].isupper():
            suffix = name[len(base) :]
            primitive = suffix[0].lower() + suffix[1:]
            return Element(primitive if primitive in PRIMITIVES else suffix, False)
    raise FhirPathError(f"{type_name} has no element {name!r}.", todo=nearest(name, members))
