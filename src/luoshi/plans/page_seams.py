"""Pages out of order, told by their edges: a page that ends in the middle of a sentence goes on where another begins so.

Where the format knows pages, or where lines stop in the middle of a sentence, the text falls into parts. Each part's end
is held against each part's beginning: whether brackets close, whether the characters that meet stand together elsewhere
in the paper or in the catalogue, whether numbers and headings count on. The order with the best edges is proposed when it
is clearly better than the printed one; when it is only a little better, that is said and nothing is moved.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from luoshi.documents.wrapping import OPENING
from luoshi.plans import sections
from luoshi.plans.meeting import Language
from luoshi.plans.numbering import RANKS, Marker, find_markers
from luoshi.plans.running_text import ROW, RunningText

MOST_PARTS = 60
# Longer papers than any plan are not searched.
MOST_MARKERS, MOST_LINES = 1500, 8000
_EXACT = 10
ENDS = re.compile(r"[。；;！!？?）)】\]”：:]$")
_TAIL, _HEAD = 60, 60
# A printed order stands unless another reads better by this much.
CLEARLY, PERHAPS = 5.0, 2.0


@dataclass(frozen=True)
class Part:
    """A stretch of the text between two breaks, with the numbered parts that begin in it."""

    start: int
    end: int
    markers: tuple[Marker, ...]
    tail: str
    head: str
    opens: bool
    closes: bool
    headless: bool = False


@dataclass(frozen=True)
class Proposal:
    """Where the parts begin, the order to read them in, and how much better it reads than the print (0: no better)."""

    cuts: tuple[int, ...]
    order: tuple[int, ...]
    gain: float


def propose(reading: RunningText, markers: list[Marker] | None = None) -> Proposal | None:
    """The order in which the parts of a text read best; None where the text shows no breaks."""
    found = find_markers(reading) if markers is None else markers
    if len(found) > MOST_MARKERS or len(reading.paras) > MOST_LINES:
        return None
    language = Language(reading)
    cuts = _breaks(reading, found, language)
    if not 2 <= len(cuts) < MOST_PARTS or (not reading.page_starts and len(cuts) - 1 > most_breaks(reading)):
        return None
    parts = _parts(reading, cuts, found, language)
    count = len(parts)
    scores = [
        [_edge(parts[a], parts[b], language) + (0.6 if b == a + 1 else 0.0) if a != b else 0.0 for b in range(count)]
        for a in range(count)
    ]
    last = [_ending(part) for part in parts]
    order = _exact(scores, last) if count <= _EXACT else _improved(scores, last)
    printed = list(range(count))
    gain = _total(scores, last, order) - _total(scores, last, printed)
    weak = sum(1 for a, b in pairwise(order) if scores[a][b] < 1.0)
    if weak > max(1, count // 5) or min(scores[a][b] for a, b in pairwise(order)) < -2.0:
        gain = min(gain, 0.0)  # the best order does not read well either: nothing can be said
    if sum(len(part.markers) for part in parts) < 3:
        gain = min(gain, CLEARLY - 0.1)  # no numbers to bear it out
    return Proposal(tuple(cuts), tuple(order), round(gain, 2))


def most_breaks(reading: RunningText) -> float:
    """How many breaks pages can make in a text; where more lines stop short, it is the lines that are wrapped."""
    return max(4.0, len(reading.text) / 220)


def is_ragged(reading: RunningText) -> bool:
    """Whether so many lines stop in the middle of a sentence that their ends say nothing of pages."""
    lines = (reading.text[para.start : para.end] for para in reading.paras if para.kind != ROW)
    return sum(1 for line in lines if len(line) >= 20 and not ENDS.search(line)) > most_breaks(reading)


def torn_lines(reading: RunningText) -> list[int]:
    """Where lines begin before which the text is torn, by the words alone."""
    found = find_markers(reading)
    if reading.page_starts or len(found) > MOST_MARKERS or len(reading.paras) > MOST_LINES:
        return []
    return _breaks(reading, found, Language(reading))[1:]


def _breaks(reading: RunningText, markers: list[Marker], language: Language) -> list[int]:
    """Where parts begin: at known pages, else where a line stops in the middle of a sentence or the numbers jump at the
    beginning of a line. Begins with 0."""
    if reading.page_starts:
        starts = {bisect_left(reading.offsets, offset) for offset in reading.page_starts}
        known = sorted(start for start in starts if 0 < start < len(reading.text))
        return [0, *known] if known else []
    begins = {marker.start for marker in markers}
    first = min(begins, default=0)
    result = [0]
    paras = reading.paras
    for before, para in pairwise(paras):
        early = before.start < first and before.end - before.start < 46
        if early or ROW in (before.kind, para.kind) or before.kind == "heading":
            continue
        line, following = reading.text[before.start : before.end], reading.text[para.start : para.end]
        if sections.is_end_matter(following):
            continue
        torn = para.start not in begins and language.headless(following)
        signed = bool(sections.DATE_LINE.match(line.strip()))
        if signed and para.start not in begins and len(following) > 20 and following[-1:] in "。；）":
            torn = True  # after the date of a paper no text goes on
        if not torn and (ENDS.search(line) or sections.is_end_matter(line)):
            continue
        if not torn and _stands_alone(line, following, numbered=before.start in begins):
            continue
        result.append(para.start)
    lines = {para.start for para in paras}
    numbered = [marker for marker in markers if marker.ordinal is not None and marker.rank <= RANKS["arabic"]]
    for before_marker, marker in pairwise(numbered):
        inside = any(before_marker.start < cut <= marker.start for cut in result)
        if not inside and marker.start in lines and _jumps(numbered, marker):
            result.append(marker.start)
    result += _last_piece(reading, sorted(result), begins, language)
    return sorted(result) if len(result) > 1 else []


def _last_piece(reading: RunningText, cuts: list[int], begins: set[int], language: Language) -> list[int]:
    """Where the text itself ends in the middle of a sentence, a page stands before its place: the beginning of a line
    that goes on from one of the cut ends, if one clearly does."""
    end = reading.text.rstrip()
    last = end.rsplit("\n", 1)[-1]
    if not cut_off(reading.text):
        return []
    tails = [last[-_TAIL:], *(reading.text[:cut].rstrip()[-_TAIL:] for cut in cuts[1:])]
    best, where = 2.5, -1
    for para in reading.paras:
        head = reading.text[para.start : para.start + _HEAD]
        if para.start <= cuts[0] or para.start in begins or para.start in cuts or len(head) < 12 or para.kind == ROW:
            continue
        score = max(language.joint(tail, head) for tail in tails) + (1.0 if language.headless(head) else 0.0)
        if score > best:
            best, where = score, para.start
    return [where] if where > 0 else []


def cut_off(text: str) -> bool:
    """Whether a text ends in the middle of a sentence."""
    last = text.rstrip().rsplit("\n", 1)[-1]
    return len(last) > 24 and not ENDS.search(last) and not sections.is_end_matter(last) and "|" not in last


def _stands_alone(line: str, following: str, *, numbered: bool) -> bool:
    """Whether a line without a full stop is whole: a heading, a label with its value, a signature."""
    if (
        re.search(r"[。；;]", line)
        or _CUT_WORD.search(line)
        or re.match(r"[\u4e00-\u9fff]{0,5}[。；，,）)]", following)
    ):
        return False
    begins_fresh = bool(OPENING.match(following)) or bool(LABELLED.match(following))
    if LABELLED.match(line):
        return begins_fresh or not re.match(r"[\u4e00-\u9fff]{0,12}[，,。；;、）)]", following)
    if len(line) > 46 or re.search(r"[、，,]$", line):
        return False
    if numbered:
        return True
    return not re.search(r"[，,、（(]", line) and (begins_fresh or not _rest_of_sentence(following))


# A line that ends on such a word has not ended: 接种率以, 达到, 不低于.
_CUT_WORD = re.compile(
    r"(?:[以和及与在把被达占]|(?<!目)的|[不未](?:少|低|高|超)|[^对关]于|[一二三四五六七八九十\d]|[（(“《、，,])$"
)
LABELLED = re.compile(r"[（(【]?[\u4e00-\u9fff]{2,10}[：:]")


def _rest_of_sentence(text: str) -> bool:
    """Whether a text begins like the rest of a sentence: marks that close come soon, none that open before."""
    return bool(re.match(r"[，,。；;、）)%‰]|[\u4e00-\u9fff]{0,8}[。；;）)]", text))


def _jumps(numbered: list[Marker], marker: Marker) -> bool:
    """Whether a number does not count on from the last of its kind."""
    last = 0  # numbers may run on across the headings above them
    for other in numbered:
        if other is marker:
            break
        if other.rank == marker.rank:
            last = other.ordinal or 0
    ordinal = marker.ordinal or 0
    return ordinal != 1 and not last < ordinal <= last + 2


def _parts(reading: RunningText, cuts: list[int], markers: list[Marker], language: Language) -> list[Part]:
    numbered = [marker for marker in markers if marker.ordinal is not None and marker.rank <= RANKS["arabic"]]
    begins = {marker.start for marker in markers}
    result = []
    for start, end in zip(cuts, [*cuts[1:], len(reading.text)], strict=True):
        text = reading.text[start:end].strip()
        lines = text.split("\n")
        inside = tuple(marker for marker in numbered if start <= marker.start < end)
        last = reading.text.rfind("\n", start, max(start, end - 1)) + 1
        opens = start == 0 or start in begins or bool(OPENING.match(text) or LABELLED.match(text))
        opens = opens or sections.is_end_matter(lines[0]) or bool(_SIGNED.search(lines[0]))
        closes = bool(ENDS.search(text)) or (
            len(lines) > 1 and _stands_alone(lines[-1], "", numbered=last in begins or bool(OPENING.match(lines[-1])))
        )
        headless = start not in begins and start > 0 and language.headless(text)
        result.append(Part(start, end, inside, text[-_TAIL:], text[:_HEAD], opens and not headless, closes, headless))
    return result


_SIGNED = re.compile(r"^[\u4e00-\u9fff、 ]{3,60}(?:院|局|委|府|室|会|心|组|厅|部|办|司)\s?20\d\d年\d{1,2}月\d{1,2}日$")


def _ending(part: Part) -> float:
    """How well a part stands at the very end."""
    lines = part.tail.split("\n")
    if (
        sections.DATE_LINE.match(lines[-1].strip())
        or _SIGNED.search(lines[-1])
        or (len(part.tail) < 40 and sections.is_end_matter(lines[-1]))
    ):
        return 4.0
    return 1.5 if part.closes else -1.5


_UNIT_LABEL = re.compile(r"[（(【]?(?:牵头|责任|配合|主办|负责)(?:单位|部门)")


def _edge(a: Part, b: Part, language: Language) -> float:
    """How well part `b` goes on from part `a`."""
    score = 0.0
    if not a.closes and not b.opens:
        score += 2.0 + language.joint(a.tail, b.head)
        opened = _open_brackets(a.tail)
        closes = _closes_first(b.head)
        score += 1.5 if opened == closes else -2.0
    elif a.closes and b.opens:
        score += 2.0
    elif a.closes:
        score -= 2.5 if b.headless or _rest_of_sentence(b.head) else 0.0
    else:
        score -= 2.5
    if _UNIT_LABEL.match(b.head):  # a list of units belongs to an item that has none yet
        score += 1.5 if a.markers and not _UNIT_LABEL.match(a.tail.split("\n")[-1]) else -1.5
    return score + _chain(a.markers, b.markers)


def _open_brackets(tail: str) -> bool:
    last = max(tail.rfind("（"), tail.rfind("("))
    return last > max(tail.rfind("）"), tail.rfind(")"))


def _closes_first(head: str) -> bool:
    closed = re.search(r"[）)]", head)
    opened = re.search(r"[（(]", head)
    return bool(closed and (not opened or closed.start() < opened.start()))


def _chain(before: tuple[Marker, ...], after: tuple[Marker, ...]) -> float:
    """Whether numbers and headings count on from one part to the next."""
    if not before or not after:
        return 0.0
    state: dict[int, int] = {}
    running: dict[int, int] = {}
    for marker in before:
        running[marker.rank] = marker.ordinal or 0
        state = {rank: value for rank, value in state.items() if rank <= marker.rank}
        state[marker.rank] = marker.ordinal or 0
    score = 0.0
    seen: set[int] = set()
    shallowest = 99
    for marker in after:
        if marker.rank in seen or marker.rank >= shallowest:
            shallowest = min(shallowest, marker.rank)
            seen.add(marker.rank)
            continue
        seen.add(marker.rank)
        last, ordinal = state.get(marker.rank), marker.ordinal or 0
        if ordinal > 1 and ordinal == running.get(marker.rank, -1) + 1:
            score += 3.0
        elif last is None:
            score += 0.0 if ordinal == 1 else -1.5
        elif ordinal == last + 1:
            score += 3.0
        elif ordinal == 1 and any(rank < marker.rank for rank in seen):
            score += 0.0
        elif marker.rank >= RANKS["arabic"] and last < ordinal <= last + 3:
            score += 1.0
        else:
            score -= 3.0
        shallowest = min(shallowest, marker.rank)
    return score


def _total(scores: list[list[float]], last: list[float], order: list[int]) -> float:
    return sum(scores[a][b] for a, b in pairwise(order)) + last[order[-1]]


def _exact(scores: list[list[float]], last: list[float]) -> list[int]:
    """The best order that begins with the first part."""
    count = len(scores)
    best: dict[tuple[int, int], tuple[float, int]] = {(1, 0): (0.0, -1)}
    for mask in range(1, 1 << count, 2):
        for end in range(count):
            held = best.get((mask, end))
            if held is None:
                continue
            for following in range(count):
                if mask & (1 << following):
                    continue
                key = mask | (1 << following), following
                # of equal orders the printed one is kept
                value = held[0] + scores[end][following] + (0.01 if following == end + 1 else 0.0)
                if key not in best or value > best[key][0]:
                    best[key] = value, end
    full = (1 << count) - 1
    end = max((end for end in range(count) if (full, end) in best), key=lambda end: best[full, end][0] + last[end])
    order, mask = [], full
    while end >= 0:
        order.append(end)
        mask, end = mask & ~(1 << end), best[mask, end][1]
    return order[::-1]


def _improved(scores: list[list[float]], last: list[float]) -> list[int]:
    """A good order of many parts: from the printed one, stretches are moved while that betters the whole."""
    order = list(range(len(scores)))
    value = _total(scores, last, order)
    for _ in range(12):
        bettered = False
        for start in range(1, len(order)):
            for stop in range(start + 1, min(len(order), start + 8) + 1):
                rest = order[:start] + order[stop:]
                for at in range(1, len(rest) + 1):
                    trial = rest[:at] + order[start:stop] + rest[at:]
                    total = _total(scores, last, trial)
                    if total > value + 1e-9:
                        order, value, bettered = trial, total, True
                        break
                if bettered:
                    break
            if bettered:
                break
        if not bettered:
            return order
    return order
