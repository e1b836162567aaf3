"""The English of the account pages and the desk is complete, and the compiled catalogues are current."""

from __future__ import annotations

import gettext
import re
import shutil
import subprocess

import pytest

CJK = re.compile(r"[\u4e00-\u9fff]")


def catalogues(root):
    return sorted((root / "src/luoshi").rglob("locale/en/LC_MESSAGES/django.po"))


def messages(path):
    """What a compiled catalogue says; compilers lay the same messages out differently."""
    with path.open("rb") as file:
        return {key: text for key, text in gettext.GNUTranslations(file)._catalog.items() if key}


def test_nothing_is_left_untranslated(root):
    for path in catalogues(root):
        text = path.read_text("utf-8")
        empty = re.findall(r'^msgid "(.+)"\nmsgstr ""$', text, re.MULTILINE)
        assert empty == [], path
        assert "#, fuzzy" not in text, path


def test_compiled_catalogues_are_current(root, tmp_path):
    if shutil.which("msgfmt") is None:
        pytest.skip("msgfmt (gettext) is not installed")
    for path in catalogues(root):
        subprocess.run(["msgfmt", "-o", tmp_path / "new.mo", path], check=True)
        assert messages(path.with_suffix(".mo")) == messages(tmp_path / "new.mo"), f"compile {path} again with msgfmt"


@pytest.mark.parametrize("path", ["/sign-in/", "/password/", "/second-factor/"])
def test_an_english_page_is_english(path, client, make_user):
    if path != "/sign-in/":
        client.force_login(make_user("division-head", division="9901"))
    client.cookies["luoshi_lang"] = "en"
    main = client.get(path).content.decode().split("<main")[1].split("</main>")[0]
    assert not CJK.findall(main)
