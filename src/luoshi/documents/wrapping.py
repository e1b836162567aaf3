"""Hard wraps: telling lines cut at a fixed width from paragraphs, and joining them."""

from __future__ import annotations

import re
from collections import Counter
from unicodedata import east_asian_width

# A line that begins like this begins something new, whatever stands before it.
OPENING = re.compile(
    r"^\s*(?:第[一二三四五六七八九十百零〇\d]{1,4}[篇章节条]|[一二三四五六七八九十]{1,3}[、．.]|[（(][一二三四五六七八九十\d]{1,3}[）)]"
    r"|\d{1,3}\s*[.．、](?!\d)|[①-⑳]|——|附件|附：|领域：|[【\[]?(?:责任|牵头|配合)单位)"
)
_ENDING = "。！？；：!?;:"


def width(line: str) -> int:
    """Columns a line takes, a Chinese character counting two."""
    return sum(2 if east_asian_width(char) in "WFA" else 1 for char in line)


def is_wrapped(lines: list[str]) -> int:
    """The common line width (columns) of a hard-wrapped text, 0 when the lines are whole paragraphs."""
    widths = [width(line.rstrip()) for line in lines if line.strip()]
    if len(widths) < 8:
        return 0
    tenths = Counter(value // 4 * 4 for value in widths)
    common = max(tenths, key=lambda value: (tenths[value] + tenths.get(value + 4, 0), value))
    if common < 60 and len(widths) < 12:
        return 0  # a few short lines of about one length: a table of a site, a list
    full = [value for value in widths if abs(value - common) <= 8]
    longer = [value for value in widths if value > common + 10]
    if (
        len(full) < 0.45 * len(widths)
        or len(longer) > max(len(widths) >= 10, 0.05 * len(widths))
        or not 36 <= common <= 130
    ):
        return 0
    open_ends = sum(
        1
        for line in lines
        if line.strip() and abs(width(line.rstrip()) - common) <= 8 and line.rstrip()[-1] not in _ENDING
    )
    return common if open_ends >= 0.5 * len(full) else 0


def opens(line: str) -> bool:
    """Whether a line begins something new by its own words: a number, 附件, a label."""
    return bool(OPENING.match(line))


def margin(lines: list[str]) -> int:
    """The blanks that most lines begin with: those of a page set in from the left."""
    depths = sorted(len(line) - len(line.lstrip(" \u3000")) for line in lines if line.strip())
    return depths[len(depths) // 5] if depths else 0


def double_spaced(lines: list[str]) -> bool:
    """Whether an empty line follows most lines, so that empty lines part nothing."""
    filled = [index for index, line in enumerate(lines[:-1]) if line.strip()]
    return len(filled) >= 8 and sum(not lines[index + 1].strip() for index in filled) >= 0.7 * len(filled)


def continues(previous: str, line: str, common: int, left: int = 0) -> bool:
    """Whether `line` goes on with the paragraph that `previous` belongs to, in a text wrapped at `common` columns and set
    in by `left` blanks."""
    line = line[min(left, len(line) - len(line.lstrip(" \u3000"))) :]
    last = previous.rstrip()
    if not last or (opens(line) and last[-1] not in "（(、，,"):
        return False
    indent = len(line) - len(line.lstrip())
    indented = line[:1] == "\u3000" or indent >= 2
    if indented:
        return False
    if width(last) > common + 16:
        return False  # a header that runs over the whole page
    short = width(last) < common - 10
    if short:
        return False
    return not (last[-1] in "。！？" and width(last) < common - 3 and line[:1].strip() == "")


_NO_BLANK = re.compile(r"[^\x00-\xff]")


def join(left: str, right: str) -> str:
    """Two lines of one paragraph as one: no blank between Chinese, one between Latin words."""
    left, right = left.rstrip(), right.lstrip()
    if not left or not right:
        return left + right
    if _NO_BLANK.match(left[-1]) or _NO_BLANK.match(right[0]) or left[-1] in "-/":
        return left + right
    return f"{left} {right}"
