"""Writes of consent: each keyword-only, with `by`, one transaction with its audit row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import queries, resource
from luoshi.platform.consent.categories import book
from luoshi.platform.consent.models import BreakGlass, Choice, Dispute, Sharing
from luoshi.platform.identity import joined
from luoshi.platform.regions.models import Institution
from luoshi.platform.store import reads


def choose(*, person: int, category: str, opened: bool, by: User, until: date | None = None) -> Choice:
    """Open or close a category from today, until a day (counted) or without end. By the resident or a guardian: the
    caller has checked who they are. Raises `InvalidValue` for an unknown category or a day that has passed."""
    if category not in book().categories:
        raise InvalidValue(_("没有这个类别。"), where="category")
    _not_passed(until)
    with transaction.atomic():
        row = Choice.objects.create(
            person=person, category=category, open=opened, since=clock.today(), until=until, made_by=by.get_username()
        )
        audit.record(
            by=by,
            action="consent.open" if opened else "consent.close",
            object_type="person",
            object_id=person,
            detail={"category": category, "until": until},
        )
        resource.write_sharing(person, by=by.get_username())
    return row


def share(
    *,
    person: int,
    institution: str,
    permit: bool,
    by: User,
    category: str = "",
    purpose: str = "",
    until: date | None = None,
) -> Sharing:
    """Let an institution in, or keep it out, from today. Raises `InvalidValue` for one nobody knows, an unknown category
    or purpose, or a day that has passed."""
    if not Institution.objects.current().filter(code=institution).exists():
        raise InvalidValue(_("没有这家机构。"), where="institution", todo=_("请从列表中选择。"))
    if category and category not in book().categories:
        raise InvalidValue(_("没有这个类别。"), where="category")
    if purpose and purpose not in book().purposes:
        raise InvalidValue(_("没有这个用途。"), where="purpose")
    _not_passed(until)
    with transaction.atomic():
        row = Sharing.objects.create(
            person=person,
            institution=institution,
            permit=permit,
            category=category,
            purpose=purpose,
            since=clock.today(),
            until=until,
            made_by=by.get_username(),
        )
        audit.record(
            by=by,
            action="consent.share" if permit else "consent.keep-out",
            object_type="person",
            object_id=person,
            detail={"institution": institution, "category": category, "purpose": purpose, "until": until},
        )
        resource.write_sharing(person, by=by.get_username())
    return row


def share_many(
    *, person: int, institution: str, categories: Iterable[str], by: User | str, purpose: str, until: date
) -> list[int]:
    """Let an institution in for several categories at once, until a day (counted), as the resident agreed in front of
    `by`. Gives the numbers of the sharings. Raises as `share`."""
    wanted = list(categories)
    if not Institution.objects.current().filter(code=institution).exists():
        raise InvalidValue(_("没有这家机构。"), where="institution", todo=_("请从列表中选择。"))
    if not set(wanted) <= set(book().categories):
        raise InvalidValue(_("没有这个类别。"), where="category")
    _not_passed(until)
    name = by if isinstance(by, str) else by.get_username()
    with transaction.atomic():
        rows = [
            Sharing.objects.create(
                person=person, institution=institution, permit=True, category=category, purpose=purpose,
                since=clock.today(), until=until, made_by=name,
            )
            for category in wanted
        ]  # fmt: skip
        if rows:
            detail = {"institution": institution, "categories": wanted, "purpose": purpose, "until": until}
            audit.record(by=by, action="consent.share", object_type="person", object_id=person, detail=detail)
            resource.write_sharing(person, by=name)
    return [row.pk for row in rows]


def withdraw_many(*, person: int, sharings: Iterable[int], by: User | str) -> int:
    """End those sharings of a person that still hold, at once; how many there were."""
    with transaction.atomic():
        ended = Sharing.objects.filter(person=person, pk__in=list(sharings), withdrawn_at__isnull=True).update(
            until=clock.today() - timedelta(days=1), withdrawn_at=datetime.now(UTC)
        )
        if ended:
            detail = {"sharings": ended}
            audit.record(by=by, action="consent.withdraw", object_type="person", object_id=person, detail=detail)
            resource.write_sharing(person, by=by if isinstance(by, str) else by.get_username())
    return ended


def withdraw(*, sharing: Sharing, by: User) -> None:
    """End a sharing at once: it holds no more from now on. Ending it twice changes nothing."""
    if sharing.withdrawn_at is not None:
        return
    with transaction.atomic():
        sharing.until = clock.today() - timedelta(days=1)
        sharing.withdrawn_at = datetime.now(UTC)
        sharing.save(update_fields=["until", "withdrawn_at"])
        audit.record(
            by=by,
            action="consent.withdraw",
            object_type="person",
            object_id=sharing.person,
            detail={"institution": sharing.institution, "sharing": sharing.pk},
        )
        resource.write_sharing(sharing.person, by=by.get_username())


def _not_passed(until: date | None) -> None:
    if until is not None and until < clock.today():
        raise InvalidValue(_("截止日期已经过去。"), where="until", todo=_("请选择今天或以后的日期。"))


def break_glass(*, person: int, scope: Scope, kind: str, reason: str, hours: int) -> BreakGlass:
    """Open a person's whole record to the user of the scope for some hours. It is noted as a look that the resident
    sees, and waits for a review. Raises `Refused` without the permission, `InvalidValue` for no real reason or another
    length, `Http404` is left to the caller, who knows how the person was found."""
    rules = book().break_glass
    scope.require("record.break-glass")
    assert scope.user is not None
    reason = " ".join(reason.split())
    if kind not in rules.reasons:
        raise InvalidValue(_("请选择紧急情形。"), where="kind")
    if len(reason) < rules.least_reason:
        raise InvalidValue(_("请写明事由，至少 %(count)d 个字。") % {"count": rules.least_reason}, where="reason")
    if hours not in rules.hours:
        raise InvalidValue(_("请选择调阅时长。"), where="hours")
    now = datetime.now(UTC)
    place = reads.person_place(person) or ("", "")
    institution = scope.institution_codes[0] if scope.institution_codes else ""
    with transaction.atomic():
        row = BreakGlass.objects.create(
            person=person,
            user=scope.user.get_username(),
            institution=_acting_for(scope.user) or institution,
            division=place[0],
            kind=kind,
            reason=reason[:500],
            started_at=now,
            expires_at=now + timedelta(hours=hours),
        )
        audit.record(
            by=scope.user,
            action="break-glass",
            object_type="person",
            object_id=person,
            scope_division=place[0],
            detail={"kind": kind, "hours": hours, "glass": row.pk},
        )
    return row


def _acting_for(user: User) -> str:
    """The institution a grant of today names; of an alliance the head, not a member."""
    held = Grant.objects.on(clock.today()).filter(user=user, institution__isnull=False)
    return held.order_by("pk").values_list("institution__code", flat=True).first() or ""


def review(*, glass: BreakGlass, justified: bool, note: str, by: User, scope: Scope) -> None:
    """Say whether a look in an emergency was justified. Raises `Refused` for one's own, or one already reviewed."""
    scope.require("consent.review")
    if glass.user == by.get_username():
        raise Refused(_("不能复核自己的调阅。"), todo=_("请由另一名专员复核。"))
    note = " ".join(note.split())
    if not justified and not note:
        raise InvalidValue(_("认定不当时请写明意见。"), where="note")
    with transaction.atomic():
        done = BreakGlass.objects.filter(pk=glass.pk, verdict="").update(
            verdict=BreakGlass.JUSTIFIED if justified else BreakGlass.UNJUSTIFIED,
            note=note[:500],
            reviewed_by=by.get_username(),
            reviewed_at=datetime.now(UTC),
        )
        if not done:
            raise Refused(_("这次调阅已经复核过。"))
        audit.record(
            by=by,
            action="break-glass.review",
            object_type="person",
            object_id=glass.person,
            detail={"glass": glass.pk, "justified": justified},
        )


