"""From a Patient resource to the raw row of the scheme `cn`."""

from __future__ import annotations

from typing import Any

from luoshi.records.identify import (
    FOREIGN_PERMANENT_RESIDENT,
    HONGKONG_MACAO_PERMIT,
    PASSPORT,
    TAIWAN_PERMIT,
    name_of,
)
from luoshi.records.profile_cn import DIVISION, RECORD_NUMBER, RESIDENT_ID

HOUSEHOLD = "urn:luoshi:cn:id:household"
MOTHER_ID = "urn:luoshi:cn:ext:mother-id"
MOTHER_NAME = "urn:luoshi:cn:ext:mother-name"
_OTHERS = {
    PASSPORT: "passport",
    HONGKONG_MACAO_PERMIT: "hmt",
    TAIWAN_PERMIT: "tw",
    FOREIGN_PERMANENT_RESIDENT: "permanent",
}
Row = dict[str, str | None]


def raw_row(patient: dict[str, Any]) -> Row:
    """The texts of a valid Patient resource that matter for matching; None for what it does not say."""
    numbers: dict[str, str] = {}
    other = None
    for identifier in patient.get("identifier") or ():
        system, value = identifier.get("system"), identifier.get("value")
        if isinstance(system, str) and isinstance(value, str) and value.strip():
            numbers.setdefault(system, value)
            if other is None and system in _OTHERS:
                other = f"{_OTHERS[system]}:{value}"
    extensions = {e.get("url"): e for e in patient.get("extension") or ()}
    address = (patient.get("address") or [{}])[0]
    placed = {e.get("url"): e for e in address.get("extension") or ()}
    order = patient.get("multipleBirthInteger")
    mother_id = extensions.get(MOTHER_ID, {}).get("valueString")
    return {
        "name": name_of(patient) or None,
        "sex": patient.get("gender"),
        "birth": patient.get("birthDate"),
        "resident_id": numbers.get(RESIDENT_ID),
        "other_id": other,
        "record_number": numbers.get(RECORD_NUMBER),
        "phone": _phone(patient),
        "division": placed.get(DIVISION, {}).get("valueCode"),
        "address": address.get("text") or "".join(address.get("line") or ()) or None,
        "household": numbers.get(HOUSEHOLD),
        "mother_id": mother_id or _mother(patient, "id"),
        "mother_name": extensions.get(MOTHER_NAME, {}).get("valueString") or _mother(patient, "name"),
        "birth_order": str(order) if isinstance(order, int) and not isinstance(order, bool) else None,
    }


def _phone(patient: dict[str, Any]) -> str | None:
    for telecom in patient.get("telecom") or ():
        if telecom.get("system") in ("phone", "sms") and telecom.get("value") and telecom.get("use") != "old":
            return str(telecom["value"])
    return None


def _mother(patient: dict[str, Any], what: str) -> str | None:
    """From a contact whose relationship is mother (HL7 v3 RoleCode MTH)."""
    for contact in patient.get("contact") or ():
        codes = {
            coding.get("code")
            for concept in contact.get("relationship") or ()
            for coding in concept.get("coding") or ()
        }
        if "MTH" not in codes:
            continue
        if what == "name":
            name = contact.get("name") or {}
            return name.get("text") or "".join([name.get("family", ""), *name.get("given", [])]) or None
        for extension in contact.get("extension") or ():
            if extension.get("url") == MOTHER_ID:
                return str(extension.get("valueString") or "") or None
    return None
