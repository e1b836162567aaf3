"""The people of the demonstration, signed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

USERS = ("leader", "plan-officer", "county", "clinic", "steward", "security", "auditor")
LISTS = ("leader", "county", "clinic")  # those who may see residents


@dataclass(frozen=True)
class Known:
    """What the tests of pages ask about: a promise behind its pace and residents here and there. `per_head`: a promise
    of so many per thousand people."""

    target: int
    register: int
    per_head: int
    here: int
    there: int
    resource: tuple[str, str]
    elsewhere: tuple[str, str]
    county: str
    other_county: str
    clinic: str


@pytest.fixture
def as_user(city_db: Any, db: None) -> Callable[[str], Client]:
    """A browser in which that person has signed in; `""` for a stranger."""
    from luoshi.platform.access.models import User

    def sign_in(username: str) -> Client:
        client = Client()
        if username:
            client.force_login(User.objects.get(username=username))
        return client

    return sign_in


@pytest.fixture
def known(city_db: Any, db: None) -> Known:
    """`here` is a resident of the clinic of the demonstration, `there` one of another county; each with a resource."""
    from luoshi.platform.access.models import Grant
    from luoshi.platform.store.models import Person, Resource
    from luoshi.services.plan_desk.models import Target

    county = Grant.objects.get(user__username="county").division
    clinic = Grant.objects.get(user__username="clinic").institution
    assert county is not None
    assert clinic is not None
    with_contact = Resource.objects.filter(type="Encounter", person__isnull=False, deleted=False)
    here = with_contact.filter(person__in=Person.objects.filter(institution=clinic.code).values("pk")).first()
    there = with_contact.exclude(
        person__in=Person.objects.filter(division__startswith=county.code).values("pk")
    ).first()
    assert here is not None
    assert there is not None
    person = Person.objects.get(pk=there.person)
    return Known(
        target=Target.objects.get(binding__indicator="htn-std").pk,
        register=Target.objects.filter(binding__kind="register").first().pk,  # type: ignore[union-attr]
        per_head=Target.objects.get(binding__indicator="doctors-per-1000").pk,
        here=here.person,
        there=there.person,
        resource=("Encounter", here.public_id),
        elsewhere=("Encounter", there.public_id),
        county=county.code,
        other_county=person.division[:6],
        clinic=clinic.code,
    )
