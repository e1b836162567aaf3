"""A referral as a FHIR transaction, and back. Pure: no database."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from luoshi.kernel.errors import InvalidValue

REFERRAL = "urn:luoshi:cn:id:referral"
STATE = "urn:luoshi:cn:code:referral-state"
CODE = "urn:luoshi:cn:code:referral"
OUTPUT = "urn:luoshi:cn:code:referral-output"
EXT = "urn:luoshi:cn:ext:referral-"
_TASK_STATUS = {
    "draft": "draft", "submitted": "requested", "returned": "on-hold", "rejected": "rejected", "accepted": "accepted",
    "reserved": "ready", "arrived": "in-progress", "treating": "in-progress", "summarised": "completed",
    "closed": "completed", "cancelled": "cancelled", "no-show": "failed",
}  # fmt: skip
_PRIORITY = {"emergency": "stat", "urgent": "urgent", "routine": "routine"}
_ENDED = {"rejected", "closed", "cancelled", "no-show"}
_SAID = ("department", "tests", "advice", "disease", "consent", "home")


@dataclass(frozen=True)
class Picture:
    """A referral as it travels. `version` is the sender's of this message, `base` the last version it had heard from the
    other side. `asked`: whether the message tells what is asked (from the side that refers), not only where it stands.
    `subject`: `name, sex, birth_date, system, value`; `attached`: a collection Bundle."""

    uid: str
    version: int
    base: int
    state: str
    asked: bool
    direction: str = "up"
    priority: str = "routine"
    sender: str = ""
    sender_name: str = ""
    receiver: str = ""
    receiver_name: str = ""
    diagnosis: str = ""
    reason: str = ""
    note: str = ""
    refusal: str = ""
    criteria: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)
    subject: Mapping[str, str] = field(default_factory=dict)
    attached: Mapping[str, Any] | None = None
    arrive_on: datetime | None = None
    summary: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None


def bundle(picture: Picture) -> dict[str, Any]:
    """The transaction to send. Ids are made of the referral's own, so sending it again changes nothing."""
    resources = [_task(picture)]
    gone: list[str] = []
    if picture.asked:
        resources.insert(0, _request(picture))
        if picture.state in _ENDED:
            gone.append(f"DocumentReference/refdoc-{picture.uid}")
        elif picture.attached is not None:
            resources.append(_document(picture))
    elif picture.arrive_on is not None:
        resources.append(_appointment(picture))
    entries = [
        {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in resources
    ]
    entries += [{"request": {"method": "DELETE", "url": url}} for url in gone]
    made: dict[str, Any] = clean({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    return made


def resources(picture: Picture) -> list[dict[str, Any]]:
    """A referral between two institutions of this system, for the patient's own record: the request, how far it is, and
    the appointment once there is one. `subject` must hold an identifier."""
    whole = replace(picture, asked=True, attached=None)
    patient = _subject(whole)
    request = {k: v for k, v in _request(whole).items() if k not in ("contained", "supportingInfo")}
    owner = _place(whole.receiver, whole.receiver_name)
    found = [request, _task(whole) | {"for": patient, "owner": owner}]
    if whole.arrive_on is not None:
        booked = _appointment(whole)
        booked["participant"].append({"actor": patient, "status": "accepted"})
        found.append(booked)
    cleaned: list[dict[str, Any]] = clean(found)
    return cleaned


def clean(value: Any) -> Any:
    """Plain data with the control characters left out that FHIR does not allow in a string (somebody pasted them)."""
    if isinstance(value, str):
        return "".join(c for c in value if c in "\t\n\r" or unicodedata.category(c) not in ("Cc", "Cs"))
    if isinstance(value, dict):
        return {key: clean(each) for key, each in value.items()}
    return [clean(each) for each in value] if isinstance(value, list) else value


def _identifier(picture: Picture) -> list[dict[str, str]]:
    return [{"system": REFERRAL, "value": picture.uid}]


def _subject(picture: Picture) -> dict[str, Any]:
    subject = picture.subject
    if subject.get("value"):
        return {"type": "Patient", "identifier": {"system": subject["system"], "value": subject["value"]}}
    return {"reference": "#patient"}


def _patient(picture: Picture) -> dict[str, Any]:
    subject = picture.subject
    made: dict[str, Any] = {"resourceType": "Patient", "id": "patient"}
    if subject.get("name"):
        made["name"] = [{"text": subject["name"]}]
    if subject.get("sex") in ("male", "female", "other", "unknown"):
        made["gender"] = subject["sex"]
    if subject.get("birth_date"):
        made["birthDate"] = subject["birth_date"]
    return made


def _place(code: str, name: str) -> dict[str, Any]:
    return {"reference": f"Organization/{code}", "display": name}


def _request(picture: Picture) -> dict[str, Any]:
    status = {"cancelled": "revoked", "closed": "completed"}.get(picture.state, "active")
    extension = [_extension(name, picture.said[name]) for name in _SAID if picture.said.get(name)]
    extension += [_extension("criterion", name) for name in picture.criteria]
    extension += [_extension("category", name) for name in picture.categories]
    supporting = [{"reference": "#patient"}]
    if picture.attached is not None and picture.state not in _ENDED:
        supporting.append({"reference": f"DocumentReference/refdoc-{picture.uid}"})
    made: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "id": f"ref-{picture.uid}",
        "contained": [_patient(picture)],
        "identifier": _identifier(picture),
        "status": status,
        "intent": "order",
        "category": [
            {"coding": [{"system": "http://snomed.info/sct", "code": "3457005", "display": "Patient referral"}]}
        ],
        "priority": _PRIORITY[picture.priority],
        "code": {"coding": [{"system": CODE, "code": picture.direction}]},
        "subject": _subject(picture),
        "requester": _place(picture.sender, picture.sender_name),
        "performer": [_place(picture.receiver, picture.receiver_name)],
        "reasonCode": [{"text": picture.diagnosis}],
        "supportingInfo": supporting,
        "note": [{"text": picture.reason}],
    }
    if extension:
        made["extension"] = extension
    if picture.at is not None:
        made["authoredOn"] = picture.at.isoformat(timespec="seconds")
    return made


def _extension(name: str, value: str) -> dict[str, Any]:
    return {"url": EXT + name, "valueString": value}


def _task(picture: Picture) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Task",
        "id": f"ref-{picture.uid}",
        "extension": [
            {"url": f"{EXT}version", "valueInteger": picture.version},
            {"url": f"{EXT}base", "valueInteger": picture.base},
        ],
        "identifier": _identifier(picture),
        "status": _TASK_STATUS[picture.state],
        "businessStatus": {"coding": [{"system": STATE, "code": picture.state}]},
        "intent": "order",
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
        "focus": {"type": "ServiceRequest", "identifier": {"system": REFERRAL, "value": picture.uid}},
    }
    if picture.at is not None:
        made["lastModified"] = picture.at.isoformat(timespec="seconds")
    if picture.refusal or picture.note:
        made["statusReason"] = {}
        if picture.refusal:
            made["statusReason"]["coding"] = [{"system": f"{CODE}-reason", "code": picture.refusal}]
        if picture.note:
            made["statusReason"]["text"] = picture.note
    if picture.summary and picture.state in ("summarised", "closed"):
        made["output"] = [
            {"type": {"coding": [{"system": OUTPUT, "code": name}]}, "valueString": value}
            for name, value in picture.summary.items()
            if value
        ]
    return made


def _appointment(picture: Picture) -> dict[str, Any]:
    assert picture.arrive_on is not None
    start, status = picture.arrive_on, "booked"
    if picture.state in ("arrived", "treating", "summarised", "closed"):
        status = "arrived"
    elif picture.state in _ENDED:
        status = "noshow" if picture.state == "no-show" else "cancelled"
    return {
        "resourceType": "Appointment",
        "id": f"ref-{picture.uid}",
        "identifier": _identifier(picture),
        "status": status,
        "start": start.isoformat(timespec="seconds"),
        "end": (start + timedelta(hours=24)).isoformat(timespec="seconds"),
        "basedOn": [{"type": "ServiceRequest", "identifier": {"system": REFERRAL, "value": picture.uid}}],
        "participant": [
            {"actor": {"type": "HealthcareService", "display": picture.receiver_name}, "status": "accepted"}
        ],
    }


def _document(picture: Picture) -> dict[str, Any]:
    data = base64.b64encode(orjson.dumps(picture.attached)).decode()
    return {
        "resourceType": "DocumentReference",
        "id": f"refdoc-{picture.uid}",
        "identifier": _identifier(picture),
        "status": "current",
        "type": {"coding": [{"system": CODE, "code": "record-summary"}]},
        "content": [{"attachment": {"contentType": "application/fhir+json", "data": data}}],
    }


# --- and back ----------------------------------------------------------------------------------------------------------


def uid_of(resource: Mapping[str, Any]) -> str:
    """The referral a resource is about, or ""."""
    return next((i.get("value", "") for i in resource.get("identifier", []) if i.get("system") == REFERRAL), "")


def read(resources: Mapping[str, Mapping[str, Any]]) -> Picture:
    """The picture out of the resources of one referral, by type; `Task` must be there. Raises `InvalidValue` for one
    that does not say where it stands."""
    task = resources["Task"]
    state = next(
        (c.get("code", "") for c in task.get("businessStatus", {}).get("coding", []) if c.get("system") == STATE), ""
    )
    version, base = _integer(task, "version"), _integer(task, "base")
    if state not in _TASK_STATUS or version is None:
        raise InvalidValue("The Task of a referral says its state and version.", where="Task.businessStatus")
    request = resources.get("ServiceRequest")
    reason = task.get("statusReason", {})
    booked = resources.get("Appointment", {}).get("start")
    more: dict[str, Any] = _asked(request, resources.get("DocumentReference")) if request else {}
    return Picture(
        uid=uid_of(task),
        version=version,
        base=base or 0,
        state=state,
        asked=request is not None,
        note=str(reason.get("text", ""))[:1000],
        refusal=next((c.get("code", "") for c in reason.get("coding", [])), "")[:40],
        arrive_on=datetime.fromisoformat(booked) if booked else None,
        summary={
            c["code"]: str(out.get("valueString", ""))[:2000]
            for out in task.get("output", [])
            for c in out.get("type", {}).get("coding", [])
            if c.get("system") == OUTPUT and c.get("code") in ("diagnosis", "treatment", "advice", "follow_up")
        },
        **more,
    )


def _asked(request: Mapping[str, Any], document: Mapping[str, Any] | None) -> dict[str, Any]:
    extensions: dict[str, list[str]] = {}
    for extension in request.get("extension", []):
        extensions.setdefault(str(extension.get("url", "")).removeprefix(EXT), []).append(
            str(extension.get("valueString", ""))
        )
    priority = {value: key for key, value in _PRIORITY.items()}.get(request.get("priority", "routine"), "urgent")
    codes = request.get("code", {}).get("coding", [])
    direction = next((c.get("code") for c in codes if c.get("system") == CODE), "up")
    sender: Mapping[str, Any] = request.get("requester", {})
    receiver: Mapping[str, Any] = next(iter(request.get("performer", [])), {})
    patient: Mapping[str, Any] = next(
        (c for c in request.get("contained", []) if c.get("resourceType") == "Patient"), {}
    )
    identifier = request.get("subject", {}).get("identifier", {})
    subject = {
        "name": next((n.get("text", "") for n in patient.get("name", [])), ""),
        "sex": patient.get("gender", "unknown"),
        "birth_date": patient.get("birthDate", ""),
        "system": identifier.get("system", ""),
        "value": identifier.get("value", ""),
    }
    if direction not in ("up", "down") or not receiver.get("reference", "").startswith("Organization/"):
        raise InvalidValue("The ServiceRequest names one Organization as performer.", where="ServiceRequest.performer")
    return {
        "direction": direction,
        "priority": priority,
        "sender": sender.get("reference", "").removeprefix("Organization/")[:40],
        "sender_name": str(sender.get("display", ""))[:120],
        "receiver": receiver["reference"].removeprefix("Organization/")[:40],
        "receiver_name": str(receiver.get("display", ""))[:120],
        "diagnosis": next((str(r.get("text", "")) for r in request.get("reasonCode", [])), "")[:200],
        "reason": next((str(n.get("text", "")) for n in request.get("note", [])), "")[:2000],
        "criteria": tuple(extensions.get("criterion", ())),
        "categories": tuple(extensions.get("category", ())),
        "said": {name: extensions[name][0] for name in _SAID if name in extensions},
        "subject": subject,
        "attached": _opened(document),
    }


def _opened(document: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if document is None:
        return None
    data = next((c.get("attachment", {}).get("data") for c in document.get("content", [])), None)
    try:
        found = orjson.loads(base64.b64decode(data, validate=True)) if data else None
    except ValueError:
        raise InvalidValue("The attached record cannot be read.", where="DocumentReference.content") from None
    return found if isinstance(found, dict) else None


def _integer(task: Mapping[str, Any], name: str) -> int | None:
    value = next((e.get("valueInteger") for e in task.get("extension", []) if e.get("url") == EXT + name), None)
    return value if isinstance(value, int) and value >= 0 else None
