"""Pages that look over recognition: counts, the list of items, marks of laboratories."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, UserError
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, signed_in
from luoshi.platform.regions import queries as regions
from luoshi.services.recognition import actions, queries, rules, tables
from luoshi.services.recognition.models import QualityMark
from luoshi.web import downloads
from luoshi.web.manifest import in_language
from luoshi.web.tables import Cell, Column, Table


def _period(request: HttpRequest) -> tuple[date, date]:
    """The period asked for by `start` and `end`; this year so far without them."""
    today = clock.today()
    try:
        first = date.fromisoformat(request.GET.get("start") or f"{today.year}-01-01")
        last = date.fromisoformat(request.GET.get("end") or today.isoformat())
    except ValueError:
        raise Http404 from None
    if last < first:
        raise Http404
    return first, last


@requires("recognition.read")
@require_http_methods(["GET", "POST"])
def statistics(request: HttpRequest) -> HttpResponse:
    """How much is recognised, by whom, why not, and what it saved."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    first, last = _period(request)
    if request.method == "POST":
        try:
            scope.require("recognition.manage")
            n = actions.hand_in(start=first, end=last, by=signed_in(request), scope=scope)
            messages.success(request, _("已汇入 %(n)s 家机构的季度报表。") % {"n": n})
        except UserError as problem:
            messages.error(request, problem.message)
        return redirect(f"{reverse('recognition:statistics')}?start={first}&end={last}")
    whole, found = queries.tallies(first, last, scope=scope)
    names = regions.institution_names({t.institution for t in found})
    shown = [
        tables.tallies(whole, found, names),
        tables.reasons(whole),
        tables.months(queries.by_month(first, last, scope=scope)),
    ]
    title = _("检查检验结果互认情况")
    kind = downloads.wanted(request)
    if kind:
        return downloads.answer(kind, title, shown, title=title, lines=[f"{first} – {last}"])
    last_heard = queries.alerts(scope=scope).order_by("-raised").values_list("raised", flat=True).first()
    context = {
        "first": first, "last": last, "whole": whole, "tables": shown, "last_heard": last_heard,
        "rate": f"{whole.rate:.1f}%" if whole.rate is not None else "—",
        "can_manage": scope.can("recognition.manage"),
    }  # fmt: skip
    return render(request, "recognition/statistics.html", context)


@requires("recognition.read")
@require_GET
def items(request: HttpRequest) -> HttpResponse:
    """Which items are recognised, how long, how far; and how many by scope against the goals."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    today = clock.today()
    catalogue = rules.catalogue(today)
    table = tables.items(catalogue)
    title = _("可互认的检查检验项目")
    kind = downloads.wanted(request)
    if kind:
        return downloads.answer(kind, title, [table], title=title)
    held = queries.recognised_items(today, scope=scope)
    goals = [
        [
            Cell(tables.reach_name(g.scope)),
            Cell(f"{held[g.scope]}/{g.items}", held[g.scope]),
            Cell(f"{g.by:%Y-%m-%d}", g.by),
        ]
        for g in rules.settings().goals
    ]
    goal = Table(
        _("已可互认项目数与目标"),
        [Column(_("范围"), head=True), Column(_("已可互认/目标"), "number"), Column(_("期限"), "day")], goals,
        notes=[_("按所辖机构有效标识计；目标依据：%(source)s") % {"source": rules.settings().source}],
    )  # fmt: skip
    return render(request, "recognition/items.html", {"table": table, "goals": goal, "count": len(catalogue.items)})


@requires("recognition.read")
@require_http_methods(["GET", "POST"])
def marks(request: HttpRequest) -> HttpResponse:
    """Which laboratory holds which mark until when; those in charge add and end them."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    error, given = "", request.POST
    if request.method == "POST":
        try:
            _keep_mark(request, scope)
            return redirect("recognition:marks")
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
    rows = queries.marks(scope=scope)
    found = list(rows[:2000])
    names = regions.institution_names({m.institution for m in found})
    table = tables.marks(found, names)
    title = _("检验检查质量评价标识")
    kind = downloads.wanted(request)
    if kind:
        return downloads.answer(kind, title, [table], title=title)
    catalogue = rules.catalogue(clock.today())
    can = scope.can("recognition.manage")
    context = {
        "table": table,
        "error": error,
        "given": given,
        "can_manage": can,
        "institutions": regions.institutions(scope=scope) if can else [],
        "subjects": [(id_, in_language(g.name, g.name_en)) for id_, g in catalogue.groups.items()],
        "levels": QualityMark.LEVELS,
        "today": clock.today(),
        "ending": [
            (m, names.get(m.institution, m.institution))
            for m in found
            if m.valid_to is None or m.valid_to >= clock.today()
        ],
    }
    return render(request, "recognition/marks.html", context, status=400 if error else 200)


def _keep_mark(request: HttpRequest, scope: Scope) -> None:
    given, by = request.POST, signed_in(request)
    try:
        if given.get("end"):
            actions.end_mark(number=int(given["end"]), on=date.fromisoformat(given.get("on", "")), by=by, scope=scope)
            messages.success(request, _("标识已终止。"))
            return
        start = date.fromisoformat(given.get("from", ""))
        until = date.fromisoformat(given["to"]) if given.get("to") else None
    except ValueError:
        raise InvalidValue(_("日期不是有效的日期。")) from None
    actions.add_mark(
        institution=given.get("institution", ""), subject=given.get("subject", ""), level=given.get("level", ""),
        valid_from=start, valid_to=until, document=given.get("document", ""), by=by, scope=scope,
    )  # fmt: skip
    messages.success(request, _("标识已登记。"))
