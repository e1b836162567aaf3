"""Names of units cut in two by a stray line, put together again where the directory knows the whole."""

from __future__ import annotations

from collections.abc import Callable

from luoshi.plans.directory import forms, resolve


def heal(parts: list[str], trim: Callable[[str], str]) -> tuple[list[str], list[str]]:
    """Names cut in two by a stray line: known name = beginning of one part + a later part; what lay between is set aside."""
    flags: list[str] = []
    prefixes = [part[0] for part in parts if resolve(part)]
    level = max(set(prefixes), key=prefixes.count) if prefixes else ""
    index = 0
    while index < len(parts):
        if not resolve(trim(parts[index])) and level and parts[index].startswith(level):
            healed = _healed(parts, index, level)
            if healed:
                name, end = healed
                between = [parts[index][_common(parts[index], name) :], *parts[index + 1 : end]]
                stray = "、".join(piece for piece in between if piece)
                if stray:
                    flags.append(f"a stray line stood inside the unit list: {stray[:60]}")
                parts = [*parts[:index], name, *parts[end + 1 :]]
        index += 1
    return parts, flags


def _common(part: str, name: str) -> int:
    count = 0
    while count < min(len(part), len(name)) and part[count] == name[count]:
        count += 1
    return count


def _healed(parts: list[str], index: int, level: str) -> tuple[str, int] | None:
    for form in forms():
        name = level + form
        cut = _common(parts[index], name)
        if cut < 4 or cut >= len(name):
            continue
        for end in range(index + 1, min(index + 7, len(parts))):
            if parts[end] == name[cut:] and not any(resolve(part) for part in parts[index + 1 : end]):
                return name, end
    return None
