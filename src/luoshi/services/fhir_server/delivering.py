"""Telling subscribers: from the store's log of versions to their webhooks, at least once and in order.

Each subscriber goes its own way: one who does not answer waits longer and longer (from seconds to an hour) and holds up
nobody else. After `GIVE_UP` failures in a row its Subscription stands in error until it is sent again or replayed;
nothing is lost meanwhile. The call carries no personal data outside its body: no headers but those of the Subscription,
the address of the webhook, and for a payload the type and id of the resource.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import orjson

from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.sources import scopes as scope_rules
from luoshi.platform.sources.models import Client
from luoshi.platform.sources.tokens import scope_of_source
from luoshi.platform.store import versions
from luoshi.platform.store.models import Source
from luoshi.platform.store.search import Hit
from luoshi.platform.store.views import View
from luoshi.services.fhir_server import searching, showing
from luoshi.services.fhir_server.models import Subscriber
from luoshi.services.fhir_server.subscribing import may_call, read_criteria
from luoshi.web.fhir import MEDIA, FhirError

PIECE = 500
GIVE_UP = 30
TIMEOUT = 10.0
_SLOWEST = 3600


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """A webhook that moved is told in its error, not followed: the new place was not agreed."""


_opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


def deliver() -> int:
    """One round over all subscribers that are due; how many messages were delivered."""
    count = 0
    latest = versions.last()
    now = datetime.now(UTC)
    for subscriber in Subscriber.objects.filter(state=Subscriber.ACTIVE, due__lte=now, position__lt=latest):
        count += _serve(subscriber)
    return count


def _serve(subscriber: Subscriber) -> int:
    """Tell one subscriber what is new, until there is no more or a call fails."""
    if subscriber.until is not None and subscriber.until <= datetime.now(UTC).timestamp() * 1_000_000:
        Subscriber.objects.filter(pk=subscriber.pk).update(state=Subscriber.OFF)
        return 0
    source = Source.objects.filter(pk=subscriber.source).first()
    scope = _scope(source, subscriber.type) if source else None
    if source is None or scope is None:
        return _stop(subscriber, "The source may no longer read this type of resource.")
    view = View(scope, source.pk)
    try:
        query = read_criteria(subscriber.criteria, view)
    except FhirError as error:
        return _stop(subscriber, error.text)
    count, position = 0, subscriber.position
    while True:
        found = versions.newer(position, PIECE)
        for hit in found:
            if _wanted(hit, query, view):
                failure = _call(subscriber, hit)
                if failure:
                    _later(subscriber, position, failure)
                    return count
                count += 1
                if hit.person is not None:
                    audit.look(by=f"source:{source.name}", person=hit.person, what=f"fhir subscription {hit.type}")
                Subscriber.objects.filter(pk=subscriber.pk).update(
                    position=hit.cursor[0], delivered=subscriber.delivered + count, attempts=0, error=""
                )
                subscriber.attempts = 0
            position = hit.cursor[0]
        Subscriber.objects.filter(pk=subscriber.pk, position__lt=position).update(position=position)
        if len(found) < PIECE:
            return count


def _scope(source: Source, resource_type: str) -> Scope | None:
    """What the owner of a Subscription may see now; None when the type may no longer be read."""
    if source.name.startswith("account-"):
        user = User.objects.filter(username__startswith=source.name[8:], is_active=True).first()
        scope = Scope.of(user) if user is not None and user.username[:52] == source.name[8:] else None
        return scope if scope is not None and scope.can("record.read") else None
    clients = Client.objects.filter(source=source, revoked__isnull=True, source__registration__active=True)
    scopes = tuple(scope for client in clients for scope in client.scopes.split())
    if not scope_rules.allows(scopes, resource_type, "r"):
        return None
    return scope_of_source(source, scopes)


def _wanted(hit: Hit, query: Any, view: View) -> bool:
    return (
        not hit.deleted
        and hit.type == query.type
        and (query.ids is None or hit.id in query.ids)
        and (query.persons is None or hit.person in query.persons)
        and view.sees(*hit.place, hit.source)
        and all(test(hit) for test in query.tests)
        and bool(searching.allowed([hit], view))
    )


def _call(subscriber: Subscriber, hit: Hit) -> str:
    """Call the webhook; "" when it took the message, else why not."""
    headers = dict(line.split(":", 1) for line in subscriber.headers if ":" in line)
    headers = {name.strip(): value.strip() for name, value in headers.items()} | {"User-Agent": "luoshi"}
    address, method, body = subscriber.endpoint, "POST", b""
    if subscriber.payload:
        address, method = f"{address.rstrip('/')}/{hit.type}/{hit.id}", "PUT"
        body = orjson.dumps(showing.resource(hit))
        headers["Content-Type"] = MEDIA
    if not may_call(urlsplit(address).hostname or ""):
        return "The endpoint is not one the server may call."
    request = urllib.request.Request(address, data=body, headers=headers, method=method)  # noqa: S310 (checked above)
    try:
        with _opener.open(request, timeout=TIMEOUT) as answer:
            return "" if 200 <= answer.status < 300 else f"The endpoint answered {answer.status}."
    except urllib.error.HTTPError as error:
        return f"The endpoint answered {error.code}."
    except (OSError, HTTPException, ValueError) as error:
        return f"The endpoint cannot be reached ({type(error).__name__})."


def _later(subscriber: Subscriber, position: int, failure: str) -> None:
    attempts = subscriber.attempts + 1
    wait = min(_SLOWEST, 2 ** min(attempts, 12))
    Subscriber.objects.filter(pk=subscriber.pk).update(
        position=position,
        attempts=attempts,
        error=failure,
        due=datetime.now(UTC) + timedelta(seconds=wait),
        state=Subscriber.ERROR if attempts >= GIVE_UP else Subscriber.ACTIVE,
    )


def _stop(subscriber: Subscriber, reason: str) -> int:
    Subscriber.objects.filter(pk=subscriber.pk).update(state=Subscriber.ERROR, error=reason)
    return 0
