"""Pages of 对标 and of 修订: choose the plan to stand beside this one, and what became of every promise."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from luoshi.platform.access.views import SignedInRequest, requires
from luoshi.services.plan_desk import alignment, amendment, queries
from luoshi.services.plan_desk.models import Plan
from luoshi.web import downloads
from luoshi.web.tables import Cell, Column, Table


@requires("plan.read")
@require_GET
def choose(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """The plans this one can be compared with, those above first."""
    plan = queries.plan_or_404(plan_id, scope=request.scope)
    if (other := request.GET.get("other", "")).isdecimal():
        return redirect("plan_desk:compare", plan.pk, int(other))
    order = list(alignment.RELATIONS)
    others = sorted(
        ((alignment.relation(plan, other), other) for other in queries.others(plan, scope=request.scope)),
        key=lambda pair: order.index(pair[0]),
    )
    table = Table(
        _("可对照的规划"),
        [Column(_("规划"), head=True), Column(_("关系")), Column(_("区划")), Column(_("年份")), Column(_("状态"))],
        [
            [
                Cell(other.title, href=reverse("plan_desk:compare", args=[plan.pk, other.pk]), note=other.doc_number),
                Cell(alignment.RELATIONS[relation]),
                Cell(other.division.name),
                Cell(other.years or "—"),
                Cell(other.get_status_display()),
            ]
            for relation, other in others
        ],
        empty=_("还没有别的规划。请先载入上级、去年或同级的规划。"),
        caption_hidden=True,
    )
    context = {"plan": plan, "table": table, "breadcrumbs": _crumbs(plan, _("对标"))}
    return render(request, "plan_desk/choose_other.html", context)


@requires("plan.read")
@require_GET
def compare(request: SignedInRequest, plan_id: int, other_id: int) -> HttpResponse:
    """Every promise of both plans, what became of it, and both sentences one step away."""
    plan = queries.plan_or_404(plan_id, scope=request.scope)
    other = queries.plan_or_404(other_id, scope=request.scope)
    found = alignment.of_plans(plan, other)
    kind = request.GET.get("kind", "")
    rows = [row for row in found.alignment.rows if kind not in alignment.KINDS or row.kind == kind]
    title = _("%(ours)s 对照 %(other)s") % {"ours": plan.title, "other": other.title}
    links = {id(row): _links(found, row) for row in rows}
    table = alignment.table(rows, caption=_("对标结果"), links=links)
    if form := downloads.wanted(request):
        lines = [_("本规划：%s") % plan.title, _("对照规划：%s") % other.title, found.alignment.summary]
        return downloads.answer(form, _("对标"), [table], title=title, lines=lines)
    context = {
        "plan": plan,
        "other": other,
        "relation": alignment.RELATIONS[alignment.relation(plan, other)],
        "counts": [(key, alignment.KINDS[key], count) for key, count in found.alignment.counts.items()],
        "all": len(found.alignment.rows),
        "kind": kind,
        "table": table,
        "others": queries.others(plan, scope=request.scope),
        "breadcrumbs": _crumbs(plan, _("对标")),
    }
    return render(request, "plan_desk/compare.html", context)


@requires("plan.read")
@require_GET
def amendment_page(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """What a revised text changed against the one it amends."""
    plan = queries.plan_or_404(plan_id, scope=request.scope)
    found = amendment.difference(plan)
    if found is None:
        raise Http404
    kind = request.GET.get("kind", "")
    changes = [change for change in found.changes if kind not in amendment.KINDS or change.kind == kind]
    links = {
        id(change): (
            _sentence(found.old, found.targets_old[change.before.id] if change.before else None),
            _sentence(found.new, found.targets_new[change.after.id] if change.after else None),
        )
        for change in changes
    }
    may = request.scope.can("board.read")
    standings = amendment.progress(found, scope=request.scope) if may else {}
    table = amendment.table(found, changes, links=links, standings=standings)
    if form := downloads.wanted(request):
        title = _("%(plan)s 修订前后对照") % {"plan": plan.title}
        return downloads.answer(form, _("修订前后对照"), [table], title=title, lines=[found.summary])
    context = {
        "plan": plan,
        "old": found.old,
        "counts": [(key, amendment.KINDS[key], count) for key, count in found.counts.items()],
        "all": len(found.changes),
        "kind": kind,
        "table": table,
        "breadcrumbs": _crumbs(plan, _("修订前后对照")),
    }
    return render(request, "plan_desk/amendment.html", context)


def _links(found: alignment.PlanAlignment, row: alignment.Aligned) -> tuple[str, str]:
    mine, other = found.numbers(row)
    return _sentence(found.ours, mine), _sentence(found.ours if row.inside else found.reference, other)


def _sentence(plan: Plan, target: int | None) -> str:
    """The address of a sentence in its document."""
    return f"{reverse('plan_desk:desk', args=[plan.pk])}?show=order#item-{target}" if target else ""


def _crumbs(plan: Plan, here: str) -> list[tuple[str, str]]:
    return [
        (_("规划"), reverse("plan_desk:list")),
        (plan.title, reverse("plan_desk:desk", args=[plan.pk])),
        (here, ""),
    ]


urlpatterns = [
    path("<int:plan_id>/compare/", choose, name="choose-other"),
    path("<int:plan_id>/compare/<int:other_id>/", compare, name="compare"),
    path("<int:plan_id>/amendment/", amendment_page, name="amendment"),
]
