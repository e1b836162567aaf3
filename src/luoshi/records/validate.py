"""Is this a valid FHIR R4 resource? Yes in some ten microseconds; no with the reasons.

`Validator().check(raw)` takes the bytes of one resource (or parsed JSON) and returns the issues, none of them with
severity `error` when it is valid. `Validator(profile="cn")` adds our rules for China (`profile_cn`). What is checked:
JSON itself and duplicate keys, structure, formats, bindings and local invariants (`structure_schema`, explained by
`validate_explain`), and what needs the whole resource (`validate_whole`). Resources inside a resource (contained, in a
Bundle, in Parameters) are checked as well, each under its own path.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from luoshi.kernel.errors import InvalidValue, nearest
from luoshi.records import profile_cn
from luoshi.records.structure import resource_types
from luoshi.records.structure_schema import validator
from luoshi.records.validate_explain import Issue, explain
from luoshi.records.validate_whole import check_whole

__all__ = ["PROFILES", "Examined", "Issue", "Validator", "has_duplicate_keys"]

PROFILES = {"cn": profile_cn.check}
_TYPES = frozenset(resource_types())
_CARRIERS = frozenset({"Bundle", "Parameters"})
_DEEPEST = 100


@dataclass(slots=True)
class Examined:
    """One resource after the check: parsed (None when it is no JSON object), and its issues."""

    resource: dict[str, Any] | None
    issues: list[Issue] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """No issue is an error."""
        return not any(issue.severity == "error" for issue in self.issues)


class Validator:
    """Checks resources against R4 and, with `profile="cn"`, against our rules for China."""

    def __init__(self, profile: str | None = None) -> None:
        if profile is not None and profile not in PROFILES:
            raise InvalidValue(f"There is no profile {profile!r}.", todo=nearest(profile, PROFILES) or "Use 'cn'.")
        self._profile = PROFILES[profile] if profile else None

    def check(self, source: bytes | str | dict[str, Any]) -> list[Issue]:
        """Issues of one resource, given as the bytes or text of its JSON, or parsed."""
        return self.examine(source).issues

    def is_valid_fast(self, source: bytes | str) -> bool:
        """Whether it is valid, without collecting reasons where that saves time. The answer is that of `check`."""
        return self.examine(source).valid

    def examine(self, source: bytes | str | dict[str, Any]) -> Examined:
        """The parsed resource with its issues, for callers that go on to use it."""
        if isinstance(source, dict):
            try:
                raw = orjson.dumps(source)
            except TypeError:
                return _refused("Holds something that is not JSON, or is nested too deeply.")
            return self.examine_parsed(orjson.loads(raw), raw)
        raw = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
        try:
            parsed = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            return _refused(_json_problem(raw, error))
        try:
            twice = has_duplicate_keys(raw, parsed)
        except (TypeError, RecursionError):  # deeper than the writer goes
            return _refused("Nested too deeply.")
        found = self.examine_parsed(parsed, raw)
        if twice:
            place = _type_of(parsed)
            found.issues.insert(0, Issue("error", "structure", place, "A key is given twice in one JSON object."))
        return found

    def examine_parsed(self, parsed: Any, raw: bytes) -> Examined:
        """As `examine`, for parsed JSON; `raw` are the bytes it was parsed from (duplicate keys are not looked for)."""
        if not isinstance(parsed, dict):
            return _refused("A resource is a JSON object.")
        found = Examined(parsed)
        try:
            self._resource(parsed, raw, "", found.issues, 0)
            if self._profile and found.valid:
                found.issues.extend(self._profile(parsed, _type_of(parsed)))
        except RecursionError:
            found.issues.append(Issue("error", "too-costly", _type_of(parsed), "Nested too deeply."))
        return found

    def _resource(self, resource: Any, raw: bytes, path: str, issues: list[Issue], depth: int) -> None:
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if kind is None:
            issues.append(Issue("error", "required", f"{path}.resourceType".lstrip("."), "This element is required."))
            return
        if not isinstance(kind, str) or kind not in _TYPES:
            hint = nearest(kind, _TYPES) if isinstance(kind, str) else ""
            place = f"{path}.resourceType".lstrip(".")
            issues.append(Issue("error", "not-supported", place, f"Not a resource type of R4. {hint}".rstrip()))
            return
        path = path or kind
        inside = list(_inside(resource, path)) if kind in _CARRIERS or "contained" in resource else []
        shell = _shell(resource) if inside else resource
        before = len(issues)
        compiled = validator(kind)
        if not compiled.is_valid(shell):
            finding = explain(shell, path)
            issues.extend(finding.issues)
            if not finding.issues and not finding.rare:
                error = next(compiled.iter_errors(shell))
                place = ".".join([path, *(str(part) for part in error.instance_path)])
                issues.append(Issue("error", "structure", place, "Does not fit the structure of R4."))
        if depth > _DEEPEST:
            raise RecursionError
        for place, item in inside:
            self._resource(item, orjson.dumps(item), place, issues, depth + 1)
        if len(issues) == before:
            issues.extend(check_whole(resource, raw, path, contained=path.endswith("]") and ".contained[" in path))


def has_duplicate_keys(raw: bytes, parsed: Any) -> bool:
    """Whether a JSON object in `raw` has a key twice; `parsed` is what orjson made of it (the last one wins).

    The common case is decided by counting `":` in `raw` and in the re-written JSON, where a duplicate would be gone.
    Where bytes could fool the count (space before a colon, escaped quotes or colons) the text is parsed key by key.
    """
    again = orjson.dumps(parsed)
    if again == raw:
        return False
    fooled = (b" :", b"\t:", b"\n:", b"\r:", b"\\u0022", b"\\u003")
    if raw.count(b'":') == again.count(b'":') and not any(mark in raw for mark in fooled):
        return False
    twice = False

    def pairs(items: list[tuple[str, Any]]) -> None:
        nonlocal twice
        twice = twice or len({key for key, _ in items}) != len(items)

    json.loads(raw, object_pairs_hook=pairs)
    return twice


def _json_problem(raw: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "Not UTF-8 text. FHIR JSON is UTF-8; convert the file (GB18030 is common) and send it again."
    if raw[:3] == b"\xef\xbb\xbf":
        return "Begins with a byte order mark. FHIR JSON has none; save the file as UTF-8 without it."
    return f"Not JSON: {error.msg} (character {error.pos})."


def _refused(text: str) -> Examined:
    return Examined(None, [Issue("error", "structure", "", text)])


def _type_of(parsed: Any) -> str:
    kind = parsed.get("resourceType") if isinstance(parsed, dict) else None
    return kind if isinstance(kind, str) else ""


def _inside(resource: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Resources inside a resource, with their paths. Whatever is not shaped right is left to the schema."""
    contained = resource.get("contained")
    if isinstance(contained, list):
        for i, item in enumerate(contained):
            if isinstance(item, dict) and item:
                yield f"{path}.contained[{i}]", item
    kind = resource["resourceType"]
    if kind == "Bundle":
        for i, entry in enumerate(_dicts(resource.get("entry"))):
            if isinstance(entry.get("resource"), dict) and entry["resource"]:
                yield f"{path}.entry[{i}].resource", entry["resource"]
            response = entry.get("response")
            if isinstance(response, dict) and isinstance(response.get("outcome"), dict) and response["outcome"]:
                yield f"{path}.entry[{i}].response.outcome", response["outcome"]
    elif kind == "Parameters":
        yield from _parameters(resource.get("parameter"), f"{path}.parameter")


