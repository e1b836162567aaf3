"""Writes of dispatch meetings: open one, minute a decision that becomes a duty, fix the minutes."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit, moving
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions import queries as regions
from luoshi.supervision.appraisal import queries, rules
from luoshi.supervision.appraisal.models import Decision, Meeting


def open_meeting(
    *, title: str, division: str, day: date, by: User, scope: Scope, chair: str = "", present: str = ""
) -> Meeting:
    """Open a meeting of an office. Raises `Refused` without the permission, `Http404` outside the scope, `InvalidValue`
    without a title or where nothing lies below."""
    scope.require("meeting.hold")
    place = regions.division_or_404(division, scope=scope)
    if len(title.strip()) < 2:
        raise InvalidValue(_("请写明会议名称。"), where="title")
    if not regions.children(division, scope=scope).exists():
        raise InvalidValue(_("这里没有下一级区划，无从调度。"), where=division)
    with transaction.atomic():
        made = Meeting.objects.create(
            title=title.strip()[:120], division=division, path=place.path, day=day, chair=chair.strip()[:60],
            present=present.strip()[:500], by=by.get_username(), at=clock.now(),
        )  # fmt: skip
        _audit("dispatch-meeting.open", made, by, {"day": day})
    return made


def decide(
    *, number: int, division: str, what: str, who: str, due: date, by: User, scope: Scope, target: int | None = None
) -> Decision:
    """Minute who does what by when about a division, and make a duty of it. Raises `Refused` without the permission or
    after the minutes were fixed, `InvalidValue` for what is not said, `Http404` for a division not below the office."""
    scope.require("meeting.hold")
    found = queries.meeting(number, scope=scope)
    place = regions.division_or_404(division, scope=scope)
    if not queries.manages(found, scope=scope) or not place.path.startswith(found.path):
        raise Http404
    if len(what.strip()) < 4 or not who.strip():
        raise InvalidValue(_("请写明谁做什么（事项至少4个字）。"), where="what")
    if due < found.day:
        raise InvalidValue(_("完成时限早于会议日期。"), where="due")
    with transaction.atomic():
        locked = Meeting.objects.select_for_update().get(pk=found.pk)
        if locked.state != rules.OPEN:
            raise Refused(_("纪要已经固定，不能再加议定事项。"))
        made = Decision.objects.create(
            meeting=found, division=division, target=target, what=what.strip()[:500], who=who.strip()[:100], due=due,
            by=by.get_username(), at=clock.now(),
        )  # fmt: skip
        _audit("dispatch-meeting.decide", found, by, {"decision": made.pk, "division": division, "due": due})
    return made


def close(*, number: int, shown: dict[str, Any], by: User, scope: Scope) -> Meeting:
    """Fix the minutes, with what each screen showed (`shown`, by code). Raises `Refused`, `Http404`."""
    found = queries.meeting(number, scope=scope)
    if not queries.manages(found, scope=scope):
        raise Http404
    with transaction.atomic():
        moving.advance(
            found, rules.MEETING, "close", by=by, permissions=scope.permissions, scope_division=found.division,
            shown=shown, closed=clock.now(),
        )  # fmt: skip
    return found


def _audit(action: str, found: Meeting, by: User, detail: dict[str, object]) -> None:
    audit.record(
        by=by,
        action=action,
        object_type="dispatch-meeting",
        object_id=found.pk,
        scope_division=found.division,
        detail=detail,
    )
