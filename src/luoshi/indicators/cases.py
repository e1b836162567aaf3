"""The tiny table in every indicator file: rows and the answer, run on every engine.

    visits visits_due checkups checkups_due | answer
    4      4          1        1            | counted
    2      3          1        0            | 本年面对面随访 2 次,应 3 次
    -      -          -        -            | out

Left of the bar: values of the cohort's columns (`-` is nothing; columns not named are nothing). Right of it, for a
ratio: `counted`, `out` (not in the population), or the reason as shown to the worker; when less is better the reason
stands with those counted, and `not` means in the population and not counted. For a count or a per-population rate
`counted` or `out`. For a rate what the row adds above and below, `1/0`; for a mean its value in the sum, or `out`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from luoshi.indicators.cohort import Cohort
from luoshi.indicators.definition import Indicator
from luoshi.indicators.tables import Type
from luoshi.kernel.errors import CatalogError, nearest


@dataclass(frozen=True)
class CaseRow:
    """One row of the table: the columns given, and the answer."""

    values: dict[str, Any]
    answer: str


@dataclass(frozen=True)
class Answer:
    """What an engine says of one row: inside the population, counted, the reason shown, what it adds to both sums."""

    inside: bool
    counted: bool
    reason: str
    numerator: int
    denominator: int | None


def read_cases(indicator: Indicator, cohort: Cohort) -> list[CaseRow]:
    """The rows of `indicator.cases`. Raises `CatalogError` for an unknown column or a value of the wrong type."""
    where = f"{indicator.id}: cases"
    lines = [line for line in (indicator.cases or "").splitlines() if line.strip()]
    if len(lines) < 2:
        raise CatalogError("needs a line of columns and at least one row.", where=where)
    header = lines[0].split("|")[0].split()
    types = cohort.types
    for name in header:
        if name not in types:
            raise CatalogError(f"unknown column {name!r}.", where=where, todo=nearest(name, types))
    rows = []
    for line in lines[1:]:
        left, bar, answer = line.partition("|")
        values = left.split()
        if not bar or len(values) != len(header):
            raise CatalogError(f"{line.strip()!r} has not the {len(header)} columns and an answer.", where=where)
        rows.append(
            CaseRow({n: _typed(v, types[n], where) for n, v in zip(header, values, strict=True)}, answer.strip())
        )
    return rows


def disagreement(indicator: Indicator, row: CaseRow, answer: Answer) -> str:
    """What is wrong with an engine's `answer` to `row`, or an empty string."""
    expected = row.answer
    if indicator.kind == "rate":
        got = f"{answer.numerator}/{answer.denominator}"
    elif indicator.kind == "mean":
        got = str(answer.numerator) if answer.denominator else "out"
    elif not answer.inside:
        got = "out"
    elif indicator.lists_counted:
        got = answer.reason if answer.counted else "not"
    else:
        got = "counted" if answer.counted else answer.reason
    return "" if got == expected else f"{indicator.id}: {row.values} should be {expected!r}, is {got!r}"


def _typed(text: str, kind: Type, where: str) -> Any:
    if text == "-":
        return None
    try:
        match kind:
            case "integer":
                return int(text)
            case "double":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}[text]
            case "date":
                return date.fromisoformat(text)
            case "instant":
                return datetime.fromisoformat(text)
    except (ValueError, KeyError) as error:
        raise CatalogError(f"{text!r} is no {kind}.", where=where) from error
    return text
