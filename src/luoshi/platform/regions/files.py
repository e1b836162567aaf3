"""Rows of a register file, whatever its format: CSV (UTF-8 or GB18030), XLSX, or a JSON list of objects.

Cells are text, trimmed; column names are folded to the record guide's, so that a Chinese heading or the
`china-division` package's `streetCode` need no second reader.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import orjson

from luoshi.kernel.errors import UnreadableFile

SUFFIXES = (".csv", ".xlsx", ".json")

# Headings people write -> columns of the record guide.
HEADINGS = {
    "代码": "code", "编码": "code", "区划代码": "code", "机构代码": "code",
    "名称": "name", "区划名称": "name", "机构名称": "name", "部门名称": "name",
    "级别": "level", "等级": "level", "上级": "parent", "上级代码": "parent",
    "种类": "kind", "类别": "type", "机构类别": "type", "城镇": "urban", "公立": "public",
    "启用日期": "valid_from", "停用日期": "valid_to", "后继": "successor", "合并到": "successor",
    "区划": "division", "所在区划": "division", "机构": "institution",
    "统一社会信用代码": "uscc", "卫生机构代码": "ws218", "别名": "aliases", "简称": "aliases",
    "称号": "title", "授予日期": "granted", "取消日期": "revoked",
    "岗位": "role", "人数": "count", "床位数": "count", "截至": "as_of", "截至日期": "as_of",
    "年份": "year", "口径": "kind", "性别": "sex", "年龄起": "age_from", "年龄止": "age_to", "人口数": "value",
    "来源": "source", "版本": "version",
    "公办": "public", "普惠": "affordable", "托位数": "places", "在托人数": "enrolled", "备案日期": "filed", "认定": "award",
    "认定日期": "awarded", "编号": "code", "日期": "day", "办结日期": "done_day", "公开日期": "published", "结果": "result",
    "指标项": "item", "截止日": "day", "数值": "value", "调查": "survey", "受访者": "respondent", "层": "stratum",
    "群": "cluster", "层内群数": "clusters", "权重": "weight", "年龄": "age", "问题": "question", "回答": "value",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row: the line (or position in a list, from 1) and its cells by column."""

    number: int
    cells: dict[str, str]


def headings(path: Path) -> list[str]:
    """The column names of the file, folded. Empty for a file without rows."""
    for row in rows(path):
        return list(row.cells)
    return []


def rows(path: Path) -> Iterator[Row]:
    """The rows of the file, in order. Raises `UnreadableFile` saying why it cannot be read."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".csv":
            yield from _csv(path)
        elif suffix == ".xlsx":
            yield from _xlsx(path)
        elif suffix == ".json":
            yield from _json(path)
        else:
            raise UnreadableFile(
                f"a {suffix or 'nameless'} file is no register.", where=str(path), todo=f"Use {', '.join(SUFFIXES)}."
            )
    except OSError as error:
        raise UnreadableFile(f"cannot be read ({error.strerror or error}).", where=str(path)) from error


_SAMPLE = 2**20  # bytes


def _fold(name: str) -> str:
    return HEADINGS.get(name.strip(), name.strip())


def _csv(path: Path) -> Iterator[Row]:
    with path.open("rb") as raw:
        encoding = _encoding(path, raw.read(_SAMPLE))
    try:
        with io.TextIOWrapper(path.open("rb"), encoding, newline="") as file:
            reader = csv.reader(file, strict=True)
            names = [_fold(name) for name in next(reader, [])]
            for cells in reader:
                if any(cells):
                    yield Row(reader.line_num, _cells(names, cells))
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"is not all in {encoding} (byte {error.start}).", where=str(path), todo="Save it as CSV UTF-8."
        ) from error
    except csv.Error as error:
        raise UnreadableFile(f"is no well-formed CSV ({error}).", where=f"{path}:{reader.line_num}") from error


def _encoding(path: Path, start: bytes) -> str:
    """UTF-8, with or without mark, else GB18030 as spreadsheets in China still write it."""
    if not start.strip():
        raise UnreadableFile("is empty.", where=str(path))
    cut = len(start) == _SAMPLE  # and so it may end inside a character
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        if not cut or error.start < len(start) - 8:
            return "gb18030"
    return "utf-8-sig"


def _cells(names: list[str], cells: Iterable[Any]) -> dict[str, str]:
    """Cells by column; those beyond the heading are kept under `+`, so that a shifted row is refused, not misread."""
    values = [_text(cell) for cell in cells]
    row = dict(zip(names, values, strict=False))
    if extra := [value for value in values[len(names) :] if value]:
        row["+"] = " ".join(extra)
    return row


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip()


def _xlsx(path: Path) -> Iterator[Row]:
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UnreadableFile(
            f"is no xlsx workbook ({error}).", where=str(path), todo="Save it again as .xlsx."
        ) from error
    try:
        lines = book.worksheets[0].iter_rows(values_only=True)
        names = [_fold(_text(name)) for name in next(lines, ())]
        for number, cells in enumerate(lines, start=2):
            if any(cell is not None and cell != "" for cell in cells):
                yield Row(number, _cells(names, cells))
    finally:
        book.close()


def _json(path: Path) -> Iterator[Row]:
    try:
        data = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise UnreadableFile(f"is no JSON ({error}).", where=str(path)) from error
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise UnreadableFile(
            "is no list of objects.", where=str(path), todo="Of china-division use provinces.json … villages.json."
        )
    for number, item in enumerate(data, start=1):
        yield Row(number, {_fold(key): _text(value) for key, value in item.items()})
