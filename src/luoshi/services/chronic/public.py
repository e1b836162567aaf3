"""What other services may ask of chronic care: where people stand, and what a visit would change.

chronic.member(person, scope=scope)            # one person with the standing of every disease, or None
chronic.members(scope=scope, division=code)    # everybody of a place, those to visit first
chronic.why_not(disease)                       # why not managed to norm so far, in words
"""

from __future__ import annotations

from luoshi.platform.access.scope import Scope
from luoshi.services.chronic import members as reckoning
from luoshi.services.chronic import panel, queries
from luoshi.services.chronic.members import Disease, Member, why_not
from luoshi.services.chronic.panel import TooMany

__all__ = ["Disease", "Member", "TooMany", "member", "members", "why_not"]


def member(person: int, *, scope: Scope) -> Member | None:
    """One person, None where nobody manages them for a chronic disease. Raises `Http404` outside the scope."""
    return queries.seen(person, scope=scope).member


def members(*, scope: Scope, division: str = "", institution: str = "") -> list[Member]:
    """Everybody of a place inside the scope, those to visit first. Raises `Http404` for another place, `TooMany` for one
    too large for a list."""
    read = panel.read(scope, division=division, institution=institution, most=queries.MOST)
    return reckoning.members(read)
