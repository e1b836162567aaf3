"""Who calls our CDS Hooks services, proven by a signed JWT (https://cds-hooks.hl7.org/2.0/#trusting-cds-clients).

A client signs each call with its private key; its public keys (a JWK Set) were registered beforehand and no key is ever
fetched from an address that a token names. A token is good for one service and once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from luoshi.kernel.errors import InvalidValue, NotFound
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.sources import tokens
from luoshi.platform.store.models import Source
from luoshi.services.recognition.models import CdsClient, UsedToken

ALGORITHMS = ("ES384", "RS384", "ES256", "ES512", "RS256", "RS512")  # asymmetric ones alone: keys are public here
LONGEST = timedelta(minutes=5)  # between now and `exp`; the standard recommends five minutes
LEEWAY = 30  # seconds that clocks may differ
SCOPES = ("system/*.rs",)
NAMES = {"ES256": "EC", "ES384": "EC", "ES512": "EC", "RS256": "RSA", "RS384": "RSA", "RS512": "RSA"}


def register(*, issuer: str, source: str, keys: Mapping[str, Any], by: User | str) -> CdsClient:
    """Register (or change) the client that signs as `issuer` and speaks for a registered source.

    `keys` is a JWK Set of public keys, each with a `kid`. Raises `NotFound` for a source that is not registered,
    `InvalidValue` for what is no such set, or an issuer that is no address.
    """
    found = Source.objects.filter(name=source, registration__isnull=False).first()
    if found is None:
        raise NotFound(f"there is no registered source {source!r}.", todo="`luoshi source list` names them.")
    if not issuer.startswith(("https://", "http://", "urn:")) or len(issuer) > 200:
        raise InvalidValue("the issuer is an address (https://… or urn:…).", where="issuer")
    kept = _public(keys)
    with transaction.atomic():
        row, made = CdsClient.objects.update_or_create(
            issuer=issuer, defaults={"source": found, "keys": {"keys": kept}, "active": True}
        )
        _note(by, "recognition.client" if made else "recognition.client.change", row, [key["kid"] for key in kept])
    return row


def revoke(*, issuer: str, by: User | str) -> None:
    """Trust a client no more, from now on. Raises `NotFound`."""
    with transaction.atomic():
        row = CdsClient.objects.select_for_update().filter(issuer=issuer).first()
        if row is None:
            raise NotFound(f"there is no client {issuer!r}.")
        CdsClient.objects.filter(pk=row.pk).update(active=False)
        _note(by, "recognition.client.revoke", row, [])


def principal(request: HttpRequest) -> tokens.Principal | None:
    """Whom a signed call speaks for; None where the signature, the times, the audience or the client are not right, and
    for a token that came before."""
    text = tokens.bearer(request)
    if text.count(".") != 2 or len(text) > 8000:
        return None
    try:
        head = jwt.get_unverified_header(text)
        claimed = jwt.decode(text, options={"verify_signature": False})
        row = _client(claimed.get("iss"))
        key = _key(row, head) if row is not None else None
        if row is None or key is None:
            return None
        claims = jwt.decode(
            text,
            key=key.key,
            algorithms=[head["alg"]],
            audience=request.build_absolute_uri(request.path),
            issuer=row.issuer,
            leeway=LEEWAY,
            options={"require": ["iss", "aud", "exp", "iat", "jti"]},
        )
    except (jwt.PyJWTError, KeyError, TypeError, ValueError):
        return None
    now, ends = datetime.now(UTC), datetime.fromtimestamp(claims["exp"], UTC)
    if ends > now + LONGEST + timedelta(seconds=LEEWAY) or not _first_time(row, str(claims["jti"]), ends):
        return None
    source = row.source
    registered = source.registration
    return tokens.Principal(
        source=source, client_id=row.issuer, scopes=SCOPES, scope=tokens.scope_of_source(source, SCOPES),
        mode=registered.mode, profile=registered.profile or None, expires=ends,
    )  # fmt: skip


def _client(issuer: Any) -> CdsClient | None:
    if not isinstance(issuer, str):
        return None
    found = CdsClient.objects.filter(issuer=issuer, active=True, source__registration__active=True)
    return found.select_related("source__registration").first()


def _key(row: CdsClient, head: Mapping[str, Any]) -> jwt.PyJWK | None:
    """The registered key that a token names, for an algorithm that goes with it."""
    if head.get("alg") not in ALGORITHMS:
        return None
    for one in row.keys["keys"]:
        if one["kid"] == head.get("kid") and one["kty"] == NAMES[head["alg"]]:
            return jwt.PyJWK(one, algorithm=head["alg"])
    return None


def _first_time(row: CdsClient, jti: str, ends: datetime) -> bool:
    if not jti or len(jti) > 200:
        return False
    UsedToken.objects.filter(expires__lt=datetime.now(UTC) - timedelta(minutes=5)).delete()
    try:
        with transaction.atomic():
            UsedToken.objects.create(client=row, jti=jti, expires=ends)
    except IntegrityError:
        return False
    return True


def _public(keys: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The keys of a set, checked. Raises `InvalidValue`."""
    listed = keys.get("keys")
    if not isinstance(listed, list) or not listed:
        raise InvalidValue("a JWK Set holds its keys in `keys`.", where="keys")
    for one in listed:
        if not isinstance(one, dict) or not one.get("kid") or one.get("kty") not in ("EC", "RSA"):
            raise InvalidValue("each key is an EC or RSA one with a kid.", where="keys")
        if "d" in one:
            raise InvalidValue("this is a private key; register the public one.", where=str(one["kid"]))
        try:
            key = jwt.PyJWK(one, algorithm="RS384" if one["kty"] == "RSA" else None).key
        except jwt.PyJWTError as error:
            raise InvalidValue("this is no readable key.", where=str(one["kid"])) from error
        if one["kty"] == "RSA" and key.key_size < 2048:
            raise InvalidValue("an RSA key has 2048 bits at least.", where=str(one["kid"]))
    if len({one["kid"] for one in listed}) != len(listed):
        raise InvalidValue("two keys have the same kid.", where="keys")
    plain: list[dict[str, Any]] = json.loads(json.dumps(listed))
    return plain


def _note(by: User | str, action: str, row: CdsClient, kids: list[str]) -> None:
    audit.record(
        by=by, action=action, object_type="source", object_id=row.source.name, scope_division=row.source.division,
        detail={"issuer": row.issuer, "keys": kids},
    )  # fmt: skip
