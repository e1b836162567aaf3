"""Keys of a source: issue, rotate, revoke. A secret is shown once, when it is made."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from luoshi.kernel.errors import InvalidValue, NotFound, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.sources import scopes as scope_rules
from luoshi.platform.sources.models import Client, Token
from luoshi.platform.store.models import Source

OVERLAP_HOURS = 24  # for so long the secret before a rotation works too, unless told otherwise


@dataclass(frozen=True)
class Key:
    """A client id with its secret, at the only moment the secret is known."""

    client_id: str
    secret: str


def digest(secret: str) -> str:
    """What is kept of a secret or a token."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(*, source: Source, by: User | str, scopes: str = scope_rules.DEFAULT) -> Key:
    """A new client of a registered source. Raises `InvalidValue` for wrong scopes, `Refused` for a source that is not
    registered."""
    granted = scope_rules.normal(scopes)
    if not hasattr(source, "registration"):
        raise Refused(
            f"the source {source.name} is not registered.", todo="Register it first: `luoshi source register`."
        )
    secret = secrets.token_urlsafe(32)
    client_id = f"{source.name}-{secrets.token_hex(4)}"[-60:]
    with transaction.atomic():
        Client.objects.create(source=source, client_id=client_id, secret=digest(secret), scopes=granted)
        _note(by, "source.client", source, {"client": client_id, "scopes": granted})
    return Key(client_id, secret)


def rotate(*, client_id: str, by: User | str, overlap_hours: int = OVERLAP_HOURS) -> Key:
    """A new secret; the one before works for `overlap_hours` more (0: not at all). Raises `NotFound`, `Refused` for a
    revoked client."""
    if not 0 <= overlap_hours <= 24 * 30:
        raise InvalidValue("the secrets may overlap by 0 to 720 hours.", where="overlap")
    secret = secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        client = _client(client_id)
        if client.revoked:
            raise Refused(f"{client_id} was revoked.", todo="Issue a new client.")
        Client.objects.filter(pk=client.pk).update(
            secret=digest(secret),
            previous=client.secret if overlap_hours else "",
            previous_until=now + timedelta(hours=overlap_hours) if overlap_hours else None,
            rotated=now,
        )
        _note(by, "source.rotate", client.source, {"client": client_id, "overlap_hours": overlap_hours})
    return Key(client_id, secret)


def revoke(*, client_id: str, by: User | str) -> None:
    """End a client and all its tokens at once. Doing it again changes nothing. Raises `NotFound`."""
    now = timezone.now()
    with transaction.atomic():
        client = _client(client_id)
        if client.revoked is None:
            Client.objects.filter(pk=client.pk).update(revoked=now)
            ended = Token.objects.filter(client=client, revoked__isnull=True, expires__gt=now).update(revoked=now)
            _note(by, "source.revoke", client.source, {"client": client_id, "tokens": ended})


def known(client: Client, secret: str) -> bool:
    """Whether this is the client's secret (or the one before, while it still works). Takes the same time either way."""
    given = digest(secret)
    now_right = hmac.compare_digest(given, client.secret)
    before = client.previous_until is not None and client.previous_until > timezone.now()
    return now_right | (hmac.compare_digest(given, client.previous or "-" * 64) and before)


def _client(client_id: str) -> Client:
    client = Client.objects.select_for_update().select_related("source").filter(client_id=client_id).first()
    if client is None:
        raise NotFound(f"there is no client {client_id!r}.", todo="`luoshi source list` names them.")
    return client


def _note(by: User | str, action: str, source: Source, detail: dict[str, object]) -> None:
    audit.record(
        by=by,
        action=action,
        object_type="source",
        object_id=source.name,
        scope_division=source.division,
        detail=detail,
    )
