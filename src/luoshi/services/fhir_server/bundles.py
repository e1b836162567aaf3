"""Batch and transaction bundles.

A transaction is written whole or not at all, in one commit. References to entries (`urn:uuid:…` and other `fullUrl`s) and
conditional references (`Patient?identifier=…`) are resolved before anything is written; one that leads nowhere fails the
transaction. In a batch every entry stands alone; its plain writes share one commit, because none of them can fail any
more once it is valid.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import orjson
from django.db import transaction

from luoshi.platform.store import search, sets
from luoshi.platform.store.models import Source
from luoshi.platform.store.preparing import Flagged, Row, row
from luoshi.platform.store.writing import Written
from luoshi.records.validate import Issue
from luoshi.services.fhir_server import changing, showing, subscribing, writes
from luoshi.services.fhir_server.bundle_items import (
    CONDITIONAL,
    Item,
    all_plain,
    has_conditions,
    item_of,
    references,
    renamed,
)
from luoshi.services.fhir_server.reading import known_type, view_of
from luoshi.web.fhir import Answer, Caller, FhirError, failed, outcome

MOST_ENTRIES = 10_000
_EXACT = re.compile(rb"[0-9](?:\.[0-9]*0|[eE][+-]?[0-9]+)\s*[,}\]]")
_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]\.resource")
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 3, "GET": 4, "HEAD": 4}
_STATUS = {"new": "201 Created", "changed": "200 OK", "unchanged": "200 OK", "gone": "200 OK"}
# Answers a read or search inside a bundle: (path, query) -> Answer.
Get = Callable[[str, str], Answer]


def run(caller: Caller, raw: bytes, root: str, get: Get, *, returns: str = "") -> Answer:
    """A batch or transaction. Raises 400, 409, 412, 422; then nothing of a transaction was written."""
    source = writes.source_of(caller)
    found = writes.validator(caller.profile).examine(raw)
    bundle = found.resource
    errors = [issue for issue in found.issues if issue.severity == "error"]
    if bundle is None:
        raise FhirError(400, errors[0].code, errors[0].text, issues=errors)
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") not in ("batch", "transaction"):
        raise FhirError(400, "invalid", "Send a Bundle of the type batch or transaction here.", place="Bundle.type")
    whole = bundle["type"] == "transaction"
    if errors and not writes.tolerable(raw, errors, caller):
        outside = [issue for issue in errors if not _ENTRY.match(issue.path)]
        if whole or outside:
            writes.refuse([(raw, errors)], caller, source)
            raise FhirError(422, errors[0].code, errors[0].text, issues=errors)
    entries = bundle.get("entry", [])
    if len(entries) > MOST_ENTRIES:
        raise FhirError(413, "too-costly", f"At most {MOST_ENTRIES} entries; use $import for more.")
    exact = json.loads(raw, parse_float=orjson.Fragment)["entry"] if entries and _EXACT.search(raw) else entries
    by_entry: dict[int, list[Issue]] = {}
    for issue in errors:
        match = _ENTRY.match(issue.path)
        if match:
            by_entry.setdefault(int(match[1]), []).append(issue)
    if whole:
        items = [item_of(i, e, x) for i, (e, x) in enumerate(zip(entries, exact, strict=True))]
        plain = all_plain(raw)
        for item in items:
            item.errors, item.plain = by_entry.get(item.index, []), plain
        answers = _transaction(caller, source, items, root, get, returns)
        return Answer({"resourceType": "Bundle", "type": "transaction-response"} | _listed(answers))
    answers = _batch(caller, source, list(zip(entries, exact, strict=True)), by_entry, raw, root, get, returns)
    return Answer({"resourceType": "Bundle", "type": "batch-response"} | _listed(answers))


def _listed(answers: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return {"entry": [answers[i] for i in sorted(answers)]} if answers else {}


# --- a transaction -------------------------------------------------------------------------------------------------


def _transaction(
    caller: Caller, source: Source, items: list[Item], root: str, get: Get, returns: str
) -> dict[int, dict[str, Any]]:
    _need(caller, items)
    ordered = sorted(items, key=lambda item: _ORDER[item.method])
    writing = [item for item in ordered if item.writes]
    if any(not item.writes for item in items) or has_conditions(writing):
        with transaction.atomic():
            sets.lock()
            answers = _write_all(caller, source, writing, root, returns)
            for item in ordered:
                if not item.writes:
                    answers[item.index] = _got(get(item.path, item.query), root)
    else:
        answers = _write_all(caller, source, writing, root, returns)
    return answers


def _need(caller: Caller, items: list[Item]) -> None:
    letters = {"POST": "c", "PUT": "u", "DELETE": "d"}
    for resource_type, method in {(item.type, item.method) for item in items if item.writes}:
        caller.need(resource_type, letters[method])


def _write_all(caller: Caller, source: Source, items: list[Item], root: str, returns: str) -> dict[int, dict[str, Any]]:
    expected: dict[tuple[str, str], int] = {}
    for item in items:
        _settle(item, caller, source, expected)
    names = {
        item.full_url: f"{item.type}/{item.key}"
        for item in items
        if item.full_url and item.method in ("POST", "PUT") and not (item.plain and item.full_url.startswith("urn:"))
    }
    # A create gets a new id; what names the old one means the same entry.
    for item in items:
        old = (item.resource or {}).get("id")
        if item.method == "POST" and old:
            names.setdefault(f"{item.type}/{old}", f"{item.type}/{item.key}")
    rows: list[Row] = []
    flagged: list[Flagged] = []
    written: list[Item] = []
    seen: set[tuple[str, str]] = set()
    for item in items:
        if item.there is not None:
            continue
        if (item.type, item.key) in seen:
            raise FhirError(400, "duplicate", "A resource stands twice in the transaction.", place=item.place)
        seen.add((item.type, item.key))
        made = _row(item, names, source)
        rows.append(made)
        flagged.extend(writes.flagged(made, item.errors))
        written.append(item)
    told = writes.commit(rows, caller, source, expected=expected, flagged=flagged) if rows else []
    answers = {item.index: item.there for item in items if item.there is not None}
    for item, one in zip(written, told, strict=True):
        answers[item.index] = _answered(one, item, source, root, returns)
    return answers


def _settle(item: Item, caller: Caller, source: Source, expected: dict[tuple[str, str], int]) -> None:
    """Find out what conditions mean. Raises 412, and 403 for a deletion of what another source sent."""
    if item.none_exist:
        found = writes.matches(item.type, item.none_exist, source)
        if len(found) > 1:
            raise changing.several()
        if found:
            item.key = found[0].key
            item.there = {"response": _response("200 OK", found[0].type, found[0].id, found[0].version, 0)}
            item.there["response"]["lastModified"] = showing.instant(found[0].received)
        return
    if item.method == "PUT" and item.query:
        found = writes.matches(item.type, item.query, source)
        if len(found) > 1:
            raise changing.several()
        given = (item.resource or {}).get("id")
        if found and given not in (None, found[0].key, found[0].id):
            raise FhirError(400, "invalid", "The resource names another id than the condition finds.", place=item.place)
        item.key = found[0].key if found else given or changing.made_key(item.resource or {})
    wanted = writes.version_of(item.if_match)
    # `s<source>-<id>`: the id by which a second resource of that id is read.
    if wanted is not None or item.id.startswith(f"s{source.pk}-") or item.method == "DELETE":
        present = writes.own(item.type, item.key, source)
        if present is not None:
            item.key = present.key
        elif item.method == "DELETE" and search.by_ids(item.type, [item.id], view_of(caller)):
            raise FhirError(403, "forbidden", "Only the source that sent a resource deletes it.", place=item.place)
        if wanted is not None:
            expected[item.type, item.key] = wanted


def _row(item: Item, names: dict[str, str], source: Source) -> Row:
    if item.method == "DELETE":
        return changing.deletion(item.type, item.key)
    resource, exact = item.resource or {}, item.exact or {}
    changed = {} if item.plain and not names else _lead(item, resource, names, source)
    if changed:
        exact = renamed(exact, changed) if exact is not resource else exact
        resource = renamed(resource, changed)
        exact = resource if item.exact is item.resource else exact
    if item.method == "POST":
        # An id in the body of a create means nothing.
        resource, exact = ({k: v for k, v in body.items() if k != "id"} for body in (resource, exact))
    made = row(resource, orjson.dumps(exact).decode(), key=item.key)
    made = made if made.key == item.key else made._replace(key=item.key)
    subscribing.check(resource)
    return made


def _lead(item: Item, resource: dict[str, Any], names: dict[str, str], source: Source) -> dict[str, str]:
    """Where the references of a resource lead, for those that are written otherwise. Raises 400 and 412."""
    changed: dict[str, str] = {}
    for text in references(resource):
        if text in names:
            changed[text] = names[text]
        elif text.startswith(("urn:uuid:", "urn:oid:")):
            raise FhirError(
                400,
                "not-found",
                "A reference names an entry that is not in the bundle.",
                place=f"{item.place}.resource",
            )
        elif (match := CONDITIONAL.fullmatch(text)) is not None:
            found = writes.matches(known_type(match[1]), match[2], source)
            if len(found) != 1:
                raise FhirError(
                    412,
                    "multiple-matches" if found else "not-found",
                    "A conditional reference must find exactly one resource of yours"
                    f" and finds {'several' if found else 'none'}.",
                    place=f"{item.place}.resource",
                )
            changed[text] = f"{found[0].type}/{found[0].key}"
    return changed


# --- a batch -------------------------------------------------------------------------------------------------------


def _batch(
    caller: Caller,
    source: Source,
    entries: list[tuple[dict[str, Any], dict[str, Any]]],
    by_entry: dict[int, list[Issue]],
    raw: bytes,
    root: str,
    get: Get,
    returns: str,
) -> dict[int, dict[str, Any]]:
    answers: dict[int, dict[str, Any]] = {}
    items: list[Item] = []
    refused: list[tuple[bytes, list[Issue]]] = []
    for index, (entry, exact) in enumerate(entries):
        try:
            item = item_of(index, entry, exact)
            item.errors = by_entry.get(index, [])
            if item.errors:
                body = orjson.dumps(item.exact)
                if not writes.tolerable(body, item.errors, caller):
                    refused.append((body, item.errors))
                    raise FhirError(422, item.errors[0].code, item.errors[0].text, issues=item.errors)
            _need(caller, [item])
            items.append(item)
        except FhirError as error:
            answers[index] = _failed(error)
    if refused:
        writes.refuse(refused, caller, source)
    plain: list[Item] = []
    alone: list[Item] = []
    taken: set[tuple[str, str]] = set()
    for item in sorted(items, key=lambda item: _ORDER[item.method]):
        if not item.writes or has_conditions([item]) or (item.type, item.key) in taken:
            alone.append(item)
        else:
            taken.add((item.type, item.key))
            plain.append(item)
    try:
        answers |= _write_all(caller, source, plain, root, returns)
    except FhirError:
        alone = plain + alone
    for item in alone:
        answers[item.index] = _one(caller, source, item, root, get, returns)
    return answers


def _one(caller: Caller, source: Source, item: Item, root: str, get: Get, returns: str) -> dict[str, Any]:
    try:
        if not item.writes:
            return _got(get(item.path, item.query), root)
        with transaction.atomic():
            sets.lock()
            return _write_all(caller, source, [item], root, returns)[item.index]
    except Exception as error:
        return _failed(error)


# --- answers -------------------------------------------------------------------------------------------------------


def _response(status: str, resource_type: str, id_: str, version: int, at: int) -> dict[str, Any]:
    response: dict[str, Any] = {"status": status}
    if version:
        response["location"] = f"{resource_type}/{id_}/_history/{version}"
        response["etag"] = f'W/"{version}"'
    if at:
        response["lastModified"] = showing.instant(showing.moment_of(at))
    return response


def _answered(told: Written, item: Item, source: Source, root: str, returns: str) -> dict[str, Any]:
    if told.fate == "absent" or item.method == "DELETE":
        return {"response": _response("204 No Content", told.type, told.public_id, 0, 0)}
    answer: dict[str, Any] = {
        "response": _response(_STATUS[told.fate], told.type, told.public_id, told.version, told.at)
    }
    if returns == "representation":
        hit = writes.own(told.type, told.public_id, source)
        if hit is not None and not hit.deleted:
            answer |= {"fullUrl": f"{root}/{hit.type}/{hit.id}", "resource": showing.resource(hit)}
    if told.fate == "gone":
        words = "Received before and deleted since; it stays deleted. Send it by itself, or with If-Match, to bring it back."
        answer["response"]["outcome"] = outcome("deleted", words, severity="warning")
    if told.fate == "unchanged" and returns == "OperationOutcome":
        answer["response"]["outcome"] = outcome(
            "informational", "This content was received before; nothing changed.", severity="information"
        )
    return answer


def _got(answer: Answer, root: str) -> dict[str, Any]:
    response: dict[str, Any] = {"status": "200 OK"}
    if "ETag" in answer.headers:
        response["etag"] = answer.headers["ETag"]
    return ({"resource": answer.resource} if answer.resource else {}) | {"response": response}


def _failed(error: Exception) -> dict[str, Any]:
    told = failed(error)
    return {"response": {"status": f"{told.status_code} {told.reason_phrase}", "outcome": orjson.loads(told.content)}}
