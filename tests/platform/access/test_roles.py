"""The catalogue of roles is whole."""

from __future__ import annotations

import pytest

from luoshi.kernel.errors import NotFound
from luoshi.platform.access.roles import role, role_book


def test_every_permission_is_given_by_some_role():
    book = role_book()
    given = {permission for entry in book.roles.values() for permission in entry.permissions}
    assert given == set(book.permissions)


def test_the_roles_of_the_issue_are_there():
    assert set(role_book().roles) >= {
        "plan-officer", "division-head", "county-officer", "institution-clinician", "data-steward", "security-admin",
        "audit-admin",
    }  # fmt: skip


def test_admins_of_the_system_see_no_resident():
    for role_id in ("security-admin", "audit-admin"):
        assert not any(role_book().permissions[p].person_level for p in role(role_id).permissions)


def test_unknown_role_names_the_nearest():
    with pytest.raises(NotFound, match="plan-officer"):
        role("plan-oficer")
