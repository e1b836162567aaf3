"""The one way into the store: a set of prepared resources becomes rows in one transaction, or nothing does.

Writers take turns (`sets.lock`), so numbers of persons, resources and chunks are dense and in the order of commits.
Everything is looked up and written in sets; the cost of a resource is a few index visits.
"""

from __future__ import annotations

import hashlib

from django.db import transaction

from luoshi.kernel import clock
from luoshi.platform import audit
from luoshi.platform.store import identity, listeners, sets
from luoshi.platform.store.models import Chunk, RunFile, Source
from luoshi.platform.store.preparing import DELETED, Prepared, Row
from luoshi.platform.store.work import Counts, Known, Name, Work

__all__ = ["Counts", "commit"]


def commit(
    prepared: Prepared,
    *,
    source: Source,
    by: str,
    file: RunFile | None = None,
    position: int = 0,
    lines: int = 0,
    done: bool = False,
) -> Counts:
    """Write a set in one transaction with its audit row and, for a file, how far it was read. Returns the counts.

    What was received before changes nothing; a resource whose content differs from every version of it becomes a new
    version. Identity is decided for each Patient, and what waited for a Patient is resolved.
    """
    with transaction.atomic():
        sets.lock()
        chunk = sets.following("store_chunk")
        now = int(clock.now().timestamp() * 1_000_000)
        latest = sets.one("SELECT at FROM store_chunk ORDER BY id DESC LIMIT 1")
        work = Work(
            source.pk,
            chunk,
            now if latest is None else max(now, latest + 1),
            file.pk if file else None,
            file.run_id if file else None,
        )
        Chunk(id=chunk, source=source, file=file, at=work.now).save(force_insert=True)
        _resources(prepared.rows, work)
        work.counts.refused = len(prepared.refused)
        _refusals(prepared, work)
        listeners.tell(prepared, work)
        if file is not None:
            RunFile.objects.filter(pk=file.pk).update(position=position, lines=lines, done=done)
        Chunk.objects.filter(pk=chunk).update(counts=work.counts.as_dict(), at=work.now)
        audit.record(
            by=by,
            action="record.ingest",
            object_type="source",
            object_id=source.name,
            detail={"chunk": chunk, **work.counts.as_dict()},
        )
    return work.counts


def _resources(rows: list[Row], work: Work) -> None:
    known, taken = _lookup(rows, work.source)
    _history(rows, known, work)
    first = sets.following("store_resource")
    fresh: list[tuple[Row, Known, str]] = []
    accepted: list[tuple[Row, Known]] = []
    for row in rows:
        at = known.get((row.type, row.key))
        if at is None and row.hash == DELETED:
            continue
        if at is None:
            at = known[row.type, row.key] = Known(first + len(fresh), None, 0, "", fresh=True)
            fresh.append((row, at, _public_id(row, work.source, taken)))
            work.counts.new += 1
        elif row.hash == at.hash or (row.hash in at.seen and row.hash != DELETED):
            work.counts.unchanged += 1
            continue
        else:
            work.counts.deleted += row.hash == DELETED
            work.counts.changed += row.hash != DELETED
            work.counts.conflicts += (at.in_file or at.rows > 0) and work.file is not None
        _version(row, at, work)
        accepted.append((row, at))
    work.now += max((at.rows for _, at in accepted), default=0)
    identity.identify(accepted, work)
    identity.assign(accepted, known, work)
    _write(fresh, known, work)
    identity.resolve(fresh, known, work)


def _lookup(rows: list[Row], source: int) -> tuple[dict[Name, Known], set[Name]]:
    """What the store has of these resources from this source, and which ids other sources have taken."""
    keys: dict[str, set[str]] = {}
    for row in rows:
        keys.setdefault(row.type, set()).add(row.key)
    known: dict[Name, Known] = {}
    taken: set[Name] = set()
    for kind, wanted in keys.items():
        for id_, key, owner, person, version, digest in sets.select(
            "SELECT id, key, source_id, person, version, hash FROM store_resource WHERE key IN {values} AND type = %s",
            wanted,
            kind,
        ):
            if owner == source:
                known[kind, key] = Known(id_, person, version, digest)
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
    for id_, digest in sets.select(
        "SELECT resource_id, hash FROM store_version WHERE resource_id IN {values}", differing
    ):
        differing[id_].seen.add(digest)
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
    at.rows += 1
    at.version += 1
    at.hash = row.hash
    at.seen.add(row.hash)
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
    number = sets.following("store_version")
    sets.insert(
        "store_version",
        ("id", "resource_id", "version", "known_from", "hash", "chunk", "body"),
        [(number + i, *version) for i, version in enumerate(work.versions)],
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
    number = sets.following("store_refusal")
    sets.insert(
        "store_refusal",
        ("id", "source_id", "file_id", "run_id", "line", "hash", "reason", "place", "text", "at", "body"),
        [
            (
                number + i,
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
            for i, (digest, item) in enumerate((d, item) for d, item in hashed.items() if d not in there)
        ],
    )
