"""The data settle items: after each refresh of the results every item of an open dispatch is looked at again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import QuerySet

from luoshi.kernel import clock
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import results, subjects
from luoshi.platform.moving import CLOCK, advance
from luoshi.supervision.alerts.actions import tell
from luoshi.supervision.dispatching import rules
from luoshi.supervision.dispatching.models import Dispatch, Item

FIELDS = ("data", "reason_now", "reason_now_en", "settled_on", "state", "acted_on", "lapsed")


@dataclass(frozen=True)
class Settled:
    """What one look changed, over some dispatches."""

    dispatches: int = 0
    counted: int = 0
    left: int = 0
    again: int = 0
    lapsed: int = 0
    finished: int = 0


def settle_all() -> Settled:
    """Look at every open dispatch whose results are not those in use. May be run as often as one likes."""
    total = Settled()
    for number in stale(Dispatch.objects.all()):
        one = settle(number)
        total = Settled(*(a + b for a, b in zip(vars(total).values(), vars(one).values(), strict=True)))
    return total


def stale(found: QuerySet[Dispatch]) -> list[int]:
    """Which of some dispatches are open and were not looked at with the results in use; none before there are results."""
    edition = subjects.edition()
    if not edition:
        return []
    return list(found.filter(state=rules.OPEN).exclude(edition=edition).values_list("pk", flat=True))


def is_stale(found: Dispatch) -> bool:
    """The same for one that is at hand; no query."""
    return found.state == rules.OPEN and found.edition != subjects.edition()


def settle(number: int) -> Settled:
    """Look at the items of one open dispatch with the results in use; nothing where they were looked at already.

    An item that is counted or has left is settled; one that is missing again (a record was withdrawn) is to be done
    again. A tick the data should long show falls. When nothing is left, or the period is over and nothing more can be
    known, the dispatch ends by itself.
    """
    edition, heard = subjects.edition(), results.data_until()
    with transaction.atomic():
        found = Dispatch.objects.select_for_update().filter(pk=number, state=rules.OPEN).first()
        if found is None or not edition or found.edition == edition:
            return Settled()
        items = list(found.items.all())
        became = subjects.became(found.indicator, found.period, [item.subject for item in items])
        if became is None:
            over = clock.today() > max(found.due, found.period_end)
            if over:
                _finish(found, "统计期已结束，不再重新计算")
            return Settled(dispatches=1, finished=int(over))
        before = {item.pk: (item.state, item.data) for item in items}
        changed = [item for item in items if _look(item, became[item.subject], heard)]
        Item.objects.bulk_update(changed, FIELDS, batch_size=500)
        _measure(found, edition, heard)
        fallen = [i for i in changed if before[i.pk][0] == rules.ACTED and i.state == rules.SENT]
        _tell_lapsed(found, fallen)
        moved = [i for i in changed if before[i.pk][1] != i.data]
        tally = {data: sum(i.data == data for i in moved) for data in (rules.COUNTED, rules.LEFT, rules.MISSING)}
        if moved or fallen:
            audit.record(
                by="clock", action="dispatch.settle", object_type="dispatch", object_id=found.pk,
                scope_division=found.division, detail={"edition": edition, **tally, "lapsed": len(fallen)},
            )  # fmt: skip
        done = not any(item.data == rules.MISSING and item.state != rules.EXCUSED for item in items)
        if done:
            _finish(found, "")
        return Settled(1, tally[rules.COUNTED], tally[rules.LEFT], tally[rules.MISSING], len(fallen), int(done))


def _look(item: Item, became: subjects.Became, heard: date | None) -> bool:
    """Bring one item up to date; whether it changed."""
    before = tuple(getattr(item, name) for name in FIELDS)
    item.data = became.state
    item.reason_now, item.reason_now_en = became.reason[:300], became.reason_en[:300]
    if became.state == rules.MISSING:
        item.settled_on = None
        if item.state == rules.ACTED and rules.unconfirmed(item.acted_on, heard):
            item.state, item.acted_on, item.lapsed = rules.SENT, None, item.lapsed + 1
    elif item.settled_on is None:
        item.settled_on = heard or clock.today()
    return before != tuple(getattr(item, name) for name in FIELDS)


def _measure(found: Dispatch, edition: str, heard: date | None) -> None:
    system = Scope.system()
    value = results.value(found.indicator, found.period, scope=system, division=found.division)
    _rows, missing = results.missed(found.indicator, found.period, scope=system, division=found.division, limit=1)
    found.edition, found.heard_now, found.missing_now = edition, heard, missing
    found.value_now, found.numerator_now, found.denominator_now = value.value, value.numerator, value.denominator
    found.save(
        update_fields=["edition", "heard_now", "missing_now", "value_now", "numerator_now", "denominator_now"]
    )  # fmt: skip


def _finish(found: Dispatch, why: str) -> None:
    advance(
        found, rules.DISPATCH, "finish", by="clock", permissions={CLOCK}, scope_division=found.division,
        ended_at=clock.now(), ended_why=why,
    )  # fmt: skip


def _tell_lapsed(found: Dispatch, items: list[Item]) -> None:
    by_institution: dict[str, int] = {}
    for item in items:
        by_institution[item.institution] = by_institution.get(item.institution, 0) + 1
    for institution, count in by_institution.items():
        tell(
            "dispatch-unconfirmed", key=f"unconfirmed:{found.pk}:{institution}:{found.edition}",
            permission="dispatch.act", institution=institution, division="" if institution else found.division,
            link=f"/dispatches/mine/?dispatch={found.pk}", object_type="dispatch", object_id=found.pk,
            title=found.title, count=count,
        )  # fmt: skip
