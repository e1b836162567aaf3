"""The numbers that stand for texts in the lake, for whole columns at once: `lake_layout.stand_in` says the rule in SQL.

MD5 as in RFC 1321, its 64 steps done on columns: a fifth of the time of asking for each text by itself.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from luoshi.simulate.chance import Ints

_ROWS = 1 << 13  # at a time, so that all stays near the processor
_SINES = np.array([int(abs(math.sin(n + 1)) * 2**32) for n in range(64)], np.uint32)
_TURNS = [turn for four in ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21)) for turn in four * 4]
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_LONGEST = 55  # bytes of a text that fits one block


def stand_ins(texts: NDArray[np.bytes_]) -> Ints:
    """The number that stands for each text; all are of one length, at most 55 bytes."""
    length = texts.dtype.itemsize
    if length > _LONGEST:
        raise ValueError(f"texts of {length} bytes do not fit one block")
    found = np.empty(len(texts), np.int64)
    for low in range(0, len(texts), _ROWS):
        some = texts[low : low + _ROWS]
        block = np.zeros((len(some), 64), np.uint8)
        block[:, :length] = np.ascontiguousarray(some).view(np.uint8).reshape(len(some), length)
        block[:, length] = 0x80
        block[:, 56] = length * 8 % 256
        block[:, 57] = length * 8 // 256
        found[low : low + _ROWS] = _second_half(np.ascontiguousarray(block.view("<u4").T)) >> np.uint64(1)
    return found


def _second_half(words: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """The third and fourth word of the digest as one number."""
    a, b, c, d = (np.full(words.shape[1], start, np.uint32) for start in _START)
    for step in range(64):
        if step < 16:
            mixed, place = d ^ (b & (c ^ d)), step
        elif step < 32:
            mixed, place = c ^ (d & (b ^ c)), (5 * step + 1) % 16
        elif step < 48:
            mixed, place = b ^ c ^ d, (3 * step + 5) % 16
        else:
            mixed, place = c ^ (b | ~d), 7 * step % 16
        mixed += a
        mixed += words[place]
        mixed += _SINES[step]
        turn = _TURNS[step]
        turned = (mixed << np.uint32(turn)) | (mixed >> np.uint32(32 - turn))
        turned += b
        a, b, c, d = d, turned, b, c
    high, low = d + np.uint32(_START[3]), c + np.uint32(_START[2])
    return (high.astype(np.uint64) << np.uint64(32)) | low
