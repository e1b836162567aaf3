"""What an expression becomes on its way to SQL: a piece of SQL, how many values it gives, and what is known of them.

A resource is read once, by `json_transform` with a shape that holds exactly the members the view touches. `Shape` is
that structure while it is being found out; `Value` is one expression over it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from luoshi.records.fhirpath import FhirPathError
from luoshi.records.views import elements

_NUMBERS = {"integer", "positiveInt", "unsignedInt", "integer64", "decimal"}
_TIMES = {"date", "dateTime", "instant", "time"}
_SIMPLE = re.compile(r'^[A-Za-z0-9_."]+$')


def quote(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def bracket(sql: str) -> str:
    """`sql` in brackets unless it is a plain name."""
    return sql if _SIMPLE.match(sql) else f"({sql})"


@dataclass
class Shape:
    """A JSON value: its FHIR type and multiplicity if known, and the members some expression takes of it.

    `raw`: some expression needs the value as JSON text (an unknown type that is compared, a recursive element), so it
    is kept as JSON and its members are read from that.
    """

    type: str | None
    many: bool | None
    members: dict[str, Shape] = field(default_factory=dict)
    raw: bool = False

    def element(self, name: str) -> elements.Element:
        """What FHIR says of the member `name`. Raises `FhirPathError` when there can be no such member."""
        if elements.is_primitive(self.type):
            raise FhirPathError(f"A {self.type} has no element {name!r}.")
        return elements.element(self.type, name)

    def member(self, name: str, element: elements.Element) -> Shape:
        """The shape of a member, which is read from now on."""
        return self.members.setdefault(name, Shape(element.type, element.many))

    def is_json(self) -> bool:
        """Whether one value of this shape arrives as JSON rather than as a struct or a typed value."""
        return self.raw or not (self.members or elements.is_primitive(self.type))

    def of_one(self) -> Any:
        """The structure of one value, as `json_transform` wants it."""
        if self.is_json():
            return "JSON"
        if self.members:
            return {name: member.of_field() for name, member in self.members.items()}
        return elements.PRIMITIVES[self.type or ""]

    def of_field(self) -> Any:
        """The structure of the whole member: a list where it is known to repeat, JSON where that is not known."""
        if self.many is None:
            return "JSON"
        return [self.of_one()] if self.many else self.of_one()


@dataclass(frozen=True)
class Value:
    """One expression as SQL.

    `many`: the SQL is a list (NULL or empty: no value; no NULL inside); otherwise one value, NULL when there is none.
    `guard`: a condition without which there is no value. `shape` is None for values computed in SQL, whose FHIR
    primitive is then `type`. `free`: depends on no record (a literal, a constant, the row index).
    """

    sql: str
    type: str | None
    many: bool = False
    guard: str = ""
    shape: Shape | None = None
    free: bool = False

    @property
    def category(self) -> str:
        """text, number, boolean, time, or an empty string where it is not known or not a primitive."""
        if self.type in _NUMBERS:
            return "number"
        if self.type in _TIMES:
            return "time"
        if self.type == "boolean":
            return "boolean"
        return "text" if elements.is_primitive(self.type) else ""

    def resolved(self) -> str:
        """The SQL with its guard applied."""
        return f"CASE WHEN {self.guard} THEN {self.sql} END" if self.guard else self.sql

    def json(self) -> str:
        """One value as JSON."""
        if self.shape is None:
            return f"to_json({self.sql})"
        self.shape.raw = True
        return self.sql

    def text(self) -> str:
        """One value as text; strings without their quotes."""
        if self.shape is not None and (self.shape.raw or not elements.is_primitive(self.type)):
            return f"json_extract_string({self.json()}, '$')"
        if elements.PRIMITIVES.get(self.type or "") == "VARCHAR":
            return self.sql
        return f"CAST({self.sql} AS VARCHAR)"

    def typed(self, sql_type: str) -> str:
        """One value as a number or a boolean of that SQL type; NULL where it is none."""
        if self.shape is None or (elements.is_primitive(self.type) and not self.shape.raw):
            native = elements.PRIMITIVES.get(self.type or "", "")
            if native == sql_type or (native in ("INTEGER", "BIGINT") and sql_type == "DOUBLE"):
                return self.sql
        return f"TRY_CAST({self.text()} AS {sql_type})"


def both(*conditions: str) -> str:
    """The conjunction of conditions, some of which may be empty."""
    return " AND ".join(f"({condition})" for condition in conditions if condition)


class Names:
    """Fresh names of lambda variables, and the shapes of values that are JSON by construction.

    Both passes of a compilation walk the view in the same order, so the second finds the shapes of the first by number
    in `shapes`, with all their members.
    """

    def __init__(self, shapes: list[Shape]) -> None:
        self._given = 0
        self._shapes = shapes
        self._shaped = 0

    def json_shape(self) -> Shape:
        """The shape of a JSON value of unknown type."""
        if self._shaped == len(self._shapes):
            self._shapes.append(Shape(None, False, raw=True))
        self._shaped += 1
        return self._shapes[self._shaped - 1]

    def fresh(self) -> str:
        """A name not used before in this view."""
        self._given += 1
        return f"v{self._given}"

    def each(self, value: Value, function: Callable[[Value], Value]) -> Value:
        """`function` applied to every single value of `value`, results in one collection."""
        if not value.many:
            result = function(replace(value, guard=""))
            return replace(result, guard=both(value.guard, result.guard), free=value.free and result.free)
        name = self.fresh()
        result = function(Value(name, value.type, shape=value.shape))
        inner = result.resolved()
        if result.many:
            sql = f"flatten(list_transform({value.sql}, lambda {name}: {inner}))"
        elif inner == name:
            sql = value.sql
        else:
            kept = self.fresh()
            sql = f"list_filter(list_transform({value.sql}, lambda {name}: {inner}), lambda {kept}: {kept} IS NOT NULL)"
        return replace(result, sql=sql, many=True, guard=value.guard, free=False)

    def keep(self, value: Value, condition: Callable[[Value], str]) -> Value:
        """The values for which `condition` holds."""
        if not value.many:
            return replace(value, guard=both(value.guard, condition(replace(value, guard=""))))
        name = self.fresh()
        test = condition(Value(name, value.type, shape=value.shape))
        return replace(value, sql=f"list_filter({value.sql}, lambda {name}: {test})")


def boolean(sql: str, *, free: bool = False) -> Value:
    """A truth value computed in SQL."""
    return Value(sql, "boolean", free=free)


def exists(value: Value) -> str:
    """The condition that there is at least one value; never NULL."""
    there = f"len({value.sql}) > 0" if value.many else f"{value.sql} IS NOT NULL"
    if value.many or value.guard:
        return f"coalesce({both(value.guard, there)}, false)"
    return there


def single(value: Value, what: str) -> Value:
    """The one value of a collection; the query fails, naming `what`, where there are several."""
    if not value.many:
        return value
    message = quote(f"{what} gives more than one value where one is needed")
    taken = f"CASE WHEN len({value.sql}) > 1 THEN error({message}) ELSE {bracket(value.sql)}[1] END"
    return replace(value, sql=taken, many=False)


def first(value: Value) -> Value:
    """The first value of a collection."""
    return replace(value, sql=f"{bracket(value.sql)}[1]", many=False) if value.many else value
