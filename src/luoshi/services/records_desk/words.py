"""The vocabulary of records in the language of the page."""

from __future__ import annotations

from functools import cache
from typing import Any

from luoshi.catalog.loader import CATALOG, Entry, parse_entry, read_yaml
from luoshi.web.manifest import in_language


class Word(Entry):
    """A code in Chinese and English; `unit` and usual `range` of a quantity."""

    zh: str
    en: str
    unit: str = ""
    range: tuple[float, float] | None = None


class Vocabulary(Entry):
    """`catalog/vocabulary/record_words.yaml`."""

    services: dict[str, Word]
    programs: dict[str, Word]
    findings: dict[str, Word]
    answers: dict[str, Word]
    procedures: dict[str, Word]
    vaccines: dict[str, Word]
    conditions: dict[str, Word]
    modes: dict[str, Word]


class Words:
    """Reads codes out in Chinese or English, whichever the page is in. A code nobody named is read as it is."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    @property
    def findings(self) -> dict[str, Word]:
        """Known findings in the order of the vocabulary."""
        return self._vocabulary.findings

    def of(self, group: str, code: str) -> str:
        """The word for a code of a group; the code itself where the group or the code is not known."""
        word: Word | None = getattr(self._vocabulary, group, {}).get(code)
        return in_language(word.zh, word.en) if word else code

    def condition(self, code: str) -> str:
        """The name of an ICD-10 code by its category."""
        word = self._vocabulary.conditions.get(code[:3])
        return in_language(word.zh, word.en) if word else code

    def dose(self, number: int) -> str:
        """第 2 剂, dose 2."""
        return in_language(f"第{number}剂", f"dose {number}")

    def unit_of(self, code: str) -> str:
        """The unit a finding is shown in, or ""."""
        word = self._vocabulary.findings.get(code)
        return word.unit if word else ""

    def range_of(self, code: str) -> tuple[float, float] | None:
        """The usual reference range of a finding."""
        word: Any = self._vocabulary.findings.get(code)
        return word.range if word else None

    @property
    def contract(self) -> str:
        """家庭医生签约."""
        return in_language("家庭医生签约", "Family-doctor contract")

    @property
    def yes(self) -> str:
        """是."""
        return in_language("是", "yes")

    @property
    def no(self) -> str:
        """否."""
        return in_language("否", "no")


@cache
def words() -> Words:
    """The vocabulary of the catalogue, read once."""
    path = CATALOG / "vocabulary" / "record_words.yaml"
    return Words(parse_entry(read_yaml(path), Vocabulary, where=str(path)))
