"""What the demonstration shows: an announced run with an appeal, and a meeting with two decisions."""

from __future__ import annotations

from datetime import timedelta

from luoshi.kernel import clock
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.services.appraisal_desk import screens
from luoshi.supervision.appraisal import actions, meetings

Person = tuple[str, str, str, str, str]


def prepare() -> list[Person]:
    """Score the counties by the scheme that comes with Luoshi and show it to them; the county officer appeals; hold a
    meeting. Nothing where the city has no plan or no counties."""
    officer = User.objects.filter(username="plan-officer").first()
    county = User.objects.filter(username="county").first()
    if officer is None or county is None:
        return []
    scope, below = Scope.of(officer), Scope.of(county)
    office, own = scope.root_division(), below.root_division()
    made = actions.run(slug="annual-work", division=office, by=officer, scope=scope)
    actions.run(slug="primary-care", division=office, by=officer, scope=scope)
    actions.announce(number=made.pk, open_table=True, by=officer, scope=scope)
    line = made.result.line(own)
    # What cost it most; where nothing did, what could not be scored.
    costly = max(line.scores.items(), key=lambda pair: (pair[1].lost, bool(pair[1].reason)))[0] if line else ""
    if costly:
        actions.appeal(
            number=made.pk, division=own, item=costly, value=None, by=county, scope=below,
            claim="十月末补录的记录晚于统计截止日到达，请按补录后的名册复核这一项。",
        )  # fmt: skip
    _meeting(officer, scope, office)
    return []


def _meeting(officer: User, scope: Scope, office: str) -> None:
    today = clock.today()
    held = meetings.open_meeting(
        title=f"{today.year}年第{(today.month + 2) // 3}季度调度会", division=office, day=today, by=officer, scope=scope,
        chair="分管领导", present="各县区卫生健康局、功能区卫生健康管理机构、市直有关单位",
    )  # fmt: skip
    listed = screens.order(held, scope=scope)
    shown = [screens.screen(code, name, office=office, scope=scope) for code, name in listed]
    worst = sorted((one for one in shown if one.worst), key=lambda one: -dict(one.lights)["red"])[:2]
    for days, one in zip((30, 45), worst, strict=False):
        gap = one.worst[0]
        meetings.decide(
            number=held.pk, division=one.division, target=gap.target, who=f"{one.name}卫生健康局",
            what=f"逐人逐项核对“{gap.metric}”未计入对象，按周报进度，{gap.short or '补齐差距'}的部分限期完成",
            due=today + timedelta(days=days), by=officer, scope=scope,
        )  # fmt: skip
