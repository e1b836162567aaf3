"""Reads of the scoreboard, scope first: the board of a place, one row of it, the people not counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.http import Http404

from luoshi.indicators import Catalogue, pace
from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import public as consent
from luoshi.platform.lake import results
from luoshi.platform.regions import queries as regions
from luoshi.platform.store import people
from luoshi.services.plan_desk import public as plan_desk
from luoshi.services.plan_desk.public import BoundTarget
from luoshi.services.scoreboard import evidenced, measuring, rules
from luoshi.services.scoreboard.places import Place
from luoshi.services.scoreboard.rows import Row

TREND_MONTHS = 12
FILTERS = ("q", "light", "verdict", "action", "unit")


@dataclass(frozen=True)
class Board:
    """Every promise that binds a place, measured there, in order of plan and sentence. `planned_below`: divisions below
    it that have promises of their own, which do not bind it."""

    rows: Sequence[Row]
    data_until: date | None
    days_old: int | None
    stale: bool
    planned_below: Sequence[str] = ()

    @property
    def plans(self) -> list[str]:
        """Titles of the plans on it."""
        return list(dict.fromkeys(row.plan_title for row in self.rows))


@dataclass(frozen=True)
class Listed:
    """A subject of a worklist: what the cohort says, with the card of the person where there is one in sight."""

    missed: results.Missed
    card: people.Card | None


@dataclass(frozen=True)
class Worklist:
    """A page of those not counted, with the names of where they live and who serves them."""

    rows: Sequence[Listed]
    total: int
    division_names: Mapping[str, str]
    institution_names: Mapping[str, str]


def board(at: Place, *, scope: Scope, months: int = 0) -> Board:
    """The board of a place; with `months` the values of the last months besides."""
    confirmed = plan_desk.confirmed_targets(scope=scope)
    targets = [t for t in confirmed if at.governs(t.division_path)]
    below = [t for t in confirmed if t.division != at.division and t.division_path.startswith(at.path)]
    standings = evidenced.measure(targets, at=at, scope=scope, months=months)
    until = results.data_until()
    age = rules.days_old(until, clock.today())
    return Board(
        rows=[Row(target, standings[target.id], at) for target in targets],
        data_until=until,
        days_old=age,
        stale=age is None or age > pace.STALE_AFTER,
        planned_below=sorted({t.division for t in below}) if at.division else (),
    )


def rows_to_leave(rows: Sequence[Row]) -> list[Row]:
    """Rows of a board for a file of somebody who may not see the people: small numbers of people taken out."""
    hide = [bool(measuring.hidden_of(row.target, [row.standing])) for row in rows]
    return [
        replace(row, standing=measuring.withheld(row.standing)) if h else row for h, row in zip(hide, rows, strict=True)
    ]


def below(board: Board, at: Place, *, scope: Scope) -> list[tuple[Place, Sequence[rules.Standing]]]:
    """The promises of a board measured for each division one step below, in order of code. At most four queries."""
    children = places_below(at, scope=scope)
    standings = evidenced.measure_below((row.target for row in board.rows), at=at, below=children, scope=scope)
    return [(child, standings.get(child.division, [])) for child in children]


def places_below(at: Place, *, scope: Scope) -> list[Place]:
    """The divisions one step below a place, in order of code. One query."""
    found = regions.children(at.division, scope=scope) if at.division else []
    return [Place(d.name, d.code, "", d.path, d.level) for d in found]


def row(target_id: int, at: Place, *, scope: Scope) -> Row:
    """One promise at a place. Raises `Http404` for one that is out of sight or does not bind the place."""
    target = plan_desk.confirmed_target(target_id, scope=scope)
    if target is None or not at.governs(target.division_path):
        raise Http404
    return Row(target, evidenced.measure([target], at=at, scope=scope)[target.id], at)


def narrowed(rows: Sequence[Row], filters: Mapping[str, str]) -> list[Row]:
    """Rows that pass the filters of the list: `light` (`late` is red and yellow), `verdict`, `action` (its number),
    `unit` (a responsible unit), `q` (characters in metric, sentence or task)."""
    late = {"late": ("red", "yellow")}
    found = []
    for item in rows:
        target = item.target
        text = f"{target.metric} {target.quote} {target.task_title}"
        if (
            (not filters.get("light") or item.standing.light in late.get(filters["light"], (filters["light"],)))
            and (not filters.get("verdict") or target.verdict == filters["verdict"])
            and (not filters.get("action") or str(target.action or "") == filters["action"])
            and (not filters.get("unit") or filters["unit"] in (*target.lead_units, *target.units))
            and (not filters.get("q") or filters["q"].lower() in text.lower())
        ):
            found.append(item)
    return found


def worklist(
    target: BoundTarget, at: Place, *, scope: Scope, institution: str = "", limit: int = 50, offset: int = 0
) -> Worklist:
    """A page of the people not counted at a place. The number of SQL queries does not grow with the page."""
    where: dict[str, Any] = {"division": at.division or None, "institution": institution or at.institution or None}
    found, total = results.missed(
        target.indicator, measuring.period_of(target), scope=scope, limit=limit, offset=offset, **where
    )
    cohort = Catalogue.load().indicator(target.indicator).cohort or ""
    members = [(m.person, m.institution or "") for m in found if m.person is not None]
    told = consent.tellable(cohort, members, scope=scope)
    # Who belongs to a closed programme is a line without a name, for whoever does not manage them.
    found = [m if m.person is None or m.person in told else replace(m, person=None, subject="—") for m in found]
    cards = people.cards((m.person for m in found if m.person is not None), scope=scope)
    return Worklist(
        rows=[Listed(m, cards.get(m.person) if m.person is not None else None) for m in found],
        total=total,
        division_names=regions.division_names(m.division for m in found),
        institution_names=regions.institution_names(m.institution for m in found if m.institution),
    )
