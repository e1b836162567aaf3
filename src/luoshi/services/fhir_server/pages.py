"""Addresses below `/fhir/R4`: thin; each reads its parts and hands them to an interaction or operation."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path

from luoshi.services.fhir_server import bulk, bundles, capability, changing, reading, showing
from luoshi.web.fhir import (
    Answer,
    Call,
    Caller,
    FhirError,
    answer,
    body_of,
    caller,
    endpoint,
    operation,
    parameters_of,
    parsed,
)

app_name = "fhir"
_FORM = "application/x-www-form-urlencoded"


def _send(told: Answer) -> HttpResponse:
    return answer(told.resource, told.status, told.headers)


def _pairs(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.GET.lists() for value in values]


def _prefers(request: HttpRequest, name: str) -> str:
    """What the header Prefer says of `return` or `handling`; "" when nothing."""
    for part in request.headers.get("Prefer", "").replace(";", ",").split(","):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value.strip('"')
    return ""


def _allow(request: HttpRequest, *methods: str) -> str:
    method = "GET" if request.method == "HEAD" else str(request.method)
    if method not in methods:
        raise FhirError(
            405,
            "not-supported",
            "This method is not served here; see /fhir/R4/metadata.",
            headers={"Allow": ", ".join(methods)},
        )
    return method


@endpoint
def metadata(request: HttpRequest) -> HttpResponse:
    """What the server can do. Open to everyone: one reads it before one has a token."""
    _allow(request, "GET")
    return answer(capability.statement(showing.base(request)), headers={"Cache-Control": "public, max-age=300"})


@endpoint
def openapi(request: HttpRequest) -> HttpResponse:
    """The same for programs that read OpenAPI."""
    _allow(request, "GET")
    response = answer(capability.openapi(showing.base(request)))
    response.headers["Content-Type"] = "application/json"
    return response


@endpoint
def root(request: HttpRequest) -> HttpResponse:
    """Batches and transactions."""
    _allow(request, "POST")
    who = caller(request)
    raw = body_of(request)

    def get(at: str, query: str) -> Answer:
        return _get(who, at, parse_qsl(query, keep_blank_values=True), showing.base(request))

    return _send(bundles.run(who, raw, showing.base(request), get, returns=_prefers(request, "return")))


def _get(who: Caller, at: str, pairs: list[tuple[str, str]], base: str) -> Answer:
    """A read or search inside a bundle."""
    match at.strip("/").split("/"):
        case [kind] if kind:
            return reading.search_type(who, reading.known_type(kind), pairs, base, strict=True)
        case [kind, "_history"]:
            return reading.history(who, reading.known_type(kind), "", pairs, base)
        case [kind, id_]:
            return reading.read(who, reading.known_type(kind), id_)
        case [kind, id_, "_history"]:
            return reading.history(who, reading.known_type(kind), id_, pairs, base)
        case [kind, id_, "_history", version]:
            return reading.vread(who, reading.known_type(kind), id_, version)
    raise FhirError(400, "not-supported", "Only reads and searches are served inside a bundle.")


@endpoint
def system_history(request: HttpRequest) -> HttpResponse:
    """Everything that became known."""
    _allow(request, "GET")
    return _send(reading.history(caller(request), "", "", _pairs(request), showing.base(request)))


@endpoint
def of_type(request: HttpRequest, kind: str) -> HttpResponse:
    """Search, create, conditional update."""
    method = _allow(request, "GET", "POST", "PUT")
    who, base = caller(request), showing.base(request)
    reading.known_type(kind)
    if method == "GET":
        strict = _prefers(request, "handling") == "strict"
        return _send(reading.search_type(who, kind, _pairs(request), base, strict=strict))
    raw, returns = body_of(request), _prefers(request, "return")
    if method == "POST":
        condition = request.headers.get("If-None-Exist", "")
        return _send(changing.create(who, kind, raw, base, none_exist=condition, returns=returns))
    condition = request.META.get("QUERY_STRING", "")
    if not condition:
        raise FhirError(400, "invalid", "An update names an id, or a condition after the type.")
    match = request.headers.get("If-Match", "")
    return _send(changing.update_where(who, kind, condition, raw, base, if_match=match, returns=returns))


@endpoint
def search_by_post(request: HttpRequest, kind: str) -> HttpResponse:
    """A search whose parameters stand in the body, so that they appear in no log of addresses."""
    _allow(request, "GET", "POST")
    who = caller(request)
    reading.known_type(kind)
    pairs = _pairs(request)
    if request.method == "POST":
        if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() not in (_FORM, ""):
            raise FhirError(415, "not-supported", f"A search by POST sends {_FORM}.")
        try:
            pairs += parse_qsl(request.body.decode("utf-8"), keep_blank_values=True)
        except (UnicodeDecodeError, ValueError):
            raise FhirError(400, "structure", "The form is not UTF-8.") from None
    strict = _prefers(request, "handling") == "strict"
    return _send(reading.search_type(who, kind, pairs, showing.base(request), strict=strict))


@endpoint
def type_history(request: HttpRequest, kind: str) -> HttpResponse:
    """Everything of a type that became known."""
    _allow(request, "GET")
    who = caller(request)
    return _send(reading.history(who, reading.known_type(kind), "", _pairs(request), showing.base(request)))


@endpoint
def instance(request: HttpRequest, kind: str, id_: str) -> HttpResponse:
    """Read, update, delete."""
    method = _allow(request, "GET", "PUT", "DELETE")
    who, base = caller(request), showing.base(request)
    reading.known_type(kind)
    if method == "GET":
        return _send(reading.read(who, kind, id_, headers=request.headers))
    match, returns = request.headers.get("If-Match", ""), _prefers(request, "return")
    if method == "DELETE":
        return _send(changing.delete(who, kind, id_, if_match=match))
    return _send(changing.update(who, kind, id_, body_of(request), base, if_match=match, returns=returns))


@endpoint
def instance_history(request: HttpRequest, kind: str, id_: str) -> HttpResponse:
    """The versions of a resource."""
    _allow(request, "GET")
    who = caller(request)
    return _send(reading.history(who, reading.known_type(kind), id_, _pairs(request), showing.base(request)))


@endpoint
def version(request: HttpRequest, kind: str, id_: str, number: str) -> HttpResponse:
    """One version of a resource."""
    _allow(request, "GET")
    who = caller(request)
    return _send(reading.vread(who, reading.known_type(kind), id_, number))


@endpoint
def operate(request: HttpRequest, name: str, kind: str = "", id_: str = "") -> HttpResponse:
    """A `$operation` of the server or of another service."""
    _allow(request, "GET", "POST")
    if kind:
        reading.known_type(kind)
    found = operation(name, kind, id_)
    if found.changes_state:
        _allow(request, "POST")
    who = caller(request)
    if found.permission:
        who.require(found.permission)
    told = found.handle(_call(request, who, name, kind, id_))
    if isinstance(told, HttpResponse):
        return told
    return _send(told if isinstance(told, Answer) else Answer(told))


def _call(request: HttpRequest, who: Caller, name: str, kind: str, id_: str) -> Call:
    parameters: dict[str, list[Any]] = {key: list(values) for key, values in request.GET.lists()}
    resource = None
    if request.method == "POST" and name != "import" and request.body:
        resource = parsed(body_of(request))
        if resource.get("resourceType") == "Parameters":
            for key, values in parameters_of(resource).items():
                parameters.setdefault(key, []).extend(values)
            resource = None
    return Call(request, who, kind, id_, parameters, resource)


@endpoint
def bulk_status(request: HttpRequest, id_: UUID) -> HttpResponse:
    """How far an export or import is; DELETE ends it."""
    method = _allow(request, "GET", "DELETE")
    who = caller(request)
    return bulk.status(who, str(id_)) if method == "GET" else _send(bulk.cancel(who, str(id_)))


@endpoint
def bulk_file(request: HttpRequest, id_: UUID, name: str) -> Any:
    """A file of an export or import."""
    _allow(request, "GET")
    return bulk.fetch(caller(request), str(id_), name)


_TYPE = r"(?P<kind>[A-Z][A-Za-z]{1,39})"
_ID = r"(?P<id_>[A-Za-z0-9\-.]{1,64})"
_NAME = r"\$(?P<name>[a-z][a-z\-]{1,40})"
_SERVED = [
    path("metadata", metadata, name="fhir-metadata"),
    path("openapi.json", openapi, name="fhir-openapi"),
    path("", root, name="root-slash"),
    path("_history", system_history, name="system-history"),
    path("$bulk/<uuid:id_>", bulk_status, name="bulk-status"),
    path("$bulk/<uuid:id_>/<str:name>", bulk_file, name="bulk-file"),
    re_path(rf"^{_NAME}$", operate, name="system-operation"),
    re_path(rf"^{_TYPE}$", of_type, name="type"),
    re_path(rf"^{_TYPE}/_search$", search_by_post, name="search"),
    re_path(rf"^{_TYPE}/_history$", type_history, name="type-history"),
    re_path(rf"^{_TYPE}/{_NAME}$", operate, name="type-operation"),
    re_path(rf"^{_TYPE}/{_ID}$", instance, name="instance"),
    re_path(rf"^{_TYPE}/{_ID}/_history$", instance_history, name="instance-history"),
    re_path(rf"^{_TYPE}/{_ID}/_history/(?P<number>[^/]{{1,64}})$", version, name="version"),
    re_path(rf"^{_TYPE}/{_ID}/{_NAME}$", operate, name="instance-operation"),
]
# The address of the server is `/fhir/R4`, without a slash behind it.
urlpatterns = [path("R4", root, name="root"), path("R4/", include(_SERVED))]
