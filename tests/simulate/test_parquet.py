"""The files of a lake hold what was given, for whoever reads them: values, gaps, types, least and greatest."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from luoshi.simulate import parquet
from luoshi.simulate.parquet import Column

GROUP_ROWS = 4096
ROWS = GROUP_ROWS + 1501  # two groups, several pages, an odd number at the end
WORDS = ["b", "", "望岭", "a"]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(parquet, "GROUP_ROWS", GROUP_ROWS)
    monkeypatch.setattr(parquet, "_PAGE_BYTES", 1 << 13)


def _columns(known):
    """One column of each way to keep values, and what readers should find in it."""
    draw = np.random.default_rng(5)
    count = ROWS if known is None else int(known.sum())
    few, many = draw.integers(0, 4, count).astype(np.uint8), draw.integers(0, 900, count).astype(np.uint16)
    whole, figures = draw.integers(-(1 << 40), 1 << 40, count), draw.normal(0, 9, count)
    truth = draw.random(count) < 0.3
    calendar = np.arange(-20, 880, dtype=np.int32)
    text = np.zeros((count, 6), np.uint8)
    text[:, 0], text[:, 4], text[:, 5] = 2, ord("v"), draw.integers(48, 58, count)
    lengths = draw.integers(1, 4, count)
    mixed = b"".join(bytes([n, 0, 0, 0]) + b"xyz"[:n] for n in lengths.tolist())
    ends = np.concatenate([[0], np.cumsum(lengths + 4)])
    same = np.zeros(count, np.uint8)
    days = calendar[many].astype("M8[D]")
    return {
        "word": (Column("VARCHAR", ROWS, few, known, WORDS, told=True), [WORDS[n] for n in few.tolist()]),
        "same": (Column("VARCHAR", ROWS, same, known, ["region"]), ["region"] * count),
        "day": (Column("DATE", ROWS, many, known, calendar, told=True), days.tolist()),
        "date": (Column("DATE", ROWS, calendar[many], known, told=True), days.tolist()),
        "number": (Column("BIGINT", ROWS, whole, known, told=True), whole.tolist()),
        "small": (Column("INTEGER", ROWS, many.astype(np.int32), known, told=True), many.tolist()),
        "time": (Column("TIMESTAMP", ROWS, whole, known, told=True), whole.astype("M8[us]").tolist()),
        "figure": (Column("DOUBLE", ROWS, figures, known, told=True), figures.tolist()),
        "truth": (Column("BOOLEAN", ROWS, truth, known, told=True), truth.tolist()),
        "id": (Column("VARCHAR", ROWS, text, known), [chr(118) + chr(n) for n in text[:, 5].tolist()]),
        "mixed": (
            Column("VARCHAR", ROWS, np.frombuffer(mixed, np.uint8), known, ends=ends),
            ["xyz"[:n] for n in lengths.tolist()],
        ),
        "nothing": (Column("DATE", ROWS, np.zeros(0, np.uint8), np.zeros(ROWS, np.bool_)), []),
    }


def _spread(values, known):
    if known is None:
        return values
    left = iter(values)
    return [next(left) if some else None for some in known.tolist()]


@pytest.mark.parametrize("gaps", ["none", "some", "a whole group"])
def test_readers_find_what_was_written(tmp_path, gaps):
    known = None if gaps == "none" else np.random.default_rng(2).random(ROWS) < 0.6
    if gaps == "a whole group":
        known[:GROUP_ROWS] = False
    made = _columns(known)
    path = tmp_path / "a.parquet"
    parquet.write(path, {name: column for name, (column, _) in made.items()})
    wanted = {name: _spread(values, known) for name, (_, values) in made.items() if values}
    wanted["nothing"] = [None] * ROWS
    arrow = pq.read_table(path)
    kinds = dict(zip(arrow.column_names, map(str, arrow.schema.types), strict=True))
    assert kinds == {
        "word": "string", "same": "string", "day": "date32[day]", "date": "date32[day]", "number": "int64", "small": "int32",
        "time": "timestamp[us]", "figure": "double", "truth": "bool", "id": "string", "mixed": "string",
        "nothing": "date32[day]",
    }  # fmt: skip
    duck = duckdb.read_parquet(str(path))
    read = dict(zip(duck.columns, zip(*duck.fetchall(), strict=True), strict=True))
    for name, values in wanted.items():
        assert arrow[name].equals(pa.chunked_array([pa.array(values, arrow[name].type)])), name
        assert list(read[name]) == values, name


def test_the_least_and_the_greatest_of_each_group_are_told_where_asked_for(tmp_path):
    made = _columns(None)
    path = tmp_path / "a.parquet"
    parquet.write(path, {name: column for name, (column, _) in made.items()})
    about = pq.ParquetFile(path).metadata
    assert about.num_row_groups == 2
    for group, (low, high) in enumerate(((0, GROUP_ROWS), (GROUP_ROWS, ROWS))):
        for place, (name, (column, values)) in enumerate(made.items()):
            told = about.row_group(group).column(place).statistics
            assert told.null_count == (high - low if name == "nothing" else 0)
            assert told.has_min_max == column.told, name
            if column.told:
                assert (told.min, told.max) == (min(values[low:high]), max(values[low:high])), name


def test_what_has_no_place_in_a_footer_is_refused():
    with pytest.raises(TypeError, match="float has no place"):
        parquet.compact({1: 2.5})
