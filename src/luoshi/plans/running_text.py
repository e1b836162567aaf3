"""The text of a document as the plan reader goes through it: chrome left out, wraps joined, every character traced.

A `RunningText` is made of the document's own characters (blank runs reduced to one, full-width digits turned
half-width), so each position leads back to an offset of `Document.text`. Repairs, such as putting pages in order, make
a new one.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from luoshi.documents import Document

# One character for one: offsets stay true.
_SAME_WIDTH = str.maketrans(
    {
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        **{chr(0xFF21 + index): chr(65 + index) for index in range(26)},
        **{chr(0xFF41 + index): chr(97 + index) for index in range(26)},
        "．": ".", "％": "%", "＋": "+", "－": "-", "～": "~", "／": "/", "＞": ">", "＜": "<", "＝": "=",
        "\u00a0": " ", "\u3000": " ", "\u2002": " ", "\u2003": " ", "\u2009": " ", "\u200b": " ", "\t": " ",
        "⾼": "高", "髙": "高", "﹪": "%",
    }
)  # fmt: skip
_EAST = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f“”‘’—…·①-⑳]")


# Characters that are written so only in traditional script, frequent in plans.
_TRADITIONAL = frozenset(
    "衛務與為國發機構醫療體實對開關會業區縣鄉鎮應強質護兒婦產單責統籌辦關於動員員計劃設書請點們這個來時後過說話讀寫學術費"
    "進達運還選遠邊際導團場號歲歷處專類總經濟給結績續網線級維納約"
)


def tidy(text: str) -> str:
    """The text with digits, letters and blanks in their plain forms; the same length as before."""
    return text.translate(_SAME_WIDTH)


@lru_cache(maxsize=8)
def _widths(text: str) -> dict[int, str]:
    """The table of plain forms for one document; with simplified characters where it is written in traditional ones."""
    table: dict[int, str] = dict(_SAME_WIDTH)
    if is_traditional(text):
        from opencc import OpenCC

        converter = OpenCC("t2s")
        for char in set(text):
            if "\u3400" <= char <= "\u9fff":
                simple = converter.convert(char)
                if char == "畫" and re.search("[計規]畫", text):
                    simple = "划"  # the two words in one character: a paper plans more often than it paints
                if len(simple) == 1 and simple != char:
                    table[ord(char)] = simple
    return table


@lru_cache(maxsize=8)
def is_traditional(text: str) -> bool:
    """Whether a text is written in traditional characters."""
    sample = text[:20_000]
    marks = sum(1 for char in sample if char in _TRADITIONAL)
    return (marks > 12 and marks > len(sample) // 150) or (marks >= 3 and marks > len(sample) // 12)


@lru_cache(maxsize=8)
def plain_text(text: str) -> str:
    """The whole text of a document in plain forms, character for character."""
    return text.translate(_widths(text))


def plain_part(part: str, whole: str) -> str:
    """A stretch of a document in plain forms, by the script the whole document is written in."""
    return part.translate(_widths(whole))


def is_east(char: str) -> bool:
    """Whether a character is Chinese writing or Chinese punctuation."""
    return bool(_EAST.match(char))


@dataclass
class Para:
    """A paragraph of a RunningText: span in its text, and what the format says of it."""

    start: int
    end: int
    kind: str = "paragraph"
    level: int = 0
    page: int | None = None


@dataclass
class RunningText:
    """Text, and for each of its characters the offset in the document. `page_starts` are the offsets at which a new page
    begins, where the format knows pages."""

    text: str
    offsets: array[int]
    paras: list[Para] = field(default_factory=list)
    page_starts: frozenset[int] = frozenset()
    _rows: list[tuple[int, int]] | None = field(default=None, repr=False)

    def doc_spans(self, start: int, end: int) -> list[tuple[int, int]]:
        """The runs of the document that `text[start:end]` was taken from, in reading order."""
        return join_offsets(zip(self.text[start:end], self.offsets[start:end], strict=True))

    def row_spans(self) -> list[tuple[int, int]]:
        """Where the lines of flattened tables stand."""
        if self._rows is None:
            self._rows = [(para.start, para.end) for para in self.paras if para.kind == ROW]
        return self._rows


def join_offsets(characters: Iterable[tuple[str, int]]) -> list[tuple[int, int]]:
    """Characters with their document offsets as runs; small gaps (blanks, wraps) do not split a run."""
    spans: list[tuple[int, int]] = []
    for char, offset in characters:
        if char.isspace():
            continue
        if spans and 0 <= offset - spans[-1][1] <= 4:
            spans[-1] = (spans[-1][0], offset + 1)
        else:
            spans.append((offset, offset + 1))
    return spans


class Weaver:
    """Builds a RunningText piece by piece."""

    def __init__(self) -> None:
        self._chars: list[str] = []
        self.offsets: array[int] = array("l")
        self.paras: list[Para] = []

    def begin(self, kind: str, level: int, page: int | None) -> None:
        """Start a paragraph; the one before it ends."""
        self._close()
        self.paras.append(Para(len(self._chars), len(self._chars), kind, level, page))

    def last(self) -> str:
        """The last character of the current paragraph, empty at its beginning."""
        return self._chars[-1] if self.paras and len(self._chars) > self.paras[-1].start else ""

    def put(self, text: str, start: int) -> None:
        """Append document text that begins at document offset `start` to the current paragraph."""
        fresh = text.translate(_SAME_WIDTH)
        for index, char in enumerate(fresh):
            if char.isspace():
                before = self.last()
                if not before or before == " ":
                    continue
                if char == "\n":
                    after = fresh[index + 1 :].lstrip()[:1]
                    if is_east(before) or (after and is_east(after)) or before in "-/":
                        continue
                char = " "
            self._chars.append(char)
            self.offsets.append(start + index)

    def put_traced(self, text: str, offsets: Iterable[int]) -> None:
        """Append text whose characters are traced already."""
        self._chars.extend(text)
        self.offsets.extend(offsets)

    def _close(self) -> None:
        if self.paras:
            para = self.paras[-1]
            while len(self._chars) > para.start and self._chars[-1] in " |":
                self._chars.pop()
                self.offsets.pop()
            para.end = len(self._chars)
            if para.end == para.start:
                self.paras.pop()
                return
            last = self.offsets[-1]
            self._chars.append("\n")
            self.offsets.append(last)

    def done(self) -> RunningText:
        """The finished RunningText."""
        self._close()
        return RunningText("".join(self._chars), self.offsets, self.paras)


def running_text(document: Document) -> RunningText:
    """The running text of a document: no chrome, no footnotes, no cells of data tables; wrapped paragraphs joined."""
    weaver = Weaver()
    whole = plain_text(document.text)
    page: int | None = None
    starts: set[int] = set()
    for block in document.blocks:
        if block.kind not in {"paragraph", "heading"}:
            continue
        text = whole[block.start : block.end]
        skip = len(text) - len(text.lstrip(" |\u3000\u00a0\t\n"))
        bullet = re.match(r"[•·●■◆]\s*", text[skip:])
        skip += bullet.end() if bullet else 0
        if block.page is not None and block.page != page and text[skip:].strip():
            starts.add(block.start + skip)
            page = block.page
        if block.style == "continued" and weaver.paras:
            left, right = weaver.last(), text[skip : skip + 1]
            if left and not (is_east(left) or is_east(right) or left in "-/ "):
                weaver.put(" ", block.start)
        else:
            weaver.begin(block.kind, block.level, block.page)
        weaver.put(text[skip:], block.start + skip)
    found = weaver.done()
    _mark_rows(found)
    return replace(found, page_starts=frozenset(starts))


ROW = "row"
_ROWS_HEAD = re.compile(
    r"(?:指\s?标|目标名称|项目名称)[^。；，]{0,40}(?:(?:19|20)\d{2}\s?年|目标值|基期|现状)[^。；，]{0,30}$"
)
_ROW_END = re.compile(
    r"\s(?:[比较达控≥≤><＞＜约每提降下上增减]\S{0,12})?\d[\d.,:∶]*\S{0,8}(?:\s+[(（]?\S{2,6}[)）]?)?$|(?:约束性|预期性)$"
)


def _mark_rows(reading: RunningText) -> None:
    """Mark the lines of flattened tables of indicators, below a head like 指标 2020年 2025年 属性, as rows: their blanks
    part cells and their numbers begin no item."""
    below = 0
    for para in reading.paras:
        line = reading.text[para.start : para.end]
        if " " in line and len(line) <= 80 and _ROWS_HEAD.search(line):
            para.kind, below = ROW, 40
        elif below and len(line) <= 90 and "。" not in line and _ROW_END.search(line):
            para.kind = ROW
        elif below:
            below = 0 if len(line) > 24 or "。" in line else below - 1


@dataclass(frozen=True)
class Piece:
    """A cleaned run of text without the blanks the carrier put in, each character traced to the document."""

    text: str
    offsets: tuple[int, ...]

    def offset_of(self, index: int) -> int:
        """The document offset of the character at `index`; the end of the piece maps one behind its last character."""
        if not self.offsets:
            return 0
        if index >= len(self.offsets):
            return self.offsets[-1] + 1
        return self.offsets[max(index, 0)]

    def strip(self) -> Piece:
        """Without blanks at both ends."""
        left = len(self.text) - len(self.text.lstrip())
        right = len(self.text.rstrip())
        return Piece(self.text[left:right], self.offsets[left:right])

    def cut(self, start: int, end: int) -> Piece:
        """The part from `start` up to `end`."""
        return Piece(self.text[start:end], self.offsets[start:end])

    def __add__(self, other: Piece) -> Piece:
        return Piece(self.text + other.text, self.offsets + other.offsets)

    def spans(self) -> list[tuple[int, int]]:
        """The runs of the document it was taken from, in reading order."""
        return join_offsets(zip(self.text, self.offsets, strict=True))


EMPTY = Piece("", ())


def line_end(after: Piece) -> Piece:
    """A line end standing behind `after`, traced to its last character."""
    return Piece("\n", (after.offsets[-1],)) if after.offsets else EMPTY


def join_pieces(pieces: list[Piece]) -> Piece:
    """Pieces as one, a line end between them."""
    text: list[str] = []
    offsets: list[int] = []
    for piece in pieces:
        if not piece.text:
            continue
        if text:
            text.append("\n")
            offsets.append(offsets[-1])
        text.append(piece.text)
        offsets.extend(piece.offsets)
    return Piece("".join(text), tuple(offsets))


def clean(reading: RunningText, start: int, end: int) -> Piece:
    """`text[start:end]` with blanks beside Chinese characters taken out and paragraph ends kept as line ends."""
    chars: list[str] = []
    offsets: list[int] = []
    text = reading.text
    rows = reading.row_spans()
    for position in range(start, end):
        char = text[position]
        if char == " " and not any(first <= position < last for first, last in rows):
            before = chars[-1] if chars else "\n"
            after = text[position + 1] if position + 1 < end else "\n"
            beside = before in "\n " or is_east(before) or is_east(after) or after in "%‰.,;:)\n"
            if beside or not (before.isalpha() or after.isalpha()):
                continue
        chars.append(char)
        offsets.append(reading.offsets[position])
    return Piece("".join(chars), tuple(offsets)).strip()


def clean_piece(document: Document, start: int, end: int) -> Piece:
    """A span of the document itself, such as a table cell, as a cleaned Piece."""
    weaver = Weaver()
    for line_start, line in _lines(plain_text(document.text), start, end):
        weaver.begin("paragraph", 0, None)
        weaver.put(line, line_start)
    reading = weaver.done()
    return clean(reading, 0, len(reading.text))


def _lines(text: str, start: int, end: int) -> Iterable[tuple[int, str]]:
    for line in text[start:end].split("\n"):
        if line.strip():
            yield start, line
        start += len(line) + 1
