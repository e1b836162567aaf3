"""Referrals between two institutions of this system in the patient's own record, as FHIR ServiceRequest, Task and
Appointment: what a referral to another system travels as. Written with every move, in its transaction; the ids are made of
the referral's own, so there is one of each, with its versions."""

from __future__ import annotations

from dataclasses import replace

from luoshi.platform.access.models import User
from luoshi.platform.identity import links
from luoshi.platform.store.models import PersonIdentifier
from luoshi.services.recognition import public as recognition
from luoshi.services.referral.exchange import mapping, outbox
from luoshi.services.referral.models import Referral

SOURCE, TITLE = "luoshi-referral", "双向转诊"


def keep(row: Referral, *, by: User | str) -> None:
    """Write how a referral stands. Somebody without any number has no record that a reference could name: nothing is
    written for them, and the referral goes on."""
    if row.person is None or not PersonIdentifier.objects.filter(person__in=links.members(row.person)).exists():
        return
    identifier = recognition.subject(row.person)["identifier"]
    told = replace(outbox.picture(row), subject=identifier)
    recognition.file(mapping.resources(told), source=SOURCE, title=TITLE, institution=row.sender, by=by)