def dispute(
    *,
    person: int,
    text: str,
    by: User,
    resource_type: str = "",
    resource_id: str = "",
    title: str = "",
    institution: str = "",
) -> Dispute:
    """Hold an entry (or the record) to be wrong. `institution`: who made the entry; without it the responsible one is
    asked. Raises `InvalidValue` for an empty text, `Refused` while the same entry is disputed already."""
    text = text.strip()
    if len(text) < 4:
        raise InvalidValue(_("请写明哪里不对。"), where="text")
    place = reads.person_place(person) or ("", "")
    with transaction.atomic():
        same = Dispute.objects.filter(
            joined.of(person), resource_type=resource_type, resource_id=resource_id, state=Dispute.OPEN
        )
        if same.exists():
            raise Refused(_("这条记录的异议正在处理。"), todo=_("请等待答复，或先撤回原来的异议。"))
        row = Dispute.objects.create(
            person=person,
            resource_type=resource_type,
            resource_id=resource_id,
            title=title[:200],
            institution=institution or place[1],
            text=text[:1000],
            due=clock.today() + queries.due_day(),
            made_by=by.get_username(),
        )
        audit.record(
            by=by,
            action="dispute.make",
            object_type="person",
            object_id=person,
            scope_division=place[0],
            detail={"dispute": row.pk, "resource": f"{resource_type}/{resource_id}".strip("/")},
        )
    return row


def withdraw_dispute(*, dispute: Dispute, by: User) -> None:
    """Take a dispute back. Raises `Refused` once it was answered."""
    _settle(dispute, Dispute.WITHDRAWN, "", by, "dispute.withdraw")


def answer(*, dispute: Dispute, corrected: bool, text: str, by: User, scope: Scope) -> None:
    """Answer a dispute: the entry was corrected (by its sender, in a new version), or stays, and why. Raises
    `InvalidValue` for an empty answer, `Refused` when it is settled already."""
    scope.require("dispute.answer")
    text = text.strip()
    if len(text) < 4:
        raise InvalidValue(_("请写明答复，本人可以看到。"), where="answer")
    _settle(dispute, Dispute.CORRECTED if corrected else Dispute.KEPT, text, by, "dispute.answer")


def _settle(dispute: Dispute, state: str, text: str, by: User, action: str) -> None:
    with transaction.atomic():
        done = Dispute.objects.filter(pk=dispute.pk, state=Dispute.OPEN).update(
            state=state, answer=text[:1000], answered_by=by.get_username(), answered_at=datetime.now(UTC)
        )
        if not done:
            raise Refused(_("这条异议已经办结。"))
        audit.record(
            by=by,
            action=action,
            object_type="person",
            object_id=dispute.person,
            detail={"dispute": dispute.pk, "state": state},
        )
