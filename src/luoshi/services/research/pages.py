"""Pages: ask for data, decide, take it, and the register of who took what."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused, UnreadableFile, UserError
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import requires, signed_in
from luoshi.platform.lake.files import default_lake
from luoshi.platform.regions import queries as regions
from luoshi.platform.regions.models import Division
from luoshi.services.research import actions, queries, rules, tables
from luoshi.services.research.blurring import Blurred
from luoshi.services.research.models import Project
from luoshi.web import downloads, paging
from luoshi.web.manifest import in_language

app_name = "research"


@requires("research.request")
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """The applicant's projects, and the tables that are open."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    own = queries.projects(scope=scope).filter(applicant=signed_in(request).get_username())
    declared = rules.deidentification()
    context = {
        "table": tables.projects(list(own[:200]), "research:project"),
        "tables": [(name, in_language(t.name, t.name_en)) for name, t in declared.tables.items()],
        "declared": declared,
    }
    return render(request, "research/mine.html", context)


@requires("research.approve")
@require_GET
def approvals(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, then everything else."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    found = sorted(queries.projects(scope=scope)[:500], key=lambda p: p.state != rules.REQUESTED)
    return render(request, "research/approvals.html", {"table": tables.projects(found, "research:decision")})


@requires("research.request")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Choose columns and steps of one table, say what for, send it."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    given = request.POST if request.method == "POST" else request.GET
    name, declared = given.get("table", "visit"), rules.deidentification()
    if name not in declared.tables:
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            made = _ask(request, name, scope)
        except (InvalidValue, Refused) as problem:
            error = f"{problem.message} {problem.todo}".strip()
        else:
            messages.success(request, _("申请已提交，需要两位审批人同意。"))
            return redirect("research:project", made.pk)
    today = clock.today()
    context = {
        "name": name,
        "title": in_language(declared.tables[name].name, declared.tables[name].name_en),
        "fields": [
            {
                "name": column,
                "title": in_language(leaving.name, leaving.name_en),
                "role": tables.role_name(leaving.role),
                "steps": [
                    (step, tables.step_name(step), given.get(f"step-{column}") == step) for step in leaving.steps
                ],
                "chosen": column in given.getlist("column") if request.method == "POST" else leaving.role != "quasi",
            }
            for column, leaving in declared.columns(name).items()
        ],
        "error": error,
        "given": given,
        "declared": declared,
        "start": given.get("start") or f"{today.year}-01-01",
        "end": given.get("end") or today.isoformat(),
        "divisions": Division.objects.current()
        .filter(scope.path_filter("path"), level__lte=3)
        .order_by("level", "code"),
        "breadcrumbs": [(_("科研数据"), reverse("research:mine")), (_("新申请"), "")],
    }
    return render(request, "research/new.html", context, status=400 if error else 200)


def _ask(request: HttpRequest, table: str, scope: Scope) -> Project:
    given = request.POST
    known = rules.deidentification().columns(table)
    columns = {
        name: given.get(f"step-{name}", "") if known[name].steps else ""
        for name in given.getlist("column")
        if name in known
    }
    try:
        start, end = date.fromisoformat(given.get("start", "")), date.fromisoformat(given.get("end", ""))
        k = int(given.get("k") or rules.deidentification().k)
    except ValueError:
        raise InvalidValue(_("日期或k值不是有效的数字。")) from None
    return actions.request(
        title=given.get("title", ""), purpose=given.get("purpose", ""), ethics=given.get("ethics", ""),
        division=given.get("division", ""), table=table, columns=columns, start=start, end=end, k=k,
        by=signed_in(request), scope=scope,
    )  # fmt: skip


@requires("research.request")
@require_GET
def project(request: HttpRequest, number: int) -> HttpResponse:
    """The applicant's view of a project: how anonymous the choice is, who decided, what was taken."""
    found = queries.project(number, scope=request.scope)  # type: ignore[attr-defined]
    if found.applicant != signed_in(request).get_username():
        raise Http404
    return _project(request, found, mine=True)


@requires("research.approve")
@require_GET
def decision(request: HttpRequest, number: int) -> HttpResponse:
    """The approver's view of a project."""
    return _project(request, queries.project(number, scope=request.scope), mine=False)  # type: ignore[attr-defined]


def _project(request: HttpRequest, found: Project, *, mine: bool) -> HttpResponse:
    scope: Scope = request.scope  # type: ignore[attr-defined]
    known = rules.deidentification().columns(found.table)
    checked, problem = None, ""
    if found.state in (rules.REQUESTED, rules.APPROVED):
        try:
            checked = queries.check(found)
        except UserError as error:
            problem = error.message
    name = signed_in(request).get_username()
    voices = list(found.approvals.all())
    context = {
        "found": found,
        "light": tables.LIGHTS[found.state],
        "mine": mine,
        "table_name": in_language(
            rules.deidentification().tables[found.table].name, rules.deidentification().tables[found.table].name_en
        ),
        "division": regions.division_names({found.division}).get(found.division, found.division),
        "columns": tables.columns(found, known),
        "checked": checked,
        "problem": problem,
        "not_met": actions.not_met(found, checked) if checked and not checked.allowed else "",
        "easier": actions.easier(found, checked) if checked and not checked.allowed else "",
        "anonymity": tables.anonymity(checked, known) if checked else None,
        "approvals": voices,
        "needed": rules.deidentification().approvals,
        "may_decide": not mine and found.state == rules.REQUESTED and found.applicant != name
        and name not in {v.by for v in voices} and scope.covers_division(found.division),
        "may_take": mine and found.state == rules.APPROVED and bool(checked and checked.allowed)
        and not (found.expires and clock.today() > found.expires),
        "may_close": found.state != rules.CLOSED,
        "takings": tables.takings(list(found.takings.all()), with_project=False),
        "pairs": [
            (a, b) for i, a in enumerate(found.columns) for b in list(found.columns)[i + 1 :]
            if known[a].role != "sensitive" and known[b].role != "sensitive"
        ] if found.state == rules.APPROVED else [],
        "breadcrumbs": [
            (_("科研数据"), reverse("research:mine" if mine else "research:approvals")), (f"#{found.pk} {found.title}", "")
        ],
    }  # fmt: skip
    return render(request, "research/project.html", context)


@requires("research.approve")
@require_POST
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """Yes or no."""
    try:
        found = actions.decide(
            number=number,
            yes=request.POST.get("decision") == "yes",
            note=request.POST.get("note", ""),
            by=signed_in(request),
            scope=request.scope,  # type: ignore[attr-defined]
        )
    except (Refused, InvalidValue) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已记录。现在的状态：%(state)s。") % {"state": found.get_state_display()})
    return redirect("research:decision", number)


@requires("research.request")
@require_POST
def take(request: HttpRequest, number: int) -> HttpResponse:
    """The package."""
    try:
        taking, body = actions.take(
            number=number,
            format_=request.POST.get("format", "csv"),
            by=signed_in(request),
            scope=request.scope,  # type: ignore[attr-defined]
        )
    except (Refused, InvalidValue, UnreadableFile) as error:
        messages.error(request, str(error))
        return redirect("research:project", number)
    answer = HttpResponse(body, content_type="application/zip")
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{taking.package}.zip')}"
    answer["Cache-Control"] = "private, no-store"
    return answer


@requires("research.request")
@require_GET
def counts(request: HttpRequest, number: int) -> HttpResponse:
    """Residents by two columns of an approved project, small counts withheld together with what would give them away."""
    found = queries.project(number, scope=request.scope)  # type: ignore[attr-defined]
    if found.applicant != signed_in(request).get_username() or found.state != rules.APPROVED:
        raise Http404
    if found.expires and clock.today() > found.expires:
        raise Http404
    rows, columns = request.GET.get("rows", ""), request.GET.get("columns", "")
    known = rules.deidentification().columns(found.table)
    if (
        rows == columns
        or not {rows, columns} <= set(found.columns)
        or "sensitive" in {known[rows].role, known[columns].role}
    ):
        raise Http404
    blurred = Blurred(default_lake(), queries.wanted(found), on=clock.today())
    try:
        cells = blurred.aggregate(rows, columns)
    finally:
        blurred.close()
    table = tables.cross(cells, in_language(known[rows].name, known[rows].name_en))
    title = f"#{found.pk} {found.title}"
    kind = downloads.wanted(request)
    if kind:
        with_note = [tables.withheld()]
        return downloads.answer(kind, f"research-{found.pk}", [table], title=title, lines=with_note)
    context = {
        "table": table,
        "title": title,
        "note": tables.withheld(),
        "breadcrumbs": [
            (_("科研数据"), reverse("research:mine")), (title, reverse("research:project", args=[number])), (_("人数表"), "")
        ],
    }  # fmt: skip
    return render(request, "research/counts.html", context)


@requires("research.request")
@require_POST
def close(request: HttpRequest, number: int) -> HttpResponse:
    """The applicant closes the project."""
    found = queries.project(number, scope=request.scope)  # type: ignore[attr-defined]
    if found.applicant != signed_in(request).get_username():
        raise Http404
    return _close(request, number, "research:project")


@requires("research.approve")
@require_POST
def end(request: HttpRequest, number: int) -> HttpResponse:
    """An approver closes the project."""
    return _close(request, number, "research:decision")


def _close(request: HttpRequest, number: int, back: str) -> HttpResponse:
    try:
        actions.close(number=number, by=signed_in(request), scope=request.scope)  # type: ignore[attr-defined]
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已关闭，密钥已销毁。"))
    return redirect(back, number)


@requires("research.approve")
@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """Who took what."""
    found = queries.takings(scope=request.scope)  # type: ignore[attr-defined]
    kind = downloads.wanted(request)
    cut = list(found[:5000]) if kind else list(found[(at := paging.offset(request)) : at + paging.SIZE])
    table = tables.takings(cut, with_project=True)
    title = _("数据领取登记")
    if kind:
        return downloads.answer(kind, title, [table], title=title)
    context = {
        "table": table,
        "page": paging.of_slice(request, cut, found.count()),
        "breadcrumbs": [(_("科研数据审批"), reverse("research:approvals")), (title, "")],
    }
    return render(request, "research/register.html", context)


urlpatterns = [
    path("", mine, name="mine"),
    path("new/", new, name="new"),
    path("projects/<int:number>/", project, name="project"),
    path("projects/<int:number>/take/", take, name="take"),
    path("projects/<int:number>/counts/", counts, name="counts"),
    path("projects/<int:number>/close/", close, name="close"),
    path("approvals/", approvals, name="approvals"),
    path("approvals/<int:number>/", decision, name="decision"),
    path("approvals/<int:number>/decide/", decide, name="decide"),
    path("approvals/<int:number>/end/", end, name="end"),
    path("register/", register, name="register"),
]
