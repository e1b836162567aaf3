"""Numerals, quantities and dates as printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luoshi.plans import dates, quantities
from luoshi.plans.numbers import chinese
from luoshi.plans.plain import Plain

_DIGITS = "零一二三四五六七八九"


def spell(number: int) -> str:
    """A whole number below 100 million in Chinese characters, written for this test."""
    if number >= 10_000:
        rest = number % 10_000
        return spell(number // 10_000) + "万" + (("零" if 0 < rest < 1000 else "") + spell(rest) if rest else "")
    out, zero = "", False
    for step, word in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // step % 10
        if digit:
            out += ("零" if zero and out else "") + _DIGITS[digit] + word
            zero = False
        else:
            zero = True
    return out


@given(st.integers(min_value=1, max_value=99_999_999))
def test_chinese_numerals(number: int) -> None:
    assert chinese(spell(number)) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [("十五", 15), ("两百", 200), ("二零二五", 2025), ("三点五", 3.5), ("一亿二千万", 120_000_000), ("人", None)],
)
def test_chinese_numerals_of_the_field(text: str, value: float | None) -> None:
    assert chinese(text) == value


@pytest.mark.parametrize(
    ("text", "value", "unit", "op"),
    [
        ("4,000人", 4000, "人", None),
        ("２.８万人", 2.8, "万人", None),
        ("4000余名", 4000, "名", ">"),
        ("百分之九十五以上", 95, "%", ">="),
        ("千分之三", 3, "‰", None),
        ("12/10万以下", 12, "/10万", "<="),
        ("1.5/万", 1.5, "/万", None),
        ("10万分之58", 58, "/10万", None),
        ("≥80%", 80, "%", ">="),
        ("＞8万亿元", 8, "万亿元", ">"),
        ("100余万人次", 100, "万人次", ">"),
        ("三分之一", 33.3333, "%", None),
        ("2个百分点", 2, "个百分点", None),
    ],
)
def test_quantities(text: str, value: float, unit: str, op: str | None) -> None:
    (found,) = quantities.find(Plain.of(text).text)
    assert (found.value, found.unit, found.op) == (value, unit, op)


@pytest.mark.parametrize("text", ["10%-15%", "10至15%", "10～15%", "10—15％"])
def test_ranges(text: str) -> None:
    (found,) = quantities.find(Plain.of(text).text)
    assert (found.value, found.upper, found.unit, found.op) == (10, 15, "%", "between")


def test_codes_are_no_quantities() -> None:
    text = "国卫发〔2021〕36号，第3条，HPV16，V2.1，PM2.5，5G，1+6+N，12320热线，24小时值守，a.b@c.cn，18位编码M05300"
    assert [q.printed for q in quantities.find(Plain.of(text).text)] in ([], ["18位"])


@pytest.mark.parametrize(
    ("text", "role", "value"),
    [
        ("到2025年，", "deadline", "2025"),
        ("比2015年降低", "base", "2015"),
        ("在2020年基础上", "base", "2020"),
        ("（2021-2025年）", "name", "2025"),
        ("2023-2025年，", "span", "2025"),
        ("自2024年起", "start", "2024"),
        ("《规划（2021—2030年）》", "name", "2030"),
        ("2月底前", "deadline", "2024-02-29"),
    ],
)
def test_dates(text: str, role: str, value: str) -> None:
    (found,) = dates.find(Plain.of(text).text, year=2024)
    assert (found.role, found.value) == (role, value)


@given(st.text(alphabet="到年月日底前,，。 \n0123456789%人个家（）()“”达以上、至少-～/万亿十五三", max_size=60))
def test_any_text_is_traced_back(text: str) -> None:
    plain = Plain.of(text)
    assert len(plain.origin) == len(plain.text) + 1
    assert list(plain.origin) == sorted(plain.origin)
    for found in quantities.find(plain.text):
        assert 0 <= found.start < found.core_end <= found.end <= len(plain.text)
