"""Ledgers in Excel: every sheet a table, merged cells spread over the cells they cover."""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils import column_index_from_string
from openpyxl.utils.exceptions import InvalidFileException

from luoshi.documents.assembly import Assembly
from luoshi.documents.limits import MAX_MERGED_CELLS, MAX_SHEET_BYTES, MAX_TABLE_ROWS, check_columns, open_zip
from luoshi.documents.model import Document
from luoshi.kernel.errors import UnreadableFile


def read(path: Path, data: bytes) -> Document:
    """A workbook as a Document: one table a sheet, its title rows as paragraphs, hidden sheets left out with a note.

    Raises `UnreadableFile` when the workbook is damaged or wider or longer than the limits.
    """
    with open_zip(path, data) as box:
        largest = max((part.file_size for part in box.infolist() if "worksheets/" in part.filename), default=0)
        if largest > MAX_SHEET_BYTES:
            raise UnreadableFile(
                f"a sheet unpacks to {largest:,} bytes; at most {MAX_SHEET_BYTES:,} are read.",
                where=path.name,
                todo="Delete the empty rows and columns around the ledger and save again.",
            )
        _check_merged(path, box)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, SyntaxError) as error:
        raise UnreadableFile(
            f"the workbook is damaged ({type(error).__name__}).",
            where=path.name,
            todo="Open it in Excel or WPS, save it again, and try that copy.",
        ) from error
    assembly = Assembly(path, "xlsx")
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            assembly.notes.append(f"The hidden sheet “{sheet.title}” was left out.")
            continue
        _sheet(assembly, sheet, path)
    return assembly.document(title=str(book.properties.title or ""))


_MERGED = re.compile(rb'<mergeCell[^>]*?\bref="([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)"')


def _check_merged(path: Path, box: zipfile.ZipFile) -> None:
    """Refuse merged cells that cover more than a sheet may hold, before they are spread out in memory."""
    covered = 0
    for part in box.infolist():
        if "worksheets/" not in part.filename:
            continue
        for left, top, right, bottom in _MERGED.findall(box.read(part)):
            width = column_index_from_string(right.decode()) - column_index_from_string(left.decode()) + 1
            covered += width * (int(bottom) - int(top) + 1)
            if covered > MAX_MERGED_CELLS:
                raise UnreadableFile(
                    f"merged cells cover more than {MAX_MERGED_CELLS:,} cells.",
                    where=path.name,
                    todo="Undo the merging of whole rows and columns and save again.",
                )


def _sheet(assembly: Assembly, sheet: Any, path: Path) -> None:
    if (sheet.max_row or 0) > MAX_TABLE_ROWS:
        raise UnreadableFile(
            f"sheet “{sheet.title}” has {sheet.max_row:,} rows; at most {MAX_TABLE_ROWS:,} are read.",
            where=path.name,
            todo="Delete the empty rows below the ledger and save again.",
        )
    check_columns(path, _used_columns(sheet))
    covered: dict[tuple[int, int], bool] = {}
    for area in sheet.merged_cells.ranges:
        if (area.max_row - area.min_row + 1) * (area.max_col - area.min_col + 1) > 100_000:
            continue
        for down in range(area.min_row, area.max_row + 1):
            for across in range(area.min_col, area.max_col + 1):
                if (down, across) != (area.min_row, area.min_col):
                    covered[(down, across)] = True
    rows: list[list[str | None]] = []
    started = False
    for index, cells in enumerate(sheet.iter_rows(max_col=min(sheet.max_column or 1, 256), values_only=True), start=1):
        row: list[str | None] = [
            None if covered.get((index, column)) else _text(value) for column, value in enumerate(cells, start=1)
        ]
        filled = [text for text in row if text and text.strip()]
        if not filled:
            continue
        if not started and len(filled) == 1:
            assembly.add(filled[0], "heading" if not rows else "paragraph", level=1, style=sheet.title)
            continue
        started = True
        rows.append(row)
    assembly.add_table(rows, style=sheet.title)


def _used_columns(sheet: Any) -> int:
    return int(sheet.max_column or 0)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        value = value.date()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()
