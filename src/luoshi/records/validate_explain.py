"""Why a resource is refused: a walk over the object beside the structure table, one issue per fault with its path.

Slower than the compiled schema (some thousands a second) and therefore only used on what that refused. It also decides
the rare things the schema refuses though R4 allows them, and says so (`Finding.rare`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from luoshi.kernel.errors import nearest
from luoshi.records.structure import Element, Type, TypeRef, resource_types, types, value_sets
from luoshi.records.structure_primitives import CURRENCIES, GREATEST_INT, LONGEST_TEXT, MIME_TYPE, PRIMITIVES
from luoshi.records.structure_rules import rules
from luoshi.records.structure_schema import OUTSIDE, UCUM, reference_patterns

_JSON = {
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
    dict: "an object",
    list: "an array",
}
_WANTED = {"string": str, "boolean": bool, "integer": int, "number": float}


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding. `severity`: error, warning or information; `code`: an IssueType of FHIR; `path`: FHIRPath-like place.

    The text never repeats values of the record, which may be personal.
    """

    severity: str
    code: str
    path: str
    text: str

    def as_dict(self) -> dict[str, str]:
        """Plain form for JSON."""
        return {"severity": self.severity, "code": self.code, "path": self.path, "text": self.text}


@dataclass(slots=True)
class Finding:
    """What the walk found; `rare` when it met something the compiled schema refuses though R4 allows it."""

    issues: list[Issue] = field(default_factory=list)
    rare: bool = False

    def add(self, code: str, path: str, text: str) -> None:
        """Note one error."""
        self.issues.append(Issue("error", code, path, text))


def explain(resource: dict[str, Any], path: str) -> Finding:
    """Every fault of one resource against the structure, its bindings and its local invariants.

    `resource["resourceType"]` must be a known type. Resources inside it are not looked into.
    """
    finding = Finding()
    _object(resource, types()[resource["resourceType"]], path, finding)
    return finding


def _object(value: Any, kind: Type, path: str, finding: Finding) -> None:
    if not isinstance(value, dict):
        finding.add("structure", path, f"Must be an object ({kind.name}), not {_JSON.get(type(value), 'null')}.")
        return
    before = len(finding.issues)
    if not value:
        finding.add("structure", path, "An object must not be empty.")
        return
    present: dict[str, set[str]] = {}
    for key, content in value.items():
        if key == "resourceType" and kind.kind == "resource":
            continue
        name = key.removeprefix("_")
        known = kind.properties.get(name)
        if known is None or (name != key and not known[1].primitive):
            hint = nearest(key, kind.properties)
            finding.add("structure", f"{path}.{key}", f"{kind.name} has no such element. {hint}".rstrip())
            continue
        element, ref = known
        present.setdefault(element.name, set()).add(name)
        if name == key:
            _element(content, value.get("_" + name), element, ref, f"{path}.{key}", finding)
        else:
            _sibling(content, value.get(name), element, f"{path}.{key}", finding)
    _cardinality(value, kind, present, path, finding)
    if set(value) == {"id"}:
        finding.add("invariant", path, "ele-1: an id alone is no content.")
    if len(finding.issues) == before:
        for rule in rules()[kind.name]:
            if not rule.test(value):
                finding.add("invariant", path, f"{rule.key}: {rule.text}")


def _cardinality(value: dict[str, Any], kind: Type, present: dict[str, set[str]], path: str, finding: Finding) -> None:
    for element in kind.elements.values():
        names = present.get(element.name)
        if names is None:
            if element.minimum:
                finding.add("required", f"{path}.{element.name}", "This element is required.")
        elif len(names) > 1:
            finding.add("structure", f"{path}.{element.name}", "Only one type of a choice may be given.")
        elif element.minimum and not names & value.keys():
            finding.rare = True  # given by its sibling alone, for instance with a data-absent-reason


def _element(value: Any, sibling: Any, element: Element, ref: TypeRef, path: str, finding: Finding) -> None:
    if not element.many:
        _single(value, element, ref, path, finding)
        return
    if not isinstance(value, list):
        finding.add("structure", path, f"May repeat, so must be an array, not {_JSON.get(type(value), 'null')}.")
        return
    if not value:
        finding.add("structure", path, "An array must not be empty.")
    others = sibling if isinstance(sibling, list) else []
    for i, item in enumerate(value):
        if item is None and ref.primitive and i < len(others) and others[i] is not None:
            finding.rare = True
        else:
            _single(item, element, ref, f"{path}[{i}]", finding)


def _single(value: Any, element: Element, ref: TypeRef, path: str, finding: Finding) -> None:
    if value is None:
        finding.add("structure", path, "null is not a value; leave the element out.")
    elif ref.primitive:
        if _primitive(value, ref.name, path, finding) and element.value_set:
            _code(value, element.value_set, path, finding)
    elif ref.name == "Resource":
        if not isinstance(value, dict) or not value:
            finding.add("structure", path, "Must be a resource.")
    else:
        before = len(finding.issues)
        _object(value, types()[ref.name], path, finding)
        if len(finding.issues) > before:
            return
        if ref.name == "Reference":
            _reference(value, ref.targets, path, finding)
        if element.value_set and "extension" not in value:
            _concept(value, element.value_set, path, finding)


