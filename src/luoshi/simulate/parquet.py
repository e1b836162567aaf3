"""Parquet files from whole arrays: what is a place in a list already is written as one, without asking for it again.

Only what a lake needs: flat optional columns, plain values or a dictionary of at most 65,536, definition levels and places
in runs or in whole bytes, Zstandard. A general writer looks at every value of every column to find what repeats; here that is
known. Rules: the Apache Parquet format 2.x (`parquet.thrift`, Encodings.md) and Thrift's compact protocol.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from luoshi.simulate.chance import Bools

GROUP_ROWS = 1 << 17  # rows of a row group
_PAGE_BYTES = 1 << 17  # about as many in a page: Zstandard takes more care with so few
_BOOLEAN, _INT32, _INT64, _DOUBLE, _BYTES = 0, 1, 2, 5, 6
_PLAIN, _RLE, _DICTIONARY = 0, 3, 8
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_ZSTD = 6
# DuckDB type -> how it is kept, and what it is by Parquet's old and new names of types (fields 6 and 10 of an element).
_KINDS: dict[str, tuple[int, dict[int, Any]]] = {
    "VARCHAR": (_BYTES, {6: 0, 10: {1: {}}}), "BIGINT": (_INT64, {}), "INTEGER": (_INT32, {}), "DOUBLE": (_DOUBLE, {}),
    "DATE": (_INT32, {6: 6, 10: {6: {}}}), "BOOLEAN": (_BOOLEAN, {}),
    "TIMESTAMP": (_INT64, {10: {8: {1: False, 2: {2: {}}}}}),
}  # fmt: skip
_NUMBERS: dict[int, np.dtype[Any]] = {_INT32: np.dtype("<i4"), _INT64: np.dtype("<i8"), _DOUBLE: np.dtype("<f8")}


@dataclass(frozen=True)
class Column:
    """One column of a file.

    `known`: which rows have a value (None: all). `cells`: of those rows the numbers as Parquet keeps them (int32 for days,
    int64 microseconds for times), truths, texts of one length as rows of bytes, of several as bytes behind `ends`, or places
    in `words` as uint8 or uint16. `words`: what places stand for, numbers in rising order. Texts that are no places carry
    their length in front, four bytes, little end first. `told`: whether the least and the greatest are kept.
    """

    kind: str
    rows: int
    cells: NDArray[Any]
    known: Bools | None = None
    words: Sequence[str] | NDArray[Any] = ()
    ends: NDArray[np.int64] | None = None
    told: bool = False


def write(path: Path, columns: dict[str, Column]) -> None:
    """Write one file of these columns, all of the same number of rows. A column given twice is encoded once."""
    rows = next(iter(columns.values())).rows
    codec = pa.Codec("zstd", compression_level=1)
    groups = []
    with path.open("wb") as out:
        out.write(b"PAR1")
        for low in range(0, rows, GROUP_ROWS):
            high = min(low + GROUP_ROWS, rows)
            made: dict[int, tuple[list[bytes], dict[int, Any]]] = {}
            chunks = []
            for name, column in columns.items():
                if id(column) not in made:
                    made[id(column)] = _chunk(column, low, high, codec)
                pages, about = made[id(column)]
                start = out.tell()
                out.writelines(pages)
                chunks.append(_told(name, about, start))
            size = sum(chunk[3][6] for chunk in chunks)
            groups.append({1: chunks, 2: _Long(size), 3: _Long(high - low)})
        footer = _footer(columns, rows, groups)
        out.write(footer + struct.pack("<I", len(footer)) + b"PAR1")


def _told(name: str, about: dict[int, Any], start: int) -> dict[int, Any]:
    """The entry of a chunk that begins at `start`: `about` holds the size of its dictionary page where a start belongs."""
    dictionary = about.get(11, 0)
    places = {9: _Long(start + dictionary)} | ({11: _Long(start)} if dictionary else {})
    return {2: _Long(start), 3: {**about, 3: [name], **places}}


def _footer(columns: dict[str, Column], rows: int, groups: list[dict[int, Any]]) -> bytes:
    schema: list[dict[int, Any]] = [{3: 0, 4: "schema", 5: len(columns)}]
    for name, column in columns.items():
        how, named = _KINDS[column.kind]
        schema.append({1: how, 3: 1, 4: name, **named})
    orders: list[dict[int, Any]] = [{1: {}} for _ in columns]
    return compact({1: 2, 2: schema, 3: _Long(rows), 4: groups, 6: "luoshi", 7: orders})


# One column of one row group ----------------------------------------------------------------------------------------


def _chunk(column: Column, low: int, high: int, codec: pa.Codec) -> tuple[list[bytes], dict[int, Any]]:
    """The pages of rows `low` to `high` and what the footer says of them (fields of ColumnMetaData)."""
    known = None if column.known is None else column.known[low:high]
    before = low if column.known is None else int(np.count_nonzero(column.known[:low]))
    count = high - low if known is None else int(np.count_nonzero(known))
    if count == high - low:
        known = None
    how = _KINDS[column.kind][0]
    pages: list[bytes] = []
    full = 0  # bytes before compression, headers with them
    dictionary = 0
    by_place = len(column.words) > 0 and count > 0
    if by_place:
        raw = _plain_words(column.words, how)
        made = {1: _DICTIONARY_PAGE, 2: len(raw), 7: {1: len(column.words), 2: _PLAIN}}
        full += _page(pages, made, raw, codec)
        dictionary = len(pages[0]) + len(pages[1])
    start = before
    for first, last in _cuts(column, low, high):
        some = None if known is None else known[first - low : last - low]
        end = start + (last - first if some is None else int(np.count_nonzero(some)))
        raw = b"".join([_levels(last - first, some, end - start), *(_body(column, start, end) if count else ())])
        made = {
            1: _DATA_PAGE,
            2: len(raw),
            5: {1: last - first, 2: _DICTIONARY if by_place else _PLAIN, 3: _RLE, 4: _RLE},
        }
        full += _page(pages, made, raw, codec)
        start = end
    about: dict[int, Any] = {
        1: how, 2: [_PLAIN, _RLE, *([_DICTIONARY] if by_place else [])], 4: _ZSTD, 5: _Long(high - low), 6: _Long(full),
        7: _Long(sum(map(len, pages))), 11: dictionary, 12: _statistics(column, before, before + count, high - low),
    }  # fmt: skip
    return pages, about if dictionary else {field: value for field, value in about.items() if field != 11}


def _page(pages: list[bytes], header: dict[int, Any], raw: bytes, codec: pa.Codec) -> int:
    """Add the header and the compressed body of a page; answers its bytes before compression."""
    body = codec.compress(raw, asbytes=True)
    pages += [told := compact(dict(sorted((header | {3: len(body)}).items()))), body]
    return len(told) + len(raw)


def _cuts(column: Column, low: int, high: int) -> Iterator[tuple[int, int]]:
    """The first and last row of each page."""
    cells = column.cells
    width = cells.itemsize * (cells.shape[1] if cells.ndim == 2 else 1) if column.ends is None else 16
    step = max(_PAGE_BYTES // width // 1024, 1) * 1024
    for first in range(low, high, step):
        yield first, min(first + step, high)


def _levels(rows: int, known: Bools | None, count: int) -> bytes:
    """Which rows of a page have a value: one run where all or none has, else a bit each."""
    if known is None or count in (0, rows):
        run = _varint(rows << 1) + (b"\1" if count else b"\0")
    else:
        run = _varint(-(-rows // 8) << 1 | 1) + np.packbits(known, bitorder="little").tobytes()
    return struct.pack("<I", len(run)) + run


def _body(column: Column, start: int, end: int) -> list[Any]:
    """The values of a page: number `start` to `end` of those the column has."""
    if start == end:
        return [b"\x08"] if len(column.words) else []
    if column.ends is not None:
        return [column.cells[column.ends[start] : column.ends[end]].data]
    cells = column.cells[start:end]
    if not len(column.words):
        return [np.packbits(cells, bitorder="little").data if cells.dtype == np.bool_ else cells.data]
    width = bytes([cells.itemsize * 8])
    if cells[0] == cells[-1] and (cells == cells[0]).all():
        return [width, _varint(len(cells) << 1), cells[:1].data]
    return [width, _varint(-(-len(cells) // 8) << 1 | 1), cells.data, bytes(-len(cells) % 8 * cells.itemsize)]


def _plain_words(words: Any, how: int) -> bytes:
    """A dictionary's page."""
    if how == _BYTES:
        raw = [word.encode() for word in words]
        return b"".join(struct.pack("<I", len(word)) + word for word in raw)
    return np.asarray(words, _NUMBERS[how]).tobytes()


