"""Writes of remote ECG: receive a tracing, ask, read, report, answer. Each one transaction with its audit row."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import public as consent
from luoshi.platform.identity import links
from luoshi.platform.moving import advance
from luoshi.platform.store import people
from luoshi.services.ecg import measuring, queries, rules, waveforms
from luoshi.services.ecg.models import Request, Tracing
from luoshi.services.recognition import public as recognition

SOURCE, TITLE = "luoshi-ecg", "远程心电"
LOINC = "http://loinc.org"
CRITICAL_SYSTEM = "urn:luoshi:cn:code:ecg-critical"
# measure -> LOINC, name, unit of UCUM
CODES: Mapping[str, tuple[str, str, str]] = {
    "rate": ("8867-4", "心率", "/min"),
    "pr": ("8625-6", "PR间期", "ms"),
    "qrs": ("8633-0", "QRS时限", "ms"),
    "qt": ("8634-8", "QT间期", "ms"),
    "qtc": ("8636-3", "QTc间期", "ms"),
}


def receive(*, files: Mapping[str, bytes], person: int, institution: str, by: User | str, scope: Scope) -> Tracing:
    """Keep a tracing of a resident; the same file again is the same tracing. Raises `UnreadableFile` for a file that is
    none, `Refused` where the file carries the number of somebody else, `Http404` outside the scope."""
    consent.admit(person, scope=scope)
    if not scope.covers_institution(institution):
        raise Http404
    digest = hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()
    known = Tracing.objects.filter(person=person, sha256=digest).first()
    if known is not None:
        return known
    read = waveforms.read(files)
    _not_somebody_else(read.patient, person)
    measured = measuring.measure(read)
    with transaction.atomic():
        made = Tracing.objects.create(
            person=person, institution=institution, taken=read.taken, received=clock.now(),
            by=by if isinstance(by, str) else by.get_username(), format=read.format, leads=list(read.leads),
            frequency=read.frequency, seconds=read.seconds, samples=waveforms.pack(read.samples), sha256=digest,
            measures=measured.as_dict() if measured else {},
        )  # fmt: skip
        audit.record(
            by=by, action="ecg.receive", object_type="person", object_id=person,
            detail={"tracing": made.uuid, "format": read.format, "leads": len(read.leads), "institution": institution},
        )  # fmt: skip
    return made


def _not_somebody_else(number: str, person: int) -> None:
    """A file that carries an identifier of somebody else must not be filed here."""
    if (
        number
        and (found := people.by_identifier(number, scope=Scope.system()))
        and not set(found) & set(links.members(person))
    ):
        raise Refused(_("文件里的患者编号属于另一位居民。"), todo=_("请核对是否选错了居民或文件。"))


def ask(*, tracing: Tracing, urgency: str, question: str, institution: str, by: User, scope: Scope) -> Request:
    """Ask the alliance's centre to read a tracing; a ServiceRequest goes into the record. Raises `InvalidValue` for a
    missing question or unknown urgency, `Refused` where it is being read already."""
    scope.require(rules.ASK)
    if not scope.covers_institution(institution):
        raise Http404
    check_question(urgency, question)
    if tracing.requests.exclude(state=rules.WITHDRAWN).exists():
        raise Refused(_("这份心电图已经申请过判读。"))
    where = recognition.place(institution)
    with transaction.atomic():
        made = Request.objects.create(
            tracing=tracing, person=tracing.person, institution=institution, division=where.path,
            center=queries.center_of(institution), urgency=urgency, question=question.strip()[:500], by=by.get_username(),
            asked=clock.now(),
        )  # fmt: skip
        audit.record(
            by=by, action="ecg.ask", object_type="ecg", object_id=made.pk, scope_division=_division(made),
            detail={"urgency": urgency, "center": made.center},
        )  # fmt: skip
        recognition.file([service_request(made)], source=SOURCE, title=TITLE, institution=institution, by=by)
    return made


def check_question(urgency: str, question: str) -> None:
    if urgency not in rules.declared().urgency:
        raise InvalidValue(_("没有这种紧急程度。"), where=urgency)
    if len(question.strip()) < 2:
        raise InvalidValue(_("请写明临床情况（至少2个字）。"))


def resend(*, found: Request, tracing: Tracing, by: User, permissions: Collection[str]) -> Request:
    """Another tracing for a request that was returned; its clock begins anew."""
    if tracing.person != found.person:
        raise Refused(_("不是同一位居民的心电图。"))
    with transaction.atomic():
        _move(
            found,
            "resend",
            by,
            permissions,
            {"tracing": str(tracing.uuid)},
            tracing=tracing,
            asked=clock.now(),
            reader="",
        )
    return found


def move(
    *, found: Request, name: str, by: User, permissions: Collection[str], given: Mapping[str, str] | None = None
) -> Request:
    """Take up, put back, return, withdraw or receive: what needs nothing but a reason. Raises `Refused`."""
    given = {k: v.strip()[:500] for k, v in (given or {}).items()}
    with transaction.atomic():
        fields: dict[str, Any] = {}
        if name == "claim":
            if found.by == by.get_username():
                raise Refused(_("申请人不能判读自己的申请。"))
            fields = {"reader": by.get_username()}
        elif name == "release":
            _own(found, by)
            fields = {"reader": ""}
        elif name == "return":
            _own(found, by)
            fields = {"reason": given.get("reason", "")}
        elif name == "acknowledge":
            fields = {"acknowledged": clock.now(), "measures_taken": given.get("measures", "")}
        elif name not in ("withdraw", "receive"):
            raise Refused(_("没有这一步。"), where=name)
        _move(found, name, by, permissions, given, **fields)
    return found


def report(
    *, found: Request, findings: str, conclusion: str, critical: Sequence[str], by: User, permissions: Collection[str]
) -> Request:
    """Report a tracing. With a critical value - ticked, or proven by a measurement that the reader did not correct - it
    waits for an answer. The report goes into the resident's record. Raises `Refused` for anybody but who took it up."""
    listed = rules.check_critical(critical)
    if len(findings.strip()) < 2 or len(conclusion.strip()) < 2:
        raise InvalidValue(_("请写明所见和诊断意见。"))
    with transaction.atomic():
        _own(found, by)
        number = f"ecg-{found.uuid}"
        _move(
            found, "alarm" if listed else "report", by, permissions,
            {"findings": findings.strip(), "critical": ",".join(listed)},
            findings=findings.strip()[:2000], conclusion=conclusion.strip()[:1000], critical=listed, reported=clock.now(),
            report=number,
        )  # fmt: skip
        recognition.file(diagnostic_report(found), source=SOURCE, title=TITLE, institution=found.center, by=by)
    return found


