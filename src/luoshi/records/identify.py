"""Who is this? Deterministic rules from a Patient resource to a person, pure: what is known comes in, a decision goes out.

1. The same Patient id from the same source is the same person.
2. An identifier of a system that numbers people uniquely (`SYSTEMS`), correct by its own rules, belongs to one person.
   A 15-digit resident ID counts as the 18-digit one it was upgraded to.
3. An identifier that contradicts the Patient it stands on (a child carrying the ID of a parent: another birth year or
   sex than the number says) identifies nobody; it is kept and flagged.
4. What points to two people, or moves from one to another, is never decided here: the record stays with the person it
   had (or with the one the strongest identifier names) and a review says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.identifiers import check_resident_id, resident_id_birth_date, resident_id_sex
from luoshi.records.profile_cn import DIVISION, RECORD_NUMBER, RESIDENT_ID

PASSPORT = "urn:luoshi:cn:id:passport"
HONGKONG_MACAO_PERMIT = "urn:luoshi:cn:id:hmt-permit"
TAIWAN_PERMIT = "urn:luoshi:cn:id:tw-permit"
FOREIGN_PERMANENT_RESIDENT = "urn:luoshi:cn:id:foreign-permanent"
BIRTH_CERTIFICATE = "urn:luoshi:cn:id:birth-certificate"


def _shape(pattern: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        value = re.sub(r"[\s\-]", "", text).upper()
        if not compiled.fullmatch(value):
            raise InvalidValue("The identifier does not have the shape of its kind.")
        return value

    return check


# Systems that number people uniquely, strongest first, each with what normalises and checks a value.
SYSTEMS: dict[str, Callable[[str], str]] = {
    RESIDENT_ID: check_resident_id,
    FOREIGN_PERMANENT_RESIDENT: _shape(r"9\d{16}[\dX]|[A-Z]{3}\d{12}"),
    HONGKONG_MACAO_PERMIT: _shape(r"[HM]\d{8}(?:\d{2})?"),
    TAIWAN_PERMIT: _shape(r"\d{8}(?:\d{2}[A-Z0-9]?)?"),
    PASSPORT: _shape(r"[A-Z0-9]{6,12}"),
    BIRTH_CERTIFICATE: _shape(r"[A-Z]\d{9}"),
    RECORD_NUMBER: _shape(r"\d{17}"),
}

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a Patient resource matters for identity and scope.

    `keys`: usable identifiers (system, normalised value), strongest first. `doubts`: kinds of doubt met on the way
    (`checksum`, `borrowed`). `division`, `institution`: codes of where they live and who manages them, or "". `name`:
    their official name as one text, or "".
    """

    keys: tuple[Key, ...]
    doubts: tuple[str, ...]
    division: str
    institution: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """`person`: the number of a known person, or None for a new one. `conflicts`: people the record also points to.
    `claim`: identifiers to note as this person's from now on."""

    person: int | None
    conflicts: tuple[int, ...]
    claim: tuple[Key, ...]


def facts(patient: dict[str, Any]) -> Facts:
    """Identity facts of a valid Patient resource."""
    keys: list[Key] = []
    doubts: list[str] = []
    for identifier in patient.get("identifier", ()):
        system, value = identifier.get("system"), identifier.get("value")
        check = SYSTEMS.get(system) if isinstance(system, str) else None
        if check is None or not isinstance(value, str):
            continue
        try:
            normal = check(value)
        except InvalidValue:
            doubts.append("checksum")
            continue
        if system == RESIDENT_ID and _contradicts(patient, normal):
            doubts.append("borrowed")
        elif (system, normal) not in keys:
            keys.append((system, normal))
    order = list(SYSTEMS)
    keys.sort(key=lambda key: order.index(key[0]))
    return Facts(tuple(keys), tuple(dict.fromkeys(doubts)), _division(patient), _institution(patient), name_of(patient))


def name_of(patient: dict[str, Any]) -> str:
    """The official name of a Patient resource (the first one where none is called official) as one text, or ""."""
    names = [name for name in patient.get("name") or () if isinstance(name, dict)]
    name = next((n for n in names if n.get("use") == "official"), names[0] if names else {})
    return str(name.get("text") or "".join([name.get("family", ""), *name.get("given", [])]))


def _contradicts(patient: dict[str, Any], resident_id: str) -> bool:
    """Another birth year or another sex than the number says: somebody else's number."""
    born = patient.get("birthDate")
    if isinstance(born, str) and born[:4] != f"{resident_id_birth_date(resident_id).year:04}":
        return True
    sex = patient.get("gender")
    return sex in ("male", "female") and sex != resident_id_sex(resident_id)


def _division(patient: dict[str, Any]) -> str:
    for address in patient.get("address", ())[:1]:
        for extension in address.get("extension", ()):
            if extension.get("url") == DIVISION:
                return str(extension.get("valueCode", ""))
    return ""


def _institution(patient: dict[str, Any]) -> str:
    reference = patient.get("managingOrganization", {}).get("reference", "")
    return str(reference).rpartition("/")[2] if "Organization/" in str(reference) else ""


def decide(found: Facts, *, known_as: int | None, owners: Mapping[Key, int]) -> Decision:
    """Which person a Patient is.

    `known_as`: the person this Patient id of this source already is, if any. `owners`: who is known by which of the
    identifiers. See the rules at the top of the module.
    """
    owned = [owners[key] for key in found.keys if key in owners]
    person = known_as if known_as is not None else (owned[0] if owned else None)
    conflicts = tuple(sorted({other for other in owned if other != person}))
    claim = tuple(key for key in found.keys if key not in owners)
    return Decision(person, conflicts, claim)
