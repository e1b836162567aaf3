"""The FHIR edge: who asks, in which format, and errors as OperationOutcome. Also how a service adds a `$operation`.

A service that offers FHIR operations keeps a list `operations` of `Operation` in its module `fhir`; it is found here as
`web.api` finds `rest.py`, served below `/fhir/R4` and named in the CapabilityStatement:

    def match(call: Call) -> Answer | dict: ...
    operations = [Operation("match", match, permission="record.read", types=("Patient",), at_type=True)]

A handler reads `call.parameters` (query or Parameters body, by name), `call.caller.scope` and raises `FhirError` or any
`UserError`; both become an OperationOutcome. It notes looks at persons itself (`audit.look_at_list`).

A request carries either the session of an account or the Bearer token of a registered source. Texts never repeat values
of a record.
"""

from __future__ import annotations

import importlib
import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, wraps
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.middleware.csrf import CsrfViewMiddleware
from django.views.decorators.csrf import csrf_exempt

from luoshi.kernel.errors import NotFound, Refused, UserError
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import SECOND_FACTOR_KEY, scope_of
from luoshi.platform.sources.tokens import principal
from luoshi.web.manifest import services

if TYPE_CHECKING:
    from luoshi.records.validate import Issue

BASE = "/fhir/R4"
MEDIA = "application/fhir+json"
NDJSON = "application/fhir+ndjson"
_JSON = {MEDIA, "application/json", "text/json", "application/json+fhir", "json"}
_ANY = {"*/*", "application/*", "text/*"}
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
log = logging.getLogger("luoshi.fhir")

View = Callable[..., HttpResponse]


