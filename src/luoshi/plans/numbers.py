"""Numerals of Chinese official text: 4,000, 2.8万, 三分之一, 百分之九十, 两, 十五, 1.2亿.

Values are plain floats in the printed magnitude's words: `2.8万` is the number 2.8 with the magnitude 万, because the
field prints 万人 as a unit and reads it so.
"""

from __future__ import annotations

import re

_DIGITS = (
    {c: i for i, c in enumerate("零一二三四五六七八九")}
    | {c: i for i, c in enumerate("〇壹贰叁肆伍陆柒捌玖")}
    | {"两": 2, "俩": 2}
)
_STEPS = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_MYRIADS = {"万": 10_000, "亿": 100_000_000}

ARABIC = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
CHINESE = r"[零一二三四五六七八九十百千万亿两]+(?:点[零一二三四五六七八九]+)?"
MAGNITUDES = {
    "十": 10.0, "百": 100.0, "千": 1000.0, "万": 1e4, "十万": 1e5, "百万": 1e6, "千万": 1e7, "亿": 1e8, "万亿": 1e12,
}  # fmt: skip

_CHINESE = re.compile(CHINESE)


def arabic(text: str) -> float:
    """`4,000` → 4000.0. The text must match `ARABIC`."""
    return float(text.replace(",", ""))


def chinese(text: str) -> float | None:
    """A Chinese numeral as a number: `一百二十` → 120, `两万五千` → 25000, `三点五` → 3.5, `二〇二五` → 2025; else None."""
    if not text or not _CHINESE.fullmatch(text):
        return None
    whole, _, fraction = text.partition("点")
    value = _whole(whole)
    if value is None:
        return None
    if fraction:
        value += float("0." + "".join(str(_DIGITS[c]) for c in fraction))
    return value


def _whole(text: str) -> float | None:
    if all(c in _DIGITS for c in text) and len(text) > 1:  # read digit by digit: 二〇二五
        return float("".join(str(_DIGITS[c]) for c in text))
    total = section = current = 0
    for char in text:
        if char in _DIGITS:
            current = _DIGITS[char]
        elif char in _STEPS:
            section += (current or 1) * _STEPS[char]
            current = 0
        elif char in _MYRIADS:
            section += current
            if char == "亿":
                total, section = (total + section or 1) * _MYRIADS[char], 0
            else:
                total, section = total + (section or 1) * _MYRIADS[char], 0
            current = 0
        else:
            return None
    return float(total + section + current)


def tidy(value: float) -> float:
    """The number without the dust of binary arithmetic, whole where it is whole."""
    rounded = round(value, 10)
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e15 else rounded
