"""The structure of FHIR R4 as data: types, their elements, cardinalities, choices, bindings and reference targets.

Read from `catalog/codes/r4/structure.json` and `codes.json` (see the README there for their source). Inherited elements
are folded in, so a `Type` is complete by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from luoshi.catalog.loader import CATALOG
from luoshi.records.structure_primitives import PRIMITIVES

FOLDER = CATALOG / "codes" / "r4"
_QUANTITIES = {"SimpleQuantity", "MoneyQuantity"}
_LINE = re.compile(r"(?P<min>\d+)\.\.(?P<max>\d+|\*) (?P<types>\S+)(?: =(?P<value_set>\S+))?")
_TYPE = re.compile(r"(?P<name>[^(|]+)(?:\((?P<targets>[^)]+)\))?(?:\||$)")


@dataclass(frozen=True, slots=True)
class TypeRef:
    """One type an element may have; `targets` are the allowed targets of a Reference (empty: any)."""

    name: str
    targets: tuple[str, ...] = ()

    @property
    def primitive(self) -> bool:
        """A JSON string, number or boolean, with a sibling `_name` for its id and extensions."""
        return self.name in PRIMITIVES

    @property
    def suffix(self) -> str:
        """What the type adds to the name of a choice: `Quantity` in `valueQuantity`."""
        name = "Quantity" if self.name in _QUANTITIES else self.name
        return name[0].upper() + name[1:]


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type. `name` of a choice ends in `[x]`; `value_set` names a required binding."""

    name: str
    minimum: int
    many: bool
    types: tuple[TypeRef, ...]
    value_set: str = ""

    @property
    def choice(self) -> bool:
        """Several types, told apart by the name of the JSON property."""
        return self.name.endswith("[x]")

    @property
    def properties(self) -> tuple[tuple[str, TypeRef], ...]:
        """The JSON properties that may carry it (without the `_` siblings), each with its type."""
        if not self.choice:
            return ((self.name, self.types[0]),)
        return tuple((self.name[:-3] + ref.suffix, ref) for ref in self.types)


@dataclass(frozen=True, slots=True)
class Type:
    """A resource, a data type, or an element with elements of its own (`Observation.component`)."""

    name: str
    kind: str
    base: str
    abstract: bool
    elements: dict[str, Element]
    properties: dict[str, tuple[Element, TypeRef]]


@cache
def types() -> dict[str, Type]:
    """Every type of R4 by name, complete with what it inherits."""
    table: dict[str, Any] = orjson.loads((FOLDER / "structure.json").read_bytes())
    for name in _QUANTITIES:
        table[name] = {"base": "Quantity", "kind": "complex-type", "elements": {}}
    made: dict[str, Type] = {}

    def make(name: str) -> Type:
        if name in made:
            return made[name]
        entry = table[name]
        elements = dict(make(entry["base"]).elements) if entry["base"] else {}
        elements.update({leaf: _element(leaf, text) for leaf, text in entry["elements"].items()})
        properties = {prop: (element, ref) for element in elements.values() for prop, ref in element.properties}
        made[name] = Type(name, entry["kind"], entry["base"], entry.get("abstract", False), elements, properties)
        return made[name]

    for name in table:
        make(name)
    return made


@cache
def resource_types() -> tuple[str, ...]:
    """Names of the resource types one can send, in order."""
    return tuple(sorted(t.name for t in types().values() if t.kind == "resource" and not t.abstract))


@cache
def value_sets() -> dict[str, dict[str, list[str]]]:
    """Codes of the required bindings: value set -> code system -> codes."""
    sets: dict[str, dict[str, list[str]]] = orjson.loads((FOLDER / "codes.json").read_bytes())
    return sets


def ancestors(name: str) -> list[str]:
    """The type itself and the types it builds on, nearest first."""
    chain = []
    while name:
        chain.append(name)
        name = types()[name].base
    return chain


def _element(name: str, text: str) -> Element:
    match = _LINE.fullmatch(text)
    if match is None:
        raise ValueError(f"structure.json: cannot read the element {name!r}")
    kinds = match["types"]
    refs: tuple[TypeRef, ...]
    if kinds.startswith("@"):
        refs = (TypeRef(kinds[1:]),)
    else:
        refs = tuple(
            TypeRef(m["name"], tuple(m["targets"].split(",")) if m["targets"] else ()) for m in _TYPE.finditer(kinds)
        )
    return Element(name, int(match["min"]), match["max"] != "1", refs, match["value_set"] or "")
