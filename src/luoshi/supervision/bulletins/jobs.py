"""The jobs of bulletins: send what is due, prove an issued paper."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from luoshi.platform.jobs.registry import Progress, job


@job("bulletins.send", restartable=True, every=timedelta(minutes=10))
def send(progress: Progress, by: str = "system") -> dict[str, Any]:
    """Send everything that is due."""
    from luoshi.supervision.bulletins import sending

    progress(0, 1)
    done = sending.run()
    progress(1, 1)
    return {"sent": done.sent, "skipped": done.skipped, "by": by}
