"""A ViewDefinition compiled to one DuckDB query.

Every resource becomes a list of rows built by list functions (no joins): `forEach` maps over a list, sibling selects
multiply, `unionAll` concatenates; what is the same for all rows of a resource stays outside the list, and a view that
neither iterates nor filters needs no list at all. The resource's JSON is read once, into exactly the members touched.
"""

# ruff: noqa: S608 (SQL is what this module makes; names and texts go through identifier() and quote())
from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from luoshi.records.fhirpath import Constant, Node
from luoshi.records.views import elements, times
from luoshi.records.views.expressions import EMPTY, Context, Expressions
from luoshi.records.views.functions import FUNCTIONS
from luoshi.records.views.model import Column, Select, View, read_view
from luoshi.records.views.values import Names, Shape, Value, exists, identifier, quote, single

MAX_REPEAT_DEPTH = 64

_Cells = dict[str, str]


@dataclass(frozen=True)
class OutputColumn:
    """A column of the result: `type` is its FHIR type (None: any), `sql_type` what DuckDB gives."""

    name: str
    type: str | None
    sql_type: str
    collection: bool


@dataclass(frozen=True)
class CompiledView:
    """A view ready to run.

    `cells` are the expressions that give one value for each resource, `rows` the list of structs of the others (empty:
    none), over `r`, the resource read with `structure`; `condition` is false for resources the view leaves out.
    """

    name: str
    resource: str
    columns: tuple[OutputColumn, ...]
    structure: str
    cells: tuple[tuple[str, str], ...]
    rows: str
    condition: str

    def sql(self, source: str, *, body: str = "body", keep: Iterable[str] = (), one_type: bool = False) -> str:
        """The query over `source` (a table name or a subquery in brackets) with resources as JSON text in `body`.

        `keep`: columns of the source put before those of the view. `one_type`: the source holds only resources of the
        view's type, so that need not be looked at.
        """
        kept = [identifier(name) for name in keep]
        wanted = "" if one_type else f" WHERE json_extract_string({body}, '$.resourceType') = {quote(self.resource)}"
        read = ", ".join([*kept, f"json_transform({body}, {quote(self.structure)}) AS r"])
        inner = f"SELECT {read} FROM {source}{wanted}"
        cells = [f"{sql} AS {identifier(name)}" for name, sql in self.cells]
        order = [*kept, *(identifier(column.name) for column in self.columns)]
        if not self.rows:
            by_name = dict(zip((name for name, _ in self.cells), cells, strict=True))
            listed = [*kept, *(by_name[column.name] for column in self.columns)]
            return f"SELECT {', '.join(listed)} FROM ({inner})"
        rows = f"CASE WHEN {self.condition} THEN {self.rows} END" if self.condition else self.rows
        unnested = ", ".join([*kept, *cells, f"unnest({rows}) AS l"])
        listed = kept + [
            name if column.name in dict(self.cells) else f"l.{name}"
            for column, name in zip(self.columns, order[len(kept) :], strict=True)
        ]
        return f"SELECT {', '.join(listed)} FROM (SELECT {unnested} FROM ({inner}))"


def compile_view(view: Mapping[str, Any] | View, *, where: str = "ViewDefinition") -> CompiledView:
    """Compile a ViewDefinition given as JSON data.

    Raises `ViewError` or `FhirPathError`, both `InvalidValue`, naming the place below `where`.
    """
    checked = view if isinstance(view, View) else read_view(view, where=where)
    shape = Shape(checked.resource if checked.r4 else None, False)
    # The first pass finds out which members are touched and how; only then is the reading of each known.
    shapes: list[Shape] = []
    _Compiler(checked, shape, shapes).whole()
    return _Compiler(checked, shape, shapes).whole()


@dataclass(frozen=True)
class _Rows:
    """The rows of a select: `cells` of a single row, and a list of structs to multiply it with where `listed`."""

    cells: _Cells
    listed: str = ""
    names: tuple[str, ...] = ()


