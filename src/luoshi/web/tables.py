"""A table made once: shown on the page, and the same rows to Excel and Word.

A cell is what a person reads (`text`) together with what a spreadsheet reckons with (`value`), so that neither is
parsed back from the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

Text = str | Promise


@dataclass(frozen=True)
class Column:
    """One column. `kind` is `text`, `line` (a name, a telephone: not broken), `day` (not broken either), `number`
    (right-aligned) or `light`; `head` marks the column that names the row; `width` is for Excel, in characters; `hide`
    leaves the column out of files."""

    title: Text
    kind: str = "text"
    head: bool = False
    width: int = 16
    hide: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell. `value` goes to the spreadsheet (default: `text`); `note` is small print under the text; `href` makes
    it a link; `light` shows a light before the text; `picture` is safe SVG shown after it, not in files."""

    text: Text = ""
    value: float | int | date | str | None = None
    note: Text = ""
    href: str = ""
    light: str = ""
    picture: str = ""
    flags: tuple[str, ...] = ()

    @property
    def plain(self) -> str:
        """What a document prints: text, then the note in brackets."""
        return _("%(text)s（%(note)s）") % {"text": self.text, "note": self.note} if self.note else str(self.text)


@dataclass(frozen=True)
class Table:
    """Rows under columns. `caption` says what the table holds; `empty` is shown instead of no rows; `notes` are lines
    under it (source, freshness) that travel with every download."""

    caption: Text
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: Text = ""
    notes: Sequence[Text] = field(default=())
    caption_hidden: bool = False

    @property
    def pairs(self) -> list[list[tuple[Column, Cell]]]:
        """Rows of (column, cell), for the template."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


def cell(value: Any, **more: Any) -> Cell:
    """A cell of a plain value: None shows as a dash."""
    if value is None or value == "":
        return Cell("—", None, **more)
    return Cell(str(value), value if isinstance(value, int | float | date) else None, **more)
