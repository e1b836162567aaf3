"""Statistics of records that may have been made at the desk. Pure functions over arrays, one row for each unit.

Every test asks: is this unit unlike what honest work in this region looks like? So each null hypothesis is made from the
region itself and from the unit's own honest habits, never from an ideal:

- **Last digits.** Whoever reads a mercury column rounds to even figures, to five or to ten. The null is any mixture of
  exact reading, rounding to 2, to 5, to 10, and the habit of the rest of the region, in whatever proportions fit the unit
  best; only what no mixture explains counts against it.
- **Shares** (nights, weekends, repeats, …). Honest units differ, so a share is compared by a beta-binomial law whose
  spread is estimated from the units themselves, robustly, so that a few made-up ones do not set the scale.
- **Coincidences.** A unit that rounds to ten repeats itself by chance more often; the expected number is worked out from
  the unit's own figures, times what the region shows.

Sources: Beber & Scacco (2012) and Diekmann (2007) on last digits; Spiegelhalter (2005) on overdispersion; Benjamini &
Hochberg (1995) on many tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Last digits of exact reading and of rounding to 2, to 5 and to 10.
HONEST: Floats = np.array(
    [
        [0.1] * 10,
        [0.2, 0, 0.2, 0, 0.2, 0, 0.2, 0, 0.2, 0],
        [0.5, 0, 0, 0, 0, 0.5, 0, 0, 0, 0],
        [1.0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
)
_TINY = 1e-9


@dataclass(frozen=True)
class Digits:
    """What `last_digits` says of each unit: the likelihood-ratio statistic, its p-value, the share of readings that no
    honest rounding explains (total variation distance, 0 to 1), and the expected share of each digit (units × 10)."""

    statistic: Floats
    p_value: Floats
    effect: Floats
    expected: Floats
    scale: float


@dataclass(frozen=True)
class Excess:
    """What `excess` says of each unit: the expected share, the p-value of as many or more, the share in excess."""

    expected: Floats
    p_value: Floats
    effect: Floats
    overdispersion: float


def last_digits(counts: Ints, *, rounds: int = 400) -> Digits:
    """Test the last digits of each unit against the best mixture of honest rounding and the region's habit.

    `counts`: units × 10. The statistic is G = 2 Σ O ln(O/E), referred to χ² with 5 degrees of freedom (ten cells, five
    components), after division by its median over the units relative to χ²'s own when that is above one, so that
    mild habits all units share set no alarm. A unit without readings has p = 1.
    """
    counts = np.asarray(counts, dtype=np.float64)
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals, 1)[:, None]
    rest = counts.sum(axis=0) - counts
    habit = (rest + 0.5) / (rest + 0.5).sum(axis=1)[:, None]
    parts = np.concatenate([np.broadcast_to(HONEST, (len(counts), *HONEST.shape)), habit[:, None, :]], axis=1)
    weights = np.full((len(counts), parts.shape[1]), 1.0 / parts.shape[1])
    for _ in range(rounds):  # expectation-maximisation: only the proportions are free
        made = np.maximum(np.einsum("uk,ukd->ud", weights, parts), _TINY)
        weights = weights * np.einsum("ukd,ud->uk", parts, shares / made)
        weights /= np.maximum(weights.sum(axis=1), _TINY)[:, None]
    expected = np.maximum(np.einsum("uk,ukd->ud", weights, parts), _TINY)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(counts > 0, counts * np.log(shares / expected), 0.0)
    statistic = np.maximum(2 * terms.sum(axis=1), 0.0)
    freedom = 9 - (parts.shape[1] - 1)
    known = totals >= 50
    scale = max(1.0, float(np.median(statistic[known]) / special.chdtri(freedom, 0.5))) if known.sum() >= 10 else 1.0
    p_value = np.where(totals > 0, special.chdtrc(freedom, statistic / scale), 1.0)
    effect = np.where(totals > 0, 0.5 * np.abs(shares - expected).sum(axis=1), 0.0)
    return Digits(statistic, p_value, effect, expected, scale)


def trimmed_ratio(observed: Floats, chance: Floats, *, cut: float = 0.15) -> float:
    """Σ observed / Σ chance over the units, without the share `cut` of chance that lies highest and lowest in
    observed/chance: what the bulk of the region shows. 0 where there is no chance at all."""
    observed, chance = np.asarray(observed, np.float64), np.asarray(chance, np.float64)
    some = chance > 0
    if not some.any():
        return 0.0
    observed, chance = observed[some], chance[some]
    order = np.argsort(observed / chance, kind="stable")
    within = np.cumsum(chance[order]) - chance[order] / 2
    kept = order[(within >= cut * chance.sum()) & (within <= (1 - cut) * chance.sum())]
    return float(observed[kept].sum() / chance[kept].sum()) if len(kept) else float(observed.sum() / chance.sum())


def overdispersion(observed: Floats, trials: Floats, share: Floats) -> float:
    """The intra-class correlation ρ of a beta-binomial law, from the middle of the units: the ρ at which the median of
    the squared standardised residuals is that of χ² with one degree of freedom. Between 0 and 0.5."""
    observed, trials, share = (np.asarray(a, np.float64) for a in (observed, trials, share))
    usable = (trials >= 10) & (trials * share >= 1) & (share < 1)
    if usable.sum() < 10:
        return 0.0
    n, m = trials[usable], share[usable]
    squared = (observed[usable] - n * m) ** 2 / (n * m * (1 - m))
    goal = float(special.chdtri(1, 0.5))

    def middle(rho: float) -> float:
        return float(np.median(squared / (1 + (n - 1) * rho)))

    low, high = 0.0, 0.5
    if middle(low) <= goal:
        return 0.0
    if middle(high) > goal:
        return high
    for _ in range(40):
        at = (low + high) / 2
        low, high = (at, high) if middle(at) > goal else (low, at)
    return high


def excess(
    observed: Floats, trials: Floats, chance: Floats, *, at_least: float = 0.0, spread_at_least: float = 0.0
) -> Excess:
    """Test whether a unit's `observed` of `trials` is more than honest work gives.

    `chance`: what chance alone would make of the unit's share (1 where only the region tells). The expected share is that
    times what the region shows (`trimmed_ratio`), but no less than `at_least`: the share of plain mistakes nobody
    should be asked about. `spread_at_least`: the least ρ taken.
    """
    observed, trials, chance = (np.asarray(a, np.float64) for a in (observed, trials, chance))
    shown = np.clip(trimmed_ratio(observed, trials * chance) * chance, _TINY, 1 - 1e-6)
    # The spread is that around what the region shows: a floor for mistakes would look like spread.
    rho = max(overdispersion(observed, trials, shown), spread_at_least)
    expected = np.maximum(shown, at_least)
    p_value = upper_tail(observed, trials, expected, rho)
    share = observed / np.maximum(trials, 1)
    return Excess(expected, np.where(trials > 0, p_value, 1.0), np.maximum(share - expected, 0.0), rho)


def upper_tail(observed: Floats, trials: Floats, share: Floats, rho: float) -> Floats:
    """P(X ≥ observed) of a beta-binomial law with mean `share` and intra-class correlation `rho` (0: binomial)."""
    from scipy import stats  # a second to load, and only the check itself needs it

    if rho < 1e-6:
        return np.asarray(stats.binom.sf(observed - 1, trials, share), dtype=np.float64)
    strength = (1 - rho) / rho
    found = stats.betabinom.sf(observed - 1, trials.astype(np.int64), share * strength, (1 - share) * strength)
    return np.clip(np.asarray(found, dtype=np.float64), 0.0, 1.0)


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Adjusted p-values: calling those below q holds the expected share of false alarms among the calls below q."""
    p_values = np.asarray(p_values, dtype=np.float64)
    count = len(p_values)
    if not count:
        return p_values
    order = np.argsort(p_values)
    ranked = p_values[order] * count / np.arange(1, count + 1)
    adjusted = np.minimum.accumulate(ranked[::-1])[::-1]
    found = np.empty(count)
    found[order] = np.minimum(adjusted, 1.0)
    return found


def chance_of_step(counts: Ints) -> Floats:
    """The chance that three figures drawn from a unit's own (units × values, equally spaced) make an even step up or
    down, not zero: what rounding alone makes of arithmetic series."""
    totals = np.maximum(counts.sum(axis=1), 1)
    shares = counts / totals[:, None]
    width = shares.shape[1]
    found = np.zeros(len(shares))
    for step in range(1, (width + 1) // 2):
        middle = shares[:, step : width - step]
        found += 2 * (middle * shares[:, : width - 2 * step] * shares[:, 2 * step :]).sum(axis=1)
    return found
