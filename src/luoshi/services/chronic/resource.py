"""What is saved here as FHIR R4, written through the store's one door (see `docs/reference/record-guide.md`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

import orjson
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import Refused
from luoshi.platform.identity import links
from luoshi.platform.store import people, preparing, writing
from luoshi.platform.store.models import PersonIdentifier, Resource, Source
from luoshi.platform.store.work import Name
from luoshi.platform.store.writing import Written
from luoshi.services.chronic import rules

SOURCE = "luoshi-chronic"
PROGRAM = "urn:luoshi:cn:code:program"
SERVICE = "urn:luoshi:cn:code:service"
MODE = "urn:luoshi:cn:ext:mode"
REASON = "urn:luoshi:cn:ext:end-reason"
ICD = "http://hl7.org/fhir/sid/icd-10"
_CLASSES = {"face": "AMB", "home": "HH", "phone": "VR"}
_STATUS = {"managed": "active", "lost": "onhold", "refused": "onhold", "ended": "finished"}
_DIAGNOSIS = {
    "hypertension": "I10",
    "diabetes": "E11",
    "dyslipidaemia": "E78",
    "copd": "J44",
    "coronary": "I25",
    "stroke": "I63",
}


def subject(person: int) -> tuple[dict[str, Any], Source]:
    """How the store is told whom something is about, and the source that says it. By an identifier under our own name;
    a person without any is named as their own source does, and under its name. Raises `Refused` when neither is there."""
    own, _made = Source.objects.get_or_create(name=SOURCE, defaults={"title": "慢病管理"})
    members = links.members(person)
    named = PersonIdentifier.objects.filter(person__in=members).order_by("pk")
    identifier = named.filter(system=people.RECORD_NUMBER).first() or named.first()
    if identifier is not None:
        return {"type": "Patient", "identifier": {"system": identifier.system, "value": identifier.value}}, own
    row = Resource.objects.filter(type="Patient", person__in=members, deleted=False).order_by("-touched").first()
    if row is None:
        raise Refused(_("这位居民没有档案，无法写入。"), todo=_("请先建立居民健康档案。"))
    return {"reference": f"Patient/{row.key}"}, Source.objects.get(pk=row.source_id)


def write(
    resources: Iterable[Mapping[str, Any]], *, source: Source, by: str, expected: Mapping[Name, int] | None = None
) -> list[Written]:
    """Write a set in the caller's transaction. `expected`: the versions that are changed, so that an older content comes
    back where it is meant. Raises `Refused` when one does not hold to R4, or somebody else was quicker."""
    body = b"\n".join(orjson.dumps(resource) for resource in resources)
    prepared = preparing.prepare(body, 1, False)
    if prepared.refused:
        raise Refused(_("记录不符合规范，未保存。"), where=prepared.refused[0].place, todo=prepared.refused[0].text)
    told: list[Written] = []
    try:
        writing.commit(prepared, source=source, by=by, told=told, expected=expected)
    except writing.VersionConflict as conflict:
        raise Refused(_("这条记录刚刚被别人改过，请刷新后再试。")) from conflict
    return told


def visit(
    *,
    token: str,
    about: Mapping[str, Any],
    programmes: Iterable[str],
    day: date,
    mode: str,
    values: Mapping[str, Any],
    institution: str,
    worker: str,
    episodes: Mapping[str, str],
    advice: str = "",
) -> list[dict[str, Any]]:
    """One visit as an Encounter for each disease it serves, and its findings once, with the first of them."""
    known = rules.diseases()
    start, end = _period(day)
    made: list[dict[str, Any]] = []
    sent = clock.now().isoformat(timespec="seconds")
    first = ""
    for programme in programmes:
        id_ = f"{token}-{programme}"
        first = first or id_
        encounter: dict[str, Any] = {
            "resourceType": "Encounter",
            "id": id_,
            "meta": {"lastUpdated": sent},
            "extension": [{"url": MODE, "valueCode": mode}],
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": _CLASSES[mode]},
            "type": [{"coding": [{"system": SERVICE, "code": known.diseases[programme].service}]}],
            "subject": dict(about),
            "participant": [{"individual": {"reference": f"Practitioner/{worker}"}}],
            "period": {"start": start, "end": end},
            "serviceProvider": {"reference": f"Organization/{institution}"},
        }
        if episodes.get(programme):
            encounter["episodeOfCare"] = [{"reference": f"EpisodeOfCare/{episodes[programme]}"}]
        if advice and id_ == first:
            encounter["text"] = {
                "status": "additional",
                "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{_escaped(advice)}</div>',
            }
        made.append(encounter)
        # Each disease's form holds the findings it asks for; what several ask for stands with the first.
    made += observations(token, about, day, values, institution, encounter_of(token, programmes, values))
    return made


def encounter_of(token: str, programmes: Iterable[str], values: Mapping[str, Any]) -> dict[str, str]:
    """Which Encounter each finding belongs to: the first disease of the visit that asks for it."""
    known, several = rules.diseases(), list(programmes)
    return {
        name: f"{token}-{next((p for p in several if p in known.fields[name].for_), several[0])}" for name in values
    }


def observations(
    token: str,
    about: Mapping[str, Any],
    day: date,
    values: Mapping[str, Any],
    institution: str,
    encounters: Mapping[str, str],
) -> list[dict[str, Any]]:
    """The findings; the two pressures as one Observation with two components."""
    known = rules.diseases().fields
    base = {
        "resourceType": "Observation",
        "meta": {"lastUpdated": clock.now().isoformat(timespec="seconds")},
        "status": "final",
        "subject": dict(about),
        "effectiveDateTime": day.isoformat(),
        "performer": [{"reference": f"Organization/{institution}"}],
    }
    made: list[dict[str, Any]] = []
    if "systolic" in values:
        made.append(
            base
            | {
                "id": f"{token}-bp",
                "code": {"coding": [{"system": rules.LOINC, "code": "85354-9"}]},
                "encounter": {"reference": f"Encounter/{encounters['systolic']}"},
                "component": [
                    {
                        "code": {"coding": [{"system": rules.LOINC, "code": known[name].code}]},
                        **_value(name, values[name]),
                    }
                    for name in ("systolic", "diastolic")
                ],
            }
        )
    for name, value in values.items():
        if name in ("systolic", "diastolic"):
            continue
        made.append(
            base
            | {
                "id": f"{token}-{name.replace('_', '-')}",
                "code": {"coding": [{"system": known[name].uri, "code": known[name].code}]},
                "encounter": {"reference": f"Encounter/{encounters[name]}"},
                **_value(name, value),
            }
        )
    return made


def home(*, token: str, about: Mapping[str, Any], at: datetime, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a resident measured at home: codes of its own and the category of self-measured values, no visit, so that it
    counts neither as a visit nor as the pressure of one."""
    codes, known = rules.diseases().home, rules.diseases().fields
    base = {
        "resourceType": "Observation",
        "meta": {"lastUpdated": clock.now().isoformat(timespec="seconds")},
        "status": "final",
        "category": [
            {
                "coding": [
                    {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}
                ]
            },
            {"coding": [{"system": "urn:luoshi:cn:code:observation-category", "code": "self-measured"}]},
        ],
        "subject": dict(about),
        "effectiveDateTime": at.isoformat(timespec="seconds"),
    }
    made = []
    for name, value in values.items():
        coding = {"system": rules.FINDING, "code": codes[name]}
        quantity = {
            "value": value,
            "unit": known[name].unit,
            "system": "http://unitsofmeasure.org",
            "code": known[name].ucum,
        }
        made.append(base | {"id": f"{token}-{name}", "code": {"coding": [coding]}, "valueQuantity": quantity})
    return made


