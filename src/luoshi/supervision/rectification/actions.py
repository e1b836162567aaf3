"""Writes: raise, notice, plan, hand in, return, sign, compute anew, minute. Each one transaction with its audit row."""

from __future__ import annotations

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
from luoshi.platform.lake import subjects
from luoshi.platform.moving import CLOCK, advance
from luoshi.platform.regions.models import Division, Institution
from luoshi.supervision import sources
from luoshi.supervision.alerts.actions import tell
from luoshi.supervision.rectification import checking, files, ladder, queries, rules
from luoshi.supervision.rectification.models import Account, Check, Finding, Step

FURTHEST = 366


def raise_finding(
    *, kind: str, title: str, text: str, division: str = "", institution: str = "", unit: str = "", target: int | None = None,
    claimed: float | None = None, origin: str = "", raised_division: str = "", repeat_of: int | None = None,
    by: User | None, scope: Scope,
) -> Finding:  # fmt: skip
    """Write down a finding at a division or institution; it waits for its notice. The same unit with the same target
    (or kind and name) within a year is linked as a repeat; `repeat_of` names an earlier one here explicitly. `origin`
    (`query:7`) says what it came from: the same origin gives the finding that is there. `raised_division`: the office
    that raises it (default: the widest of the scope); `by` is None where the system raises it.

    Raises `Http404` outside the scope, `Refused` without the permission or where one about this target is open there.
    """
    scope.require(rules.ISSUE)
    if kind not in rules.KINDS or not 2 <= len(title.strip()) <= 200 or len(text.strip()) < 4:
        raise InvalidValue(_("请写明事项和问题（问题至少4个字）。"))
    place = _place(division, institution, scope)
    above = _division(raised_division or scope.root_division())
    if not scope.covers_path(above.path):
        raise Http404
    code = institution
    promise = sources.get().promise(target, scope=scope) if target is not None else None
    if target is not None and promise is None:
        raise Http404
    with transaction.atomic():
        if origin and (there := Finding.objects.filter(origin=origin).first()):
            return there
        same = Finding.objects.filter(
            target=target, division=place.code, institution=code, state__in=rules.OPEN, kind=kind
        )
        if target is not None and same.exists():
            raise Refused(_("这里的这项目标已有未销号的整改事项。"), todo=_("请在原事项上继续。"))
        today = clock.today()
        if repeat_of is not None:
            before = queries.here(division=place.code, scope=scope).filter(pk=repeat_of).first()
            if before is None:
                raise Http404
        else:
            before = queries.earlier(
                kind=kind, title=title.strip()[:200], target=target, division=place.code, institution=code,
                unit=unit.strip(), found_on=today,
            ).first()  # fmt: skip
        made = Finding(
            kind=kind, title=title.strip()[:200], text=text.strip()[:2000], target=target,
            plan_title=promise.plan.title[:300] if promise else "", claimed=claimed, origin=origin[:80],
            division=place.code, path=place.path, institution=code, unit=unit.strip()[:120], raised_division=above.code,
            raised_path=above.path, found_on=today, by=by, at=clock.now(), repeat_of=before,
        )  # fmt: skip
        found = checking.standing(made)
        made.found = checking.said(found)[:300] if found else ""
        made.save()
        detail = {"kind": kind, "target": target, "repeat_of": before.pk if before else None, "origin": origin}
        audit.record(
            by=by or "clock", action="finding.raise", object_type="finding", object_id=made.pk,
            scope_division=made.division, detail=rules.dated(detail),
        )  # fmt: skip
    return made


def notify(
    *, number: int, plan_due: date | None = None, finish_due: date | None = None, by: User, scope: Scope
) -> Finding:
    """Send the notice. Dates that are not given follow from the rules; the plan is due no later than the finish."""
    terms, today = rules.escalation().terms, clock.today()
    plan_due, finish_due = plan_due or terms.plan.after(today), finish_due or terms.finish.after(today)
    _check_dates(plan_due, finish_due)
    with transaction.atomic():
        found = _locked(number, scope)
        _advance(
            found, "notify", by, scope, {"due": finish_due}, noticed_at=clock.now(), plan_due=plan_due,
            finish_due=finish_due,
        )  # fmt: skip
        _tell("finding-noticed", found, "unit", f"notice:{found.noticed_at:%Y%m%d}", due=plan_due)
    return found


def dismiss(*, number: int, reason: str, by: User, scope: Scope) -> Finding:
    """Say that a finding does not hold."""
    return _simple(number, "dismiss", {"reason": _said(reason)}, by, scope)


