"""The measures of GB/T 9704-2012 (党政机关公文格式) and the typefaces, once for all writers.

Lengths in millimetres unless a name says points. The standard fixes paper, type area, sizes and places; it names 小标宋,
仿宋, 黑体, 楷体 and 宋体 but no product, so each has a list: first the name offices have installed, then what may stand
for it. Line pitch: the standard asks for 22 lines that fill the area; offices write that as a fixed 28 points.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0
TOP, LEFT = 37.0, 28.0  # 天头, 订口
AREA_WIDTH, AREA_HEIGHT = 156.0, 225.0  # 版心
RIGHT, BOTTOM = PAGE_WIDTH - LEFT - AREA_WIDTH, PAGE_HEIGHT - TOP - AREA_HEIGHT
LINES, CHARACTERS = 22, 28
PT = 25.4 / 72  # one point in millimetres

BODY_PT = 16.0  # 3号
TITLE_PT = 22.0  # 2号
SMALL_PT = 14.0  # 4号: page numbers, imprint
TABLE_PT, DENSE_PT, INDEX_PT, CROWDED_PT = 12.0, 10.5, 9.0, 8.0  # 小四, 五号, 小五
LINE_PT = 28.0
HEAD_DOWN = 35.0  # upper edge of the issuing body below the edge of the type area
RULE_BELOW_NUMBER = 4.0
PAGE_NUMBER_BELOW = 7.0  # upper edge of the dash below the type area
THICK, THIN = 0.35, 0.25  # rules of the imprint
RED = "#E60012"  # near to Y80 M80 of the standard, on a screen
DENSE_COLUMNS, CROWDED_COLUMNS = 7, 11  # from here a table is set smaller


@dataclass(frozen=True)
class Face:
    """One typeface: the names it may have in Word, best first; whether what stands for it must be bold to be told
    apart."""

    names: tuple[str, ...]
    stand_in: tuple[str, ...]
    bold: bool = False


# `names` are what the standard means, as sold with office systems; `stand_in` are free typefaces (SIL Open Font License,
# Arphic Public License) that Debian offers.
FACES: dict[str, Face] = {
    "title": Face(
        ("方正小标宋简体", "FZXiaoBiaoSong-B05S", "方正小标宋_GBK", "FZXiaoBiaoSong-B05", "华文中宋", "STZhongsong"),
        ("Noto Serif CJK SC", "Source Han Serif SC", "AR PL UMing CN"),
        bold=True,
    ),
    "body": Face(
        ("仿宋_GB2312", "FangSong_GB2312", "仿宋", "FangSong", "华文仿宋", "STFangsong"),
        ("Zhuque Fangsong (technical preview)", "Noto Serif CJK SC", "Source Han Serif SC", "AR PL UMing CN"),
    ),
    "first": Face(
        ("黑体", "SimHei", "华文黑体", "STHeiti"),
        ("Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei"),
    ),
    "second": Face(
        ("楷体_GB2312", "KaiTi_GB2312", "楷体", "KaiTi", "华文楷体", "STKaiti"),
        ("LXGW WenKai", "AR PL KaitiM GB", "AR PL UKai CN", "Noto Serif CJK SC"),
    ),
    "song": Face(
        ("宋体", "SimSun", "华文宋体", "STSong"),
        ("Noto Serif CJK SC", "Source Han Serif SC", "AR PL UMing CN"),
    ),
}


def ems(text: str) -> float:
    """The width of a text in characters of full width; Latin letters and digits take half of one."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else 0.5 for c in text)


def head_pt(body: str) -> float:
    """The size of the red name of the issuing body: as large as fits on one line, at most 48 points, at least 22."""
    width = max(1.0, ems(body))
    return round(max(22.0, min(48.0, AREA_WIDTH / PT * 0.94 / (width * 1.04))), 1)


def signature_indents(body: str, day: str) -> tuple[float, float]:
    """How many characters the issuing body and the date stand from the right edge: the date four, the body centred over
    it; a body too long for that stands two from the edge and the date is centred under it."""
    wide, narrow = ems(body), ems(day)
    over = 4 + (narrow - wide) / 2
    if over >= 2:
        return over, 4.0
    return 2.0, 2 + (wide - narrow) / 2


def chinese_day(day: object) -> str:
    """`2025年11月3日`: 成文日期 in Arabic digits without leading zeros."""
    return f"{day.year}年{day.month}月{day.day}日"  # type: ignore[attr-defined]


def with_breaks(text: str, every: int = 14) -> str:
    """The text with places where it may be broken inside words no cell could hold (addresses, file names)."""
    found: list[str] = []
    run = 0
    for character in text:
        found.append(character)
        plain = character.isascii() and not character.isspace()
        run = run + 1 if plain else 0
        if run >= every:
            found.append("\u200b")
            run = 0
    return "".join(found)


def annex_line(titles: list[str]) -> list[tuple[str, str]]:
    """附件说明: the words before and of each annex; one annex has no number."""
    if len(titles) == 1:
        return [("附件：", titles[0])]
    return [("附件：" if n == 0 else "　　　", f"{n + 1}. {title}") for n, title in enumerate(titles)]
