"""Sentences, clauses and brackets of the text of `plain.Plain`: where a number's own words begin and end."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

_PAIRS = {"（": "）", "《": "》", "〔": "〕", "【": "】", "[": "]"}
_CLOSERS = {v: k for k, v in _PAIRS.items()}
_SENTENCE_END = re.compile(r"[。！？!?\n]+")
_HARD = "，；：;:|"


@dataclass(frozen=True)
class Sentence:
    """One sentence as indices into the plain text; `hard` holds the places of commas, semicolons, colons and dashes by the
    bracket depth they stand at."""

    start: int
    end: int
    depth: tuple[int, ...]
    hard: dict[int, list[int]]

    def depth_at(self, index: int) -> int:
        """Bracket depth at an index of the plain text."""
        return self.depth[index - self.start] if self.start <= index < self.end else 0

    def clause(self, start: int, end: int, text: str) -> tuple[int, int]:
        """The clause around `text[start:end]`: up to the nearest hard mark of its own bracket depth on either side."""
        depth = self.depth_at(start)
        left, right = self.start, self.end
        if depth:
            i = start
            while i > self.start and self.depth_at(i - 1) >= depth:
                i -= 1
            left = i
            i = end
            while i < self.end and self.depth_at(i) >= depth:
                i += 1
            right = i
            while right > end and text[right - 1] in _CLOSERS:
                right -= 1
        marks = self.hard.get(depth, ())
        before = bisect_left(marks, start)
        if before:
            left = max(left, marks[before - 1] + 1)
        after = bisect_left(marks, end)
        if after < len(marks):
            right = min(right, marks[after])
        return left, right


def sentences(text: str) -> list[Sentence]:
    """The sentences of a text; a full stop inside brackets or a title ends none."""
    out: list[Sentence] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if match[0][0] != "\n" and _open(text, start, match.start()):
            continue
        if match.start() > start:
            out.append(_sentence(text, start, match.start()))
        start = match.end()
    if start < len(text):
        out.append(_sentence(text, start, len(text)))
    return out


def _open(text: str, start: int, at: int) -> bool:
    """Whether a short bracket is open at this index (a long one has lost its end and is ignored)."""
    stack: list[int] = []
    for i in range(start, at):
        if text[i] in _PAIRS:
            stack.append(i)
        elif text[i] in _CLOSERS and stack:
            stack.pop()
    if not stack or at - stack[-1] > 60:
        return False
    close = _PAIRS[text[stack[-1]]]
    return close in text[at : at + 60]


def _sentence(text: str, start: int, end: int) -> Sentence:
    depth: list[int] = []
    hard: dict[int, list[int]] = {}
    stack: list[str] = []
    last_close = {opener: text.rfind(closer, start, end) for opener, closer in _PAIRS.items()}
    for i in range(start, end):
        char = text[i]
        if char in _PAIRS and last_close[char] > i:
            depth.append(len(stack))
            stack.append(char)
            continue
        if char in _CLOSERS and stack and stack[-1] == _CLOSERS[char]:
            stack.pop()
            depth.append(len(stack))
            continue
        depth.append(len(stack))
        if char == "、" and text.endswith("全覆盖", start, i):
            hard.setdefault(len(stack), []).append(i)  # 统筹区全覆盖、病种覆盖率90%: each a promise of its own
        if char in _HARD and not (char == ":" and text[i - 1 : i].isdigit() and text[i + 1 : i + 2].isdigit()):
            hard.setdefault(len(stack), []).append(i)
        elif text.startswith("--", i) and not (text[i - 1 : i].isdigit() or text[i + 2 : i + 3].isdigit()):
            hard.setdefault(len(stack), []).extend((i, i + 1))
    return Sentence(start, end, tuple(depth), {d: sorted(set(places)) for d, places in hard.items()})


def split_parallel(phrase: str) -> list[str]:
    """Members of a list joined by 、 和 与 及 以及, brackets kept whole: 孕产妇、婴儿和5岁以下儿童死亡率 → three."""
    parts: list[str] = []
    depth = 0
    start = i = 0
    while i < len(phrase):
        char = phrase[i]
        if char in "（《“":
            depth += 1
        elif char in "）》”":
            depth = max(0, depth - 1)
        elif depth == 0:
            joint = next((j for j in ("以及", "、", "和", "与", "及", "，") if phrase.startswith(j, i)), None)
            inside = joint == "及" and re.match(r"及(?:以上|以下|其他?|时|早|格)", phrase[i:])
            peace = joint == "和" and re.match(r"和(?:谐|平|解)", phrase[i:])
            if joint and not inside and not peace and i > start:
                parts.append(phrase[start:i])
                i += len(joint)
                start = i
                continue
        i += 1
    parts.append(phrase[start:])
    return [p for p in (p.strip() for p in parts) if p]


_LONGEST_SENTENCE = 3000


def sentence_start(text: str, at: int) -> int:
    """Where the sentence around an index begins; 3,000 characters back at most."""
    floor = max(0, at - _LONGEST_SENTENCE)
    return max(max(text.rfind(mark, floor, at) for mark in "。！？\n") + 1, floor)
