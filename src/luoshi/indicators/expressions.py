"""The small SQL of cohorts and indicators: parsed, held to a list of functions, its columns checked.

Nothing is run that was not parsed here. The dialect is a subset that means the same on every engine: no `::` casts
beyond CAST, no lists, no lambdas, no engine functions except those of `FUNCTIONS`. A wrong name is answered with the
nearest right one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError
from sqlglot.optimizer.qualify import qualify

from luoshi.kernel.errors import CatalogError, nearest

# Functions with one meaning on every engine. The second half are ours: each engine defines them (see engines/).
STANDARD = {
    "abs", "avg", "bool_and", "bool_or", "case", "cast", "coalesce", "count", "exists", "filter", "floor", "greatest",
    "least", "lower", "max", "min", "nullif", "round", "row_number", "substring", "sum", "upper", "concat", "rank",
}  # fmt: skip
OURS = {
    "plus_days": "plus_days(day, n): the day n days later",
    "plus_months": "plus_months(day, n): n months later, cut to the last day of the month",
    "days_before": "days_before(day, n): n days earlier",
    "months_before": "months_before(day, n): n months earlier, cut to the last day of the month",
    "years_before": "years_before(day, n): n years earlier, 29 February becoming the 28th",
    "days_from": "days_from(a, b): days from a to b",
    "milliseconds_from": "milliseconds_from(a, b): milliseconds from instant a to instant b",
    "latest_highest": "latest_highest(value, day): aggregate; the value of the latest day, the highest of that day",
    "latest_lowest": "latest_lowest(value, day): aggregate; the value of the latest day, the lowest of that day",
}
FUNCTIONS = STANDARD | set(OURS)
PARAMETERS = {"start", "end"}
# The days between which all periods lie that are asked for together. A query leaves out for speed what lies beyond them; its
# rows hang on :start and :end alone, and to `exp` these are no placeholders.
BOUNDS = {"earliest": "start", "latest": "end"}

# Names sqlglot gives to what the dialect spells otherwise.
_SPELLING = {"logical_or": "bool_or", "logical_and": "bool_and", "substr": "substring"}


def parse_expression(text: str, columns: Mapping[str, str], *, where: str) -> exp.Expression:
    """`text` as a checked expression over `columns` (name → type). Raises `CatalogError` naming `where`."""
    tree = _parse(f"SELECT {text}", where).expressions[0]
    if tree.find(exp.Select) or tree.find(exp.AggFunc) or tree.find(exp.Window):
        raise CatalogError("an indicator is an expression over one row: no queries, no sums.", where=where)
    _check_functions(tree, where)
    for column in tree.find_all(exp.Column):
        if column.table or column.name not in columns:
            raise CatalogError(
                f"unknown column {column.sql()!r} in {text!r}.",
                where=where,
                todo=nearest(column.name, columns) or f"The cohort has {', '.join(columns)}.",
            )
    if not isinstance(tree, exp.Expression):  # pragma: no cover - sqlglot always gives one
        raise CatalogError(f"{text!r} is no expression.", where=where)
    return tree


def parse_query(
    text: str, schema: Mapping[str, Mapping[str, str]], *, where: str
) -> tuple[exp.Query, tuple[str, ...], frozenset[str]]:
    """A cohort's SQL, checked: the tree, its output columns in order, and the tables it reads.

    `schema` maps each readable table to its columns. Raises `CatalogError` for a table, column, function or parameter
    that does not exist, with the nearest that does.
    """
    tree = _parse(text, where)
    if not isinstance(tree, exp.Query):
        raise CatalogError("a cohort is one SELECT.", where=where)
    _check_functions(tree, where)
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    tables = frozenset(t.name for t in tree.find_all(exp.Table)) - ctes
    for table in sorted(tables - schema.keys()):
        raise CatalogError(f"unknown table {table!r}.", where=where, todo=nearest(table, schema))
    for placeholder in list(tree.find_all(exp.Placeholder)):
        if placeholder.name in BOUNDS:
            placeholder.replace(exp.Parameter(this=exp.Var(this=placeholder.name)))
        elif placeholder.name not in PARAMETERS:
            todo = "Use :start and :end, and :earliest and :latest for what is asked of all periods."
            raise CatalogError(f"unknown parameter :{placeholder.name}.", where=where, todo=todo)
    _check_columns(tree, schema, tables, where)
    return tree, tuple(tree.named_selects), tables


def columns_of(tree: exp.Expression) -> frozenset[str]:
    """Names of the columns an expression reads."""
    return frozenset(column.name for column in tree.find_all(exp.Column))


def _parse(text: str, where: str) -> exp.Expression:
    try:
        trees = sqlglot.parse(text, dialect="duckdb")
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        place = f" near {first.get('highlight')!r}, line {first.get('line')}" if first else ""
        raise CatalogError(f"the SQL cannot be read{place}.", where=where) from error
    if len(trees) != 1 or trees[0] is None:
        raise CatalogError("exactly one expression or query belongs here.", where=where)
    tree: exp.Expression = trees[0]
    return tree


def _check_functions(tree: exp.Expression, where: str) -> None:
    for node in tree.find_all(exp.Func):
        if isinstance(node, (exp.And, exp.Or, exp.Xor, exp.Case, exp.If, exp.Cast)):
            continue
        name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        name = _SPELLING.get(name, name)
        if name not in FUNCTIONS:
            raise CatalogError(
                f"the function {name!r} is not in the list that means the same on every engine.",
                where=where,
                todo=nearest(name, FUNCTIONS) or f"Known are {', '.join(sorted(FUNCTIONS))}.",
            )


def _check_columns(tree: exp.Query, schema: Mapping[str, Mapping[str, str]], tables: Iterable[str], where: str) -> None:
    readable = {table: dict(schema[table]) for table in tables}
    try:
        qualify(tree.copy(), schema=readable, dialect="duckdb")
    except OptimizeError as error:
        words = str(error).replace("'", '"').split('"')
        name = words[1].split(".")[-1] if len(words) > 1 else ""
        known = {column for columns in readable.values() for column in columns} | set(tree.named_selects)
        raise CatalogError(f"{str(error).rstrip('.')}.", where=where, todo=nearest(name, known)) from error
