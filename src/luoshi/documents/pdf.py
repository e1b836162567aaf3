"""PDF files with a text layer: lines by position, headers and footers set apart, wraps joined, ruled tables as tables."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2

from luoshi.documents.assembly import Assembly
from luoshi.documents.chrome import is_page_mark
from luoshi.documents.limits import MAX_PAGE_CHARACTERS, MAX_PAGE_OBJECTS, MAX_PAGES
from luoshi.documents.model import Document
from luoshi.documents.pdf_tables import Grid, grids
from luoshi.documents.wrapping import join, opens
from luoshi.kernel.errors import UnreadableFile


@dataclass
class _Line:
    """A line of a page: text and place, in points from the left and the top."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    page: int
    grid: Grid | None = None

    @property
    def height(self) -> float:
        return self.bottom - self.top


def read(path: Path, data: bytes) -> Document:
    """A PDF as a Document. Pages are read one by one, so memory stays bounded.

    Raises `UnreadableFile` for an encrypted or damaged file and for a scan without a text layer.
    """
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        secret = "password" in str(error).lower()
        raise UnreadableFile(
            "the PDF is encrypted with a password." if secret else "the PDF is damaged and cannot be opened.",
            where=path.name,
            todo="Save it without a password."
            if secret
            else "Open it in a reader, print it to a new PDF, and try that.",
        ) from error
    try:
        count = len(pdf)
        if count > MAX_PAGES:
            raise UnreadableFile(
                f"the PDF has {count:,} pages; at most {MAX_PAGES:,} are read.", where=path.name, todo="Split it."
            )
        pages, empty = [], 0
        for number in range(count):
            lines, size = _page_lines(path, pdf, number)
            empty += not lines
            pages.append((lines, size))
        title = pdf.get_metadata_value("Title") or ""
    finally:
        pdf.close()
    if not any(lines for lines, _ in pages):
        raise UnreadableFile(
            "the PDF is a scan: its pages are pictures without a text layer.",
            where=path.name,
            todo="Run text recognition (OCR) on it first, or ask for the Word file.",
        )
    assembly = Assembly(path, "pdf")
    if empty:
        assembly.notes.append(f"{empty} of {count} pages hold no text (pictures or blank).")
    _assemble(assembly, pages)
    return assembly.document(pages=count, title=title)


def _page_lines(path: Path, pdf: Any, number: int) -> tuple[list[_Line], tuple[float, float]]:
    page = pdf[number]
    try:
        width, height = page.get_size()
        if pypdfium2.raw.FPDFPage_CountObjects(page.raw) > MAX_PAGE_OBJECTS:
            raise _too_much(path, number, f"{MAX_PAGE_OBJECTS:,} pieces of text and drawing")
        textpage = page.get_textpage()
        try:
            if textpage.count_chars() > MAX_PAGE_CHARACTERS:
                raise _too_much(path, number, f"{MAX_PAGE_CHARACTERS:,} characters")
            pieces = _pieces(textpage, height, number + 1)
        finally:
            textpage.close()
        tables = grids(page, height)
    finally:
        page.close()
    for piece in pieces:
        middle = (piece.top + piece.bottom) / 2
        for grid in tables:
            if grid.holds((piece.left + piece.right) / 2, middle):
                piece.grid = grid
    return _columns(_rows(pieces), width), (width, height)


def _too_much(path: Path, number: int, what: str) -> UnreadableFile:
    return UnreadableFile(
        f"page {number + 1} of the PDF holds more than {what}; no page of a plan does.",
        where=path.name,
        todo="Take that page out, or print the plan alone to a new PDF.",
    )


def _pieces(textpage: Any, height: float, page: int) -> list[_Line]:
    """Runs of text as the file draws them, with their places."""
    pieces = []
    for index in range(textpage.count_rects()):
        left, bottom, right, top = textpage.get_rect(index)
        text = textpage.get_text_bounded(left, bottom, right, top)
        text = text.replace("\r", "").replace("\n", "").replace("\ufffe", "-").replace("\x00", "")
        if text.strip():
            pieces.append(_Line(text, left, right, height - top, height - bottom, page))
    return pieces


def _rows(pieces: list[_Line]) -> list[_Line]:
    """Pieces on one base line, close to each other, become one line."""
    pieces = sorted(pieces, key=lambda piece: ((piece.top + piece.bottom) / 2, piece.left))
    lines: list[_Line] = []
    row: list[_Line] = []

    def close() -> None:
        row.sort(key=lambda piece: piece.left)
        for piece in row:
            last = lines[-1] if lines else None
            if (
                last is not None
                and last in row_lines
                and last.grid is piece.grid
                and (piece.grid is None or piece.grid.same_cell(last.right, piece.left, last.top, piece.top))
                and piece.left - last.right < 1.6 * max(last.height, 6)
            ):
                gap = piece.left - last.right
                glue = " " if gap > 0.22 * max(last.height, 6) else ""
                last.text = last.text + glue + piece.text.lstrip() if glue else last.text + piece.text
                last.right, last.bottom = max(last.right, piece.right), max(last.bottom, piece.bottom)
                last.top = min(last.top, piece.top)
            else:
                lines.append(piece)
                row_lines.append(piece)
        row_lines.clear()
        row.clear()

    row_lines: list[_Line] = []
    middle = None
    for piece in pieces:
        here = (piece.top + piece.bottom) / 2
        if middle is not None and row and here - middle > 0.5 * max(row[0].height, 4):
            close()
        if not row:
            middle = here
        row.append(piece)
    close()
    return lines


