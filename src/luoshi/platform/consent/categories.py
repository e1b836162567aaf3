"""Which categories a resource falls into: read from its codes, labels and words, and from what it belongs to. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from luoshi.catalog.loader import CATALOG, Entry, read_entry
from luoshi.kernel.errors import CatalogError

FILE = CATALOG / "rules" / "record-categories.yaml"
CATEGORY_SYSTEM = "urn:luoshi:cn:code:record-category"
Resource = Mapping[str, Any]
Name = tuple[str, str]  # type and id

# What belongs to a visit, a programme or another record is as secret as that.
_CARRIERS = (
    "encounter",
    "context",
    "episodeOfCare",
    "partOf",
    "focus",
    "basedOn",
    "derivedFrom",
    "hasMember",
    "result",
)
_RANGE = re.compile(r"([A-Z]\d\d)-([A-Z]\d\d)")
_RENAMED = re.compile(r"s\d+-(.+)")
_SPOKEN = ("text", "display", "title", "valueString", "div")


class Category(Entry):
    """One kind of record. `codes` by system; `cohorts`: those whose members are known to have such records."""

    name: str
    name_en: str
    plain: str
    plain_en: str
    open: bool
    family: bool = True
    rest: bool = False
    codes: dict[str, tuple[str, ...]] = {}
    words: tuple[str, ...] = ()
    cohorts: tuple[str, ...] = ()


class Purpose(Entry):
    """Why somebody looks. `duty`: categories that the law lets them see whatever was chosen."""

    name: str
    name_en: str
    roles: tuple[str, ...]
    duty: tuple[str, ...] = ()
    source: str = ""


class Reason(Entry):
    """A kind of emergency."""

    name: str
    name_en: str


class BreakGlassRules(Entry):
    """How long and why one may break glass; `least_reason` in characters."""

    hours: tuple[int, ...]
    least_reason: int
    reasons: dict[str, Reason]


class DisputeRules(Entry):
    """When an answer is due."""

    answer_within_days: int
    confidence: str


class GuardianRules(Entry):
    """Ages of the child in completed years."""

    full_until: int
    ends_at: int


class Reviewed(Entry):
    """Who looked over the file, and when again."""

    by: str | None
    on: str | None
    next: str | None


class Book(Entry):
    """`catalog/rules/record-categories.yaml`."""

    source: str
    confidence: str
    reviewed: Reviewed
    systems: dict[str, tuple[str, ...]]
    categories: dict[str, Category]
    purposes: dict[str, Purpose]
    break_glass: BreakGlassRules
    disputes: DisputeRules
    guardians: GuardianRules

    @cached_property
    def rest(self) -> str:
        """The category of what falls into no other."""
        return next(name for name, category in self.categories.items() if category.rest)

    @cached_property
    def closed(self) -> tuple[str, ...]:
        """Categories that are closed where the resident chose nothing."""
        return tuple(name for name, category in self.categories.items() if not category.open)

    def purpose_of(self, roles: Iterable[str]) -> str:
        """The purpose of somebody with these roles: the first of the file that names one of them, else the last."""
        held = set(roles)
        return next((name for name, p in self.purposes.items() if held & set(p.roles)), list(self.purposes)[-1])


@cache
def book() -> Book:
    """The file, read once. Raises `CatalogError` when it names a system or category that it does not declare."""
    found = read_entry(FILE, Book)
    if [category.rest for category in found.categories.values()].count(True) != 1:
        raise CatalogError("exactly one category must be `rest`.", where=str(FILE))
    for name, category in found.categories.items():
        if unknown := set(category.codes) - set(found.systems):
            raise CatalogError(f"category {name} uses the unknown system {min(unknown)!r}.", where=str(FILE))
    for name, purpose in found.purposes.items():
        if unknown := set(purpose.duty) - set(found.categories):
            raise CatalogError(f"purpose {name} names the unknown category {min(unknown)!r}.", where=str(FILE))
    return found


@dataclass(frozen=True)
class _Lookup:
    """The codes of the file turned round: what a code means. `prefixes`: for classifications with a hierarchy."""

    exact: dict[tuple[str, str], frozenset[str]]
    blocks: dict[str, dict[str, frozenset[str]]]
    words: tuple[tuple[str, str], ...]


@cache
def _lookup() -> _Lookup:
    exact: dict[tuple[str, str], set[str]] = {}
    blocks: dict[str, dict[str, set[str]]] = {}
    for name, category in book().categories.items():
        # A consent that names a category tells something of it too.
        exact[CATEGORY_SYSTEM, name] = {name}
        for system, codes in category.codes.items():
            for url in book().systems[system]:
                for code in (one for text in codes for one in _spread(text)):
                    if system in ("icd", "atc"):
                        blocks.setdefault(url, {}).setdefault(code, set()).add(name)
                    else:
                        exact.setdefault((url, code), set()).add(name)
    return _Lookup(
        {key: frozenset(names) for key, names in exact.items()},
        {url: {code: frozenset(names) for code, names in found.items()} for url, found in blocks.items()},
        tuple((word.casefold(), name) for name, category in book().categories.items() for word in category.words),
    )


def _spread(text: str) -> list[str]:
    """`B20-B24` as its five categories; any other text as it is."""
    match = _RANGE.fullmatch(text)
    if match is None:
        return [text]
    first, last = match[1], match[2]
    letters = [chr(n) for n in range(ord(first[0]), ord(last[0]) + 1)]
    return [c for c in (f"{a}{n:02}" for a in letters for n in range(100)) if first <= c <= last]


@dataclass(slots=True)
class Reading:
    """What a resource says by itself: categories, institutions it names, and what it belongs to."""

    categories: set[str]
    institutions: set[str]
    carriers: set[Name]


def read(resource: Resource) -> Reading:
    """Categories by the codes, labels and words of a resource, without what it belongs to."""
    found = Reading(set(), set(), set())
    _walk(resource, found, _lookup())
    for key in _CARRIERS:
        _references(resource.get(key), found.carriers)
    return found


def _walk(value: Any, found: Reading, lookup: _Lookup) -> None:
    if isinstance(value, list):
        for item in value:
            _walk(item, found, lookup)
        return
    if not isinstance(value, Mapping):
        return
    system, code = value.get("system"), value.get("code")
    if isinstance(system, str) and isinstance(code, str):
        found.categories |= lookup.exact.get((system, code), frozenset())
        blocks = lookup.blocks.get(system)
        if blocks:
            for end in range(3, len(code) + 1):
                found.categories |= blocks.get(code[:end].upper(), frozenset())
    reference = value.get("reference")
    if isinstance(reference, str) and "Organization/" in reference:
        found.institutions.add(reference.rpartition("Organization/")[2].partition("/")[0])
    for key, item in value.items():
        if isinstance(item, str):
            if key in _SPOKEN:
                spoken = item.casefold()
                found.categories.update(name for word, name in lookup.words if word in spoken)
        else:
            _walk(item, found, lookup)


def _references(value: Any, names: set[Name]) -> None:
    if isinstance(value, list):
        for item in value:
            _references(item, names)
    elif isinstance(value, Mapping):
        text = value.get("reference")
        if isinstance(text, str):
            parts = text.partition("/_history")[0].rsplit("/", 2)[-2:]
            if len(parts) == 2:
                names.add((parts[0], parts[1]))
        else:
            for item in value.values():
                _references(item, names)


def keys(name: Name) -> tuple[Name, ...]:
    """The names under which others may refer to a resource: its id here, and the one its sender gave it."""
    match = _RENAMED.fullmatch(name[1])
    return (name, (name[0], match[1])) if match else (name,)


def of_all(resources: Mapping[Name, Resource]) -> dict[Name, tuple[frozenset[str], frozenset[str]]]:
    """Categories and institutions of each of a person's resources, with those of what they belong to.

    What falls into no category is in the one that is `rest`.
    """
    readings = {name: read(resource) for name, resource in resources.items()}
    by_key = {key: reading for name, reading in readings.items() for key in keys(name)}
    rest = frozenset({book().rest})
    found = {}
    for name, reading in readings.items():
        categories, institutions = set(reading.categories), set(reading.institutions)
        seen: set[Name] = set()
        waiting = list(reading.carriers)
        while waiting:
            carrier = waiting.pop()
            above = by_key.get(carrier)
            if carrier in seen or above is None:
                continue
            seen.add(carrier)
            categories |= above.categories
            institutions |= above.institutions
            waiting.extend(above.carriers)
        found[name] = (frozenset(categories) or rest, frozenset(institutions))
    return found


def of_cohort(cohort: str) -> frozenset[str]:
    """Categories that being a member of a cohort tells; empty where it tells none that is closed to anybody."""
    return frozenset(name for name, category in book().categories.items() if cohort in category.cohorts)
