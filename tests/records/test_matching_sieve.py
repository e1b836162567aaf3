"""The sieve changes no answer, and what it stands on: bags of bytes, the index of keys, bounds of levels."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from luoshi.records.matching import Matcher, Model, Scheme, engine, prepare, scheme
from luoshi.records.matching.chinese import PARTS, parts
from luoshi.records.matching.index import Index
from luoshi.records.matching.levels import bags, levels
from luoshi.records.matching.prepare import as_table
from luoshi.records.matching.scale import Scale
from luoshi.records.matching.side import Side
from luoshi.simulate.identities import labelled

CN, WESTERN = scheme("cn"), scheme("western")
MATCHERS = {CN.id: Matcher(CN, threads=1), WESTERN.id: Matcher(WESTERN, threads=1)}
SQL = duckdb.connect()
WORDS = st.text("abAB01239é张王", max_size=19)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=30))
@example([("ab", "ba"), ("", "a"), ("1111111111", "11111111111"), ("张", "王")])
def test_an_edit_moves_two_bits_of_a_bag_at_most(pairs: list[tuple[str, str]]) -> None:
    near = [(a, a[:2] + b[:1] + a[3:]) for a, b in pairs]
    lefts, rights = (pa.chunked_array([[pair[i] for pair in [*pairs, *near]]], pa.string()) for i in (0, 1))
    apart = SQL.execute(
        "SELECT damerau_levenshtein(a, b) FROM (SELECT unnest(?) AS a, unnest(?) AS b)",
        [lefts.to_pylist(), rights.to_pylist()],
    ).fetchall()
    for one, two, (edits,) in zip(bags(lefts).to_pylist(), bags(rights).to_pylist(), apart, strict=True):
        assert (one ^ two).bit_count() <= 2 * edits


def test_bags_of_nothing() -> None:
    assert bags(pa.chunked_array([[None, "", "11"]], pa.string())).to_pylist()[:2] == [None, 0]
    assert bags(pa.chunked_array([[None, None]], pa.string())).to_pylist() == [None, None]
    assert bags(pa.chunked_array([], pa.string())).to_pylist() == []
    whole = pa.chunked_array([["x", "12", None, "33"]], pa.string())
    assert bags(whole.slice(1, 3)).to_pylist() == bags(whole).to_pylist()[1:]


@settings(max_examples=60, deadline=None)
@given(
    known=st.lists(st.lists(st.sampled_from([-1, 0, 1, 5, 2**62, 2**63 - 1]), min_size=2, max_size=2), max_size=12),
    asked=st.lists(st.lists(st.sampled_from([-1, 0, 1, 6, 2**62, 2**63 - 1]), min_size=2, max_size=2), max_size=6),
    most=st.integers(1, 4),
)
def test_the_index_finds_whoever_shares_a_key(known: list[list[int]], asked: list[list[int]], most: int) -> None:
    rows = [np.array(rows, np.int64).reshape(-1, 2) for rows in (known, asked)]
    found = Index(rows[0], most=most).ask(rows[1])
    size = Counter(key for row in known for key in row)
    wanted = [
        (a, k)
        for a, row in enumerate(asked) for key in row if key >= 0 and size[key] <= most
        for k, other in enumerate(known) for one in other if one == key
    ]  # fmt: skip
    assert Counter(zip(*(side.tolist() for side in found), strict=True)) == Counter(wanted)


def rows_of(spec: Scheme, draw: random.Random) -> pa.Table:
    """Rows with errors of every kind, and some whose values were thrown together from others."""
    if spec is CN:
        rows = labelled(60, difficulty="hard", seed=draw.randrange(10**6)).rows.to_pylist()
    else:
        words = [
            "anna",
            "anne",
            "meyer",
            "mayer",
            "meier",
            "12",
            "21",
            "2600",
            "2006",
            "19800305",
            "19800503",
            "sydney",
            None,
        ]
        rows = [{column: draw.choice(words) for column in spec.columns} for _ in range(90)]
    mixed = [{column: draw.choice(rows)[column] for column in spec.columns} for _ in range(20)]
    torn = [{c: v and draw.choice([v, v[1:], v[:-1], v[::-1], v + "1"]) for c, v in draw.choice(rows).items() if c != "rid"}
            for _ in range(20)]  # fmt: skip
    made = [*rows, *mixed, *torn]
    return as_table(made, list(range(len(made))), spec)


def any_model(spec: Scheme, draw: random.Random) -> Model:
    """Weights as no learning would give them."""
    shares = lambda number: tuple(10 ** draw.uniform(-7, 0) for _ in range(number))  # noqa: E731
    same, related, other = ({f.name: shares(len(f.made.levels)) for f in spec.fields} for _ in range(3))
    frequency = {"name": {"王伟": 0.3, "李静": 1e-7}, "given": {"anna": 0.2, "anne": 1e-6}}
    return Model(
        spec.id, same, related, other, 10 ** draw.uniform(-7, -1), draw.choice([0.0, 1e-5]), frequency,
        learned_from=draw.choice([0, 1_000]),
    )  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), spec=st.sampled_from([CN, WESTERN]))
def test_no_pair_is_likelier_than_the_sieve_says(seed: int, spec: Scheme) -> None:
    draw, connection = random.Random(seed), MATCHERS[spec.id].connection
    side = Side(connection, spec, "a", rows_of(spec, draw))
    pairs = tuple(np.array([draw.randrange(len(side.rids)) for _ in range(3_000)], np.int32) for _ in range(2))
    model = draw.choice([Model.guessed(spec), any_model(spec, draw)])
    scale = Scale(spec, model)
    shares = {column: share[pairs[0]] for column, share in side.shares(model, scale).items()}
    found = levels(connection, spec, side.columns, side.columns, pairs)
    cheap = levels(connection, spec, side.codes, side.codes, pairs, only=True)
    probability, _ = scale.weigh(found, shares)
    assert (scale.most(cheap, shares) >= probability * (1 - 1e-9)).all()
    for field in spec.fields:
        told, sure = (
            cheap[field.name],
            ~np.isin(cheap[field.name], [i for i, v in enumerate(field.made.levels) if v.only]),
        )
        assert (found[field.name][sure] == told[sure]).all(), "where a level needs no more, it is the level"
        assert (found[field.name] >= told).all()


@pytest.mark.parametrize("least", [0.1, 0.0])
def test_the_sieve_changes_no_answer(monkeypatch: pytest.MonkeyPatch, least: float) -> None:
    rows = labelled(400, difficulty="hard", seed=31).rows
    matcher = MATCHERS[CN.id]
    monkeypatch.setattr(engine, "_FEW", 10**9)
    plain = [matcher.within(rows, least=least), matcher.between(rows.slice(0, 90), rows, least=least)]
    asked: list[int] = []
    most = Scale.most

    def counted(scale: Scale, cheap: Any, shares: Any) -> Any:
        asked.append(int((most(scale, cheap, shares) < 0.1).sum()))
        return most(scale, cheap, shares)

    monkeypatch.setattr(engine, "_FEW", 0)
    monkeypatch.setattr(Scale, "most", counted)
    assert [matcher.within(rows, least=least), matcher.between(rows.slice(0, 90), rows, least=least)] == plain
    assert sum(asked) > 50, "and it drops what cannot reach the band for review"


def test_rows_keep_their_place_whatever_order_they_come_in() -> None:
    """DuckDB gives parts of a large answer in another order than they were read."""
    assert prepare.arrow(SQL, "SELECT pos FROM range(9) t(pos) ORDER BY pos % 4, pos").column(
        "pos"
    ).to_pylist() == list(range(9))
    matcher, rows = MATCHERS[CN.id], labelled(20, difficulty="easy", seed=3).rows
    side = Side(matcher.connection, CN, "a", rows)
    turned = prepare.keys(matcher.connection, CN, "(SELECT * FROM prepared_a ORDER BY pos DESC)")
    assert (turned == side.keys()).all()
    assert side.columns.column("rid").to_pylist() == rows.column("rid").to_pylist()


def test_lasting_keys_are_those_kept_in_stores() -> None:
    """Indexes of stores hold these numbers: another digest would need them all made anew."""
    row = {"resident_id": "11010119800101001X", "name": "王芳"}
    kept = MATCHERS[CN.id].keys_of(as_table([row], [7], CN))
    assert kept.to_pylist() == [{"rid": 7, "key": 2493222444182897323}, {"rid": 7, "key": 9014643123466111470}]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("張 偉", ("张伟", "伟张", "zhangwei", "zanwei", "zhang", "wei")),
        ("欧阳·娜娜", ("欧阳娜娜", "娜娜欧阳", "ouyangnana", "ouyanlala", "ouyang", "nana")),
        ("曾", ("曾", "曾", "zeng", "cen", "zeng", None)),
        ("王芳之子", (None,) * 6),
        ("·", (None,) * 6),
    ],
)
def test_parts_of_names(name: str, told: tuple[str | None, ...]) -> None:
    assert dict(zip(PARTS, parts(name), strict=True)) == dict(zip(PARTS, told, strict=True))
