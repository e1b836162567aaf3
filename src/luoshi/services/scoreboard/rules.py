"""The board's own arithmetic, free of pages and stores: how far short a promise is, how fresh, what moved, what first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from luoshi.kernel.comparator import Threshold
from luoshi.kernel.period import Period
from luoshi.supervision.sources import Override

# The order of urgency, also of every list of lights.
LIGHT_ORDER = ("red", "yellow", "grey", "green")
# How many of a unit make one: the base of a rate's unit as printed or as the catalogue names it.
RATE_BASES = {"%": 100, "percent": 100, "‰": 1000, "per-1000": 1000, "/万": 10_000, "per-10000": 10_000}
RATE_BASES |= {"/10万": 100_000, "per-100000": 100_000, "/千人": 1000, "/万人": 10_000}
# Units as printed in plans -> the catalogue's units they may be compared with.
COMPARABLE = {
    "%": ("percent",),
    "‰": ("permille", "per-1000"),
    "/10万": ("per-100000",),
    "/万": ("per-10000",),
    "分钟": ("minutes",),
    "天": ("days",),
}
_FALLING = ("下降", "降低", "减少", "缩短", "压减")


@dataclass(frozen=True)
class Standing:
    """One target measured for one place. `value`, `target` and `upper` are in `unit`; `elapsed` is the share of the
    period that has passed (0–1); `why` says in words how the light came about; `trend` are monthly values, oldest
    first; `people` counts who or what is missing to the target; `missing` names the absent source of a grey one;
    `seasonal` says that what was expected by now goes by last year and not by the days; `low` and `high` are the ends of the
    95 % interval of the value, where it has one; `counted` is the period it was counted over."""

    id: int
    light: str
    why: str = ""
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    threshold: Threshold | None = None
    unit: str = ""
    better: str = "higher"
    elapsed: float | None = None
    expected: float | None = None
    data_until: date | None = None
    stale: bool = False
    reason: str = ""
    missing: str = ""
    flags: tuple[str, ...] = ()
    trend: tuple[float | None, ...] = field(default=())
    seasonal: bool = False
    low: float | None = None
    high: float | None = None
    counted: Period | None = None
    # Where a person set the light: what it would be, and who, why, until when.
    computed: str = ""
    override: Override | None = None

    @property
    def people(self) -> int | None:
        """How many subjects short of the promise; None where that cannot be said."""
        return shortfall(self.numerator, self.denominator, self.threshold, self.unit)

    @property
    def moved(self) -> float | None:
        """Change of the value against the month before, in its unit."""
        if len(self.trend) < 2 or self.trend[-1] is None or self.trend[-2] is None:
            return None
        return self.trend[-1] - self.trend[-2]

    @property
    def moved_for_the_better(self) -> bool | None:
        """Whether the last month went in the wanted direction; None when nothing moved or nobody can say."""
        if not self.moved or self.better not in ("higher", "lower"):
            return None
        return (self.moved > 0) == (self.better == "higher")

    @property
    def gap(self) -> float:
        """Distance to the promise relative to it, 0 when kept: for putting the worst first."""
        if self.value is None or self.threshold is None or self.threshold.met_by(self.value, better=self.better):
            return 0.0
        goal = self.threshold.value
        if self.threshold.upper is not None and self.value > self.threshold.upper:
            goal = self.threshold.upper
        return abs(self.value - goal) / (abs(goal) or 1.0)


def comparable(printed: str, unit: str) -> bool:
    """Whether a value in the catalogue's `unit` may be held against a promise in the `printed` one. Words that count
    (名, 个, 家) go with counts and with so many per so many people, never with shares."""
    if not printed:
        return True
    if printed in COMPARABLE:
        return unit in COMPARABLE[printed]
    return unit not in ("percent", "permille", "minutes")


def falls(metric: str) -> bool:
    """Whether a promised change goes down: 下降幅度."""
    return any(word in metric for word in _FALLING)


def shortfall(numerator: float | None, denominator: float | None, threshold: Threshold | None, unit: str) -> int | None:
    """How many subjects would have to change for the promise to be kept; 0 when it is.

    For a rate that must be at least X: the fewest subjects to bring into the numerator; at most X: how many are too
    many. Only for rates with counts and for `>=`, `>`, `=`, `<=`, `<`; counts of things use the difference itself.
    """
    if threshold is None or numerator is None or threshold.op == "between":
        return None
    if unit in RATE_BASES:
        if not denominator:
            return None
        bound = threshold.value * denominator / RATE_BASES[unit]
    elif denominator is None:
        bound = threshold.value
    else:
        return None
    # Counts are whole; a bound that is whole but for its last binary digits is that whole number.
    bound = round(bound, 6)
    match threshold.op:
        case ">=" | "=":
            return max(0, math.ceil(bound - numerator))
        case ">":
            return max(0, math.floor(bound - numerator) + 1)
        case "<=":
            return max(0, math.ceil(numerator - bound))
        case "<":
            return max(0, math.floor(numerator - bound) + 1)
    return None


def count_lights(standings: Iterable[Standing]) -> dict[str, int]:
    """Number of standings of each light, every light present, in order of urgency reversed: green first."""
    counts = dict.fromkeys(("green", "yellow", "red", "grey"), 0)
    for standing in standings:
        counts[standing.light if standing.light in counts else "grey"] += 1
    return counts


def most_urgent(standings: Iterable[Standing], limit: int) -> list[Standing]:
    """Red before yellow, the wider gap first: what needs a decision."""
    late = [s for s in standings if s.light in ("red", "yellow")]
    return sorted(late, key=lambda s: (LIGHT_ORDER.index(s.light), -s.gap, s.id))[:limit]


def movers(standings: Iterable[Standing], limit: int) -> list[Standing]:
    """What changed most against the month before, relative to its promise; nothing that stood still."""

    def size(standing: Standing) -> float:
        scale = abs(standing.threshold.value) if standing.threshold and standing.threshold.value else 1.0
        return abs(standing.moved or 0.0) / scale

    return sorted((s for s in standings if size(s) >= 0.005), key=lambda s: (-size(s), s.id))[:limit]


def days_old(data_until: date | None, today: date) -> int | None:
    """Days since the last record; None when there never was one. Records dated ahead count as today's."""
    return None if data_until is None else max(0, (today - data_until).days)


def oldest(standings: Sequence[Standing]) -> date | None:
    """The earliest last record among measured standings: how far back the board may lag."""
    return min((s.data_until for s in standings if s.data_until), default=None)


def newest(standings: Sequence[Standing]) -> date | None:
    """The latest last record among measured standings: when data were last heard from."""
    return max((s.data_until for s in standings if s.data_until), default=None)
