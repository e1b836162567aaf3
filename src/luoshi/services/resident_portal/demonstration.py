"""What the demonstration shows of the portal: a resident with hypertension who reads the own record."""

from __future__ import annotations

from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.store import people
from luoshi.platform.store.models import Person, PersonIdentifier, Resource
from luoshi.services.resident_portal import actions

RESIDENT = "urn:luoshi:cn:id:resident"


def prepare() -> list[tuple[str, str, str, str, str]]:
    """Nothing beforehand: residents are no staff."""
    return []


def residents(password: str) -> list[tuple[str, str, str]]:
    """Open the record of one resident of the clinic to themselves, by a code from its counter as in life. Gives number,
    name and what to say of them; empty where the region has nobody suitable."""
    clinic = User.objects.filter(username="clinic").first()
    if clinic is None:
        return []
    scope = Scope.of(clinic)
    here = Person.objects.filter(people.inside(scope)).values("pk")
    managed = Resource.objects.filter(type="EpisodeOfCare", deleted=False, person__in=here)
    person = managed.order_by("-person").values_list("person", flat=True).first()
    number = PersonIdentifier.objects.filter(person=person, system=RESIDENT).values_list("value", flat=True).first()
    if person is None or number is None:
        return []
    card = people.cards([person], scope=scope)[person]
    code = actions.invite(person=person, by=clinic, scope=scope)
    actions.register(identifier=number, name=card.name, code=code, password=password)
    return [(number, card.name, "a resident, at /my/: the own record, the code, who looked")]
