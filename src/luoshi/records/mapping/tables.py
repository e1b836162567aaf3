"""CSV and XLSX as rows of text, with limits. Everything a person could mend is said with its line."""

from __future__ import annotations

import csv
import datetime as dt
import io
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl

from luoshi.documents.limits import open_zip
from luoshi.kernel.errors import UnreadableFile, nearest
from luoshi.records.mapping.declared import TableMapping

LARGEST = 256 << 20
LARGEST_BOOK = 60 << 20
MOST_ROWS = 2_000_000
MOST_COLUMNS = 500
_LONGEST_CELL = 1 << 20
_DIGITS_OF_A_NUMBER = 15  # beyond that a spreadsheet has lost digits of what was typed


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, cells by column, and what is wrong with the row as such, in words."""

    line: int
    cells: dict[str, str]
    problem: str = ""


def rows(data: bytes, name: str, mapping: TableMapping) -> Iterator[Row]:
    """Rows of a file, whose ending says what it is. Raises `UnreadableFile` for what is no such file, too large, or has
    other columns than the mapping declares."""
    suffix = Path(name).suffix.lower()
    if not data:
        raise UnreadableFile("the file is empty.", where=name)
    if suffix in (".xlsx", ".xlsm"):
        lines = _book(data, name, mapping)
    elif suffix in (".csv", ".tsv", ".txt"):
        lines = _text(data, name, mapping)
    else:
        raise UnreadableFile(f"tables end in .csv or .xlsx, not {suffix or 'nothing'}.", where=name)
    head: list[str] | None = None
    for line, cells in lines:
        if line < mapping.header:
            continue
        if head is None:
            head = [cell.strip() for cell in cells]
            while head and not head[-1]:
                head.pop()
            _check_head(head, mapping, name)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if line - mapping.header > MOST_ROWS:
            raise UnreadableFile(f"the table has more than {MOST_ROWS:,} rows.", where=name, todo="Split it.")
        yield _row(line, cells, head)
    if head is None:
        raise UnreadableFile(f"there is no line {mapping.header} with the names of the columns.", where=name)


def _row(line: int, cells: list[str], head: list[str]) -> Row:
    found = {column: cell.strip() for column, cell in zip(head, cells, strict=False)}
    extra = [cell for cell in cells[len(head) :] if cell.strip()]
    problem = f"has {len(cells)} cells, the header {len(head)}: a comma or quote too many?" if extra else ""
    lost = [column for column, cell in found.items() if cell == _LOST]
    if lost and not problem:
        problem = f"{lost[0]} holds a number too long for a spreadsheet: digits are lost; format the column as text."
    return Row(line, found, problem)


def _check_head(head: list[str], mapping: TableMapping, name: str) -> None:
    twice = sorted({column for column in head if column and head.count(column) > 1})
    missing = [column for column in mapping.columns if column not in head]
    unknown = [c for c in head if c and c not in mapping.columns and c not in mapping.ignored]
    wrong = []
    if len(head) > MOST_COLUMNS:
        wrong.append(f"it has more than {MOST_COLUMNS} columns.")
    if twice:
        wrong.append(f"columns stand twice: {', '.join(twice[:10])}.")
    for column in missing[:10]:
        wrong.append(f"the column {column} is missing. {nearest(column, unknown)}".rstrip())
    if unknown and not missing:
        wrong.append(f"columns nobody declared: {', '.join(c[:40] for c in unknown[:10])}.")
    if wrong:
        todo = "Name the columns as the mapping does, or declare them there (under ignored, if nobody needs them)."
        raise UnreadableFile(" ".join(wrong), where=f"{name}:{mapping.header}", todo=todo)


def _text(data: bytes, name: str, mapping: TableMapping) -> Iterator[tuple[int, list[str]]]:
    if len(data) > LARGEST:
        raise UnreadableFile(f"the file has {len(data):,} bytes; at most {LARGEST:,} are read.", where=name)
    if data[:4] == b"PK\x03\x04":
        raise UnreadableFile("this is a workbook or an archive, not CSV.", where=name, todo="Name it .xlsx.")
    text = _decoded(data, name, mapping.encoding)
    if "\0" in text:
        raise UnreadableFile("the file holds zero bytes: it is no text.", where=name)
    delimiter = mapping.delimiter
    if delimiter == "auto":
        lines = text.split("\n", mapping.header)
        head = lines[mapping.header - 1] if len(lines) >= mapping.header else ""
        delimiter = max((",", ";", "\t", "|"), key=head.count)
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableFile(
                f"the table breaks off: {_csv_words(str(error))}.",
                where=f"{name}:{line}",
                todo="Save it again as CSV from where it was made.",
            ) from None
        yield line, cells


def _csv_words(text: str) -> str:
    if "field larger" in text:
        return "a cell of more than a megabyte"
    if "end of data" in text:
        return "a quotation mark is never closed"
    return "a quotation mark stands where none may stand"


def _decoded(data: bytes, name: str, encoding: str) -> str:
    for candidate in ["utf-8", "gb18030"] if encoding == "auto" else [encoding]:
        try:
            return data.decode("utf-8-sig" if candidate == "utf-8" else candidate)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile("the text is neither UTF-8 nor GB18030.", where=name, todo="Save it as CSV UTF-8.")


_LOST = "\0lost"


def _book(data: bytes, name: str, mapping: TableMapping) -> Iterator[tuple[int, list[str]]]:
    if len(data) > LARGEST_BOOK:
        raise UnreadableFile(f"the workbook has {len(data):,} bytes; at most {LARGEST_BOOK:,} are read.", where=name)
    open_zip(Path(name), data).close()  # what it would unpack to is bounded
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheet = _sheet(book, name, mapping)
            for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                yield line, [_cell(cell) for cell in cells[: MOST_COLUMNS + 1]]
    except UnreadableFile:
        raise
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, SyntaxError, AttributeError, IndexError) as e:
        raise UnreadableFile(
            f"the workbook is damaged ({type(e).__name__}).",
            where=name,
            todo="Open it in Excel or WPS, save it again, and try that copy.",
        ) from e


def _sheet(book: Any, name: str, mapping: TableMapping) -> Any:
    names = book.sheetnames
    wanted = mapping.sheet
    if isinstance(wanted, int) and 1 <= wanted <= len(names):
        return book[names[wanted - 1]]
    if wanted in names:
        return book[wanted]
    hint = nearest(str(wanted), names)
    raise UnreadableFile(
        f"there is no sheet {wanted!r}.", where=name, todo=hint or f"There are {', '.join(names[:10])}."
    )


def _cell(value: Any) -> str:
    """A cell as it would be typed: days as ISO, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(timespec="seconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, int | float):
        whole = int(value) if float(value).is_integer() else None
        if whole is not None and len(str(abs(whole))) > _DIGITS_OF_A_NUMBER:
            return _LOST
        return str(whole) if whole is not None else repr(value)
    return str(value)
