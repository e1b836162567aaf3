"""What the doors for other formats share: stable ids, times, sexes, and the Bundle they all end in. Pure.

Ids are made from what the sender names things by, so the same document sent again gives the same resources and changes
nothing. They are digests: no number of a person stands in an address.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from luoshi.kernel.errors import InvalidValue

Resource = dict[str, Any]
SERVICE = "urn:luoshi:cn:code:service"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_SEX = {"1": "male", "2": "female", "0": "unknown", "9": "unknown"}
_SEX |= {"M": "male", "F": "female", "O": "other", "U": "unknown", "A": "other"}
_SEX |= {"男": "male", "女": "female", "男性": "male", "女性": "female"}
_STAMP = re.compile(r"(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.\d+)?)?)?)?)?)?([+-]\d{4})?")
_ID = re.compile(r"[^A-Za-z0-9\-.]")


@dataclass(slots=True)
class Translated:
    """A message or document as FHIR. `kinds`: what it is called in declared feeds. `document`: ids that begin with it
    and a dot belong to this document alone: what its next `version` does not hold is gone. `notes`: what was not
    understood, in words; the original, where it is kept, has it."""

    bundle: Resource
    kinds: Counter[str] = field(default_factory=Counter)
    document: str = ""
    version: int = 0
    notes: list[str] = field(default_factory=list)


def stable_id(prefix: str, *parts: str) -> str:
    """An id of 64 characters at most, the same for the same parts."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()
    return f"{prefix}{digest}"


def organization(code: str) -> Resource | None:
    """A reference to an institution by its code, or None where there is none."""
    text = _ID.sub("", code.strip())[:64]
    return {"reference": f"Organization/{text}"} if text else None


def transaction(resources: Iterable[Resource]) -> Resource:
    """A transaction Bundle that puts these resources."""
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in resources
        ],
    }


def without_empty(value: Any) -> Any:
    """A copy without None, empty texts, arrays and objects: FHIR allows none of them."""
    if isinstance(value, dict):
        kept = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, "", [], {})}
    if isinstance(value, list):
        return [item for item in (without_empty(item) for item in value) if item not in (None, "", [], {})]
    return value


def moment(text: str, *, where: str = "") -> str:
    """A time of HL7 (`20251103`, `202511031530`, `20251103153000+0800`) or ISO as a FHIR dateTime in Chinese time; a
    day stays a day. "" for "". Raises `InvalidValue` for what is no time or does not exist."""
    value = text.strip()
    if not value:
        return ""
    found = _STAMP.fullmatch(value)
    try:
        if found is None:
            return _iso(value)
        year, month, day, hour, minute, second, zone = found.groups()
        if day is None:
            if month is not None:
                date(int(year), int(month), 1)
            return f"{year}-{month}" if month else year
        if hour is None or (hour == "00" and minute is None):
            return date(int(year), int(month), int(day)).isoformat()
        at = datetime(int(year), int(month), int(day), int(hour), int(minute or 0), int(second or 0))  # noqa: DTZ001
        return f"{at.isoformat()}{zone[:3] + ':' + zone[3:] if zone else '+08:00'}"
    except ValueError:
        raise InvalidValue("there is no such time.", where=where, todo="Write 20251103 or 20251103153000.") from None


_PLAIN = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:T(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


def _iso(value: str) -> str:
    text = value.replace("/", "-").replace(" ", "T")
    found = _PLAIN.fullmatch(text)
    if found is None:
        at = datetime.fromisoformat(text)
        return f"{at.replace(tzinfo=None).isoformat(timespec='seconds')}+08:00" if at.tzinfo is None else at.isoformat()
    year, month, day_, hour, minute, second = (int(part) if part else 0 for part in found.groups())
    if found[4] is None:
        return date(year, month, day_).isoformat()
    return f"{datetime(year, month, day_, hour, minute, second).isoformat()}+08:00"  # noqa: DTZ001


def day(text: str, *, where: str = "") -> str:
    """The day of a time as `moment` reads it."""
    return moment(text, where=where)[:10]


def instant(text: str, *, where: str = "") -> str:
    """As `moment`, for elements that must be exact to the second: a day becomes its beginning; "" for less."""
    value = moment(text, where=where)
    return value if len(value) > 10 else f"{value}T00:00:00+08:00" if len(value) == 10 else ""


def sex(code: str) -> str:
    """The administrative gender of a code of GB/T 2261.1, of HL7 table 0001, or in Chinese; "" for none or others."""
    return _SEX.get(code.strip().upper(), "")


def number(text: str) -> float | int | None:
    """A decimal number, or None."""
    value = text.strip()
    if not re.fullmatch(r"-?(?:\d{1,18})(?:\.\d{1,18})?", value):
        return None
    return float(value) if "." in value else int(value)


def quantity(text: str, unit: str) -> Resource | None:
    """A Quantity of a number with the unit as it was written, or None for no number."""
    value = number(text)
    return None if value is None else without_empty({"value": value, "unit": unit.strip()})


def concept(code: str, system: str, display: str = "", text: str = "") -> Resource | None:
    """A CodeableConcept, or None for nothing."""
    coding = {"system": system, "code": code.strip(), "display": display.strip()} if code.strip() else {}
    found = without_empty({"coding": [coding], "text": (text or display).strip()})
    return found or None


def narrative(*paragraphs: str) -> Resource:
    """Plain text as the XHTML FHIR asks for."""
    inside = "".join(f"<p>{html.escape(_printable(p), quote=False)}</p>" for p in paragraphs if p)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'}


def _printable(text: str) -> str:
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text)
