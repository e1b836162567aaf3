"""Pages of offline packs: take one out, bring it back, decide about what differs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.services.chronic import words
from luoshi.services.chronic.models import Conflict, Pack
from luoshi.services.chronic.packs import bringing, deciding, sealing
from luoshi.services.chronic.pages.lists import places
from luoshi.web.tables import Cell, Column, Table

_LIGHTS = {"out": "grey", "back": "green", "expired": "yellow", "revoked": "red", "closed": "green"}


@requires("chronic.visit")
@requires_person_factor
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """The packs in sight, a form to take one, a form to bring one back."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    rows = list(bringing.packs(scope=scope)[:200])
    context = {
        "table": _table(rows),
        "places": places(scope, ""),
        "most": bringing.MOST,
        "days": bringing.DAYS,
        "least": sealing.LEAST,
        "waiting": len(deciding.conflicts(scope=scope)) if scope.can("chronic.manage") else 0,
        "breadcrumbs": [(_("今日随访"), reverse("chronic:today")), (_("离线包"), "")],
    }
    return render(request, "chronic/packs.html", context)


def _table(rows: list[Pack]) -> Table:
    return Table(
        _("离线包"),
        [
            Column(_("编号"), head=True),
            Column(_("状态"), "light"),
            Column(_("领取人")),
            Column(_("领取时间"), "day"),
            Column(_("有效期至"), "day"),
            Column(_("人数"), "number"),
        ],
        [
            [
                Cell(row.code, href=reverse("chronic:pack", args=[row.pk])),
                Cell(row.get_state_display(), light=_LIGHTS[row.state]),
                Cell(row.by),
                Cell(f"{localtime(row.made):%Y-%m-%d %H:%M}"),
                Cell(f"{row.expires}", row.expires),
                Cell(str(row.persons), row.persons),
            ]
            for row in rows
        ],
        empty=_("还没有领取过。"),
    )


@requires("chronic.visit")
@requires_person_factor
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """The page of a new pack, as a download."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    given = request.POST
    days = given.get("days", "")
    try:
        row, body = bringing.take(
            division=given.get("division", ""),
            passphrase=given.get("passphrase", ""),
            days=int(days) if days.isascii() and days.isdigit() and len(days) < 4 else 0,
            by=signed_in(request),
            scope=scope,
        )
    except UserError as error:
        messages.error(request, str(error))
        return redirect("chronic:packs")
    answer = HttpResponse(body, content_type="text/html; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{row.code}.html"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@requires("chronic.visit")
@requires_person_factor
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Bring a pack back."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    file = request.FILES.get("file")
    if file is None:
        messages.error(request, _("请选择文件。"))
        return redirect("chronic:packs")
    try:
        row, told = bringing.bring(body=file.read(), by=signed_in(request), scope=scope)
    except UserError as error:
        messages.error(request, str(error))
        return redirect("chronic:packs")
    if told.again:
        messages.info(request, _("这个文件以前交回过，没有变化。"))
    else:
        messages.success(
            request,
            _("已合并 %(applied)s 项，%(same)s 项平台已有，%(waiting)s 项待人工处理。") % told.plain(),
        )
    for problem in told.problems:
        messages.warning(request, problem)
    return redirect("chronic:pack", row.pk)


@requires("chronic.visit")
@requires_person_factor
@require_GET
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One pack: what it brought, what waits."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    row = bringing.pack(number, scope=scope)
    waiting = [c for c in row.conflicts.all() if scope.covers_person(c.division, c.institution)]
    context = {
        "row": row,
        "light": _LIGHTS[row.state],
        "uploads": Table(
            _("交回记录"),
            [Column(_("时间"), "day", head=True), Column(_("经办人")), Column(_("结果"))],
            [
                [
                    Cell(f"{localtime(u.at):%Y-%m-%d %H:%M}"),
                    Cell(u.by),
                    Cell(
                        _("合并 %(applied)s，已有 %(same)s，待处理 %(waiting)s") % u.told
                        if u.accepted
                        else _("拒收，文件已留存"),
                        light="green" if u.accepted else "red",
                    ),
                ]
                for u in row.uploads.all()
            ],
            empty=_("还没有交回。"),
        ),
        "conflicts": conflict_table(waiting, scope),
        "may_manage": scope.can("chronic.manage"),
        "breadcrumbs": [(_("离线包"), reverse("chronic:packs")), (row.code, "")],
    }
    return render(request, "chronic/pack.html", context)


@requires("chronic.manage")
@requires_person_factor
@require_POST
def end(request: HttpRequest, number: int) -> HttpResponse:
    """Revoke a pack, or settle it."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    row = bringing.pack(number, scope=scope)
    try:
        if request.POST.get("how") == "close":
            bringing.close(row=row, by=signed_in(request), scope=scope)
        else:
            bringing.revoke(row=row, reason=request.POST.get("reason", "").strip(), by=signed_in(request), scope=scope)
    except UserError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, row.get_state_display())
    return redirect("chronic:pack", number)


