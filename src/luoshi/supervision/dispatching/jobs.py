"""What the data settle, as a job."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from luoshi.platform.jobs.registry import Progress, job


@job("dispatching.settle", restartable=True, every=timedelta(minutes=10))
def settle(progress: Progress) -> dict[str, Any]:
    """Count the items of dispatches that the data show as done."""
    from luoshi.supervision.dispatching.settling import settle_all

    return asdict(settle_all())
