"""From bytes to rows: parse, validate and read out what the store needs of each resource. Knows no database, so it
runs in worker processes."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson

from luoshi.kernel.errors import InvalidValue
from luoshi.kernel.garbage import collect_seldom
from luoshi.kernel.parent import end_with_parent
from luoshi.platform.store.marks import Marks, marks
from luoshi.records import validate_files
from luoshi.records.identify import SYSTEMS, Facts, facts
from luoshi.records.structure import types
from luoshi.records.validate import Issue, Validator

_TO_PATIENT = re.compile(r"(?:^|/)Patient/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?$")
_CONDITIONAL = re.compile(r"(?:^|/)Patient\?identifier=([^&]+)$")
_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]\.resource")
# A number whose text says more than its value: 1.10, 1e3.
_EXACT = re.compile(rb"[0-9](?:\.[0-9]*0|[eE][+-]?[0-9]+)\s*[,}\]]")
_DELETED = re.compile(r"([A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")
DELETED = "deleted"
REJECT, QUARANTINE, FLAG = "reject", "quarantine", "flag"
# Errors that say nothing against the shape of a resource: whoever reads it finds what R4 promises.
_OF_RULES = frozenset({"business-rule", "invariant", "code-invalid"})
_REASONS = 20
_SUBJECTS = ("subject", "patient", "for", "beneficiary", "individual", "candidate")


class Row(NamedTuple):
    """An accepted resource. `key`: its id, or one made from the content. `patient`: `Patient/<id>`, `system|value` or
    "" for whom it is about. `facts`: of a Patient. `body`: its text as received; empty for a deletion. `marks`: what
    searches find it by."""

    line: int
    type: str
    key: str
    hash: str
    patient: str
    body: str
    facts: Facts | None = None
    marks: Marks = ()


class Refused(NamedTuple):
    """A refused resource: where it stood, why (the first reason), its text, and every reason (at most `_REASONS`) as
    `Issue.as_dict` gives it."""

    line: int
    reason: str
    place: str
    text: str
    body: bytes
    issues: tuple[dict[str, Any], ...] = ()


class Flagged(NamedTuple):
    """An accepted resource (type, key and hash of its row) that breaks rules, in the mode `flag`."""

    type: str
    key: str
    hash: str
    issues: tuple[dict[str, Any], ...]


@dataclass(slots=True)
class Prepared:
    """What became of a block. `quarantine`: what was refused waits for a decision. `kinds`: what a door calls that
    which came (`cda:prescription`, `hl7v2:ADT`), counted, beside the types of the resources."""

    rows: list[Row] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    flagged: list[Flagged] = field(default_factory=list)
    quarantine: bool = False
    kinds: Counter[str] = field(default_factory=Counter)

    def __getstate__(self) -> tuple[Any, ...]:
        """For the way between processes: rows by column, which costs a third of a row at a time."""
        return tuple(zip(*self.rows, strict=True)), self.refused, self.flagged, self.quarantine, self.kinds

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        columns, self.refused, self.flagged, self.quarantine, self.kinds = state
        self.rows = list(map(Row._make, zip(*columns, strict=True)))


@cache
def _validator(profile: str | None) -> Validator:
    return Validator(profile)


def prepare(data: bytes, first_line: int, whole: bool, profile: str | None = None, mode: str = REJECT) -> Prepared:
    """Rows and refusals of a block of lines (or of one text when `whole`), in order. `mode`: see `rules.Rules`."""
    prepared = Prepared(quarantine=mode == QUARANTINE)
    validator, lenient = _validator(profile), mode == FLAG
    for line, text in enumerate([data] if whole else data.split(b"\n"), first_line):
        text = text.strip()
        if text:
            _one(text, line, validator, prepared, lenient=lenient)
    return prepared


def too_long(line: int, start: bytes, length: int) -> Prepared:
    """The refusal of a line too long to be read: its beginning is kept, and how many bytes it had."""
    return Prepared(refused=[refusal(line, [validate_files.too_long(length)], start)])


def follow_parent() -> None:
    """In a worker: end when the ingest is gone, even if it was killed and could not say so."""
    collect_seldom()
    end_with_parent()


def _one(text: bytes, line: int, validator: Validator, prepared: Prepared, *, lenient: bool) -> None:
    found = validator.examine(text)
    resource = found.resource
    errors = [issue for issue in found.issues if issue.severity == "error"] if found.issues else []
    tolerated = _nothing
    if errors and lenient:
        # The rules of a profile are asked only where R4 itself is content.
        of_profile = validator is not _validator(None) and _validator(None).examine(text).valid
        tolerated = _everything if of_profile else _of_rules
    if resource is not None and resource.get("resourceType") == "Bundle" and isinstance(resource.get("entry"), list):
        _bundle(resource, text, line, errors, prepared, tolerated)
    elif resource is None or (errors and not tolerated(errors)):
        prepared.refused.append(refusal(line, errors, text))
    else:
        made = row(resource, text.decode("utf-8"), line)
        prepared.rows.append(made)
        _flag(made, errors, prepared)


_Tolerated = Callable[[list[Issue]], bool]


def _nothing(errors: list[Issue]) -> bool:
    return False


def _everything(errors: list[Issue]) -> bool:
    return True


def _of_rules(errors: list[Issue]) -> bool:
    """Whether all these errors are of a kind a flagged resource may carry: the shape is right, a rule is broken."""
    return all(issue.code in _OF_RULES for issue in errors)


def _flag(made: Row, errors: list[Issue], prepared: Prepared) -> None:
    if errors:
        issues = tuple(issue.as_dict() for issue in errors[:_REASONS])
        prepared.flagged.append(Flagged(made.type, made.key, made.hash, issues))


def refusal(line: int, errors: list[Issue], body: bytes) -> Refused:
    """What is kept of a resource with these errors (one at least)."""
    first = errors[0]
    every = tuple(issue.as_dict() for issue in errors[:_REASONS])
    return Refused(line, first.code, first.path[:300], first.text[:500], body, every)


def row(resource: dict[str, Any], body: str, line: int = 0, key: str = "") -> Row:
    """The row of a valid resource; `key` replaces a missing id."""
    digest = content_hash(resource)
    kind = resource["resourceType"]
    return Row(
        line,
        kind,
        resource.get("id") or key or f"h{digest}",
        digest,
        patient_of(resource),
        body,
        facts(resource) if kind == "Patient" else None,
        marks(resource),
    )


def content_hash(resource: dict[str, Any]) -> str:
    """A digest of the content: the order of keys, spaces and the writing of numbers make no difference."""
    return hashlib.blake2b(orjson.dumps(resource, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


@cache
def _subject(resource_type: str) -> str:
    """The element of a type that says which patient it is about, or ""."""
    elements = types()[resource_type].elements
    for name in _SUBJECTS:
        ref = elements[name].types[0] if name in elements else None
        if ref is not None and ref.name == "Reference" and (not ref.targets or "Patient" in ref.targets):
            return name
    return ""


def patient_of(resource: dict[str, Any]) -> str:
    """Whom a resource is about, as the key under which the Patient is or will be known; "" when nobody is named."""
    name = _subject(resource["resourceType"])
    if name:
        value = resource.get(name)
        if isinstance(value, dict):
            return _patient_key(value)
        references = value if isinstance(value, list) else []
    elif resource["resourceType"] == "Appointment":
        references = [participant.get("actor") for participant in resource["participant"]]
    elif resource["resourceType"] == "Binary":
        references = [resource.get("securityContext")]
    else:
        return ""
    for reference in references:
        key = _patient_key(reference) if isinstance(reference, dict) else ""
        if key:
            return key
    return ""


def _patient_key(reference: dict[str, Any]) -> str:
    text = reference.get("reference")
    if isinstance(text, str):
        if text.startswith("Patient/") and len(text) <= 72 and text[8:].isalnum() and text.isascii():
            return text  # as nearly all are; the expression below says the same
        match = _TO_PATIENT.search(text)
        if match:
            return f"Patient/{match[1]}"
        match = _CONDITIONAL.search(text)
        if match:
            system, _, value = unquote(match[1]).partition("|")
            return _identifier_key(system, value)
    identifier = reference.get("identifier")
    if isinstance(identifier, dict) and reference.get("type", "Patient") == "Patient":
        return _identifier_key(identifier.get("system"), identifier.get("value"))
    return ""


def _identifier_key(system: Any, value: Any) -> str:
    check = SYSTEMS.get(system) if isinstance(system, str) else None
    if check is None or not isinstance(value, str):
        return ""
    try:
        return f"{system}|{check(value)}"
    except InvalidValue:
        return ""


def _bundle(
    bundle: dict[str, Any], text: bytes, line: int, errors: list[Issue], prepared: Prepared, tolerated: _Tolerated
) -> None:
    """The entries of a Bundle. A fault of the Bundle itself, or any fault in a transaction, refuses all of it; in other
    Bundles a faulty resource is refused alone. Faults that are `tolerated` refuse nothing."""
    by_entry: dict[int, list[Issue]] = {}
    whole: list[Issue] = []
    for issue in errors:
        match = _ENTRY.match(issue.path)
        if match is not None:
            by_entry.setdefault(int(match[1]), []).append(issue)
        if (match is None or bundle.get("type") == "transaction") and not tolerated([issue]):
            whole.append(issue)
    if whole:
        prepared.refused.append(refusal(line, whole, text))
        return
    names = _names(bundle)
    exact = json.loads(text, parse_float=orjson.Fragment) if _EXACT.search(text) else bundle
    for i, entry in _in_order(bundle):
        resource = entry.get("resource")
        faults = by_entry.get(i, [])
        if faults and not tolerated(faults):
            prepared.refused.append(refusal(line, faults, orjson.dumps(resource)))
        elif resource is None:
            deleted = _deletion(entry, line)
            if deleted:
                prepared.rows.append(deleted)
        elif entry.get("search", {}).get("mode") != "outcome":
            body = exact["entry"][i]["resource"]
            if names:
                resource, body = _renamed(resource, names), _renamed(body, names)
            made = row(resource, orjson.dumps(body).decode(), line, _key(entry))
            prepared.rows.append(made)
            _flag(made, faults, prepared)


def _in_order(bundle: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Entries, oldest first: a history has the newest first."""
    entries = list(enumerate(bundle["entry"]))
    return reversed(entries) if bundle.get("type") == "history" else iter(entries)


