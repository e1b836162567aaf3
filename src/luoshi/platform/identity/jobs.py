"""The job that matches what is new."""

from __future__ import annotations

from typing import Any

from luoshi.platform.jobs.registry import Progress, job


@job("identity.match", restartable=True)
def match(progress: Progress) -> dict[str, Any]:
    """Match every Patient that came since the last time; see `arrivals.settle`."""
    from luoshi.platform.identity import arrivals

    return arrivals.settle(progress=lambda done: progress(done, 0, "")).as_dict()
