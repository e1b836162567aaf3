"""What happens to duties by the clock. Run at any time and as often as liked: what an outage kept from happening happens
at the next turn, once.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import Refused
from luoshi.kernel.machine import CLOCK
from luoshi.platform import audit, moving
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.supervision.duties import events, figures, keeping, noting, overriding, queries, rules
from luoshi.supervision.duties.events import Happened
from luoshi.supervision.duties.models import Duty


@dataclass(frozen=True)
class Turned:
    """What one turn did."""

    expired: int
    settled: int
    receipts: int
    overdue: int
    drafts: int


def turn() -> Turned:
    """End lights set by hand, close duties that are due and kept, tell of receipts and deadlines that passed, remove
    drafts of broken uploads."""
    return Turned(
        expired=overriding.expire(),
        settled=settle(),
        receipts=_tell_once("receipt-overdue", list(queries.never_received(scope=Scope.system()))),
        overdue=_tell_once(
            "due-passed", list(Duty.objects.filter(due__lt=clock.today()).exclude(state__in=queries.FINAL))
        ),
        drafts=keeping.sweep(),
    )


def settle() -> int:
    """Close every duty whose day has passed and whose value keeps its promise; how many. Those with an open query, or
    with parts that are open, wait."""
    rows = Duty.objects.filter(due__lt=clock.today(), state__in=("received", "working", "submitted"), role="lead")
    rows = rows.exclude(target=0).exclude(queries__state__in=("open", "answered")).distinct()
    found = list(rows)
    open_parents = set(
        Duty.objects.filter(parent__in=found).exclude(state__in=queries.FINAL).values_list("parent", flat=True)
    )
    seen = figures.of_duties(found, scope=Scope.system())
    done = 0
    for duty in found:
        figure = seen[duty.pk]
        if duty.pk in open_parents or not figure.kept or figure.override:
            continue
        ground = _("到期数据达标：%(value)s") % {
            "value": " ".join(filter(None, (figure.value_text, figure.fraction_text)))
        }
        try:
            with transaction.atomic():
                moving.advance(
                    duty, rules.DUTY, "settle", by="clock", permissions={CLOCK}, given=noting.dated({"ground": ground}),
                    scope_division=duty.division, closed_by="clock", closed_at=clock.now(), ground=ground[:500],
                )  # fmt: skip
                events.tell(Happened("closed", "clock", duty, text=ground))
        except Refused:  # somebody moved it in this moment
            continue
        done += 1
    return done


def _tell_once(kind: str, duties: list[Duty]) -> int:
    """Tell of duties nobody was told of since they were last issued; the audit trail remembers who was."""
    action = f"duty.{kind}"
    numbers = [str(d.pk) for d in duties]
    told = {
        (row.object_id, str(row.detail.get("since", "")))
        for row in Entry.objects.filter(object_type="duty", object_id__in=numbers, action=action)
    }
    count = 0
    for duty in duties:
        since = str(duty.receipt_due if kind == "receipt-overdue" else duty.due)
        if (str(duty.pk), since) in told:
            continue
        with transaction.atomic():
            audit.record(
                by="clock", action=action, object_type="duty", object_id=duty.pk, scope_division=duty.division,
                detail=noting.dated({"since": since}),
            )  # fmt: skip
            events.tell(Happened(kind, "clock", duty, text=since))
        count += 1
    return count
