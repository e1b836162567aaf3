"""What the demonstration shows: a finding in each state at the county of the demonstration, one that went up the ladder,
one repeat, one closed by the data and one by signature."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import transaction

from luoshi.kernel import clock
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.supervision import sources
from luoshi.supervision.rectification import actions, checking, ladder
from luoshi.supervision.rectification.models import Finding

PLAN = "逐村核对名单，明确责任医生和完成时限，每周通报一次进度。"
ACCOUNT = "已逐人核对并完成补办，相关记录已上传，请按数据复核。"


@dataclass
class _Cast:
    """Who plays, and the targets still to be used, worst first."""

    leader: User
    county: User
    division: str
    red: list[sources.Standing] = field(default_factory=list)

    def raised(self, day: date, **more: object) -> Finding:
        """A finding of `day` about the next red target of the county."""
        standing = self.red.pop(0)
        with clock.at(day):
            return actions.raise_finding(
                kind="target", title=f"{standing.promise.metric}滞后", text=checking.said(standing),
                division=self.division, target=standing.target, by=self.leader, scope=Scope.of(self.leader),
            )  # fmt: skip


def prepare() -> list[tuple[str, str, str, str, str]]:
    """Raise and move the findings; nothing where there are some already. No accounts of its own."""
    leader = User.objects.filter(username="leader").first()
    county = User.objects.filter(username="county").first()
    if leader is None or county is None or Finding.objects.exists():
        return []
    scope, own = Scope.of(leader), Scope.of(county)
    division = own.root_division()
    found = sources.get().standings(scope=scope, division=division)
    red = [s for s in found if s.light == "red" and s.value is not None]
    red = sorted(red, key=lambda s: (s.people is None, s.gap, s.target))
    today = clock.today()
    # The days of the evaluations there are, so that what was found then has its figures.
    recent = today.replace(day=1) - timedelta(days=1)
    earlier = recent.replace(day=1) - timedelta(days=1)
    before = {s.target: s.light for s in sources.get().standings(scope=scope, division=division, on=earlier)}
    better = [s for s in found if s.computed == "green" and not s.stale and before.get(s.target) in ("red", "yellow")]
    if len(red) < 5:
        return []
    cast = _Cast(leader, county, division, red)
    cast.raised(today)  # waits for its notice
    _noticed(cast, recent, scope)
    _up_the_ladder(cast, earlier, scope)
    _in_work(cast, recent, scope, own)
    _handed_in(cast, earlier, scope, own)
    _signed_and_again(cast, today, scope, own)
    if better:
        _closed_by_data(cast, better[0], earlier, scope, own)
    return []


def _noticed(cast: _Cast, day: date, scope: Scope) -> None:
    made = cast.raised(day)
    with clock.at(day):
        actions.notify(number=made.pk, by=cast.leader, scope=scope)


def _up_the_ladder(cast: _Cast, day: date, scope: Scope) -> None:
    """No plan came: a reminder and an interview by the clock; the interview is written down."""
    made = cast.raised(day)
    with clock.at(day):
        actions.notify(number=made.pk, by=cast.leader, scope=scope)
    for later in range((clock.today() - day).days + 1):
        with clock.at(day + timedelta(days=later)), transaction.atomic():
            ladder.catch_up(made.pk)
    step = made.steps.filter(step="talk").first()
    if step is not None:
        actions.minute(
            step=step.pk, text="约谈县卫健局分管负责人，责成三日内报方案，每周报进度。", held_on=step.due + timedelta(days=1),
            by=cast.leader, scope=scope,
        )  # fmt: skip


def _in_work(cast: _Cast, day: date, scope: Scope, own: Scope) -> None:
    made = cast.raised(day)
    with clock.at(day):
        actions.notify(number=made.pk, by=cast.leader, scope=scope)
    with clock.at(day + timedelta(days=2)):
        actions.plan(number=made.pk, plan=PLAN, by=cast.county, scope=own)


def _handed_in(cast: _Cast, day: date, scope: Scope, own: Scope) -> None:
    """Handed in, returned once because the data did not show it, handed in again."""
    made = cast.raised(day)
    with clock.at(day):
        actions.notify(number=made.pk, by=cast.leader, scope=scope)
        actions.plan(number=made.pk, plan=PLAN, by=cast.county, scope=own)
    with clock.at(day + timedelta(days=8)):
        actions.submit(number=made.pk, text=ACCOUNT, by=cast.county, scope=own)
        actions.give_back(number=made.pk, reason="重算仍未达标，请补齐后再报。", by=cast.leader, scope=scope)
    with clock.at(day + timedelta(days=15)):
        actions.submit(number=made.pk, text=ACCOUNT, by=cast.county, scope=own)


def _signed_and_again(cast: _Cast, today: date, scope: Scope, own: Scope) -> None:
    """An inspection closed by signature in summer, and the same found again: a repeat."""
    words = {
        "kind": "inspection", "title": "签约服务协议未按规定留存", "text": "抽查20份签约协议，4份无居民签字（16/20）。",
        "division": cast.division, "by": cast.leader, "scope": scope,
    }  # fmt: skip
    first = today - timedelta(days=120)
    with clock.at(first):
        made = actions.raise_finding(**words)  # type: ignore[arg-type]
        actions.notify(number=made.pk, by=cast.leader, scope=scope)
        actions.plan(number=made.pk, plan=PLAN, by=cast.county, scope=own)
    with clock.at(first + timedelta(days=20)):
        actions.submit(number=made.pk, text="4份协议已全部补签并归档，附抽查记录。", by=cast.county, scope=own)
        actions.sign(number=made.pk, reason="现场复查20份协议，全部合规，同意销号。", by=cast.leader, scope=scope)
    with clock.at(today - timedelta(days=1)):
        again = actions.raise_finding(**words)  # type: ignore[arg-type]
        actions.notify(number=again.pk, by=cast.leader, scope=scope)
        actions.dismiss(
            number=actions.raise_finding(
                kind="inspection", title="宣传栏未更新", text="抽查时宣传栏内容为上季度。", division=cast.division, by=cast.leader,
                scope=scope,
            ).pk,
            reason="经核实当日正在更换，不构成问题。", by=cast.leader, scope=scope,
        )  # fmt: skip


def _closed_by_data(cast: _Cast, standing: sources.Standing, day: date, scope: Scope, own: Scope) -> None:
    """Behind a month ago; the records that came since pass, so the data close it."""
    with clock.at(day):
        made = actions.raise_finding(
            kind="target", title=f"{standing.promise.metric}滞后", text="月度调度时进度落后，列为整改事项。",
            division=cast.division, target=standing.target, by=cast.leader, scope=scope,
        )  # fmt: skip
        actions.notify(number=made.pk, by=cast.leader, scope=scope)
        actions.plan(number=made.pk, plan=PLAN, by=cast.county, scope=own)
    actions.recheck(number=made.pk, by=cast.leader, scope=scope)
