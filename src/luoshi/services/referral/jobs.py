"""The clocks and the outbox as jobs that may be run again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from luoshi.platform.jobs.registry import Progress, job


@job("referral.clock", restartable=True, every=timedelta(minutes=1))
def clock(progress: Progress) -> dict[str, Any]:
    """Escalate what is late, note who did not come."""
    from luoshi.services.referral import clocks

    done = clocks.tick()
    return {"lapsed": done.lapsed, "escalated": done.escalated}


@job("referral.exchange", restartable=True, every=timedelta(seconds=10))
def exchange(progress: Progress) -> dict[str, Any]:
    """Send what waits for peers."""
    from luoshi.services.referral.exchange import outbox

    return {"sent": outbox.deliver()}
