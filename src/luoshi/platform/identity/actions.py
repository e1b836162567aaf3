"""Joining two persons, taking them apart again, and answering what waits for a human. Each is one transaction of the
store with its audit row, so the lake follows as it follows an ingest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, NotFound, Refused
from luoshi.platform import audit
from luoshi.platform.identity import joined, links
from luoshi.platform.identity.models import Answer, Case, Link, State
from luoshi.platform.store import sets
from luoshi.platform.store.models import Chunk, Person, Source
from luoshi.records.structure import resource_types

if TYPE_CHECKING:
    from luoshi.platform.access.models import User

SOURCE = "luoshi-identity"


def merge(*, keep: int, other: int, by: User | str, reason: str, basis: str = Link.DESK) -> Link:
    """From now on `other` is the person `keep`: everything of `other` counts for `keep`. What was believed before stays
    as it was. Raises `Refused` when they are one already, `NotFound` for an unknown person, `InvalidValue` without a
    reason."""
    reason = _reason(reason)
    with transaction.atomic():
        sets.lock()
        _known(keep, other)
        top, child = links.root(keep), links.root(other)
        if top == child:
            raise Refused("the two are one person already.")
        chunk, now = _begin()
        resources = [resource for resource, _ in _resources_of(child)]
        origins = links.origins(resources)
        links.set_origins(
            {resource: origins.get(resource, child) for resource in resources}, dict.fromkeys(resources, top)
        )
        _move(resources, child, top, chunk, now)
        Link.objects.filter(root=child, ended_at=None).update(root=top)
        link = Link.objects.create(
            child=child, parent=top, root=top, basis=basis, reason=reason, by=_name(by), at=now, chunk=chunk
        )
        audit.record(
            by=by,
            action="identity.merge",
            object_type="person",
            object_id=top,
            detail={"other": child, "resources": len(resources), "basis": basis, "reason": reason, "chunk": chunk},
        )
        joined.tell([top], _name(by))
    return link


def unmerge(*, other: int, by: User | str, reason: str) -> Link:
    """`other` is a person of their own again, with everything that came in under them or those linked below them, also
    since the merge. Raises `Refused` when they are linked to nobody, `InvalidValue` without a reason."""
    reason = _reason(reason)
    with transaction.atomic():
        sets.lock()
        link = Link.objects.filter(child=other, ended_at=None).first()
        if link is None:
            raise Refused("this person is not joined with another.", todo="Name the one that was joined, not the kept.")
        chunk, now = _begin()
        leaving = links.below(other)
        resources = [
            resource
            for resource, person in sets.select(
                "SELECT resource, person FROM identity_origin WHERE person IN {values}", leaving
            )
        ]
        raw = links.origins(resources)
        links.set_origins({resource: raw[resource] for resource in resources}, dict.fromkeys(resources, other))
        _move(resources, link.root, other, chunk, now)
        Link.objects.filter(child__in=leaving - {other}, ended_at=None).update(root=other)
        Link.objects.filter(pk=link.pk).update(ended_at=now, ended_by=_name(by), ended_reason=reason)
        _restore_place(link.root, other, since=link.chunk)
        audit.record(
            by=by,
            action="identity.unmerge",
            object_type="person",
            object_id=other,
            detail={"from": link.root, "resources": len(resources), "reason": reason, "chunk": chunk},
        )
        joined.tell([link.root, other], _name(by))
    link.refresh_from_db()
    return link


def merge_patients(*, source: Source, keep: str, other: str, by: User | str, reason: str) -> Link | None:
    """A sender says that its Patient `other` (id as sent) is its Patient `keep` (HL7 v2 A40, Patient.link). None when
    they are one person already. In the mode `review` nothing is joined: a case is opened. Raises `NotFound` for a
    Patient the source never sent."""
    left, right = (_patient(source, key) for key in (keep, other))
    if links.root(left[1]) == links.root(right[1]):
        return None
    if State.objects.filter(mode=State.AUTO).exists() and not clashing(left[1], right[1]):
        return merge(keep=left[1], other=right[1], by=by, reason=reason, basis=Link.SOURCE)
    from luoshi.platform.identity import arrivals

    arrivals.open_said_case(left, right, note=reason)
    return None


def unmerge_patients(*, source: Source, keep: str, other: str, by: User | str, reason: str) -> Link | None:
    """A sender takes back that its Patient `other` is `keep` (HL7 v2 A37). None when no link of a sender joins them."""
    right = _patient(source, other)
    raw = links.origins([right[0]]).get(right[0], right[1])
    link = Link.objects.filter(child=raw, ended_at=None, basis=Link.SOURCE).first()
    return None if link is None else unmerge(other=link.child, by=by, reason=reason)


def answer(case_id: int, *, answer: str, by: User | str, reason: str = "", revision: int | None = None) -> Case:
    """Say of a case that the two are the same, different, or that one cannot tell (`unsure`).

    `revision`: of the case as it was seen; raises `Refused` when somebody answered meanwhile, when the case is answered
    already, and as `merge` does.
    """
    if answer not in (Case.SAME, Case.DIFFERENT, Case.UNSURE):
        raise InvalidValue(f"{answer!r} is no answer.", todo="Say same, different or unsure.")
    with transaction.atomic():
        sets.lock()
        case = _locked(case_id)
        if revision is not None and revision != case.revision:
            raise Refused("somebody else answered this case meanwhile.", todo="Look at it again.")
        if case.state in (Case.SAME, Case.DIFFERENT):
            raise Refused("this case is answered already.", todo="Take the answer back first.")
        link = None
        if answer == Case.SAME and links.root(case.left) != links.root(case.right):
            link = merge(keep=case.left, other=case.right, by=by, reason=reason.strip() or "人工核对：同一人")
        case.state, case.link, case.changed = answer, link, clock.now()
        case.revision += 1
        case.save()
        Answer.objects.create(case=case, answer=answer, reason=reason.strip()[:500], by=_name(by), at=clock.now())
        audit.record(
            by=by, action="identity.answer", object_type="identity-case", object_id=case.pk,
            detail={"answer": answer, "left": case.left, "right": case.right},
        )  # fmt: skip
    return case


def take_back(case_id: int, *, by: User | str, reason: str = "") -> Case:
    """Undo the last answer of a case: it is open again, and a merge it made is taken apart. Raises `Refused` when there
    is nothing to take back."""
    with transaction.atomic():
        sets.lock()
        case = _locked(case_id)
        last = Answer.objects.filter(case=case, undone=False).order_by("-pk").first()
        if last is None or case.state == Case.OPEN:
            raise Refused("this case has no answer to take back.")
        if case.link is not None and case.link.ended_at is None:
            unmerge(other=case.link.child, by=by, reason=reason.strip() or "撤回核对结论")
        Answer.objects.filter(pk=last.pk).update(undone=True)
        case.state, case.link, case.changed = Case.OPEN, None, clock.now()
        case.revision += 1
        case.save()
        audit.record(
            by=by, action="identity.take-back", object_type="identity-case", object_id=case.pk,
            detail={"answer": last.answer, "left": case.left, "right": case.right},
        )  # fmt: skip
    return case


def set_mode(mode: str, *, by: User | str) -> None:
    """Whether the band "same" is joined by itself (`auto`), everything is asked (`review`), or nothing matched (`off`)."""
    if mode not in (State.AUTO, State.REVIEW, State.OFF):
        raise InvalidValue(f"{mode!r} is no mode.", todo="Use auto, review or off.")
    with transaction.atomic():
        state(lock=True)
        State.objects.filter(pk=1).update(mode=mode)
        audit.record(by=by, action="identity.mode", object_type="setting", object_id="identity", detail={"mode": mode})


def state(*, lock: bool = False) -> State:
    """The one row of settings and progress."""
    rows = State.objects.select_for_update() if lock else State.objects
    return rows.get_or_create(pk=1)[0]


def clashing(left: int, right: int) -> bool:
    """Whether the two hold different valid resident IDs, so that no machine may join them."""
    held = [
        {
            value
            for (value,) in sets.select(
                "SELECT value FROM store_personidentifier WHERE person IN {values} AND system = %s",
                links.members(person),
                "urn:luoshi:cn:id:resident",
            )
        }
        for person in (left, right)
    ]
    return bool(held[0]) and bool(held[1]) and held[0] != held[1]


# ---- the steps


def _begin() -> tuple[int, int]:
    """The number and instant of a transaction of ours in the store."""
    source, _new = Source.objects.get_or_create(name=SOURCE, defaults={"title": "身份核对（系统内部）"})
    chunk = sets.following("store_chunk")
    latest = sets.one("SELECT at FROM store_chunk ORDER BY id DESC LIMIT 1")
    now = int(clock.now().timestamp() * 1_000_000)
    now = now if latest is None else max(now, latest + 1)
    Chunk(id=chunk, source=source, at=now, counts={}).save(force_insert=True)
    return chunk, now


def _resources_of(person: int) -> list[tuple[int, str]]:
    return [
        (resource, kind)
        for resource, kind in sets.select(
            "SELECT id, type FROM store_resource WHERE type IN {values} AND person = %s", resource_types(), person
        )
    ]


def _move(resources: list[int], before: int, after: int, chunk: int, now: int) -> None:
    links.follow(dict.fromkeys(resources, after), now, started=[(resource, before) for resource in resources])
    sets.update(
        "UPDATE store_resource SET person = %s, touched = %s WHERE id = %s",
        [(after, chunk, resource) for resource in resources],
    )
    sets.insert(
        "store_personchange", ("id", "chunk", "person"), [(sets.following("store_personchange"), chunk, before)]
    )


def _restore_place(person: int, other: int, *, since: int) -> None:
    """Where the kept person lives and who they are, from their own Patients, if Patients came in since the merge."""
    from luoshi.records.identify import facts

    rows = sets.rows(
        "SELECT v.body, v.chunk FROM store_resource r JOIN store_version v"
        " ON v.resource_id = r.id AND v.version = r.version"
        " WHERE r.type = 'Patient' AND r.person = %s AND v.body <> '' ORDER BY v.known_from",
        person,
    )
    later = sets.one(
        "SELECT 1 FROM store_resource r JOIN store_version v ON v.resource_id = r.id AND v.version = r.version"
        " WHERE r.type = 'Patient' AND r.person IN (%s, %s) AND v.chunk > %s LIMIT 1",
        person,
        other,
        since,
    )
    if not later or not rows:
        return
    import orjson

    told = {"division": "", "institution": "", "name": ""}
    for body, _ in rows:
        found = facts(orjson.loads(body))
        for name, value in (("division", found.division), ("institution", found.institution), ("name", found.name)):
            told[name] = value[: Person.NAME_LENGTH] or told[name]
    Person.objects.filter(pk=person).update(**told)


def _patient(source: Source, key: str) -> tuple[int, int]:
    found = sets.rows(
        "SELECT id, person FROM store_resource WHERE type = 'Patient' AND key = %s AND source_id = %s", key, source.pk
    )
    if not found or found[0][1] is None:
        raise NotFound("This source has sent no Patient of that id.")
    return found[0][0], found[0][1]


def _known(*persons: int) -> None:
    found = {p for (p,) in sets.select("SELECT number FROM store_person WHERE number IN {values}", set(persons))}
    if found != set(persons):
        raise NotFound("There is no such person.", todo="Give the numbers shown on the residents' pages.")


def _locked(case_id: int) -> Case:
    case = Case.objects.select_for_update(of=("self",)).filter(pk=case_id).first()
    if case is None:
        raise NotFound("There is no such case.")
    return case


def _reason(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise InvalidValue("A reason is needed.", todo="Say in a few words why.")
    return text[:500]


def _name(by: User | str) -> str:
    return by if isinstance(by, str) else by.get_username()
