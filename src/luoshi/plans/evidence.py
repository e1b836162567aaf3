"""Why each field reads as it does: the place in the document, the rule that found it, how sure it is, what is doubtful.

One `Evidence` per field value. `start`/`end` are document offsets, None where nothing in the print says it; then `flags`
say in plain words what it was taken from. Nothing is guessed silently.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any

from luoshi.documents import Document
from luoshi.plans.running_text import Piece, plain_text

# Below this a field is shown as doubtful.
SURE = 0.75


@dataclass
class Evidence:
    """One value of one field and what speaks for it."""

    field: str
    value: Any
    start: int | None
    end: int | None
    quote: str
    rule: str
    confidence: float
    flags: list[str] = default(default_factory=list)
    # For a unit: the entry of the directory it means and the level of government, `health/prefecture`.
    entry: str = ""


class Printed:
    """The document without blanks, to find printed values whatever blanks and line ends the carrier put into them."""

    def __init__(self, document: Document) -> None:
        self.text = document.text
        plain = plain_text(document.text)
        self.places = [at for at, char in enumerate(plain) if not char.isspace()]
        self.compact = _fold("".join(plain[at] for at in self.places))

    def find(self, value: str, *, low: int = 0, high: int | None = None, last: bool = False) -> tuple[int, int] | None:
        """Where a value stands between two document offsets, the first place or the last; None where nowhere."""
        needle = _fold("".join(char for char in value if not char.isspace()))
        if not needle:
            return None
        first = bisect_left(self.places, low)
        stop = bisect_left(self.places, high) if high is not None else len(self.places)
        at = self.compact.rfind(needle, first, stop) if last else self.compact.find(needle, first, stop)
        return None if at < 0 else (self.places[at], self.places[at + len(needle) - 1] + 1)

    def told(
        self, name: str, value: Any, place: tuple[int, int] | None, rule: str, confidence: float, *flags: str
    ) -> Evidence:
        """An `Evidence` for a value printed at `place`."""
        start, end = place if place is not None else (None, None)
        quote = self.text[start:end] if start is not None else ""
        return Evidence(name, value, start, end, quote[:200], rule, round(confidence, 2), list(flags))


def inside(piece: Piece, start: int, end: int) -> tuple[int, int] | None:
    """The document span of a stretch of a piece; None for an empty one."""
    if end <= start or start >= len(piece.offsets):
        return None
    return piece.offset_of(start), piece.offset_of(min(end, len(piece.offsets)) - 1) + 1


_FOLD = str.maketrans("，；：（）！？．～", ",;:()!?.~")


def _fold(text: str) -> str:
    return text.translate(_FOLD)
