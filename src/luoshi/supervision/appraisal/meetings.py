"""Writes of dispatch meetings: open one, minute a decision that becomes a duty, fix the minutes."""

from __future__ import annotations

from dataclasses import replace
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
from luoshi.platform.regions.models import Division, Institution
from luoshi.supervision.appraisal import queries, rules
from luoshi.supervision.appraisal.models import Decision, Meeting
from luoshi.supervision.duties import actions as duties
from luoshi.supervision.duties import units
from luoshi.supervision.duties.models import Duty


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
    """Minute who does what by when about a division, and make a duty of it where the minute-taker may issue duties
    (otherwise the decision says why it became none). Raises `Refused` without the permission or
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
        duty, refused = _duty(place, what.strip(), who.strip(), due, target, found, by=by, scope=scope)
        made = Decision.objects.create(
            duty=duty, refused=refused,
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


def _duty(
    place: Division, what: str, who: str, due: date, target: int | None, found: Meeting, *, by: User, scope: Scope
) -> tuple[int | None, str]:
    """The number of the duty a decision becomes, or why it became none: it is minuted all the same."""
    office = regions.division_or_404(found.division, scope=scope)
    body = next((b for b in _bodies(place, office, who) if b.path.startswith(office.path)), None)
    try:
        with transaction.atomic():
            made = duties.issue_one(
                title=what[:300], words=_("%(meeting)s议定：%(what)s") % {"meeting": found.title, "what": what},
                body=body or replace(units.division_body(place), name=who, printed=who), due=due, by=by, scope=scope,
                issuer=found.division, origin=Duty.Origin.MEETING, target=target or 0,
            )  # fmt: skip
    except (InvalidValue, Refused) as error:
        return None, str(error.message)[:300]
    return made.pk, ""


def _bodies(place: Division, office: Division, who: str) -> list[units.Body]:
    """Whom a decision names, the division of the screen first: itself, an institution or department there or of the
    office. A name nobody has stays as it was written and sits with the division of the screen."""
    if who in (place.name, f"{place.name}人民政府", f"{place.name}卫生健康局"):
        return [replace(units.division_body(place), name=who, printed=who)]
    named = Institution.objects.current().filter(name=who, division__path__startswith=place.path)
    if row := named.select_related("division").first():
        return [units.institution_body(row)]
    return [body for body in units.Registers(office).bodies(who) if body.kind != "unknown"]


def _audit(action: str, found: Meeting, by: User, detail: dict[str, object]) -> None:
    audit.record(
        by=by,
        action=action,
        object_type="dispatch-meeting",
        object_id=found.pk,
        scope_division=found.division,
        detail=detail,
    )
