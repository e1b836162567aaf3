"""A registered source with a client, and small resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest


@pytest.fixture
def register(small_region: Any) -> Callable[..., Any]:
    """Register a source: `register("a", institution="C1", mode="flag")`; returns the registration."""
    from luoshi.platform.access.scope import Scope
    from luoshi.platform.sources import registering

    def make(name: str = "a", **told: Any) -> Any:
        return registering.register(name=name, by="tester", scope=Scope.system(), **told)

    return make


def patient(key: str = "p1", **more: Any) -> dict[str, Any]:
    """A valid Patient."""
    return {"resourceType": "Patient", "id": key, "name": [{"text": "李试"}], "gender": "male", **more}


WRONG_ID = {"identifier": [{"system": "urn:luoshi:cn:id:resident", "value": "110105194912310021"}]}


def bundle(*resources: dict[str, Any], kind: str = "collection") -> dict[str, Any]:
    """A Bundle of resources."""
    entries: list[dict[str, Any]] = [{"resource": r} for r in resources]
    if kind == "transaction":
        for entry in entries:
            r = entry["resource"]
            entry["request"] = {"method": "PUT", "url": f"{r['resourceType']}/{r.get('id', 'x')}"}
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def ndjson(*resources: Any) -> bytes:
    """Lines."""
    return b"".join(orjson.dumps(r) + b"\n" for r in resources)
