"""Beds and slots: declared by departments, kept for accepted patients, never given twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.db.models import F
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.services.referral import moves, rules
from luoshi.services.referral.models import Capacity, Referral
from luoshi.services.referral.places import present


def board(*, institutions: Iterable[str] | None = None) -> list[Capacity]:
    """Beds and slots from today on, of some institutions or of all, by institution and department. One query."""
    rows = present()
    if institutions is not None:
        rows = rows.filter(institution__in=list(institutions))
    return list(rows)


def bookable(row: Referral) -> list[Capacity]:
    """What the receiver of a referral can still give, what its department has first."""
    rows = present().filter(institution=row.receiver, free__gt=0)
    return sorted(rows, key=lambda c: (c.department != row.department, c.department, c.kind, c.day or date.min))


def declare(
    *, institution: str, department: str, kind: str, total: int, free: int, day: date | None, by: User, scope: Scope
) -> Capacity:
    """Say what a department has. Raises `InvalidValue` for numbers that cannot be, `Http404` outside the scope."""
    if not scope.can("referral.capacity") or not scope.covers_institution(institution):
        raise Http404
    department = department.strip()[:60]
    if len(department) < 2:
        raise InvalidValue(_("请填写科室名称。"), where="department")
    if kind not in (Capacity.BED, Capacity.SLOT):
        raise InvalidValue(_("请选择床位或号源。"), where="kind")
    if not 0 <= free <= total <= 100_000:
        raise InvalidValue(_("可用数不能小于0，也不能多于总数。"), where="free")
    if kind == Capacity.SLOT and (day is None or day < clock.today()):
        raise InvalidValue(_("号源须填写今天或以后的日期。"), where="day")
    now = clock.now()
    with transaction.atomic():
        row, _made = Capacity.objects.update_or_create(
            institution=institution,
            department=department,
            kind=kind,
            day=day if kind == Capacity.SLOT else None,
            defaults={"total": total, "free": free, "updated_at": now, "updated_by": by.get_username()},
        )
        audit.record(
            by=by, action="referral.capacity", object_type="institution", object_id=institution,
            detail={"department": department, "kind": kind, "day": day, "total": total, "free": free},
        )  # fmt: skip
    return row


def reserve(*, number: int, slot: int, by: User, scope: Scope, version: int | None = None) -> Referral:
    """Keep a bed or slot for an accepted patient. Of two who want the last one, one gets it. Raises `Refused` where
    nothing is free any more, `Http404` for a bed of somebody else."""
    with transaction.atomic():
        row = moves.locked(number, scope=scope, version=version)
        kept = Capacity.objects.filter(pk=slot, institution=row.receiver).first()
        if kept is None:
            raise Http404
        if kept.day is not None and kept.day < clock.today():
            raise Refused(_("这个号源的日期已过。"))
        if not Capacity.objects.filter(pk=slot, free__gt=0).update(free=F("free") - 1):
            raise Refused(_("刚刚已被预留完，请另选床位或号源。"), where=kept.department)
        arrive_on = rules.begin_of(kept.day) if kept.day else clock.now()
        given = {"slot": kept.pk, "note": f"{kept.department} {kept.day or ''}".strip()}
        moves.advance(row, "reserve", by=by, scope=scope, given=given, slot=kept, arrive_on=arrive_on)
    return row
