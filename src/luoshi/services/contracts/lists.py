"""The contracts of an institution as a list: who, until when, what is due now, what was missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from luoshi.kernel import clock
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.files import default_lake
from luoshi.services.contracts import catalogue, privacy, queries, rules, snapshots
from luoshi.services.contracts.lake import Held, Other, Reading
from luoshi.services.contracts.models import Contract
from luoshi.services.contracts.queries import Bond
from luoshi.services.contracts.rules import Delivered, Window

STATES = ("running", "due", "missed", "expiring", "expired")


@dataclass(frozen=True)
class Line:
    """One contract of the list with its windows: `due` are open and undone, the first to end first; `missed` ended
    within the last year."""

    bond: Bond
    due: tuple[Window, ...]
    missed: tuple[Window, ...]
    counted: Delivered

    @property
    def team(self) -> int | None:
        """The number of the team that holds it."""
        return self.bond.contract.team_id if self.bond.contract else None


@dataclass(frozen=True)
class Lines:
    """A page of lines out of `total`; `counts` by state of all the institution's (and team's), `delivered` in all."""

    rows: Sequence[Line]
    total: int
    counts: dict[str, int]
    delivered: Delivered
    until: date | None


def lines(
    institution: str, *, scope: Scope, state: str = "running", team: int | None = None, limit: int = 50, offset: int = 0,
    lake: Path | None = None,
) -> Lines:  # fmt: skip
    """Contracts that an institution inside the scope, or one it leads, holds, in `state` (one of `STATES`); of one team,
    where it is named.

    What ends first comes first. Raises `Http404` outside the scope. The number of SQL queries does not depend on how
    many there are.
    """
    codes = queries.led_by(queries.institution_or_404(institution, scope=scope))
    on = clock.today()
    where = lake or default_lake()
    seen = snapshots.of(codes, lake=where, on=on)
    year = on - timedelta(days=365)
    own = list(
        Contract.objects.filter(institution__in=codes, start__lte=on + timedelta(days=365)).select_related("team")
    )
    own = [c for c in own if c.last >= year and c.end_reason != "void"]
    every_window = [*seen.windows, *_windows(own, where, on)]
    windows = _by_contract(privacy.tellable_windows(every_window, _held_by(own, seen.holds), scope=scope))
    followed = {c.person for c in own if c.start > on}
    every = [queries.bond(c, on) for c in own if c.start <= on]
    every += [
        queries.bond_other(o, on)
        for o in seen.holds
        if o.status != "revoked" and o.start <= on and (o.end or on) >= year
    ]
    made = [_line(b, windows.get(b.key, ()), on) for b in every]
    if team is not None:
        made = [line for line in made if line.team == team]
    running = {line.bond.person for line in made if line.bond.running} | followed
    sorted_: dict[str, list[Line]] = {name: [] for name in STATES}
    soon = on + timedelta(days=catalogue.items().ahead_days)
    for line in made:
        bond = line.bond
        if bond.running:
            sorted_["running"].append(line)
            if line.due:
                sorted_["due"].append(line)
            if line.missed:
                sorted_["missed"].append(line)
            if bond.last is not None and bond.last <= soon and bond.person not in followed:
                sorted_["expiring"].append(line)
        elif bond.person not in running and bond.state in ("active", "completed", rules.EXPIRED, rules.LAPSED):
            sorted_["expired"].append(line)
    chosen = sorted_.get(state, sorted_["running"])
    chosen.sort(key=lambda line: (_first(line, state), line.bond.key))
    counted = [line.counted for line in sorted_["running"]]
    total = Delivered(sum(c.asked for c in counted), sum(c.done for c in counted), sum(c.due for c in counted))
    return Lines(
        chosen[offset : offset + limit],
        len(chosen),
        {name: len(found) for name, found in sorted_.items()},
        total,
        seen.until,
    )


def _line(bond: Bond, windows: Sequence[Window], on: date) -> Line:
    due = tuple(sorted((w for w in windows if w.state(on) == "due"), key=lambda w: w.last))
    missed = tuple(w for w in windows if w.state(on) == "missed" and w.last >= on - timedelta(days=365))
    return Line(bond, due, missed, rules.delivered(windows, on, since=date(on.year, 1, 1)))


def _first(line: Line, state: str) -> date:
    if state in ("due", "running") and line.due:
        return line.due[0].last
    if state == "missed":
        return line.missed[0].last
    return line.bond.last or date.max


def _windows(contracts: Sequence[Contract], lake: Path, on: date) -> list[Window]:
    """Windows of contracts made here; none before the first lake is built."""
    held: list[Held] = [queries.held(c) for c in contracts if c.start <= on]
    if not held or not (lake / "lake.json").exists():
        return []
    with Reading(lake, on=on, persons=[h.person for h in held]) as reading:
        return reading.windows(
            held, since=on - timedelta(days=365), until=on + timedelta(days=catalogue.items().ahead_days)
        )


def _by_contract(windows: Sequence[Window]) -> dict[str, list[Window]]:
    found: dict[str, list[Window]] = {}
    for window in windows:
        found.setdefault(window.contract, []).append(window)
    return found


def _held_by(own: Sequence[Contract], others: Sequence[Other]) -> dict[int, str]:
    """Of each person the institution that holds their contract."""
    return {o.person: o.institution for o in others} | {c.person: c.institution for c in own}
