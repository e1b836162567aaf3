"""Numerators and denominators summed up the tree of divisions, and the small questions every count asks."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luoshi.simulate import codes
from luoshi.simulate.chance import NEVER, Bools, Floats, Ints, Span, add_months
from luoshi.simulate.city import Region

CANCELLED = codes.VISIT_STATES.index("cancelled")
COUNT = None


class Tally:
    """Collects the answers as they stand on `as_of`, a day the region is told for.

    `labels` maps the kinds of period (CY, MCH, PT, month) to the label of the one counted.
    """

    def __init__(self, region: Region, as_of: date) -> None:
        self.region = region
        self.span = Span(as_of)
        self.indicators: dict[str, Any] = {}
        span = self.span
        self.labels = {
            "CY": f"{span.as_of.year}", "MCH": f"MCH{span.mch_year}", "PT": span.as_of.isoformat(),
            "month": f"{span.as_of:%Y-%m}",
        }  # fmt: skip
        month_start = (span.as_of.replace(day=1) - span.as_of).days + span.end
        self.ranges = {
            "CY": (span.year_start, span.end), "MCH": (span.mch_start, span.mch_end), "PT": (span.end, span.end),
            "month": (month_start, span.end),
        }  # fmt: skip
        valid = [d for d in region.where.divisions if not d.valid_to or d.valid_to > span.as_of.isoformat()]
        self.divisions = [d.code for d in valid]
        self.levels = np.array([d.level for d in valid])
        at = {code: place for place, code in enumerate(self.divisions)}
        self.place_of = at
        self.parents = np.array([at.get(d.parent, -1) for d in valid])
        self.village_place = np.array([at[code] for code in region.where.villages])
        number = {i.code: n for n, i in enumerate(region.where.institutions)}
        leader = np.array([number.get(i.parent, -1) for i in region.where.institutions])
        self.leaders = [leader]  # of every institution its leader, then the leader of that one, to the top
        while (above := np.where(self.leaders[-1] >= 0, leader[self.leaders[-1]], -1)).max() >= 0:
            self.leaders.append(above)
        self.institution_place = np.array([at[i.division] for i in region.where.institutions])

    def roll_up(self, place: Ints, weight: NDArray[Any]) -> Floats:
        """Sum of `weight` for every division, itself and everything below it."""
        total = np.bincount(place, weight, len(self.divisions)).astype(np.float64)
        for level in (5, 4, 3, 2):
            here = np.flatnonzero(self.levels == level)
            np.add.at(total, self.parents[here], total[here])
        return total

    def _led(self, own: Floats) -> Floats:
        """Each institution's sum, with those of the bodies it leads."""
        total = own.copy()
        for line in self.leaders:
            has = line >= 0
            np.add.at(total, line[has], own[has])
        return total

    def put(
        self, name: str, period: str, place: Ints, numerator: NDArray[Any], denominator: NDArray[Any] | None,
        institution: Ints | None = None, population: Floats | None = None,
    ) -> None:  # fmt: skip
        """One indicator: per subject, its division (place among `divisions`), what it adds above and below the line,
        and its institution. `population` replaces the denominator of divisions where it comes from a register."""
        above = self.roll_up(place, numerator)
        below = (
            population if population is not None else None if denominator is None else self.roll_up(place, denominator)
        )
        answer: dict[str, Any] = {
            "period": self.labels[period],
            "divisions": _pairs(self.divisions, above, below),
        }
        if institution is not None:
            size = len(self.region.where.institutions)
            over = self._led(np.bincount(institution, numerator, size).astype(np.float64))
            counted = self._led(np.bincount(institution, minlength=size).astype(np.float64)) > 0
            under = None
            if denominator is not None:
                under = self._led(np.bincount(institution, denominator, size).astype(np.float64))
            some = np.flatnonzero(counted)
            bodies = [self.region.where.institutions[i].code for i in some.tolist()]
            answer["institutions"] = _pairs(bodies, over[some], None if under is None else under[some])
        self.indicators[name] = answer

    def people(self, name: str, period: str, person: Ints, yes: Bools, institution: Ints | None = None) -> None:
        """A share of people: of `person`, those for whom `yes` holds, where each lives; served by the person's own
        institution unless another is given."""
        region = self.region
        village = region.people.village[person]
        served = region.where.serving[village] if institution is None else institution
        ones = np.ones(len(person))
        self.put(name, period, self.village_place[village], yes.astype(np.float64), ones, served)

    # Questions --------------------------------------------------------------------------------------------------

    def flags(self, person: Ints) -> Bools:
        """Who occurs in `person`, over all people."""
        marked = np.zeros(len(self.region.people), np.bool_)
        marked[person] = True
        return marked

    def times(self, person: Ints) -> Ints:
        """How often each of all people occurs in `person`."""
        return np.bincount(person, minlength=len(self.region.people))

    def visits(self, service: str, low: int | None = None, high: int | None = None) -> dict[str, NDArray[Any]]:
        """Visits of one service that took place, with day in `low`…`high`."""
        rows = self.region.journal.columns("visit")
        chosen = (rows["service"] == codes.SERVICES.index(service)) & (rows["status"] != CANCELLED)
        return _cut(rows, chosen, low, high)

    def procedures(self, code: str, low: int | None, high: int) -> dict[str, NDArray[Any]]:
        """Procedures of one code with day in `low`…`high`."""
        rows = self.region.journal.columns("procedure")
        return _cut(rows, rows["code"] == codes.PROCEDURES.index(code), low, high)

    def findings(self, code: str, low: int | None, high: int) -> dict[str, NDArray[Any]]:
        """Observations of one code with day in `low`…`high`."""
        rows = self.region.journal.columns("observation")
        return _cut(rows, rows["code"] == codes.OBSERVATIONS.index(code), low, high)

    def open_episode(self, program: str, end: int) -> Ints:
        """The row of each person's open episode of one programme at `end`, -1 for those without."""
        rows = self.region.journal.columns("episode")
        is_open = (rows["program"] == codes.PROGRAMS.index(program)) & (rows["start_day"] <= end)
        is_open &= (rows["end_day"] == NEVER) | (rows["end_day"] > end)
        row = np.full(len(self.region.people), -1, np.int64)
        found = np.flatnonzero(is_open)
        found = found[np.argsort(rows["start_day"][found], kind="stable")][::-1]
        row[rows["person"][found]] = found  # written last: the one that started first
        return row

    def latest(self, person: Ints, day: Ints, value: NDArray[Any], *, highest: bool) -> Floats:
        """Each person's value on the latest day given, the highest or lowest of that day; nan for those without."""
        key = value if highest else -value
        order = np.lexsort((key, day, person))
        answer = np.full(len(self.region.people), np.nan)
        answer[person[order]] = value[order]  # written last: the latest day and the sharper value
        return answer


def years_before(day: int, years: int) -> int:
    """The same date `years` years earlier; 29 February steps back to 28 February."""
    return int(add_months(np.array([day], np.int64), -12 * years)[0])


def months_before(day: int, months: int) -> int:
    """The same date `months` months earlier, held at the month's last day."""
    return int(add_months(np.array([day], np.int64), -months)[0])


def _cut(rows: Any, chosen: Bools, low: int | None, high: int | None) -> dict[str, NDArray[Any]]:
    if low is not None:
        chosen = chosen & (rows["day"] >= low)
    if high is not None:
        chosen = chosen & (rows["day"] <= high)
    at = np.flatnonzero(chosen)
    return {name: column[at] for name, column in rows.items()} | {"row": at}


def _pairs(names: list[str], above: Floats, below: Floats | None) -> dict[str, list[float | int | None]]:
    """Code -> what is above the line and what below (nothing where there is no line)."""
    under = [None] * len(names) if below is None else _whole(below)
    return {name: [over, line] for name, over, line in zip(names, _whole(above), under, strict=True)}


def _whole(numbers: Floats) -> list[float | int | None]:
    """Whole numbers as such, others to six places."""
    return [int(number) if number.is_integer() else round(number, 6) for number in numbers.tolist()]
