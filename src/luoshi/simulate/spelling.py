"""Ids as text, whole columns at once: four digits looked up at a time and laid into one buffer, a few thousand rows at a
time, so that all stays near the processor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Whole = NDArray[np.signedinteger[Any]]
Bytes = NDArray[np.uint8]
_DIGITS = np.array([f"{n:04}" for n in range(10_000)], "S4").view(np.uint32)
_FOUR, _EIGHT = np.uint32(10_000), 100_000_000
_ROWS = 1 << 13  # at a time
_ROOM = 8  # bytes before the first text: eight digits are written at once, and may reach in front of their row


def numbered(letter: str | Bytes, number: Whole, first: int = 0) -> pa.Array:
    """A letter (one for all, or its code for each) and then `first` and a number together, below 10^11, as text; null
    where the number is below 0."""
    rows = len(number)
    known = None
    if rows and int(number.min()) < 0:
        known = number >= 0
        number = number[known]
        letter = letter if isinstance(letter, str) else letter[known]
    if not len(number):
        return pa.nulls(rows, pa.string())
    code = ord(letter) if isinstance(letter, str) else letter
    least, most = int(number.min()) + first, int(number.max()) + first
    digits = len(str(most))
    width: Any = digits + 1
    if len(str(least)) < digits:
        width = np.full(len(number), len(str(least)) + 1, np.int8)
        for more in range(len(str(least)), digits):
            width += number >= 10**more - first
    lengths = np.zeros(rows + 1, np.int32)
    lengths[1:][... if known is None else known] = width
    ends = np.cumsum(lengths, dtype=np.int32)
    if digits > 4 and isinstance(width, int):
        text = _of_one_width(code, number, first, digits)
    elif digits <= 8:
        text = _of_several_widths(code, number, first, ends[1:] if known is None else ends[1:][known], width)
    else:  # which no region has
        letters = np.broadcast_to(np.asarray(code), len(number)).tolist()
        spelt = "".join(f"{chr(one)}{n + first}" for one, n in zip(letters, number.tolist(), strict=True))
        text = np.frombuffer(b" " * _ROOM + spelt.encode(), np.uint8)
    nulls = None if known is None else pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(pa.string(), rows, [nulls, pa.py_buffer(ends), pa.py_buffer(text[_ROOM:])])


def _of_one_width(code: int | Bytes, number: Whole, first: int, digits: int) -> Bytes:
    """Texts of a letter and more than four digits, behind `_ROOM`."""
    row = digits + 1
    text = np.empty(_ROOM + len(number) * row, np.uint8)
    high, rest = divmod(first, _EIGHT)
    near = rest + int(number.max()) < _EIGHT  # all begin with the same digits before the last eight
    for low in range(0, len(number), _ROWS):
        some = number[low : low + _ROWS]
        start, rows = _ROOM + low * row, len(some)
        above: Any = high
        if near:
            below = some.astype(np.uint32) + np.uint32(rest)
        else:
            above, under = np.divmod(some.astype(np.int64) + first, _EIGHT)
            below = under.astype(np.uint32)
        middle = below // _FOUR
        below -= middle * _FOUR
        before = text[start - _ROOM : start].copy()
        # From the front: what reaches into the row before is written over by that row's last digits.
        if digits > 8:
            _every(text, start + row - 12, row, rows)[:] = _DIGITS[above]
        _every(text, start + row - 8, row, rows)[:] = _four(middle)
        _every(text, start + row - 4, row, rows)[:] = _four(below)
        text[start : start + rows * row : row] = code if isinstance(code, int) else code[low : low + rows]
        text[start - _ROOM : start] = before
    return text


def _of_several_widths(
    code: int | Bytes, number: Whole, first: int, ends: NDArray[np.int32], width: int | NDArray[np.int8]
) -> Bytes:
    """Texts of a letter and at most eight digits, behind `_ROOM`, from what their last eight digits are. `ends`: where
    each ends; `width`: its bytes."""
    eight = np.empty((len(number), 2), np.uint32)
    for low in range(0, len(number), _ROWS):
        below = number[low : low + _ROWS].astype(np.uint32) + np.uint32(first)
        middle = below // _FOUR
        below -= middle * _FOUR
        eight[low : low + _ROWS, 0] = _four(middle)
        eight[low : low + _ROWS, 1] = _four(below)
    text = np.empty(_ROOM + int(ends[-1]), np.uint8)
    last_eight = np.ndarray((len(text) - 7,), np.uint64, text, strides=(1,))
    # From the last row on: what reaches into the row before is written over by that row.
    last_eight[ends[::-1].astype(np.intp)] = eight.view(np.uint64)[::-1, 0]
    text[ends + (_ROOM - width)] = code
    return text


def _four(number: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The four digits of numbers below 10^4, as they lie in memory."""
    return _DIGITS.take(number.astype(np.intp), mode="wrap")


def _every(text: Bytes, start: int, step: int, count: int) -> NDArray[np.uint32]:
    """Four bytes of every row, as one number each."""
    return np.ndarray((count,), np.uint32, text, offset=start, strides=(step,))
