"""What a unit hands in: reports and files; and what becomes of them."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, UserError
from luoshi.platform.access.views import requires, signed_in
from luoshi.services.duty_desk.pages.frame import done, scope_of
from luoshi.supervision.duties import figures, filing, keeping, queries, reporting, sniffing
from luoshi.supervision.duties.models import Report

FILE_MOVES: dict[str, Any] = {
    "accept": filing.accept, "refuse": filing.refuse, "revoke": filing.revoke, "remove": filing.remove,
}  # fmt: skip
QUERY_MOVES: dict[str, Any] = {
    "answer": reporting.answer, "return": reporting.ask_again, "settle": reporting.settle, "uphold": reporting.uphold,
}  # fmt: skip


@requires("duty.act")
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, number: int) -> HttpResponse:
    """The report form: what is known stands there, locked; the rest is asked."""
    scope = scope_of(request)
    found = queries.duty_or_404(number, scope=scope)
    error = ""
    if request.method == "POST":
        try:
            value = _number(request.POST.get("value", ""), "value")
            _row, opened = reporting.report(
                duty=found, claim=request.POST.get("claim", ""), progress=request.POST.get("progress", ""),
                problems=request.POST.get("problems", ""), value=value, by=signed_in(request), scope=scope,
            )  # fmt: skip
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
        else:
            if opened:
                messages.warning(
                    request, _("已报告。填报与数据不一致，已提出 %(n)s 条疑问，请说明。") % {"n": len(opened)}
                )
            else:
                messages.success(request, _("已报告。"))
            return redirect("duty_desk:duty", number)
    figure = figures.of_duty(found, scope=scope)
    context = {
        "duty": found,
        "form": reporting.form(found, figure, scope=scope),
        "claims": Report.CLAIMS,
        "given": request.POST,
        "error": error,
        "breadcrumbs": [
            (_("任务"), reverse("duty_desk:duties")),
            (found.title, reverse("duty_desk:duty", args=[number])),
            (_("报告进展"), ""),
        ],
    }
    return render(request, "duty_desk/report.html", context, status=400 if error else 200)


def _number(text: str, where: str) -> float | None:
    if not text.strip():
        return None
    try:
        value = float(text.strip().rstrip("%"))
    except ValueError:
        raise InvalidValue(_("“%(text)s”不是数字。") % {"text": text.strip()[:20]}, where=where) from None
    if value != value or abs(value) > 1e12:
        raise InvalidValue(_("“%(text)s”不是数字。") % {"text": text.strip()[:20]}, where=where)
    return value


@requires("duty.act")
@require_POST
def hand_in(request: HttpRequest, number: int) -> HttpResponse:
    """Take a file for a duty."""
    scope = scope_of(request)
    found = queries.duty_or_404(number, scope=scope)

    def work() -> None:
        upload = request.FILES.get("file")
        if not isinstance(upload, UploadedFile):
            raise InvalidValue(_("请选择文件。"), where="file")
        try:
            dated = date.fromisoformat(request.POST.get("dated", "") or clock.today().isoformat())
        except ValueError:
            raise InvalidValue(_("材料日期不是有效的日期。"), where="dated") from None
        filing.hand_in(
            duty=found, name=upload.name or "file", chunks=upload.chunks(), title=request.POST.get("title", ""),
            dated=dated, counts=_number(request.POST.get("counts", ""), "counts") or 1, by=signed_in(request),
            scope=scope, kind="attachment" if request.POST.get("kind") == "attachment" else "evidence",
        )  # fmt: skip

    return done(request, f"{reverse('duty_desk:duty', args=[number])}#files", work, _("材料已提交。"))


@requires("duty.read")
@require_GET
def file(request: HttpRequest, number: int) -> HttpResponse:
    """A file as a download, never shown inside a page: its type is told, but a browser must not run or guess it."""
    found = queries.evidence_or_404(number, scope=scope_of(request))
    response = HttpResponse(keeping.content(found.sha256), content_type=sniffing.MEDIA_TYPES[found.media])
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(found.name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response


@requires("duty.read")
@require_POST
def judge(request: HttpRequest, number: int) -> HttpResponse:
    """Accept, refuse, revoke or take back a file."""
    scope, by = scope_of(request), signed_in(request)
    found = queries.evidence_or_404(number, scope=scope)
    name, text = request.POST.get("move", ""), request.POST.get("text", "")

    def work() -> None:
        if name not in FILE_MOVES:
            raise InvalidValue(_("没有这个操作。"))
        more = {"reason": text} if name in ("refuse", "revoke") else {}
        FILE_MOVES[name](file=found, by=by, scope=scope, **more)

    return done(request, f"{reverse('duty_desk:duty', args=[found.duty_id])}#files", work, _("已办理。"))


@requires("duty.read")
@require_POST
def query(request: HttpRequest, number: int) -> HttpResponse:
    """Explain, give back, settle or uphold a query about a report."""
    scope, by = scope_of(request), signed_in(request)
    found = queries.query_or_404(number, scope=scope)
    name, text = request.POST.get("move", ""), request.POST.get("text", "")

    def work() -> None:
        if name not in QUERY_MOVES:
            raise InvalidValue(_("没有这个操作。"))
        more = {"text": text} if name == "answer" else {"reason": text}
        QUERY_MOVES[name](query=found, by=by, scope=scope, **more)

    return done(request, f"{reverse('duty_desk:duty', args=[found.duty_id])}#queries", work, _("已办理。"))
