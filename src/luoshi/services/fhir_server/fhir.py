"""The operations of the server itself."""

from __future__ import annotations

import orjson

from luoshi.platform.store.models import Source
from luoshi.services.fhir_server import asking, bulk, everything, reading, subscribing, writes
from luoshi.web.fhir import Answer, Call, FhirError, Operation, outcome_of


def validate(call: Call) -> Answer:
    """Check a resource without storing anything: the body, or the `resource` of Parameters; `profile=cn` adds the rules
    for China. The answer is 200 with all issues."""
    resource = call.one("resource", None) or call.resource
    profile = call.one("profile") or call.caller.profile
    if profile not in (None, "", "cn"):
        raise FhirError(400, "not-supported", "The profiles known here: cn.", place="profile")
    if resource is None and call.id:
        resource = reading.read(call.caller, call.type, call.id).resource
    if not isinstance(resource, dict):
        raise FhirError(400, "required", "Send the resource to check.")
    if call.type and resource.get("resourceType") != call.type:
        raise FhirError(400, "invalid", "The resource is of another type than the address.", place="resourceType")
    # Where the body is the resource itself, its own bytes are checked: keys given twice show only there.
    raw = call.request.body if call.resource is resource and call.resource is not None else orjson.dumps(resource)
    return Answer(outcome_of(writes.validator(profile or None).check(raw)))


def replay(call: Call) -> Answer:
    """Deliver again what became known since `since`, and go on from there. For the source of the Subscription."""
    source: Source = writes.source_of(call.caller)
    hit = writes.own("Subscription", call.id, source)
    if hit is None or hit.deleted:
        raise reading.not_found()
    since = asking.moment(call.one("since"), "since") if call.one("since") else 0
    subscribing.replay(source=source.pk, key=hit.key, since=since, by=call.caller.by)
    return reading.read(call.caller, "Subscription", hit.id)


operations = [
    Operation(
        "validate",
        validate,
        permission="record.ingest",
        at_type=True,
        at_instance=True,
        at_system=True,
        documentation="Check a resource against R4 and, with profile=cn, the rules for China. Nothing is stored.",
        definition="http://hl7.org/fhir/OperationDefinition/Resource-validate",
    ),
    Operation(
        "everything",
        everything.everything,
        permission="record.read",
        types=("Patient",),
        at_instance=True,
        documentation="Everything about one person, whoever sent it. start, end, _since, _type, _count.",
        definition="http://hl7.org/fhir/OperationDefinition/Patient-everything",
    ),
    Operation(
        "export",
        bulk.export,
        permission="",
        types=("Patient",),
        at_system=True,
        at_type=True,
        documentation="Bulk export as NDJSON: Prefer: respond-async; _type, _since.",
        definition="http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export",
    ),
    Operation(
        "import",
        bulk.import_,
        permission="record.ingest",
        at_system=True,
        changes_state=True,
        documentation="Bulk import of NDJSON in the body, one resource on each line; asynchronous.",
    ),
    Operation(
        "replay",
        replay,
        permission="record.read",
        types=("Subscription",),
        at_instance=True,
        changes_state=True,
        documentation="Deliver again what became known since a moment.",
    ),
]
