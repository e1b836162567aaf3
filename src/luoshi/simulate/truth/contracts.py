"""True answers on what contracts promised and what was delivered: windows of the base package, counted once more."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luoshi.simulate import codes
from luoshi.simulate.chance import NEVER, Bools, Ints, add_months
from luoshi.simulate.truth.tally import CANCELLED, Tally

# item: (times in a year, services that fulfil it, groups it is for)
BASE: dict[str, tuple[int, tuple[str, ...], tuple[str, ...]]] = {
    "checkup": (1, ("checkup",), ("elderly", "hypertension", "diabetes", "severe-mental")),
    "htn-visit": (4, ("htn-visit",), ("hypertension",)),
    "dm-visit": (4, ("dm-visit",), ("diabetes",)),
    "tcm-elderly": (1, ("tcm-elderly",), ("elderly",)),
    "child-visit": (1, ("child-visit", "newborn-visit"), ("child",)),
    "tcm-child": (2, ("tcm-child",), ("infant",)),
    "smd-visit": (4, ("smd-visit",), ("severe-mental",)),
    "tb-visit": (12, ("tb-visit", "tb-first-home-visit"), ("tuberculosis",)),
    "antenatal-visit": (4, ("antenatal-visit", "postnatal-visit"), ("pregnancy",)),
    "copd-visit": (2, ("copd-visit",), ("copd",)),
    "home-care": (4, ("home-care",), ("disability",)),
}
_LONGEST = 36
_DAYS = 20  # bits of a day
_FAR = (1 << _DAYS) - 1  # after every day


def count(tally: Tally) -> None:
    """The rate of delivery: of the windows that ended this year, those with a visit in them."""
    person, done, institution, *_ = windows(tally)
    tally.people("contract-fulfil", "CY", person, done, institution)


def windows(tally: Tally) -> tuple[Ints, Bools, Ints, Ints, Ints, Ints]:
    """Person, done, institution, row of the contract, item (place in `BASE`) and last day of every window that ended in
    the calendar year."""
    rows = tally.region.journal.columns("contract")
    start, end = tally.ranges["CY"]
    kept = (rows["state"] != codes.CONTRACT_STATES.index("revoked")) & tally.region.people.resident(end)[rows["person"]]
    contract = np.flatnonzero(kept)
    found: list[tuple[NDArray[Any], ...]] = []

    @cache
    def asked(begin: int, stop: int) -> tuple[Ints, Ints, Ints]:
        """The contracts of which the months from `begin` to `stop` end within the year and the term, and those days."""
        last = add_months(rows["start_day"][contract], stop) - 1
        at = np.flatnonzero((last >= start) & (last <= end) & (last <= rows["end_day"][contract]))
        return contract[at], add_months(rows["start_day"][contract[at]], begin), last[at]

    for number, (times, services, groups) in enumerate(BASE.values()):
        days = _days_of(tally, services)
        for place in range(_LONGEST * times // 12):
            signed, first, last = asked(place * 12 // times, (place + 1) * 12 // times)
            member = np.zeros(len(signed), np.bool_)
            for group in groups:
                member |= _member(tally, group, rows["person"][signed], first, last)
            signed, first, last = signed[member], first[member], last[member]
            who = rows["person"][signed]
            found.append((
                who, _between(days, who, first, last), rows["institution"][signed], signed, np.full(len(signed), number), last,
            ))  # fmt: skip
    person, done, institution, row, item, last = (np.concatenate(column) for column in zip(*found, strict=True))
    return person, done.astype(np.bool_), institution, row, item, last


def _member(tally: Tally, group: str, person: Ints, first: Ints, last: Ints) -> Bools:
    """Whether each person belongs to the group from the first to the last day of a window."""
    birth = tally.region.people.birth[person]
    if group == "elderly":
        return np.asarray(add_months(birth, 780) <= first, dtype=np.bool_)
    if group in ("child", "infant"):
        below = add_months(birth, 84 if group == "child" else 36) - 1
        return np.asarray((birth <= first) & (last <= below), dtype=np.bool_)
    rows = tally.region.journal.columns("episode")
    this = np.flatnonzero((rows["program"] == codes.PROGRAMS.index(group)) & (rows["start_day"] <= tally.span.end))
    if not len(this):
        return np.zeros(len(person), np.bool_)
    until = np.where(rows["end_day"] == NEVER, _FAR, rows["end_day"])[this]
    begun = (rows["person"][this] << _DAYS) + rows["start_day"][this]
    order = np.argsort(begun)
    # Person and day together rise from one to the next, so the greatest so far is the latest end of that person's so far.
    ended = np.maximum.accumulate((rows["person"][this][order] << _DAYS) + until[order])
    before = np.searchsorted(begun[order], (person << _DAYS) + first, "right") - 1
    latest = ended[np.maximum(before, 0)]
    return np.asarray((before >= 0) & (latest >> _DAYS == person) & (latest & _FAR >= last), dtype=np.bool_)


def _days_of(tally: Tally, services: tuple[str, ...]) -> Ints:
    """Person and day of all visits of some services in one sorted column of numbers."""
    rows = tally.region.journal.columns("visit")
    this = np.isin(rows["service"], [codes.SERVICES.index(s) for s in services]) & (rows["status"] != CANCELLED)
    this &= (rows["person"] >= 0) & (rows["day"] <= tally.span.end)
    return np.sort((rows["person"][this] << _DAYS) + rows["day"][this])


def _between(days: Ints, person: Ints, first: Ints, last: Ints) -> Bools:
    low = np.searchsorted(days, (person << _DAYS) + first)
    high = np.searchsorted(days, (person << _DAYS) + last, "right")
    return np.asarray(high > low, dtype=np.bool_)
