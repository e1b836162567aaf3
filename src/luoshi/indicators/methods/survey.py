"""Estimates from a sample with strata, clusters and weights, with standard errors that know the design.

Means and ratios with Taylor linearisation between clusters of the first stage: Särndal, Swensson and Wretman, "Model
Assisted Survey Sampling" (1992), chapter 5; Lohr, "Sampling: Design and Analysis" (2nd ed., 2010), sections 3.2, 5.2 and
9.1. Raking: Deming and Stephan, Annals of Mathematical Statistics 11 (1940) 427-444. The tests hold it against Lohr's
printed examples: the farms of 1992 by region (total 909 736 035, standard error 50 417 248) and the marks by suite of rooms
(mean 2.826, standard error 0.164).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from luoshi.indicators.methods.inputs import Interval, MethodError, Numbers, column, share


@dataclass(frozen=True)
class Design:
    """How the respondents were drawn, one entry for each of them.

    `weights` are inverse chances of selection; `clusters` the unit drawn first (village, street), nothing when people were
    drawn singly; `strata` the parts drawn apart; `of` how many clusters each stratum holds (one number where there are no
    strata), for the finite population correction; without it the sample counts as drawn from a far larger whole. A
    stratum with a single cluster has no variance of its own and is refused.
    """

    weights: ArrayLike
    strata: Sequence[Hashable] | None = None
    clusters: Sequence[Hashable] | None = None
    of: Mapping[Any, float] | float | None = None


@dataclass(frozen=True)
class Estimate(Interval):
    """A value with its interval (Student), `error` (design-based standard error), `freedom` (clusters less strata),
    `respondents` and `effect` (variance over that of a simple random sample of as many; nan for ratios)."""

    error: float
    freedom: int
    respondents: int
    effect: float


def mean(values: ArrayLike, design: Design, *, among: Sequence[bool] | None = None, level: float = 0.95) -> Estimate:
    """The weighted mean (a share when values are 0 and 1), of all or of those `among` whom it is asked.

    A part of the sample keeps the design of the whole, so that the number of its members is rightly uncertain.
    Raises `MethodError` when lengths differ, weights are all 0, or a stratum has one cluster.
    """
    numbers = _reals(values, "values")
    inside = np.ones(numbers.size) if among is None else np.asarray(among, dtype=np.float64)
    if inside.shape != numbers.shape:
        raise MethodError(f"`among` has {inside.size} entries and values {numbers.size}.")
    numbers = np.where(inside > 0, numbers, 0.0)
    made = ratio(numbers, inside, design, level=level)
    weights = column(design.weights, "weights") * inside
    count = int(inside.sum())
    simple = float(weights @ (numbers - made.value) ** 2 / weights.sum()) / max(count - 1, 1)
    effect = made.error**2 / simple if simple > 0 else float("nan")
    return Estimate(made.value, made.lower, made.upper, made.error, made.freedom, count, effect)


def ratio(above: ArrayLike, below: ArrayLike, design: Design, *, level: float = 0.95) -> Estimate:
    """The ratio of two weighted totals. Raises `MethodError` as `mean`, and when the total below is 0."""
    share(level)
    top = _reals(above, "the numbers above")
    bottom = _reals(below, "the numbers below")
    weights = column(design.weights, "weights", length=top.size)
    if bottom.size != top.size:
        raise MethodError(f"There are {top.size} numbers above and {bottom.size} below.")
    total = float(weights @ bottom)
    if total == 0:
        raise MethodError("The total below the line is 0, so there is no ratio.")
    value = float(weights @ top) / total
    variance, freedom = _variance(weights * (top - value * bottom) / total, design)
    error = float(np.sqrt(variance))
    reach = float(special.stdtrit(freedom, 0.5 + level / 2)) * error
    return Estimate(value, value - reach, value + reach, error, freedom, int(np.sum(bottom != 0)), float("nan"))


def _variance(parts: Numbers, design: Design) -> tuple[float, int]:
    """The variance of the sum of `parts`, from sums of clusters within strata; and its degrees of freedom."""
    stratum_names, stratum = _codes(design.strata, parts.size, "strata")
    if design.clusters is None:
        cluster = np.arange(parts.size)
    else:
        _, inside = _codes(design.clusters, parts.size, "clusters")
        # a cluster name counts within its stratum
        _, cluster = np.unique(stratum * (int(inside.max()) + 1) + inside, return_inverse=True)
    clusters = int(cluster.max()) + 1
    sums = np.bincount(cluster, weights=parts, minlength=clusters)
    of_cluster = np.zeros(clusters, dtype=np.int64)
    of_cluster[cluster] = stratum
    held = {None: design.of} if isinstance(design.of, int | float) else design.of
    total = 0.0
    for code, name in enumerate(stratum_names):
        own = sums[of_cluster == code]
        if own.size < 2:
            raise MethodError(
                f"The stratum {name!r} has a single cluster, so its spread is unknown.",
                todo="Join it with a stratum like it.",
            )
        drawn = 0.0
        if held is not None:
            if held.get(name, 0) < own.size:
                raise MethodError(
                    f"The stratum {name!r} holds fewer clusters than were drawn, or their number is not given."
                )
            drawn = own.size / held[name]
        total += (1 - drawn) * own.size / (own.size - 1) * float(np.sum((own - own.mean()) ** 2))
    return total, clusters - len(stratum_names)


LEAST_RESPONDENTS = 30
SCALE = 1000.0
"""What the sums of squares in a lake are multiplied with, so that they are whole numbers."""


@dataclass(frozen=True)
class Sums:
    """A survey as sums that add up over strata, so that no respondent is needed any more.

    `above` and `below`: the weighted totals. With the totals y and x of the n clusters drawn of the N of a stratum, each
    stratum adds (1 - n/N) n / (n - 1) times the sum of (y - ȳ)² to `yy`, of (y - ȳ)(x - x̄) to `xy`, of (x - x̄)² to `xx`;
    a stratum with one cluster must not be in them. `strata` and `clusters` count.
    """

    above: float
    below: float
    yy: float
    xy: float
    xx: float
    strata: int
    clusters: int


def from_sums(sums: Sums, *, level: float = 0.95) -> Interval:
    """The ratio of two weighted totals with the interval of `ratio`, from sums over strata.

    The residual y - R·x of the linearised variance is taken apart: its sum of squares is yy - 2R·xy + R²·xx for whatever R
    the strata give together. Raises `MethodError` when the total below is 0 or no stratum has two clusters.
    """
    share(level)
    if sums.below == 0:
        raise MethodError("The total below the line is 0, so there is no ratio.")
    if sums.clusters <= sums.strata:
        raise MethodError("No stratum has two clusters, so the spread is unknown.", todo="Join strata like each other.")
    value = sums.above / sums.below
    variance = max(sums.yy - 2 * value * sums.xy + value**2 * sums.xx, 0.0) / sums.below**2
    reach = float(special.stdtrit(sums.clusters - sums.strata, 0.5 + level / 2)) * float(np.sqrt(variance))
    return Interval(value, value - reach, value + reach)


def rake(
    weights: ArrayLike,
    margins: Sequence[tuple[Sequence[Hashable], Mapping[Any, float]]],
    *,
    tolerance: float = 1e-9,
    rounds: int = 1000,
) -> Numbers:
    """Weights changed as little as may be so that their sums are those of the population on every margin.

    `margins` are pairs: the group of each respondent (age band, sex, town or country …) and the number of people in each
    group. Stops when every margin is met to `tolerance` of its size.

    Raises `MethodError` when a group of the population has no respondent (or the reverse), the margins do not add up to the
    same number of people, or they cannot be met together.
    """
    made = column(weights, "weights").copy()
    prepared: list[tuple[NDArray[np.int64], Numbers]] = []
    for position, (groups, totals) in enumerate(margins, start=1):
        names, codes = _codes(groups, made.size, f"the groups of margin {position}")
        if set(names) != set(totals):
            odd = sorted(map(str, set(names) ^ set(totals)))
            raise MethodError(
                f"Margin {position}: {', '.join(odd)} stands only in the sample or only in the population.",
                todo="Join it with a neighbouring group.",
            )
        prepared.append((codes, column([totals[name] for name in names], f"the population of margin {position}")))
    people = [float(wanted.sum()) for _, wanted in prepared]
    if people and max(people) - min(people) > 1e-6 * max(people):
        raise MethodError(f"The margins add up to different populations: {', '.join(f'{p:,.0f}' for p in people)}.")
    for _ in range(rounds):
        worst = 0.0
        for codes, wanted in prepared:
            held = np.bincount(codes, weights=made, minlength=wanted.size)
            if ((held == 0) & (wanted > 0)).any():
                raise MethodError("A group of the population has only respondents of weight 0.")
            factor = np.divide(wanted, held, out=np.ones_like(wanted), where=held > 0)
            worst = max(worst, float(np.max(np.abs(factor - 1))))
            made *= factor[codes]
        if worst <= tolerance:
            return made
    raise MethodError(
        f"The margins could not be met together in {rounds} rounds.",
        todo="Join small groups: cells without respondents block it.",
    )


def _codes(names: Sequence[Hashable] | None, size: int, what: str) -> tuple[list[Any], NDArray[np.int64]]:
    """Distinct names in order of first sight, and the position of each respondent's name among them."""
    if names is None:
        return [None], np.zeros(size, dtype=np.int64)
    if len(names) != size:
        raise MethodError(f"{what} have {len(names)} entries for {size} respondents.")
    order: dict[Any, int] = {}
    codes = np.fromiter((order.setdefault(name, len(order)) for name in names), dtype=np.int64, count=size)
    return list(order), codes


def _reals(values: ArrayLike, name: str) -> Numbers:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or numbers.size == 0 or not np.isfinite(numbers).all():
        raise MethodError(
            f"{name} must be known numbers, one for each respondent.", todo="Leave out those who did not answer."
        )
    return numbers
