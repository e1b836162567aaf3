"""Who is who without an identifier: levels, weights learned without answers, both forms alike."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.catalog.loader import parse_entry
from luoshi.kernel.errors import CatalogError, InvalidValue, NotFound
from luoshi.kernel.identifiers import check_resident_id
from luoshi.records.matching import Matcher, Model, Scheme, evidence, raw_row, scheme
from luoshi.records.matching.prepare import as_table, connect
from luoshi.simulate.identities import Labelled, labelled, table

CN = scheme("cn")


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    """An engine with the first guesses."""
    return Matcher(CN, threads=1)


@pytest.fixture(scope="module")
def made() -> Labelled:
    """A synthetic population of middling quality."""
    return labelled(1_200, difficulty="medium", seed=77)


@pytest.fixture(scope="module")
def learned(made: Labelled) -> Matcher:
    """Weights learned from it."""
    found = Matcher(CN, threads=1)
    found.learn_from(made.rows)
    return found


def levels(matcher: Matcher, pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> list[dict[str, str]]:
    """The level of each known field of each pair of rows."""
    left = as_table([a for a, _ in pairs], list(range(len(pairs))), matcher.scheme)
    right = as_table([b for _, b in pairs], list(range(len(pairs))), matcher.scheme)
    scored = matcher.compare(left, right, [(i, i) for i in range(len(pairs))])
    return [
        {f.field: f.level for f in evidence(s, matcher.scheme, matcher.model) if f.level != "unknown"} for s in scored
    ]


NAMES = [
    ("李志明", "李志明", "exact"),
    ("張偉", "张伟", "exact"),  # traditional characters
    ("张 伟", "张伟", "exact"),
    ("王喆", "王哲", "exact"),  # a variant
    ("李志明", "李志铭", "sound"),
    ("ZHANG WEI", "张伟", "sound"),
    ("曾小红", "ZENG XIAOHONG", "sound"),  # read as a family name
    ("陈灵", "陈林", "near"),  # -ng and -n
    ("李明志", "李志明", "near"),
    ("李志明", "李志强", "one"),
    ("李志明", "李明", "one"),
    ("张伟", "张强", "surname"),
    ("张伟", "李强", "differ"),
]
BIRTHS = [
    ("1980-03-05", "1980-03-05", "exact"),
    ("1980-03-05", "1980-05-03", "swapped"),
    ("1980-03-05", "1980-03-15", "digit"),
    ("1980-03-05", "1990-03-05", "digit"),
    ("1980-03-05", "1980-04-08", "lunar"),
    ("1980-03-05", "1980-11-29", "year"),
    ("1980-03-05", "1975-11-29", "differ"),
]


def test_levels_of_names_and_births(matcher: Matcher) -> None:
    named = levels(matcher, [({"name": a}, {"name": b}) for a, b, _ in NAMES])
    assert [found["name"] for found in named] == [level for _, _, level in NAMES]
    born = levels(matcher, [({"birth": a}, {"birth": b}) for a, b, _ in BIRTHS])
    assert [found["birth"] for found in born] == [level for _, _, level in BIRTHS]


def test_levels_of_numbers(matcher: Matcher) -> None:
    one = {"birth": "1980-03-05", "sex": "male"}
    number, other, old = "990103198003050014", "990103198003050030", "990103800305001"
    number, other = (check_resident_id(n[:17] + _check(n)) for n in (number, other))
    wrong = number[:10] + ("1" if number[10] != "1" else "2") + number[11:]
    told = [
        ({**one, "resident_id": number}, {**one, "resident_id": old}, "exact"),
        ({**one, "resident_id": number.lower()}, {**one, "resident_id": f" {number} "}, "exact"),
        ({**one, "resident_id": number}, {"birth": "2012-01-01", "resident_id": number}, "borrowed"),
        ({**one, "resident_id": number}, {**one, "resident_id": wrong}, "typo"),
        ({**one, "resident_id": number}, {**one, "resident_id": other}, "slip"),
    ]
    found = levels(matcher, [(a, b) for a, b, _ in told])
    assert [f["id"] for f in found] == [level for _, _, level in told]
    kinds = levels(matcher, [({"other_id": "passport:E1"}, {"other_id": "hmt:H1"})])
    assert kinds == [{}], "numbers of two kinds say nothing of each other"


def _check(number: str) -> str:
    from luoshi.kernel.identifiers import resident_id_check_character

    return resident_id_check_character(number[:17])


DIGITS = st.text("0123456789X", min_size=14, max_size=19)
DATED = st.builds(
    lambda area, day, order, last: f"{area}{day:%Y%m%d}{order:03}{last}",
    st.integers(110000, 999999), st.dates(), st.integers(0, 999), st.sampled_from("0123456789X"),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(numbers=st.lists(st.one_of(DIGITS, DATED), min_size=1, max_size=50))
def test_numbers_in_sql_are_those_of_the_kernel(numbers: list[str]) -> None:
    connection = _KEPT or _keep()
    connection.register("given_numbers", pa.table({"x": numbers}))
    rows = connection.execute(
        "SELECT x, upgraded, resident_id_valid(upgraded) FROM (SELECT x, coalesce(w || resident_id_check(w), x) AS upgraded"
        " FROM (SELECT x, resident_id_17(x) AS w FROM given_numbers))"
    ).fetchall()
    for text, upgraded, valid in rows:
        try:
            assert check_resident_id(text) == upgraded
            assert valid
        except InvalidValue:
            assert not valid


_KEPT: Any = None


def _keep() -> Any:
    global _KEPT
    _KEPT = connect(threads=1)
    return _KEPT


def test_learning_beats_guessing_and_finds_nearly_all(made: Labelled, learned: Matcher, matcher: Matcher) -> None:
    truth = made.pairs

    def quality(found: pa.Table, band: str = "") -> tuple[float, float]:
        pairs = {(r["left"], r["right"]) for r in found.to_pylist() if not band or r["band"] == band}
        return len(pairs & truth) / max(len(pairs), 1), len(pairs & truth) / len(truth)

    precision, recall = quality(learned.within(made.rows, least=0.5))
    assert 2 * precision * recall / (precision + recall) > 0.965
    same = quality(learned.within(made.rows), "same")
    assert same[0] > 0.995
    assert same[1] > 0.75
    assert learned.model.share_same == pytest.approx(2 * len(truth) / len(made.person) ** 2, rel=0.1)


def test_where_nobody_is_there_twice_nothing_is_made_up(matcher: Matcher) -> None:
    from luoshi.simulate.identities import population

    alone = Matcher(CN, threads=1)
    people = table(population(600, seed=9))
    model = alone.learn_from(people)
    assert model.pairs == 0
    assert model.same == matcher.model.same
    assert "same" not in alone.within(people).column("band").to_pylist()


def test_both_forms_say_the_same(made: Labelled, learned: Matcher) -> None:
    rows = made.rows.slice(0, 400)
    batch = {(s.left, s.right): s for s in learned.rows(learned.within(rows))}
    learned.keep(rows)
    arrived: dict[tuple[int, int], Any] = {}
    for first in range(0, 400, 150):
        for s in learned.rows(learned.arrive(rows.slice(first, 150))):
            if s.left != s.right:
                arrived[min(s.left, s.right), max(s.left, s.right)] = s
    assert arrived.keys() == batch.keys()
    for pair, s in batch.items():
        assert arrived[pair].probability == pytest.approx(s.probability)
        assert (arrived[pair].band, arrived[pair].levels) == (s.band, s.levels)
    shuffled = learned.rows(learned.within(rows.take(list(reversed(range(400))))))
    assert {(s.left, s.right, round(s.probability, 9)) for s in shuffled} == {
        (a, b, round(s.probability, 9)) for (a, b), s in batch.items()
    }


def test_a_common_value_is_no_key(matcher: Matcher) -> None:
    """A telephone given for everybody does not compare everybody with everybody."""
    rows = [
        {"phone": "13800000000", "name": f"甲{chr(0x4E00 + i)}", "birth": f"{1900 + i % 90}-01-01"} for i in range(300)
    ]
    assert matcher.within(table(rows), least=0.0).num_rows < 300 * CN.block


def test_twins_and_a_mothers_number_are_never_certain(learned: Matcher) -> None:
    home = {"phone": "13900001111", "division": "990103101201", "address": "1组2号", "mother_name": "陈静"}
    twin = {**home, "birth": "2024-01-05", "sex": "female"}
    number = check_resident_id("99010319950707002" + _check("99010319950707002"))
    rows = [
        {**twin, "name": "李思雨", "birth_order": "1"},
        {**twin, "name": "李思雪", "birth_order": "2"},
        {**home, "name": "陈静", "birth": "1995-07-07", "sex": "female", "resident_id": number},
        {**home, "name": "李子涵", "birth": "2019-01-01", "sex": "male", "resident_id": number},
    ]
    bands = {(r["left"], r["right"]): r["band"] for r in learned.within(table(rows), least=0.0).to_pylist()}
    assert bands[0, 1] != "same"
    assert bands.get((2, 3), "different") != "same"


def test_models_survive_text(learned: Matcher) -> None:
    again = Model.from_json(learned.model.to_json(), CN)
    assert again == learned.model
    for broken in ("", "{}", learned.model.to_json().replace('"cn"', '"western"')):
        with pytest.raises(InvalidValue):
            Model.from_json(broken, CN)


@pytest.mark.parametrize(
    "change",
    [
        {"fields": [{"name": "a", "title": "a", "title_en": "a", "kind": "nmae", "columns": ["a"]}], "keys": [["a"]]},
        {"keys": [["nobody"]]},
        {"veto": [["id", "no-such-level"]]},
        {"bands": {"same": 0.6, "review": 0.7}},
        {"blok": 3},
    ],
)
def test_a_wrong_scheme_is_refused(change: dict[str, Any]) -> None:
    plain = CN.model_dump()
    plain.update(change)
    with pytest.raises(CatalogError):
        parse_entry(plain, Scheme, where="matching-x.yaml")


def test_unknown_schemes_and_western_names() -> None:
    with pytest.raises(NotFound):
        scheme("klingon")
    western = Matcher(scheme("western"), threads=1)
    told = levels(western, [({"given_name": "anna", "surname": "meyer"}, {"given_name": "meyer", "surname": "anna"})])
    assert told == [{"given": "crossed", "surname": "crossed"}]


def test_raw_row_of_a_patient() -> None:
    patient = {
        "resourceType": "Patient",
        "name": [{"family": "王", "given": ["芳"]}],
        "birthDate": "2025-05-06",
        "telecom": [{"system": "phone", "value": "1", "use": "old"}, {"system": "phone", "value": "13900001111"}],
        "identifier": [{"system": "urn:luoshi:cn:id:passport", "value": "E1234567"}],
        "multipleBirthInteger": 2,
        "contact": [{"relationship": [{"coding": [{"code": "MTH"}]}], "name": {"text": "李静"}}],
    }
    row = raw_row(patient)
    assert (row["name"], row["other_id"], row["phone"], row["mother_name"], row["birth_order"]) == (
        "王芳", "passport:E1234567", "13900001111", "李静", "2",
    )  # fmt: skip
    assert all(value is None for value in raw_row({"resourceType": "Patient"}).values())
