"""A clinical document as a transaction Bundle: the original (Binary) with its DocumentReference, a Composition with its
words, and what can be counted: Patient, Encounter, Condition, AllergyIntolerance, MedicationRequest, Procedure,
DiagnosticReport, Observation."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter

from luoshi.kernel.errors import InvalidValue, UnreadableFile
from luoshi.records.cda import reports
from luoshi.records.cda.body import Body, Diagnosis, gather
from luoshi.records.cda.mapping import Kind, Mapping, mapping
from luoshi.records.cda.parsing import Element, attribute, every, one, parse, text_of
from luoshi.records.cda.reading import Header, Statement, entries, header, inside, statements
from luoshi.records.translating import (
    ACT,
    SERVICE,
    Resource,
    Translated,
    concept,
    day,
    moment,
    narrative,
    number,
    organization,
    quantity,
    sex,
    stable_id,
    transaction,
    without_empty,
)

_TYPES = "urn:oid:2.16.156.10011.2.4"
_LOCAL = "urn:luoshi:cn:id:local"
_LISTED = ("Condition", "AllergyIntolerance", "MedicationRequest", "Procedure", "DiagnosticReport", "Observation")


def translate(data: bytes, *, where: str = "", institution: str = "") -> Translated:
    """The document as FHIR. `where` names it in errors; `institution` (a code of the register) stands for the one the
    document names, which may be written otherwise there.

    Raises `UnreadableFile` for what is no safe CDA or of a kind that is not known, `InvalidValue` where it lacks what
    nothing can be kept without: its own id, its time, and who it is about.
    """
    root = parse(data, where=where)
    rules = mapping()
    name, kind = _kind(root, rules, where)
    head = header(root, rules, name, kind)
    _must(head, where)
    body = gather(statements(root, rules))
    made = Maker(head, rules, institution, where)
    resources = [
        made.patient(),
        *made.visit(body),
        *made.conditions(body),
        *made.allergies(body),
        *made.medicines(root, body),
        *made.procedures(root),
        *reports.resources(made, body),
    ]
    resources.append(made.composition(body, resources))
    resources += made.original(data)
    notes = [f"{code} ({count}) is in the original only." for code, count in sorted(body.unknown.items())]
    return Translated(
        transaction(without_empty(r) for r in resources),
        kinds=Counter({"cda": 1, f"cda:{name}": 1}),
        document=made.key,
        version=head.version,
        notes=notes,
    )


def _kind(root: Element, rules: Mapping, where: str) -> tuple[str, Kind]:
    """The kind by template, else by type code."""
    templates = {attribute(e, "root") for e in every(root, "templateId")}
    code = attribute(one(root, "code"), "code")
    for name, kind in rules.kinds.items():
        if kind.template in templates:
            return name, kind
    for name, kind in rules.kinds.items():
        if kind.code == code:
            return name, kind
    known = ", ".join(f"{k.code} {k.title}" for k in rules.kinds.values())
    raise UnreadableFile(
        f"documents of the type {code[:20] or '(none)'} are not read.", where=where, todo=f"Read are {known}."
    )


def _must(head: Header, where: str) -> None:
    if not any(head.document):
        raise InvalidValue("the document has no id.", where=where)
    if not head.written:
        raise InvalidValue("the document does not say when it was written (effectiveTime).", where=where)
    if not (head.persons or head.locals):
        raise InvalidValue("the document does not say by any number who it is about (recordTarget).", where=where)


class Maker:
    """Makes the resources of one document. `key` begins the ids of all that belongs to it alone."""

    def __init__(self, head: Header, rules: Mapping, institution: str, where: str) -> None:
        self.head, self.rules, self.where = head, rules, where
        self.institution = organization(institution or head.institution)
        self.key = stable_id("cda-", head.set or "|".join(head.document))
        self.written = moment(head.written, where=f"{where} effectiveTime".strip())
        self.at = moment(head.start, where=f"{where} visit".strip()) or self.written
        # Numbers of the region first: they are the same in every document of the person.
        number_ = head.persons[0] if head.persons else next(iter(sorted(head.locals.items())))
        self.patient_id = stable_id("cda-p-", *number_)
        self.subject = {"reference": f"Patient/{self.patient_id}"}
        self._counts: Counter[str] = Counter()

    def id(self, kind: str) -> str:
        """The next id of a resource of this kind in this document."""
        self._counts[kind] += 1
        return f"{self.key}.{kind}{self._counts[kind]}"

    @property
    def encounter(self) -> Resource | None:
        """The visit: as a resource where this document makes it, else by its number."""
        if self.head.kind.class_:
            return {"reference": f"Encounter/{self.visit_id}"}
        number_ = {"system": f"{_LOCAL}:{self.head.kind.visit}", "value": self.head.visit}
        return {"identifier": number_} if self.head.visit else None

    @property
    def visit_id(self) -> str:
        """The id of the visit: its number and day, since some number people and not visits; else the document's."""
        if not self.head.visit:
            return f"{self.key}.visit"
        return stable_id("cda-v-", self.head.kind.visit, self.head.visit, self.at[:10])

    def patient(self) -> Resource:
        """Who the document is about. The institution that is responsible for them is not this one's to say."""
        head = self.head
        local = {} if head.persons else dict(sorted(head.locals.items()))
        return {
            "resourceType": "Patient",
            "id": self.patient_id,
            "identifier": [{"system": system, "value": value} for system, value in head.persons]
            # A number of the sender's says who somebody is only where nothing better does.
            + [{"system": f"{_LOCAL}:{name}", "value": value} for name, value in local.items()],
            "name": [{"use": "official", "text": head.name}],
            "gender": sex(head.sex),
            "birthDate": day(head.born, where=f"{self.where} birthTime".strip()),
            "telecom": [{"system": "phone", "value": head.phone}] if head.phone else [],
            "address": [{"text": head.address}] if head.address else [],
        }

    def visit(self, body: Body) -> list[Resource]:
        """The Encounter, of kinds of documents that tell one."""
        kind = self.head.kind
        if not kind.class_:
            return []
        start = moment(self.head.start or body.single.get("admitted", ""), where=self.where) or self.written
        end = moment(self.head.end or body.single.get("discharged", ""), where=self.where)
        return [
            {
                "resourceType": "Encounter",
                "id": self.visit_id,
                "identifier": [{"system": f"{_LOCAL}:{kind.visit}", "value": self.head.visit}]
                if self.head.visit
                else [],
                "status": "finished",
                "class": {"system": ACT, "code": kind.class_},
                "type": [{"coding": [{"system": SERVICE, "code": kind.service}]}],
                "subject": self.subject,
                "period": {"start": start, "end": end or (start if kind.class_ == "AMB" else "")},
                "serviceProvider": self.institution,
            }
        ]

    def conditions(self, body: Body) -> list[Resource]:
        """Diagnoses; one told twice in a section is one."""
        seen: dict[tuple[str, str, str], Diagnosis] = {}
        for found in body.diagnoses:
            seen.setdefault((found.section, found.code, found.name), found)
        return [
            {
                "resourceType": "Condition",
                "id": self.id("dx"),
                "clinicalStatus": {
                    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
                },
                "category": [
                    {
                        "coding": [
                            {
                                "system": "http://terminology.hl7.org/CodeSystem/condition-category",
                                "code": "encounter-diagnosis",
                            }
                        ],
                        "text": self.rules.diagnosis_use.get(found.section, ""),
                    }
                ],
                "code": concept(found.code, self._diagnosis_system(found), found.name),
                "subject": self.subject,
                "encounter": self.encounter,
                "recordedDate": moment(found.day, where=f"{self.where} diagnosis".strip()) or self.at,
            }
            for found in seen.values()
        ]

    def _diagnosis_system(self, found: Diagnosis) -> str:
        """What an ICD-10 code was called varies; the element says what it is."""
        if found.tcm:
            return self.rules.system(found.system) or "urn:luoshi:cn:code:tcm"
        return self.rules.systems["2.16.156.10011.2.3.3.11"]

    def allergies(self, body: Body) -> list[Resource]:
        """Allergies in the words of the document; not where it says that there are none."""
        if body.no_allergy:
            return []
        return [
            {
                "resourceType": "AllergyIntolerance",
                "id": self.id("al"),
                "clinicalStatus": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                            "code": "active",
                        }
                    ]
                },
                "code": {"text": text},
                "patient": self.subject,
                "recordedDate": self.at,
            }
            for text in dict.fromkeys(body.allergies)
        ]

    def medicines(self, root: Element, body: Body) -> list[Resource]:
        """Prescribed medicines."""
        made = []
        for element, _section in entries(root, "substanceAdministration"):
            drug = one(element, "consumable/manufacturedProduct/manufacturedLabeledDrug")
            code, name = one(drug, "code"), text_of(one(drug, "name"))
            parts = inside(element, self.rules)
            dose, rate, route = (one(element, part) for part in ("doseQuantity", "rateQuantity", "routeCode"))
            strength = _told(parts, "medicine-strength")
            total = next((s for s in parts if s.meaning and s.meaning.role == "medicine-total"), None)
            often = _told(parts, "medicine-frequency") or " ".join(
                x for x in (attribute(rate, "value"), attribute(rate, "unit")) if x
            )
            medicine = concept(
                attribute(code, "code"),
                self.rules.system(attribute(code, "codeSystem")),
                attribute(code, "displayName"),
                " ".join(x for x in (name, strength) if x),
            )
            if medicine is None:
                continue
            days = number(body.single.get("prescription-days", ""))
            made.append(
                {
                    "resourceType": "MedicationRequest",
                    "id": self.id("rx"),
                    "status": "completed",
                    "intent": "order",
                    "medicationCodeableConcept": medicine,
                    "subject": self.subject,
                    "encounter": self.encounter,
                    "authoredOn": self.at,
                    "requester": {"display": self.head.author} if self.head.author else None,
                    "groupIdentifier": {"system": _LOCAL, "value": "|".join(x for x in self.head.document if x)},
                    "dosageInstruction": [
                        {
                            "text": text_of(one(element, "text")) or often,
                            "timing": {"code": {"text": often}} if often else None,
                            "route": concept(
                                attribute(route, "code"),
                                self.rules.system(attribute(route, "codeSystem")),
                                attribute(route, "displayName"),
                            ),
                            "doseAndRate": [
                                {"doseQuantity": quantity(attribute(dose, "value"), attribute(dose, "unit"))}
                            ],
                        }
                    ],
                    "dispenseRequest": {
                        "quantity": quantity(total.value, total.unit) if total else None,
                        "expectedSupplyDuration": {"value": days, "unit": "d"} if days else None,
                    },
                }
            )
        return made

    def procedures(self, root: Element) -> list[Resource]:
        """Operations and other procedures that carry a code or a name."""
        made = []
        for element, _section in entries(root, "procedure"):
            code = one(element, "code")
            name = _told(inside(element, self.rules), "procedure-name")
            value = "" if attribute(code, "code") in self.rules.empty else attribute(code, "code")
            what = concept(
                value, self.rules.system(attribute(code, "codeSystem")), attribute(code, "displayName"), name
            )
            if what is None:
                continue
            at = one(element, "effectiveTime")
            made.append(
                {
                    "resourceType": "Procedure",
                    "id": self.id("op"),
                    "status": "completed",
                    "code": what,
                    "subject": self.subject,
                    "encounter": self.encounter,
                    "performedDateTime": moment(attribute(at, "value"), where=self.where),
                    "performer": [{"actor": self.institution}] if self.institution else [],
                }
            )
        return made

    def composition(self, body: Body, others: list[Resource]) -> Resource:
        """The document's words, and what was made of it."""
        sections: list[Resource] = [{"title": title, "text": narrative(text)} for title, text in body.texts]
        listed = [{"reference": f"{r['resourceType']}/{r['id']}"} for r in others[1:] if r["resourceType"] in _LISTED]
        if listed:
            sections.append({"title": "条目", "entry": listed})
        return {
            "resourceType": "Composition",
            "id": f"{self.key}.doc",
            "identifier": self.identifier(self.head.document),
            "status": "final",
            "type": self.type,
            "subject": self.subject,
            "encounter": self.encounter,
            "date": self.written,
            "author": [{"display": self.head.author} if self.head.author else self.institution or {"display": "?"}],
            "title": self.head.title,
            "custodian": self.institution,
            "section": sections,
        }

    @property
    def type(self) -> Resource:
        """The kind of document as a code."""
        kind = self.head.kind
        return {"coding": [{"system": _TYPES, "code": kind.code, "display": kind.title}]}

    def original(self, data: bytes) -> list[Resource]:
        """The document as it came, and the entry of the register of documents."""
        head = self.head
        parent = stable_id("cda-", "|".join(head.replaces)) if head.replaces and not head.set else ""
        digest = base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()
        return [
            {
                "resourceType": "Binary",
                "id": f"{self.key}.xml",
                "contentType": "text/xml",
                "securityContext": self.subject,
                "data": base64.b64encode(data).decode(),
            },
            {
                "resourceType": "DocumentReference",
                "id": f"{self.key}.ref",
                "masterIdentifier": self.identifier(head.document),
                "status": "current",
                "type": self.type,
                "subject": self.subject,
                "date": self.written if len(self.written) > 10 else f"{self.written}T00:00:00+08:00",
                "author": [{"display": head.author}] if head.author else [],
                "custodian": self.institution,
                "description": head.title,
                "relatesTo": [{"code": "replaces", "target": {"reference": f"DocumentReference/{parent}.ref"}}]
                if parent
                else [],
                "content": [
                    {
                        "attachment": {
                            "contentType": "text/xml",
                            "url": f"Binary/{self.key}.xml",
                            "size": len(data),
                            "hash": digest,
                            "title": head.title,
                        }
                    }
                ],
                "context": {"period": {"start": self.at}},
            },
        ]

    @staticmethod
    def identifier(document: tuple[str, str]) -> Resource:
        """The id of a document as an Identifier."""
        root, extension = document
        system = f"urn:oid:{root}" if root else _LOCAL
        return {"system": system, "value": extension} if extension else {"system": "urn:ietf:rfc:3986", "value": system}


def _told(parts: list[Statement], role: str) -> str:
    """What the first statement in that role says, or ""."""
    return next((s.value for s in parts if s.meaning is not None and s.meaning.role == role), "")
