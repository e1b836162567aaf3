"""Comments and watchers, of a duty and of a promise at a place."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions import queries as regions
from luoshi.supervision.duties import events, noting
from luoshi.supervision.duties.events import Happened
from luoshi.supervision.duties.models import Comment, Duty, Watch

LONGEST = 2000


def comment_on_duty(*, duty: Duty, text: str, by: User) -> Comment:
    """Say something about a duty (the caller found it in the viewer's sight). Who speaks watches from then on."""
    text = _text(text)
    with transaction.atomic():
        made = Comment.objects.create(
            duty=duty, text=text, by=by.get_username(), by_name=by.get_full_name(), at=clock.now()
        )
        Watch.objects.get_or_create(user=by, duty=duty)
        audit.record(
            by=by, action="duty.comment", object_type="duty", object_id=duty.pk, scope_division=duty.division,
            detail=noting.dated({"comment": made.pk}),
        )  # fmt: skip
        events.tell(Happened("commented", by.get_username(), duty, text=text[:200]))
    return made


def comment_on_promise(*, target: int, division: str, text: str, by: User, scope: Scope) -> Comment:
    """Say something about a promise at a division. Raises `Http404` outside the scope."""
    row = regions.division_or_404(division, scope=scope)
    text = _text(text)
    with transaction.atomic():
        made = Comment.objects.create(
            target=target, place=division, path=row.path, text=text, by=by.get_username(), by_name=by.get_full_name(),
            at=clock.now(),
        )  # fmt: skip
        Watch.objects.get_or_create(user=by, duty=None, target=target, place=division)
        audit.record(
            by=by, action="promise.comment", object_type="promise", object_id=f"{target}@{division}",
            scope_division=division, detail=noting.dated({"comment": made.pk}),
        )  # fmt: skip
    return made


def watch(*, by: User, on: bool, duty: Duty | None = None, target: int = 0, division: str = "") -> bool:
    """Hear of a duty, or of a promise at a division, or no longer. Gives whether it is watched now."""
    same: dict[str, Any] = {
        "user": by,
        "duty": duty,
        "target": 0 if duty else target,
        "place": "" if duty else division,
    }
    if on:
        Watch.objects.get_or_create(**same)
    else:
        Watch.objects.filter(**same).delete()
    return on


def _text(text: str) -> str:
    text = text.strip()
    if not text:
        raise InvalidValue(_("请写下要说的话。"), where="text")
    if len(text) > LONGEST:
        raise InvalidValue(_("留言不能超过 %(n)s 个字。") % {"n": LONGEST}, where="text")
    return text
