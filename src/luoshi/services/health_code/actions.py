"""Writes about codes: each keyword-only, with `by`, one transaction with its audit row. Times are real ones, also in a
demonstration: a code that never expires would be no code."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel import health_code
from luoshi.kernel.errors import NotFound
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.identity import joined
from luoshi.platform.store import people
from luoshi.services.health_code import keys
from luoshi.services.health_code.models import Holder, StaticCode
from luoshi.services.health_code.rules import code_rules


def _holder(person: int) -> Holder:
    row, _made = Holder.objects.get_or_create(person=person, defaults={"opaque_id": secrets.token_hex(16)})
    return row


def dynamic(*, person: int) -> tuple[str, int]:
    """A code for a screen, and the second since 1970 at which it ends. The caller has checked that the resident (or
    their guardian) asks. Nothing is written but the holder, once."""
    now = int(time.time())
    text, claims = health_code.issue(
        _holder(person).opaque_id,
        keys.current(),
        kind=health_code.DYNAMIC,
        now=now,
        seconds=code_rules().dynamic_seconds,
    )
    return text, claims.expires


def print_static(*, person: int, by: User, scope: Scope) -> tuple[str, StaticCode]:
    """A code for paper; the one before is revoked. Raises `NotFound` for a person outside the scope."""
    scope.require("code.issue")
    if person not in people.cards([person], scope=scope):
        raise NotFound(_("没有这位居民。"))
    now = int(time.time())
    at = datetime.fromtimestamp(now, UTC)
    seconds = int(timedelta(days=code_rules().static_days).total_seconds())
    with transaction.atomic():
        holder = _holder(person)
        _revoke(person, by, "replaced")
        text, claims = health_code.issue(
            holder.opaque_id, keys.current(), kind=health_code.STATIC, now=now, seconds=seconds
        )
        row = StaticCode.objects.create(
            holder=holder,
            serial=claims.serial,
            key_id=claims.key_id,
            issued_at=at,
            issued_by=by.get_username(),
            expires_at=at + timedelta(seconds=seconds),
        )
        audit.record(
            by=by, action="code.issue", object_type="person", object_id=person, detail={"serial": claims.serial}
        )
    return text, row


def revoke(*, person: int, by: User, reason: str) -> int:
    """Revoke the printed codes of a person (lost, stolen). Returns how many. The caller has checked who asks."""
    with transaction.atomic():
        count = _revoke(person, by, reason)
        if count:
            audit.record(by=by, action="code.revoke", object_type="person", object_id=person, detail={"reason": reason})
    return count


def _revoke(person: int, by: User, reason: str) -> int:
    """End the printed codes of a person, also those of a number that was joined with theirs."""
    now = datetime.now(UTC)
    holders = Holder.objects.filter(joined.of(person))
    rows = StaticCode.objects.filter(holder__in=holders, revoked_at__isnull=True, expires_at__gt=now)
    return rows.update(revoked_at=now, revoked_by=by.get_username(), reason=reason[:40])
