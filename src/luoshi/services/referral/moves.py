"""What every move of a referral does: the state once, the clocks, the bed or slot, the consents, the timeline with its
audit row, the message to a peer, the event. Used by `actions` (people), `clocks` (time) and `exchange` (peers)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import Refused
from luoshi.platform import audit, moving
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import actions as consent
from luoshi.platform.consent.categories import book as consent_book
from luoshi.services.referral import alerting, book, events, queries, recording, rules
from luoshi.services.referral.exchange import outbox
from luoshi.services.referral.models import Capacity, Referral, Step


def locked(number: int, *, scope: Scope, version: int | None = None) -> Referral:
    """The row, held until the transaction ends. Raises `Http404` outside the scope, `Refused` when it moved on since the
    page of that `version` was shown."""
    seen = queries.one(number, scope=scope)
    row = Referral.objects.select_for_update(of=("self",)).select_related("peer").get(pk=seen.pk)
    if version is not None and row.version != version:
        raise Refused(_("刚刚已有人处理了这一项，请刷新后再看。"), where=rules.MACHINE.title)
    return row


def advance(
    row: Referral, name: str, *, by: User | str, scope: Scope | None, given: Mapping[str, Any] | None = None,
    permissions: frozenset[str] | None = None, remote: bool = False, **fields: Any,
) -> None:  # fmt: skip
    """Make one move with all that hangs on it: clocks, the bed or slot, consents, timeline, message, event.

    `remote`: the move was made at the peer and is only followed here, so no message goes back.
    """
    before, now = row.state, clock.now()
    held = permissions if permissions is not None else queries.held(row, scope) if scope else frozenset()
    target = _target(row, name)
    arrive_on = fields.get("arrive_on", row.arrive_on)
    priority: Any = row.priority
    fields |= {
        "version": row.version + 1,
        "since": now,
        "due": rules.due(target, priority, now, arrive_on=arrive_on),
        "lapse": rules.lapses(target, priority, now, arrive_on=arrive_on),
        "escalated": 0,
    }
    if target in rules.MACHINE.final:
        fields["ended"] = now
    told = dict(given or {})
    moving.advance(
        row, rules.MACHINE, name, by=by, permissions=held, given=_audited(told), scope_division=code_of(row.sender_path),
        **fields,
    )  # fmt: skip
    note(row, name, by=_name(by), at=now, before=before, after=row.state, said=_said(told))
    if before == rules.HOLDING and row.state in ("cancelled", "no-show"):
        _give_back(row)
    if row.state not in rules.OPEN:
        _end(row, by)
    if not row.far and (before, row.state) != ("draft", "cancelled"):
        recording.keep(row, by=by)
    if row.far and not remote and (before, row.state) != ("draft", "cancelled"):
        outbox.queue(row)
    alerting.moved(row, name)
    events.tell(_event(row, name))


def restate(row: Referral, *, by: str) -> None:
    """Tell a peer again how a referral stands, because what it proposed cannot be done any more. In the caller's
    transaction."""
    version = row.version + 1
    Referral.objects.filter(pk=row.pk).update(version=version)
    row.version = version
    note(row, "restate", by=by, at=clock.now(), before=row.state, after=row.state)
    outbox.queue(row)


def adopt(row: Referral, state: str, *, by: str, said: str = "") -> None:
    """Take over how a referral stands at the peer that has the last word on it, where no move leads there: what was done
    here was too late. Noted in timeline and audit. In the caller's transaction."""
    before, now = row.state, clock.now()
    priority: Any = row.priority
    fields = {
        "state": state,
        "version": row.version + 1,
        "since": now,
        "due": rules.due(state, priority, now, arrive_on=row.arrive_on),
        "lapse": None,
        "escalated": 0,
        "ended": now if state in rules.MACHINE.final else None,
    }
    Referral.objects.filter(pk=row.pk).update(**fields)
    for name, value in fields.items():
        setattr(row, name, value)
    note(row, "adopt", by=by, at=now, before=before, after=state, said=said)
    audit.record(
        by=by, action="referral.adopt", object_type="referral", object_id=row.pk,
        scope_division=code_of(row.sender_path), detail={"from": before, "to": state},
    )  # fmt: skip
    tell(row, "adopt")


def tell(row: Referral, kind: str, *, level: int = 0, to: str = "") -> None:
    """Let others hear of it once it is committed."""
    events.tell(_event(row, kind, level=level, to=to))


def _give_back(row: Referral) -> None:
    """Free what was kept for a patient who does not come."""
    if row.slot_id is not None:
        Capacity.objects.filter(pk=row.slot_id, free__lt=F("total")).update(free=F("free") + 1)


def _target(row: Referral, name: str) -> str:
    try:
        return rules.MACHINE.move(row.state, name).target
    except Refused as error:
        raise Refused(_("现在的状态下不能这样做。"), where=rules.MACHINE.title, todo=_("请刷新后再看。")) from error


def share(row: Referral, by: User | str) -> None:
    """Let the receiver see what the patient agreed to, until the referral ends."""
    if row.person is None or row.far:
        return
    shares = consent.share_many(
        person=row.person,
        institution=row.receiver,
        categories=row.categories,
        by=by,
        purpose=next(iter(consent_book().purposes)),
        until=clock.today() + timedelta(days=book.rules().summary.days_valid),
    )
    Referral.objects.filter(pk=row.pk).update(shares=shares)
    row.shares = shares


def _end(row: Referral, by: User | str) -> None:
    """The receiver sees the patient no more; what named a foreign patient is forgotten."""
    if row.person is not None and row.shares:
        consent.withdraw_many(person=row.person, sharings=row.shares, by=by)
    if row.far == "send":
        Referral.objects.filter(pk=row.pk).update(subject={}, attached="")
        row.subject, row.attached = {}, ""


def note(
    row: Referral,
    kind: str,
    *,
    by: str,
    at: datetime,
    before: str = "",
    after: str = "",
    said: str = "",
    level: int = 0,
) -> None:
    """One line of the timeline."""
    Step.objects.create(
        referral=row,
        version=row.version,
        kind=kind,
        level=level,
        at=at,
        by=by,
        before=before,
        after=after,
        note=said[:1000],
    )


def _event(row: Referral, kind: str, *, level: int = 0, to: str = "") -> events.Event:
    senders = row.state in rules.SENDERS_TURN
    return events.Event(
        kind, row.pk, row.number, row.state, row.sender if senders else row.receiver,
        row.sender_path if senders else row.receiver_path, level, to,
    )  # fmt: skip


def _said(given: Mapping[str, Any]) -> str:
    """The free words of a move for the timeline; a declared reason stays a key, said on the page."""
    return " ".join(str(given[key]) for key in ("reason", "note") if given.get(key))


def _audited(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a move needs, without free text about a patient."""
    return {key: value if key in ("consent", "slot") else _short(key, value) for key, value in given.items()}


def _short(key: str, value: Any) -> Any:
    known = {reason for kind in book.rules().reasons.values() for reason in kind}
    return value if key == "reason" and value in known else "…" if value else value


def _name(by: User | str) -> str:
    return by if isinstance(by, str) else by.get_username()


def code_of(path: str) -> str:
    """The code of the division a path ends in."""
    return path.strip("/").rpartition("/")[2]
