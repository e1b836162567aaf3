"""The names in a list of units: parted, healed where a line or a blank cut them, without the words around them."""

from __future__ import annotations

import re

from luoshi.plans.directory import looks_like_unit, resolve
from luoshi.plans.unit_habits import glued_offices, short_names
from luoshi.plans.unit_repair import heal, split

_TAIL = re.compile(
    r"(?:等)?(?:其他)?(?:各)?(?:相关|有关|成员|市级|省级|市直|省直|县直|区直)?(?:部门|单位|科室|处室|"
    r"机构)?(?:及各自|根据|按照?|依据|依照?|结合)?(?:各自|部门)?(?:的)?(?:职责|职能|分工|工作职责|责任)(?:分工|"
    r"要求)?"
    r"(?:分别|共同|协同|具体)?(?:负责|落实|推进|配合|实施|抓好落实|做好|参与)*.{0,6}$"
)
_VERB_TAIL = re.compile(
    r"(?:共同|分别|具体|联合|协同|协调|组织|统筹|会同|负责)*(?:牵头(?:负责|组织|推进|落实|实施)?|负责(?:落实|实施|"
    r"推进|组织实施)?|配合(?:实施|落实)?|参与(?:配合|实施)?|参加|协助|协同(?:配合|推进)?|落实|推进|实施|组织实施|"
    r"分工负责|(?:给予|予以|提供)?(?:大力)?(?:支持|配合|协助))$"
)


def split_names(text: str) -> tuple[list[str], list[str]]:
    """The names of a list, healed, and what is doubtful about them in plain words.

    Separators inside brackets and inside 各县市、区人民政府 do not split; a name cut by a stray line is put together
    again when the directory knows it.
    """
    text = re.sub(r"\s+", "", text).strip("。；;，,、：:.")
    short = short_names(text)
    if short:
        return short, []
    if text.count("）") > text.count("（"):
        text = text.rstrip("）")
    text = re.sub(r"^(?:由|商|会同|联合|请)", "", text)
    parts = split(text)
    parts, flags = heal([part for part in parts if part], _trim)
    names: list[str] = []
    for part in parts:
        for name in glued_offices(part) or _conjunctions(_trim(part)):
            if not name:
                continue
            if name == "政府" and names and names[-1].endswith("党委"):
                names[-1] += "、政府"  # 各县区党委、政府 is one name
            elif resolve(name) or looks_like_unit(name):
                names.append(name)
            elif len(name) >= 2 and not re.search(r"20\d\d年|\d{1,2}月底?|完成$|^下同$|^列第一", name):
                flags.append(f"not understood in a unit list: {name[:24]}")
    return names, flags


def _trim(part: str) -> str:
    """A name without the words around it: 等, 按职责分工负责, 牵头, 配合."""
    before = None
    while before != part:
        before = part
        part = part.strip("。；;，,、：:. ")
        part = (
            re.sub(r"^(?:由|和|及|与|以及|并由|会同|商|并会同|其中|再由|同)(?=[\u4e00-\u9fff]{3})", "", part)
            if not resolve(part)
            else part
        )
        if resolve(part) or part.endswith("人民政府"):
            break
        shorter = _TAIL.sub("", part)
        if shorter == part:
            shorter = _VERB_TAIL.sub("", part)
        if shorter == part:
            shorter = re.sub(r"等(?:有关|相关|其他)?(?:部门|单位|机构|地区|科室)?$", "", part)
        part = shorter
    if re.fullmatch(r"(?:等|各|及|和)?(?:其他)?(?:相关|有关)?(?:部门|单位|成员单位)?", part) and not part.startswith(
        "各"
    ):
        return ""
    return part


def _conjunctions(name: str) -> list[str]:
    """A及B, A和B as two names, unless the whole is one known name (文化和旅游厅)."""
    if not name or resolve(name):
        return [name]
    for mark in ("以及", "及其", "及", "和", "与", "会同", "、"):
        for match in re.finditer(mark, name):
            left, right = name[: match.start()], name[match.end() :]
            left = _trim(left) if left else left
            named = all(len(side) >= 3 and (resolve(side) or looks_like_unit(side)) for side in (left, right))
            if named:
                return [left, *_conjunctions(right)]
    return [name]
