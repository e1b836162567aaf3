"""A township centre, the hospital above it, a patient with a record, and the people who refer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from luoshi.kernel import clock

NOON = "2025-11-03T12:00:00+08:00"


def patient(key: str, name: str, village: str, institution: str) -> dict[str, Any]:
    """A Patient who lives in a village and is managed by an institution."""
    return {
        "resourceType": "Patient", "id": key, "name": [{"text": name}], "gender": "female", "birthDate": "1981-04-07",
        "identifier": [{"system": "urn:luoshi:cn:id:resident", "value": "990102198104070024"}] if key == "p1" else [],
        "address": [{"extension": [{"url": "urn:luoshi:cn:ext:division", "valueCode": village}]}],
        "managingOrganization": {"reference": f"Organization/{institution}"},
    }  # fmt: skip


def condition(key: str, about: str, code: str) -> dict[str, Any]:
    """A diagnosis."""
    coding = [{"system": "http://hl7.org/fhir/sid/icd-10", "code": code}]
    return {"resourceType": "Condition", "id": key, "subject": {"reference": f"Patient/{about}"}, "code": {"coding": coding},
            "recordedDate": "2025-06-01"}  # fmt: skip


def pressure(key: str, about: str, day: str, value: float) -> dict[str, Any]:
    """A systolic blood pressure."""
    return {"resourceType": "Observation", "id": key, "status": "final", "subject": {"reference": f"Patient/{about}"},
            "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}, "effectiveDateTime": day,
            "valueQuantity": {"value": value, "unit": "mmHg"}}  # fmt: skip


def store(*resources: dict[str, Any], source: str = "clinic-system") -> None:
    """Put resources into the store."""
    from luoshi.platform.store import preparing, writing
    from luoshi.platform.store.models import Source

    rows = [preparing.row(r, orjson.dumps({k: v for k, v in r.items() if v != []}).decode()) for r in resources]
    made, _new = Source.objects.get_or_create(name=source)
    writing.commit(preparing.Prepared(rows=rows), source=made, by="test")


@dataclass
class Ward:
    """Who is who: accounts, and the person number of the patient."""

    clinic: Any
    hospital: Any
    other: Any
    person: int

    def scope(self, user: Any) -> Any:
        """The scope of an account, made anew."""
        from luoshi.platform.access.scope import Scope

        return Scope.of(user)


@pytest.fixture
def ward(
    small_region: Any, make_user: Callable[..., Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ward]:
    """The fixture of most tests: at noon of 2025-11-03."""
    from datetime import datetime

    from luoshi.platform.store.models import Person

    settings.LUOSHI_TWO_FACTOR = False
    with clock.at(datetime.fromisoformat(NOON)):
        store(
            patient("p1", "周远山", "990101001001", "C1"), condition("k1", "p1", "I10"), condition("k2", "p1", "B20"),
            pressure("o1", "p1", "2025-10-20", 152), pressure("o2", "p1", "2025-07-20", 146),
        )  # fmt: skip
        yield Ward(
            make_user("institution-clinician", institution="C1"),
            make_user("institution-clinician", institution="H1"),
            make_user("institution-clinician", institution="C2"),
            Person.objects.get(name="周远山").pk,
        )


def wanted(ward: Ward, **more: Any) -> Any:
    """What the clinic fills in."""
    from luoshi.services.referral.actions import Wanted

    told: dict[str, Any] = {
        "direction": "up", "person": ward.person, "sender": "C1", "receiver": "H1", "diagnosis": "原发性高血压",
        "reason": "连续两次未控制", "criteria": ("htn-uncontrolled",),
    }  # fmt: skip
    return Wanted(**(told | more))


def sent(ward: Ward, *, categories: tuple[str, ...] = ("general", "chronic"), **more: Any) -> Any:
    """A submitted referral from the clinic to the hospital."""
    from luoshi.services.referral import actions

    return actions.send(
        wanted=wanted(ward, **more),
        consented_by="patient",
        categories=categories,
        by=ward.clinic,
        scope=ward.scope(ward.clinic),
    )
