"""A ViewDefinition (SQL on FHIR v2, http://sql-on-fhir.org/) as checked data.

Strict: an unknown key, a name used twice, a `unionAll` whose branches differ in columns, or an expression that does not
parse is an error naming the place, before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from luoshi.kernel.errors import InvalidValue, nearest
from luoshi.records.fhirpath import FhirPathError, Literal, Node, parse

_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
_RESOURCE = re.compile(r"^[A-Z][A-Za-z]+$")
_VIEW_KEYS = {
    "resourceType", "id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension",
    "url", "identifier", "name", "title", "version", "status", "experimental", "date", "publisher", "contact",
    "description", "useContext", "jurisdiction", "purpose", "copyright", "copyrightLabel", "versionAlgorithmString",
    "versionAlgorithmCoding", "resource", "profile", "fhirVersion", "constant", "select", "where",
}  # fmt: skip
_SELECT_KEYS = {
    "id", "extension", "modifierExtension", "column", "select", "forEach", "forEachOrNull", "repeat", "unionAll",
}  # fmt: skip
_COLUMN_KEYS = {
    "id", "extension", "modifierExtension", "name", "path", "description", "collection", "type", "tag",
}  # fmt: skip
_CONSTANT_TYPES = (
    "base64Binary", "boolean", "canonical", "code", "date", "dateTime", "decimal", "id", "instant", "integer",
    "integer64", "oid", "positiveInt", "string", "time", "unsignedInt", "uri", "url", "uuid",
)  # fmt: skip
_SQL_TYPE_TAG = "ansi/type"
_SQL_TYPES = ("DATE", "TIMESTAMP", "DOUBLE", "BIGINT", "INTEGER", "VARCHAR", "BOOLEAN")


class ViewError(InvalidValue):
    """A ViewDefinition is wrong."""


@dataclass(frozen=True)
class Column:
    """One column. `type` is the FHIR type or None; `sql_type` is asked for by the tag `ansi/type`, else None."""

    name: str
    path: Node
    text: str
    type: str | None
    collection: bool
    sql_type: str | None
    where: str


@dataclass(frozen=True)
class Select:
    """One select: its iteration (at most one of the three), columns, nested selects and union, in this order."""

    for_each: Node | None
    or_null: bool
    repeat: tuple[Node, ...]
    columns: tuple[Column, ...]
    selects: tuple[Select, ...]
    union: tuple[Select, ...]
    where: str

    def all_columns(self) -> tuple[Column, ...]:
        """The columns of a row in order, nested ones too."""
        nested = [column for select in self.selects for column in select.all_columns()]
        return (*self.columns, *nested, *(self.union[0].all_columns() if self.union else ()))


@dataclass(frozen=True)
class View:
    """A checked ViewDefinition. `r4`: whether the R4 element table applies (`fhirVersion` is absent or names 4.0)."""

    name: str
    resource: str
    constants: Mapping[str, Literal]
    selects: tuple[Select, ...]
    where: tuple[tuple[Node, str], ...]
    r4: bool

    def all_columns(self) -> tuple[Column, ...]:
        """The columns of a row in order."""
        return tuple(column for select in self.selects for column in select.all_columns())


def read_view(data: Any, *, where: str = "ViewDefinition") -> View:
    """Check plain JSON data. Raises `ViewError` (or `FhirPathError`) naming the place below `where`."""
    view = _mapping(data, _VIEW_KEYS, where)
    resource = view.get("resource")
    if not isinstance(resource, str) or not _RESOURCE.match(resource):
        raise ViewError("`resource` must name a FHIR resource type.", where=where)
    selects = tuple(
        _select(item, f"{where}.select[{n}]") for n, item in enumerate(_items(view, "select", where, needed=True))
    )
    conditions = []
    for n, item in enumerate(_items(view, "where", where)):
        place = f"{where}.where[{n}]"
        condition = _mapping(item, {"path", "description", "id", "extension", "modifierExtension"}, place)
        conditions.append((_path(condition, "path", place), place))
    versions = view.get("fhirVersion", ["4.0.1"])
    versions = versions if isinstance(versions, list) else [versions]
    checked = View(
        name=str(view.get("name") or resource.lower()),
        resource=resource,
        constants=_constants(view, where),
        selects=selects,
        where=tuple(conditions),
        r4=any(str(version).startswith("4.0") for version in versions),
    )
    _no_duplicates(checked, where)
    return checked


def _mapping(data: Any, keys: set[str], where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ViewError(f"must be a JSON object, not {type(data).__name__}.", where=where)
    for key in data:
        if key not in keys and not key.startswith("_"):
            raise ViewError(f"has no key {key!r}.", where=where, todo=nearest(key, keys))
    return data


def _items(data: dict[str, Any], key: str, where: str, *, needed: bool = False) -> list[Any]:
    items = data.get(key, [])
    if not isinstance(items, list) or (needed and not items):
        raise ViewError(f"`{key}` must be a list{' with at least one entry' if needed else ''}.", where=where)
    return items


def _path(data: dict[str, Any], key: str, where: str) -> Node:
    text = data.get(key)
    if not isinstance(text, str) or not text.strip():
        raise ViewError(f"`{key}` must be a FHIRPath expression.", where=where)
    try:
        return parse(text)
    except FhirPathError as error:
        raise FhirPathError(error.message, where=f"{where}.{key}: {error.where}", todo=error.todo) from error


def _constants(view: dict[str, Any], where: str) -> dict[str, Literal]:
    constants: dict[str, Literal] = {}
    for n, item in enumerate(_items(view, "constant", where)):
        place = f"{where}.constant[{n}]"
        keys = {"name", "id", "extension", *(f"value{t[0].upper()}{t[1:]}" for t in _CONSTANT_TYPES)}
        constant = _mapping(item, keys, place)
        name = constant.get("name")
        if not isinstance(name, str) or not _NAME.match(name):
            raise ViewError("`name` must be letters, digits and underscores, beginning with a letter.", where=place)
        if name in constants:
            raise ViewError(f"the constant {name!r} is defined twice.", where=place)
        given = [(t, key) for t in _CONSTANT_TYPES if (key := f"value{t[0].upper()}{t[1:]}") in constant]
        if len(given) != 1:
            raise ViewError(f"the constant {name!r} needs exactly one value[x].", where=place)
        kind, key = given[0]
        value = constant[key]
        if isinstance(value, bool) != (kind == "boolean") or isinstance(value, dict | list) or value is None:
            raise ViewError(f"`{key}` is not a {kind}.", where=place)
        constants[name] = Literal(str(value).lower() if isinstance(value, bool) else str(value), kind)
    return constants


def _select(data: Any, where: str) -> Select:
    select = _mapping(data, _SELECT_KEYS, where)
    iterations = [key for key in ("forEach", "forEachOrNull", "repeat") if key in select]
    if len(iterations) > 1:
        raise ViewError(f"has both {' and '.join(iterations)}; only one is allowed.", where=where)
    each = next((key for key in iterations if key != "repeat"), None)
    repeat = []
    for n, text in enumerate(_items(select, "repeat", where, needed="repeat" in select)):
        repeat.append(_path({"path": text}, "path", f"{where}.repeat[{n}]"))
    union = tuple(_select(item, f"{where}.unionAll[{n}]") for n, item in enumerate(_items(select, "unionAll", where)))
    checked = Select(
        for_each=_path(select, each, where) if each else None,
        or_null=each == "forEachOrNull",
        repeat=tuple(repeat),
        columns=tuple(_column(item, f"{where}.column[{n}]") for n, item in enumerate(_items(select, "column", where))),
        selects=tuple(_select(item, f"{where}.select[{n}]") for n, item in enumerate(_items(select, "select", where))),
        union=union,
        where=where,
    )
    if not (checked.columns or checked.selects or checked.union):
        raise ViewError("selects nothing: give `column`, `select` or `unionAll`.", where=where)
    for branch in union[1:]:
        first, other = ([column.name for column in side.all_columns()] for side in (union[0], branch))
        if first != other:
            raise ViewError(
                f"the branches of `unionAll` must have the same columns in the same order, not {first} and {other}.",
                where=branch.where,
            )
    return checked


def _column(data: Any, where: str) -> Column:
    column = _mapping(data, _COLUMN_KEYS, where)
    name = column.get("name")
    if not isinstance(name, str) or not _NAME.match(name):
        raise ViewError("`name` must be letters, digits and underscores, beginning with a letter.", where=where)
    collection = column.get("collection", False)
    if not isinstance(collection, bool):
        raise ViewError("`collection` must be true or false.", where=where)
    kind = column.get("type")
    if kind is not None and not isinstance(kind, str):
        raise ViewError("`type` must name a FHIR type.", where=where)
    sql_type = None
    for tag in _items(column, "tag", where):
        if isinstance(tag, dict) and tag.get("name") == _SQL_TYPE_TAG:
            sql_type = str(tag.get("value", "")).upper()
            if sql_type not in _SQL_TYPES:
                raise ViewError(
                    f"the tag {_SQL_TYPE_TAG!r} must be one of {', '.join(_SQL_TYPES)}, not {sql_type!r}.", where=where
                )
    return Column(
        name=name,
        path=_path(column, "path", where),
        text=str(column["path"]),
        type=kind.removeprefix("http://hl7.org/fhir/StructureDefinition/") if kind else None,
        collection=collection,
        sql_type=sql_type,
        where=where,
    )


def _no_duplicates(view: View, where: str) -> None:
    seen: set[str] = set()
    for column in view.all_columns():
        if column.name.lower() in seen:
            raise ViewError(f"the column {column.name!r} is given twice.", where=where)
        seen.add(column.name.lower())
