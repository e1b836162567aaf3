"""Single writes: create, update, delete, with their conditions."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.http import http_date

from luoshi.platform.store import sets
from luoshi.platform.store.models import Source
from luoshi.platform.store.preparing import DELETED, Row, content_hash, row
from luoshi.platform.store.search import Hit
from luoshi.platform.store.writing import Written
from luoshi.services.fhir_server import reading, showing, subscribing, writes
from luoshi.services.fhir_server.writes import Checked
from luoshi.web.fhir import Answer, Caller, FhirError, outcome

_STATUS = {"new": 201, "changed": 200, "unchanged": 200}


def create(
    caller: Caller, resource_type: str, raw: bytes, root: str, *, none_exist: str = "", returns: str = ""
) -> Answer:
    """A new resource. Its id is made from its content, so the same content sent again is the same resource. With
    `none_exist` nothing is written where the condition finds one already (200); several are 412."""
    caller.need(resource_type, "c")
    source = writes.source_of(caller)
    checked = _checked(raw, resource_type, caller, source)
    # An id in the body of a create means nothing.
    checked.resource.pop("id", None)
    key = made_key(checked.resource)
    with transaction.atomic():
        sets.lock()
        if none_exist:
            found = writes.matches(resource_type, none_exist, source)
            if len(found) > 1:
                raise several()
            if found:
                return _told_hit(found[0], root, returns)
        return _write(caller, source, checked, resource_type, key, raw, root, returns)


def made_key(resource: dict[str, Any]) -> str:
    """The key of a resource that the server names: from its content."""
    return f"h{content_hash({name: value for name, value in resource.items() if name != 'id'})}"


def several() -> FhirError:
    """412: a condition finds more than one."""
    return FhirError(412, "multiple-matches", "The condition finds several resources; nothing was written.")


def update(
    caller: Caller, resource_type: str, id_: str, raw: bytes, root: str, *, if_match: str = "", returns: str = ""
) -> Answer:
    """A new version of a resource of the caller's own, or a new resource under an id of its choice (201)."""
    caller.need(resource_type, "u")
    source = writes.source_of(caller)
    checked = _checked(raw, resource_type, caller, source)
    if checked.resource.get("id") != id_:
        raise FhirError(400, "invalid", "The id of the body and of the address differ.", place=f"{resource_type}.id")
    return _update(caller, source, checked, resource_type, id_, raw, root, if_match, returns)


def update_where(
    caller: Caller, resource_type: str, condition: str, raw: bytes, root: str, *, if_match: str = "", returns: str = ""
) -> Answer:
    """A conditional update: of the one that the condition finds, or a new one where it finds none; several are 412."""
    caller.need(resource_type, "u")
    source = writes.source_of(caller)
    checked = _checked(raw, resource_type, caller, source)
    with transaction.atomic():
        sets.lock()
        found = writes.matches(resource_type, condition, source)
        if len(found) > 1:
            raise several()
        given = checked.resource.get("id")
        if not found:
            if if_match:
                raise writes.stale(0)
            key = given or made_key(checked.resource)
            return _write(caller, source, checked, resource_type, key, raw, root, returns)
        if given is not None and given not in (found[0].key, found[0].id):
            raise FhirError(400, "invalid", "The body names another id than the condition finds.")
        return _update(caller, source, checked, resource_type, found[0].key, raw, root, if_match, returns)


def _update(
    caller: Caller,
    source: Source,
    checked: Checked,
    resource_type: str,
    id_: str,
    raw: bytes,
    root: str,
    if_match: str,
    returns: str,
) -> Answer:
    wanted = writes.version_of(if_match)
    with transaction.atomic():
        sets.lock()
        present = writes.own(resource_type, id_, source)
        if wanted is not None and (present is None or present.version != wanted):
            raise writes.stale(present.version if present else 0)
        key = present.key if present else id_
        expect = wanted if wanted is not None else present.version if present and present.deleted else None
        return _write(caller, source, checked, resource_type, key, raw, root, returns, expect)


def _write(
    caller: Caller,
    source: Source,
    checked: Checked,
    resource_type: str,
    key: str,
    raw: bytes,
    root: str,
    returns: str,
    expect: int | None = None,
) -> Answer:
    if expect is None:
        present = writes.own(resource_type, key, source)
        # What was deleted comes back when it is sent again by itself.
        expect = present.version if present and present.deleted else None
    made = row(checked.resource, raw.decode("utf-8").strip())._replace(key=key)
    subscribing.check(checked.resource)
    told = writes.commit(
        [made],
        caller,
        source,
        expected=None if expect is None else {(resource_type, key): expect},
        flagged=writes.flagged(made, checked.tolerated),
    )[0]
    return _told(told, source, root, returns)


def _told(told: Written, source: Source, root: str, returns: str) -> Answer:
    moment = showing.moment_of(told.at)
    headers = {
        "Location": f"{root}/{told.type}/{told.public_id}/_history/{told.version}",
        "ETag": f'W/"{told.version}"',
        "Last-Modified": http_date(moment.timestamp()),
    }
    status = _STATUS[told.fate]
    if returns == "minimal":
        return Answer(None, status, headers)
    if returns == "OperationOutcome":
        words = {"new": "Created.", "changed": "A new version.", "unchanged": "This content was received before."}
        return Answer(outcome("informational", words[told.fate], severity="information"), status, headers)
    hit = writes.own(told.type, told.public_id, source)
    assert hit is not None
    return Answer(showing.resource(hit), status, headers)


def _told_hit(hit: Hit, root: str, returns: str) -> Answer:
    headers = showing.headers(hit) | {"Location": f"{root}/{hit.type}/{hit.id}/_history/{hit.version}"}
    return Answer(None if returns == "minimal" else showing.resource(hit), 200, headers)


def delete(caller: Caller, resource_type: str, id_: str, *, if_match: str = "") -> Answer:
    """A last version that says the resource is gone (204); deleting again changes nothing. Only the source that sent a
    resource deletes it: 403 for others who see it."""
    caller.need(resource_type, "d")
    source = writes.source_of(caller)
    wanted = writes.version_of(if_match)
    with transaction.atomic():
        sets.lock()
        present = writes.own(resource_type, id_, source)
        if present is None:
            reading.find(caller, resource_type, id_)
            raise FhirError(403, "forbidden", "Only the source that sent a resource deletes it.")
        if wanted is not None and present.version != wanted:
            raise writes.stale(present.version)
        told = writes.commit([deletion(resource_type, present.key)], caller, source)[0]
    return Answer(None, 204, {"ETag": f'W/"{told.version}"'})


def deletion(resource_type: str, key: str) -> Row:
    """The row that deletes."""
    return Row(0, resource_type, key, DELETED, "", "")


def _checked(raw: bytes, resource_type: str, caller: Caller, source: Source) -> Checked:
    checked = writes.check(raw, caller, source)
    if checked.resource.get("resourceType") != resource_type:
        raise FhirError(400, "invalid", "The body is of another type than the address.", place="resourceType")
    return checked
