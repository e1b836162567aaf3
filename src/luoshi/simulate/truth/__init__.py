"""The true value of every indicator, counted from what the simulator decided.

The rules are those of `docs/explanation/definitions.md`, written a second time over the simulator's own arrays; no SQL
and no file of the region is read. When these answers and the indicators differ, one of them has a bug.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from luoshi.simulate.city import Region
from luoshi.simulate.truth import bodies, contracts, lives, panels, places, residents, wider, young
from luoshi.simulate.truth.tally import Tally


def answers(region: Region, as_of: date | None = None) -> dict[str, Any]:
    """The content of `truth.json`, on the region's last day or on an earlier day of the two years it is told for:

    `{"as_of", "residents", "seed", "periods": {kind: label}, "indicators": {id: {"period", "divisions": {code:
    [numerator, denominator]}, "institutions": {code: [numerator, denominator]}}}}`

    Labels are read by `Period.parse`. A denominator is null where the indicator is a count. Means (minutes, days) give
    the sum and the number of cases. Institutions carry their own subjects and those of the bodies they lead, and are left
    out where there are none.
    """
    tally = Tally(region, as_of or region.span.as_of)
    panels.count(tally)
    young.count(tally)
    residents.count(tally)
    places.count(tally)
    bodies.count(tally)
    wider.count(tally)
    contracts.count(tally)
    lives.count(tally)
    return {
        "as_of": tally.span.as_of.isoformat(),
        "residents": region.residents,
        "seed": region.seed,
        "periods": tally.labels,
        "indicators": dict(sorted(tally.indicators.items())),
    }
