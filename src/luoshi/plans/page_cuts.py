"""The exact places of breaks that are known to lie between two numbers: where both texts that end and begin there read best."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from luoshi.plans.numbering import Marker
from luoshi.plans.running_text import RunningText

_LIST_OPEN = re.compile(r"[（(【\[]\s?(?:责\s?任|牵\s?头|配\s?合|负\s?责|主\s?办)\s?(?:单\s?位|部\s?门)")
_GOVERNMENT = re.compile(r"各[^、，,（(]{0,12}(?:人民政府|政府|管委会)")


class Cuts:
    """The exact places of the breaks."""

    def __init__(
        self, reading: RunningText, segments: list[list[Marker]], order: list[int], torn: Sequence[int] = ()
    ) -> None:
        self.torn = torn
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
        torn = [start for start in self.torn if low <= start <= high]
        if torn:
            return torn
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
