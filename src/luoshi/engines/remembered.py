"""Figures made once for an evaluation and held as long as it is in use."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

MOST_HELD = 100_000  # figures; some 40 MB
_Made = TypeVar("_Made")


class Remembered:
    """What was made for a key; when the sizes together pass `MOST_HELD`, remembering begins anew."""

    def __init__(self) -> None:
        self._held: dict[Hashable, Any] = {}
        self._size = 0

    def get(self, key: Hashable, make: Callable[[], _Made], size: Callable[[_Made], int] = lambda made: 1) -> _Made:
        """What `make` answers, made once for `key`: nothing else than the key and the evaluation may decide it."""
        try:
            found: _Made = self._held[key]
        except KeyError:
            found = make()
            if self._size >= MOST_HELD:
                self._held, self._size = {}, 0
            self._size += size(found)
            self._held[key] = found
        return found
