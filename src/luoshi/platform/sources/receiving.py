"""The way in for one message or one document of any door: the same rules, transaction and audit as files of FHIR.

A door translates what it received into a transaction Bundle (`records.cda`, `records.hl7v2`, `records.mapping`) and
hands it here. What cannot be translated is kept as it came, with the reason, as a refused resource is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from luoshi.platform.store.models import Source
from luoshi.platform.store.preparing import QUARANTINE, Prepared, Refused, prepare
from luoshi.platform.store.rules import rules_of
from luoshi.platform.store.writing import commit


@dataclass(slots=True)
class Receipt:
    """What became of it, for the sender. `accepted`: nothing was refused. `issues`: reasons of what was refused or
    flagged, as `Issue.as_dict`, each with the `key` of its resource where there is one."""

    counts: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    quarantined: bool = False
    flagged: int = 0
    issues: list[dict[str, Any]] = field(default_factory=list)

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
        }


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that could not be translated: its bytes, the reason in words, and where it stood (a line, a row)."""

    body: bytes
    text: str
    place: str = ""
    line: int = 0


def receive(
    bundles: Iterable[dict[str, Any]],
    *,
    source: Source,
    by: str,
    kinds: Counter[str] | None = None,
    unreadable: Iterable[Unreadable] = (),
) -> Receipt:
    """Keep transaction Bundles of one message, and what could not be read of it, in one transaction.

    `kinds`: what the door calls this (see `models.Feed`), counted. Everything is committed when this returns. Raises
    `Refused` when the source was switched off.
    """
    rules = rules_of(source)
    all_ = Prepared(quarantine=rules.mode == QUARANTINE, kinds=Counter(kinds or ()))
    for number, bundle in enumerate(bundles, 1):
        prepared = prepare(orjson.dumps(bundle), number, True, rules.profile, rules.mode)
        all_.rows += prepared.rows
        all_.refused += prepared.refused
        all_.flagged += prepared.flagged
    for item in unreadable:
        issue = {"severity": "error", "code": "structure", "path": item.place[:300], "text": item.text[:500]}
        all_.refused.append(Refused(item.line, "structure", item.place[:300], item.text[:500], item.body, (issue,)))
    counts = commit(all_, source=source, by=by)
    return Receipt(
        counts.as_dict(),
        counts.refused,
        bool(counts.quarantined),
        len(all_.flagged),
        [dict(issue) for item in all_.refused for issue in item.issues]
        + [{**issue, "key": f"{item.type}/{item.key}"} for item in all_.flagged for issue in item.issues],
    )
