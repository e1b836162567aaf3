"""Matching in sets: candidate pairs by keys, a sieve, levels, weights, bands. One way for a million records against each
other (`within`) and for arrivals against those known (`between`, `arrive`), so all give the same answer to the same pair.

Most pairs that share a key are strangers who share a birthday or a village. The sieve tells them cheaply: it takes every
level that needs more than equality for the best it could be, and drops only pairs that even so cannot reach what was
asked for. So it changes no answer (decision 0097).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from luoshi.records.matching import prepare
from luoshi.records.matching.learn import learn
from luoshi.records.matching.levels import Pairs, levels
from luoshi.records.matching.model import Model
from luoshi.records.matching.scale import Scale, level_of
from luoshi.records.matching.scheme import Scheme
from luoshi.records.matching.side import Side

# Records whose candidates are looked up in one go; fewer pairs than this are weighed at once.
_ASKED, _FEW = 5_000, 2_000
# The most pairs used for learning, and how many of strangers.
_LEARNT_FROM = 3_000_000
_RANDOM_PAIRS = 150_000
BANDS = ("same", "review", "different")


@dataclass(frozen=True)
class Scored:
    """A pair: the ids, the probability of being one person, its weight in bits, the band, and the level of each field
    (−1: nothing known) with the share of the value agreed on where that is counted."""

    left: int
    right: int
    probability: float
    weight: float
    band: str
    levels: tuple[int, ...]
    shares: dict[str, float] = field(default_factory=dict)


class Matcher:
    """Matches tables of raw rows (`rid` BIGINT and the text columns of the scheme).

    `model`: None until `learn_from`; the catalogue's first guesses serve until then.
    """

    def __init__(
        self,
        scheme: Scheme,
        model: Model | None = None,
        *,
        connection: DuckDBPyConnection | None = None,
        memory: str = "2GB",
        threads: int | None = None,
        scratch: str = "",
    ) -> None:
        self.scheme = scheme
        self.connection = connection or prepare.connect(memory=memory, threads=threads, scratch=scratch)
        self._sides: dict[str, Side] = {}
        self.use(model or Model.guessed(scheme))

    def use(self, model: Model) -> None:
        """Weigh by this model from now on."""
        self.model, self._scale = model, Scale(self.scheme, model)

    # ---- the two forms

    def learn_from(self, source: pa.Table, other: pa.Table | None = None) -> Model:
        """Learn the weights from the records themselves (or from the pairs across two tables) and use them."""
        left = self._load("a", source)
        right = left if other is None else self._load("b", other)
        rows, size = len(left.rids), len(right.rids)
        pairs = rows * (rows - 1) / 2 if other is None else float(rows * size)
        found = _joined(self._candidates(left, right))
        total = len(found[0])
        if total > _LEARNT_FROM:
            drawn = np.random.default_rng(1).choice(total, _LEARNT_FROM, replace=False)
            found = found[0][drawn], found[1][drawn]
        patterns, counts = self._patterns(left, right, found)
        counts *= total / max(len(found[0]), 1)
        chance, chance_counts = self._patterns(left, right, self._random(left, right, min(_RANDOM_PAIRS, int(pairs))))
        both = "prepared_a" if other is None else "(SELECT * FROM prepared_a UNION ALL SELECT * FROM prepared_b)"
        model = learn(
            self.scheme,
            patterns,
            counts,
            random_patterns=chance,
            random_counts=chance_counts,
            exact_shares=self._exact_shares(left) if other is None else {},
            pairs=max(pairs, 1.0),
            frequency=prepare.frequencies(self.connection, self.scheme, both),
            records=rows if other is None else rows + size,
        )
        self.use(model)
        return model

    def within(self, source: pa.Table, *, least: float | None = None) -> pa.Table:
        """Pairs among the records with a probability of at least `least` (default: the band for review), as a table
        (`left`, `right`, `probability`, `weight`, `band`, one level column a field, `share_…`), left before right."""
        side = self._load("a", source)
        return self._scored(side, side, least)

    def between(self, arrivals: pa.Table, known: pa.Table, *, least: float | None = None) -> pa.Table:
        """Pairs of an arrival (`left`) with one known (`right`), as `within`. A key value shared by more than the
        scheme's `block` of the known is left out."""
        return self._scored(self._load("a", arrivals), self._load("b", known), least)

    def keep(self, known: pa.Table) -> None:
        """Take these records as the known ones for `arrive`, and make them ready to be asked."""
        self._load("b", known).ready(self.scheme.block)

    def arrive(self, arrivals: pa.Table, *, least: float | None = None) -> pa.Table:
        """As `between`, against what was kept."""
        return self._scored(self._load("a", arrivals), self._sides["b"], least)

    def keys_of(self, source: pa.Table) -> pa.Table:
        """(`rid`, `key`) of raw rows, for an index kept elsewhere."""
        side = self._load("a", source)
        keys = side.keys(lasting=True)
        rids, keys = np.repeat(side.rids, keys.shape[1])[keys.ravel() >= 0], keys[keys >= 0]
        order = np.lexsort((keys, rids))
        return pa.table({"rid": rids[order], "key": keys[order]})

    def compare(self, left: pa.Table, right: pa.Table, pairs: list[tuple[int, int]]) -> list[Scored]:
        """Exactly these pairs, whatever their keys and probability, in this order."""
        a, b = self._load("a", left), self._load("b", right)
        first, second = ({rid: place for place, rid in enumerate(side.rids.tolist())} for side in (a, b))
        there = [(first[one], second[two]) for one, two in pairs if one in first and two in second]
        places = np.array(there, np.int32).reshape(-1, 2)
        found = {(s.left, s.right): s for s in self.rows(self._weighed(a, b, (places[:, 0], places[:, 1]), 0.0))}
        return [found[pair] for pair in pairs if pair in found]

    def rows(self, table: pa.Table) -> list[Scored]:
        """A table of pairs as objects."""
        names = [f.name for f in self.scheme.fields]
        counted = [c for f in self.scheme.fields for c in prepare.counted(f)]
        return [
            Scored(
                row["left"], row["right"], row["probability"], row["weight"], row["band"],
                tuple(row[name] for name in (f"level_{n}" for n in names)),
                {c: row[f"share_{c}"] for c in counted if row[f"share_{c}"] is not None},
            )
            for row in table.to_pylist()
        ]  # fmt: skip

    # ---- the steps

    def _load(self, name: str, source: pa.Table) -> Side:
        self._sides[name] = Side(self.connection, self.scheme, name, source)
        return self._sides[name]

    def _candidates(self, left: Side, right: Side) -> Iterator[Pairs]:
        """Pairs that share a key, each once, a set of left records after the other; of one and the same side the one
        with the smaller id is left."""
        within = left is right
        # The bound is on the others that share a value: among its own kind a record is one of those that have it.
        index = right.index(self.scheme.block + within)
        own = left.keys()
        for first in range(0, len(own), _ASKED):
            lefts, rights = index.ask(own[first : first + _ASKED])
            lefts += first
            if within:
                ordered = left.rids[lefts] < right.rids[rights]
                lefts, rights = lefts[ordered], rights[ordered]
            # In the order of the right side, the larger one, whose columns are then read from front to back.
            both = rights.astype(np.int64) << 32 | lefts
            both.sort()
            both = both[np.flatnonzero(np.diff(both, prepend=-1))]
            yield (both & 0xFFFFFFFF).astype(np.int32), (both >> 32).astype(np.int32)

    def _patterns(self, left: Side, right: Side, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
        """The different rows of levels the pairs show (one column a field), and how many show each."""
        names = [f.name for f in self.scheme.fields]
        found = pa.table(levels(self.connection, self.scheme, left.columns, right.columns, pairs))
        table = found.group_by(names).aggregate([([], "count_all")]).sort_by([(name, "ascending") for name in names])
        counts = table.column("count_all").to_numpy().astype(float)
        return np.stack([table.column(name).to_numpy() for name in names], axis=1), counts

    def _random(self, left: Side, right: Side, wanted: int) -> Pairs:
        """As many pairs drawn at random (all of them where there are no more), the same in every run."""
        within, rows, size = left is right, len(left.rids), len(right.rids)
        if rows * (rows - 1) // 2 <= wanted if within else rows * size <= wanted:
            x, y = np.repeat(np.arange(rows), size), np.tile(np.arange(size), rows)
            there = left.rids[x] < right.rids[y] if within else np.full(len(x), True)
        else:
            drawn = self.connection.execute(
                "SELECT (hash(i, 1) % ?)::BIGINT AS x, (hash(i, 2) % ?)::BIGINT AS y FROM range(?) t(i)",
                [rows, size, wanted],
            ).fetchnumpy()
            x, y = np.argsort(left.rids)[drawn["x"]], np.argsort(right.rids)[drawn["y"]]
            there = x != y if within else np.full(len(x), True)
        return x[there].astype(np.int32), y[there].astype(np.int32)

    def _exact_shares(self, side: Side) -> dict[str, dict[int, float]]:
        """Share of all pairs that agree on the very value, for the strongest level of each field, counted."""
        first = {f.name: f.made.levels[0].when for f in self.scheme.fields}
        shares = {name: side.agreement(name) for name, when in first.items() if when.startswith("{l} = {r}")}
        return {name: {0: share} for name, share in shares.items() if share is not None}

    def _scored(self, left: Side, right: Side, least: float | None) -> pa.Table:
        floor = self.scheme.bands.review if least is None else least
        shares = left.shares(self.model, self._scale)
        kept = _joined(self._sieved(left, right, pairs, shares, floor) for pairs in self._candidates(left, right))
        order = [("left", "ascending"), ("probability", "descending"), ("right", "ascending")]
        return self._weighed(left, right, kept, floor, shares).sort_by(order)

    def _sieved(self, left: Side, right: Side, pairs: Pairs, shares: dict[str, np.ndarray], floor: float) -> Pairs:
        """The pairs that may reach `floor`, by what can be told cheaply."""
        lefts, rights = pairs
        if len(lefts) < _FEW:
            return pairs
        cheap = levels(self.connection, self.scheme, left.codes, right.codes, pairs, only=True)
        most = self._scale.most(cheap, {column: share[lefts] for column, share in shares.items()})
        at = np.flatnonzero(most >= floor * (1 - 1e-9))
        return lefts[at], rights[at]

    def _weighed(
        self, left: Side, right: Side, pairs: Pairs, floor: float, shares: dict[str, np.ndarray] | None = None
    ) -> pa.Table:
        """The pairs that reach `floor`, with all that is told of them."""
        lefts, rights = pairs
        found = levels(self.connection, self.scheme, left.columns, right.columns, pairs)
        own = left.shares(self.model, self._scale) if shares is None else shares
        of_left = {column: share[lefts] for column, share in own.items()}
        probability, weight = self._scale.weigh(found, of_left)
        at = np.flatnonzero(probability >= floor)
        probability = probability[at]
        shown = {name: level[at] for name, level in found.items()}
        bands = self.scheme.bands
        human = np.zeros(len(at), bool)
        for name, level in self.scheme.veto:
            human |= shown[name] == [v.name for v in self.scheme.field(name).made.levels].index(level)
        band = np.where((probability >= bands.same) & ~human, 0, np.where(probability >= bands.review, 1, 2))
        columns: dict[str, Any] = {
            "left": left.rids[lefts[at]],
            "right": right.rids[rights[at]],
            "probability": probability,
            "weight": weight[at],
            "band": pa.array(BANDS, pa.string()).take(pa.array(band)),
            **{f"level_{name}": level for name, level in shown.items()},
        }
        for spec in self.scheme.fields:
            for column in prepare.counted(spec):
                agreed = shown[spec.name] == level_of(spec, column)
                columns[f"share_{column}"] = pa.array(of_left[column][at], mask=~agreed)
        return pa.table(columns)


def _joined(parts: Iterator[Pairs]) -> Pairs:
    listed = list(parts) or [(np.zeros(0, np.int32), np.zeros(0, np.int32))]
    return np.concatenate([lefts for lefts, _ in listed]), np.concatenate([rights for _, rights in listed])
