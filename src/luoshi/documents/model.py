"""A document as Luoshi sees it: one text, and the blocks, pages and tables that lie on it.

Offsets count characters of `Document.text`, the text that `luoshi plan text FILE` prints. Every module of this package
reads one format and returns this model; nothing above it knows formats.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Block:
    """A run of the text that stands for itself: a paragraph, a heading, a table cell, a footnote, a page header.

    `kind` is one of `heading`, `paragraph`, `cell`, `note`, `chrome` (site navigation, page headers and footers, page
    numbers: kept in the text, never read as plan). `level` is the heading level the format declares, 0 where none.
    """

    start: int
    end: int
    kind: str = "paragraph"
    level: int = 0
    page: int | None = None
    style: str = ""


@dataclass(frozen=True)
class Table:
    """A table as rows of (start, end) spans of its cells' text; merged cells repeat the span of their origin."""

    rows: tuple[tuple[tuple[int, int], ...], ...]
    page: int | None = None


@dataclass(frozen=True)
class Document:
    """The text of one file with what the format tells about it.

    `format` is `txt`, `html`, `docx`, `pdf` or `xlsx`; `title` is what the file declares (metadata, `<title>`), not what
    the text says; `notes` are plain sentences about reading it (an encoding guessed, a damaged part left out).
    """

    text: str
    format: str
    blocks: tuple[Block, ...] = ()
    tables: tuple[Table, ...] = ()
    pages: int | None = None
    title: str = ""
    encoding: str = ""
    notes: tuple[str, ...] = field(default=())

    def slice(self, start: int, end: int) -> str:
        """The text from `start` up to, not including, `end`."""
        return self.text[start:end]
