"""Two stretches of a text that changed places, told where no page end is known: the one end and the one beginning that meet.

A page bound too early leaves the text to stop in the middle of a sentence, or its date and signature to stand before more
text. Every pair of lines is tried as the two places where the print breaks; the pair is taken whose three edges read
clearly better than the printed ones, and only when no number counts worse than before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from luoshi.documents.wrapping import OPENING
from luoshi.plans import sections
from luoshi.plans.labels import META_LINE
from luoshi.plans.numbering import Marker
from luoshi.plans.page_seams import ENDS, LABELLED
from luoshi.plans.running_text import ROW, RunningText

_MOST_LINES = 400
_REACH = 60
_SENT_OUT = re.compile(
    r"[（(]此件|抄送|(?:关于)?[^，。；]{2,58}(?:方案|计划|规划|纲要|要点|意见|办法|措施|安排|分工|总结|行动)(?:[（(].{1,20})?$|"
    r"[\u4e00-\u9fff“”\d]{4,24}$"
)


@dataclass(frozen=True)
class Swap:
    """The text from `later` on belongs before what stands from `earlier` to `later`; `gain` says how much better it reads."""

    earlier: int
    later: int
    gain: float


@dataclass(frozen=True)
class _Line:
    start: int
    tail: str  # what is printed before it
    head: str
    closed: bool
    opens: bool
    headless: bool


def find(
    reading: RunningText, markers: Sequence[Marker], joint: Callable[[str, str], float],
    headless: Callable[[str], bool], count_breaks: Callable[[list[Marker]], int], *, least: float,
) -> Swap | None:  # fmt: skip
    """The best swap that gains at least `least`; None where the text neither stops short nor goes on after its date."""
    text = reading.text
    paras = [para for para in reading.paras if para.kind != ROW]
    if len(paras) > _MOST_LINES or len(paras) < 4:
        return None
    begins = {marker.start for marker in markers}
    lines = [_line(text, para.start, begins, headless) for para in paras[1:]]
    end = _Line(len(text), text.rstrip()[-_REACH:], "", _closes(text), opens=False, headless=False)
    dated = [line for line in lines if sections.DATE_LINE.match(line.tail.rsplit("\n", 1)[-1].strip())]
    if end.closed and not dated:
        return None
    # A letter is dated above the paper it sends out: that is no break.
    torn = any(
        line.headless or not (line.opens or _SENT_OUT.match(line.head.lstrip().split("\n", 1)[0])) for line in dated
    )

    def seam(before: _Line, after: _Line) -> float:
        if before.closed:
            return 2.0 if after.opens else -2.5 if after.headless else 0.0
        if after.opens:
            return -2.5
        return 2.0 + joint(before.tail, after.head) + (1.0 if after.headless else 0.0)

    ends = {line.start: _ending(line) for line in [*lines, end]}
    found: list[tuple[float, _Line, _Line]] = []
    for place, first in enumerate(lines):
        whole = first.closed and end.closed
        at_end = seam(end, first)
        if at_end < 0.5 or (not end.closed and not first.headless and not torn):
            continue  # the copy of an opening stops anywhere: only what begins in mid-sentence can go on from there
        for second in lines[place + 1 :]:
            meets = seam(first, second)
            if meets < 0.5 or whole or max(at_end if not end.closed else 0, meets if not first.closed else 0) < 2.8:
                continue
            gain = meets + at_end + ends[second.start]
            gain -= seam(first, first) + seam(second, second) + ends[end.start]
            found.append((gain, first, second))
    best: Swap | None = None
    printed = count_breaks(list(markers))
    for gain, first, second in sorted(found, key=lambda entry: -entry[0])[:40]:
        middle = [m for m in markers if first.start <= m.start < second.start]
        moved = [m for m in markers if m.start < first.start] + [m for m in markers if m.start >= second.start] + middle
        worse = count_breaks(moved) - printed
        total = gain - 3.0 * worse
        if worse <= 0 and total >= least and (best is None or total > best.gain):
            best = Swap(first.start, second.start, round(total, 2))
    return best


def _line(text: str, start: int, begins: set[int], headless: Callable[[str], bool]) -> _Line:
    head = text[start : start + _REACH]
    before = text[:start].rstrip()
    torn = start not in begins and headless(head)
    fresh = start in begins or bool(OPENING.match(head)) or bool(LABELLED.match(head))
    return _Line(start, before[-_REACH:], head, _closes(before), fresh and not torn, torn)


def _closes(text: str) -> bool:
    last = text.rstrip().rsplit("\n", 1)[-1]
    return bool(ENDS.search(last) or META_LINE.search(last)) or sections.is_end_matter(last)


def _ending(line: _Line) -> float:
    """How well the text may end here."""
    last = line.tail.rsplit("\n", 1)[-1].strip()
    if sections.DATE_LINE.match(last):
        return 4.0
    return 1.5 if line.closed else -1.5
