"""Time-based one-time passwords (RFC 6238): six digits, thirty seconds, one step of grace on either side.

A code is accepted once: the step it belonged to is remembered. Five wrong codes lock the second factor for a quarter of
an hour, so that guessing a million codes takes years.
"""

from __future__ import annotations

import hmac
import io
import time
from datetime import UTC, datetime, timedelta

import pyotp
import segno
from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel.errors import Refused
from luoshi.platform import audit
from luoshi.platform.access import at_rest
from luoshi.platform.access.models import User

STEP_SECONDS = 30
GRACE_STEPS = 1
FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)
ISSUER = "Luoshi"


def new_secret() -> str:
    """A fresh secret in base32, 160 bits."""
    return pyotp.random_base32(32)


def qr_code(user: User, secret: str) -> str:
    """The enrolment address as an inline SVG for an authenticator application."""
    address = pyotp.TOTP(secret).provisioning_uri(name=user.get_username(), issuer_name=ISSUER)
    out = io.BytesIO()
    segno.make(address, error="m").save(
        out, kind="svg", scale=5, border=2, xmldecl=False, svgns=True, title="QR", dark="#000", light="#fff"
    )
    return out.getvalue().decode()


def step_of(code: str, secret: str, *, after: int = 0, at: float | None = None) -> int | None:
    """The time step `code` is right for, if that step is later than `after`; None for a wrong or used code."""
    digits = "".join(code.split())
    if not digits.isascii() or not digits.isdigit():
        return None
    totp = pyotp.TOTP(secret)
    now = int((time.time() if at is None else at) // STEP_SECONDS)
    for step in range(now - GRACE_STEPS, now + GRACE_STEPS + 1):
        if step > after and hmac.compare_digest(totp.generate_otp(step), digits):
            return step
    return None


def _place(user: User) -> str:
    """Where the seed lies, which it is sealed for."""
    return f"totp:{user.pk}"


def enrol(*, user: User, secret: str, code: str, by: User) -> bool:
    """Keep `secret` as the user's second factor once `code` proves that their device has it. False for a wrong code.

    Raises `Refused` when one is enrolled already: the security admin must clear it first.
    """
    step = step_of(code, secret)
    if step is None:
        return False
    with transaction.atomic():
        kept = User.objects.filter(pk=user.pk, totp_confirmed_at__isnull=True).update(
            totp_secret=at_rest.seal(secret, context=_place(user)),
            totp_confirmed_at=datetime.now(UTC),
            totp_last_step=step,
            totp_failures=0,
        )
        if not kept:
            raise Refused(_("该账号已绑定第二因素。"), todo=_("如需更换设备，请联系安全管理员重置。"))
        audit.record(by=by, action="second-factor.enrol", object_type="user", object_id=user.pk)
    return True


def challenge(*, user: User, code: str) -> bool:
    """Whether `code` is the user's present one, not used before. Counts failures; raises `Refused` while locked."""
    now = datetime.now(UTC)
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        if row.totp_locked_until and row.totp_locked_until > now:
            raise Refused(_("验证码错误次数过多，第二因素已暂时锁定。"), todo=_("请在 15 分钟后再试。"))
        secret = at_rest.unseal(row.totp_secret, context=_place(user))
        step = step_of(code, secret, after=row.totp_last_step)
        if step is not None:
            row.totp_last_step, row.totp_failures, row.totp_locked_until = step, 0, None
            action = "second-factor.pass"
        else:
            row.totp_failures += 1
            action = "second-factor.fail"
            if row.totp_failures >= FAILURES_ALLOWED:
                row.totp_failures, row.totp_locked_until = 0, now + LOCKED_FOR
                action = "second-factor.lock"
        row.save(update_fields=["totp_last_step", "totp_failures", "totp_locked_until"])
        audit.record(by=user, action=action, object_type="user", object_id=user.pk)
    return step is not None


def clear(*, user: User, by: User | str) -> None:
    """Forget the user's device, so that they enrol again; for a lost telephone."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(
            totp_secret="", totp_confirmed_at=None, totp_last_step=0, totp_failures=0, totp_locked_until=None
        )
        audit.record(by=by, action="second-factor.clear", object_type="user", object_id=user.pk)
