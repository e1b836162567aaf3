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
    "show": "one's own job; asks for a session and answers 404 for others'",
}


def patterns(resolver: URLResolver, path: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        where = path + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":  # the staff shell has its own rules, tested in test_staff
                yield from patterns(pattern, where)
        else:
            yield where, pattern


PAGES = list(patterns(get_resolver()))


@pytest.mark.parametrize(("where", "pattern"), PAGES, ids=[where for where, _ in PAGES])
def test_every_page_has_its_guard(where: str, pattern: URLPattern) -> None:
    permission = getattr(pattern.callback, "permission", None)
    if permission is None:
        assert pattern.name in OPEN, f"/{where} has no @requires"
        return
    if role_book().permissions[permission].person_level:
        assert getattr(pattern.callback, "person_factor", False), f"/{where} shows residents without the second factor"
