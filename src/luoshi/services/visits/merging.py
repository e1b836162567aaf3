"""One visit for several diseases: dues of one person's programmes whose windows meet become one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from luoshi.services.visits.subjects import Due, Standing


@dataclass(frozen=True, slots=True)
class Merged:
    """One visit that serves `programmes`. It is best made from `opens` to `closes` (a day in every window), planned for
    `day`; `overdue`: the programmes whose visit is late already."""

    programmes: tuple[str, ...]
    day: date
    opens: date
    closes: date
    overdue: tuple[str, ...] = ()


def merged(standings: Sequence[Standing]) -> list[Merged]:
    """The next visits of one person over all programmes, the earliest first. Whoever is overdue in one is visited now for
    all whose window is open now."""
    made: list[Merged] = []
    late = [s for s in standings if s.overdue is not None]
    waiting = [(s.programme, s.next) for s in standings if s.overdue is None and s.next is not None]
    if late:
        today = late[0].today
        along = [(name, due) for name, due in waiting if due.opens <= today <= due.closes]
        waiting = [item for item in waiting if item not in along]
        names = tuple(s.programme for s in standings if s.overdue is not None or s.programme in dict(along))
        closes = min((due.closes for _, due in along), default=today)
        made.append(Merged(names, today, today, closes, tuple(s.programme for s in late)))
    order = [standing.programme for standing in standings]
    made += _joined(sorted(waiting, key=lambda item: (item[1].closes, item[1].opens)), order)
    return made


def _joined(waiting: Sequence[tuple[str, Due]], order: Sequence[str]) -> Iterable[Merged]:
    """Windows swept in order of their end: each visit takes along every programme whose window is open on some day of it."""
    rest = list(waiting)
    while rest:
        name, first = rest.pop(0)
        names, opens, closes, day = [name], first.opens, first.closes, first.day
        for item in list(rest):
            other = item[1]
            if other.opens <= closes and opens <= other.closes:
                opens, closes = max(opens, other.opens), min(closes, other.closes)
                day = min(max(day, opens), closes)
                names.append(item[0])
                rest.remove(item)
        yield Merged(tuple(sorted(names, key=order.index)), day, opens, closes)
