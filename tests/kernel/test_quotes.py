"""Quotation marks inside quotation marks."""

from __future__ import annotations

from luoshi.kernel.quotes import inner
from luoshi.supervision.alerts import rules


def test_marks_inside_marks_are_single() -> None:
    assert inner("“两癌”筛查") == "‘两癌’筛查"


def test_a_message_about_a_promise_with_marks_of_its_own() -> None:
    """`““两癌”筛查覆盖率”已销号` cannot be read."""
    for name in rules.book().kinds:
        for english in (False, True):
            say, todo = rules.said(name, {"title": "“两癌”筛查"}, english=english)
            assert "““" not in say + todo
