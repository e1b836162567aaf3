"""Ruled tables on a PDF page: the grid of its lines, and which text stands in which cell."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import pypdfium2.raw as raw

_Text = tuple[str, float, float, float, float]


class Grid:
    """A ruled area as columns (x edges) and rows (y edges), in points from the left and the top."""

    def __init__(self, columns: list[float], rows: list[float]) -> None:
        self.columns, self.rows = columns, rows

    def holds(self, x: float, y: float) -> bool:
        """Whether the point lies inside."""
        return self.columns[0] <= x <= self.columns[-1] and self.rows[0] <= y <= self.rows[-1]

    def same_cell(self, x1: float, x2: float, y1: float, y2: float) -> bool:
        """Whether two points lie in one cell."""
        return bisect_right(self.columns, x1 + 0.1) == bisect_right(self.columns, x2 + 0.1) and bisect_right(
            self.rows, y1 + 2
        ) == bisect_right(self.rows, y2 + 2)

    def cells(self, texts: list[_Text]) -> list[list[str | None]]:
        """Rows of cell texts. Lines in one cell are joined without blanks."""
        table = [["" for _ in self.columns[1:]] for _ in self.rows[1:]]
        for text, left, right, top, bottom in sorted(texts, key=lambda item: (item[3], item[1])):
            column = min(max(bisect_right(self.columns, (left + right) / 2) - 1, 0), len(self.columns) - 2)
            row = min(max(bisect_right(self.rows, (top + bottom) / 2) - 1, 0), len(self.rows) - 2)
            table[row][column] += text.strip()
        return [list(row) for row in table if any(cell.strip() for cell in row)]


def grids(page: Any, height: float) -> list[Grid]:
    """The ruled tables of a page: at least two rows and two columns of lines that meet."""
    across: list[tuple[float, float, float]] = []  # y, x1, x2
    down: list[tuple[float, float, float]] = []  # x, y1, y2
    for seen, item in enumerate(page.get_objects(filter=(raw.FPDF_PAGEOBJ_PATH,), max_depth=3)):
        if seen > 8000:
            return []
        left, bottom, right, top = item.get_bounds()
        y1, y2 = height - top, height - bottom
        if y2 - y1 < 3 and right - left > 12:
            across.append(((y1 + y2) / 2, left, right))
        elif right - left < 3 and y2 - y1 > 6:
            down.append(((left + right) / 2, y1, y2))
        elif right - left > 12 and y2 - y1 > 6:
            across += [(y1, left, right), (y2, left, right)]
            down += [(left, y1, y2), (right, y1, y2)]
    if len(across) < 3 or len(down) < 3:
        return []
    found = []
    for group_rows, group_columns in _groups(across, down):
        rows, columns = _edges(group_rows), _edges(group_columns)
        if len(rows) >= 3 and len(columns) >= 3:
            found.append(Grid(columns, rows))
    return found


def _groups(
    across: list[tuple[float, float, float]], down: list[tuple[float, float, float]]
) -> list[tuple[list[float], list[float]]]:
    """Lines that touch, gathered into tables by vertical extent."""
    spans = sorted((y1, y2) for _, y1, y2 in down)
    extents: list[list[float]] = []
    for y1, y2 in spans:
        if extents and y1 <= extents[-1][1] + 3:
            extents[-1][1] = max(extents[-1][1], y2)
        else:
            extents.append([y1, y2])
    groups = []
    for low, high in extents:
        rows = [y for y, _, _ in across if low - 3 <= y <= high + 3]
        columns = [x for x, y1, y2 in down if y1 >= low - 3 and y2 <= high + 3]
        groups.append((rows, columns))
    return groups


def _edges(values: list[float]) -> list[float]:
    edges: list[float] = []
    for value in sorted(values):
        if not edges or value - edges[-1] > 4:
            edges.append(value)
    return edges
