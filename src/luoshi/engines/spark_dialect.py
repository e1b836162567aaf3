"""The cohort dialect in Spark's words.

SQLGlot carries the grammar; what means something else in Spark although it is written alike is put right here, by the
types of the operands. `GAPS` lists what cannot be carried over exactly, each with its reason and an expression whose two
answers differ: a test runs both engines on it and fails when a gap has closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from luoshi.engines.rendered import with_doubles
from luoshi.indicators.tables import Type
from luoshi.kernel.errors import CatalogError

SPARK_TYPES: dict[Type, str] = {
    "text": "STRING",
    "integer": "BIGINT",
    "double": "DOUBLE",
    "date": "DATE",
    "instant": "TIMESTAMP_NTZ",  # Chinese time without a zone, as the lake has it
    "boolean": "BOOLEAN",
}
_DUCKDB_TYPES: dict[str, str] = {
    "string": "VARCHAR", "bigint": "BIGINT", "int": "INTEGER", "smallint": "SMALLINT", "tinyint": "TINYINT",
    "double": "DOUBLE", "float": "DOUBLE", "date": "DATE", "timestamp_ntz": "TIMESTAMP", "boolean": "BOOLEAN",
}  # fmt: skip

_WHOLE = tuple(exp.DataType.INTEGER_TYPES)
_REAL = (exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT)
_DAY = (exp.DataType.Type.DATE,)
_TEXT = tuple(exp.DataType.TEXT_TYPES)
_NUMBER = (*_WHOLE, *_REAL)


@dataclass(frozen=True)
class Gap:
    """A construct the two engines answer differently. `sql` is an expression of the dialect without columns, `reason`
    why it stays so, `instead` how a definition says the same safely."""

    name: str
    sql: str
    reason: str
    instead: str


GAPS: tuple[Gap, ...] = (
    Gap(
        "substring from before the first character",
        "SUBSTRING('abc', 0, 2)",
        "DuckDB counts the place before the first character as one of those taken, Spark begins at the first.",
        "Count from 1.",
    ),
    Gap(
        "letters whose case is a matter of language",
        "LOWER('İ')",
        "DuckDB folds each character by itself, Java by the rules of Unicode for a whole text.",
        "Fold only codes made of ASCII letters.",
    ),
    Gap(
        "sums of fractions",
        "SUM(CASE WHEN n = 1 THEN 9007199254740992.5E0 ELSE 0.7E0 END)",
        "A sum of doubles depends on the order of its rows, which neither engine promises.",
        "Sum whole numbers (thousandths, days, milliseconds) and let the unit of the indicator divide.",
    ),
    Gap(
        "text to number with more than digits",
        "CAST('1e3' AS INTEGER)",
        "DuckDB reads a power of ten in a whole number, Spark refuses it.",
        "Keep numbers in number columns; the record guide gives them so.",
    ),
)


def to_spark(
    query: exp.Query, schema: Mapping[str, Mapping[str, str]], *, start: date, end: date, where: str = "query"
) -> str:
    """A checked query of the catalogue as Spark SQL for one period.

    `schema`: table → column → Spark's name of its type, of every table the query reads. Raises `CatalogError` naming
    `where` for a comparison of different kinds of value, which the engines would convert differently.
    """
    tree = with_doubles(query)
    days = {"start": start, "end": end, "earliest": start, "latest": end}
    tree = tree.transform(
        lambda node: _day(days[node.name]) if isinstance(node, (exp.Placeholder, exp.Parameter)) else node
    )
    _put_own_functions(tree)
    known = {
        table: {column: _DUCKDB_TYPES.get(kind.lower(), "DOUBLE") for column, kind in columns.items()}
        for table, columns in schema.items()
    }
    tree = qualify(tree, schema=known, dialect="duckdb", validate_qualify_columns=False)
    tree = annotate_types(tree, schema=known, dialect="duckdb")
    _check_kinds(tree, where)
    # From the leaves up, so that a node is replaced when its operands already are; types were read before.
    for node in reversed(list(tree.walk(bfs=True))):
        if (make := _CARRIED.get(type(node))) is not None and (better := make(node)) is not None:
            better.type = node.type  # whoever stands above still asks for it
            node.replace(better)
    sql: str = tree.sql(dialect="spark", identify=True, comments=False)
    return sql


def _day(value: date) -> exp.Expression:
    return exp.cast(exp.Literal.string(value.isoformat()), "DATE")


def _put_own_functions(tree: exp.Expression) -> None:
    """Replace our functions, from the innermost outwards."""
    for node in reversed(list(tree.find_all(exp.Anonymous, bfs=True))):
        if (make := _OURS.get(node.name.lower())) is not None:
            node.replace(make(*node.expressions))


def _call(name: str, *arguments: exp.Expression | None, kind: str) -> exp.Expression:
    """A function of Spark SQLGlot knows no type of: the cast tells it."""
    return exp.cast(exp.Anonymous(this=name, expressions=[a.copy() for a in arguments if a is not None]), kind)


def _int(value: exp.Expression) -> exp.Expression:
    return exp.cast(value.copy(), "INT")


def _moved(day: exp.Expression, count: exp.Expression, *, months: int = 1, back: bool = False) -> exp.Expression:
    by = exp.Mul(this=exp.paren(_int(count)), expression=exp.Literal.number(months)) if months > 1 else _int(count)
    return _call("ADD_MONTHS", day, exp.Neg(this=exp.paren(by)) if back else by, kind="DATE")


def _milliseconds(first: exp.Expression, last: exp.Expression) -> exp.Expression:
    """Whole milliseconds, a part of one dropped."""
    micros = [exp.Anonymous(this="UNIX_MICROS", expressions=[exp.cast(v.copy(), "TIMESTAMPTZ")]) for v in (last, first)]
    apart = exp.paren(exp.Sub(this=micros[0], expression=micros[1]))
    return exp.cast(exp.IntDiv(this=apart, expression=exp.Literal.number(1000)), "BIGINT")


def _latest(value: exp.Expression, day: exp.Expression, *, highest: bool) -> exp.Expression:
    """Rows without a value or a day do not take part, as for DuckDB's `arg_max`."""
    thousandths = f"CAST(RINT(LEAST(GREATEST(v, -1e8), 4e8) * 1000) AS BIGINT){'' if highest else ' * -1'}"
    key = exp.maybe_parse(
        f"CASE WHEN NOT v IS NULL THEN CAST(UNIX_DATE(d) AS BIGINT) * 1000000000000 + {thousandths} END",
        dialect="spark",
    )
    key = key.transform(
        lambda node: (
            {"v": value, "d": day}[node.name].copy()
            if isinstance(node, exp.Column) and not node.table and node.name in "vd"
            else node
        )
    )
    return exp.ArgMax(this=value.copy(), expression=key)


