"""A compiled view in Spark's words.

The compiler writes DuckDB SQL from a small set of functions; SQLGlot carries the grammar, and `_FUNCTIONS` says what each
function is in Spark, where a JSON value is a VARIANT. A function that is not in the list is an error when the view is
compiled, never another answer. `GAPS` names what the two engines answer differently; a test fails when a gap has closed.
"""

# ruff: noqa: S608 (SQL is what this module makes; names and texts go through _name() and SQLGlot's literals)
from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from luoshi.kernel.errors import InvalidValue
from luoshi.records.views.compile import CompiledView

SPARK_TYPES = {
    "VARCHAR": "STRING", "INTEGER": "INT", "BIGINT": "BIGINT", "DOUBLE": "DOUBLE", "BOOLEAN": "BOOLEAN", "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP_NTZ", "JSON": "VARIANT", "TIMESTAMPTZ": "TIMESTAMP",
}  # fmt: skip


@dataclass(frozen=True)
class Gap:
    """An expression the two engines answer differently over `resource`, why it stays so, and what to write instead."""

    path: str
    type: str
    resource: dict[str, Any]
    reason: str
    instead: str


_MEASURED = {"resourceType": "Observation", "id": "o"}

GAPS: tuple[Gap, ...] = (
    Gap(
        "value.ofType(Quantity).value.lowBoundary()",
        "decimal",
        {**_MEASURED, "valueQuantity": {"value": 1.0}},
        "How precise a decimal was written (1.0, not 1) is lost: a VARIANT keeps the number alone.",
        "Take boundaries of dates and times only.",
    ),
    Gap(
        "value.ofType(Quantity).value.toString()",
        "string",
        {**_MEASURED, "valueQuantity": {"value": 12345678.5}},
        "Java writes a double from ten million on with a power of ten.",
        "Keep numbers in number columns.",
    ),
    Gap(
        "value.ofType(string).toDecimal()",
        "decimal",
        {**_MEASURED, "valueString": "1d"},
        "Java reads a letter behind a number as its type.",
        "Test with .matches('^[0-9.]+$') before.",
    ),
)


def spark_sql(view: CompiledView, source: str, *, body: str = "body") -> str:
    """The query of a view over `source` (a table's name or a subquery in brackets) with resources as JSON text in `body`.

    Columns are those of the view in its order; one without a FHIR type holds JSON as text, like DuckDB's. A line that is
    no JSON fails the query.
    """
    parsed = f"variant_get(parse_json({_name(body)}), '$.resourceType', 'string')"
    read = f"from_json({_name(body)}, {_text(_schema(json.loads(view.structure)))})"
    inner = f"SELECT {read} AS r FROM {source} WHERE {parsed} = {_text(view.resource)}"
    cells = {name: _carried(sql) for name, sql in view.cells}
    if not view.rows:
        listed = [_out(cells[column.name], column.sql_type, column.name) for column in view.columns]
        return f"SELECT {', '.join(listed)} FROM ({inner})"
    rows = _carried(f"CASE WHEN {view.condition} THEN {view.rows} END" if view.condition else view.rows)
    made = [*(f"{sql} AS {_name(name)}" for name, sql in cells.items()), f"explode({rows}) AS l"]
    listed = [
        _out(_name(column.name) if column.name in cells else f"l.{_name(column.name)}", column.sql_type, column.name)
        for column in view.columns
    ]
    return f"SELECT {', '.join(listed)} FROM (SELECT {', '.join(made)} FROM ({inner}))"


def _out(sql: str, kind: str, name: str) -> str:
    """A cell as it leaves: JSON as text."""
    if kind == "JSON":
        sql = f"to_json({sql})"
    elif kind == "JSON[]":
        sql = f"transform({sql}, x -> to_json(x))"
    return f"{sql} AS {_name(name)}"


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _text(text: str) -> str:
    return str(exp.Literal.string(text).sql(dialect="spark"))


def _schema(structure: Any) -> str:
    """DuckDB's structure of a JSON reading as Spark's."""
    if isinstance(structure, dict):
        return f"STRUCT<{', '.join(f'{_name(name)}: {_schema(kind)}' for name, kind in structure.items())}>"
    if isinstance(structure, list):
        return f"ARRAY<{_schema(structure[0])}>"
    return SPARK_TYPES[structure]


_TYPES = {
    exp.DataType.Type.JSON: exp.DataType.Type.VARIANT,
    exp.DataType.Type.TIMESTAMP: exp.DataType.Type.TIMESTAMPNTZ,
}


class _Written(DuckDB):  # type: ignore[misc]
    """DuckDB's grammar with every function kept under the name the compiler wrote: `len` is of lists, `length` of text."""

    class Parser(DuckDB.Parser):  # type: ignore[misc]
        FUNCTIONS: dict[str, Callable[..., Any]] = {}
        FUNCTION_PARSERS = {
            name: make for name, make in DuckDB.Parser.FUNCTION_PARSERS.items() if name in ("CAST", "TRY_CAST")
        }
        NO_PAREN_FUNCTIONS: dict[Any, Any] = {}