class _Compiler:
    def __init__(self, view: View, shape: Shape, shapes: list[Shape]) -> None:
        self.view = view
        self.shape = shape
        self.names = Names(shapes)
        self.expressions = Expressions(shape, view.constants, self.names, FUNCTIONS)

    def whole(self) -> CompiledView:
        root = self.expressions.resource
        conditions = []
        for node, place in self.view.where:
            context = Context(root, "0", place)
            conditions.append(f"({self.expressions.truth(self._compile(node, context), context, strict=True)})")
        rows = self._product([self._select(select, root, "0") for select in self.view.selects])
        cells, listed = rows.cells, rows.listed
        if conditions and not listed:
            listed, cells = f"[{_struct(cells)}]", {}
        if not self.shape.members:
            self.shape.member("id", self.shape.element("id"))
        return CompiledView(
            name=self.view.name,
            resource=self.view.resource,
            columns=tuple(
                OutputColumn(column.name, column.type, _sql_type(column), column.collection)
                for column in self.view.all_columns()
            ),
            structure=json.dumps(self.shape.of_one(), ensure_ascii=False),
            cells=tuple(cells.items()),
            rows=listed,
            condition=" AND ".join(conditions),
        )

    def _compile(self, node: Node, context: Context) -> Value:
        return self.expressions.compile(node, context)

    # -- rows ---------------------------------------------------------------------------------------------------

    def _select(self, select: Select, focus: Value, row_index: str) -> _Rows:
        if select.repeat:
            return self._iterate(select, self._repeated(select, focus, row_index))
        if select.for_each is not None:
            context = Context(focus, row_index, select.where)
            return self._iterate(select, self._compile(select.for_each, context))
        return self._body(select, focus, row_index)

    def _body(self, select: Select, focus: Value, row_index: str) -> _Rows:
        cells = {column.name: self._cell(column, focus, row_index) for column in select.columns}
        parts = [_Rows(cells), *(self._select(nested, focus, row_index) for nested in select.selects)]
        if select.union:
            branches = [self._select(branch, focus, row_index) for branch in select.union]
            names = tuple(column.name for column in select.union[0].all_columns())
            lists = [self._listed(branch, names) for branch in branches]
            parts.append(_Rows({}, f"list_concat({', '.join(lists)})" if len(lists) > 1 else lists[0], names))
        return self._product(parts)

    def _iterate(self, select: Select, value: Value) -> _Rows:
        names = tuple(column.name for column in select.all_columns())
        if value.many:
            one, index = self.names.fresh(), self.names.fresh()
            body = self._body(select, Value(one, value.type, shape=value.shape), f"({index} - 1)")
            inner = self._listed(body, names) if body.listed else _struct(body.cells)
            mapped = f"list_transform({value.resolved()}, lambda {one}, {index}: {inner})"
            listed = f"flatten({mapped})" if body.listed else mapped
        else:
            body = self._body(select, replace(value, guard=""), "0")
            listed = f"CASE WHEN {exists(value)} THEN {self._listed(body, names)} END"
        if select.or_null:
            missing = _struct({column.name: self._null_cell(column) for column in select.all_columns()})
            listed = f"CASE WHEN {exists(value)} THEN {listed} ELSE [{missing}] END"
        return _Rows({}, listed, names)

    def _repeated(self, select: Select, focus: Value, row_index: str) -> Value:
        """Everything reached by following the paths of `repeat` again and again, parents before children.

        One level is followed at a time, each value with the list of positions that leads to it; sorting by those lists
        puts the values in document order.
        """
        node = self.names.json_shape()
        item, child, index, last, done = (self.names.fresh() for _ in range(5))
        state = "STRUCT(front STRUCT(k INTEGER[], x JSON)[], done STRUCT(k INTEGER[], x JSON)[])"

        def children(of: Value) -> str:
            context = Context(of, row_index, select.where)
            found = [self.names.each(self._compile(path, context), _as_json) for path in select.repeat]
            lists = [each.resolved() if each.many else f"[{each.resolved()}]" for each in found]
            return f"list_concat({', '.join(lists)})" if len(lists) > 1 else lists[0]

        start = f"list_transform({children(focus)}, lambda {child}, {index}: {{'k': [CAST({index} AS INTEGER)], 'x': {child}}})"
        step = (
            f"{{'front': flatten(list_transform({last}.front, lambda {item}: list_transform("
            f"{children(Value(f'{item}.x', None, shape=node))}, lambda {child}, {index}: "
            f"{{'k': list_append({item}.k, CAST({index} AS INTEGER)), 'x': {child}}}))), "
            f"'done': list_concat({last}.done, {last}.front)}}"
        )
        rounds = f"list_transform(range({MAX_REPEAT_DEPTH}), lambda {index}: CAST(NULL AS {state}))"
        begin = f"CAST({{'front': coalesce({start}, []), 'done': []}} AS {state})"
        walked = f"list_reduce(list_prepend({begin}, {rounds}), lambda {last}, {done}: {step})"
        too_deep = quote(f"{select.where}.repeat goes deeper than {MAX_REPEAT_DEPTH} levels")
        whole = (
            f"(list_transform([{walked}], lambda {last}: CASE WHEN len({last}.front) > 0 THEN error({too_deep}) "
            f"ELSE list_transform(list_sort({last}.done), lambda {item}: {item}.x) END))[1]"
        )
        return Value(whole, None, many=True, shape=node)

    def _product(self, parts: list[_Rows]) -> _Rows:
        cells = {name: sql for part in parts for name, sql in part.cells.items()}
        lists = [part for part in parts if part.listed]
        if len(lists) < 2:
            return _Rows(cells, *((lists[0].listed, lists[0].names) if lists else ()))
        names = tuple(name for part in lists for name in part.names)

        def multiply(rest: list[_Rows], bound: _Cells) -> str:
            one = self.names.fresh()
            now = bound | {name: f"{one}.{identifier(name)}" for name in rest[0].names}
            inner = multiply(rest[1:], now) if len(rest) > 1 else _struct(now)
            mapped = f"list_transform({rest[0].listed}, lambda {one}: {inner})"
            return f"flatten({mapped})" if len(rest) > 1 else mapped

        return _Rows(cells, multiply(lists, {}), names)

    def _listed(self, rows: _Rows, names: tuple[str, ...]) -> str:
        """Rows as one list of structs with the columns `names`."""
        if not rows.listed:
            return f"[{_struct({name: rows.cells[name] for name in names})}]"
        if not rows.cells and rows.names == names:
            return rows.listed
        one = self.names.fresh()
        cells = rows.cells | {name: f"{one}.{identifier(name)}" for name in rows.names}
        return f"list_transform({rows.listed}, lambda {one}: {_struct({name: cells[name] for name in names})})"

    # -- cells --------------------------------------------------------------------------------------------------

    def _cell(self, column: Column, focus: Value, row_index: str) -> str:
        context = Context(focus, row_index, f"{column.where} ({column.text})")
        value = self._compile(column.path, context)
        if column.collection:
            each = self.names.each(value, lambda one: Value(_converted(one, column), "string"))
            if each.many:
                return f"CAST(coalesce({each.resolved()}, []) AS {_sql_type(column)})"
            return f"CAST(CASE WHEN {exists(value)} THEN [{each.sql}] ELSE [] END AS {_sql_type(column)})"
        one = single(value, context.what)
        converted = _converted(replace(one, guard=""), column)
        return f"CASE WHEN {one.guard} THEN {converted} END" if one.guard else converted

    def _null_cell(self, column: Column) -> str:
        """The cell of the one row `forEachOrNull` gives where there is nothing: NULL, but the row's index is 0."""
        if column.path == Constant("rowIndex"):
            return self._cell(column, EMPTY, "0")
        return f"CAST(NULL AS {_sql_type(column)})"


def _as_json(one: Value) -> Value:
    return Value(one.json(), None)


def _struct(cells: _Cells) -> str:
    return "{" + ", ".join(f"{quote(name)}: {sql}" for name, sql in cells.items()) + "}"


def _sql_type(column: Column) -> str:
    one = column.sql_type or ("JSON" if column.type is None else elements.PRIMITIVES.get(column.type, "JSON"))
    return f"{one}[]" if column.collection else one


def _converted(one: Value, column: Column) -> str:
    """One value as the SQL type of its column; times tagged DATE or TIMESTAMP become Chinese days and times."""
    target = _sql_type(column).removesuffix("[]")
    if one is EMPTY:
        return f"CAST(NULL AS {target})"
    if target == "JSON":
        return one.json()
    if target == "DATE":
        return times.china_day(one.text())
    if target == "TIMESTAMP":
        return times.china_time(one.text())
    if target == "VARCHAR":
        return one.text()
    return f"CAST({one.typed(target)} AS {target})"
