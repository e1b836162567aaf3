"""The language of conditions against three-valued logic written down once more, as SQL has it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.kernel.errors import CatalogError
from luoshi.services.visits.conditions import compiled, holds

NAMES = ("a", "b", "c")
NUMBERS = st.integers(-2, 2)
leaf = st.one_of(
    st.tuples(st.just("cmp"), st.sampled_from(NAMES), st.sampled_from((">=", "<", "==", "!=")), NUMBERS),
    st.tuples(st.just("both"), st.sampled_from(NAMES), st.sampled_from((">", "<=")), st.sampled_from(NAMES)),
    st.tuples(st.just("flag"), st.sampled_from(("p", "q"))),
    st.tuples(st.just("known"), st.sampled_from(NAMES)),
)
trees = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(("and", "or")), inner, inner),
        st.tuples(st.sampled_from(("and", "or")), inner, inner, inner),
    ),
    max_leaves=6,
)
facts = st.fixed_dictionaries(
    {name: st.none() | NUMBERS for name in NAMES} | {name: st.none() | st.booleans() for name in ("p", "q")}
)


def written(tree: Any) -> str:
    match tree:
        case ("cmp" | "both", left, sign, right):
            return f"{left} {sign} {right}"
        case ("flag", name):
            return str(name)
        case ("known", name):
            return f"known({name})"
        case ("not", inner):
            return f"not ({written(inner)})"
        case (word, *parts):
            return f" {word} ".join(f"({written(part)})" for part in parts)
    raise AssertionError(tree)


def meant(tree: Any, known: dict[str, Any]) -> bool | None:
    """True, False, or None for unknown."""
    match tree:
        case ("cmp" | "both", left, sign, right):
            one, two = known[left], known[right] if tree[0] == "both" else right
            if one is None or two is None:
                return None
            return {
                ">=": one >= two,
                "<": one < two,
                "==": one == two,
                "!=": one != two,
                ">": one > two,
                "<=": one <= two,
            }[sign]
        case ("flag", name):
            return known[name]
        case ("known", name):
            return known[name] is not None
        case ("not", inner):
            found = meant(inner, known)
            return None if found is None else not found
        case (word, *parts):
            several = [meant(part, known) for part in parts]
            decides = word == "or"
            if decides in several:
                return decides
            return None if None in several else not decides
    raise AssertionError(tree)


@given(trees, facts)
@settings(max_examples=300)
def test_it_holds_where_three_valued_logic_says_true(tree: Any, known: dict[str, Any]):
    text = written(tree)
    assert holds(text, known) is (meant(tree, known) is True)
    assert holds(f"not ({text})", known) is (meant(tree, known) is False)


def test_sums_chains_and_lists():
    assert holds("60 <= a < b + 10 and not (c in (1, 2))", {"a": 65, "b": 60, "c": 3})
    assert not holds("60 <= a < b + 10", {"a": 70, "b": 60})
    assert not holds("a < b - 1", {"a": 1})
    assert holds("", {})
    assert compiled("a + b > 1 or known(c)")[1] == {"a", "b", "c"}


@pytest.mark.parametrize("text", ["a.b > 1", "f(a)", "a if b else c", "a >", "a * 2 > 1", "known('a')"])
def test_what_the_language_has_not_is_refused(text: str):
    with pytest.raises(CatalogError):
        compiled(text)
