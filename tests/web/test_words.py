"""Every word of the pages has its English."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

_PLACE = re.compile(r"%\((\w+)\)[sd]")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def words(root: Path) -> ModuleType:
    """`tools/messages.py`."""
    spec = importlib.util.spec_from_file_location("messages", root / "tools" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_message_has_english(words: ModuleType) -> None:
    lacking = words.without_english()
    assert not lacking, "\n".join(f"{where}: {text}" for text, where in lacking.items())
    found = dict(words.messages())
    assert len(found) > 300
    assert "还没有确认的目标" in found  # from a template
    assert "部分可算" in found  # from a module


def test_no_english_is_left_over(words: ModuleType) -> None:
    assert not words.without_use()


def test_english_keeps_placeholders_and_is_english(words: ModuleType) -> None:
    for path in words.files():
        for message in words.read(path):
            if message.id:
                assert set(_PLACE.findall(message.id)) == set(_PLACE.findall(message.string)), message.id
                assert not _CHINESE.search(message.string), message.id


def test_compiled_files_say_the_same(words: ModuleType) -> None:
    stale = [str(path) for path in words.files() if words.stale(path)]
    assert not stale, f"run `python tools/messages.py compile`: {stale}"


def test_one_word_has_one_english(words: ModuleType) -> None:
    """All files are one catalogue to a page: what two of them say differently, one says wrongly."""
    assert not words.said_twice()


def test_a_message_without_english_is_found(words: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "pages.py").write_text('title = _("新页面")\nfor _ in range(3): _\n', "utf-8")
    templates = tmp_path / "templates" / "desk"
    templates.mkdir(parents=True)
    (templates / "page.html").write_text(
        '{% load i18n %}\n  <p>{% translate "一" %}</p>\n{% blocktranslate with n=x %}共 {{ n }} 项{% endblocktranslate %}',
        "utf-8",
    )
    assert words.without_english(tmp_path) == {
        "新页面": "pages.py:1",
        "一": "templates/desk/page.html:2",
        "共 %(n)s 项": "templates/desk/page.html:3",
    }
