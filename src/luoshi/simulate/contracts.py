"""Family-doctor contracts: one- and three-year terms, renewals with gaps, ends before time."""

from __future__ import annotations

import numpy as np

from luoshi.simulate import codes, profile
from luoshi.simulate.chance import NEVER, Bools, Span, add_months, age_on, chance
from luoshi.simulate.geography import Geography
from luoshi.simulate.journal import Journal
from luoshi.simulate.people import People

ACTIVE, COMPLETED, REVOKED = range(len(codes.CONTRACT_STATES))


def sign(people: People, where: Geography, journal: Journal, span: Span, seed: int, priority: Bools) -> None:
    """Contracts of everyone: `priority` (column over all people) signs far more often than the rest.

    Terms run a year, one in nine three years, from a day mostly in the first half of the year; renewal comes at once,
    after a gap, or not at all. Nobody signs before birth, after death or after moving away.
    """
    draw = chance(seed, "contracts")
    count = len(people)
    county = where.village_county[people.village]
    grouped = priority | (age_on(people.birth, span.start) >= 65)
    share = np.where(
        grouped,
        profile.uptake("contract-priority", county, people.care, 0.5),
        profile.uptake("contract", county, people.care, 0.5),
    )
    wants = draw.random(count) < share
    last = people.last_day(span)
    # The first contract the told days know of: in force at their start, or signed within them.
    earlier = draw.random(count) < 0.9
    start = np.where(
        earlier,
        span.start - np.floor(draw.random(count) ** 0.6 * 360).astype(np.int64),
        span.start + np.floor(draw.random(count) ** 1.5 * 640).astype(np.int64),
    )
    start = np.maximum(start, people.birth + 40)
    renewal = profile.uptake("renewal", county, people.care, 0.5)
    signing = wants & (start < last)
    for _ in range(4):
        who = np.flatnonzero(signing)
        if not len(who):
            break
        term = np.where(draw.random(len(who)) < 1 / 9, 36, 12)
        end = add_months(start[who], term) - 1
        state = np.where(end < span.end, COMPLETED, ACTIVE)
        stale = (end < span.end) & (draw.random(len(who)) < 0.1)
        state = np.where(stale, ACTIVE, state)
        gone = ((people.death[who] != NEVER) | (people.moved[who] != NEVER)) & (end > last[who])
        broken = gone | (draw.random(len(who)) < 0.012)
        cut = np.where(gone, last[who], np.minimum(end, start[who] + 30 + draw.integers(0, 250, len(who))))
        known = ~broken | (cut <= span.end)
        state = np.where(broken & known, REVOKED, state)
        journal.add(
            "contract", person=who, start_day=start[who], end_day=np.where(broken & known, cut, end), state=state,
            institution=where.serving[people.village[who]],
            signed_day=start[who] - np.minimum(draw.geometric(0.4, len(who)) - 1, 8),
        )  # fmt: skip
        # Renewal: most at once, some after a gap of up to ten weeks.
        gap = np.where(draw.random(len(who)) < 0.8, 1, draw.integers(2, 70, len(who)))
        goes_on = (draw.random(len(who)) < renewal[who]) & ~broken & (end + gap <= np.minimum(last[who], span.end))
        start[who] = end + gap
        signing[:] = False
        signing[who[goes_on]] = True
