"""Writes of the research desk: ask, decide, take, close. Each one transaction with its audit row."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.lake.files import default_lake
from luoshi.services.research import packing, queries, rules
from luoshi.services.research.blurring import Blurred, Checked
from luoshi.services.research.models import Approval, Project, Taking


def request(
    *, title: str, purpose: str, ethics: str, division: str, table: str, columns: Mapping[str, str], start: date, end: date,
    k: int | None, by: User, scope: Scope,
) -> Project:  # fmt: skip
    """Ask for data. Raises `InvalidValue` for what cannot be asked, `Http404` for a division outside the scope."""
    declared = rules.deidentification()
    scope.division_or_404(division)
    rules.check_choice(table, columns)
    if len(title.strip()) < 2 or len(purpose.strip()) < 10:
        raise InvalidValue(_("请写明课题和用途（用途至少10个字）。"))
    if end < start:
        raise InvalidValue(_("结束日期早于开始日期。"))
    least = k or declared.k
    if not declared.k <= least <= 1000:
        raise InvalidValue(_("k值不得小于 %(k)s。") % {"k": declared.k})
    with transaction.atomic():
        made = Project.objects.create(
            title=title.strip()[:200], purpose=purpose.strip()[:1000], ethics=ethics.strip()[:100],
            applicant=by.get_username(), division=division, table=table, columns=dict(columns), start=start, end=end,
            k=least, requested=clock.now(),
        )  # fmt: skip
        _audit("research.request", made, by, {"table": table, "columns": dict(columns), "k": least})
    return made


def decide(*, number: int, yes: bool, note: str, by: User, scope: Scope) -> Project:
    """One person's decision. The declared number of people say yes, none of them the applicant, none twice; one no
    sends it back. Raises `Refused`, `Http404` outside the scope."""
    with transaction.atomic():
        seen = queries.project(number, scope=scope)
        if not scope.covers_division(seen.division):
            raise Refused(_("这项申请不在您的管理范围内。"))
        project = Project.objects.select_for_update().get(pk=seen.pk)
        if project.state != rules.REQUESTED:
            raise Refused(_("这项申请已经处理过了。"))
        if project.applicant == by.get_username():
            raise Refused(_("申请人不能审批自己的申请。"))
        if project.approvals.filter(by=by.get_username()).exists():
            raise Refused(_("您已经审批过，需要另一位审批人。"))
        if not yes and len(note.strip()) < 4:
            raise InvalidValue(_("请写明退回的理由（至少4个字）。"))
        now = clock.now()
        Approval.objects.create(project=project, by=by.get_username(), at=now, yes=yes, note=note.strip()[:500])
        if not yes:
            project.state = rules.REJECTED
        elif project.approvals.filter(yes=True).count() >= rules.deidentification().approvals:
            project.state = rules.APPROVED
            project.key = secrets.token_bytes(32)
            project.expires = clock.today() + timedelta(days=rules.deidentification().days_valid)
        project.save()
        _audit("research.approve" if yes else "research.reject", project, by, {"state": project.state})
    return project


def take(*, number: int, format_: str, by: User, scope: Scope, lake: Path | None = None) -> tuple[Taking, bytes]:
    """Make the package and note who took it. Gives the note and the bytes of the zip file.

    Raises `Refused` for everyone but the applicant, before approval, after the last day, and where k cannot be met: then
    with how many rows and which columns are the reason.
    """
    if format_ not in packing.FORMATS:
        raise InvalidValue(_("没有这种格式。"))
    project = queries.project(number, scope=scope)
    if project.applicant != by.get_username():
        raise Refused(_("只有申请人可以领取数据。"))
    if project.state != rules.APPROVED or project.key is None:
        raise Refused(_("申请未获批准，或已经关闭。"))
    if project.expires and clock.today() > project.expires:
        raise Refused(_("批准已于 %(day)s 到期。") % {"day": project.expires}, todo=_("请重新申请。"))
    if not scope.covers_division(project.division):
        raise Refused(_("这项申请不在您的管理范围内。"))
    package = f"R{project.pk}-{secrets.token_hex(6)}"
    blurred = Blurred(lake or default_lake(), queries.wanted(project), on=clock.today())
    try:
        checked = blurred.check()
        if not checked.allowed:
            raise Refused(not_met(project, checked), todo=easier(project, checked))
        table = blurred.table(bytes(project.key), package=package)
    finally:
        blurred.close()
    body, digest = packing.pack(project, checked, table, package=package, by=by.get_username(), format_=format_)
    with transaction.atomic():
        # It may have been closed while the package was made.
        if not Project.objects.select_for_update().filter(pk=project.pk, state=rules.APPROVED).exists():
            raise Refused(_("申请未获批准，或已经关闭。"))
        taking = Taking.objects.create(
            project=project, package=package, by=by.get_username(), at=clock.now(), format=format_, rows=table.num_rows,
            persons=len(set(table.column("person").to_pylist())), left_out=checked.rows - table.num_rows, sha256=digest,
        )  # fmt: skip
        _audit("research.take", project, by, {"package": package, "rows": table.num_rows, "sha256": digest})
    return taking, body


def close(*, number: int, by: User, scope: Scope) -> Project:
    """Close a project and destroy its key: what was taken can never again be joined with what is taken later. The
    applicant and those who approve may. Raises `Refused` when it is closed already."""
    seen = queries.project(number, scope=scope)
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=seen.pk)
        if project.state == rules.CLOSED:
            raise Refused(_("这项申请已经关闭。"))
        project.state, project.key, project.closed = rules.CLOSED, None, clock.now()
        project.save()
        _audit("research.close", project, by, {"takings": project.takings.count()})
    return project


def not_met(project: Project, checked: Checked) -> str:
    """Why a choice may not leave, with numbers."""
    if not checked.rows:
        return _("所选范围内没有数据。")
    return _(
        "达不到 k = %(k)s：%(rows)s 行（%(share).1f%%，涉及 %(persons)s 人）所在的组合不足 %(k)s 人，超过允许略去的 %(most).0f%%。"
    ) % {
        "k": checked.k,
        "rows": checked.rows_below,
        "share": 100 * checked.share_below,
        "persons": checked.persons_below,
        "most": 100 * rules.deidentification().left_out_at_most,
    }


def easier(project: Project, checked: Checked) -> str:
    """What to blur: each column with the rows that stay below k were it one step coarser, the best first."""
    known = rules.deidentification().columns(project.table)
    parts = [
        _("“%(column)s”粗化一级后剩 %(rows)s 行") % {"column": known[name].name, "rows": rows}
        for name, rows in sorted(checked.coarser.items(), key=lambda item: item[1])
    ]
    return _("可以：%(ways)s。") % {"ways": _("；").join(parts)} if parts else ""


def _audit(action: str, project: Project, by: User, detail: dict[str, object]) -> None:
    audit.record(
        by=by,
        action=action,
        object_type="research",
        object_id=project.pk,
        scope_division=project.division,
        detail=detail,
    )
