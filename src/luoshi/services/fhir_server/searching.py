"""Running a search: the narrowest way to candidates, the tests on their texts, the order, the page.

One page looks at a bounded number of candidates. When that is not enough the page is short and its `next` link goes on:
a search always answers soon and is always completed by whoever follows the links. An order of its own, and a total, need
all matches at once; where there are too many candidates for that the search is refused in words (`too-costly`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from luoshi.platform.consent import public as consent
from luoshi.platform.store import search
from luoshi.platform.store.references import SHARED
from luoshi.platform.store.search import Candidate, Cursor, Hit, Way
from luoshi.platform.store.views import View
from luoshi.records.search import parameters as known
from luoshi.records.search.elements import at
from luoshi.records.search.parameters import Parameter
from luoshi.records.search.values import fold, moments, strings
from luoshi.services.fhir_server.asking import Query
from luoshi.web.fhir import FhirError

MOST_AT_ONCE = 20_000  # candidates read for one order or one total
_PIECE = 500
_SECONDS = 2.0


@dataclass
class Found:
    """A page. `matches` in order; `after` goes on behind them (None: this was all); `total` where it is known;
    `too_many`: a total was asked for and would cost too much."""

    matches: list[Hit]
    after: list[Any] | None = None
    total: int | None = None
    too_many: bool = False
    included: list[Hit] = field(default_factory=list)


def run(query: Query, view: View) -> Found:
    """Search. Raises 400 `too-costly`."""
    if query.only_count:
        return _count(query, view)
    way = _way(query, view)
    if isinstance(way, list) or query.sort:
        matches = _matches(query, way if isinstance(way, list) else _all(query, way, view), view)
        found = _page_of_sorted(query, matches)
    else:
        found = _page(query, way, view)
    if query.total == "accurate" or query.total == "estimate":
        _total(query, view, found)
    found.included = _included(query, found.matches, view)
    return found


def _way(query: Query, view: View) -> list[Hit] | Way:
    """All candidates where there are few, else the way to them."""
    if query.ids is not None:
        hits = search.by_ids(query.type, query.ids, view)
        return [hit for hit in hits if query.persons is None or hit.person in query.persons]
    if query.persons is not None:
        return search.of_persons(query.type, query.persons, view)
    if query.marks is not None:
        return query.marks
    if query.since is not None:
        return search.Changed(query.type, search.chunk_since(query.since))
    return search.Whole(query.type)


def _matches(query: Query, hits: Iterable[Hit], view: View) -> list[Hit]:
    return allowed([hit for hit in hits if all(test(hit) for test in query.tests)], view)


def allowed(hits: Sequence[Hit], view: View) -> list[Hit]:
    """Those that the resident's choices and the law let this viewer see; what a source sent itself it may read."""
    foreign = [hit for hit in hits if view.source is None or hit.source != view.source]
    if not foreign:
        return list(hits)
    seen = {id(hit) for hit in consent.filter(foreign, scope=view.scope, key=lambda hit: hit.stored)}
    own = {id(hit) for hit in hits} - {id(hit) for hit in foreign}
    return [hit for hit in hits if id(hit) in seen or id(hit) in own]


# --- in pieces -----------------------------------------------------------------------------------------------------


def _pieces(way: Way, cursor: Cursor | None, view: View, size: int) -> Iterator[tuple[list[Hit], Cursor | None, int]]:
    """Texts of candidates piece by piece, the cursor behind each piece, and how many were looked at."""
    while True:
        candidates, cursor = way.after(cursor, size)
        yield _read(way, candidates, view), cursor, len(candidates)
        if cursor is None:
            return


def _read(way: Way, candidates: Sequence[Candidate], view: View) -> list[Hit]:
    hits = search.read(search.visible(candidates, view))
    return [hit for hit in hits if way.stands(hit)] if isinstance(way, search.ByMarks) else hits


