"""Writes about teams and packages an institution keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from json import loads

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, NotFound
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.store import sets
from luoshi.services.contracts import catalogue, queries, rules
from luoshi.services.contracts.models import Member, OwnPackage, Team


def make_team(*, institution: str, name: str, phone: str = "", by: User, scope: Scope) -> Team:
    """A new team of an institution inside the scope. Raises `InvalidValue` for a name that is taken or empty."""
    scope.require("contract.manage")
    queries.institution_or_404(institution, scope=scope)
    if len(name.strip()) < 2:
        raise InvalidValue(_("请写团队名称。"))
    try:
        with transaction.atomic():
            row = Team.objects.create(
                institution=institution, name=name.strip()[:60], phone=phone.strip()[:30], since=clock.today()
            )
            _audit("contract.team", row.pk, by, {"institution": institution})
    except IntegrityError as error:
        raise InvalidValue(_("这个机构已有同名团队。")) from error
    return row


def close_team(*, number: int, by: User, scope: Scope) -> Team:
    """The team exists until today; its contracts stay with it until they are given to another. Raises `NotFound`."""
    scope.require("contract.manage")
    row = _team(number, scope)
    with transaction.atomic():
        row.until = max(row.since, clock.today())
        row.save(update_fields=["until"])
        _audit("contract.close-team", row.pk, by, {})
    return row


def add_member(
    *, team: int, name: str, role: str, leads: bool = False, username: str = "", by: User, scope: Scope
) -> Member:
    """Somebody joins a team. Where the records hold a Practitioner of that name at the institution
    (`PractitionerRole`), the two are joined. Raises `InvalidValue`, `NotFound`."""
    scope.require("contract.manage")
    row = _team(team, scope)
    if len(name.strip()) < 2 or role not in rules.ROLES:
        raise InvalidValue(_("请写成员姓名并选择角色。"))
    known = {n: id_ for id_, n in practitioners(row.institution)}
    with transaction.atomic():
        if leads:
            row.members.filter(leads=True).update(leads=False)
        made = Member.objects.create(
            team=row, name=name.strip()[:60], role=role, leads=leads, username=username.strip()[:150],
            practitioner=known.get(name.strip(), ""), since=clock.today(),
        )  # fmt: skip
        _audit("contract.member", row.pk, by, {"role": role})
    return made


def drop_member(*, number: int, by: User, scope: Scope) -> None:
    """Somebody leaves a team today. Raises `NotFound`."""
    scope.require("contract.manage")
    member = Member.objects.select_related("team").filter(pk=number, until__isnull=True).first()
    if member is None:
        raise NotFound(_("没有这位成员。"))
    _team(member.team_id, scope)
    with transaction.atomic():
        member.until = max(member.since, clock.today())
        member.save(update_fields=["until"])
        _audit("contract.drop-member", member.team_id, by, {})


def keep_package(
    *, institution: str, name: str, kind: str, items: Sequence[str], fee: int, by: User, scope: Scope
) -> OwnPackage:
    """A package of the institution's own, in force from today; one of the same name ends the day before. Contracts keep
    the items and the fee they were signed with. Raises `InvalidValue`."""
    scope.require("contract.manage")
    queries.institution_or_404(institution, scope=scope)
    known = catalogue.items()
    chosen = [item for item in known.items if item in set(items) and item not in known.base]
    if len(name.strip()) < 2 or kind not in ("paid", "personal") or not chosen:
        raise InvalidValue(_("请写名称、选择类别，并至少选择一个基本包以外的项目。"))
    if not 0 <= fee <= 100_000:
        raise InvalidValue(_("年费须在0至100000元之间。"))
    today = clock.today()
    with transaction.atomic():
        same = OwnPackage.objects.filter(institution=institution, name=name.strip()[:60])
        same.filter(since=today).delete()
        same.filter(until__isnull=True).update(until=today - timedelta(days=1))
        row = OwnPackage.objects.create(
            institution=institution, name=name.strip()[:60], kind=kind, items=chosen, fee=fee, since=today
        )
        _audit("contract.package", row.pk, by, {"institution": institution, "items": chosen, "fee": fee})
    return row


def drop_package(*, number: int, by: User, scope: Scope) -> None:
    """A package is no longer offered from tomorrow on. Raises `NotFound`."""
    scope.require("contract.manage")
    row = OwnPackage.objects.filter(pk=number, until__isnull=True).first()
    if row is None or not scope.covers_institution(row.institution):
        raise NotFound(_("没有这个服务包。"))
    with transaction.atomic():
        row.until = max(row.since, clock.today())
        row.save(update_fields=["until"])
        _audit("contract.drop-package", row.pk, by, {})


def practitioners(institution: str) -> list[tuple[str, str]]:
    """Id and name of staff whom the records place at an institution today (PractitionerRole with that organization)."""
    rows = sets.rows(
        "SELECT v.body FROM store_resource r JOIN store_version v ON v.resource_id = r.id AND v.version = r.version"
        " WHERE r.type = 'PractitionerRole' AND v.body LIKE %s",
        f"%Organization/{institution}%",
    )
    found = []
    today = clock.today().isoformat()
    for (body,) in rows:
        role = loads(body)
        period = role.get("period", {})
        inside = period.get("start", "")[:10] <= today and (not period.get("end") or period["end"][:10] >= today)
        place = role.get("organization", {}).get("reference", "").rpartition("/")[2]
        who = role.get("practitioner", {})
        if inside and place == institution and role.get("active", True) and who.get("display"):
            found.append((who.get("reference", "").rpartition("/")[2], who["display"]))
    return found


def _team(number: int, scope: Scope) -> Team:
    row = Team.objects.filter(pk=number).first()
    if row is None or not scope.covers_institution(row.institution):
        raise NotFound(_("没有这个团队。"))
    return row


def _audit(action: str, number: int, by: User, detail: dict[str, object]) -> None:
    audit.record(by=by, action=action, object_type="contract-team", object_id=number, detail=detail)
