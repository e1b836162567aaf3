"""What makes messages and what sends them, as jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from luoshi.platform.jobs.registry import Progress, job


@job("alerts.look", restartable=True, every=timedelta(minutes=10))
def look(progress: Progress) -> dict[str, Any]:
    """Tell of sources gone silent and of lights that turned red; drop what is old."""
    from luoshi.supervision.alerts import actions, watching

    told = {"silent": watching.silent_sources(), "red": watching.red_lights()}
    actions.tidy()
    return told


@job("alerts.send", restartable=True, every=timedelta(minutes=1))
def send(progress: Progress) -> dict[str, Any]:
    """Send what is urgent, what failed before, and the digest of the day once its hour has come."""
    from luoshi.supervision.alerts import sending

    written = {"urgent": sending.urgent(), "digests": sending.digest()}
    sent = sending.deliver()
    return {**written, "sent": sent.sent, "failed": sent.failed, "given up": sent.given_up}
