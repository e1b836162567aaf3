"""A light set by hand: allowed to those who judge the place, with a reason, a name and an end. Never a silent green."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.kernel.machine import CLOCK
from luoshi.platform import audit, moving
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions import queries as regions
from luoshi.supervision import sources
from luoshi.supervision.duties import events, noting, rules
from luoshi.supervision.duties.events import Happened
from luoshi.supervision.duties.models import COLOURS, Override

SHORTEST_REASON = 10


def set_light(*, target: int, division: str, colour: str, reason: str, until: date, by: User, scope: Scope) -> Override:
    """Set the light of a promise at a division until a day. One that stands there already is replaced.

    Raises `Refused` for a green over data that are absent or too old, and for the colour it has anyway; `InvalidValue`
    for a short reason or a day that is past or too far ahead; `Http404` for what is out of sight.
    """
    scope.require(rules.JUDGE)
    row = regions.division_or_404(division, scope=scope)
    standing = next(iter(sources.get().standings(scope=scope, division=division, targets=[target])), None)
    if standing is None:
        raise Http404
    if colour not in COLOURS:
        raise InvalidValue(_("没有这种灯色。"), where="colour")
    if colour == standing.computed:
        raise Refused(_("计算结果就是这个灯色，不需要人工设定。"))
    if colour == "green" and (standing.value is None or standing.stale):
        raise Refused(_("没有数据或数据过旧，不能人工定为绿灯。"), todo=_("请补充数据或佐证材料。"))
    if len(reason.strip()) < SHORTEST_REASON:
        raise InvalidValue(_("请写明理由（至少 %(n)s 个字）。") % {"n": SHORTEST_REASON}, where="reason")
    today, most = clock.today(), rules.declared().override_days_at_most
    if not today < until <= today + timedelta(days=most):
        raise InvalidValue(_("有效期应在明天到 %(n)s 天之内。") % {"n": most}, where="until")
    with transaction.atomic():
        for earlier in Override.objects.filter(target=target, place=division, state="standing"):
            _end(earlier, "expire" if earlier.until < today else "end", by, _("由新的设定代替"))
        try:
            made = Override.objects.create(
                target=target, place=division, path=row.path, colour=colour, computed=standing.computed,
                reason=reason.strip()[:500], by=by.get_username(), by_name=by.get_full_name(), at=clock.now(), until=until,
            )  # fmt: skip
        except IntegrityError:
            raise Refused(_("刚刚已有人处理了这一项，请刷新后再看。")) from None
        audit.record(
            by=by, action="promise.light", object_type="promise", object_id=f"{target}@{division}",
            scope_division=division,
            detail=noting.dated(
                {"colour": colour, "computed": standing.computed, "reason": made.reason, "until": until.isoformat()}
            ),
        )  # fmt: skip
        events.tell(Happened("overridden", by.get_username(), target=target, place=division, text=made.reason[:200]))
    return made


def take_back(*, target: int, division: str, reason: str, by: User, scope: Scope) -> Override:
    """End a light set by hand before its day. Raises `Refused` where none stands."""
    scope.require(rules.JUDGE)
    regions.division_or_404(division, scope=scope)
    row = Override.objects.filter(target=target, place=division, state="standing").first()
    if row is None:
        raise Refused(_("这里没有人工设定的灯色。"))
    with transaction.atomic():
        _end(row, "end", by, reason)
    return row


def expire() -> int:
    """End every light whose last day has passed; how many. The pages stop showing them on that day by themselves."""
    ended = 0
    for row in Override.objects.filter(state="standing", until__lt=clock.today()):
        with transaction.atomic():
            _end(row, "expire", "clock", "")
        ended += 1
    return ended


def _end(row: Override, move: str, by: User | str, reason: str) -> None:
    moving.advance(
        row, rules.OVERRIDE, move, by=by, permissions={CLOCK} if move == "expire" else {rules.JUDGE},
        given={"reason": reason.strip()} if reason.strip() else {}, scope_division=row.place, ended_at=clock.now(),
        ended_by=by if isinstance(by, str) else by.get_username(),
    )  # fmt: skip
    audit.record(
        by=by, action=f"promise.light-{move}", object_type="promise", object_id=f"{row.target}@{row.place}",
        scope_division=row.place, detail=noting.dated({"colour": row.colour, "reason": reason.strip()[:200]}),
    )  # fmt: skip
