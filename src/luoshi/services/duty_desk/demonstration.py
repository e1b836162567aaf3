"""The plan of the fictional city, issued: most duties acknowledged, one county late, two targets split, papers handed in.

The duties were issued in September and the rest happened since, so that receipts and days have passed as they do.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import F

from luoshi.kernel import clock
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.supervision import sources
from luoshi.supervision.duties import actions, dividing, figures, filing, queries, reporting, talking
from luoshi.supervision.duties.models import Duty

Account = tuple[str, str, str, str, str]
ISSUED_DAYS_AGO = 40
MINUTES = """全市深化医药卫生体制改革领导小组会议纪要(演示)

会议听取了县域医共体建设和医保支付方式改革进展情况，研究了下一步重点任务。
"""


def prepare() -> list[Account]:
    """Issue the plan and let the first weeks pass. Does nothing where it was done, or where there is no plan."""
    people = {user.username: user for user in User.objects.filter(username__in=("plan-officer", "leader", "county"))}
    if len(people) < 3 or Duty.objects.exists():
        return []
    officer, leader, county = people["plan-officer"], people["leader"], people["county"]
    plans = sources.get().plans(scope=Scope.of(officer))
    if not plans:
        return []
    today = clock.today()
    seat = Scope.of(officer)
    first = [task.id for task in sources.get().tasks(plans[0].id, scope=seat)[:6]]
    with clock.at(today - timedelta(days=ISSUED_DAYS_AGO)):
        actions.issue(plan=plans[0].id, tasks=first, by=officer, scope=seat)
        actions.issue(plan=plans[0].id, inherited=False, by=officer, scope=seat)
    with clock.at(today - timedelta(days=ISSUED_DAYS_AGO - 1)):
        _receive(leader)
    _split(leader)
    with clock.at(today - timedelta(days=ISSUED_DAYS_AGO - 3)):
        _receive(county, keep=2)
    _hand_in(leader, officer)
    _report(county)
    _say(leader)
    return []


def _receive(user: User, keep: int = 0) -> None:
    """Acknowledge what the seat was given, all but the last `keep`: those stay late."""
    seat = Scope.of(user)
    rows = list(queries.mine(scope=seat).filter(state="issued").order_by(F("parent").desc(nulls_last=True), "pk"))
    for duty in rows[: len(rows) - keep]:
        actions.receive(duty=duty, by=user, scope=seat)


def _split(user: User) -> None:
    """A rate and a count, over the counties."""
    seat = Scope.of(user)
    mine = queries.mine(scope=seat).filter(state="received", role="lead")
    rate = mine.filter(binding="indicator", unit="%", additive=False, title__contains="高血压").first()
    counts = list(mine.filter(binding="indicator", additive=True, quota__gte=3, quota__lte=20).order_by("pk"))
    seen = figures.of_duties(counts, scope=seat)
    count = next((d for d in counts if seen[d.pk].light == "red"), counts[0] if counts else None)
    with clock.at(clock.today() - timedelta(days=ISSUED_DAYS_AGO - 2)):
        for duty in (rate, count):
            if duty is None:
                continue
            rows = dividing.candidates(duty, scope=seat).rows
            parts = {c.key: c.even for c in rows if c.even is not None}
            if parts:
                dividing.split(duty=duty, parts=parts, reason="", by=user, scope=seat)


def _hand_in(user: User, judge: User) -> None:
    """The minutes of the reform group: one deliverable, shown and accepted."""
    seat = Scope.of(user)
    duty = queries.mine(scope=seat).filter(state="received", binding="deliverable", title__contains="会议").first()
    duty = duty or queries.mine(scope=seat).filter(state="received", binding="deliverable").first()
    if duty is None:
        return
    paper = filing.hand_in(
        duty=duty, name="会议纪要.txt", chunks=[MINUTES.encode()], title="上半年医改领导小组会议纪要",
        dated=date(clock.today().year, 5, 20), by=user, scope=seat,
    )  # fmt: skip
    filing.accept(file=paper, by=judge, scope=Scope.of(judge))


def _report(user: User) -> None:
    """A county says it is on track where the data say otherwise: a query is opened."""
    seat = Scope.of(user)
    duty = (
        queries.mine(scope=seat).filter(state__in=("received", "working"), parent__isnull=False).order_by("-pk").first()
    )
    if duty is not None:
        reporting.report(
            duty=duty, claim="done", progress="已按要求部署，相关机构正在建设和申报。", problems="", by=user, scope=seat
        )


def _say(user: User) -> None:
    seat = Scope.of(user)
    duty = queries.mine(scope=seat).filter(parts__isnull=False).order_by("pk").first()
    if duty is not None:
        talking.comment_on_duty(duty=duty, text="请各县区按月核对未达标名单，月底前逐一落实。", by=user)


__all__ = ["prepare"]
