"""Tokens of one's own, and the address assistants call."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from luoshi.kernel.errors import UserError
from luoshi.platform.access.scope import Scope
from luoshi.platform.access.views import SECOND_FACTOR_KEY, requires, signed_in
from luoshi.services.mcp_server import tokens, tools
from luoshi.services.mcp_server.models import Token
from luoshi.web import errors

app_name = "mcp_server"
MOST_BYTES = 2**20


@requires("assistant.use")
@require_http_methods(["GET", "POST"])
def mine(request: HttpRequest) -> HttpResponse:
    """The account's tokens; a new one is shown once."""
    scope: Scope = request.scope  # type: ignore[attr-defined]
    user = signed_in(request)
    secret, error = "", ""
    proven = not settings.LUOSHI_TWO_FACTOR or bool(request.session.get(SECOND_FACTOR_KEY))
    if request.method == "POST":
        try:
            _row, secret = tokens.make(
                name=request.POST.get("name", ""), persons=bool(request.POST.get("persons")), second_factor=proven, by=user,
                scope=scope,
            )  # fmt: skip
        except UserError as problem:
            error = f"{problem.message} {problem.todo}".strip()
    names = tools.permission_names()
    context = {
        "secret": secret,
        "error": error,
        "rows": Token.objects.filter(user=user),
        "now": datetime.now(UTC),
        "days": tokens.DAYS,
        "may_persons": scope.can("person.list"),
        "proven": proven,
        "second_factor": f"{reverse('access:second-factor')}?next={request.path}",
        "address": request.build_absolute_uri(reverse("mcp_server:endpoint")),
        "tools": [(tool, names[tool.name], scope.can(tool.permission)) for tool in tools.TOOLS.values()],
    }
    response = render(request, "mcp_server/tokens.html", context, status=400 if error else 200)
    response["Cache-Control"] = "no-store"
    return response


@requires("assistant.use")
@require_POST
def revoke(request: HttpRequest, number: int) -> HttpResponse:
    """End a token of one's own."""
    tokens.revoke(number=number, by=signed_in(request))
    return redirect("mcp_server:tokens")


# No session and no cookie count here: the token in the header is all, so nothing can be forged from another page.
@csrf_exempt
@require_http_methods(["GET", "POST", "DELETE"])
def endpoint(request: HttpRequest) -> HttpResponse:
    """The streamable HTTP transport: `Authorization: Bearer <token>`; 401 without one that counts."""
    kind, _blank, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or tokens.caller(secret.strip()) is None:
        answer = errors.problem(401, _("请先登录"), "Give a token: Authorization: Bearer luoshi-mcp-…")
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    if request.method != "POST":
        return errors.problem(405, "POST only", "This server keeps no streams open.")
    if len(request.body) > MOST_BYTES:
        return errors.problem(413, "too large", "At most 1 MiB.")
    passed = ("accept", "content-type", "mcp-protocol-version", "mcp-method", "mcp-name", "host")
    headers = [(k.lower().encode(), v.encode()) for k, v in request.headers.items() if k.lower() in passed]
    from luoshi.services.mcp_server import serving  # the protocol takes a second to load, and few ask for it

    status, answered, body = serving.over_http(
        lambda: tokens.caller(secret.strip()), method=request.method, headers=headers, body=request.body
    )
    response = HttpResponse(body, status=status)
    for name, value in answered:
        if name.lower() in ("content-type", "mcp-protocol-version"):
            response[name] = value
    response["Cache-Control"] = "no-store"
    return response


urlpatterns = [
    path("", mine, name="tokens"),
    path("tokens/<int:number>/revoke/", revoke, name="revoke"),
    path("mcp", endpoint, name="endpoint"),
]
