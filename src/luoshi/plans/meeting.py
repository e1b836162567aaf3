"""How well two stretches of a text meet, by the characters that stand together elsewhere in it and in the catalogue's words."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from functools import cache
from itertools import pairwise

from luoshi.catalog.loader import CATALOG
from luoshi.plans.running_text import RunningText

# Characters that sentences of plans begin with: 加大, 推进, 各地, 根据.
_STARTERS = frozenset(
    "加推建完强深落开实做提优巩抓健全各对在为以市县区省由按根组支鼓引规严统积坚充切认进不持要一将把到从经本我"
)


class Language:
    """Which characters stand together, in this paper and in the words of the catalogue."""

    def __init__(self, reading: RunningText) -> None:
        self.two: Counter[str] = Counter()
        self.four: Counter[str] = Counter()
        for line in self._lines(reading):  # what meets at a break must not bear itself out
            bare = re.sub(r"\s", "", line)
            self.two.update(bare[i : i + 2] for i in range(len(bare) - 1))
            self.four.update(bare[i : i + 4] for i in range(len(bare) - 3))
        self.known_two, self.known_four = _catalogue()

    @staticmethod
    def _lines(reading: RunningText) -> list[str]:
        cuts = [bisect_left(reading.offsets, offset) for offset in sorted(reading.page_starts)]
        bounds = [0, *cuts, len(reading.text)]
        return [line for a, b in pairwise(bounds) for line in reading.text[a:b].split("\n")]

    def headless(self, line: str) -> bool:
        """Whether a line cannot be the beginning of a paragraph: a mark that closes, a particle, half a word."""
        head = line.lstrip()[:8]
        if re.match(
            r"[。，、；）)”%‰]|的(?!确)|等(?!级|候)|(?:以[上下内](?=[，。；、）]|的)|级以上|期性|约束性)|[和与及或](?!谐|平)|[万亿个名家所张](?![\u4e00-\u9fff]{0,2}[：:])",
            head,
        ):
            return True
        if not re.match(r"[\u4e00-\u9fff]{3}", head) or head[0] in _STARTERS:
            return False
        pair = head[:2]
        return self.two[pair] <= 1 and pair not in self.known_two

    def joint(self, left: str, right: str) -> float:
        """How well two stretches meet."""
        a, b = left[-1:], right[:1]
        if not a or not b:
            return 0.0
        if a.isdigit() and (b.isdigit() or b in "%‰.．年月日个名家所项万张人岁种次"):
            return 2.0
        if b in "，。；、）)”%" and a not in "，。；、（(“":
            return 1.5
        if a in "、，；（(“":
            return 0.8 if "\u4e00" <= b <= "\u9fff" or b in "“《" or b.isdigit() else -1.0
        four = left[-2:] + right[:2]
        three = left[-2:] + right[:1], left[-1:] + right[:2]
        if four in self.known_four or self.four[four]:
            return 4.0
        if any(piece in self.known_four or piece in self._threes() for piece in three):
            return 3.0
        pair = a + b
        return 1.2 if self.two[pair] > 1 or pair in self.known_two else 0.4 if self.two[pair] else -1.5

    def _threes(self) -> set[str]:
        if not hasattr(self, "_three"):
            self._three = {piece[:3] for piece in self.four} | {piece[1:] for piece in self.four}
        return self._three


_WORDED = ("vocabulary", "indicators", "rules", "checks", "views")


@cache
def _catalogue() -> tuple[frozenset[str], frozenset[str]]:
    """Pairs and longer runs of Chinese characters of the catalogue's own words."""
    two: set[str] = set()
    longer: set[str] = set()
    for folder in _WORDED:
        for path in sorted((CATALOG / folder).glob("*.yaml")):
            for run in re.findall(r"[\u4e00-\u9fff]{2,}", path.read_text("utf-8")):
                two.update(run[i : i + 2] for i in range(len(run) - 1))
                longer.update(run[i : i + 3] for i in range(len(run) - 2))
                longer.update(run[i : i + 4] for i in range(len(run) - 3))
    return frozenset(two), frozenset(longer)
