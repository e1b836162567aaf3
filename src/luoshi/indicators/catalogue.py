"""All definitions together, checked against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from luoshi.catalog.loader import CATALOG, read_entry
from luoshi.indicators.cohort import Cohort, Schedule, Shared, read_cohort, read_schedule, read_shared
from luoshi.indicators.definition import Indicator
from luoshi.indicators.expressions import parse_expression
from luoshi.indicators.parts import parts_of
from luoshi.kernel.errors import CatalogError, NotFound, nearest


@dataclass(frozen=True)
class Catalogue:
    """Cohorts, what they share, and indicators, each by its name; `parts` are what the methods among them are fed with, by
    id. Made by `load`, which checks everything."""

    cohorts: Mapping[str, Cohort]
    shared: Mapping[str, Shared]
    schedules: Mapping[str, Schedule]
    indicators: Mapping[str, Indicator]
    parts: Mapping[str, Indicator] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path = CATALOG) -> Catalogue:
        """Read and check a catalogue folder (by default the one we ship; kept in memory for the process).

        Raises `CatalogError` naming the file, what is wrong in it and the nearest right name.
        """
        return _load(folder)

    def indicator(self, name: str) -> Indicator:
        """The indicator (or part of one) of that id. Raises `NotFound` naming the nearest."""
        try:
            return self.indicators.get(name) or self.parts[name]
        except KeyError:
            raise NotFound(f"There is no indicator {name!r}.", todo=nearest(name, self.indicators)) from None

    def cohort_of(self, indicator: Indicator) -> Cohort:
        """The cohort of a computed indicator."""
        assert indicator.cohort is not None
        return self.cohorts[indicator.cohort]

    def computed(self, names: Iterable[str] | None = None) -> list[Indicator]:
        """What an engine has to add up for the indicators named, or for all: those that are sums over a cohort, and the
        parts of those that are a method."""
        chosen = self.indicators.values() if names is None else [self.indicator(name) for name in names]
        found: dict[str, Indicator] = {}
        for indicator in chosen:
            for summed in parts_of(indicator) or ((indicator,) if indicator.computed else ()):
                found[summed.id] = self.parts.get(summed.id, summed)
        return list(found.values())

    def measured(self, names: Iterable[str] | None = None) -> list[Indicator]:
        """The indicators that have a value computed from records or registers: those named, or all."""
        chosen = self.indicators.values() if names is None else [self.indicator(name) for name in names]
        return [indicator for indicator in chosen if indicator.computed]

    def sources(self, cohort: Cohort) -> frozenset[str]:
        """The lake tables a cohort reads, directly or through shared queries."""
        names: set[str] = set()
        todo = list(cohort.reads)
        while todo:
            name = todo.pop()
            if name in self.shared:
                todo.extend(self.shared[name].reads)
            elif name not in self.schedules:
                names.add(name)
        return frozenset(names)


@cache
def _load(folder: Path) -> Catalogue:
    cohort_folder = folder / "cohorts"
    schedules = {s.name: s for s in map(read_schedule, sorted((cohort_folder / "schedules").glob("*.yaml")))}
    shared = read_shared(cohort_folder / "shared", schedules)
    cohorts = {c.name: c for c in (read_cohort(p, shared, schedules) for p in sorted(cohort_folder.glob("*.yaml")))}
    indicators: dict[str, Indicator] = {}
    for path in sorted((folder / "indicators").rglob("*.yaml")):
        indicator = read_entry(path, Indicator)
        if indicator.id != path.stem:
            raise CatalogError(f"the file is called {path.stem!r} and the indicator {indicator.id!r}.", where=str(path))
        if indicator.id in indicators:
            raise CatalogError(f"the id {indicator.id!r} is used twice.", where=str(path))
        check_indicator(indicator, cohorts, where=str(path))
        indicators[indicator.id] = indicator
    parts = {part.id: part for indicator in indicators.values() for part in parts_of(indicator)}
    return Catalogue(cohorts, shared, schedules, indicators, parts)


def check_indicator(indicator: Indicator, cohorts: Mapping[str, Cohort], *, where: str) -> None:
    """Check that the cohort exists and that every expression and every `{placeholder}` names a column of it."""
    if indicator.cohort is None:
        return
    if indicator.cohort not in cohorts:
        raise CatalogError(
            f"unknown cohort {indicator.cohort!r}.", where=where, todo=nearest(indicator.cohort, cohorts)
        )
    columns = cohorts[indicator.cohort].types
    if indicator.kind == "method":
        _check_method(indicator, where)
        for part in parts_of(indicator):
            parse_expression(part.numerator or "", columns, where=f"{where}: {part.id}")
            parse_expression(part.denominator or "", columns, where=f"{where}: {part.id}")
    for key in ("population", "numerator", "denominator", "weight"):
        if (text := getattr(indicator, key)) is not None:
            parse_expression(text, columns, where=f"{where}: {key}")
    for reason in (*indicator.not_counted, *indicator.counted):
        parse_expression(reason.when, columns, where=f"{where}: when")
        for words in (reason.say, reason.say_en):
            for name in _placeholders(words, where):
                if name not in columns:
                    raise CatalogError(f"{words!r} names no column {name!r}.", where=where, todo=nearest(name, columns))


def _check_method(indicator: Indicator, where: str) -> None:
    from luoshi.indicators.methods.names import METHODS

    if indicator.method not in METHODS:
        raise CatalogError(
            f"unknown method {indicator.method!r}.", where=where, todo=nearest(indicator.method or "", METHODS)
        )
    wanted = METHODS[indicator.method]
    names = tuple(part.name for part in indicator.parts) or tuple(
        str(value) for value in (indicator.groups.values if indicator.groups else ())
    )
    if wanted.parts and names != wanted.parts:
        raise CatalogError(f"the method {indicator.method!r} wants the parts {', '.join(wanted.parts)}.", where=where)
    for name in indicator.parameters:
        if name not in wanted.parameters:
            raise CatalogError(
                f"the method {indicator.method!r} has no parameter {name!r}.", where=where,
                todo=nearest(name, wanted.parameters),
            )  # fmt: skip


def _placeholders(words: str, where: str) -> list[str]:
    from string import Formatter

    try:
        return [field for _, field, _, _ in Formatter().parse(words) if field is not None]
    except ValueError as error:
        raise CatalogError(f"the braces of {words!r} do not close.", where=where) from error
