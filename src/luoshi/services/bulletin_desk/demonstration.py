"""What the demonstration shows: the bulletin of October, drafted, reviewed, signed and issued by three people; a summary
still on its way; a schedule."""

from __future__ import annotations

from luoshi.kernel import clock
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division
from luoshi.supervision.bulletins import actions, rules, sending

Person = tuple[str, str, str, str, str]


def prepare() -> list[Person]:
    """Issue one monthly bulletin for the city. Adds nobody: drafting, reviewing and signing need three people, of whom
    the system is the one that drafts."""
    city = Division.objects.current().filter(level=2).order_by("code").first()
    reviewer = User.objects.filter(username="plan-officer").first()
    signer = User.objects.filter(username="leader").first()
    if city is None or reviewer is None or signer is None:
        return []
    system, scope, head = Scope.system(), Scope.of(reviewer), Scope.of(signer)
    start, end = rules.last_period("month", clock.today())
    made = actions.make(kind="monthly", division=city.code, start=start, end=end, by="system", scope=system)
    actions.move(number=made.pk, name="review", by=reviewer, scope=scope)
    actions.move(number=made.pk, name="sign", by=signer, scope=head)
    actions.move(number=made.pk, name="issue", by=reviewer, scope=scope)
    sending.plan(
        division=city.code, kind="monthly", day=3, channel="folder", formats=["pdf"], readers=["leader", "county"],
        since=start, by=reviewer, scope=scope,
    )  # fmt: skip
    return []
