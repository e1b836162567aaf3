"""What the registers of sources keep of every set the store commits, in the same transaction: the tally of the day, what
waits in quarantine, and flags."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime

from luoshi.kernel import clock
from luoshi.platform.sources.models import Flag, Quarantined
from luoshi.platform.store import sets
from luoshi.platform.store.models import Refusal
from luoshi.platform.store.preparing import Prepared
from luoshi.platform.store.work import Work
from luoshi.records.structure import resource_types

_TYPES = frozenset(resource_types())
_ADD = (
    "INSERT INTO sources_tally (source_id, kind, day, received, refused, quarantined, flagged, last)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (source_id, kind, day) DO UPDATE SET received = sources_tally.received + excluded.received,"
    " refused = sources_tally.refused + excluded.refused,"
    " quarantined = sources_tally.quarantined + excluded.quarantined,"
    " flagged = sources_tally.flagged + excluded.flagged, last = excluded.last"
)


def heard(prepared: Prepared, work: Work) -> None:
    """A listener of the store (`store.listeners`)."""
    if prepared.quarantine and prepared.refused:
        work.counts.quarantined = len(prepared.refused)
        _quarantine(prepared, work)
    if prepared.flagged:
        work.counts.flagged = len(prepared.flagged)
        _flag(prepared, work)
    _tally(prepared, work)


def _tally(prepared: Prepared, work: Work) -> None:
    """Add to the day's counts: one prepared statement, run for each kind met."""
    received: Counter[str] = Counter(row.type for row in prepared.rows)
    refused: Counter[str] = Counter(kind for item in prepared.refused if (kind := _kind(item.place)))
    flagged: Counter[str] = Counter(item.type for item in prepared.flagged)
    received.update(refused)
    received.update(prepared.kinds)
    received[""] = len(prepared.rows) + len(prepared.refused)
    refused[""] = len(prepared.refused)
    flagged[""] = len(prepared.flagged)
    day = datetime.fromtimestamp(work.now / 1_000_000, UTC).astimezone(clock.CHINA).date()
    rows = []
    for kind in sorted(received):
        held = refused[kind] if prepared.quarantine else 0
        counts = (received[kind], refused[kind] - held, held, flagged[kind])
        rows.append((work.source, kind, day.isoformat(), *counts, work.now))
    sets.update(_ADD, rows)


def _kind(place: str) -> str:
    """The resource type a place begins with, or ""."""
    kind = place.partition(".")[0].partition("[")[0]
    return kind if kind in _TYPES else ""


def _quarantine(prepared: Prepared, work: Work) -> None:
    """What was refused waits; what waits already, or was decided, stays as it is."""
    by_hash = {hashlib.blake2b(item.body, digest_size=16).hexdigest(): item for item in prepared.refused}
    found = dict(
        Refusal.objects.filter(source_id=work.source, hash__in=by_hash, quarantined__isnull=True).values_list(
            "hash", "pk"
        )
    )
    Quarantined.objects.bulk_create(
        Quarantined(
            refusal_id=pk,
            source_id=work.source,
            issues=list(by_hash[digest].issues)
            or [{"severity": "error", "code": by_hash[digest].reason, "path": "", "text": by_hash[digest].text}],
            at=work.now,
        )
        for digest, pk in found.items()
    )


def _flag(prepared: Prepared, work: Work) -> None:
    """Keep the broken rules with the version they were found in; a resend of the same content adds nothing."""
    by_type: dict[str, dict[str, list[tuple[str, tuple[dict[str, object], ...]]]]] = {}
    for item in prepared.flagged:
        by_type.setdefault(item.type, {}).setdefault(item.key, []).append((item.hash, item.issues))
    flags = []
    for kind, wanted in by_type.items():
        for key, resource, version, digest in sets.select(
            "SELECT r.key, r.id, v.version, v.hash FROM store_resource r JOIN store_version v ON v.resource_id = r.id"
            " WHERE r.key IN {values} AND r.type = %s AND r.source_id = %s AND v.chunk = %s",
            wanted,
            kind,
            work.source,
            work.chunk,
        ):
            for wanted_hash, issues in wanted[key]:
                if wanted_hash == digest:
                    flags.append(
                        Flag(
                            resource=resource,
                            version=version,
                            source_id=work.source,
                            issues=list(issues),
                            at=work.now,
                        )
                    )
    Flag.objects.bulk_create({(flag.resource, flag.version): flag for flag in flags}.values())
