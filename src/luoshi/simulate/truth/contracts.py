"""True answers on what contracts promised and what was delivered: windows of the base package, counted once more."""

from __future__ import annotations

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
_FAR = 1 << 40


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
    for number, (times, services, groups) in enumerate(BASE.values()):
        days = _days_of(tally, services)
        for place in range(_LONGEST * times // 12):
            first = add_months(rows["start_day"][contract], place * 12 // times)
            last = add_months(rows["start_day"][contract], (place + 1) * 12 // times) - 1
            asked = (last >= start) & (last <= end) & (last <= rows["end_day"][contract])
            member = np.zeros(len(contract), np.bool_)
            at = np.flatnonzero(asked)
            for group in groups:
                member[at] |= _member(tally, group, rows["person"][contract[at]], first[at], last[at])
            at = np.flatnonzero(asked & member)
            who = rows["person"][contract[at]]
            found.append((
                who, _between(days, who, first[at], last[at]), rows["institution"][contract[at]], contract[at],
                np.full(len(at), number), last[at],
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
    until = np.where(rows["end_day"] == NEVER, _FAR, rows["end_day"])
    held: dict[int, list[tuple[int, int]]] = {}
    for who, begins, ends in zip(rows["person"][this], rows["start_day"][this], until[this], strict=True):
        held.setdefault(int(who), []).append((int(begins), int(ends)))
    return np.array(
        [any(b <= f and last_ <= e for b, e in held.get(int(p), ())) for p, f, last_ in zip(person, first, last, strict=True)],
        np.bool_,
    )  # fmt: skip


def _days_of(tally: Tally, services: tuple[str, ...]) -> Ints:
    """Person and day of all visits of some services in one sorted column of numbers."""
    rows = tally.region.journal.columns("visit")
    this = np.isin(rows["service"], [codes.SERVICES.index(s) for s in services]) & (rows["status"] != CANCELLED)
    this &= (rows["person"] >= 0) & (rows["day"] <= tally.span.end)
    return np.sort((rows["person"][this] << 20) + rows["day"][this])


def _between(days: Ints, person: Ints, first: Ints, last: Ints) -> Bools:
    low = np.searchsorted(days, (person << 20) + first)
    high = np.searchsorted(days, (person << 20) + last, "right")
    return np.asarray(high > low, dtype=np.bool_)
