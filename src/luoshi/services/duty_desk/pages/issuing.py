"""Issuing a plan: which duties it becomes, task by task, and giving them out."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform.access.views import requires, signed_in
from luoshi.services.duty_desk import tables
from luoshi.services.duty_desk.pages.frame import scope_of
from luoshi.supervision import sources, working_days
from luoshi.supervision.duties import actions, proposing, rules
from luoshi.supervision.duties.models import Duty
from luoshi.web import downloads
from luoshi.web.tables import Cell, Column, Table


@requires("duty.issue")
@require_GET
def plans(request: HttpRequest) -> HttpResponse:
    """The confirmed plans of the viewer's own divisions, with how many duties of each were issued."""
    scope = scope_of(request)
    own = [p for p in sources.get().plans(scope=scope) if scope.covers_path(p.division_path)]
    issued: dict[int, int] = {}
    for number in Duty.objects.filter(plan__in=[p.id for p in own], parent__isnull=True).values_list("plan", flat=True):
        issued[number] = issued.get(number, 0) + 1
    rows = [
        [
            Cell(p.title, href=reverse("duty_desk:issue", args=[p.id])),
            Cell(str(issued.get(p.id, 0)), issued.get(p.id, 0)),
        ]
        for p in own
    ]
    table = Table(
        _("计划"), [Column(_("计划"), head=True, width=50), Column(_("已下达任务"), "number")], rows,
        empty=_("还没有已确认的计划。请先在计划台确认一份计划。"), caption_hidden=True,
    )  # fmt: skip
    crumbs = [(_("任务"), reverse("duty_desk:duties")), (_("下达任务"), "")]
    return render(request, "duty_desk/plans.html", {"table": table, "breadcrumbs": crumbs})


@requires("duty.issue")
@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Preview of every duty a plan becomes; ticked tasks are issued."""
    scope = scope_of(request)
    found = proposing.proposed(plan_id, scope=scope)
    if not scope.covers_path(found.plan.division_path):
        raise Http404
    if request.method == "POST":
        tasks = [int(n) for n in request.POST.getlist("task") if n.isdigit()]
        try:
            made = actions.issue(
                plan=plan_id,
                tasks=tasks,
                inherited=request.POST.get("inherited") == "1",
                by=signed_in(request),
                scope=scope,
            )
        except UserError as error:
            messages.error(request, f"{error.message} {error.todo}".strip())
            return redirect("duty_desk:issue", plan_id)
        messages.success(request, _("已下达 %(n)s 项任务。") % {"n": len(made)})
        return redirect("duty_desk:below")
    if kind := downloads.wanted(request):
        listed = [tables.issue_rows(task) for task in found.tasks]
        title = _("%(plan)s 任务分解表") % {"plan": found.plan.title}
        return downloads.answer(kind, title, [_whole(found, listed)], title=title)
    every = found.proposed
    receipt = rules.receipt_due(clock.today())
    context = {
        "plan": found.plan,
        "tasks": [(task, tables.issue_rows(task)) for task in found.tasks],
        "leads": sum(p.lead for p in every),
        "supports": sum(not p.lead for p in every),
        "units": len({p.body.key for p in every}),
        "open": sum(not p.issued for p in every),
        "issued": sum(bool(p.issued) for p in every),
        "unmapped": list(dict.fromkeys(name for task in found.tasks for name in task.unmapped)),
        "inferred": sum(p.lead_inferred for p in every),
        "receipt": receipt,
        "provisional": working_days.provisional(clock.today(), receipt),
        "receipt_days": rules.declared().receipt_working_days,
        "breadcrumbs": [
            (_("任务"), reverse("duty_desk:duties")),
            (_("下达任务"), reverse("duty_desk:plans")),
            (found.plan.title, ""),
        ],
    }
    return render(request, "duty_desk/issue.html", context)


def _whole(found: proposing.Proposal, listed: list[Table]) -> Table:
    """All tasks in one table, for files."""
    columns = [Column(_("任务序号"), head=True, width=26), *listed[0].columns] if listed else [Column(_("任务序号"))]
    rows = [
        [Cell(" ".join(filter(None, (task.task.number, task.task.title)))), *row]
        for task, table in zip(found.tasks, listed, strict=True)
        for row in table.rows
    ]
    return Table(_("任务分解表"), columns, rows)
