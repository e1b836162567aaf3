"""From a numerator and a denominator to a value, or to the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from luoshi.indicators.definition import Indicator

MISSING = "—"


@dataclass(frozen=True)
class Measured:
    """`value` in the indicator's unit, or None with a `reason`; `flags` for what the reader must know."""

    value: float | None
    reason: str = ""
    flags: tuple[str, ...] = ()


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
    return Measured(numerator * indicator.factor / denominator, "", tuple(flags))


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
