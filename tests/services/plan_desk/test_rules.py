"""Pure rules: deadlines as days, promises in short, doubt."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import translation

from luoshi.kernel.errors import InvalidValue, UnreadableFile
from luoshi.services.plan_desk import rules, wording
from luoshi.services.plan_desk.forms import names


@pytest.mark.parametrize(
    ("deadline", "period_end", "day"),
    [
        ("2025", None, date(2025, 12, 31)),
        ("2025-06", None, date(2025, 6, 30)),
        ("2024-02", None, date(2024, 2, 29)),
        ("2025-06-15", None, date(2025, 6, 15)),
        ("", 2027, date(2027, 12, 31)),
        ("", None, None),
    ],
)
def test_deadline_day(deadline, period_end, day):
    assert rules.deadline_day(deadline, period_end) == day


@pytest.mark.parametrize("text", ["2025", "2025-06", "2025-06-30", "", " 2025 "])
def test_deadlines_that_are_kept(text):
    assert rules.check_deadline(text) == text.strip()


@pytest.mark.parametrize("text", ["年底", "2025-00", "2025-6-1", "2025-02-30", "25"])
def test_deadlines_that_are_not(text):
    with pytest.raises(InvalidValue):
        rules.check_deadline(text)


@pytest.mark.parametrize(
    ("op", "value", "upper", "unit", "words"),
    [
        (">=", 90.0, None, "%", "≥ 90%"),
        ("<=", 5.0, None, "‰", "≤ 5‰"),
        ("between", 10.0, 15.5, "家", "10–15.5 家"),
        ("=", 2.0, None, "", "= 2"),
    ],
)
def test_promise(op, value, upper, unit, words):
    assert rules.promise(op, value, upper, unit) == words


def test_doubt():
    assert rules.doubtful(0.6, [])
    assert rules.doubtful(1.0, ["about (左右)"])
    assert not rules.doubtful(0.95, [])


def test_the_reader_s_english_is_said_in_chinese_and_stays_english_on_an_english_page():
    error = UnreadableFile("the PDF is encrypted with a password.", where="a.pdf", todo="Save it without a password.")
    assert wording.doubt("about (左右)") == "原文写“左右”"
    assert wording.doubt("something new") == "something new"
    assert "密码" in wording.refusal(error)
    assert wording.doubt("year of the sentence before") == "年份沿用前文"
    assert wording.doubt("not a plan but news") == "出自新闻稿，不是规划正文"
    told = "Not a plan (news). It is news about a plan, not the plan itself: it tells 3 times what a plan says."
    assert "3 处转述" in wording.note(told)
    long = UnreadableFile("the text has 90,000 lines or paragraphs; at most 20,000 are read as a plan.", todo="Cut it.")
    assert wording.refusal(long).startswith("文件有 90,000 行（段），最多按规划读取 20,000 行。")
    assert wording.note("7 tasks lost their number in print.") == "7 项任务在原文中缺失序号。"
    with translation.override("en"):
        assert wording.doubt("about (左右)") == "about (左右)"
        assert wording.refusal(error) == "the PDF is encrypted with a password. Save it without a password."


def test_corrections_in_words():
    assert wording.correction("value", 60.0, 65.5) == "目标值：60 → 65.5"
    assert wording.correction("units", ["甲"], ["甲", "乙"]) == "责任单位：甲 → 甲、乙"
    assert wording.correction("status", "proposed", "rejected") == "状态：待确认 → 已剔除"
    assert wording.correction("added", None, "一句话") == "补充目标：一句话"


def test_names_are_not_split_inside_brackets():
    assert names("市卫生健康委、各县（市、区）人民政府，市 财政局；市财政局") == [
        "市卫生健康委", "各县（市、区）人民政府", "市财政局",
    ]  # fmt: skip
