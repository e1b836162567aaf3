"""PID, PV1, DG1 and AL1: the person, the visit, diagnoses and allergies."""

from __future__ import annotations

import re

from luoshi.kernel.errors import InvalidValue
from luoshi.records.hl7v2.mapping import Mapping
from luoshi.records.hl7v2.message import Message, Segment
from luoshi.records.profile_cn import RESIDENT_ID
from luoshi.records.translating import (
    ACT,
    SERVICE,
    Resource,
    concept,
    day,
    moment,
    organization,
    sex,
    stable_id,
)

_LOCAL = "urn:luoshi:cn:id:local"
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_ALLERGY = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"


def numbers(segment: Segment, field: int, rules: Mapping) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Numbers of a CX field: those that number people (system, value), and the sender's own (authority, value)."""
    persons, locals_ = [], []
    for n in range(1, segment.repetitions(field) + 1):
        value = segment.value(field, 1, repetition=n)
        if not value:
            continue
        system = rules.identity_types.get(segment.value(field, 5, repetition=n).upper())
        if system:
            persons.append((system, value))
        else:
            locals_.append((segment.value(field, 4, repetition=n), value))
    return persons, locals_


def patient_id(persons: list[tuple[str, str]], locals_: list[tuple[str, str]]) -> str:
    """The id of a person by the sender's own number, else by one of the region. Raises `InvalidValue` for neither."""
    if locals_:
        return stable_id("hl7-p-", *locals_[0])
    if persons:
        return stable_id("hl7-p-", *persons[0])
    raise InvalidValue("the message does not say by any number who it is about (PID-3).")


def patient(pid: Segment, rules: Mapping) -> Resource:
    """The Patient of a PID."""
    persons, locals_ = numbers(pid, 3, rules)
    old = pid.value(19).upper()
    if rules.resident_in_ssn and re.fullmatch(r"[0-9]{17}[0-9X]|[0-9]{15}", old) and (RESIDENT_ID, old) not in persons:
        persons.append((RESIDENT_ID, old))
    died = moment(pid.value(29), where="PID-29")
    dead = pid.value(30).upper() == "Y"
    made: Resource = {
        "resourceType": "Patient",
        "id": patient_id(persons, locals_),
        "identifier": [{"system": system, "value": value} for system, value in persons]
        + [{"system": ":".join(x for x in (_LOCAL, _word(where)) if x), "value": value} for where, value in locals_],
        "name": [{"use": "official", "text": _name(pid, 5)}],
        "gender": sex(pid.value(8)),
        "birthDate": day(pid.value(7), where="PID-7"),
        "telecom": [{"system": "phone", "value": value} for f in (13, 14) if (value := pid.value(f))],
        "address": [{"text": _address(pid)}],
    }
    if died:
        made["deceasedDateTime"] = died
    elif dead:
        made["deceasedBoolean"] = True
    return made


def merged(mrg: Segment, rules: Mapping, into: str) -> Resource:
    """The Patient of the number that is given up (MRG-1), leading to the one that stays."""
    old = patient_id(*numbers(mrg, 1, rules))
    if old == into:
        raise InvalidValue("a number cannot be merged with itself (MRG-1).")
    return {
        "resourceType": "Patient",
        "id": old,
        "active": False,
        "link": [{"other": {"reference": f"Patient/{into}"}, "type": "replaced-by"}],
    }


def visit(message: Message, rules: Mapping, subject: Resource, status: str, institution: str) -> Resource | None:
    """The Encounter of PV1, or None where there is none or it has no number."""
    pv1 = message.first("PV1")
    if pv1 is None:
        return None
    start = moment(pv1.value(44), where="PV1-44")
    end = moment(pv1.value(45), where="PV1-45")
    number_ = pv1.value(19) or pv1.value(50)
    if not (number_ or start):
        return None
    kind = rules.classes.get(pv1.value(2).upper())
    if kind is None:
        raise InvalidValue("the patient class (PV1-2) is not known.", todo=f"Known are {', '.join(rules.classes)}.")
    if end and start and end[:10] < start[:10]:
        raise InvalidValue("the discharge is before the admission (PV1-44, PV1-45).")
    if end and status == "in-progress":
        status = "finished"
    where = organization(institution or message.header.value(4))
    return {
        "resourceType": "Encounter",
        "id": stable_id("hl7-v-", number_ or f"{subject['reference']}|{start}"),
        "identifier": [{"system": f"{_LOCAL}:visit", "value": number_}],
        "status": status,
        "class": {"system": ACT, "code": kind.class_},
        "type": [{"coding": [{"system": SERVICE, "code": kind.service}]}],
        "subject": subject,
        "period": {"start": start, "end": end},
        "serviceProvider": where,
        "location": [{"location": {"display": pv1.value(3, 1)}}] if pv1.value(3, 1) else [],
    }


def conditions(message: Message, rules: Mapping, subject: Resource, encounter: Resource | None) -> list[Resource]:
    """Diagnoses of DG1."""
    made = []
    for dg1 in message.all("DG1"):
        code, text, system = dg1.coded(3)
        what = concept(code, rules.system(system) or rules.systems["ICD10"], text, text or dg1.value(4))
        if what is None:
            continue
        about = encounter["id"] if encounter else subject["reference"]
        made.append(
            {
                "resourceType": "Condition",
                "id": stable_id("hl7-d-", about, code or text or dg1.value(4), dg1.value(6)),
                "clinicalStatus": {"coding": [{"system": _CLINICAL, "code": "active"}]},
                "category": [
                    {
                        "coding": [
                            {
                                "system": "http://terminology.hl7.org/CodeSystem/condition-category",
                                "code": "encounter-diagnosis",
                            }
                        ],
                        "text": dg1.value(6),
                    }
                ],
                "code": what,
                "subject": subject,
                "encounter": {"reference": f"Encounter/{encounter['id']}"} if encounter else None,
                "recordedDate": moment(dg1.value(5), where="DG1-5"),
            }
        )
    return made


def allergies(message: Message, rules: Mapping, subject: Resource) -> list[Resource]:
    """Allergies of AL1."""
    made = []
    for al1 in message.all("AL1"):
        code, text, system = al1.coded(3)
        what = concept(code, rules.system(system), text)
        if what is not None:
            made.append(
                {
                    "resourceType": "AllergyIntolerance",
                    "id": stable_id("hl7-a-", subject["reference"], code or text),
                    "clinicalStatus": {"coding": [{"system": _ALLERGY, "code": "active"}]},
                    "code": what,
                    "patient": subject,
                    "reaction": [{"manifestation": [{"text": al1.value(5)}]}] if al1.value(5) else [],
                    "recordedDate": moment(al1.value(6), where="AL1-6"),
                }
            )
    return made


def _name(segment: Segment, field: int) -> str:
    """A Chinese name: family and given name together, as most senders write it into the first part anyway."""
    family, given, middle = (segment.value(field, n) for n in (1, 2, 3))
    parts = [part for part in (family, given, middle) if part]
    return ("" if all(not part.isascii() for part in parts) else " ").join(parts)


def _address(pid: Segment) -> str:
    # State, city, street, other: Chinese order is from the large to the small.
    parts = [pid.value(11, n) for n in (4, 3, 9, 1, 2)]
    return "".join(dict.fromkeys(part for part in parts if part))


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.\-]", "", text)[:40]
