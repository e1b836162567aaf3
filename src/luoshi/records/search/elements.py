"""Elements of a resource by the path of a search parameter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any


@cache
def _steps(path: str) -> tuple[tuple[str, bool, str, str], ...]:
    """(name, whether a choice, element to compare, value) of every step."""
    steps = []
    for part in path.split("."):
        name, _, condition = part.partition("?")
        element, _, value = condition.partition("=")
        steps.append((name.removesuffix("[x]"), name.endswith("[x]"), element, value))
    return tuple(steps)


def at(resource: dict[str, Any], paths: Iterable[str]) -> Iterator[Any]:
    """Every value at one of the paths; lists are walked through."""
    for path in paths:
        values: list[Any] = [resource]
        for name, choice, element, wanted in _steps(path):
            found: list[Any] = []
            for value in values:
                if not isinstance(value, dict):
                    continue
                for child in _children(value, name, choice):
                    found.extend(child if isinstance(child, list) else (child,))
            values = [v for v in found if isinstance(v, dict) and v.get(element) == wanted] if element else found
        yield from (value for value in values if value is not None)


def _children(value: dict[str, Any], name: str, choice: bool) -> Iterator[Any]:
    if not choice:
        if name in value:
            yield value[name]
        return
    for key, child in value.items():
        if key.startswith(name) and key[len(name) : len(name) + 1].isupper():
            yield child
