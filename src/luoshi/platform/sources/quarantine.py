"""What waits in quarantine: release it corrected, release it because newer rules accept it, or discard it.

A released resource is committed under the name of its source, so that it is exactly what the sender meant to send; who
decided stands in the audit trail and on the row. Nothing is ever removed: a discarded text stays with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.sources.models import Quarantined
from luoshi.platform.sources.queries import covers
from luoshi.platform.store.models import Source
from luoshi.platform.store.preparing import FLAG, prepare
from luoshi.platform.store.rules import rules_of
from luoshi.platform.store.writing import commit


@dataclass(frozen=True)
class Rechecked:
    """How many of those that waited were released by the rules of today, and how many still wait."""

    released: int
    held: int


def find(pk: int, *, scope: Scope, source: Source | None = None) -> Quarantined:
    """One row, inside the scope (or of the source that asks for its own). Raises `Http404`."""
    row = Quarantined.objects.select_related("refusal", "source__registration").filter(pk=pk).first()
    if row is None or not (row.source == source if source is not None else covers(row.source, scope)):
        raise Http404
    return row


def text_of(row: Quarantined) -> str:
    """What came, as text."""
    return bytes(row.refusal.body).decode("utf-8", "backslashreplace")


def release(row: Quarantined, *, by: User | str, body: str = "") -> None:
    """Take it in: as it came, if today's rules accept it, or as corrected (`body`). Raises `InvalidValue` with the
    reasons when it is still not valid, `Refused` when it was decided already."""
    with transaction.atomic():
        locked = _locked(row)
        raw = body.encode() if body.strip() else bytes(locked.refusal.body)
        rules = rules_of(locked.source)
        prepared = prepare(raw, 1, True, rules.profile)
        if prepared.refused:
            reasons = "; ".join(f"{i['path']}: {i['text']}" for i in prepared.refused[0].issues[:5])
            raise InvalidValue(f"it is still not valid. {reasons}", todo="Correct it and release it again.")
        if not prepared.rows:
            raise InvalidValue("it holds no resource.", todo="Discard it with a reason.")
        counts = commit(prepared, source=locked.source, by=_name(by))
        _decide(locked, Quarantined.RELEASED, by, "corrected" if body.strip() else "accepted as it came")
        _note(locked, by, "source.quarantine.release", {"corrected": bool(body.strip()), **counts.as_dict()})


def discard(row: Quarantined, *, by: User | str, reason: str) -> None:
    """Say that it will not be taken, and why. Raises `InvalidValue` without a reason, `Refused` when decided already."""
    if len(reason.strip()) < 2:
        raise InvalidValue("a reason is needed.", where="reason")
    with transaction.atomic():
        locked = _locked(row)
        _decide(locked, Quarantined.DISCARDED, by, reason.strip()[:300])
        _note(locked, by, "source.quarantine.discard", {"reason": reason.strip()[:300]})


def recheck(source: Source, *, by: User | str, limit: int = 10_000) -> Rechecked:
    """Check everything that waits by the rules of today and release what they accept. Each one is a transaction of its
    own, so an interruption loses nothing and doing it again goes on."""
    released = held = 0
    rules = rules_of(source)
    waiting = Quarantined.objects.filter(source=source, state=Quarantined.HELD).order_by("pk")
    for pk in list(waiting.values_list("pk", flat=True)[:limit]):
        row = Quarantined.objects.select_related("refusal", "source__registration").get(pk=pk)
        prepared = prepare(bytes(row.refusal.body), 1, True, rules.profile, FLAG if rules.mode == FLAG else "reject")
        if prepared.refused or not prepared.rows:
            held += 1
            issues = [dict(issue) for item in prepared.refused for issue in item.issues]
            if issues and issues != row.issues:
                Quarantined.objects.filter(pk=pk).update(issues=issues)
            continue
        with transaction.atomic():
            locked = _locked(row)
            commit(prepared, source=source, by=_name(by))
            _decide(locked, Quarantined.RELEASED, by, "accepted by the rules of today")
            _note(locked, by, "source.quarantine.release", {"recheck": True})
        released += 1
    return Rechecked(released, held)


def pretty(text: str) -> str:
    """JSON with indents; anything else as it is."""
    try:
        parsed: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return orjson.dumps(parsed, option=orjson.OPT_INDENT_2).decode()


def _locked(row: Quarantined) -> Quarantined:
    locked = Quarantined.objects.select_for_update(of=("self",)).select_related("refusal", "source__registration")
    found = locked.get(pk=row.pk)
    if found.state != Quarantined.HELD:
        raise Refused("it was decided already.", where=f"quarantine {row.pk}", todo="Look at its page.")
    return found


def _decide(row: Quarantined, state: str, by: User | str, reason: str) -> None:
    Quarantined.objects.filter(pk=row.pk).update(state=state, by=_name(by), decided=timezone.now(), reason=reason)


def _note(row: Quarantined, by: User | str, action: str, detail: dict[str, Any]) -> None:
    audit.record(
        by=by,
        action=action,
        object_type="source",
        object_id=row.source.name,
        scope_division=row.source.division,
        detail={"quarantine": row.pk, **detail},
    )


def _name(by: User | str) -> str:
    return by if isinstance(by, str) else by.get_username()
