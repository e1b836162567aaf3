"""Who did what, and who looked at whom: rows chained by hash, so that a change or a removal shows.

`record` is called by every action inside its own transaction: if the audit row cannot be written, nothing is.
`look` notes that someone saw a resident; the resident can read these.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from luoshi.platform.access.models import User
    from luoshi.platform.audit.models import Entry


def record(
    *,
    by: User | str,
    action: str,
    object_type: str,
    object_id: str | int,
    scope_division: str = "",
    detail: dict[str, Any] | None = None,
) -> Entry:
    """Append one row; see `luoshi.platform.audit.trail.record`."""
    from luoshi.platform.audit import trail

    return trail.record(
        by=by,
        action=action,
        object_type=object_type,
        object_id=object_id,
        scope_division=scope_division,
        detail=detail,
    )


def look(*, by: User | str, person: int, what: str, **more: str) -> None:
    """Note that `by` saw `what` of a resident; see `luoshi.platform.audit.trail.look_at_list`."""
    look_at_list(by=by, persons=[person], what=what, **more)


def look_at_list(*, by: User | str, persons: Iterable[int], what: str, **more: str) -> None:
    """Note that `by` saw a list with those residents in it; see `luoshi.platform.audit.trail.look_at_list`."""
    from luoshi.platform.audit import trail

    trail.look_at_list(by=by, persons=persons, what=what, **more)
