"""XML from strangers: no entities, no document types, no network, bounded size and depth."""

from __future__ import annotations

from typing import Any

from lxml import etree

from luoshi.kernel.errors import UnreadableFile

LARGEST = 20 << 20
NAMESPACE = "urn:hl7-org:v3"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"
Element = Any


def parse(data: bytes, *, where: str = "") -> Element:
    """The root of a CDA document. Raises `UnreadableFile` for what is no XML, no CDA, too large, or brings a document
    type or entities along (which a CDA never needs, and which can be made to blow up)."""
    if not data.strip():
        raise UnreadableFile("the document is empty.", where=where)
    if len(data) > LARGEST:
        raise UnreadableFile(
            f"the document has {len(data):,} bytes; at most {LARGEST:,} are read.",
            where=where,
            todo="Send pictures apart from the document.",
        )
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise UnreadableFile("the document brings a document type along.", where=where, todo="Leave DOCTYPE out.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None)
        raise UnreadableFile(
            f"the document is no XML{f' (line {line})' if line else ''}.",
            where=where,
            todo="Check that it is whole and in the encoding its first line names.",
        ) from None
    if root.getroottree().docinfo.doctype:
        raise UnreadableFile("the document brings a document type along.", where=where, todo="Leave DOCTYPE out.")
    if root.tag != f"{{{NAMESPACE}}}ClinicalDocument":
        raise UnreadableFile("the document is no CDA: its root is not ClinicalDocument of urn:hl7-org:v3.", where=where)
    return root


def one(element: Element | None, path: str) -> Element | None:
    """The first element below at a path of names (`recordTarget/patientRole`), or None."""
    for name in path.split("/"):
        if element is None:
            return None
        element = element.find(f"{{{NAMESPACE}}}{name}")
    return element


def every(element: Element | None, path: str) -> list[Element]:
    """All elements below at a path of names."""
    if element is None:
        return []
    found: list[Element] = element.findall("/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/")))
    return found


def text_of(element: Element | None) -> str:
    """All text inside, with single blanks."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def attribute(element: Element | None, name: str) -> str:
    """An attribute, or ""."""
    return "" if element is None else str(element.get(name, "")).strip()


def kind_of_value(element: Element) -> str:
    """The `xsi:type` of a value without prefix: ST, CD, PQ …"""
    return str(element.get(_XSI, "")).rpartition(":")[2]
