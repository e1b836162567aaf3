"""What time does to referrals: nobody came, nobody answered. Safe to run again, by several at once, and after an outage:
every step of escalation that was due is taken once, in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from luoshi.kernel import clock
from luoshi.kernel.errors import Refused
from luoshi.kernel.machine import CLOCK
from luoshi.platform import audit
from luoshi.services.referral import alerting, book, moves, places, rules
from luoshi.services.referral.models import Referral


@dataclass(frozen=True)
class Ticked:
    """What one round did: referrals that lapsed, steps of escalation taken."""

    lapsed: int = 0
    escalated: int = 0


def tick(now: datetime | None = None) -> Ticked:
    """One round as of `now` (default: the clock's). Referrals whose receiver sits at a peer lapse there, not here."""
    at = now or clock.now()
    return Ticked(_lapse(at), _escalate(at))


def _lapse(at: datetime) -> int:
    count = 0
    due = Referral.objects.filter(lapse__lt=at).exclude(far="receive").values_list("pk", flat=True)
    for pk in list(due):
        with transaction.atomic():
            row = Referral.objects.select_for_update(of=("self",)).select_related("peer", "slot").get(pk=pk)
            if row.lapse is None or row.lapse >= at:
                continue
            try:
                moves.advance(row, "lapse", by="clock", scope=None, permissions=frozenset({CLOCK}))
            except Refused:
                continue  # somebody was quicker
            count += 1
    return count


def _escalate(at: datetime) -> int:
    steps = book.rules().clocks.escalate
    count = 0
    late = Referral.objects.filter(state__in=rules.OPEN, due__lt=at, escalated__lt=len(steps)).order_by("due")
    for row in list(late.exclude(state="draft")):
        if row.due is None or not _ours(row):
            continue
        level = rules.level_due(row.due, at)
        if level <= row.escalated:
            continue
        with transaction.atomic():
            taken = Referral.objects.filter(pk=row.pk, version=row.version, escalated=row.escalated)
            if not taken.update(escalated=level):
                continue
            senders = row.state in rules.SENDERS_TURN
            for number in range(row.escalated + 1, level + 1):
                step = steps[number - 1]
                moves.note(
                    row, "escalate", by="clock", at=at, before=row.state, after=row.state, said=step.to, level=number
                )
                audit.record(
                    by="clock", action="referral.escalate", object_type="referral", object_id=row.pk,
                    scope_division=moves.code_of(row.receiver_path or row.sender_path),
                    detail={"level": number, "to": step.to, "state": row.state},
                )  # fmt: skip
                alerting.late(row, step, number, head=places.head_of(row.sender if senders else row.receiver))
                moves.tell(row, "escalate", level=number, to=step.to)
                count += 1
    return count


def _ours(row: Referral) -> bool:
    """Whether those who must act sit here: a peer keeps the clocks of its own people."""
    return row.far != ("send" if row.state in rules.SENDERS_TURN else "receive")
