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


def test_what_came_since_is_added_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "values").mkdir()
    cells.write(_table(pa.string()), tmp_path / "values" / "2025.parquet")
    base = cells.ValueFiles(tmp_path / "values", PLACES)
    # b is a rate of the register's people: what comes to it has no denominator
    came: list[dict[tuple[str, str], cells.Cell]] = [
        {("a", "11112"): (1, 1), ("a", "1111"): (1, 1), ("b", "11111"): (1, None), ("c", "I2"): (2, 2)},
        {("a", "11112"): (-1, -3), ("b", "1"): (0, None), ("c", "I2"): (-2, -2)},
        {("a", "11111"): (4, 4)},
    ]
    before = tmp_path / "none"
    for number, more in enumerate(came):
        told = [
            {"indicator": name, "division": code if code in DIVISIONS else None, "level": DIVISIONS.get(code),
             "institution": None if code in DIVISIONS else code, "numerator": n, "denominator": d}
            for (name, code), (n, d) in sorted(more.items())
        ]  # fmt: skip
        folder = tmp_path / str(number) / "moved"
        cells.stack(pa.Table.from_pylist(told, cells.PLAIN), before / "2025", folder / "2025")
        before = folder
    assert len(list((before / "2025").iterdir())) == 2  # the second went into the first, the third lies on them
    found = cells.Moved(base, cells.ValueFiles(before, PLACES))

    def of(name: str, code: str) -> list[cells.Cell | None]:
        number = [PLACES.number(code, institution=code in INSTITUTIONS)]
        deep = found.all("2025", name).at(number)
        assert DIVISIONS.get(code, 9) > cells.TOP or found.top("2025", name).at(number) == deep
        return deep

    assert of("a", "1111") == [(3, 4)]
    assert of("a", "11112") == [(0, 0)]
    assert of("a", "11111") == [(4, 4)]
    assert of("a", "1") == [(7, 9)]
    assert of("b", "11111") == [(5, None)]
    assert of("c", "I1") == [(3, 4)]
    assert of("c", "I2") in ([(0, 0)], [None])
    assert of("c", "11") == [None]
