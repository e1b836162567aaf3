"""`catalog/doors/cda.yaml` as a checked model."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import Field

from luoshi.catalog.loader import CATALOG, Entry, read_entry

FILE = CATALOG / "doors" / "cda.yaml"
Role = Literal[
    "text",
    "allergy-flag",
    "allergy",
    "diagnosis-code",
    "diagnosis-name",
    "diagnosis-day",
    "tcm-code",
    "tcm-name",
    "item",
    "item-name",
    "item-value",
    "item-unit",
    "item-flag",
    "specimen",
    "conclusion",
    "finding",
    "report-type",
    "admitted",
    "discharged",
    "procedure-name",
    "first-visit",
    "medicine-strength",
    "medicine-frequency",
    "medicine-total",
    "prescription-days",
    "prescription-group",
]


class Identifier(Entry):
    """What a root of identifiers numbers: people of the whole region, or something of the sender's."""

    person: str = ""
    local: str = ""


class Kind(Entry):
    """A kind of document. `class_`, `service`: of the Encounter it makes; `report`: of the DiagnosticReport; `visit`:
    which local number names the visit."""

    template: str
    code: str
    title: str
    visit: str
    class_: str = Field("", alias="class")
    service: str = ""
    report: str = ""


class Meaning(Entry):
    """What an element is."""

    role: Role
    title: str = ""
    confidence: str = ""


class ByName(Entry):
    """An element with these words in its name plays another role."""

    element: str
    says: str
    role: Role


class Mapping(Entry):
    """The whole file."""

    source: str
    confidence: str
    reviewed: dict[str, str | None]
    empty: tuple[str, ...]
    identifiers: dict[str, Identifier]
    institution: tuple[str, ...]
    systems: dict[str, str]
    kinds: dict[str, Kind]
    elements: dict[str, Meaning]
    by_name: tuple[ByName, ...]
    diagnosis_use: dict[str, str]
    flags: dict[str, str]

    def system(self, oid: str) -> str:
        """The system a code system (OID) becomes; the longest known beginning counts, else `urn:oid:` itself."""
        known = [root for root in self.systems if oid == root or oid.startswith(f"{root}.")]
        return self.systems[max(known, key=len)] if known else f"urn:oid:{oid}" if oid else ""

    def meaning(self, code: str, name: str) -> Meaning | None:
        """What an element of this code and name is, or None."""
        for rule in self.by_name:
            if rule.element == code and rule.says in name:
                return Meaning(role=rule.role)
        return self.elements.get(code)


@cache
def mapping() -> Mapping:
    """The catalogue's mapping. Raises `CatalogError` where the file is wrong."""
    return read_entry(FILE, Mapping)
