"""From a confirmed plan to the duties it asks for: which unit gets which promise or task, as lead or in support.

Who leads a task answers for each of its promises; where the plan marks nobody as lead, the first unit named does, and the
page says that this was inferred. The others support the task as a whole, once each. Units named for a whole section (各县
（区）人民政府) support too: their numbers come by splitting.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.http import Http404

from luoshi.indicators import Catalogue
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions import queries as regions
from luoshi.supervision import sources
from luoshi.supervision.duties.models import Duty
from luoshi.supervision.duties.units import Body, Registers
from luoshi.supervision.sources import PlanRef, Promise, Task, Unit


@dataclass(frozen=True)
class Proposed:
    """One duty to be. `lead_inferred`: the plan marked nobody as lead; `issued`: the number of the duty where there is
    one already (0: none)."""

    task: int
    title: str
    words: str
    promise: Promise | None
    body: Body
    lead: bool
    lead_inferred: bool
    inherited: bool
    due: date | None
    issued: int

    @property
    def better(self) -> str:
        """The direction of the indicator it is measured by."""
        found = Catalogue.load().indicators.get(self.promise.indicator) if self.promise else None
        if found is None or (self.promise and self.promise.op in (">=", ">")):
            return "higher"
        return found.better


@dataclass(frozen=True)
class TaskProposal:
    """The duties of one task."""

    task: Task
    proposed: list[Proposed]

    @property
    def open(self) -> int:
        """How many are not issued yet."""
        return sum(not p.issued for p in self.proposed)

    @property
    def unmapped(self) -> list[str]:
        """Units the directory does not know."""
        return list(dict.fromkeys(p.body.printed for p in self.proposed if p.body.kind == "unknown"))


@dataclass(frozen=True)
class Proposal:
    """All of one plan, in order of its text."""

    plan: PlanRef
    tasks: list[TaskProposal]

    @property
    def proposed(self) -> list[Proposed]:
        """Every duty to be."""
        return [p for task in self.tasks for p in task.proposed]


def proposed(plan: int, *, scope: Scope) -> Proposal:
    """What a confirmed plan asks of whom. Raises `Http404` for a plan out of sight or not confirmed."""
    board = sources.get()
    tasks = board.tasks(plan, scope=scope)
    if not tasks:
        raise Http404
    head = tasks[0].plan
    division = regions.division_or_404(head.division, scope=scope)
    promises = {p.id: p for p in board.promises(plan, scope=scope)}
    registers = Registers(division)
    rows = Duty.objects.filter(plan=plan, parent__isnull=True, origin="plan").exclude(state="withdrawn")
    issued = {(d["target"], d["task"], d["unit_key"]): d["pk"] for d in rows.values("target", "task", "unit_key", "pk")}
    return Proposal(head, [TaskProposal(t, _of_task(t, promises, registers, issued)) for t in tasks])


def _of_task(
    task: Task, promises: dict[int, Promise], registers: Registers, issued: dict[tuple[int, int, str], int]
) -> list[Proposed]:
    own = [u for u in task.units if not u.inherited]
    leads = [u for u in own if u.lead] or own[:1] or list(task.units[:1])
    inferred = bool(leads) and not leads[0].lead
    found: list[Proposed] = []
    taken: set[tuple[int, str]] = set()

    def add(unit: Unit, promise: Promise | None, lead: bool) -> None:
        for body in registers.bodies(unit.name):
            target = promise.id if promise else 0
            if (target, body.key) in taken or (not lead and any(key == body.key for _t, key in taken)):
                continue
            taken.add((target, body.key))
            found.append(
                Proposed(
                    task=task.id,
                    title=promise.metric if promise else _title(task),
                    words=promise.quote if promise else task.text,
                    promise=promise,
                    body=body,
                    lead=lead,
                    lead_inferred=lead and inferred,
                    inherited=unit.inherited,
                    due=promise.deadline if promise else task.deadline,
                    issued=issued.get((target, task.id, body.key), 0),
                )
            )

    numbered: list[Promise | None] = [promises[t] for t in task.targets if t in promises]
    for unit in leads:
        for promise in numbered or [None]:
            add(unit, promise, lead=True)
    for unit in task.units:
        if unit not in leads:
            add(unit, None, lead=False)
    return found


def _title(task: Task) -> str:
    return " ".join(filter(None, (task.number, task.title))) or task.text[:60]
