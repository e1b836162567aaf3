"""From request to report in the demonstration: clocks, critical values, who may, what is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from luoshi.kernel import clock
from luoshi.kernel.errors import Refused, UnreadableFile
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.store.models import Person, Resource
from luoshi.services.ecg import actions, measuring, pages, queries, rules
from luoshi.services.ecg.models import Request
from luoshi.services.recognition import reading
from luoshi.services.recognition import rules as recognition

from ..conftest import USERS
from .conftest import make_dicom

AsUser = Callable[[str], Client]


# The machine ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(sorted({m.name for m in rules.ECG.moves})), max_size=12))
def test_no_way_round_the_reader(moves: list[str]):
    state, reported = rules.ECG.start, 0
    for name in moves:
        try:
            move = rules.ECG.move(state, name)
        except Refused:
            continue
        if move.target in (rules.REPORTED, rules.CRITICAL):
            assert state == rules.READING
            assert "findings" in move.needs
            reported += 1
        if move.target == rules.CLOSED:
            assert reported == 1
            assert state != rules.CRITICAL or "measures" in move.needs
        state = move.target
    assert reported <= 1


def test_who_asks_never_reads_and_who_reads_never_asks():
    for state in rules.ECG.states:
        assert all(m.by == rules.ASK for m in rules.ECG.offered(state, {rules.ASK}))
        assert not {m.name for m in rules.ECG.offered(state, {rules.READ})} & {
            "acknowledge",
            "receive",
            "withdraw",
            "resend",
        }


@pytest.mark.parametrize(
    ("measures", "expected"),
    [({"rate": 35.0}, ["slow"]), ({"rate": 35.1}, []), ({"rate": 150.0}, ["fast"]), ({"rate": 149.9}, []),
     ({"rate": None, "longest_rr": 3000.0, "qtc": 550}, ["pause", "long-qt"]), ({}, [])],
)  # fmt: skip
def test_measurements_that_prove_a_critical_value(measures: dict[str, Any], expected: list[str]):
    assert rules.proven(measures) == expected


def test_clocks_end_on_the_minute():
    asked = datetime(2025, 11, 3, 8, 0, tzinfo=UTC)
    for urgency, known in rules.declared().urgency.items():
        due = asked + timedelta(minutes=known.minutes)
        assert not rules.reading_clock(asked, urgency, due, due).late
        assert rules.reading_clock(asked, urgency, due + timedelta(seconds=1), due).late
        assert rules.reading_clock(asked, urgency, None, due + timedelta(seconds=1)).late
    assert rules.answer_clock(asked, None, asked + timedelta(minutes=11)).late
    assert not rules.answer_clock(asked, asked + timedelta(minutes=10), asked + timedelta(hours=3)).late


# In the demonstration ---------------------------------------------------------------------------------------------------


@pytest.fixture
def person(city_db: Any, db: None) -> int:
    clinic = Grant.objects.get(user__username="clinic").institution
    assert clinic is not None
    return Person.objects.filter(institution=clinic.code).order_by("pk").values_list("pk", flat=True)[40]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is tried by itself; here its answer is enough."""
    told = measuring.Measures("II", 12, 72.0, 1.0, 850.0, 160.0, 90.0, 380.0, 400.0)
    monkeypatch.setattr(measuring, "measure", lambda tracing: told)


def upload(data: bytes, name: str = "ecg.dcm") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def ask(as_user: AsUser, person: int, data: bytes, **more: str) -> Request:
    form = {"file": upload(data), "urgency": "urgent", "question": "胸闷", **more}
    answer = as_user("clinic").post(reverse("ecg:new", args=[person]), form)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    return Request.objects.latest("pk")


def test_every_page_has_a_guard():
    assert all(hasattr(p.callback, "permission") for p in pages.urlpatterns)
    assert all(hasattr(p.callback, "person_factor") for p in pages.urlpatterns[:-1])


@pytest.mark.parametrize("user", [*USERS, "ecg"])
def test_who_sees_what(user: str, as_user: AsUser, city_db: Any, person: int):
    request = Request.objects.filter(state=rules.REQUESTED).first()
    assert request is not None
    browser, asks, reads = as_user(user), user == "clinic", user == "ecg"
    follows = user in ("clinic", "ecg", "county", "leader")
    # A tracing is seen by who asked, who reads, and who may open the resident's record.
    sees = {"clinic": 200, "ecg": 200, "county": 200, "leader": 200}.get(user, 403)
    for address, expected in (
        ("/ecg/", 200 if asks else 403), (f"/ecg/new/{person}/", 200 if asks else 403),
        (f"/ecg/requests/{request.uuid}/", 200 if asks else 403), ("/ecg/read/", 200 if reads else 403),
        (f"/ecg/read/{request.uuid}/", 200 if reads else 403), (f"/ecg/tracings/{request.tracing.uuid}/", sees),
        ("/ecg/times/", 200 if follows else 403), ("/api/ecg/requests", 200 if asks else 403),
        ("/api/ecg/worklist", 200 if reads else 403), (f"/api/ecg/tracings/{request.tracing.uuid}", sees),
        (f"/api/ecg/tracings/{request.tracing.uuid}/svg", sees),
        ("/api/ecg/times?start=2025-01-01&end=2025-11-03", 200 if follows else 403),
    ):  # fmt: skip
        assert browser.get(address).status_code == expected, address
    assert as_user("").get("/ecg/").status_code == 302


