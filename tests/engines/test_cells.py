"""Values looked up in their file: every place as it was written, whatever the order of the file."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from luoshi.engines import cells
from luoshi.engines.base import VALUE_COLUMNS

DIVISIONS = {"1": 1, "11": 2, "111": 3, "1111": 4, "11111": 5, "11112": 5}
INSTITUTIONS = ("I1", "I2")
PLACES = cells.Places.of(DIVISIONS, INSTITUTIONS)
# indicator → place → numerator and denominator; the last is measured at institutions only
ROWS: dict[str, dict[str, cells.Cell]] = {
    "a": {"1": (7, 9), "1111": (2, 3), "11112": (0, 2), "I2": (5, 6)},
    "b": {"1": (4, None), "11111": (4, None)},
    "c": {"I1": (3, 4)},
}


def _table(kind: pa.DataType) -> pa.Table:
    told = [
        {
            "indicator": name,
            "division": code if code in DIVISIONS else None,
            "level": DIVISIONS.get(code),
            "institution": None if code in DIVISIONS else code,
            "numerator": n,
            "denominator": d,
        }
        for name, rows in ROWS.items()
        for code, (n, d) in rows.items()
    ]
    whole = dict.fromkeys(("numerator", "denominator"), pa.int64()) | {"level": pa.int32()}
    return pa.Table.from_pylist(told, pa.schema([(name, whole.get(name, kind)) for name in VALUE_COLUMNS]))


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())], ids=["words", "dictionary"])
@pytest.mark.parametrize("order", ["top first", "as before", "nothing"])
def test_each_place_is_found_as_written(order: str, kind: pa.DataType, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "values").mkdir()
    path = tmp_path / "values" / "2025.parquet"
    table = _table(kind)
    if order == "top first":
        monkeypatch.setattr(cells, "ROWS", 2)
        cells.write(table, path)
        assert sorted(map(str, pq.read_table(path).to_pylist())) == sorted(map(str, table.to_pylist()))
    elif order == "as before":
        pq.write_table(table, path, row_group_size=3)
    else:
        cells.write(table.slice(0, 0), path)
    files = cells.ValueFiles(tmp_path / "values", PLACES)
    for name in (*ROWS, "unknown"):
        known = {} if order == "nothing" else ROWS.get(name, {})
        for code in (*DIVISIONS, *INSTITUTIONS, "nowhere"):
            number = PLACES.number(code, institution=code in INSTITUTIONS)
            assert files.all("2025", name).at([number]) == [known.get(code)], (name, code)
            if DIVISIONS.get(code, 9) <= cells.TOP:
                assert files.top("2025", name).at([number]) == [known.get(code)], (name, code)


def test_boards_read_none_of_the_depths(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "values").mkdir()
    monkeypatch.setattr(cells, "ROWS", 1)
    cells.write(_table(pa.string()), tmp_path / "values" / "2025.parquet")
    read: list[int] = []
    rows = pq.ParquetFile.read_row_groups

    def noted(file: pq.ParquetFile, groups: list[int], **how: object) -> pa.Table:
        read.extend(groups)
        return rows(file, groups, **how)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", noted)
    files = cells.ValueFiles(tmp_path / "values", PLACES)
    files.top("2025", "a")
    files.top("2025", "b")
    assert read == [0, 1, 2]  # the three rows down to townships, once
    files.all("2025", "c")
    files.all("2025", "c")
    assert read[3:] == [6]  # an indicator of institutions, once, and nothing else