_OURS: dict[str, Callable[..., exp.Expression]] = {
    "plus_days": lambda d, n: _call("DATE_ADD", d, _int(n), kind="DATE"),
    "days_before": lambda d, n: _call("DATE_SUB", d, _int(n), kind="DATE"),
    "plus_months": _moved,
    "months_before": lambda d, n: _moved(d, n, back=True),
    "years_before": lambda d, n: _moved(d, n, months=12, back=True),
    "days_from": lambda a, b: _call("DATEDIFF", b, a, kind="BIGINT"),
    "milliseconds_from": _milliseconds,
    "latest_highest": lambda v, d: _latest(v, d, highest=True),
    "latest_lowest": lambda v, d: _latest(v, d, highest=False),
}


def _is(node: exp.Expression, kinds: object) -> bool:
    return bool(node.is_type(*kinds))  # type: ignore[misc]


def _double(node: exp.Expression) -> exp.Expression:
    return exp.cast(node.copy(), "DOUBLE")


def _divided(node: exp.Expression) -> exp.Expression:
    """`/` is of doubles, and by zero it is nothing."""
    return exp.paren(exp.Anonymous(this="TRY_DIVIDE", expressions=[_double(node.left), _double(node.right)]))


def _remainder(node: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this="TRY_MOD", expressions=[node.left.unnest().copy(), node.right.unnest().copy()])