def _page(query: Query, way: Way, view: View) -> Found:
    start = _place(query)
    until = time.monotonic() + _SECONDS
    matches: list[Hit] = []
    looked = 0
    size = max(_PIECE // 5, min(_PIECE, query.count + 1)) if not query.tests else _PIECE
    for hits, cursor, seen in _pieces(way, start, view, size):
        looked += max(seen, 1)
        matches.extend(_matches(query, hits, view))
        if len(matches) > query.count:
            matches = matches[: query.count]
            return Found(matches, list(matches[-1].cursor))
        if cursor is None:
            return Found(matches, None, len(matches) if start is None else None)
        if looked >= MOST_AT_ONCE or time.monotonic() > until:
            return Found(matches, list(cursor))
    return Found(matches)


def _place(query: Query) -> Cursor | None:
    if query.after is None:
        return None
    if len(query.after) != 2 or not all(isinstance(part, int) and abs(part) <= 1 << 62 for part in query.after):
        raise FhirError(400, "invalid", "This is no cursor of this search; follow the links of the answer.")
    return tuple(query.after)


def _all(query: Query, way: Way, view: View) -> Iterator[Hit]:
    """Every candidate, as long as they are not too many."""
    looked = 0
    for hits, _, seen in _pieces(way, None, view, 2_000):
        looked += max(seen, 1)
        if looked > MOST_AT_ONCE:
            raise FhirError(
                400,
                "too-costly",
                f"More than {MOST_AT_ONCE} resources would have to be put in order or counted. Narrow the search: name"
                " a patient, an identifier, a code with a range of dates, or _lastUpdated.",
            )
        yield from hits


# --- in an order of its own ----------------------------------------------------------------------------------------


def _page_of_sorted(query: Query, matches: list[Hit]) -> Found:
    keys = [_key(query.type, name) for name, _ in query.sort]
    decorated = [([key(hit) for key in keys], hit) for hit in matches]
    decorated.sort(key=lambda pair: pair[1].number)
    for i, (_, descending) in reversed(list(enumerate(query.sort))):
        # What lacks the value stands last in either direction.
        decorated.sort(key=lambda pair, i=i: pair[0][i][1], reverse=descending)  # type: ignore[misc]
        decorated.sort(key=lambda pair, i=i: pair[0][i][0])  # type: ignore[misc]
    ordered = [hit for _, hit in decorated]
    total = len(ordered)
    start = 0
    if query.after is not None:
        if len(query.after) != 2 or not all(isinstance(part, int) for part in query.after):
            raise FhirError(400, "invalid", "This is no cursor of this search; follow the links of the answer.")
        position, number = query.after
        # Where the last one shown stands now; if it went away, where it stood.
        start = next((i + 1 for i, hit in enumerate(ordered) if hit.number == number), min(max(position, 0), total))
    page = ordered[start : start + query.count]
    more = start + query.count < total
    return Found(page, [start + len(page), page[-1].number] if more and page else None, total)


def _key(resource_type: str, name: str) -> Callable[[Hit], tuple[bool, Any]]:
    """(whether it is missing, the value) of a resource for one sort parameter; values of one parameter compare."""
    if name == "_id":
        return lambda hit: (False, hit.id)
    if name == "_lastUpdated":
        return lambda hit: (False, hit.known_from)
    parameter = known.parameters(resource_type)[name]

    def key(hit: Hit) -> tuple[bool, Any]:
        for value in at(hit.parsed, parameter.paths):
            found = _sortable(parameter.kind, value)
            if found is not None:
                return False, found
        return True, 0 if parameter.kind in (known.DATE, known.QUANTITY, known.NUMBER) else ""

    return key


def _sortable(kind: str, value: Any) -> Any:
    if kind == known.DATE:
        spans = moments(value)
        return min(span[0] for span in spans) if spans else None
    if kind in (known.QUANTITY, known.NUMBER):
        number = value.get("value") if isinstance(value, dict) else value
        return number if isinstance(number, int | float) else None
    if kind == known.STRING:
        return next((fold(text) for text in strings(value)), None)
    if isinstance(value, dict):
        inside = (value.get("coding") or [value])[0]
        found = inside.get("code") or inside.get("value") or inside.get("reference")
        return found if isinstance(found, str) else None
    return str(value)


# --- totals --------------------------------------------------------------------------------------------------------


def _count(query: Query, view: View) -> Found:
    if query.bare and query.marks is None and query.since is None and view.everything and view.scope.user is None:
        return Found([], total=search.count(query.type))
    way = _way(query, view)
    hits = way if isinstance(way, list) else _all(query, way, view)
    return Found([], total=len(_matches(query, hits, view)))


def _total(query: Query, view: View, found: Found) -> None:
    if found.total is None:
        try:
            found.total = _count(query, view).total
        except FhirError:
            found.too_many = True


# --- what goes with them -------------------------------------------------------------------------------------------


def _included(query: Query, matches: list[Hit], view: View) -> list[Hit]:
    """Resources that the matches refer to, and those that refer to them, each once."""
    found: dict[int, Hit] = {}
    for name, target in query.includes:
        parameter = known.references(query.type)[name]
        wanted: dict[tuple[int, str], set[str]] = {}
        for hit in matches:
            for value in at(hit.parsed, parameter.paths):
                text = value.get("reference") if isinstance(value, dict) else None
                kind, _, id_ = text.partition("/") if isinstance(text, str) else ("", "", "")
                if id_ and (not target or kind == target) and kind in known.all_types():
                    wanted.setdefault((hit.source, kind), set()).add(id_.partition("/")[0])
        for (source, kind), ids in wanted.items():
            # Ids mean what their sender meant by them.
            for hit in search.by_ids(kind, ids, View(view.scope, source)):
                if hit.key in ids and view.sees(*hit.place, hit.source):
                    found[hit.number] = hit
    for kind, name in query.reverse:
        for hit in _referring(kind, known.references(kind)[name], matches, view):
            found[hit.number] = hit
            if len(found) > MOST_AT_ONCE:
                raise FhirError(400, "too-costly", "Too much would be included. Ask for fewer at once.")
    for hit in matches:
        found.pop(hit.number, None)
    return allowed(list(found.values()), view)


def _referring(kind: str, parameter: Parameter, matches: list[Hit], view: View) -> Iterator[Hit]:
    """What of a type refers to these matches. It is looked for among what is about the same persons; what is about nobody
    (an Organization, a Medication) has no such short way, and the whole type is looked through, as far as is allowed."""
    persons = {hit.person for hit in matches if hit.person is not None}
    if parameter.person and matches and matches[0].type == "Patient":
        yield from search.of_persons(kind, persons, view)
        return
    # Ids mean what their sender meant by them; those of Organizations are the region's, for every sender.
    named = {(0 if hit.type in SHARED else hit.source, f"{hit.type}/{hit.key}") for hit in matches}
    ways: list[Iterable[Hit]] = [search.of_persons(kind, persons, view)] if persons else []
    if any(hit.person is None for hit in matches):
        ways.append(_all(Query(kind), search.Whole(kind), view))
    for way in ways:
        for hit in way:
            for value in at(hit.parsed, parameter.paths):
                text = value.get("reference") if isinstance(value, dict) else None
                name = "/".join(text.split("/", 2)[:2]) if isinstance(text, str) else ""
                if (hit.source, name) in named or (0, name) in named:
                    yield hit
