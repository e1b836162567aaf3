"""The demonstration: one chest CT of an invented chest. Its pictures go to the archive where one answers; without one the
study stands in the record and the page says that the archive is down."""

from __future__ import annotations

import io
from datetime import timedelta

import numpy as np

from luoshi.kernel import clock
from luoshi.platform.access.models import Grant
from luoshi.platform.store.models import Person, PersonIdentifier, Resource
from luoshi.services.imaging import archive, queries
from luoshi.services.recognition import public as recognition

SLICES = 24
ROOT = "1.2.826.0.1.3680043.10.9"
CLASS = "1.2.840.10008.5.1.4.1.1.2"


def prepare() -> list[tuple[str, str, str, str, str]]:
    """Fill the service. Adds no account."""
    grant = (
        Grant.objects.filter(user__username="clinic", institution__isnull=False)
        .select_related("institution__parent")
        .first()
    )
    if grant is None or grant.institution is None or Resource.objects.filter(type="ImagingStudy").exists():
        return []
    place = (grant.institution.parent or grant.institution).code
    numbers = PersonIdentifier.objects.filter(system="urn:luoshi:cn:id:resident")
    person = (
        Person.objects.filter(institution=grant.institution.code, pk__in=numbers.values("person")).order_by("pk").last()
    )
    if person is None:
        return []
    day = clock.today() - timedelta(days=9)
    uid = f"{ROOT}.1"
    number = numbers.get(person=person.pk).value
    if archive.address():
        archive.store([ct_slice(n, patient=number, study=uid, day=f"{day:%Y%m%d}") for n in range(1, SLICES + 1)])
    recognition.file(
        [
            {
                "resourceType": "ImagingStudy",
                "id": queries.id_for(uid),
                "identifier": [{"system": queries.UID, "value": f"urn:oid:{uid}"}],
                "status": "available",
                "subject": recognition.subject(person.pk),
                "started": day.isoformat(),
                "description": "胸部CT平扫",
                "numberOfSeries": 1,
                "numberOfInstances": SLICES,
                "series": [
                    {
                        "uid": f"{uid}.2",
                        "modality": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CT"},
                        "numberOfInstances": SLICES,
                        "bodySite": {"code": "CHEST", "display": "CHEST"},
                        "performer": [{"actor": {"reference": f"Organization/{place}"}}],
                    }
                ],
            }
        ],
        source="luoshi-imaging", title="云影像", institution=place, by="demo",
    )  # fmt: skip
    return []


def phantom(n: int, size: int = 256) -> np.ndarray:
    """An invented slice through a chest in Hounsfield units: air, soft tissue, two lungs that change from slice to slice,
    a spine of bone, and a nodule in the slices around the middle."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    picture = np.full((size, size), -1000.0)
    picture[(x / 0.9) ** 2 + (y / 0.68) ** 2 < 1] = 40
    height = 0.30 + 0.22 * np.sin(np.pi * n / (SLICES + 1))
    for side in (-0.42, 0.42):
        picture[((x - side) / 0.3) ** 2 + ((y + 0.04) / height) ** 2 < 1] = -820
    picture[(x / 0.11) ** 2 + ((y - 0.48) / 0.12) ** 2 < 1] = 600
    picture[((x + 0.08) / 0.2) ** 2 + ((y + 0.1) / 0.2) ** 2 < 1] = 45
    if abs(n - SLICES // 2) <= 2:
        picture[(x - 0.45) ** 2 + (y + 0.1) ** 2 < 0.03**2] = 60
    return np.round(picture)


def ct_slice(n: int, *, patient: str, study: str, day: str) -> bytes:
    """A slice as a DICOM file, uncompressed, with the lung window as its own."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    whole = Dataset()
    whole.SpecificCharacterSet = "ISO_IR 192"
    whole.SOPClassUID, whole.SOPInstanceUID = CLASS, f"{study}.2.{n}"
    whole.StudyInstanceUID, whole.SeriesInstanceUID = study, f"{study}.2"
    whole.PatientID, whole.PatientName, whole.Modality = patient, "", "CT"
    whole.StudyDate, whole.StudyTime, whole.AccessionNumber, whole.StudyID = day, "093000", "", "1"
    whole.StudyDescription, whole.SeriesDescription, whole.BodyPartExamined = "胸部CT平扫", "5.0 mm", "CHEST"
    whole.PatientBirthDate, whole.PatientSex, whole.ReferringPhysicianName = "", "", ""
    whole.SeriesNumber, whole.InstanceNumber = 1, n
    pixels = phantom(n)
    whole.Rows, whole.Columns = pixels.shape
    whole.SamplesPerPixel, whole.PhotometricInterpretation = 1, "MONOCHROME2"
    whole.BitsAllocated, whole.BitsStored, whole.HighBit, whole.PixelRepresentation = 16, 16, 15, 1
    whole.RescaleSlope, whole.RescaleIntercept, whole.RescaleType = 1, -1024, "HU"
    whole.WindowCenter, whole.WindowWidth = -600, 1500
    whole.PixelData = (pixels + 1024).astype("<i2").tobytes()
    whole.file_meta = FileMetaDataset()
    whole.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    whole.file_meta.MediaStorageSOPClassUID = whole.SOPClassUID
    whole.file_meta.MediaStorageSOPInstanceUID = whole.SOPInstanceUID
    out = io.BytesIO()
    whole.save_as(out, enforce_file_format=True)
    return out.getvalue()
