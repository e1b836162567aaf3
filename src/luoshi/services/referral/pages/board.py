"""Beds and slots: what the region has free, and what one's own departments declare."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue
from luoshi.platform.access.views import SignedInRequest, requires
from luoshi.platform.regions import queries as regions
from luoshi.services.referral import book, rules, words
from luoshi.services.referral import capacity as beds
from luoshi.services.referral.models import Capacity
from luoshi.services.referral.pages.making import senders
from luoshi.web import downloads
from luoshi.web.tables import Cell, Column, Table


@requires("referral.capacity")
@require_GET
def capacity(request: SignedInRequest) -> HttpResponse:
    """Every declared bed and slot from today on, old numbers marked; as Excel too."""
    rows = beds.board()
    names = regions.institution_names({row.institution for row in rows})
    now = clock.now()
    table = Table(
        _("床位与号源"),
        [
            Column(_("机构"), head=True, width=28),
            Column(_("科室"), width=16),
            Column(_("种类"), width=14),
            Column(_("可用/总数"), "number", width=12),
            Column(_("更新时间"), "light", width=22),
        ],
        [_row(row, names.get(row.institution, row.institution), now) for row in rows],
        empty=_("还没有机构填报床位或号源。"),
        notes=[
            _("超过 %(hours)g 小时未更新的数字标为“久未更新”，不作为推荐依据。")
            % {"hours": book.rules().capacity.stale_hours}
        ],
        caption_hidden=True,
    )
    kind = downloads.wanted(request)
    if kind:
        return downloads.answer(kind, _("床位与号源"), [table], title=_("床位与号源"))
    mine = senders(request.scope)
    context = {
        "table": table,
        "mine": mine,
        "today": clock.today(),
        "free": sum(row.free for row in rows),
        "total": sum(row.total for row in rows),
        "breadcrumbs": [(_("双向转诊"), reverse("referral:mine")), (_("床位与号源"), "")],
    }
    return render(request, "referral/capacity.html", context)


def _row(row: Capacity, name: str, now: datetime) -> list[Cell]:
    old = rules.stale(row.updated_at, now)
    return [
        Cell(name),
        Cell(row.department),
        Cell(words.kind(row.kind), note=f"{row.day:%Y-%m-%d}" if row.day else ""),
        Cell(f"{row.free}/{row.total}", row.free),
        Cell(
            f"{row.updated_at.astimezone(clock.CHINA):%m-%d %H:%M}",
            light="yellow" if old else "green",
            note=_("久未更新") if old else "",
        ),
    ]


@requires("referral.capacity")
@require_POST
def declare(request: SignedInRequest) -> HttpResponse:
    """Say what a department has."""
    post = request.POST
    try:
        day = date.fromisoformat(post["day"]) if post.get("day") else None
        total, free = (int(post.get(name, "")) for name in ("total", "free"))
    except ValueError:
        messages.error(request, _("请填写整数和日期。"))
        return redirect("referral:capacity")
    try:
        beds.declare(
            institution=post.get("institution", ""), department=post.get("department", ""), kind=post.get("kind", ""),
            total=total, free=free, day=day, by=request.user, scope=request.scope,
        )  # fmt: skip
    except InvalidValue as mistake:
        messages.error(request, f"{mistake.message} {mistake.todo}".strip())
    else:
        messages.success(request, _("已更新。"))
    return redirect("referral:capacity")
