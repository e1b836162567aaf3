"""Writes of mutual recognition: raise alerts, answer them, order, keep marks, hand in returns. Each one transaction with
its audit row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.moving import CLOCK, advance
from luoshi.platform.regions.models import Institution, Statistic
from luoshi.services.recognition import filing, queries, rules
from luoshi.services.recognition.models import Alert, QualityMark

SOURCE, TITLE = "luoshi-orders", "开单与互认"
ISSUE = "urn:luoshi:cn:code:detected-issue"


def check(
    *,
    person: int,
    items: Mapping[str, str],
    orderer: rules.Place,
    scope: Scope,
    by: User | str,
    door: str,
    purpose: str = "",
) -> list[tuple[Alert, queries.Earlier]]:
    """Look for earlier results of ordered items (item -> the order's id, "" for none) and raise an alert for each.

    What was raised for the same order earlier that day is given again, not twice. The look at the resident is noted.
    Raises `Http404` for a person the viewer may not see, `InvalidValue` for an unknown item.
    """
    found = queries.earlier(person, list(items), scope=scope, orderer=orderer, purpose=purpose)
    audit.look(by=by, person=person, what="recognition", purpose=purpose)
    if not found:
        return []
    now, today = clock.now(), clock.today()
    name = by if isinstance(by, str) else by.get_username()
    raised: list[tuple[Alert, queries.Earlier]] = []
    with transaction.atomic():
        fresh = []
        for id_, earlier in found.items():
            alert, made = Alert.objects.get_or_create(
                person=person, item=id_, institution=orderer.institution, day=today,
                earlier_type=earlier.stored.type, earlier_id=earlier.stored.id,
                defaults={
                    "division": orderer.path, "by": name, "door": door, "order": items[id_][:120],
                    "earlier_day": earlier.offer.day, "producer": earlier.producer, "reach": earlier.reach,
                    "price": earlier.item.price, "raised": now,
                },
            )  # fmt: skip
            raised.append((alert, earlier))
            if made:
                fresh.append(alert)
        if fresh:
            audit.record(
                by=by, action="recognition.alert", object_type="person", object_id=person,
                scope_division=orderer.path.strip("/").rpartition("/")[2],
                detail={"items": [a.item for a in fresh], "institution": orderer.institution, "door": door},
            )  # fmt: skip
    return raised


def view(found: Alert, *, by: User | str, purpose: str = "") -> None:
    """Note that the earlier result was opened."""
    audit.look(by=by, person=found.person, what=f"recognition {found.earlier_type}", purpose=purpose)
    if found.viewed is None:
        found.viewed = clock.now()
        Alert.objects.filter(pk=found.pk, viewed__isnull=True).update(viewed=found.viewed)


def answer(
    *, found: Alert, move: str, by: User | str, permissions: Collection[str], reason: str = "", note: str = ""
) -> Alert:
    """Recognise the earlier result, repeat (with a lawful reason, or without one: that is kept too), or withdraw the
    order. The alert becomes a DetectedIssue in the resident's record with the answer as its mitigation.

    Raises `Refused` where it was answered already, `InvalidValue` for a reason that is not lawful.
    """
    if move == "repeat":
        rules.check_reason(reason, note)
    elif reason:
        raise InvalidValue(_("只有重做时才填写理由。"))
    with transaction.atomic():
        advance(
            found, rules.ALERT, move, by=by, permissions=permissions, given={"reason": reason, "note": note},
            scope_division=found.division.strip("/").rpartition("/")[2], reason=reason, note=note.strip()[:500],
            answered=clock.now(), answered_by=by if isinstance(by, str) else by.get_username(),
        )  # fmt: skip
        if found.state != rules.WITHDRAWN:
            filing.file([detected_issue(found)], source=SOURCE, title=TITLE, institution=found.institution, by=by)
    return found


def detected_issue(found: Alert) -> dict[str, Any]:
    """An answered alert as FHIR: code `duplicate`, the earlier result implicated, the answer as mitigation."""
    reason = rules.reasons().reasons.get(found.reason)
    action: dict[str, Any] = {"text": rules.ALERT.states[found.state][0]}
    if reason:
        action = {"coding": [{"system": rules.REASON_SYSTEM, "code": found.reason, "display": reason.name}]}
        if found.note:
            action["text"] = found.note
    assert found.answered is not None
    # A source that speaks for a whole division orders nowhere in particular.
    author: dict[str, Any] = {}
    if ":" not in found.institution:
        role = {"resourceType": "PractitionerRole", "id": "by",
                "organization": {"reference": f"Organization/{found.institution}"}}  # fmt: skip
        author = {"contained": [role], "author": {"reference": "#by"}}
    return {
        "resourceType": "DetectedIssue",
        "id": f"alert-{found.uuid}",
        "status": "final",
        "code": {"coding": [{"system": ISSUE, "code": "duplicate", "display": "重复检查检验提醒"}]},
        "patient": filing.subject(found.person),
        "identifiedDateTime": found.raised.isoformat(timespec="seconds"),
        **author,
        "implicated": [{"reference": f"{found.earlier_type}/{found.earlier_id}"}],
        "detail": rules.catalogue(found.day).item(found.item).name,
        "mitigation": [{"action": action, "date": found.answered.isoformat(timespec="seconds")}],
    }


def order(*, person: int, items: Sequence[str], institution: str, by: User, scope: Scope) -> list[str]:
    """Order items: one ServiceRequest each, in the resident's record. Gives their ids.

    Raises `Http404` for a person or institution outside the scope, `InvalidValue` for an unknown item.
    """
    if not scope.covers_institution(institution):
        raise Http404
    catalogue = rules.catalogue(clock.today())
    about, now = filing.subject(person), clock.now()
    made = [
        {
            "resourceType": "ServiceRequest",
            "id": f"order-{person}-{item.id}-{now:%Y%m%d%H%M%S}",
            "status": "active",
            "intent": "order",
            "code": {
                "coding": [
                    {"system": rules.ITEM_SYSTEM, "code": item.id, "display": item.name},
                    *({"system": rules.LOINC, "code": code} for code in item.codes[:1]),
                ],
                "text": item.name,
            },
            "subject": about,
            "authoredOn": now.isoformat(timespec="seconds"),
            "requester": {"reference": f"Organization/{institution}"},
        }
        for item in map(catalogue.item, dict.fromkeys(items))
    ]
    if not made:
        return []
    told = filing.file(made, source=SOURCE, title=TITLE, institution=institution, by=by)
    return [written.public_id for written in told]


def lapse(*, by: str = "system", on: date | None = None) -> int:
    """Let alerts lapse that nobody answered in time, up to 10,000 at a time. Gives how many did."""
    today, n = on or clock.today(), 0
    waiting = Alert.objects.filter(state=rules.RAISED, day__lt=today).order_by("pk")[:10_000]
    for found in waiting:
        if rules.due(found.day) >= today:
            continue
        with transaction.atomic():
            try:
                advance(found, rules.ALERT, "lapse", by=by, permissions={CLOCK}, answered=clock.now(), answered_by=by)
            except Refused:  # somebody answered it just now
                continue
        n += 1
    return n


# --- marks ------------------------------------------------------------------------------------------------------------


def add_mark(
    *,
    institution: str,
    subject: str,
    level: str,
    valid_from: date,
    valid_to: date | None,
    document: str,
    by: User,
    scope: Scope,
) -> QualityMark:
    """Register a mark. Raises `Http404` for an institution outside the scope, `InvalidValue` for what is no mark,
    `Refused` for one that is there already."""
    scope.require("recognition.manage")
    known = Institution.objects.filter(code=institution).first()
    if known is None or not scope.covers_institution(institution):
        raise Http404
    catalogue = rules.catalogue(clock.today())
    if subject not in catalogue.groups and subject not in catalogue.items:
        raise InvalidValue(_("没有这个专业或项目。"), where=subject)
    if level not in dict(QualityMark.LEVELS):
        raise InvalidValue(_("没有这个级别。"), where=level)
    if valid_to is not None and valid_to < valid_from:
        raise InvalidValue(_("结束日期早于开始日期。"))
    if len(document.strip()) < 4:
        raise InvalidValue(_("请写明依据（证书或文件名，至少4个字）。"))
    with transaction.atomic():
        made, fresh = QualityMark.objects.get_or_create(
            institution=institution, subject=subject, level=level, valid_from=valid_from,
            defaults={
                "valid_to": valid_to, "document": document.strip()[:200], "by": by.get_username(), "at": clock.now()
            },
        )  # fmt: skip
        if not fresh:
            raise Refused(_("同一机构、专业、级别和起始日期的标识已经登记。"))
        _audit("recognition.mark.add", made, by)
    return made


def end_mark(*, number: int, on: date, by: User, scope: Scope) -> QualityMark:
    """End a mark on a day, the last it is good on. Raises `Http404` outside the scope, `InvalidValue` before its start."""
    scope.require("recognition.manage")
    with transaction.atomic():
        found = queries.marks(scope=scope).select_for_update().filter(pk=number).first()
        if found is None:
            raise Http404
        if on < found.valid_from:
            raise InvalidValue(_("结束日期早于开始日期。"))
        found.valid_to = on
        found.save(update_fields=["valid_to"])
        _audit("recognition.mark.end", found, by)
    return found


def _audit(action: str, mark: QualityMark, by: User) -> None:
    audit.record(
        by=by, action=action, object_type="quality-mark", object_id=mark.pk,
        detail={"institution": mark.institution, "subject": mark.subject, "level": mark.level, "until": mark.valid_to},
    )  # fmt: skip


def hand_in(*, start: date, end: date, by: User, scope: Scope) -> int:
    """Put the counts of a finished quarter into the returns (`recognised`, `recognisable`) of the institutions in the
    scope that returned nothing themselves, so that the indicator 互认率 reads them. What an institution returned stays.
    Gives for how many institutions. Raises `InvalidValue` for a period that is no finished quarter."""
    scope.require("recognition.manage")
    if (start.day, start.month % 3) != (1, 1) or end != _quarter_end(start) or end >= clock.today():
        raise InvalidValue(_("只能汇入已结束的整季度。"))
    _whole, tallies = queries.tallies(start, end, scope=scope)
    wanted = {t.institution: t for t in tallies if t.returned is None and t.counted}
    with transaction.atomic():
        known = dict(Institution.objects.filter(code__in=wanted).values_list("code", "pk"))
        rows = [
            Statistic(institution_id=known[code], item=item, day=end, value=value)
            for code, tally in wanted.items()
            if code in known
            for item, value in (("recognisable", tally.counted), ("recognised", tally.recognised))
        ]
        Statistic.objects.bulk_create(rows)
        audit.record(
            by=by, action="recognition.hand-in", object_type="quarter", object_id=end.isoformat(),
            detail={"institutions": sorted(known)},
        )  # fmt: skip
    return len(known)


def _quarter_end(start: date) -> date:
    month = start.month + 2
    return date(start.year, month, 30 if month in (6, 9) else 31)
