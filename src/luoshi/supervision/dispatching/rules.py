"""The states of a dispatch and of an item, and the arithmetic of what a dispatch closed. Pure."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Literal

from pydantic import Field

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.kernel.machine import CLOCK, Machine, Move

OPEN, CLOSED, WITHDRAWN = "open", "closed", "withdrawn"
SENT, ACTED, OBJECTED, EXCUSED = "sent", "acted", "objected", "excused"
MISSING, COUNTED, LEFT = "missing", "counted", "left"
# How many of a unit make one, by the catalogue's names of units.
BASES = {"percent": 100.0, "permille": 1000.0, "per-1000": 1000.0, "per-10000": 10_000.0, "per-100000": 100_000.0}

DISPATCH = Machine(
    name="dispatch",
    title="派单",
    title_en="Dispatch",
    states={OPEN: ("办理中", "Open"), CLOSED: ("已办结", "Closed"), WITHDRAWN: ("已撤回", "Withdrawn")},
    start=OPEN,
    final=frozenset({CLOSED, WITHDRAWN}),
    moves=(
        Move("extend", (OPEN,), OPEN, "dispatch.send", "延期", "Give more time", ("reason",)),
        Move("finish", (OPEN,), CLOSED, CLOCK, "全部由数据确认，自动办结", "Settled by the data"),
        Move("close", (OPEN,), CLOSED, "dispatch.send", "办结", "Close", ("reason",)),
        Move("withdraw", (OPEN,), WITHDRAWN, "dispatch.send", "撤回", "Withdraw", ("reason",)),
    ),
)

ITEM = Machine(
    name="dispatch-item",
    title="派单事项",
    title_en="Item of a dispatch",
    states={
        SENT: ("待办", "To do"),
        ACTED: ("已办，待数据确认", "Acted, waits for the data"),
        OBJECTED: ("有异议", "Objected to"),
        EXCUSED: ("同意不办", "Left out"),
    },
    start=SENT,
    final=frozenset({EXCUSED}),
    moves=(
        Move("act", (SENT,), ACTED, "dispatch.act", "标记已办", "Say it was done", ("day",)),
        Move("undo", (ACTED,), SENT, "dispatch.act", "取消标记", "Take it back"),
        Move("lapse", (ACTED,), SENT, CLOCK, "数据未见，退回待办", "Not in the data, to do again"),
        Move("object", (SENT, ACTED), OBJECTED, "dispatch.act", "提出异议", "Object", ("reason",)),
        Move("excuse", (OBJECTED,), EXCUSED, "dispatch.send", "同意不办", "Leave out", ("reason",)),
        Move("insist", (OBJECTED,), SENT, "dispatch.send", "仍须办理", "Insist", ("reason",)),
    ),
)


class DispatchRules(Entry):
    """The whole of `catalog/rules/dispatch.yaml`."""

    source: str
    confidence: Literal["high", "medium", "low"]
    from_: date = Field(alias="from")
    due_days: int = Field(ge=1)
    most_items: int = Field(ge=1)
    confirm_days: int = Field(ge=0)


@cache
def book() -> DispatchRules:
    """The rules we ship."""
    return read_entry(CATALOG / "rules" / "dispatch.yaml", DispatchRules)


def effect(
    numerator: float | None,
    denominator: float | None,
    *,
    counted: int,
    left: int,
    unit: str,
    lists_counted: bool = False,
) -> float | None:
    """By how much a value is higher (lower, where less is better) than it would be had nothing become of the items, in
    the indicator's unit: the value now less the value with `counted` items not counted and `left` back in the
    denominator. None where there is no value, or no rate.

    >>> round(effect(20, 40, counted=2, left=0, unit="percent"), 6)
    5.0
    """
    base = BASES.get(unit)
    if base is None or numerator is None or not denominator:
        return None
    without = numerator + counted + left if lists_counted else numerator - counted
    return base * (numerator / denominator - without / (denominator + left))


def heading(reason: str) -> str:
    """What a reason asks to be done, without its numbers: 本年面对面随访 … 次,应 … 次. Items of one heading are one kind
    of work."""
    return re.sub(r"\d+(?:[.\-]\d+)*", "…", reason)


def unconfirmed(acted_on: date | None, heard: date | None) -> bool:
    """Whether the data reach far enough past the day somebody ticked that they should show it."""
    return acted_on is not None and heard is not None and (heard - acted_on).days >= book().confirm_days
