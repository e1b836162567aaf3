"""Splitting a duty over the units below, with the sum checked while numbers are typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from luoshi.kernel.errors import InvalidValue, Refused, UserError
from luoshi.platform.access.views import requires, signed_in
from luoshi.services.duty_desk import tables
from luoshi.services.duty_desk.pages.frame import scope_of
from luoshi.supervision.duties import dividing, queries, rules
from luoshi.supervision.duties.models import Duty
from luoshi.web import numbers

PREFIX = "part-"


def _given(request: HttpRequest) -> dict[str, str]:
    """What stands in the fields, by the key of the unit."""
    return {
        name.removeprefix(PREFIX): text.strip()[:20]
        for name, text in request.POST.items()
        if name.startswith(PREFIX) and isinstance(text, str)
    }


def _numbers(given: Mapping[str, str]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for key, text in given.items():
        try:
            value = float(text.rstrip("%")) if text else None
        except ValueError:
            raise InvalidValue(_("“%(text)s”不是数字。") % {"text": text}, where=key) from None
        if value is not None and not abs(value) < 1e12:
            raise InvalidValue(_("“%(text)s”不是数字。") % {"text": text}, where=key)
        found[key] = value
    return found


@requires("duty.issue")
@require_http_methods(["GET", "POST"])
def split(request: HttpRequest, number: int) -> HttpResponse:
    """The split form; sent, it becomes duties of the units below."""
    scope = scope_of(request)
    found = queries.duty_or_404(number, scope=scope)
    if found.threshold is None or rules.ACT not in queries.permissions_on(found, scope):
        raise Refused(_("这项任务没有可分解的指标，或不由您分解。"))
    error, given = "", _given(request) if request.method == "POST" else {}
    if request.method == "POST":
        try:
            parts = {key: value for key, value in _numbers(given).items() if value is not None}
            made = dividing.split(
                duty=found, parts=parts, reason=request.POST.get("reason", ""), by=signed_in(request), scope=scope
            )
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
        else:
            messages.success(request, _("已分解给 %(n)s 个单位。") % {"n": len(made)})
            return redirect("duty_desk:duty", number)
    candidates = dividing.candidates(found, scope=scope)
    rows = tables.shares(candidates, given)
    context: dict[str, Any] = {
        "duty": found,
        "rows": rows,
        "fresh": any(row["given"] is None for row in rows),
        "source": candidates.source_text,
        "goal": numbers.promise(found.threshold.op, found.threshold.value, found.threshold.upper, found.unit),
        "unit": numbers.unit(found.unit),
        "given": request.POST,
        "error": error,
        "sum": _sum(found, {r["key"]: r["value"] for r in rows}, candidates) if rows else None,
        "breadcrumbs": [
            (_("任务"), reverse("duty_desk:duties")),
            (found.title, reverse("duty_desk:duty", args=[number])),
            (_("向下分解"), ""),
        ],
    }
    return render(request, "duty_desk/split.html", context, status=400 if error else 200)


@requires("duty.issue")
@require_POST
def check(request: HttpRequest, number: int) -> HttpResponse:
    """The sum line alone, while numbers are typed."""
    scope = scope_of(request)
    found = queries.duty_or_404(number, scope=scope)
    return render(
        request, "duty_desk/_sum.html", {"sum": _sum(found, _given(request), dividing.candidates(found, scope=scope))}
    )


def _sum(duty: Duty, given: Mapping[str, str], found: dividing.Candidates) -> dict[str, Any]:
    """Whether the numbers in the fields add up, in words."""
    try:
        checked = dividing.check(duty, _numbers(given), found)
    except UserError as error:
        return {"light": "red", "text": error.message, "uneven": ""}
    assert duty.threshold is not None
    whole = numbers.quantity(duty.threshold.value, duty.unit)
    if checked.total is None:
        return {"light": "yellow", "text": dividing.said(checked), "uneven": ""}
    total = numbers.quantity(checked.total, duty.unit)
    how = _("合计") if duty.additive else _("按人数加权平均") if checked.weighted else _("简单平均")
    text = _("%(how)s %(total)s，本级任务 %(whole)s。") % {"how": how, "total": total, "whole": whole}
    names = {c.key: c.body.name for c in found.rows}
    uneven = _("、").join(names[key] for key in checked.uneven)
    return {
        "light": "green" if checked.sound else "red",
        "text": text + dividing.said(checked),
        "uneven": _("与平均分解不同，须写明理由：%(units)s。") % {"units": uneven} if uneven else "",
    }
