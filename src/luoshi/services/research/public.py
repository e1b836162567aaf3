"""What other services may ask the research desk."""

from __future__ import annotations

from luoshi.platform.access.scope import Scope
from luoshi.services.research import queries, rules


def waiting(*, scope: Scope) -> int:
    """How many requests wait for a decision the viewer may make."""
    found = queries.projects(scope=scope).filter(state=rules.REQUESTED)
    return found.exclude(applicant=scope.user.get_username()).count() if scope.user else found.count()
