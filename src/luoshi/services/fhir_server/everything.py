"""`Patient/$everything`: all that is known of one person, page by page."""

from __future__ import annotations

from typing import Any

from luoshi.platform.store import search
from luoshi.platform.store.search import Hit
from luoshi.records.search import parameters as known
from luoshi.records.search.elements import at
from luoshi.records.search.values import moments
from luoshi.services.fhir_server import asking, reading, searching, showing
from luoshi.web.fhir import Answer, Call, FhirError

USUAL, MOST = 1000, 5000


def everything(call: Call) -> Answer:
    """The Patient and everything about the same person, whoever sent it, then the next page. `start`, `end`: days of
    care; `_since`: only what changed; `_type`: only these types; `_count`: of one page."""
    caller = call.caller
    caller.need("*", "r")
    view = reading.view_of(caller)
    patient = reading.find(caller, "Patient", call.id)
    if patient.deleted:
        raise FhirError(410, "deleted", reading.GONE)
    kinds = {part for text in call.parameters.get("_type", []) for part in text.split(",") if part}
    for kind in kinds:
        reading.known_type(kind)
    hits = [patient]
    if patient.person is not None:
        hits = search.about(patient.person, sorted(kinds), view)
    low, high = _bound(call, "start", 0), _bound(call, "end", 1)
    since = asking.moment(call.one("_since"), "_since") if call.one("_since") else 0
    hits = [hit for hit in hits if hit.known_from >= since and _within(hit, low, high)]
    hits = searching.allowed(hits, view)
    hits.sort(key=lambda hit: (hit.type != "Patient", hit.number != patient.number, hit.type, hit.number))
    count = call.one("_count", str(USUAL))
    if not count.isascii() or not count.isdigit() or int(count[:9]) == 0:
        raise asking.wrong("_count", "_count is a whole number from 1.")
    size, start = min(int(count[:9]), MOST), _start(call)
    page = hits[start : start + size]
    reading.look(caller, page, "fhir everything")
    root = showing.base(call.request)
    path = f"/Patient/{call.id}/$everything"
    pairs = [(name, value) for name, values in call.parameters.items() for value in values if name != "_cursor"]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": len(hits)}
    bundle["link"] = [{"relation": "self", "url": showing.link(root, path, pairs)}]
    if start + size < len(hits):
        following = [*pairs, ("_cursor", asking.cursor_text([start + size]))]
        bundle["link"].append({"relation": "next", "url": showing.link(root, path, following)})
    bundle["entry"] = [showing.entry(root, body, "match") for body in showing.resources(page)]
    return Answer(bundle if page else {name: v for name, v in bundle.items() if name != "entry"})


def _bound(call: Call, name: str, side: int) -> int | None:
    text = call.one(name)
    if not text:
        return None
    asking.moment(text, name)
    return moments(text)[0][side]


def _within(hit: Hit, low: int | None, high: int | None) -> bool:
    """Whether the day of care lies in the range; what has no day always does."""
    if low is None and high is None:
        return True
    by = known.main_date(hit.type)
    spans = [span for value in at(hit.parsed, by.paths) for span in moments(value)] if by else []
    return not spans or any((low is None or b > low) and (high is None or a < high) for a, b in spans)


def _start(call: Call) -> int:
    text = call.one("_cursor")
    if not text:
        return 0
    found = asking.cursor_of(text)
    if len(found) != 1 or not isinstance(found[0], int) or not 0 <= found[0] < 1 << 40:
        raise asking.wrong("_cursor", "this is no cursor of ours; follow the links of the answer.")
    return int(found[0])