class FhirError(Exception):
    """An answer that is an error: `status` of HTTP, `code` an IssueType of FHIR, `text` for whoever mends it; `place`: a
    FHIRPath-like place. `issues` replaces the three by the issues of a check."""

    def __init__(
        self,
        status: int,
        code: str,
        text: str,
        *,
        place: str = "",
        issues: Iterable[Issue] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status, self.code, self.text, self.place = status, code, text, place
        self.issues, self.headers = list(issues), dict(headers or {})
        super().__init__(text)

    @property
    def outcome(self) -> dict[str, Any]:
        """The OperationOutcome to send."""
        if self.issues:
            return outcome_of(self.issues)
        return outcome(self.code, self.text, place=self.place)


@dataclass(frozen=True)
class Answer:
    """What an operation answers: a resource (None: no content), the status and headers."""

    resource: dict[str, Any] | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Caller:
    """Who asks. `by` is the name in the audit trail; `source` the name of the source it writes as; `user` is None for a
    token. `profile`, `mode`: how its records are checked, as its source is registered. `principal`: behind a token."""

    by: str
    scope: Scope
    source: str
    user: User | None = None
    profile: str | None = None
    mode: str = "reject"
    principal: Any = None

    @property
    def source_id(self) -> int | None:
        """The number of the source behind a token: what it sent itself it may always read."""
        return getattr(getattr(self.principal, "source", None), "pk", None)

    def may(self, resource_type: str, letter: str) -> bool:
        """Whether it may `letter` (of `cruds`: create, read, update, delete, search) a type; `*`: every type."""
        if not self.scope.can("record.read" if letter in "rs" else "record.ingest"):
            return False
        return self.principal is None or bool(self.principal.may(resource_type, letter))

    def need(self, resource_type: str, letter: str) -> None:
        """Raise 403 unless it `may`."""
        if not self.may(resource_type, letter):
            raise FhirError(403, "forbidden", f"The account or token may not do this with {resource_type}.")

    def require(self, permission: str) -> None:
        """Raise 403 unless the caller has `permission`."""
        if not self.scope.can(permission):
            raise FhirError(403, "forbidden", f"The account or token does not carry the permission {permission!r}.")


@dataclass(frozen=True)
class Call:
    """One call of an operation. `parameters`: values by name, from the query or a Parameters resource (there resources
    and complex values are parsed JSON). `resource`: the body when it is a resource of its own."""

    request: HttpRequest
    caller: Caller
    type: str = ""
    id: str = ""
    parameters: Mapping[str, list[Any]] = field(default_factory=dict)
    resource: dict[str, Any] | None = None

    def one(self, name: str, default: Any = "") -> Any:
        """The first value of a parameter, or the default."""
        values = self.parameters.get(name)
        return values[0] if values else default


Handler = Callable[[Call], "Answer | dict[str, Any] | HttpResponse"]


@dataclass(frozen=True)
class Operation:
    """A `$name`, where it may be called, and by whom. `permission`: empty when the handler asks itself. `types`: resource
    types, empty for every type the server takes. `changes_state`: it may not be called by GET."""

    name: str
    handle: Handler
    permission: str
    types: tuple[str, ...] = ()
    at_system: bool = False
    at_type: bool = False
    at_instance: bool = False
    changes_state: bool = False
    documentation: str = ""
    # The canonical address of its definition; ours when empty.
    definition: str = ""

    @property
    def canonical(self) -> str:
        """The address of its definition."""
        return self.definition or f"urn:luoshi:cn:operation:{self.name}"

    def at(self, type_: str, id_: str) -> bool:
        """Whether it may be called there."""
        if not type_:
            return self.at_system
        return (not self.types or type_ in self.types) and (self.at_instance if id_ else self.at_type)


@cache
def operations() -> tuple[Operation, ...]:
    """The operations of all installed services. One name may stand at different places, not twice at one."""
    found: list[Operation] = []
    for service in services():
        if find_spec(f"{service.name}.fhir"):
            found.extend(importlib.import_module(f"{service.name}.fhir").operations)
    return tuple(found)


def operation(name: str, type_: str, id_: str) -> Operation:
    """The operation of that name at that place. Raises 404."""
    for one in operations():
        if one.name == name and one.at(type_, id_):
            return one
    raise FhirError(404, "not-supported", "There is no such operation here; see /fhir/R4/metadata.")


# --- answers -------------------------------------------------------------------------------------------------------


def outcome(code: str, text: str, *, severity: str = "error", place: str = "") -> dict[str, Any]:
    """An OperationOutcome with one issue."""
    issue: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": text}
    if place:
        issue["expression"] = [place]
    return {"resourceType": "OperationOutcome", "issue": [issue]}


# Codes of our checks that are no codes of the value set issue-type are told as what they are a kind of.
# fmt: off
_ISSUE_TYPES = frozenset({
    "invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired", "forbidden",
    "suppressed", "processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long",
    "code-invalid", "extension", "too-costly", "business-rule", "conflict", "transient", "lock-error", "no-store",
    "exception", "timeout", "incomplete", "throttled", "informational",
})
# fmt: on


def outcome_of(issues: Iterable[Issue]) -> dict[str, Any]:
    """An OperationOutcome of the issues of a check; "all is well" when there are none."""
    listed = [
        {
            "severity": issue.severity,
            "code": issue.code if issue.code in _ISSUE_TYPES else "invariant",
            "details": {"text": issue.code},
            "diagnostics": issue.text,
            **({"expression": [issue.path]} if issue.path else {}),
        }
        for issue in issues
    ]
    if not listed:
        return outcome("informational", "All is well.", severity="information")
    return {"resourceType": "OperationOutcome", "issue": listed}


def answer(
    resource: dict[str, Any] | bytes | None, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """A resource (parsed or serialised) as FHIR JSON."""
    body = b"" if resource is None else resource if isinstance(resource, bytes) else orjson.dumps(resource)
    response = HttpResponse(body, status=status, content_type=f"{MEDIA}; charset=utf-8" if body else None)
    if not body:
        del response.headers["Content-Type"]
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def problem(status: int, title: str, detail: str = "") -> HttpResponse:
    """An error that was met outside a FHIR view (an address nobody serves, a 500) as OperationOutcome."""
    codes = {400: "invalid", 401: "login", 403: "forbidden", 404: "not-found", 409: "conflict"}
    code = codes.get(status, "exception" if status >= 500 else "processing")
    return answer(outcome(code, f"{title} {detail}".strip()), status)


def is_fhir(request: HttpRequest) -> bool:
    """Whether the address lies below the FHIR endpoint."""
    return request.path.startswith("/fhir/")


def failed(error: Exception) -> HttpResponse:
    """Any exception as OperationOutcome with its status. What is nobody's mistake is logged and told as 500."""
    if isinstance(error, FhirError):
        return answer(error.outcome, error.status, error.headers)
    if isinstance(error, Http404):
        return problem(404, "There is nothing of that name here, or it lies outside what you may see.")
    if isinstance(error, PermissionDenied):
        return problem(403, "The account does not carry the permission.")
    if isinstance(error, RequestDataTooBig):
        return answer(outcome("too-long", "The body is too large; send several requests."), 413)
    if isinstance(error, UnreadablePostError | BadRequest):
        return answer(outcome("incomplete", "The request did not arrive whole."), 400)
    if isinstance(error, UserError):
        status = 404 if isinstance(error, NotFound) else 409 if isinstance(error, Refused) else 400
        code = {404: "not-found", 409: "business-rule", 400: "invalid"}[status]
        return answer(outcome(code, f"{error.message} {error.todo}".strip(), place=error.where), status)
    if isinstance(error, DatabaseError | InterfaceError | sqlite3.Error | OSError):
        told = _of_database(error)
        if told is not None:
            return told
    log.error("a FHIR request failed", exc_info=error)
    return answer(
        outcome("exception", "The server failed; the error is in its log. Nothing was stored by halves."), 500
    )


def _of_database(error: Exception) -> HttpResponse | None:
    """A full disk is 507, a store that is busy or gone 503 with a time to come again; None when it is another fault."""
    text = str(error).lower()
    if any(words in text for words in ("full", "no space", "disk i/o", "extend file", "could not write", "too big")):
        return answer(
            outcome("no-store", "The store cannot grow: the disk is full. Nothing was stored; send it again later."),
            507,
        )
    if any(words in text for words in ("locked", "connect", "terminating", "closed", "shut", "deadlock", "timeout")):
        return answer(
            outcome("transient", "The store is busy or out of reach. Nothing was stored; send it again."),
            503,
            {"Retry-After": "5"},
        )
    return None


# --- the guard -----------------------------------------------------------------------------------------------------


def endpoint(view: View) -> View:
    """A FHIR view: formats are agreed, every error is an OperationOutcome, CSRF is asked for only behind a session."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            agree(request)
            response = view(request, *args, **kwargs)
        except Exception as error:
            response = failed(error)
        response.headers.setdefault("Cache-Control", "private, no-store")
        # Django would log the address of an error, and addresses hold identifiers.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response

    # Read by the tests of guards: the least that a caller must have; writes ask for more inside.
    guarded.permission = "record.read"  # type: ignore[attr-defined]
    guarded.person_factor = True  # type: ignore[attr-defined]
    return guarded


def agree(request: HttpRequest) -> None:
    """Check formats: JSON alone is spoken. Raises 406 for another `Accept` or `_format`, 415 for another body."""
    wanted = request.GET.get("_format", "")
    accepted = [wanted] if wanted else (request.headers.get("Accept") or "*/*").split(",")
    if not any(_speaks(item, wanted=bool(wanted)) for item in accepted):
        raise FhirError(406, "not-supported", f"This server speaks JSON only: ask for {MEDIA}.")


def _speaks(item: str, *, wanted: bool) -> bool:
    kind, *options = (part.strip().lower() for part in item.split(";"))
    # A plus sign in an address is a blank to the one who reads it.
    kind = kind.replace(" ", "+") if wanted else kind
    for option in options:
        name, _, value = option.partition("=")
        if name.strip() == "fhirversion" and value.strip() not in ("4.0", "4.0.1"):
            return False
        if name.strip() == "q" and value.strip() in ("0", "0.0", "0.00", "0.000"):
            return False
    return kind in _JSON or kind in (NDJSON, "application/ndjson") or (not wanted and kind in _ANY)


def body_of(request: HttpRequest, *, also: Iterable[str] = ()) -> bytes:
    """The body of a write. Raises 415 when it is not said to be JSON in UTF-8 (or one of `also`), 400 when empty."""
    if not request.body:
        raise FhirError(400, "required", "The request has no body.")
    kind, *options = (part.strip().lower() for part in request.headers.get("Content-Type", "").split(";"))
    if kind not in _JSON and kind not in also:
        raise FhirError(415, "not-supported", f"This server reads JSON only: send Content-Type {MEDIA}.")
    for option in options:
        name, _, value = option.partition("=")
        if name.strip() == "charset" and value.strip(" \"'") not in ("utf-8", "utf8"):
            raise FhirError(415, "not-supported", "This server reads UTF-8 only.")
        if name.strip() == "fhirversion" and value.strip() not in ("4.0", "4.0.1"):
            raise FhirError(415, "not-supported", "This server speaks FHIR R4 (4.0).")
    return request.body


def caller(request: HttpRequest) -> Caller:
    """Who asks, by Bearer token or by session. Raises 401 when nobody does, 403 when a session lacks its CSRF token
    (for writes) or its second factor."""
    if request.headers.get("Authorization", "").strip():
        return _by_token(request)
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        raise FhirError(401, "login", "Send a Bearer token or sign in.", headers={"WWW-Authenticate": "Bearer"})
    if request.method in _WRITES and _Csrf(lambda _: HttpResponse()).process_view(request, _plain, (), {}) is not None:
        raise FhirError(403, "security", "A session needs its CSRF token to write; programs use a Bearer token.")
    if settings.LUOSHI_TWO_FACTOR and not request.session.get(SECOND_FACTOR_KEY):
        raise FhirError(403, "login", "Give the second factor on the pages first, then call again.")
    name = user.get_username()
    return Caller(name, scope_of(request), f"account-{name}"[:60], user)


def _plain(request: HttpRequest) -> HttpResponse:
    """A view that CSRF is asked for."""
    return HttpResponse()


class _Csrf(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponse(reason, status=403)


def _by_token(request: HttpRequest) -> Caller:
    found = principal(request)
    if found is None:
        raise FhirError(
            401,
            "login",
            "The token is not valid, has expired, or its source was closed. Ask for a new one.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    return Caller(found.by, found.scope, found.source.name, None, found.profile, found.mode, found)


# --- bodies --------------------------------------------------------------------------------------------------------


def parsed(raw: bytes) -> dict[str, Any]:
    """A body as a JSON object. Raises 400."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise FhirError(400, "structure", f"The body is not JSON: {error.msg} (character {error.pos}).") from None
    if not isinstance(value, dict):
        raise FhirError(400, "structure", "The body is not a JSON object.")
    return value


def parameters_of(resource: dict[str, Any]) -> dict[str, list[Any]]:
    """Values of a Parameters resource by name: a `value[x]` as it stands (numbers and booleans as text, as in a query),
    else the `resource`, else the parts by name."""
    found: dict[str, list[Any]] = {}
    listed = resource.get("parameter")
    for item in listed if isinstance(listed, list) else []:
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise FhirError(400, "structure", "A parameter has no name.", place="Parameters.parameter")
        value: Any = next((v for k, v in item.items() if k.startswith("value")), None)
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, int | float):
            value = str(value)
        if value is None:
            value = item.get("resource") or parameters_of({"parameter": item.get("part", [])})
        found.setdefault(item["name"], []).append(value)
    return found
