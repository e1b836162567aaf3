"""The structure of R4 compiled to strict JSON Schema and held by the Rust validator: the fast yes.

The schema never accepts what R4 refuses in one object (see `validate_whole` for what needs the whole resource), but it
refuses a few rare things that R4 allows: nulls that align an array with its `_` sibling, and a required primitive or a
lone id carried by the `_` sibling only. A refusal is therefore looked at again by `validate_explain`, which decides and
says why. Nested resources (contained, in a Bundle, in Parameters) are checked one by one by the caller.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema_rs

from luoshi.records.structure import Element, Type, TypeRef, resource_types, types, value_sets
from luoshi.records.structure_primitives import CURRENCIES, GREATEST_INT, LONGEST_TEXT, MIME_TYPE, PRIMITIVES
from luoshi.records.structure_rules import rules

Schema = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
_NESTED: Schema = {"type": "object", "required": ["resourceType"]}


class _WholeNumber:
    """Keyword `wholeNumber`: JSON Schema takes 1.0 for an integer, FHIR does not."""

    def __init__(self, parent: Any, value: Any, path: Any) -> None: ...

    def validate(self, instance: Any) -> None:
        """Raise for a number that was not written as an integer."""
        if type(instance) is not int:
            raise ValueError("not written as a whole number")


@cache
def validator(resource_type: str) -> Any:
    """The compiled validator of one resource type (`is_valid`, `iter_errors` on parsed JSON)."""
    return jsonschema_rs.validator_for(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$ref": f"#/$defs/{resource_type}",
            "$defs": _needed(resource_type),
        },
        pattern_options=jsonschema_rs.RegexOptions(),
        keywords={"wholeNumber": _WholeNumber},
        validate_formats=False,
    )


def _needed(root: str) -> Schema:
    """The definitions `root` reaches, so that a validator compiles no more than it uses."""
    everything, found, todo = definitions(), {}, [root]
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = everything[name]
            todo.extend(_refs(everything[name]))
    return found


def _refs(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for item in schema for name in _refs(item)]
    if isinstance(schema, dict):
        own = [schema["$ref"].removeprefix("#/$defs/")] if isinstance(schema.get("$ref"), str) else []
        return own + [name for value in schema.values() for name in _refs(value)]
    return []


@cache
def definitions() -> Schema:
    """`$defs` for all types, the primitives, and one definition per set of reference targets."""
    defs: Schema = {name: _primitive(name) for name in PRIMITIVES}
    defs["sibling"] = {
        "type": "object",
        "properties": {"id": _ref("string"), "extension": _array(_ref("Extension"))},
        "required": ["extension"],
        "additionalProperties": False,
    }
    for kind in types().values():
        if not kind.abstract:
            defs[kind.name] = _object(kind, defs)
    return defs


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _array(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}


def _primitive(name: str) -> Schema:
    kind = PRIMITIVES[name]
    if kind.json == "integer":
        return {"type": "integer", "minimum": kind.least, "maximum": GREATEST_INT, "wholeNumber": True}
    if kind.json == "string":
        return {"type": "string", "pattern": f"^(?:{kind.pattern})$"} if kind.pattern else _text()
    return {"type": kind.json}


def _text() -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}


def _object(kind: Type, defs: Schema) -> Schema:
    properties: Schema = {}
    required: list[str] = []
    also: list[Schema] = []
    for element in kind.elements.values():
        for name, ref in element.properties:
            value = _value(element, ref, defs)
            properties[name] = _array(value) if element.many else value
            if ref.primitive:
                properties["_" + name] = _array(_ref("sibling")) if element.many else _ref("sibling")
        if element.minimum and not element.choice:
            required.append(element.name)
        if element.choice:
            names = [(name, ref.primitive) for name, ref in element.properties]
            if element.minimum:
                also.append({"anyOf": [{"required": [name]} for name, _ in names]})
            if len(names) > 1 and kind.name != "Extension":
                also.append(_at_most_one(names))
    if kind.kind == "resource":
        properties["resourceType"] = {"const": kind.name}
        required.append("resourceType")
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        "minProperties": 1,
    }
    if "id" in properties and not required:  # ele-1: an id alone is no content
        also.append({"anyOf": [{"minProperties": 2}, {"not": {"required": ["id"]}}]})
    if kind.name == "Extension":
        also.append(_extension(kind))
    else:
        also.extend(rule.schema for rule in rules()[kind.name])
    if also:
        schema["allOf"] = also
    return schema


def _at_most_one(names: list[tuple[str, bool]]) -> Schema:
    """Of the properties of a choice, those of one type only."""
    dependent: Schema = {}
    for i, (name, primitive) in enumerate(names):
        later = {p: False for n, is_primitive in names[i + 1 :] for p in ((n, "_" + n) if is_primitive else (n,))}
        for key in (name, "_" + name) if primitive else (name,):
            if later:
                dependent[key] = {"properties": later}
    return {"dependentSchemas": dependent}


def _extension(kind: Type) -> Schema:
    """ext-1, with a short way for nearly all: url and one more property that is not the id."""
    names = [(name, ref.primitive) for name, ref in kind.elements["value[x]"].properties]
    short = {"minProperties": 2, "maxProperties": 2, "not": {"required": ["id"]}}
    (rule,) = rules()["Extension"]
    return {"anyOf": [short, {"allOf": [_at_most_one(names), rule.schema]}]}


def _value(element: Element, ref: TypeRef, defs: Schema) -> Schema:
    if element.value_set:
        return _bound(element.value_set, ref)
    if ref.name == "Reference" and ref.targets:
        name = "Reference-" + "-".join(ref.targets)
        if name not in defs:
            defs[name] = _reference(ref.targets)
        return _ref(name)
    if ref.name == "Reference":
        defs.setdefault("Reference-any", _reference(()))
        return _ref("Reference-any")
    return _NESTED if ref.name == "Resource" else _ref(ref.name)


def _bound(value_set: str, ref: TypeRef) -> Schema:
    """A required binding: on a code the list itself, on a CodeableConcept one coding of it (or an extension)."""
    if value_set == "mimetypes":
        return {"type": "string", "pattern": f"^(?:{MIME_TYPE})$"}
    if value_set == "currencies":
        return {"enum": sorted(CURRENCIES)}
    systems = value_sets().get(value_set)
    if ref.primitive:
        assert systems is not None
        return {"enum": sorted({code for codes in systems.values() for code in codes})}
    if systems is None:
        wanted: Schema = {"required": ["system", "code"], "properties": {"system": {"const": UCUM}}}
    else:
        wanted = {
            "anyOf": [
                {
                    "required": ["system", "code"],
                    "properties": {"system": {"const": system}, "code": {"enum": codes}},
                }
                for system, codes in systems.items()
            ]
        }
    coded: Schema = {"required": ["coding"], "properties": {"coding": {"contains": wanted}}}
    return {"allOf": [_ref(ref.name), {"anyOf": [coded, {"required": ["extension"]}]}]}


def reference_patterns(targets: tuple[str, ...]) -> tuple[str, str]:
    """Regular expressions of a reference that is surely right, and of one that names any R4 type.

    Right: `#…`, or `…Type/id` (with a version), or `Type?search` with an allowed type. A reference with a scheme that
    names no R4 type (`urn:uuid:…`, an outside address) can be neither proved nor refused: it passes.
    """
    return _typed(targets or resource_types()), _typed(resource_types())


def _typed(names: tuple[str, ...]) -> str:
    tail = r"(?:/[A-Za-z0-9\-\.]{1,64}(?:/_history/[A-Za-z0-9\-\.]{1,64})?(?:#[^ ]*)?|\?[^ ]*)"
    base = "(?:https?://[^ ?#]+/)?"
    return f"^{base}(?:{'|'.join(names)}){tail}$"


OUTSIDE = r"^(?:#.*|[A-Za-z][A-Za-z0-9+.\-]*:[^ ]+)$"


def _reference(targets: tuple[str, ...]) -> Schema:
    right, typed = reference_patterns(targets)
    outside: Schema = {"pattern": OUTSIDE}
    if targets:
        outside = {"allOf": [outside, {"not": {"pattern": typed}}]}
    properties: Schema = {
        "id": _ref("string"),
        "extension": _array(_ref("Extension")),
        "reference": {"type": "string", "anyOf": [{"pattern": right}, outside]},
        "type": _reference_type(targets),
        "identifier": _ref("Identifier"),
        "display": _text(),
    }
    for name in ("reference", "type", "display"):
        properties["_" + name] = _ref("sibling")
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "minProperties": 1,
        "allOf": [{"anyOf": [{"minProperties": 2}, {"not": {"required": ["id"]}}]}],
    }


def _reference_type(targets: tuple[str, ...]) -> Schema:
    """`Reference.type`: an R4 type must be one of the targets; an absolute address (a logical model) is let be."""
    uri = {"pattern": f"^(?:{PRIMITIVES['uri'].pattern})$"}
    if not targets:
        return {"type": "string", **uri}
    others = sorted(set(resource_types()) - set(targets))
    return {"type": "string", **uri, "not": {"enum": others}}
