"""Columns of the lake as Arrow: the same texts, numbers and gaps that Arrow itself would make."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from luoshi.kernel.lake_layout import stand_in
from luoshi.simulate.columns import listed, numbered
from luoshi.simulate.parts import as_told
from luoshi.simulate.standing_in import stand_ins


@pytest.mark.parametrize(
    "number",
    [[0, 9, 10, 99, 100_000_000, 9_999_999_999, -1, 12_345], [100_000_007, 100_000_008], [7], [-1, -1], [-1, 5], []],
)
def test_ids_are_a_letter_and_the_number(number):
    told = numbered("v", np.array(number, np.int64))
    told.validate(full=True)
    assert told.to_pylist() == [f"v{n}" if n >= 0 else None for n in number]


def test_ids_of_two_kinds_in_one_column():
    letters = np.array([ord("o"), ord("b"), ord("b")], np.uint8)
    assert numbered(letters, np.array([3, 41, -1])).to_pylist() == ["o3", "b41", None]


def test_texts_of_any_length():
    told = listed(["", None, "望岭", "a"])
    told.validate(full=True)
    assert told.to_pylist() == ["", None, "望岭", "a"]
    assert listed([]).to_pylist() == []


def test_registers_take_the_types_of_the_lake():
    assert as_told("INTEGER", ["3", 4, "", None]) == pa.array([3, 4, None, None], pa.int32())
    assert as_told("BIGINT", [5]) == pa.array([5], pa.int64())
    assert as_told("BOOLEAN", ["true", "false", ""]) == pa.array([True, False, None])
    assert [str(day) for day in as_told("DATE", ["2025-02-28", ""]).to_pylist()] == ["2025-02-28", "None"]
    assert as_told("VARCHAR", [1, "b", ""]).to_pylist() == ["1", "b", None]


@pytest.mark.parametrize("length", [1, 11, 55])
def test_telephones_stand_in_as_the_build_makes_them(length):
    texts = [str(seed * 7**70)[:length] for seed in range(1, 9_000)]
    query = f"SELECT {stand_in('t')} FROM (SELECT unnest($1) AS t)"
    told = stand_ins(np.array(texts, f"S{length}"))
    assert told.tolist() == [number for (number,) in duckdb.execute(query, [texts]).fetchall()]


def test_texts_that_need_two_blocks_are_refused():
    with pytest.raises(ValueError, match="56 bytes"):
        stand_ins(np.array(["9" * 56], "S56"))
