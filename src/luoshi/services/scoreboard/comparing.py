"""Units of one place held against each other on one promise: the ranking with its uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from luoshi.indicators import Catalogue, Indicator
from luoshi.indicators.ranking import SMALLEST, Kind, Ranked, Unit, rank
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.results import Value
from luoshi.services.plan_desk.public import BoundTarget
from luoshi.services.scoreboard import measuring
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rules import Standing


def ranked(
    target: BoundTarget, *, at: Place, scope: Scope, institutions: bool = False, leaving: bool = False
) -> Sequence[Ranked]:
    """The divisions directly below a place, or its institutions, best first; `unit.name` is the code. Those whose
    data are missing, out of date or too few come last, without a rank. Empty for what is not computed. `leaving`: for
    a file, without small numbers."""
    if institutions:
        found = measuring.institutions(target, at=at, scope=scope)
    else:
        found = measuring.children(target, at=at, scope=scope)
    if not found:
        return ()
    if leaving:
        found = measuring.fit_to_leave(target, measuring.value_at(target, at, scope), found)
    indicator = Catalogue.load().indicator(target.indicator)
    change = target.kind == "change"
    kind = "exact" if change else _kind(indicator)
    better: Literal["higher", "lower"] = "lower" if indicator.better == "lower" and not change else "higher"
    units = [_unit(value, standing, kind) for value, standing in found]
    return rank(units, kind=kind, better=better, smallest=max(SMALLEST, indicator.suppress_below or 0))


def _kind(indicator: Indicator) -> Kind:
    """What the numbers are: a share of people, events among people, or a figure without counts of people."""
    if indicator.kind == "ratio" and indicator.weight is None:
        return "share"
    return "count" if indicator.kind == "per-population" else "exact"


def _unit(value: Value, standing: Standing, kind: Kind) -> Unit:
    silent = "stale" if standing.stale and value.value is not None else ""
    if kind == "share" and value.numerator is not None and value.denominator and value.numerator > value.denominator:
        silent = "disagreeing"
    return Unit(value.division or value.institution or "", value.numerator, value.denominator, value.value, silent)
