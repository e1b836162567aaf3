"""The clock of duties as a job."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from luoshi.platform.jobs.registry import Progress, job


@job("duties.turn", restartable=True, every=timedelta(minutes=10))
def turn(progress: Progress) -> dict[str, Any]:
    """One turn of the clock: see `clockwork.turn`."""
    from luoshi.supervision.duties import clockwork

    return asdict(clockwork.turn())
