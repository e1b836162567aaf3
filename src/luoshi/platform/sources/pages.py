"""The OAuth2 endpoints of sources: `/oauth/token` (RFC 6749 §4.4, client credentials) and `/oauth/revoke` (RFC 7009).

Both take the client id and secret as HTTP Basic or in the body. Errors are the JSON of RFC 6749 §5.2. What is wrong
with a secret is never told apart from a client that does not exist.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_plus

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from luoshi.kernel.errors import InvalidValue
from luoshi.platform import audit
from luoshi.platform.access.pages import client_address
from luoshi.platform.sources import clients, limiting, tokens
from luoshi.platform.sources import scopes as scope_rules
from luoshi.platform.sources.models import Client

app_name = "sources_oauth"


class _Failed(Exception):
    """An answer in error of RFC 6749 §5.2."""

    def __init__(self, status: int, error: str, words: str) -> None:
        self.status, self.error, self.words = status, error, words
        super().__init__(error)


@csrf_exempt
@never_cache
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """A token for a secret."""
    try:
        grant = request.POST.get("grant_type", "")
        if grant != "client_credentials":
            raise _Failed(400, "unsupported_grant_type", "grant_type must be client_credentials.")
        client = _proven(request)
        wanted = request.POST.get("scope", "")
        try:
            wanted = scope_rules.normal(wanted) if wanted.strip() else ""
        except InvalidValue as error:
            raise _Failed(400, "invalid_scope", str(error)) from error
        if wanted and not scope_rules.within(wanted, client.scopes):
            raise _Failed(400, "invalid_scope", f"This client may have at most: {client.scopes}")
        if not limiting.left(f"token {client.client_id}", limiting.TOKENS):
            raise _Failed(429, "slow_down", "Too many tokens; keep one until it expires.")
        limiting.count(f"token {client.client_id}")
        issued = tokens.issue(client, wanted)
    except _Failed as failed:
        return _answer(failed)
    return JsonResponse(
        {"access_token": issued.token, "token_type": "Bearer", "expires_in": issued.seconds, "scope": issued.scopes},
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
    )


@csrf_exempt
@never_cache
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """End a token of this client. An unknown token is answered alike (RFC 7009 §2.2)."""
    try:
        client = _proven(request)
    except _Failed as failed:
        return _answer(failed)
    tokens.revoke(request.POST.get("token", ""), client)
    return HttpResponse(status=200)


@require_GET
def smart_configuration(request: HttpRequest) -> HttpResponse:
    """What a program needs to know to get a token, where SMART looks for it
    (https://hl7.org/fhir/smart-app-launch/conformance.html). No user signs in here: only systems."""
    root = f"{request.scheme}://{request.get_host()}"
    return JsonResponse(
        {
            "token_endpoint": f"{root}{reverse('sources_oauth:token')}",
            "revocation_endpoint": f"{root}{reverse('sources_oauth:revoke')}",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "grant_types_supported": ["client_credentials"],
            "scopes_supported": ["system/*.read", "system/*.write", "system/*.rs", "system/*.cruds"],
            "capabilities": ["permission-v1", "permission-v2"],
        }
    )


def _answer(failed: _Failed) -> HttpResponse:
    answer = JsonResponse({"error": failed.error, "error_description": failed.words}, status=failed.status)
    if failed.status == 401:
        answer["WWW-Authenticate"] = 'Basic realm="luoshi"'
    if failed.status == 429:
        answer["Retry-After"] = str(limiting.seconds_to_wait())
    answer["Cache-Control"] = "no-store"
    return answer


def _proven(request: HttpRequest) -> Client:
    """The client whose secret the request carries. Raises `_Failed`; failures are counted and audited."""
    client_id, secret = _credentials(request)
    if not client_id:
        raise _Failed(401, "invalid_client", "Send the client id and secret, as HTTP Basic or in the body.")
    address = client_address(request)
    key = f"secret {address} {client_id}"
    if not (limiting.left(key, limiting.FAILURES) and limiting.left(f"address {address}", 5 * limiting.FAILURES)):
        raise _Failed(429, "slow_down", "Too many wrong secrets; wait and check the secret.")
    client = Client.objects.select_related("source__registration").filter(client_id=client_id).first()
    right = clients.known(client, secret) if client is not None else False
    if client is None or not right or client.revoked or not client.source.registration.active:
        limiting.count(key)
        limiting.count(f"address {address}")
        with transaction.atomic():
            audit.record(
                by="stranger" if client is None else f"source:{client.source.name}",
                action="source.token.refused",
                object_type="source",
                object_id=client.source.name if client else "",
                scope_division=client.source.division if client else "",
                detail={"address": address, "known": client is not None},
            )
        raise _Failed(401, "invalid_client", "The client id or the secret is wrong, or the client was revoked.")
    return client


def _credentials(request: HttpRequest) -> tuple[str, str]:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(text, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return unquote_plus(client_id), unquote_plus(secret)
    return request.POST.get("client_id", ""), request.POST.get("client_secret", "")


urlpatterns = [path("token", token, name="token"), path("revoke", revoke, name="revoke")]
