"""My referrals: what waits for me, what I sent, what comes to me, what is late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.kernel import clock
from luoshi.platform.access.views import SignedInRequest, requires, requires_person_factor
from luoshi.services.records_desk import public as records
from luoshi.services.referral import queries, words
from luoshi.services.referral.models import Referral
from luoshi.web import downloads, paging
from luoshi.web.tables import Cell, Column, Table


@requires("referral.send")
@requires_person_factor
@require_GET
def mine(request: SignedInRequest) -> HttpResponse:
    """One box of the worklist, those due first at the head; as Excel too."""
    name = request.GET.get("box", "turn")
    name = name if name in queries.BOXES else "turn"
    rows = queries.box(name, scope=request.scope)
    kind = downloads.wanted(request)
    at = paging.offset(request)
    cut = list(rows[:5000]) if kind else list(rows[at : at + paging.SIZE])
    named = queries.names(cut, scope=request.scope, by=request.user, what="referrals")
    shown = table(cut, named, title=boxes()[name])
    if kind:
        return downloads.answer(kind, _("双向转诊"), [shown], title=_("双向转诊"))
    counted = queries.counts(scope=request.scope)
    context = {
        "box": name,
        "boxes": [(key, title, counted.get(key)) for key, title in boxes().items()],
        "table": shown,
        "page": paging.of_slice(request, cut, counted[name] if name in counted else rows.count()),
    }
    return render(request, "referral/mine.html", context)


def boxes() -> dict[str, str]:
    """Titles of the boxes."""
    return {"turn": _("待我处理"), "in": _("转入"), "out": _("转出"), "late": _("已超时"), "ended": _("已结束")}


def table(rows: Sequence[Referral], named: Mapping[int, queries.Named], *, title: str) -> Table:
    """Referrals in rows; whose patient the viewer may not know stands without a name."""
    now = clock.now()
    return Table(
        title,
        [
            Column(_("状态与时限"), "light", width=22),
            Column(_("患者"), head=True, width=22),
            Column(_("转诊单"), width=18),
            Column(_("转出 → 转入"), width=40),
            Column(_("诊断"), width=28),
            Column(_("优先级"), width=10),
        ],
        [_row(row, named.get(row.pk), now) for row in rows],
        empty=_("这里没有转诊单。"),
        caption_hidden=True,
    )


def _row(row: Referral, who: queries.Named | None, now: datetime) -> list[Cell]:
    flags = [*([_("绿色通道")] if row.green else []), *([_("已催办")] if row.escalated else [])]
    name = Cell(who.name or "—", note=f"{records.sex(who.sex)} {words.age(who.age)}".strip()) if who else Cell("＊＊＊")
    return [
        words.clock_cell(row, now),
        name,
        Cell(row.number, href=reverse("referral:referral", args=[row.pk]), note=words.direction(row.direction)),
        Cell(f"{row.sender_name} → {row.receiver_name}", note=row.department),
        Cell(row.diagnosis),
        Cell(words.priority(row.priority), flags=tuple(flags)),
    ]