def _call(name: str, *arguments: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _sql(template: str, **values: exp.Expression) -> exp.Expression:
    """Spark SQL with values put where their names stand (capital letters, so that no lambda hides one)."""
    tree = sqlglot.parse_one(template, dialect="spark")

    def put(node: exp.Expression) -> exp.Expression:
        return exp.paren(values[node.name]) if isinstance(node, exp.Column) and node.name in values else node

    return tree.transform(put)


def _same(name: str) -> Callable[..., exp.Expression]:
    return lambda *arguments: _call(name, *arguments)


def _shaped(value: exp.Expression, structure: exp.Expression) -> exp.Expression:
    """A JSON value read with a structure; the text of one being put together is JSON already."""
    schema = exp.Literal.string(_schema(json.loads(structure.name)))
    if not isinstance(value, exp.DPipe):
        return _call("from_json", _call("to_json", value), schema)
    for cast in value.find_all(exp.Cast):
        cast.replace(_call("to_json", cast.this))
    return _call("from_json", value, schema)


def _repeated(values: exp.Expression, step: exp.Expression) -> exp.Expression:
    """`list_reduce(list_prepend(first, rest), step)`."""
    first, rest = values.expressions
    return _call("aggregate", rest, first, step)


def _nothing_empty(value: exp.Expression) -> exp.Expression:
    return exp.Coalesce(this=value, expressions=[exp.Array(expressions=[])])


def _in_order(values: exp.Expression) -> exp.Expression:
    """Structs sorted by their positions `k`; Spark has no order of JSON, which positions make unneeded."""
    return _sql("array_sort(L, (a, b) -> CASE WHEN a.k < b.k THEN -1 WHEN a.k > b.k THEN 1 ELSE 0 END)", L=values)


def _distinct(values: exp.Expression) -> exp.Expression:
    """Each value once, at its first place; compared as JSON, for Spark knows no equality of it."""
    return _sql(
        "filter(L, (e, i) -> array_position(transform(L, d -> to_json(named_struct('v', d))), "
        "to_json(named_struct('v', e))) = i + 1)",
        L=values,
    )


def _mapped(values: exp.Expression, function: exp.Lambda) -> exp.Expression:
    """The place of an element counts from 1 for DuckDB, from 0 for Spark."""
    if len(function.expressions) > 1:
        place = function.expressions[1].name
        for node in [found for found in function.this.find_all(exp.Identifier) if found.name == place]:
            whole = node.parent if isinstance(node.parent, exp.Column) else node
            whole.replace(_sql(f"({place} + 1)"))
    return _call("transform", values, function)


_FUNCTIONS: dict[str, Callable[..., exp.Expression]] = {
    **{name: _same(name) for name in (
        "coalesce", "nullif", "left", "right", "length", "substr", "split_part", "regexp_extract", "regexp_replace",
        "contains", "replace", "upper", "lower", "trim", "least", "greatest", "pow", "last_day")},
    "len": _same("size"),
    "list_transform": _mapped,
    "list_filter": _same("filter"),
    "flatten": lambda lists: _sql("flatten(filter(L, x -> x IS NOT NULL))", L=lists),
    "list_concat": lambda *lists: _call("concat", *map(_nothing_empty, lists)),
    "list_append": _same("array_append"),
    "list_prepend": lambda first, rest: exp.Tuple(expressions=[first, rest]),
    "list_reduce": _repeated,
    "list_sort": _in_order,
    "list_distinct": _distinct,
    "range": lambda n: _call("sequence", exp.Literal.number(1), n),
    "array_to_string": _same("array_join"),
    "starts_with": _same("startswith"),
    "ends_with": _same("endswith"),
    "regexp_matches": _same("regexp_like"),
    "error": _same("raise_error"),
    "trunc": lambda n: _sql("CASE WHEN N < 0 THEN ceil(N) ELSE floor(N) END", N=n),
    "round": lambda n, places: _sql("(round(N * pow(10, P)) / pow(10, P))", N=n, P=places),
    "json_transform": _shaped,
    "from_json": _shaped,
    "json_extract_string": lambda value, _: exp.cast(value, "STRING", dialect="spark"),
    "json_type": lambda value: _sql(
        "replace(regexp_extract(schema_of_variant(V), '^[A-Z]+', 0), 'DECIMAL', 'DOUBLE')", V=value),
    "to_json": lambda value: exp.cast(value, "VARIANT", dialect="spark"),
    "epoch_us": _same("unix_micros"),
    "make_timestamp": lambda us: exp.cast(_call("timestamp_micros", us), "TIMESTAMP_NTZ", dialect="spark"),
}  # fmt: skip


def _element(values: exp.Expression, place: exp.Expression) -> exp.Expression:
    """The element at a place SQLGlot has made to count from 0; none where there is none. The last one was `[-1]`."""
    if isinstance(place, exp.Neg) and place.this.name == "2":
        return _call("try_element_at", values, exp.Literal.number(-1))
    return _call("get", values, place)


def _cast(node: exp.Cast) -> exp.Expression | None:
    """Text to a whole number: DuckDB reads any number and rounds it, Spark digits alone."""
    if not (isinstance(node, exp.TryCast) and node.to.is_type("int", "bigint")):
        return None
    wide = exp.TryCast(this=node.this.copy(), to=exp.DataType.build("DOUBLE"))
    rounded = exp.TryCast(this=_call("round", wide), to=node.to.copy())
    return exp.Coalesce(this=node.copy(), expressions=[rounded])


@cache
def _carried(sql: str) -> str:
    """One expression of the compiler in Spark's words."""
    tree = exp.Paren(this=sqlglot.parse_one(sql, dialect=_Written))
    for node in reversed(list(tree.walk(bfs=True))):  # from the leaves up
        made: exp.Expression | None = None
        if isinstance(node, exp.Anonymous):
            if node.name.lower() not in _FUNCTIONS:
                raise InvalidValue(f"the function {node.name} of a view is not known on Spark.")
            made = _FUNCTIONS[node.name.lower()](*node.expressions)
        elif isinstance(node, exp.Bracket):
            made = _element(node.this, node.expressions[0])
        elif isinstance(node, exp.Cast):
            made = _cast(node)
        elif isinstance(node, exp.DataType) and (kind := _TYPES.get(node.this)) is not None:
            made = exp.DataType(this=kind)
        if made is not None:
            node.replace(made)
    return str(tree.this.sql(dialect="spark", identify=True))
