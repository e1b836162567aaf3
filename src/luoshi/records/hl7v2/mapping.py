"""`catalog/doors/hl7v2.yaml` as a checked model."""

from __future__ import annotations

from functools import cache

from pydantic import Field

from luoshi.catalog.loader import CATALOG, Entry, read_entry

FILE = CATALOG / "doors" / "hl7v2.yaml"


class Event(Entry):
    """A trigger event: the status of its Encounter ("": none), and whether it merges two numbers."""

    name: str
    visit: str = ""
    merge: bool = False


class Class(Entry):
    """A patient class as FHIR and the record guide say it."""

    class_: str = Field(alias="class")
    service: str


class Mapping(Entry):
    """The whole file."""

    source: str
    confidence: str
    reviewed: dict[str, str | None]
    identity_types: dict[str, str]
    resident_in_ssn: bool
    charsets: dict[str, str]
    events: dict[str, Event]
    classes: dict[str, Class]
    observation_status: dict[str, str]
    report_status: dict[str, str]
    systems: dict[str, str]
    sections: tuple[str, ...]
    flags: tuple[str, ...]

    def system(self, name: str) -> str:
        """The system a name of table 0396 becomes, or "" for one that is not known."""
        return self.systems.get(name.strip().upper(), "")


@cache
def mapping() -> Mapping:
    """The catalogue's mapping. Raises `CatalogError` where the file is wrong."""
    return read_entry(FILE, Mapping)
