"""Dates inside a sentence and the part they play: a deadline, a starting year to compare with, a start, a mere name.

Works on the text of `plain.Plain`. Deadlines are written `2025` where only the year is printed and `2025-06-30` where the
month or half-year is.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Role = Literal["deadline", "base", "start", "span", "name"]


@dataclass(frozen=True)
class Mention:
    """A date in the text. `role`: `deadline` (到2025年, 6月底前, 年内), `base` (比2020年, 2015年的…基础上), `start`
    (自2024年起), `span` (2023-2025年: `value` is its end), `name` (part of a title or of a named goal). `year` is None where
    the text prints only a month. `explicit` says that the year is printed."""

    start: int
    end: int
    role: Role
    value: str
    year: int | None
    explicit: bool = True
    begin_year: int | None = None


_Y = r"(?:19|20)\d{2}"
_CY = r"二[零〇][零一二三四五六七八九][零一二三四五六七八九]"
_SPAN = re.compile(rf"(?P<a>{_Y})年?(?:-{{1,2}}|~|至|到)(?P<b>{_Y})(?:学?年度?|(?=[）)]))")
_DAY = re.compile(
    rf"(?:(?P<y>{_Y})年|(?P<this>今年|本年|当年|次年|明年)?)"
    r"(?P<m>1[0-2]|0?[1-9])月(?:(?P<d>3[01]|[12]\d|0?[1-9])日|(?P<part>底|末|份|初|中旬|上旬|下旬))?(?P<before>之?前|以前|内)?"
)
_HALF = re.compile(
    rf"(?:(?P<y>{_Y})年|(?P<this>今年|本年|当年)?)(?P<half>上半年|下半年|第?[一二三四1-4]季度末?)(?P<before>底?前|末|内)?"
)
_YEAR = re.compile(
    rf"(?P<y>{_Y}|{_CY})(?:学?年度?|(?=[、，和与及]{_Y}年))(?P<part>底|末|年底|年末|初|内)?(?P<before>之?前|以前|内|末)?"
)
_SOFT = re.compile(
    r"(?P<soft>(?:今年|本年|当年)?年底(?:之?前|以前)?|年内|今年内?|本年度?内?|全年|年度内|当年|"
    r"[“\"]?(?P<plan>十[三四五六]五)[”\"]?(?:期?末|期间|时期)?)"
)
_CHINESE_YEAR_DIGITS = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {"〇": "0"}
_FIVE_YEARS = {"十三五": 2020, "十四五": 2025, "十五五": 2030, "十六五": 2035}

_BASE_BEFORE = re.compile(r"(?:(?<!占)比|较|同比|相比于?|与|在|从|由|以|对比)(?:上年|去年|同期)?$")
_BASE_AFTER = re.compile(r"^(?:度|年)?(?:相比|基期|为基[期数年]|基础上|基数|水平|现状|底?的)")
_NAME_BEFORE = re.compile(r"(?:按照|根据|依据|围绕|贯彻|依照|对标|参照)[“‘\"]?$")
_START_AFTER = re.compile(r"^(?:起|开始|以来|起始|至今)")
# 2017年9月，《规划纲要》提出 · 2016年10月，某办公厅印发了《…》: the day a paper came out.
_CAME_OUT = re.compile(
    r"^[，,]?(?:[^，。；《]{0,30}?(?:印发|发布|公布|出台|颁布|制定|下发|召开|举行)了|[^，。；《]{0,16}?)《[^》\n]{2,60}》[^，。；]{0,12}?"
    r"(?:提出|明确|要求|指出|显示|[。，]|的?通知)"
)


def find(text: str, *, year: int | None = None) -> list[Mention]:
    """Every date of `text` in order, none inside another. `year` completes what prints no year (6月底前, 年内)."""
    taken = bytearray(len(text))
    found: list[Mention] = []
    for mention in _all(text, year):
        if 1 in taken[mention.start : mention.end]:
            continue
        taken[mention.start : mention.end] = b"\x01" * (mention.end - mention.start)
        found.append(mention)
    return sorted(found, key=lambda m: m.start)


def _all(text: str, year: int | None) -> Iterator[Mention]:
    for m in _SPAN.finditer(text):
        name = (
            _inside_title(text, m.start()) or text[m.end() : m.end() + 1] in ("）", ")", "》") or _named(text, m.end())
        )
        yield Mention(m.start(), m.end(), "name" if name else "span", m["b"], int(m["b"]), begin_year=int(m["a"]))
    for m in _DAY.finditer(text):
        before = text[max(0, m.start() - 8) : m.start()]
        if not m["y"] and (re.search(r"(?:\d|每年|每|个|第)$", before) or text[m.end() : m.end() + 1] == "龄"):
            continue
        if not m["y"] and not (m["d"] or m["part"] or m["before"]):
            continue
        known = int(m["y"]) if m["y"] else (year + 1 if year and m["this"] in ("次年", "明年") else year)
        month = int(m["m"])
        if known is None:
            yield Mention(m.start(), m.end(), "name", "", None, explicit=False)
            continue
        day = min(int(m["d"]), monthrange(known, month)[1]) if m["d"] else monthrange(known, month)[1]
        if m["part"] in ("初", "上旬"):
            day = 10
        elif m["part"] == "中旬":
            day = 20
        yield Mention(
            m.start(), m.end(), _role(text, m.start(), m.end()), f"{known}-{month:02d}-{day:02d}", known, bool(m["y"])
        )
    for m in _HALF.finditer(text):
        if re.search(r"(?:每|各|按|逐)$", text[max(0, m.start() - 8) : m.start()]):
            continue
        known = int(m["y"]) if m["y"] else year
        if known is None:
            yield Mention(m.start(), m.end(), "name", "", None, explicit=False)
            continue
        yield Mention(
            m.start(), m.end(), _role(text, m.start(), m.end()), f"{known}-{_half_end(m['half'])}", known, bool(m["y"])
        )
    for m in _YEAR.finditer(text):
        digits = "".join(_CHINESE_YEAR_DIGITS.get(c, c) for c in m["y"])
        role = _role(text, m.start(), m.end())
        yield Mention(m.start(), m.end(), role, digits, int(digits))
    for m in _SOFT.finditer(text):
        if m["soft"] == "当年" and re.match(r"[\u4e00-\u9fff]{2,8}率", text[m.end() : m.end() + 9]):
            continue  # 当年标准管理率: the name of a measure
        if re.search(r"[每上去近往历逐\d一二两三四五]$", text[max(0, m.start() - 8) : m.start()]):
            continue
        if m["plan"]:
            until = _FIVE_YEARS[m["plan"]]
            part: Role = "deadline" if re.search(r"期?末|期间|时期", m["soft"]) else "name"
            yield Mention(m.start(), m.end(), part, str(until), until)
        elif year is not None:
            yield Mention(m.start(), m.end(), "deadline", str(year), year, explicit=False)


def _half_end(word: str) -> str:
    if word.startswith("上半年"):
        return "06-30"
    if word.startswith("下半年"):
        return "12-31"
    quarter = next((i for i, names in enumerate(("一1", "二2", "三3", "四4")) if any(c in word for c in names)), 3)
    return ("03-31", "06-30", "09-30", "12-31")[quarter]


def _role(text: str, start: int, end: int) -> Role:
    before, after = text[max(0, start - 8) : start], text[end : end + 6]
    if _inside_title(text, start) or (_CAME_OUT.match(text[end : end + 90]) and not re.search(r"[到至]$", before)):
        return "name"
    if re.search(r"截[至止]到?$", before):
        return "base"
    if re.search(r"[到至]$", before):
        return "deadline"
    if _START_AFTER.match(after):
        return "start"
    if _BASE_BEFORE.search(before) and (_BASE_AFTER.match(after) or re.search(r"(?:(?<!占)比|较)$", before)):
        return "base"
    if re.search(r"(?:从|由)$", before):
        return "base"
    if re.match(r"^(?:基期|底?的|现状|水平|基础)", after):
        return "base"
    if _NAME_BEFORE.search(before):
        return "name"
    return "deadline"


def _named(text: str, end: int) -> bool:
    """A span that belongs to the name of a programme: 2023-2025年行动计划."""
    return bool(re.match(r"[^，。；]{0,12}(?:行动|计划|规划|方案|纲要|工程)[》”）]", text[end:]))


def _inside_title(text: str, at: int) -> bool:
    """Whether the index stands between 《 and 》."""
    left = text.rfind("《", max(0, at - 80), at)
    return left >= 0 and "》" not in text[left:at]
