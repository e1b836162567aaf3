"""The outbox: what must be told to peers, kept with the move that made it and sent until it is taken.

At least once and in order for each referral; a round may be run again at any time, by several at once.
"""

from __future__ import annotations

import base64
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from django.db import transaction
from django.utils import timezone

from luoshi.kernel import clock
from luoshi.kernel.errors import UserError
from luoshi.platform import audit
from luoshi.platform.access import at_rest
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import categories as record_categories
from luoshi.platform.identity import links
from luoshi.platform.store import people, reads
from luoshi.platform.store.models import PersonIdentifier
from luoshi.services.referral import book
from luoshi.services.referral.exchange.mapping import Picture, bundle
from luoshi.services.referral.models import Message, Peer, Referral

TIMEOUT = 10.0
_SLOWEST = 600
_MEDIA = "application/fhir+json"
_tokens: dict[int, tuple[str, float]] = {}
# What was refused for good: sending it again would change nothing.
_FOR_GOOD = frozenset({400, 404, 409, 410, 412, 413, 415, 422})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """A peer that moved is told in its error, not followed: the new place was not agreed."""


_opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


def queue(row: Referral) -> None:
    """Keep a message about how a referral stands, in the caller's transaction."""
    assert row.peer_id is not None
    now = timezone.now()
    body = orjson.dumps(bundle(picture(row))).decode()
    Message.objects.update_or_create(
        peer_id=row.peer_id, referral=row, version=row.version,
        defaults={"body": body, "due": now, "made": now, "state": Message.WAITING},
    )  # fmt: skip


def picture(row: Referral) -> Picture:
    """How a referral stands, as this side tells it."""
    asked = row.far == "receive"
    # Moved steps are in the timeline already; the last one says why.
    last = row.steps.order_by("-pk").first()
    return Picture(
        uid=row.uid, version=row.version, base=row.far_version, state=row.state, asked=asked, direction=row.direction,
        priority=row.priority, sender=row.sender, sender_name=row.sender_name, receiver=row.receiver,
        receiver_name=row.receiver_name, diagnosis=row.diagnosis, reason=row.reason,
        note=last.note if last else "", refusal=row.refusal if row.state in ("rejected", "returned") else "",
        criteria=tuple(row.criteria), categories=tuple(row.categories),
        said={"department": row.department, "tests": row.tests, "advice": row.advice, "disease": row.disease,
              "consent": row.consent},
        subject=_subject(row) if asked and row.active else {},
        attached=_attached(row) if asked and row.active else None,
        arrive_on=row.arrive_on, summary=row.summary, at=row.since,
    )  # fmt: skip


def _subject(row: Referral) -> dict[str, str]:
    if row.person is None:
        return {}
    card = people.cards([row.person], scope=Scope.system()).get(row.person)
    named = PersonIdentifier.objects.filter(person__in=links.members(row.person)).order_by("pk")
    identifier = named.filter(system=people.RESIDENT_ID).first() or named.first()
    found = {"system": identifier.system, "value": identifier.value} if identifier else {}
    if card is not None:
        birth = card.birth_date.isoformat() if card.birth_date else ""
        found |= {"name": card.name, "sex": card.sex, "birth_date": birth}
    return found


def _attached(row: Referral) -> dict[str, Any] | None:
    """The records of the categories the patient agreed to, of the declared months: newest first, as a collection."""
    if row.person is None or not row.categories:
        return None
    rule = book.rules().summary
    since = (clock.today() - timedelta(days=round(rule.months * 30.44))).isoformat()
    stored = [s for s in reads.resources_of_person(row.person, scope=Scope.system()) if not s.deleted]
    found = {(s.type, s.id): s.resource for s in stored}
    agreed = set(row.categories)
    kept: list[tuple[str, dict[str, Any]]] = []
    for name, (kinds, _authors) in record_categories.of_all(found).items():
        resource = found[name]
        day = _day(resource)
        if name[0] not in ("Patient", "Consent", "Provenance", "AuditEvent") and set(kinds) <= agreed and day >= since:
            kept.append((day, {key: value for key, value in resource.items() if key != "meta"}))
    kept.sort(key=lambda pair: pair[0], reverse=True)
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": resource} for _day_, resource in kept[: rule.entries]],
    }


def _day(resource: dict[str, Any]) -> str:
    for key in (
        "effectiveDateTime",
        "recordedDate",
        "onsetDateTime",
        "performedDateTime",
        "occurrenceDateTime",
        "authoredOn",
    ):
        if resource.get(key):
            return str(resource[key])[:10]
    period = resource.get("period") or resource.get("performedPeriod") or resource.get("effectivePeriod") or {}
    return str(period.get("start", ""))[:10]


# --- sending -------------------------------------------------------------------------------------------------------


