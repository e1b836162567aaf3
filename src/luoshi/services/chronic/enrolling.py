"""Writes about enrolments: put a candidate on the register, confirm, begin, end, move between centres. Each is one
transaction with its audit row and its FHIR resources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
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
from luoshi.services.chronic.actions import day_of, institution_of, name_of, person_or_404
from luoshi.services.chronic.models import Enrolment


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
            by=name_of(by),
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
                by=name_of(by),
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
        row.by = name_of(by)
        row.save(update_fields=["by"])
        _tell_store(row, before, name, by=name_of(by), day=day)
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
    state, name = row.state, name_of(by)
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
