"""The clock of rectification as a job."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from luoshi.platform.jobs.registry import Progress, job


@job("rectification.turn", restartable=True, every=timedelta(minutes=10))
def turn(progress: Progress) -> dict[str, Any]:
    """Close what the data close, then take the steps of the ladder that are due."""
    from luoshi.supervision.rectification import ladder
    from luoshi.supervision.rectification.actions import recheck_all

    return {"closed": recheck_all(), "steps": ladder.run()}
