"""People of the store for pages: found by identifier or name, shown as cards. Every read takes a scope."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection
from django.db.models import Q

from luoshi.kernel.errors import InvalidValue
from luoshi.platform.identity import links
from luoshi.platform.identity.models import Link
from luoshi.platform.regions.models import Division
from luoshi.platform.store import sets
from luoshi.platform.store.models import Person, PersonIdentifier
from luoshi.records.identify import SYSTEMS, name_of

if TYPE_CHECKING:
    from luoshi.platform.access.scope import Scope

RESIDENT_ID = "urn:luoshi:cn:id:resident"
RECORD_NUMBER = "urn:luoshi:cn:id:ehr-no"


@dataclass(frozen=True)
class Card:
    """What names a resident: from their latest Patient resource. Identifiers and telephone are whole here; pages mask
    them. `division` and `institution` are codes, "" where unknown."""

    person: int
    name: str
    sex: str
    birth_date: date | None
    death_date: date | None
    resident_id: str
    record_number: str
    phone: str
    address: str
    division: str
    institution: str
    record_opened: date | None
    active: bool


def cards(persons: Iterable[int], *, scope: Scope) -> dict[int, Card]:
    """Cards of those persons who lie inside the scope, by number. Two queries however many they are."""
    places = {person.pk: person for person in Person.objects.filter(inside(scope), pk__in=list(persons))}
    rows = sets.select(
        "SELECT r.person, v.body FROM store_resource r"
        " JOIN store_version v ON v.resource_id = r.id AND v.version = r.version"
        " WHERE r.person IN {values} AND r.type = 'Patient' AND v.body <> '' ORDER BY v.known_from",
        list(places),
    )
    found = {person: _card(places[person], orjson.loads(body)) for person, body in rows}
    return {person: found[person] for person in places if person in found}


def owners(text: str) -> list[int]:
    """Persons with this identifier of any kind, written as on the card or with blanks; each by their own number, also
    where they were joined with another. One query."""
    text = "".join(text.split()).upper()
    wanted = set()
    for system, check in SYSTEMS.items():
        try:
            wanted.add((system, check(text)))
        except InvalidValue:
            continue
    if not wanted:
        return []
    # The index begins with the system: without it every identifier of the region would be looked at.
    rows = PersonIdentifier.objects.filter(
        system__in={s for s, _ in wanted}, value__in={v for _, v in wanted}
    ).values_list("system", "value", "person")
    return sorted({person for system, value, person in rows if (system, value) in wanted})


def by_identifier(text: str, *, scope: Scope) -> list[int]:
    """`owners` inside the scope; of several joined into one, that one. Three queries."""
    found = set(owners(text))
    tops = links.roots(found) if found else {}
    found = {tops.get(person, person) for person in found}
    return sorted(Person.objects.filter(inside(scope), pk__in=found).values_list("pk", flat=True))


def by_name(name: str, *, scope: Scope, limit: int) -> tuple[list[int], int]:
    """Persons inside the scope whose name begins with `name`, and how many there are; at most `limit` numbers."""
    # The range lets SQLite use the index, which its LIKE cannot.
    near = Q(name__startswith=name)
    if connection.vendor == "sqlite":
        near &= Q(name__gte=name, name__lt=name + chr(0x10FFFF))
    joined = Link.objects.filter(ended_at=None).values("child")
    rows = Person.objects.filter(inside(scope), near).exclude(pk__in=joined).order_by("name", "pk")
    return list(rows.values_list("pk", flat=True)[:limit]), rows.count()


def inside(scope: Scope) -> Q:
    """Persons who live in a granted division or are managed by a granted institution, as `Scope.covers_person`."""
    if scope.everywhere:
        return Q()
    divisions = Division.objects.filter(scope.path_filter("path")).values("code")
    return Q(division__in=divisions) | Q(institution__in=scope.institution_codes)


def _card(person: Person, patient: dict[str, Any]) -> Card:
    identifiers = {i.get("system"): i.get("value", "") for i in patient.get("identifier", [])}
    address = (patient.get("address") or [{}])[0]
    phones = [t.get("value", "") for t in patient.get("telecom", []) if t.get("system") == "phone"]
    extensions = {e["url"]: e for e in patient.get("extension", [])}
    return Card(
        person=person.pk,
        name=name_of(patient),
        sex=patient.get("gender", "unknown"),
        birth_date=day(patient.get("birthDate")),
        death_date=day(patient.get("deceasedDateTime")),
        resident_id=identifiers.get(RESIDENT_ID, ""),
        record_number=identifiers.get(RECORD_NUMBER, ""),
        phone=phones[0] if phones else "",
        address=address.get("text", ""),
        division=person.division,
        institution=person.institution,
        record_opened=day(extensions.get("urn:luoshi:cn:ext:record-opened", {}).get("valueDate")),
        active=patient.get("active", True),
    )


def day(text: str | None) -> date | None:
    """The day of a FHIR date or instant; None where it is absent or only a month or year is known."""
    return date.fromisoformat(text[:10]) if text and len(text) >= 10 else None
