"""Writes about duties: issue, move, split. Each keyword-only, with `by` and `scope`, one transaction with its audit row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, NotFound, Refused
from luoshi.platform import audit, moving
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions import queries as regions
from luoshi.supervision.duties import events, figures, noting, proposing, queries, rules
from luoshi.supervision.duties.events import Happened
from luoshi.supervision.duties.models import Duty
from luoshi.supervision.duties.proposing import Proposed
from luoshi.supervision.duties.units import Body

SHORTEST_REASON = 4


def issue(
    *, plan: int, by: User | str, scope: Scope, tasks: Sequence[int] | None = None, inherited: bool = True
) -> list[Duty]:
    """Give the tasks of a confirmed plan to their units (`proposing.proposed`; `tasks` narrows them, `inherited` takes
    those named for whole sections too). What is issued already is left alone, so that issuing again adds only what is new.

    Raises `Http404` for a plan out of sight, `Refused` where nothing is left to issue or the plan is another's.
    """
    found = proposing.proposed(plan, scope=scope)
    wanted = [
        p
        for p in found.proposed
        if not p.issued and (tasks is None or p.task in set(tasks)) and (inherited or not p.inherited)
    ]
    scope.require(rules.ISSUE)
    if not scope.covers_path(found.plan.division_path):
        raise Refused(_("只有制定计划的区划才能下达它的任务。"))
    if not wanted:
        raise Refused(_("没有可下达的任务。"), todo=_("所选任务都已下达，或没有责任单位。"))
    with transaction.atomic():
        made = Duty.objects.bulk_create([_from_plan(p, found, by) for p in wanted])
        audit.record(
            by=by, action="duty.issue-plan", object_type="plan", object_id=plan, scope_division=found.plan.division,
            detail=noting.dated({"numbers": [d.pk for d in made], "count": len(made)}),
        )  # fmt: skip
        _tell_seats("issued", made, by)
    return made


def issue_one(
    *, title: str, words: str, body: Body, due: date | None, by: User | str, scope: Scope, issuer: str,
    origin: str = Duty.Origin.HAND, plan: int = 0, plan_title: str = "", target: int = 0, role: str = Duty.Role.LEAD,
) -> Duty:  # fmt: skip
    """Give one piece of work to a unit, outside a plan's own list: decided at a meeting, or handed out. `issuer` is the
    code of the division that asks. Raises `InvalidValue`, `Refused` outside the scope."""
    scope.require(rules.ISSUE)
    row = regions.division_or_404(issuer, scope=scope)
    if len(title.strip()) < 2:
        raise InvalidValue(_("请写明任务。"), where="title")
    if not body.path.startswith(row.path):
        raise Refused(_("只能向本区划及以下的单位下达任务。"))
    if due is not None and due < clock.today():
        raise InvalidValue(_("期限不能早于今天。"), where="due")
    now = clock.now()
    with transaction.atomic():
        duty = Duty.objects.create(
            plan=plan, plan_title=plan_title[:300], target=target, origin=origin, title=title.strip()[:300],
            words=words.strip(), role=role, due=due, issuer_division=row.code, issuer_path=row.path,
            issued_by=_name(by), issued_at=now, receipt_due=rules.receipt_due(clock.today()), **_unit(body),
        )  # fmt: skip
        noting.record("issue", by, duty, {"title": duty.title, "unit": duty.unit_name})
        _tell_seats("issued", [duty], by)
    return duty


def receive(*, duty: Duty, by: User, scope: Scope) -> Duty:
    """Acknowledge a duty at its seat."""
    return _advance(duty, "receive", by, scope, "received", received_by=_name(by), received_at=clock.now())


def object_to(*, duty: Duty, reason: str, by: User, scope: Scope) -> Duty:
    """Say why the duty is not this unit's, or cannot be done as it stands."""
    return _advance(duty, "object", by, scope, "objected", given={"reason": _reason(reason)})


