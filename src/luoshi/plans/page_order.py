"""Pages printed out of order: found by numbers that do not count on, put back by them, cut parts joined again.

1. The numbers of headings and tasks are followed through the print. Where one does not count on from the one before, the
   print breaks; between breaks lie segments.
2. The order in which the numbers count on best is searched. It is taken only when it leaves hardly a break.
3. A break lies somewhere between two numbers; the exact place is the one where both texts that end there and both that
   begin there read best: brackets close, each task keeps one list of units, no unit is listed twice, words are whole.

Nothing here knows a document; where the numbers say nothing, nothing is changed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from luoshi.plans import page_seams, page_swap
from luoshi.plans.meeting import Language
from luoshi.plans.numbering import RANKS, Marker, find_markers
from luoshi.plans.page_cuts import Cuts
from luoshi.plans.running_text import RunningText, Weaver

_HEADING_KINDS = {"part", "chapter", "section", "cn", "own-line", "cn-paren"}
_EDGE = 60
_MAX_SEGMENTS = 40
_MAX_EXACT = 11


@dataclass(frozen=True)
class Repair:
    """A RunningText in its proposed order. `order` lists the document spans of the segments, in reading order; `physical`
    gives for each of them its place in the print, from 1. `joined` are positions in the new text where cut parts meet, `unsure` of
    which do not read like one text, so that the exact place of the cut or the order itself may be wrong; `by_numbers` says that
    the numbers gave the order."""

    reading: RunningText
    order: tuple[tuple[int, int], ...] = ()
    physical: tuple[int, ...] = ()
    joined: tuple[int, ...] = ()
    doubt: str = ""
    unsure: int = 0
    by_numbers: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.order)


def repair_order(reading: RunningText) -> Repair:
    """The RunningText with its pages in order, or the same RunningText when there is nothing to repair.

    The numbers are asked first, and the edges of pages and cut lines; where both propose an order the one that leaves the
    fewer broken places is taken. Where the edges only lean to another order, `doubt` says so.
    """
    repair = _proposed(reading)
    if not repair.changed:
        return repair
    language = Language(reading)
    text = repair.reading.text
    meets = [language.joint(text[:at].rstrip()[-_EDGE:], text[at : at + _EDGE].lstrip()) for at in repair.joined]
    unsure = sum(1 for meet in meets if meet < 0)
    if 2 * unsure > len(meets) > 1 and not reading.page_starts and not repair.by_numbers:
        places = ", ".join(map(str, repair.physical))
        return Repair(
            reading, doubt=f"The text may be out of order (parts {places}?), but no two of its cut ends clearly meet."
        )
    return replace(repair, unsure=unsure)


def _proposed(reading: RunningText) -> Repair:
    by_numbers = _by_numbers(reading)
    proposal = page_seams.propose(reading)
    if not by_numbers.changed and page_seams.cut_off(reading.text):
        by_numbers = replace(
            by_numbers, doubt="The text ends in the middle of a sentence: a page may be missing or out of order."
        )
    swap = None if reading.page_starts else _swapped(reading)
    if swap is not None and (
        proposal is None or swap.gain > proposal.gain or list(proposal.order) == sorted(proposal.order)
    ):
        proposal = page_seams.Proposal((0, swap.earlier, swap.later), (0, 2, 1), swap.gain)
    if proposal is None or proposal.gain < page_seams.PERHAPS or list(proposal.order) == sorted(proposal.order):
        return by_numbers
    if proposal.gain < page_seams.CLEARLY:
        places = ", ".join(str(place + 1) for place in proposal.order)
        doubt = f"The pages may be out of order: the cut places would read a little better in the order {places}."
        return by_numbers if by_numbers.changed else replace(by_numbers, doubt=doubt)
    starts = {marker.start for marker in find_markers(reading)}
    by_edges = _reordered(reading, list(proposal.cuts), list(proposal.order), starts)
    return min((by_edges, by_numbers), key=lambda repair: _broken(repair.reading)) if by_numbers.changed else by_edges


def _swapped(reading: RunningText) -> page_swap.Swap | None:
    """Two stretches that changed places, where the edges and the numbers both say so."""
    markers = [m for m in find_markers(reading) if m.ordinal is not None and m.rank <= RANKS["arabic"]]
    if len(markers) > page_seams.MOST_MARKERS or page_seams.is_ragged(reading):
        return None
    language = Language(reading)
    return page_swap.find(
        reading, markers, language.joint, language.headless, lambda order: len(_breaks(order)), least=page_seams.CLEARLY
    )


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
    cuts = Cuts(reading, segments, order, page_seams.torn_lines(reading)).find()
    return replace(_reordered(reading, cuts, order, {segment[0].start for segment in segments}), by_numbers=True)


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
