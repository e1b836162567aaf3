"""Scopes of system tokens in the manner of SMART Backend Services, pure: `system/<type or *>.<what>`.

`what` is `read`, `write` or `*` (SMART 1), or letters of `cruds` in that order (SMART 2: create, read, update, delete,
search). Source: https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from luoshi.kernel.errors import InvalidValue, nearest
from luoshi.records.structure import resource_types

DEFAULT = "system/*.read system/*.write"
_SHAPE = re.compile(r"system/([A-Za-z]+|\*)\.(read|write|\*|c?r?u?d?s?)")
_LETTERS = {"read": frozenset("rs"), "write": frozenset("cud"), "*": frozenset("cruds")}
READ, WRITE = frozenset("rs"), frozenset("cud")


def parse(scope: str) -> tuple[str, frozenset[str]]:
    """Resource type (or `*`) and letters of `cruds`. Raises `InvalidValue` for what is no such scope."""
    found = _SHAPE.fullmatch(scope)
    if not found or not found[2]:
        raise InvalidValue(
            f"{scope!r} is no scope of a source.", todo="For example system/*.read or system/Patient.rs."
        )
    if found[1] != "*" and found[1] not in resource_types():
        raise InvalidValue(f"{found[1]!r} is no resource type of R4.", todo=nearest(found[1], resource_types()))
    return found[1], _LETTERS.get(found[2], frozenset(found[2]))


def normal(text: str) -> str:
    """Scopes separated by single spaces, each once, in order. Raises `InvalidValue` for none or a wrong one."""
    scopes = list(dict.fromkeys(text.split()))
    if not scopes:
        raise InvalidValue("there is no scope.", todo=f"For example {DEFAULT}.")
    for scope in scopes:
        parse(scope)
    return " ".join(scopes)


def allows(scopes: Iterable[str], resource_type: str, letter: str) -> bool:
    """Whether one of the scopes gives `letter` (of `cruds`) on a type; `*` asks for every type."""
    return any(kind in ("*", resource_type) and letter in letters for kind, letters in map(parse, scopes))


def within(wanted: str, granted: str) -> bool:
    """Whether each scope wanted is covered by those granted."""
    have = granted.split()
    return all(all(allows(have, kind, letter) for letter in letters) for kind, letters in map(parse, wanted.split()))
