"""Writes of chronic care: save a visit, decide about enrolments, move a patient between centres. Each is one transaction
with its audit row and its FHIR resources."""

from __future__ import annotations

import json
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
from luoshi.platform.identity import links
from luoshi.platform.moving import advance
from luoshi.platform.store import reads
from luoshi.platform.store.models import Resource, Source
from luoshi.platform.store.writing import Written
from luoshi.services.chronic import resource, rules
from luoshi.services.chronic.models import Card, Enrolment, Visit

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
    name = by if isinstance(by, str) else by.get_username()
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


def find(*, person: int, programme: str, evidence: list[dict[str, Any]], by: User | str, scope: Scope) -> Enrolment:
    """Put a candidate on the register as found, with what speaks for it. Raises `Refused` when there is an open one."""
    place = person_or_404(person, scope)
    if programme not in rules.diseases().diseases:
        raise InvalidValue(_("没有这个病种。"))
    with transaction.atomic():
        if Enrolment.objects.filter(person=person, programme=programme, state__in=rules.OPEN).exists():
            raise Refused(_("这个病种已在核实或在管。"))
        row = Enrolment.objects.create(
            person=person,
            programme=programme,
            state=rules.ENROLMENT.start,
            institution=institution_of(scope, place),
            division=place[0],
            evidence=evidence,
            by=_name(by),
            at=clock.now(),
        )
        audit.record(
            by=by,
            action="chronic-enrolment.find",
            object_type="chronic-enrolment",
            object_id=row.pk,
            scope_division=place[0],
            detail={"programme": programme, "evidence": len(evidence)},
        )
    return row


def known_here(
    *,
    person: int,
    programme: str,
    since: date,
    state: str,
    institution: str,
    episode: str,
    scope: Scope,
    by: User | str,
) -> Enrolment:
    """The enrolment of somebody another system manages, so that it can be moved here; as it stands, without a decision."""
    place = person_or_404(person, scope)
    with transaction.atomic():
        row = Enrolment.objects.filter(person=person, programme=programme, state__in=rules.OPEN).first()
        if row is None:
            row = Enrolment.objects.create(
                person=person,
                programme=programme,
                state=state,
                institution=institution,
                division=place[0],
                since=since,
                episode=episode,
                by=_name(by),
                at=clock.now(),
            )
    return row


def move(
    row: Enrolment,
    name: str,
    *,
    by: User | str,
    scope: Scope,
    given: Mapping[str, Any] | None = None,
    on: date | None = None,
) -> Enrolment:
    """Make a move of the machine on an enrolment, and write what it means as FHIR: a diagnosis, an episode opened, on hold
    or finished. `on`: the day it counts from (default today). Raises `Refused`, `InvalidValue`, `Http404`."""
    place = person_or_404(row.person, scope)
    given, day = dict(given or {}), on or clock.today()
    if day > clock.today():
        raise InvalidValue(_("日期不能晚于今天。"))
    fields: dict[str, Any] = {"at": clock.now()}
    if name == "enrol":
        fields["since"] = day_of(given.get("since"))
        if fields["since"] > clock.today():
            raise InvalidValue(_("建档日期不能晚于今天。"))
    if name in ("end", "dismiss", "lose", "refuse"):
        fields["reason"] = str(given.get("reason", ""))[:30]
    if name == "return":
        fields["reason"] = ""
    if name == "end":
        if given.get("reason") not in rules.END_REASONS:
            raise InvalidValue(_("请选择终止管理的原因。"))
        if row.since and day < row.since:
            raise InvalidValue(_("终止日期早于建档日期。"))
        fields["ended"] = day
    with transaction.atomic():
        before = row.state
        advance(
            row,
            rules.ENROLMENT,
            name,
            by=by,
            permissions=scope.permissions,
            given=given,
            scope_division=place[0],
            **fields,
        )
        row.by = _name(by)
        row.save(update_fields=["by"])
        _tell_store(row, before, name, by=_name(by), day=day)
    return row


def _tell_store(row: Enrolment, before: str, name: str, *, by: str, day: date) -> None:
    if name == "confirm":
        about, source = resource.subject(row.person)
        made = resource.condition(id_=f"chronic-c{row.pk}", about=about, programme=row.programme, day=day)
        resource.write([made], source=source, by=by)
    elif name == "enrol":
        about, source = resource.subject(row.person)
        assert row.since is not None
        made = resource.episode(
            id_=f"chronic-e{row.pk}",
            about=about,
            programme=row.programme,
            state="managed",
            institution=row.institution,
            since=row.since,
        )
        _known(row, resource.write([made], source=source, by=by)[0])
    elif row.episode and before in rules.MANAGED:
        told = _change_episode(
            row.episode, state=row.state, ended=row.ended, reason=row.reason, by=by, person=row.person
        )
        _known(row, told)


def _known(row: Enrolment, told: Written) -> None:
    """Note when the store knew, so that the register can tell which word is the later one, and the episode."""
    row.episode, row.at = told.public_id, reads.instant(told.at)
    row.save(update_fields=["episode", "at"])