def _key(entry: dict[str, Any]) -> str:
    """An id for a resource without one, from `fullUrl` where that is a UUID."""
    full = entry.get("fullUrl", "")
    return full.removeprefix("urn:uuid:")[:64] if full.startswith("urn:uuid:") else ""


def _names(bundle: dict[str, Any]) -> dict[str, str]:
    """`urn:` addresses of entries -> `Type/id`."""
    names = {}
    for entry in bundle["entry"]:
        full, resource = entry.get("fullUrl", ""), entry.get("resource")
        if full.startswith("urn:") and isinstance(resource, dict):
            key = resource.get("id") or _key(entry)
            if key:
                names[full] = f"{resource['resourceType']}/{key}"
    return names


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """A copy in which references to entries of the Bundle are `Type/id`."""
    if isinstance(value, dict):
        return {
            key: names.get(item, item) if key == "reference" and isinstance(item, str) else _renamed(item, names)
            for key, item in value.items()
        }
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value


def _deletion(entry: dict[str, Any], line: int) -> Row | None:
    """The row of a DELETE of one resource by its id."""
    request = entry.get("request", {})
    match = _DELETED.fullmatch(request.get("url", ""))
    if request.get("method") != "DELETE" or match is None or match[1] not in types():
        return None
    return Row(line, match[1], match[2], DELETED, "", "")
