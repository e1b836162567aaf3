"""Who shares a key with whom: the keys of those known in one sorted array, asked in sets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from luoshi.records.matching.levels import Places

Numbers = NDArray[np.int64]
# Keys are digests of so many bits, spread evenly: their first bits say where to look.
_BITS = 63


class Index:
    """Records by their keys (a row of keys for each record, of `_BITS` bits, −1 for none).

    `most`: a key that more records have is too common to compare by and is left out.
    """

    def __init__(self, rows: Numbers, *, most: int) -> None:
        keys, places = _flat(rows)
        order = np.argsort(keys)
        keys, places = keys[order], places[order]
        if len(keys):
            starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
            sizes = np.diff(np.append(starts, len(keys)))
            fits = np.repeat(sizes <= most, sizes)
            keys, places = keys[fits], places[fits]
        self._keys, self._places = keys, places
        self._shift = _BITS - max(1, len(keys).bit_length() - 2)
        drawers = np.bincount(keys >> self._shift, minlength=1 << (_BITS - self._shift))
        self._first = np.concatenate(([0], np.cumsum(drawers)))

    def ask(self, rows: Numbers) -> tuple[Places, Places]:
        """Pairs of an asked row (its number) and a record (its place) that have a key in common, once for each key."""
        keys, places = _flat(rows)
        drawers = keys >> self._shift
        starts = self._first[drawers]
        counts = self._first[drawers + 1] - starts
        asked = np.repeat(np.arange(len(keys), dtype=np.int32), counts)
        at = np.arange(len(asked)) + np.repeat(starts - (np.cumsum(counts) - counts), counts)
        same = self._keys[at] == keys[asked]
        return places[asked[same]], self._places[at[same]]


def _flat(rows: Numbers) -> tuple[Numbers, Places]:
    """The keys there are, with the number of the row each is in."""
    there = rows >= 0
    return rows[there], np.nonzero(there)[0].astype(np.int32)
