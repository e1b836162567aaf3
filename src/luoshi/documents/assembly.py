"""Putting a Document together: text is appended piece by piece, blocks and tables remember where it went."""

from __future__ import annotations

from pathlib import Path

from luoshi.documents.limits import check_characters, check_columns
from luoshi.documents.model import Block, Document, Table


class Assembly:
    """Collects the text of one file. Every `add` ends with a line end, so blocks never touch."""

    def __init__(self, path: Path, format: str) -> None:  # noqa: A002 (the model's own word)
        self.path, self.format = path, format
        self.blocks: list[Block] = []
        self.tables: list[Table] = []
        self.notes: list[str] = []
        self._parts: list[str] = []
        self._length = 0

    def add(
        self, text: str, kind: str = "paragraph", *, level: int = 0, page: int | None = None, style: str = ""
    ) -> tuple[int, int]:
        """Append one block; returns its span. Blank text appends nothing and returns an empty span."""
        text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
        start = self._length
        if not text.strip():
            return start, start
        self._parts.append(text + "\n")
        self._length += len(text) + 1
        check_characters(self.path, self._length)
        self.blocks.append(Block(start, start + len(text), kind, level, page, style))
        return start, start + len(text)

    def add_table(self, rows: list[list[str | None]], *, page: int | None = None, style: str = "") -> None:
        """Append a table, cell by cell. None stands for a cell merged into the one before it, to the left or above."""
        spans: list[tuple[tuple[int, int], ...]] = []
        for row in rows:
            check_columns(self.path, len(row))
            line: list[tuple[int, int]] = []
            for column, cell in enumerate(row):
                if cell is None:
                    above = spans[-1][column] if spans and column < len(spans[-1]) else None
                    line.append(above or (line[-1] if line else (self._length, self._length)))
                else:
                    line.append(self.add(cell, "cell", page=page, style=style))
            spans.append(tuple(line))
        if spans:
            self.tables.append(Table(tuple(spans), page))

    def document(self, *, pages: int | None = None, title: str = "", encoding: str = "") -> Document:
        """The finished Document."""
        return Document(
            text="".join(self._parts),
            format=self.format,
            blocks=tuple(self.blocks),
            tables=tuple(self.tables),
            pages=pages,
            title=title.strip(),
            encoding=encoding,
            notes=tuple(self.notes),
        )
