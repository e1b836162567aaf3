"""The second pass: invariants that need more than one object. Run on what the compiled schema accepted.

Each check is behind a cheap look at the raw bytes (`b'"end"' in raw`), so that most resources pay next to nothing.
Keys are those of R4: per-1, rng-2, ref-1, dom-2 to dom-5, txt-1, txt-2, obs-7, bdl-7 to bdl-12 and the like.
"""

from __future__ import annotations

import html.entities
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any
from xml.parsers import expat

from luoshi.records.structure import types
from luoshi.records.validate_explain import Issue, references

_MOMENT = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d))?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_XHTML = "http://www.w3.org/1999/xhtml"
_TAGS = frozenset(
    """a abbr acronym address area b basefont bdo big blockquote br caption center cite code col colgroup dd dfn dir div
    dl dt em font h1 h2 h3 h4 h5 h6 hr i img kbd li map menu ol p pre q s samp small span strike strong sub sup table
    tbody td tfoot th thead tr tt u ul var""".split()  # noqa: SIM905 (a table)
)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")


def check_whole(resource: dict[str, Any], raw: bytes, path: str, *, contained: bool = False) -> list[Issue]:
    """Issues of one resource (structure already right) that only the whole of it shows.

    `raw` is its JSON; `contained` says that it stands inside another, whose own check sees to the references.
    """
    holds = raw.find  # `in` asks first whether it is given a number, which costs as much as the search
    walk = (
        not _periods_in_order(raw)
        or (holds(b'"high"') >= 0 and _range_names().search(raw))
        or (holds(b"\\") >= 0 and _ESCAPED_CONTROL.search(raw))
    )
    narrative = "text" in resource and isinstance(resource["text"], dict)
    inside = not contained and ("contained" in resource or (holds(b"#") >= 0 and holds(b'"#') >= 0))
    special = _SPECIAL.get(resource["resourceType"])
    issues: list[Issue] = []
    if not (walk or narrative or inside or special):
        return issues

    def add(key: str, place: str, text: str) -> None:
        issues.append(Issue("error", "invariant", place, f"{key}: {text}"))

    if walk:
        _walk(resource, path, add)
    if narrative:
        _narrative(resource["text"]["div"], f"{path}.text.div", add)
    if inside:
        _contained(resource, raw, path, add)
    if special:
        special(resource, path, add)
    return issues


_Add = Callable[[str, str, str], None]
_PERIOD = re.compile(rb'"start"\s*:\s*"([^"]{4,40})"\s*,\s*"end"\s*:\s*"([^"]{4,40})"')
_TO_CONTAINED = re.compile(rb'"reference"\s*:\s*"#([^"]*)"')
_NAME_BEFORE = re.compile(rb'"([A-Za-z]+)"\s*:\s*(?:\[\s*)?\{\s*$')
_ESCAPED_CONTROL = re.compile(rb"\\(?:u00[01]|b|f)")


def _periods_in_order(raw: bytes) -> bool:
    """Whether every `end` of the text stands right after its `start`, written alike, and not before it."""
    place = raw.find(b'"end"')
    while place >= 0:
        found = _PERIOD.match(raw, max(0, raw.rfind(b'"start"', 0, place)))
        if found is None or found.end() <= place:
            return False
        a, b = found.groups()
        if a > b or len(a) != len(b) or (len(a) >= 20 and a[19:] != b[19:]):
            return False
        place = raw.find(b'"end"', place + 5)
    return True


@cache
def _range_names() -> re.Pattern[bytes]:
    names = {p for kind in types().values() for p, (_, ref) in kind.properties.items() if ref.name == "Range"}
    return re.compile(rb'"(?:' + "|".join(sorted(names)).encode() + rb')"')


