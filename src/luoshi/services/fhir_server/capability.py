"""What the server can do, told from what it does: CapabilityStatement and an OpenAPI description."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from typing import Any

from luoshi.records.search import parameters as known
from luoshi.web.fhir import MEDIA, operations

# When the behaviour described here last changed.
DATE = "2026-11-22"
_INTERACTIONS = ("read", "vread", "update", "delete", "history-instance", "history-type", "create", "search-type")
_EVERYWHERE = [
    {"name": "_id", "type": "token"},
    {"name": "_lastUpdated", "type": "date"},
    {"name": "_tag", "type": "token"},
    {"name": "_security", "type": "token"},
    {"name": "_profile", "type": "uri"},
]


@cache
def _resources() -> list[dict[str, Any]]:
    found = []
    for name in known.all_types():
        parameters = known.parameters(name)
        resource: dict[str, Any] = {
            "type": name,
            "interaction": [{"code": code} for code in _INTERACTIONS],
            "versioning": "versioned-update",
            "readHistory": True,
            "updateCreate": True,
            "conditionalCreate": True,
            "conditionalRead": "not-match",
            "conditionalUpdate": True,
            "conditionalDelete": "not-supported",
            "referencePolicy": ["literal", "logical", "local"],
            "searchInclude": [f"{name}:{p}" for p in known.references(name)],
        }
        reverse = known.referring(name)
        if reverse:
            resource["searchRevInclude"] = [f"{kind}:{parameter}" for kind, parameter in reverse]
        if not resource["searchInclude"]:
            del resource["searchInclude"]
        resource["searchParam"] = _EVERYWHERE + [{"name": p.name, "type": p.kind} for p in parameters.values()]
        if name == "Subscription":
            resource["documentation"] = "Channel rest-hook; status and error are the server's own; $replay."
        told = [
            _operation(o) for o in operations() if (o.at_type or o.at_instance) and (not o.types or name in o.types)
        ]
        if told:
            resource["operation"] = told
        found.append(resource)
    return found


def _operation(operation: Any) -> dict[str, Any]:
    told = {"name": operation.name, "definition": operation.canonical}
    return told | ({"documentation": operation.documentation} if operation.documentation else {})


def statement(root: str) -> dict[str, Any]:
    """The CapabilityStatement of the server at this address."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DATE,
        "kind": "instance",
        "software": {"name": "Luoshi", "version": metadata.version("luoshi")},
        "implementation": {"description": "落实 Luoshi, FHIR R4", "url": root},
        "fhirVersion": "4.0.1",
        "format": ["json", MEDIA],
        "rest": [
            {
                "mode": "server",
                "documentation": (
                    "JSON only. Ids count within the source that sends them: a second source may use an id again and is"
                    " answered with another one. The same content sent again changes nothing. What lies outside the"
                    " caller's division or institution does not exist for it; every look at a person is noted."
                    " A search may answer a short page with a next link. PATCH, XML and conditional delete are not"
                    " served."
                ),
                "security": {
                    "cors": False,
                    "service": [
                        {
                            "coding": [
                                {
                                    "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                                    "code": "OAuth",
                                }
                            ]
                        }
                    ],
                    "description": "Bearer token of a registered source: OAuth 2 client credentials at /oauth/token.",
                },
                "resource": _resources(),
                "interaction": [{"code": code} for code in ("transaction", "batch", "history-system")],
                "operation": [_operation(o) for o in operations() if o.at_system],
            }
        ],
    }


def openapi(root: str) -> dict[str, Any]:
    """The endpoints as OpenAPI 3: what is asked, with which values, and which answers may come."""
    outcome = {"description": "OperationOutcome", "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Any"}}}}
    resource = {"description": "A resource", "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Any"}}}}
    empty = {"description": "Nothing more to say"}

    def answers(*codes: int) -> dict[str, Any]:
        told = {str(code): resource if code < 204 else empty if code in (204, 304) else outcome for code in codes}
        return told | {str(code): outcome for code in (400, 401, 403, 404, 406, 503, 507)}

    kind = {"name": "type", "in": "path", "required": True, "schema": {"$ref": "#/components/schemas/Type"}}
    id_ = {"name": "id", "in": "path", "required": True, "schema": {"$ref": "#/components/schemas/Id"}}
    version = {"name": "version", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
    match = {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}}
    exists = {"name": "If-None-Exist", "in": "header", "required": False, "schema": {"type": "string"}}
    prefer = {"name": "Prefer", "in": "header", "required": False, "schema": {"type": "string"}}
    search = [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
        for name in (
            "_id",
            "_lastUpdated",
            "_sort",
            "_total",
            "_summary",
            "_elements",
            "_include",
            "_revinclude",
            "_cursor",
            "identifier",
            "patient",
            "subject",
            "code",
            "date",
            "category",
            "status",
            "value-quantity",
            "birthdate",
            "name",
            "_count",
            "_since",
            "_format",
        )
    ]
    body = {"required": True, "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Any"}}}}
    asked = [p for p in search if p["name"] in ("_count", "_since", "_cursor")]
    read = {"get": {"operationId": "read", "parameters": [], "responses": answers(200, 304, 410)}}
    paths: dict[str, Any] = {
        "/metadata": {"get": {"operationId": "capabilities", "responses": answers(200)}},
        "/": {
            "post": {"operationId": "bundle", "requestBody": body, "responses": answers(200, 409, 412, 413, 415, 422)}
        },
        "/_history": {"get": {"operationId": "history-system", "parameters": asked, "responses": answers(200)}},
        "/{type}": {
            "parameters": [kind, prefer],
            "get": {"operationId": "search", "parameters": search, "responses": answers(200)},
            "post": {
                "operationId": "create",
                "parameters": [exists],
                "requestBody": body,
                "responses": answers(200, 201, 412, 413, 415, 422),
            },
        },
        "/{type}/_history": {
            "parameters": [kind],
            "get": {"operationId": "history-type", "parameters": asked, "responses": answers(200)},
        },
        "/{type}/{id}": {
            "parameters": [kind, id_],
            **read,
            "put": {
                "operationId": "update",
                "parameters": [match, prefer],
                "requestBody": body,
                "responses": answers(200, 201, 412, 413, 415, 422),
            },
            "delete": {"operationId": "delete", "parameters": [match], "responses": answers(204, 412)},
        },
        "/{type}/{id}/_history": {
            "parameters": [kind, id_],
            "get": {"operationId": "history", "parameters": asked, "responses": answers(200)},
        },
        "/{type}/{id}/_history/{version}": {
            "parameters": [kind, id_, version],
            "get": {"operationId": "vread", "responses": answers(200, 410)},
        },
        "/{type}/$validate": {
            "parameters": [kind],
            "post": {"operationId": "validate", "requestBody": body, "responses": answers(200, 413, 415)},
        },
        "/Patient/{id}/$everything": {
            "parameters": [id_],
            "get": {"operationId": "everything", "parameters": asked, "responses": answers(200, 410)},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "落实 Luoshi, FHIR R4", "version": metadata.version("luoshi")},
        "servers": [{"url": root}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Any": {
                    "type": "object",
                    "properties": {"resourceType": {"type": "string"}},
                    "required": ["resourceType"],
                },
                "Type": {"type": "string", "enum": list(known.all_types())},
                "Id": {"type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$"},
            },
        },
    }
