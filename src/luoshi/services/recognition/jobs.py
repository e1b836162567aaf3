"""The job that lets unanswered alerts lapse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from luoshi.platform.jobs.registry import Progress, job


@job("recognition.lapse", restartable=True, every=timedelta(hours=1))
def lapse(progress: Progress) -> dict[str, Any]:
    """Let alerts lapse that nobody answered in time."""
    from luoshi.services.recognition import actions

    progress(0, 1)
    n = actions.lapse()
    progress(1, 1)
    return {"lapsed": n}
