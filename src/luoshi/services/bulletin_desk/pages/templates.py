"""Templates the office may edit, with a preview and every mistake by its line; and how papers are signed."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, signed_in
from luoshi.services.bulletin_desk import tables
from luoshi.supervision.bulletins import actions, making, queries, rules, wording
from luoshi.supervision.bulletins.models import Template
from luoshi.supervision.bulletins.wording import Wording
from luoshi.supervision.papers import contents
from luoshi.supervision.papers.contents import Wanted
from luoshi.supervision.papers.fonts import report
from luoshi.supervision.papers.model import Paper


@requires("bulletin.template")
@require_GET
def templates(request: HttpRequest) -> HttpResponse:
    """The kinds of papers with the version in use, and how papers are signed."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    division = _division(request, scope)
    own = dict(Template.objects.filter(division=division).order_by("version").values_list("kind", "version"))
    try:
        faces = report()
    except UserError:
        faces = []
    context = {
        "division": division,
        "divisions": queries.divisions(scope=scope),
        "kinds": [(name, tables.kind_word(name), own.get(name), rules.kind(name)) for name in contents.kinds()],
        "office": wording.office_of(queries.division(division, scope=scope)),
        "faces": faces,
        "breadcrumbs": [(_("通报与公文"), reverse("bulletin_desk:papers")), (_("模板"), "")],
    }
    return render(request, "bulletin_desk/templates.html", context)


@requires("bulletin.template")
@require_http_methods(["GET", "POST"])
def template(request: HttpRequest, kind: str) -> HttpResponse:
    """Edit one template: preview it filled with today's figures, save it as a new version."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    division = _division(request, scope)
    if kind not in contents.kinds():
        raise Http404
    given = wording.current(kind, division)
    if request.GET.get("from") == "shipped":
        given = wording.shipped(kind)
    mistakes: list[str] = []
    shown: Paper | None = None
    if request.method == "POST":
        given = _given(request, given)
        mistakes = [str(m) for m in wording.check(kind, given)]
        try:
            if not mistakes and request.POST.get("do") == "save":
                made = actions.save_template(
                    kind=kind, division=division, given=given, note=request.POST.get("note", ""),
                    by=signed_in(request), scope=scope,
                )  # fmt: skip
                messages.success(request, _("已保存为第 %(n)s 版，以后的文件按它生成。") % {"n": made.version})
                return redirect(f"{reverse('bulletin_desk:template', args=[kind])}?division={division}")
            if not mistakes:
                shown = _preview(kind, division, given, scope)
        except UserError as error:
            mistakes = [f"{error.message} {error.todo}".strip()]
    context = {
        "kind": kind,
        "kind_word": tables.kind_word(kind),
        "division": division,
        "given": given,
        "mistakes": mistakes,
        "shown": shown,
        "offered": wording.offered(kind),
        "versions": tables.templates(kind, list(queries.templates(kind, division, scope=scope)[:50])),
        "breadcrumbs": [
            (_("通报与公文"), reverse("bulletin_desk:papers")),
            (_("模板"), f"{reverse('bulletin_desk:templates')}?division={division}"),
            (tables.kind_word(kind), ""),
        ],
    }
    return render(request, "bulletin_desk/template.html", context, status=400 if mistakes else 200)


def _given(request: HttpRequest, before: Wording) -> Wording:
    text = {name: request.POST.get(name, "") for name in ("title", "addressee", "number", "body")}
    return replace(before, **text, red_head=request.POST.get("red_head") == "on")


def _preview(kind: str, division: str, given: Wording, scope: Scope) -> Paper:
    """The paper of the last period in these words. A kind about one thing shows its first."""
    start, end = rules.last_period(rules.kind(kind).period, clock.today())
    known = contents.known(kind)
    subject = ""
    if known.subjects:
        subjects = known.subjects(scope)
        subject = subjects[0][0] if subjects else ""
    wanted = Wanted(kind, division, start, end, clock.today(), scope, subject)
    return making.compose(wanted, queries.division(division, scope=scope), given)


@requires("bulletin.template")
@require_POST
def office(request: HttpRequest) -> HttpResponse:
    """Say how the papers of a division are signed."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    division = _division(request, scope)
    try:
        actions.save_office(division=division, given=request.POST.dict(), by=signed_in(request), scope=scope)
    except UserError as error:
        messages.error(request, f"{error.message} {error.todo}".strip())
    else:
        messages.success(request, _("已保存。"))
    return redirect(f"{reverse('bulletin_desk:templates')}?division={division}")


def _division(request: HttpRequest, scope: Scope) -> str:
    """The division asked for, or the viewer's widest. 404 outside the scope."""
    code = (request.POST if request.method == "POST" else request.GET).get("division", "") or scope.root_division()
    return queries.division(code, scope=scope).code
