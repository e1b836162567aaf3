"""Splitting a promise downwards: an even proposal, and whether a split adds up. Pure.

A count is split by weights (the people it is about, else residents) and the parts must add up to what is promised. A rate
is promised by each part; what the parts promise together is their mean weighted with the denominators that were measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from luoshi.kernel.comparator import Threshold

Problem = Literal["", "below", "above", "empty", "negative"]


@dataclass(frozen=True)
class Part:
    """One unit's part: its quota, and the weight it is measured by (a denominator or a population; None unknown)."""

    key: str
    quota: float | None
    weight: float | None = None


@dataclass(frozen=True)
class Checked:
    """Whether a split adds up. `total` is the sum (count) or the weighted mean (rate) of the parts, None when nothing
    can be said; `problem` what is wrong, empty when nothing; `uneven` the keys that differ from an even part, for
    which a reason must be stated; `weighted` whether measured denominators were used."""

    total: float | None
    problem: Problem
    uneven: tuple[str, ...]
    weighted: bool
    even: dict[str, float]

    @property
    def sound(self) -> bool:
        """Whether the parts together keep what is promised."""
        return not self.problem


def even_parts(promised: float, weights: Sequence[tuple[str, float | None]], *, additive: bool) -> dict[str, float]:
    """An even part for each key. Counts are shared by weight with the largest remainder, whole when the promise is whole
    (equal weights where any is unknown or all are zero); of a rate everybody gets the rate itself."""
    if not additive:
        return {key: promised for key, _w in weights}
    known = [w for _k, w in weights if w is not None and w > 0]
    usable = len(known) > 0 and all(w is not None for _k, w in weights)
    shares = [(key, float(w or 0) if usable else 1.0) for key, w in weights]
    total = sum(w for _k, w in shares)
    if not total:
        return {}
    exact = {key: promised * w / total for key, w in shares}
    if promised != int(promised):
        return {key: round(value, 4) for key, value in exact.items()}
    parts = {key: math.floor(value + 1e-9) for key, value in exact.items()}
    left = int(promised) - sum(parts.values())
    for key in sorted(exact, key=lambda k: (-(exact[k] - parts[k]), k))[:left]:
        parts[key] += 1
    return {key: float(value) for key, value in parts.items()}


def check(
    parts: Sequence[Part],
    promise: Threshold,
    *,
    additive: bool,
    better: str = "higher",
    uneven_share: float,
    uneven_points: float,
) -> Checked:
    """Whether the parts together keep the promise, and who differs from an even part.

    At least so many (or exactly so many, 达 X, where more is better) may be topped; at most so many may be undercut.
    """
    even = even_parts(promise.value, [(p.key, p.weight) for p in parts], additive=additive)
    given = [p for p in parts if p.quota is not None]
    if len(given) < len(parts) or not parts:
        return Checked(None, "empty", (), False, even)
    if any((p.quota or 0) < 0 for p in given):
        return Checked(None, "negative", (), False, even)
    weighted = not additive and all(p.weight is not None for p in given) and any(p.weight for p in given)
    if additive:
        total = sum(p.quota or 0 for p in given)
    elif weighted:
        total = sum((p.quota or 0) * (p.weight or 0) for p in given) / sum(p.weight or 0 for p in given)
    else:
        total = sum(p.quota or 0 for p in given) / len(given)
    return Checked(
        total,
        _problem(total, promise, better),
        _uneven(given, even, additive, uneven_share, uneven_points),
        weighted,
        even,
    )


def _problem(total: float, promise: Threshold, better: str) -> Problem:
    total = round(total, 8)
    if promise.op == "between":
        upper = promise.upper if promise.upper is not None else promise.value
        return "below" if total < promise.value else "above" if total > upper else ""
    falling = promise.op in ("<=", "<") or (promise.op == "=" and better == "lower")
    if falling:
        return "above" if total > round(promise.value, 8) else ""
    return "below" if total < round(promise.value, 8) else ""


def _uneven(
    parts: Sequence[Part], even: dict[str, float], additive: bool, share: float, points: float
) -> tuple[str, ...]:
    found = []
    for part in parts:
        usual, quota = even.get(part.key), part.quota or 0
        if usual is None:
            continue
        # One more or less of a count is rounding, not a choice.
        most = max(1.0, abs(usual) * share) if additive else points
        if abs(quota - usual) > most + 1e-9:
            found.append(part.key)
    return tuple(found)
