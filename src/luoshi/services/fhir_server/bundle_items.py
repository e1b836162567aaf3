"""Entries of a bundle: what each wants, and the references in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from luoshi.records.validate import Issue
from luoshi.services.fhir_server import changing
from luoshi.services.fhir_server.reading import known_type
from luoshi.web.fhir import FhirError

CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?(.+)")
_REFERENCE = re.compile(rb'"reference"\s*:\s*"([^"]*)"')
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@dataclass
class Item:
    """One entry on its way. `resource` is parsed, `exact` the same with its decimals as sent; `key`: under which it
    will be known; `there`: an answer that is known before anything is written; `plain`: no
    reference of it needs care."""

    index: int
    method: str
    type: str = ""
    id: str = ""
    query: str = ""
    path: str = ""
    full_url: str = ""
    if_match: str = ""
    none_exist: str = ""
    none_match: str = ""
    resource: dict[str, Any] | None = None
    exact: dict[str, Any] | None = None
    key: str = ""
    errors: list[Issue] = field(default_factory=list)
    there: dict[str, Any] | None = None
    plain: bool = False

    @property
    def writes(self) -> bool:
        """Whether it changes the store."""
        return self.method in ("POST", "PUT", "DELETE")

    @property
    def place(self) -> str:
        """Where it stands, for issues."""
        return f"Bundle.entry[{self.index}]"


def item_of(index: int, entry: dict[str, Any], exact: dict[str, Any]) -> Item:
    """An entry as what it wants. Raises 400 for what cannot be meant."""
    place = f"Bundle.entry[{index}]"
    request = entry.get("request")
    if not isinstance(request, dict):
        raise FhirError(400, "required", "An entry of a batch or transaction has a request.", place=place)
    path, _, query = request["url"].lstrip("/").partition("?")
    item = Item(
        index,
        request["method"],
        path=path,
        query=query,
        full_url=entry.get("fullUrl", ""),
        if_match=request.get("ifMatch", ""),
        none_exist=request.get("ifNoneExist", ""),
        none_match=request.get("ifNoneMatch", ""),
        resource=entry.get("resource"),
        exact=exact.get("resource"),
    )
    if item.method == "PATCH":
        raise FhirError(400, "not-supported", "PATCH is not served; send the whole resource by PUT.", place=place)
    if not item.writes:
        return item
    item.type, slash, item.id = path.partition("/")
    known_type(item.type)
    wrong = (item.method == "POST" and (slash or query)) or (slash and not _ID.fullmatch(item.id))
    wrong = (
        wrong or (item.method == "DELETE" and not item.id) or (item.method == "PUT" and bool(item.id) == bool(query))
    )
    if wrong:
        raise FhirError(400, "invalid", "The url of the request does not fit its method.", place=f"{place}.request.url")
    if item.method != "DELETE" and (item.resource or {}).get("resourceType") != item.type:
        raise FhirError(400, "invalid", "The resource is missing or of another type than the url.", place=place)
    if item.method == "PUT" and item.id and (item.resource or {}).get("id") != item.id:
        raise FhirError(400, "invalid", "The id of the resource and of the url differ.", place=f"{place}.resource.id")
    if item.method == "POST" and item.resource is not None:
        # The server names what is created: after the sender's own UUID where there is one, else from the content.
        uuid = item.full_url.removeprefix("urn:uuid:")
        item.key = uuid if uuid != item.full_url and _ID.fullmatch(uuid) else changing.made_key(item.resource)
    else:
        item.key = item.id
    return item


def has_conditions(items: list[Item]) -> bool:
    """Whether something must be looked up before they are written."""
    return any(
        item.if_match or item.none_exist or item.query or (not item.plain and _conditions(item.resource))
        for item in items
    )


def _conditions(value: Any) -> list[str]:
    """Conditional references of a resource."""
    return [text for text in references(value) if CONDITIONAL.fullmatch(text)]


def all_plain(raw: bytes) -> bool:
    """Whether the text alone shows that every reference is `Type/id`, an address or `#`: the usual case, in which no
    resource has to be walked through."""
    return b"\\" not in raw and not any(
        reference.startswith(b"urn:") or b"?" in reference for reference in _REFERENCE.findall(raw)
    )


def references(value: Any) -> Iterator[str]:
    """The texts of all references inside a resource."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "reference":
                if isinstance(item, str):
                    yield item
            elif isinstance(item, dict | list):
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                yield from references(item)


def renamed(value: Any, changed: dict[str, str]) -> Any:
    """A copy with references led elsewhere."""
    if isinstance(value, dict):
        return {
            name: changed.get(item, item) if name == "reference" and isinstance(item, str) else renamed(item, changed)
            for name, item in value.items()
        }
    return [renamed(item, changed) for item in value] if isinstance(value, list) else value
