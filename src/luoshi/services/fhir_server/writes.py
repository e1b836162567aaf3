"""Writing one set: checked, put under the right keys, committed. Used by single writes and by bundles.

A write counts for the caller's own resources: ids belong to the source that sends them, and so do the conditions of
conditional writes. What is not valid is kept as a refusal of its source, and told in full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from luoshi.platform.access.scope import Scope
from luoshi.platform.store import search, writing
from luoshi.platform.store.models import Source
from luoshi.platform.store.preparing import FLAG, QUARANTINE, Flagged, Prepared, Row, refusal
from luoshi.platform.store.search import Hit
from luoshi.platform.store.views import View
from luoshi.platform.store.writing import Written
from luoshi.records.validate import Issue, Validator
from luoshi.services.fhir_server import asking, searching
from luoshi.web.fhir import Caller, FhirError


@cache
def validator(profile: str | None) -> Validator:
    """The validator of a profile, made once."""
    return Validator(profile)


@dataclass
class Checked:
    """A body after the check: parsed, and the errors that its source may have (mode `flag`)."""

    resource: dict[str, Any]
    tolerated: list[Issue] = field(default_factory=list)


def source_of(caller: Caller) -> Source:
    """The source the caller writes as; that of an account is made when it first writes."""
    if caller.principal is not None:
        source: Source = caller.principal.source
        return source
    return Source.objects.get_or_create(name=caller.source)[0]


def own_view(source: Source) -> View:
    """What a source sent itself, and nothing else."""
    return View(Scope(None), source.pk)


def check(raw: bytes, caller: Caller, source: Source) -> Checked:
    """Check a body. Raises 400 for what is no JSON, 422 with every reason for what is not valid, which is also kept as
    a refusal."""
    found = validator(caller.profile).examine(raw)
    errors = [issue for issue in found.issues if issue.severity == "error"]
    resource = found.resource
    if resource is not None and (not errors or tolerable(raw, errors, caller)):
        return Checked(resource, errors)
    refuse([(raw, errors)], caller, source)
    status = 400 if resource is None else 422
    raise FhirError(status, errors[0].code, errors[0].text, issues=errors)


def tolerable(raw: bytes, errors: Sequence[Issue], caller: Caller) -> bool:
    """Whether a source in the mode `flag` may have these errors: the shape of R4 is right, a rule beside it broken."""
    if caller.mode != FLAG:
        return False
    if caller.profile is not None and validator(None).examine(raw).valid:
        return True
    return all(issue.code in ("business-rule", "invariant", "code-invalid") for issue in errors)


def refuse(bodies: Sequence[tuple[bytes, list[Issue]]], caller: Caller, source: Source) -> None:
    """Keep what was refused, so that sender and quality desk see it again."""
    refused = [refusal(0, errors, raw) for raw, errors in bodies if errors]
    writing.commit(Prepared(refused=refused, quarantine=caller.mode == QUARANTINE), source=source, by=caller.by)


def commit(
    rows: list[Row],
    caller: Caller,
    source: Source,
    *,
    expected: Mapping[tuple[str, str], int] | None = None,
    flagged: Sequence[Flagged] = (),
    refused: Sequence[tuple[bytes, list[Issue]]] = (),
) -> list[Written]:
    """Write a set, and tell what became of each row. Raises 412 when a resource has another version than expected."""
    told: list[Written] = []
    prepared = Prepared(
        rows=rows,
        flagged=list(flagged),
        refused=[refusal(0, errors, raw) for raw, errors in refused],
        quarantine=caller.mode == QUARANTINE,
    )
    try:
        writing.commit(prepared, source=source, by=caller.by, expected=expected, told=told)
    except writing.VersionConflict as conflict:
        raise stale(conflict.present) from None
    return told


def stale(present: int) -> FhirError:
    """412: somebody else was faster."""
    return FhirError(
        412,
        "conflict",
        f"The resource is at version {present} now. Read it again, and decide what to send."
        if present
        else "There is no such resource of yours.",
    )


def flagged(row: Row, errors: Sequence[Issue]) -> list[Flagged]:
    """The note that an accepted row breaks rules."""
    return [Flagged(row.type, row.key, row.hash, tuple(issue.as_dict() for issue in errors[:20]))] if errors else []


def own(resource_type: str, id_: str, source: Source) -> Hit | None:
    """The caller's own resource by its own id or the id it is read by, deleted or not."""
    hits = search.by_ids(resource_type, [id_], own_view(source), gone=True)
    return next((hit for hit in hits if hit.source == source.pk), None)


def matches(resource_type: str, condition: str, source: Source) -> list[Hit]:
    """The caller's own resources that a condition (`identifier=system|value`) finds. Raises 400 for one that finds
    everything or asks for what is not known."""
    pairs = parse_qsl(condition.lstrip("?"), keep_blank_values=True)
    view = own_view(source)
    query = asking.read(resource_type, pairs, view)
    if query.unknown or query.bare:
        raise FhirError(400, "invalid", "A condition names at least one known parameter, and no unknown one.")
    query.count = 2
    return searching.run(query, view).matches


def version_of(header: str) -> int | None:
    """The version an If-Match names; None without one. Raises 400."""
    text = header.strip()
    if not text:
        return None
    number = text.removeprefix("W/").strip('"')
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise FhirError(400, "invalid", 'If-Match names one version, as in W/"3".')
    return int(number)
