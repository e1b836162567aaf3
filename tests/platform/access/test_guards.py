"""No page without a guard: every address of every service asks for a permission, and for the second factor where single
residents are shown."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from luoshi.platform.access.roles import role_book
from luoshi.project import doors
from luoshi.project.doors import Door

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


ADDRESS = {"int": "1", "str": "1", "slug": "a", "uuid": "00000000-0000-4000-8000-000000000001", "path": "a"}
PAGES = list(doors.pages())


@pytest.mark.parametrize("door", PAGES, ids=lambda door: door.address)
def test_every_page_has_its_guard(door: Door) -> None:
    if door.resident_only:
        return  # a resident, about themselves: asked for one by one in the tests of the portal
    if not door.permission:
        assert door.name in OPEN, f"{door.address} has no @requires"
    elif role_book().permissions[door.permission].person_level:
        assert door.person_level, f"{door.address} shows residents without the second factor"


def test_every_operation_of_the_api_has_its_guard() -> None:
    from ninja.constants import NOT_SET

    from luoshi.project.urls import rest

    found = list(doors.operations())
    assert len(found) > 20
    for door in found:
        assert door.permission in role_book().permissions, f"{door.address} has no @needs"
    operations = [o for _p, r in rest._routers for view in r.path_operations.values() for o in view.operations]
    assert all(operation.auth_param is NOT_SET for operation in operations)  # none sets aside who must sign in
    assert rest.auth


def test_every_tool_has_its_guard() -> None:
    found = list(doors.tools())
    assert found
    for door in found:
        assert door.permission in role_book().permissions, door.address
        assert door.person_level or not role_book().permissions[door.permission].person_level, door.address


@pytest.fixture
def nobody(make_user: Any) -> Client:
    """Signed in, with no role."""
    client = Client()
    client.force_login(make_user())
    return client


@pytest.mark.django_db
def test_who_holds_nothing_passes_no_door(nobody: Client) -> None:
    """Asked one by one, with numbers that may or may not exist: it makes no difference to somebody without the
    permission."""
    for door in PAGES:
        if door.permission and door.name not in OPEN:
            for method in (nobody.get, nobody.post):
                assert method(address(door)).status_code in shut(door, 403), door.address


@pytest.mark.django_db
def test_a_stranger_passes_no_door(client: Client) -> None:
    for door in PAGES:
        if door.permission and door.name not in OPEN:
            for method in (client.get, client.post):
                assert method(address(door)).status_code in shut(door, 302), door.address
    for door in doors.operations():
        method = door.kind.partition(", ")[0].lower()
        assert getattr(client, method)(address(door)).status_code == 401, door.address


def shut(door: Door, page: int) -> tuple[int, ...]:
    """What a shut door answers: a page by `page`, a door of systems by asking for a token, or by not knowing
    the method or the name."""
    systems = door.address.startswith(("/fhir/", "/api/", "/imaging/dicom-web/"))
    return (401, 403, 404, 405) if systems else (page,)


def address(door: Door) -> str:
    """The address with something in each place: `/duties/<int:number>/` becomes `/duties/1/`."""
    told = re.sub(r"<(?:(\w+):)?\w+>", lambda found: ADDRESS.get(found[1] or "str", "a"), door.address)
    return re.sub(r"\{(?:(\w+):)?\w+\}", "1", told)
