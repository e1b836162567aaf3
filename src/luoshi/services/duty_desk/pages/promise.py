"""A promise at a place: who answers for it, the light set by hand, what was said, what happened."""

from __future__ import annotations

from datetime import date, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue
from luoshi.platform.access.views import requires, signed_in
from luoshi.platform.regions import queries as regions
from luoshi.services.duty_desk import tables
from luoshi.services.duty_desk.pages.frame import done, scope_of
from luoshi.supervision import sources
from luoshi.supervision.duties import figures, history, overriding, queries, rules, talking
from luoshi.web.lights import LIGHTS
from luoshi.web.lights import light as shape

MOST = 300


@requires("duty.read")
@require_GET
def promise(request: HttpRequest, target_id: int, division: str) -> HttpResponse:
    """The duties of one promise at a division and below it, with its light and what was said of it."""
    scope = scope_of(request)
    place = regions.division_or_404(division, scope=scope)
    standing = next(iter(sources.get().standings(scope=scope, division=division, targets=[target_id])), None)
    if standing is None:
        raise Http404
    rows = list(queries.of_target(target_id, place.path, scope=scope)[:MOST])
    seen = figures.of_duties(rows, scope=scope)
    held = standing.override
    context = {
        "standing": standing,
        "place": place,
        "table": tables.duties(rows, seen),
        "override": held,
        "computed": shape(standing.computed),
        "lights": [light for light in LIGHTS.values() if light.key != standing.computed],
        "may_judge": scope.can(rules.JUDGE),
        "latest": clock.today() + timedelta(days=rules.declared().override_days_at_most),
        "tomorrow": clock.today() + timedelta(days=1),
        "comments": list(queries.comments_on(target_id, division, scope=scope, path=place.path)[:200]),
        "history": history.of_promise(target_id, division),
        "shortest": overriding.SHORTEST_REASON,
        "breadcrumbs": [
            (_("任务"), reverse("duty_desk:duties")),
            (standing.promise.named, standing.href),
            (_("谁负责"), ""),
        ],
    }
    return render(request, "duty_desk/promise.html", context)


@requires("duty.judge")
@require_POST
def light(request: HttpRequest, target_id: int, division: str) -> HttpResponse:
    """Set the light by hand, or take that back."""
    scope, by = scope_of(request), signed_in(request)
    regions.division_or_404(division, scope=scope)

    def work() -> None:
        reason = request.POST.get("reason", "")
        if request.POST.get("end") == "1":
            overriding.take_back(target=target_id, division=division, reason=reason, by=by, scope=scope)
            return
        try:
            until = date.fromisoformat(request.POST.get("until", ""))
        except ValueError:
            raise InvalidValue(_("请填写有效期。"), where="until") from None
        overriding.set_light(
            target=target_id, division=division, colour=request.POST.get("colour", ""), reason=reason, until=until, by=by,
            scope=scope,
        )  # fmt: skip

    return done(request, reverse("duty_desk:promise", args=[target_id, division]), work, _("已办理。"))


@requires("duty.read")
@require_POST
def comment(request: HttpRequest, target_id: int, division: str) -> HttpResponse:
    """Say something about a promise at a place."""
    scope = scope_of(request)
    if sources.get().promise(target_id, scope=scope) is None:
        raise Http404
    regions.division_or_404(division, scope=scope)
    return done(
        request,
        f"{reverse('duty_desk:promise', args=[target_id, division])}#said",
        lambda: talking.comment_on_promise(
            target=target_id, division=division, text=request.POST.get("text", ""), by=signed_in(request), scope=scope
        ),
        _("已留言。"),
    )
