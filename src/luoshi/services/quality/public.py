"""What other services may ask the quality desk."""

from __future__ import annotations

from datetime import date

from luoshi.platform.access.scope import Scope
from luoshi.services.quality import queries
from luoshi.services.quality.judging import findings
from luoshi.services.quality.rules import Card
from luoshi.services.quality.touching import indicators_of

__all__ = ["indicators_of", "open_findings", "scorecard"]


def scorecard(source: str, received: date | None, *, scope: Scope) -> Card:
    """The scorecard of a source and day (None: all days). Raises `Http404` when nothing of it is in sight, and
    `UnreadableFile` before the checks were run."""
    return queries.card(source, received, scope=scope)


def open_findings(*, scope: Scope) -> int:
    """How many signs of invented records wait for a judgement."""
    return findings(scope=scope).filter(current=True, state="open").count()
