"""What a method is fed with: sums over the cohort, each made and rolled up as an indicator of its own.

A method (life expectancy, a standardised rate) is no sum over people, but a function of such sums. So an indicator of kind
`method` is taken apart into parts of kind `rate`, which every engine adds up over buckets, divisions and institutions like
all others, and `measured` hands the sums of a place to the function. The ids of parts are `<id>-part-<name>`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from luoshi.indicators.definition import Indicator
from luoshi.indicators.measure import Measured, measure

Cell = tuple[int | float | None, int | float | None]


def parts_of(indicator: Indicator) -> tuple[Indicator, ...]:
    """The parts of a method, in the order its function wants them; empty for other kinds."""
    return indicator.made_parts if indicator.kind == "method" else ()


def make_parts(indicator: Indicator) -> tuple[Indicator, ...]:
    """The parts, made anew; `parts_of` gives those an indicator keeps."""
    if indicator.groups is None:
        return tuple(_part(indicator, part.name, part.numerator, part.denominator) for part in indicator.parts)
    by = indicator.groups.by
    return tuple(
        _part(
            indicator,
            str(value),
            f"CASE WHEN {by} = {value} THEN {indicator.numerator} ELSE 0 END",
            f"CASE WHEN {by} = {value} THEN {indicator.denominator} ELSE 0 END",
        )
        for value in indicator.groups.values
    )


def summed(indicator: Indicator) -> tuple[Indicator, ...]:
    """What an engine adds up for an indicator: its parts, or itself."""
    return parts_of(indicator) or (indicator,)


def _part(indicator: Indicator, name: str, numerator: str, denominator: str) -> Indicator:
    changed: dict[str, Any] = {
        "id": f"{indicator.id}-part-{name}", "kind": "rate", "numerator": numerator, "denominator": denominator,
        "method": None, "groups": None, "parts": (), "parameters": {}, "unit": "ratio", "part_of": indicator.id,
        "seeds": (), "cases": None, "suppress_below": None, "interval": "none",
    }  # fmt: skip
    return indicator.model_copy(update=changed)


def measured(indicator: Indicator, cell: Callable[[Indicator], Cell]) -> tuple[Measured, Cell]:
    """The value at one place and the pair shown beside it; `cell` gives the sums of an indicator, or of a part, there.

    What a method cannot compute has no value, and the reason `not-computable` or `too-few`.
    """
    if indicator.kind != "method":
        numerator, denominator = cell(indicator)
        return measure(indicator, numerator, denominator), (numerator, denominator)
    from luoshi.indicators.methods.registry import method  # NumPy and SciPy only where a method is asked

    pairs = [cell(part) for part in parts_of(indicator)]
    if any(above is None for above, _ in pairs):
        return Measured(None, "no-data"), (None, None)
    found = method(indicator.method or "").compute([(a or 0, b or 0) for a, b in pairs], indicator.parameters)
    flags: tuple[str, ...] = ()
    if (
        indicator.suppress_below is not None
        and (found.denominator or 0) < indicator.suppress_below
        and not found.reason
    ):
        flags = ("small-denominator",)
    return (
        Measured(found.value, found.reason, flags, found.low, found.high),
        (found.numerator, found.denominator),
    )