def uphold(*, duty: Duty, reason: str, by: User, scope: Scope) -> Duty:
    """Keep the duty where it is in spite of an objection; the receipt clock starts again."""
    return _advance(
        duty, "uphold", by, scope, "issued", given={"reason": _reason(reason)},
        receipt_due=rules.receipt_due(clock.today()), received_at=None, received_by="",
    )  # fmt: skip


def begin(*, duty: Duty, by: User, scope: Scope) -> Duty:
    """Note that work has begun: the first report, file or split does it by itself."""
    return _advance(duty, "work", by, scope, "")


def submit(*, duty: Duty, note: str, by: User, scope: Scope) -> Duty:
    """Hand a duty in to be accepted. Raises `Refused` while parts of it are open."""
    with transaction.atomic():
        if duty.parts.exclude(state__in=rules.DUTY.final).exists():
            raise Refused(_("下级分解任务还没有全部办结，不能报请验收。"))
        return _advance(
            duty, "submit", by, scope, "submitted", given={"note": _reason(note)},
            submitted_by=_name(by), submitted_at=clock.now(),
        )  # fmt: skip


def send_back(*, duty: Duty, reason: str, by: User, scope: Scope) -> Duty:
    """Give a handed-in duty back with what is missing."""
    return _advance(duty, "return", by, scope, "returned", given={"reason": _reason(reason)})


def close(*, duty: Duty, note: str, by: User, scope: Scope) -> Duty:
    """Accept a handed-in duty. Where a value keeps the promise, the data are the ground; otherwise the judge signs for it
    and must say why. Nobody accepts what they handed in themselves."""
    if duty.submitted_by == _name(by):
        raise Refused(_("不能验收自己报请的任务，请由另一人验收。"))
    if duty.queries.filter(state__in=("open", "answered")).exists():
        raise Refused(_("还有未核实的填报疑问，不能办结。"))
    seen = figures.of_duty(duty, scope=scope)
    if seen.kept:
        ground = _("数据达标：%(value)s") % {"value": " ".join(filter(None, (seen.value_text, seen.fraction_text)))}
    else:
        ground = _("%(name)s签字：%(note)s") % {"name": _full_name(by), "note": _reason(note)}
    return _advance(
        duty, "close", by, scope, "closed", given={"ground": ground},
        closed_by=_name(by), closed_at=clock.now(), ground=ground[:500],
    )  # fmt: skip


def withdraw(*, duty: Duty, reason: str, by: User, scope: Scope) -> Duty:
    """Take a duty back, with every open part below it."""
    reason = _reason(reason)
    with transaction.atomic():
        done = _advance(duty, "withdraw", by, scope, "withdrawn", given={"reason": reason})
        for part in duty.parts.exclude(state__in=rules.DUTY.final):
            withdraw(duty=part, reason=reason, by=by, scope=scope)
    return done


def reassign(*, duty: Duty, body: Body, reason: str, by: User, scope: Scope) -> Duty:
    """Give a duty to another unit of the issuing division's area; the receipt clock starts again. Also how a unit that
    could not be mapped is assigned by hand. Raises `Refused` where that unit has it already, or parts are open."""
    if not body.path.startswith(duty.issuer_path):
        raise Refused(_("只能改派给下达区划及以下的单位。"))
    if duty.parts.exclude(state="withdrawn").exists():
        raise Refused(_("已向下分解的任务不能改派，请先撤回分解。"))
    fields = _unit(body) | {"unit_printed": duty.unit_printed or duty.unit_name}
    try:
        with transaction.atomic():
            return _advance(
                duty, "reassign", by, scope, "reassigned", given={"reason": _reason(reason), "unit": body.name},
                receipt_due=rules.receipt_due(clock.today()), issued_at=clock.now(), received_at=None, received_by="",
                handler="", **fields,
            )  # fmt: skip
    except IntegrityError:
        raise Refused(_("%(unit)s已经有这项任务。") % {"unit": body.name}) from None


