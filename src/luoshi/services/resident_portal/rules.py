"""Codes of the counter, names as people type them, and how long a guardian may read. Pure."""

from __future__ import annotations

import re
import secrets
from datetime import date, timedelta
from functools import cache

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.platform.consent.categories import Reviewed

# No 0, 1, I, O: they are read aloud and copied by hand.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class CounterCode(Entry):
    """`characters` of a code, `days` it holds, wrong `tries` that end it."""

    characters: int
    days: int
    tries: int


class PortalRules(Entry):
    """`catalog/rules/resident-portal.yaml`."""

    source: str
    confidence: str
    reviewed: Reviewed
    counter_code: CounterCode


@cache
def portal_rules() -> PortalRules:
    """The file, read once."""
    return read_entry(CATALOG / "rules" / "resident-portal.yaml", PortalRules)


def new_code() -> str:
    """A fresh code of the counter, five bits a character."""
    return "".join(secrets.choice(ALPHABET) for _ in range(portal_rules().counter_code.characters))


def written(code: str) -> str:
    """A code in groups of four, as it is printed."""
    return "-".join(code[n : n + 4] for n in range(0, len(code), 4))


def typed(code: str) -> str:
    """A code as somebody typed it, without blanks and dashes."""
    return re.sub(r"[\s\-－—]", "", code).upper()


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are the same name: blanks, dots of minorities' names and capitals make no difference."""
    return _bare(one) == _bare(other) != ""


def _bare(name: str) -> str:
    return re.sub(r"[\s·•・.．]", "", name).casefold()


def birthday(birth: date, age: int) -> date:
    """The day somebody completes `age` years; of those born on 29 February the 1 March of a common year."""
    try:
        return birth.replace(year=birth.year + age)
    except ValueError:
        return date(birth.year + age, 3, 1)


def guardian_until(birth: date, ends_at: int) -> date:
    """The last day a guardian may read: the day before the child completes `ends_at` years."""
    return birthday(birth, ends_at) - timedelta(days=1)
