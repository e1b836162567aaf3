"""The text of a sentence as the reader of targets wants it: one width of marks, no stray blanks, every character traced.

Plans mix half- and full-width digits and marks, and blanks stand inside words where a line broke. `Plain` undoes both and
keeps, for every character it shows, the index it had in the text it was made from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_WIDE = {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}
# Full-width marks that are Chinese punctuation stay as they are; half-width ones between Chinese become full-width below.
_KEEP = "，；：！？（）"
_FOLD: dict[str, str] = {
    **{w: n for w, n in _WIDE.items() if w not in _KEEP},
    "％": "%", "﹪": "%", "．": ".", "﹒": ".", "／": "/", "∕": "/", "⁄": "/",
    "∶": ":", "︰": ":", "～": "~", "∼": "~", "〜": "~", "—": "-", "–": "-", "―": "-", "－": "-", "−": "-", "‐": "-",
    "‒": "-", "〇": "零", "○": "零", "髙": "高", "㎡": "平方米", "≧": "≥", "⩾": "≥", "≦": "≤", "⩽": "≤", "＞": ">", "＜": "<",
    "\u00a0": " ", "\u3000": " ", "\u2002": " ", "\u2003": " ", "\u2009": " ", "\t": " ", "\r": "\n",
}  # fmt: skip
_HALF_MARKS = {",": "，", ";": "；", "(": "（", ")": "）", "!": "！", "?": "？", ":": "："}
_INVISIBLE = set("\u200b\u200c\u200d\ufeff\u00ad")


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in "%.")


@dataclass(frozen=True)
class Plain:
    """`text` is what to read; `origin[i]` the index in the source of its i-th character (one more entry for the end)."""

    text: str
    origin: tuple[int, ...]

    @classmethod
    def of(cls, source: str) -> Plain:
        """Fold widths, drop blanks inside words, keep line ends only where a sentence or an item ends."""
        chars: list[str] = []
        origin: list[int] = []
        for i, char in enumerate(source):
            if char in _INVISIBLE:
                continue
            folded = _FOLD.get(char, char)
            chars.append(folded)
            origin.append(i)
        kept: list[str] = []
        kept_origin: list[int] = []
        i, n = 0, len(chars)
        while i < n:
            char = chars[i]
            if char in " \n":
                j = i
                lines = 0
                while j < n and chars[j] in " \n":
                    lines += chars[j] == "\n"
                    j += 1
                before = kept[-1] if kept else ""
                after = chars[j] if j < n else ""
                if lines and (
                    lines > 1
                    or before in "。；;！!？?|"
                    or (before in "：:" and not after.isdigit())
                    or _starts_item("".join(chars[j : j + 8]))
                ):
                    kept.append("\n")
                    kept_origin.append(origin[i])
                elif before and after and _is_word(before) and after.isascii() and after.isalnum():
                    kept.append(" ")
                    kept_origin.append(origin[i])
                i = j
                continue
            kept.append(char)
            kept_origin.append(origin[i])
            i += 1
        text = _marks(kept)
        return cls(text, (*kept_origin, len(source)))

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` lies in the source; empty spans are placed at their start."""
        if end <= start:
            return self.origin[start], self.origin[start]
        return self.origin[start], self.origin[end - 1] + 1

    def located(self, start: int, end: int, offset_of: Callable[[int], int]) -> tuple[int, int]:
        """`source_span` carried into document offsets by `offset_of`."""
        first, last = self.source_span(start, end)
        if last <= first:
            return offset_of(first), offset_of(first)
        return offset_of(first), offset_of(last - 1) + 1


_ITEM = re.compile(
    r"(?:[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十\d]{1,3}[）)]|\d{1,3}[.、．](?!\d)|[①-⑳]|-{2})"
)


def _starts_item(head: str) -> bool:
    return bool(_ITEM.match(head))


_CHINESE = re.compile(r"[\u4e00-\u9fff”）%‰]")
_OPENS = re.compile(r"[\u4e00-\u9fff“（\n]")
_WIDE_RATIO = re.compile(
    r"(?<![\d.表栏图件例题目项])(?:1(?P<first>：)\d{1,5}(?:\.\d{1,3})?|\d{1,3}(?:\.\d{1,3})?(?P<second>：)1)"
    r"(?![\d.：年月个项大类家所])"
)


def _marks(chars: list[str]) -> str:
    """Half-width marks that stand for Chinese ones become Chinese; those inside numbers, times and ratios stay."""
    out = list(chars)
    for match in _WIDE_RATIO.finditer("".join(chars)):
        out[max(match.start("first"), match.start("second"))] = ":"  # 床护比达到1：0.6
    for i, char in enumerate(chars):
        if (
            char == "."
            and i > 0
            and _CHINESE.match(chars[i - 1])
            and (i + 1 == len(chars) or _OPENS.match(chars[i + 1]))
        ):
            out[i] = "。"  # 达到26%以上.城乡居民…: typed on a keyboard without Chinese marks
        wide = _HALF_MARKS.get(char)
        if wide is None:
            continue
        before = chars[i - 1] if i else ""
        after = chars[i + 1] if i + 1 < len(chars) else ""
        if char in ",:" and before.isdigit() and after.isdigit():
            if char == ":" or _thousands(chars, i):
                continue
        elif char == ":" and before.isascii() and after.isascii() and before.isalnum() and after.isalnum():
            continue
        out[i] = wide
    return "".join(out)


def _thousands(chars: list[str], comma: int) -> bool:
    """Whether the comma at this index parts thousands: up to three digits before, exactly three after."""
    after = 0
    while comma + 1 + after < len(chars) and chars[comma + 1 + after].isdigit():
        after += 1
    before = 0
    while comma - 1 - before >= 0 and chars[comma - 1 - before].isdigit():
        before += 1
    return after == 3 and 1 <= before <= 3
