"""What of a cohort and of the shared queries some indicators need: the rest is not computed.

A LEFT JOIN that nothing reads is dropped where it can match at most one row, so that without it the same subjects remain;
a shared query is cut to the codes its readers name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from luoshi.indicators import Cohort, Indicator
from luoshi.indicators.cohort import Shared
from luoshi.indicators.plan import GROUP, reads_columns


def pruned(cohort: Cohort, indicators: Sequence[Indicator], shared: Mapping[str, Shared]) -> Cohort:
    """The cohort with no more columns and joins than the sums of `indicators` need; its subjects are the same."""
    query = cohort.query
    if not isinstance(query, exp.Select) or any(
        query.args.get(name) for name in ("distinct", "group", "limit", "qualify")
    ):
        return cohort
    needed = {*GROUP, *reads_columns(cohort, indicators)}
    tree = query.copy()
    tree.set("expressions", [e for e in tree.expressions if e.alias_or_name in needed])
    for join in reversed(list(tree.args.get("joins") or [])):
        if join.side == "LEFT" and _at_most_one(join, tree, shared) and not _is_read(join, tree, shared):
            tree.args["joins"].remove(join)
    ctes = {cte.alias: cte for cte in tree.ctes}
    reads = _reached(tree, ctes)
    return replace(cohort, query=tree, reads=frozenset(reads & cohort.reads))


def constants(name: str, column: str, queries: Iterable[exp.Expression]) -> list[str] | None:
    """The texts to which every reader of the table `name` in `queries` holds its `column`; None where one does not."""
    found: set[str] = set()
    for query in queries:
        for table in query.find_all(exp.Table):
            if table.name != name:
                continue
            join = table.parent
            on = join.args.get("on") if isinstance(join, exp.Join) else None
            held = [
                other.name
                for mine, other in _equal(on)
                if isinstance(mine, exp.Column) and mine.name == column and mine.table == table.alias_or_name
                and isinstance(other, exp.Literal) and other.is_string
            ]  # fmt: skip
            if not held:
                return None
            found.update(held)
    return sorted(found) or None


def keys(query: exp.Expression) -> frozenset[str] | None:
    """Columns no two rows of a query have alike, where its grouping shows them."""
    if not isinstance(query, exp.Select):
        return None
    group = query.args.get("group")
    if group is not None:
        if not all(isinstance(e, exp.Column) for e in group.expressions):
            return None
        grouped = {e.name for e in group.expressions}
        named = {
            e.alias_or_name
            for e in query.expressions
            if isinstance(e.unalias(), exp.Column) and e.unalias().name == e.alias_or_name
        }
        return frozenset(grouped) if grouped <= named else None
    if query.args.get("distinct") is not None and not query.args["distinct"].args.get("on"):
        return frozenset(query.named_selects)
    return None


def _equal(on: exp.Expression | None) -> list[tuple[exp.Expression, exp.Expression]]:
    """The two sides of each equality that a condition asks for, both ways round."""
    parts = [] if on is None else on.flatten() if isinstance(on, exp.And) else [on]
    equalities = [part.unnest() for part in parts if isinstance(part.unnest(), exp.EQ)]
    return [pair for e in equalities for pair in ((e.left, e.right), (e.right, e.left))]


def _source(join: exp.Join, tree: exp.Select, shared: Mapping[str, Shared]) -> exp.Expression | None:
    if isinstance(join.this, exp.Subquery):
        return join.this.this
    name = join.this.name
    for cte in tree.ctes:
        if cte.alias == name:
            return cte.this
    return shared[name].query if name in shared else None


def _at_most_one(join: exp.Join, tree: exp.Select, shared: Mapping[str, Shared]) -> bool:
    source = _source(join, tree, shared)
    unique = keys(source) if source is not None else None
    on = join.args.get("on")
    if unique is None or on is None:
        return False
    alias = join.this.alias_or_name
    held = {
        mine.name
        for mine, other in _equal(on)
        if isinstance(mine, exp.Column) and mine.table == alias
        and alias not in {column.table for column in other.find_all(exp.Column)}
    }  # fmt: skip
    return unique <= held


def _is_read(join: exp.Join, tree: exp.Select, shared: Mapping[str, Shared]) -> bool:
    source = _source(join, tree, shared)
    names = set(source.named_selects) if isinstance(source, exp.Query) else set()
    alias = join.this.alias_or_name
    with_ = tree.args.get("with_") or tree.args.get("with")
    for column in tree.find_all(exp.Column):
        if column.table != alias and (column.table or column.name not in names):
            continue
        above = column.parent
        while above is not None and above is not join and above is not with_ and above is not tree:
            above = above.parent
        if above is tree:
            return True
    return False


def _reached(tree: exp.Select, ctes: Mapping[str, exp.CTE]) -> set[str]:
    """Tables a query reads, those of a WITH only where it is read."""
    with_ = tree.args.get("with_") or tree.args.get("with")
    found: set[str] = set()
    todo: list[exp.Expression] = [
        part for name, part in tree.args.items() if isinstance(part, exp.Expression) and part is not with_
    ]
    todo += [
        node
        for part in tree.args.values()
        if isinstance(part, list)
        for node in part
        if isinstance(node, exp.Expression)
    ]
    while todo:
        for table in todo.pop().find_all(exp.Table):
            if table.name not in found:
                found.add(table.name)
                if table.name in ctes:
                    todo.append(ctes[table.name].this)
    return found


def lives_where_counted(cohort: Cohort) -> bool:
    """Whether the division of each subject is the home of its person, as the SQL shows."""
    query = cohort.query
    if not isinstance(query, exp.Select):
        return False
    shown = {e.alias_or_name: e.unalias() for e in query.expressions}
    division, person = shown.get("division"), shown.get("person")
    if not (isinstance(division, exp.Column) and isinstance(person, exp.Column)):
        return False
    source = query.args.get("from_") or query.args.get("from")
    places = [source.this, *(join.this for join in query.args.get("joins") or [])]
    homes = {p.alias_or_name for p in places if isinstance(p, exp.Table) and p.name in ("person", "resident")}
    if division.name != "division" or division.table not in homes or person.name != "person":
        return False
    if division.table == person.table:
        return True
    on = next(j.args.get("on") for j in query.args["joins"] if j.this.alias_or_name == division.table)
    same = {(division.table, "person"), (person.table, "person")}
    return any(
        {(a.table, a.name), (b.table, b.name)} == same
        for a, b in _equal(on)
        if isinstance(a, exp.Column) and isinstance(b, exp.Column)
    )
