"""Numbers as the field writes them: units as printed, counts beside every percentage, nothing clamped."""

from __future__ import annotations

from typing import Any

# The catalogue's unit names -> as printed. Units that are already as printed stay.
UNITS = {
    "percent": "%",
    "per-1000": "‰",
    "per-10000": "/万",
    "per-100000": "/10万",
    "minutes": "分钟",
    "minute": "分钟",
    "years": "岁",
    "count": "",
    "persons": "人",
    "person": "人",
}
OPS = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "=": "="}


def number(value: Any, places: int = 2) -> str:
    """1234.50 as `1,234.5`: thousands in groups, at most `places` decimals, no trailing zeros. None is a dash."""
    if value is None or value == "":
        return "—"
    text = f"{float(value):,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def unit(name: str) -> str:
    """A unit of the catalogue as people print it."""
    return UNITS.get(name, name)


def quantity(value: float | None, unit_name: str, places: int = 2) -> str:
    """A value with its unit: `61.54%`, `12.3/10万`, `9 分钟`; None is a dash."""
    if value is None:
        return "—"
    printed = unit(unit_name)
    gap = " " if printed and printed[0] not in "%‰/" else ""
    return f"{number(value, places)}{gap}{printed}"


def fraction(numerator: float | None, denominator: float | None) -> str:
    """`16/20`; empty when either is unknown."""
    if numerator is None or denominator is None:
        return ""
    return f"{number(numerator)}/{number(denominator)}"


def promise(op: str, value: float, upper: float | None, unit_name: str) -> str:
    """A comparator with its value: `≥ 90%`, `3–5 家`."""
    if op == "between" and upper is not None:
        return f"{number(value)}–{quantity(upper, unit_name)}"
    return f"{OPS.get(op, op)} {quantity(value, unit_name)}"
