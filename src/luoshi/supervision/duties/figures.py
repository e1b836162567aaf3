"""Where a duty stands: its value, its light and why, computed; never what somebody ticked.

The value comes from the board (`luoshi.supervision.sources`), measured where the unit sits and held against its own quota;
work without a number goes by its state and its day. What is handed in (registers, dated files, reported values) is counted
by `handed`, which the scoreboard asks too.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.comparator import Threshold
from luoshi.platform.access.scope import Scope
from luoshi.supervision import sources
from luoshi.supervision.duties import handed, light
from luoshi.supervision.duties.light import Seen
from luoshi.supervision.duties.models import Duty
from luoshi.supervision.sources import Override, Standing
from luoshi.web import numbers
from luoshi.web.lights import light as shape


@dataclass(frozen=True)
class Figure:
    """What a page says of one duty. `light` is the one to show, `computed` the one the rule gives; `why` says how the
    light came about; `standing` is the promise at the unit's place, None for work without a number."""

    duty: Duty
    light: str
    computed: str
    why: str
    value: float | None
    value_text: str
    fraction_text: str
    goal_text: str
    data_until: date | None
    stale: bool
    override: Override | None
    standing: Standing | None
    kept: bool
    people: int | None = None

    @property
    def word(self) -> str:
        """The light in a word."""
        return str(shape(self.light).word)


def of_duty(duty: Duty, *, scope: Scope) -> Figure:
    """One duty."""
    return of_duties([duty], scope=scope)[duty.pk]


def of_duties(duties: Sequence[Duty], *, scope: Scope) -> dict[int, Figure]:
    """Several duties by number: the board is asked once for places that lie side by side, and once for each other."""
    found: dict[tuple[int, str, str], Standing] = {}
    wanted = [d for d in duties if d.target]
    for standings in (_beside(wanted, scope), _served(wanted, scope)):
        found.update(standings)
    asked: dict[tuple[str, str], set[int]] = defaultdict(set)
    for duty in wanted:
        if (duty.target, duty.division, duty.institution) not in found:
            asked[duty.division, duty.institution].add(duty.target)
    for (division, institution), targets in asked.items():
        for standing in _standings(division, institution, sorted(targets), scope):
            found[standing.target, division, institution] = standing
    given = handed.of_duties([d for d in duties if d.binding in ("register", "deliverable", "report")])
    return {d.pk: _figure(d, found.get((d.target, d.division, d.institution)), given.get(d.pk)) for d in duties}


def _beside(duties: Sequence[Duty], scope: Scope) -> dict[tuple[int, str, str], Standing]:
    """The standings of divisions that lie side by side, one look for all below the same division above."""
    above: dict[str, list[Duty]] = defaultdict(list)
    for duty in duties:
        if not duty.institution and scope.covers_path(path := _above(duty.division_path)):
            above[path].append(duty)
    found: dict[tuple[int, str, str], Standing] = {}
    for path, rows in above.items():
        if len({d.division for d in rows}) < 2:
            continue
        targets = sorted({d.target for d in rows})
        try:
            below = sources.get().below(scope=scope, division=path.strip("/").rpartition("/")[2], targets=targets)
        except Http404:
            continue
        found.update({(s.target, code, ""): s for code, standings in below.items() for s in standings})
    return found


def _served(duties: Sequence[Duty], scope: Scope) -> dict[tuple[int, str, str], Standing]:
    """The standings of institutions that were given parts by one division, one look for each promise."""
    groups: dict[tuple[int, str], list[Duty]] = defaultdict(list)
    for duty in duties:
        if duty.institution and scope.covers_path(duty.issuer_path):
            groups[duty.target, duty.issuer_division].append(duty)
    found: dict[tuple[int, str, str], Standing] = {}
    for (target, division), rows in groups.items():
        if len(rows) < 2:
            continue
        seats = {d.institution: d.division for d in rows}
        try:
            standings = sources.get().institutions(target, scope=scope, division=division)
        except Http404:
            continue
        found.update({(target, seats[s.institution], s.institution): s for s in standings if s.institution in seats})
    return found


def _above(path: str) -> str:
    """The path of the division above; empty for the widest."""
    above = path.rstrip("/").rpartition("/")[0]
    return f"{above}/" if above else ""


def _standings(division: str, institution: str, targets: list[int], scope: Scope) -> list[Standing]:
    board = sources.get()
    found: list[Standing] = []
    try:
        if institution:
            for target in targets:
                found.append(board.standing(target, scope=scope, institution=institution))
        elif scope.covers_division(division):
            found = board.standings(scope=scope, division=division, targets=targets)
    except Http404:  # the plan was withdrawn or replaced: the duty stays, without a number
        pass
    return found