def _statistics(column: Column, start: int, end: int, rows: int) -> dict[int, Any]:
    """How many rows have no value and, where asked for, the least and greatest (fields of Statistics)."""
    told: dict[int, Any] = {3: _Long(rows - (end - start))}
    if not column.told or start == end:
        return told
    cells = column.cells[start:end]
    if _KINDS[column.kind][0] == _BYTES:
        here = sorted(column.words[place].encode() for place in np.unique(cells).tolist())
        return told | {5: here[-1], 6: here[0]}
    least, most = cells.min(), cells.max()
    if len(column.words):
        least, most = column.words[int(least)], column.words[int(most)]
    if column.kind == "DOUBLE":  # a zero as least or greatest stands for both zeros
        least, most = least if least else -0.0, most if most else 0.0
    kind = _NUMBERS.get(_KINDS[column.kind][0], np.dtype(np.bool_))
    return told | {5: np.asarray(most, kind).tobytes(), 6: np.asarray(least, kind).tobytes()}


# Thrift's compact protocol ------------------------------------------------------------------------------------------


class _Long(int):
    """A number that is 64 bits wide to Thrift; others are 32."""


def compact(fields: dict[int, Any]) -> bytes:
    """A struct: number of a field -> truth, number, text, list or struct. Fields stand in rising order."""
    out = bytearray()
    last = 0
    for number in sorted(fields):
        value = fields[number]
        kind = (1 if value else 2) if isinstance(value, bool) else _kind(value)
        out.append((number - last) << 4 | kind)
        if not isinstance(value, bool):
            out += _compact(value)
        last = number
    return bytes(out) + b"\0"


def _kind(value: Any) -> int:
    for kind, types in ((6, _Long), (5, int), (8, (str, bytes)), (9, list), (12, dict)):
        if isinstance(value, types):
            return kind
    raise TypeError(f"{type(value).__name__} has no place in a footer")


def _compact(value: Any) -> bytes:
    if isinstance(value, int):
        return _varint(value << 1 if value >= 0 else (-value << 1) - 1)
    if isinstance(value, dict):
        return compact(value)
    if isinstance(value, list):
        count = bytes([len(value) << 4 | _kind(value[0])]) if len(value) < 15 else b""
        head = count or bytes([0xF0 | _kind(value[0])]) + _varint(len(value))
        return head + b"".join(map(_compact, value))
    raw = value.encode() if isinstance(value, str) else value
    return _varint(len(raw)) + raw


def _varint(number: int) -> bytes:
    """Seven bits to a byte, the lowest first; the highest bit says that more follow."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])
