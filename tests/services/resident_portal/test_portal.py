"""The residents' door: who gets in, that everybody sees only themselves, and what they may decide."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, NotFound, Refused
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.consent import actions as consent
from luoshi.platform.consent.models import BreakGlass, Choice, Dispute, Sharing
from luoshi.platform.store import people
from luoshi.platform.store.models import Person, Resource
from luoshi.services.chronic import public as chronic
from luoshi.services.health_code import pages as code_pages
from luoshi.services.resident_portal import actions, pages, rules
from luoshi.services.resident_portal.models import Account, Invitation, Proxy

from ..conftest import USERS, Known

AsUser = Callable[[str], Client]
PASSWORD = "shan-gao-shui-chang-7"


@pytest.fixture
def clinic(known: Known) -> tuple[User, Scope]:
    user = User.objects.get(username="clinic")
    return user, Scope.of(user)


def open_account(person: int, clinic: tuple[User, Scope]) -> Account:
    card = people.cards([person], scope=Scope.system())[person]
    code = actions.invite(person=person, by=clinic[0], scope=Scope.system())
    return actions.register(identifier=card.resident_id, name=card.name, code=code, password=PASSWORD)


@pytest.fixture
def account(known: Known, clinic: tuple[User, Scope]) -> Account:
    return open_account(known.here, clinic)


@pytest.fixture
def resident(account: Account) -> Client:
    client = Client()
    client.force_login(account.user)
    return client


def child_of(known: Known) -> int:
    """A child with a number, who is neither of the known residents."""
    day = f"{clock.today().year - 6}"
    for person in Person.objects.exclude(pk__in=[known.here, known.there]).values_list("pk", flat=True)[:900]:
        card = people.cards([person], scope=Scope.system()).get(person)
        if card and card.birth_date and card.birth_date.isoformat() > day and (card.resident_id or card.record_number):
            return int(person)
    raise AssertionError("the city has no child")


# --- getting in ------------------------------------------------------------------------------------------------------


def test_one_registers_with_number_name_and_code_and_signs_in(known: Known, clinic, settings):
    card = people.cards([known.here], scope=Scope.system())[known.here]
    code = rules.written(actions.invite(person=known.here, by=clinic[0], scope=clinic[1]))
    browser = Client()
    form = {"identifier": card.resident_id, "name": f" {card.name[:1]} {card.name[1:]}", "code": code.lower(),
            "password": PASSWORD, "again": PASSWORD}  # fmt: skip
    answer = browser.post("/my/register/", form, follow=True)
    assert answer.redirect_chain[-1][0] == f"/my/{known.here}/"
    assert card.name in answer.content.decode()
    user = Account.objects.get(person=known.here).user
    assert not user.grants.exists()
    assert card.resident_id not in user.username
    other = Client()
    assert other.post("/my/sign-in/", {"identifier": card.resident_id, "password": "wrong-one-999"}).status_code == 200
    answer = other.post("/my/sign-in/", {"identifier": card.record_number, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/my/{known.here}/"
    # the code is used up
    assert Client().post("/my/register/", form).status_code == 200
    assert Account.objects.filter(person=known.here).count() == 1


def test_never_by_the_number_alone(known: Known, clinic):
    card = people.cards([known.here], scope=Scope.system())[known.here]
    code = actions.invite(person=known.here, by=clinic[0], scope=clinic[1])
    told = set()
    for identifier, name, typed in (
        (card.resident_id, card.name, "22222222"),
        (card.resident_id, "别人", code),
        ("11010119900307803X", card.name, code),
        (card.resident_id, card.name, ""),
    ):
        with pytest.raises(InvalidValue) as wrong:
            actions.register(identifier=identifier, name=name, code=typed, password=PASSWORD)
        told.add(str(wrong.value))
    assert len(told) == 1  # nobody learns which of the three was wrong
    assert not Account.objects.filter(person=known.here).exists()
    assert actions.register(identifier=card.resident_id, name=card.name, code=code, password=PASSWORD)


def test_wrong_codes_end_an_invitation(known: Known, clinic):
    card = people.cards([known.here], scope=Scope.system())[known.here]
    code = actions.invite(person=known.here, by=clinic[0], scope=clinic[1])
    for _ in range(rules.portal_rules().counter_code.tries):
        with pytest.raises(InvalidValue):
            actions.register(identifier=card.resident_id, name=card.name, code="WRONGWRN", password=PASSWORD)
    with pytest.raises(InvalidValue):
        actions.register(identifier=card.resident_id, name=card.name, code=code, password=PASSWORD)
    # a new one makes the older useless and works
    older = actions.invite(person=known.here, by=clinic[0], scope=clinic[1])
    newer = actions.invite(person=known.here, by=clinic[0], scope=clinic[1])
    with pytest.raises(InvalidValue):
        actions.register(identifier=card.resident_id, name=card.name, code=older, password=PASSWORD)
    first = actions.register(identifier=card.resident_id, name=card.name, code=newer, password=PASSWORD)
    # a code that has ended is none; one for an account that exists sets a new password
    late = actions.invite(person=known.here, by=clinic[0], scope=clinic[1])
    Invitation.objects.filter(used_at__isnull=True).update(expires_at=first.opened_at - timedelta(days=1))
    with pytest.raises(InvalidValue):
        actions.register(identifier=card.resident_id, name=card.name, code=late, password=PASSWORD)
    again = actions.invite(person=known.here, by=clinic[0], scope=clinic[1])
    same = actions.register(identifier=card.resident_id, name=card.name, code=again, password="another-word-88")
    assert same.pk == first.pk
    assert User.objects.get(pk=first.user_id).check_password("another-word-88")


def test_a_clinic_invites_only_its_own_residents(known: Known, clinic):
    with pytest.raises(NotFound):
        actions.invite(person=known.there, by=clinic[0], scope=clinic[1])
    leader = User.objects.get(username="leader")
    with pytest.raises(Refused):
        actions.invite(person=known.here, by=leader, scope=Scope.of(leader))


def test_five_wrong_passwords_lock(account: Account, known: Known):
    number = people.cards([known.here], scope=Scope.system())[known.here].resident_id
    for _ in range(5):
        answer = Client().post("/my/sign-in/", {"identifier": number, "password": "wrong-one-999"})
    assert answer.status_code == 429
    assert Client().post("/my/sign-in/", {"identifier": number, "password": PASSWORD}).status_code == 429


# --- only oneself ----------------------------------------------------------------------------------------------------


def every_address(person: int, known: Known) -> dict[str, str]:
    """All addresses of the portal and the code that are about a person."""
    kind, id_ = known.resource
    more = {
        "entry": {"resource_type": kind, "id": id_},
        "withdraw": {"sharing_id": 1},
        "withdraw-dispute": {"dispute_id": 1},
    }
    found = {}
    for module, urls in (("resident_portal", pages.urlpatterns), ("health_code", code_pages.urlpatterns)):
        for pattern in urls:
            if getattr(pattern.callback, "resident_only", False) and "<int:person>" in str(pattern.pattern):
                found[pattern.name] = reverse(
                    f"{module}:{pattern.name}", kwargs={"person": person, **more.get(pattern.name, {})}
                )
    return found  # fmt: skip


POSTED = {"choose", "share", "withdraw", "withdraw-dispute", "lost"}


def test_every_address_of_another_person_answers_404(resident: Client, known: Known):
    addresses = every_address(known.there, known)
    assert len(addresses) >= 14
    before = Entry.objects.count()
    for name, address in addresses.items():
        assert resident.get(address).status_code in ((404, 405) if name in POSTED else (404,)), name
        assert resident.post(address, {"category": "general", "open": "0", "text": "这不对啊"}).status_code == 404, name
    assert resident.get("/my/99999999/").status_code == 404
    assert not Choice.objects.exists()
    assert not Dispute.objects.exists()
    assert not Entry.objects.filter(number__gt=before, object_id=str(known.there)).exists()


def test_strangers_sign_in_first_and_staff_stay_out(as_user: AsUser, known: Known):
    for name, address in {**every_address(known.here, known), "home": "/my/", "account": "/my/account/"}.items():
        answer = Client().get(address)
        assert answer.status_code == 302, name
        assert answer["Location"].startswith("/my/sign-in/")
    for user in USERS:
        for name, address in {**every_address(known.here, known), "home": "/my/", "account": "/my/account/"}.items():
            assert as_user(user).get(address).status_code == 403, (user, name)


def test_a_resident_uses_no_page_of_staff(resident: Client, known: Known):
    for address in ("/", "/people/", f"/people/{known.here}/", "/people/privacy/", "/people/privacy/disputes/", "/plans/",
                    "/targets/", "/health-code/scan/", f"/health-code/residents/{known.here}/", "/people/emergency/",
                    f"/people/{known.here}/counter/"):  # fmt: skip
        assert resident.get(address).status_code == 403, address
    assert resident.get("/staff/").status_code in (302, 403)
    assert resident.post("/api/health-code/verify", {"code": "x"}, content_type="application/json").status_code == 403


def test_every_own_page_opens_in_both_languages(resident: Client, known: Known):
    for language in ("zh-hans", "en"):
        resident.cookies["luoshi_lang"] = language
        for name, address in every_address(known.here, known).items():
            if name in POSTED:
                continue
            answer = resident.get(address)
            assert answer.status_code == 200, name
            if language == "en" and name not in (
                "document",
                "entry",
                "timeline",
                "overview",
                "fresh",
                "privacy",
                "looks",
            ):
                words = answer.content.decode().split("<main")[1].split("</main")[0]
                card = people.cards([known.here], scope=Scope.system())[known.here]
                chinese = [c for c in words.replace(card.name, "") if "一" <= c <= "鿿"]
                assert not chinese, (name, "".join(chinese))


@pytest.mark.parametrize(
    ("page", "most"), [("overview", 38), ("timeline", 21), ("entry", 21), ("privacy", 16), ("looks", 21)]
)
def test_what_a_page_costs(page: str, most: int, resident: Client, known: Known):
    address = every_address(known.here, known)[page]
    resident.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert resident.get(address).status_code == 200
    assert len(queries) <= most, "\n".join(q["sql"][:160] for q in queries)


def test_the_record_counts_as_open_from_the_first_day(account: Account, known: Known):
    row = Resource.objects.get(type="Consent", public_id=f"access-{known.here}")
    assert row.person == known.here
    actions.close(account=account, by=account.user)
    latest = Resource.objects.get(pk=row.pk)
    assert latest.version == 2
    assert not User.objects.get(pk=account.user_id).is_active
    client = Client()
    client.force_login(User.objects.get(pk=account.user_id))
    assert client.get("/my/").status_code in (302, 403)


# --- deciding --------------------------------------------------------------------------------------------------------


def test_hiding_a_category_hides_it_from_others_and_not_from_the_author(
    resident: Client, known: Known, as_user: AsUser
):
    leader = as_user("leader")
    assert leader.get(f"/people/{known.here}/").context["found"].entries
    answer = resident.post(f"/my/{known.here}/privacy/choose/", {"category": "general", "open": "0"}, follow=True)
    assert answer.status_code == 200
    for other in ("chronic", "maternal", "infectious"):
        resident.post(f"/my/{known.here}/privacy/choose/", {"category": other, "open": "0"})
    page = leader.get(f"/people/{known.here}/")
    assert not page.context["found"].entries
    assert not page.context["found"].trends
    assert "一般诊疗和公共卫生服务" in page.context["closed"]
    source = reverse("records_desk:resource", args=[known.here, *known.resource])
    assert leader.get(source).status_code == 404
    assert leader.get(f"/people/{known.here}/document/").status_code == 200
    own = Resource.objects.get(type=known.resource[0], public_id=known.resource[1])
    assert own.person == known.here
    assert resident.get(f"/my/{known.here}/records/").context["chosen"] > 0
    # opened again, it is back
    resident.post(f"/my/{known.here}/privacy/choose/", {"category": "general", "open": "1"})
    assert leader.get(f"/people/{known.here}/").context["found"].entries
    consent_row = Resource.objects.get(type="Consent", public_id=f"sharing-{known.here}")
    assert consent_row.version == 5


def test_wrong_decisions_are_refused(resident: Client, known: Known):
    choose, share = f"/my/{known.here}/privacy/choose/", f"/my/{known.here}/privacy/share/"
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    assert resident.post(choose, {"category": "nonsense", "open": "1"}).status_code == 400
    assert resident.post(choose, {"category": "hiv", "open": "1", "until": "tomorrow"}).status_code == 400
    assert resident.post(choose, {"category": "hiv", "open": "1", "until": yesterday}).status_code == 400
    assert resident.post(share, {"institution": "NOBODY", "permit": "1"}).status_code == 400
    assert resident.post(share, {"institution": known.clinic, "permit": "1", "purpose": "x"}).status_code == 400
    assert not Choice.objects.filter(person=known.here).exists()
    assert not Sharing.objects.filter(person=known.here).exists()


def test_letting_an_institution_in_beyond_its_region_and_taking_it_back(known: Known, clinic, as_user: AsUser):
    """A resident of another county shares with the clinic: it may look, at what is shared, until that ends."""
    far = open_account(known.there, clinic)
    browser = Client()
    browser.force_login(far.user)
    staff = as_user("clinic")
    assert staff.get(f"/people/{known.there}/").status_code == 404
    share = {"institution": known.clinic, "permit": "1", "category": "general", "purpose": "treatment"}
    assert browser.post(f"/my/{known.there}/privacy/share/", share).status_code == 302
    page = staff.get(f"/people/{known.there}/")
    assert page.status_code == 200
    assert {e.type for e in page.context["found"].entries} <= {"Encounter", "Observation", "Procedure", "CarePlan", "Consent",
                                                               "Condition", "EpisodeOfCare", "Immunization"}  # fmt: skip
    looks = browser.get(f"/my/{known.there}/looks/").context["looks"]
    assert any(look.purpose == "诊疗和随访" for look in looks)
    row = Sharing.objects.get(person=known.there)
    assert browser.post(f"/my/{known.there}/privacy/share/{row.pk}/withdraw/").status_code == 302
    assert staff.get(f"/people/{known.there}/").status_code == 404
    # nobody takes back what another decided
    assert browser.post(f"/my/{known.there}/privacy/share/{row.pk + 99}/withdraw/").status_code == 404


def test_a_dispute_goes_to_the_desk_and_comes_back_answered(resident: Client, known: Known, as_user: AsUser, clinic):
    kind, id_ = known.resource
    entry = f"/my/{known.here}/records/{kind}/{id_}/"
    assert resident.post(entry, {"text": "不"}).status_code == 400
    assert resident.post(entry, {"text": "那天我没有去过这家医院"}).status_code == 302
    assert resident.post(entry, {"text": "那天我没有去过这家医院"}).status_code == 400  # once is enough
    row = Dispute.objects.get()
    row.institution = known.clinic
    row.save()
    staff = as_user("clinic")
    assert "本人有异议" in staff.get(f"/people/{known.here}/").content.decode()
    assert f"/people/privacy/disputes/{row.pk}/" in staff.get("/people/privacy/disputes/").content.decode()
    page = f"/people/privacy/disputes/{row.pk}/"
    assert staff.post(page, {"outcome": "corrected", "answer": ""}).status_code == 400
    assert staff.post(page, {"outcome": "corrected", "answer": "已核实，由医院更正后重新上传。"}).status_code == 302
    told = resident.get(f"/my/{known.here}/disputes/").content.decode()
    assert "已核实，由医院更正后重新上传。" in told
    assert "已更正" in told
    assert resident.post(f"/my/{known.here}/disputes/{row.pk}/withdraw/").status_code == 409
    assert staff.post(page, {"outcome": "kept", "answer": "再答一次再答一次"}).status_code == 400
    # about the record as a whole, and taken back
    resident.post(f"/my/{known.here}/disputes/", {"text": "缺少去年的体检记录"})
    whole = Dispute.objects.get(resource_type="")
    assert whole.institution == Person.objects.get(pk=known.here).institution
    assert resident.post(f"/my/{known.here}/disputes/{whole.pk}/withdraw/").status_code == 302
    assert Dispute.objects.get(pk=whole.pk).state == Dispute.WITHDRAWN


def test_who_looked_names_institutions_and_purposes_not_people(resident: Client, known: Known, as_user: AsUser):
    as_user("clinic").get(f"/people/{known.here}/")
    as_user("leader").get(f"/people/{known.here}/")
    resident.get(f"/my/{known.here}/")
    answer = resident.get(f"/my/{known.here}/looks/")
    text = answer.content.decode()
    staff = User.objects.get(username="clinic")
    grant = staff.grants.get()
    assert grant.institution.name in text
    assert staff.full_name not in text
    assert {"诊疗和随访", "卫生行政管理"} <= {look.purpose for look in answer.context["looks"]}
    assert "本人" not in {look.who for look in answer.context["looks"]}
    assert "本人" in {look.who for look in resident.get(f"/my/{known.here}/looks/?own=1").context["looks"]}


def test_a_copy_to_take_along_is_a_valid_document(resident: Client, known: Known):
    from luoshi.records.validate import Validator

    answer = resident.get(f"/my/{known.here}/document/")
    made = orjson.loads(answer.content)
    assert made["type"] == "document"
    assert made["entry"][0]["resource"]["resourceType"] == "Composition"
    errors = [i for i in Validator(None).examine(answer.content).issues if i.severity == "error"]
    assert not errors, errors[:5]
    present = {entry["fullUrl"] for entry in made["entry"]}
    for section in made["entry"][0]["resource"]["section"]:
        assert {e["reference"] for e in section.get("entry", [])} <= present


# --- children --------------------------------------------------------------------------------------------------------


def test_a_guardian_reads_for_a_child_until_it_is_grown(account: Account, resident: Client, known: Known, clinic):
    child = child_of(known)
    card = people.cards([child], scope=Scope.system())[child]
    code = actions.invite(person=child, by=clinic[0], scope=Scope.system(), guardian=True)
    form = {"do": "child", "identifier": card.resident_id or card.record_number, "name": card.name}
    assert resident.get(f"/my/{child}/").status_code == 404
    assert resident.post("/my/account/", {**form, "code": "22222222"}).status_code == 400
    assert resident.post("/my/account/", {**form, "code": code}).status_code == 302
    proxy = Proxy.objects.get()
    assert proxy.until == rules.guardian_until(card.birth_date, 18)
    assert resident.get(f"/my/{child}/").status_code == 200
    assert resident.get(f"/my/{child}/records/").status_code == 200
    assert resident.post(f"/my/{child}/privacy/choose/", {"category": "maternal", "open": "0"}).status_code == 302
    Proxy.objects.update(until=clock.today() - timedelta(days=1))
    assert resident.get(f"/my/{child}/").status_code == 404
    Proxy.objects.update(until=clock.today())
    resident.post("/my/account/", {"do": "end", "proxy": str(proxy.pk)})
    assert resident.get(f"/my/{child}/").status_code == 404
    # an adult has no guardian here
    with pytest.raises(InvalidValue):
        actions.invite(person=known.here, by=clinic[0], scope=clinic[1], guardian=True)


def test_from_fourteen_the_child_decides(account: Account, resident: Client, known: Known, clinic, monkeypatch):
    child = child_of(known)
    actions_card = people.cards([child], scope=Scope.system())[child]
    code = actions.invite(person=child, by=clinic[0], scope=Scope.system(), guardian=True)
    number = actions_card.resident_id or actions_card.record_number
    actions.become_guardian(account=account, identifier=number, name=actions_card.name, code=code)
    with clock.at(rules.birthday(actions_card.birth_date, 14)):
        assert resident.post(f"/my/{child}/privacy/choose/", {"category": "maternal", "open": "0"}).status_code == 409
        assert not Choice.objects.filter(person=child).exists()


@pytest.mark.parametrize(
    ("birth", "last"),
    [
        (date(2010, 5, 6), date(2028, 5, 5)),
        (date(2012, 2, 29), date(2030, 2, 28)),
        (date(2010, 1, 1), date(2027, 12, 31)),
    ],
)
def test_the_last_day_of_a_guardian(birth, last):
    assert rules.guardian_until(birth, 18) == last


# --- emergencies -----------------------------------------------------------------------------------------------------


def test_break_glass_opens_is_seen_and_is_reviewed(
    resident: Client, known: Known, as_user: AsUser, clinic, make_reviewer
):
    for category in ("general", "chronic", "maternal", "infectious"):
        resident.post(f"/my/{known.here}/privacy/choose/", {"category": category, "open": "0"})
    kind, id_ = known.resource
    Resource.objects.get(type=kind, public_id=id_)
    staff, leader = as_user("clinic"), as_user("leader")
    assert leader.get(f"/people/{known.here}/open/").status_code == 403  # only who treats breaks glass
    page = f"/people/{known.here}/open/"
    good = {"kind": "unconscious", "reason": "患者昏迷送入，需了解用药史", "hours": "4"}
    for change in ({"reason": "急"}, {"kind": "curious"}, {"hours": "99"}, {"hours": "x"}):
        assert staff.post(page, {**good, **change}).status_code == 400
    assert not BreakGlass.objects.exists()
    # beyond the region only by a whole number
    assert staff.get(f"/people/{known.there}/open/").status_code == 404
    far = people.cards([known.there], scope=Scope.system())[known.there]
    assert staff.post("/people/emergency/", {**good, "identifier": far.resident_id[:12]}).status_code == 400
    answer = staff.post("/people/emergency/", {**good, "identifier": far.resident_id})
    assert answer["Location"] == f"/people/{known.there}/"
    assert staff.get(f"/people/{known.there}/").context["found"].entries
    assert staff.post(page, good).status_code == 302
    opened = staff.get(f"/people/{known.here}/")
    assert opened.context["broken"]
    assert "紧急调阅中" in opened.content.decode()
    told = resident.get(f"/my/{known.here}/looks/").content.decode()
    assert "患者昏迷送入，需了解用药史" in told
    assert "等待复核" in told
    assert "近 30 天有 1 次紧急调阅" in resident.get(f"/my/{known.here}/").content.decode()
    # it ends
    BreakGlass.objects.update(expires_at=BreakGlass.objects.first().started_at)
    assert staff.get(f"/people/{known.there}/").status_code == 404
    assert staff.get(f"/people/{known.here}/").context["broken"] is None
    # and is reviewed, by somebody else, once
    reviewer = make_reviewer("privacy")
    row = BreakGlass.objects.get(person=known.here)
    assert f"/people/privacy/glass/{row.pk}/" in reviewer.get("/people/privacy/glass/").content.decode()
    review = f"/people/privacy/glass/{row.pk}/"
    assert reviewer.get(review).status_code == 200
    assert reviewer.post(review, {"verdict": "unjustified", "note": ""}).status_code == 400
    assert reviewer.post(review, {"verdict": "unjustified", "note": "无关人员"}).status_code == 302
    assert reviewer.post(review, {"verdict": "justified"}).status_code == 400
    assert "复核：不当" in resident.get(f"/my/{known.here}/looks/").content.decode()
    assert reviewer.get("/people/privacy/").status_code == 200
    assert staff.get("/people/privacy/glass/").status_code == 403
    own = User.objects.get(username="privacy")
    BreakGlass.objects.filter(pk=row.pk).update(user=own.username, verdict="")
    with pytest.raises(Refused):
        consent.review(glass=BreakGlass.objects.get(pk=row.pk), justified=True, note="", by=own, scope=Scope.of(own))


@pytest.fixture
def make_reviewer(city_db, db) -> Callable[[str], Client]:
    """A privacy officer of the city, signed in."""
    from luoshi.platform.access.models import Grant

    def make(name: str) -> Client:
        user = User.objects.create(username=name, full_name="隐私专员")
        city = Grant.objects.get(user__username="leader").division
        Grant.objects.create(user=user, role="privacy-officer", division=city)
        client = Client()
        client.force_login(user)
        return client

    return make


def test_what_a_resident_measures_at_home_reaches_the_team_and_is_no_visit(
    resident: Client, known: Known, clinic: tuple[User, Scope]
):
    address = f"/my/{known.here}/measured/"
    page = resident.get(address)
    form = {"at": f"{clock.now() - timedelta(hours=2):%Y-%m-%dT%H:%M}", "systolic": "148", "diastolic": "92",
            "fasting": "", "token": page.context["token"]}  # fmt: skip
    visits = Resource.objects.filter(type="Encounter", person=known.here).count()
    for _ in range(2):  # sent twice, kept once
        answer = resident.post(address, form, follow=True)
        assert answer.redirect_chain[-1][0] == address
    assert "148/92" in answer.content.decode()
    found = Resource.objects.filter(type="Observation", person=known.here, key__startswith=f"my-{known.here}-")
    assert sorted(row.key.rpartition("-")[2] for row in found) == ["diastolic", "systolic"]
    for row in found:
        body = orjson.loads(row.versions.get(version=1).body)
        assert {c["coding"][0]["code"] for c in body["category"]} == {"vital-signs", "self-measured"}
        assert "encounter" not in body
    assert Resource.objects.filter(type="Encounter", person=known.here).count() == visits
    assert sorted(chronic.home_values(known.here, scope=clinic[1]))[0][1:] == ("diastolic", 92)
    entry = Entry.objects.filter(action="chronic.home", object_id=str(known.here)).first()
    assert entry is not None
    assert entry.by == Account.objects.get(person=known.here).user.username


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"systolic": "", "diastolic": ""}, "至少填写"),
        ({"diastolic": ""}, "同时填写"),
        ({"systolic": "80", "diastolic": "120"}, "低于收缩压"),
        ({"fasting": "abc"}, "不是数字"),
        ({"at": "2031-01-01T08:00"}, "不能晚于现在"),
        ({"at": "yesterday"}, "日期和时间"),
        ({"token": "../../x"}, "失效"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_kept(change, told, resident: Client, known: Known):
    address = f"/my/{known.here}/measured/"
    form = {"at": f"{clock.now():%Y-%m-%dT%H:%M}", "systolic": "148", "diastolic": "92", "token": "0123456789abcdef"}
    answer = resident.post(address, form | change)
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert not Resource.objects.filter(key__startswith=f"my-{known.here}-").exists()
