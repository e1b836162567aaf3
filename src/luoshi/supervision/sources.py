"""What supervision is told from above: where every promise stands, who is missing, what a plan asks of whom.

Supervision lies below the services and cannot ask the scoreboard or the plan desk. The scoreboard registers a `Board`
when it is ready; everyone here asks `get()`. All reads take a scope, scope first: what lies outside is not in the
answer, or answers `Http404` where one thing is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, Protocol

from luoshi.kernel.comparator import Op, Threshold
from luoshi.web.manifest import in_language

if TYPE_CHECKING:
    from luoshi.platform.access.scope import Scope

Colour = Literal["green", "yellow", "red", "grey"]


@dataclass(frozen=True)
class Unit:
    """A responsible unit as the plan prints it. `inherited` is one the plan names for all of a section."""

    name: str
    lead: bool
    inherited: bool = False


@dataclass(frozen=True)
class PlanRef:
    """A confirmed plan. `division` is the code of the division it was made for."""

    id: int
    title: str
    division: str
    division_path: str
    period_start: int | None
    period_end: int | None


@dataclass(frozen=True)
class Task:
    """One piece of work of a confirmed plan with the units it names, leads first. `targets` are the numbers of its
    promises; empty for work that is judged by what is handed in."""

    id: int
    plan: PlanRef
    number: str
    title: str
    text: str
    action: str
    deadline: date | None
    units: tuple[Unit, ...]
    targets: tuple[int, ...] = ()


@dataclass(frozen=True)
class Promise:
    """One confirmed target as the plan makes it, before anything is measured.

    `binding` is `indicator`, `register`, `deliverable` or `report`; `verdict` is `computable`, `partly` or `not`, with
    `missing` naming the source that lacks. `additive`: what is promised is a number of things, which adds up over
    divisions; a rate or a level does not. `promise` is it in short: `≥ 90%`. `metric` is what is promised as printed,
    `metric_en` its English name where it has one.
    """

    id: int
    plan: PlanRef
    task: int | None
    metric: str
    quote: str
    op: Op
    value: float
    upper: float | None
    unit: str
    promise: str
    deadline: date | None
    deadline_inferred: bool
    binding: str
    indicator: str
    verdict: str
    missing: str
    additive: bool
    units: tuple[Unit, ...]
    task_title: str = ""
    metric_en: str = ""

    @property
    def named(self) -> str:
        """What is promised: as printed, on an English page its English name."""
        return in_language(self.metric, self.metric_en)

    @property
    def threshold(self) -> Threshold:
        """The promise as the kernel compares it."""
        return Threshold(self.op, self.value, self.upper)


@dataclass(frozen=True)
class Expected:
    """What a promise is expected to come to on `day`, with the interval where one can be given (`None` otherwise), and
    whether that keeps it: `likely`, `open`, `unlikely`; `words` says it on a page."""

    day: date
    value: float
    low: float | None
    high: float | None
    reaches: Literal["likely", "open", "unlikely"]
    words: str = ""


@dataclass(frozen=True)
class Override:
    """A light set by hand: who, why, until when. It ends by the clock and is shown wherever the light is."""

    colour: Colour
    reason: str
    by: str
    by_name: str
    at: datetime
    until: date


@dataclass(frozen=True)
class Standing:
    """One promise measured at one place on one day.

    `light` is the one to show; with an `override` it is not the `computed` one, and both must be said. `value`,
    `promised`, `upper`, `expected` are in `unit`; `elapsed` is the share of the work due by `on` (None at the end of
    the period); `people` how many subjects short (or too many), None where that cannot be said; `data_until` the last
    day the sources have heard of, `stale` when that is too long ago to call anything green. `href` is its page.
    `value_text`, `fraction_text` (`16/20`) and `promise_text` are as pages print them, in the language of the moment.
    """

    promise: Promise
    division: str
    institution: str
    place: str
    on: date
    light: Colour
    computed: Colour
    why: str
    value: float | None
    numerator: float | None
    denominator: float | None
    unit: str
    better: str
    expected: float | None
    elapsed: float | None
    people: int | None
    data_until: date | None
    stale: bool
    reason: str
    missing: str
    value_text: str
    fraction_text: str
    promise_text: str
    href: str
    flags: tuple[str, ...] = ()
    override: Override | None = None
    forecast: Expected | None = None
    low: float | None = None
    high: float | None = None
    # How far from the promise relative to it, 0 when kept: puts the worst first.
    gap: float = 0.0
    # Values at the ends of the last months, oldest first, where asked for.
    trend: tuple[float | None, ...] = ()
    moved: float | None = None

    @property
    def target(self) -> int:
        """Number of the promise."""
        return self.promise.id

    @property
    def deadline(self) -> date | None:
        """The last day the promise can be kept."""
        return self.promise.deadline

    @property
    def threshold(self) -> Threshold:
        """The promise as the kernel compares it."""
        return self.promise.threshold

    @property
    def kept(self) -> bool:
        """Whether the promise itself is kept by the value (not only on its way); false without a value."""
        return self.value is not None and self.threshold.met_by(self.value, better=self.better)


@dataclass(frozen=True)
class Gap:
    """One subject in a denominator and not in its numerator. `person` is None for what is no resident and for those
    the viewer may not be told; `name` is then the name of the place or empty. `institution` is the one that serves."""

    subject: str
    person: int | None
    name: str
    division: str
    division_name: str
    institution: str
    institution_name: str
    reason: str


class Board(Protocol):
    """What the scoreboard can say. `on` is the day asked about, None for now: a past day is answered from what was
    evaluated at its month end, and says `no-data` where nothing was."""

    def plans(self, *, scope: Scope) -> list[PlanRef]:
        """The confirmed plans in sight, the newest first."""
        ...

    def tasks(self, plan: int, *, scope: Scope) -> list[Task]:
        """The tasks of a confirmed plan in order of the text; empty for a plan that is out of sight."""
        ...

    def promises(self, plan: int | None = None, *, scope: Scope) -> list[Promise]:
        """The confirmed targets of one plan, or of all in sight, in order of plan and sentence."""
        ...

    def promise(self, target: int, *, scope: Scope) -> Promise | None:
        """One of `promises`, None when none of that number is in sight."""
        ...

    def standings(
        self,
        *,
        scope: Scope,
        division: str = "",
        on: date | None = None,
        targets: Sequence[int] | None = None,
        forecasts: bool = False,
        months: int = 0,
    ) -> list[Standing]:
        """Every promise that binds a division (default: the viewer's widest place), measured there, in order of plan and
        sentence; `targets` narrows them. `forecasts` and `months` cost more. Raises `Http404` outside the scope."""
        ...

    def standing(
        self, target: int, *, scope: Scope, division: str = "", institution: str = "", on: date | None = None
    ) -> Standing:
        """One promise at a division or institution, with its forecast. Raises `Http404` when out of sight."""
        ...

    def below(
        self, *, scope: Scope, division: str = "", targets: Sequence[int] | None = None, on: date | None = None
    ) -> dict[str, list[Standing]]:
        """The same promises for each division one step below, by code, in order of code."""
        ...

    def institutions(self, target: int, *, scope: Scope, division: str = "") -> list[Standing]:
        """One promise for every institution that stands in a division and serves somebody it asks about, the widest
        gap first; empty for what is not computed from records."""
        ...

    def missed(
        self,
        target: int,
        *,
        scope: Scope,
        division: str = "",
        institution: str = "",
        limit: int = 50,
        offset: int = 0,
        by: str = "",
    ) -> tuple[list[Gap], int]:
        """A page of those not counted and how many there are in all. A caller who shows persons writes the look to the
        audit trail; with `by` (a user name) this does it."""
        ...


_makers: list[Callable[[], Board]] = []


def register(maker: Callable[[], Board]) -> None:
    """Make what `maker` makes the board everybody asks; the last one registered counts."""
    _makers[:] = [maker]


def get() -> Board:
    """The registered board. Raises `RuntimeError` where no scoreboard is installed."""
    if not _makers:
        raise RuntimeError("no board is registered: `luoshi.services.scoreboard` is not installed")
    return _makers[0]()
