"""What residents chose about reading their own record: most say nothing, some open it, a few close it again."""

from __future__ import annotations

from typing import Final

import numpy as np

from luoshi.simulate.chance import NEVER, Bools, Span, age_on, chance
from luoshi.simulate.journal import Journal
from luoshi.simulate.people import People

STATES: Final = ("active", "inactive")
ACTIVE, INACTIVE = range(len(STATES))
_CHOOSES, _TAKES_BACK = 0.12, 0.2


def choose(people: People, journal: Journal, span: Span, seed: int) -> None:
    """One choice each of one adult in eight with a record, within the days told; one in five of them took it back.

    Who opened their record needs no institution to have opened it; who took that back is closed whatever it reports.
    """
    draw = chance(seed, "consents")
    grown = age_on(people.birth, span.start) >= 18
    drawn = draw.random(len(people)) < _CHOOSES
    start = np.maximum(span.start, people.opened) + np.floor(draw.random(len(people)) * (span.end - span.start))
    last = people.last_day(span)
    who = np.flatnonzero(drawn & grown & (people.opened != NEVER) & (start <= last))
    start = start[who].astype(np.int64)
    end = start + 3 + draw.integers(0, 300, len(who))
    back = (draw.random(len(who)) < _TAKES_BACK) & (end <= last[who])
    journal.add(
        "consent", person=who, day=np.where(back, end, start), start_day=start, end_day=np.where(back, end, NEVER),
        status=np.where(back, INACTIVE, ACTIVE),
    )  # fmt: skip


def readable(journal: Journal, end: int, people: int) -> tuple[Bools, Bools]:
    """Columns over all people: who had said anything by `end`, and who could read their record then by what they said."""
    rows = journal.columns("consent")
    begun = rows["start_day"] <= end
    said, open_ = np.zeros(people, bool), np.zeros(people, bool)
    said[rows["person"][begun]] = True
    open_[rows["person"][begun & ((rows["end_day"] == NEVER) | (rows["end_day"] > end))]] = True
    return said, open_
