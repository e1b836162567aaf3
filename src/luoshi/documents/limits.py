"""What a file may cost at most. A file beyond a limit is refused in words; nothing is read halfway.

The largest plans met (a five-year outline with annexes, a 300-page ledger) stay below a tenth of each limit.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from luoshi.kernel.errors import UnreadableFile

MAX_FILE_BYTES = 60_000_000
MAX_CHARACTERS = 1_000_000
MAX_PARAGRAPHS = 20_000
MAX_PAGES = 3_000
MAX_COLUMNS = 256
MAX_TABLE_ROWS = 50_000
MAX_DEPTH = 800
MAX_UNPACKED_BYTES = 250_000_000
MAX_PART_BYTES = 120_000_000
MAX_SHEET_BYTES = 40_000_000
MAX_TABLES = 10_000
MAX_PAGE_CHARACTERS = 100_000
MAX_PAGE_OBJECTS = 200_000
MAX_MERGED_CELLS = 300_000
MAX_ZIP_ENTRIES = 20_000
MAX_ZIP_RATIO = 300

_TODO = "Give the plan as an ordinary document."


def check_file_size(path: Path, size: int) -> None:
    """Refuse an empty file and one larger than `MAX_FILE_BYTES`."""
    if size == 0:
        raise UnreadableFile("the file is empty.", where=path.name, todo="Save it again from where it came.")
    if size > MAX_FILE_BYTES:
        raise UnreadableFile(
            f"the file has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read.", where=path.name, todo=_TODO
        )


def check_characters(path: Path, count: int) -> None:
    """Refuse a text longer than `MAX_CHARACTERS`."""
    if count > MAX_CHARACTERS:
        raise UnreadableFile(
            f"the text has more than {MAX_CHARACTERS:,} characters; no work plan is that long.",
            where=path.name,
            todo=_TODO,
        )


def check_paragraphs(path: Path, count: int) -> None:
    """Refuse a text of more than `MAX_PARAGRAPHS` lines or paragraphs outside tables."""
    if count > MAX_PARAGRAPHS:
        raise UnreadableFile(
            f"the text has {count:,} lines or paragraphs; at most {MAX_PARAGRAPHS:,} are read as a plan.",
            where=path.name,
            todo="Give the plan alone; give lists and data as an .xlsx table.",
        )


def check_columns(path: Path, columns: int) -> None:
    """Refuse a table wider than `MAX_COLUMNS`."""
    if columns > MAX_COLUMNS:
        raise UnreadableFile(
            f"a table has {columns:,} columns; at most {MAX_COLUMNS} are read.", where=path.name, todo=_TODO
        )


def check_tables(path: Path, count: int) -> None:
    """Refuse a file with more than `MAX_TABLES` tables."""
    if count > MAX_TABLES:
        raise UnreadableFile(
            f"a file with {count:,} tables; at most {MAX_TABLES:,} tables are read.", where=path.name, todo=_TODO
        )


def open_zip(path: Path, data: bytes) -> zipfile.ZipFile:
    """The zip container of a docx or xlsx after its promises were checked against the limits.

    Raises `UnreadableFile` for a damaged container and for one that unpacks to more than the limits allow. The sizes
    are those the directory declares; `zipfile` never yields more than a part declares.
    """
    try:
        box = zipfile.ZipFile(io.BytesIO(data))
        entries = box.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UnreadableFile(
            "the file is damaged: its zip container cannot be opened.",
            where=path.name,
            todo="Open it in Word or WPS, save it again, and try that copy.",
        ) from error
    total = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    largest = max((entry.file_size for entry in entries), default=0)
    if (
        len(entries) > MAX_ZIP_ENTRIES
        or total > MAX_UNPACKED_BYTES
        or largest > MAX_PART_BYTES
        or (total > 20_000_000 and total / packed > MAX_ZIP_RATIO)
    ):
        raise UnreadableFile(
            f"the file unpacks to {total:,} bytes from {packed:,}; it is refused as a possible zip bomb.",
            where=path.name,
            todo=_TODO,
        )
    return box
