"""Values for any period: from the results in place where they were made, else evaluated now over the lake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from django.conf import settings

from luoshi.engines import LakeDirectory, engine
from luoshi.indicators import Catalogue, Indicator
from luoshi.indicators.parts import measured
from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.period import Period
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import results
from luoshi.platform.lake.results import Value
from luoshi.platform.regions import queries as regions


def values(
    indicator: Indicator, period: Period, *, scope: Scope, division: str, by: Literal["child", "institution"]
) -> tuple[Value, Sequence[Value]]:
    """The value of a division, and of each division directly below it (or of each institution in it).

    Raises `Http404` outside the scope, `InvalidValue` for a period the records do not reach.
    """
    if not indicator.computed or any(known.label == period.label for known in results.evaluated(indicator.id)):
        here = results.value(indicator.id, period, scope=scope, division=division)
        listed = results.institutions if by == "institution" else results.children
        return here, listed(indicator.id, period, scope=scope, division=division)
    found = at_places(indicator, period, _places(scope, division, by))
    if by == "institution":
        return found[0], [value for value in found[1:] if value.denominator or value.numerator]
    return found[0], found[1:]


def at_places(
    indicator: Indicator,
    period: Period,
    places: Sequence[tuple[str | None, str | None]],
    *,
    known_at: datetime | None = None,
) -> list[Value]:
    """One indicator evaluated now for (division, institution) places, as known at an instant. The caller has checked
    the scope. Raises `InvalidValue` for a period the records do not reach."""
    directory = LakeDirectory.open(Path(settings.LUOSHI_LAKE))
    until = directory.data_until
    if until is not None and period.start > until:
        raise InvalidValue(
            f"The period {period.label} begins after the last record ({until}).", todo="Ask for another."
        )
    used = period if until is None else period.to_date(until)
    found = engine().evaluate(directory, Catalogue.load(), used, ids=[indicator.id], known_at=known_at)
    made = []
    for division, institution in places:
        got, (numerator, denominator) = measured(
            indicator,
            lambda part, division=division, institution=institution: found.cell(  # type: ignore[misc]
                part, division=division, institution=institution
            ),
        )
        made.append(
            Value(
                indicator=indicator.id,
                period=used,
                division=division,
                institution=institution,
                numerator=numerator,
                denominator=denominator,
                value=got.value,
                reason=got.reason,
                flags=got.flags,
                data_until=until,
                low=got.low,
                high=got.high,
            )
        )
    return made


def _places(scope: Scope, division: str, by: str) -> list[tuple[str | None, str | None]]:
    regions.division_or_404(division, scope=scope)
    if by == "institution":
        standing = regions.institutions(scope=scope, division=division)
        return [(division, None), *((None, institution.code) for institution in standing)]
    return [(division, None), *((child.code, None) for child in regions.children(division, scope=scope))]
