"""References as a reader may follow them.

A body is kept as it was sent, so its references carry the sender's own ids. Two senders may use one id; the second one
is then read by another (`Resource.public_id`). Whoever hands out a resource rewrites its references by `followed`:

- what the same source sent is named by the id it is read by here;
- what the same source has not sent (yet), while another source's resource is read by that id, is named as it will be:
  the reader finds nothing rather than somebody else's resource;
- everything else stays: Organizations are named by the codes of the region's register, which all sources share, and
  absolute addresses, `urn:` and `#` references lead where they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from luoshi.platform.store import sets

Name = tuple[int, str, str]  # number of the source, resource type, key
SHARED = frozenset({"Organization"})
_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})((?:/_history/[A-Za-z0-9\-.]{1,64})?)")
_LONGEST = 64


def public_names(wanted: Iterable[Name]) -> dict[Name, str]:
    """The ids that resources are read by, for those of `wanted` where it is not the key itself. One query for each
    resource type."""
    keys: dict[str, set[str]] = {}
    asked = {name for name in wanted if name[1] not in SHARED}
    for _, kind, key in asked:
        keys.setdefault(kind, set()).add(key)
    owners: dict[tuple[str, str], dict[int, str]] = {}
    for kind, listed in keys.items():
        for key, source, public in sets.select(
            "SELECT key, source_id, public_id FROM store_resource WHERE key IN {values} AND type = %s", listed, kind
        ):
            owners.setdefault((kind, key), {})[source] = public
    names: dict[Name, str] = {}
    for source, kind, key in asked:
        known = owners.get((kind, key))
        if known is None:
            continue
        public = known.get(source) or (_name_to_come(source, key) if key in known.values() else key)
        if public != key:
            names[source, kind, key] = public
    return names


def followed(bodies: Sequence[tuple[int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Resources with references that lead to what their source meant; `bodies`: (number of the source, resource), in
    order. A resource where nothing changes is given back itself."""
    found = [{match.groups()[:2] for match in _references(body)} for _, body in bodies]
    names = public_names(
        (source, kind, key) for (source, _), inside in zip(bodies, found, strict=True) for kind, key in inside
    )
    if not names:
        return [body for _, body in bodies]
    return [
        _renamed(body, source, names) if any((source, *name) in names for name in inside) else body
        for (source, body), inside in zip(bodies, found, strict=True)
    ]


def _name_to_come(source: int, key: str) -> str:
    """As `writing` names a second resource of one id, but for very long ids, which get a name from their content."""
    return f"s{source}-{key}"[:_LONGEST]


def _references(value: Any) -> Iterable[re.Match[str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "reference" and isinstance(item, str):
                match = _LOCAL.fullmatch(item)
                if match:
                    yield match
            elif isinstance(item, dict | list):
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _renamed(value: Any, source: int, names: dict[Name, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: _name(item, source, names)
            if key == "reference" and isinstance(item, str)
            else _renamed(item, source, names)
            for key, item in value.items()
        }
    return [_renamed(item, source, names) for item in value] if isinstance(value, list) else value


def _name(reference: str, source: int, names: dict[Name, str]) -> str:
    match = _LOCAL.fullmatch(reference)
    public = names.get((source, match[1], match[2])) if match else None
    return f"{match[1]}/{public}{match[3]}" if match and public else reference
