"""Orders, alerts and answers in the demonstration: by page, REST and CDS Hooks; who may; how many queries."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.urls import reverse
from jwt.algorithms import ECAlgorithm
from pytest_django.fixtures import DjangoAssertNumQueries

from luoshi.kernel.errors import InvalidValue, NotFound, Refused
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.consent.models import Choice, Sharing
from luoshi.platform.sources import clients, registering, tokens
from luoshi.platform.sources.models import Client as Key
from luoshi.platform.store.models import Person, Resource
from luoshi.services.recognition import actions, cds, cds_clients, demonstration, filing, pages, queries, rules
from luoshi.services.recognition.models import Alert, QualityMark
from luoshi.simulate import exams

from ..conftest import USERS

AsUser = Callable[[str], Client]
TODAY = date(2025, 11, 3)


@pytest.fixture(scope="module")
def patient(city_db: Any) -> tuple[int, str, str]:
    """A resident of the clinic whom the demonstration left alone, the clinic, and the head of its alliance."""
    clinic = Grant.objects.get(user__username="clinic").institution
    assert clinic is not None
    assert clinic.parent is not None
    busy = Alert.objects.values("person")
    person = Person.objects.filter(institution=clinic.code).exclude(pk__in=busy).order_by("-pk").first()
    assert person is not None
    return person.pk, clinic.code, clinic.parent.code


def result(person: int, item: str = "alt", *, ago: int = 5, at: str, value: float = 38, status: str = "final") -> str:
    """Put an earlier result into the record; gives its id."""
    key = f"t-{uuid.uuid4().hex[:12]}"
    made = exams.observation(key, filing.subject(person), item, value, TODAY - timedelta(days=ago), at, status)
    return filing.file([made], source="hospital-lis", title="LIS", institution="", by="test")[0].public_id


def clinic_scope() -> Scope:
    return Scope.of(User.objects.get(username="clinic"))


def raise_(person: int, clinic: str, *items: str) -> list[Alert]:
    raised = actions.check(
        person=person, items=dict.fromkeys(items, ""), orderer=queries.place(clinic), scope=clinic_scope(),
        by=User.objects.get(username="clinic"), door="page",
    )  # fmt: skip
    return [alert for alert, _ in raised]


# The lookup -----------------------------------------------------------------------------------------------------------


def test_each_invented_examination_meets_its_fate(patient: tuple[int, str, str], city_db: Any, db: None):
    clinic = patient[1]
    windows = {i.id: i.days for i in rules.catalogue(TODAY).items.values()}
    marked = QualityMark.objects.filter(subject="liver", valid_to__gte=TODAY).values_list("institution", flat=True)
    unmarked = QualityMark.objects.filter(subject="blood").values_list("institution", flat=True)[:1]
    persons = (
        Person.objects.filter(institution=clinic).exclude(pk__in=Alert.objects.values("person")).order_by("pk")[:16]
    )
    people = list(persons.values_list("pk", flat=True))
    made = exams.laboratory(
        [filing.subject(p) for p in people],
        windows=windows,
        marked=list(marked),
        unmarked=list(unmarked),
        today=TODAY,
        seed=7,
    )
    filing.file([e.resource for own in made for e in own], source="truth", title="truth", institution="", by="test")
    fates = set()
    for number, own in zip(people, made, strict=True):
        found = queries.earlier(number, [e.item for e in own], scope=clinic_scope(), orderer=queries.place(clinic))
        for exam in own:
            fates.add(exam.fate)
            got = found.get(exam.item)
            if exam.fate == "recognise":
                assert got is not None, exam
                assert (got.producer, got.offer.day) == (exam.producer, exam.day)
            elif got is not None:  # the city invented one of its own; it is not this one
                assert got.stored.id != exam.resource["id"], exam
    assert fates == {"recognise", "too-old", "no-mark", "not-final", "conclusion-only"}


def test_the_latest_result_is_the_one(patient: tuple[int, str, str], db: None):
    person, clinic, head = patient
    result(person, ago=20, at=head)
    newest = result(person, ago=3, at=head)
    result(person, ago=1, at=head, status="preliminary")
    (alert,) = raise_(person, clinic, "alt", "tsh")
    assert (alert.item, alert.earlier_id, alert.reach, alert.producer) == ("alt", newest, "alliance", head)
    assert raise_(person, clinic, "alt") == [alert]  # not twice a day


def test_one_indexed_query_finds_the_results(
    patient: tuple[int, str, str], django_assert_max_num_queries: DjangoAssertNumQueries, db: None
):
    person, clinic, head = patient
    for item in ("alt", "tsh", "ldl", "creatinine"):
        result(person, item, at=head)
    scope, orderer = clinic_scope(), queries.place(clinic)
    for items in (["alt"], ["alt", "tsh", "ldl", "creatinine"]):
        with django_assert_max_num_queries(18) as seen:
            assert set(queries.earlier(person, items, scope=scope, orderer=orderer)) == set(items)
        assert sum("r.type IN" in q["sql"] for q in seen.captured_queries) == 1


def test_what_the_resident_closed_raises_no_alert(patient: tuple[int, str, str], db: None):
    person, clinic, head = patient
    result(person, at=head)
    assert len(raise_(person, clinic, "alt")) == 1
    Choice.objects.create(person=person, category="general", open=False, since=TODAY, made_by="test")
    Alert.objects.all().delete()
    assert raise_(person, clinic, "alt") == []


def test_foreign_residents_do_not_exist(patient: tuple[int, str, str], known: Any, as_user: AsUser):
    _person, clinic, _head = patient
    doctor = as_user("clinic")
    assert doctor.get(reverse("recognition:order", args=[known.there])).status_code == 404
    assert doctor.post(reverse("recognition:order", args=[known.there]), {"item": "alt"}).status_code == 404
    body = {"person": known.there, "items": ["alt"], "institution": clinic}
    assert doctor.post("/api/recognition/check", body, content_type="application/json").status_code == 404
    Alert.objects.filter(institution=clinic).update(division="/99/8888/", institution="X")
    foreign = Alert.objects.first()
    for client in (doctor, as_user("clinic")):
        assert client.get(reverse("recognition:alert", args=[foreign.uuid])).status_code == 404
    assert doctor.get(reverse("recognition:alert", args=["no-uuid"])).status_code == 404


# Answers --------------------------------------------------------------------------------------------------------------


def test_an_answer_is_kept_in_the_record(patient: tuple[int, str, str], db: None):
    person, clinic, head = patient
    result(person, at=head)
    result(person, "tsh", at=head)
    one, two = raise_(person, clinic, "alt", "tsh")
    doctor = User.objects.get(username="clinic")
    held = clinic_scope().permissions
    actions.answer(found=one, move="recognise", by=doctor, permissions=held)
    actions.answer(found=two, move="repeat", by=doctor, permissions=held, reason="other", note="术前复核")
    issue = Resource.objects.get(type="DetectedIssue", key=f"alert-{two.uuid}")
    assert issue.person == person
    body = json.loads(issue.versions.get().body)
    assert body["mitigation"][0]["action"] == {
        "coding": [{"system": rules.REASON_SYSTEM, "code": "other", "display": rules.reasons().reasons["other"].name}],
        "text": "术前复核",
    }
    assert Entry.objects.filter(action="recognition-alert.repeat", object_id=str(two.pk)).count() == 1
    with pytest.raises(Refused):
        actions.answer(found=one, move="repeat", by=doctor, permissions=held, reason="changed")
    # Two who answer at once: the second saw it raised, too.
    late = Alert.objects.get(pk=one.pk)
    late.state = rules.RAISED
    with pytest.raises(Refused):
        actions.answer(found=late, move="withdraw", by=doctor, permissions=held)
    with pytest.raises(Refused):
        actions.answer(found=raise_(person, clinic, "alt")[0], move="recognise", by=doctor, permissions=frozenset())
    assert Alert.objects.get(pk=one.pk).state == rules.RECOGNISED


def test_unanswered_alerts_lapse(patient: tuple[int, str, str], db: None):
    person, clinic, head = patient
    result(person, at=head)
    (alert,) = raise_(person, clinic, "alt")
    actions.lapse(on=TODAY + timedelta(days=1))
    assert Alert.objects.get(pk=alert.pk).state == rules.RAISED
    actions.lapse(on=TODAY + timedelta(days=2))
    assert Alert.objects.get(pk=alert.pk).state == rules.LAPSED


def test_the_counts_are_those_of_the_alerts(as_user: AsUser, patient: tuple[int, str, str], db: None):
    whole, found = queries.tallies(date(2025, 1, 1), TODAY, scope=Scope.system())
    rows = list(Alert.objects.exclude(reach="own"))
    assert whole.recognised == sum(a.state == "recognised" for a in rows) > 5
    assert whole.counted == sum(a.state in ("recognised", "repeated", "unexplained", "lapsed") for a in rows)
    assert whole.saved == sum(a.price for a in rows if a.state == "recognised")
    assert sum(whole.reasons.values()) == sum(a.state == "repeated" for a in rows) > 0
    assert [t.institution for t in found] == sorted({a.institution for a in rows})
    page = as_user("county").get(reverse("recognition:statistics")).content.decode()
    assert f"{whole.recognised}/{whole.counted}" in page
    assert "机构自报" in page
    book = as_user("county").get(reverse("recognition:statistics") + "?format=xlsx")
    assert book.content[:2] == b"PK"
    told = as_user("county").get("/api/recognition/statistics?start=2025-01-01&end=2025-11-03").json()
    assert (told[0]["recognised"], told[0]["counted"]) == (whole.recognised, whole.counted)


def test_a_finished_quarter_feeds_the_returns(db: None, patient: tuple[int, str, str], as_user: AsUser):
    from luoshi.platform.regions.models import Statistic

    _person, clinic, _head = patient
    county = as_user("county")
    Statistic.objects.filter(institution__code=clinic, day=date(2025, 9, 30)).delete()
    address = reverse("recognition:statistics")
    county.post(f"{address}?start=2025-07-01&end=2025-11-03")
    assert not Statistic.objects.filter(institution__code=clinic, day=date(2025, 9, 30)).exists()
    county.post(f"{address}?start=2025-07-01&end=2025-09-30")
    whole, _ = queries.tallies(date(2025, 7, 1), date(2025, 9, 30), scope=Scope.system())
    handed = dict(
        Statistic.objects.filter(institution__code=clinic, day=date(2025, 9, 30)).values_list("item", "value")
    )
    assert handed == {"recognised": whole.recognised, "recognisable": whole.counted}
    as_user("clinic").post(f"{address}?start=2025-04-01&end=2025-06-30")
    assert Entry.objects.filter(action="recognition.hand-in").count() == 1


# Pages ----------------------------------------------------------------------------------------------------------------


def test_every_page_has_a_guard():
    assert all(hasattr(p.callback, "permission") for p in pages.urlpatterns)
    assert all(hasattr(p.callback, "person_factor") for p in pages.urlpatterns[:3])


@pytest.mark.parametrize("user", USERS)
def test_who_sees_what(user: str, as_user: AsUser, patient: tuple[int, str, str], city_db: Any):
    person, _clinic, _head = patient
    alert = Alert.objects.filter(state=rules.RAISED).first()
    browser = as_user(user)
    order, read = user == "clinic", user in ("clinic", "county", "leader")
    for address, allowed in (
        ("/recognition/", order), (f"/recognition/order/{person}/", order), (f"/recognition/alerts/{alert.uuid}/", order),
        ("/recognition/statistics/", read), ("/recognition/items/", read), ("/recognition/marks/", read),
        ("/api/recognition/alerts", order), ("/api/recognition/items", read), ("/api/recognition/marks", read),
        ("/api/recognition/statistics?start=2025-01-01&end=2025-11-03", read),
    ):  # fmt: skip
        assert browser.get(address).status_code == (200 if allowed else 403), address
    assert as_user("").get("/recognition/").status_code == 302
    assert as_user("").get("/api/recognition/alerts").status_code == 401


def test_order_alert_recognise(as_user: AsUser, patient: tuple[int, str, str], django_assert_max_num_queries: Any):
    person, _clinic, head = patient
    result(person, at=head, value=123.4)
    doctor, address = as_user("clinic"), reverse("recognition:order", args=[person])
    with django_assert_max_num_queries(30):
        assert doctor.get(address).status_code == 200
    assert doctor.post(address, {}).status_code == 400
    with django_assert_max_num_queries(75):
        page = doctor.post(address, {"item": ["alt", "tsh"]}).content.decode()
    assert "123.4 U/L ↑" in page
    assert "诊断结论不在互认之列" in page
    alert = Alert.objects.get(person=person)
    answer = {"item": ["alt", "tsh"], "decided": "1", f"answer-{alert.uuid}": "repeat"}
    refused = doctor.post(address, answer)
    assert refused.status_code == 400
    assert "重做须选择理由" in refused.content.decode()
    assert not Resource.objects.filter(type="ServiceRequest", person=person, key__startswith="order-").exists()
    done = doctor.post(address, {**answer, f"answer-{alert.uuid}": "recognise"}, follow=True).content.decode()
    assert "互认 1 项" in done
    (ordered,) = Resource.objects.filter(type="ServiceRequest", person=person, key__startswith="order-")
    assert "tsh" in ordered.key
    alert.refresh_from_db()
    assert (alert.state, alert.viewed is not None) == (rules.RECOGNISED, True)
    assert Entry.objects.filter(action="look", object_id=str(person), detail__what="recognition Observation").exists()


def test_marks_are_kept_by_those_in_charge(as_user: AsUser, known: Any):
    from luoshi.platform.regions.models import Institution

    county = as_user("county")
    inside = Institution.objects.filter(division__code=known.county).first()
    form = {
        "institution": inside.code,
        "subject": "mr",
        "level": "city",
        "from": "2025-01-01",
        "to": "",
        "document": "质评合格证",
    }
    address = reverse("recognition:marks")
    assert county.post(address, form).status_code == 302
    assert county.post(address, form).status_code == 400  # once
    for wrong in ({"subject": "x"}, {"level": "alliance"}, {"to": "2024-01-01"}, {"from": ""}, {"document": ""}):
        assert county.post(address, {**form, **wrong}).status_code == 400, wrong
    outside = Institution.objects.filter(division__code=known.other_county).first()
    assert county.post(address, {**form, "institution": outside.code}).status_code == 404
    mark = QualityMark.objects.get(subject="mr")
    assert county.post(address, {"end": mark.pk, "on": "2025-10-31"}).status_code == 302
    mark.refresh_from_db()
    assert mark.valid_to == date(2025, 10, 31)
    foreign = QualityMark.objects.exclude(institution=inside.code).filter(institution__startswith="99").first()
    QualityMark.objects.filter(pk=foreign.pk).update(institution=outside.code)
    assert county.post(address, {"end": foreign.pk, "on": "2025-10-31"}).status_code == 404
    assert as_user("clinic").post(address, form).status_code == 400  # may look, not keep
    assert county.get(address + "?format=xlsx").content[:2] == b"PK"


# CDS Hooks ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def hospital(patient: tuple[int, str, str], db: None) -> Client:
    """The system of the clinic, with a token."""
    registration = registering.register(name="his", by="test", scope=Scope.system(), institution=patient[1])
    key = clients.issue(source=registration.source, by="test")
    token = tokens.issue(Key.objects.get(client_id=key.client_id)).token
    return Client(headers={"Authorization": f"Bearer {token}"})


def hook(person: int, *items: str, name: str = "order-sign", selections: list[str] | None = None) -> dict[str, Any]:
    identifier = filing.subject(person)["identifier"]
    drafts = [
        {"resource": {"resourceType": "ServiceRequest", "id": f"d-{i}", "status": "draft", "intent": "order",
                      "code": {"coding": [{"system": rules.ITEM_SYSTEM, "code": i}]}, "subject": {"reference": "Patient/x"}}}
        for i in items
    ]  # fmt: skip
    context = {"userId": "Practitioner/7", "patientId": "x", "draftOrders": {"resourceType": "Bundle", "entry": drafts}}
    if name == "order-select":
        context["selections"] = selections if selections is not None else [f"ServiceRequest/d-{i}" for i in items]
    return {
        "hook": name, "hookInstance": str(uuid.uuid4()), "context": context,
        "prefetch": {"patient": {"resourceType": "Patient", "identifier": [identifier]}},
    }  # fmt: skip


def send(client: Client, body: Any, name: str = "order-sign", ending: str = "") -> Any:
    return client.post(f"/cds-services/recognition-{name}{ending}", json.dumps(body), content_type="application/json")


def test_discovery_is_open_and_calls_are_not(patient: tuple[int, str, str], as_user: AsUser):
    listed = Client().get("/cds-services").json()["services"]
    assert [s["hook"] for s in listed] == ["order-select", "order-sign"]
    assert listed[0]["prefetch"] == {"patient": "Patient/{{context.patientId}}"}
    assert send(Client(), hook(patient[0], "alt")).status_code == 401
    assert send(as_user("clinic"), hook(patient[0], "alt")).status_code == 401


def test_a_card_and_its_feedback(hospital: Client, patient: tuple[int, str, str]):
    person, _clinic, head = patient
    result(person, at=head, value=88)
    result(person, "ldl", at=head)
    assert send(hospital, hook(person, "tsh")).json() == {"cards": []}
    assert send(hospital, hook(person, "alt", name="order-select", selections=[]), "order-select").json() == {
        "cards": []
    }
    cards = send(hospital, hook(person, "alt", "ldl", name="order-select"), "order-select").json()["cards"]
    assert cards == send(hospital, hook(person, "alt", "ldl")).json()["cards"]
    card = next(c for c in cards if "丙氨酸" in c["summary"])
    assert len(card["summary"]) < 140
    assert card["indicator"] == "warning"
    assert card["suggestions"][0]["actions"] == [
        {"type": "delete", "description": "取消“丙氨酸氨基转移酶”", "resourceId": "ServiceRequest/d-alt"}
    ]
    assert "88" in card["detail"]
    assert {r["code"] for r in card["overrideReasons"]} == set(rules.reasons().reasons)
    assert card["links"][0]["url"].endswith(f"/recognition/alerts/{card['uuid']}/")
    other = next(c for c in cards if c is not card)
    feedback = {"feedback": [
        {"card": card["uuid"], "outcome": "accepted", "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}]},
        {"card": other["uuid"], "outcome": "overridden",
         "overrideReason": {"reason": {"system": rules.REASON_SYSTEM, "code": "decisive"}, "userComment": "术前"}},
    ]}  # fmt: skip
    for _ in range(2):  # sent again it changes nothing
        assert send(hospital, feedback, ending="/feedback").status_code == 200
    states = dict(Alert.objects.filter(person=person).values_list("item", "state"))
    assert states == {"alt": "recognised", "ldl": "repeated"}
    feedback["feedback"][0] |= {"outcome": "overridden"}
    assert send(hospital, feedback, ending="/feedback").status_code == 409
    assert send(hospital, hook(person, "alt", "ldl")).json() == {"cards": []}  # answered today


def test_an_override_without_a_reason_is_kept_as_such(hospital: Client, patient: tuple[int, str, str]):
    person, _clinic, head = patient
    result(person, at=head)
    (card,) = send(hospital, hook(person, "alt")).json()["cards"]
    unknown = {"card": str(uuid.uuid4()), "outcome": "accepted"}
    both = {"feedback": [{"card": card["uuid"], "outcome": "overridden"}, unknown]}
    assert send(hospital, both, ending="/feedback").status_code == 404
    assert Alert.objects.get(uuid=card["uuid"]).state == rules.RAISED  # all or nothing
    assert send(hospital, {"feedback": both["feedback"][:1]}, ending="/feedback").status_code == 200
    assert Alert.objects.get(uuid=card["uuid"]).state == rules.UNEXPLAINED


def test_a_stranger_gets_no_card(hospital: Client, known: Any, patient: tuple[int, str, str]):
    result(known.there, at=patient[2])
    assert send(hospital, hook(known.there, "alt")).json() == {"cards": []}
    assert not Alert.objects.filter(person=known.there).exists()
    nobody = hook(patient[0], "alt") | {"prefetch": {}}
    assert send(hospital, nobody).json() == {"cards": []}


def test_a_walk_in_who_agrees_gets_cards(hospital: Client, known: Any, patient: tuple[int, str, str]):
    """A hospital says that a stranger is there and agrees: the earlier result is shown, nothing more, and only for a day."""
    person = known.there
    result(person, at=patient[2])
    Choice.objects.create(person=person, category="chronic", open=False, since=TODAY, made_by="x")
    assert send(hospital, hook(person, "alt") | {"extension": {cds.PRESENT: "yes"}}).json() == {"cards": []}
    (card,) = send(hospital, hook(person, "alt") | {"extension": {cds.PRESENT: True}}).json()["cards"]
    assert Alert.objects.get(uuid=card["uuid"]).institution == patient[1]
    shared = {s.category: s.until for s in Sharing.objects.filter(person=person, institution=patient[1])}
    assert set(shared.values()) == {TODAY + timedelta(days=1)}
    assert "general" in shared
    assert not {"chronic", "hiv", "mental", "substance", "reproductive"} & set(shared)
    assert Entry.objects.filter(action="recognition.present", object_id=str(person)).exists()


def test_a_walk_in_at_the_desk(as_user: AsUser, known: Any, patient: tuple[int, str, str], db: None):
    clinic, number = as_user("clinic"), filing.subject(known.there)["identifier"]["value"]
    result(known.there, at=patient[2])
    address, order = "/recognition/walk-in/", f"/recognition/order/{known.there}/"
    for refused in ({"number": number}, {"number": "110101190001010000", "agreed": "1"}, {"agreed": "1"}):
        assert clinic.post(address, refused)["Location"] == "/recognition/"
    assert clinic.post(address, {"number": number, "agreed": "1", "institution": "x"}).status_code == 404
    assert clinic.get(order).status_code == 404
    assert clinic.post(address, {"number": number, "agreed": "1"})["Location"] == order
    asked = clinic.post(order, {"item": "alt"}).content.decode()
    assert "answer-" in asked
    assert as_user("county").post(address, {"number": number, "agreed": "1"}).status_code == 403


# Signed calls ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def signing(patient: tuple[int, str, str], db: None) -> Callable[..., Client]:
    """A client that signs each call with its key: `signing(**claims)` is a browser with such a token."""
    registering.register(name="emr", by="test", scope=Scope.system(), institution=patient[1])
    private = ec.generate_private_key(ec.SECP384R1())
    public = json.loads(ECAlgorithm.to_jwk(private.public_key())) | {"kid": "k1"}
    cds_clients.register(issuer="https://emr.example", source="emr", keys={"keys": [public]}, by="test")

    def make(key: Any = None, kid: str = "k1", alg: str = "ES384", **more: Any) -> Client:
        now = int(time.time())
        claims = {
            "iss": "https://emr.example", "aud": "http://testserver/cds-services/recognition-order-sign", "iat": now,
            "exp": now + 240, "jti": uuid.uuid4().hex,
        } | more  # fmt: skip
        given = {name: value for name, value in claims.items() if value is not None}
        text = jwt.encode(given, key or private, algorithm=alg, headers={"kid": kid})
        return Client(headers={"Authorization": f"Bearer {text}"})

    return make


def test_a_signed_call_is_trusted_once(signing: Callable[..., Client], patient: tuple[int, str, str]):
    result(patient[0], at=patient[2])
    signed = signing()
    assert len(send(signed, hook(patient[0], "alt")).json()["cards"]) == 1
    assert send(signed, hook(patient[0], "alt")).status_code == 401  # the same token again
    assert send(signing(), hook(patient[0], "alt")).status_code == 200
    assert send(signing(), hook(patient[0], "alt"), "order-select").status_code == 401  # meant for the other service
    cds_clients.revoke(issuer="https://emr.example", by="test")
    assert send(signing(), hook(patient[0], "alt")).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://other.example"}, {"aud": "http://elsewhere/"}, {"exp": int(time.time()) - 600}, {"jti": None},
        {"exp": int(time.time()) + 86_400}, {"iat": int(time.time()) + 3600}, {"kid": "k2"}, {"iat": None},
        {"key": ec.generate_private_key(ec.SECP384R1())}, {"key": "s" * 64, "alg": "HS256"},
    ],
)  # fmt: skip
def test_what_is_not_signed_right_is_refused(
    wrong: dict[str, Any], signing: Callable[..., Client], patient: tuple[int, str, str]
):
    assert send(signing(**wrong), hook(patient[0], "alt")).status_code == 401


def test_only_public_keys_are_registered(signing: Callable[..., Client]):
    private = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()))) | {"kid": "p"}
    for keys in ({}, {"keys": []}, {"keys": [private]}, {"keys": [{"kty": "oct", "k": "x", "kid": "1"}]}):
        with pytest.raises(InvalidValue):
            cds_clients.register(issuer="https://emr.example", source="emr", keys=keys, by="test")
    with pytest.raises(NotFound):
        cds_clients.register(issuer="https://emr.example", source="nobody", keys={"keys": [private]}, by="test")


@pytest.mark.parametrize(
    "change",
    [
        {"hook": "order-review"},
        {"hookInstance": "7"},
        {"context": {}},
        {"context": {"patientId": "x", "draftOrders": []}},
    ],
)
def test_what_is_no_call_is_refused(change: dict[str, Any], hospital: Client, patient: tuple[int, str, str]):
    assert send(hospital, hook(patient[0], "alt") | change).status_code == 400
    assert send(hospital, [1]).status_code == 400
    assert (
        hospital.post("/cds-services/recognition-order-sign", "{", content_type="application/json").status_code == 400
    )
    assert send(hospital, hook(patient[0], "alt"), "order-nothing").status_code == 404


def test_the_demonstration_is_made_once(city_db: Any, db: None):
    alerts = Alert.objects.count()
    assert alerts > 10
    assert demonstration.prepare() == []
    assert Alert.objects.count() == alerts
    assert {"raised", "recognised", "repeated", "unexplained", "lapsed"} == set(
        Alert.objects.values_list("state", flat=True)
    )


def test_nothing_is_written_about_a_resident_without_a_number(city_db: Any, db: None):
    clinic = Grant.objects.get(user__username="clinic").institution
    assert clinic is not None
    institution = clinic.code
    nobody = Person.objects.create(institution=institution, chunk=0)
    everybody = set(Person.objects.filter(institution=institution).values_list("pk", flat=True))
    recordable = set(filing.recordable(institution).values_list("pk", flat=True))
    assert nobody.pk in everybody - recordable
    for person in sorted(recordable)[:5]:
        assert filing.subject(person)["identifier"]["value"]
    with pytest.raises(Refused, match="没有任何证件号"):
        filing.subject(nobody.pk)
