"""Checking a code online: signature, time, revocation, once; then who it is. Every check leaves a row."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from luoshi.kernel import health_code
from luoshi.kernel.errors import InvalidValue
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import queries as consent
from luoshi.platform.identity import links
from luoshi.platform.store import people
from luoshi.services.health_code import keys
from luoshi.services.health_code.models import Holder, StaticCode, Used
from luoshi.services.health_code.rules import code_rules


@dataclass(frozen=True)
class Shown:
    """Whom a valid code names: only what is needed to greet the right person. `inside`: their record lies in the scope
    of who scanned."""

    person: int
    name: str
    sex: str
    birth_date: date | None
    resident_id: str
    inside: bool


@dataclass(frozen=True)
class Result:
    """`reason`: one of `kernel.health_code.REASONS`, or `used`, or `nobody`; `shown` when it is `ok`."""

    reason: str
    kind: str = ""
    shown: Shown | None = None


def verify(text: str, *, by: User, scope: Scope) -> Result:
    """Check a scanned code. Showing it is the resident's own act, so identity is answered beyond the viewer's region;
    their record is not. Raises `Refused` without the permission."""
    scope.require("code.verify")
    rules = code_rules()
    found = health_code.check(text, keys.public(), now=int(time.time()), skew=rules.clock_skew_seconds)
    claims = found.claims
    reason = found.reason
    holder = None
    if found.valid and claims is not None:
        reason, holder = _known(claims, once=rules.dynamic_once)
    card = None
    if holder is not None and reason == "ok":
        person = links.root(holder.person)
        card = people.cards([person], scope=Scope.system()).get(person)
        reason = "ok" if card else "nobody"
    kind = claims.kind if claims else ""
    with transaction.atomic():
        audit.record(
            by=by,
            action="code.verify" if reason == "ok" else "code.refuse",
            object_type="person" if card else "code",
            object_id=card.person if card else (claims.serial if claims else ""),
            detail={"reason": reason, "kind": kind},
        )
    if card is None:
        return Result(reason, kind)
    audit.look(by=by, person=card.person, what="health-code", purpose=consent.viewer(scope).purpose)
    inside = scope.covers_person(card.division, card.institution)
    return Result("ok", kind, Shown(card.person, card.name, card.sex, card.birth_date, card.resident_id, inside))


def _known(claims: health_code.Claims, *, once: bool) -> tuple[str, Holder | None]:
    """Whether the platform stands by a code whose signature and time hold, and whose it is."""
    try:
        opaque = claims.opaque_id([key.wrap for key in keys.known()])
    except InvalidValue:
        return "unknown-key", None
    holder = Holder.objects.filter(opaque_id=opaque).first()
    if holder is None:
        return "nobody", None
    if claims.kind == health_code.STATIC:
        row = StaticCode.objects.filter(serial=claims.serial).first()
        # A printed code nobody wrote down is not ours to trust, whatever signed it.
        return ("ok" if row is not None and row.revoked_at is None else "revoked"), holder
    return ("ok" if not once or _first_time(claims) else "used"), holder


def _first_time(claims: health_code.Claims) -> bool:
    now = datetime.now(UTC)
    Used.objects.filter(expires_at__lt=now - timedelta(hours=1)).delete()
    try:
        with transaction.atomic():
            Used.objects.create(serial=claims.serial, expires_at=datetime.fromtimestamp(claims.expires, UTC))
    except IntegrityError:
        return False
    return True


def say(reason: str) -> str:
    """A result in words."""
    return {
        "ok": _("有效"),
        "malformed": _("这不是健康码，或扫描不完整，请重新扫描。"),
        "unknown-key": _("不是本平台签发的健康码。"),
        "forged": _("签名不符：这个码是伪造的或被改动过。"),
        "not-yet": _("这个码还没有生效，请核对设备时间。"),
        "expired": _("这个码已过期，请居民刷新后再出示。"),
        "revoked": _("这个码已注销，请居民重新领取。"),
        "used": _("这个码已经扫过一次，请居民刷新后再出示。"),
        "nobody": _("查不到这个码对应的居民。"),
    }[reason]
