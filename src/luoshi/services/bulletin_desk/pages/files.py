"""The files of a paper and the pictures of its pages."""

from __future__ import annotations

from urllib.parse import quote

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access.views import requires, signed_in
from luoshi.services.bulletin_desk import preview
from luoshi.supervision.bulletins import making, queries, rules, sending
from luoshi.web import errors


@requires("bulletin.read")
@require_GET
def file(request: HttpRequest, number: int, form: str) -> HttpResponse:
    """The paper as docx, pdf or xlsx: as it went out, or as it stands for one on its way."""
    if form not in rules.FORMATS:
        raise Http404
    found = queries.issue(number, scope=request.scope)  # type: ignore[attr-defined]
    try:
        name, body = next(sending.files_of(found, [form]))
    except UserError as error:
        return errors.problem(503, error.message, error.todo)
    with transaction.atomic():
        audit.record(
            by=signed_in(request), action="bulletin.download", object_type="bulletin", object_id=found.pk,
            scope_division=found.division, detail={"format": form, "state": found.state},
        )  # fmt: skip
    answer = HttpResponse(body, content_type=making.TYPES[form])
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    answer["Cache-Control"] = "private, no-store"
    return answer


@requires("bulletin.read")
@require_GET
def page(request: HttpRequest, number: int, page: int) -> HttpResponse:
    """One page as a picture."""
    found = queries.issue(number, scope=request.scope)  # type: ignore[attr-defined]
    try:
        body = preview.picture(preview.pdf_of(found), page)
    except UserError as error:
        return errors.problem(503, error.message, error.todo)
    answer = HttpResponse(body, content_type="image/png")
    answer["Cache-Control"] = "private, max-age=600"
    return answer
