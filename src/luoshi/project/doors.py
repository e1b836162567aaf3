"""Every door of an installation: pages, operations of the API and tools of assistants, with what each asks for.

Read from the guards themselves, so that the table in the documentation and the tests of the guards cannot drift from what
the program does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

ELSEWHERE = ("admin", "api")  # the staff shell asks for itself; operations of the API are `operations`
_GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)")


@dataclass(frozen=True)
class Door:
    """One address. `kind` is `page`, an HTTP method of the API, or `tool`; `name` that of the page. `permission` is empty
    where none of a role is asked for; `person_level`: shows single residents, so a second factor is asked for."""

    kind: str
    address: str
    name: str
    permission: str
    person_level: bool = False
    resident_only: bool = False


def pages(resolver: URLResolver | None = None, path: str = "/") -> Iterator[Door]:
    """Every page, in the order in which addresses are looked up."""
    for pattern in (resolver or get_resolver()).url_patterns:
        where = path + _plain(pattern)
        if isinstance(pattern, URLResolver):
            if pattern.namespace not in ELSEWHERE:
                yield from pages(pattern, where)
        elif isinstance(pattern, URLPattern):
            view = pattern.callback
            yield Door(
                kind="page",
                address=where,
                name=pattern.name or "",
                permission=getattr(view, "permission", None) or "",
                person_level=getattr(view, "person_factor", False),
                resident_only=getattr(view, "resident_only", False),
            )


def _plain(pattern: URLPattern | URLResolver) -> str:
    """The address of a pattern as people write it: `$export` and `<name>` for what is a regular expression inside."""
    text = str(pattern.pattern)
    if not isinstance(pattern.pattern, RegexPattern):
        return text
    return _GROUP.sub(r"<\1>", text.removeprefix("^").removesuffix("$")).replace("\\", "")


def operations() -> Iterator[Door]:
    """Every operation of the API."""
    from luoshi.platform.access.roles import role_book
    from luoshi.project.urls import rest

    known = role_book().permissions
    for prefix, router in rest._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                permission = getattr(operation.view_func, "permission", "")
                shows = permission in known and known[permission].person_level
                address = f"/api{prefix}{path}".replace("//", "/")
                yield Door(", ".join(operation.methods), address, "", permission, shows)


def tools() -> Iterator[Door]:
    """Every tool an assistant may call with the token of an account."""
    from luoshi.services.mcp_server.tools import TOOLS

    for tool in TOOLS.values():
        yield Door("tool", tool.name, "", tool.permission, tool.person_level)