def _figure(duty: Duty, standing: Standing | None, given: handed.HandedIn | None) -> Figure:
    threshold = duty.threshold
    goal = goal_text(duty)
    if duty.state == "withdrawn":
        return _plain(duty, "grey", _("已撤回"), goal, standing)
    if duty.role == Duty.Role.SUPPORT or (standing is None and given is None):
        return _by_state(duty, goal, standing)
    if standing is not None and given is None and duty.quota is None:
        return _of_board(duty, standing, goal)
    today = clock.today()
    value = standing.value if standing else None
    fresh: int | None = None
    if given is not None and (given.value is not None or standing is None or standing.value is None):
        value = given.value
        fresh = (today - given.last).days if given.last else None
        data_until = given.last
    else:
        data_until = standing.data_until if standing else None
        fresh = max(0, (today - data_until).days) if data_until else None
    share = _share(duty, standing, today)
    judged = light.light(
        Seen(
            value=value,
            threshold=threshold,
            on=today,
            share_due=share,
            fresh=fresh,
            deadline=duty.due,
            better=duty.better,
            handed_in=given is not None and given.kind == "evidence",
        )
    )
    override = standing.override if standing else None
    unit = standing.unit if standing and standing.unit else duty.unit
    own = given is None and standing is not None
    return Figure(
        duty=duty,
        light=override.colour if override else judged.colour,
        computed=judged.colour,
        why=said(judged.code),
        value=value,
        value_text=standing.value_text if own and standing else numbers.quantity(value, unit),
        fraction_text=standing.fraction_text if own and standing else "",
        goal_text=goal,
        data_until=data_until,
        stale=judged.code == "stale",
        override=override,
        standing=standing,
        kept=value is not None
        and threshold is not None
        and judged.code != "stale"
        and threshold.met_by(value, better=duty.better),
        people=_short(value, threshold, duty),
    )


def _short(value: float | None, threshold: Threshold | None, duty: Duty) -> int | None:
    """How many things are missing to what this unit answers for."""
    if value is None or threshold is None or duty.quota is None or threshold.op in ("<", "<="):
        return None
    return max(0, math.ceil(threshold.value - value)) if duty.additive else None


def _of_board(duty: Duty, standing: Standing, goal: str) -> Figure:
    """A promise the unit answers for as it stands: exactly what the board says of it."""
    return Figure(
        duty=duty,
        light=standing.light,
        computed=standing.computed,
        why=standing.why,
        value=standing.value,
        value_text=standing.value_text,
        fraction_text=standing.fraction_text,
        goal_text=goal,
        data_until=standing.data_until,
        stale=standing.stale,
        override=standing.override,
        standing=standing,
        kept=standing.kept and not standing.stale,
        people=standing.people,
    )


def _share(duty: Duty, standing: Standing | None, today: date) -> float:
    """The share of the work due by now: of the board where it knows, else as the days go from issue to deadline."""
    if standing is not None and standing.elapsed is not None:
        return standing.elapsed
    if standing is not None and standing.value is not None and duty.quota is None:
        return 1.0
    if duty.due is None:
        return 1.0
    start = date(duty.due.year, 1, 1)
    return min(1.0, max(0.0, (today - start).days / max(1, (duty.due - start).days)))


def _by_state(duty: Duty, goal: str, standing: Standing | None) -> Figure:
    today = clock.today()
    if duty.state == "closed":
        return _plain(duty, "green", _("已验收办结"), goal, standing)
    if duty.due and today > duty.due:
        return _plain(duty, "red", _("期限已过，尚未办结"), goal, standing)
    if duty.state == "issued" and today > duty.receipt_due:
        return _plain(duty, "yellow", _("超过签收期限，尚未签收"), goal, standing)
    return _plain(duty, "grey", _("没有数值，按办理状态和期限判断"), goal, standing)


def _plain(duty: Duty, colour: str, why: str, goal: str, standing: Standing | None) -> Figure:
    return Figure(
        duty=duty, light=colour, computed=colour, why=why, value=None, value_text="", fraction_text="", goal_text=goal,
        data_until=None, stale=False, override=None, standing=standing, kept=False,
    )  # fmt: skip


def said(code: str) -> str:
    """The reason of a light in words."""
    return {
        "met": _("已达到目标"),
        "on-pace": _("进度不慢于时间"),
        "slightly-behind": _("略慢于应有进度"),
        "behind": _("明显落后于应有进度"),
        "stale": _("数据太久没有更新，不能判断"),
        "no-value": _("没有数值，不能判断"),
        "missed": _("期限已过，未达到目标"),
        "not-expected": _("目前达到进度，但照走势到期达不到"),
        "nothing-yet": _("还没有采信的材料"),
        "nothing-by-due": _("期限已过，没有采信的材料"),
        "not-comparable": _("还没有分解指标，不能判断"),
    }[code]


def goal_text(duty: Duty) -> str:
    """What this unit must reach: `≥ 12 个`, or the promise for a rate."""
    threshold = duty.threshold
    if threshold is None:
        return ""
    if threshold.op == "=":  # 达 4 家: the number itself says it
        return numbers.quantity(threshold.value, duty.unit)
    return numbers.promise(threshold.op, threshold.value, threshold.upper, duty.unit)
