"""From a numerator and a denominator to a value, or to the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from luoshi.indicators.definition import Indicator

MISSING = "—"


@dataclass(frozen=True)
class Measured:
    """`value` in the indicator's unit, or None with a `reason`; `flags` for what the reader must know; `low` and `high`, the
    ends of its 95 % interval, where one is computed."""

    value: float | None
    reason: str = ""
    flags: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


def measure(indicator: Indicator, numerator: float | None, denominator: float | None) -> Measured:
    """The value of one cell.

    An empty denominator gives no value (`empty-denominator`), never 0 and never 100 %. A share above 100 % is flagged
    `over-100-percent`, never cut. A denominator below `suppress_below` is flagged `small-denominator`.
    """
    if numerator is None:
        return Measured(None, "no-data")
    if indicator.kind == "count":
        return Measured(float(numerator))
    if not denominator:
        return Measured(None, "empty-denominator")
    share = numerator / denominator  # for the flag; the value is rounded once
    flags = []
    if indicator.unit == "percent" and indicator.kind in ("ratio", "per-population") and share > 1:
        flags.append("over-100-percent")
    if indicator.suppress_below is not None and denominator < indicator.suppress_below:
        flags.append("small-denominator")
    low = high = None
    if indicator.interval == "poisson":
        low, high = (end * indicator.factor / denominator for end in _poisson(numerator))
    return Measured(numerator * indicator.factor / denominator, "", tuple(flags), low, high)


@cache
def _poisson(events: float) -> tuple[float, float]:
    """The exact 95 % interval of a number of events (Garwood 1936)."""
    from luoshi.indicators.methods.funnel import count_interval  # SciPy only where it is asked for

    found = count_interval(events)
    return found.lower, found.upper


def fill(words: str, row: dict[str, Any]) -> str:
    """A reason with its columns put in: whole numbers without a point, days as they are written, nothing as a dash."""
    return words.format_map({name: _written(value) for name, value in row.items()})


def _written(value: Any) -> str:
    match value:
        case None:
            return MISSING
        case bool():
            return "是" if value else "否"
        case float():
            return f"{value:.10g}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
    return str(value)
