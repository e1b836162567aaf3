"""The way in for one message or one document of any door: the same rules, transaction and audit as files of FHIR.

A door translates what it received into a transaction Bundle (`records.cda`, `records.hl7v2`, `records.mapping`) and
hands it here. What cannot be translated is kept as it came, with the reason, as a refused resource is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import transaction

from luoshi.platform.sources.models import Document
from luoshi.platform.store import sets
from luoshi.platform.store.models import Resource, Source
from luoshi.platform.store.preparing import DELETED, QUARANTINE, Prepared, Refused, Row, prepare
from luoshi.platform.store.rules import rules_of
from luoshi.platform.store.writing import commit
from luoshi.records.translating import Translated


@dataclass(slots=True)
class Receipt:
    """What became of it, for the sender. `accepted`: nothing was refused. `issues`: reasons of what was refused or
    flagged, as `Issue.as_dict`, each with the `key` of its resource where there is one. `notes`: what was not understood
    and is kept in the original alone."""

    counts: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    quarantined: bool = False
    flagged: int = 0
    issues: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether everything was taken."""
        return not self.refused

    def as_dict(self) -> dict[str, Any]:
        """Plain form, for JSON."""
        return {
            "accepted": self.accepted,
            "counts": self.counts,
            "quarantined": self.quarantined,
            "flagged": self.flagged,
            "issues": self.issues,
            "notes": self.notes,
        }


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that could not be translated: its bytes, the reason in words, where it stood (a line, a row), and the kind
    of mistake as a code of FHIR's issues."""

    body: bytes
    text: str
    place: str = ""
    line: int = 0
    code: str = "structure"


def receive(
    messages: Iterable[Translated],
    *,
    source: Source,
    by: str,
    unreadable: Iterable[Unreadable] = (),
) -> Receipt:
    """Keep messages (each whole or not at all), and what could not be read, in one transaction.

    What a document held before and does not hold any more is deleted (as a version, like every deletion); a version of
    a document older than the one kept is refused. Everything is committed when this returns. Raises `Refused` when the
    source was switched off.
    """
    with transaction.atomic():
        return _receive(messages, source=source, by=by, unreadable=unreadable)


def _receive(messages: Iterable[Translated], *, source: Source, by: str, unreadable: Iterable[Unreadable]) -> Receipt:
    rules = rules_of(source)
    all_ = Prepared(quarantine=rules.mode == QUARANTINE)
    notes: list[str] = []
    expected: dict[tuple[str, str], int] = {}
    sets.lock()
    for number, message in enumerate(messages, 1):
        raw = orjson.dumps(message.bundle)
        all_.kinds.update(message.kinds)
        kept = _kept(message, source)
        if kept is not None and kept.version > message.version:
            words = f"Version {kept.version} of this document was received before; this one is {message.version}."
            all_.refused.append(_refused("conflict", words, raw, "", number))
            continue
        prepared = prepare(raw, number, True, rules.profile, rules.mode)
        notes += message.notes
        if kept is not None and not prepared.refused:
            if message.version > kept.version:
                expected |= _present(prepared.rows, source)
            prepared.rows += _gone(message, kept, prepared, number)
        all_.rows += prepared.rows
        all_.refused += prepared.refused
        all_.flagged += prepared.flagged
    for item in unreadable:
        all_.refused.append(_refused(item.code, item.text, item.body, item.place, item.line))
    counts = commit(all_, source=source, by=by, expected=expected)
    return Receipt(
        counts.as_dict(),
        counts.refused,
        bool(counts.quarantined),
        len(all_.flagged),
        [dict(issue) for item in all_.refused for issue in item.issues]
        + [{**issue, "key": f"{item.type}/{item.key}"} for item in all_.flagged for issue in item.issues],
        notes,
    )


def _refused(code: str, text: str, body: bytes, place: str, line: int) -> Refused:
    issue = {"severity": "error", "code": code, "path": place[:300], "text": text[:500]}
    return Refused(line, code, place[:300], text[:500], body, (issue,))


def _kept(message: Translated, source: Source) -> Document | None:
    """The document as it was kept last (made now where it is new); None for a message that is no document."""
    if not message.document:
        return None
    return Document.objects.get_or_create(source=source, key=message.document)[0]


def _present(rows: list[Row], source: Source) -> dict[tuple[str, str], int]:
    """The versions these resources have: named with a newer version of their document, so that content which was there
    before and was replaced since comes back."""
    by_type: dict[str, list[str]] = {}
    for row in rows:
        by_type.setdefault(row.type, []).append(row.key)
    present = {(row.type, row.key): 0 for row in rows}
    for kind, keys in by_type.items():
        found = Resource.objects.filter(type=kind, key__in=keys, source=source).values_list("key", "version")
        present.update({(kind, key): version for key, version in found})
    return present


def _gone(message: Translated, kept: Document, prepared: Prepared, line: int) -> list[Row]:
    """Deletions of what this document held before and was not sent now; what it holds now is noted."""
    sent = sorted(f"{row.type}/{row.key}" for row in prepared.rows if row.key.startswith(f"{message.document}."))
    gone = sorted(set(kept.made) - set(sent))
    Document.objects.filter(pk=kept.pk).update(made=sent, version=message.version)
    return [Row(line, *name.split("/", 1), DELETED, "", "") for name in gone]  # type: ignore[call-arg]
