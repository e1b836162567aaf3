"""Our rules for China on top of R4: identifiers with check characters, division codes, birth date and sex.

Systems and extensions are those of the record guide. Every rule applies only to what is present: no identifier and no
extension is mandatory. Errors are contradictions that cannot be true; warnings are what a sender should mend.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.identifiers import (
    check_institution_code,
    check_resident_id,
    check_uscc,
    resident_id_birth_date,
    resident_id_sex,
)
from luoshi.records.validate_explain import Issue

RESIDENT_ID = "urn:luoshi:cn:id:resident"
RECORD_NUMBER = "urn:luoshi:cn:id:ehr-no"
CREDIT_CODE = "urn:luoshi:cn:id:uscc"
INSTITUTION_CODE = "urn:luoshi:cn:id:institution"
DIVISION = "urn:luoshi:cn:ext:division"
ZONE = "urn:luoshi:cn:ext:zone"
MODE = "urn:luoshi:cn:ext:mode"
RECORD_OPENED = "urn:luoshi:cn:ext:record-opened"
RECORD_OPEN_TO_RESIDENT = "urn:luoshi:cn:ext:record-open-to-resident"
NATION = "urn:luoshi:cn:ext:nation"

_DIVISION_CODE = re.compile(r"[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12}")
_RECORD_NUMBER = re.compile(r"[0-9]{17}")


_IDENTIFIERS: dict[str, Callable[[str], str]] = {
    RESIDENT_ID: check_resident_id,
    CREDIT_CODE: check_uscc,
    INSTITUTION_CODE: check_institution_code,
}
# extension -> (its value, what the value must be, in words)
_EXTENSIONS: dict[str, tuple[str, Callable[[str], bool], str]] = {
    DIVISION: (
        "valueCode",
        lambda v: bool(_DIVISION_CODE.fullmatch(v)),
        "A division code has 2, 4, 6, 9 or 12 digits.",
    ),
    ZONE: ("valueCode", lambda v: v in ("urban", "rural"), "The zone is urban or rural."),
    MODE: ("valueCode", lambda v: v in ("face", "phone", "home"), "The mode is face, phone or home."),
    RECORD_OPENED: ("valueDate", lambda v: len(v) == 10, "The day the record was opened is a full date."),
    RECORD_OPEN_TO_RESIDENT: ("valueDate", lambda v: len(v) == 10, "The day of access is a full date."),
    NATION: (
        "valueCode",
        lambda v: v.isascii() and v.isdigit() and len(v) == 2 and (1 <= int(v) <= 56 or v in ("97", "98")),
        "The nation is a code of GB/T 3304: 01 to 56, 97 (other) or 98 (foreign origin).",
    ),
}


def check(resource: dict[str, Any], path: str) -> list[Issue]:
    """Issues of one resource that is valid R4 already, and of the resources inside it."""
    issues: list[Issue] = []
    _walk(resource, path, issues)
    return issues


def _walk(value: Any, path: str, issues: list[Issue], key: str = "") -> None:
    if isinstance(value, list):
        for i, item in enumerate(value):
            _walk(item, f"{path}[{i}]", issues, key)
        return
    if not isinstance(value, dict):
        return
    if key == "identifier":
        _identifier(value, path, issues)
    elif key in ("extension", "modifierExtension"):
        _extension(value, path, issues)
    if value.get("resourceType") == "Patient":
        _patient(value, path, issues)
    for name, item in value.items():
        if isinstance(item, dict | list):
            _walk(item, f"{path}.{name}", issues, name)


def _identifier(value: dict[str, Any], path: str, issues: list[Issue]) -> None:
    system, text = value.get("system"), value.get("value")
    if not isinstance(text, str):
        return
    if system == RECORD_NUMBER and not _RECORD_NUMBER.fullmatch(text):
        issues.append(Issue("warning", "value", f"{path}.value", "A record number usually has 17 digits."))
    check_value = _IDENTIFIERS.get(system) if isinstance(system, str) else None
    if check_value is None:
        return
    try:
        normal = check_value(text)
    except InvalidValue as error:
        issues.append(Issue("error", "value", f"{path}.value", error.message))
        return
    if normal != text:
        words = "Written in an old or unusual way; it is understood, but send the present form."
        issues.append(Issue("warning", "value", f"{path}.value", words))


def _extension(value: dict[str, Any], path: str, issues: list[Issue]) -> None:
    rule = _EXTENSIONS.get(value.get("url", ""))
    if rule is None:
        return
    name, right, words = rule
    if name not in value:
        issues.append(Issue("error", "structure", path, f"This extension carries {name}."))
    elif not right(value[name]):
        issues.append(Issue("error", "value", f"{path}.{name}", words))


def _patient(patient: dict[str, Any], path: str, issues: list[Issue]) -> None:
    """Birth date and sex agree with the resident ID; nobody is born after they died."""
    for i, identifier in enumerate(patient.get("identifier", ())):
        if identifier.get("system") != RESIDENT_ID or not isinstance(identifier.get("value"), str):
            continue
        try:
            value = check_resident_id(identifier["value"])
        except InvalidValue:
            continue
        born = patient.get("birthDate")
        inside = resident_id_birth_date(value).isoformat()
        place = f"{path}.identifier[{i}]"
        if isinstance(born, str) and not inside.startswith(born):
            issues.append(Issue("error", "business-rule", place, "birthDate differs from the one in the resident ID."))
        if patient.get("gender") in ("male", "female") and patient["gender"] != resident_id_sex(value):
            issues.append(Issue("error", "business-rule", place, "gender differs from the one in the resident ID."))
    born, died = patient.get("birthDate"), patient.get("deceasedDateTime")
    if isinstance(born, str) and isinstance(died, str):
        common = min(len(born), len(died), 10)
        if born[:common] > died[:common]:
            issues.append(Issue("error", "business-rule", path, "The day of death is before the day of birth."))
    if isinstance(born, str) and len(born) == 10 and date.fromisoformat(born).year < 1850:
        issues.append(Issue("warning", "business-rule", f"{path}.birthDate", "Born before 1850."))
