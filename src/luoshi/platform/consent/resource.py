"""The choices of a resident as FHIR Consent resources in the store, so that the lake and other systems can read them.

Two resources of the source `luoshi-consent`: `access-<person>`, active while the resident can read their own record
(档案开放率 counts it), and `sharing-<person>` with a provision for every choice and sharing. What decides on pages are
the tables of this application; the resources follow them in the same transaction.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Case, When

from luoshi.kernel import clock
from luoshi.platform.consent.categories import CATEGORY_SYSTEM, book
from luoshi.platform.consent.models import Choice, Sharing
from luoshi.platform.identity import joined, links
from luoshi.platform.store import people, preparing, sets, writing
from luoshi.platform.store.models import PersonIdentifier, Source

SOURCE = "luoshi-consent"
KIND = "urn:luoshi:cn:code:consent"
PURPOSE = "urn:luoshi:cn:code:purpose"
_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
_POLICY = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def write_access(person: int, *, since: date, active: bool, by: str) -> bool:
    """Say in the store that the resident can read their record since a day, or can no longer. Returns whether it could
    be said: a person without any identifier cannot be named to the store."""
    return _write(person, "access", "active" if active else "inactive", since, {"type": "permit"}, by)


def write_sharing(person: int, *, by: str) -> bool:
    """Say in the store what the resident chose and shares, as the tables have it now: of all who are one person with
    them, under the one they count for. Returns as `write_access`."""
    person = links.root(person)
    provisions: list[dict[str, Any]] = []
    for name in book().categories:
        last = Choice.objects.filter(joined.of(person), category=name).order_by("-pk").first()
        if last is not None:
            provisions.append(
                {
                    "type": "permit" if last.open else "deny",
                    "period": _period(last.since, last.until),
                    "securityLabel": [{"system": CATEGORY_SYSTEM, "code": name}],
                }
            )
    for sharing in Sharing.objects.filter(joined.of(person)).order_by("pk"):
        provision: dict[str, Any] = {
            "type": "permit" if sharing.permit else "deny",
            "period": _period(sharing.since, sharing.until),
            "actor": [
                {
                    "role": {
                        "coding": [
                            {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}
                        ]
                    },
                    "reference": {"reference": f"Organization/{sharing.institution}"},
                }
            ],
        }
        if sharing.category:
            provision["securityLabel"] = [{"system": CATEGORY_SYSTEM, "code": sharing.category}]
        if sharing.purpose:
            provision["purpose"] = [{"system": PURPOSE, "code": sharing.purpose}]
        provisions.append(provision)
    return _write(person, "sharing", "active", clock.today(), {"type": "permit", "provision": provisions}, by)


def follow(persons: frozenset[int], by: str) -> None:
    """Persons were joined or taken apart (`joined.Follower`): say anew what each of them shares, where anything was ever
    said or chosen."""
    said = {f"sharing-{person}": person for person in persons}
    wanted = {
        said[key]
        for (key,) in sets.select(
            "SELECT r.key FROM store_resource r JOIN store_source s ON s.id = r.source_id"
            " WHERE r.key IN {values} AND r.type = 'Consent' AND s.name = %s",
            said,
            SOURCE,
        )
    }
    for model in (Choice, Sharing):
        rows = model.objects.filter(joined.of_any(persons)).annotate(top=joined.top())
        wanted |= set(rows.values_list("top", flat=True)) & persons
    for person in sorted(wanted):
        write_sharing(person, by=by)


def _period(since: date, until: date | None) -> dict[str, str]:
    # A choice taken back on the day it was made has no day left.
    return {"start": since.isoformat()} | ({"end": max(since, until).isoformat()} if until else {})


def _write(person: int, kind: str, status: str, since: date, provision: dict[str, Any], by: str) -> bool:
    named = PersonIdentifier.objects.filter(joined.of(links.root(person)))
    # By a number of their own first, so that it stays with them when persons are taken apart.
    own = Case(When(person=person, then=0), default=1)
    best = Case(When(system=people.RECORD_NUMBER, then=0), default=1)
    identifier = named.order_by(own, best, "pk").first()
    if identifier is None:
        return False
    at: datetime = clock.now()
    resource = {
        "resourceType": "Consent",
        "id": f"{kind}-{person}",
        "status": status,
        "scope": {"coding": [{"system": _SCOPE, "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": KIND, "code": f"resident-{kind}"}]}],
        "patient": {"type": "Patient", "identifier": {"system": identifier.system, "value": identifier.value}},
        "dateTime": at.isoformat(timespec="seconds"),
        "policyRule": {"coding": [{"system": _POLICY, "code": "OPTIN"}]},
        "provision": {**provision, "period": _period(since, None if status == "active" else max(since, at.date()))},
    }
    source, _made = Source.objects.get_or_create(name=SOURCE, defaults={"title": "居民授权"})
    row = preparing.row(resource, orjson.dumps(resource).decode())
    with transaction.atomic():
        # Named by its version: going back to what was said before is news here, no resend.
        sets.lock()
        find = "SELECT version FROM store_resource WHERE type = 'Consent' AND key = %s AND source_id = %s"
        seen = {(row.type, row.key): int(sets.one(find, row.key, source.pk) or 0)}
        writing.commit(preparing.Prepared(rows=[row]), source=source, by=by, expected=seen)
    return True
