"""Batch and transaction bundles.

A transaction is written whole or not at all, in one commit. References to entries (`urn:uuid:…` and other `fullUrl`s) and
conditional references (`Patient?identifier=…`) are resolved before anything is written; one that leads nowhere fails the
transaction. In a batch every entry stands alone; its plain writes share one commit, because none of them can fail any
more once it is valid.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from django.db import transaction

from luoshi.platform.store import sets
from luoshi.platform.store.models import Source
from luoshi.platform.store.preparing import Flagged, Row, row
from luoshi.platform.store.writing import Written
from luoshi.records.validate import Issue
from luoshi.services.fhir_server import changing, showing, subscribing, writes
from luoshi.services.fhir_server.reading import known_type
from luoshi.web.fhir import Answer, Caller, FhirError, failed, outcome

MOST_ENTRIES = 10_000
_EXACT = re.compile(rb"[0-9](?:\.[0-9]*0|[eE][+-]?[0-9]+)\s*[,}\]]")
_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]\.resource")
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?(.+)")
_REFERENCE = re.compile(rb'"reference"\s*:\s*"([^"]*)"')
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 3, "GET": 4, "HEAD": 4}
_STATUS = {"new": "201 Created", "changed": "200 OK", "unchanged": "200 OK", "gone": "200 OK"}
# Answers a read or search inside a bundle: (path, query) -> Answer.
Get = Callable[[str, str], Answer]


@dataclass
class Item:
    """One entry on its way. `resource` is parsed, `exact` the same with its decimals as sent; `key`: under which it
    will be known; `there`: an answer that is known before anything is written; `plain`:
    no reference of it needs care."""

    index: int
    method: str
    type: str = ""
    id: str = ""
    query: str = ""
    path: str = ""
    full_url: str = ""
    if_match: str = ""
    none_exist: str = ""
    none_match: str = ""
    resource: dict[str, Any] | None = None
    exact: dict[str, Any] | None = None
    key: str = ""
    errors: list[Issue] = field(default_factory=list)
    there: dict[str, Any] | None = None
    plain: bool = False

    @property
    def writes(self) -> bool:
        """Whether it changes the store."""
        return self.method in ("POST", "PUT", "DELETE")

    @property
    def place(self) -> str:
        """Where it stands, for issues."""
        return f"Bundle.entry[{self.index}]"


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
        items = [_item(i, e, x) for i, (e, x) in enumerate(zip(entries, exact, strict=True))]
        plain = _all_plain(raw)
        for item in items:
            item.errors, item.plain = by_entry.get(item.index, []), plain
        answers = _transaction(caller, source, items, root, get, returns)
        return Answer({"resourceType": "Bundle", "type": "transaction-response"} | _listed(answers))
    answers = _batch(caller, source, list(zip(entries, exact, strict=True)), by_entry, raw, root, get, returns)
    return Answer({"resourceType": "Bundle", "type": "batch-response"} | _listed(answers))


def _listed(answers: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return {"entry": [answers[i] for i in sorted(answers)]} if answers else {}


# --- reading entries -----------------------------------------------------------------------------------------------


def _item(index: int, entry: dict[str, Any], exact: dict[str, Any]) -> Item:
    """An entry as what it wants. Raises 400 for what cannot be meant."""
    place = f"Bundle.entry[{index}]"
    request = entry.get("request")
    if not isinstance(request, dict):
        raise FhirError(400, "required", "An entry of a batch or transaction has a request.", place=place)
    path, _, query = request["url"].lstrip("/").partition("?")
    item = Item(
        index,
        request["method"],
        path=path,
        query=query,
        full_url=entry.get("fullUrl", ""),
        if_match=request.get("ifMatch", ""),
        none_exist=request.get("ifNoneExist", ""),
        none_match=request.get("ifNoneMatch", ""),
        resource=entry.get("resource"),
        exact=exact.get("resource"),
    )
    if item.method == "PATCH":
        raise FhirError(400, "not-supported", "PATCH is not served; send the whole resource by PUT.", place=place)
    if not item.writes:
        return item
    item.type, slash, item.id = path.partition("/")
    known_type(item.type)
    wrong = (item.method == "POST" and (slash or query)) or (slash and not _ID.fullmatch(item.id))
    wrong = (
        wrong or (item.method == "DELETE" and not item.id) or (item.method == "PUT" and bool(item.id) == bool(query))
    )
    if wrong:
        raise FhirError(400, "invalid", "The url of the request does not fit its method.", place=f"{place}.request.url")
    if item.method != "DELETE" and (item.resource or {}).get("resourceType") != item.type:
        raise FhirError(400, "invalid", "The resource is missing or of another type than the url.", place=place)
    if item.method == "PUT" and item.id and (item.resource or {}).get("id") != item.id:
        raise FhirError(400, "invalid", "The id of the resource and of the url differ.", place=f"{place}.resource.id")
    if item.method == "POST" and item.resource is not None:
        # The server names what is created: after the sender's own UUID where there is one, else from the content.
        uuid = item.full_url.removeprefix("urn:uuid:")
        item.key = uuid if uuid != item.full_url and _ID.fullmatch(uuid) else changing.made_key(item.resource)
    else:
        item.key = item.id
    return item


# --- a transaction -------------------------------------------------------------------------------------------------


def _transaction(
    caller: Caller, source: Source, items: list[Item], root: str, get: Get, returns: str
) -> dict[int, dict[str, Any]]:
    _need(caller, items)
    ordered = sorted(items, key=lambda item: _ORDER[item.method])
    writing = [item for item in ordered if item.writes]
    if any(not item.writes for item in items) or _has_conditions(writing):
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


def _has_conditions(items: list[Item]) -> bool:
    return any(
        item.if_match or item.none_exist or item.query or (not item.plain and _conditions(item.resource))
        for item in items
    )


def _conditions(value: Any) -> list[str]:
    """Conditional references of a resource."""
    return [text for text in _references(value) if _CONDITIONAL.fullmatch(text)]


def _all_plain(raw: bytes) -> bool:
    """Whether the text alone shows that every reference is `Type/id`, an address or `#`: the usual case, in which no
    resource has to be walked through."""
    return b"\\" not in raw and not any(
        reference.startswith(b"urn:") or b"?" in reference for reference in _REFERENCE.findall(raw)
    )


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "reference":
                if isinstance(item, str):
                    yield item
            elif isinstance(item, dict | list):
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                yield from _references(item)


def _write_all(caller: Caller, source: Source, items: list[Item], root: str, returns: str) -> dict[int, dict[str, Any]]:
    expected: dict[tuple[str, str], int] = {}
    for item in items:
        _settle(item, source, expected)
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


def _settle(item: Item, source: Source, expected: dict[tuple[str, str], int]) -> None:
    """Find out what conditions mean. Raises 412."""
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
        if wanted is not None:
            expected[item.type, item.key] = wanted


def _row(item: Item, names: dict[str, str], source: Source) -> Row:
    if item.method == "DELETE":
        return changing.deletion(item.type, item.key)
    resource, exact = item.resource or {}, item.exact or {}
    changed = {} if item.plain and not names else _lead(item, resource, names, source)
    if changed:
        exact = _renamed(exact, changed) if exact is not resource else exact
        resource = _renamed(resource, changed)
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
    for text in _references(resource):
        if text in names:
            changed[text] = names[text]
        elif text.startswith(("urn:uuid:", "urn:oid:")):
            raise FhirError(
                400,
                "not-found",
                "A reference names an entry that is not in the bundle.",
                place=f"{item.place}.resource",
            )
        elif (match := _CONDITIONAL.fullmatch(text)) is not None:
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


def _renamed(value: Any, changed: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            name: changed.get(item, item) if name == "reference" and isinstance(item, str) else _renamed(item, changed)
            for name, item in value.items()
        }
    return [_renamed(item, changed) for item in value] if isinstance(value, list) else value


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
            item = _item(index, entry, exact)
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
        if not item.writes or _has_conditions([item]) or (item.type, item.key) in taken:
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


def pairs_of(query: str) -> list[tuple[str, str]]:
    """Parameters of an address."""
    return parse_qsl(query, keep_blank_values=True)