def delegate(*, duty: Duty, handler: str, by: User, scope: Scope) -> Duty:
    """Name the person of the unit who handles the duty (an account that sees it). Raises `Refused`, `NotFound`."""
    if rules.ACT not in queries.permissions_on(duty, scope):
        raise Refused(_("您没有做这一步的权限。"))
    if not duty.open:
        raise Refused(_("任务已经办结或撤回。"))
    user = User.objects.filter(username=handler.strip(), is_active=True).first()
    if user is None or not queries.duties(scope=Scope.of(user)).filter(pk=duty.pk).exists():
        raise NotFound(_("本单位没有这个账号。"), todo=_("请填写能看到这项任务的账号名。"))
    with transaction.atomic():
        Duty.objects.filter(pk=duty.pk).update(handler=user.username)
        duty.handler = user.username
        noting.record("delegate", by, duty, {"handler": user.username})
        events.tell(Happened("delegated", _name(by), duty, text=user.username))
    return duty


def _advance(
    duty: Duty, move: str, by: User | str, scope: Scope, event: str, given: dict[str, Any] | None = None, **fields: Any
) -> Duty:
    """Make one move and tell of it, in one transaction."""
    with transaction.atomic():
        moving.advance(
            duty, rules.DUTY, move, by=by, permissions=queries.permissions_on(duty, scope),
            given=noting.dated(given),
            scope_division=duty.division, **fields,
        )  # fmt: skip
        if event:
            text = next((str(v) for k, v in (given or {}).items() if k in ("reason", "note", "ground")), "")
            events.tell(Happened(event, _name(by), duty, text=text))
    return duty


def _from_plan(p: Proposed, found: proposing.Proposal, by: User | str) -> Duty:
    promise = p.promise
    numbers: dict[str, Any] = {}
    if promise is not None:
        numbers = {
            "promise": promise.promise[:60], "op": promise.op, "value": promise.value, "upper": promise.upper,
            "unit": promise.unit, "binding": promise.binding, "additive": promise.additive, "better": p.better,
            "quota": promise.value if promise.additive and p.lead and promise.op != "between" else None,
        }  # fmt: skip
    return Duty(
        plan=found.plan.id, plan_title=found.plan.title[:300], target=promise.id if promise else 0, task=p.task,
        title=p.title[:300], words=p.words, role=Duty.Role.LEAD if p.lead else Duty.Role.SUPPORT,
        issuer_division=found.plan.division, issuer_path=found.plan.division_path, due=p.due,
        due_inferred=promise.deadline_inferred if promise else False, issued_by=_name(by), issued_at=clock.now(),
        receipt_due=rules.receipt_due(clock.today()), **_unit(p.body), **numbers,
    )  # fmt: skip


def _unit(body: Body) -> dict[str, str]:
    return {
        "unit_kind": body.kind, "unit_name": body.name[:120], "unit_printed": body.printed[:120],
        "unit_key": body.key[:200], "department": body.department[:40], "division": body.division,
        "division_path": body.path, "institution": body.institution,
    }  # fmt: skip


def _tell_seats(kind: str, made: Iterable[Duty], by: User | str) -> None:
    """One event for each seat, with all its duties: many duties are one piece of news."""
    seats: dict[tuple[str, str], list[Duty]] = {}
    for duty in made:
        seats.setdefault((duty.division, duty.institution), []).append(duty)
    for rows in seats.values():
        events.tell(Happened(kind, _name(by), rows[0], duties=tuple(rows)))


def _reason(text: str) -> str:
    if len(text.strip()) < SHORTEST_REASON:
        raise InvalidValue(_("请写明理由或说明（至少 %(n)s 个字）。") % {"n": SHORTEST_REASON}, where="reason")
    return text.strip()[:500]


def _name(by: User | str) -> str:
    return by if isinstance(by, str) else by.get_username()


def _full_name(by: User | str) -> str:
    return by if isinstance(by, str) else by.get_full_name()
