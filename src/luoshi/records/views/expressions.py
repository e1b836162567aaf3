"""FHIRPath trees compiled to DuckDB SQL expressions over the typed reading of a resource."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from luoshi.kernel.errors import nearest
from luoshi.records import fhirpath as fp
from luoshi.records.fhirpath import FhirPathError, Literal, Node
from luoshi.records.views import elements, times
from luoshi.records.views.values import (
    Names,
    Shape,
    Value,
    boolean,
    both,
    bracket,
    exists,
    first,
    identifier,
    quote,
    single,
)

EMPTY = Value("NULL", None, free=True)
_ARITHMETIC = {"+": "+", "-": "-", "*": "*", "/": "/", "div": "//", "mod": "%"}


@dataclass(frozen=True)
class Context:
    """Where an expression stands: its focus (`$this`), the number of the row, and its source for messages."""

    focus: Value
    row_index: str
    what: str


@dataclass(frozen=True)
class Function:
    """How to compile a call, and how many arguments it may have."""

    arity: tuple[int, ...]
    run: Callable[[Expressions, fp.Call, Context], Value]


class Expressions:
    """Compiles expressions of one view. `shape` is the resource; it grows with every member an expression touches."""

    def __init__(
        self, shape: Shape, constants: Mapping[str, Literal], names: Names, functions: Mapping[str, Function]
    ) -> None:
        self.resource = Value("r", shape.type, shape=shape)
        self.constants = constants
        self.names = names
        self.functions = functions

    # -- values -------------------------------------------------------------------------------------------------

    def compile(self, node: Node, context: Context) -> Value:
        """The value of `node` in `context`. Raises `FhirPathError`, naming the place, for what cannot be run."""
        try:
            return self._compile(node, context)
        except FhirPathError as error:
            if error.where:
                raise
            raise FhirPathError(error.message, where=context.what, todo=error.todo) from error

    def _compile(self, node: Node, context: Context) -> Value:
        match node:
            case fp.Literal():
                return _literal(node)
            case fp.Empty():
                return EMPTY
            case fp.This():
                return context.focus
            case fp.Constant(name):
                return self._constant(name, context)
            case fp.Member(base, name):
                return self.member(self.compile(base, context), name)
            case fp.Index(base, position):
                return self._index(self.compile(base, context), self.compile(position, context), context)
            case fp.Call():
                return self._call(node, context)
            case fp.Minus(operand):
                return self._minus(self.compile(operand, context), context)
            case fp.Binary():
                return self._binary(node, context)

    def truth(self, value: Value, context: Context, *, strict: bool = False) -> str:
        """One value as a condition: a boolean is itself, any other single value is true, none is NULL.

        `strict`: anything but a boolean is an error instead.
        """
        one = single(value, context.what)
        if one.type == "boolean":
            return replace(one, sql=one.typed("BOOLEAN")).resolved()
        if one is EMPTY:
            return "CAST(NULL AS BOOLEAN)"
        if elements.is_primitive(one.type) or (one.type and elements.known(one.type)):
            if strict:
                raise FhirPathError(f"gives a {one.type}, not a boolean.", where=context.what)
            return f"CASE WHEN {exists(one)} THEN true END"
        other = f"error({quote(f'{context.what} gives something that is not a boolean')})" if strict else "true"
        text = one.json()
        test = f"CASE json_type({text}) WHEN 'BOOLEAN' THEN CAST({text} AS BOOLEAN) ELSE {other} END"
        return replace(one, sql=f"CASE WHEN {text} IS NOT NULL THEN {test} END").resolved()

    def _constant(self, name: str, context: Context) -> Value:
        if name == "rowIndex":
            return Value(context.row_index, "integer", free=True)
        if name in ("resource", "rootResource", "context"):
            return self.resource
        if name not in self.constants:
            known = [*self.constants, "rowIndex", "resource"]
            raise FhirPathError(f"the constant %{name} is not defined.", where=context.what, todo=nearest(name, known))
        return _literal(self.constants[name])

    def member(self, base: Value, name: str) -> Value:
        """The member `name` of every value of `base`."""
        if base is EMPTY:
            return EMPTY
        shape = base.shape
        if shape is None:
            raise FhirPathError(f"{name!r} cannot be taken of a computed {base.type or 'value'}.")
        element = shape.element(name)
        if element.choices:
            return self._any_choice(base, name, element)
        child = shape.member(name, element)
        return self.names.each(base, lambda one: self.field(one, name, child))

    def field(self, one: Value, name: str, child: Shape) -> Value:
        """The member `name` of one value, with the shape it was given; a list where it repeats or may repeat."""
        structure = {name: child.of_field()}
        if one.shape is not None and one.shape.is_json():
            sql = f"json_transform({one.sql}, {quote(json.dumps(structure))}).{identifier(name)}"
        else:
            sql = f"{bracket(one.sql)}.{identifier(name)}"
        if child.many is False:
            return Value(sql, child.type, shape=child)
        if child.many is None:
            element = quote(json.dumps([child.of_one()]))
            sql = (
                f"CASE WHEN json_type({sql}) = 'ARRAY' THEN from_json({sql}, {element}) "
                f"WHEN {sql} IS NOT NULL THEN from_json('[' || CAST({sql} AS VARCHAR) || ']', {element}) END"
            )
        if child.many is None or elements.is_primitive(child.type):
            kept = self.names.fresh()
            sql = f"list_filter({sql}, lambda {kept}: {kept} IS NOT NULL)"
        return Value(sql, child.type, many=True, shape=child)

    def _any_choice(self, base: Value, name: str, element: elements.Element) -> Value:
        """A choice element without `ofType`: whichever of its types is present, as JSON."""
        if element.choices == ("?",):
            raise FhirPathError(f"{name!r} can have any type here: say which with .ofType(...).")
        keys = [name + choice[0].upper() + choice[1:] for choice in element.choices]

        shape = self.names.json_shape()

        def variants(one: Value) -> Value:
            found = [self.member(one, key) for key in keys]
            for value in found:
                value.json()
            sql = f"coalesce({', '.join(value.sql for value in found)})"
            return Value(sql, None, shape=shape)

        return self.names.each(base, variants)

    def _index(self, base: Value, position: Value, context: Context) -> Value:
        number = single(position, context.what).typed("INTEGER")
        if base.many:
            return replace(base, sql=f"({base.sql})[{number} + 1]", many=False)
        return replace(base, guard=both(base.guard, f"{number} = 0"))

    def _minus(self, value: Value, context: Context) -> Value:
        one = single(value, context.what)
        return Value(f"(- {one.typed('DOUBLE')})", one.type or "decimal", guard=one.guard, free=one.free)

    # -- operators ----------------------------------------------------------------------------------------------

    def _binary(self, node: fp.Binary, context: Context) -> Value:
        operator = node.operator
        left, right = self.compile(node.left, context), self.compile(node.right, context)
        free = left.free and right.free
        if operator in ("and", "or", "xor", "implies"):
            a, b = f"({self.truth(left, context)})", f"({self.truth(right, context)})"
            logic = {"and": f"{a} AND {b}", "or": f"{a} OR {b}", "xor": f"{a} <> {b}", "implies": f"NOT {a} OR {b}"}
            return boolean(f"({logic[operator]})", free=free)
        if operator in ("=", "!="):
            equal = self._equal(left, right, context)
            return boolean(equal if operator == "=" else f"(NOT {equal})", free=free)
        if operator in ("~", "!~"):
            a, b = (f"lower({_resolved_text(single(side, context.what))})" for side in (left, right))
            return boolean(f"({a} IS {'NOT ' if operator == '~' else ''}DISTINCT FROM {b})", free=free)
        if operator in ("in", "contains"):
            item, group = (left, right) if operator == "in" else (right, left)
            one = single(item, context.what)
            found = self.names.keep(group, lambda each: self._compare("=", each, one))
            return boolean(f"CASE WHEN {exists(one)} THEN {exists(found)} END")
        if operator == "|":
            return self._union(left, right)
        left, right = single(left, context.what), single(right, context.what)
        if operator in ("<", ">", "<=", ">="):
            return boolean(self._compare(operator, left, right), free=free)
        if operator == "&" or (operator == "+" and "text" in (left.category, right.category)):
            a, b = _resolved_text(left), _resolved_text(right)
            sql = f"coalesce({a}, '') || coalesce({b}, '')" if operator == "&" else f"{a} || {b}"
            return Value(f"({sql})", "string", free=free)
        a, b = (replace(side, sql=side.typed("DOUBLE")).resolved() for side in (left, right))
        whole = operator in ("+", "-", "*", "div", "mod") and {left.type, right.type} <= {
            "integer", "positiveInt", "unsignedInt"}  # fmt: skip
        divisor = f"nullif({b}, 0)" if operator in ("/", "div", "mod") else f"({b})"
        # FHIRPath `div` cuts towards zero.
        sql = f"trunc(({a}) / {divisor})" if operator == "div" else f"(({a}) {_ARITHMETIC[operator]} {divisor})"
        return Value(f"CAST({sql} AS BIGINT)" if whole else sql, "integer" if whole else "decimal", free=free)

    def _equal(self, left: Value, right: Value, context: Context) -> str:
        if not (left.many or right.many):
            return f"({self._compare('=', left, right)})"
        if left.many and right.many:
            a, b = (self.names.each(side, lambda one: Value(one.text(), "string")).resolved() for side in (left, right))
            return f"CASE WHEN len({a}) > 0 AND len({b}) > 0 THEN {a} = {b} END"
        group, one = (left, right) if left.many else (right, left)
        only = replace(first(group), guard="")
        compared = self._compare("=", only, one)
        return (
            f"CASE WHEN {exists(group)} AND {exists(one)} THEN "
            f"CASE WHEN len({group.sql}) > 1 THEN false ELSE {compared} END END"
        )

    def _compare(self, operator: str, left: Value, right: Value) -> str:
        if left is EMPTY or right is EMPTY:
            return "CAST(NULL AS BOOLEAN)"
        kinds = {left.category, right.category} - {""}
        if not kinds:
            sql = _compare_unknown(operator, left.json(), right.json())
        elif kinds == {"number"}:
            sql = f"{left.typed('DOUBLE')} {operator} {right.typed('DOUBLE')}"
        elif kinds == {"boolean"}:
            sql = f"{left.typed('BOOLEAN')} {operator} {right.typed('BOOLEAN')}"
        elif kinds == {"time"}:
            sql = times.compare(operator, left.text(), right.text())
        elif kinds <= {"text", "time"}:
            sql = f"{left.text()} {operator} {right.text()}"
        else:
            sql = f"CASE WHEN {exists(left)} AND {exists(right)} THEN false END"
        guard = both(left.guard, right.guard)
        return f"CASE WHEN {guard} THEN {sql} END" if guard else sql

    def _union(self, left: Value, right: Value) -> Value:
        if left is EMPTY or right is EMPTY:
            return left if right is EMPTY else right
        alike = left.type == right.type and elements.is_primitive(left.type)

        def listed(value: Value) -> str:
            each = self.names.each(value, lambda one: Value(one.text() if alike else one.json(), value.type))
            return each.resolved() if each.many else f"CASE WHEN {exists(each)} THEN [{each.sql}] END"

        kind = left.type if alike else None
        shape = None if alike else self.names.json_shape()
        joined = Value(f"list_concat({listed(left)}, {listed(right)})", kind, many=True, shape=shape)
        if alike and elements.PRIMITIVES[left.type or ""] != "VARCHAR":
            native = elements.PRIMITIVES[left.type or ""]
            joined = self.names.each(joined, lambda one: Value(f"CAST({one.sql} AS {native})", kind))
        return replace(joined, sql=f"list_distinct({joined.sql})")

    # -- functions ----------------------------------------------------------------------------------------------

    def _call(self, node: fp.Call, context: Context) -> Value:
        function = self.functions.get(node.name)
        if function is None:
            raise FhirPathError(
                f"there is no function {node.name}().", where=context.what, todo=nearest(node.name, self.functions)
            )
        if len(node.arguments) not in function.arity:
            raise FhirPathError(
                f"{node.name}() takes {' or '.join(map(str, function.arity))} arguments, not {len(node.arguments)}.",
                where=context.what,
            )
        return function.run(self, node, context)

    def criterion(self, node: Node, context: Context) -> Callable[[Value], str]:
        """`node` as a condition on each value of a collection."""
        return lambda one: self.truth(self.compile(node, replace(context, focus=one)), context)


def _resolved_text(value: Value) -> str:
    return replace(value, sql=value.text()).resolved() if value is not EMPTY else "CAST(NULL AS VARCHAR)"


def _literal(literal: Literal) -> Value:
    if literal.type in ("integer", "positiveInt", "unsignedInt", "integer64", "decimal"):
        return Value(literal.value, literal.type, free=True)
    if literal.type == "boolean":
        return boolean(literal.value, free=True)
    return Value(quote(literal.value), literal.type, free=True)


def _compare_unknown(operator: str, left: str, right: str) -> str:
    """Two JSON values of unknown type: as numbers where both are numbers, else as text."""
    numeric = "('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')"
    both_numbers = f"json_type({left}) IN {numeric} AND json_type({right}) IN {numeric}"
    a, b = (f"json_extract_string({side}, '$')" for side in (left, right))
    return (
        f"CASE WHEN {both_numbers} THEN TRY_CAST({a} AS DOUBLE) {operator} TRY_CAST({b} AS DOUBLE) "
        f"ELSE {a} {operator} {b} END"
    )
