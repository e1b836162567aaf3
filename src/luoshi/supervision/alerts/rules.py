"""What may be told, in which words, and when it may leave: `catalog/rules/alerts.yaml`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from string import Formatter
from typing import Any, Literal

from pydantic import Field

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.kernel.errors import CatalogError, NotFound, nearest
from luoshi.kernel.quotes import inner

MAIL, HOOK = "mail", "hook"
FIELDS = frozenset({"title", "due", "reason", "step", "count", "place", "hours", "what"})


class Kind(Entry):
    """One kind of message; the texts hold `{title}` and the other `FIELDS`. `urgent` leaves at once."""

    name: str
    name_en: str
    say: str
    say_en: str
    todo: str
    todo_en: str
    urgent: bool = False


class Hours(Entry):
    """From an hour of the evening to one of the morning; equal hours mean never."""

    from_: int = Field(ge=0, le=23, alias="from")
    to: int = Field(ge=0, le=23)


class Hook(Entry):
    """A chat robot: the only host its addresses may name, and the most bytes it takes."""

    name: str
    name_en: str
    host: str
    most_bytes: int = Field(ge=500)


class AlertRules(Entry):
    """The whole file."""

    source: str
    confidence: Literal["high", "medium", "low"]
    from_: date = Field(alias="from")
    digest_at: int = Field(ge=0, le=23)
    quiet: Hours
    most_listed: int = Field(ge=1)
    urgent_a_day: int = Field(ge=0)
    retry_after_minutes: tuple[int, ...] = Field(min_length=1)
    keep_days: int = Field(ge=30)
    hooks: dict[str, Hook]
    kinds: dict[str, Kind]


@cache
def book() -> AlertRules:
    """The rules we ship. Raises `CatalogError` for a text with a field nobody fills."""
    path = CATALOG / "rules" / "alerts.yaml"
    found = read_entry(path, AlertRules)
    for name, kind in found.kinds.items():
        for text in (kind.say, kind.say_en, kind.todo, kind.todo_en):
            if unknown := {field for _t, field, _f, _c in Formatter().parse(text) if field} - FIELDS:
                raise CatalogError(f"unknown fields {sorted(unknown)}.", where=f"{path}: {name}")
    return found


def kind(name: str) -> Kind:
    """One kind. Raises `NotFound`."""
    kinds = book().kinds
    if name not in kinds:
        raise NotFound(f"There is no kind of message {name!r}.", todo=nearest(name, kinds))
    return kinds[name]


def said(name: str, values: Mapping[str, Any], *, english: bool = False) -> tuple[str, str]:
    """What happened and what to do, in words. A field that was not given is a dash; in English one given with `_en` behind
    its name goes before the other."""
    found = kind(name)
    known = {field: values.get(field, "—") for field in FIELDS}
    if english:
        known |= {field: values[f"{field}_en"] for field in FIELDS if f"{field}_en" in values}
    known["title"] = inner(str(known["title"]))  # the texts put it in marks
    say, todo = (found.say_en, found.todo_en) if english else (found.say, found.todo)
    return say.format_map(known), todo.format_map(known)


def quiet(hour: int, start: int, end: int) -> bool:
    """Whether an hour of the day lies in the quiet ones, which may go over midnight."""
    if start == end:
        return False
    return start <= hour < end if start < end else hour >= start or hour < end


def next_attempt(attempts: int, at: datetime) -> datetime | None:
    """When to try again after `attempts` failures; None when it is given up."""
    waits = book().retry_after_minutes
    return at + timedelta(minutes=waits[attempts - 1]) if attempts <= len(waits) else None
