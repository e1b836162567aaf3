"""REST entrances for registered sources: `/api/sources/cda`, `/api/sources/hl7v2`, `/api/sources/tables/<mapping>`, and the
day's answer. A source's token is asked for; its registration says how mistakes are treated.

201: everything was taken. 202: something waits in quarantine. 422: something was refused, with reasons. Errors are
problem+json; a message of HL7 v2 is answered by its acknowledgement where `Accept` asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from luoshi.kernel import clock
from luoshi.kernel.errors import NotFound, Refused, UserError
from luoshi.platform.sources import hl7v2, tokens
from luoshi.platform.sources.documents import receive_document
from luoshi.platform.sources.receiving import Receipt
from luoshi.platform.sources.tables import kept_mapping, load
from luoshi.services.sources import queries
from luoshi.web.errors import problem

app_name = "sources_entrances"
_ER7 = "x-application/hl7-v2+er7"
View = Callable[..., HttpResponse]


def entrance(letter: str) -> Callable[[View], View]:
    """A view for a source with a token whose scopes give `letter` (of `cruds`) on every type; puts the principal on
    the request. Errors become problem+json."""

    def guard(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            principal = tokens.principal(request)
            if principal is None:
                answer = problem(401, "A token is needed.", "Get one: POST /oauth/token as a registered source.")
                answer["WWW-Authenticate"] = 'Bearer realm="luoshi"'
                return answer
            if not principal.may("*", letter):
                return problem(403, "The token may not do this.", f"Its scopes are {' '.join(principal.scopes)}.")
            try:
                return view(request, *args, **kwargs)
            except RequestDataTooBig:
                return problem(413, "The body is too large.", "Send less at once.")
            except UserError as error:
                status = 404 if isinstance(error, NotFound) else 409 if isinstance(error, Refused) else 422
                return problem(status, error.message, error.todo)
            except DatabaseError:
                answer = problem(503, "The store cannot take it now.", "Nothing was kept by halves; send it again.")
                answer["Retry-After"] = "30"
                return answer

        guarded.permission = "record.ingest" if letter in "cud" else "source.read"  # type: ignore[attr-defined]
        return guarded

    return guard


def _principal(request: HttpRequest) -> tokens.Principal:
    found = tokens.principal(request)
    assert found is not None
    return found


def _sent(request: HttpRequest, ending: str) -> tuple[bytes, str]:
    """What was sent and its name: the body, or one file of a form."""
    if request.content_type == "multipart/form-data":
        file = request.FILES.get("file")
        if file is None:
            raise NotFound("the form holds no file.", todo="Send it as the field `file`, or as the body itself.")
        return file.read(), file.name or f"sent{ending}"
    return request.body, request.GET.get("name", "") or f"sent{ending}"


@entrance("c")
@require_POST
def cda(request: HttpRequest) -> HttpResponse:
    """One clinical document."""
    data, name = _sent(request, ".xml")
    sender = _principal(request)
    return _answer(receive_document(data, source=sender.source, by=sender.by, where=name))


@entrance("c")
@require_POST
def hl7v2_message(request: HttpRequest) -> HttpResponse:
    """One HL7 v2 message."""
    data, _name = _sent(request, ".hl7")
    sender = _principal(request)
    handled = hl7v2.handle(data, source=sender.source, by=sender.by)
    status = {"AA": 201, "AE": 422, "AR": 422}[handled.code]
    if _ER7 in request.headers.get("Accept", ""):
        return HttpResponse(handled.ack, status=status, content_type=_ER7)
    told = {"code": handled.code, "text": handled.text, "again": handled.again}
    return JsonResponse(told, status=status, json_dumps_params={"ensure_ascii": False})


@entrance("c")
@require_POST
def table(request: HttpRequest, mapping: str) -> HttpResponse:
    """A table by a mapping declared before; `?dry-run=1` only checks it."""
    sender = _principal(request)
    declared = kept_mapping(sender.source, mapping)
    book = "spreadsheet" in (request.content_type or "")
    data, name = _sent(request, ".xlsx" if book else ".csv")
    dry = request.GET.get("dry-run", "") in ("1", "true")
    report = load(data, name, declared, source=sender.source, by=sender.by, dry_run=dry)
    told = {
        "rows": report.rows,
        "refused": report.refused,
        "dryRun": dry,
        "counts": report.counts.as_dict(),
        "mistakes": [{"line": line, "text": text} for line, text in report.mistakes],
    }
    status = (202 if report.quarantined else 422) if report.refused else (200 if dry else 201)
    return JsonResponse(told, status=status, json_dumps_params={"ensure_ascii": False})


@entrance("r")
@require_GET
def answer(request: HttpRequest) -> HttpResponse:
    """What became of what this source sent on a day (`?day=2025-11-03`, today without it)."""
    text = request.GET.get("day", "")
    try:
        day = date.fromisoformat(text) if text else clock.today()
    except ValueError:
        raise Http404 from None
    told = queries.answer(_principal(request).source, day).as_dict()
    return JsonResponse(told, json_dumps_params={"ensure_ascii": False})


def _answer(receipt: Receipt) -> HttpResponse:
    status = 201 if receipt.accepted else 202 if receipt.quarantined else 422
    return JsonResponse(receipt.as_dict(), status=status, json_dumps_params={"ensure_ascii": False})


urlpatterns = [
    path("cda", cda, name="cda"),
    path("hl7v2", hl7v2_message, name="hl7v2"),
    path("tables/<str:mapping>", table, name="table"),
    path("answer", answer, name="answer"),
]
