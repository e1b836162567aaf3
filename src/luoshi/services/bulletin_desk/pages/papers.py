"""The list of papers, and making a new one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from luoshi.kernel import clock
from luoshi.kernel.errors import NotFound, UserError
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, signed_in
from luoshi.services.bulletin_desk import tables
from luoshi.supervision.bulletins import actions, queries, rules
from luoshi.supervision.papers import contents
from luoshi.web import downloads, paging


@requires("bulletin.read")
@require_GET
def papers(request: HttpRequest) -> HttpResponse:
    """What was issued, and for those who work here what is on its way."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = queries.issues(scope=scope)
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    found = found.filter(kind=kind) if kind in rules.kinds() else found
    found = found.filter(state=state) if state in rules.ISSUE.states else found
    if wanted := downloads.wanted(request):
        table = tables.papers(list(found[:5000]))
        return downloads.answer(wanted, _("通报与公文"), [table], title=_("通报与公文"))
    at = paging.offset(request)
    cut = list(found[at : at + paging.SIZE])
    context = {
        "table": tables.papers(cut),
        "page": paging.of_slice(request, cut, found.count()),
        "kinds": [(name, tables.kind_word(name), name == kind) for name in contents.kinds()],
        "states": [(name, tables.state_word(name), name == state) for name in rules.ISSUE.states],
        "may_make": scope.can("bulletin.make"),
        "may_template": scope.can("bulletin.template"),
    }
    return render(request, "bulletin_desk/papers.html", context)


@requires("bulletin.make")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Choose what the paper is and what about; make it."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    given = request.POST if request.method == "POST" else request.GET
    kind = given.get("kind", "monthly")
    error = ""
    try:
        known, declared = contents.known(kind), rules.kind(kind)
    except NotFound:
        kind = contents.kinds()[0]
        known, declared = contents.known(kind), rules.kind(kind)
    today = clock.today()
    if request.method == "POST":
        try:
            start, end = rules.parse_period(declared.period, given.get("period", ""), today)
            made = actions.make(
                kind=kind, division=given.get("division", ""), start=start, end=end, subject=given.get("subject", "")[:60],
                by=signed_in(request), scope=scope,
            )  # fmt: skip
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
        else:
            messages.success(request, _("草稿已生成，请核对后送核稿。"))
            return redirect("bulletin_desk:paper", made.pk)
    start, _end = rules.last_period(declared.period, today)
    context = {
        "kind": kind,
        "kind_word": tables.kind_word(kind),
        "kinds": [(name, tables.kind_word(name)) for name in contents.kinds()],
        "period": given.get("period") or _written(declared.period, start.isoformat()),
        "by_period": declared.period != "day",
        "subjects": known.subjects(scope)[:300] if known.subjects else None,
        "subject": given.get("subject", ""),
        "divisions": queries.divisions(scope=scope),
        "division": given.get("division", "") or scope.root_division(),
        "error": error,
        "breadcrumbs": [(_("通报与公文"), reverse("bulletin_desk:papers")), (_("拟稿"), "")],
    }
    return render(request, "bulletin_desk/new.html", context, status=400 if error else 200)


def _written(length: str, start: str) -> str:
    """A period as the form takes it."""
    year, month = start[:4], int(start[5:7])
    return {"month": start[:7], "quarter": f"{year}-Q{(month - 1) // 3 + 1}", "year": year}.get(length, start)
