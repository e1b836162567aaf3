"""Pages of 任务台账: take it along as Excel or Word, and hand the edited workbook back."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from luoshi.kernel.errors import UnreadableFile, UserError
from luoshi.platform.access.views import SignedInRequest, requires
from luoshi.services.plan_desk import ledger, ledger_import, queries, wording
from luoshi.services.plan_desk.forms import LedgerForm
from luoshi.services.plan_desk.models import Plan
from luoshi.web import downloads

MOST_BYTES = 20 * 2**20


@requires("plan.read")
@require_http_methods(["GET", "POST"])
def ledger_page(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """Where to get the ledger, and (for those who may change the plan) where to hand it back."""
    plan = queries.plan_or_404(plan_id, scope=request.scope)
    inside = request.scope.covers_path(plan.division.path)
    may_edit = inside and request.scope.can("plan.edit")
    if request.method == "POST":
        if not request.scope.can("plan.edit"):
            raise PermissionDenied
        if not inside:
            raise Http404
    form = LedgerForm(request.POST, request.FILES) if request.method == "POST" else LedgerForm()
    problems: list[str] = []
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > MOST_BYTES:
                raise UnreadableFile(_("台账文件过大。"), todo=_("请只保留台账一张工作表。"))
            done = ledger_import.apply(plan=plan, sheet=ledger_import.read(file.read(), file.name), by=request.user)
        except ledger_import.LedgerRefused as error:
            form.add_error(None, error.message)
            problems = error.rows
        except UserError as error:
            form.add_error("file", wording.refusal(error))
        else:
            messages.success(request, done.words)
            return redirect("plan_desk:desk", plan.pk)
    context = {
        "plan": plan,
        "form": form,
        "problems": problems,
        "may_edit": may_edit and plan.status == Plan.Status.LOADED,
        "closed": may_edit and plan.status != Plan.Status.LOADED,
        "breadcrumbs": [
            (_("规划"), reverse("plan_desk:list")),
            (plan.title, reverse("plan_desk:desk", args=[plan.pk])),
            (_("任务台账"), ""),
        ],
    }
    return render(request, "plan_desk/ledger.html", context, status=400 if form.errors else 200)


@requires("plan.read")
@require_GET
def ledger_file(request: SignedInRequest, plan_id: int, kind: str) -> HttpResponse:
    """The ledger as a file."""
    plan = queries.plan_or_404(plan_id, scope=request.scope)
    body = ledger.workbook(plan) if kind == "xlsx" else ledger.document(plan)
    response = HttpResponse(body, content_type=downloads.TYPES[kind])
    name = quote(f"{plan.title[:60]}-{_('任务台账')}.{kind}")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    response["Cache-Control"] = "private, no-store"
    return response


urlpatterns = [
    path("<int:plan_id>/ledger/", ledger_page, name="ledger"),
    path("<int:plan_id>/ledger.xlsx", ledger_file, {"kind": "xlsx"}, name="ledger-xlsx"),
    path("<int:plan_id>/ledger.docx", ledger_file, {"kind": "docx"}, name="ledger-docx"),
]
