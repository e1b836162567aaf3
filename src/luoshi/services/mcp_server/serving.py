"""The protocol: one server object whose tools run for whoever holds the token, over standard streams or HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import mcp_types as types
from asgiref.sync import async_to_sync, sync_to_async
from django.db import close_old_connections
from django.http import Http404
from django.utils import translation
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings

from luoshi.kernel.errors import UserError
from luoshi.services.mcp_server import tools
from luoshi.services.mcp_server.tokens import Caller

NAME = "luoshi"
SAYS = (
    "Standings of the promises of Chinese health work plans, computed from records. Every figure has a source: quote the "
    "numerator and denominator beside a percentage and the day the data reach to. Grey means it cannot be judged, not zero."
)
log = logging.getLogger(__name__)
Asking = Callable[[], Caller | None]


def server(asking: Asking) -> Server[Any]:
    """A server whose every call asks anew for whom it speaks. A caller sees only the tools its account may use."""

    async def listed(ctx: ServerRequestContext[Any], params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=await sync_to_async(_listed)(asking))

    async def called(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> types.CallToolResult:
        return await sync_to_async(_called)(asking, params.name, params.arguments or {})

    return Server(NAME, version="1", instructions=SAYS, on_list_tools=listed, on_call_tool=called)


def _listed(asking: Asking) -> list[types.Tool]:
    close_old_connections_outside_transactions()
    caller = asking()
    if caller is None:
        return []
    return [
        types.Tool(name=t.name, title=t.title, description=t.description, input_schema=t.schema)
        for t in tools.TOOLS.values()
        if caller.scope.can(t.permission) and (caller.persons or not t.person_level)
    ]


def _called(asking: Asking, name: str, arguments: dict[str, Any]) -> types.CallToolResult:
    close_old_connections_outside_transactions()
    caller = asking()
    if caller is None:
        return _wrong("the token is unknown, revoked or over.")
    try:
        with translation.override("zh-hans"):
            found = tools.call(name, arguments, caller)
    except Http404:
        return _wrong("not found.")
    except UserError as error:
        return _wrong(str(error))
    except Exception:
        log.exception("tool %s failed", name if name in tools.TOOLS else "?")
        return _wrong("the tool failed; the fault is in the log.")
    text = json.dumps(found, ensure_ascii=False, default=str)
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=False)


def _wrong(words: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=words)], is_error=True)


def close_old_connections_outside_transactions() -> None:
    """Let go of connections that are too old, as Django does before a request; never inside a transaction."""
    from django.db import connection

    if not connection.in_atomic_block:
        close_old_connections()


async def over_streams(asking: Asking) -> None:
    """Serve one program over standard input and output until it closes them."""
    made = server(asking)
    async with stdio_server() as (read, write):
        await made.run(read, write, made.create_initialization_options())


def over_http(
    asking: Asking, *, method: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Answer one request of the streamable HTTP transport (without sessions, answers as JSON): status, headers, body."""
    return async_to_sync(_exchange)(asking, method, headers, body)


async def _exchange(
    asking: Asking, method: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    made = server(asking)
    app = made.streamable_http_app(
        streamable_http_path="/", json_response=True, stateless_http=True,
        # Django has checked the host; there are no cookies here to be ridden on.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )  # fmt: skip
    status, answered, parts = 500, [], []
    given = False

    async def receive() -> dict[str, Any]:
        nonlocal given
        if given:
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, answered
        if message["type"] == "http.response.start":
            status = int(message["status"])
            answered = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in message.get("headers", [])]
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": "/",
        "raw_path": b"/", "query_string": b"", "root_path": "", "headers": headers, "client": None, "server": None,
    }  # fmt: skip
    async with made.session_manager.run():
        await app(scope, receive, send)
    return status, answered, b"".join(parts)
