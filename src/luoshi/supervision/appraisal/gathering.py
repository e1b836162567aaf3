"""The values of a scheme for the divisions below an office, as they stand now or stood on an earlier month end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from luoshi.indicators import Catalogue, Indicator, pace
from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import refresh, results
from luoshi.platform.regions import queries as regions
from luoshi.supervision import sources
from luoshi.supervision.appraisal.computing import Chance, Input
from luoshi.supervision.appraisal.schemes import Item, Scheme

Column = Mapping[str, Input]


def gather(scheme: Scheme, *, division: str, on: date, scope: Scope) -> dict[str, dict[str, Input]]:
    """Division -> item -> value, for every division one step below. What has no value says why. Raises `Http404` outside
    the scope."""
    codes = list(regions.children(division, scope=scope, on=on).values_list("code", flat=True))
    columns = {item.id: _column(item, division, on, scope) for item in scheme.items}
    return {
        code: {name: column.get(code, Input(None, reason="no-data")) for name, column in columns.items()}
        for code in codes
    }


def chance_of(indicator: Indicator) -> Chance:
    """What the numbers of an indicator are: a share of people, events among people, or a figure without counts."""
    if indicator.kind == "ratio" and indicator.weight is None:
        return "share"
    return "count" if indicator.kind == "per-population" else "exact"


def _column(item: Item, division: str, on: date, scope: Scope) -> Column:
    return (
        _of_target(item, division, on, scope) if item.target is not None else _of_indicator(item, division, on, scope)
    )


def _of_indicator(item: Item, division: str, on: date, scope: Scope) -> Column:
    indicator = Catalogue.load().indicator(item.indicator)
    running = on >= min(results.data_until() or clock.today(), clock.today())
    period = results.current_period(indicator.id) if running else refresh.told_to_date(indicator.period, on)
    found = {}
    for value in results.children(indicator.id, period, scope=scope, division=division):
        found[value.division or ""] = Input(
            value.value,
            value.numerator,
            value.denominator,
            chance_of(indicator),
            value.reason if value.value is None else _stale(value.data_until, on),
            value.data_until.isoformat() if value.data_until else "",
        )
    return found


def _of_target(item: Item, division: str, on: date, scope: Scope) -> Column:
    assert item.target is not None
    known = Catalogue.load().indicators
    day = None if on >= clock.today() else on
    found = {}
    for code, standings in sources.get().below(scope=scope, division=division, targets=[item.target], on=day).items():
        for one in standings:
            indicator = known.get(one.promise.indicator)
            counted = indicator is not None and one.numerator is not None and one.denominator is not None
            found[code] = Input(
                one.value,
                one.numerator,
                one.denominator,
                chance_of(indicator) if indicator is not None and counted else "exact",
                (one.reason or "no-data") if one.value is None else _stale(one.data_until, on),
                one.data_until.isoformat() if one.data_until else "",
            )
    return found


def _stale(until: date | None, on: date) -> str:
    """`stale` for what was last heard of too long before the day, or never."""
    return "stale" if until is None or (on - until).days > pace.STALE_AFTER else ""
