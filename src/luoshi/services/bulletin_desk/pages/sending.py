"""What goes out by itself, and what went out."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform.access.models import Grant
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, signed_in
from luoshi.services.bulletin_desk import tables
from luoshi.supervision.bulletins import queries, rules
from luoshi.supervision.bulletins import sending as doing
from luoshi.supervision.bulletins.models import Schedule
from luoshi.supervision.papers import contents


@requires("bulletin.make")
@require_GET
def sending(request: HttpRequest) -> HttpResponse:
    """Schedules, a form for a new one, and what was sent."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = list(queries.schedules(scope=scope))
    kinds = [name for name in contents.kinds() if rules.kind(name).period != "day" and name != "score"]
    context = {
        "schedules": tables.schedules(found),
        "active": [(s, tables.kind_word(s.kind)) for s in found if s.active],
        "sendings": tables.sendings(list(queries.sendings(scope=scope)[:100])),
        "kinds": [(name, tables.kind_word(name)) for name in kinds],
        "channels": Schedule.CHANNELS,
        "formats": rules.FORMATS,
        "divisions": queries.divisions(scope=scope),
        "readers": readers(scope),
        "breadcrumbs": [(_("通报与公文"), reverse("bulletin_desk:papers")), (_("定期发送"), "")],
    }
    return render(request, "bulletin_desk/sending.html", context)


def readers(scope: Scope) -> list[tuple[str, str]]:
    """Accounts with a grant on a division inside the scope: who a paper can go to."""
    inside = Grant.objects.on(clock.today()).filter(scope.path_filter("division__path"), division__isnull=False)
    found = inside.select_related("user", "division").order_by("division__path", "user__username")
    seen = {
        g.user.get_username(): f"{g.user.get_full_name()}（{g.division.name}）"
        for g in found
        if g.division and g.user.is_active
    }
    return list(seen.items())[:500]


@requires("bulletin.make")
@require_POST
def new(request: HttpRequest) -> HttpResponse:
    """Set up a schedule."""
    given = request.POST
    scope: Scope = request.scope  # type: ignore[attr-defined]
    asked, known = given.getlist("readers"), dict(readers(scope))
    try:
        day = int(given.get("day") or 3)
        doing.plan(
            division=given.get("division", ""), kind=given.get("kind", ""), day=day, channel=given.get("channel", ""),
            formats=given.getlist("formats"), readers=[name for name in asked if name in known], since=None,
            by=signed_in(request), scope=scope,
        )  # fmt: skip
    except ValueError:
        messages.error(request, _("发送日不是有效的数字。"))
    except UserError as error:
        messages.error(request, f"{error.message} {error.todo}".strip())
    else:
        messages.success(request, _("已设定。到期由定时任务发送（luoshi bulletin send）。"))
    return redirect("bulletin_desk:sending")


@requires("bulletin.make")
@require_POST
def stop(request: HttpRequest, number: int) -> HttpResponse:
    """End a schedule."""
    doing.stop(number=number, by=signed_in(request), scope=request.scope)  # type: ignore[attr-defined]
    messages.success(request, _("已停止。"))
    return redirect("bulletin_desk:sending")
