"""The text of one item: its title, its parts under 一要…二要…, whether it is complete and whether the next line goes on with it."""

from __future__ import annotations

import re

from luoshi.kernel.numerals import parse_chinese_number
from luoshi.plans.running_text import Piece


def clean_title(title: str) -> str:
    """A title without the blanks of the carrier and without a list of units printed behind it."""
    title = re.sub(r"[（(【](?:[^（()）]|[（(][^（()）]*[）)]){2,80}?(?:负责|牵头|配合|落实)[）)】]\s*$", "", title)
    title = re.sub(r"[（(【](?:责任|牵头|配合|负责)(?:单位|部门|科室|处室).*$", "", title)
    return re.sub(r"(?<=[^\x00-\xff])\s+|\s+(?=[^\x00-\xff])", "", title).strip(" 。：:")


def title_sentence(text: str) -> str:
    """The title a paragraph opens with: a short first sentence without a comma."""
    match = re.match(r"([^。：:；;，,\n]{4,30})[。：:]", text)
    return match.group(1) if match and match.end() < len(text) else ""


_ENUMERATED = re.compile(r"(?:^|(?<=[。；;\n]))\s*(?P<number>[一二三四五六七八九十]{1,2})(?:要|是)(?=[\u4e00-\u9fff“])")


def enumerated(piece: Piece) -> list[tuple[str, Piece]]:
    """The items of a paragraph that is nothing but 一要…二要… (or 一是…二是…), with their numbers; a single part otherwise."""
    found = list(_ENUMERATED.finditer(piece.text))
    counted = [parse_chinese_number(match["number"]) for match in found]
    if len(found) < 2 or found[0].start() > 0 or counted != list(range(1, len(found) + 1)):
        return [("", piece)]
    ends = [match.start() for match in found[1:]] + [len(piece.text)]
    return [(match["number"], piece.cut(match.end(), end).strip()) for match, end in zip(found, ends, strict=True)]


def first_clause(text: str) -> str:
    return re.split(r"[，,。；;：:]", text, maxsplit=1)[0][:40]


def complete(text: str) -> bool:
    return bool(text) and text.rstrip()[-1] in "。）)；;】]"


def goes_on(before: str, text: str) -> bool:
    """Whether a paragraph only carries the unit list or the deadline of the one before it."""
    return bool(
        re.match(
            r"^[（(【\[]?\s*(?:第一|主要|主体|直接|具体|共同)?(?:责任|牵头|配合|主办|协办|承办|负责|完成|参与|落实|协同|协作|协助|实施|支持|分管)\s*"
            r"(?:责任)?(?:单位|部门|科室|处室|领导|人|时限|时间)",
            text,
        )
    )


def headed(text: str, *, dated: bool = False) -> str:
    """A part with a full stop for the line end behind its heading: 工作目标 / 覆盖率达到60%; with one that names a date only
    where that is `dated`."""
    at = text.find("\n")
    heading = text[: max(at, 0)]
    if not 2 <= len(heading) <= 24 or re.search(r"[。；，：:]" if dated else r"\d|[。；，：:]|年", heading):
        return text
    return f"{heading}。{text[at + 1 :]}"