def _columns(lines: list[_Line], width: float) -> list[_Line]:
    """Lines in reading order: two columns are read one after the other when the page is set in two."""
    middle = width / 2
    left = [line for line in lines if line.right < middle + 8 and line.grid is None]
    right = [line for line in lines if line.left > middle - 8 and line.grid is None]
    across = len(lines) - len(left) - len(right)
    if across <= 0.25 * len(lines) and _set_text(left, width) and _set_text(right, width):
        top = min(line.top for line in left + right if line.right - line.left > 0.3 * width)
        bottom = max(line.bottom for line in left + right)
        before = [line for line in lines if line not in left and line not in right and line.top < top + 2]
        after = [line for line in lines if line not in left and line not in right and line.top > bottom - 2]
        inner = [line for line in lines if line not in before and line not in after and line not in right]
        return before + inner + [line for line in right if line not in before] + after
    return lines


def _set_text(side: list[_Line], width: float) -> bool:
    """Whether the lines of one half of a page are running text: enough of them, and enough that fill the column. Cells of
    a table without rules seldom do."""
    if len(side) < 8:
        return False
    edge = max(line.right for line in side)
    full = sum(
        1 for line in side if line.right > edge - 1.5 * max(line.height, 6) and line.right - line.left > 0.3 * width
    )
    return full >= 0.3 * len(side)


def _furniture(pages: list[tuple[list[_Line], tuple[float, float]]]) -> set[tuple[str, int]]:
    """Texts that return at the same height on several pages, numbers aside: headers and footers."""
    seen: Counter[tuple[str, int]] = Counter()
    for lines, (_, height) in pages:
        seen.update({_shape(line) for line in lines if _at_edge(line, lines, height)})
    filled = sum(1 for lines, _ in pages if lines)
    return {shape for shape, count in seen.items() if count >= 3 and count >= 0.2 * filled}


def _at_edge(line: _Line, lines: list[_Line], height: float) -> bool:
    """Whether a line stands where headers and footers stand: near the edge, or among the first or last lines."""
    near = line.top < 0.12 * height or line.bottom > 0.88 * height
    return near or line in lines[:2] or (line in lines[-4:] and line.bottom > 0.75 * height)


def _shape(line: _Line) -> tuple[str, int]:
    text = line.text.strip()
    return re.sub(r"\d+", "#", text) if len(text) <= 20 else text, round(line.top / 6)


def _assemble(assembly: Assembly, pages: list[tuple[list[_Line], tuple[float, float]]]) -> None:
    furniture = _furniture(pages)
    paragraph: list[str] = []
    style = ""
    last: _Line | None = None
    page = 0
    last_edge = 0.0

    def flush() -> None:
        nonlocal paragraph, style
        if paragraph:
            assembly.add("".join(paragraph), page=page, style=style)
        paragraph, style = [], ""

    for lines, (_width, height) in pages:
        body: list[_Line] = []
        chrome: list[_Line] = []
        for line in lines:
            is_chrome = _at_edge(line, lines, height) and (
                _shape(line) in furniture
                or is_page_mark(line.text)
                or (re.fullmatch(r"\s*[-—–·\s]*\d{1,4}[-—–·\s]*", line.text) is not None)
            )
            (chrome if is_chrome else body).append(line)
        if not lines:
            continue
        right_edge = _right_edge(body)
        left_edge = min((line.left for line in body if line.grid is None), default=0.0)
        open_end = last is not None and bool(paragraph)
        carried = "".join(paragraph)[-1:] if paragraph else ""
        flush()
        for line in chrome:
            assembly.add(line.text.strip(), "chrome", page=line.page)
        first = True
        index = 0
        while index < len(body):
            line = body[index]
            page = line.page
            if line.grid is not None:
                flush()
                members = [other for other in body[index:] if other.grid is line.grid]
                assembly.add_table(
                    line.grid.cells([(m.text, m.left, m.right, m.top, m.bottom) for m in members]), page=page
                )
                body = body[: index + 1] + [other for other in body[index + 1 :] if other.grid is not line.grid]
                index += 1
                last, first = None, False
                continue
            indented = line.left - left_edge > 1.2 * max(line.height, 6)
            if (
                first
                and open_end
                and last is not None
                and not indented
                and (not opens(line.text) or carried in "（(、，")
            ):
                style = "continued" if carried not in "。！？；" or _full(last, last_edge) else ""
                paragraph = [line.text.strip()]
            elif (
                paragraph
                and last is not None
                and _full(last, right_edge)
                and not indented
                and (not opens(line.text) or paragraph[-1][-1:] in "（(、，")
                and line.top - last.bottom < 2.2 * max(line.height, 6)
                and line.top >= last.top
            ):
                paragraph = [join("".join(paragraph), line.text)]
            elif paragraph and last is not None and line.top < last.top and _full(last, last.right) and not indented:
                paragraph = [join("".join(paragraph), line.text)]  # the next column
            else:
                flush()
                paragraph = [line.text.strip()]
            last, first = line, False
            index += 1
        last_edge = right_edge
    flush()


def _right_edge(lines: list[_Line]) -> float:
    """Where full lines of the page end."""
    ends = sorted(line.right for line in lines if line.grid is None)
    return ends[int(len(ends) * 0.75)] if ends else 0.0


def _full(line: _Line, edge: float) -> bool:
    """Whether the line runs to the right edge of its column, so that the paragraph may go on."""
    open_end = line.text.rstrip()[-1:] in "，、"
    return line.right > edge - (7.0 if open_end else 2.2) * max(line.height, 8)
