"""The small language of conditions in the rules: `systolic >= 180 or danger_sign`, compiled once, safe to run.

Names are facts; a comparison with something unknown does not hold, `known(x)` asks whether it is known. Allowed are
comparisons, `and`, `or`, `not`, `in`, plus and minus, numbers, texts, `true` and `false`; everything else is an error
of the catalogue.
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
    run = _node(tree, text, names)
    return (lambda facts: run(facts) is True), frozenset(names)


def holds(text: str, facts: Facts) -> bool:
    """Whether a condition holds for the facts; an empty one always does."""
    return not text or compiled(text)[0](facts)


def _node(node: ast.expr, text: str, names: set[str]) -> Callable[[Facts], Any]:
    """A function of the facts for one node; unknown is None, and stays unknown through comparisons (as in SQL)."""
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return _joined([_node(value, text, names) for value in values], False)
        case ast.BoolOp(op=ast.Or(), values=values):
            return _joined([_node(value, text, names) for value in values], True)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _node(operand, text, names)
            return lambda facts: None if (found := inner(facts)) is None else not found
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _node(operand, text, names)
            return lambda facts: None if (found := inner(facts)) is None else -found
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            first, second, sign = _node(left, text, names), _node(right, text, names), isinstance(op, ast.Add)
            return lambda facts: _sum(first(facts), second(facts), sign)
        case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARISONS for op in ops):
            parts = [_node(part, text, names) for part in (left, *others)]
            pairs = [
                _compared(_COMPARISONS[type(op)], one, two) for op, one, two in zip(ops, parts, parts[1:], strict=False)
            ]
            return pairs[0] if len(pairs) == 1 else _joined(pairs, False)
        case ast.Call(func=ast.Name(id="known"), args=[ast.Name(id=name)], keywords=[]):
            names.add(name)
            return lambda facts: facts.get(name) is not None
        case ast.Name(id=word) if word in _WORDS:
            return lambda facts: _WORDS[word]
        case ast.Name(id=name):
            names.add(name)
            return lambda facts: facts.get(name)
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return lambda facts: value
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            parts = [_node(element, text, names) for element in elements]
            return lambda facts: tuple(part(facts) for part in parts)
    raise CatalogError(
        f"{ast.unparse(node)!r} is not allowed in the condition {text!r}.",
        todo="Use comparisons, and, or, not, in, known(name).",
    )


def _joined(parts: Sequence[Part], decisive: bool) -> Part:
    """`and` (False decides) or `or` (True decides) of several, unknown where an unknown part might have decided."""

    def run(facts: Facts) -> Any:
        unknown = False
        for part in parts:
            found: bool | None = part(facts)
            if found is decisive:
                return decisive
            if found is None:
                unknown = True
        return None if unknown else not decisive

    return run


def _compared(operation: Callable[[Any, Any], Any], one: Part, two: Part) -> Part:
    def run(facts: Facts) -> bool | None:
        left, right = one(facts), two(facts)
        return None if left is None or right is None else bool(operation(left, right))

    return run


def _sum(first: Any, second: Any, add: bool) -> Any:
    if first is None or second is None:
        return None
    return first + second if add else first - second
