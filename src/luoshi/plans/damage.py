"""Texts whose words were swapped for synonyms by copying sites: recognised, said, and put back where that is certain."""

from __future__ import annotations

import re
from functools import cache

from luoshi.catalog.loader import CATALOG, Entry, parse_entry, read_yaml


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
