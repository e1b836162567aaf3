"""A printed list of units taken apart, and names cut in two by a stray line put together again."""

from __future__ import annotations

import re
from collections.abc import Callable

from luoshi.plans.directory import forms, resolve

_OPEN, _CLOSE = "（([【〔", "）)]】〕"
_LEVEL_TOKENS = (
    r"省|自治区|市|州|盟|地区|县|区|特区|旗|县市|市县|市区|县区|区县|市州|州市|乡|镇|乡镇|街道|镇街|兵团|林区|开发区|高新区"
    r"|经开区|新区|管理区|园区|管委会"
)


def split(text: str) -> list[str]:
    """The members of a printed list of units, brackets kept whole and nested level words together."""
    parts: list[str] = []
    depth = 0
    current = ""
    for char in text:
        if char in _OPEN:
            depth += 1
        elif char in _CLOSE:
            depth = max(0, depth - 1)
        if depth == 0 and char in "、，,；;。/|":
            parts.append(current)
            current = ""
        else:
            current += char
    parts.append(current)
    return _rejoin(parts)


def _rejoin(parts: list[str]) -> list[str]:
    """各县市 + 区 + 特区人民政府 is one name: level words joined up to the word that says what they have in common."""
    result: list[str] = []
    index = 0
    while index < len(parts):
        part = parts[index]
        end = index
        if re.fullmatch(rf"各(?:级|有关|相关)?(?:{_LEVEL_TOKENS})+", part):
            ahead = index + 1
            while ahead < len(parts) and re.fullmatch(rf"(?:{_LEVEL_TOKENS})+", parts[ahead]):
                ahead += 1
            if (
                ahead < len(parts)
                and re.match(
                    rf"(?:{_LEVEL_TOKENS})+(?:[（(][^）)]*[）)])?(?:人民政府|政府|管委会|党委|党工委|卫生健康[委局]|卫健[委局]|"
                    rf"医保局|办事处)",
                    parts[ahead],
                )
                and not parts[ahead].startswith(("市卫", "市医", "省"))
            ):
                end = ahead
        result.append("、".join(parts[index : end + 1]))
        index = end + 1
    return result


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


def own_list(listed: str) -> str:
    """A list of units without what runs together with it from the list above: what stands before a bracket that closes
    without having been opened, and a name that is printed twice in a row."""
    depth = cut = 0
    for index, char in enumerate(listed):
        if char in "（(【[":
            depth += 1
        elif char in "）)】]":
            cut = cut if depth else index + 1
            depth = max(0, depth - 1)
    return re.sub(r"^(.{4,}?)\s*(?=\1$)", "", listed[cut:].strip())
