"""Pages of what waits in quarantine: the list, one of them, release, discard, check again. They show records of
residents, so they ask for the second factor, and every look is noted."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access.views import requires, requires_person_factor, signed_in
from luoshi.platform.sources import quarantine
from luoshi.platform.sources import queries as sources
from luoshi.platform.sources.models import Quarantined
from luoshi.services.sources import reasons, tables
from luoshi.web import paging

_LONGEST_SHOWN = 200_000


@requires("source.quarantine")
@requires_person_factor
@require_GET
def waiting(request: HttpRequest, name: str) -> HttpResponse:
    """What waits, oldest first; what was decided by `?state=`."""
    found = sources.source_or_404(name, scope=request.scope)  # type: ignore[attr-defined]
    state = request.GET.get("state", Quarantined.HELD)
    rows = sources.quarantined(found, state).defer("refusal__body")
    start = paging.offset(request)
    page = paging.of_slice(request, list(rows[start : start + paging.SIZE]), rows.count())
    context = {
        "source": found,
        "table": tables.quarantined(page.items, found),
        "page": page,
        "state": state,
        "states": [
            (Quarantined.HELD, _("待处理")),
            (Quarantined.RELEASED, _("已放行")),
            (Quarantined.DISCARDED, _("已弃用")),
        ],
        "breadcrumbs": [*_crumbs(found.name), (_("隔离区"), "")],
    }
    return render(request, "sources_desk/quarantine.html", context)


@requires("source.quarantine")
@requires_person_factor
@require_http_methods(["GET", "POST"])
def held(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """One of them: why, its text; release it (as it is or corrected) or discard it with a reason."""
    found = sources.source_or_404(name, scope=request.scope)  # type: ignore[attr-defined]
    row = quarantine.find(number, scope=request.scope, source=found)  # type: ignore[attr-defined]
    text = quarantine.pretty(quarantine.text_of(row))
    problem = ""
    if request.method == "POST":
        body, reason = request.POST.get("body", ""), request.POST.get("reason", "")
        try:
            if request.POST.get("do") == "discard":
                quarantine.discard(row, by=signed_in(request), reason=reason)
                messages.success(request, _("已弃用，原文和理由仍保留。"))
            else:
                unchanged = "".join(body.split()) == "".join(text.split())
                quarantine.release(row, by=signed_in(request), body="" if unchanged else body)
                messages.success(request, _("已放行。"))
            return redirect("sources_desk:waiting", name=name)
        except UserError as error:
            problem, text = f"{error.message} {error.todo}".strip(), body or text
    with transaction.atomic():
        audit.record(
            by=signed_in(request),
            action="source.quarantine.look",
            object_type="source",
            object_id=found.name,
            scope_division=found.division,
            detail={"quarantine": row.pk},
        )
    context = {
        "source": found,
        "row": row,
        "issues": [(issue["path"], reasons.text(issue["text"], issue.get("code", ""))) for issue in row.issues],
        "text": text[:_LONGEST_SHOWN],
        "long": len(text) > _LONGEST_SHOWN,
        "problem": problem,
        "waits": row.state == Quarantined.HELD,
        "breadcrumbs": [
            *_crumbs(found.name),
            (_("隔离区"), reverse("sources_desk:waiting", args=[found.name])),
            (str(row.pk), ""),
        ],
    }
    return render(request, "sources_desk/held.html", context, status=400 if problem else 200)


@requires("source.quarantine")
@requires_person_factor
@require_POST
def recheck(request: HttpRequest, name: str) -> HttpResponse:
    """Check everything that waits by the rules of today."""
    found = sources.source_or_404(name, scope=request.scope)  # type: ignore[attr-defined]
    done = quarantine.recheck(found, by=signed_in(request))
    told = {"released": done.released, "held": done.held}
    messages.success(request, _("按现行规则重新校验：放行 %(released)s 条，仍待处理 %(held)s 条。") % told)
    return redirect("sources_desk:waiting", name=name)


def _crumbs(name: str) -> list[tuple[str, str]]:
    return [(_("数据来源"), reverse("sources_desk:list")), (name, reverse("sources_desk:source", args=[name]))]


urlpatterns = [
    path("of/<str:name>/quarantine/", waiting, name="waiting"),
    path("of/<str:name>/quarantine/recheck/", recheck, name="recheck"),
    path("of/<str:name>/quarantine/<int:number>/", held, name="held"),
]
