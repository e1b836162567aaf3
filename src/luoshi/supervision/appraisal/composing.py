"""From scores of many items to one number: weighted sum, entropy weights, TOPSIS. Pure, on NumPy arrays.

Rows are what is compared (divisions), columns are what it is compared by (items).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def weighted(shares: Array, weights: Array) -> Array:
    """The weighted mean of each row, `Σ w·s / Σ w` over the columns that row has (NaN is absent): a missing item neither
    earns nor costs. NaN where a row has none. `shares` is rows × columns, `weights` columns."""
    there = ~np.isnan(shares)
    total = (np.nan_to_num(shares) * weights).sum(axis=1)
    possible = (there * weights).sum(axis=1)
    found: Array = np.divide(total, possible, out=np.full(len(shares), np.nan), where=possible > 0)
    return found


def entropy_weights(matrix: Array, prior: Array | None = None) -> Array | None:
    """Weights by how much each column tells the rows apart.

    `p = x / Σx`, `E = −(1 / ln m) Σ p ln p`, `d = 1 − E`, `w = d / Σd` (C. E. Shannon, 1948; C. L. Hwang and K. Yoon,
    Multiple Attribute Decision Making, Springer 1981); with `prior` weights λ the result is `λ d / Σ λ d`
    (the same). A column of zeros tells nothing. None where no column tells anything apart, or of fewer than two
    rows. Raises `ValueError` for a negative or absent number.
    """
    if np.isnan(matrix).any() or (matrix < 0).any():
        raise ValueError("entropy weights need a whole matrix without negative numbers")
    rows = len(matrix)
    if rows < 2:
        return None
    sums = matrix.sum(axis=0)
    p = np.divide(matrix, sums, out=np.full(matrix.shape, 1 / rows), where=sums > 0)
    logs = np.log(p, out=np.zeros_like(p), where=p > 0)
    told = np.clip(1 + (p * logs).sum(axis=0) / np.log(rows), 0, None)
    told[told < 1e-12] = 0.0
    if prior is not None:
        told = told * prior
    return told / told.sum() if told.sum() > 0 else None


def topsis(matrix: Array, weights: Array, rises: NDArray[np.bool_]) -> Array:
    """Closeness to the ideal, 0 to 1 (TOPSIS: Hwang and Yoon 1981).

    Columns are divided by their Euclidean length and weighted; `S⁺` and `S⁻` are the distances of a row to the best and
    the worst of every column, `C = S⁻ / (S⁺ + S⁻)`. `rises`: whether more is better in that column. Rows that do not
    differ at all get 1. Raises `ValueError` for an absent number.
    """
    if np.isnan(matrix).any():
        raise ValueError("TOPSIS needs a whole matrix")
    length = np.sqrt((matrix**2).sum(axis=0))
    v = np.divide(matrix, length, out=np.zeros_like(matrix), where=length > 0) * (weights / weights.sum())
    best = np.where(rises, v.max(axis=0), v.min(axis=0))
    worst = np.where(rises, v.min(axis=0), v.max(axis=0))
    to_best = np.sqrt(((v - best) ** 2).sum(axis=1))
    to_worst = np.sqrt(((v - worst) ** 2).sum(axis=1))
    both = to_best + to_worst
    found: Array = np.divide(to_worst, both, out=np.ones(len(v)), where=both > 0)
    return found
