"""How alike two names of measures are: shared character pairs, checked by words that must stand on both sides.

The words come from `catalog/vocabulary/metrics.yaml`.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from typing import Literal

from luoshi.catalog.loader import CATALOG, Entry, read_entry


class Phrase(Entry):
    """A name of a measure and where it was seen."""

    text: str
    seen: str


class Home(Entry):
    """Where a promise is kept when records cannot tell it, and what is missing for a computed value."""

    kind: Literal["register", "deliverable", "report"]
    missing: str
    missing_en: str


class MetricWords(Entry):
    """One indicator's phrases; see the head of the file."""

    id: str
    says: list[Phrase]
    needs: list[str] = []
    never: list[str] = []
    home: Home | None = None


class MetricVocabulary(Entry):
    """The whole file."""

    metrics: list[MetricWords]
    telling: list[str]
    same: dict[str, str]


@cache
def vocabulary() -> MetricVocabulary:
    """`catalog/vocabulary/metrics.yaml`, read once. Raises `CatalogError` when it is wrong."""
    return read_entry(CATALOG / "vocabulary" / "metrics.yaml", MetricVocabulary)


_DROP = re.compile(r"[“”\"‘’《》（）()、，。·\s]|(?:的|及|和|与)(?=.)")
_FRAME = re.compile(
    r"^(?:全国|全省|全市|全县|全区|我省|我市|我县|我区|居民平均)|(?:提升幅度|下降幅度|增长幅度|达到|建设|总数)$"
)
_TAIL = re.compile(r"(?:的)?(?:比例|占比|比重)$")


@lru_cache(maxsize=20_000)
def plain_name(text: str) -> str:
    """A name reduced to what tells it apart: marks and frames dropped, usual rewritings made one."""
    text = text.replace("(", "（").replace(")", "）")
    for old, new in sorted(vocabulary().same.items(), key=lambda p: -len(p[0])):
        text = text.replace(old, new)
    text = re.sub(r"（[^）]*[不包]?含[^）]*）", "", text)
    text = _FRAME.sub("", text.strip())
    return _DROP.sub("", text)


@lru_cache(maxsize=20_000)
def _telling(text: str) -> frozenset[str]:
    return frozenset(word for word in vocabulary().telling if word in text)


@lru_cache(maxsize=20_000)
def _pairs(text: str) -> Counter[str]:
    return Counter(text[i : i + 2] for i in range(len(text) - 1)) if len(text) > 1 else Counter([text])


@lru_cache(maxsize=100_000)
def likeness(one: str, other: str) -> float:
    """From 0 to 1: shared pairs of characters (Dice), raised when one name holds the other, lowered for every telling word
    (高血压, 老年, 城区 …) that stands in one only."""
    a, b = plain_name(one), plain_name(other)
    if not a or not b:
        return 0.0
    if a == b:
        return 1.0
    pa, pb = _pairs(a), _pairs(b)
    shared = sum(min(pa[pair], pb[pair]) for pair in pa.keys() & pb.keys())
    score = 2.0 * shared / (max(len(a) - 1, 1) + max(len(b) - 1, 1))
    short, long = sorted((_TAIL.sub("", a), _TAIL.sub("", b)), key=len)
    if len(short) >= 4 and short in long:
        score = max(score, 0.72 + 0.25 * len(short) / len(long))
    return round(score * 0.8 ** len(_telling(a) ^ _telling(b)), 4)
