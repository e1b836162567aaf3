"""Who wants to hear what becomes of referrals: alerts, boards, other services. Told after the commit, one by one; what a
listener fails at is logged and harms nobody else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

log = logging.getLogger("luoshi.referral")


@dataclass(frozen=True)
class Event:
    """What happened: `kind` is the name of a move, `escalate` or `filed`. `division` is the path of the place that must
    act, `institution` its code; `level` and `to` tell how far an escalation went and to whom (`institution`,
    `alliance`, `commission`). Nothing personal is in it."""

    kind: str
    referral: int
    number: str
    state: str
    institution: str
    division: str
    level: int = 0
    to: str = ""


Listener = Callable[[Event], None]
_listeners: list[Listener] = []


def add(listener: Listener) -> None:
    """Hear of referrals from now on; adding the same again changes nothing."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(event: Event) -> None:
    """Tell every listener once the present transaction is committed."""
    transaction.on_commit(lambda: _tell(event))


def _tell(event: Event) -> None:
    for listener in list(_listeners):
        try:
            listener(event)
        except Exception:
            log.exception("a listener failed at %s of referral %s", event.kind, event.referral)
