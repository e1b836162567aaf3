"""The index that searches go through when no patient is named: marks of identifiers and codes, each with a day.

A mark is a number made of (type, parameter, value); a row of `store_mark` says that a resource has it, and on which day
the resource lies. Rows are never taken away: an older version may have left one behind, so whoever finds a resource by
a mark looks at its present text before it counts. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from luoshi.records.search.elements import at
from luoshi.records.search.parameters import main_date, parameters
from luoshi.records.search.values import day_of
from luoshi.records.structure import types

# Days that are not known, or no single day (a period, a year), stand here.
NO_DAY = -(1 << 30)
Marks = tuple[tuple[int, int], ...]


@lru_cache(maxsize=65536)
def mark(resource_type: str, parameter: str, value: str) -> int:
    """The number of a value: 63 bits, the same on every machine."""
    digest = hashlib.blake2b(f"{resource_type}\x1f{parameter}\x1f{value}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to look at in a type: (parameter, top-level properties, paths that lie deeper), and where the day stands."""

    parameters: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
    day: tuple[str, ...]
    deep_day: tuple[str, ...]


@cache
def _plan(resource_type: str) -> _Plan:
    by = main_date(resource_type)
    found = [(p.name, *_split(resource_type, p.paths)) for p in parameters(resource_type).values() if p.marked]
    return _Plan(tuple(found), *_split(resource_type, by.paths if by else ()))


def _split(resource_type: str, paths: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of properties for the paths of one step, and the other paths."""
    elements = types()[resource_type].elements
    names = [name for path in paths if path in elements for name, _ in elements[path].properties]
    properties = types()[resource_type].properties
    names += [path for path in paths if path in properties and path not in names]
    return tuple(names), tuple(path for path in paths if path not in elements and path not in properties)


def marks(resource: dict[str, Any]) -> Marks:
    """Marks and days of a valid resource, each once."""
    kind = resource["resourceType"]
    plan = _plan(kind)
    values: set[int] = set()
    for name, properties, deep in plan.parameters:
        for prop in properties:
            value = resource.get(prop)
            if value is not None:
                _add(kind, name, value if isinstance(value, list) else (value,), values)
        if deep:
            _add(kind, name, at(resource, deep), values)
    if not values:
        return ()
    day = day_of(_days(resource, plan))
    told = NO_DAY if day is None else day
    return tuple([(value, told) for value in sorted(values)])


def _add(kind: str, name: str, found: Iterable[Any], values: set[int]) -> None:
    """Add the marks of what stands at one place."""
    for value in found:
        if not isinstance(value, dict):
            continue
        if name == "identifier":
            if isinstance(value.get("value"), str):
                values.add(mark.__wrapped__(kind, name, value["value"]))
            continue
        for coding in value.get("coding", (value,)):
            code = coding.get("code")
            if isinstance(code, str):
                values.add(mark(kind, name, code))


def _days(resource: dict[str, Any], plan: _Plan) -> list[Any]:
    """What stands where the day of the resource is told."""
    found: list[Any] = []
    for name in plan.day:
        value = resource.get(name)
        if isinstance(value, list):
            found.extend(value)
        elif value is not None:
            found.append(value)
    if plan.deep_day:
        found.extend(at(resource, plan.deep_day))
    return found
