"""One run reckoned: values in, points, totals and ranks out. Pure: the same inputs give the same digits on any day.

What is missing, stale, of too few people or contradictory earns no score and costs none; it says why. A division of
which too little of the weight is scored gets no total and no rank.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np

from luoshi.supervision.appraisal import composing, scoring
from luoshi.supervision.appraisal.composing import Array
from luoshi.supervision.appraisal.schemes import Scheme

Chance = Literal["share", "count", "exact"]
DRAWS = 1000
LEVEL = 0.9
SEED = 2005


@dataclass(frozen=True)
class Input:
    """One value as it was measured. `chance` says what the counts are: a share of people, events among people, or a
    figure without counts. `reason` says why there is no value (`no-data`, `missing-source`, `empty-denominator` …) or
    `stale`; `data_until` is an ISO date."""

    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    chance: Chance = "exact"
    reason: str = ""
    data_until: str = ""


@dataclass(frozen=True)
class Score:
    """One cell of the sheet. `share` of the item's points (None with `reason` where it is not scored; of TOPSIS where it
    lies between the worst and the best), `points` of the `possible` ones (None of TOPSIS)."""

    value: float | None
    numerator: float | None
    denominator: float | None
    share: float | None
    points: float | None
    possible: float
    reason: str = ""
    data_until: str = ""

    @property
    def lost(self) -> float:
        """Points short of full ones; 0 where not scored or above."""
        return max(0.0, self.possible - self.points) if self.points is not None else 0.0


@dataclass(frozen=True)
class Line:
    """One division: its total out of the scheme's, its rank (1 is best; equal totals share it), the range of ranks the
    counts allow, the share of the weight that was scored; without a total `reason` says why."""

    division: str
    total: float | None
    rank: int | None
    low: int | None
    high: int | None
    coverage: float
    scores: Mapping[str, Score] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Result:
    """A whole run: the weights used (of entropy they differ from the scheme's) and the lines, best first."""

    weights: Mapping[str, float]
    lines: Sequence[Line]
    note: str = ""

    def line(self, division: str) -> Line | None:
        """The line of a division."""
        return next((line for line in self.lines if line.division == division), None)

    def plain(self) -> dict[str, Any]:
        """As kept."""
        return asdict(self)


def from_plain(data: Mapping[str, Any]) -> Result:
    """What `Result.plain` gave."""
    lines = [
        Line(**{**line, "scores": {name: Score(**score) for name, score in line["scores"].items()}})
        for line in data["lines"]
    ]
    return Result(data["weights"], lines, data["note"])


Inputs = Mapping[str, Mapping[str, Input]]


def compute(scheme: Scheme, inputs: Inputs) -> Result:
    """Score, compose and rank. `inputs`: division -> item -> value. An item a division lacks counts as `no-data`."""
    codes = sorted(inputs)
    cells = [[_silenced(inputs[code].get(item.id, Input(None)), scheme) for item in scheme.items] for code in codes]
    values = _values(cells, len(scheme.items))
    missing = np.isnan(values)
    weights, note = _weights(scheme, values)
    totals = _composed(scheme, values, weights)
    possible = weights / weights.sum() * scheme.total
    coverage = (~missing * weights).sum(axis=1) / weights.sum()
    shown: list[float | None] = []
    reasons: list[str] = []
    for lacks, total, covered in zip(missing, totals, coverage, strict=True):
        whole = scheme.composition != "topsis" or not lacks.any()
        enough = covered + 1e-9 >= scheme.coverage and whole and not np.isnan(total)
        shown.append(scoring.rounded(float(total) * scheme.total, scheme.decimals) if enough else None)
        reasons.append("" if enough else "too-little" if whole else "not-whole")
    ranks = ranked(shown)
    ranges = _ranges(scheme, cells, weights, shown)
    shares = _nearness(scheme, values) if scheme.composition == "topsis" else _shares(scheme, values)
    lines = [
        Line(
            code,
            shown[k],
            ranks[k],
            *ranges[k],
            float(coverage[k]),
            _scores(scheme, cells[k], shares[k], possible),
            reasons[k],
        )
        for k, code in enumerate(codes)
    ]
    lines.sort(key=lambda line: (line.rank is None, line.rank or 0, line.division))
    named = {item.id: float(w) for item, w in zip(scheme.items, possible, strict=True)}
    return Result(named, lines, note)


def corrected(inputs: Inputs, corrections: Sequence[tuple[str, str, Input]]) -> Inputs:
    """The inputs with the values that upheld appeals put right, in order."""
    found = {code: dict(items) for code, items in inputs.items()}
    for division, item, value in corrections:
        found[division][item] = value
    return found


def ranked(totals: Sequence[float | None]) -> list[int | None]:
    """Standard competition ranks of the totals as published: equal ones share the best (1, 2, 2, 4)."""
    known = [t for t in totals if t is not None]
    return [None if t is None else 1 + sum(other > t for other in known) for t in totals]


def digest(scheme: Scheme, inputs: Inputs, result: Result) -> str:
    """SHA-256 of everything a run consists of: changes when one digit does."""
    plain = {
        "scheme": scheme.model_dump(mode="json"),
        "inputs": {code: {name: asdict(one) for name, one in items.items()} for code, items in inputs.items()},
        "result": result.plain(),
    }
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _silenced(cell: Input, scheme: Scheme) -> Input:
    """The value, or why it is not scored."""
    if cell.reason:
        return cell
    if cell.value is None:
        return replace(cell, reason="no-data")
    if cell.chance == "exact":
        return cell
    if cell.numerator is None or not cell.denominator:
        return replace(cell, reason="no-data")
    if cell.chance == "share" and cell.numerator > cell.denominator:
        return replace(cell, reason="disagreeing")
    return replace(cell, reason="too-small") if cell.denominator < scheme.smallest else cell


def _values(cells: Sequence[Sequence[Input]], columns: int) -> Array:
    """The values that are scored, rows × items; NaN where there is none."""
    rows = [[float("nan") if c.reason or c.value is None else c.value for c in row] for row in cells]
    return np.array(rows, dtype=np.float64).reshape(len(cells), columns)


def _shares(scheme: Scheme, values: Array) -> Array:
    """Shares of the points of each cell, NaN where there is none."""
    columns = [scoring.shares(values[:, n], item) for n, item in enumerate(scheme.items)]
    return np.stack(columns, axis=1)


def _nearness(scheme: Scheme, values: Array) -> Array:
    """Where each value lies between the worst (0) and the best (1) of its column; 1 where they do not differ."""
    found = np.full(values.shape, np.nan)
    for n, item in enumerate(scheme.items):
        column = values[:, n] if item.better == "higher" else -values[:, n]
        known = ~np.isnan(column)
        if known.any():
            low, high = column[known].min(), column[known].max()
            found[known, n] = (column[known] - low) / (high - low) if high > low else 1.0
    return found


def _weights(scheme: Scheme, values: Array) -> tuple[Array, str]:
    """Weights of the items; of `entropy` from the divisions that have every item, where there are three."""
    declared = np.array([item.weight for item in scheme.items], dtype=np.float64)
    if scheme.composition != "entropy":
        return declared, ""
    whole = values[~np.isnan(values).any(axis=1)]
    found = composing.entropy_weights(_shares(scheme, whole), prior=declared) if len(whole) >= 3 else None
    return (declared, "entropy-fell-back") if found is None else (found, "")


def _composed(scheme: Scheme, values: Array, weights: Array) -> Array:
    """Totals as shares of full marks, NaN where there is none."""
    if scheme.composition != "topsis":
        return composing.weighted(_shares(scheme, values), weights)
    found = np.full(len(values), np.nan)
    whole = ~np.isnan(values).any(axis=1)
    if whole.any():
        rises = np.array([item.better == "higher" for item in scheme.items])
        found[whole] = composing.topsis(values[whole], weights, rises)
    return found


def _scores(scheme: Scheme, row: Sequence[Input], shares: Array, possible: Array) -> dict[str, Score]:
    found = {}
    for item, cell, share, top in zip(scheme.items, row, shares, possible, strict=True):
        earned = None if cell.reason else float(share)
        # TOPSIS gives one closeness to the whole, no points to the items.
        points = None if earned is None or scheme.composition == "topsis" else earned * float(top)
        found[item.id] = Score(
            cell.value, cell.numerator, cell.denominator, earned, points, float(top), cell.reason, cell.data_until
        )
    return found


def _ranges(
    scheme: Scheme, cells: Sequence[Sequence[Input]], weights: Array, totals: Sequence[float | None]
) -> list[tuple[int | None, int | None]]:
    """For each division the ranks that `LEVEL` of the draws stay in, with its own rank in it.

    Shares are drawn from Jeffreys' beta, rates of events from the gamma distribution (Goldstein and Spiegelhalter,
    J. R. Statist. Soc. A 159 (1996) 385-443); the weights of the run stay. Seeded: the same inputs, the same ranges.
    """
    part = [k for k, total in enumerate(totals) if total is not None]
    found: list[tuple[int | None, int | None]] = [(None, None)] * len(totals)
    if not part:
        return found
    drawn = _draws([cells[k] for k in part], len(scheme.items))
    places = np.empty((DRAWS, len(part)))
    for n in range(DRAWS):
        scores = np.round(_composed(scheme, drawn[:, :, n], weights) * scheme.total, scheme.decimals)
        places[n] = 1 + (scores[None, :] > scores[:, None]).sum(axis=1)
    tail = (1 - LEVEL) / 2
    low = np.floor(np.quantile(places, tail, axis=0)).astype(int)
    high = np.ceil(np.quantile(places, 1 - tail, axis=0)).astype(int)
    own = ranked([totals[k] for k in part])
    for i, k in enumerate(part):
        rank = own[i] or 0
        found[k] = (min(int(low[i]), rank), max(int(high[i]), rank))
    return found


def _draws(cells: Sequence[Sequence[Input]], columns: int) -> Array:
    """Values the cells might have had: rows × items × draws."""
    rng = np.random.default_rng(SEED)
    found = np.repeat(_values(cells, columns)[:, :, None], DRAWS, axis=2)
    for k, row in enumerate(cells):
        for n, cell in enumerate(row):
            if cell.reason or cell.chance == "exact" or cell.numerator is None or not cell.denominator:
                continue
            if cell.chance == "share":
                rate = rng.beta(cell.numerator + 0.5, cell.denominator - cell.numerator + 0.5, DRAWS)
            else:
                rate = rng.gamma(cell.numerator + 0.5, 1.0, DRAWS) / cell.denominator
            found[k, n] = rate * _scale(cell)
    return found


def _scale(cell: Input) -> float:
    """How many of the value's unit make one: 100 of a percentage, 100,000 of a rate per 100,000. Of a value of zero the
    counts cannot tell; percent is taken."""
    if not cell.value or not cell.numerator or not cell.denominator:
        return 100.0
    return float(cell.value * cell.denominator / cell.numerator)
