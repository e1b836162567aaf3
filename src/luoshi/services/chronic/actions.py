"""Writes of chronic care about people: save a visit, what was measured at home, what workers note. Each is one
transaction with its audit row and its FHIR resources; `enrolling` writes about enrolments."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.store import reads
from luoshi.services.chronic import resource, rules
from luoshi.services.chronic.models import Card, Visit

MODES = ("face", "home", "phone")
LATE_DAYS = 31  # a visit may be written down so many days after it was made


def person_or_404(person: int, scope: Scope) -> tuple[str, str]:
    """Division and institution of a person inside the scope. Raises `Http404`."""
    place = reads.person_place(person)
    if place is None or not scope.covers_person(*place):
        raise Http404
    return place


def place_of(person: int) -> tuple[str, str]:
    """Division and institution of a person, empty where unknown."""
    return reads.person_place(person) or ("", "")


def institution_of(scope: Scope, place: tuple[str, str]) -> str:
    """The institution a worker writes for: their own where they have one (the person's, if it is among them), else the
    person's."""
    if scope.institution_codes and place[1] not in scope.institution_codes:
        return scope.institution_codes[0]
    return place[1]


def save_visit(
    *,
    person: int,
    token: str,
    programmes: Sequence[str],
    day: date,
    mode: str,
    values: Mapping[str, Any],
    by: User | str,
    scope: Scope,
    reserved: date | None = None,
    advice: str = "",
    origin: str = "page",
    episodes: Mapping[str, str] | None = None,
    correct: bool = False,
) -> tuple[Visit, bool]:
    """Keep a visit and write it as FHIR. Gives the visit and whether anything changed: the same token with the same content
    changes nothing, with other content it is a correction where `correct`, else `Refused`.

    Raises `InvalidValue` for what is impossible (a day in the future or too long ago, a value out of range, no disease),
    `Http404` outside the scope.
    """
    place = person_or_404(person, scope)
    clean = _checked(token, programmes, day, mode, values, reserved, advice)
    about, source = resource.subject(person)
    name = name_of(by)
    with transaction.atomic():
        row = Visit.objects.select_for_update().filter(token=token).first()
        content = {
            "programmes": list(programmes),
            "day": day,
            "mode": mode,
            "values": clean,
            "reserved": reserved,
            "advice": advice,
        }
        if row is not None:
            if row.person != person:
                raise Refused(_("这个随访编号属于另一位居民。"))
            if all(getattr(row, field) == value for field, value in content.items()):
                return row, False
            if not correct:
                raise Refused(_("这次随访已经保存过，内容不同。"), todo=_("请打开已保存的随访更正。"))
            for field, value in content.items():
                setattr(row, field, value)
            row.version += 1
            row.at = clock.now()
        else:
            row = Visit(
                token=token,
                person=person,
                institution=institution_of(scope, place),
                by=name,
                at=clock.now(),
                origin=origin,
                **content,
            )
        made = resource.visit(
            token=token,
            about=about,
            programmes=programmes,
            day=day,
            mode=mode,
            values=clean,
            institution=row.institution,
            worker=_worker(row.by),
            episodes=episodes or {},
            advice=advice,
        )
        told = resource.write(made, source=source, by=name)
        row.encounters = {
            programme: written.public_id
            for programme in programmes
            for entry, written in zip(made, told, strict=True)
            if entry["id"] == f"{token}-{programme}" and entry["resourceType"] == "Encounter"
        }
        row.save()
        audit.record(
            by=by,
            action="chronic.visit",
            object_type="person",
            object_id=person,
            scope_division=place[0],
            detail={
                "visit": row.pk,
                "programmes": list(programmes),
                "day": str(day),
                "version": row.version,
                "origin": origin,
            },
        )
    return row, True


def _checked(
    token: str,
    programmes: Collection[str],
    day: date,
    mode: str,
    values: Mapping[str, Any],
    reserved: date | None,
    advice: str,
) -> dict[str, Any]:
    known = rules.diseases().diseases
    if not 8 <= len(token) <= 40 or not token.replace("-", "").isalnum() or not token.isascii():
        raise InvalidValue(_("随访编号无效。"))
    if not programmes or set(programmes) - set(known):
        raise InvalidValue(_("请选择这次随访的病种。"))
    if mode not in MODES:
        raise InvalidValue(_("请选择随访方式。"))
    today = clock.today()
    if not today - timedelta(days=LATE_DAYS) <= day <= today:
        raise InvalidValue(_("随访日期应在最近%(days)s天内，不能晚于今天。") % {"days": LATE_DAYS})
    if reserved is not None and not day < reserved <= day + timedelta(days=400):
        raise InvalidValue(_("预约日期应在随访日期之后、400天以内。"))
    if len(advice) > 500:
        raise InvalidValue(_("指导内容不超过500字。"))
    return rules.check_values(programmes, values)


def _worker(name: str) -> str:
    kept = "".join(c for c in name if (c.isascii() and c.isalnum()) or c in "-.")
    return kept[:64] or "unknown"


def measured_at_home(
    *, person: int, at: datetime, values: Mapping[str, Any], by: User | str, scope: Scope, token: str = ""
) -> list[str]:
    """Keep what a resident measured at home, marked as such; never a visit. Gives the ids of the Observations. The same
    `token` with the same values changes nothing. Raises `InvalidValue`, `Http404`."""
    place = person_or_404(person, scope)
    allowed = rules.diseases().home
    if set(values) - set(allowed):
        raise InvalidValue(_("家庭自测只收血压和血糖。"))
    clean = rules.check_values(list(rules.diseases().diseases), values)
    if not clean:
        raise InvalidValue(_("请至少填写血压或血糖。"))
    if at > clock.now() + timedelta(minutes=5) or at < clock.now() - timedelta(days=365):
        raise InvalidValue(_("测量时间应在最近一年内，不能晚于现在。"))
    about, source = resource.subject(person)
    with transaction.atomic():
        made = resource.home(token=token or f"home-{secrets.token_hex(8)}", about=about, at=at, values=clean)
        told = resource.write(made, source=source, by=name_of(by))
        audit.record(
            by=by,
            action="chronic.home",
            object_type="person",
            object_id=person,
            scope_division=place[0],
            detail={"values": sorted(clean), "at": at.isoformat()},
        )
    return [written.public_id for written in told]


def write_card(*, person: int, fields: Mapping[str, str], by: User | str, scope: Scope) -> Card:
    """Keep what workers note about a person beside the record. Raises `InvalidValue`, `Http404`."""
    place = person_or_404(person, scope)
    if set(fields) - set(Card.FIELDS) or any(len(text) > 300 for text in fields.values()):
        raise InvalidValue(_("备注项不超过300字。"))
    with transaction.atomic():
        row, made = Card.objects.select_for_update().get_or_create(
            person=person, defaults={"fields": dict(fields), "by": name_of(by), "at": clock.now()}
        )
        kept = {**row.fields, **fields}
        if not made and kept != row.fields:
            row.fields, row.version, row.by, row.at = kept, row.version + 1, name_of(by), clock.now()
            row.save()
        audit.record(
            by=by,
            action="chronic.card",
            object_type="person",
            object_id=person,
            scope_division=place[0],
            detail={"fields": sorted(fields), "version": row.version},
        )
    return row


def name_of(by: User | str) -> str:
    """The name a row keeps of who wrote it."""
    return by if isinstance(by, str) else by.get_username()


def day_of(text: Any) -> date:
    """A day as forms send it. Raises `InvalidValue`."""
    try:
        return text if isinstance(text, date) else date.fromisoformat(str(text))
    except ValueError:
        raise InvalidValue(_("日期无效。"), todo=_("请写成 2025-11-03 的形式。")) from None
