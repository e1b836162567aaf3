"""Writes of referrals. Each keyword-only, one transaction with its audit row, its line in the timeline and the message
to a peer where there is one. Raises `Refused` for what the rules forbid, `Http404` outside the scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent.categories import book as consent_book
from luoshi.platform.regions.models import Division, Institution
from luoshi.platform.store import people
from luoshi.services.referral import book, moves, places, queries, rules
from luoshi.services.referral.models import Peer, Referral, Step

CONSENTS = ("patient", "guardian", "emergency")


@dataclass(frozen=True)
class Wanted:
    """What a sender fills in. `criteria`: names of up criteria, `disease`: of the down list; `route`: why the receiver was
    chosen (ring and reasons of the suggestion)."""

    direction: str
    person: int
    sender: str
    receiver: str
    diagnosis: str
    reason: str
    priority: str = "routine"
    department: str = ""
    criteria: Sequence[str] = ()
    disease: str = ""
    tests: str = ""
    advice: str = ""
    route: Mapping[str, Any] = field(default_factory=dict)
    peer: str = ""
    origin: int | None = None


def draft(*, wanted: Wanted, by: User, scope: Scope) -> Referral:
    """A new referral nobody but the sender sees yet. The patient must lie in the scope, or be here by an active referral
    (`origin`) to the sender."""
    if not scope.can(rules.SEND) or not scope.covers_institution(wanted.sender):
        raise Http404
    origin = queries.one(wanted.origin, scope=scope) if wanted.origin else None
    person = wanted.person
    if origin is not None:
        if origin.receiver != wanted.sender or not origin.active or origin.person != person:
            raise Http404
        card = people.cards([person], scope=Scope.system()).get(person)
    else:
        card = people.cards([person], scope=scope).get(person)
    if card is None:
        raise Http404
    if card.death_date:
        raise Refused(_("该居民已登记死亡。"))
    _check(wanted)
    sender = Institution.objects.select_related("division").get(code=wanted.sender)
    peer, receiver_name, receiver_path = _receiver(wanted)
    home = Division.objects.filter(code=card.division).order_by("-valid_from").values_list("path", flat=True).first()
    now = clock.now()
    with transaction.atomic():
        made = Referral.objects.create(
            direction=wanted.direction, person=person, home=home or "", priority=wanted.priority, since=now,
            sender=sender.code, sender_name=sender.name, sender_path=sender.division.path,
            receiver=wanted.receiver, receiver_name=receiver_name, receiver_path=receiver_path,
            department=wanted.department.strip()[:60], criteria=list(wanted.criteria), disease=wanted.disease,
            diagnosis=wanted.diagnosis.strip()[:200], reason=wanted.reason.strip()[:2000],
            tests=wanted.tests.strip()[:2000], advice=wanted.advice.strip()[:1000], route=dict(wanted.route),
            origin=origin, made=now, made_by=by.get_username(), peer=peer, far="receive" if peer else "",
        )  # fmt: skip
        Step.objects.create(referral=made, version=0, kind="draft", at=now, by=by.get_username(), after="draft")
        audit.record(
            by=by, action="referral.draft", object_type="referral", object_id=made.pk,
            scope_division=sender.division.code, detail={"direction": wanted.direction, "to": wanted.receiver},
        )  # fmt: skip
    return made


def send(
    *, wanted: Wanted, consented_by: str, categories: Sequence[str], green_reason: str = "", by: User, scope: Scope
) -> Referral:
    """Draft and submit in one go (by the green channel where `green_reason` is given): whole or not at all."""
    with transaction.atomic():
        made = draft(wanted=wanted, by=by, scope=scope)
        if green_reason:
            return rush(
                number=made.pk,
                reason=green_reason,
                consented_by=consented_by,
                categories=categories,
                by=by,
                scope=scope,
            )
        return submit(number=made.pk, consented_by=consented_by, categories=categories, by=by, scope=scope)


def _check(wanted: Wanted) -> None:
    today = clock.today()
    if wanted.direction not in (rules.UP, rules.DOWN) or wanted.priority not in book.PRIORITIES:
        raise InvalidValue(_("请选择转诊方向和优先级。"))
    if len(wanted.diagnosis.strip()) < 2 or len(wanted.reason.strip()) < 5:
        raise InvalidValue(_("请写明诊断和转诊原因（原因至少5个字）。"))
    if wanted.direction == rules.UP and not wanted.criteria:
        raise InvalidValue(_("请至少勾选一条上转指征。"))
    known = {c.id for c in book.criteria(today)}
    if not set(wanted.criteria) <= known:
        raise InvalidValue(_("有的上转指征已不再有效，请重新选择。"))
    if wanted.direction == rules.DOWN and wanted.disease not in {d.id for d in book.diseases(today)}:
        raise InvalidValue(_("请从下转病种目录中选择。"))
    if wanted.sender == wanted.receiver and not wanted.peer:
        raise InvalidValue(_("不能转给本机构。"))


def _receiver(wanted: Wanted) -> tuple[Peer | None, str, str]:
    if wanted.peer:
        peer = Peer.objects.filter(name=wanted.peer, active=True).first()
        there = next((p for p in peer.places if p["code"] == wanted.receiver), None) if peer else None
        if peer is None or there is None:
            raise InvalidValue(_("对接系统中没有这家机构。"))
        return peer, there["name"], ""
    place = Institution.objects.current().filter(code=wanted.receiver).select_related("division").first()
    if place is None or not places.takes_patients(place):
        raise InvalidValue(_("没有这家可接收转诊的机构。"))
    return None, place.name, place.division.path


# --- moves ---------------------------------------------------------------------------------------------------------


def submit(
    *, number: int, consented_by: str, categories: Sequence[str], by: User, scope: Scope, version: int | None = None
) -> Referral:
    """Send a draft to the receiver. `consented_by`: who agreed (`patient`, `guardian`; `emergency` where nobody could be
    asked); `categories`: what of the record the receiver may see meanwhile."""
    with transaction.atomic():
        row = moves.locked(number, scope=scope, version=version)
        _need_consent(consented_by, categories)
        moves.advance(
            row, "submit", by=by, scope=scope, given={"consent": consented_by}, consent=consented_by,
            categories=list(categories), submitted=clock.now(), sent_by=by.get_username(),
        )  # fmt: skip
        moves.share(row, by)
    return row


def rush(
    *, number: int, reason: str, consented_by: str, categories: Sequence[str], by: User, scope: Scope,
    version: int | None = None,
) -> Referral:  # fmt: skip
    """The green channel: an emergency is accepted at once and filed afterwards by the receiver."""
    with transaction.atomic():
        row = moves.locked(number, scope=scope, version=version)
        if row.priority != "emergency":
            raise Refused(_("只有急危重患者可走绿色通道。"))
        if row.far:
            raise Refused(_("对接系统的机构请用急危重优先级提交，不走绿色通道。"))
        _need_consent(consented_by, categories)
        now = clock.now()
        moves.advance(
            row, "rush", by=by, scope=scope, given={"reason": reason.strip()}, consent=consented_by,
            categories=list(categories), submitted=now, answered=now, sent_by=by.get_username(), green=True,
            green_due=now + timedelta(hours=book.rules().clocks.green_filing_hours),
        )  # fmt: skip
        moves.share(row, by)
    return row


def file_green(*, number: int, by: User, scope: Scope) -> Referral:
    """The receiver approves a green-channel referral afterwards; once. Raises `Refused` where there is nothing to file."""
    with transaction.atomic():
        row = moves.locked(number, scope=scope)
        if rules.RECEIVE not in queries.held(row, scope):
            raise Refused(_("您没有做这一步的权限。"))
        if row.sent_by == by.get_username():
            raise Refused(_("发起人不能自己补办审批。"))
        now = clock.now()
        if not Referral.objects.filter(pk=row.pk, green=True, green_filed__isnull=True).update(green_filed=now):
            raise Refused(_("没有需要补办的绿色通道审批。"))
        row.green_filed = now
        moves.note(row, "filed", by=by.get_username(), at=now)
        audit.record(
            by=by,
            action="referral.filed",
            object_type="referral",
            object_id=row.pk,
            scope_division=moves.code_of(row.receiver_path),
        )
        moves.tell(row, "filed")
    return row


def accept(*, number: int, by: User, scope: Scope, version: int | None = None) -> Referral:
    """The receiver takes the patient. Nobody accepts what they sent themselves."""
    return _answer(number, "accept", by=by, scope=scope, version=version)


def ask(*, number: int, reason: str, note: str, by: User, scope: Scope, version: int | None = None) -> Referral:
    """The receiver wants more data. `reason` is one of the declared ones."""
    _known_reason("ask", reason)
    return _answer(number, "ask", by=by, scope=scope, version=version, reason=reason, note=note, refusal=reason)


def reject(*, number: int, reason: str, note: str, by: User, scope: Scope, version: int | None = None) -> Referral:
    """The receiver does not take the patient. `reason` is one of the declared ones; `other` asks for a note."""
    _known_reason("reject", reason)
    if reason == "other" and len(note.strip()) < 4:
        raise InvalidValue(_("请写明拒绝的具体原因（至少4个字）。"))
    return _answer(number, "reject", by=by, scope=scope, version=version, reason=reason, note=note, refusal=reason)


def _answer(
    number: int,
    name: str,
    *,
    by: User,
    scope: Scope,
    version: int | None,
    reason: str = "",
    note: str = "",
    **fields: Any,
) -> Referral:
    with transaction.atomic():
        row = moves.locked(number, scope=scope, version=version)
        if row.sent_by == by.get_username() and not row.far:
            raise Refused(_("发起人不能自己审批。"))
        given = {"reason": reason, "note": note.strip()} if reason else {}
        if row.answered is None:
            fields["answered"] = clock.now()
        moves.advance(row, name, by=by, scope=scope, given=given, **fields)
    return row


def resubmit(*, number: int, note: str, tests: str, by: User, scope: Scope, version: int | None = None) -> Referral:
    """The sender adds what was missing."""
    with transaction.atomic():
        row = moves.locked(number, scope=scope, version=version)
        more: dict[str, Any] = {"tests": tests.strip()[:2000]} if tests.strip() else {}
        moves.advance(row, "resubmit", by=by, scope=scope, given={"note": note.strip()}, **more)
    return row


def arrive(*, number: int, by: User, scope: Scope, version: int | None = None) -> Referral:
    """The patient is here."""
    return _simple(number, "arrive", by=by, scope=scope, version=version, arrived=clock.now())


def miss(*, number: int, note: str, by: User, scope: Scope, version: int | None = None) -> Referral:
    """The patient did not come; what was kept is free again."""
    return _simple(number, "miss", by=by, scope=scope, version=version, given={"reason": note.strip()})


def treat(*, number: int, by: User, scope: Scope, version: int | None = None) -> Referral:
    """Treatment began."""
    return _simple(number, "treat", by=by, scope=scope, version=version)


def summarise(
    *, number: int, diagnosis: str, treatment: str, advice: str, follow_up: str, by: User, scope: Scope,
    version: int | None = None,
) -> Referral:  # fmt: skip
    """The return summary: what was found, what was done, how the sender goes on (`follow_up`: an ISO day or "")."""
    told = {
        "diagnosis": diagnosis.strip()[:300],
        "treatment": treatment.strip()[:2000],
        "advice": advice.strip()[:1000],
    }
    if len(told["diagnosis"]) < 2 or len(told["treatment"]) < 5:
        raise InvalidValue(_("小结须写明诊断和诊疗经过（经过至少5个字）。"))
    if follow_up:
        try:
            told["follow_up"] = datetime.fromisoformat(follow_up).date().isoformat()
        except ValueError:
            raise InvalidValue(_("复诊日期不是日期。"), where="follow_up") from None
    given = {"summary": told["diagnosis"]}
    return _simple(
        number, "summarise", by=by, scope=scope, version=version, given=given, summary=told, summarised=clock.now()
    )


def close(*, number: int, note: str, by: User, scope: Scope, version: int | None = None) -> Referral:
    """The sender has read the summary and gone on with the patient."""
    return _simple(number, "close", by=by, scope=scope, version=version, given={"note": note.strip()})


def cancel(*, number: int, reason: str, note: str, by: User, scope: Scope, version: int | None = None) -> Referral:
    """The sender takes it back before the patient came."""
    _known_reason("cancel", reason)
    given = {"reason": reason, "note": note.strip()}
    return _simple(number, "cancel", by=by, scope=scope, version=version, given=given)


def _simple(
    number: int,
    name: str,
    *,
    by: User,
    scope: Scope,
    version: int | None,
    given: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Referral:
    with transaction.atomic():
        row = moves.locked(number, scope=scope, version=version)
        moves.advance(row, name, by=by, scope=scope, given=given, **fields)
    return row


def _need_consent(consented_by: str, categories: Sequence[str]) -> None:
    if consented_by not in CONSENTS:
        raise InvalidValue(_("请确认患者（或监护人）已知情同意；急危重来不及征求时选“紧急”。"))
    if not set(categories) <= set(consent_book().categories):
        raise InvalidValue(_("没有这个类别。"))
    if consented_by == "emergency" and set(categories) & set(consent_book().closed):
        raise InvalidValue(_("紧急情况下只附默认开放的类别。"))


def _known_reason(kind: Any, reason: str) -> None:
    if reason not in book.rules().reasons[kind]:
        raise InvalidValue(_("请选择原因。"), where="reason")
