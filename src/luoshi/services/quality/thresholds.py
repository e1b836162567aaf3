"""When a sign is shown, and its words: `catalog/rules/authenticity.yaml`, read strictly."""

from __future__ import annotations

from functools import cache
from typing import Literal

from luoshi.catalog.loader import CATALOG, Entry, read_entry


class Method(Entry):
    """One sign: its words, the fewest trials, the least excess, the share of plain mistakes, the least spread."""

    name: str
    name_en: str
    ask: str
    ask_en: str
    least: int
    effect: float
    mistakes: float = 0.0
    spread: float = 0.0


class Night(Entry):
    """Hours of the night, from 0 to 24."""

    from_: int
    to: int

    model_config = Entry.model_config | {"populate_by_name": True, "alias_generator": lambda name: name.rstrip("_")}


class Rules(Entry):
    """The whole file."""

    q: float
    rows_listed: int
    night: Night
    services: tuple[str, ...]
    minutes: dict[str, float]
    minutes_default: float
    hours_a_day: float
    phone_shared_by: int
    weekend_batch: int
    holidays: tuple[str, ...]
    methods: dict[str, Method]
    source: str
    confidence: Literal["high", "medium", "low"]


@cache
def rules() -> Rules:
    """The thresholds we ship."""
    return read_entry(CATALOG / "rules" / "authenticity.yaml", Rules)
