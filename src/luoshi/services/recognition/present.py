"""Patients who are there: walk-ins from outside the viewer's scope, whose earlier results are looked at because they stand
at the counter and agree.

Their consent is an ordinary sharing (`platform.consent`): for care, with the categories that are open to all anyway and
that they did not close, until `present_days` later; the resident sees it and can end it.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, NotFound
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import actions as consent
from luoshi.platform.consent import public, queries
from luoshi.platform.consent.categories import book
from luoshi.platform.store import people
from luoshi.services.recognition import rules


def find(number: str) -> int:
    """The resident whose card has just that number, wherever they live. Raises `NotFound`: also for more than one."""
    found = people.by_identifier(number, scope=Scope.system()) if number.strip() else []
    if len(found) != 1:
        raise NotFound(_("查不到这个号码对应的居民。"), todo=_("请核对证件号或健康档案号。"))
    return found[0]


def admit(*, person: int, institution: str, agreed: bool, by: User | str, scope: Scope) -> None:
    """Let an institution see the patient who is there, if it may not anyway.

    Raises `InvalidValue` unless they agreed (and their card was looked at), `Http404` for an institution that the viewer
    does not work for.
    """
    if institution not in scope.institution_codes:
        raise Http404
    if not agreed:
        raise InvalidValue(_("请先核对证件，并征得患者本人（或监护人）同意。"))
    with transaction.atomic():
        audit.record(
            by=by, action="recognition.present", object_type="person", object_id=person,
            detail={"institution": institution},
        )  # fmt: skip
        try:
            public.admit(person, scope=scope)
        except Http404:
            consent.share_many(
                person=person, institution=institution, categories=_categories(person), by=by,
                purpose=next(iter(book().purposes)),
                until=clock.today() + timedelta(days=rules.settings().present_days),
            )  # fmt: skip


def _categories(person: int) -> list[str]:
    """What is open to all by the book, but for what this resident closed."""
    today = clock.today()
    chosen: dict[str, bool] = {}
    for choice in sorted(queries.grounds(person).choices, key=lambda c: c.number):
        if choice.since <= today and (choice.until is None or today <= choice.until):
            chosen[choice.category] = choice.open
    return [name for name, category in book().categories.items() if category.open and chosen.get(name, True)]
