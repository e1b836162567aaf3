"""Reading: one resource, a version, histories, searches. Every look at a person is noted before the answer leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from luoshi.platform import audit
from luoshi.platform.store import search, versions
from luoshi.platform.store.search import Hit
from luoshi.platform.store.views import View
from luoshi.records.search.parameters import is_taken
from luoshi.services.fhir_server import asking, searching, showing
from luoshi.services.fhir_server.asking import Pairs
from luoshi.web.fhir import Answer, Caller, FhirError, outcome

GONE = "The resource was deleted; its history tells when."


def view_of(caller: Caller) -> View:
    """What the caller may see."""
    return View(caller.scope, caller.source_id)


def known_type(name: str) -> str:
    """The name of a type the server takes. Raises 404."""
    if not is_taken(name):
        raise FhirError(404, "not-supported", "This is no resource type of FHIR R4 that the server takes.")
    return name


def look(caller: Caller, hits: Iterable[Hit], what: str) -> None:
    """Note that the caller sees these persons."""
    persons = sorted({hit.person for hit in hits if hit.person is not None})
    audit.look_at_list(by=caller.by, persons=persons, what=what)


def find(caller: Caller, resource_type: str, id_: str) -> Hit:
    """The present version, possibly a deletion. Raises 404 for what is not there or not to be seen."""
    hits = search.by_ids(resource_type, [id_], view_of(caller), gone=True)
    hits = searching.allowed(hits[:1], view_of(caller))
    if not hits:
        raise not_found()
    return hits[0]


def not_found() -> FhirError:
    """404, the same for what does not exist and for what lies outside."""
    return FhirError(404, "not-found", "There is no such resource, or it lies outside what you may see.")


def read(caller: Caller, resource_type: str, id_: str, *, headers: Mapping[str, str] | None = None) -> Answer:
    """The present version; 410 when it was deleted, 304 when the caller has it already."""
    caller.need(resource_type, "r")
    hit = find(caller, resource_type, id_)
    if hit.deleted:
        raise FhirError(410, "deleted", GONE)
    told = showing.headers(hit)
    if headers is not None and headers.get("If-None-Match", "").strip() in (told["ETag"], f'"{hit.version}"'):
        return Answer(None, 304, told)
    look(caller, [hit], f"{resource_type}/{hit.id}")
    return Answer(showing.resource(hit), 200, told)


def vread(caller: Caller, resource_type: str, id_: str, version: str) -> Answer:
    """One version; 410 when that version is the deletion."""
    caller.need(resource_type, "r")
    present = find(caller, resource_type, id_)
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0
    found = versions.version(present.number, number)
    if found is None or not searching.allowed([found], view_of(caller)):
        raise not_found()
    if found.deleted:
        raise FhirError(410, "deleted", "This version is the deletion.")
    look(caller, [found], f"{resource_type}/{found.id}")
    return Answer(showing.resource(found), 200, showing.headers(found))


def history(caller: Caller, resource_type: str, id_: str, pairs: Pairs, root: str) -> Answer:
    """Versions, the newest first: of one resource, of a type, or (no type) of everything that may be seen."""
    caller.need(resource_type or "*", "r")
    count, since, after = _history_parameters(pairs)
    if id_:
        present = find(caller, resource_type, id_)
        page = versions.of_resource(present.number, since=since, after=after, limit=count)
    else:
        page = versions.recent(view_of(caller), resource_type=resource_type, since=since, after=after, limit=count)
    hits = searching.allowed(page.hits, view_of(caller))
    look(caller, hits, f"fhir history {resource_type or 'all'}")
    path = "/".join(part for part in ("", resource_type, id_, "_history") if part or not resource_type)
    path = f"/{path.lstrip('/')}"
    links = [{"relation": "self", "url": showing.link(root, path, pairs)}]
    if page.after is not None:
        following = [*(p for p in pairs if p[0] != "_cursor"), ("_cursor", asking.cursor_text([page.after]))]
        links.append({"relation": "next", "url": showing.link(root, path, following)})
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "history", "link": links}
    bodies = iter(showing.resources([hit for hit in hits if not hit.deleted]))
    bundle["entry"] = [_version_entry(root, hit, None if hit.deleted else next(bodies)) for hit in hits]
    if page.after is None and after is None and id_:
        bundle["total"] = len(hits)
    return Answer(_without_empty(bundle))


def _version_entry(root: str, hit: Hit, body: dict[str, Any] | None) -> dict[str, Any]:
    made = hit.version == 1
    method, status = ("DELETE", "204") if body is None else ("POST", "201") if made else ("PUT", "200")
    entry: dict[str, Any] = {"fullUrl": f"{root}/{hit.type}/{hit.id}"}
    if body is not None:
        entry["resource"] = body
    entry["request"] = {"method": method, "url": hit.type if method == "POST" else f"{hit.type}/{hit.id}"}
    entry["response"] = {
        "status": status,
        "etag": f'W/"{hit.version}"',
        "lastModified": showing.instant(hit.received),
    }
    return entry


def _history_parameters(pairs: Pairs) -> tuple[int, int, int | None]:
    count, since, after = asking.USUAL, 0, None
    for name, value in pairs:
        if name == "_count":
            if not value.isascii() or not value.isdigit() or int(value[:9]) == 0:
                raise asking.wrong(name, "_count is a whole number from 1.")
            count = min(int(value[:9]), asking.MOST)
        elif name == "_since":
            since = max(0, asking.moment(value, name))
        elif name == "_cursor":
            found = asking.cursor_of(value)
            if len(found) != 1 or not isinstance(found[0], int) or not 0 <= found[0] < 1 << 62:
                raise asking.wrong(name, "this is no cursor of ours; follow the links of the answer.")
            after = found[0]
        elif name not in ("_format", "_pretty"):
            raise asking.wrong(name, "a history knows _count and _since.")
    return count, since, after


def search_type(caller: Caller, resource_type: str, pairs: Pairs, root: str, *, strict: bool) -> Answer:
    """A searchset. `strict`: parameters nobody knows are refused; otherwise the answer tells which were left out."""
    caller.need(resource_type, "s")
    view = view_of(caller)
    query = asking.read(resource_type, pairs, view)
    if query.unknown and strict:
        raise FhirError(
            400, "not-supported", f"Unknown parameters: {', '.join(_shown(query.unknown))}. See /fhir/R4/metadata."
        )
    found = searching.run(query, view)
    look(caller, [*found.matches, *found.included], f"fhir search {resource_type}")
    asked = [p for p in pairs if p[0] not in query.unknown]
    links = [{"relation": "self", "url": showing.link(root, f"/{resource_type}", asked)}]
    if found.after is not None:
        following = [*(p for p in asked if p[0] != "_cursor"), ("_cursor", asking.cursor_text(found.after))]
        links.append({"relation": "next", "url": showing.link(root, f"/{resource_type}", following)})
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
    if found.total is not None and query.total != "none":
        bundle["total"] = found.total
    bundle["link"] = links
    bundle["entry"] = _entries(query, found, root)
    told = []
    if query.unknown:
        told.append(f"Parameters that are not known were left out: {', '.join(_shown(query.unknown))}.")
    if found.too_many:
        told.append("The total would cost too much; follow the links, or narrow the search.")
    if told:
        note = outcome("not-supported" if query.unknown else "too-costly", " ".join(told), severity="warning")
        bundle["entry"].append({"resource": note, "search": {"mode": "outcome"}})
    return Answer(_without_empty(bundle))


def _entries(query: asking.Query, found: searching.Found, root: str) -> list[dict[str, Any]]:
    bodies = showing.resources([*found.matches, *found.included])
    if query.elements:
        bodies = [showing.chosen(body, query.elements) for body in bodies]
    count = len(found.matches)
    return [showing.entry(root, body, "match" if i < count else "include") for i, body in enumerate(bodies)]


def _shown(names: list[str]) -> list[str]:
    return [name[:40] for name in dict.fromkeys(names)]


def _without_empty(bundle: dict[str, Any]) -> dict[str, Any]:
    if not bundle["entry"]:
        del bundle["entry"]
    return bundle