def _own(found: Request, by: User) -> None:
    if found.state == rules.READING and found.reader != by.get_username():
        raise Refused(_("这份心电图由另一位医生在判读。"))


def _move(
    found: Request, name: str, by: User, permissions: Collection[str], given: Mapping[str, Any], **fields: Any
) -> None:
    advance(
        found, rules.ECG, name, by=by, permissions=permissions, given=given, scope_division=_division(found), **fields
    )


def _division(found: Request) -> str:
    return found.division.strip("/").rpartition("/")[2]


# --- FHIR -------------------------------------------------------------------------------------------------------------


def service_request(found: Request) -> dict[str, Any]:
    """The request as FHIR."""
    return {
        "resourceType": "ServiceRequest",
        "id": f"ecg-{found.uuid}",
        "status": "active",
        "intent": "order",
        "priority": {"emergency": "stat", "urgent": "urgent"}.get(found.urgency, "routine"),
        "code": _code(),
        "subject": recognition.subject(found.person),
        "authoredOn": found.asked.isoformat(timespec="seconds"),
        "requester": {"reference": f"Organization/{found.institution}"},
        "performer": [{"reference": f"Organization/{found.center}"}],
        "reasonCode": [{"text": found.question}],
    }


def _code() -> dict[str, Any]:
    return {
        "coding": [
            {"system": recognition.ITEM_SYSTEM, "code": "ecg", "display": "常规心电图"},
            {"system": LOINC, "code": "11524-6"},
        ],
        "text": "常规心电图",
    }


def diagnostic_report(found: Request) -> list[dict[str, Any]]:
    """The report as FHIR: an Observation for each measurement and the DiagnosticReport that rests on them."""
    subject = recognition.subject(found.person)
    taken = (found.tracing.taken or found.tracing.received).isoformat(timespec="seconds")
    performer = [{"reference": f"Organization/{found.center}"}]
    category = [
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "procedure"}]}
    ]
    observations = [
        {
            "resourceType": "Observation",
            "id": f"ecg-{found.uuid}-{name}"[:64],
            "status": "final",
            "category": category,
            "code": {"coding": [{"system": LOINC, "code": code, "display": text}], "text": text},
            "subject": subject,
            "effectiveDateTime": taken,
            "performer": performer,
            "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
            "method": {"text": "NeuroKit2"},
        }
        for name, (code, text, unit) in CODES.items()
        if (value := found.tracing.measures.get(name)) is not None
    ]
    assert found.reported is not None
    whole: dict[str, Any] = {
        "resourceType": "DiagnosticReport",
        "id": found.report,
        "basedOn": [{"reference": f"ServiceRequest/ecg-{found.uuid}"}],
        "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "EC"}]}],
        "code": _code(),
        "subject": subject,
        "effectiveDateTime": taken,
        "issued": found.reported.isoformat(timespec="seconds"),
        "performer": performer,
        "conclusion": f"{found.findings}\n{found.conclusion}",
    }
    if observations:
        whole["result"] = [{"reference": f"Observation/{o['id']}"} for o in observations]
    if found.critical:
        whole["conclusionCode"] = [
            {"coding": [{"system": CRITICAL_SYSTEM, "code": c, "display": rules.declared().critical[c].name}]}
            for c in found.critical
        ]
    return [*observations, whole]