def deliver(*, send: Callable[[Peer, str], str] | None = None) -> int:
    """One round over everything that is due; how many messages were taken. What fails is tried again later, longer and
    longer; messages of a referral keep their order."""
    count = 0
    blocked: set[int] = set()
    silent: set[int] = set()
    waiting = Message.objects.filter(state=Message.WAITING, peer__active=True).select_related("peer").order_by("pk")
    for message in waiting:
        if message.referral_id in blocked or message.peer_id in silent:
            continue
        if message.due > timezone.now():
            blocked.add(message.referral_id)
            continue
        failure = (send or _post)(message.peer, message.body)
        if not failure:
            count += _taken(message)
            continue
        blocked.add(message.referral_id)
        if _failed(message, failure):
            silent.add(message.peer_id)
    return count


def _taken(message: Message) -> int:
    with transaction.atomic():
        if not Message.objects.filter(pk=message.pk, state=Message.WAITING).update(
            state=Message.SENT, sent=timezone.now(), error="", attempts=message.attempts + 1
        ):
            return 0
        Peer.objects.filter(pk=message.peer_id).update(heard=timezone.now(), error="")
        audit.record(
            by="clock", action="referral.sent", object_type="referral", object_id=message.referral_id,
            detail={"peer": message.peer.name, "version": message.version},
        )  # fmt: skip
    return 1


def _failed(message: Message, failure: str) -> bool:
    """Note a failure; whether the peer itself is out of reach."""
    status = failure.partition(" ")[0]
    for_good = status.isdigit() and int(status) in _FOR_GOOD
    attempts = message.attempts + 1
    Message.objects.filter(pk=message.pk, state=Message.WAITING).update(
        attempts=attempts,
        error=failure[:300],
        state=Message.REFUSED if for_good else Message.WAITING,
        due=timezone.now() + timedelta(seconds=min(_SLOWEST, 2 ** min(attempts, 10) / 2)),
    )
    Peer.objects.filter(pk=message.peer_id).update(error=failure[:300])
    return not for_good


def retry(peer: Peer) -> int:
    """Try again at once what waits or was refused for good; how many."""
    found = Message.objects.filter(peer=peer).exclude(state=Message.SENT)
    return found.update(state=Message.WAITING, due=timezone.now())


def _post(peer: Peer, body: str) -> str:
    """Send one message; "" when it was taken, else the status (or 0) and why."""
    try:
        for again in (False, True):
            token = _token(peer, fresh=again)
            try:
                _call(peer.address, body.encode(), {"Content-Type": _MEDIA, "Authorization": f"Bearer {token}"})
            except urllib.error.HTTPError as error:
                if error.code == 401 and not again:
                    continue
                return f"{error.code} {_why(error)}"
            return ""
    except urllib.error.HTTPError as error:
        # The token was not given: never the fault of the message.
        return f"0 token: {error.code}"
    except UserError as error:
        return f"0 {error.message}"
    except (OSError, HTTPException, ValueError, KeyError) as error:
        return f"0 {type(error).__name__}"
    return "401"


def _call(address: str, body: bytes, headers: dict[str, str]) -> bytes:
    request = urllib.request.Request(address, data=body, headers=headers | {"User-Agent": "luoshi"})  # noqa: S310 (checked when the peer was registered)
    with _opener.open(request, timeout=TIMEOUT) as answer:
        taken: bytes = answer.read()
        return taken


def _token(peer: Peer, *, fresh: bool) -> str:
    kept = _tokens.get(peer.pk)
    if kept and not fresh and kept[1] > time.monotonic():
        return kept[0]
    secret = at_rest.unseal(peer.secret, context=f"referral-peer:{peer.name}")
    # RFC 6749 §2.3.1: both are form-encoded before they are joined.
    basic = base64.b64encode(f"{quote(peer.client_id, safe='')}:{quote(secret, safe='')}".encode()).decode()
    form = urlencode({"grant_type": "client_credentials"}).encode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    answer = orjson.loads(_call(peer.token_address, form, headers))
    token = str(answer["access_token"])
    _tokens[peer.pk] = (token, time.monotonic() + max(0, int(answer.get("expires_in", 300)) - 60))
    return token


def _why(error: urllib.error.HTTPError) -> str:
    """The first reason of an OperationOutcome; texts of ours never repeat values of a record."""
    try:
        outcome = orjson.loads(error.read()[:100_000])
        return str(outcome["issue"][0].get("diagnostics", ""))[:200]
    except (ValueError, KeyError, IndexError, OSError, TypeError):
        return ""


def pending(row: Referral) -> int:
    """The last version of a referral this side told its peer, 0 for none."""
    return Message.objects.filter(referral=row).order_by("-version").values_list("version", flat=True).first() or 0
