"""The search parameters the server knows, per resource type: read from `catalog/codes/r4/search.yaml`, which says how
they are written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from luoshi.catalog.loader import read_yaml
from luoshi.records.structure import FOLDER, resource_types, types

TOKEN, DATE, STRING, REFERENCE, QUANTITY, NUMBER, URI = (
    "token",
    "date",
    "string",
    "reference",
    "quantity",
    "number",
    "uri",
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter. `person`: it names the patient the resource is about. `marked`: its values stand in the index
    (`platform.store.marks`)."""

    name: str
    kind: str
    paths: tuple[str, ...]
    person: bool = False
    marked: bool = False


@cache
def _book() -> dict[str, dict[str, str]]:
    """`catalog/codes/r4/search.yaml`: lines of parameters by type, and the main date of a type."""
    book: dict[str, dict[str, str]] = read_yaml(FOLDER / "search.yaml")
    return book


@cache
def parameters(resource_type: str) -> dict[str, Parameter]:
    """The parameters of a type by name. A type that stands in no table has what R4 gives nearly every type: its
    identifier, its status, and the patient it is about. Parameters of every type (`_id`, `_lastUpdated` …) are not
    among them."""
    found: dict[str, Parameter] = {}
    elements = types()[resource_type].elements
    if "identifier" in elements:
        found["identifier"] = Parameter("identifier", TOKEN, ("identifier",), marked=True)
    for line in (_book()["parameters"].get(resource_type) or _plain(resource_type)).split("\n"):
        if line.strip():
            name, kind, paths = line.split()
            bare = name.lstrip("*@")
            found[bare] = Parameter(
                bare, kind, tuple(paths.split("|")), person=name.startswith("@"), marked=name.startswith("*")
            )
    return found


def _plain(resource_type: str) -> str:
    elements = types()[resource_type].elements
    lines = []
    if "status" in elements and elements["status"].types[0].name == "code":
        lines.append("status token status")
    for name in ("patient", "subject"):
        if name in elements and "Patient" in elements[name].types[0].targets:
            lines.append(f"@{name} reference {name}")
    return "\n".join(lines)


@cache
def main_date(resource_type: str) -> Parameter | None:
    """The date parameter whose day stands in the index."""
    return parameters(resource_type).get(_book()["main_date"].get(resource_type, "date"))


def searchable() -> tuple[str, ...]:
    """Types that have a table of their own, in order."""
    return tuple(sorted(_book()["parameters"]))


@cache
def all_types() -> tuple[str, ...]:
    """Every type the server takes: all of R4 but the two that only carry others."""
    return tuple(name for name in resource_types() if name not in ("Bundle", "Parameters"))


@cache
def _taken() -> frozenset[str]:
    return frozenset(all_types())


def is_taken(resource_type: str) -> bool:
    """Whether the server takes a type of that name."""
    return resource_type in _taken()


def references(resource_type: str) -> dict[str, Parameter]:
    """The parameters of a type that one may include by."""
    return {name: p for name, p in parameters(resource_type).items() if p.kind == REFERENCE}


@cache
def targets(resource_type: str, name: str) -> frozenset[str]:
    """The types that a reference parameter may lead to."""
    parameter = references(resource_type)[name]
    if name == "patient":
        return frozenset({"Patient"})
    found: set[str] = set()
    for path in parameter.paths:
        at = resource_type
        for step in path.split("."):
            _, ref = types()[at].properties[step]
            at = ref.name
        found.update(ref.targets or _taken())
    return frozenset(found - {"Resource"}) if "Resource" not in found else _taken()


@cache
def referring(resource_type: str) -> tuple[tuple[str, str], ...]:
    """Types with a table of their own, and their parameters, that may lead to a type."""
    return tuple(
        (kind, name) for kind in searchable() for name in references(kind) if resource_type in targets(kind, name)
    )
