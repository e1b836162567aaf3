"""Writes: send, act, object, answer, extend, end. Each one transaction with its audit row; data alone settles an item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake import results, subjects
from luoshi.platform.moving import advance
from luoshi.platform.regions.models import Division
from luoshi.supervision.alerts.actions import tell
from luoshi.supervision.alerts.recipients import nearest
from luoshi.supervision.dispatching import queries, rules
from luoshi.supervision.dispatching.gathering import Gathered, gather
from luoshi.supervision.dispatching.models import Dispatch, Item

FURTHEST = 366  # days a due date may lie ahead


def send(
    *, target: int, division: str, due: date, note: str = "", institutions: Collection[str] | None = None, by: User,
    scope: Scope,
) -> Dispatch:  # fmt: skip
    """Send everyone missing to a target at a division to the institutions that can act (`institutions`: only to those),
    and tell each. Who is in another open dispatch for the same is left out.

    Raises `Refused` without the permission or where nobody is left to send, `InvalidValue` for a due date in the past,
    `Http404` outside the scope.
    """
    found = gather(target, division=division, scope=scope)
    value = results.value(found.standing.promise.indicator, found.period, scope=scope, division=division)
    return send_gathered(
        found,
        value,
        heard=results.data_until(),
        edition=subjects.edition(),
        due=due,
        note=note,
        institutions=institutions,
        by=by,
        scope=scope,
    )


def send_gathered(
    found: Gathered, value: results.Value, *, heard: date | None, edition: str, due: date, note: str = "",
    institutions: Collection[str] | None = None, by: User, scope: Scope,
) -> Dispatch:  # fmt: skip
    """Send a list that was gathered, with the value it goes with: `send` for a list of another day (`edition` empty: to
    be looked at with the results in use). Raises as `send` does."""
    scope.require("dispatch.send")
    _check_due(due)
    division = found.standing.division
    chosen = [c for c in found.candidates if institutions is None or c.institution in institutions]
    if not chosen:
        raise Refused(_("没有可以派出的对象。"), todo=_("名单为空，或都已在办理中的派单里。"))
    standing, promise = found.standing, found.standing.promise
    row = Division.objects.filter(code=division).order_by("-valid_from").first()
    if row is None:
        raise Http404
    now = {
        "heard": heard, "numerator": value.numerator, "denominator": value.denominator, "value": value.value,
        "missing": found.total,
    }  # fmt: skip
    with transaction.atomic():
        made = Dispatch.objects.create(
            target=promise.id, plan_title=promise.plan.title[:300], indicator=promise.indicator, title=promise.metric[:200],
            promise=promise.promise[:60], unit=standing.unit[:30], division=division, path=row.path,
            period_start=found.period.start, period_end=found.period.end, period_kind=found.period.kind, by=by,
            at=clock.now(), due=due, note=note.strip()[:500], edition=edition,
            **{f"{name}_{when}": value for name, value in now.items() for when in ("before", "now")},
        )  # fmt: skip
        Item.objects.bulk_create(
            [
                Item(
                    dispatch=made, subject=c.subject, person=c.person, division=c.division, home=c.home,
                    institution=c.institution, reason=c.reason[:300], reason_en=c.reason_en[:300],
                )
                for c in chosen
            ],
            batch_size=500,
        )  # fmt: skip
        counts = Counter(c.institution for c in chosen)
        made.told = _tell_received(made, counts)
        made.save(update_fields=["told"])
        detail = {"target": promise.id, "items": len(chosen), "institutions": len(counts), "due": due}
        _audit("dispatch.send", made, by, detail)
    return made


def act(*, numbers: Iterable[int], day: date, said: str = "", by: User, scope: Scope) -> int:
    """Say that items were acted on, on `day`. The item stays missing until the data show it. Raises `Http404` for items
    out of sight, `Refused` for those in another state, `InvalidValue` for a day that cannot be."""
    if not clock.today() - timedelta(days=FURTHEST) <= day <= clock.today():
        raise InvalidValue(_("办理日期应在过去一年之内，不能晚于今天。"))
    fields = {"acted_by": by.get_username(), "acted_on": day, "said": said.strip()[:500]}
    return _move("act", numbers, by=by, scope=scope, given={"day": day}, **fields)


def undo(*, numbers: Iterable[int], by: User, scope: Scope) -> int:
    """Take back that items were acted on."""
    return _move("undo", numbers, by=by, scope=scope, acted_by="", acted_on=None, said="")


def object_to(*, numbers: Iterable[int], reason: str, by: User, scope: Scope) -> int:
    """Say why items cannot be acted on (moved away, refused, wrong number). The sender answers."""
    reason = _reason(reason)
    with transaction.atomic():
        changed = _move("object", numbers, by=by, scope=scope, given={"reason": reason}, said=reason)
        found = Item.objects.filter(pk__in=list(numbers)).select_related("dispatch__by")
        counts: dict[int, list[Item]] = {}
        for item in found:
            counts.setdefault(item.dispatch_id, []).append(item)
        for number, items in counts.items():
            dispatch = items[0].dispatch
            tell(
                "dispatch-objected", key=f"objected:{number}:{clock.now():%Y%m%dT%H}", users=[dispatch.by],
                link=f"/dispatches/{number}/", object_type="dispatch", object_id=number, title=dispatch.title,
                count=len(items),
            )  # fmt: skip
    return changed


def answer(*, numbers: Iterable[int], agree: bool, reason: str, by: User, scope: Scope) -> int:
    """Agree to leave objected items out, or insist. Leaving out changes nothing in the number: they stay in the
    denominator."""
    reason = _reason(reason)
    return _move("excuse" if agree else "insist", numbers, by=by, scope=scope, given={"reason": reason}, said=reason)


def assign(*, numbers: Iterable[int], institution: str, by: User, scope: Scope) -> int:
    """Give items to another institution inside the scope. Raises `Http404` for one outside."""
    scope.require("dispatch.send")
    if not scope.covers_institution(institution):
        raise Http404
    with transaction.atomic():
        items = _mine(numbers, scope)
        changed = Item.objects.filter(pk__in=[i.pk for i in items]).update(institution=institution)
        for dispatch in {i.dispatch_id: i.dispatch for i in items}.values():
            count = sum(i.dispatch_id == dispatch.pk for i in items)
            dispatch.told |= _tell_received(dispatch, Counter({institution: count}), again=f":{clock.now():%Y%m%d}")
            dispatch.save(update_fields=["told"])
            _audit("dispatch.assign", dispatch, by, {"items": count, "institution": institution})
    return changed


def extend(*, number: int, due: date, reason: str, by: User, scope: Scope) -> Dispatch:
    """Give more time."""
    _check_due(due)
    return _end(number, "extend", reason, by, scope, due=due)


def close(*, number: int, reason: str, by: User, scope: Scope) -> Dispatch:
    """End a dispatch though items are still missing."""
    return _end(number, "close", reason, by, scope, ended_at=clock.now(), ended_why=_reason(reason))


def withdraw(*, number: int, reason: str, by: User, scope: Scope) -> Dispatch:
    """Take a dispatch back."""
    return _end(number, "withdraw", reason, by, scope, ended_at=clock.now(), ended_why=_reason(reason))


def _tell_received(found: Dispatch, counts: Counter[str], *, again: str = "") -> dict[str, int]:
    """Tell those nearest to each institution, one message a person with all that is theirs. Gives how many people were
    found for each institution: 0 means nobody will open the list."""
    readers: dict[int, tuple[User, int]] = {}
    told = {}
    for institution, count in counts.items():
        place = {"institution": institution} if institution else {"division": found.division}
        users = nearest("dispatch.act", **place)
        told[institution] = len(users)
        for user in users:
            readers[user.pk] = (user, readers.get(user.pk, (user, 0))[1] + count)
    for user, count in readers.values():
        tell(
            "dispatch-received",
            key=f"dispatch:{found.pk}{again}",
            users=[user],
            link=f"/dispatches/mine/?dispatch={found.pk}",
            object_type="dispatch",
            object_id=found.pk,
            title=found.title,
            count=count,
            due=found.due,
        )
    return told


def _end(number: int, move: str, reason: str, by: User, scope: Scope, **fields: Any) -> Dispatch:
    reason = _reason(reason)
    with transaction.atomic():
        found = queries.dispatch(number, scope=scope)
        # Who only received something from above does not change what was sent.
        if not scope.covers_path(found.path):
            raise Refused(_("这个派单由上级发出，您只能办理。"))
        advance(
            found, rules.DISPATCH, move, by=by, permissions=scope.permissions, given={"reason": reason},
            scope_division=found.division, **fields,
        )  # fmt: skip
    return found


def _move(
    name: str, numbers: Iterable[int], *, by: User, scope: Scope, given: dict[str, Any] | None = None, **fields: Any
) -> int:
    """One move of several items at once, all or none."""
    moves = [m for m in rules.ITEM.moves if m.name == name]
    scope.require(moves[0].by)
    with transaction.atomic():
        items = _mine(numbers, scope)
        if name in ("excuse", "insist") and not all(scope.covers_path(i.dispatch.path) for i in items):
            raise Refused(_("这个派单由上级发出，您只能办理。"))
        sources = [source for m in moves for source in m.sources]
        movable = Item.objects.filter(pk__in=[i.pk for i in items], state__in=sources, data=rules.MISSING)
        changed = movable.update(state=moves[0].target, **fields)
        if changed != len(items):
            raise Refused(_("所选事项中有的已不在这一步，什么都没有改。"), todo=_("请刷新后再选。"))
        for dispatch in {i.dispatch_id: i.dispatch for i in items}.values():
            own = [i.pk for i in items if i.dispatch_id == dispatch.pk]
            _audit(f"{rules.ITEM.name}.{name}", dispatch, by, {"items": own[:200], "count": len(own), **(given or {})})
    return changed


def _mine(numbers: Iterable[int], scope: Scope) -> list[Item]:
    wanted = set(numbers)
    if not wanted:
        raise InvalidValue(_("没有选择任何事项。"))
    items = list(queries.items(scope=scope).filter(pk__in=wanted).select_related("dispatch__by"))
    if len(items) != len(wanted):
        raise Http404
    if any(item.dispatch.state != rules.OPEN for item in items):
        raise Refused(_("这个派单已经结束。"))
    return items


def _check_due(due: date) -> None:
    if not clock.today() <= due <= clock.today() + timedelta(days=FURTHEST):
        raise InvalidValue(_("期限应在今天之后的一年之内。"))


def _reason(text: str) -> str:
    if len(text.strip()) < 2:
        raise InvalidValue(_("请写明理由。"))
    return text.strip()[:500]


def _audit(action: str, found: Dispatch, by: User | str, detail: dict[str, Any]) -> None:
    audit.record(
        by=by, action=action, object_type="dispatch", object_id=found.pk, scope_division=found.division, detail=detail
    )  # fmt: skip
