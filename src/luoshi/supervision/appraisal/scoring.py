"""From a value to a share of an item's points, and rounding as score sheets round. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import NDArray

from luoshi.supervision.appraisal.schemes import Item, Scoring

Array = NDArray[np.float64]


def share(value: float, item: Item) -> float:
    """The share (0 to the item's `cap`) of its points that a value earns, by the item's way of scoring."""
    return float(shares(np.array([value], dtype=np.float64), item)[0])


def shares(values: Array, item: Item) -> Array:
    """The same for many values at once; NaN stays NaN."""
    match item.scoring.kind:
        case "linear":
            return linear(values, item.scoring)
        case "stepped":
            return stepped(values, item.scoring, better=item.better)
        case _:
            return full_or_none(values, item.scoring, better=item.better)


def linear(values: Array, scoring: Scoring) -> Array:
    """In proportion: `base + (1 − base) · (x − zero) / (full − zero)`, not below 0 nor above `cap`.

    With `base` 0 it is the plain proportion most score sheets print; with `base` 0.6 the efficacy coefficient
    (功效系数法) in its textbook form, 60 + 40 · (x − 不允许值) / (满意值 − 不允许值).
    """
    assert scoring.full is not None
    assert scoring.zero is not None
    reached = (values - scoring.zero) / (scoring.full - scoring.zero)
    return np.clip(scoring.base + (1 - scoring.base) * reached, 0.0, scoring.cap)


def stepped(values: Array, scoring: Scoring, *, better: str) -> Array:
    """The largest share among the steps reached; 0 before the first. 以上 and 以下 include the number itself."""
    found = np.where(np.isnan(values), np.nan, 0.0)
    for step in scoring.steps:
        reached = values >= step.at if better == "higher" else values <= step.at
        found = np.where(reached, np.maximum(found, step.share), found)
    return found


def full_or_none(values: Array, scoring: Scoring, *, better: str) -> Array:
    """1 where `full` is reached, else 0."""
    assert scoring.full is not None
    reached = values >= scoring.full if better == "higher" else values <= scoring.full
    return np.where(np.isnan(values), np.nan, np.where(reached, 1.0, 0.0))


def rounded(value: float, decimals: int) -> float:
    """Rounded half away from zero, on the shortest decimal that reads back as `value` (85.125 is 85.13, where binary
    rounding would give 85.12)."""
    return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))


def in_words(item: Item, *, english: bool = False) -> str:
    """The formula of an item as the score sheet prints it."""
    scoring, unit = item.scoring, item.unit
    sign = "≥" if item.better == "higher" else "≤"
    if scoring.kind == "linear":
        zero, full = f"{scoring.zero:g}{unit}", f"{scoring.full:g}{unit}"
        start = f"{scoring.base:.0%}" if scoring.base else "0"
        top = f" · ≤ {scoring.cap:.0%}" if scoring.cap > 1 else ""
        return (
            f"linear: {start} of the points at {zero}, all at {full}{top}"
            if english
            else f"线性：{zero} 得 {start}，{full} 得满分，之间按比例{top}"
        )
    if scoring.kind == "stepped":
        steps = "；".join(f"{sign} {s.at:g}{unit} {s.share:.0%}" for s in scoring.steps)
        return f"stepped: {steps.replace('；', '; ')}" if english else f"分档：{steps}，其余 0"
    full = f"{sign} {scoring.full:g}{unit}"
    return f"all or nothing: {full}" if english else f"达标得满分：{full}，否则 0"
