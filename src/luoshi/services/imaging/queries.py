"""Reads of imaging: studies a viewer may see, and what the archive holds of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404

from luoshi.platform.access.scope import Scope
from luoshi.platform.consent import public as consent
from luoshi.platform.store import reads, sets
from luoshi.platform.store.reads import Stored
from luoshi.services.imaging import archive

UID = "urn:dicom:uid"


def uid_of(resource: dict[str, Any]) -> str:
    """The Study Instance UID an ImagingStudy names, "" without one."""
    for identifier in resource.get("identifier") or ():
        text = str(identifier.get("value") or "")
        if identifier.get("system") == UID and text.startswith("urn:oid:"):
            return text.removeprefix("urn:oid:")
    return ""


def study(id_: str, *, scope: Scope) -> tuple[Stored, str]:
    """An ImagingStudy the viewer may see and its UID. Raises `Http404` for any other, foreign or closed ones too."""
    row = sets.rows(
        "SELECT person FROM store_resource WHERE type = 'ImagingStudy' AND public_id = %s AND NOT deleted", id_
    )
    if not row or row[0][0] is None:
        raise Http404
    admitted = consent.admit(row[0][0], scope=scope)
    stored = reads.read("ImagingStudy", id_, scope=admitted.scope)
    found = consent.filter([stored], scope=scope)
    uid = uid_of(stored.resource)
    if not found or not uid:
        raise Http404
    return stored, uid


def study_by_uid(uid: str, *, scope: Scope) -> Stored:
    """The same by the UID. An ImagingStudy we filed ourselves has the UID in its id."""
    return study(id_for(uid), scope=scope)[0]


def id_for(uid: str) -> str:
    """The id of the ImagingStudy of a UID: digits and points are all an id may hold of it; cut where it is too long."""
    import hashlib

    return f"study-{uid}" if len(uid) <= 58 else f"study-{hashlib.sha256(uid.encode()).hexdigest()[:48]}"


def studies_of(person: int, *, scope: Scope) -> list[Stored]:
    """The studies of a resident that a viewer may see, newest first. Raises `Http404`."""
    admitted = consent.admit(person, scope=scope)
    stored = reads.resources_of_person(person, scope=admitted.scope, types=("ImagingStudy",))
    found = [s for s in consent.filter(stored, scope=scope) if uid_of(s.resource)]
    return sorted(found, key=lambda s: str(s.resource.get("started") or ""), reverse=True)


@dataclass(frozen=True)
class Series:
    """A series with its instances (UID and number of frames) in the order they are scrolled."""

    uid: str
    modality: str
    description: str
    instances: tuple[tuple[str, int], ...]

    @property
    def frames(self) -> list[tuple[str, int]]:
        """(instance, frame) one after another."""
        return [(uid, n) for uid, count in self.instances for n in range(count)]


def series_of(uid: str) -> list[Series]:
    """What the archive holds of a study, series and instances by their numbers. Two requests and one a series."""
    found = []
    listed = archive.find(f"studies/{uid}/series", includefield="0008103E")
    for one in sorted(listed, key=lambda s: (_number(s, "00200011"), archive.value(s, "0020000E"))):
        series = archive.value(one, "0020000E")
        instances = archive.find(f"studies/{uid}/series/{series}/instances", includefield="00280008")
        ordered = sorted(instances, key=lambda i: (_number(i, "00200013"), archive.value(i, "00080018")))
        found.append(
            Series(
                series,
                archive.value(one, "00080060"),
                archive.value(one, "0008103E"),
                tuple((archive.value(i, "00080018"), max(1, _number(i, "00280008"))) for i in ordered),
            )
        )
    return found


def _number(item: dict[str, Any], tag: str) -> int:
    text = archive.value(item, tag)
    return int(float(text)) if text.replace(".", "", 1).isdigit() else 0
