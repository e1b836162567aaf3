"""What other services may ask of referrals."""

from __future__ import annotations

from luoshi.platform.access.scope import Scope
from luoshi.services.referral import queries, rules
from luoshi.services.referral.criteria import Facts, Met, met, read
from luoshi.services.referral.events import Event, add
from luoshi.services.referral.models import Referral
from luoshi.services.referral.queries import facts

__all__ = ["Event", "Facts", "Met", "add", "facts", "met", "of_person", "read", "waiting"]


def waiting(*, scope: Scope) -> int:
    """How many referrals wait for the viewer."""
    return queries.box("turn", scope=scope).count()


def of_person(person: int, *, scope: Scope) -> list[Referral]:
    """The open referrals of a patient at whose ends the viewer stands, newest first."""
    found = queries.referrals(scope=scope).filter(person=person, state__in=rules.OPEN)
    return list(found.order_by("-pk")[:20])
