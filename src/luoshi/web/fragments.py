"""Parts of pages kept as drawn, by what they were drawn from.

A part drawn from the same figures in the same language is the same HTML, so nothing ever has to be thrown out: who sees
other figures asks with another key. What may be in a key: figures and names of places. What may not: people; their lists
are drawn anew each time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from threading import Lock
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

MOST_CHARACTERS = 24_000_000  # of HTML in one process; the least lately asked for goes first


class Kept:
    """HTML by key, least lately asked for first."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._held: OrderedDict[Hashable, SafeString] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> SafeString | None:
        """What is held for `key`."""
        with self._lock:
            if key not in self._held:
                return None
            self._held.move_to_end(key)
            return self._held[key]

    def put(self, key: Hashable, html: SafeString) -> None:
        """Hold `html`, letting go of the oldest where that is too much."""
        with self._lock:
            self._size += len(html) - len(self._held.pop(key, ""))
            self._held[key] = html
            while self._size > self._most:
                _key, gone = self._held.popitem(last=False)
                self._size -= len(gone)


_kept = Kept(MOST_CHARACTERS)


def drawn(template: str, key: Hashable, context: Callable[[], Mapping[str, Any]]) -> SafeString:
    """The template drawn with what `context` answers, once for a `key` that names all of it, in the language of the page.

    The template sees neither the request nor the viewer: what depends on them is part of the key, or not in it.
    """
    full = (template, get_language(), key)
    found = _kept.get(full)
    if found is None:
        found = render_to_string(template, dict(context()))
        _kept.put(full, found)
    return found
