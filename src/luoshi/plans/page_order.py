"""Pages printed out of order: found by numbers that do not count on, put back by them, cut parts joined again.

1. The numbers of headings and tasks are followed through the print. Where one does not count on from the one before, the
   print breaks; between breaks lie segments.
2. The order in which the numbers count on best is searched. It is taken only when it leaves hardly a break.
3. A break lies somewhere between two numbers; the exact place is the one where both texts that end there and both that
   begin there read best: brackets close, each task keeps one list of units, no unit is listed twice, words are whole.

Nothing here knows a document; where the numbers say nothing, nothing is changed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from luoshi.plans import page_seams
from luoshi.plans.numbering import RANKS, Marker, find_markers
from luoshi.plans.running_text import RunningText, Weaver

_HEADING_KINDS = {"part", "chapter", "section", "cn", "own-line", "cn-paren"}
_LIST_OPEN = re.compile(r"[（(【\[]\s?(?:责\s?任|牵\s?头|配\s?合|负\s?责|主\s?办)\s?(?:单\s?位|部\s?门)")
_GOVERNMENT = re.compile(r"各[^、，,（(]{0,12}(?:人民政府|政府|管委会)")
_MAX_SEGMENTS = 40
_MAX_EXACT = 11


@dataclass(frozen=True)
class Repair:
    """A RunningText in its proposed order. `order` lists the document spans of the segments, in reading order; `physical`
    gives for each of them its place in the print, from 1. `joined` are positions in the new text where cut parts meet."""

    reading: RunningText
    order: tuple[tuple[int, int], ...] = ()
    physical: tuple[int, ...] = ()
    joined: tuple[int, ...] = ()
    doubt: str = ""

    @property
    def changed(self) -> bool:
        return bool(self.order)


def repair_order(reading: RunningText) -> Repair:
    """The RunningText with its pages in order, or the same RunningText when there is nothing to repair.

    The numbers are asked first, and the edges of pages and cut lines; where both propose an order the one that leaves the
    fewer broken places is taken. Where the edges only lean to another order, `doubt` says so.
    """
    by_numbers = _by_numbers(reading)
    proposal = page_seams.propose(reading)
    if not by_numbers.changed and page_seams.cut_off(reading.text):
        by_numbers = replace(
            by_numbers, doubt="The text ends in the middle of a sentence: a page may be missing or out of order."
        )
    if proposal is None or proposal.gain < page_seams.PERHAPS or list(proposal.order) == sorted(proposal.order):
        return by_numbers
    if proposal.gain < page_seams.CLEARLY:
        places = ", ".join(str(place + 1) for place in proposal.order)
        doubt = f"The pages may be out of order: the cut places would read a little better in the order {places}."
        return by_numbers if by_numbers.changed else replace(by_numbers, doubt=doubt)
    starts = {marker.start for marker in find_markers(reading)}
    by_edges = _reordered(reading, list(proposal.cuts), list(proposal.order), starts)
    return min((by_edges, by_numbers), key=lambda repair: _broken(repair.reading)) if by_numbers.changed else by_edges


def _broken(reading: RunningText) -> int:
    """How many places of a text read like breaks: numbers that do not count on, lines that stop in mid-sentence."""
    markers = [m for m in find_markers(reading) if m.ordinal is not None and m.rank <= RANKS["arabic"]]
    lines = [reading.text[para.start : para.end] for para in reading.paras]
    return 2 * len(_breaks(markers)) + sum(
        1 for line in lines if len(line) > 42 and line[-1:] not in "。；;）)”！？：:】"
    )


def _by_numbers(reading: RunningText) -> Repair:
    markers = [m for m in find_markers(reading) if m.ordinal is not None and m.rank <= RANKS["arabic"]]
    first_heading = next((marker.start for marker in markers if marker.kind in _HEADING_KINDS), 0)
    markers = [marker for marker in markers if marker.start >= first_heading]
    if len(markers) < 6:
        return Repair(reading)
    breaks = _breaks(markers)
    if len(breaks) < 2 and not (len(breaks) == 1 and _dangling(reading, markers, breaks[0])):
        return Repair(reading)
    if len(breaks) + 1 > _MAX_SEGMENTS:
        return Repair(reading)
    bounds = [0, *breaks, len(markers)]
    segments = [markers[bounds[i] : bounds[i + 1]] for i in range(len(bounds) - 1)]
    order = _best_order(segments)
    if order == list(range(len(segments))):
        return Repair(reading)
    left = _breaks([marker for index in order for marker in segments[index]], gap=7)
    if len(left) > len(breaks) // 3:
        return Repair(reading)
    cuts = _Cuts(reading, segments, order).find()
    return _reordered(reading, cuts, order, {segment[0].start for segment in segments})


def in_order(reading: RunningText, wanted: Sequence[tuple[int, int]]) -> Repair:
    """The text with its parts, given as document spans, in the order an officer wants; what lies between two spans goes
    with the one before it."""
    physical = sorted(range(len(wanted)), key=lambda index: wanted[index][0])
    offsets = reading.offsets
    cuts = [0] + [bisect_left(offsets, wanted[index][0]) for index in physical[1:]]
    place = {index: number for number, index in enumerate(physical)}
    order = [place[index] for index in range(len(wanted))]
    starts = {marker.start for marker in find_markers(reading)}
    if order == sorted(order):
        return Repair(reading)
    return _reordered(reading, cuts, order, starts)


def _state_after(markers: list[Marker]) -> dict[int, int]:
    state: dict[int, int] = {}
    for marker in markers:
        _advance(state, marker)
    return state


def _advance(state: dict[int, int], marker: Marker) -> None:
    state[marker.rank] = marker.ordinal or 0


def _follows(state: dict[int, int], marker: Marker, gap: int) -> bool:
    """Whether a marker counts on from what was printed before; up to `gap` task numbers may be lost between."""
    ordinal, last = marker.ordinal or 0, state.get(marker.rank)
    if ordinal == 1 or last is None:
        return True
    if marker.kind in _HEADING_KINDS:
        return ordinal == last + 1
    return last < ordinal <= last + gap


def _breaks(markers: list[Marker], gap: int = 3) -> list[int]:
    """Indexes of the markers that do not count on from those before them."""
    state: dict[int, int] = {}
    found = []
    for index, marker in enumerate(markers):
        if index and not _follows(state, marker, gap):
            found.append(index)
            state = {}
        _advance(state, marker)
    return found


def _dangling(reading: RunningText, markers: list[Marker], at: int) -> bool:
    """Whether the text before a break stops in the middle."""
    before = reading.text[markers[at - 1].start : markers[at].start].rstrip()
    return bool(before) and before[-1] not in "。）)；;”】]"


def _link(a: list[Marker], b: list[Marker]) -> float:
    """How well segment `b` goes on from segment `a`, by their numbers alone."""
    state, first = _state_after(a), b[0]
    score = 0.0
    last = state.get(first.rank)
    if last is not None:
        gap = (first.ordinal or 0) - last
        if gap == 1:
            score += 3.0
        elif 1 < gap <= 3 and first.kind == "arabic":
            score += 2.6 - 0.3 * gap
        else:
            score -= 3.0 + min(abs(gap), 50) / 50
    elif (first.ordinal or 0) > 1:
        score -= 0.5
    for rank in {RANKS["chapter"], RANKS["cn"], RANKS["cn-paren"]} - {first.rank}:
        heading = next((marker for marker in b if marker.rank == rank), None)
        before = state.get(rank)
        if heading is None or before is None:
            continue
        if heading.ordinal == before + 1:
            score += 2.0
        elif heading.ordinal != 1:
            score -= 2.5
    return score


def _best_order(segments: list[list[Marker]]) -> list[int]:
    """The order, beginning with the first segment, in which the links are best."""
    count = len(segments)
    links = [[_link(a, b) if a is not b else 0.0 for b in segments] for a in segments]
    if count > _MAX_EXACT:
        order, rest = [0], set(range(1, count))
        while rest:
            here = order[-1]
            following = max(rest, key=lambda other: (links[here][other], -other))
            order.append(following)
            rest.remove(following)
        return order

    @cache
    def best(last: int, rest: frozenset[int]) -> tuple[float, tuple[int, ...]]:
        if not rest:
            return 0.0, ()
        options = []
        for following in sorted(rest):
            score, tail = best(following, rest - {following})
            options.append((score + links[last][following], (following, *tail)))
        return max(options, key=lambda option: option[0])

    return [0, *best(0, frozenset(range(1, count)))[1]]


class _Cuts:
    """The exact places of the breaks."""

    def __init__(self, reading: RunningText, segments: list[list[Marker]], order: list[int]) -> None:
        self.text = reading.text
        self.segments, self.order = segments, order
        self.pairs = Counter(self.text[i : i + 2] for i in range(len(self.text) - 1))
        self.runs = Counter(self.text[i : i + 4] for i in range(len(self.text) - 3))
        items = [self.text[a.start : b.start] for seg in segments for a, b in pairwise(seg)]
        self.lists = sum(1 for item in items if _LIST_OPEN.search(item)) > 0.5 * max(1, len(items))
        starts = Counter(match.group(1) for match in re.finditer(r"[、,，:：]\s?([\u4e00-\u9fff])", self.text))
        self.unit_starts = {char for char, seen in starts.items() if seen >= 5}
        self.cuts = [segment[0].start for segment in segments]  # start of each segment; the first stays 0
        self.cuts[0] = 0
        known = reading.page_starts
        self.page_starts = {at for at, offset in enumerate(reading.offsets) if offset in known} if known else set()

    def find(self) -> list[int]:
        """The start of every segment in the text, in print order: the best of two beginnings, each bettered in turn."""
        after = {self.order[i]: self.order[i + 1] for i in range(len(self.order) - 1)}
        before = {b: a for a, b in after.items()}
        at_numbers = list(self.cuts)
        behind_lists = [0] + [self._behind_first_list(index) for index in range(1, len(self.segments))]
        best, best_score = at_numbers, float("-inf")
        for beginning in (behind_lists, at_numbers):
            self.cuts = list(beginning)
            self._better(before, after)
            score = sum(self._seam(a, b) for a, b in after.items()) + self._seam(self.order[-1], None)
            score += sum(self._cut_here(cut) for cut in self.cuts[1:])
            if score > best_score:
                best, best_score = list(self.cuts), score
        return best

    def _better(self, before: dict[int, int], after: dict[int, int]) -> None:
        """Move one cut after the other to its best place until none moves."""
        for _ in range(4):
            changed = False
            for index in range(1, len(self.segments)):
                previous = self.cuts[index]
                best, best_score = previous, float("-inf")
                for option in self._options(index):
                    self.cuts[index] = option
                    score = self._seam(before.get(index), index) + self._seam(index - 1, after.get(index - 1))
                    score += self._cut_here(option)
                    if score > best_score + 1e-9:
                        best, best_score = option, score
                self.cuts[index] = best
                changed |= best != previous
            if not changed:
                return

    def _behind_first_list(self, index: int) -> int:
        """The place behind the first list of units in the window of a break, its end where there is none."""
        low, high = self.segments[index - 1][-1].end, self.segments[index][0].start
        opened = _LIST_OPEN.search(self.text, low, high)
        closed = re.search(r"[）)]", self.text[opened.end() : high]) if opened else None
        return opened.end() + closed.end() if opened and closed else high

    def _options(self, index: int) -> list[int]:
        """Places where the break before segment `index` may lie; the end of the window first."""
        low, high = self.segments[index - 1][-1].end, self.segments[index][0].start
        pages = [start for start in self.page_starts if low <= start <= high]
        if pages:
            return pages
        if self.text[low:high].rstrip()[-1:] not in "。）)；;”":
            return [high]  # what stands before the number is cut off, so the page ended there
        options = [high]
        for at in range(high - 1, max(low, high - 1500), -1):
            here = self.text[at - 1]
            if here in "。、，,；;）):：\n" or self.pairs[self.text[at - 1 : at + 1]] <= 1:
                options.append(at)
        return options

    def _end_of(self, index: int) -> int:
        return self.cuts[index + 1] if index + 1 < len(self.cuts) else len(self.text)

    def _cut_here(self, at: int) -> float:
        left, right = self.text[at - 1], self.text[at] if at < len(self.text) else ""
        if at in self.page_starts or not right or left in "。）)\n":
            return 1.0
        if left in "、，,；;":
            return 0.6 if left in "，,；;" else 0.4
        if self.runs[self.text[at - 2 : at + 2]] > 1:
            return -3.0
        return -2.0 if self.pairs[left + right] > 1 else 0.0

    def _seam(self, a: int | None, b: int | None) -> float:
        """How well the end of segment `a` and the beginning of segment `b` read together."""
        if a is None or b is None:
            if a is None:
                return 0.0
            tail = self.text[self.segments[a][-1].start : self._end_of(a)].rstrip()
            return 1.0 if tail and tail[-1] in "。）)" else 0.0
        tail = self.text[self.segments[a][-1].start : self._end_of(a)].rstrip()
        head = self.text[self.cuts[b] : self.segments[b][0].start].strip()
        joined = tail + head
        score = 0.0
        bare = re.sub(r"\s", "", joined)
        opened = len(re.findall(r"[（(]", bare))
        closed = len(re.findall(r"[）)]", bare))
        score += 2.0 if opened == closed else -3.0
        score += 1.0 if bare[-1:] in "。）)；;" else -3.0
        if self.lists:
            count = len(_LIST_OPEN.findall(joined))
            score += 3.0 if count == 1 else -4.0
            score += self._list_sense(bare)
        if head:
            score += self._word(tail[-1:], head[0])
            score += 2.0 if self.runs[tail[-2:] + head[:2]] > 0 else 0.0
            if tail[-1:] in "。）)":
                score -= 2.0
        return score

    def _word(self, left: str, right: str) -> float:
        if left in "、，,：:；;":
            return 1.0 if right in self.unit_starts else 0.0
        if right in "、，,。；;）)":
            return 0.5
        return 2.0 if self.pairs[left + right] > 0 else -2.0

    def _list_sense(self, item: str) -> float:
        """Whether the list of units in an item reads like one list."""
        opened = _LIST_OPEN.search(item)
        if not opened:
            return 0.0
        listed = re.split(r"以[上下](?:各项|任务|工作)?均", item[opened.end() :].strip("单位部门：:）)"))[0]
        names = re.split(r"[、，,；;]", listed)
        names = [name for name in names if len(name) >= 3]
        score = -3.0 * (len(names) - len(set(names)))
        governed = False
        for name in names:
            if _GOVERNMENT.match(name) or name.endswith(("人民政府", "管委会")):
                governed = True
            elif governed and not name.startswith(("区", "特区", "各")):
                score -= 2.0
                break
        return score


def _reordered(reading: RunningText, cuts: list[int], order: list[int], marked: set[int]) -> Repair:
    bounds = [*cuts, len(reading.text)]
    weaver = Weaver()
    spans, joined = [], []
    previous: int | None = None
    for index in order:
        start, end = bounds[index], bounds[index + 1]
        while end > start and reading.text[end - 1].isspace():
            end -= 1
        pieces = [
            (max(para.start, start), min(para.end, end), para)
            for para in reading.paras
            if max(para.start, start) < min(para.end, end)
        ]
        for number, (left, right, para) in enumerate(pieces):
            opens_para = left == para.start
            goes_on = (
                number == 0 and previous is not None and not _clean_seam(reading, previous, opens_para, start in marked)
            )
            if not goes_on or not weaver.paras:
                weaver.begin(para.kind, para.level, para.page)
            elif number == 0:
                joined.append(len(weaver.offsets))
            text = reading.text[left:right]
            skip = len(text) - len(text.lstrip())
            weaver.put_traced(text[skip:], reading.offsets[left + skip : right])
        if start < end:
            inside = reading.offsets[start:end]
            spans.append((min(inside), max(inside) + 1))
        previous = end
    places = tuple(index + 1 for index in order)
    return Repair(weaver.done(), tuple(spans), places, tuple(joined))


def _clean_seam(reading: RunningText, before: int, opens_para: bool, at_marker: bool) -> bool:
    """Whether a new segment begins a new paragraph: what came before it is complete, and it opens a paragraph or with a
    number of its own."""
    return reading.text[before - 1 : before] in "。）)；;" and (opens_para or at_marker)
