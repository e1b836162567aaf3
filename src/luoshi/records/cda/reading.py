"""The header and the statements of a document, as plain values, before they become FHIR."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from luoshi.records.cda.mapping import Kind, Mapping, Meaning
from luoshi.records.cda.parsing import NAMESPACE, Element, attribute, every, kind_of_value, one, text_of

_SECTION = f"{{{NAMESPACE}}}section"
_OBSERVATION = f"{{{NAMESPACE}}}observation"


@dataclass(slots=True)
class Header:
    """Who, where, when. Identifiers are (system or local name, value). `visit`: the number of the visit."""

    kind_name: str
    kind: Kind
    document: tuple[str, str]
    set: str
    title: str
    written: str
    version: int = 0
    persons: list[tuple[str, str]] = field(default_factory=list)
    locals: dict[str, str] = field(default_factory=dict)
    name: str = ""
    sex: str = ""
    born: str = ""
    phone: str = ""
    address: str = ""
    author: str = ""
    institution: str = ""
    institution_name: str = ""
    start: str = ""
    end: str = ""
    replaces: tuple[str, str] | None = None

    @property
    def visit(self) -> str:
        """The number of the visit, or ""."""
        return self.locals.get(self.kind.visit, "")


@dataclass(slots=True)
class Statement:
    """One coded statement with what it says. `section`: LOINC code of its section. `group`: statements of one entry, or
    of one organizer, share it."""

    code: str
    name: str
    section: str
    group: int
    meaning: Meaning | None
    value: str = ""
    value_code: str = ""
    value_system: str = ""
    unit: str = ""
    start: str = ""
    end: str = ""


def header(root: Element, mapping: Mapping, kind_name: str, kind: Kind) -> Header:
    """The header of a document of a known kind."""
    id_ = one(root, "id")
    found = Header(
        kind_name,
        kind,
        (attribute(id_, "root"), attribute(id_, "extension")),
        attribute(one(root, "setId"), "extension") or attribute(one(root, "setId"), "root"),
        text_of(one(root, "title")) or kind.title,
        attribute(one(root, "effectiveTime"), "value"),
    )
    version = attribute(one(root, "versionNumber"), "value")
    found.version = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else 0
    role = one(root, "recordTarget/patientRole")
    patient = one(role, "patient")
    for element in [*every(role, "id"), *every(patient, "id")]:
        _identifier(element, found, mapping)
    found.name = _real(text_of(one(patient, "name")), mapping)
    sex = one(patient, "administrativeGenderCode")
    found.sex = _real(attribute(sex, "code"), mapping) or _real(attribute(sex, "displayName"), mapping)
    found.born = _real(attribute(one(patient, "birthTime"), "value"), mapping)
    found.phone = _real(attribute(one(role, "telecom"), "value").removeprefix("tel:"), mapping)
    parts = [text_of(one(one(role, "addr"), part)) for part in _ADDRESS]
    found.address = "".join(part for part in parts if _real(part, mapping)) or _real(
        text_of(one(role, "addr")), mapping
    )
    found.author = _real(text_of(one(root, "author/assignedAuthor/assignedPerson/name")), mapping)
    _place(root, found, mapping)
    stay = one(root, "componentOf/encompassingEncounter")
    for number in every(stay, "id"):
        _identifier(number, found, mapping)
    found.start, found.end = _times(stay, mapping)
    if not found.start:
        found.start = _real(attribute(one(root, "author/time"), "value"), mapping)
    parent = one(root, "relatedDocument/parentDocument/id")
    if _real(attribute(parent, "extension"), mapping):
        found.replaces = (attribute(parent, "root"), attribute(parent, "extension"))
    return found


_ADDRESS = ("state", "city", "county", "township", "streetName", "houseNumber")


def _identifier(element: Element, found: Header, mapping: Mapping) -> None:
    known = mapping.identifiers.get(attribute(element, "root"))
    value = _real(attribute(element, "extension"), mapping)
    if known is None or not value:
        return
    if known.person:
        found.persons.append((known.person, value))
    else:
        found.locals.setdefault(known.local, value)


def _place(root: Element, found: Header, mapping: Mapping) -> None:
    """The institution: the keeper of the document, else the one that treats the patient."""
    custodian = one(root, "custodian/assignedCustodian/representedCustodianOrganization")
    provider = one(root, "recordTarget/patientRole/providerOrganization")
    whole = one(provider, "asOrganizationPartOf/wholeOrganization")
    for organization in (custodian, whole, provider):
        id_ = one(organization, "id")
        code = _real(attribute(id_, "extension"), mapping)
        if code and attribute(id_, "root") in mapping.institution:
            found.institution, found.institution_name = code, _real(text_of(one(organization, "name")), mapping)
            return


def statements(root: Element, mapping: Mapping) -> Iterator[Statement]:
    """Every coded observation of the body, in order, with its group."""
    group = 0
    for section in root.iter(_SECTION):
        loinc = attribute(one(section, "code"), "code")
        for entry in every(section, "entry"):
            group += 1
            for element in entry.iter(_OBSERVATION):
                made = _statement(element, loinc, group, mapping)
                if made is not None:
                    yield made


def entries(root: Element, name: str) -> Iterator[tuple[Element, str]]:
    """Statements of that name (`substanceAdministration`, `procedure`) with the LOINC code of their section."""
    for section in root.iter(_SECTION):
        for element in section.iter(f"{{{NAMESPACE}}}{name}"):
            yield element, attribute(one(section, "code"), "code")


def inside(element: Element, mapping: Mapping) -> list[Statement]:
    """The observations below a statement."""
    made = (_statement(e, "", 0, mapping) for e in element.iter(_OBSERVATION))
    return [statement for statement in made if statement is not None]


def _statement(element: Element, section: str, group: int, mapping: Mapping) -> Statement | None:
    coded = one(element, "code")
    code, name = attribute(coded, "code"), attribute(coded, "displayName")
    if not code:
        return None
    made = Statement(code, name, section, group, mapping.meaning(code, name))
    made.start, made.end = _times(element, mapping)
    value = one(element, "value")
    if value is not None:
        kind = kind_of_value(value)
        if kind in ("CD", "CE", "CV", "CS", "CO"):
            made.value_code = _real(attribute(value, "code"), mapping)
            made.value_system = attribute(value, "codeSystem")
            made.value = _real(attribute(value, "displayName"), mapping) or _real(text_of(value), mapping)
        else:
            made.value = _real(attribute(value, "value"), mapping) or _real(text_of(value), mapping)
            made.unit = _real(attribute(value, "unit"), mapping)
    return made


def _times(element: Element | None, mapping: Mapping) -> tuple[str, str]:
    at = one(element, "effectiveTime")
    whole = _real(attribute(at, "value"), mapping)
    low = _real(attribute(one(at, "low"), "value"), mapping)
    return whole or low, _real(attribute(one(at, "high"), "value"), mapping)


def _real(text: str, mapping: Mapping) -> str:
    """The text, or "" where it is written for nothing."""
    return "" if text.strip() in mapping.empty else text.strip()
