"""What peers send: heard in the transaction in which the store keeps it, so that taken means done.

A set of a registered peer that holds the Task of a referral makes or moves it here. Everybody else's Tasks pass by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from django.utils import timezone

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue
from luoshi.platform import audit
from luoshi.platform.identity import links
from luoshi.platform.regions.models import Institution
from luoshi.platform.store.models import PersonIdentifier, Source
from luoshi.platform.store.preparing import DELETED
from luoshi.services.referral import book, rules
from luoshi.services.referral.exchange import mapping, outbox
from luoshi.services.referral.exchange.mapping import Picture
from luoshi.web.fhir import FhirError

if TYPE_CHECKING:
    from luoshi.platform.store.preparing import Prepared
    from luoshi.platform.store.work import Work
    from luoshi.services.referral.models import Peer, Referral

_TYPES = frozenset({"ServiceRequest", "Task", "Appointment", "DocumentReference"})


def hear(prepared: Prepared, work: Work) -> None:
    """Listener of the store. Raises `FhirError` 422 for a referral that cannot be: then nothing is kept."""
    if not any(row.type == "Task" for row in prepared.rows):
        return
    from luoshi.services.referral.models import Peer

    name = Source.objects.filter(pk=work.source).values_list("name", flat=True).first()
    peer = Peer.objects.filter(source=name, active=True).first()
    if peer is None:
        return
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in prepared.rows:
        if row.type in _TYPES and row.hash != DELETED:
            resource = orjson.loads(row.body)
            if uid := mapping.uid_of(resource):
                found.setdefault(uid, {})[row.type] = resource
    for resources in found.values():
        if "Task" in resources:
            try:
                take(peer, mapping.read(resources))
            except InvalidValue as error:
                raise FhirError(422, "business-rule", error.message, place=error.where) from None
    Peer.objects.filter(pk=peer.pk).update(heard=timezone.now())


def take(peer: Peer, picture: Picture) -> None:
    """Follow what a peer says of one referral. What was heard before changes nothing; what cannot be is answered with how
    it stands here."""
    from luoshi.services.referral.models import Referral

    row = Referral.objects.select_for_update(of=("self",)).select_related("peer").filter(uid=picture.uid).first()
    if row is None:
        _begin(peer, picture)
        return
    if row.peer_id != peer.pk or (row.far == "send") != picture.asked:
        raise FhirError(422, "business-rule", "The referral is none of this source's.", place="Task.identifier")
    if picture.version <= row.far_version:
        return
    own = outbox.pending(row)
    Referral.objects.filter(pk=row.pk).update(far_version=picture.version)
    row.far_version = picture.version
    _more(row, picture)
    if row.far == "send":
        _proposed(row, picture)
    elif picture.base >= own:
        _followed(row, picture)
    # Otherwise it was written before the peer heard our last word, and will be answered by another message.


def _begin(peer: Peer, picture: Picture) -> None:
    """A referral nobody knows here yet."""
    from luoshi.services.referral import moves
    from luoshi.services.referral.models import Referral, Step

    if not picture.asked:
        raise FhirError(422, "not-found", "There is no such referral here.", place="Task.identifier")
    here = Institution.objects.current().filter(code=picture.receiver).select_related("division").first()
    if here is None:
        raise FhirError(422, "not-found", "There is no such institution here.", place="ServiceRequest.performer")
    if picture.state in rules.MACHINE.final:
        return  # taken back before it was ever heard of
    now = clock.now()
    subject = {key: value for key, value in picture.subject.items() if value}
    made = Referral.objects.create(
        uid=picture.uid, direction=picture.direction, state="submitted", version=1, since=now,
        due=rules.due("submitted", picture.priority, now),  # type: ignore[arg-type]
        priority=picture.priority, person=_person(subject), subject=subject,
        sender=picture.sender, sender_name=picture.sender_name or picture.sender, receiver=here.code,
        receiver_name=here.name, receiver_path=here.division.path, department=picture.said.get("department", "")[:60],
        criteria=[c for c in picture.criteria if book.criterion(c)],
        disease=picture.said.get("disease", "") if book.disease(picture.said.get("disease", "")) else "",
        diagnosis=picture.diagnosis, reason=picture.reason, tests=picture.said.get("tests", "")[:2000],
        advice=picture.said.get("advice", "")[:1000], consent=picture.said.get("consent", "")[:12],
        categories=list(picture.categories),
        attached=orjson.dumps(picture.attached).decode() if picture.attached else "",
        made=now, made_by=f"peer:{peer.name}"[:150], submitted=now, sent_by=f"peer:{peer.name}"[:150], peer=peer,
        far="send", far_version=picture.version,
    )  # fmt: skip
    Step.objects.create(
        referral=made, version=1, kind="submit", at=now, by=made.made_by, before="draft", after="submitted"
    )
    audit.record(
        by=made.made_by, action="referral.received", object_type="referral", object_id=made.pk,
        scope_division=here.division.code, detail={"peer": peer.name, "direction": made.direction},
    )  # fmt: skip
    moves.tell(made, "submit")


def _person(subject: Mapping[str, str]) -> int | None:
    if not subject.get("value"):
        return None
    named = PersonIdentifier.objects.filter(system=subject.get("system", ""), value=subject["value"])
    number = named.values_list("person", flat=True).first()
    return links.roots({number}).get(number, number) if number is not None else None


def _more(row: Referral, picture: Picture) -> None:
    """What a peer adds on the way: test results, the reserved day, the summary."""
    from luoshi.services.referral.models import Referral

    fields: dict[str, Any] = {}
    if picture.asked and picture.said.get("tests"):
        fields["tests"] = picture.said["tests"][:2000]
    if picture.asked and picture.attached is not None and row.active:
        fields["attached"] = orjson.dumps(picture.attached).decode()
    if not picture.asked:
        fields |= {"arrive_on": picture.arrive_on} if picture.arrive_on else {}
        fields |= {"summary": dict(picture.summary)} if picture.summary else {}
        fields |= {"refusal": picture.refusal} if picture.refusal else {}
    if fields:
        Referral.objects.filter(pk=row.pk).update(**fields)
        for name, value in fields.items():
            setattr(row, name, value)


def _proposed(row: Referral, picture: Picture) -> None:
    """The sender at the peer says it did something: done here too where it can be, else answered with how it stands."""
    from luoshi.services.referral import moves

    if picture.state == row.state:
        return
    name = _move(row, picture.state, rules.SEND)
    if name:
        _apply(row, name, picture, rules.SEND)
        return
    moves.restate(row, by=_by(row))


def _followed(row: Referral, picture: Picture) -> None:
    """The receiver at the peer says how it stands: followed, by a move where there is one, else as it is."""
    from luoshi.services.referral import moves

    if picture.state == row.state:
        return
    name = _move(row, picture.state, rules.RECEIVE)
    if name:
        _apply(row, name, picture, rules.RECEIVE)
    else:
        moves.adopt(row, picture.state, by=_by(row), said=picture.note)
    if row.state in rules.MACHINE.final:
        outbox.queue(row)  # takes back the attached record


def _apply(row: Referral, move: str, picture: Picture, permission: str) -> None:
    from luoshi.services.referral import moves

    now, fields = clock.now(), {}
    if permission == rules.RECEIVE and row.answered is None and move in ("accept", "ask", "reject"):
        fields["answered"] = now
    if move == "arrive":
        fields["arrived"] = now
    if move == "summarise":
        fields["summarised"] = now
    given = {"reason": picture.refusal or picture.note or "peer", "note": picture.note or "peer", "summary": "peer",
             "slot": "peer"}  # fmt: skip
    moves.advance(
        row, move, by=_by(row), scope=None, given=given, permissions=frozenset({permission}), remote=True, **fields
    )


def _move(row: Referral, target: str, permission: str) -> str:
    return next(
        (m.name for m in rules.MACHINE.moves if row.state in m.sources and m.target == target and m.by == permission),
        "",
    )


def _by(row: Referral) -> str:
    return f"peer:{row.peer.name}"[:150] if row.peer else "peer"
