"""Pictures of DICOM, and the archive behind our address: who sees what, what comes in, what is drawn."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.ports import free_port

from luoshi.kernel import clock
from luoshi.kernel.errors import NotFound, UnreadableFile
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.consent.models import Choice
from luoshi.platform.sources import clients, registering, tokens
from luoshi.platform.sources.models import Client as Key
from luoshi.platform.store.models import Person, PersonIdentifier, Resource
from luoshi.services.imaging import actions, archive, demonstration, orthanc, pages, pictures, queries
from luoshi.services.recognition import queries as recognition
from luoshi.services.recognition.models import QualityMark

from ..conftest import USERS

AsUser = Callable[[str], Client]
STUDY = "1.2.826.0.1.3680043.10.1"


def slice_(n: int, patient: str, study: str = STUDY) -> bytes:
    return demonstration.ct_slice(n, patient=patient, study=study, day="20251020")


# Pictures -------------------------------------------------------------------------------------------------------------


def test_a_window_is_the_linear_one_of_the_standard():
    data = slice_(3, "x")
    grey = np.asarray(Image.open(io.BytesIO(pictures.png(data, center=40, width=400))))
    houndsfield = demonstration.phantom(3)
    expected = np.clip(np.round(((houndsfield - 39.5) / 399 + 0.5) * 255), 0, 255)
    assert np.abs(grey.astype(int) - expected).max() <= 1
    assert set(np.unique(np.asarray(Image.open(io.BytesIO(pictures.png(data, center=5000, width=2)))))) == {0}
    default = np.asarray(Image.open(io.BytesIO(pictures.png(data))))
    assert np.array_equal(default, np.asarray(Image.open(io.BytesIO(pictures.png(data, center=-600, width=1500)))))


def test_what_is_no_picture_is_refused():
    for data in (b"", b"no dicom", slice_(1, "x")[:300]):
        with pytest.raises(UnreadableFile):
            pictures.header(data)
    with pytest.raises(UnreadableFile, match="没有这一帧"):
        pictures.png(slice_(1, "x"), frame=1)
    head = pictures.header(slice_(1, "P7"))
    assert (head.patient, head.study, head.modality, head.part, head.number) == ("P7", STUDY, "CT", "CHEST", 1)


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=4))
def test_parts_come_apart_as_they_were_put_together(bodies: list[bytes]):
    mark = "b0und4ry" * 3
    whole = b"".join(f"--{mark}\r\nContent-Type: application/dicom\r\n\r\n".encode() + b + b"\r\n" for b in bodies)
    whole += f"--{mark}--\r\n".encode()
    assert archive.parts(whole, f'multipart/related; boundary="{mark}"') == bodies
    with pytest.raises(NotFound):
        archive.parts(whole, "multipart/related")


# The archive ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An archive of our own for the tests of this module; its address."""
    if not orthanc.installed():
        pytest.skip("Orthanc is not installed (Debian: apt-get install orthanc orthanc-dicomweb)")
    folder = tmp_path_factory.mktemp("archive")
    process = orthanc.start(folder, free_port(), wait=600)
    try:
        yield str(json.loads((folder / "address.json").read_text("utf-8"))["dicomweb"])
    finally:
        process.terminate()
        process.wait(600)


@pytest.fixture
def patient(city_db: Any, db: None) -> tuple[int, str]:
    """A resident of the clinic and the number their pictures carry."""
    clinic = Grant.objects.get(user__username="clinic").institution
    assert clinic is not None
    with_number = PersonIdentifier.objects.filter(system="urn:luoshi:cn:id:resident")
    person = (
        Person.objects.filter(institution=clinic.code, pk__in=with_number.values("person"))
        .exclude(pk__in=Resource.objects.filter(type="ImagingStudy").values("person"))
        .order_by("-pk")[5]
    )
    return person.pk, with_number.get(person=person.pk).value


