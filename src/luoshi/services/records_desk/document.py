"""The 健康档案首页 as a FHIR document: a Bundle whose first entry is a Composition, then all that it refers to. Pure but
for the answer at the end."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.http import HttpResponse
from django.utils.html import escape
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.platform.store.reads import Stored
from luoshi.services.records_desk import rules
from luoshi.services.records_desk.words import words

LOINC = "http://loinc.org"
# Section: LOINC code, types, how many of the newest at most.
SECTIONS: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("48765-2", ("AllergyIntolerance",), 50),
    ("11450-4", ("Condition",), 50),
    ("10160-0", ("MedicationRequest", "MedicationStatement", "MedicationDispense"), 50),
    ("11369-6", ("Immunization",), 100),
    ("30954-2", ("Observation", "DiagnosticReport"), 60),
    ("47519-4", ("Procedure",), 50),
    ("46240-8", ("Encounter",), 30),
    ("18776-5", ("EpisodeOfCare", "CarePlan"), 30),
)
_XHTML = "http://www.w3.org/1999/xhtml"


def titles() -> dict[str, str]:
    """The headings of the sections in the language of the page."""
    return {
        "48765-2": _("过敏史"),
        "11450-4": _("诊断与健康问题"),
        "10160-0": _("用药"),
        "11369-6": _("预防接种"),
        "30954-2": _("检查与测量"),
        "47519-4": _("手术、操作与筛查"),
        "46240-8": _("服务与就诊"),
        "18776-5": _("管理与签约"),
    }


def bundle(stored: Sequence[Stored], *, by: str) -> dict[str, Any] | None:
    """A document of what may be seen of one person; `by`: who made it. None without a Patient.

    References to what is in the document are made absolute to its `urn:uuid:` addresses; others stay as they were sent.
    """
    patients = [s for s in stored if s.type == "Patient"]
    if not patients:
        return None
    patient = max(patients, key=lambda s: s.received)
    chosen = {section: _newest(stored, types, most) for section, types, most in SECTIONS}
    included = [patient, *(s for found in chosen.values() for s in found)]
    address = {f"{s.type}/{s.id}": f"urn:uuid:{_uuid(s)}" for s in included}
    names = titles()
    now = clock.now()
    composition = {
        "resourceType": "Composition",
        "id": str(uuid.uuid4()),
        "status": "final",
        "type": {"coding": [{"system": LOINC, "code": "60591-5"}], "text": _("居民健康档案首页")},
        "subject": {"reference": address[f"Patient/{patient.id}"]},
        "date": now.isoformat(timespec="seconds"),
        "author": [{"display": by or _("落实平台")}],
        "title": _("居民健康档案首页"),
        "section": [
            {
                "title": names[section],
                "code": {"coding": [{"system": LOINC, "code": section}]},
                "text": {"status": "generated", "div": _narrative(chosen[section])},
                "entry": [{"reference": address[f"{s.type}/{s.id}"]} for s in chosen[section]],
            }
            if chosen[section]
            else {
                "title": names[section],
                "code": {"coding": [{"system": LOINC, "code": section}]},
                "text": {"status": "generated", "div": f'<div xmlns="{_XHTML}">{escape(_("没有记录。"))}</div>'},
                "emptyReason": {
                    "coding": [
                        {"system": "http://terminology.hl7.org/CodeSystem/list-empty-reason", "code": "unavailable"}
                    ]
                },
            }
            for section, _types, _most in SECTIONS
        ],
    }
    entries = [{"fullUrl": f"urn:uuid:{composition['id']}", "resource": composition}]
    entries += [{"fullUrl": address[f"{s.type}/{s.id}"], "resource": _renamed(s.resource, address)} for s in included]
    return {
        "resourceType": "Bundle",
        "id": str(uuid.uuid4()),
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid.uuid4()}"},
        "type": "document",
        "timestamp": now.isoformat(timespec="seconds"),
        "entry": entries,
    }


def download(made: dict[str, Any], name: str) -> HttpResponse:
    """The document as a file to save."""
    response = HttpResponse(orjson.dumps(made, option=orjson.OPT_INDENT_2), content_type="application/fhir+json")
    response["Content-Disposition"] = f'attachment; filename="{name}.json"'
    response["Cache-Control"] = "private, no-store"
    return response


def _newest(stored: Iterable[Stored], types: tuple[str, ...], most: int) -> list[Stored]:
    spoken = words()

    def day(item: Stored) -> str:
        entry = rules.entry(item.resource, spoken)
        return entry.day.isoformat() if entry and entry.day else ""

    return sorted((s for s in stored if s.type in types), key=day, reverse=True)[:most]


def _narrative(stored: Sequence[Stored]) -> str:
    spoken = words()
    lines = []
    for item in stored:
        entry = rules.entry(item.resource, spoken)
        if entry is not None:
            parts = (f"{entry.day}" if entry.day else "", entry.title, entry.detail)
            lines.append(f"<li>{escape(' '.join(filter(None, parts)))}</li>")
    return f'<div xmlns="{_XHTML}"><ul>{"".join(lines)}</ul></div>'


def _uuid(item: Stored) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"luoshi:{item.type}/{item.id}")


def _renamed(value: Any, address: dict[str, str]) -> Any:
    """A copy in which references to what the document holds are its addresses."""
    if isinstance(value, dict):
        return {
            key: address.get(item, item) if key == "reference" and isinstance(item, str) else _renamed(item, address)
            for key, item in value.items()
        }
    return [_renamed(item, address) for item in value] if isinstance(value, list) else value
