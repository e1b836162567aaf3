"""No page without a guard: every address of every service asks for a permission, and for the second factor where single
residents are shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from luoshi.platform.access.roles import role_book

# Addresses that need no permission of a role, with the reason.
OPEN = {
    "sign-in": "how one gets in",
    "sign-out": "how one gets out",
    "password": "one's own password; asks for a session",
    "second-factor": "one's own device; asks for a session",
    "token": "a system's way in; asks for its secret",
    "revoke": "a system's way out; asks for its secret",
    "fhir-metadata": "what the FHIR server can do; read before one has a token; holds no data",
    "fhir-openapi": "the same for programs",
    "smart-configuration": "where systems learn how to ask for a token; tells nothing else",
    "show": "one's own job; asks for a session and answers 404 for others'",
    "discovery": "which decision services there are, as CDS Hooks asks for them; holds no data",
    "call": "a system's order before it is signed; asks for its token",
    "feedback": "what became of an alert; asks for the system's token",
    "endpoint": "an assistant's way in; asks for the token of an account",
    "register": "how a resident gets in, with the code of the counter",
}


def patterns(resolver: URLResolver, path: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        where = path + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            # The staff shell has its own rules, tested in test_staff; operations of the API are asked below.
            if pattern.namespace not in ("admin", "api"):
                yield from patterns(pattern, where)
        else:
            yield where, pattern


PAGES = list(patterns(get_resolver()))


@pytest.mark.parametrize(("where", "pattern"), PAGES, ids=[where for where, _ in PAGES])
def test_every_page_has_its_guard(where: str, pattern: URLPattern) -> None:
    permission = getattr(pattern.callback, "permission", None)
    if getattr(pattern.callback, "resident_only", False):
        return  # a resident, about themselves: asked for one by one in the tests of the portal
    if permission is None:
        assert pattern.name in OPEN, f"/{where} has no @requires"
        return
    if role_book().permissions[permission].person_level:
        assert getattr(pattern.callback, "person_factor", False), f"/{where} shows residents without the second factor"


def operations() -> Iterator[tuple[str, object]]:
    from luoshi.project.urls import rest

    for prefix, router in rest._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                yield f"{'/'.join(operation.methods)} {prefix}{path}", operation


def test_every_operation_of_the_api_has_its_guard() -> None:
    from ninja.constants import NOT_SET

    from luoshi.project.urls import rest

    found = dict(operations())
    assert found
    for where, operation in found.items():
        assert getattr(operation.view_func, "permission", "") in role_book().permissions, f"{where} has no @needs"
        assert operation.auth_param is NOT_SET, f"{where} sets aside who must sign in"
    assert rest.auth
