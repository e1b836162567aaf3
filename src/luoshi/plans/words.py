"""The words around a number, from `catalog/vocabulary/promise_words.yaml`, made into patterns once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from pydantic import Field

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.kernel.comparator import Op


class Comparators(Entry):
    """Words before a number by what they compare."""

    at_least: list[str] = Field(alias="at-least")
    at_most: list[str] = Field(alias="at-most")
    more_than: list[str] = Field(alias="more-than")
    less_than: list[str] = Field(alias="less-than")


class Reaching(Entry):
    """Verbs that end on the value; `cap` bounds it from above."""

    plain: list[str]
    up: list[str]
    down: list[str]
    hold: list[str]
    cap: list[str]


class Change(Entry):
    """Verbs followed by a difference."""

    up: list[str]
    down: list[str]


class Delivering(Entry):
    """Verbs that promise the thing counted; the weak ones need figures in digits; `nounish` ones are
    verbs only where a phrase begins with them."""

    strong: list[str]
    weak: list[str]
    nounish: list[str]


class Force(Entry):
    """How firmly a promise is made, by the words that say so."""

    binding: list[str]
    expected: list[str]
    strive: list[str]
    in_principle: list[str] = Field(alias="in-principle")


class PromiseWords(Entry):
    """The whole file. Lists inside lists are flattened; they exist so that YAML stays readable."""

    comparators: Comparators
    about: list[str]
    reaching: Reaching
    change: Change
    delivering: Delivering
    continuing: list[list[str]]
    past: list[list[str]]
    advice: list[list[str]]
    limits: list[list[str]]
    force: Force
    approximate: list[str]


def alternatives(words: Iterable[str]) -> str:
    """A regular-expression alternation, longest first."""
    return "|".join(re.escape(w) for w in sorted(set(words), key=lambda w: (-len(w), w)))


@dataclass(frozen=True)
class Patterns:
    """Compiled forms of the vocabulary. `comparator` ends at the number."""

    comparator: re.Pattern[str]
    reaching: dict[str, str]
    compare: dict[str, Op]
    change: re.Pattern[str]
    verbs: re.Pattern[str]
    strong: frozenset[str]
    weak: frozenset[str]
    nounish: frozenset[str]
    continuing: frozenset[str]
    past: re.Pattern[str]
    advice: re.Pattern[str]
    limits: re.Pattern[str]
    strive: re.Pattern[str]
    in_principle: re.Pattern[str]
    lead: re.Pattern[str]


_ADVERBS = (
    r"(?:分别|均|都|各|总体|平均|基本|力争|每年|每月|每季度|每人|每生|每例|每床|年均|原则上|应当|应|要|须|将|稳步|全部|"
    r"也|累计|合计|共|全年|年内|逐年|逐步)"
)


@cache
def patterns() -> Patterns:
    """The vocabulary as patterns, read once. Raises `CatalogError` when the file is wrong."""
    words = read_entry(CATALOG / "vocabulary" / "promise_words.yaml", PromiseWords)
    compare: dict[str, Op] = {}
    for group, op in (
        (words.comparators.at_least, ">="),
        (words.comparators.at_most, "<="),
        (words.comparators.more_than, ">"),
        (words.comparators.less_than, "<"),
    ):
        compare.update(dict.fromkeys(group, op))  # type: ignore[arg-type]
    reaching = {word: kind for kind in ("plain", "up", "down", "hold", "cap") for word in getattr(words.reaching, kind)}
    reach, cmp_, about = alternatives(reaching), alternatives(compare), alternatives(words.about)
    strong, weak = frozenset(words.delivering.strong), frozenset(words.delivering.weak)
    continuing = frozenset(w for group in words.continuing for w in group) - strong
    flat = {name: [w for group in getattr(words, name) for w in group] for name in ("past", "advice", "limits")}
    return Patterns(
        comparator=re.compile(
            rf"(?:(?P<verb>{reach})(?:了)?)?(?P<adverb>{_ADVERBS}*)(?P<compare>{cmp_})?(?P<about>{about})?"
            rf"(?P<tail>(?:分别|全国|全省|全市)?(?:前)?)(?:(?:19|20)\d{{2}}年(?:底|末)?的)?[“\"]?$"
        ),
        reaching=reaching,
        compare=compare,
        change=re.compile(
            rf"(?P<verb>{alternatives([*words.change.up, *words.change.down])})(?:了|幅度|率)?"
            rf"(?P<compare>{cmp_})?(?P<about>{about})?(?P<reach>达到|达|为)?(?P<compare2>{cmp_})?$"
        ),
        verbs=re.compile(alternatives([*strong, *weak, *continuing])),
        strong=strong,
        weak=weak,
        nounish=frozenset(words.delivering.nounish),
        continuing=continuing,
        past=re.compile(alternatives(flat["past"])),
        advice=re.compile(alternatives(flat["advice"])),
        limits=re.compile(rf"(?:{alternatives(flat['limits'])})(?:{cmp_}|{about}|为|达到?|在)?$"),
        strive=re.compile(alternatives(words.force.strive[:-1])),
        in_principle=re.compile(alternatives(words.force.in_principle)),
        lead=re.compile(
            r"^(?:[、，和与及以并且或]|以及|其中|同时|另外|此外|通过|进一步|持续|继续|不断|全面|加快|着力|大力|积极|稳步|深入|切实|有序|"
            r"力争|争取|努力|确保|实现|推动|推进|促进|使|让|力求|保证|保障|到|至|达到|将|把|对|要|应|须|由|各地|年内|全年|年底前?|原则上)+"
        ),
    )
