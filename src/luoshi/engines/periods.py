"""A query for one period made into one for several at once, so that a walk over the lake answers twelve months.

A definition says `:start` and `:end` and knows of no other period. Here it is lifted: the small table `__periods` joins it,
its days take the place of the parameters, and every grouping, window and join keeps to one period. The rows get a column
`__period` in front, the number of their period. What cannot be lifted is `None`, and is run period by period.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from sqlglot import exp

PERIODS = "__periods"
PERIOD, _START, _END = "__period", "__start", "__end"
_ALIAS = "__p"


class _CannotLift(Exception):
    pass


def lift(query: exp.Query, lifted: AbstractSet[str]) -> exp.Query | None:
    """`query` for all periods of the table `__periods(__period, __start, __end)`; None where that is not known to be
    the same. `lifted`: the tables it reads that carry `__period` themselves."""
    tree = query.copy()
    try:
        return _query(tree, frozenset(lifted))
    except _CannotLift:
        return None


def depends(query: exp.Expression, lifted: AbstractSet[str]) -> bool:
    """Whether the rows of a query differ from period to period."""
    return query.find(exp.Placeholder) is not None or any(t.name in lifted for t in query.find_all(exp.Table))


def _query(tree: exp.Expression, lifted: frozenset[str]) -> exp.Query:
    if isinstance(tree, exp.Subquery):
        inner = tree.this
        inner.replace(_query(inner, lifted))
        return tree
    if isinstance(tree, (exp.Except, exp.Intersect)) or tree.args.get("limit") or tree.args.get("offset"):
        raise _CannotLift
    with_ = tree.args.get("with_") or tree.args.get("with")
    if with_ is not None:
        if with_.args.get("recursive"):
            raise _CannotLift
        for cte in with_.expressions:
            if depends(cte.this, lifted):
                _query(cte.this, lifted)
                lifted |= {cte.alias}
            else:
                lifted -= {cte.alias}
    if isinstance(tree, exp.Union):
        for side in (tree.left, tree.right):
            _query(side, lifted)
        return tree
    if not isinstance(tree, exp.Select) or tree.is_star:
        raise _CannotLift
    return _select(tree, lifted)


def _select(tree: exp.Select, lifted: frozenset[str]) -> exp.Select:
    source = tree.args.get("from_") or tree.args.get("from")
    if source is None or tree.args.get("laterals"):
        raise _CannotLift
    own = _place()
    joins: list[exp.Join] = list(tree.args.get("joins") or [])
    first = _source(source.this, lifted)
    period = exp.Join(this=exp.to_table(PERIODS).as_(_ALIAS))
    if first is None:
        period.set("kind", "CROSS")
    else:
        period.set("on", exp.EQ(this=first, expression=own.copy()))
    for join in joins:
        if join.side not in ("", "LEFT") or join.args.get("using") or join.kind in ("SEMI", "ANTI", "NATURAL"):
            raise _CannotLift
        joined = _source(join.this, lifted)
        if joined is None:
            continue
        same = exp.EQ(this=joined, expression=own.copy())
        on = join.args.get("on")
        join.set("on", exp.and_(on, same, copy=False) if on is not None else same)
        if join.kind == "CROSS" or on is None:
            join.set("kind", None)
    tree.set("joins", [period, *joins])
    _inside(tree, lifted)
    for window in _of_this(tree, exp.Window):
        window.set("partition_by", [own.copy(), *(window.args.get("partition_by") or [])])
    group = tree.args.get("group")
    if group is not None:
        if any(group.args.get(name) for name in ("grouping_sets", "cube", "rollup", "all")):
            raise _CannotLift
        days = [exp.column(name, table=_ALIAS) for name in (_START, _END)]
        group.set("expressions", [own.copy(), *days, *group.expressions])
    elif any(not isinstance(aggregate.parent, exp.Window) and not _in_window(aggregate)
             for aggregate in _of_this(tree, exp.AggFunc)):  # fmt: skip
        raise _CannotLift  # one row from no rows: which period would it be of
    distinct = tree.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        raise _CannotLift
    tree.set("expressions", [exp.alias_(own.copy(), PERIOD), *tree.expressions])
    return tree


def _place(table: str = _ALIAS) -> exp.Column:
    return exp.column(PERIOD, table=table)


def _source(source: exp.Expression, lifted: frozenset[str]) -> exp.Column | None:
    """The period of a source of rows, lifted where its rows depend on it; None where they do not."""
    if isinstance(source, exp.Subquery):
        if not depends(source.this, lifted):
            return None
        _query(source.this, lifted)
        return _place(source.alias)
    if isinstance(source, exp.Table):
        return _place(source.alias_or_name) if source.name in lifted else None
    raise _CannotLift


def _of_this(tree: exp.Select, kind: type[exp.Expression]) -> list[exp.Expression]:
    """Nodes of a kind that belong to this SELECT and not to one inside it."""
    return [node for node in tree.find_all(kind) if node.parent_select is tree]


def _in_window(node: exp.Expression) -> bool:
    window = node.find_ancestor(exp.Window)
    return window is not None and window.parent_select is node.parent_select


def _inside(tree: exp.Select, lifted: frozenset[str]) -> None:
    """Parameters become days of the period; subqueries in conditions keep to it."""
    outside = {"with", "with_", "from", "from_"}
    parts = [part for name, part in tree.args.items() if name not in outside and part is not None]
    nodes = [node for part in parts for node in (part if isinstance(part, list) else [part])]
    for node in nodes:
        if isinstance(node, exp.Join):
            on = node.args.get("on")
            if on is not None:
                _condition(on, lifted)
        elif isinstance(node, exp.Expression):
            _condition(node, lifted)


def _condition(node: exp.Expression, lifted: frozenset[str]) -> None:
    for inner in [s for s in node.find_all(exp.Select) if _outermost(s, node)]:
        _correlated(inner, lifted)
    for placeholder in list(node.find_all(exp.Placeholder)):
        placeholder.replace(exp.column(_START if placeholder.name == "start" else _END, table=_ALIAS))


def _outermost(select: exp.Select, below: exp.Expression) -> bool:
    parent = select.parent
    while parent is not None and parent is not below:
        if isinstance(parent, (exp.Select, exp.SetOperation)):
            return False
        parent = parent.parent
    return True


def _correlated(inner: exp.Select, lifted: frozenset[str]) -> None:
    """A subquery of a condition: its own sources are held to the period of the row asked about."""
    if any(inner.args.get(name) for name in ("with", "with_", "group", "limit", "distinct")):
        raise _CannotLift
    source = inner.args.get("from_") or inner.args.get("from")
    sources = [source.this, *(join.this for join in inner.args.get("joins") or [])]
    for one in sources:
        if not isinstance(one, exp.Table):
            raise _CannotLift
        if one.name in lifted:
            inner.where(exp.EQ(this=_place(one.alias_or_name), expression=_place()), copy=False)
