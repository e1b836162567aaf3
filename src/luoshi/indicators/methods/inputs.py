"""Checks shared by the methods: what comes in is refused with a sentence, never turned into a wrong number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from luoshi.kernel.errors import UserError

Numbers = NDArray[np.float64]


class MethodError(UserError):
    """The figures given to a method cannot be what it needs."""


@dataclass(frozen=True)
class Interval:
    """A value with its confidence interval, all in the same unit."""

    value: float
    lower: float
    upper: float


def column(values: ArrayLike, name: str, *, length: int | None = None, positive: bool = False) -> Numbers:
    """One-dimensional finite numbers ≥ 0 (> 0 when `positive`). Raises `MethodError` naming the column and the row."""
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or numbers.size == 0:
        raise MethodError(f"{name} must be a list of numbers, one for each group.")
    if length is not None and numbers.size != length:
        raise MethodError(f"{name} has {numbers.size} groups and the others have {length}.")
    wrong = ~np.isfinite(numbers) | (numbers <= 0 if positive else numbers < 0)
    if wrong.any():
        least = "above 0" if positive else "0 or more"
        raise MethodError(f"{name} must be {least} in every group; group {int(np.argmax(wrong)) + 1} is not.")
    return numbers


def share(level: float, name: str = "the confidence level") -> float:
    """A number strictly between 0 and 1. Raises `MethodError`."""
    if not 0 < level < 1:
        raise MethodError(f"{name} must lie between 0 and 1, not {level}.", todo="Use 0.95 for 95 %.")
    return level
