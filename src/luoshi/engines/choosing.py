"""Shared queries whose days only choose among the rows of one table: the residents of a day, the visits up to it.

For several periods at once such a query need not be made anew for each. Its rows are taken without the days, and whoever
reads them chooses those of its period: joined by the person alone, twelve months find each other's rows in one small table
instead of twelve times as many in a large one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlglot import exp

from luoshi.engines.pruning import conditions

# Parts of a query that do more than choose rows of one table.
_NEVER = frozenset({
    "with", "with_", "joins", "laterals", "group", "having", "qualify", "windows", "distinct", "order", "limit", "offset",
})  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """`rows`: the query without its days, with every column `by` asks for. `by`: what a row must hold to be of the period."""

    rows: exp.Select
    by: tuple[exp.Expression, ...]

    def conditions(self, alias: str) -> list[exp.Expression]:
        """What the rows read as `alias` must hold."""
        held = [condition.copy() for condition in self.by]
        for column in (column for condition in held for column in condition.find_all(exp.Column)):
            column.set("table", exp.to_identifier(alias))
        return held


def chosen(query: exp.Expression, dated: Collection[str]) -> Chosen | None:
    """`query` as rows and a choice; None where its days do more than choose, or do nothing. `dated`: tables whose rows differ
    from period to period themselves."""
    if not isinstance(query, exp.Select) or query.is_star or any(query.args.get(name) for name in _NEVER):
        return None
    source = query.args.get("from_") or query.args.get("from")
    if source is None or not isinstance(source.this, exp.Table):
        return None
    if any(table.name in dated for table in query.find_all(exp.Table)):
        return None
    tree = query.copy()
    parts = conditions(tree)
    by = [part.unnest() for part in parts if part.find(exp.Placeholder)]
    shown = {e.alias_or_name: e.unalias() for e in tree.expressions}
    if not by or any(e.find(exp.Placeholder, exp.Query, exp.AggFunc, exp.Window) for e in tree.expressions):
        return None
    if any(part.find(exp.Query) for part in by):
        return None
    asked = {column.name for part in by for column in part.find_all(exp.Column)}
    names = {name: name for name in asked if isinstance(shown.get(name), exp.Column) and shown[name].name == name}
    for name in sorted(asked - names.keys()):
        names[name] = f"__{name}"
        tree.select(exp.alias_(exp.column(name), names[name]), copy=False)
    for column in (column for part in by for column in part.find_all(exp.Column)):
        column.replace(exp.column(names[column.name]))
    rest = [part for part in parts if not part.find(exp.Placeholder)]
    tree.set("where", exp.Where(this=exp.and_(*rest)) if rest else None)
    return Chosen(tree, tuple(by))


def choose(tree: exp.Select, known: Mapping[str, Chosen]) -> None:
    """Have a query choose the rows of its period from every table of `known` that it reads as a source."""
    source = tree.args.get("from_") or tree.args.get("from")
    if source is not None and isinstance(source.this, exp.Table) and source.this.name in known:
        tree.where(*known[source.this.name].conditions(source.this.alias_or_name), copy=False)
    for join in tree.args.get("joins") or []:
        if not isinstance(join.this, exp.Table) or join.this.name not in known:
            continue
        held = known[join.this.name].conditions(join.this.alias_or_name)
        if join.side == "LEFT":
            join.set("on", exp.and_(join.args.get("on"), *held, copy=False))
        else:
            tree.where(*held, copy=False)
