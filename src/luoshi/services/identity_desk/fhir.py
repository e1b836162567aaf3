"""`Patient/$match`: who of the known may this be? Parameters in, a searchset Bundle with score and grade out."""

from __future__ import annotations

from typing import Any

import orjson

from luoshi.platform import audit
from luoshi.platform.identity import arrivals
from luoshi.platform.identity import queries as identity
from luoshi.platform.store import sets
from luoshi.records.matching import raw_row
from luoshi.web.fhir import BASE, Call, FhirError, Operation

GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
_GRADES = {"same": "certain", "review": "probable", "different": "possible"}


def match(call: Call) -> dict[str, Any]:
    """Known Patients likest first. `onlyCertainMatches`: those of the band "same" alone; `count`: at most so many.

    Writes nothing but the look at those found. Only persons inside the caller's scope are told.
    """
    patient = call.resource if call.resource is not None else call.one("resource", None)
    if isinstance(patient, dict) and patient.get("resourceType") == "Parameters":
        parts = {p.get("name"): p for p in patient.get("parameter") or () if isinstance(p, dict)}
        patient = (parts.get("resource") or {}).get("resource")
    if not isinstance(patient, dict) or patient.get("resourceType") != "Patient":
        raise FhirError(400, "required", "Send the Patient to look for as the parameter `resource`.")
    certain = str(call.one("onlyCertainMatches", "false")).lower() == "true"
    count = str(call.one("count", "20"))
    if not count.isascii() or not count.isdigit() or not 1 <= int(count) <= 500:
        raise FhirError(400, "value", "count is a whole number from 1 to 500.")
    try:
        raw = raw_row(patient)
    except (AttributeError, TypeError, KeyError, IndexError) as error:
        raise FhirError(400, "structure", "The Patient does not have the structure of R4.") from error
    candidates = arrivals.find([raw])[0]
    seen = identity.visible({c.person for c in candidates}, scope=call.caller.scope)
    kept = [c for c in candidates if c.person in seen and (c.scored.band == "same" or not certain)][: int(count)]
    audit.look_at_list(by=call.caller.by, persons=sorted({c.person for c in kept}), what="$match")
    bodies = {
        record: (public, body)
        for record, public, body in sets.select(
            "SELECT r.id, r.public_id, v.body FROM store_resource r JOIN store_version v"
            " ON v.resource_id = r.id AND v.version = r.version WHERE r.id IN {values} AND v.body <> ''",
            [c.record for c in kept],
        )
    }
    entries = [
        {
            "fullUrl": call.request.build_absolute_uri(f"{BASE}/Patient/{bodies[c.record][0]}"),
            "resource": {**orjson.loads(bodies[c.record][1]), "id": bodies[c.record][0]},
            "search": {
                "extension": [{"url": GRADE, "valueCode": _GRADES[c.scored.band]}],
                "mode": "match",
                "score": round(c.scored.probability, 6),
            },
        }
        for c in kept
        if c.record in bodies
    ]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}


operations = [Operation("match", match, permission="person.list", types=("Patient",), at_type=True)]