def _rounded(node: exp.Expression) -> exp.Expression | None:
    """Doubles are scaled, rounded half away from zero and scaled back; Spark would round the decimal text of one."""
    places = node.args.get("decimals")
    if places is None or not _is(node.this, _REAL):
        return None
    scale = exp.Literal.string(str(float(10 ** int(places.name))))
    return _scaled(node.this, exp.cast(scale, "DOUBLE"))


def _scaled(value: exp.Expression, scale: exp.Expression) -> exp.Expression:
    up = exp.Anonymous(this="ROUND", expressions=[exp.Mul(this=exp.paren(value.copy()), expression=scale.copy())])
    return exp.paren(exp.Div(this=up, expression=scale.copy(), typed=True, safe=False))


def _cast_whole(node: exp.Expression) -> exp.Expression | None:
    """To a whole number: a double to the nearest, halves to the even one."""
    if not _is(node.to, _WHOLE) or _is(node.this, _WHOLE) or node.this.is_type("boolean"):
        return None
    if _is(node.this, _REAL):
        return exp.cast(exp.Anonymous(this="RINT", expressions=[node.this.copy()]), node.to.copy())
    return None


def _averaged(node: exp.Expression) -> exp.Expression | None:
    inner = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    if _is(inner, _REAL):
        return None
    wider = _double(inner)
    return exp.Avg(this=exp.Distinct(expressions=[wider]) if isinstance(node.this, exp.Distinct) else wider)


def _subtracted(node: exp.Expression) -> exp.Expression | None:
    if _is(node.left, _DAY) and _is(node.right, _DAY):
        return _call("DATEDIFF", node.left, node.right, kind="BIGINT")
    if _is(node.left, _DAY):
        return _call("DATE_SUB", node.left, _int(node.right), kind="DATE")
    return None


def _added(node: exp.Expression) -> exp.Expression | None:
    for day, count in ((node.left, node.right), (node.right, node.left)):
        if _is(day, _DAY):
            return _call("DATE_ADD", day, _int(count), kind="DATE")
    return None


def _like(node: exp.Expression) -> exp.Expression | None:
    """A backslash in a pattern is itself: DuckDB knows no escape unless one is named."""
    if isinstance(node.parent, exp.Escape) or "\\" not in node.expression.name:
        return None
    made = node.copy()
    made.set("expression", exp.Literal.string(node.expression.name.replace("\\", "\\\\")))
    return made


_CARRIED: dict[type[exp.Expression], Callable[..., exp.Expression | None]] = {
    exp.Div: _divided,
    exp.Mod: _remainder,
    exp.Round: _rounded,
    exp.Cast: _cast_whole,
    exp.Avg: _averaged,
    exp.Sub: _subtracted,
    exp.Add: _added,
    exp.Like: _like,
}


def _kind(node: exp.Expression) -> str:
    for name, kinds in (("number", _NUMBER), ("text", _TEXT), ("day", _DAY)):
        if _is(node, kinds):
            return name
    return "truth" if node.is_type("boolean") else ""


def _check_kinds(tree: exp.Expression, where: str) -> None:
    """Compared values are of one kind: how text becomes a number is each engine's own."""
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ):
        kinds = {_kind(node.left), _kind(node.right)} - {""}
        if len(kinds) > 1:
            raise CatalogError(
                f"{node.sql(dialect='duckdb')!r} compares {' with '.join(sorted(kinds))}.",
                where=where,
                todo="Compare values of one kind.",
            )
