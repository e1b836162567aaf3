"""What happens to duties, told to who must act. Many duties given at once are one message a reader."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse

from luoshi.platform.access.models import User
from luoshi.supervision.alerts.actions import tell
from luoshi.supervision.alerts.recipients import nearest

if TYPE_CHECKING:
    from luoshi.supervision.duties.events import Happened
    from luoshi.supervision.duties.models import Duty

ACT, JUDGE = "duty.act", "duty.judge"


def hear(happened: Happened) -> None:
    """The listener of `duties.events`."""
    duties = happened.duties or ((happened.duty,) if happened.duty is not None else ())
    if happened.kind in ("issued", "reassigned"):
        _issued(duties)
        return
    for duty in duties:
        match happened.kind:
            case "receipt-overdue":
                _tell("duty-unreceived", duty, f"receipt:{duty.receipt_due}", responsible(duty), due=duty.receipt_due)
            case "due-passed":
                _tell("duty-overdue", duty, f"due:{duty.due}", responsible(duty), due=duty.due)
            case "returned":
                _tell(
                    "duty-returned", duty, f"returned:{duty.submitted_at}", responsible(duty), reason=happened.text[:80]
                )
            case "submitted":
                judges = nearest(JUDGE, division=duty.issuer_division)
                _tell("duty-submitted", duty, f"submitted:{duty.submitted_at}", judges)
            case "contradicted" if happened.query is not None:
                reason = f"{happened.query.said} / {happened.query.found}"
                _tell("duty-contradicted", duty, f"query:{happened.query.pk}", responsible(duty), reason=reason)


def responsible(duty: Duty) -> list[User]:
    """Who has a duty in hand: the person it was delegated to, else those nearest to the unit."""
    if duty.handler:
        handler = User.objects.filter(username=duty.handler, is_active=True).first()
        if handler is not None:
            return [handler]
    return nearest(ACT, **_place(duty))


def _issued(duties: tuple[Duty, ...]) -> None:
    by_place: dict[tuple[str, str, str], list[Duty]] = defaultdict(list)
    for duty in duties:
        by_place[duty.handler, duty.institution, duty.division].append(duty)
    readers: dict[int, tuple[User, list[Duty]]] = {}
    for found in by_place.values():
        for user in responsible(found[0]):
            readers.setdefault(user.pk, (user, []))[1].extend(found)
    for user, found in readers.values():
        days = [duty.due for duty in found if duty.due]
        titles, units = (
            list(dict.fromkeys(words)) for words in zip(*((d.title, d.unit_name) for d in found), strict=True)
        )
        tell(
            "duty-issued",
            key=f"duty:{found[0].pk}:{len(found)}:issued:{found[0].issued_at:%Y%m%dT%H%M%S}",
            users=[user],
            link=_link(found[0]) if len(found) == 1 else _link(None),
            object_type="duty",
            object_id=found[0].pk,
            title=titles[0] if len(titles) == 1 else f"{titles[0]} 等 {len(titles)} 项",
            title_en=titles[0] if len(titles) == 1 else f"{titles[0]} and {len(titles) - 1} more",
            place=units[0] if len(units) == 1 else f"{units[0]}等 {len(units)} 个单位",
            place_en=units[0] if len(units) == 1 else f"{units[0]} and {len(units) - 1} more units",
            due=min(days) if days else "—",
        )


def _tell(kind: str, duty: Duty, key: str, users: list[User], **values: Any) -> None:
    tell(
        kind, key=f"duty:{duty.pk}:{key}", users=users, link=_link(duty), object_type="duty", object_id=duty.pk,
        title=duty.title, **values,
    )  # fmt: skip


def _place(duty: Duty) -> dict[str, str]:
    return {"institution": duty.institution} if duty.institution else {"division": duty.division}


def _link(duty: Duty | None) -> str:
    """The page of a duty, or the list of them; nothing where the desk is not installed."""
    try:
        return reverse("duty_desk:duty", args=[duty.pk]) if duty is not None else reverse("duty_desk:duties")
    except NoReverseMatch:
        return ""
