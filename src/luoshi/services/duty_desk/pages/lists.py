"""Lists: what is mine, what the units below have, what was asked about reports; and acknowledging many at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform.access.views import requires, signed_in
from luoshi.platform.lake import results
from luoshi.services.duty_desk import tables
from luoshi.services.duty_desk.pages.frame import scope_of
from luoshi.supervision.duties import actions, figures, queries, reporting, rules
from luoshi.supervision.duties.models import Duty
from luoshi.web import downloads, paging
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table, cell

MOST_EXPORTED = 5000
STATES = rules.DUTY.states


@requires("duty.read")
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """What the viewer's own seat has to do, the earliest due first."""
    return _list(request, queries.mine(scope=scope_of(request)), own=True)


@requires("duty.read")
@require_GET
def below(request: HttpRequest) -> HttpResponse:
    """Every duty in sight: who has acknowledged, who is late."""
    return _list(request, queries.duties(scope=scope_of(request)), own=False)


def _list(request: HttpRequest, found: QuerySet[Duty], *, own: bool) -> HttpResponse:
    scope, today = scope_of(request), clock.today()
    counts = queries.counts(found, on=today)
    filters = {name: request.GET.get(name, "").strip()[:100] for name in queries.FILTERS}
    filters["state"] = request.GET.get("state", "open")
    rows = queries.narrowed(found, filters, on=today).order_by("due", "role", "pk")
    kind = downloads.wanted(request)
    total = rows.count()
    page_rows = list(rows[:MOST_EXPORTED] if kind else rows[paging.offset(request) :][: paging.SIZE])
    seen = figures.of_duties(page_rows, scope=scope)
    table = tables.duties(page_rows, seen)
    title = _("我的任务") if own else _("下级任务")
    until = results.data_until()
    if kind:
        lines = [_("数据截至 %(day)s") % {"day": until or "—"}, _("共 %(n)s 项") % {"n": total}]
        return downloads.answer(kind, title, [table], title=title, lines=lines)
    unread = [d for d in page_rows if d.state == "issued" and queries.seated(d, scope)] if scope.can(rules.ACT) else []
    context: dict[str, Any] = {
        "own": own,
        "counts": counts,
        "table": table,
        "page": paging.of_slice(request, page_rows, total),
        "filters": filters,
        "states": [(name, in_language(*words)) for name, words in STATES.items()],
        "roles": Duty.Role.choices,
        "until": until,
        "unread": unread,
        "may_issue": scope.can(rules.ISSUE),
        "queries": queries.queries_open(scope=scope).count(),
        "spared": reporting.spared([d.pk for d in page_rows]),
        "late": queries.open_by_unit(scope=scope)[:12] if not own else [],
        "soon_days": rules.declared().due_soon_days,
    }
    return render(request, "duty_desk/list.html", context)


@requires("duty.act")
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Acknowledge the ticked duties; each by itself, so that one that cannot be does not hold up the rest."""
    scope, done, wrong = scope_of(request), 0, ""
    for number in [n for n in request.POST.getlist("duty") if n.isdigit()][:500]:
        try:
            actions.receive(duty=queries.duty_or_404(int(number), scope=scope), by=signed_in(request), scope=scope)
        except UserError as error:
            wrong = error.message
        else:
            done += 1
    if done:
        messages.success(request, _("已签收 %(n)s 项任务。") % {"n": done})
    if wrong:
        messages.error(request, wrong)
    return redirect("duty_desk:duties")


@requires("duty.read")
@require_GET
def queries_open(request: HttpRequest) -> HttpResponse:
    """Queries about reports nobody has settled."""
    rows = list(queries.queries_open(scope=scope_of(request))[:500])
    lines = [
        [
            Cell(q.duty.title, href=f"{reverse('duty_desk:duty', args=[q.duty_id])}#queries"),
            cell(q.duty.unit_name),
            cell(q.said),
            Cell(q.found, note=q.source),
            cell(q.opened_at.date()),
            Cell(q.state_words),
        ]
        for q in rows
    ]
    columns = [
        Column(_("任务"), head=True, width=40), Column(_("责任单位"), width=24), Column(_("填报")), Column(_("数据"), width=30),
        Column(_("提出日期"), "day"), Column(_("状态")),
    ]  # fmt: skip
    table = Table(_("填报疑问"), columns, lines, empty=_("没有未核实的填报疑问。"), caption_hidden=True)
    if kind := downloads.wanted(request):
        return downloads.answer(kind, _("填报疑问"), [table], title=_("填报疑问"))
    context = {"table": table, "breadcrumbs": [(_("任务"), reverse("duty_desk:duties")), (_("填报疑问"), "")]}
    return render(request, "duty_desk/queries.html", context)