def _parameters(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    for i, parameter in enumerate(_dicts(value)):
        if isinstance(parameter.get("resource"), dict) and parameter["resource"]:
            yield f"{path}[{i}].resource", parameter["resource"]
        yield from _parameters(parameter.get("part"), f"{path}[{i}].part")


def _dicts(value: Any) -> list[dict[str, Any]]:
    """The items of an array of objects; an item that is none stands as an empty object, so that places stay right."""
    return [item if isinstance(item, dict) else {} for item in value] if isinstance(value, list) else []


def _stub(value: Any) -> Any:
    return {"resourceType": "…"} if isinstance(value, dict) and value else value


def _shell(resource: dict[str, Any]) -> dict[str, Any]:
    """A copy whose inner resources are only marked, since each is checked by itself."""
    shell = dict(resource)
    if isinstance(shell.get("contained"), list):
        shell["contained"] = [_stub(item) for item in shell["contained"]]
    if isinstance(shell.get("entry"), list) and shell["resourceType"] == "Bundle":
        shell["entry"] = [_entry(item) if isinstance(item, dict) else item for item in shell["entry"]]
    if shell["resourceType"] == "Parameters":
        shell["parameter"] = _parameter_shells(shell.get("parameter"))
        if shell["parameter"] is None:
            del shell["parameter"]
    return shell


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    entry = dict(entry)
    if "resource" in entry:
        entry["resource"] = _stub(entry["resource"])
    response = entry.get("response")
    if isinstance(response, dict) and "outcome" in response:
        entry["response"] = {**response, "outcome": _stub(response["outcome"])}
    return entry


def _parameter_shells(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    shells = []
    for item in value:
        if isinstance(item, dict):
            item = dict(item)
            if "resource" in item:
                item["resource"] = _stub(item["resource"])
            if "part" in item:
                item["part"] = _parameter_shells(item["part"])
        shells.append(item)
    return shells
