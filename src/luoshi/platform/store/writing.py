"""The one way into the store: a set of prepared resources becomes rows in one transaction, or nothing does.

Writers take turns (`sets.lock`), so numbers of persons, resources and chunks are dense and in the order of commits.
Everything is looked up and written in sets; the cost of a resource is a few index visits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import nullcontext
from typing import NamedTuple

from django.db import transaction

from luoshi.kernel import clock
from luoshi.platform import audit
from luoshi.platform.statements import pipelined
from luoshi.platform.store import identity, listeners, sets
from luoshi.platform.store.models import RunFile, Source
from luoshi.platform.store.preparing import DELETED, Prepared, Row
from luoshi.platform.store.work import Counts, Known, Name, Work

__all__ = ["Counts", "VersionConflict", "Written", "commit"]
_FEW = 2_000  # resources of a bundle; more are a block of a file
# What every set needs to know before it begins, in one statement.
_BEGIN = """
    SELECT (SELECT coalesce(max(id), 0) + 1 FROM store_chunk), (SELECT coalesce(max(id), 0) + 1 FROM store_resource),
           (SELECT coalesce(max(id), 0) + 1 FROM store_version), (SELECT at FROM store_chunk ORDER BY id DESC LIMIT 1),
           EXISTS (SELECT 1 FROM identity_link)"""


class VersionConflict(Exception):
    """A resource is not at the version its writer had seen. Nothing of the set was written."""

    def __init__(self, name: Name, present: int) -> None:
        self.name, self.present = name, present
        super().__init__(f"{name[0]}: version {present}")


class Written(NamedTuple):
    """What became of one row. `public_id`: the id it is read by; `at`: when its version became known (microseconds since
    1970); `fate`: new, changed, unchanged, deleted, absent (a deletion of what was not there) or gone (received before
    and deleted since: it stays deleted)."""

    type: str
    public_id: str
    version: int
    at: int
    fate: str
    person: int | None


def commit(
    prepared: Prepared,
    *,
    source: Source,
    by: str,
    file: RunFile | None = None,
    position: int = 0,
    lines: int = 0,
    done: bool = False,
    expected: Mapping[Name, int] | None = None,
    told: list[Written] | None = None,
) -> Counts:
    """Write a set in one transaction with its audit row and, for a file, how far it was read. Returns the counts.

    What was received before changes nothing; a resource whose content differs from every version of it becomes a new
    version. Identity is decided for each Patient, and what waited for a Patient is resolved.

    `expected`: versions (0: not there) that resources of this source must have; `VersionConflict` when one has another.
    Whoever names the version means what they send, so an older content comes back as a new version. `told` is filled
    with what became of each row, in order.
    """
    # A bundle is sent in one go while others wait for the lock; a block of a file is copied.
    few = len(prepared.rows) <= _FEW and not prepared.refused
    with pipelined() if few else nullcontext(), transaction.atomic():
        sets.lock()
        chunk, resource, version, latest, linked = sets.rows(_BEGIN)[0]
        sets.follow_growth(resource)
        now = int(clock.now().timestamp() * 1_000_000)
        work = Work(
            source.pk,
            chunk,
            now if latest is None else max(now, latest + 1),
            file.pk if file else None,
            file.run_id if file else None,
            resource,
            version,
            bool(linked),
        )
        work.expected = expected or {}
        _resources(prepared.rows, work, told)
        work.counts.refused = len(prepared.refused)
        _refusals(prepared, work)
        listeners.tell(prepared, work)
        if file is not None:
            RunFile.objects.filter(pk=file.pk).update(position=position, lines=lines, done=done)
        # By hand: it is one of the few statements that every bundle pays.
        told_of = (chunk, source.pk, work.file, work.now, json.dumps(work.counts.as_dict()))
        sets.update(
            "INSERT INTO store_chunk (id, source_id, file_id, at, counts) VALUES (%s, %s, %s, %s, %s)", [told_of]
        )
        audit.record(
            by=by,
            action="record.ingest",
            object_type="source",
            object_id=source.name,
            detail={"chunk": chunk, **work.counts.as_dict()},
        )
    return work.counts


def _resources(rows: list[Row], work: Work, told: list[Written] | None) -> None:
    known, taken = _lookup(rows, work.source)
    for name, wanted in work.expected.items():
        present = known[name].version if name in known else 0
        if present != wanted:
            raise VersionConflict(name, present)
    _history(rows, known, work)
    fresh: list[tuple[Row, Known, str]] = []
    accepted: list[tuple[Row, Known]] = []
    fates: list[tuple[Row, Known | None, int, str]] = []
    for row in rows:
        at = known.get((row.type, row.key))
        fate = "deleted" if row.hash == DELETED else "changed"
        if at is None and row.hash == DELETED:
            fates.append((row, None, 0, "absent"))
            continue
        if at is None:
            at = known[row.type, row.key] = Known(work.resource + len(fresh), None, 0, "", True)
            at.public = _public_id(row, work.source, taken) if taken else row.key
            fresh.append((row, at, at.public))
            work.counts.new += 1
            fate = "new"
        elif row.hash == at.hash or _had(row, at, work):
            work.counts.unchanged += 1
            gone = at.hash == DELETED and row.hash != DELETED
            fates.append((row, at, at.version, "gone" if gone else "unchanged"))
            continue
        else:
            work.counts.deleted += row.hash == DELETED
            work.counts.changed += row.hash != DELETED
            work.counts.conflicts += (at.in_file or at.rows > 0) and work.file is not None
        _version(row, at, work)
        accepted.append((row, at))
        fates.append((row, at, at.version, fate))
    work.now += max((at.rows for _, at in accepted), default=0)
    identity.identify(accepted, work)
    identity.assign(accepted, known, work)
    _write(fresh, known, work)
    _mark(accepted)
    identity.resolve(fresh, known, work)
    if told is not None:
        told.extend(_told(fates, work))


def _had(row: Row, at: Known, work: Work) -> bool:
    """Whether a content that is not the present one was received before, and is therefore no news."""
    return row.hash in at.seen and row.hash != DELETED and (row.type, row.key) not in work.expected


def _mark(accepted: list[tuple[Row, Known]]) -> None:
    """Write what searches without a patient go by; see `marks`."""
    fresh: dict[tuple[int, int, int], None] = {}
    again: dict[tuple[int, int, int], None] = {}
    for row, at in accepted:
        rows = fresh if at.fresh else again
        for mark, day in row.marks:
            rows[mark, day, at.id] = None
    sets.insert("store_mark", ("mark", "day", "resource"), sorted(fresh))  # as the index has them: neighbours together
    sets.update("INSERT INTO store_mark (mark, day, resource) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", list(again))


def _told(fates: list[tuple[Row, Known | None, int, str]], work: Work) -> list[Written]:
    moments = {(resource, version): moment for resource, version, moment, *_ in work.versions}
    old = {at.id for _, at, version, _ in fates if at is not None and (at.id, version) not in moments}
    moments.update(
        ((resource, version), moment)
        for resource, version, moment in sets.select(
            "SELECT resource_id, version, known_from FROM store_version WHERE resource_id IN {values}"
            " AND known_to IS NULL",
            old,
        )
    )
    return [
        Written(row.type, row.key, 0, work.now, fate, None)
        if at is None
        else Written(row.type, at.public, version, moments.get((at.id, version), work.now), fate, at.person)
        for row, at, version, fate in fates
    ]


def _lookup(rows: list[Row], source: int) -> tuple[dict[Name, Known], set[Name]]:
    """What the store has of these resources from this source, and which ids other sources have taken."""
    known: dict[Name, Known] = {}
    taken: set[Name] = set()
    for kind, key, id_, owner, person, version, digest, public in sets.pairs(
        "SELECT r.type, r.key, r.id, r.source_id, r.person, r.version, r.hash, r.public_id"
        " FROM {pairs} CROSS JOIN store_resource r WHERE r.type = wanted.a AND r.key = wanted.b",
        {(row.type, row.key) for row in rows},
    ):
        if owner == source:
            known[kind, key] = Known(id_, person, version, digest, public=public)
        else:
            taken.add((kind, key))
    return known, taken


def _public_id(row: Row, source: int, taken: set[Name]) -> str:
    if (row.type, row.key) not in taken:
        return row.key
    name = f"s{source}-{row.key}"
    return name if len(name) <= 64 else f"s{source}-{row.hash}"


def _history(rows: list[Row], known: dict[Name, Known], work: Work) -> None:
    """For resources whose content differs from the present: what they were before, and whether this file gave it."""
    differing: dict[int, Known] = {}
    for row in rows:
        at = known.get((row.type, row.key))
        if at is not None and at.hash != row.hash:
            differing[at.id] = at
    seen: dict[int, set[str]] = {}
    for id_, digest in sets.select(
        "SELECT resource_id, hash FROM store_version WHERE resource_id IN {values}", differing
    ):
        seen.setdefault(id_, set()).add(digest)
    for id_, digests in seen.items():
        differing[id_].seen = frozenset(digests)
    if work.file is not None:
        for (id_,) in sets.select(
            "SELECT v.resource_id FROM store_version v JOIN store_chunk c ON c.id = v.chunk"
            " WHERE v.resource_id IN {values} AND c.file_id = %s",
            differing,
            work.file,
        ):
            differing[id_].in_file = True


def _version(row: Row, at: Known, work: Work) -> None:
    """Note the next version of a resource. Several in one set lie a microsecond apart."""
    moment = work.now + at.rows
    if at.version:
        work.closed.append((moment, at.id, at.version))
        at.seen |= {at.hash}
    at.rows += 1
    at.version += 1
    at.hash = row.hash
    work.versions.append((at.id, at.version, moment, row.hash, work.chunk, row.body))


def _write(fresh: list[tuple[Row, Known, str]], known: dict[Name, Known], work: Work) -> None:
    sets.insert(
        "store_resource",
        ("id", "type", "key", "public_id", "source_id", "person", "version", "hash", "deleted", "touched"),
        [
            (
                at.id,
                row.type,
                row.key,
                public,
                work.source,
                at.person,
                at.version,
                at.hash,
                at.hash == DELETED,
                work.chunk,
            )
            for row, at, public in fresh
        ],
    )
    sets.update(
        "UPDATE store_resource SET person = %s, version = %s, hash = %s, deleted = %s, touched = %s WHERE id = %s",
        [
            (at.person, at.version, at.hash, at.hash == DELETED, work.chunk, at.id)
            for at in known.values()
            if at.rows and not at.fresh
        ],
    )
    sets.insert(
        "store_version",
        ("id", "resource_id", "version", "known_from", "hash", "chunk", "body"),
        [(work.version + i, *version) for i, version in enumerate(work.versions)],
    )
    sets.update("UPDATE store_version SET known_to = %s WHERE resource_id = %s AND version = %s", work.closed)
    identity.write_persons(work)


def _refusals(prepared: Prepared, work: Work) -> None:
    """Keep what was refused, once per content, so that nothing is lost and a resend adds nothing."""
    if not prepared.refused:
        return
    hashed = {hashlib.blake2b(item.body, digest_size=16).hexdigest(): item for item in prepared.refused}
    there = {
        digest
        for (digest,) in sets.select(
            "SELECT hash FROM store_refusal WHERE hash IN {values} AND source_id = %s", hashed, work.source
        )
    }
    sets.update(
        "UPDATE store_refusal SET run_id = %s, file_id = %s, line = %s WHERE hash = %s AND source_id = %s",
        [(work.run, work.file, hashed[digest].line, digest, work.source) for digest in there],
    )
    sets.insert_numbered(
        "store_refusal",
        ("source_id", "file_id", "run_id", "line", "hash", "reason", "place", "text", "at", "body"),
        [
            (
                work.source,
                work.file,
                work.run,
                item.line,
                digest,
                item.reason,
                item.place,
                item.text,
                work.now,
                item.body,
            )
            for digest, item in hashed.items()
            if digest not in there
        ],
    )
