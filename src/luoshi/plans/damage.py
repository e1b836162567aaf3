"""What carriers do to a text: page numbers and readings of characters put into it, words swapped for synonyms.

The marks are taken out of the running text (the document keeps them); swapped words are recognised, said, and put back
where that is certain.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from luoshi.catalog.loader import CATALOG, Entry, parse_entry, read_yaml
from luoshi.plans.running_text import RunningText, Weaver


class SwappedWords(Entry):
    """Swapped word to original, and the words that tell such a text."""

    certain: dict[str, str]
    telling: tuple[str, ...]


@cache
def _words() -> SwappedWords:
    path = CATALOG / "vocabulary" / "swapped_words.yaml"
    return parse_entry(read_yaml(path), SwappedWords, where=str(path))


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(_words().certain, key=len, reverse=True))))


def swapped(text: str) -> list[str]:
    """The telling words found, when they are enough to call the text swapped; else an empty list."""
    found = [(word, text.count(word)) for word in _words().telling if word in text]
    total = sum(count for _, count in found)
    if len(found) >= 5 and total >= max(8, len(text) // 600):
        return [word for word, _ in sorted(found, key=lambda item: -item[1])]
    return []


def restored(text: str) -> str:
    """The text with the swapped words put back. Only for a text that `swapped` recognised; the length may change."""
    return _pattern().sub(lambda match: _words().certain[match.group(0)], text)


_PINYIN = re.compile(r"(?<=[\u4e00-\u9fff])[（(][a-zāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüêńňǹḿ]{1,7}[)）]")
_PAGE = re.compile(r"(?<![\d.])(\d{1,3})、")


def without_marks(reading: RunningText) -> tuple[RunningText, list[str]]:
    """The running text without what the carrier put into it, and notes on what that was."""
    notes: list[str] = []
    drop: list[tuple[int, int]] = []
    readings = [match.span() for match in _PINYIN.finditer(reading.text)]
    if len(readings) >= 5:
        drop += readings
        notes.append(f"{len(readings)} readings of characters put in by the carrier, such as (yī), were left out.")
    pages = _page_numbers(reading)
    if pages:
        drop += pages
        notes.append(f"{len(pages)} page numbers printed inside sentences were left out.")
    if not drop:
        return reading, notes
    drop.sort()
    weaver = Weaver()
    for para in reading.paras:
        weaver.begin(para.kind, para.level, para.page)
        position = para.start
        for start, end in [*((a, b) for a, b in drop if para.start <= a and b <= para.end), (para.end, para.end)]:
            weaver.put_traced(reading.text[position:start], reading.offsets[position:start])
            position = end
    return replace(weaver.done(), page_starts=reading.page_starts), notes


def _page_numbers(reading: RunningText) -> list[tuple[int, int]]:
    """Page numbers of the form 3、 that a sharing site printed into a text run together: they count up evenly through the
    whole text, and many stand in the middle of a sentence."""
    longest = max((para.end - para.start for para in reading.paras), default=0)
    if longest < 2500:
        return []
    chain: list[re.Match[str]] = []
    for match in _PAGE.finditer(reading.text):
        if int(match.group(1)) == len(chain) + 1 and (not chain or match.start() - chain[-1].start() > 250):
            chain.append(match)
    if len(chain) < 3:
        return []
    inside = sum(
        1
        for match in chain
        if not re.search(r"(?:^|[。；;！？）)”\s])$", reading.text[max(0, match.start() - 1) : match.start()])
    )
    spread = chain[-1].start() - chain[0].start()
    return [match.span() for match in chain] if inside >= 0.4 * len(chain) and spread > 0.5 * longest else []
