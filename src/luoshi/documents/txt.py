"""Plain text: the encoding is detected, site chrome and page marks are set apart, hard-wrapped lines become paragraphs."""

from __future__ import annotations

import re
from pathlib import Path

from luoshi.documents.blank_tables import blank_parted
from luoshi.documents.celled_lines import NOTE, celled
from luoshi.documents.chrome import mark_chrome
from luoshi.documents.limits import check_characters
from luoshi.documents.model import Block, Document, Table
from luoshi.documents.wrapping import continues, double_spaced, is_wrapped, margin
from luoshi.kernel.errors import UnreadableFile

_CJK = re.compile(r"[\u3400-\u9fff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def read(path: Path, data: bytes) -> Document:
    """A text file as a Document. Raises `UnreadableFile` when the bytes are no Chinese or ASCII text."""
    text, encoding, notes = decode(path, data)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n").replace("\x0b", "\n")
    check_characters(path, len(text))
    digits = sum(text.count(digit) for digit in "0123456789")
    if len(text) > 200_000 and digits > 0.6 * len(text):
        raise UnreadableFile(
            "the file is almost all digits, no plan text.", where=path.name, todo="Check that it is the right file."
        )
    return from_lines(text, "txt", encoding, notes)


def from_lines(text: str, format: str, encoding: str, notes: list[str], title: str = "") -> Document:  # noqa: A002
    """A Document over `text`, whose lines are judged one by one; used by the formats that yield bare lines."""
    lines = _lines(text)
    barred = _barred(lines)
    chrome = mark_chrome([line for _, _, line in lines])
    body = [index for index in range(len(lines)) if index not in chrome and lines[index][2].strip()]
    wrapped = is_wrapped([lines[index][2] for index in body])
    if wrapped:
        notes.append("The lines are cut at a fixed width; they were joined into paragraphs.")
    left = margin([lines[index][2] for index in body])
    spaced = wrapped and double_spaced([line for _, _, line in lines])
    blocks: list[Block] = []
    parted = blank_parted(lines)
    stacked = celled(lines)
    rows: list[tuple[tuple[int, int], ...]] = []
    tables: list[Table] = []
    previous: int | None = None
    for index, (start, end, line) in enumerate(lines):
        if not line.strip():
            if index not in chrome and wrapped and not spaced and not _inside_page_break(index, lines, chrome):
                previous = None
            continue
        if index in stacked:
            cells = stacked[index]
            if cells == NOTE:
                blocks.append(Block(start, end, "note"))
            elif isinstance(cells, tuple) and cells:
                rows.append(cells)
                blocks.extend(Block(a, b, "cell") for a, b in cells if b > a)
            previous = None
            continue
        if index in chrome:
            blocks.append(Block(start, end, "chrome"))
            continue
        tabbed = "\t" in line.strip("\t") and len(line.split("\t")) >= 2
        if index in barred and not line.strip(" |:-"):
            continue
        if tabbed or index in barred or index in parted:
            rows.append(parted[index] if index in parted else _cells(start, line, "\t" if tabbed else "|"))
            blocks.extend(Block(a, b, "cell") for a, b in rows[-1] if b > a)
            previous = None
            continue
        if rows:
            tables.append(Table(tuple(rows)))
            rows = []
        if wrapped and previous is not None and continues(lines[previous][2], line, wrapped, left):
            last = blocks[-1]
            if last.kind == "paragraph" and last.end == lines[previous][1]:
                blocks[-1] = Block(last.start, end, last.kind, last.level, last.page, last.style)
            else:
                blocks.append(Block(start, end, style="continued"))
        else:
            blocks.append(Block(start, end))
        previous = index
    if rows:
        tables.append(Table(tuple(rows)))
    tables = [table for table in tables if len(table.rows) >= 2]
    return Document(
        text=text,
        format=format,
        blocks=tuple(blocks),
        tables=tuple(tables),
        title=title,
        encoding=encoding,
        notes=tuple(notes),
    )


def decode(path: Path, data: bytes) -> tuple[str, str, list[str]]:
    """Text, encoding and notes. UTF-8 and UTF-16 by mark or validity, then GB18030, then Big5.

    Raises `UnreadableFile` when none of them gives readable text.
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            return _plain(path, data[len(mark) :].decode(encoding, errors="replace")), encoding, []
    try:
        return _plain(path, data.decode("utf-8")), "utf-8", []
    except UnicodeDecodeError as error:
        tail_cut = error.start >= len(data) - 4
        if tail_cut:
            text = data[: error.start].decode("utf-8")
            return _plain(path, text), "utf-8", ["The last character of the file is cut off and was left out."]
    sample = data.count(b"\x00")
    if sample > len(data) // 4:
        for encoding in ("utf-16-le", "utf-16-be"):
            text = data.decode(encoding, errors="replace")
            if _readable(text):
                return _plain(path, text), encoding, [f"No encoding mark; read as {encoding}."]
    for encoding in sorted(("gb18030", "big5"), key=lambda name: -_likeness(data[:40_000], name)):
        text = data.decode(encoding, errors="replace")
        if text.count("\ufffd") <= max(1, len(text) // 2000) and _readable(text):
            lost = text.count("\ufffd")
            notes = [f"The file is not UTF-8; read as {encoding.upper()}."]
            if lost:
                notes.append(f"{lost} characters could not be decoded and show as \ufffd.")
            return _plain(path, text), encoding, notes
    raise UnreadableFile(
        "the bytes are no text in UTF-8, UTF-16, GB18030 or Big5.",
        where=path.name,
        todo="Check that it is a document, or save it as UTF-8 text.",
    )


def _plain(path: Path, text: str) -> str:
    if len(_CONTROL.findall(text[:100_000])) > max(2, len(text[:100_000]) // 200):
        raise UnreadableFile(
            "this is a binary file, no document.", where=path.name, todo="Give txt, html, docx, pdf or xlsx."
        )
    return text.replace("\ufeff", "").replace("\x00", "")  # no store keeps NUL


# Frequent in Chinese papers of either script.
_FREQUENT = frozenset(
    "的和年工作一二三健康，。、是在有不人中大上為为要市縣县衛卫生局院與与及對对務务機机構构責责任單单位推進进"
)


def _likeness(data: bytes, encoding: str) -> float:
    """The share of frequent characters among the Chinese ones when bytes are read in an encoding."""
    text = data.decode(encoding, errors="replace")
    frequent = sum(1 for char in text if char in _FREQUENT)
    return frequent / max(1, sum(1 for char in text if ord(char) > 0x2E00)) - text.count("\ufffd") / max(1, len(text))


def _readable(text: str) -> bool:
    """Whether the text looks Chinese: common characters, few rare ones."""
    sample = text[:20_000]
    if not sample.strip():
        return False
    common = sum(sample.count(mark) for mark in "的和年工作，。、一二三健康")
    cjk = len(_CJK.findall(sample))
    return cjk > 0 and common >= cjk // 60


def _lines(text: str) -> list[tuple[int, int, str]]:
    """(start, end, line) of every line, the line end left out."""
    result, start = [], 0
    for line in text.split("\n"):
        result.append((start, start + len(line), line))
        start += len(line) + 1
    return result


def _barred(lines: list[tuple[int, int, str]]) -> set[int]:
    """Lines of tables drawn with bars: three or more together, each with three or more cells."""
    found: set[int] = set()
    run: list[int] = []
    for index, (_, _, line) in enumerate([*lines, (0, 0, "end")]):
        cells = [cell for cell in line.split("|") if cell.strip()]
        rule = bool(run) and line.strip() != "" and not line.strip(" |:-")
        if len(cells) >= 3 or rule:
            run.append(index)
        elif line.strip() or not run:
            if len(run) >= 3:
                found.update(run)
            run = []
    return found


def _cells(start: int, line: str, mark: str) -> tuple[tuple[int, int], ...]:
    spans = []
    if mark == "|":
        skip = len(line) - len(line.lstrip(" |"))
        start, line = start + skip, line[skip:].rstrip(" |")
    for cell in line.split(mark):
        left = len(cell) - len(cell.lstrip())
        spans.append((start + left, start + max(left, len(cell.rstrip()))))
        start += len(cell) + 1
    return tuple(spans)


def _inside_page_break(index: int, lines: list[tuple[int, int, str]], chrome: set[int]) -> bool:
    """Whether the blank line at `index` belongs to a page break: only blanks and chrome up to the next chrome line."""
    for step in (1, -1):
        at = index + step
        while 0 <= at < len(lines) and not lines[at][2].strip():
            at += step
        if 0 <= at < len(lines) and at in chrome:
            return True
    return False
