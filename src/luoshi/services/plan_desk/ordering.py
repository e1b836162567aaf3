"""页序: the parts of a document whose pages may be out of order, the order proposed or accepted, and a new one in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from django.utils.translation import gettext as _

from luoshi.kernel.errors import InvalidValue
from luoshi.services.plan_desk.models import Plan

MOST_PARTS = 400
_SHOWN = 24


@dataclass(frozen=True)
class Part:
    """A stretch of the print: its place among the parts (from 1) and how it begins and ends."""

    place: int
    start: int
    end: int
    head: str
    tail: str


@dataclass(frozen=True)
class Order:
    """`parts` in the order of the print, `reading` their places in the order they are read; `repaired` says that the
    two differ."""

    parts: tuple[Part, ...]
    reading: tuple[int, ...]

    @property
    def repaired(self) -> bool:
        """Whether the text is read in another order than it is printed in."""
        return self.reading != tuple(range(1, len(self.parts) + 1))

    @property
    def words(self) -> str:
        """The places in reading order: 1 4 2 5 3."""
        return " ".join(map(str, self.reading))


def of(plan: Plan) -> Order:
    """The parts of a plan: those the reader put in order, else its pages where the format knows pages."""
    spans = [(start, end) for start, end in plan.page_order] or _pages(plan)
    if len(spans) < 2:
        return Order((), ())
    physical = sorted(spans)
    parts = tuple(
        Part(
            place,
            start,
            end,
            _line(plan.text[start : start + _SHOWN]),
            _line(plan.text[max(start, end - _SHOWN) : end]),
        )
        for place, (start, end) in enumerate(physical, start=1)
    )
    return Order(parts, tuple(physical.index(span) + 1 for span in spans))


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _pages(plan: Plan) -> list[tuple[int, int]]:
    pages: dict[int, list[int]] = {}
    for start, end, _kind, _level, page in plan.blocks:
        if page is not None and end > start:
            known = pages.setdefault(page, [start, end])
            known[0], known[1] = min(known[0], start), max(known[1], end)
    spans = sorted((low, high) for low, high in pages.values())
    clean = all(a[1] <= b[0] for a, b in pairwise(spans))
    return spans if clean and len(spans) <= MOST_PARTS else []


def chosen(plan: Plan, words: str) -> list[tuple[int, int]]:
    """The spans in the order an officer wrote (1 4 2 5 3). Raises `InvalidValue` unless every part is named once."""
    order = of(plan)
    places = [int(word) for word in re.findall(r"\d+", words)]
    if sorted(places) != [part.place for part in order.parts]:
        raise InvalidValue(
            _("页序须把 1 到 %(count)d 各写一次。") % {"count": len(order.parts)},
            where="order",
            todo=_("例如：1 3 2。"),
        )
    return [(order.parts[place - 1].start, order.parts[place - 1].end) for place in places]
