"""What others may ask of duties: lights set by hand, what was handed in, the duties of a promise or unit, new duties.

For pages of other desks; the duty desk itself uses the modules of this package.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from luoshi.supervision import sources
from luoshi.supervision.duties import figures, queries
from luoshi.supervision.duties.actions import issue, issue_one
from luoshi.supervision.duties.events import Happened
from luoshi.supervision.duties.events import add as listen
from luoshi.supervision.duties.figures import Figure, of_duties, of_duty, said
from luoshi.supervision.duties.handed import HandedIn, handed_in, handed_in_at
from luoshi.supervision.duties.light import Judged, Seen, expected_to_hold, light
from luoshi.supervision.duties.models import Duty, Query
from luoshi.supervision.duties.queries import duties, mine, never_received, of_target, open_by_unit, queries_open
from luoshi.supervision.duties.units import Body, division_body, institution_body


def overrides(pairs: Iterable[tuple[int, str]], *, on: date | None = None) -> dict[tuple[int, str], sources.Override]:
    """The lights set by hand that hold for promises at places (codes). One query."""
    return {
        pair: sources.Override(
            row.colour,  # type: ignore[arg-type]
            row.reason,
            row.by,
            row.by_name or row.by,
            row.at,
            row.until,
        )
        for pair, row in queries.overrides(pairs, on=on).items()
    }


__all__ = [
    "Body",
    "Duty",
    "Figure",
    "HandedIn",
    "Happened",
    "Judged",
    "Query",
    "Seen",
    "division_body",
    "duties",
    "expected_to_hold",
    "figures",
    "handed_in",
    "handed_in_at",
    "institution_body",
    "issue",
    "issue_one",
    "light",
    "listen",
    "mine",
    "never_received",
    "of_duties",
    "of_duty",
    "of_target",
    "open_by_unit",
    "overrides",
    "queries_open",
    "said",
]
