"""The words of the pages: find them in the source, see which lack English, compile what is there.

`python tools/messages.py check` lists words without English or with two (exit status 1 when there are any) and English
without use;
`python tools/messages.py compile` writes the `django.mo` that differ from their `django.po`. Each application keeps its own
`locale/en/LC_MESSAGES/`; Chinese is the language of the source and needs no file.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

SOURCE = Path(__file__).resolve().parent.parent / "src" / "luoshi"
KEYWORDS = (
    "_",
    "_lazy",
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
)


def messages(source: Path = SOURCE) -> Iterator[tuple[str, str]]:
    """Every message of the Python modules and templates, with `path:line`."""
    if not settings.configured:
        settings.configure(USE_I18N=True)  # all that Django's extractor asks of it
    for path in sorted(source.rglob("*.py")):
        yield from _of(path.read_text("utf-8"), path, source)
    for path in sorted(source.rglob("templates/**/*.*")):
        # What comes out has calls of gettext between blanks and Xs; only its indentation is no Python.
        code = templatize(path.read_text("utf-8"), origin=str(path))
        yield from _of("\n".join(line.lstrip() for line in code.splitlines()), path, source)


def _of(code: str, path: Path, source: Path) -> Iterator[tuple[str, str]]:
    found = extract_python(io.BytesIO(code.encode()), KEYWORDS, (), {"encoding": "utf-8"})
    for line, function, arguments, _comments in found:
        text = arguments if isinstance(arguments, str) else arguments[0] if arguments else None
        # A name alone (`_` as a loop variable is no call) or an expression has no text of its own.
        if function and isinstance(text, str) and text:
            yield text, f"{path.relative_to(source)}:{line}"


def files(source: Path = SOURCE) -> list[Path]:
    """The files that hold the English, one for each application."""
    return sorted(source.rglob("locale/en/LC_MESSAGES/django.po"))


def read(path: Path) -> Catalog:
    """One file as a catalogue. Raises `ValueError` for one that is not well-formed."""
    with path.open("rb") as file:
        return read_po(file, locale="en", abort_invalid=True)


def stale(path: Path) -> bool:
    """Whether the `django.mo` beside a `django.po` is absent or says something else."""
    made = path.with_suffix(".mo")
    if not made.exists():
        return True
    with made.open("rb") as file:
        return _said(read_mo(file)) != _said(read(path))


def _said(catalog: Catalog) -> dict[str, str]:
    return {str(m.id): str(m.string) for m in catalog if m.id and m.string}


def without_english(source: Path = SOURCE) -> dict[str, str]:
    """Messages nobody has put into English, with where they stand first."""
    known = {str(m.id) for path in files(source) for m in read(path) if m.id and m.string and not m.fuzzy}
    return {text: where for text, where in reversed(list(messages(source))) if text not in known}


def without_use(source: Path = SOURCE) -> dict[str, str]:
    """English for messages that stand nowhere any more, with the file it is in."""
    used = {text for text, _ in messages(source)}
    return {str(m.id): str(path) for path in files(source) for m in read(path) if m.id and str(m.id) not in used}


def said_twice(source: Path = SOURCE) -> dict[str, list[str]]:
    """Messages that two files put into different English: the pages of both would say what one of them says."""
    said: dict[str, set[str]] = {}
    for path in files(source):
        for text, english in _said(read(path)).items():
            said.setdefault(text, set()).add(english)
    return {text: sorted(found) for text, found in said.items() if len(found) > 1}


def main(arguments: list[str]) -> int:
    """Do what was asked; the exit status."""
    if arguments == ["compile"]:
        for path in filter(stale, files()):
            with path.with_suffix(".mo").open("wb") as file:
                write_mo(file, read(path))
        return 0
    if arguments == ["check"]:
        lacking = without_english()
        for text, where in sorted(lacking.items(), key=lambda item: item[1]):
            print(f"{where}: no English for {text!r}")
        twice = said_twice()
        for text, found in twice.items():
            print(f"{text!r} is put into English as {' and as '.join(map(repr, found))}")
        for text, file in without_use().items():
            print(f"{file}: nothing says {text!r} any more")
        return bool(lacking or twice)
    print(__doc__)
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
