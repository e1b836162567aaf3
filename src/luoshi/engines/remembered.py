"""Figures made once for an evaluation and held as long as it is in use."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

MOST_HELD = 200_000  # figures of a half; two halves are some 160 MB
_Made = TypeVar("_Made")


class Remembered:
    """What was made for a key, in two halves: when the younger is full it becomes the older one, and what nobody asked for
    since the last time goes. What is asked for often stays, however much is asked for once."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most, self._size = most, 0
        self._held: dict[Hashable, tuple[Any, int]] = {}
        self._older: dict[Hashable, tuple[Any, int]] = {}

    def get(self, key: Hashable, make: Callable[[], _Made], size: Callable[[_Made], int] = lambda made: 1) -> _Made:
        """What `make` answers, made once for `key`: nothing else than the key and the evaluation may decide it."""
        kept = self._held.get(key)
        if kept is not None:
            found: _Made = kept[0]
            return found
        kept = self._older.get(key)
        if kept is None:
            made = make()
            kept = (made, max(1, size(made)))
        if self._size + kept[1] > self._most and self._held:
            self._older, self._held, self._size = self._held, {}, 0
        self._size += kept[1]
        self._held[key] = kept
        found = kept[0]
        return found
