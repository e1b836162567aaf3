"""Subscriptions: what a Subscription resource must be, and keeping its working side (`models.Subscriber`) in step.

The store's log of versions is the outbox. A subscriber remembers up to which version it was told; `delivering` goes on
from there, so every match is delivered at least once and in order, whatever dies in between.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
from django.conf import settings
from django.db import transaction

from luoshi.platform import audit
from luoshi.platform.store import sets, versions
from luoshi.platform.store.preparing import DELETED, Prepared
from luoshi.platform.store.views import View
from luoshi.platform.store.work import Work
from luoshi.records.search.values import interval
from luoshi.services.fhir_server import asking
from luoshi.services.fhir_server.models import Subscriber
from luoshi.web.fhir import MEDIA, FhirError

_HEADER = re.compile(r"[A-Za-z0-9\-]{1,60}: ?[\x20-\x7e]{0,400}")
_OURS = ("host", "content-length", "content-type", "transfer-encoding", "connection")
_PAYLOADS = (MEDIA, "application/json")


def check(resource: dict[str, Any]) -> None:
    """Raise 422 for a Subscription the server could not serve: another channel than a webhook, criteria it cannot read,
    an address it would not call. Other resources pass."""
    if resource.get("resourceType") != "Subscription" or resource.get("status") not in ("requested", "active"):
        return
    channel = resource.get("channel", {})
    if channel.get("type") != "rest-hook":
        raise _no("channel.type", "Only rest-hook is served.")
    if channel.get("payload") not in (None, *_PAYLOADS):
        raise _no("channel.payload", f"The payload is {MEDIA}, or absent for a call without content.")
    _check_endpoint(channel.get("endpoint", ""))
    for line in channel.get("header", []):
        if not _HEADER.fullmatch(line) or line.partition(":")[0].lower() in _OURS:
            raise _no("channel.header", "A header is one line `Name: value`, and none of those the server sets itself.")
    read_criteria(resource.get("criteria", ""), View(_nobody()))


def _nobody() -> Any:
    from luoshi.platform.access.scope import Scope

    return Scope(None)


def _no(place: str, text: str) -> FhirError:
    return FhirError(422, "business-rule", text, place=f"Subscription.{place}")


def read_criteria(criteria: str, view: View) -> asking.Query:
    """The query of a criteria such as `Observation?code=…`. Raises 422."""
    resource_type, _, text = criteria.partition("?")
    if len(criteria) > 1000:
        raise _no("criteria", "The criteria are too long.")
    from luoshi.services.fhir_server.reading import known_type

    try:
        query = asking.read(known_type(resource_type), parse_qsl(text, keep_blank_values=True), view)
    except FhirError as error:
        raise _no("criteria", error.text) from None
    if query.unknown or query.sort or query.includes or query.reverse:
        raise _no("criteria", "The criteria use a parameter that is not known, or one that is about the answer.")
    return query


def _check_endpoint(endpoint: str) -> None:
    """Raise 422 for an address the server would not call: no http, or this machine itself, unless it is allowed."""
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or len(endpoint) > 500 or parts.username:
        raise _no("channel.endpoint", "The endpoint is an http or https address without a password in it.")
    if not may_call(host):
        raise _no("channel.endpoint", "The endpoint is this machine itself or no address at all.")


def may_call(host: str) -> bool:
    """Whether a webhook may go there: not to this machine nor to addresses only it can reach, unless the setting
    `LUOSHI_WEBHOOKS` names the host. A name nobody knows yet passes; it is asked again at every delivery."""
    if host in getattr(settings, "LUOSHI_WEBHOOKS", ()):
        return True
    try:
        found = {item[4][0] for item in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return "." in host
    addresses = [ipaddress.ip_address(str(text).partition("%")[0]) for text in found]
    return not any(a.is_loopback or a.is_link_local or a.is_multicast or a.is_unspecified for a in addresses)


def keep(prepared: Prepared, work: Work) -> None:
    """Listener of the store: bring the subscribers in step with the Subscriptions of this set."""
    rows = [row for row in prepared.rows if row.type == "Subscription"]
    for row in rows:
        if row.hash == DELETED:
            Subscriber.objects.filter(source=work.source, key=row.key).update(state=Subscriber.OFF)
            continue
        resource = orjson.loads(row.body)
        channel = resource.get("channel", {})
        wanted = resource.get("status") in ("requested", "active")
        fields = {
            "type": resource.get("criteria", "").partition("?")[0][:40],
            "criteria": resource.get("criteria", "")[:1000],
            "endpoint": channel.get("endpoint", "")[:500],
            "payload": channel.get("payload") in _PAYLOADS,
            "headers": channel.get("header", []),
            "until": interval(resource["end"])[0] if "end" in resource else None,
            "state": Subscriber.ACTIVE if wanted else Subscriber.OFF,
            "attempts": 0,
            "error": "",
            "due": datetime.now(UTC),
        }
        known = Subscriber.objects.filter(source=work.source, key=row.key)
        if not known.update(**fields):
            Subscriber.objects.create(source=work.source, key=row.key, position=versions.last(), **fields)


def shown(source: int, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """A Subscription as it stands: the server's own status and latest error in place of the sender's; secrets of the
    channel are not given out."""
    subscriber = Subscriber.objects.filter(source=source, key=key).first()
    if subscriber is None:
        return body
    body = {**body, "status": subscriber.state}
    if subscriber.error:
        body["error"] = subscriber.error
    if "header" in body.get("channel", {}):
        names = [f"{line.partition(':')[0]}: …" for line in body["channel"]["header"]]
        body["channel"] = {**body["channel"], "header": names}
    return body


def replay(*, source: int, key: str, since: int, by: str) -> Subscriber:
    """Tell again everything that became known at or after `since` (microseconds since 1970), and go on from there. Raises
    404."""
    with transaction.atomic():
        subscriber = Subscriber.objects.select_for_update().filter(source=source, key=key).first()
        if subscriber is None:
            raise FhirError(404, "not-found", "There is no such Subscription.")
        first = sets.one("SELECT min(v.id) FROM store_version v WHERE v.known_from >= %s", since)
        position = min(subscriber.position, (first or versions.last() + 1) - 1)
        Subscriber.objects.filter(pk=subscriber.pk).update(
            position=position, state=Subscriber.ACTIVE, attempts=0, error="", due=datetime.now(UTC)
        )
        subscriber.refresh_from_db()
        audit.record(
            by=by,
            action="fhir.replay",
            object_type="subscription",
            object_id=key,
            detail={"position": position},
        )
    return subscriber
