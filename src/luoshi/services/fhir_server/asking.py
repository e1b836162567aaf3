"""What a search asks for: the parameters of an address, read and checked against what the type knows."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from luoshi.kernel.errors import InvalidValue
from luoshi.platform.store import search
from luoshi.platform.store.marks import NO_DAY, mark
from luoshi.platform.store.search import Hit
from luoshi.platform.store.views import View
from luoshi.records.search import parameters as known
from luoshi.records.search.elements import at
from luoshi.records.search.parameters import Parameter
from luoshi.records.search.values import Amount, Token, When, fold, interval, moments, plain, shown, split, strings
from luoshi.records.structure import resource_types
from luoshi.web.fhir import FhirError

MOST, USUAL = 1000, 50
_DAY = 86_400_000_000
_ABOUT_ANSWERS = ("_format", "_pretty")
_LOCAL = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?$")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
Test = Callable[[Hit], bool]
Pairs = Sequence[tuple[str, str]]


@dataclass
class Query:
    """A search of one type. `ids`, `persons` and `marks` narrow where to look (None: they do not); `tests` decide.
    `since`: microseconds since 1970. `unknown`: parameters that were not understood."""

    type: str
    tests: list[Test] = field(default_factory=list)
    ids: set[str] | None = None
    persons: set[int] | None = None
    marks: search.ByMarks | None = None
    since: int | None = None
    sort: list[tuple[str, bool]] = field(default_factory=list)
    count: int = USUAL
    after: list[Any] | None = None
    total: str = ""
    only_count: bool = False
    elements: frozenset[str] = frozenset()
    includes: list[tuple[str, str]] = field(default_factory=list)
    reverse: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    days: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def bare(self) -> bool:
        """Whether everything of the type is asked for."""
        return not self.tests and self.ids is None and self.persons is None


def wrong(name: str, text: str) -> FhirError:
    """A parameter that cannot be used: 400."""
    return FhirError(400, "invalid", text, place=f"http.{name}")


def read(resource_type: str, pairs: Pairs, view: View) -> Query:
    """The query of a type from the parameters of an address. Raises 400 for values that mean nothing, modifiers nobody
    knows, and combinations that are not supported; what is unknown altogether is put into `unknown`."""
    query = Query(resource_type)
    marked: list[search.ByMarks] = []
    for full, value in pairs:
        name, _, modifier = full.partition(":")
        if full in _ABOUT_ANSWERS or (name.startswith("_") and _about_answer(query, name, value)):
            continue
        if value == "":
            continue
        if "\x00" in value:
            raise wrong(name, "a value contains a character that no record may have.")
        try:
            _condition(query, name, modifier, value, view, marked)
        except InvalidValue as error:
            raise wrong(name, str(error)) from None
    if marked:
        # An identifier before a code: fewer have it.
        query.marks = _with_days(marked[0], query)
    return query


def _condition(query: Query, name: str, modifier: str, value: str, view: View, marked: list[search.ByMarks]) -> None:
    base, chained, rest = name.partition(".")
    if not chained and "." in modifier:  # subject:Patient.identifier
        target, _, rest = modifier.partition(".")
        if target != "Patient":
            raise wrong(name, "chains go to Patient only.")
        base, chained, modifier = name, ".", ""
    if base == "_id" and not modifier:
        wanted = {part for part in split(value) if _ID.fullmatch(part)}
        query.ids = wanted if query.ids is None else query.ids & wanted
        return
    if base == "_lastUpdated" and not modifier:
        whens = [When.of(part) for part in split(value)]
        query.tests.append(lambda hit: any(w.matches(hit.known_from, hit.known_from + 1) for w in whens))
        low = min(w.bounds[0] for w in whens)
        if low > 0:
            query.since = max(low, query.since or 0)
        return
    if base in ("_tag", "_security", "_profile"):
        parameter = Parameter(base, "uri" if base == "_profile" else "token", (f"meta.{base[1:]}",))
        query.tests.append(_test(parameter, modifier, value))
        return
    found = known.parameters(query.type).get(base)
    if found is None:
        query.unknown.append(name)
        return
    if chained:
        _narrow(query, _chained(found, rest, value, view))
        return
    if found.person and modifier in ("", "Patient"):
        persons = _persons(value, modifier, view)
        if persons is not None:
            _narrow(query, persons)
            return
    query.tests.append(_test(found, modifier, value))
    if found.marked and not modifier:
        _mark(query, found, value, marked)
    if found.kind == known.DATE and not modifier:
        whens = [When.of(part) for part in split(value)]
        low, high = min(w.bounds[0] for w in whens), max(w.bounds[1] for w in whens)
        before = query.days.get(base, (-(1 << 62), 1 << 62))
        query.days[base] = (max(low, before[0]), min(high, before[1]))


def _narrow(query: Query, persons: set[int]) -> None:
    query.persons = persons if query.persons is None else query.persons & persons


def _mark(query: Query, parameter: Parameter, value: str, marked: list[search.ByMarks]) -> None:
    """Let the search go through marks of these values, where every one of them names a code."""
    codes = [Token.of(part).code for part in split(value)]
    if all(codes):
        way = search.ByMarks(tuple(mark(query.type, parameter.name, code) for code in dict.fromkeys(codes)))
        marked.insert(0 if parameter.name == "identifier" else len(marked), way)


def _with_days(way: search.ByMarks, query: Query) -> search.ByMarks:
    """The marks with the range of days that the date asked for leaves: one more on both sides, for the days of other
    time zones."""
    by = known.main_date(query.type)
    bounds = query.days.get(by.name) if by else None
    if bounds is None:
        return way
    low, high = max(NO_DAY + 1, bounds[0] // _DAY - 1), min(1 << 30, bounds[1] // _DAY + 1)
    return search.ByMarks(way.marks, low, high)


# --- persons -------------------------------------------------------------------------------------------------------


def _persons(value: str, modifier: str, view: View) -> set[int] | None:
    """Persons of the Patients named; None when something else than Patients is named."""
    ids = []
    for part in split(value):
        found = _LOCAL.search(part)
        kind, id_ = (found[1], found[2]) if found else (modifier or "Patient", part)
        if kind != "Patient":
            return None
        if _ID.fullmatch(id_):
            ids.append(id_)
    return set(search.persons_of(ids, view).values())


def _chained(parameter: Parameter, rest: str, value: str, view: View) -> set[int]:
    """Persons whose Patient matches: `patient.identifier`, `subject:Patient.birthdate` and the like, of what is marked."""
    if not parameter.person or rest != "identifier":
        raise wrong(parameter.name, "chains are understood as patient.identifier (or subject:Patient.identifier) only.")
    return persons_by_identifier(value, view)


def persons_by_identifier(value: str, view: View) -> set[int]:
    """Persons of the Patients that carry one of these identifiers."""
    tokens = [Token.of(part) for part in split(value)]
    way = search.ByMarks(tuple(mark("Patient", "identifier", t.code) for t in tokens if t.code))
    found, _ = way.after(None, 1000)
    hits = search.read(search.visible(found, view))
    return {
        hit.person
        for hit in hits
        if hit.person is not None
        and any(t.matches(identifier) for t in tokens for identifier in hit.parsed.get("identifier", []))
    }


# --- tests of one parameter ----------------------------------------------------------------------------------------


def _test(parameter: Parameter, modifier: str, value: str) -> Test:
    """Whether a resource matches. Raises `InvalidValue` or 400."""
    paths = parameter.paths
    if modifier == "missing":
        if value not in ("true", "false"):
            raise wrong(parameter.name, ":missing is true or false.")
        return lambda hit: (next(at(hit.parsed, paths), None) is None) == (value == "true")
    makers = {
        known.TOKEN: _token,
        known.STRING: _string,
        known.REFERENCE: _reference,
        known.DATE: _date,
        known.QUANTITY: _quantity,
        known.NUMBER: _quantity,
        known.URI: _uri,
    }
    return makers[parameter.kind](parameter, modifier, value)


def _no(parameter: Parameter, modifier: str) -> FhirError:
    return wrong(parameter.name, f"the modifier :{modifier[:40]} is not known for this parameter.")


def _token(parameter: Parameter, modifier: str, value: str) -> Test:
    paths = parameter.paths
    if modifier == "text":
        wanted = [fold(plain(part)) for part in split(value)]
        return lambda hit: any(
            text.startswith(w) for v in at(hit.parsed, paths) for text in map(fold, shown(v)) for w in wanted
        )
    if modifier not in ("", "not"):
        raise _no(parameter, modifier)
    tokens = [Token.of(part) for part in split(value)]
    if parameter.name == "deceased":
        # True also where the moment is known.
        def dead(hit: Hit) -> bool:
            given = next(at(hit.parsed, paths), False)
            return any(t.matches(given is not False) for t in tokens)

        return dead if not modifier else lambda hit: not dead(hit)

    def matches(hit: Hit) -> bool:
        return any(t.matches(v) for v in at(hit.parsed, paths) for t in tokens)

    return matches if not modifier else lambda hit: not matches(hit)


def _string(parameter: Parameter, modifier: str, value: str) -> Test:
    paths = parameter.paths
    wanted = [plain(part) for part in split(value)]
    if modifier == "exact":
        return lambda hit: any(text in wanted for v in at(hit.parsed, paths) for text in strings(v))
    if modifier not in ("", "contains"):
        raise _no(parameter, modifier)
    folded = [fold(w) for w in wanted]
    if modifier == "contains":
        return lambda hit: any(
            w in text for v in at(hit.parsed, paths) for text in map(fold, strings(v)) for w in folded
        )
    return lambda hit: any(
        text.startswith(w) for v in at(hit.parsed, paths) for text in map(fold, strings(v)) for w in folded
    )


def _reference(parameter: Parameter, modifier: str, value: str) -> Test:
    paths = parameter.paths
    if modifier == "identifier":
        tokens = [Token.of(part) for part in split(value)]
        return lambda hit: any(
            t.matches(v.get("identifier")) for v in at(hit.parsed, paths) if isinstance(v, dict) for t in tokens
        )
    if modifier and modifier not in resource_types():
        raise _no(parameter, modifier)
    whole, bare = set(), set()
    for part in split(value):
        found = _LOCAL.search(part)
        if found:
            whole.add(f"{found[1]}/{found[2]}")
        elif modifier:
            whole.add(f"{modifier}/{part}")
        else:
            bare.add(part)

    def matches(hit: Hit) -> bool:
        for v in at(hit.parsed, paths):
            text = v.get("reference") if isinstance(v, dict) else v
            if not isinstance(text, str):
                continue
            found = _LOCAL.search(text)
            if text in bare or text in whole or (found and (f"{found[1]}/{found[2]}" in whole or found[2] in bare)):
                return True
        return False

    return matches


def _date(parameter: Parameter, modifier: str, value: str) -> Test:
    if modifier:
        raise _no(parameter, modifier)
    whens = [When.of(part) for part in split(value)]
    return lambda hit: any(
        w.matches(*span) for v in at(hit.parsed, parameter.paths) for span in moments(v) for w in whens
    )


def _quantity(parameter: Parameter, modifier: str, value: str) -> Test:
    if modifier:
        raise _no(parameter, modifier)
    amounts = [Amount.of(part) for part in split(value)]
    return lambda hit: any(a.matches(v) for v in at(hit.parsed, parameter.paths) for a in amounts)


def _uri(parameter: Parameter, modifier: str, value: str) -> Test:
    if modifier not in ("", "below"):
        raise _no(parameter, modifier)
    wanted = [plain(part) for part in split(value)]
    if modifier == "below":
        return lambda hit: any(
            isinstance(v, str) and (v == w or v.startswith(w.rstrip("/") + "/"))
            for v in at(hit.parsed, parameter.paths)
            for w in wanted
        )
    return lambda hit: any(v in wanted for v in at(hit.parsed, parameter.paths))


# --- parameters about the answer -----------------------------------------------------------------------------------


def _about_answer(query: Query, name: str, value: str) -> bool:
    """Take in a parameter that is about the answer; whether it was one."""
    match name:
        case "_count":
            if not value.isascii() or not value.isdigit():
                raise wrong(name, "_count is a whole number.")
            query.count = min(int(value[:9]), MOST)
            query.only_count = query.only_count or query.count == 0
        case "_summary":
            if value not in ("count", "false"):
                raise wrong(name, "only _summary=count (and false) is known.")
            query.only_count = value == "count"
        case "_total":
            if value not in ("none", "estimate", "accurate"):
                raise wrong(name, "_total is none, estimate or accurate.")
            query.total = value
        case "_sort":
            query.sort = [_sorted_by(query.type, part) for part in value.split(",") if part]
        case "_elements":
            query.elements = frozenset(part for part in value.split(",") if part)
        case "_include" | "_revinclude":
            _included(query, name, value)
        case "_cursor":
            query.after = cursor_of(value)
        case _:
            return False
    return True


def _sorted_by(resource_type: str, text: str) -> tuple[str, bool]:
    name = text.removeprefix("-")
    if name not in ("_id", "_lastUpdated") and name not in known.parameters(resource_type):
        raise wrong("_sort", "one sorts by _id, _lastUpdated or a parameter of the type.")
    return name, text.startswith("-")


def _included(query: Query, name: str, value: str) -> None:
    kind, _, rest = value.partition(":")
    parameter, _, target = rest.partition(":")
    if kind not in resource_types() or parameter not in known.references(kind):
        raise wrong(name, "an include is written Type:parameter, with a reference parameter of that type.")
    if name == "_include":
        if kind != query.type:
            raise wrong(name, "an include begins at the type that is searched.")
        query.includes.append((parameter, target))
        return
    if query.type not in known.targets(kind, parameter) or target not in ("", query.type):
        raise wrong(name, "that reference does not lead to the type that is searched.")
    query.reverse.append((kind, parameter))


def cursor_text(cursor: Iterable[Any]) -> str:
    """A place in the order of results, for an address."""
    return base64.urlsafe_b64encode(orjson.dumps(list(cursor))).decode().rstrip("=")


def cursor_of(text: str) -> list[Any]:
    try:
        value = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        value = None
    if not isinstance(value, list) or not all(isinstance(part, int | str) for part in value):
        raise wrong("_cursor", "this is no cursor of ours; follow the links of the answer.")
    return value


def moment(text: str, name: str) -> int:
    """First microsecond of a date or time. Raises 400."""
    try:
        return interval(text)[0]
    except InvalidValue as error:
        raise wrong(name, str(error)) from None
