"""Tokens: made for a client's secret, and read back to know for whom a request speaks."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from luoshi.platform import audit
from luoshi.platform.access.scope import Scope
from luoshi.platform.regions.models import Division, Institution
from luoshi.platform.sources import scopes as scope_rules
from luoshi.platform.sources.clients import digest
from luoshi.platform.sources.models import Client, Token
from luoshi.platform.store import sets
from luoshi.platform.store.models import Source

LIFETIME = timedelta(hours=1)
_READS = frozenset({"person.list", "person.read", "record.read"})
_WRITES = frozenset({"record.ingest"})
# By hand: every request with a token pays it. Whether it has expired is asked of the answer.
_VALID = """
    SELECT t.scopes, t.expires, c.client_id, r.mode, r.profile, s.id, s.name, s.title, s.division, s.institution
    FROM sources_token t
    JOIN sources_client c ON c.id = t.client_id
    JOIN store_source s ON s.id = c.source_id
    JOIN sources_registration r ON r.source_id = s.id
    WHERE t.digest = %s AND t.revoked IS NULL AND c.revoked IS NULL AND r.active"""


@dataclass(frozen=True)
class Issued:
    """A token at the only moment it is known. `seconds`: how long it lives."""

    token: str
    scopes: str
    seconds: int


@dataclass(frozen=True)
class Principal:
    """The system a request speaks for. `scope`: what it may see (residents of its division or institution) with the
    permissions its scopes give; what it sent itself it may always read. `mode` and `profile`: how its records are
    checked. `by` names it in the audit trail."""

    source: Source
    client_id: str
    scopes: tuple[str, ...]
    scope: Scope
    mode: str
    profile: str | None
    expires: datetime

    @property
    def by(self) -> str:
        """The name in the audit trail."""
        return f"source:{self.source.name}"

    def may(self, resource_type: str, letter: str) -> bool:
        """Whether a scope gives `letter` of `cruds` (create, read, update, delete, search) on a type; `*`: on all."""
        return scope_rules.allows(self.scopes, resource_type, letter)


def issue(client: Client, scopes: str = "") -> Issued:
    """A token of a client whose secret was proven. `scopes` must lie within the client's (`scope_rules.within`)."""
    text = secrets.token_urlsafe(32)
    granted = scope_rules.normal(scopes) if scopes.strip() else client.scopes
    now = timezone.now()
    with transaction.atomic():
        Token.objects.filter(client=client).filter(Q(expires__lt=now - timedelta(days=1))).delete()
        Token.objects.create(client=client, digest=digest(text), scopes=granted, issued=now, expires=now + LIFETIME)
        Client.objects.filter(pk=client.pk).update(used=now)
        audit.record(
            by=f"source:{client.source.name}",
            action="source.token",
            object_type="source",
            object_id=client.source.name,
            scope_division=client.source.division,
            detail={"client": client.client_id, "scopes": granted},
        )
    return Issued(text, granted, int(LIFETIME.total_seconds()))


def revoke(text: str, client: Client) -> bool:
    """End a token of this client; whether there was one."""
    with transaction.atomic():
        found = Token.objects.filter(digest=digest(text), client=client, revoked__isnull=True)
        ended = found.update(revoked=timezone.now()) > 0
        if ended:
            audit.record(
                by=f"source:{client.source.name}",
                action="source.token.revoke",
                object_type="source",
                object_id=client.source.name,
                scope_division=client.source.division,
                detail={"client": client.client_id},
            )
    return ended


def bearer(request: HttpRequest) -> str:
    """The token a request carries, or ""."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""


def principal(request: HttpRequest) -> Principal | None:
    """Whom a request speaks for by its bearer token; None without a token or with one that is unknown, expired or
    revoked, or whose client was revoked or source switched off. One query, one or two more for the place; remembered
    on the request."""
    if not hasattr(request, "principal"):
        request.principal = _principal(bearer(request))  # type: ignore[attr-defined]
    found: Principal | None = request.principal  # type: ignore[attr-defined]
    return found


def _principal(text: str) -> Principal | None:
    if not text:
        return None
    found = sets.rows(_VALID, digest(text))
    if not found:
        return None
    scopes, ends, client, mode, profile, pk, name, title, division, institution = found[0]
    expires = ends if ends.tzinfo else ends.replace(tzinfo=UTC)  # SQLite's have no zone
    if expires <= timezone.now():
        return None
    # `registered` is nobody's question here.
    source = Source(pk=pk, name=name, title=title, division=division, institution=institution)
    granted = tuple(scopes.split())
    return Principal(
        source=source,
        client_id=client,
        scopes=granted,
        scope=scope_of_source(source, granted),
        mode=mode,
        profile=profile or None,
        expires=expires,
    )


def scope_of_source(source: Source, scopes: tuple[str, ...]) -> Scope:
    """The division or institution a source was registered for, with everything below; a source registered for neither
    sees nobody. An institution narrows: the division it stands in is not added."""
    letters = frozenset().union(*(scope_rules.parse(scope)[1] for scope in scopes))
    permissions = (_READS if letters & scope_rules.READ else frozenset()) | (
        _WRITES if letters & scope_rules.WRITE else frozenset()
    )
    if source.institution:
        found = Institution.objects.filter(code=source.institution).values_list("pk", flat=True).first()
        return Scope(None, (), _members(found) if found else (source.institution,), permissions)
    if source.division:
        newest = Division.objects.filter(code=source.division).order_by("-valid_from")
        path = newest.values_list("path", flat=True).first()
        return Scope(None, (path,) if path else (), (), permissions)
    return Scope(None, (), (), permissions)


def _members(root: int) -> tuple[str, ...]:
    """Codes of an institution and of everything below it; a query for each level."""
    codes: set[str] = set()
    level, seen = {root}, set()
    while level:
        seen |= level
        below: set[int] = set()
        for code, member in Institution.objects.filter(pk__in=level).values_list("code", "members__pk"):
            codes.add(code)
            if member is not None and member not in seen:
                below.add(member)
        level = below
    return tuple(sorted(codes))