def extend(*, number: int, due: date, reason: str, by: User, scope: Scope) -> Finding:
    """Give more time to the date that runs. Steps that came stay; the ladder begins anew from the new date."""
    reason = _said(reason)
    with transaction.atomic():
        found = _locked(number, scope)
        ladder.catch_up(found.pk)
        fields = {"plan_due": due, "finish_due": max(due, found.finish_due or due)}
        if found.state == rules.PLANNED:
            fields = {"finish_due": due}
        _check_dates(due, fields["finish_due"])
        _advance(found, "extend", by, scope, {"reason": reason}, **fields)
    return found


def plan(*, number: int, plan: str, by: User, scope: Scope) -> Finding:
    """Send the plan: what will be done, by whom, until when."""
    text = _said(plan, 10, _("请写明整改措施、责任人和时限（至少10个字）。"))
    return _simple(number, "plan", {"plan": text}, by, scope, plan=text[:3000], planned_by=by.get_username())


def submit(*, number: int, text: str, by: User, scope: Scope, file: bytes = b"", file_name: str = "") -> Finding:
    """Hand in what was done, with at most one file (`files.keep` says which). Where the data pass already it is closed
    by them at once."""
    text = _said(text, 10, _("请写明整改情况（至少10个字）。"))
    with transaction.atomic():
        found = _locked(number, scope)
        ladder.catch_up(found.pk)
        _advance(
            found, "submit", by, scope, {"account": text}, submitted_by=by.get_username(), submitted_at=clock.now()
        )  # fmt: skip
        kept = files.keep(file, file_name) if file else None
        Account.objects.create(
            finding=found, text=text[:3000], media=kept.media if kept else "", file_name=kept.name if kept else "",
            sha256=kept.sha256 if kept else "", by=by.get_username(), at=clock.now(),
        )  # fmt: skip
        if not _recheck(found, by.get_username()):
            _tell("finding-submitted", found, "issuer", f"submitted:{found.submitted_at:%Y%m%dT%H%M%S}")
    return found


def give_back(*, number: int, reason: str, by: User, scope: Scope) -> Finding:
    """Return what was handed in; the date to finish runs on."""
    reason = _said(reason)
    with transaction.atomic():
        found = _locked(number, scope)
        _advance(found, "return", by, scope, {"reason": reason}, returned=found.returned + 1)
        _tell("finding-returned", found, "unit", f"returned:{found.returned}", reason=reason[:80])
    return found


def sign(*, number: int, reason: str, by: User, scope: Scope) -> Finding:
    """Close by signature, where the data cannot say or not yet: the name stands for it."""
    reason = _said(reason, 10, _("签字销号须写明依据（至少10个字）。"))
    with transaction.atomic():
        found = _locked(number, scope)
        outcome = checking.ask(found)
        _note(found, outcome, by.get_username())
        ground = f"{by.get_full_name()} 签字：{reason}（签字时：{outcome.words}）"
        _advance(
            found, "sign", by, scope, {"reason": reason}, closed_at=clock.now(), closed_by=by.get_username(),
            closed_how="signed", ground=ground[:600],
        )  # fmt: skip
        _tell("finding-closed", found, "unit", "closed")
    return found


def recheck(*, number: int, by: User, scope: Scope) -> Finding:
    """Compute anew now; closes the finding when the value passes. For those who may check or act."""
    with transaction.atomic():
        found = _locked(number, scope)
        if not queries.held(found, scope=scope) & {rules.CHECK, rules.ACT, rules.ISSUE}:
            raise Refused(_("您没有做这一步的权限。"))
        if found.state not in (rules.NOTICED, rules.PLANNED, rules.SUBMITTED):
            raise Refused(_("现在的状态下不能这样做。"))
        ladder.catch_up(found.pk)
        _recheck(found, by.get_username())
    return found


def recheck_all() -> int:
    """Compute every open finding anew whose results are not those in use; how many the data closed. Run as often as one
    likes."""
    edition = subjects.edition()
    closed = 0
    waiting = Finding.objects.filter(state__in=(rules.NOTICED, rules.PLANNED, rules.SUBMITTED)).exclude(edition=edition)
    for number in waiting.values_list("pk", flat=True) if edition else []:
        with transaction.atomic():
            found = Finding.objects.select_for_update().get(pk=number)
            if found.state in (rules.NOTICED, rules.PLANNED, rules.SUBMITTED) and found.edition != edition:
                ladder.catch_up(found.pk)
                closed += _recheck(found, "clock")
    return closed