def _walk(value: Any, path: str, add: _Add, key: str = "") -> None:
    """Periods, ranges and control characters, wherever they are (but not in resources inside this one)."""
    if isinstance(value, dict):
        if (
            "start" in value
            and "end" in value
            and value.keys() <= {"id", "extension", "start", "end", "_start", "_end"}
        ):
            if _after(value["start"], value["end"]):
                add("per-1", path, "The start is after the end.")
        elif "low" in value and "high" in value and key != "referenceRange":
            _range(value, path, add)
        for name, item in value.items():
            if isinstance(item, str):
                if _CONTROL.search(item):
                    add("string", f"{path}.{name}", "Contains a control character.")
            elif isinstance(item, dict | list) and not _is_inside(name, item):
                _walk(item, f"{path}.{name}", add, name)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if isinstance(item, str):
                if _CONTROL.search(item):
                    add("string", f"{path}[{i}]", "Contains a control character.")
            else:
                _walk(item, f"{path}[{i}]", add, key)


def _is_inside(name: str, item: dict[str, Any] | list[Any]) -> bool:
    """Whether a property carries resources of their own."""
    return name == "contained" or (name in ("resource", "outcome") and "resourceType" in item)


def _moment(text: str) -> tuple[tuple[int, ...], datetime | None]:
    """Components as far as given, and the instant when the time is given."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return (), None
    parts = tuple(int(p) for p in match.groups()[:6] if p is not None)
    if len(parts) < 6:
        return parts, None
    zone = UTC
    if match[8] != "Z":
        sign = -1 if match[8][0] == "-" else 1
        zone = timezone(sign * timedelta(hours=int(match[8][1:3]), minutes=int(match[8][4:6])))
    try:
        exact = datetime(*parts[:5], min(parts[5], 59), tzinfo=zone)  # type: ignore[arg-type,misc]
        return parts, exact + timedelta(seconds=parts[5] - min(parts[5], 59) + float(match[7] or 0))
    except (ValueError, OverflowError):
        return parts, None


def _after(first: Any, second: Any) -> bool:
    """Surely later: instants compared as such, otherwise the components both have; unknown counts as not later."""
    if not isinstance(first, str) or not isinstance(second, str):
        return False
    (a, exact_a), (b, exact_b) = _moment(first), _moment(second)
    if exact_a and exact_b:
        return exact_a > exact_b
    common = min(len(a), len(b), 3)
    if (exact_a or exact_b) and common == 3:
        try:  # a day beside an instant: the zone of the day is unknown
            return datetime(*a[:3], tzinfo=UTC) - datetime(*b[:3], tzinfo=UTC) > timedelta(days=1)  # type: ignore[arg-type,misc]
        except ValueError:
            return False
    return a[:common] > b[:common]


def _range(value: dict[str, Any], path: str, add: _Add) -> None:
    low, high = value["low"], value["high"]
    if not (isinstance(low, dict) and isinstance(high, dict)) or not value.keys() <= {"id", "extension", "low", "high"}:
        return
    same = all(low.get(k) == high.get(k) for k in ("code", "system", "unit"))
    a, b = low.get("value"), high.get("value")
    if same and isinstance(a, int | float) and isinstance(b, int | float) and a > b:
        add("rng-2", path, "The low value is above the high value.")


def _narrative(div: str, path: str, add: _Add) -> None:
    """txt-1: the elements R4 allows, in the XHTML namespace; txt-2: some content."""
    seen = {"text": False, "root": False}
    wrong: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        space, _, tag = name.rpartition(" ")
        if space != _XHTML or tag not in _TAGS:
            wrong.append("an element that a narrative may not have" if space == _XHTML else "a missing XHTML namespace")
        elif not seen["root"] and tag != "div":
            wrong.append("another element than div at the top")
        if any(a.lower().startswith("on") for a in attributes):
            wrong.append("an event attribute")
        if any(v.strip().lower().startswith("javascript:") for v in attributes.values()):
            wrong.append("a script address")
        seen["root"] = True
        seen["text"] = seen["text"] or tag == "img"

    def text(data: str) -> None:
        seen["text"] = seen["text"] or bool(data.strip())

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = lambda *_: wrong.append("a document type")
    try:
        parser.Parse(_ENTITY.sub(_entity, div), True)
    except expat.ExpatError:
        add("txt-1", path, "The narrative is not well-formed XHTML.")
        return
    if wrong:
        add("txt-1", path, f"The narrative has {wrong[0]}.")
    if not seen["text"]:
        add("txt-2", path, "The narrative has no content.")


def _entity(match: re.Match[str]) -> str:
    name = match[1]
    if name in ("lt", "gt", "amp", "quot", "apos") or name not in html.entities.name2codepoint:
        return match[0]
    return chr(html.entities.name2codepoint[name])


def _contained(resource: dict[str, Any], raw: bytes, path: str, add: _Add) -> None:
    inside = resource.get("contained")
    contained = [c for c in inside if isinstance(c, dict)] if isinstance(inside, list) else []
    kinds: dict[str, str] = {c["id"]: c["resourceType"] for c in contained if "id" in c}
    for i, resource_inside in enumerate(contained):
        place = f"{path}.contained[{i}]"
        if "contained" in resource_inside:
            add("dom-2", place, "A contained resource may not contain others.")
        meta = resource_inside.get("meta", {})
        if "versionId" in meta or "lastUpdated" in meta:
            add("dom-4", f"{place}.meta", "A contained resource has no version and no lastUpdated.")
        if "security" in meta:
            add("dom-5", f"{place}.meta", "A contained resource has no security label.")
    for i, resource_inside in enumerate(contained):
        if f'"#{resource_inside.get("id")}"'.encode() not in raw and "#" not in set(_strings(resource_inside)):
            add("dom-3", f"{path}.contained[{i}]", "A contained resource must be referred to from the resource.")
    if _surely_right(resource["resourceType"], kinds, raw):
        return
    for part, place in [(resource, path), *((c, f"{path}.contained[{i}]") for i, c in enumerate(contained))]:
        for at, to, targets in references(part, types()[part["resourceType"]], place):
            if not to.startswith("#") or to == "#":
                continue
            kind = kinds.get(to[1:])
            if kind is None:
                add("ref-1", at, "Refers to a contained resource that is not there.")
            elif targets and kind not in targets:
                add("reference", at, f"Refers to a contained {kind}; allowed: {', '.join(targets)}.")


def _surely_right(resource_type: str, kinds: dict[str, str], raw: bytes) -> bool:
    """Whether the text alone shows that all references to contained resources are right."""
    allowed = _targets(resource_type)
    for match in _TO_CONTAINED.finditer(raw):
        name = _NAME_BEFORE.search(raw, max(0, match.start() - 60), match.start())
        if name is None:
            return False
        kind, targets = kinds.get(match[1].decode()), allowed.get(name[1].decode())
        if kind is None or targets is None or not all(kind in t for t in targets if t):
            return False
    return True


@cache
def _targets(resource_type: str) -> dict[str, frozenset[tuple[str, ...]]]:
    """Sets of targets of every reference reachable from a type, by property name."""
    found: dict[str, set[tuple[str, ...]]] = {}
    seen, todo = set(), [resource_type]
    while todo:
        name = todo.pop()
        if name in seen or name not in types():
            continue
        seen.add(name)
        for prop, (_, ref) in types()[name].properties.items():
            if ref.name == "Reference":
                found.setdefault(prop, set()).add(ref.targets)
            todo.append(ref.name)
    return {name: frozenset(targets) for name, targets in found.items()}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _composition(o: dict[str, Any], path: str, add: _Add) -> None:
    for i, section in enumerate(o.get("section", [])):
        if "text" in section:
            _narrative(section["text"]["div"], f"{path}.section[{i}].text.div", add)
        _composition(section, f"{path}.section[{i}]", add)


def _observation(o: dict[str, Any], path: str, add: _Add) -> None:
    if "component" not in o or not any(key.lstrip("_").startswith("value") for key in o):
        return
    own = o["code"].get("coding", [])
    for i, component in enumerate(o["component"]):
        if any(coding in own for coding in component["code"].get("coding", ())):
            add("obs-7", f"{path}.component[{i}].code", "The code of a component may not repeat that of a value.")


def _bundle(o: dict[str, Any], path: str, add: _Add) -> None:
    entries = o.get("entry", [])
    kind = o["type"]
    seen: set[tuple[str, Any]] = set()
    resources = {e["fullUrl"]: e["resource"].get("resourceType") for e in entries if "fullUrl" in e and "resource" in e}
    for i, entry in enumerate(entries):
        full = entry.get("fullUrl")
        inside = entry.get("resource") or {}
        if full is not None:
            if "/_history/" in full:
                add("bdl-8", f"{path}.entry[{i}].fullUrl", "fullUrl names no version.")
            meta = inside.get("meta")
            key = (full, meta.get("versionId") if isinstance(meta, dict) else None)
            if kind != "history" and key in seen:
                add("bdl-7", f"{path}.entry[{i}].fullUrl", "fullUrl and version must be unique in a bundle.")
            seen.add(key)
        # Only what names an entry can name one of a wrong type.
        if resources and inside.get("resourceType") in types():
            for at, to, targets in references(inside, types()[inside["resourceType"]], f"{path}.entry[{i}].resource"):
                if targets and resources.get(to) and resources[to] not in targets:
                    add("reference", at, f"Refers to a {resources[to]}; allowed: {', '.join(targets)}.")
    first = (entries[0].get("resource") or {}).get("resourceType") if entries else None
    if kind == "document" and first != "Composition":
        add("bdl-11", path, "A document begins with a Composition.")
    if kind == "message" and first != "MessageHeader":
        add("bdl-12", path, "A message begins with a MessageHeader.")


def _repeats(values: list[Any]) -> bool:
    return len(values) != len(set(values))


def _below(items: list[dict[str, Any]], name: str, children: str) -> list[Any]:
    return [v for i in items for v in ([i[name]] if name in i else []) + _below(i.get(children, []), name, children)]


def _questionnaire(o: dict[str, Any], path: str, add: _Add) -> None:
    if _repeats(_below(o.get("item", []), "linkId", "item")):
        add("que-2", path, "Link ids must be unique in a questionnaire.")


def _code_system(o: dict[str, Any], path: str, add: _Add) -> None:
    if _repeats(_below(o.get("concept", []), "code", "concept")):
        add("csd-1", path, "Codes must be unique in a code system.")


def _task(o: dict[str, Any], path: str, add: _Add) -> None:
    if _after(o.get("authoredOn"), o.get("lastModified")):
        add("inv-1", path, "lastModified must not be before authoredOn.")


def _dispense(o: dict[str, Any], path: str, add: _Add) -> None:
    if _after(o.get("whenPrepared"), o.get("whenHandedOver")):
        add("mdd-1", path, "whenHandedOver must not be before whenPrepared.")


def _capability(o: dict[str, Any], path: str, add: _Add) -> None:
    if _repeats([(d["profile"], d["mode"]) for d in o.get("document", []) if "profile" in d and "mode" in d]):
        add("cpb-7", path, "Documents must be unique by profile and mode.")
    for i, rest in enumerate(o.get("rest", [])):
        if _repeats([r["type"] for r in rest.get("resource", []) if "type" in r]):
            add("cpb-9", f"{path}.rest[{i}]", "A resource type is described once.")
        for j, resource in enumerate(rest.get("resource", [])):
            if _repeats([p["name"] for p in resource.get("searchParam", []) if "name" in p]):
                add("cpb-12", f"{path}.rest[{i}].resource[{j}]", "Search parameters must be unique.")


def _naming(o: dict[str, Any], path: str, add: _Add) -> None:
    if _repeats([u.get("type") for u in o.get("uniqueId", []) if u.get("preferred") is True]):
        add("nsd-2", path, "One preferred identifier per type.")


def _definition(o: dict[str, Any], path: str, add: _Add) -> None:
    snapshot = o.get("snapshot", {}).get("element", [])
    if o.get("derivation") != "constraint" and _repeats([e.get("path") for e in snapshot]):
        add("sdf-1", path, "Paths must be unique unless the definition is a constraint.")
    for key, elements in (("sdf-16", snapshot), ("sdf-17", o.get("differential", {}).get("element", []))):
        if _repeats([e.get("id") for e in elements]):
            add(key, path, "Element ids must be unique.")


_SPECIAL: dict[str, Callable[[dict[str, Any], str, _Add], None]] = {
    "Bundle": _bundle,
    "CapabilityStatement": _capability,
    "CodeSystem": _code_system,
    "Composition": _composition,
    "MedicationDispense": _dispense,
    "NamingSystem": _naming,
    "Observation": _observation,
    "Questionnaire": _questionnaire,
    "StructureDefinition": _definition,
    "Task": _task,
}
