"""The small language of conditions in the rules: `systolic >= 180 or danger_sign`, compiled once, safe to run.

Names are facts; a comparison with something unknown does not hold, `known(x)` asks whether it is known. Allowed are
comparisons, `and`, `or`, `not`, `in`, plus and minus, numbers, texts, `true` and `false`; everything else is an error
of the catalogue.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from luoshi.kernel.errors import CatalogError

Facts = Mapping[str, Any]
Condition = Callable[[Facts], bool]

_COMPARISONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)
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
            parts = [_node(value, text, names) for value in values]
            return lambda facts: _all([part(facts) for part in parts])
        case ast.BoolOp(op=ast.Or(), values=values):
            parts = [_node(value, text, names) for value in values]
            return lambda facts: _any([part(facts) for part in parts])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _node(operand, text, names)
            return lambda facts: None if (found := inner(facts)) is None else not found
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _node(operand, text, names)
            return lambda facts: None if (found := inner(facts)) is None else -found
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            first, second, sign = _node(left, text, names), _node(right, text, names), isinstance(op, ast.Add)
            return lambda facts: _sum(first(facts), second(facts), sign)
        case ast.Compare(left=left, ops=ops, comparators=others) if all(isinstance(op, _COMPARISONS) for op in ops):
            parts = [_node(part, text, names) for part in (left, *others)]
            return lambda facts: _compare(ops, [part(facts) for part in parts])
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


def _all(values: list[Any]) -> bool | None:
    if any(value is False for value in values):
        return False
    return True if all(value is True for value in values) else None


def _any(values: list[Any]) -> bool | None:
    if any(value is True for value in values):
        return True
    return False if all(value is False for value in values) else None


def _sum(first: Any, second: Any, add: bool) -> Any:
    if first is None or second is None:
        return None
    return first + second if add else first - second


def _compare(ops: list[ast.cmpop], values: list[Any]) -> bool | None:
    for op, left, right in zip(ops, values, values[1:], strict=False):
        if left is None or right is None:
            return None
        match op:
            case ast.Eq():
                found = left == right
            case ast.NotEq():
                found = left != right
            case ast.Lt():
                found = left < right
            case ast.LtE():
                found = left <= right
            case ast.Gt():
                found = left > right
            case ast.GtE():
                found = left >= right
            case ast.In():
                found = left in right
            case _:
                found = left not in right
        if not found:
            return False
    return True