def episode(
    *,
    id_: str,
    about: Mapping[str, Any],
    programme: str,
    state: str,
    institution: str,
    since: date,
    ended: date | None = None,
    reason: str = "",
) -> dict[str, Any]:
    """An enrolment as an EpisodeOfCare."""
    made: dict[str, Any] = {
        "resourceType": "EpisodeOfCare",
        "id": id_,
        "meta": {"lastUpdated": clock.now().isoformat(timespec="seconds")},
        "status": _STATUS[state],
        "type": [{"coding": [{"system": PROGRAM, "code": programme}]}],
        "patient": dict(about),
        "managingOrganization": {"reference": f"Organization/{institution}"},
        "period": {"start": since.isoformat()} | ({"end": ended.isoformat()} if ended else {}),
    }
    if reason:
        made["extension"] = [{"url": REASON, "valueCode": reason}]
    return made


def changed_episode(
    body: Mapping[str, Any], *, state: str, ended: date | None = None, reason: str = ""
) -> dict[str, Any]:
    """Somebody else's EpisodeOfCare with another state, everything else as they wrote it."""
    made = {
        **body,
        "status": _STATUS[state],
        "meta": {**body.get("meta", {}), "lastUpdated": clock.now().isoformat(timespec="seconds")},
    }
    made["meta"].pop("versionId", None)
    period = dict(body.get("period", {}))
    period.pop("end", None)
    made["period"] = period | ({"end": ended.isoformat()} if ended else {})
    kept = [one for one in body.get("extension", []) if one.get("url") != REASON]
    kept += [{"url": REASON, "valueCode": reason}] if reason else []
    made.pop("extension", None)
    return made | ({"extension": kept} if kept else {})


def condition(*, id_: str, about: Mapping[str, Any], programme: str, day: date) -> dict[str, Any]:
    """A diagnosis somebody confirmed."""
    return {
        "resourceType": "Condition",
        "id": id_,
        "meta": {"lastUpdated": clock.now().isoformat(timespec="seconds")},
        "clinicalStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
        },
        "code": {"coding": [{"system": ICD, "code": _DIAGNOSIS[programme]}]},
        "subject": dict(about),
        "recordedDate": day.isoformat(),
    }


def _value(name: str, value: Any) -> dict[str, Any]:
    field = rules.diseases().fields[name]
    if field.kind == "yes":
        return {"valueBoolean": bool(value)}
    if field.kind == "choice":
        return {"valueCodeableConcept": {"coding": [{"system": rules.FINDING, "code": value}]}}
    return {
        "valueQuantity": {"value": value, "unit": field.unit, "system": "http://unitsofmeasure.org", "code": field.ucum}
    }


def _period(day: date) -> tuple[str, str]:
    now = clock.now().astimezone(clock.CHINA)
    start = now if day == now.date() else datetime.combine(day, time(9), clock.CHINA)
    return start.isoformat(timespec="seconds"), start.isoformat(timespec="seconds")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
