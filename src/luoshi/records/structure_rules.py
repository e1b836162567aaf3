"""A small language for invariants, with two readings: a JSON Schema (fast) and a Python test (for explaining).

The invariants of R4 (`catalog/codes/r4/invariants.yaml`) are written in it. An expression has Python's syntax and is
read with `ast`, never evaluated:

| form | holds when |
|---|---|
| `name`, `value_x`, `assert_` | the element (the choice `value[x]`; a name that is a Python keyword) is present |
| `a and b`, `a or b`, `not a`, `implies(a, b)`, `xor(a, b)` | as in logic |
| `status == 'x'`, `!=`, `in ('x', 'y')`, `== True` | the primitive has that value; an absent one has none |
| `value > 0`, `>=`, `<`, `<=` | the number is so, or absent |
| `count(a, b, c) == 1`, `<= 1` | so many of the elements are present |
| `items(a) >= 2`, `<= 1` | the array has so many items (absent: none) |
| `some(a, test)`, `every(a, test)` | some item, every item of the element fulfils the test (on the item's own elements) |
| `some(a, 'x', 'y')` | some item of a primitive array is one of these |
| `coding(a, system, code, …)` | the CodeableConcept has a coding of that system with one of these codes |
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from luoshi.catalog.loader import read_yaml
from luoshi.records.structure import FOLDER, Type, ancestors, types

Schema = dict[str, Any]
Test = Callable[[dict[str, Any]], bool]

_COMPARE: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], bool]]] = {
    ast.Gt: ("exclusiveMinimum", operator.gt),
    ast.GtE: ("minimum", operator.ge),
    ast.Lt: ("exclusiveMaximum", operator.lt),
    ast.LtE: ("maximum", operator.le),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """An invariant of one type: key, sentence, and its two readings."""

    key: str
    at: str
    text: str
    schema: Schema
    test: Test


@cache
def rules() -> dict[str, tuple[Rule, ...]]:
    """Invariants by type; a type has those of the types it builds on too."""
    own: dict[str, list[Rule]] = {}
    for entry in read_yaml(FOLDER / "invariants.yaml"):
        schema, test = compile_rule(entry["rule"], types()[entry["at"]])
        own.setdefault(entry["at"], []).append(Rule(entry["key"], entry["at"], entry["text"], schema, test))
    return {name: tuple(rule for a in ancestors(name) for rule in own.get(a, ())) for name in types()}


def compile_rule(text: str, owner: Type) -> tuple[Schema, Test]:
    """Both readings of an expression about objects of type `owner`. Raises `ValueError` for what is not understood."""
    return _read(ast.parse(text, mode="eval").body, owner)


def _read(node: ast.expr, owner: Type) -> tuple[Schema, Test]:
    match node:
        case ast.Name(id=name):
            return _present(name, owner)
        case ast.BoolOp(op=op, values=values):
            parts = [_read(value, owner) for value in values]
            tests = [test for _, test in parts]
            if isinstance(op, ast.And):
                return {"allOf": [schema for schema, _ in parts]}, lambda o: all(test(o) for test in tests)
            return {"anyOf": [schema for schema, _ in parts]}, lambda o: any(test(o) for test in tests)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _negation(*_read(operand, owner))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _comparison(left, op, right, owner)
        case ast.Call(func=ast.Name(id=function), args=args):
            return _call(function, args, owner)
    raise ValueError(f"{owner.name}: cannot read {ast.unparse(node)!r}")


def _negation(schema: Schema, test: Test) -> tuple[Schema, Test]:
    return {"not": schema}, lambda o: not test(o)


def _names(name: str, owner: Type) -> tuple[str, ...]:
    """JSON properties whose presence makes the element present."""
    name = name.removesuffix("_")
    if name.endswith("_x") and name[:-2] + "[x]" in owner.elements:
        pairs = owner.elements[name[:-2] + "[x]"].properties
    else:
        pairs = ((name, owner.properties[name][1]),)
    return tuple(p for prop, ref in pairs for p in ((prop, "_" + prop) if ref.primitive else (prop,)))


def _present(name: str, owner: Type) -> tuple[Schema, Test]:
    names = _names(name, owner)
    if len(names) == 1:
        only = names[0]
        return {"required": [only]}, lambda o: only in o
    known = frozenset(names)
    return {"anyOf": [{"required": [n]} for n in names]}, lambda o: not known.isdisjoint(o)


def _comparison(left: ast.expr, op: ast.cmpop, right: ast.expr, owner: Type) -> tuple[Schema, Test]:
    value = ast.literal_eval(right)
    if isinstance(left, ast.Call) and isinstance(left.func, ast.Name):
        names = [arg.id for arg in left.args if isinstance(arg, ast.Name)]
        return _amount(left.func.id, names, op, value, owner)
    if not isinstance(left, ast.Name):
        raise ValueError(f"{owner.name}: cannot compare {ast.unparse(left)!r}")
    name = left.id.removesuffix("_")
    if name not in owner.properties:
        raise ValueError(f"{owner.name} has no element {name!r}")
    if isinstance(op, ast.Eq | ast.NotEq | ast.In):
        allowed = list(value) if isinstance(op, ast.In) else [value]
        schema: Schema = {"required": [name], "properties": {name: {"enum": allowed}}}
        result = schema, (lambda o: o.get(name) in allowed)
        return _negation(*result) if isinstance(op, ast.NotEq) else result
    keyword, compare = _COMPARE[type(op)]

    def test(o: dict[str, Any]) -> bool:
        return not isinstance(o.get(name), int | float) or compare(o[name], value)

    return {"properties": {name: {keyword: value}}}, test


def _amount(function: str, names: list[str], op: ast.cmpop, n: int, owner: Type) -> tuple[Schema, Test]:
    if function == "items":
        name = names[0]
        if isinstance(op, ast.GtE):
            return (
                {"required": [name], "properties": {name: {"minItems": n}}},
                lambda o: len(o.get(name) or ()) >= n,
            )
        return {"properties": {name: {"maxItems": n}}}, lambda o: len(o.get(name) or ()) <= n
    parts = [_present(name, owner) for name in names]
    one: Schema = {"oneOf": [schema for schema, _ in parts]}
    if isinstance(op, ast.Eq):
        return one, lambda o: sum(test(o) for _, test in parts) == 1
    none: Schema = {"not": {"anyOf": [schema for schema, _ in parts]}}
    return {"anyOf": [none, one]}, lambda o: sum(test(o) for _, test in parts) <= 1


def _call(function: str, args: list[ast.expr], owner: Type) -> tuple[Schema, Test]:
    if function in ("implies", "xor"):
        (first, first_test), (second, second_test) = (_read(arg, owner) for arg in args)
        if function == "implies":
            return {"anyOf": [{"not": first}, second]}, lambda o: not first_test(o) or second_test(o)
        return {"oneOf": [first, second]}, lambda o: first_test(o) != second_test(o)
    assert isinstance(args[0], ast.Name)
    name = args[0].id.removesuffix("_")
    element, ref = owner.properties[name]
    if function == "coding":
        system, *codes = [ast.literal_eval(arg) for arg in args[1:]]
        return _coding(name, system, codes)
    if isinstance(args[1], ast.Constant):
        allowed = [ast.literal_eval(arg) for arg in args[1:]]
        schema: Schema = {"enum": allowed}
        return (
            {"required": [name], "properties": {name: {"contains": schema}}},
            lambda o: any(v in allowed for v in o.get(name) or ()),
        )
    schema, test = _read(args[1], types()[ref.name])
    if function == "every":
        inner: Schema = {"items": schema} if element.many else schema
        return {"properties": {name: inner}}, lambda o: all(test(i) for i in _items(o, name))
    inner = {"contains": schema} if element.many else schema
    return {"required": [name], "properties": {name: inner}}, lambda o: any(test(i) for i in _items(o, name))


def _items(o: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = o.get(name)
    found = value if isinstance(value, list) else [value]
    return [item for item in found if isinstance(item, dict)]


def _coding(name: str, system: str, codes: list[str]) -> tuple[Schema, Test]:
    coding: Schema = {
        "required": ["system", "code"],
        "properties": {"system": {"const": system}, "code": {"enum": codes}},
    }
    concept: Schema = {"required": ["coding"], "properties": {"coding": {"contains": coding}}}

    def test(o: dict[str, Any]) -> bool:
        return any(
            c.get("system") == system and c.get("code") in codes
            for concept_ in _items(o, name)
            for c in _items(concept_, "coding")
        )

    return {"required": [name], "properties": {name: concept}}, test
