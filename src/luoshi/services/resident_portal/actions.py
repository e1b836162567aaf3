"""Writes of the portal: each keyword-only, with `by`, one transaction with its audit row."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, NotFound, Refused
from luoshi.platform import audit
from luoshi.platform.access import actions as access
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import resource as consent_resource
from luoshi.platform.consent.categories import book
from luoshi.platform.identity import joined, links
from luoshi.platform.store import people
from luoshi.services.resident_portal import rules
from luoshi.services.resident_portal.models import Account, Invitation, Proxy


def invite(*, person: int, by: User, scope: Scope, institution: str = "", guardian: bool = False) -> str:
    """A code for somebody who stands at the counter and whose card was checked; it is shown once. An older code of the
    same kind ends. Raises `NotFound` for a person outside the scope, `InvalidValue` for the guardian of an adult."""
    scope.require("resident.invite")
    card = people.cards([person], scope=scope).get(person)
    if card is None:
        raise NotFound(_("没有这位居民。"))
    if guardian:
        _child_until(card)
    code, wanted = rules.new_code(), rules.portal_rules().counter_code
    kind = Invitation.GUARDIAN if guardian else Invitation.SELF
    now = datetime.now(UTC)
    with transaction.atomic():
        Invitation.objects.filter(person=person, kind=kind, used_at__isnull=True, expires_at__gt=now).update(
            expires_at=now
        )
        row = Invitation.objects.create(
            person=person,
            kind=kind,
            code=make_password(code),
            institution=institution,
            issued_by=by.get_username(),
            expires_at=now + timedelta(days=wanted.days),
        )
        audit.record(
            by=by,
            action="resident.invite",
            object_type="person",
            object_id=person,
            detail={"invitation": row.pk, "kind": kind, "institution": institution},
        )
    return code


def _child_until(card: people.Card) -> None:
    """Raise unless the person is a child whose age is known."""
    ends = book().guardians.ends_at
    if card.birth_date is None or rules.guardian_until(card.birth_date, ends) < clock.today():
        raise InvalidValue(_("只有未满 %(age)d 周岁、出生日期已登记的孩子可以由监护人查看。") % {"age": ends})


def _redeem(*, identifier: str, name: str, code: str, kind: str) -> tuple[people.Card, int, Invitation]:
    """The person, the number the identifier was noted for (another where persons were joined), and the invitation that
    an identifier, a name and a code belong to. All that is wrong is answered by the
    same words, so that nobody learns which numbers exist; a wrong code counts against the invitation."""
    wrong = InvalidValue(
        _("证件号、姓名和开通码对不上，或开通码已过期。"),
        todo=_("请核对后重试；多次不对时，请带证件到签约机构窗口重新领取开通码。"),
    )
    found = people.cards(people.by_identifier(identifier, scope=Scope.system()), scope=Scope.system())
    card = next(iter(found.values())) if len(found) == 1 else None
    tries = rules.portal_rules().counter_code.tries
    row = (
        Invitation.objects.filter(
            joined.of(card.person),
            kind=kind,
            used_at__isnull=True,
            expires_at__gt=datetime.now(UTC),
            failures__lt=tries,
        )
        .order_by("-pk")
        .first()
        if card
        else None
    )
    if card is None or row is None:
        make_password(code)  # as slow as a code that is checked
        raise wrong
    right = check_password(rules.typed(code), row.code)
    if not right or not rules.same_name(name, card.name):
        with transaction.atomic():
            Invitation.objects.filter(pk=row.pk).update(failures=F("failures") + 1)
            audit.record(by="system", action="resident.wrong-code", object_type="person", object_id=card.person)
        raise wrong
    return card, next(iter(people.owners(identifier)), card.person), row


def register(*, identifier: str, name: str, code: str, password: str) -> Account:
    """An account for whoever has the card's number, the name and the code of the counter; or, where there is one
    already, a new password for it. Raises `InvalidValue` when the three do not fit or the password is against the
    rules. The record counts as open to the resident from today."""
    card, named, invitation = _redeem(identifier=identifier, name=name, code=code, kind=Invitation.SELF)
    accounts = Account.objects.filter(joined.of(card.person), closed_at__isnull=True).select_related("user")
    account = max(accounts, key=lambda one: one.person == named, default=None)
    with transaction.atomic():
        _use(invitation)
        if account is not None:
            access.set_password(user=account.user, password=password, by=account.user)
            return account
        user = access.create_user(
            username=f"resident-{secrets.token_hex(8)}",
            full_name=card.name,
            password=password,
            by="counter",
            must_change_password=False,
        )
        account = Account.objects.create(user=user, person=named)
        audit.record(
            by=user,
            action="resident.register",
            object_type="person",
            object_id=card.person,
            scope_division=card.division,
            detail={"invitation": invitation.pk},
        )
        consent_resource.write_access(named, since=clock.today(), active=True, by=user.get_username())
    return account


def _use(invitation: Invitation) -> None:
    """Mark the code as used, once: of two at the same time one comes too late."""
    used = Invitation.objects.filter(pk=invitation.pk, used_at__isnull=True).update(used_at=datetime.now(UTC))
    if not used:
        raise Refused(_("这个开通码已经用过。"))


def become_guardian(*, account: Account, identifier: str, name: str, code: str) -> Proxy:
    """Let a signed-in resident read their child's record until the child is grown up. Raises `InvalidValue` as
    `register`, or for oneself."""
    card, named, invitation = _redeem(identifier=identifier, name=name, code=code, kind=Invitation.GUARDIAN)
    if card.person == links.root(account.person):
        raise InvalidValue(_("这是您本人。"))
    _child_until(card)
    assert card.birth_date is not None
    with transaction.atomic():
        _use(invitation)
        row = Proxy.objects.create(
            account=account,
            person=named,
            since=clock.today(),
            until=rules.guardian_until(card.birth_date, book().guardians.ends_at),
            invitation=invitation,
        )
        audit.record(
            by=account.user,
            action="resident.guardian",
            object_type="person",
            object_id=card.person,
            detail={"proxy": row.pk, "until": row.until},
        )
    return row


def end_guardian(*, proxy: Proxy, by: User) -> None:
    """End a guardian's reading at once."""
    with transaction.atomic():
        Proxy.objects.filter(pk=proxy.pk, ended_at__isnull=True).update(ended_at=datetime.now(UTC))
        audit.record(
            by=by,
            action="resident.guardian-end",
            object_type="person",
            object_id=proxy.person,
            detail={"proxy": proxy.pk},
        )


def close(*, account: Account, by: User) -> None:
    """Close an account: nobody signs in with it any more, and the record no longer counts as open to the resident. What
    was chosen about categories and institutions stays in force."""
    with transaction.atomic():
        Account.objects.filter(pk=account.pk, closed_at__isnull=True).update(closed_at=datetime.now(UTC))
        access.set_active(user=account.user, active=False, by=by)
        consent_resource.write_access(
            account.person, since=account.opened_at.date(), active=False, by=by.get_username()
        )
