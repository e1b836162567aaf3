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
                for mine, other in equal(on)
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


def asked_codes(name: str, query: exp.Expression, queries: Iterable[exp.Expression]) -> tuple[str, list[str]] | None:
    """The column of the table `name`, made by `query`, whose rows need hold no more than some texts, and these: where the
    query tells of each group which of the texts there are, and every reader takes none for false. None where that is not so,
    or all are asked for."""
    told = _told_codes(query)
    if told is None:
        return None
    column, texts, of_column = told
    found: set[str] = set()
    for reader in queries:
        for table in reader.find_all(exp.Table):
            if table.name != name:
                continue
            join = table.parent
            if not isinstance(join, exp.Join) or join.side != "LEFT":
                return None
            on = join.args.get("on")
            for read in reader.find_all(exp.Column):
                if read.name not in of_column or read.table not in ("", table.alias_or_name):
                    continue
                above = read.parent
                known = isinstance(above, exp.Coalesce) and above.this is read and above.expressions == [exp.false()]
                if not known or not read.table or (on is not None and _is_in(read, on)):
                    return None
                found.add(of_column[read.name])
            if any(read.table == table.alias_or_name and read.name not in of_column and not _is_in(read, on)
                   for read in reader.find_all(exp.Column)):  # fmt: skip
                return None  # whether there is a group at all is asked
    left = [text for text in texts if text in found]
    return (column, left) if left and len(left) < len(texts) else None


def held_to(query: exp.Expression, column: str, texts: Sequence[str]) -> exp.Expression:
    """The query with its own list of texts for a column cut to `texts`."""
    tree = query.copy()
    held = next(part for part in conditions(tree) if isinstance(part, exp.In) and part.this.name == column)
    held.set("expressions", [exp.Literal.string(text) for text in texts])
    return tree


def _told_codes(query: exp.Expression) -> tuple[str, list[str], dict[str, str]] | None:
    """Of a grouped query that shows beside its key only which texts of one column there are: that column, its texts as the
    query lists them, and the text each shown column tells of."""
    key = keys(query)
    if key is None or not isinstance(query, exp.Select) or query.args.get("group") is None or query.args.get("having"):
        return None
    for part in conditions(query):
        if not (isinstance(part, exp.In) and isinstance(part.this, exp.Column) and part.this.name not in key):
            continue
        if not part.expressions or not all(isinstance(e, exp.Literal) and e.is_string for e in part.expressions):
            continue
        of_column = {}
        for shown in query.expressions:
            if shown.alias_or_name in key:
                continue
            told = shown.unalias()
            same = told.this.unnest() if isinstance(told, exp.LogicalOr) else None
            if not isinstance(same, exp.EQ) or same.left != part.this or not isinstance(same.right, exp.Literal):
                return None
            of_column[shown.alias_or_name] = same.right.name
        return part.this.name, [e.name for e in part.expressions], of_column
    return None


def conditions(query: exp.Expression) -> list[exp.Expression]:
    """What a query asks of its rows, each condition by itself."""
    where = query.args.get("where")
    if where is None:
        return []
    return list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]


def _is_in(node: exp.Expression, whole: exp.Expression | None) -> bool:
    above: exp.Expression | None = node
    while above is not None and above is not whole:
        above = above.parent
    return above is not None


def equal(on: exp.Expression | None) -> list[tuple[exp.Expression, exp.Expression]]:
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
        for mine, other in equal(on)
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
        for a, b in equal(on)
        if isinstance(a, exp.Column) and isinstance(b, exp.Column)
    )
