"""A calendar tells for each day in which of several periods a condition holds: "born 65 years before its end", "within it".

Such a condition compares one day with days of the period, so that a table of some hundred days answers it for every row and
every period at once: the row joins the calendar by its day and gets a number with a bit for each period. Days before the
first of a calendar are as its first, days after the last as its last.
"""

# ruff: noqa: S608 (SQL is what this module makes, from checked definitions)
from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
from sqlglot import exp

from luoshi.engines.periods import BIT, PERIODS, of_the_period
from luoshi.indicators.tables import TABLES

MOST = 12  # periods told apart by the bits of one number: every way in which they can change has its rows in `TURNS`
IN = "__in"  # the periods of a row, or of a day: their bits added up
CHANGES = "__changes"  # of a day: the bits of the periods whose next one is no longer as they are
TURNS = "__turns"  # changes → each run of periods between them: the place of its first, and its bits
FIRST = "__first"
_DAY = "day"

_COMPARED = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_DECLARED = {name: kind for columns in TABLES.values() for name, kind in columns.items()}
_GIVE_DAYS = ("PLUS_DAYS", "PLUS_MONTHS", "DAYS_BEFORE", "MONTHS_BEFORE", "YEARS_BEFORE")


@dataclass(frozen=True)
class Calendar:
    """A condition of the column `day` and of parameters, and the days of the period that it compares with."""

    condition: exp.Expression
    limits: tuple[exp.Expression, ...]

    @cached_property
    def name(self) -> str:
        """The name of its table: the same for the same condition."""
        text: str = self.condition.sql("duckdb")
        return f"__days_{hashlib.blake2s(text.encode(), digest_size=6).hexdigest()}"

    def within(self, day: exp.Expression) -> exp.Expression:
        """The day of the calendar that tells of `day`; none of none."""
        first, last = (exp.Anonymous(this="GETVARIABLE", expressions=[exp.Literal.string(f"{self.name}_{end}")])
                       for end in ("first", "last"))  # fmt: skip
        case = exp.Case().when(exp.LT(this=day.copy(), expression=first), first.copy())
        return case.when(exp.GT(this=day.copy(), expression=last), last.copy()).else_(day.copy())

    @cached_property
    def statements(self) -> tuple[str, ...]:
        """SQL that makes it for the periods of `PERIODS`."""
        holds = of_the_period(self.condition).sql("duckdb")
        limits = ", ".join(of_the_period(limit).sql("duckdb") for limit in self.limits)
        return (
            f"""CREATE OR REPLACE TEMP TABLE "{self.name}" AS
            SELECT *, xor({IN}, {IN} >> 1) & {(1 << (MOST - 1)) - 1} AS {CHANGES} FROM (
                SELECT {_DAY}, coalesce(bit_or({BIT}) FILTER (WHERE {holds}), 0) AS {IN}
                FROM (
                    SELECT first + unnest(range(last - first + 1))::INTEGER AS {_DAY} FROM (
                        SELECT min(least({limits})) - 1 AS first, max(greatest({limits})) + 1 AS last FROM {PERIODS}))
                CROSS JOIN {PERIODS} GROUP BY {_DAY})""",
            *(f"SET VARIABLE {self.name}_{end} = (SELECT {of}({_DAY}) FROM {self.name})"
              for end, of in (("first", "min"), ("last", "max"))),
        )  # fmt: skip


def condition_of_a_day(node: exp.Expression) -> tuple[exp.Expression, Calendar] | None:
    """The day that a condition compares with days of the period, and the calendar of the condition; None where it is no such
    condition."""
    tree = node.copy()
    days: list[exp.Expression] = []
    limits: list[exp.Expression] = []
    if not _compares(tree, days, limits) or len({day.sql() for day in days}) != 1:
        return None
    day = days[0].copy()
    if not _is_day(day):
        return None
    calendar = Calendar(_with_day(tree, days), tuple(limit.copy() for limit in limits))
    return day, calendar


def turns() -> pa.Table:
    """The rows of `TURNS`."""
    rows = []
    for changes in range(1 << (MOST - 1)):
        starts = [0, *(place + 1 for place in range(MOST - 1) if changes >> place & 1), MOST]
        for first, after in itertools.pairwise(starts):
            rows.append((changes, first, (1 << after) - (1 << first)))
    columns = zip(*rows, strict=True)
    return pa.table(dict(zip((CHANGES, FIRST, IN), (pa.array(c, pa.int64()) for c in columns), strict=True)))


def _compares(node: exp.Expression, days: list[exp.Expression], limits: list[exp.Expression]) -> bool:
    """Whether a condition does no more than compare days of a row with days of the period, which are put into the lists."""
    if isinstance(node, (exp.Paren, exp.Not)):
        return _compares(node.this, days, limits)
    if isinstance(node, exp.Connector):
        return _compares(node.left, days, limits) and _compares(node.right, days, limits)
    if isinstance(node, exp.Between):
        sides = [node.this, node.args["low"], node.args["high"]]
    elif isinstance(node, _COMPARED):
        sides = [node.left, node.right]
    else:
        return False
    mine = [side for side in sides if side.find(exp.Column)]
    others = [side for side in sides if side.find(exp.Placeholder)]
    if len(mine) != 1 or len(mine) + len(others) != len(sides) or mine[0] in others:
        return False
    if any(side.find(exp.Query, exp.AggFunc, exp.Window) for side in sides):
        return False
    days += mine
    limits += others
    return True


def _is_day(node: exp.Expression) -> bool:
    """Whether an expression gives a day, as far as its words tell: an instant of the day would be found in no calendar."""
    node = node.unnest()
    if isinstance(node, exp.Column):
        return _DECLARED.get(node.name, "date" if node.name.endswith(("day", "date")) else None) == "date"
    if isinstance(node, exp.Case):
        values = [*(branch.args["true"] for branch in node.args["ifs"]), node.args.get("default")]
        return all(value is None or isinstance(value, exp.Null) or _is_day(value) for value in values)
    if isinstance(node, (exp.Coalesce, exp.Greatest, exp.Least)):
        return all(_is_day(part) for part in (node.this, *node.expressions))
    return isinstance(node, exp.Anonymous) and node.name.upper() in _GIVE_DAYS


def _with_day(tree: exp.Expression, days: list[exp.Expression]) -> exp.Expression:
    for day in days:
        day.replace(exp.column(_DAY))
    return tree
