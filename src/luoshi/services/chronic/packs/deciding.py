"""What waits for a decision because pack and store both changed it."""

from __future__ import annotations

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.moving import advance
from luoshi.platform.store import people
from luoshi.services.chronic import rules
from luoshi.services.chronic.models import Conflict
from luoshi.services.chronic.packs.bringing import apply
from luoshi.services.chronic.packs.merging import Change


def conflicts(*, scope: Scope, state: str = "open") -> list[Conflict]:
    """Conflicts about people inside the scope, the oldest first."""
    rows = Conflict.objects.filter(state=state) if state else Conflict.objects.all()
    if scope.everywhere:
        return list(rows.select_related("pack")[:500])
    return [row for row in rows.select_related("pack")[:2000] if scope.covers_person(row.division, row.institution)][
        :500
    ]


def conflict(number: int, *, scope: Scope) -> Conflict:
    """One conflict about a person inside the scope. Raises `Http404`."""
    row = Conflict.objects.select_related("pack").filter(pk=number).first()
    if row is None or not scope.covers_person(row.division, row.institution):
        raise Http404
    return row


def decide(*, row: Conflict, choice: str, reason: str, by: User, scope: Scope) -> Conflict:
    """One person decides: `keep-server`, `take-pack` or (of visits) `keep-both`. Raises `Refused` for one that was decided
    already, `UserError` where what was brought cannot be taken."""
    if choice == "keep-both" and row.kind != "visit":
        raise InvalidValue(_("只有随访可以两者都保留。"))
    with transaction.atomic():
        advance(
            row,
            rules.CONFLICT,
            choice,
            by=by,
            permissions=scope.permissions,
            given={"reason": reason},
            scope_division=row.division,
            decided_by=by.get_username(),
            decided_at=clock.now(),
            reason=reason[:300],
        )
        change = Change(row.kind, row.key, row.person, row.base, row.server, row.brought, apply=True)  # type: ignore[arg-type]
        if choice == "take-pack":
            # A visit of that day which the platform has is corrected to what the pack brought.
            token = str(row.server["token"]) if row.kind == "visit" and row.server else ""
            apply(row.pack, change, by=by, scope=scope, token=token)
        elif choice == "keep-both":
            brought = str(change.brought["token"])
            again = f"{brought}-b" if row.server and row.server.get("token") == brought else ""
            apply(row.pack, change, by=by, scope=scope, token=again)
    return row


def names(rows: list[Conflict], *, scope: Scope) -> dict[int, people.Card]:
    """Who the conflicts are about."""
    return people.cards({row.person for row in rows}, scope=scope)