def minute(*, step: int, text: str, held_on: date, by: User, scope: Scope) -> Step:
    """Write down an interview: when it was held and what came of it. Once, by the office that raised the finding."""
    text = _said(text, 4)
    if not clock.today() - timedelta(days=FURTHEST) <= held_on <= clock.today():
        raise InvalidValue(_("约谈日期不能晚于今天。"))
    with transaction.atomic():
        row = Step.objects.filter(pk=step, finding__in=queries.findings(scope=scope)).select_related("finding").first()
        if row is None:
            raise Http404
        if rules.ISSUE not in queries.held(row.finding, scope=scope):
            raise Refused(_("您没有做这一步的权限。"))
        fields = {"minutes": text[:2000], "held_on": held_on, "minuted_by": by.get_username()}
        if not Step.objects.filter(pk=row.pk, minutes="").update(**fields):
            raise Refused(_("这次约谈已有记录。"))
        audit.record(
            by=by, action="finding.minute", object_type="finding", object_id=row.finding_id,
            scope_division=row.finding.division, detail=rules.dated({"step": row.name, "held": held_on}),
        )  # fmt: skip
    return row


def _simple(number: int, move: str, given: dict[str, Any], by: User, scope: Scope, **fields: Any) -> Finding:
    with transaction.atomic():
        found = _locked(number, scope)
        ladder.catch_up(found.pk)
        _advance(found, move, by, scope, given, **fields)
    return found


def _recheck(found: Finding, by: str) -> bool:
    """Compute anew and keep what came; closes where it passes. Whether it closed."""
    outcome = checking.ask(found)
    _note(found, outcome, by)
    if not outcome.passed:
        Finding.objects.filter(pk=found.pk).update(edition=found.edition)
        return False
    advance(
        found, rules.FINDING, "pass", by=by, permissions={CLOCK}, given=rules.dated({"value": outcome.words}),
        scope_division=found.division, closed_at=clock.now(), closed_by=by, closed_how="data",
        ground=outcome.words[:600], edition=found.edition,
    )  # fmt: skip
    _tell("finding-closed", found, "unit", "closed")
    _tell("finding-closed", found, "issuer", "closed")
    return True


def _note(found: Finding, outcome: checking.Outcome, by: str) -> None:
    """Keep a check unless it says what the last one said."""
    found.edition = subjects.edition()
    last = found.checks.last()
    if last is not None and (last.passed, last.words, last.heard) == (
        outcome.passed,
        outcome.words[:500],
        outcome.heard,
    ):
        return
    Check.objects.create(
        finding=found, at=clock.now(), by=by, passed=outcome.passed, words=outcome.words[:500], heard=outcome.heard,
        edition=found.edition,
    )  # fmt: skip


def _advance(found: Finding, move: str, by: User, scope: Scope, given: dict[str, Any], **fields: Any) -> None:
    advance(
        found, rules.FINDING, move, by=by, permissions=queries.held(found, scope=scope),
        given=rules.dated(given), scope_division=found.division, **fields,
    )  # fmt: skip


def _locked(number: int, scope: Scope) -> Finding:
    queries.finding(number, scope=scope)
    return Finding.objects.select_for_update().get(pk=number)


def _tell(kind: str, found: Finding, whom: str, key: str, **values: Any) -> None:
    tell(
        kind, key=f"finding:{found.pk}:{key}", users=ladder.people(found, whom), link=f"/rectification/{found.pk}/",
        object_type="finding", object_id=found.pk, title=found.title, **values,
    )  # fmt: skip


def _place(division: str, institution: str, scope: Scope) -> Division:
    """The division a finding is at. Raises `Http404` outside the scope."""
    if institution:
        row = Institution.objects.filter(code=institution).select_related("division").first()
        if row is None or not scope.covers_institution(institution):
            raise Http404
        return row.division
    scope.division_or_404(division)
    return _division(division)


def _division(code: str) -> Division:
    row = Division.objects.filter(code=code).order_by("-valid_from").first()
    if row is None:
        raise Http404
    return row


def _check_dates(plan_due: date, finish_due: date) -> None:
    today = clock.today()
    if not today <= plan_due <= finish_due <= today + timedelta(days=FURTHEST):
        raise InvalidValue(_("期限应在今天之后的一年之内，方案期限不晚于整改期限。"))


def _said(text: str, least: int = 2, todo: str = "") -> str:
    if len(text.strip()) < least:
        raise InvalidValue(todo or _("请写明理由。"))
    return text.strip()
