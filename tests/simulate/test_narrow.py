"""What is worked out on narrow columns, a piece at a time, is what whole columns of 64 bits would say."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from luoshi.kernel import lake_layout
from luoshi.simulate.arrival import _days_late
from luoshi.simulate.chance import NEVER
from luoshi.simulate.journal import Journal
from luoshi.simulate.packing import packed
from luoshi.simulate.parts import save
from luoshi.simulate.sorting import in_order
from luoshi.simulate.spelling import numbered


@pytest.mark.parametrize("size", [7, 64])
@pytest.mark.parametrize("last", [40, 1 << 61])  # the second fits no packed key
def test_rows_lie_by_bucket_kind_person_and_day(size, last):
    draw = np.random.default_rng(5)
    rows = 20_000
    person = draw.integers(-1, 300, rows)
    kind, rank = draw.integers(0, 4, rows), np.array([2, 0, 3, 1])
    day = np.where(draw.random(rows) < 0.1, NEVER, draw.integers(0, last, rows))
    order, cuts = in_order(person, kind, rank, day, size)
    after = np.where(day == NEVER, last, day)
    assert order.tolist() == np.lexsort([after, person, rank[kind], person // size]).tolist()
    assert [low for _, low, _ in cuts] == [0, *(high for _, _, high in cuts[:-1])]
    for bucket, low, high in cuts:
        assert set(person[order[low:high]] // size) == {bucket}, "nobody's bucket is -1"


@pytest.mark.parametrize("first", [0, 96, 9_996, 100_000_000, 9_999_999_990])
@pytest.mark.parametrize("most", [3, 30, 12_000])
def test_numbers_are_spelt_in_any_order(first, most):
    number = np.random.default_rng(most).integers(-1, most, 17_000).astype(np.int32)
    told = numbered("v", number, first)
    told.validate(full=True)
    assert told.to_pylist() == [f"v{first + n}" if n >= 0 else None for n in number.tolist()]


def test_lateness_is_what_the_generator_draws():
    drawn = np.minimum(np.random.default_rng(3).geometric(0.55, 50_000) - 1, 6)
    assert _days_late(np.random.default_rng(3).random(50_000)).tolist() == drawn.tolist()


def test_days_and_words_keep_their_gaps():
    at = np.array([3, 0, 1, 2])
    day = np.array([0, NEVER, -1, 20_000])
    told = packed("DATE", day, persons=0, rows=0)(at)
    assert [str(one) for one in told.to_pylist()] == ["2024-10-04", "1970-01-01", "None", "1969-12-31"]
    made = packed("VARCHAR", ("word", [None, "a", "b"], np.array([2, -1, 0, 1])), persons=0, rows=0)
    assert made(at).to_pylist() == ["a", "b", None, None]
    many = [f"w{n}" for n in range(300)]
    assert packed("VARCHAR", ("word", many, np.array([299, -1, 0, 7])), persons=0, rows=0)(at).to_pylist() == [
        "w7", "w299", None, "w0",
    ]  # fmt: skip
    later = packed("TIMESTAMP", ("moment", 60_000_000, np.array([1, -1, 1 << 33, 0])), persons=0, rows=0)(at)
    assert later.cast(pa.int64()).to_pylist() == [0, 60_000_000, None, (1 << 33) * 60_000_000]


def test_what_every_row_has_is_required_in_the_file(tmp_path):
    columns = lake_layout.columns("consent")
    given = {"id": ["a1", "a2"], "person": pa.array([1, 2], pa.int64()), "end_day": pa.array([None, 3], pa.date32())}
    kinds = {"VARCHAR": pa.string(), "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us")}
    part = pa.table({name: given.get(name, pa.nulls(2, kinds.get(kind))) for name, kind in columns.items()})
    for bucket, required in ((0, {"id", "person"}), (lake_layout.NO_PERSON, set())):
        save(tmp_path, "consent", part, bucket)
        file = pq.ParquetFile(lake_layout.table_path(tmp_path, "consent", bucket))
        assert {field.name for field in file.schema_arrow if not field.nullable} == required
        assert file.read().to_pylist() == part.to_pylist()


def test_a_value_of_all_rows_is_kept_once():
    journal = Journal()
    for person in (np.arange(3), np.arange(2)):
        journal.add("consent", person=person, day=person, start_day=5, status=int(person[-1] == 1))
    rows = journal.columns("consent")
    assert rows["start_day"].tolist() == [5] * 5
    assert rows["start_day"].strides == (0,)
    assert rows["status"].tolist() == [0, 0, 0, 1, 1]