def test_request_read_report_answer(
    as_user: AsUser, person: int, dicom_file: bytes, django_assert_max_num_queries: Any
):
    request = ask(as_user, person, dicom_file)
    tracing = request.tracing
    assert (tracing.format, tracing.seconds, len(tracing.leads)) == ("dicom", 10, 12)
    clinic, reader = as_user("clinic"), as_user("ecg")
    with django_assert_max_num_queries(30):
        assert reverse("ecg:read", args=[request.uuid]) in reader.get(reverse("ecg:worklist")).content.decode()
    address = reverse("ecg:read", args=[request.uuid])
    reader.post(address, {"move": "claim"})
    with django_assert_max_num_queries(30):
        page = reader.get(address).content.decode()
    assert page.count('class="lead"') == 13
    assert "HR 72" in page
    assert reader.post(address, {"move": "report", "findings": "x", "conclusion": ""}).status_code == 400
    done = {"move": "report", "findings": "V1-V4 ST段抬高", "conclusion": "急性前壁心梗", "critical": "st-elevation"}
    assert reader.post(address, done).status_code == 302
    assert reader.post(address, done).status_code == 400  # once
    request.refresh_from_db()
    assert (request.state, request.critical) == (rules.CRITICAL, ["st-elevation"])
    own = reverse("ecg:request", args=[request.uuid])
    assert "危急值：请立即处置并确认" in clinic.get(own).content.decode()
    clinic.post(own, {"move": "acknowledge", "measures": ""})
    clinic.post(own, {"move": "receive"})
    request.refresh_from_db()
    assert request.state == rules.CRITICAL
    clinic.post(own, {"move": "acknowledge", "measures": "已启动胸痛中心转诊"})
    request.refresh_from_db()
    assert (request.state, request.measures_taken) == (rules.CLOSED, "已启动胸痛中心转诊")
    report = Resource.objects.get(type="DiagnosticReport", key=request.report)
    assert report.person == person
    body = json.loads(report.versions.get().body)
    assert [c["coding"][0]["code"] for c in body["conclusionCode"]] == ["st-elevation"]
    assert len(body["result"]) == 5
    qtc = Resource.objects.get(type="Observation", key=f"ecg-{request.uuid}-qtc")
    assert json.loads(qtc.versions.get().body)["valueQuantity"]["value"] == 400
    # It may be recognised elsewhere: for its data, not for the conclusion.
    offer = reading.offered(body, recognition.catalogue(clock.today()))
    assert offer is not None
    assert (offer.item.id, offer.form) == ("ecg", "value")
    assert Entry.objects.filter(action="ecg.alarm", object_id=str(request.pk)).count() == 1
    assert Entry.objects.filter(action="look", object_id=str(person), by="ecg", detail__what="ecg").exists()


def test_nobody_reads_their_own_or_anothers(as_user: AsUser, person: int, dicom_file: bytes):
    request = ask(as_user, person, dicom_file)
    doctor, reader, other = (User.objects.get(username=u) for u in ("clinic", "ecg", "county"))
    with pytest.raises(Refused):
        actions.move(found=request, name="claim", by=doctor, permissions={rules.READ})
    stale = Request.objects.get(pk=request.pk)
    actions.move(found=request, name="claim", by=reader, permissions={rules.READ})
    with pytest.raises(Refused):  # both saw it waiting
        actions.move(found=stale, name="claim", by=other, permissions={rules.READ})
    with pytest.raises(Refused):
        actions.report(
            found=request, findings="正常", conclusion="正常", critical=[], by=other, permissions={rules.READ}
        )
    with pytest.raises(Refused):
        actions.report(
            found=request, findings="正常", conclusion="正常", critical=[], by=reader, permissions={rules.ASK}
        )
    assert Request.objects.get(pk=request.pk).reader == "ecg"
    assert not Resource.objects.filter(type="DiagnosticReport", key=f"ecg-{request.uuid}").exists()


