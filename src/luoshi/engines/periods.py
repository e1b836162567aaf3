"""A query for one period made into one for several at once, so that a walk over the lake answers twelve months.

A definition says `:start` and `:end` and knows of no other period. Here it is lifted: the small table `__periods` joins it,
its days take the place of the parameters, and every grouping, window and join keeps to one period. What hangs on the period
alone is reckoned beside its days, once for each period instead of for each row. The rows get a column `__period` in front,
the number of their period. What cannot be lifted is `None`, and is run period by period.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from sqlglot import exp

from luoshi.engines.choosing import Chosen, choose, chosen
from luoshi.indicators.cohort import Shared

PERIODS = "__periods"
PERIOD, BIT = "__period", "__bit"  # its number; 1, 2, 4, … (see `calendars`)
_OF_PARAMETER = {"start": "__start", "end": "__end", "bit": BIT}
_ALIAS = "__p"


class _CannotLift(Exception):
    pass


@dataclass(frozen=True)
class _Known:
    """Tables that carry a period: all of them, and those lifted within the query, which hold no other periods than it;
    tables from which the query must choose the rows of its period."""

    lifted: frozenset[str]
    chosen: Mapping[str, Chosen]
    inside: frozenset[str] = frozenset()

    def told(self, name: str, carries: bool) -> _Known:
        """The same once the CTE of that name is known."""
        chosen = {other: one for other, one in self.chosen.items() if other != name}
        if carries:
            return _Known(self.lifted | {name}, chosen, self.inside | {name})
        return _Known(self.lifted - {name}, chosen, self.inside - {name})

    @property
    def dated(self) -> frozenset[str]:
        """Whatever differs from period to period for who reads it."""
        return self.lifted | self.chosen.keys()


@dataclass(frozen=True)
class Lifted:
    """What several periods make of shared tables: those whose rows carry a period, and those whose rows are chosen from."""

    tables: frozenset[str] = frozenset()
    chosen: Mapping[str, Chosen] = field(default_factory=dict)

    @property
    def dated(self) -> frozenset[str]:
        """All of them."""
        return self.tables | self.chosen.keys()


def lift(query: exp.Query, shared: Lifted) -> exp.Query | None:
    """`query` for all periods of the table `__periods(__period, __start, __end)`; None where that is not known to be
    the same. `shared`: the tables it reads that differ from period to period."""
    tree = query.copy()
    try:
        return _query(tree, _Known(shared.tables, shared.chosen))
    except _CannotLift:
        return None


def lift_all(queries: Sequence[Shared]) -> Lifted | None:
    """What several periods make of shared queries, each of which stands after those it reads; None when one cannot be
    lifted."""
    found = Lifted()
    for shared in queries:
        if not depends(shared.query, found.dated):
            continue
        # What looks across the region is told of by its rows, period by period.
        one = chosen(shared.query, found.dated) if shared.scope != "region" else None
        if one is not None:
            found = Lifted(found.tables, {**found.chosen, shared.name: one})
        elif lift(shared.query, found) is not None:
            found = Lifted(found.tables | {shared.name}, found.chosen)
        else:
            return None
    return found


def depends(query: exp.Expression, dated: AbstractSet[str]) -> bool:
    """Whether the rows of a query differ from period to period, given the tables that do."""
    return query.find(exp.Placeholder) is not None or any(t.name in dated for t in query.find_all(exp.Table))


def _query(tree: exp.Expression, known: _Known) -> exp.Query:
    if isinstance(tree, exp.Subquery):
        inner = tree.this
        inner.replace(_query(inner, known))
        return tree
    if isinstance(tree, (exp.Except, exp.Intersect)) or tree.args.get("limit") or tree.args.get("offset"):
        raise _CannotLift
    with_ = tree.args.get("with_") or tree.args.get("with")
    if with_ is not None:
        if with_.args.get("recursive"):
            raise _CannotLift
        for cte in with_.expressions:
            carries = depends(cte.this, known.dated)
            if carries:
                _query(cte.this, known)
            known = known.told(cte.alias, carries)
    if isinstance(tree, exp.Union):
        for side in (tree.left, tree.right):
            _query(side, known)
        return tree
    if not isinstance(tree, exp.Select) or tree.is_star:
        raise _CannotLift
    return _select(tree, known)


def _select(tree: exp.Select, known: _Known) -> exp.Select:
    source = tree.args.get("from_") or tree.args.get("from")
    if source is None or tree.args.get("laterals"):
        raise _CannotLift
    joins: list[exp.Join] = list(tree.args.get("joins") or [])
    choose(tree, known.chosen)
    first = _source(source.this, known)
    asked = any(depends(node, known.chosen.keys()) for node in _conditions(tree))
    within = isinstance(source.this, exp.Subquery) or source.this.name in known.inside
    own = first if first is not None and within and not asked else _place()
    for join in joins:
        if join.side not in ("", "LEFT") or join.args.get("using") or join.kind in ("SEMI", "ANTI", "NATURAL"):
            raise _CannotLift
        joined = _source(join.this, known)
        if joined is None:
            continue
        same = exp.EQ(this=joined, expression=own.copy())
        on = join.args.get("on")
        join.set("on", exp.and_(on, same, copy=False) if on is not None else same)
        if join.kind == "CROSS" or on is None:
            join.set("kind", None)
    constants: dict[str, exp.Expression] = {}
    for node in _conditions(tree):
        _condition(node, known, own, constants)
    if own is not first:
        period = exp.Join(this=_periods(constants))
        if first is None:
            period.set("kind", "CROSS")
        else:
            period.set("on", exp.EQ(this=first, expression=own.copy()))
        tree.set("joins", [period, *joins])
    for window in _of_this(tree, exp.Window):
        window.set("partition_by", [own.copy(), *(window.args.get("partition_by") or [])])
    group = tree.args.get("group")
    if group is not None:
        if any(group.args.get(name) for name in ("grouping_sets", "cube", "rollup", "all")):
            raise _CannotLift
        group.set("expressions", [own.copy(), *_shown_of_the_period(tree), *group.expressions])
    elif any(not isinstance(aggregate.parent, exp.Window) and not _in_window(aggregate)
             for aggregate in _of_this(tree, exp.AggFunc)):  # fmt: skip
        raise _CannotLift  # one row from no rows: which period would it be of
    distinct = tree.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        raise _CannotLift
    tree.set("expressions", [exp.alias_(own.copy(), PERIOD), *tree.expressions])
    return tree


def _periods(constants: dict[str, exp.Expression]) -> exp.Expression:
    """The table of periods, with what hangs on the period alone as columns of it."""
    if not constants:
        return exp.to_table(PERIODS).as_(_ALIAS)
    columns = [exp.column(name) for name in (PERIOD, *_OF_PARAMETER.values())]
    more = [exp.alias_(value, f"__c{place}") for place, value in enumerate(constants.values())]
    return exp.select(*columns, *more).from_(PERIODS).subquery(_ALIAS)


def _shown_of_the_period(tree: exp.Select) -> list[exp.Expression]:
    """The columns of the period that a grouped query shows outside its sums: it must be grouped by them too."""
    found: dict[str, exp.Expression] = {}
    shown = [*tree.expressions, *(tree.args[name] for name in ("having", "qualify", "order") if tree.args.get(name))]
    for column in (column for node in shown for column in node.find_all(exp.Column)):
        if column.table == _ALIAS and not _in_aggregate(column, tree):
            found.setdefault(column.name, column.copy())
    return list(found.values())


def _in_aggregate(node: exp.Expression, tree: exp.Select) -> bool:
    above = node.parent
    while above is not None and above is not tree:
        if isinstance(above, (exp.AggFunc, exp.Filter)) and above.parent_select is tree:
            return True
        above = above.parent
    return False


def _place(table: str = _ALIAS) -> exp.Column:
    return exp.column(PERIOD, table=table)


def _source(source: exp.Expression, known: _Known) -> exp.Column | None:
    """The period of a source of rows, lifted where its rows depend on it; None where they do not."""
    if isinstance(source, exp.Subquery):
        if not depends(source.this, known.dated):
            return None
        _query(source.this, known)
        return _place(source.alias)
    if isinstance(source, exp.Table):
        return _place(source.alias_or_name) if source.name in known.lifted else None
    raise _CannotLift


def _of_this(tree: exp.Select, kind: type[exp.Expression]) -> list[exp.Expression]:
    """Nodes of a kind that belong to this SELECT and not to one inside it."""
    return [node for node in tree.find_all(kind) if node.parent_select is tree]


def _in_window(node: exp.Expression) -> bool:
    window = node.find_ancestor(exp.Window)
    return window is not None and window.parent_select is node.parent_select


def _conditions(tree: exp.Select) -> list[exp.Expression]:
    """All a SELECT says of its rows: everything but where they come from."""
    outside = {"with", "with_", "from", "from_"}
    parts = [part for name, part in tree.args.items() if name not in outside and part is not None]
    nodes = [node for part in parts for node in (part if isinstance(part, list) else [part])]
    asked = [node.args.get("on") if isinstance(node, exp.Join) else node for node in nodes]
    return [node for node in asked if isinstance(node, exp.Expression)]


def _condition(node: exp.Expression, known: _Known, own: exp.Column, constants: dict[str, exp.Expression]) -> None:
    """Parameters become days of the period, what is reckoned from them alone `constants` of it; subqueries keep to it."""
    for inner in [s for s in node.find_all(exp.Select) if _outermost(s, node)]:
        _correlated(inner, known, own)
    # From above, so that the largest expression of the period alone is found before its parts.
    for placeholder in list(node.find_all(exp.Placeholder)):
        day = exp.column(_OF_PARAMETER[placeholder.name], table=_ALIAS)
        whole = _whole(placeholder, node)
        if whole is placeholder:
            placeholder.replace(day)
        elif whole.find(exp.Placeholder):  # not yet taken together with another of its parameters
            value = of_the_period(whole)
            text = value.sql("duckdb")
            constants.setdefault(text, value)
            whole.replace(exp.column(f"__c{list(constants).index(text)}", table=_ALIAS))


def of_the_period(node: exp.Expression) -> exp.Expression:
    """The same with the columns of `PERIODS` for parameters."""

    def column(one: exp.Expression) -> exp.Expression:
        return exp.column(_OF_PARAMETER[one.name]) if isinstance(one, exp.Placeholder) else one

    made: exp.Expression = node.transform(column)
    return made


def _whole(placeholder: exp.Placeholder, top: exp.Expression) -> exp.Expression:
    """The largest function or sum around a parameter, below `top`, that hangs on the period alone."""
    found: exp.Expression = placeholder
    above = placeholder.parent
    while above is not None and above is not top and isinstance(above, (exp.Func, exp.Binary, exp.Paren, exp.Cast)):
        if isinstance(above, (exp.If, exp.Connector)) or above.find(exp.Column, exp.Query, exp.Window, exp.AggFunc):
            break
        found = above
        above = above.parent
    return found


def _outermost(select: exp.Select, below: exp.Expression) -> bool:
    parent = select.parent
    while parent is not None and parent is not below:
        if isinstance(parent, (exp.Select, exp.SetOperation)):
            return False
        parent = parent.parent
    return True


def _correlated(inner: exp.Select, known: _Known, own: exp.Column) -> None:
    """A subquery of a condition: its own sources are held to the period of the row asked about."""
    if any(inner.args.get(name) for name in ("with", "with_", "group", "limit", "distinct")):
        raise _CannotLift
    source = inner.args.get("from_") or inner.args.get("from")
    sources = [source.this, *(join.this for join in inner.args.get("joins") or [])]
    choose(inner, known.chosen)
    for one in sources:
        if not isinstance(one, exp.Table):
            raise _CannotLift
        if one.name in known.lifted:
            inner.where(exp.EQ(this=_place(one.alias_or_name), expression=own.copy()), copy=False)
