"""Audit rows about duties: each with the time of the business beside the time of the trail, which is always the real one."""

from __future__ import annotations

from typing import Any

from luoshi.kernel import clock
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.supervision.duties.models import Duty

WHEN = "when"


def record(what: str, by: User | str, duty: Duty, detail: dict[str, Any]) -> None:
    """Note something about a duty, in the caller's transaction."""
    audit.record(
        by=by, action=f"duty.{what}", object_type="duty", object_id=duty.pk, scope_division=duty.division,
        detail=dated(detail),
    )  # fmt: skip


def dated(given: dict[str, Any] | None = None) -> dict[str, Any]:
    """What comes with a move or a note, with the instant of the clock that people see."""
    return {**(given or {}), WHEN: clock.now().isoformat(timespec="seconds")}