def conflict_table(rows: list[Conflict], scope: Scope) -> Table:
    """Conflicts with who they are about."""
    cards = deciding.names(rows, scope=scope)
    return Table(
        _("离线冲突"),
        [
            Column(_("居民"), "line", head=True),
            Column(_("类别")),
            Column(_("平台现有"), width=36),
            Column(_("离线带回"), width=36),
            Column(_("状态")),
        ],
        [
            [
                Cell(
                    cards[row.person].name if row.person in cards else "—",
                    href=reverse("chronic:decide-conflict", args=[row.pk]) if scope.can("chronic.manage") else "",
                ),
                Cell(kind(row)),
                Cell(told(row, row.server)),
                Cell(told(row, row.brought)),
                Cell(row.get_state_display(), light="yellow" if row.state == "open" else "green"),
            ]
            for row in rows
        ],
        empty=_("没有冲突。"),
    )


def kind(row: Conflict) -> str:
    """What kind of difference it is."""
    return {"visit": _("随访"), "field": _("备注"), "state": _("管理状态")}.get(row.kind, row.kind)


def told(row: Conflict, what: Any) -> str:
    """One of the three versions in words."""
    if what in (None, ""):
        return "—"
    if row.kind == "visit":
        parts = [
            str(what["day"]),
            words.mode(what["mode"]),
            words.diseases(what["programmes"]),
            words.values(what.get("values") or {}),
        ]
        return " ".join(parts + ([what["advice"]] if what.get("advice") else []))
    if row.kind == "state":
        name = what["state"] if isinstance(what, dict) else what
        reason = words.reason(what.get("reason", "")) if isinstance(what, dict) else ""
        return " ".join(filter(None, (words.state(str(name)), reason)))
    return str(what)


@requires("chronic.manage")
@requires_person_factor
@require_GET
def conflicts(request: HttpRequest) -> HttpResponse:
    """What packs brought and a person must decide."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    rows = deciding.conflicts(scope=scope)
    audit.look_at_list(by=signed_in(request), persons=sorted({row.person for row in rows}), what="chronic-conflicts")
    context = {
        "table": conflict_table(rows, scope),
        "total": len(rows),
        "breadcrumbs": [(_("慢病管理"), reverse("chronic:overview")), (_("离线冲突"), "")],
    }
    return render(request, "chronic/conflicts.html", context)


@requires("chronic.manage")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """One conflict: three versions side by side, and a decision."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    row = deciding.conflict(number, scope=scope)
    if request.method == "POST":
        try:
            deciding.decide(
                row=row,
                choice=request.POST.get("choice", ""),
                reason=request.POST.get("reason", "").strip(),
                by=signed_in(request),
                scope=scope,
            )
        except UserError as error:
            messages.error(request, str(error))
            return redirect("chronic:decide-conflict", number)
        messages.success(request, row.get_state_display())
        return redirect("chronic:conflicts")
    audit.look(by=signed_in(request), person=row.person, what="chronic-conflict")
    card = deciding.names([row], scope=scope).get(row.person)
    context = {
        "row": row,
        "name": card.name if card else "—",
        "kind": kind(row),
        "versions": [
            (_("领取时"), told(row, row.base)),
            (_("平台现有"), told(row, row.server)),
            (_("离线带回"), told(row, row.brought)),
        ],
        "breadcrumbs": [(_("离线冲突"), reverse("chronic:conflicts")), (card.name if card else "—", "")],
    }
    return render(request, "chronic/conflict.html", context)
