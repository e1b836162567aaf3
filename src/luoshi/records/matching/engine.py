"""Matching in sets: candidate pairs by keys, levels, weights, bands. One body of SQL for a million records against each
other (`within`) and for arrivals against those known (`between`), so both give the same answer to the same pair.
"""

# ruff: noqa: S608 (SQL is what this module makes, from the names in the catalogue)
from __future__ import annotations

import math
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa

from luoshi.records.matching import prepare
from luoshi.records.matching.learn import learn
from luoshi.records.matching.model import Model
from luoshi.records.matching.scheme import FieldSpec, Scheme

# Pairs compared in one go, and the most used for learning.
_SLICE = 2_000_000
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
        connection: duckdb.DuckDBPyConnection | None = None,
        memory: str = "2GB",
        threads: int | None = None,
        scratch: str = "",
    ) -> None:
        self.scheme = scheme
        self.connection = connection or prepare.connect(memory=memory, threads=threads, scratch=scratch)
        self.use(model or Model.guessed(scheme))

    def use(self, model: Model) -> None:
        """Weigh by this model from now on."""
        self.model = model
        for column in (c for f in self.scheme.fields for c in prepare.counted(f)):
            shares = model.frequency.get(column, {})
            given = pa.table({"v": pa.array(shares, pa.string()), "share": pa.array(shares.values(), pa.float64())})
            self.connection.register("given", given)
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE share_{column} AS SELECT * FROM given")
            self.connection.unregister("given")

    # ---- the two forms

    def learn_from(self, source: pa.Table, other: pa.Table | None = None) -> Model:
        """Learn the weights from the records themselves (or from the pairs across two tables) and use them."""
        self._load("a", source)
        between = other is not None
        if other is not None:
            self._load("b", other)
        rows = source.num_rows
        pairs = float(rows * other.num_rows) if other is not None else rows * (rows - 1) / 2
        self._pairs("a", "b" if between else "a", within=not between)
        found = self._one("SELECT count(*) FROM pairs")
        sample = f"USING SAMPLE reservoir({_LEARNT_FROM} ROWS) REPEATABLE (1)" if found > _LEARNT_FROM else ""
        patterns, counts = self._patterns(f"SELECT * FROM pairs {sample}", "a", "b" if between else "a")
        if found > _LEARNT_FROM:
            counts *= found / _LEARNT_FROM
        wanted = min(_RANDOM_PAIRS, int(pairs))
        chance, chance_counts = self._patterns(self._random(wanted, rows, pairs, between), "a", "b" if between else "a")
        both = "(SELECT * FROM prepared_a UNION ALL SELECT * FROM prepared_b)" if between else "prepared_a"
        model = learn(
            self.scheme,
            patterns,
            counts,
            random_patterns=chance,
            random_counts=chance_counts,
            exact_shares={} if between else self._exact_shares(),
            pairs=max(pairs, 1.0),
            frequency=prepare.frequencies(self.connection, self.scheme, both),
            records=rows + (other.num_rows if other is not None else 0),
        )
        self.use(model)
        return model

    def within(self, source: pa.Table, *, least: float | None = None) -> pa.Table:
        """Pairs among the records with a probability of at least `least` (default: the band for review), as a table
        (`left`, `right`, `probability`, `weight`, `band`, one level column a field, `share_…`), left before right."""
        self._load("a", source)
        return self._scored("a", "a", within=True, least=least)

    def between(self, arrivals: pa.Table, known: pa.Table, *, least: float | None = None) -> pa.Table:
        """Pairs of an arrival (`left`) with one known (`right`), as `within`. A key value shared by more than the
        scheme's `block` of the known is left out."""
        self._load("a", arrivals)
        self._load("b", known)
        return self._scored("a", "b", within=False, least=least)

    # ---- the index of arrivals, in memory

    def keep(self, known: pa.Table) -> None:
        """Take these records as the known ones for `arrive`."""
        self._load("b", known)
        self.connection.execute("CREATE OR REPLACE TEMP TABLE kept_keys AS SELECT * FROM keys_b ORDER BY key")
        self.connection.execute("CREATE OR REPLACE TEMP TABLE keys_b AS SELECT * FROM kept_keys")
        self.connection.execute("DROP TABLE kept_keys")

    def arrive(self, arrivals: pa.Table, *, least: float | None = None) -> pa.Table:
        """As `between`, against what was kept."""
        self._load("a", arrivals)
        return self._scored("a", "b", within=False, least=least)

    def keys_of(self, source: pa.Table) -> pa.Table:
        """(`rid`, `key`) of raw rows, for an index kept elsewhere."""
        self._load("a", source)
        return self.connection.sql("SELECT rid, key FROM keys_a ORDER BY rid, key").to_arrow_table()

    def compare(self, left: pa.Table, right: pa.Table, pairs: list[tuple[int, int]]) -> list[Scored]:
        """Exactly these pairs, whatever their keys and probability, in this order."""
        self._load("a", left)
        self._load("b", right)
        given = pa.table({"l": [a for a, _ in pairs], "r": [b for _, b in pairs]})
        self.connection.register("given", given)
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE pairs AS SELECT l::BIGINT AS l, r::BIGINT AS r FROM given"
        )
        self.connection.unregister("given")
        found = {(s.left, s.right): s for s in self.rows(self._weighed("a", "b", 0.0))}
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

    def _one(self, sql: str) -> int:
        return int(self.connection.execute(sql).fetchall()[0][0])

    def _load(self, side: str, source: pa.Table) -> None:
        self.connection.register("given_rows", source)
        prepare.prepare(self.connection, self.scheme, "given_rows", f"prepared_{side}")
        self.connection.unregister("given_rows")
        prepare.keys(self.connection, self.scheme, f"prepared_{side}", f"keys_{side}")

    def _pairs(self, left: str, right: str, *, within: bool, part: int = 0, parts: int = 1) -> None:
        """The table `pairs` (`l`, `r`), each pair once, of one part of the left records."""
        block, slice_ = self.scheme.block, f"l.rid % {parts} = {part}" if parts > 1 else "true"
        order = "AND l.rid < r.rid" if within else ""
        narrowed = f"SEMI JOIN (SELECT DISTINCT key FROM keys_{left}) USING (key)" if not within else ""
        # The bound is on the others that share a value: for a record among its own kind, one less than the block.
        bound = f"BETWEEN 2 AND {block + 1}" if within else f"<= {block}"
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE pairs AS WITH near AS (SELECT * FROM keys_{right} {narrowed}), "
            f"fit AS (SELECT key FROM near GROUP BY key HAVING count(*) {bound}), "
            f"right_side AS (SELECT near.* FROM near SEMI JOIN fit USING (key)) "
            f"SELECT DISTINCT l.rid AS l, r.rid AS r FROM {'right_side' if within else f'keys_{left}'} l "
            f"JOIN right_side r ON l.key = r.key {order} WHERE {slice_}"
        )

    def _levels(self) -> str:
        return ", ".join(
            f"({f.made.level_sql(f.name, f.crosses)})::TINYINT AS level_{f.name}" for f in self.scheme.fields
        )

    def _patterns(self, pairs: str, left: str, right: str) -> tuple[np.ndarray, np.ndarray]:
        names = [f"level_{f.name}" for f in self.scheme.fields]
        table = self.connection.execute(
            f"SELECT {', '.join(names)}, count(*)::DOUBLE AS n FROM (SELECT {self._levels()} FROM ({pairs}) p "
            f"JOIN prepared_{left} l ON l.rid = p.l JOIN prepared_{right} r ON r.rid = p.r) "
            f"GROUP BY ALL ORDER BY ALL"
        ).fetchnumpy()
        columns = [np.asarray(table[name], dtype=np.int8) for name in names]
        return np.stack(columns, axis=1) if columns else np.zeros((0, 0), np.int8), np.asarray(table["n"], float)

    def _random(self, wanted: int, rows: int, pairs: float, between: bool) -> str:
        """SQL of `wanted` pairs drawn at random (all of them where there are no more), the same in every run."""
        if pairs <= wanted:
            condition = "" if between else "WHERE a.rid < b.rid"
            return f"SELECT a.rid AS l, b.rid AS r FROM prepared_a a, prepared_{'b' if between else 'a'} b {condition}"
        other = "b" if between else "a"
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE order_a AS SELECT row_number() OVER (ORDER BY rid) - 1 AS n, rid FROM prepared_a"
        )
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE order_b AS SELECT row_number() OVER (ORDER BY rid) - 1 AS n, rid FROM prepared_{other}"
        )
        size = self._one("SELECT count(*) FROM order_b")
        return (
            f"SELECT a.rid AS l, b.rid AS r FROM (SELECT hash(i, 1) % {rows} AS x, hash(i, 2) % {size} AS y "
            f"FROM range({wanted}) t(i)) JOIN order_a a ON a.n = x JOIN order_b b ON b.n = y "
            f"{'' if between else 'WHERE a.rid <> b.rid'}"
        )

    def _exact_shares(self) -> dict[str, dict[int, float]]:
        """Share of all pairs that agree on the very value, for the strongest level of each field, counted."""
        found: dict[str, dict[int, float]] = {}
        for spec in self.scheme.fields:
            first = spec.made.levels[0]
            if not first.when.startswith("{l} = {r}"):
                continue
            share = self.connection.execute(
                f"SELECT sum(n::DOUBLE * (n - 1)) / nullif(sum(n)::DOUBLE * (sum(n) - 1), 0) FROM "
                f"(SELECT count(*) AS n FROM prepared_a WHERE {spec.name} IS NOT NULL GROUP BY {spec.name})"
            ).fetchall()[0][0]
            if share is not None:
                found[spec.name] = {0: float(share)}
        return found

    def _scored(self, left: str, right: str, *, within: bool, least: float | None) -> pa.Table:
        floor = self.scheme.bands.review if least is None else least
        self._pairs(left, right, within=within)
        found = self._one("SELECT count(*) FROM pairs")
        if found <= _SLICE:
            return self._weighed(left, right, floor)
        parts = math.ceil(found / _SLICE)
        self.connection.execute("CREATE OR REPLACE TEMP TABLE all_pairs AS SELECT *, l % 1000003 AS part FROM pairs")
        tables = []
        for part in range(parts):
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE pairs AS SELECT l, r FROM all_pairs WHERE part % {parts} = {part}"
            )
            tables.append(self._weighed(left, right, floor))
        self.connection.execute("DROP TABLE all_pairs")
        return pa.concat_tables(tables)

    def _weighed(self, left: str, right: str, floor: float) -> pa.Table:
        """The pairs of the table `pairs` that reach `floor`."""
        model, names = self.model, [f.name for f in self.scheme.fields]
        shares, joins = [], []
        for spec in self.scheme.fields:
            for column in prepare.counted(spec):
                level = next(i for i, v in enumerate(spec.made.levels) if v.exact and f"{spec.name}{v.value}" == column)
                joins.append(
                    f"LEFT JOIN share_{column} s_{column} ON level_{spec.name} = {level} AND s_{column}.v = v_{column}"
                )
                least = self._least_share(column)
                shares.append(
                    f"CASE WHEN level_{spec.name} = {level} THEN coalesce(s_{column}.share, {least!r}) END AS share_{column}"
                )
        values = "".join(f", l.{c} AS v_{c}" for f in self.scheme.fields for c in prepare.counted(f))
        same = " + ".join(_case(name, model.same[name]) for name in names)
        related = " + ".join(_case(name, model.related[name]) for name in names)
        other = " + ".join(_case(name, model.other[name]) for name in names)
        # Where a value is counted, its own share stands for the level's, among strangers and relatives alike.
        rare = "".join(
            f" + coalesce(log2(share_{c}) - {_log2(model.other[f.name][_level_of(f, c)])}, 0)"
            for f in self.scheme.fields
            for c in prepare.counted(f)
        )
        prior_related = _log2(model.share_related) - _log2(model.share_same) if model.share_related > 0 else None
        prior_other = -_log2(model.share_same)
        against = [f"pow(2.0, least(greatest(lo - ls + {prior_other!r}, -300), 300))"]
        if prior_related is not None:
            against.append(f"pow(2.0, least(greatest(lr - ls + {prior_related!r}, -300), 300))")
        bands = self.scheme.bands
        veto = " OR ".join(
            f"level_{name} = {[v.name for v in self.scheme.field(name).made.levels].index(level)}"
            for name, level in self.scheme.veto
        )
        table = self.connection.sql(
            f'WITH levels AS (SELECT p.l AS "left", p.r AS "right", {self._levels()}{values} FROM pairs p '
            f"JOIN prepared_{left} l ON l.rid = p.l JOIN prepared_{right} r ON r.rid = p.r), "
            f"shared AS (SELECT levels.*{''.join(', ' + s for s in shares)} FROM levels {' '.join(joins)}), "
            f"likely AS (SELECT *, {same} AS ls, {related}{rare} AS lr, {other}{rare} AS lo FROM shared), "
            f"believed AS (SELECT *, 1.0 / (1.0 + {' + '.join(against)}) AS probability FROM likely) "
            f'SELECT "left", "right", probability, ls - lo AS weight, '
            f"CASE WHEN probability >= {bands.same} AND NOT coalesce({veto or 'false'}, false) THEN 'same' "
            f"WHEN probability >= {bands.review} THEN 'review' ELSE 'different' END AS band, "
            f"{', '.join(f'level_{n}' for n in names)}"
            f"{''.join(f', share_{c}' for f in self.scheme.fields for c in prepare.counted(f))} "
            f'FROM believed WHERE probability >= {floor!r} ORDER BY "left", probability DESC, "right"'
        ).to_arrow_table()
        return table

    def _least_share(self, column: str) -> float:
        """The share taken for a value too rare to be counted."""
        counted = self.model.frequency.get(column)
        if not counted or not self.model.learned_from:
            return next(
                self.model.other[f.name][_level_of(f, column)]
                for f in self.scheme.fields
                if column in prepare.counted(f)
            )
        return max(1.5 / self.model.learned_from, 1e-9)


def _level_of(spec: FieldSpec, column: str) -> int:
    return next(i for i, v in enumerate(spec.made.levels) if v.exact and f"{spec.name}{v.value}" == column)


def _log2(share: float) -> float:
    return math.log2(max(share, 1e-12))


def _case(name: str, shares: tuple[float, ...]) -> str:
    """log2 of the share of the level a pair shows; nothing known adds nothing."""
    whens = " ".join(f"WHEN {level} THEN {_log2(share)!r}" for level, share in enumerate(shares))
    return f"(CASE level_{name} {whens} ELSE 0.0 END)"
