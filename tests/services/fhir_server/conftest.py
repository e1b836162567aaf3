"""Two hospitals with tokens, and short words for their requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

if TYPE_CHECKING:
    from luoshi.platform.store.models import Source

MEDIA = "application/fhir+json"


@dataclass
class Told:
    """An answer: status, headers, and the resource."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Resources of a Bundle that match or are included."""
        listed = self.body.get("entry", [])
        return [e["resource"] for e in listed if e.get("search", {}).get("mode") != "outcome"]

    @property
    def ids(self) -> list[str]:
        """Their ids."""
        return [resource["id"] for resource in self.entries]

    @property
    def why(self) -> str:
        """Codes and words of an OperationOutcome."""
        assert self.body["resourceType"] == "OperationOutcome", self.body
        return "; ".join(f"{i['code']}: {i.get('diagnostics', '')}" for i in self.body["issue"])


class Hospital:
    """A registered source and its token."""

    def __init__(self, source: Source, token: str) -> None:
        self.source, self.token = source, token
        self.client = Client(headers={"Authorization": f"Bearer {token}"} if token else {})

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Told:
        """`hospital("GET", "/Patient/p1")`; header names with _ for -."""
        given: dict[str, Any] = {"headers": {name.replace("_", "-"): value for name, value in headers.items()}}
        if body is not None:
            given["data"] = body if isinstance(body, str | bytes) else json.dumps(body)
            given["content_type"] = given["headers"].pop("Content-Type", MEDIA)
        answer = getattr(self.client, method.lower())(f"/fhir/R4{path}", **given)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        found = json.loads(content) if content and "json" in answer["Content-Type"] and b"\n{" not in content else {}
        return Told(answer.status_code, dict(answer.headers), found or {"text": content.decode()})


Register = Callable[..., Hospital]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for files, and jobs that wait until a test runs them."""
    from luoshi.platform.jobs import queue

    settings.LUOSHI_HOME = tmp_path
    monkeypatch.setattr(queue, "task", lambda: lambda job: None)
    return tmp_path


@pytest.fixture
def register(db: None) -> Register:
    """Register a source: `register("h1", institution="C1", mode="flag", profile="cn")`."""
    from luoshi.platform.sources import clients, tokens
    from luoshi.platform.sources.models import Client as Key
    from luoshi.platform.sources.models import Registration
    from luoshi.platform.store.models import Source

    def make(
        name: str, *, institution: str = "", division: str = "", scopes: str = "", mode: str = "", profile: str = ""
    ) -> Hospital:
        source = Source.objects.create(name=name, institution=institution, division=division)
        Registration.objects.create(source=source, mode=mode or "reject", profile=profile)
        key = clients.issue(source=source, by="test", **({"scopes": scopes} if scopes else {}))
        return Hospital(source, tokens.issue(Key.objects.get(client_id=key.client_id)).token)

    return make


@pytest.fixture
def h1(register: Register) -> Hospital:
    """A hospital."""
    return register("h1")


@pytest.fixture
def h2(register: Register) -> Hospital:
    """Another one."""
    return register("h2")


def patient(id_: str, **more: Any) -> dict[str, Any]:
    """A Patient."""
    return {"resourceType": "Patient", "id": id_, **more}


def observation(id_: str, about: str, value: float = 1.0, code: str = "8480-6", **more: Any) -> dict[str, Any]:
    """An Observation of a day."""
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": about},
        "effectiveDateTime": "2025-03-01",
        "valueQuantity": {"value": value, "unit": "mmHg"},
    } | more


def put(resource: dict[str, Any], **request: Any) -> dict[str, Any]:
    """An entry that puts a resource."""
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource, "request": {"method": "PUT", "url": url, **request}}


def post(resource: dict[str, Any], full_url: str = "", **request: Any) -> dict[str, Any]:
    """An entry that creates a resource."""
    entry: dict[str, Any] = {
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"], **request},
    }
    return entry | ({"fullUrl": full_url} if full_url else {})


def bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    """A Bundle."""
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


@pytest.fixture
def resources(db: None) -> Callable[[], int]:
    """How many versions the store has."""
    from luoshi.platform.store.models import Version

    return Version.objects.count
