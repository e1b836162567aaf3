"""The FHIRPath functions a view may call: the required set of SQL on FHIR v2 and the plain ones around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from luoshi.records import fhirpath as fp
from luoshi.records.fhirpath import FhirPathError, Node
from luoshi.records.views import elements, times
from luoshi.records.views.expressions import EMPTY, Context, Expressions, Function
from luoshi.records.views.values import Value, boolean, bracket, exists, first, quote, single

_Run = Callable[[Expressions, fp.Call, Context], Value]


FUNCTIONS: dict[str, Function] = {}


def _function(name: str, *arity: int) -> Callable[[_Run], _Run]:
    def register(run: _Run) -> _Run:
        FUNCTIONS[name] = Function(arity, run)
        return run

    return register


@_function("where", 1)
def _where(e: Expressions, call: fp.Call, context: Context) -> Value:
    return e.names.keep(e.compile(call.base, context), e.criterion(call.arguments[0], context))


def _present(e: Expressions, call: fp.Call, context: Context) -> str:
    """The condition that the base of a call (filtered by its argument) has a value."""
    if isinstance(call.base, fp.Member) and not call.arguments:
        parent = e.compile(call.base.base, context)
        if not parent.many and parent.shape is not None:
            element = parent.shape.element(call.base.name)
            if element.choices and element.choices != ("?",):
                kinds = [call.base.name + kind[0].upper() + kind[1:] for kind in element.choices]
                present = (exists(e.compile(fp.Member(call.base.base, kind), context)) for kind in kinds)
                return f"({' OR '.join(present)})"
    base = e.compile(call.base, context)
    if call.arguments:
        base = e.names.keep(base, e.criterion(call.arguments[0], context))
    return exists(base)


@_function("exists", 0, 1)
def _exists(e: Expressions, call: fp.Call, context: Context) -> Value:
    return boolean(_present(e, call, context))


@_function("empty", 0)
def _empty(e: Expressions, call: fp.Call, context: Context) -> Value:
    return boolean(f"(NOT {_present(e, call, context)})")


@_function("not", 0)
def _not(e: Expressions, call: fp.Call, context: Context) -> Value:
    return boolean(f"(NOT ({e.truth(e.compile(call.base, context), context)}))")


@_function("all", 1)
def _all(e: Expressions, call: fp.Call, context: Context) -> Value:
    criterion = e.criterion(call.arguments[0], context)
    against = e.names.keep(e.compile(call.base, context), lambda one: f"coalesce(NOT ({criterion(one)}), true)")
    return boolean(f"(NOT {exists(against)})")


@_function("count", 0)
def _count(e: Expressions, call: fp.Call, context: Context) -> Value:
    base = e.compile(call.base, context)
    counted = f"coalesce(len({base.resolved()}), 0)" if base.many else f"CASE WHEN {exists(base)} THEN 1 ELSE 0 END"
    return Value(f"CAST({counted} AS INTEGER)", "integer")


@_function("first", 0)
def _first(e: Expressions, call: fp.Call, context: Context) -> Value:
    """The first value; of `(a | b | ...)` the first of the first alternative that has one."""
    if not (isinstance(call.base, fp.Binary) and call.base.operator == "|"):
        return first(e.compile(call.base, context))
    compiled = (first(e.compile(side, context)) for side in _alternatives(call.base))
    sides = [side for side in compiled if side is not EMPTY]
    categories = {side.category for side in sides} - {""}
    if len(categories) > 1:
        raise FhirPathError(f"the alternatives are of different types ({', '.join(categories)}).", where=context.what)
    if not categories:
        options = [replace(side, sql=side.json()).resolved() for side in sides]
        return Value(f"coalesce({', '.join(options)}, NULL)", None, shape=e.names.json_shape()) if sides else EMPTY
    kinds = {side.type for side in sides if side.category}
    kind = kinds.pop() if len(kinds) == 1 else _WIDEST[categories.pop()]
    native = elements.PRIMITIVES[kind or ""]
    taken = (side.text() if native == "VARCHAR" else side.typed(native) for side in sides)
    options = [replace(side, sql=sql).resolved() for side, sql in zip(sides, taken, strict=True)]
    return Value(f"coalesce({', '.join(options)}, NULL)", kind)


_WIDEST = {"number": "decimal", "time": "dateTime", "text": "string", "boolean": "boolean"}


def _alternatives(node: Node) -> list[Node]:
    if isinstance(node, fp.Binary) and node.operator == "|":
        return [*_alternatives(node.left), *_alternatives(node.right)]
    return [node]


@_function("last", 0)
def _last(e: Expressions, call: fp.Call, context: Context) -> Value:
    base = e.compile(call.base, context)
    return replace(base, sql=f"{bracket(base.sql)}[-1]", many=False) if base.many else base


@_function("single", 0)
def _single(e: Expressions, call: fp.Call, context: Context) -> Value:
    return single(e.compile(call.base, context), context.what)


@_function("iif", 2, 3)
def _iif(e: Expressions, call: fp.Call, context: Context) -> Value:
    test = e.truth(e.compile(call.arguments[0], context), context)
    sides = [single(e.compile(argument, context), context.what) for argument in call.arguments[1:]]
    kinds = {side.type for side in sides if side is not EMPTY}
    if len(kinds) != 1 or not elements.is_primitive(kind := kinds.pop()):
        raise FhirPathError("iif() needs results of one primitive type.", where=context.what)
    native = elements.PRIMITIVES[kind or ""]
    texts = [f"CAST({'NULL' if side is EMPTY else replace(side, sql=side.text()).resolved()} AS {native})"
             for side in sides]  # fmt: skip
    return Value(f"CASE WHEN {test} THEN {texts[0]} ELSE {texts[1] if len(texts) > 1 else 'NULL'} END", kind)


@_function("extension", 1)
def _extension(e: Expressions, call: fp.Call, context: Context) -> Value:
    url = fp.Binary("=", fp.Member(fp.This(), "url"), call.arguments[0])
    return e.compile(fp.Call(fp.Member(call.base, "extension"), "where", (url,)), context)


def _type_name(node: Node, context: Context) -> str:
    """The type an argument names; `System.` and `FHIR.` before it are dropped."""
    if isinstance(node, fp.Member) and isinstance(node.base, fp.This | fp.Member):
        return node.name
    if isinstance(node, fp.Literal) and node.type == "string":
        return node.value
    raise FhirPathError("expected the name of a type.", where=context.what)


@_function("ofType", 1)
def _of_type(e: Expressions, call: fp.Call, context: Context) -> Value:
    kind = _type_name(call.arguments[0], context)
    if isinstance(call.base, fp.Member):
        parent = e.compile(call.base.base, context)
        if parent is EMPTY:
            return EMPTY
        if parent.shape is None:
            raise FhirPathError(f"{call.base.name!r} cannot be taken of a computed value.", where=context.what)
        element = parent.shape.element(call.base.name)
        if element.choices or element == elements.UNKNOWN:
            return _choice(e, parent, call.base.name, kind, element)
    base = e.compile(call.base, context)
    if base is EMPTY or base.type == kind or (base.type is None and base.shape is None):
        return base
    if base.type is not None:
        return EMPTY
    # A contained resource, or an item of a Bundle: told apart by what it says it is.
    chosen = e.names.keep(base, lambda one: f"{_text_of(e, one, 'resourceType')} = {quote(kind)}")
    return chosen


def _text_of(e: Expressions, one: Value, name: str) -> str:
    return single(e.member(one, name), name).text()


def _choice(e: Expressions, parent: Value, name: str, kind: str, element: elements.Element) -> Value:
    """`name[x]` of one type: the JSON member is called after the type."""
    if element.choices and element.choices != ("?",) and kind not in element.choices:
        return EMPTY
    key = name + kind[0].upper() + kind[1:]
    found = elements.Element(kind, False) if element == elements.UNKNOWN else None

    def take(one: Value) -> Value:
        if one.shape is None or found is None:
            return e.member(one, key)
        return e.field(one, key, one.shape.member(key, found))

    return e.names.each(parent, take)


FUNCTIONS["as"] = FUNCTIONS["ofType"]


@_function("is", 1)
def _is(e: Expressions, call: fp.Call, context: Context) -> Value:
    base = e.compile(call.base, context) if not isinstance(call.base, fp.Member) else None
    if base is not None and base.type is not None:
        answer = "true" if base.type == _type_name(call.arguments[0], context) else "false"
        return boolean(f"CASE WHEN {exists(base)} THEN {answer} END")
    return boolean(exists(_of_type(e, call, context)))


@_function("getResourceKey", 0)
def _get_resource_key(e: Expressions, call: fp.Call, context: Context) -> Value:
    return replace(single(e.compile(fp.Member(call.base, "id"), context), context.what), type="string")


@_function("getReferenceKey", 0, 1)
def _get_reference_key(e: Expressions, call: fp.Call, context: Context) -> Value:
    """The id in a literal reference (`Patient/7`, absolute or with a version), `urn:` references whole."""
    kind = _type_name(call.arguments[0], context) if call.arguments else ""
    references = e.compile(fp.Member(call.base, "reference"), context)

    def key(one: Value) -> Value:
        text = one.text()
        pattern = rf"'(?:^|/){kind or '[A-Za-z]+'}/([^/#]+)(?:/_history/[^/]*)?$'"
        general = f"nullif(regexp_extract({text}, {pattern}, 1), '')"
        if kind:
            plain = f"starts_with({text}, {quote(kind + '/')}) AND NOT contains({text}, '/_history/')"
            return Value(f"CASE WHEN {plain} THEN substr({text}, {len(kind) + 2}) ELSE {general} END", "string")
        return Value(f"CASE WHEN starts_with({text}, 'urn:') THEN {text} ELSE {general} END", "string")

    return e.names.each(references, key)


@_function("join", 0, 1)
def _join(e: Expressions, call: fp.Call, context: Context) -> Value:
    texts = e.names.each(e.compile(call.base, context), lambda one: Value(one.text(), "string"))
    mark = single(e.compile(call.arguments[0], context), context.what).text() if call.arguments else "''"
    if not texts.many:
        return replace(texts, sql=f"coalesce({texts.resolved()}, '')", guard="")
    return Value(f"coalesce(array_to_string({texts.resolved()}, {mark}), '')", "string")


def _boundary(high: bool) -> _Run:
    def run(e: Expressions, call: fp.Call, context: Context) -> Value:
        base = single(e.compile(call.base, context), context.what)
        kind = {"instant": "dateTime", "integer": "decimal"}.get(base.type or "", base.type or "")
        if kind not in ("date", "dateTime", "time", "decimal"):
            raise FhirPathError(
                f"{call.name}() needs a date, dateTime, time or decimal whose type is known.",
                where=context.what,
                todo="Say which with .ofType(...).",
            )
        if kind == "decimal":
            base.json()  # the written precision counts
        return Value(times.boundary(kind, base.text(), high=high), kind, guard=base.guard)

    return run


FUNCTIONS["lowBoundary"] = Function((0,), _boundary(high=False))
FUNCTIONS["highBoundary"] = Function((0,), _boundary(high=True))


def _on_text(template: str, kind: str) -> _Run:
    """A function of one text and texts or numbers: `{0}` is the base."""

    def run(e: Expressions, call: fp.Call, context: Context) -> Value:
        base = single(e.compile(call.base, context), context.what)
        rest = [single(e.compile(argument, context), context.what).text() for argument in call.arguments]
        return Value(template.format(base.text(), *rest), kind, guard=base.guard)

    return run


def _to_number(native: str, kind: str) -> _Run:
    """A text as a number, no value where it is none; true and false are 1 and 0."""

    def run(e: Expressions, call: fp.Call, context: Context) -> Value:
        base = single(e.compile(call.base, context), context.what)
        via = "CAST({0} AS {1})" if base.type == "boolean" else "TRY_CAST({0} AS {1})"
        source = base.typed("BOOLEAN") if base.type == "boolean" else base.text()
        return Value(via.format(source, native), kind, guard=base.guard)

    return run


FUNCTIONS.update(
    {
        "startsWith": Function((1,), _on_text("starts_with({0}, {1})", "boolean")),
        "endsWith": Function((1,), _on_text("ends_with({0}, {1})", "boolean")),
        "contains": Function((1,), _on_text("contains({0}, {1})", "boolean")),
        "matches": Function((1,), _on_text("regexp_matches({0}, {1})", "boolean")),
        "upper": Function((0,), _on_text("upper({0})", "string")),
        "lower": Function((0,), _on_text("lower({0})", "string")),
        "trim": Function((0,), _on_text("trim({0})", "string")),
        "length": Function((0,), _on_text("CAST(length({0}) AS INTEGER)", "integer")),
        "toString": Function((0,), _on_text("{0}", "string")),
        "toInteger": Function((0,), _to_number("INTEGER", "integer")),
        "toDecimal": Function((0,), _to_number("DOUBLE", "decimal")),
        "replace": Function((2,), _on_text("replace({0}, {1}, {2})", "string")),
    }
)


@_function("substring", 1, 2)
def _substring(e: Expressions, call: fp.Call, context: Context) -> Value:
    base = single(e.compile(call.base, context), context.what)
    numbers = [single(e.compile(a, context), context.what).typed("INTEGER") for a in call.arguments]
    size = f", {numbers[1]}" if len(numbers) > 1 else ""
    return Value(f"substr({base.text()}, {numbers[0]} + 1{size})", "string", guard=base.guard)
