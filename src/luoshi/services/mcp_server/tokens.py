"""Tokens: made once, read back to know for whom a program speaks, revoked."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.services.mcp_server.models import Token

PREFIX = "luoshi-mcp-"
DAYS = 90
MOST = 10  # living tokens of one account
_TOUCHED = timedelta(minutes=5)


@dataclass(frozen=True)
class Caller:
    """For whom a program speaks: the account, what it may do and see today, and whether residents may be named to it."""

    user: User
    scope: Scope
    persons: bool
    token: int


def make(*, name: str, persons: bool, second_factor: bool, by: User, scope: Scope) -> tuple[Token, str]:
    """A token for one's own account, good for `DAYS` days: the row, and the token itself at the only moment it is known.

    Raises `Refused` without the permission, for residents without a second factor in this session, and beyond `MOST`
    living ones; `InvalidValue` without a name.
    """
    scope.require("assistant.use")
    if len(name.strip()) < 2:
        raise InvalidValue(_("请写明令牌的用途。"), where="name")
    if persons:
        scope.require("person.list")
        if not second_factor:
            raise Refused(_("可读人员名单的令牌须先完成第二重验证。"))
    now = datetime.now(UTC)
    if Token.objects.filter(user=by, revoked__isnull=True, expires__gt=now).count() >= MOST:
        raise Refused(_("有效令牌已达 %(n)s 个。") % {"n": MOST}, todo=_("请先撤销不用的令牌。"))
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = Token.objects.create(
            user=by, name=name.strip()[:80], digest=_digest(secret), hint=secret[-4:], persons=persons, made=now,
            expires=now + timedelta(days=DAYS),
        )  # fmt: skip
        _audit("assistant.token", row, by, {"persons": persons})
    return row, secret


def revoke(*, number: int, by: User) -> Token:
    """End one's own token. Raises `Http404` for another's, `Refused` for one that is revoked."""
    row = Token.objects.filter(pk=number, user=by).first()
    if row is None:
        raise Http404
    with transaction.atomic():
        if not Token.objects.filter(pk=row.pk, revoked__isnull=True).update(revoked=datetime.now(UTC)):
            raise Refused(_("令牌已经撤销。"))
        _audit("assistant.revoke", row, by, {})
    return row


def caller(secret: str) -> Caller | None:
    """For whom a token speaks; None for one that is unknown, over, revoked, or of a closed account. Asked at every call,
    so that what ends, ends at once."""
    if not secret.startswith(PREFIX):
        return None
    now = datetime.now(UTC)
    row = (
        Token.objects.filter(digest=_digest(secret), revoked__isnull=True, expires__gt=now)
        .select_related("user")
        .first()
    )
    if row is None or not row.user.is_active:
        return None
    scope = Scope.of(row.user)
    if not scope.can("assistant.use"):
        return None
    if row.used is None or now - row.used > _TOUCHED:
        Token.objects.filter(pk=row.pk).update(used=now)
    return Caller(row.user, scope, row.persons and scope.can("person.list"), row.pk)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _audit(action: str, row: Token, by: User, detail: dict[str, object]) -> None:
    audit.record(by=by, action=action, object_type="assistant-token", object_id=row.pk, detail=detail)
