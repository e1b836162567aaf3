"""Tables that a copy has flattened: under a head of 序号 or of units, each line is a row, its cells parted by blanks."""

from __future__ import annotations

import re

_HEAD = re.compile(r"^(?:序号|编号)$")
_UNIT_HEAD = re.compile(r"^(?:牵头|责任|配合|负责|主办|协办|承办|参与)(?:单位|部门|科室|处室)$")
_LEAST, _MOST = 3, 12
_DATE = re.compile(r"20\d\d|\d{1,2}月|年底|长期|持续|全年|季度|每")

Span = tuple[int, int]


def blank_parted(lines: list[tuple[int, int, str]]) -> dict[int, tuple[Span, ...]]:
    """Cells by line for every such table: the head and the rows that follow it, each beginning with its number."""
    found: dict[int, tuple[Span, ...]] = {}
    index = 0
    while index < len(lines):
        head = _pieces(*lines[index][::2])
        words = [text for _, text in head]
        index += 1
        numbered = bool(words and _HEAD.match(words[0]))
        if not (_LEAST <= len(words) <= _MOST and (numbered or any(map(_UNIT_HEAD.match, words[1:])))):
            continue
        if any(len(word) > 16 or re.search(r"[。；，]", word) for word in words):
            continue
        rows: dict[int, tuple[Span, ...]] = {}
        at = index
        while at < len(lines):
            cells = _pieces(*lines[at][::2])
            if not cells:
                at += 1
                continue
            row = _row(cells, words, numbered=numbered)
            if row is None:
                break
            rows[at] = row
            at += 1
        if rows:
            found[index - 1] = tuple(span for span, _ in head)
            found |= rows
            index = at
    return found


def _pieces(start: int, line: str) -> list[tuple[Span, str]]:
    """The stretches of a line that blanks part, with their places."""
    return [((start + m.start(), start + m.end()), m[0]) for m in re.finditer(r"[^\s\u3000|]+", line)]


def _row(cells: list[tuple[Span, str]], head: list[str], *, numbered: bool) -> tuple[Span, ...] | None:
    """The cells of a row under `head`; None when the line is no row. Where the head is not `numbered`, the number stands
    before the words of the first cell. With blanks inside a cell the longest takes them in;
    a missing cell is left empty."""
    number = r"[（(]?\d{1,3}[）).、]?" if numbered else r"[（(]?\d{1,3}[）).、．](?!\d).{3,}"
    if len(cells) < 2 or not re.fullmatch(number, cells[0][1]):
        return None
    spans = [span for span, _ in cells]
    texts = [text for _, text in cells]
    while len(spans) > len(head):
        dated = len(head) - 1 if re.search("时限|时间|期限|进度", head[-1]) and _DATE.search(texts[-1]) else len(spans)
        joints = range(1, min(dated, len(spans) - 1))
        at = max(joints, key=lambda i: (len(texts[i]) + len(texts[i + 1]), -i), default=1)
        spans[at : at + 2] = [(spans[at][0], spans[at + 1][1])]
        texts[at : at + 2] = [texts[at] + texts[at + 1]]
    while len(spans) < len(head):
        last = bool(re.search("时限|时间|期限|进度", head[-1])) and bool(_DATE.search(texts[-1]))
        place = len(spans) - 1 if last else len(spans)
        edge = spans[place - 1][1]
        spans.insert(place, (edge, edge))
        texts.insert(place, "")
    return tuple(spans)
