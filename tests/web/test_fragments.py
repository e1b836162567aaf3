"""Parts of pages that are kept as drawn: another figure, another language, another sheet; and an end to what is held."""

from __future__ import annotations

import pytest
from django.utils import translation
from django.utils.safestring import mark_safe

from luoshi.web import fragments


@pytest.fixture
def told(monkeypatch):
    """What was drawn, with nothing held before."""
    drawn: list[str] = []
    monkeypatch.setattr(fragments, "_kept", fragments.Kept(10_000))

    def ask(figure: str) -> str:
        def context():
            drawn.append(figure)
            return {"page": {"total": 1, "first": 1, "last": 1, "number": figure, "pages": 2}}

        return fragments.drawn("web/paging.html", ("figure", figure), context)

    return ask, drawn


def test_drawn_once_for_the_same_figures(told):
    ask, drawn = told
    assert ask("12") == ask("12")
    assert drawn == ["12"]


def test_another_figure_and_another_language_are_drawn_anew(told):
    ask, drawn = told
    assert "12" in ask("12")
    assert "13" in ask("13")
    with translation.override("en"):
        ask("12")
    assert drawn == ["12", "13", "12"]


def test_the_least_lately_asked_for_goes_first():
    kept = fragments.Kept(10)
    kept.put("a", mark_safe("aaaa"))
    kept.put("b", mark_safe("bbbb"))
    assert kept.get("a") == "aaaa"  # b is now the older one
    kept.put("c", mark_safe("cccc"))
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == ("aaaa", None, "cccc")
    kept.put("c", mark_safe("c" * 9))  # in place of what was held for it, and a has to go
    assert (kept.get("a"), kept.get("c")) == (None, "c" * 9)
