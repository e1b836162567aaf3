"""Resources as they leave the server: with id, version and moment; references as the reader may follow them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import HttpRequest
from django.utils.http import http_date

from luoshi.platform.store import reads, references
from luoshi.platform.store.search import Hit
from luoshi.web.fhir import BASE

# A number whose text says more than its value: 1.10, 1e3.
_EXACT = re.compile(r"[0-9](?:\.[0-9]*0|[eE][+-]?[0-9]+)\s*[,}\]]")


def base(request: HttpRequest) -> str:
    """The address of the server as the caller knows it."""
    return request.build_absolute_uri(BASE)


def resources(hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """The present texts of some hits, each with its id, version and moment. Deleted ones must not be among them."""
    bodies = references.followed([(hit.source, _exact(hit.body)) for hit in hits])
    return [_with_meta(hit, body) for hit, body in zip(hits, bodies, strict=True)]


def resource(hit: Hit) -> dict[str, Any]:
    """One of them."""
    return resources([hit])[0]


def _exact(body: str) -> dict[str, Any]:
    """A text as JSON, its decimals written as they were sent."""
    if _EXACT.search(body):
        value: dict[str, Any] = json.loads(body, parse_float=orjson.Fragment)
        return value
    parsed: dict[str, Any] = orjson.loads(body)
    return parsed


def _with_meta(hit: Hit, body: dict[str, Any]) -> dict[str, Any]:
    meta = {**body.get("meta", {}), "versionId": str(hit.version), "lastUpdated": instant(hit.received)}
    if hit.type == "Subscription":
        from luoshi.services.fhir_server.subscribing import shown

        body = shown(hit.source, hit.key, body)
    return {"resourceType": hit.type, "id": hit.id, "meta": meta} | {
        name: value for name, value in body.items() if name not in ("resourceType", "id", "meta")
    }


def instant(moment: datetime) -> str:
    """A moment as FHIR writes it."""
    return moment.isoformat(timespec="microseconds")


def headers(hit: Hit) -> dict[str, str]:
    """Version and moment as headers."""
    return {"ETag": f'W/"{hit.version}"', "Last-Modified": http_date(hit.received.timestamp())}


def moment_of(microseconds: int) -> datetime:
    """A moment of the store."""
    return reads.instant(microseconds)


def chosen(body: dict[str, Any], elements: Iterable[str]) -> dict[str, Any]:
    """Only some elements of a resource, marked as incomplete."""
    wanted = {"resourceType", "id", *elements}
    meta = body["meta"] | {
        "tag": [
            *body["meta"].get("tag", []),
            {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"},
        ]
    }
    return {name: value for name, value in body.items() if name in wanted} | {"meta": meta}


def entry(root: str, body: dict[str, Any], mode: str) -> dict[str, Any]:
    """An entry of a searchset."""
    return {"fullUrl": f"{root}/{body['resourceType']}/{body['id']}", "resource": body, "search": {"mode": mode}}


def link(root: str, path: str, pairs: Iterable[tuple[str, str]]) -> str:
    """An address of the server with parameters."""
    query = urlencode(list(pairs))
    return f"{root}{path}?{query}" if query else f"{root}{path}"
