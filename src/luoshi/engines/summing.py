"""Sums of rows that are the same for many periods: rows are first summed with those of the same periods, then for each.

A query that groups rows of a table whose days fall into the period is lifted to several periods by looking at every row in
every period. Most rows of one group fall into the same periods: summed with these first, there is little left to look at.
"""

from __future__ import annotations

from sqlglot import exp

from luoshi.engines.calendars import IN
from luoshi.engines.folding import Calendars, Folding, Sharing, name_the_table
from luoshi.engines.lookups import CannotFold, Made
from luoshi.engines.pruning import conditions
from luoshi.indicators.tables import TABLES

# How parts of a sum are put together. What a number with a point adds up to hangs on the order: it is left as it is.
_WHOLE: dict[type[exp.Expression], type[exp.AggFunc]] = {
    exp.Count: exp.Sum, exp.CountIf: exp.Sum, exp.Sum: exp.Sum, exp.Min: exp.Min, exp.Max: exp.Max,
    exp.LogicalOr: exp.LogicalOr, exp.LogicalAnd: exp.LogicalAnd,
}  # fmt: skip
_BROKEN = frozenset(name for columns in TABLES.values() for name, kind in columns.items() if kind == "double")
_NEVER = ("having", "qualify", "windows", "order", "limit", "offset", "laterals", "distinct", "with_", "with")


def sum_first(query: exp.Query, shared: Sharing, periods: int) -> tuple[exp.Query, Calendars]:
    """The query with each of its groups summed first by the periods of their rows, where that is the same; the calendars that
    tell these. It asks for one more parameter, `:bit`, the bit of the period."""
    tree = query.copy()
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    work = Folding(shared, Made((1 << periods) - 1))
    for select in list(tree.find_all(exp.Select)):
        if not _dated(select) or any(table.name in own | shared.lifted.tables for table in select.find_all(exp.Table)):
            continue
        calendars = dict(work.made.calendars)
        try:
            made = _summed(select, work)
        except CannotFold:
            work.made.calendars = calendars
            continue
        if select is tree:
            tree = made
        else:
            select.replace(made)
    return tree, tuple(work.made.calendars.values())


def _dated(select: exp.Select) -> bool:
    """Whether a query groups rows, and the period does no more than choose them."""
    group = select.args.get("group")
    if group is None or any(select.args.get(name) for name in _NEVER) or select.find(exp.Window):
        return False
    if sum(1 for _ in select.find_all(exp.Query)) > 1 or any(
        name != "expressions" and value for name, value in group.args.items()
    ):
        return False
    shown = [*select.expressions, *group.expressions]
    return any(c.find(exp.Placeholder) for c in conditions(select)) and not any(e.find(exp.Placeholder) for e in shown)


def _summed(select: exp.Select, work: Folding) -> exp.Select:
    keys = {key.sql(): f"__key{n}" for n, key in enumerate(select.args["group"].expressions)}
    rows = select.copy()
    rows.set("group", None)
    name_the_table(rows)
    named: dict[str, exp.Column] = {}
    parts, wholes = [], []
    for shown, first in zip(rows.expressions, select.expressions, strict=True):
        asked, name = shown.unalias(), shown.alias_or_name
        if first.unalias().sql() in keys:
            key = keys[first.unalias().sql()]
            parts.append(exp.alias_(_renamed(asked, named), key))
            wholes.append(exp.alias_(exp.column(key), name))
            continue
        aggregate = asked.this if isinstance(asked, exp.Filter) else asked
        whole = _WHOLE.get(type(aggregate))
        if whole is None or aggregate.find(exp.Distinct):
            raise CannotFold
        if isinstance(aggregate, exp.Sum) and any(c.name in _BROKEN for c in aggregate.find_all(exp.Column)):
            raise CannotFold
        part = f"__part{len(parts)}"
        parts.append(exp.alias_(_renamed(asked, named), part))
        total: exp.Expression = whole(this=exp.column(part))
        if isinstance(aggregate, (exp.Count, exp.CountIf)):
            total = exp.Cast(this=total, to=exp.DataType.build("BIGINT"))
        wholes.append(exp.alias_(total, name))
    if set(keys.values()) - {part.alias for part in parts}:
        raise CannotFold  # grouped by what is not shown
    rows.set("expressions", [exp.alias_(column, name) for name, column in named.items()])
    folded = work.select(rows, work.known)
    inner = exp.select(exp.column(IN), *parts).from_(folded.subquery("rows"))
    inner = inner.group_by(IN, *(exp.column(key) for key in keys.values()))
    holds = exp.BitwiseAnd(this=exp.column(IN, table="sums"), expression=exp.Placeholder(this="bit"))
    made = exp.select(*wholes).from_(inner.subquery("sums"))
    made = made.where(exp.NEQ(this=exp.paren(holds), expression=exp.Literal.number(0)))
    return made.group_by(*(exp.column(key) for key in keys.values()))


def _renamed(node: exp.Expression, named: dict[str, exp.Column]) -> exp.Expression:
    """The same over columns with names of their own, which are put into `named`."""
    names = {column.sql(): name for name, column in named.items()}

    def one(part: exp.Expression) -> exp.Expression:
        if not isinstance(part, exp.Column):
            return part
        name = names.setdefault(part.sql(), f"__c{len(names)}")
        named.setdefault(name, part.copy())
        return exp.column(name)

    made: exp.Expression = node.transform(one)
    return made
