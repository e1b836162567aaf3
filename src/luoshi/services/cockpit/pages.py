"""The cockpit, and the import of boundaries for its map."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, signed_in
from luoshi.platform.lake import results
from luoshi.platform.lake.refresh import month_ends
from luoshi.platform.regions import queries as regions
from luoshi.platform.sources import silence
from luoshi.platform.sources.silence import Silence
from luoshi.services.cockpit import boundaries as importing
from luoshi.services.cockpit import drawing, rules
from luoshi.services.cockpit.models import Boundary
from luoshi.services.cockpit.overview import Overview, days_since, overview
from luoshi.supervision import sources
from luoshi.supervision.sources import Standing
from luoshi.web import lights, marks, numbers

app_name = "cockpit"
URGENT = 6
TREND_MONTHS = 12
SILENT = 3


@requires("board.read")
@require_GET
def cockpit(request: HttpRequest) -> HttpResponse:
    """The cockpit of a division (default: the viewer's widest; where it has no plan, the widest below that has one).
    `?target=` colours the map by one promise. `?seen=` answers 204 when nothing shown has changed since."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    asked = request.GET.get("division", "")
    division = asked or scope.root_division()
    if not division:
        messages.info(request, _("大屏按区划展示；您看到的是本机构的总览。"))
        return redirect("scoreboard:overview")
    found = overview(division, scope=scope)
    if not found.standings and not asked:
        planned = sorted(
            sources.get().plans(scope=scope), key=lambda plan: (plan.division_path.count("/"), plan.division)
        )
        if planned and planned[0].division != division:
            return redirect(f"{reverse('cockpit:cockpit')}?division={planned[0].division}")
    target = _target(request, found)
    late = silence.silent_below(found.division, scope)
    mark = f"{found.version}-{target.target if target else 0}-{_heard(late)}"
    if request.GET.get("seen") == mark:
        return HttpResponse(status=204)
    context = {"found": found, "mark": mark, "now": clock.now(), **_shown(found, target, scope), **_late(late, scope)}
    return render(request, "cockpit/cockpit.html", context)


def _target(request: HttpRequest, found: Overview) -> Standing | None:
    text = request.GET.get("target", "")
    if not text:
        return None
    chosen = next((s for s in found.standings if str(s.target) == text), None)
    if chosen is None:
        raise Http404
    return chosen


def _heard(late: list[Silence]) -> str:
    """What tells one set of late feeds from another, the hour of their lateness included."""
    told = "|".join(f"{item.source.pk}:{item.kind}:{item.late_hours}" for item in late[:SILENT])
    return f"{len(late)}-{crc32(told.encode()):x}" if late else "0"


def _late(late: list[Silence], scope: Scope) -> dict[str, Any]:
    """Late feeds for the page: how many, and the longest."""
    href = _named("sources_desk:list") if scope.can("source.read") else ""
    return {"late_feeds": late[:SILENT], "late_feeds_all": len(late), "sources_href": href}


def _shown(found: Overview, target: Standing | None, scope: Scope) -> dict[str, Any]:
    counts = found.counts
    judged = sum(counts.values()) - counts["grey"]
    query = f"division={found.division}"
    late = sorted(
        (s for s in found.standings if s.light in ("red", "yellow")), key=lambda s: (s.light != "red", -s.gap, s.target)
    )
    may = scope.can("duty.read")
    return {
        "tiles": [(lights.light(key), counts[key], f"{reverse('scoreboard:targets')}?{query}&light={key}") for key in rules.LIGHTS],
        "judged": judged,
        "share": drawing.percent(counts["green"], judged),
        "stack": marks.stack(list(counts.items()), width=600, height=16),
        "actions": [(action, action.counts["green"], len(action.standings)) for action in found.actions],
        "target": target,
        "choices": [s for s in found.standings if s.value is not None or s.light != "grey"],
        "cells": drawing.cells(found, target.target if target else None),
        "width": drawing.WIDTH,
        "height": drawing.HEIGHT,
        "classes": _classes() if target is None else [],
        "trend": _trend(found, target, scope),
        "urgent": [(s, _short(s)) for s in late[:URGENT]],
        "more": max(0, len(late) - URGENT),
        "late_href": f"{reverse('scoreboard:targets')}?{query}&light=late",
        "grey_href": f"{reverse('scoreboard:targets')}?{query}&light=grey",
        "grey": counts["grey"],
        "red": counts["red"],
        "overdue": [(due, _duty(due.number)) for due in found.overdue] if may else [],
        "overdue_all": found.overdue_all,
        "contradicted": found.contradicted,
        "late_receipts": found.late_receipts,
        "duties_href": _named("duty_desk:duties"),
        "movers": [(s, _moved(s), _better(s), marks.sparkline(s.trend)) for s in found.movers],
        "silent": [seat for seat in found.seats if seat.silent],
        "opened": sum(1 for seat in found.seats if not seat.silent),
        "seats": found.seats,
        "way": [(d.code, d.name) for d in regions.ancestors(found.division) if scope.covers_path(d.path)],
        "days_old": days_since(found.data_until),
    }  # fmt: skip


def _classes() -> list[tuple[str, str]]:
    """The legend: class of colour and the shares it stands for."""
    ends = [*rules.CLASSES[1:], 1.0]
    return [
        (f"paint-{n}", f"{low:.0%}–{high:.0%}") for n, (low, high) in enumerate(zip(rules.CLASSES, ends, strict=True))
    ]


def _trend(found: Overview, target: Standing | None, scope: Scope) -> str:
    if target is None:
        counts = found.counts
        judged = sum(counts.values()) - counts["grey"]
        until = min(found.data_until or clock.today(), clock.today())
        rows = [*found.past, *([(until, counts["green"], judged)] if judged else [])]
        points = [
            drawing.Point(drawing.month(day), green / whole * 100, f"{green}/{whole}") for day, green, whole in rows
        ]
        return drawing.trend(points, top=100.0)
    told = sources.get().standings(scope=scope, division=found.division, targets=[target.target], months=TREND_MONTHS)
    values = told[0].trend if told else ()
    if not values:
        return ""
    days = month_ends(min(results.data_until() or clock.today(), clock.today()), len(values))
    points = [
        drawing.Point(drawing.month(day), v, numbers.quantity(v, target.unit, 1))
        for day, v in zip(days, values, strict=True)
    ]
    goal = target.promise.value if target.promise.op != "between" else None
    top = 100.0 if target.unit == "%" and max(goal or 0, *(v or 0 for v in values)) <= 100 else None
    return drawing.trend(points, goal=goal, goal_text=_("目标 %(promise)s") % {"promise": target.promise_text}, top=top)


def _moved(one: Standing) -> str:
    unit = _("个百分点") if one.unit == "%" else numbers.unit(one.unit)
    moved = one.moved or 0.0
    return f"{'+' if moved > 0 else '−'}{numbers.number(abs(moved), 1)} {unit}".rstrip()


def _better(one: Standing) -> bool | None:
    if not one.moved or one.better not in ("higher", "lower"):
        return None
    return (one.moved > 0) == (one.better == "higher")


def _short(one: Standing) -> str:
    if not one.people or one.value is None:
        return ""
    words = _("超出 %(n)s") if one.threshold.op in ("<=", "<") else _("还差 %(n)s")
    return words % {"n": numbers.number(one.people)}


def _duty(number: int) -> str:
    try:
        return reverse("duty_desk:duty", args=[number])
    except NoReverseMatch:
        return ""


def _named(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@requires("region.edit")
@require_http_methods(["GET", "POST"])
def boundaries(request: HttpRequest) -> HttpResponse:
    """What outlines there are; a GeoJSON file is imported here."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    error, made = "", None
    if request.method == "POST":
        try:
            if request.POST.get("remove"):
                count = importing.remove(division=request.POST["remove"], by=signed_in(request), scope=scope)
                messages.success(request, _("已删除 %(n)s 个区划的边界。") % {"n": count})
                return redirect("cockpit:boundaries")
            file = request.FILES.get("file")
            if file is None:
                messages.error(request, _("请选择一个 GeoJSON 文件。"))
                return redirect("cockpit:boundaries")
            made = importing.load(
                file.read(), source=request.POST.get("source", ""), approval=request.POST.get("approval", ""),
                by=signed_in(request), scope=scope,
            )  # fmt: skip
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
    root = scope.root_division()
    below = list(regions.children(root, scope=scope).values_list("code", "name")) if root else []
    held = set(Boundary.objects.filter(division__in=[code for code, _name in below]).values_list("division", flat=True))
    context = {
        "error": error,
        "made": made,
        "root": root,
        "below": [(code, name, code in held) for code, name in below],
    }
    return render(request, "cockpit/boundaries.html", context, status=400 if error else 200)


urlpatterns = [
    path("", cockpit, name="cockpit"),
    path("boundaries/", boundaries, name="boundaries"),
]
