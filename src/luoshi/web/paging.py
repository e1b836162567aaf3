"""Paging of lists: which rows, how many in all, and links that keep the filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict

SIZE = 50


@dataclass(frozen=True)
class Page:
    """One page of a list: `items` are rows `first`–`last` (counted from 1) of `total`."""

    items: Sequence[Any]
    number: int
    size: int
    total: int
    query: QueryDict

    @property
    def pages(self) -> int:
        """Number of pages, at least one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """Number of the first row shown; 0 when there is none."""
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return min(self.number * self.size, self.total)

    def _link(self, number: int) -> str:
        query = self.query.copy()
        query["page"] = str(number)
        return f"?{query.urlencode()}"

    @property
    def previous(self) -> str:
        """Address of the page before, or empty."""
        return self._link(self.number - 1) if self.number > 1 else ""

    @property
    def following(self) -> str:
        """Address of the page after, or empty."""
        return self._link(self.number + 1) if self.number < self.pages else ""


def number(request: HttpRequest) -> int:
    """The page asked for by `?page=`, at least 1; what is no number is page 1."""
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def offset(request: HttpRequest, size: int = SIZE) -> int:
    """Number of rows before the page asked for."""
    return (number(request) - 1) * size


def of_slice(request: HttpRequest, items: Sequence[Any], total: int, size: int = SIZE) -> Page:
    """A page of rows already cut out by the query: `items` are the rows, `total` the count of all."""
    return Page(items, number(request), size, total, request.GET)


def of_all(request: HttpRequest, rows: Sequence[Any], size: int = SIZE) -> Page:
    """A page cut out of `rows` held in memory; a page beyond the end shows the last one."""
    at = min(number(request), max(1, -(-len(rows) // size)))
    return Page(rows[(at - 1) * size : at * size], at, size, len(rows), request.GET)