@pytest.fixture
def pacs(patient: tuple[int, str], running: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The system of the hospital at the head of the clinic's alliance, with a token; the archive is up."""
    monkeypatch.setenv("LUOSHI_DICOMWEB", running)
    head = Grant.objects.get(user__username="clinic").institution.parent
    registration = registering.register(name="pacs", by="test", scope=Scope.system(), institution=head.code)
    key = clients.issue(source=registration.source, by="test")
    token = tokens.issue(Key.objects.get(client_id=key.client_id)).token
    return Client(headers={"Authorization": f"Bearer {token}"})


def stow(client: Client, *files: bytes) -> Any:
    mark = "m4rk" * 8
    body = b"".join(f"--{mark}\r\nContent-Type: application/dicom\r\n\r\n".encode() + f + b"\r\n" for f in files)
    kind = f'multipart/related; type="application/dicom"; boundary={mark}'
    return client.post("/imaging/dicom-web/studies", body + f"--{mark}--\r\n".encode(), content_type=kind)


def test_pictures_in_seen_and_recognised(
    pacs: Client, patient: tuple[int, str], as_user: AsUser, known: Any, monkeypatch: pytest.MonkeyPatch
):
    person, number = patient
    files = [slice_(n, number) for n in (2, 1, 3)]
    told = stow(pacs, *files)
    assert told.status_code == 200, told.content
    assert stow(pacs, *files).status_code == 200  # again changes nothing
    study = Resource.objects.get(type="ImagingStudy", person=person)
    assert study.public_id == queries.id_for(STUDY)
    body = json.loads(study.versions.order_by("-version").first().body)
    assert (body["numberOfInstances"], body["series"][0]["bodySite"]["code"]) == (3, "CHEST")
    # DICOMweb: by the resident's number, below the study, and not for strangers.
    found = pacs.get(f"/imaging/dicom-web/studies?PatientID={number}").json()
    assert [archive.value(s, "0020000D") for s in found] == [STUDY]
    clinic = as_user("clinic")
    listed = clinic.get(f"/imaging/dicom-web/studies/{STUDY}/instances").json()
    assert len(listed) == 3
    series, instance = archive.value(listed[0], "0020000E"), archive.value(listed[0], "00080018")
    file = clinic.get(f"/imaging/dicom-web/studies/{STUDY}/series/{series}/instances/{instance}")
    assert archive.parts(file.content, file["Content-Type"])[0][128:132] == b"DICM"
    for path in ("/tools/now", "/series/../../..", "/x", "/series/1.2/instances/../.."):
        assert clinic.get(f"/imaging/dicom-web/studies/{STUDY}{path}").status_code == 404, path
    assert clinic.get("/imaging/dicom-web/studies/9.9.9/series").status_code == 404
    assert Entry.objects.filter(action="look", object_id=str(person), detail__what="dicomweb").exists()
    # The viewer scrolls in the order of the numbers.
    address = reverse("imaging:study", args=[study.public_id])
    page = clinic.get(address).content.decode()
    assert "1/3" in page
    frames = [queries.series_of(STUDY)[0].frames[n] for n in range(3)]
    pictures_ = [
        clinic.get(reverse("imaging:frame", args=[study.public_id, series, uid, n]) + "?c=40&w=400").content
        for uid, n in frames
    ]
    assert [p[:4] for p in pictures_] == [b"\x89PNG"] * 3
    for n, shown in enumerate(pictures_, 1):
        assert np.array_equal(
            np.asarray(Image.open(io.BytesIO(shown))),
            np.asarray(Image.open(io.BytesIO(pictures.png(slice_(n, number), center=40, width=400)))),
        )
    assert clinic.get(f"{address}?series=7&n=99&c=40&w=400").status_code == 200
    assert clinic.get(f"{address}?c=x&w=1").status_code == 404
    wrong = reverse("imaging:frame", args=[study.public_id, series, "9.9", 0])
    assert clinic.get(wrong).status_code == 404
    # A recognisable study: found when a CT of the chest is ordered.
    clinic_code = Grant.objects.get(user__username="clinic").institution.code
    earlier = recognition.earlier(
        person,
        ["ct-chest"],
        scope=Scope.of(User.objects.get(username="clinic")),
        orderer=recognition.place(clinic_code),
    )
    assert (earlier["ct-chest"].reach, earlier["ct-chest"].offer.form) == ("alliance", "images")
    # What the resident closes nobody else sees.
    Choice.objects.create(person=person, category="general", open=False, since=clock.today(), made_by="test")
    assert clinic.get(address).status_code == 404
    assert clinic.get(f"/imaging/dicom-web/studies/{STUDY}/series").status_code == 404
    assert clinic.get(reverse("imaging:frame", args=[study.public_id, series, instance, 0])).status_code == 404
    Choice.objects.all().delete()
    # Nobody else's number goes into the study, no foreign one in at all.
    inside = PersonIdentifier.objects.filter(
        system="urn:luoshi:cn:id:resident", person__in=Person.objects.filter(institution=clinic_code).values("pk")
    ).exclude(person=person)
    assert stow(pacs, slice_(4, inside.first().value)).status_code == 409
    foreign = PersonIdentifier.objects.get(system="urn:luoshi:cn:id:resident", person=known.there)
    assert stow(pacs, slice_(5, foreign.value, "1.2.3")).status_code == 409
    assert stow(pacs, slice_(5, "", "1.2.3")).status_code == 409
    assert stow(pacs, b"no dicom").status_code == 400
    assert stow(clinic, slice_(5, number)).status_code == 401
    assert not Resource.objects.filter(type="ImagingStudy", public_id=queries.id_for("1.2.3")).exists()
    # An archive that is down is said so, on the page and to systems.
    monkeypatch.setenv("LUOSHI_DICOMWEB", "http://127.0.0.1:9/dicom-web")
    assert "影像归档没有应答" in clinic.get(address).content.decode()
    assert pacs.get(f"/imaging/dicom-web/studies/{STUDY}/series").status_code == 503


@pytest.mark.parametrize("user", [*USERS, "ecg", ""])
def test_who_sees_what(user: str, as_user: AsUser, city_db: Any, db: None):
    study = Resource.objects.filter(type="ImagingStudy").first()
    assert study is not None, "the demonstration has one"
    browser = as_user(user)
    sees = user in ("leader", "county", "clinic", "ecg")
    expected = 200 if sees else 403 if user else 302
    number = PersonIdentifier.objects.filter(person=study.person).first().value
    assert browser.get("/imaging/").status_code == expected
    assert browser.get(f"/imaging/?q={number}").status_code == expected
    assert browser.get(reverse("imaging:study", args=[study.public_id])).status_code == expected
    system = browser.get("/imaging/dicom-web/studies?PatientID=nobody")
    assert system.status_code == (200 if sees else 403 if user else 401)


def test_pictures_go_up_from_a_browser(
    running: str, patient: tuple[int, str], as_user: AsUser, known: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LUOSHI_DICOMWEB", running)
    person, number = patient
    clinic = as_user("clinic")

    def send(*files: bytes, **more: str) -> Any:
        named = [SimpleUploadedFile(f"{n}.dcm", data) for n, data in enumerate(files)]
        return clinic.post("/imaging/upload/", {"files": named, **more})

    assert clinic.get("/imaging/upload/").status_code == 200
    own = "1.2.840.77.9"
    for wrong in ((b"%PDF-1.7",), (slice_(1, number, own), b"no dicom"), (slice_(1, "nobody", own),), ()):
        answer = send(*wrong)
        assert answer.status_code == 400
        assert "notice error" in answer.content.decode()
    monkeypatch.setattr(actions, "MOST_BYTES", 100)
    assert "超过" in send(slice_(1, number, own)).content.decode()
    monkeypatch.undo()
    monkeypatch.setenv("LUOSHI_DICOMWEB", running)
    assert send(slice_(1, number, own), institution="990000000").status_code == 404
    assert not Resource.objects.filter(type="ImagingStudy", public_id=queries.id_for(own)).exists()
    answer = send(slice_(1, number, own), slice_(2, number, own))
    assert answer.status_code == 302
    assert answer["Location"] == reverse("imaging:study", args=[queries.id_for(own)])
    assert Resource.objects.get(type="ImagingStudy", public_id=queries.id_for(own)).person == person
    assert Entry.objects.filter(action="imaging.take", object_id=str(person), by="clinic").count() == 1
    assert as_user("county").get("/imaging/upload/").status_code == 403


def test_foreign_studies_do_not_exist(as_user: AsUser, known: Any, db: None):
    study = Resource.objects.filter(type="ImagingStudy").first()
    Resource.objects.filter(pk=study.pk).update(person=known.there)
    for name, more in (("study", ()), ("frame", ("1.2", "1.2", 0))):
        assert as_user("clinic").get(reverse(f"imaging:{name}", args=[study.public_id, *more])).status_code == 404
    assert as_user("clinic").get("/imaging/studies/none/").status_code == 404
    assert as_user("clinic").get(f"/imaging/?person={known.there}").status_code == 404


def test_every_page_has_a_guard():
    assert all(hasattr(p.callback, "permission") and hasattr(p.callback, "person_factor") for p in pages.urlpatterns)


def test_the_archive_is_for_us_alone(tmp_path: Path):
    configuration = json.loads(orthanc.configure(tmp_path, 18099).read_text("utf-8"))
    assert configuration["HttpBindAddresses"] == ["127.0.0.1"]
    assert configuration["RemoteAccessAllowed"] is False
    assert configuration["AuthenticationEnabled"] is True
    assert configuration["DicomServerEnabled"] is False
    assert (tmp_path / "orthanc.json").stat().st_mode & 0o077 == 0
    assert (tmp_path / "address.json").stat().st_mode & 0o077 == 0


def test_marks_of_the_demonstration_reach_pictures(city_db: Any, db: None):
    assert QualityMark.objects.filter(subject="ct").exists()
