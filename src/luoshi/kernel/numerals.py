"""Chinese numerals: 十一 is 11, and back."""

from __future__ import annotations

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_NAMES = "零一二三四五六七八九"


def parse_chinese_number(text: str) -> int | None:
    """The value of a Chinese numeral (一, 十二, 二十, 一百零三, 二〇二三), or None when it is none."""
    if not text:
        return None
    if all(char in _DIGITS for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    total = section = digit = 0
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in _UNITS:
            unit = _UNITS[char]
            if unit >= 10_000:
                total = (total + section + digit) * unit
                section = 0
            else:
                section += (digit or 1) * unit
            digit = 0
        else:
            return None
    return total + section + digit


def chinese_number(value: int) -> str:
    """A whole number from 0 to 9999 as headings print it: 11 is 十一, 103 is 一百零三."""
    if not 0 <= value <= 9999:
        return str(value)
    if value < 10:
        return _NAMES[value]
    text, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, unit)
        if digit:
            text += ("零" if gap else "") + _NAMES[digit] + name
            gap = False
        elif text and value:
            gap = True
    return text.removeprefix("一") if text.startswith("一十") else text
