"""Pages that split and merge targets and tasks; plain forms, back to the item afterwards."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from luoshi.kernel.errors import UserError
from luoshi.platform.access.views import SignedInRequest, requires
from luoshi.services.plan_desk import queries, restructuring, wording
from luoshi.services.plan_desk.forms import IntoForm, SplitTaskForm, TargetForm
from luoshi.services.plan_desk.models import Plan, Status


@requires("plan.edit")
@require_http_methods(["GET", "POST"])
def split_target(request: SignedInRequest, target_id: int) -> HttpResponse:
    """A second promise out of one sentence."""
    target = queries.target_or_404(target_id, scope=request.scope)
    _open(target.plan)
    form = TargetForm(request.POST) if request.method == "POST" else TargetForm.of(target)
    if request.method == "POST" and form.is_valid():
        try:
            row = restructuring.split_target(target=target, by=request.user, **form.cleaned_data)
        except UserError as error:
            _add(form, error)
        else:
            return _back(target.plan, f"item-{row.pk}")
    hint = _("原条目保持不变；这里填写从同一句话拆出的第二条目标。")
    return _page(request, target.plan, form, title=_("拆分目标"), hint=hint, button=_("拆出这一条"), target=target)


@requires("plan.edit")
@require_http_methods(["GET", "POST"])
def merge_target(request: SignedInRequest, target_id: int) -> HttpResponse:
    """Two promises that are one."""
    target = queries.target_or_404(target_id, scope=request.scope)
    _open(target.plan)
    others = {
        str(row.pk): row
        for row in sorted(
            target.plan.targets.exclude(pk=target.pk).exclude(status=Status.REJECTED),
            key=lambda row: (row.task_id != target.task_id, abs(row.start - target.start)),
        )
    }
    choices = [(key, f"{row.metric} {row.promise}") for key, row in others.items()]
    form = IntoForm(request.POST if request.method == "POST" else None, choices=choices)
    if request.method == "POST" and form.is_valid():
        into = others[form.cleaned_data["into"]]
        try:
            restructuring.merge_targets(target=target, into=into, by=request.user)
        except UserError as error:
            _add(form, error)
        else:
            return _back(target.plan, f"item-{into.pk}")
    hint = _("本条与所选目标是同一件事：保留所选的一条，本条剔除，并记入更正记录。")
    return _page(request, target.plan, form, title=_("合并目标"), hint=hint, button=_("并入所选目标"), target=target)


@requires("plan.edit")
@require_http_methods(["GET", "POST"])
def split_task(request: SignedInRequest, task_id: int) -> HttpResponse:
    """Two pieces of work that were read as one."""
    task = queries.task_or_404(task_id, scope=request.scope)
    _open(task.plan)
    form = SplitTaskForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            row = restructuring.split_task(task=task, by=request.user, **form.cleaned_data)
        except UserError as error:
            _add(form, error)
        else:
            return _back(task.plan, f"task-{row.pk}")
    hint = _("从任务原文中抄下第二项任务开头的几个字，其后的内容和目标归入新任务，责任单位相同。")
    return _page(request, task.plan, form, title=_("拆分任务"), hint=hint, button=_("从这里拆开"), quote=task.text)


@requires("plan.edit")
@require_http_methods(["GET", "POST"])
def merge_task(request: SignedInRequest, task_id: int) -> HttpResponse:
    """One piece of work that was read as two."""
    task = queries.task_or_404(task_id, scope=request.scope)
    _open(task.plan)
    others = {
        str(row.pk): row
        for row in sorted(task.plan.tasks.exclude(pk=task.pk), key=lambda row: abs(row.start - task.start))
    }
    choices = [(key, str(row)) for key, row in others.items()]
    form = IntoForm(request.POST if request.method == "POST" else None, choices=choices)
    if request.method == "POST" and form.is_valid():
        into = others[form.cleaned_data["into"]]
        try:
            restructuring.merge_tasks(task=task, into=into, by=request.user)
        except UserError as error:
            _add(form, error)
        else:
            return _back(task.plan, f"task-{into.pk}")
    hint = _("本任务的内容、责任单位、目标和更正记录都并入所选任务。")
    return _page(request, task.plan, form, title=_("合并任务"), hint=hint, button=_("并入所选任务"), quote=task.text)


def _open(plan: Plan) -> None:
    if plan.status != Plan.Status.LOADED:
        raise PermissionDenied


def _back(plan: Plan, anchor: str) -> HttpResponse:
    return redirect(f"{reverse('plan_desk:desk', args=[plan.pk])}?show=order#{anchor}")


def _add(form: Form, error: UserError) -> None:
    form.add_error(error.where if error.where in form.fields else None, wording.said(error))


def _page(request: SignedInRequest, plan: Plan, form: Form, **context: Any) -> HttpResponse:
    context |= {"plan": plan, "form": form, "desk_url": reverse("plan_desk:desk", args=[plan.pk])}
    return render(request, "plan_desk/restructure.html", context, status=400 if form.errors else 200)


urlpatterns = [
    path("target/<int:target_id>/split/", split_target, name="split-target"),
    path("target/<int:target_id>/merge/", merge_target, name="merge-target"),
    path("task/<int:task_id>/split/", split_task, name="split-task"),
    path("task/<int:task_id>/merge/", merge_task, name="merge-task"),
]
