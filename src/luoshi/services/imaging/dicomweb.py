"""DICOMweb at our address: QIDO-RS and WADO-RS of studies a caller may see, STOW-RS from registered sources.

    GET  /imaging/dicom-web/studies?PatientID=…          studies of a resident
    GET  /imaging/dicom-web/studies/{uid}/…              series, instances, metadata, frames, rendered
    POST /imaging/dicom-web/studies                      instances, linked to the resident whose number they carry

The caller is a session (record.read) or a Bearer token. A study counts as there only where an ImagingStudy in the record names
it and the resident lets this caller see it; everything else is 404.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from luoshi.kernel.errors import NotFound, Refused, UserError
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import SECOND_FACTOR_KEY, scope_of
from luoshi.platform.sources import tokens
from luoshi.platform.store import people
from luoshi.services.imaging import actions, archive, queries
from luoshi.web.errors import problem

JSON = "application/dicom+json"
_BELOW = re.compile(
    r"(?:/series|/instances|/metadata|/rendered"
    r"|/series/[0-9.]+(?:/instances|/metadata|/rendered|/instances/[0-9.]+(?:/metadata|/rendered|/frames/[0-9,]+(?:/rendered)?)?)?)?"
)
View = Callable[..., HttpResponse]


def door(view: View) -> View:
    """A view for a session with `record.read` or a token; puts `scope` and `by` into the call. Errors are problem+json."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        principal = tokens.principal(request)
        if principal is not None:
            scope, by = principal.scope, principal.by
            if not principal.may("ImagingStudy", "c" if request.method == "POST" else "r"):
                return problem(403, "The token may not do this.", f"Its scopes are {' '.join(principal.scopes)}.")
        elif isinstance(request.user, User) and request.method == "GET":
            scope, by = scope_of(request), request.user.get_username()
            if not scope.can("record.read"):
                return problem(403, "The account does not carry the permission 'record.read'.")
            if settings.LUOSHI_TWO_FACTOR and not request.session.get(SECOND_FACTOR_KEY):
                return problem(403, _("需要第二重验证"), _("请先在网页上完成第二重验证，再调用接口。"))
        else:
            answer = problem(401, "A token is needed.", "Get one: POST /oauth/token as a registered source.")
            answer["WWW-Authenticate"] = 'Bearer realm="luoshi"'
            return answer
        try:
            return view(request, *args, scope=scope, by=by, **kwargs)
        except Http404:
            return problem(404, "There is no such study here, or it lies outside what you may see.")
        except RequestDataTooBig:
            return problem(413, "The body is too large.", "Send fewer instances at once.")
        except archive.Unreachable as error:
            return problem(503, error.message, error.todo)
        except UserError as error:
            status = 404 if isinstance(error, NotFound) else 409 if isinstance(error, Refused) else 400
            return problem(status, error.message, error.todo)

    guarded.permission = "record.read"  # type: ignore[attr-defined]
    guarded.person_factor = True  # type: ignore[attr-defined]
    return guarded


@door
def studies(request: HttpRequest, *, scope: Scope, by: str) -> HttpResponse:
    """QIDO-RS of a resident's studies, or STOW-RS."""
    if request.method == "POST":
        return _stow(request, scope, by)
    if request.method != "GET":
        return problem(405, "Only GET and POST.")
    number = request.GET.get("PatientID", "") or request.GET.get("00100020", "")
    if not number:
        return problem(400, "PatientID is missing.", "Studies are found by the number of a resident.")
    found = []
    for person in people.by_identifier(number, scope=scope):
        listed = queries.studies_of(person, scope=scope)
        audit.look(by=by, person=person, what="dicomweb")
        for stored in listed[:100]:
            found += archive.find("studies", StudyInstanceUID=queries.uid_of(stored.resource))
    return HttpResponse(orjson.dumps(found), content_type=JSON)


@door
def below(request: HttpRequest, uid: str, rest: str, *, scope: Scope, by: str) -> HttpResponse:
    """QIDO-RS and WADO-RS below one study, as the archive answers."""
    rest = f"/{rest}" if rest else ""
    if request.method != "GET":
        return problem(405, "Only GET.")
    if not re.fullmatch(r"[0-9.]{1,64}", uid) or not _BELOW.fullmatch(rest):
        raise Http404
    stored = queries.study_by_uid(uid, scope=scope)
    assert stored.person is not None
    audit.look(by=by, person=stored.person, what="dicomweb")
    accept = request.headers.get("Accept", "*/*")
    reply = archive.call("GET", f"studies/{uid}{rest}", query=request.META.get("QUERY_STRING", ""), accept=accept)
    if reply.status in (401, 403, 404) or reply.status >= 500:
        raise Http404
    answer = HttpResponse(reply.body, status=reply.status, content_type=reply.kind or None)
    answer["Cache-Control"] = "private, no-store"
    return answer


def _stow(request: HttpRequest, scope: Scope, by: str) -> HttpResponse:
    """Take instances in; the answer is the one of STOW-RS (PS3.18 10.5)."""
    kind = request.headers.get("Content-Type", "")
    if not kind.lower().startswith("multipart/related"):
        return problem(415, "Send multipart/related; type=application/dicom.")
    principal = tokens.principal(request)
    assert principal is not None
    taken = actions.take(
        archive.parts(request.body, kind), institution=principal.source.institution, by=by, scope=scope
    )
    root = request.build_absolute_uri("/imaging/dicom-web/studies/")
    body = {
        "00081190": {"vr": "UR", "Value": [f"{root}{t.uid}" for t in taken][:1]},
        "00081199": {"vr": "SQ", "Value": [{"0020000D": {"vr": "UI", "Value": [t.uid]}} for t in taken]},
    }
    return HttpResponse(orjson.dumps(body), content_type=JSON)


urlpatterns = [
    path("dicom-web/studies", studies, name="dicomweb"),
    path("dicom-web/studies/<str:uid>", below, {"rest": ""}, name="dicomweb-study"),
    path("dicom-web/studies/<str:uid>/<path:rest>", below, name="dicomweb-below"),
]