def _change_episode(episode: str, *, state: str, ended: date | None, reason: str, by: str, person: int) -> Written:
    """A new version of the EpisodeOfCare under the name of whoever sent it: their own later word goes before ours."""
    stored = next(
        (
            s
            for s in reads.resources_of_person(person, scope=Scope.system(), types=["EpisodeOfCare"])
            if s.id == episode
        ),
        None,
    )
    if stored is None:
        raise Refused(_("找不到这次管理的记录。"), todo=_("请等待数据更新后再试。"))
    held = (
        Resource.objects.filter(type="EpisodeOfCare", public_id=episode, person=person).select_related("source").first()
    )
    assert held is not None
    body = {**stored.resource, "id": held.key}
    source: Source = held.source
    made = resource.changed_episode(body, state=state, ended=ended, reason=reason)
    return resource.write([made], source=source, by=by, expected={("EpisodeOfCare", held.key): held.version})[0]


def transfer(*, row: Enrolment, institution: str, on: date, by: User | str, scope: Scope) -> Enrolment:
    """Move a patient to another institution from a day on: the old management ends that day, a new one begins, visits and
    history stay the person's. Numbers before the day belong to the old institution, from it on to the new.

    Raises `Refused` when the person is not managed or is managed there already, `InvalidValue` for a day before
    management began or in the future.
    """
    place = person_or_404(row.person, scope)
    if row.state not in rules.MANAGED or row.since is None:
        raise Refused(_("只有在管患者可以转到其他机构。"))
    if row.institution == institution:
        raise Refused(_("患者已由该机构管理。"))
    if not row.since < on <= clock.today():
        raise InvalidValue(_("生效日期应在建档之后，不晚于今天。"))
    scope.require("chronic.manage")
    state, name = row.state, _name(by)
    with transaction.atomic():
        advance(
            row,
            rules.ENROLMENT,
            "end",
            by=by,
            permissions=scope.permissions,
            given={"reason": "moved"},
            scope_division=place[0],
            ended=on,
            reason="moved",
            at=clock.now(),
        )
        told = _change_episode(row.episode, state="ended", ended=on, reason="moved", by=name, person=row.person)
        _known(row, told)
        new = Enrolment.objects.create(
            person=row.person,
            programme=row.programme,
            state=state,
            institution=institution,
            division=place[0],
            since=on,
            evidence=[{"from": row.institution, "enrolment": row.pk}],
            by=name,
            at=clock.now(),
        )
        _hand_over(row.person, institution, by=name)
        about, source = resource.subject(row.person)
        made = resource.episode(
            id_=f"chronic-e{new.pk}",
            about=about,
            programme=row.programme,
            state=state,
            institution=institution,
            since=on,
        )
        _known(new, resource.write([made], source=source, by=name)[0])
        audit.record(
            by=by,
            action="chronic-enrolment.transfer",
            object_type="chronic-enrolment",
            object_id=new.pk,
            scope_division=place[0],
            detail={"from": row.pk, "to": institution, "on": str(on)},
        )
    return new


def _hand_over(person: int, institution: str, *, by: str) -> None:
    """The new institution serves the resident, so that its people see the record: a new version of the Patient, under the
    name of whoever sent it."""
    rows = Resource.objects.filter(type="Patient", person__in=links.members(person), deleted=False)
    held = rows.select_related("source").order_by("-touched").first()
    if held is None:
        return
    body = json.loads(held.versions.get(version=held.version).body)
    meta = {k: v for k, v in body.get("meta", {}).items() if k != "versionId"}
    body["meta"] = meta | {"lastUpdated": clock.now().isoformat(timespec="seconds")}
    body |= {"id": held.key, "managingOrganization": {"reference": f"Organization/{institution}"}}
    resource.write([body], source=held.source, by=by, expected={("Patient", held.key): held.version})


def measured_at_home(
    *, person: int, at: datetime, values: Mapping[str, Any], by: User | str, scope: Scope, token: str = ""
) -> list[str]:
    """Keep what a resident measured at home, marked as such; never a visit. Gives the ids of the Observations. The same
    `token` with the same values changes nothing. Raises `InvalidValue`, `Http404`."""
    place = person_or_404(person, scope)
    allowed = rules.diseases().home
    if not values or set(values) - set(allowed):
        raise InvalidValue(_("家庭自测只收血压和血糖。"))
    clean = rules.check_values(list(rules.diseases().diseases), values)
    if at > clock.now() + timedelta(minutes=5) or at < clock.now() - timedelta(days=365):
        raise InvalidValue(_("测量时间应在最近一年内，不能晚于现在。"))
    about, source = resource.subject(person)
    with transaction.atomic():
        made = resource.home(token=token or f"home-{secrets.token_hex(8)}", about=about, at=at, values=clean)
        told = resource.write(made, source=source, by=_name(by))
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
            person=person, defaults={"fields": dict(fields), "by": _name(by), "at": clock.now()}
        )
        kept = {**row.fields, **fields}
        if not made and kept != row.fields:
            row.fields, row.version, row.by, row.at = kept, row.version + 1, _name(by), clock.now()
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


def _name(by: User | str) -> str:
    return by if isinstance(by, str) else by.get_username()


def day_of(text: Any) -> date:
    """A day as forms send it. Raises `InvalidValue`."""
    try:
        return text if isinstance(text, date) else date.fromisoformat(str(text))
    except ValueError:
        raise InvalidValue(_("日期无效。"), todo=_("请写成 2025-11-03 的形式。")) from None
