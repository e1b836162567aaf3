"""A scored pair in words: what was seen of each field and how much it says."""

from __future__ import annotations

from dataclasses import dataclass

from luoshi.records.matching.engine import Scored
from luoshi.records.matching.model import Model
from luoshi.records.matching.prepare import counted
from luoshi.records.matching.scheme import Scheme


@dataclass(frozen=True)
class Finding:
    """One field of a pair. `weight` in bits: positive speaks for one person, 0 where a side says nothing. `differs`:
    whether the two sides disagree."""

    field: str
    title: str
    title_en: str
    level: str
    say: str
    say_en: str
    weight: float
    differs: bool


def evidence(scored: Scored, scheme: Scheme, model: Model) -> list[Finding]:
    """What each field says of a pair, in the order of the scheme."""
    found = []
    for spec, level in zip(scheme.fields, scored.levels, strict=True):
        if level < 0:
            words = ("至少一方未登记", "not known on at least one side")
            found.append(Finding(spec.name, spec.title, spec.title_en, "unknown", *words, 0.0, False))
            continue
        seen = spec.made.levels[level]
        share = scored.shares.get(f"{spec.name}{seen.value}") if seen.exact and counted(spec) else None
        weight = model.weight(spec.name, level, share)
        differs = level == len(spec.made.levels) - 1
        found.append(
            Finding(spec.name, spec.title, spec.title_en, seen.name, seen.say, seen.say_en, round(weight, 1), differs)
        )
    return found
