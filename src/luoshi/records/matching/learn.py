"""Learning the weights without being told the answers: expectation and maximisation over candidate pairs.

Every pair is of one of three classes: one person, relatives of one household, strangers. Strangers' shares come from
random pairs; the other two are learned from the pairs found by keys, every pair not found being taken for strangers
(Fellegi and Sunter 1969; Winkler's and Jaro's use of EM for it). The share of the classes is that of all possible
pairs. Relatives are those the keys find: twins, brothers and sisters, parents whose number stands on a child. What is
shared and how near their births are is learned for them too; their names and numbers are as the kinds say.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from luoshi.records.matching.model import LEAST, Model, first_other, first_related, first_same
from luoshi.records.matching.scheme import Scheme

Patterns = NDArray[np.int8]
Counts = NDArray[np.float64]

_ROUNDS = 200
# Weight of the first guess, in pairs: it decides only where the data say next to nothing.
_PRIOR = 4.0
# Fewer expected pairs of one person than this teach nothing; a steady field agrees at least as often as this.
_ENOUGH, _STEADY = 50.0, 0.4
# Pairs of one person, or of relatives, for each record, where nothing could be learned of them.
_SELDOM = 0.05


def learn(
    scheme: Scheme,
    patterns: Patterns,
    counts: Counts,
    *,
    random_patterns: Patterns,
    random_counts: Counts,
    exact_shares: dict[str, dict[int, float]],
    pairs: float,
    frequency: dict[str, dict[str, float]],
    records: int,
) -> Model:
    """A model from the candidate pairs' levels (`patterns`, one column a field, −1 unknown, with `counts`).

    `random_patterns`: the same of pairs drawn at random. `exact_shares`: field -> level -> share of random pairs that
    have it, where it was counted exactly. `pairs`: how many pairs there could be.
    """
    fields = scheme.fields
    met = [_shares(random_patterns[:, i], random_counts, len(f.made.levels)) for i, f in enumerate(fields)]
    least = 0.5 / max(float(random_counts.sum()), 1.0)
    for i, spec in enumerate(fields):
        for level, share in exact_shares.get(spec.name, {}).items():
            met[i][level] = share
    same = [np.array(first_same(f)) for f in fields]
    related = [np.array(first_related(f)) for f in fields]
    guess = [np.array(first_other(f)) for f in fields]
    other = [_strangers(m, g, s, 0.0, least) for m, g, s in zip(met, guess, same, strict=True)]
    families = any(f.shared for f in fields)
    total = float(counts.sum())
    share_same = min(0.2, 0.1 * total / pairs)
    share_related = min(0.2, 0.2 * total / pairs) if families else 0.0
    for _ in range(_ROUNDS):
        before = share_same, share_related
        ls, lr, lo = (_log_likelihood(patterns, shares) for shares in (same, related, other))
        weights = np.stack(
            [
                ls + np.log(max(share_same, LEAST)),
                lr + np.log(max(share_related, 1e-300)),
                lo + np.log1p(-min(share_same + share_related, 0.9)),
            ]
        )
        weights -= weights.max(axis=0)
        belief = np.exp(weights)
        belief /= belief.sum(axis=0)
        for_same, for_related = counts * belief[0], counts * belief[1]
        share_same = float(for_same.sum()) / pairs
        share_related = float(for_related.sum()) / pairs if families else 0.0
        for i, spec in enumerate(fields):
            same[i] = _mean(patterns[:, i], for_same, np.array(first_same(spec)))
            other[i] = _strangers(met[i], guess[i], same[i], share_same, least)
            named = [level.related for level in spec.made.levels]
            if spec.shared or spec.kind == "date":
                related[i] = _mean(patterns[:, i], for_related, np.array(first_related(spec)))
            else:
                related[i] = other[i] if None in named and not spec.related else np.array(first_related(spec))
        if abs(share_same - before[0]) < 1e-6 * share_same and abs(share_related - before[1]) <= 1e-5 * share_related:
            break
    expected = share_same * pairs
    if not _believable(scheme, same, expected):
        # Hardly anybody is there twice: what was found are not pairs of one person. The guesses stand, strangers' shares
        # are known all the same.
        expected = 0.0
        same = [np.array(first_same(f)) for f in fields]
        related = [np.array(first_related(f)) for f in fields]
        other = [_strangers(m, g, s, 0.0, least) for m, g, s in zip(met, guess, same, strict=True)]
        share_same, share_related = _SELDOM * records / pairs, _SELDOM * records / pairs if families else 0.0
    names = [f.name for f in fields]
    return Model(
        scheme.id,
        {n: tuple(map(float, s)) for n, s in zip(names, same, strict=True)},
        {n: tuple(map(float, s)) for n, s in zip(names, related, strict=True)},
        {n: tuple(map(float, s)) for n, s in zip(names, other, strict=True)},
        share_same,
        share_related,
        frequency,
        records,
        expected,
    )


def _believable(scheme: Scheme, same: list[Counts], expected: float) -> bool:
    """Whether what was learned of pairs of one person can be that: enough of them, and what hardly changes in a person
    mostly agrees."""
    steady = [s[0] for f, s in zip(scheme.fields, same, strict=True) if not f.shared and first_same(f)[0] >= 0.85]
    return expected >= _ENOUGH and all(share >= _STEADY for share in steady)


def _shares(levels: Patterns, counts: Counts, number: int) -> Counts:
    known = levels >= 0
    found = np.bincount(levels[known], counts[known], number).astype(np.float64)
    return np.asarray(found / max(float(found.sum()), 1.0), dtype=np.float64)


def _mean(levels: Patterns, weights: Counts, prior: Counts) -> Counts:
    known = levels >= 0
    found = np.bincount(levels[known], weights[known], len(prior)) + _PRIOR * prior
    return np.asarray(np.maximum(found / found.sum(), LEAST))


def _strangers(met: Counts, guess: Counts, same: Counts, share_same: float, least: float) -> Counts:
    """Shares among strangers: those among random pairs without the part that pairs of one person make of them."""
    if met.sum() == 0:
        return guess
    rest = (met - share_same * same) / (1 - share_same)
    rest = np.maximum(rest, np.minimum(np.maximum(met, least), np.maximum(guess * 0.01, LEAST)))
    return np.asarray(rest / rest.sum())


def _log_likelihood(patterns: Patterns, shares: list[Counts]) -> Counts:
    total = np.zeros(len(patterns))
    for i, of_field in enumerate(shares):
        table = np.append(np.log(np.maximum(of_field, LEAST)), 0.0)  # the last, index −1, is the unknown
        total += table[patterns[:, i]]
    return total
