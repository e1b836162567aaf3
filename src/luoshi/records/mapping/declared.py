"""The mapping a table is read by, as data: which columns become which elements of which resources.

name: visits                       # the feed is csv:visits
title: 门诊就诊登记
ignored: [备注]                     # columns nobody needs; any other undeclared column refuses the file
resources:
  - name: person
    type: Patient
    id: [身份证号]                  # what the row's resource is known by: the same again is the same resource
    fields:
      - {to: "identifier[0].system", value: "urn:luoshi:cn:id:resident"}
      - {to: "identifier[0].value", column: 身份证号, required: true}
      - {to: gender, column: 性别, codes: {男: male, 女: female}}
      - {to: birthDate, column: 出生日期, as: date}
  - name: visit
    type: Encounter
    id: [就诊号]
    fields:
      - {to: subject, reference: person}
      ...
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field as Alias

from luoshi.catalog.loader import Entry, parse_entry, parse_yaml, read_yaml
from luoshi.kernel.errors import CatalogError, nearest
from luoshi.records.structure import resource_types, types

Kind = Literal["text", "date", "datetime", "instant", "decimal", "integer", "boolean"]
_STEP = re.compile(r"([A-Za-z][A-Za-z0-9]*)(?:\[(\d{1,2})\])?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}")
LARGEST = 1 << 20
_DEEPEST = 12

Step = tuple[str, int | None]


class Field(Entry):
    """One element: from a `column` (as a kind, through `codes`), a fixed `value`, or a `reference` to another resource
    of the row. A `required` column may not be empty; `default` stands for an empty one."""

    to: str
    column: str = ""
    value: str | bool | int | float | None = None
    reference: str = ""
    as_: Kind = Alias("text", alias="as")
    codes: dict[str, str] = {}
    required: bool = False
    default: str = ""

    @property
    def steps(self) -> list[Step]:
        """The path as (name, index or None)."""
        return [(m[1], None if m[2] is None else int(m[2])) for m in map(_STEP.fullmatch, self.to.split(".")) if m]


class Made(Entry):
    """One resource of a row; only where all of the columns in `when` hold something."""

    name: str
    type: str
    id: tuple[str, ...]
    when: tuple[str, ...] = ()
    fields: tuple[Field, ...]


class TableMapping(Entry):
    """A whole mapping. `sheet`: of a workbook, by name or number from 1; `header`: the line of the column names."""

    name: str
    title: str = ""
    sheet: str | int = 1
    header: int = 1
    encoding: Literal["auto", "utf-8", "gb18030"] = "auto"
    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"
    ignored: tuple[str, ...] = ()
    resources: tuple[Made, ...]

    @property
    def columns(self) -> list[str]:
        """Every column that is read, in order."""
        found = [c for made in self.resources for c in (*made.id, *made.when)]
        found += [field.column for made in self.resources for field in made.fields if field.column]
        return list(dict.fromkeys(found))


def read_mapping(path: Path) -> TableMapping:
    """A mapping from its file. Raises `CatalogError` naming every wrong key, element or name."""
    return _checked(parse_entry(read_yaml(path), TableMapping, where=str(path)), str(path))


def parse_mapping(text: str, *, where: str = "mapping") -> TableMapping:
    """As `read_mapping`, from text."""
    if len(text) > LARGEST:
        raise CatalogError("the mapping is larger than a mapping can be.", where=where)
    _plain(text, where)
    return _checked(parse_entry(parse_yaml(text, where=where), TableMapping, where=where), where)


def _plain(text: str, where: str) -> None:
    """Refuse aliases and depths no mapping needs, before anything is built from them. What is no YAML is said later,
    with its line."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(event, yaml.AliasEvent):
                raise CatalogError("aliases (*name) are not used in a mapping.", where=where)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise CatalogError("it is nested deeper than any mapping.", where=where)
    except yaml.YAMLError:
        pass


def _checked(mapping: TableMapping, where: str) -> TableMapping:
    wrong: list[str] = []
    if not _NAME.fullmatch(mapping.name):
        wrong.append("name: letters, digits, dots and hyphens, at most 50.")
    if not 1 <= mapping.header <= 100:
        wrong.append("header: a line from 1 to 100.")
    names = [made.name for made in mapping.resources]
    if not names or len(names) != len(set(names)):
        wrong.append("resources: at least one, each with a name of its own.")
    for made in mapping.resources:
        wrong += _wrong(made, names)
    if wrong:
        raise CatalogError(" ".join(wrong), where=where)
    return mapping


def _wrong(made: Made, names: list[str]) -> list[str]:
    if made.type not in resource_types():
        return [
            f"{made.name}: {made.type!r} is no resource type of R4. {nearest(made.type, resource_types())}".rstrip()
        ]
    found = [] if made.id else [f"{made.name}: id names no column; without one a row could not be sent twice."]
    elements = types()[made.type].elements
    for field in made.fields:
        steps = field.to.split(".")
        given = sum((bool(field.column), field.value is not None, bool(field.reference)))
        if not all(_STEP.fullmatch(step) for step in steps):
            found.append(f"{made.name}: {field.to!r} is no path; write name[0].text.")
        elif not _has(steps[0].partition("[")[0], elements):
            name = steps[0].partition("[")[0]
            found.append(f"{made.name}: {made.type} has no element {name!r}. {nearest(name, elements)}".rstrip())
        elif given != 1:
            found.append(f"{made.name}: {field.to} takes one of column, value and reference.")
        elif field.reference and field.reference not in names:
            found.append(f"{made.name}: there is no resource {field.reference!r}. {nearest(field.reference, names)}")
    return found


def _has(name: str, elements: Iterable[str]) -> bool:
    """Whether a type has an element of that name, also as one of a choice (`effectiveDateTime` of `effective[x]`)."""
    return name in elements or any(e.endswith("[x]") and name.startswith(e[:-3]) and name != e[:-3] for e in elements)
