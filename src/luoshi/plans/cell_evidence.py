"""What speaks for a promise of a table: the cell that names it, the cell that holds it, the head over it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from luoshi.documents.model import Document
from luoshi.kernel.comparator import Op
from luoshi.plans.evidence import Evidence

Cell = tuple[int, int]


def head_over(rows: Sequence[Sequence[Cell]], head_rows: int, column: int) -> Cell | None:
    """The head cell over a column."""
    head = rows[max(0, head_rows - 1)]
    return head[column] if column < len(head) else None


def of_cells(
    document: Document, name: Cell, cell: Cell, head: Cell | None, *, metric: str, value: float | list[float], unit: str,
    op: Op, op_alt: list[Op], deadline: str | None, printed: bool,
) -> list[Evidence]:  # fmt: skip
    """The evidence of one promise; `printed` says that the head over its cell prints the year."""

    def told(field: str, what: object, span: Cell | None, sure: float, *flags: str) -> Evidence:
        quote = re.sub(r"\s+", "", document.slice(*span))[:200] if span else ""
        start, end = span if span else (None, None)
        return Evidence(field, what, start, end, quote, "cell of a table", sure, list(flags))

    open_ = [f"the print allows {' or '.join(op_alt)} too"] if op_alt else []
    result = [
        told("metric", metric, name, 0.92), told("value", value, cell, 0.93), told("unit", unit, cell, 0.88),
        told("op", op, cell, 0.8 if open_ else 0.93, *open_),
    ]  # fmt: skip
    if deadline:
        flags = [] if printed else ["not printed with the promise: the end of the plan's period"]
        result.append(told("deadline", deadline, head if printed else None, 0.93 if printed else 0.6, *flags))
    return result
