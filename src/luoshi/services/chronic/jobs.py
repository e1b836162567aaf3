"""The job of chronic care: registers planned before anybody asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from luoshi.platform.jobs.registry import Progress, job


@job("chronic.plan", restartable=True, every=timedelta(minutes=1))
def plan(progress: Progress) -> dict[str, Any]:
    """After a new lake or a new day: plan the register of every place that was asked for lately."""
    from luoshi.kernel import clock
    from luoshi.services.chronic import kept

    progress(0)
    return {"planned": kept.plan_ahead(clock.today(), told=progress)}
