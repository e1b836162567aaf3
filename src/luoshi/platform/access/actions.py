"""Writes about accounts: each keyword-only, with `by`, one transaction with its audit row."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import Grant, PastPassword, User
from luoshi.platform.access.roles import role
from luoshi.platform.access.scope import EVERYWHERE, Scope
from luoshi.platform.regions.models import SINCE_EVER, Division, Institution


def create_user(
    *, username: str, full_name: str, password: str, by: User | str, must_change_password: bool = True
) -> User:
    """A new account without any grant. Raises `InvalidValue` for a taken name or a password against the rules."""
    username = username.strip()
    if not re.fullmatch(r"[\w.@+-]{2,60}", username):
        raise InvalidValue(_("账号名应为 2–60 个字母、数字或 . @ + - _。"), where="username")
    if User.objects.filter(username__iexact=username).exists():
        raise InvalidValue(
            _("账号 %(name)s 已存在。") % {"name": username}, where="username", todo=_("请换一个账号名。")
        )
    user = User(username=username, full_name=full_name.strip(), must_change_password=must_change_password)
    check_password(password, user)
    user.set_password(password)
    user.password_changed_at = datetime.now(UTC)
    with transaction.atomic():
        user.save(force_insert=True)
        audit.record(by=by, action="user.create", object_type="user", object_id=user.pk, detail={"username": username})
    return user


def set_password(*, user: User, password: str, by: User | str, must_change_password: bool = False) -> None:
    """A new password under the rules; the old one is remembered so that it does not come back.

    `must_change_password` asks the owner for another at the next sign-in (when someone else set this one).
    """
    check_password(password, user)
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        if locked.has_usable_password():
            PastPassword.objects.create(user=locked, password=locked.password, at=datetime.now(UTC))
        user.password = make_password(password)
        user.password_changed_at = datetime.now(UTC)
        user.must_change_password = must_change_password
        user.save(update_fields=["password", "password_changed_at", "must_change_password"])
        audit.record(by=by, action="user.password", object_type="user", object_id=user.pk)


def set_active(*, user: User, active: bool, by: User | str) -> None:
    """Open or close an account; nothing is deleted. Closing ends its sessions at their next page."""
    with transaction.atomic():
        user.is_active = active
        user.save(update_fields=["is_active"])
        action = "user.open" if active else "user.close"
        audit.record(by=by, action=action, object_type="user", object_id=user.pk)


def grant(
    *,
    user: User,
    role_id: str,
    by: User | str,
    division: Division | None = None,
    institution: Institution | None = None,
    everywhere: bool = False,
    valid_from: date | None = None,
    valid_to: date | None = None,
    scope: Scope | None = None,
) -> Grant:
    """Give `user` a role over exactly one of a division, an institution or everywhere, with all below.

    `scope` is the granter's, checked when given: nobody grants outside their own subtree, nor to themselves. Raises
    `NotFound` for an unknown role, `InvalidValue` for no or two places, `Refused` for a role that must not be held
    together with one the user has.
    """
    check_grant(
        user=user,
        role_id=role_id,
        by=by,
        division=division,
        institution=institution,
        everywhere=everywhere,
        scope=scope,
    )
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        _check_exclusions(user, role_id)
        row = Grant.objects.create(
            user=user,
            role=role_id,
            division=division,
            institution=institution,
            everywhere=everywhere,
            valid_from=valid_from or SINCE_EVER,
            valid_to=valid_to,
        )
        audit.record(
            by=by,
            action="grant.give",
            object_type="user",
            object_id=user.pk,
            scope_division=division.code if division else "",
            detail={"role": role_id, "place": _place(division, institution), "until": valid_to},
        )
    return row


def check_grant(
    *,
    user: User,
    role_id: str,
    by: User | str,
    division: Division | None,
    institution: Institution | None,
    everywhere: bool,
    scope: Scope | None,
) -> None:
    """Raise what `grant` would raise, without granting: forms ask first."""
    role(role_id)
    if [division is not None, institution is not None, everywhere].count(True) != 1:
        raise InvalidValue(_("授权应指定区划、机构、全平台三者之一。"))
    if scope is not None:
        _within(scope, division, institution, everywhere)
    if not isinstance(by, str) and by.pk == user.pk:
        raise Refused(_("不能给自己授权。"), todo=_("请由另一名安全管理员办理。"))
    _check_exclusions(user, role_id)


def _check_exclusions(user: User, role_id: str) -> None:
    wanted = role(role_id)
    for held in Grant.objects.on(clock.today()).filter(user=user):
        if held.role in wanted.excludes or role_id in role(held.role).excludes:
            raise Refused(
                _("“%(one)s”与“%(other)s”不能由同一人担任。") % {"one": role(held.role).name, "other": wanted.name},
                todo=_("请先撤销原授权，或授给另一人。"),
            )


def revoke(*, grant: Grant, by: User | str, scope: Scope | None = None) -> None:
    """End a grant as of yesterday, so that it holds no more from now on; the row stays unless it began today."""
    if scope is not None:
        _within(scope, grant.division, grant.institution, grant.everywhere)
    yesterday = clock.today() - timedelta(days=1)
    with transaction.atomic():
        pk = grant.pk
        if grant.valid_from > yesterday:
            grant.delete()  # given today: there is no day it held to keep
        else:
            grant.valid_to = yesterday
            grant.save(update_fields=["valid_to"])
        audit.record(
            by=by,
            action="grant.revoke",
            object_type="user",
            object_id=grant.user_id,
            detail={"role": grant.role, "grant": pk, "place": _place(grant.division, grant.institution)},
        )


def _place(division: Division | None, institution: Institution | None) -> str:
    return division.code if division else institution.code if institution else EVERYWHERE


def _within(scope: Scope, division: Division | None, institution: Institution | None, everywhere: bool) -> None:
    inside = (
        scope.everywhere
        if everywhere
        else scope.covers_path(division.path)
        if division
        else scope.covers_institution(institution.code if institution else "")
    )
    if not inside:
        raise Refused(_("授权范围超出了你自己的管理范围。"), todo=_("请由上级安全管理员办理。"))


def check_password(password: str, user: User) -> None:
    """Raise `InvalidValue` with every rule the password breaks."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidValue(" ".join(error.messages), where="password", todo=_("请换一个更难猜的密码。")) from error
