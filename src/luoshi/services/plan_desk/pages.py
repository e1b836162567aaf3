"""Pages of the desk: the list of plans, the upload, and the desk where document and items stand side by side.

Every form works without scripts (post, then back to the item); with htmx only the item itself is exchanged.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget

from luoshi.kernel.errors import InvalidValue, UnreadableFile, UserError
from luoshi.platform.access import queries as access_queries
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import SignedInRequest, requires
from luoshi.services.plan_desk import (
    actions,
    alignment_pages,
    bindings,
    ledger_pages,
    ordering,
    queries,
    reading,
    rendering,
    restructuring_pages,
    wording,
)
from luoshi.services.plan_desk.forms import BindingForm, NewTargetForm, TargetForm, TaskForm, UploadForm
from luoshi.services.plan_desk.models import Binding, Plan, Status, Target
from luoshi.web.tables import Cell, Column, Table, cell

app_name = "plan_desk"
MOST_BYTES = 50 * 2**20
VIEWS = ("doubtful", "order", "open", "rejected")


@requires("plan.read")
@require_GET
def plan_list(request: SignedInRequest) -> HttpResponse:
    """All plans in sight."""
    may_load = request.scope.can("plan.edit")
    return render(request, "plan_desk/list.html", {"table": _plan_table(request.scope), "may_load": may_load})


def _plan_table(scope: Scope) -> Table:
    columns = [
        Column(_("规划"), head=True, width=48),
        Column(_("区划")),
        Column(_("年份")),
        Column(_("任务"), kind="number"),
        Column(_("目标"), kind="number"),
        Column(_("待确认"), kind="number"),
        Column(_("状态")),
        Column(_("载入")),
    ]
    rows = [
        [
            _plan_cell(row.plan),
            Cell(row.plan.division.name),
            Cell(row.plan.years or "—"),
            cell(row.tasks),
            cell(row.targets),
            cell(row.open),
            Cell(row.plan.get_status_display()),
            Cell(f"{localtime(row.plan.loaded_at):%Y-%m-%d}", note=row.plan.loaded_by),
        ]
        for row in queries.plan_list(scope)
    ]
    return Table(caption=_("已载入的规划"), columns=columns, rows=rows, empty=_("还没有规划。"), caption_hidden=True)


def _plan_cell(plan: Plan) -> Cell:
    note = " · ".join(filter(None, (plan.issuer, plan.doc_number)))
    return Cell(plan.title, href=_desk_url(plan.pk), note=note)


@requires("plan.edit")
@require_http_methods(["GET", "POST"])
def upload(request: SignedInRequest) -> HttpResponse:
    """Load a document."""
    own = queries.amendable(scope=request.scope)
    form = UploadForm(request.POST, request.FILES, plans=own) if request.method == "POST" else UploadForm(plans=own)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > MOST_BYTES:
                raise UnreadableFile(f"the file has {file.size:,} bytes; at most {MOST_BYTES:,} are read.")
            division, _none = access_queries.place(division=form.cleaned_data["division"])
            loaded = actions.load(
                content=file.read(),
                name=file.name,
                by=request.user,
                scope=request.scope,
                division=division,
                amends=_amended(form.cleaned_data["amends"], scope=request.scope),
            )
        except UnreadableFile as error:
            form.add_error("file", wording.refusal(error))
        except UserError as error:
            form.add_error(None, wording.said(error))
        else:
            if not loaded.new:
                messages.info(request, _("这份文件以前已经载入，下面是原来的规划。"))
            if loaded.new and loaded.plan.amends_id:
                messages.success(
                    request, _("已作为修订载入，没有变化的目标沿用原来的更正和确认。确认后原规划退出看板。")
                )
                return redirect("plan_desk:amendment", loaded.plan.pk)
            return redirect("plan_desk:desk", loaded.plan.pk)
    return render(request, "plan_desk/upload.html", {"form": form}, status=400 if form.errors else 200)


def _amended(number: str, *, scope: Scope) -> Plan | None:
    return queries.own_plan_or_404(int(number), scope=scope) if number else None


@requires("plan.read")
@require_GET
def desk(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """The document on the left, its items on the right."""
    plan = queries.plan_or_404(plan_id, scope=request.scope)
    shown = queries.desk(plan)
    view = request.GET.get("show", "")
    if view not in VIEWS:
        view = "doubtful" if shown.counts["doubtful"] and plan.status == Plan.Status.LOADED else "order"
    targets = [target for card in shown.cards for target in card.targets]
    context = {
        **_rights(request.scope, plan),
        "plan": plan,
        "desk": shown,
        "counts": shown.counts,
        "view": view,
        "listed": _listed(targets, view),
        "paragraphs": rendering.paragraphs(plan, targets),
        "notes": [wording.note(note) for note in plan.notes],
        "order": ordering.of(plan),
        "successor": queries.successor(plan, scope=request.scope),
        "breadcrumbs": [(_("规划"), reverse("plan_desk:list")), (plan.title, "")],
    }
    return render(request, "plan_desk/desk.html", context)


def _listed(targets: list[Target], view: str) -> list[Target]:
    """The targets of a flat view: doubtful ones first, open ones, rejected ones. Empty for the view by tasks."""
    if view == "open":
        return [t for t in targets if t.status == Status.PROPOSED]
    if view == "rejected":
        return [t for t in targets if t.status == Status.REJECTED]
    if view == "doubtful":
        standing = [t for t in targets if t.status != Status.REJECTED]
        return sorted(standing, key=lambda t: not (t.status == Status.PROPOSED and t.is_doubtful))
    return []


def _rights(scope: Scope, plan: Plan) -> dict[str, bool]:
    inside = scope.covers_path(plan.division.path)
    open_ = plan.status == Plan.Status.LOADED
    return {
        "may_edit": inside and open_ and scope.can("plan.edit"),
        "may_judge": inside and open_ and scope.can("plan.confirm"),
        "may_confirm": inside and scope.can("plan.confirm"),
    }


@requires("plan.confirm")
@require_POST
def confirm(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """Confirm the plan with everything nobody has judged yet."""
    plan = queries.own_plan_or_404(plan_id, scope=request.scope)
    accepted = actions.confirm_plan(plan=plan, by=request.user)
    messages.success(request, _("规划已确认，本次确认 %(count)d 条目标，已进入目标看板。") % {"count": accepted})
    return redirect("plan_desk:desk", plan.pk)


@requires("plan.confirm")
@require_POST
def reopen(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """Take the plan back to the desk."""
    plan = queries.own_plan_or_404(plan_id, scope=request.scope)
    actions.reopen_plan(plan=plan, by=request.user)
    messages.info(request, _("规划已重新打开，确认前其目标不再显示在看板上。"))
    return redirect("plan_desk:desk", plan.pk)


@requires("plan.edit")
@require_POST
def reread(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """Read the kept file again."""
    plan = queries.own_plan_or_404(plan_id, scope=request.scope)
    changed = actions.reread(plan=plan, by=request.user)
    messages.success(request, _("已重新读取：%(count)d 条目标有变化，人工确认和更正均已保留。") % {"count": changed})
    return redirect("plan_desk:desk", plan.pk)


@requires("plan.edit")
@require_POST
def order(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """Accept or change the order in which the pages are read."""
    plan = queries.own_plan_or_404(plan_id, scope=request.scope)
    try:
        changed = actions.set_order(
            plan=plan, spans=ordering.chosen(plan, request.POST.get("order", "")), by=request.user
        )
    except UserError as error:
        messages.error(request, wording.said(error))
    else:
        messages.success(
            request, _("已按此页序读取：%(count)d 条目标有变化，人工确认和更正均已保留。") % {"count": changed}
        )
    return redirect("plan_desk:desk", plan.pk)


@requires("plan.confirm")
@require_POST
def judge(request: SignedInRequest, target_id: int) -> HttpResponse:
    """Confirm, reject or reopen one target."""
    target = queries.target_or_404(target_id, scope=request.scope)
    status = request.POST.get("status", "")
    if status not in (Status.CONFIRMED, Status.REJECTED, Status.PROPOSED):
        raise InvalidValue(_("请选择确认、剔除或恢复。"))
    try:
        actions.judge(target=target, status=Status(status), by=request.user)
    except UserError as error:
        return _answer(request, target, error=wording.said(error))
    return _answer(request, target)


@requires("plan.edit")
@require_http_methods(["GET", "POST"])
def edit_target(request: SignedInRequest, target_id: int) -> HttpResponse:
    """Correct a target."""
    target = queries.target_or_404(target_id, scope=request.scope)
    form = TargetForm(request.POST) if request.method == "POST" else TargetForm.of(target)
    if request.method == "POST" and form.is_valid():
        try:
            actions.correct_target(target=target, by=request.user, **form.cleaned_data)
        except UserError as error:
            _add(form, error)
        else:
            return _answer(request, target)
    return _form(request, "plan_desk/edit_target.html", target.plan, form, target=target)


@requires("plan.edit")
@require_http_methods(["GET", "POST"])
def bind_target(request: SignedInRequest, target_id: int) -> HttpResponse:
    """Choose how a target is measured."""
    target = queries.target_or_404(target_id, scope=request.scope)
    held = Binding.objects.filter(target=target).first()
    choices = bindings.choices(held.candidates if held else [])
    if request.method == "POST":
        form = BindingForm(request.POST, choices=choices)
    else:
        names = ("kind", "indicator", "verdict", "missing")
        form = BindingForm(choices=choices, initial={n: getattr(held, n) for n in names} if held else {})
    if request.method == "POST" and form.is_valid():
        try:
            actions.bind(target=target, by=request.user, **form.cleaned_data)
        except UserError as error:
            _add(form, error)
        else:
            return _answer(request, target)
    return _form(request, "plan_desk/bind_target.html", target.plan, form, target=target)


@requires("plan.edit")
@require_http_methods(["GET", "POST"])
def edit_task(request: SignedInRequest, task_id: int) -> HttpResponse:
    """Correct a task: its departments, deadline, title."""
    task = queries.task_or_404(task_id, scope=request.scope)
    form = TaskForm(request.POST) if request.method == "POST" else TaskForm.of(task)
    if request.method == "POST" and form.is_valid():
        try:
            row = actions.correct_task(task=task, by=request.user, **form.cleaned_data)
        except UserError as error:
            _add(form, error)
        else:
            if request.htmx:
                answer = render(request, "plan_desk/_task.html", {"task": row, **_rights(request.scope, task.plan)})
                return _instead(answer, f"#task-{row.pk}")
            return redirect(f"{_desk_url(task.plan_id)}?show=order#task-{task.pk}")
    return _form(request, "plan_desk/edit_task.html", task.plan, form, task=task)


@requires("plan.edit")
@require_http_methods(["GET", "POST"])
def add_target(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """Add a target the reader missed, from selected or pasted text."""
    plan = queries.own_plan_or_404(plan_id, scope=request.scope)
    if request.method == "POST":
        form = NewTargetForm(request.POST, text=plan.text)
    else:
        form = NewTargetForm(text=plan.text, initial=_selection(request, plan))
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        data.pop("quote")
        try:
            target = actions.add_target(plan=plan, by=request.user, **data)
        except UserError as error:
            _add(form, error)
        else:
            # The number makes the address a new one: a browser that only scrolled would not show the new item.
            url = f"{_desk_url(plan.pk)}?show=order&added={target.pk}#item-{target.pk}"
            return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
    return _form(request, "plan_desk/add_target.html", plan, form)


def _selection(request: SignedInRequest, plan: Plan) -> dict[str, Any]:
    """What was selected in the document, as the start of the form; what the reader makes of it fills the fields."""
    try:
        start, end = int(request.GET["start"]), int(request.GET["end"])
    except (KeyError, ValueError):
        return {}
    if not 0 <= start < end <= len(plan.text):
        return {}
    return reading.start_of_form(plan, start, end)


def _add(form: Any, error: UserError) -> None:
    field = error.where if error.where in form.fields else None
    form.add_error(field, wording.said(error))


def _desk_url(plan_id: int) -> str:
    return reverse("plan_desk:desk", args=[plan_id])


def _form(request: SignedInRequest, template: str, plan: Plan, form: Any, **context: Any) -> HttpResponse:
    """A form as a fragment inside the desk, or as a page of its own."""
    if plan.status != Plan.Status.LOADED:
        raise PermissionDenied
    page = "plan_desk/_form_fragment.html" if request.htmx else "plan_desk/_form_page.html"
    context |= {"form": form, "plan": plan, "form_template": template, "desk_url": _desk_url(plan.pk)}
    return render(request, page, context, status=200 if request.htmx or not form.errors else 400)


def _answer(request: SignedInRequest, target: Target, *, error: str = "") -> HttpResponse:
    """The item as it stands now, with the counts above the list; or back to the desk without htmx."""
    if not request.htmx:
        if error:
            messages.error(request, error)
        return redirect(f"{_desk_url(target.plan_id)}?show={_view(request)}#item-{target.pk}")
    target = queries.item(target.pk)
    context = {
        **_rights(request.scope, target.plan),
        "target": target,
        "plan": target.plan,
        "counts": queries.counts(target.plan),
        "view": _view(request),
        "error": error,
        "fragment": True,
    }
    response = render(request, "plan_desk/_answer.html", context)
    return _instead(response, f"#item-{target.pk}")


def _instead(response: HttpResponse, place: str) -> HttpResponse:
    """Have htmx put the answer in the place of an element, wherever the form that asked stands."""
    retarget(response, place)
    reswap(response, "outerHTML")
    return response


def _view(request: SignedInRequest) -> str:
    view = request.POST.get("show", "") or request.GET.get("show", "")
    return view if view in VIEWS else "order"


urlpatterns = [
    path("", plan_list, name="list"),
    path("upload/", upload, name="upload"),
    path("<int:plan_id>/", desk, name="desk"),
    path("<int:plan_id>/confirm/", confirm, name="confirm"),
    path("<int:plan_id>/reopen/", reopen, name="reopen"),
    path("<int:plan_id>/reread/", reread, name="reread"),
    path("<int:plan_id>/order/", order, name="order"),
    path("<int:plan_id>/add/", add_target, name="add"),
    path("target/<int:target_id>/judge/", judge, name="judge"),
    path("target/<int:target_id>/edit/", edit_target, name="edit-target"),
    path("target/<int:target_id>/bind/", bind_target, name="bind-target"),
    path("task/<int:task_id>/edit/", edit_task, name="edit-task"),
    *alignment_pages.urlpatterns,
    *ledger_pages.urlpatterns,
    *restructuring_pages.urlpatterns,
]
