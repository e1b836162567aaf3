"""The light of a promise or duty: f(value, pace, forecast, freshness, deadline). Pure, and the only place that decides.

What a value says against its pace is `luoshi.indicators.pace.judge`, as everywhere; added are the deadline (past it
nothing is "on its way"), the forecast (green that is not expected to last is yellow), and what is shown by hand-ins
instead of data. Stale is never green, whatever else holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from luoshi.indicators.pace import judge
from luoshi.kernel.comparator import Threshold

Colour = Literal["green", "yellow", "red", "grey"]
Code = Literal[
    "met", "on-pace", "slightly-behind", "behind", "stale", "no-value", "missed", "not-expected", "nothing-yet",
    "nothing-by-due", "not-comparable",
]  # fmt: skip
Reaches = Literal["likely", "open", "unlikely", ""]


@dataclass(frozen=True)
class Seen:
    """What is known of a promise on a day. `value` and `threshold` in one unit; `share_due` the share of the work due by
    now (1 when all of it); `fresh` the days since the source was heard of, None never; `deadline` its last day."""

    value: float | None
    threshold: Threshold | None
    on: date
    share_due: float = 1.0
    fresh: int | None = 0
    deadline: date | None = None
    better: str = "higher"
    reaches: Reaches = ""
    # Hand-ins (a register, dated files) tell what was done and are not a feed that can fall silent.
    handed_in: bool = False


@dataclass(frozen=True)
class Judged:
    """A colour and the code of its reason; `expected` is what was due by now, in the unit of the value."""

    colour: Colour
    code: Code
    expected: float | None = None


def light(seen: Seen) -> Judged:
    """The light of what was seen.

    No value is grey; with hand-ins, nothing handed in is grey until the deadline and red after it. After the deadline a
    promise is kept or missed. Before it: met is green, and so is on pace unless the forecast says it will not come to it (yellow).
    """
    over = seen.deadline is not None and seen.on > seen.deadline
    if seen.handed_in and not seen.value:
        return Judged("red", "nothing-by-due") if over else Judged("grey", "nothing-yet")
    if seen.value is None:
        return Judged("grey", "no-value")
    if seen.threshold is None:
        return Judged("grey", "not-comparable")
    found = judge(
        seen.value, seen.threshold, seen.better, 1.0 if over else seen.share_due, 0 if seen.handed_in else seen.fresh
    )
    if found.code == "stale":
        return Judged("grey", "stale", found.expected)
    kept = seen.threshold.met_by(seen.value, better=seen.better)
    if over and not kept:
        return Judged("red", "missed", found.expected)
    return expected_to_hold(Judged(found.colour, found.code, found.expected), seen.reaches)


def expected_to_hold(judged: Judged, reaches: Reaches) -> Judged:
    """A light that is green because the pace is right turns yellow when the forecast says it will not be kept. What is
    kept already stays green: it is kept today."""
    if judged.colour == "green" and judged.code == "on-pace" and reaches == "unlikely":
        return Judged("yellow", "not-expected", judged.expected)
    return judged
