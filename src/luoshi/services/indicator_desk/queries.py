"""Reads of the indicator desk, scope first: the catalogue with filters, and the sheet of one indicator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.http import Http404

from luoshi.indicators import Catalogue, Indicator
from luoshi.kernel.errors import InvalidValue, nearest
from luoshi.kernel.period import Period
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import results, withholding
from luoshi.platform.lake.withholding import Cell
from luoshi.platform.regions import queries as regions
from luoshi.services.indicator_desk import evaluating

By = Literal["child", "institution"]
FILTERS = ("q", "kind", "cohort", "seed")


@dataclass(frozen=True)
class Sheet:
    """The values of one indicator for one period: `here` and the places below it (or the institutions in it). `asked` is
    the period as asked for, `period` the part of it the data reach.

    `cells` are fit to leave the house: where a small number is withheld its counts and value are None and the cell says
    so. `names` are those of the places by code. `withheld` is how many cells are.
    """

    indicator: Indicator
    asked: Period
    period: Period
    division: str
    by: By
    here: Cell
    cells: Sequence[Cell]
    names: Mapping[str, str]
    data_until: date | None

    @property
    def all_cells(self) -> list[Cell]:
        """The place itself first."""
        return [self.here, *self.cells]

    @property
    def withheld(self) -> int:
        """How many cells are withheld."""
        return sum(cell.withheld for cell in self.all_cells)


def listing(filters: Mapping[str, str]) -> list[Indicator]:
    """Indicators of the catalogue that pass the filters, in order: `q` (in id or names), `kind`, `cohort`, `seed`."""
    words = filters.get("q", "").strip().lower()
    found = []
    for indicator in Catalogue.load().indicators.values():
        text = f"{indicator.id} {indicator.name} {indicator.name_en}".lower()
        if (
            (not words or words in text)
            and (not filters.get("kind") or indicator.kind == filters["kind"])
            and (not filters.get("cohort") or indicator.cohort == filters["cohort"])
            and (not filters.get("seed") or filters["seed"] in {use.seed for use in indicator.seeds})
        ):
            found.append(indicator)
    return found


def indicator_or_404(name: str) -> Indicator:
    """One indicator of the catalogue. Raises `Http404`."""
    found = Catalogue.load().indicators.get(name)
    if found is None:
        raise Http404
    return found


def named(name: str) -> Indicator:
    """One indicator of the catalogue. Raises `InvalidValue` naming the nearest id."""
    catalogue = Catalogue.load()
    if name not in catalogue.indicators:
        raise InvalidValue(f"There is no indicator {name!r}.", todo=nearest(name, catalogue.indicators))
    return catalogue.indicators[name]


def sheet(
    indicator: Indicator,
    *,
    scope: Scope,
    division: str = "",
    period: Period | None = None,
    by: By = "child",
    exact: bool = False,
) -> Sheet:
    """The sheet of an indicator; without `period` the running one, without `division` the viewer's widest.

    `exact` withholds nothing: for those who may see the people themselves. Raises `Http404` outside the scope.
    """
    code = division or scope.root_division()
    if not code:
        raise Http404
    place = regions.division_or_404(code, scope=scope)
    used = period or results.current_period(indicator.id)
    here, below = evaluating.values(indicator, used, scope=scope, division=code, by=by)
    cells = withholding.fit_to_leave(indicator, here, below, exact=exact)
    codes = [cell.code for cell in cells[1:]]
    names = regions.institution_names(codes) if by == "institution" else regions.division_names(codes)
    return Sheet(
        indicator=indicator,
        asked=used,
        period=here.period,
        division=code,
        by=by,
        here=cells[0],
        cells=cells[1:],
        names={code: place.name, **names},
        data_until=here.data_until,
    )