def test_returned_and_sent_again(as_user: AsUser, person: int, signal: np.ndarray):
    request = ask(as_user, person, make_dicom(signal))
    reader, clinic = as_user("ecg"), as_user("clinic")
    address, own = reverse("ecg:read", args=[request.uuid]), reverse("ecg:request", args=[request.uuid])
    reader.post(address, {"move": "claim"})
    assert reader.post(address, {"move": "return", "reason": ""}).status_code == 400
    reader.post(address, {"move": "return", "reason": "导联接反"})
    assert "导联接反" in clinic.get(own).content.decode()
    clinic.post(own, {"move": "resend", "file": upload(make_dicom(-signal))})
    request.refresh_from_db()
    assert (request.state, request.reader) == (rules.REQUESTED, "")
    clinic.post(own, {"move": "withdraw"})
    request.refresh_from_db()
    assert request.state == rules.WITHDRAWN


def test_wrong_files_and_wrong_people(as_user: AsUser, person: int, known: Any, signal: np.ndarray, dicom_file: bytes):
    clinic, address = as_user("clinic"), reverse("ecg:new", args=[person])
    form = {"urgency": "routine", "question": "头晕"}
    for data in (b"", b"no ecg", b"PK\x03\x04"):
        answer = clinic.post(address, {**form, "file": upload(data)})
        assert answer.status_code == 400
        assert 'role="alert"' in answer.content.decode()
    assert clinic.post(address, form).status_code == 400
    assert clinic.post(address, {"file": upload(dicom_file), "urgency": "never", "question": "头晕"}).status_code == 400
    assert clinic.post(reverse("ecg:new", args=[known.there]), {**form, "file": upload(dicom_file)}).status_code == 404
    from luoshi.platform.store.models import PersonIdentifier

    other = PersonIdentifier.objects.filter(system="urn:luoshi:cn:id:resident").exclude(person=person).first()
    answer = clinic.post(address, {**form, "file": upload(make_dicom(signal, patient=other.value))})
    assert "另一位居民" in answer.content.decode()
    mine = PersonIdentifier.objects.filter(person=person, system="urn:luoshi:cn:id:resident").first()
    assert clinic.post(address, {**form, "file": upload(make_dicom(signal, patient=mine.value))}).status_code == 302
    with pytest.raises(UnreadableFile):
        actions.receive(files={}, person=person, institution="x", by="t", scope=Scope.system())


def test_foreign_requests_do_not_exist(as_user: AsUser, city_db: Any, db: None):
    request = Request.objects.filter(state=rules.REQUESTED).first()
    Request.objects.filter(pk=request.pk).update(center="X", institution="X", division="/88/")
    type(request.tracing).objects.filter(pk=request.tracing.pk).update(person=10**9)
    for user, name in (("clinic", "request"), ("ecg", "read")):
        assert as_user(user).get(reverse(f"ecg:{name}", args=[request.uuid])).status_code == 404
        assert as_user(user).get(reverse("ecg:tracing", args=[request.tracing.uuid])).status_code == 404
        assert as_user(user).get(reverse(f"ecg:{name}", args=["nothing"])).status_code == 404
    assert as_user("ecg").post(f"/api/ecg/worklist/{request.uuid}/claim").status_code == 404


def test_by_rest(as_user: AsUser, person: int, aecg_file: bytes):
    clinic, reader = as_user("clinic"), as_user("ecg")
    place = Grant.objects.get(user__username="clinic").institution.code
    form = {
        "person": person,
        "institution": place,
        "urgency": "routine",
        "question": "复查",
        "file": upload(aecg_file, "a.xml"),
    }
    made = clinic.post("/api/ecg/requests", form)
    assert made.status_code == 200, made.content
    again = {**form, "file": upload(aecg_file, "a.xml")}
    assert clinic.post("/api/ecg/requests", again).status_code == 409
    uuid = made.json()["uuid"]
    assert reader.post(f"/api/ecg/worklist/{uuid}/claim").json()["state"] == "reading"
    body = {"findings": "窦性心律", "conclusion": "正常心电图"}
    told = reader.post(f"/api/ecg/worklist/{uuid}/report", body, content_type="application/json").json()
    assert (told["state"], told["report"]) == ("reported", f"ecg-{uuid}")
    received = clinic.post(f"/api/ecg/requests/{uuid}/move", {"move": "receive"}, content_type="application/json")
    assert received.json()["state"] == "closed"
    assert clinic.get(f"/api/ecg/tracings/{made.json()['tracing']}").json()["format"] == "aecg"


def test_times_are_those_of_the_requests(as_user: AsUser, city_db: Any, db: None):
    whole, found = queries.times(clock.today(), clock.today(), scope=Scope.system())
    now = clock.now()
    rows = list(Request.objects.exclude(state=rules.WITHDRAWN))
    late = sum(rules.reading_clock(r.asked, r.urgency, r.reported, now).late for r in rows)
    assert (whole.asked, whole.late, whole.critical) == (len(rows), late, sum(bool(r.critical) for r in rows))
    assert len(found) == 1
    assert f"{whole.in_time}/{whole.asked}" in as_user("county").get(reverse("ecg:times")).content.decode()
    assert as_user("county").get(reverse("ecg:times") + "?format=xlsx").content[:2] == b"PK"