def _sibling(value: Any, primitive: Any, element: Element, path: str, finding: Finding) -> None:
    """The `_name` beside a primitive: its id and extensions, in an array aligned with the values where it repeats."""
    if not element.many:
        _extended(value, primitive, path, finding)
        return
    if not isinstance(value, list) or not value:
        finding.add("structure", path, "May repeat, so must be an array that is not empty.")
        return
    others = primitive if isinstance(primitive, list) else []
    for i, item in enumerate(value):
        other = others[i] if i < len(others) else None
        if item is None and other is not None:
            finding.rare = True
        else:
            _extended(item, other, f"{path}[{i}]", finding)


def _extended(value: Any, primitive: Any, path: str, finding: Finding) -> None:
    if isinstance(value, dict) and set(value) == {"id"} and primitive is not None:
        finding.rare = True
        _primitive(value["id"], "string", f"{path}.id", finding)
        return
    if value is None:
        finding.add("structure", path, "null is not a value; leave the element out.")
        return
    _object(value, types()["Element"], path, finding)


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _primitive(value: Any, name: str, path: str, finding: Finding) -> bool:
    kind = PRIMITIVES[name]
    wanted = _WANTED[kind.json]
    right = type(value) in (int, float) if wanted is float else type(value) is wanted
    if not right:
        given = _JSON.get(type(value), "null")
        words = "a whole number" if wanted is int else _JSON[wanted]
        finding.add("structure", path, f"{name} must be {words} in JSON, not {given}.")
    elif wanted is str and not value:
        finding.add("value", path, "A string must not be empty.")
        right = False
    elif wanted is str and not kind.pattern and len(value) > LONGEST_TEXT:
        finding.add("too-long", path, f"A {name} has at most {LONGEST_TEXT} characters.")
        right = False
    elif kind.pattern and not _regex(kind.pattern).fullmatch(value):
        finding.add("value", path, f"Not a valid {name}.")
        right = False
    elif kind.least is not None and not kind.least <= value <= GREATEST_INT:
        finding.add("value", path, f"{name} must be between {kind.least} and {GREATEST_INT}.")
        right = False
    return right


def _code(value: str, value_set: str, path: str, finding: Finding) -> None:
    if value_set == "mimetypes":
        if not _regex(MIME_TYPE).fullmatch(value):
            finding.add("code-invalid", path, "Not a MIME type.")
        return
    if value_set == "currencies":
        if value not in CURRENCIES:
            finding.add("code-invalid", path, "Not a currency code of ISO 4217.")
        return
    allowed = [code for codes in value_sets()[value_set].values() for code in codes]
    if value not in allowed:
        listed = ", ".join(sorted(allowed)[:20]) + (", …" if len(allowed) > 20 else "")
        finding.add("code-invalid", path, f"Not a code of the required value set {value_set} ({listed}).")


def _concept(value: dict[str, Any], value_set: str, path: str, finding: Finding) -> None:
    systems = value_sets().get(value_set, {UCUM: []})
    for coding in value.get("coding", ()):
        codes = systems.get(coding.get("system"))
        if codes is not None and "code" in coding and (not codes or coding["code"] in codes):
            return
    finding.add("code-invalid", path, f"Needs a coding (system and code) of the required value set {value_set}.")


@cache
def _patterns(targets: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    right, typed = reference_patterns(targets)
    return re.compile(right), re.compile(typed)


def _reference(value: dict[str, Any], targets: tuple[str, ...], path: str, finding: Finding) -> None:
    to, kind = value.get("reference"), value.get("type")
    allowed = f"allowed: {', '.join(targets)}" if targets else "any resource type of R4"
    if isinstance(to, str):
        right, typed = _patterns(targets)
        if not right.search(to):
            if typed.search(to):
                finding.add("value", f"{path}.reference", f"Refers to a type that is not allowed here ({allowed}).")
            elif not _regex(OUTSIDE).search(to):
                finding.add("value", f"{path}.reference", f"Not of the form Type/id with a type of R4 ({allowed}).")
    if targets and kind in resource_types() and kind not in targets:
        finding.add("value", f"{path}.type", f"A type that is not allowed here ({allowed}).")


def references(value: dict[str, Any], kind: Type, path: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every literal reference below an object: path, reference, allowed targets (empty: any)."""
    for key, content in value.items():
        known = kind.properties.get(key)
        if known is None or known[1].primitive or known[1].name == "Resource":
            continue
        ref = known[1]
        for i, item in enumerate(content if isinstance(content, list) else [content]):
            if not isinstance(item, dict):
                continue
            place = f"{path}.{key}[{i}]" if known[0].many else f"{path}.{key}"
            if ref.name == "Reference" and isinstance(item.get("reference"), str):
                yield f"{place}.reference", item["reference"], ref.targets
            else:
                yield from references(item, types()[ref.name], place)
