"""How long codes hold: `catalog/rules/health-code.yaml`. Pure."""

from __future__ import annotations

from functools import cache

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.platform.consent.categories import Reviewed


class CodeRules(Entry):
    """Times in the unit of each name; `dynamic_once`: a code on a screen is accepted once."""

    source: str
    confidence: str
    reviewed: Reviewed
    dynamic_seconds: int
    static_days: int
    clock_skew_seconds: int
    dynamic_once: bool
    list_hours: int


@cache
def code_rules() -> CodeRules:
    """The file, read once."""
    return read_entry(CATALOG / "rules" / "health-code.yaml", CodeRules)
