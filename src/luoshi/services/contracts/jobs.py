"""The jobs of contracts: what time moves, and the search for signs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from luoshi.platform.jobs.registry import Progress, job


@job("contracts.tick", restartable=True, every=timedelta(hours=1))
def tick(progress: Progress, by: str = "system") -> dict[str, Any]:
    """Let contracts that ran out expire, complete or lapse."""
    from luoshi.services.contracts import actions

    progress(0, 1)
    moved = actions.tick(by=by)
    progress(1, 1)
    return dict(moved)


@job("contracts.look", restartable=True, every=timedelta(days=1))
def look(progress: Progress, by: str = "system") -> dict[str, Any]:
    """Look for signs of contracts made at the desk."""
    from luoshi.services.contracts import looking

    progress(0, 1)
    counted = looking.look(by=by)
    progress(1, 1)
    return dict(counted)
