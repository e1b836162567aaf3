"""The small language of conditions in the rules: `systolic >= 180 or danger_sign`, compiled once, safe to run.

Names are facts; a comparison with something unknown does not hold, nor does its `not` (as in SQL); `known(x)` asks whether
it is known. Allowed are comparisons, `and`, `or`, `not`, `in`, plus and minus, numbers, texts, `true` and `false`;
everything else is an error of the catalogue.

A condition becomes two functions of the facts: one that says whether it is true, one that says whether it is false. Unknown
is neither, so no third value has to be carried; lists of thousands of patients run them a hundred thousand times.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from luoshi.kernel.errors import CatalogError

Facts = Mapping[str, Any]
Condition = Callable[[Facts], bool]
Part = Callable[[Facts], Any]
Both = tuple[Condition, Condition]  # whether it is true, whether it is false

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, two: one in two,
    ast.NotIn: lambda one, two: one not in two,
}
_WORDS = {"true": True, "false": False}


@cache
def compiled(text: str) -> tuple[Condition, frozenset[str]]:
    """The condition and the names it asks about. Raises `CatalogError` for what the language does not have."""
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise CatalogError(f"the condition {text!r} cannot be read.", todo="Write it like systolic >= 140.") from error
    names: set[str] = set()
    true, _false = _condition(tree, text, names)
    return true, frozenset(names)


def holds(text: str, facts: Facts) -> bool:
    """Whether a condition holds for the facts; an empty one always does."""
    return not text or compiled(text)[0](facts)


def _condition(node: ast.expr, text: str, names: set[str]) -> Both:
    """When a node is true, and when it is false."""
    match node:
        case ast.BoolOp(op=op, values=values):
            both = [_condition(value, text, names) for value in values]
            true, false = [one for one, _ in both], [other for _, other in both]
            return (_all(true), _any(false)) if isinstance(op, ast.And) else (_any(true), _all(false))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            one, other = _condition(operand, text, names)
            return other, one
        case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARISONS for op in ops):
            pairs = [
                _compared(_COMPARISONS[type(op)], first, second, text, names)
                for op, first, second in zip(ops, (left, *others), others, strict=False)
            ]
            return pairs[0] if len(pairs) == 1 else (_all([t for t, _ in pairs]), _any([f for _, f in pairs]))
        case ast.Call(func=ast.Name(id="known"), args=[ast.Name(id=name)], keywords=[]):
            names.add(name)
            return (lambda facts: facts.get(name) is not None), (lambda facts: facts.get(name) is None)
        case _:
            value = _value(node, text, names)
            return (lambda facts: bool(value(facts))), (lambda facts: (v := value(facts)) is not None and not v)


def _value(node: ast.expr, text: str, names: set[str]) -> Part:
    """What a node is worth; None where that is unknown."""
    match node:
        case ast.Name(id=word) if word in _WORDS:
            return lambda facts: _WORDS[word]
        case ast.Name(id=name):
            names.add(name)
            return lambda facts: facts.get(name)
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return lambda facts: value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _value(operand, text, names)
            return lambda facts: None if (found := inner(facts)) is None else -found
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            first, second, sign = _value(left, text, names), _value(right, text, names), isinstance(op, ast.Add)
            return lambda facts: _sum(first(facts), second(facts), sign)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            parts = [_value(element, text, names) for element in elements]
            return lambda facts: tuple(part(facts) for part in parts)
    raise CatalogError(
        f"{ast.unparse(node)!r} is not allowed in the condition {text!r}.",
        todo="Use comparisons, and, or, not, in, known(name).",
    )


def _compared(operation: Callable[[Any, Any], Any], one: ast.expr, two: ast.expr, text: str, names: set[str]) -> Both:
    """A comparison; a fact against a number or text, what nearly all of them are, without a detour."""
    left, right = _value(one, text, names), _value(two, text, names)
    match one, two:
        case ast.Name(id=name), ast.Constant(value=bound) if name not in _WORDS:
            return (
                lambda facts: (v := facts.get(name)) is not None and operation(v, bound),
                lambda facts: (v := facts.get(name)) is not None and not operation(v, bound),
            )
    return (
        lambda facts: (v := left(facts)) is not None and (w := right(facts)) is not None and operation(v, w),
        lambda facts: (v := left(facts)) is not None and (w := right(facts)) is not None and not operation(v, w),
    )


def _all(parts: Sequence[Condition]) -> Condition:
    first, *rest = parts
    if not rest:
        return first
    following = _all(rest)
    return lambda facts: first(facts) and following(facts)


def _any(parts: Sequence[Condition]) -> Condition:
    first, *rest = parts
    if not rest:
        return first
    following = _any(rest)
    return lambda facts: first(facts) or following(facts)


def _sum(first: Any, second: Any, add: bool) -> Any:
    if first is None or second is None:
        return None
    return first + second if add else first - second
