"""Writes of imaging: take instances in, for the resident whose number they carry, and say so in the record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from luoshi.kernel import clock
from luoshi.kernel.errors import NotFound, Refused, UnreadableFile
from luoshi.platform import audit
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.identity import links
from luoshi.platform.store import people
from luoshi.services.imaging import archive, pictures, queries
from luoshi.services.recognition import public as recognition

SOURCE, TITLE = "luoshi-imaging", "云影像"
MOST = 2000
MOST_BYTES = 64 * 1024 * 1024  # of one file from a browser
MOST_TOGETHER = 256 * 1024 * 1024  # of one upload from a browser
DOCUMENTS = "1.2.840.10008.5.1.4.1.1.104."  # SOP classes of papers put into DICOM (PS3.4 B.5): no pictures


@dataclass(frozen=True)
class Taken:
    """One study that instances were taken for. `id`: of its ImagingStudy."""

    id: str
    uid: str
    person: int
    instances: int


def take(files: Sequence[bytes], *, institution: str, by: User | str, scope: Scope) -> list[Taken]:
    """Keep instances in the archive and their studies in the record. All of them, or none.

    Each must carry the number (PatientID) of a resident inside the scope. Raises `UnreadableFile` for what is no DICOM,
    `Refused` for a number that nobody in the scope has or a study that is somebody else's already, and where the archive
    does not answer.
    """
    if not files:
        raise UnreadableFile(_("没有文件。"))
    if len(files) > MOST:
        raise UnreadableFile(_("一次最多上传 %(n)s 个文件。") % {"n": MOST})
    heads = [pictures.header(data) for data in files]
    persons: dict[str, int] = {}
    for number in {head.patient for head in heads}:
        found = people.by_identifier(number, scope=scope) if number else []
        if len(found) != 1:
            raise Refused(
                _("文件里的患者编号在您的范围内查不到对应居民。"), todo=_("PatientID 应为身份证号或健康档案号。")
            )
        persons[number] = found[0]
    owners: dict[str, int] = {}
    for head in heads:
        if owners.setdefault(head.study, persons[head.patient]) != persons[head.patient]:
            raise Refused(_("同一检查里有不同居民的文件。"))
    for uid, person in owners.items():
        _not_somebody_elses(uid, person)
    archive.store(files)
    taken = []
    with transaction.atomic():
        for uid, person in owners.items():
            resource = imaging_study(uid, person, institution)
            recognition.file([resource], source=SOURCE, title=TITLE, institution=institution, by=by)
            audit.record(
                by=by, action="imaging.take", object_type="person", object_id=person,
                detail={"study": uid, "instances": resource["numberOfInstances"], "institution": institution},
            )  # fmt: skip
            taken.append(Taken(resource["id"], uid, person, resource["numberOfInstances"]))
    return taken


def upload(
    files: Sequence[tuple[str, int, Callable[[], bytes]]], *, institution: str, by: User, scope: Scope
) -> list[Taken]:
    """`take` for what somebody chose in a browser: `(name, size in bytes, read)` each, read only when the sizes are right.

    Raises `Http404` for an institution the account does not work at, `Refused` for an account without one or what is too
    large, `UnreadableFile` naming the first file that is no DICOM picture; and what `take` raises.
    """
    scope.require("imaging.take")
    places = [place.code for place in recognition.workplaces(scope)]
    if not places:
        raise Refused(_("您的账号没有所在机构，不能上传影像。"), todo=_("请联系安全管理员授权到机构。"))
    if institution and institution not in places:
        raise Http404
    for name, size, _read in files:
        if size > MOST_BYTES:
            told = {"name": name, "mb": MOST_BYTES // 1024 // 1024}
            raise Refused(_("“%(name)s”超过 %(mb)s MB。") % told, todo=_("大的检查请由设备经接口发送。"))
    if sum(size for _name, size, _read in files) > MOST_TOGETHER:
        raise Refused(
            _("一次上传合计不超过 %(mb)s MB。") % {"mb": MOST_TOGETHER // 1024 // 1024}, todo=_("请分几次上传。")
        )
    read = []
    for name, _size, content in files:
        data = content()
        # The preamble and its mark (PS3.10 7.1): pydicom would also try to read files without them.
        if data[128:132] != b"DICM" or pictures.header(data).sop_class.startswith(DOCUMENTS):
            raise UnreadableFile(_("“%(name)s”不是 DICOM 影像文件。") % {"name": name})
        read.append(data)
    return take(read, institution=institution or places[0], by=by, scope=scope)


def _not_somebody_elses(uid: str, person: int) -> None:
    """A study belongs to one resident for good: nobody can add to it under another number."""
    from luoshi.platform.store import sets

    known = sets.rows(
        "SELECT person FROM store_resource WHERE type = 'ImagingStudy' AND public_id = %s AND NOT deleted",
        queries.id_for(uid),
    )
    if known and known[0][0] not in links.members(person):
        raise Refused(_("这项检查已登记在另一位居民名下。"))


def imaging_study(uid: str, person: int, institution: str) -> dict[str, Any]:
    """The ImagingStudy of what the archive now holds. Raises `NotFound` when it holds nothing of it."""
    listed = archive.find("studies", StudyInstanceUID=uid, includefield="00081030")
    if not listed:
        raise NotFound(_("影像归档中没有这项检查。"))
    whole = listed[0]
    started = archive.value(whole, "00080020")
    series = queries.series_of(uid)
    parts = _parts(uid, series)
    made: dict[str, Any] = {
        "resourceType": "ImagingStudy",
        "id": queries.id_for(uid),
        "identifier": [{"system": queries.UID, "value": f"urn:oid:{uid}"}],
        "status": "available",
        "subject": recognition.subject(person),
        "started": f"{started[:4]}-{started[4:6]}-{started[6:8]}" if len(started) == 8 else clock.today().isoformat(),
        "numberOfSeries": len(series),
        "numberOfInstances": sum(len(s.instances) for s in series),
        "series": [
            {
                "uid": s.uid,
                "modality": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": s.modality or "OT"},
                "numberOfInstances": len(s.instances),
                **({"description": s.description} if s.description else {}),
                **({"bodySite": {"code": parts[s.uid], "display": parts[s.uid]}} if parts.get(s.uid) else {}),
                "performer": [{"actor": {"reference": f"Organization/{institution}"}}],
            }
            for s in series
        ],
    }
    if description := archive.value(whole, "00081030"):
        made["description"] = description
    return made


def _parts(uid: str, series: Sequence[queries.Series]) -> dict[str, str]:
    """The body part of each series, from its first instance."""
    return {
        s.uid: pictures.header(archive.instance(uid, s.uid, s.instances[0][0])).part.upper()
        for s in series
        if s.instances
    }
