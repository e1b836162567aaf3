"""Numbers as the field writes them: units as printed, counts beside every percentage, nothing clamped."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language

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
# Units as printed in plans -> English.
ENGLISH = {
    "个百分点": "points",
    "/10万": "/100,000",
    "/万": "/10,000",
    "/万人": "/10,000",
    "/千人": "/1,000",
    "分钟": "min",
    "天": "days",
    "岁": "years",
    "人": "people",
    "名": "people",
    "人次": "visits",
    "次": "times",
    "家": "places",
    "级": "(level)",
    "批次": "batches",
    "类": "kinds",
    "项": "items",
    "期": "issues",
    "个": "",
}
OPS = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "=": "="}


def number(value: Any, places: int = 2) -> str:
    """1234.50 as `1,234.5`: thousands in groups, at most `places` decimals, no trailing zeros. None is a dash."""
    if value is None or value == "":
        return "—"
    text = f"{float(value):,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def unit(name: str) -> str:
    """A unit of the catalogue or of a plan as people print it, in the language of the page."""
    printed = UNITS.get(name, name)
    if printed in ENGLISH and (get_language() or "").startswith("en"):
        return ENGLISH[printed]
    return printed


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
