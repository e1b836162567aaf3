"""Moves a stored thing from one state to the next: allowed, once, and audited.

The row changes only if it is still in the state the mover saw, so of two who close the same thing at once one succeeds
and the other is told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _

from luoshi.kernel.errors import Refused
from luoshi.kernel.machine import CLOCK, Machine
from luoshi.platform import audit

if TYPE_CHECKING:
    from luoshi.platform.access.models import User


def advance(
    row: models.Model,
    machine: Machine,
    name: str,
    *,
    by: User | str,
    permissions: Collection[str],
    given: Mapping[str, Any] | None = None,
    scope_division: str = "",
    **fields: Any,
) -> str:
    """Make the move `name` on a row whose field `state` follows `machine`, and write its audit row. Gives the new state.

    `permissions` are what the mover holds on this row (the caller has checked the scope; the clock holds `{CLOCK}`);
    `given` holds what the move `needs` (`{"reason": "…"}`), kept in the audit row; `fields` change together with the
    state. Runs in the caller's transaction. Raises `Refused` for a move out of another state, without the permission,
    without what it needs, or where somebody else was quicker; nothing is changed then.
    """
    state: str = row.state  # type: ignore[attr-defined]
    try:
        move = machine.move(state, name)
    except Refused as error:
        raise Refused(_("现在的状态下不能这样做。"), where=machine.title, todo=_("请刷新后再看。")) from error
    if move.by not in permissions:
        raise Refused(_("您没有做这一步的权限。"), where=machine.title)
    given = dict(given or {})
    if missing := [what for what in move.needs if not given.get(what)]:
        raise Refused(_("这一步需要填写说明或附上依据。"), where=", ".join(missing))
    manager = type(row)._default_manager
    if not manager.filter(pk=row.pk, state=state).update(state=move.target, **fields):
        raise Refused(_("刚刚已有人处理了这一项，请刷新后再看。"), where=machine.title)
    for field, value in {"state": move.target, **fields}.items():
        setattr(row, field, value)
    audit.record(
        by=by,
        action=f"{machine.name}.{name}",
        object_type=machine.name,
        object_id=row.pk,
        scope_division=scope_division,
        detail={"from": state, "to": move.target, **{k: str(v)[:500] for k, v in given.items()}},
    )
    return move.target


__all__ = ["CLOCK", "advance"]
