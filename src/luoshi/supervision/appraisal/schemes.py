"""A scheme as data: what is scored, with what weight, how points are given, how they become one number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from luoshi.catalog.loader import Entry, files, parse_entry, parse_yaml, read_entry
from luoshi.indicators import Catalogue
from luoshi.kernel.errors import CatalogError, NotFound, nearest

Composition = Literal["weighted-sum", "entropy", "topsis"]


class Step(Entry):
    """From `at` on (to it, where less is better; the number itself included) the item gets `share` of its points."""

    at: float
    share: float = Field(ge=0, le=2)


class Scoring(Entry):
    """How a value becomes a share of the item's points.

    `linear`: `base` at `zero`, everything at `full`, in between in proportion, beyond `full` up to `cap`; `stepped`: the
    best step reached, nothing before the first; `full-or-none`: everything at `full`, else nothing.
    """

    kind: Literal["linear", "stepped", "full-or-none"]
    full: float | None = None
    zero: float | None = None
    base: float = Field(default=0.0, ge=0, lt=1)
    steps: tuple[Step, ...] = ()
    cap: float = Field(default=1.0, ge=1, le=2)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "linear" and (self.full is None or self.zero is None or self.full == self.zero):
            raise ValueError("linear scoring needs `zero` and `full`, and they differ")
        if self.kind == "full-or-none" and self.full is None:
            raise ValueError("full-or-none scoring needs `full`")
        if (self.kind == "stepped") != bool(self.steps):
            raise ValueError("stepped scoring, and only it, has `steps`")
        return self


class Item(Entry):
    """One line of the score sheet: measured by an `indicator` of the catalogue or by a confirmed `target`."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str = Field(min_length=2)
    name_en: str = Field(min_length=2)
    indicator: str = ""
    target: int | None = None
    weight: float = Field(gt=0)
    better: Literal["higher", "lower"] = "higher"
    unit: str = "%"
    scoring: Scoring

    @model_validator(mode="after")
    def _measured_once(self) -> Self:
        if bool(self.indicator) == (self.target is not None):
            raise ValueError("an item is measured by exactly one of `indicator` and `target`")
        scoring = self.scoring
        if scoring.kind == "linear" and scoring.full is not None and scoring.zero is not None:
            rises = scoring.full > scoring.zero
            if rises != (self.better == "higher"):
                raise ValueError("`full` must lie on the better side of `zero`")
        return self


class Scheme(Entry):
    """One scheme. `total` is the score of full marks; `smallest` the fewest people below which a share or rate is not
    scored; `coverage` the least share of the weight that must be scored for a division to get a total."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str = Field(min_length=2)
    name_en: str = Field(min_length=2)
    composition: Composition
    total: float = Field(default=100, gt=0)
    decimals: int = Field(default=2, ge=0, le=4)
    smallest: float = Field(default=20, ge=1)
    coverage: float = Field(default=0.8, gt=0, le=1)
    valid_from: date
    source: str
    confidence: Literal["high", "medium", "low"]
    items: tuple[Item, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _items_once(self) -> Self:
        names = [item.id for item in self.items]
        if len(names) != len(set(names)):
            raise ValueError("two items have the same id")
        return self

    def item(self, name: str) -> Item:
        """The item of that id. Raises `NotFound` naming the nearest."""
        for item in self.items:
            if item.id == name:
                return item
        raise NotFound(f"there is no item {name!r}.", where=self.id, todo=nearest(name, [i.id for i in self.items]))

    @property
    def beyond(self) -> bool:
        """Whether more than full marks can be had, for what is done beyond its promise."""
        return self.composition != "topsis" and any(item.scoring.cap > 1 for item in self.items)

    @property
    def weight(self) -> float:
        """The sum of all weights."""
        return sum(item.weight for item in self.items)


def checked(data: Any, *, where: str) -> Scheme:
    """Plain data as a scheme whose indicators exist and go in the direction their definition says. Raises
    `CatalogError` naming the place."""
    scheme = parse_entry(data, Scheme, where=where)
    known = Catalogue.load().indicators
    for item in scheme.items:
        if not item.indicator:
            continue
        if item.indicator not in known:
            raise CatalogError(
                f"items.{item.id}: there is no indicator {item.indicator!r}. {nearest(item.indicator, known)}".rstrip(),
                where=where,
            )
        better = known[item.indicator].better
        if better in ("higher", "lower") and better != item.better:
            raise CatalogError(f"items.{item.id}: of {item.indicator} {better} is better.", where=where)
    return scheme


def from_yaml(text: str, *, where: str) -> Scheme:
    """A scheme somebody typed. Raises `CatalogError` naming line or key."""
    return checked(parse_yaml(text, where=where), where=where)


def to_yaml(scheme: Scheme) -> str:
    """The scheme as the text an office edits; what has its default is left out."""
    plain = scheme.model_dump(mode="json", exclude_defaults=True)
    plain["valid_from"] = scheme.valid_from
    return str(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=120))


@cache
def shipped() -> Mapping[str, Scheme]:
    """The schemes of `catalog/rules/appraisal/`, by id. Raises `CatalogError` for a wrong one."""
    found: dict[str, Scheme] = {}
    for path in files("rules/appraisal"):
        scheme = checked(read_entry(path, Scheme).model_dump(), where=str(path))
        if scheme.id != path.stem:
            raise CatalogError("`id` must be the name of the file.", where=str(path))
        found[scheme.id] = scheme
    return found
