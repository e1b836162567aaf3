"""From levels to bits and probabilities, and the most a pair may reach by what is known of it cheaply."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from luoshi.records.matching.levels import Levels
from luoshi.records.matching.model import LEAST, Model
from luoshi.records.matching.prepare import counted
from luoshi.records.matching.scheme import FieldSpec, Scheme

Reals = NDArray[np.float64]


class Scale:
    """A model made ready to weigh many pairs at once.

    Levels come as one array a field (−1: nothing known), shares as one array a counted column: the share of the left
    record's value, whatever the right one's is.
    """

    def __init__(self, scheme: Scheme, model: Model) -> None:
        self._prior_other = -_log2(model.share_same)
        self._prior_related = _log2(model.share_related) - _log2(model.share_same) if model.share_related > 0 else None
        self.least = {c: _least_share(f, c, model) for f in scheme.fields for c in counted(f)}
        self._counted = [(c, f.name, level_of(f, c), _log2(model.other[f.name][level_of(f, c)]))
                         for f in scheme.fields for c in counted(f)]  # fmt: skip
        self._other = {f.name: _table(model.other[f.name], model.same[f.name]) for f in scheme.fields}
        self._related = {f.name: _table(model.related[f.name], model.same[f.name]) for f in scheme.fields}
        self._best_other = {f.name: self._best(f, self._other[f.name], model) for f in scheme.fields}
        self._best_related = {f.name: self._best(f, self._related[f.name], model) for f in scheme.fields}

    def weigh(self, levels: Levels, shares: dict[str, Reals]) -> tuple[Reals, Reals]:
        """Probability of being one person and weight in bits against strangers."""
        other, probability = self._sums(levels, shares, self._other, self._related)
        return probability, -other

    def most(self, cheap: Levels, shares: dict[str, Reals]) -> Reals:
        """No less than the probability of each pair, from the levels by the cheap conditions alone."""
        return self._sums(cheap, shares, self._best_other, self._best_related)[1]

    def _sums(
        self, levels: Levels, shares: dict[str, Reals], other: dict[str, Reals], related: dict[str, Reals]
    ) -> tuple[Reals, Reals]:
        """How much speaks for strangers (bits, without the prior) and the probability of one person."""
        rare = np.zeros(len(next(iter(levels.values()))))
        for column, name, level, usual in self._counted:
            at = np.flatnonzero(levels[name] == level)
            # Where a value is counted, its own share stands for the level's, among strangers and relatives alike.
            rare[at] += np.log2(np.maximum(shares[column][at], LEAST)) - usual
        strangers, relatives = rare.copy(), rare
        for name, found in levels.items():
            strangers += other[name][found]
            relatives += related[name][found]
        against = np.exp2(np.clip(strangers + self._prior_other, -300, 300))
        if self._prior_related is not None:
            against += np.exp2(np.clip(relatives + self._prior_related, -300, 300))
        return strangers, 1.0 / (1.0 + against)

    def _best(self, spec: FieldSpec, table: Reals, model: Model) -> Reals:
        """The table with the least of all that may follow, where a level by the cheap conditions may be a later one."""
        least = table.copy()
        for column in counted(spec):
            level = level_of(spec, column)
            rarest = min([self.least[column], *model.frequency.get(column, {}).values()])
            least[level] += min(0.0, _log2(rarest) - _log2(model.other[spec.name][level]))
        best = table.copy()
        for number, shown in enumerate(spec.made.levels):
            if shown.only:
                best[number] = least[number:-1].min()
        return best


def level_of(spec: FieldSpec, column: str) -> int:
    """The level of a field whose agreement is on the values of this counted column."""
    return next(i for i, v in enumerate(spec.made.levels) if v.exact and f"{spec.name}{v.value}" == column)


def _least_share(spec: FieldSpec, column: str, model: Model) -> float:
    """The share taken for a value too rare to be counted."""
    if not model.frequency.get(column) or not model.learned_from:
        return model.other[spec.name][level_of(spec, column)]
    return max(1.5 / model.learned_from, 1e-9)


def _table(shares: tuple[float, ...], same: tuple[float, ...]) -> Reals:
    """Bits of each level against one person; the last, number −1, is the unknown."""
    return np.array([*(_log2(a) - _log2(b) for a, b in zip(shares, same, strict=True)), 0.0])


def _log2(share: float) -> float:
    return math.log2(max(share, LEAST))
