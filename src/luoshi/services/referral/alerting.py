"""Whom a referral concerns is told of it: the receiver of a new one, the sender of an answer, and step by step those above
when it is late. No names of patients: only the number of the referral."""

from __future__ import annotations

from django.urls import reverse

from luoshi.kernel import clock
from luoshi.services.referral import book, rules
from luoshi.services.referral.models import Referral
from luoshi.supervision.alerts import actions as alerts

_TO_RECEIVER = frozenset({"submit", "resubmit", "rush"})
_TO_SENDER = frozenset({"reject", "ask", "summarise", "miss", "lapse"})


def moved(row: Referral, name: str) -> None:
    """After a move, in its transaction. What concerns the people of a peer is told there."""
    if name in _TO_RECEIVER and row.far != "receive":
        _tell("referral-new", row, f"{row.version}", permission=rules.RECEIVE, institution=row.receiver)
    elif name in _TO_SENDER and row.far != "send":
        _tell("referral-back", row, f"{row.version}", permission=rules.SEND, institution=row.sender)


def late(row: Referral, step: book.Step, level: int, *, head: str) -> None:
    """A step of escalation, in its transaction. `head`: code of the head of the alliance of whoever must act."""
    senders = row.state in rules.SENDERS_TURN
    place, path = (row.sender, row.sender_path) if senders else (row.receiver, row.receiver_path)
    permission = rules.SEND if senders else rules.RECEIVE
    key = f"{row.version}:{level}"
    if step.to == "commission":
        _tell("referral-late", row, key, permission="referral.watch", division=path.strip("/").rpartition("/")[2])
    else:
        _tell("referral-late", row, key, permission=permission, institution=head if step.to == "alliance" else place)


def _tell(kind: str, row: Referral, key: str, *, permission: str, institution: str = "", division: str = "") -> None:
    watched = permission == "referral.watch"
    state, state_en = rules.MACHINE.states[row.state]
    alerts.tell(
        kind, key=f"referral:{row.pk}:{kind}:{key}", permission=permission, institution=institution, division=division,
        link=reverse("referral:watch") if watched else reverse("referral:referral", args=[row.pk]),
        object_type="referral", object_id=row.pk, title=row.number, reason=state, reason_en=state_en,
        due=f"{row.due.astimezone(clock.CHINA):%Y-%m-%d %H:%M}" if row.due else "—",
    )  # fmt: skip
