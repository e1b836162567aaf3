"""The residents' pages: who sees whom, what is noted, what they show and cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from luoshi.kernel.identifiers import mask
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.consent import categories, public
from luoshi.platform.consent.models import BreakGlass, Dispute
from luoshi.platform.regions.models import Division, Institution
from luoshi.platform.store import people, reads
from luoshi.platform.store.models import Person, PersonIdentifier
from luoshi.services.records_desk import pages

from ..conftest import LISTS, USERS, Known

AsUser = Callable[[str], Client]


def addresses(known: Known) -> dict[str, str]:
    return {
        "search": "/people/",
        "found": "/people/?q=王",
        "resident": f"/people/{known.here}/",
        "resource": reverse("records_desk:resource", args=[known.here, *known.resource]),
        "document": f"/people/{known.here}/document/",
    }


# Pages about privacy: who may open them. The privacy officer is made by the test; others get 403.
PRIVACY = {
    "emergency": ("/people/emergency/", {"clinic"}),
    "break-glass": ("/people/{here}/open/", {"clinic"}),
    "counter": ("/people/{here}/counter/", {"clinic"}),
    "disputes": ("/people/privacy/disputes/", {"clinic", "privacy"}),
    "dispute": ("/people/privacy/disputes/{dispute}/", {"clinic", "privacy"}),
    "glass-queue": ("/people/privacy/glass/", {"privacy"}),
    "glass": ("/people/privacy/glass/{glass}/", {"privacy"}),
    "privacy": ("/people/privacy/", {"privacy"}),
}


def test_no_page_is_forgotten():
    shown = {"search", "resident", "resource", "document"}
    assert {p.name for p in pages.urlpatterns} == shown | set(PRIVACY)
    assert all(hasattr(p.callback, "permission") for p in pages.urlpatterns)


@pytest.fixture
def waiting(known: Known) -> dict[str, int]:
    """A look in an emergency and a dispute that wait at the clinic."""
    now = datetime.now(UTC)
    more = {"person": known.here, "institution": known.clinic}
    glass = BreakGlass.objects.create(user="x", kind="other", reason="r", started_at=now, expires_at=now, **more)
    dispute = Dispute.objects.create(text="不对", due=now.date(), made_by="x", **more)
    return {"glass": glass.pk, "dispute": dispute.pk, "here": known.here}


@pytest.mark.parametrize("user", [*USERS, "privacy"])
def test_who_opens_the_pages_about_privacy(user: str, as_user: AsUser, known: Known, waiting: dict[str, int]):
    if user == "privacy":
        officer = User.objects.create(username="privacy")
        city = Grant.objects.get(user__username="leader").division
        Grant.objects.create(user=officer, role="privacy-officer", division=city)
    browser = as_user(user)
    for page, (address, allowed) in PRIVACY.items():
        expected = 200 if user in allowed else 403
        assert browser.get(address.format(**waiting)).status_code == expected, page


def test_what_waits_elsewhere_does_not_exist(as_user: AsUser, known: Known, waiting: dict[str, int]):
    """An officer of another county sees neither the queue nor its rows."""
    officer = User.objects.create(username="elsewhere")
    other = Division.objects.filter(level=3).exclude(code=Person.objects.get(pk=known.here).division[:6]).exclude(
        code=Institution.objects.get(code=known.clinic).division.code[:6]
    )  # fmt: skip
    Grant.objects.create(user=officer, role="privacy-officer", division=other.first())
    browser = as_user("elsewhere")
    for page in ("dispute", "glass"):
        assert browser.get(PRIVACY[page][0].format(**waiting)).status_code == 404
    for page in ("disputes", "glass-queue"):
        assert not browser.get(PRIVACY[page][0]).context["page"].items
    BreakGlass.objects.update(institution="", person=known.there)
    far = as_user("clinic")
    Dispute.objects.update(institution="ELSEWHERE")
    assert far.get(PRIVACY["dispute"][0].format(**waiting)).status_code == 404


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("page", ["search", "found", "resident", "resource", "document"])
def test_who_sees_what(page: str, user: str, as_user: AsUser, known: Known):
    expected = 200 if user in LISTS else 403
    if user == "county" and page in ("resident", "resource", "document"):
        # The clinic of the demonstration stands in the county of the demonstration, where its residents may not live.
        home = Person.objects.get(pk=known.here).division
        expected = 200 if home.startswith(known.county) else 404
    assert as_user(user).get(addresses(known)[page]).status_code == expected


@pytest.mark.parametrize("page", ["search", "found", "resident", "resource"])
def test_a_stranger_signs_in_first(page: str, as_user: AsUser, known: Known):
    answer = as_user("").get(addresses(known)[page])
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("access:sign-in"))


@pytest.mark.parametrize("user", ["county", "clinic"])
def test_a_resident_of_another_county_does_not_exist(user: str, as_user: AsUser, known: Known):
    browser = as_user(user)
    source = reverse("records_desk:resource", args=[known.there, *known.elsewhere])
    before = Entry.objects.count()
    for address in (f"/people/{known.there}/", source):
        assert browser.get(address).status_code == 404
    name = Person.objects.get(pk=known.there).name
    card = people.cards([known.there], scope=Scope.system())[known.there]
    for text in filter(None, (name, card.resident_id, card.record_number)):
        shown = {c.person for c in browser.get("/people/", {"q": text}).context["found"].cards}
        assert known.there not in shown
    assert not Entry.objects.filter(number__gt=before, object_id=str(known.there)).exists()
    assert as_user("leader").get(source).status_code == 200


def test_a_resource_is_not_found_under_another_person(as_user: AsUser, known: Known):
    leader = as_user("leader")
    assert leader.get(reverse("records_desk:resource", args=[known.there, *known.resource])).status_code == 404
    assert leader.get(reverse("records_desk:resource", args=[known.here, "Encounter", "nothing"])).status_code == 404
    assert leader.get(reverse("records_desk:resource", args=[known.here, "Nonsense", "1"])).status_code == 404
    assert leader.get("/people/99999999/").status_code == 404


def test_a_resident_is_found_by_name_and_by_number(as_user: AsUser, known: Known):
    leader = as_user("leader")
    card = people.cards([known.here], scope=Scope.system())[known.here]
    spaced = f" {card.resident_id[:6]} {card.resident_id[6:14]} {card.resident_id[14:].lower()} "
    for text in (card.name, card.name[:2], card.resident_id, card.record_number, spaced):
        if len(text.strip()) < 2:
            continue
        answer = leader.get("/people/", {"q": text})
        assert known.here in {c.person for c in answer.context["found"].cards}, text
        assert card.resident_id not in answer.content.decode().replace(text, "")
    assert leader.get("/people/", {"q": card.name[:1]}).context["found"].total == 0  # one character is too few
    assert "没有查到" in leader.get("/people/", {"q": "没有这个人"}).content.decode()
    assert leader.get("/people/", {"q": "%_"}).context["found"].total == 0  # no wildcards


def test_every_name_is_found_by_its_beginning(city_db, db):
    names = dict(Person.objects.exclude(name="").values_list("pk", "name"))
    beginning = next(iter(names.values()))[:2]
    found, total = people.by_name(beginning, scope=Scope.system(), limit=10_000)
    assert set(found) == {pk for pk, name in names.items() if name.startswith(beginning)}
    assert total == len(found)
    assert people.by_name(beginning, scope=Scope.system(), limit=1)[0] == found[:1]


def test_looks_are_noted_and_shown(as_user: AsUser, known: Known):
    clinic, leader = as_user("clinic"), as_user("leader")
    before = Entry.objects.count()
    clinic.get(f"/people/{known.here}/")
    clinic.get(f"/people/{known.here}/")
    clinic.get(addresses(known)["resource"])
    leader.get("/people/", {"q": Person.objects.get(pk=known.here).name})
    whats = list(
        Entry.objects.filter(number__gt=before, object_id=str(known.here))
        .order_by("number")
        .values_list("detail", flat=True)
    )
    source = "/".join(known.resource)
    assert [w["what"] for w in whats] == ["resident", "resident", source, "search"]
    text = leader.get(f"/people/{known.here}/").content.decode()
    assert "公卫医生 · 居民档案 × 2" in text
    assert "诊疗和随访" in text
    assert f"原始记录 {source}" in text
    assert "查找结果" in text


def test_the_page_of_a_resident(as_user: AsUser, known: Known):
    answer = as_user("leader").get(f"/people/{known.here}/")
    text = answer.content.decode()
    found = answer.context["found"]
    assert found.card.name in text
    assert found.card.resident_id not in text
    assert mask(found.card.resident_id) in text
    assert found.entries
    assert f"/people/{known.here}/resources/" in text
    for entry in found.entries:
        assert reverse("records_desk:resource", args=[known.here, entry.type, entry.id]) in text
    missed = [c for c in found.countings if not c.well]
    assert all(c.reason for c in missed)  # no unexplained miss
    assert answer.context["not_counted"] == len(missed)


def test_the_filter_of_the_timeline(as_user: AsUser, known: Known):
    leader = as_user("leader")
    answer = leader.get(f"/people/{known.here}/?kind=visit")
    assert answer.context["chosen"] == {k: n for k, _, n in answer.context["kinds"]}["visit"]
    assert leader.get(f"/people/{known.here}/?kind=nonsense").context["chosen"] == 0


def test_everyone_on_a_worklist_has_the_same_reason_on_their_page(as_user: AsUser, known: Known):
    """The list of the promise and the page of the person must not disagree, also in the year that has ended."""
    from luoshi.services.plan_desk.models import Target

    leader = as_user("leader")
    for indicator in ("htn-std", "maternal-system"):
        target = Target.objects.get(binding__indicator=indicator)
        rows = leader.get(f"/targets/{target.pk}/missed/").context["page"].items[:3]
        assert rows, indicator
        for item in rows:
            found = leader.get(f"/people/{item.missed.person}/").context["found"]
            told = [c for c in found.countings if c.indicator == indicator and (target.pk in {i for i, _ in c.targets})]
            assert [(c.counted, c.reason) for c in told] == [(False, item.missed.reason)]


def test_the_timeline_by_institution_and_day(as_user: AsUser, known: Known):
    leader = as_user("leader")
    page = f"/people/{known.here}/"
    whole = leader.get(page).context["found"].entries
    institution = next(e.institution for e in whole if e.institution)
    days = sorted(e.day for e in whole if e.day)
    middle = days[len(days) // 2]
    for query, wanted in (
        ({"institution": institution}, [e for e in whole if e.institution == institution]),
        ({"from": middle.isoformat()}, [e for e in whole if e.day and e.day >= middle]),
        (
            {"to": middle.isoformat(), "kind": "visit"},
            [e for e in whole if e.day and e.day <= middle and e.kind == "visit"],
        ),
        ({"from": "nonsense"}, whole),
    ):
        assert leader.get(page, query).context["chosen"] == len(wanted), query


def test_the_front_page_is_a_valid_document(as_user: AsUser, known: Known):
    from luoshi.records.validate import Validator

    answer = as_user("leader").get(addresses(known)["document"])
    assert answer["Content-Type"] == "application/fhir+json"
    made = orjson.loads(answer.content)
    first = made["entry"][0]["resource"]
    assert (made["type"], first["resourceType"]) == ("document", "Composition")
    assert not [i for i in Validator(None).examine(answer.content).issues if i.severity == "error"]
    held = {entry["fullUrl"] for entry in made["entry"]}
    named = {e["reference"] for section in first["section"] for e in section.get("entry", [])}
    assert named
    assert named | {first["subject"]["reference"]} <= held


def test_a_closed_programme_is_hidden_with_its_visits_and_its_indicators(as_user: AsUser, known: Known):
    """Severe mental disorders are closed by default: the institution that manages them sees them, the bureau does not."""
    leader = as_user("leader")
    found = None
    for person in Person.objects.values_list("pk", flat=True):
        stored = reads.resources_of_person(person, scope=Scope.system(), types=["EpisodeOfCare"])
        if any("severe-mental" in s.body for s in stored):
            found = person
            break
    assert found is not None, "the city has nobody with a severe mental disorder"
    page = leader.get(f"/people/{found}/")
    titles = {e.title for e in page.context["found"].entries}
    assert not titles & {"严重精神障碍管理", "严重精神障碍随访", "精神分裂症", "病情稳定程度", "服药情况"}
    assert not {c.indicator for c in page.context["found"].countings if c.indicator.startswith("smd")}
    episode = next(s for s in stored if "severe-mental" in s.body)
    assert leader.get(reverse("records_desk:resource", args=[found, "EpisodeOfCare", episode.id])).status_code == 404
    manager = next(iter(categories.read(episode.resource).institutions))
    doctor = User.objects.create(username="doctor")
    Grant.objects.create(user=doctor, role="institution-clinician", institution=Institution.objects.get(code=manager))
    Person.objects.filter(pk=found).update(institution=manager)
    own = as_user("doctor").get(f"/people/{found}/").context["found"]
    assert "严重精神障碍管理" in {e.title for e in own.entries}
    # the same answer for sets of resources, as the FHIR server asks
    everything = reads.resources_of_person(found, scope=Scope.system())
    for user in ("leader", "doctor"):
        scope = Scope.of(User.objects.get(username=user))
        kept = {(s.type, s.id) for s in public.filter(everything, scope=scope)}
        single = {(s.type, s.id) for s in everything if public.filter([s], scope=scope)}
        assert kept == single  # what a visit belongs to is fetched where it is not given
        assert (("EpisodeOfCare", episode.id) in kept) == (user == "doctor")
    assert public.filter(everything, scope=Scope.system()) == everything
    # and for lists: who is in the programme is told to those who manage them
    members = [(found, manager)]
    told = {
        u: public.tellable("smd", members, scope=Scope.of(User.objects.get(username=u))) for u in ("leader", "doctor")
    }
    assert told == {"leader": frozenset(), "doctor": {found}}
    assert public.tellable("hypertension", members, scope=Scope.of(User.objects.get(username="leader"))) == {found}
    assert public.tellable("resident", members, scope=Scope.of(User.objects.get(username="leader"))) == {found}


def test_the_source_resource(as_user: AsUser, known: Known):
    answer = as_user("leader").get(addresses(known)["resource"])
    text = answer.content.decode()
    assert "&quot;resourceType&quot;: &quot;Encounter&quot;" in text
    assert answer.context["versions"]
    assert as_user("leader").get(addresses(known)["resource"] + "?version=99").status_code == 200


def test_a_second_factor_is_asked_for_first(as_user: AsUser, known: Known, settings):
    settings.LUOSHI_TWO_FACTOR = True
    for page, address in addresses(known).items():
        answer = as_user("leader").get(address)
        assert answer.status_code == 302, page
        assert answer["Location"].startswith(reverse("access:second-factor"))
    assert as_user("leader").get(f"/targets/{known.target}/missed/").status_code == 302


@pytest.mark.parametrize(
    ("page", "most"), [("search", 4), ("found", 12), ("resident", 30), ("resource", 25), ("document", 30)]
)
def test_what_a_page_costs(page: str, most: int, as_user: AsUser, known: Known):
    leader = as_user("leader")
    leader.get(addresses(known)[page])
    with CaptureQueriesContext(connection) as queries:
        assert leader.get(addresses(known)[page]).status_code == 200
    assert len(queries) <= most, "\n".join(q["sql"][:160] for q in queries)


def test_the_number_of_queries_does_not_grow_with_the_records(as_user: AsUser, known: Known):
    leader = as_user("leader")
    counts = set()
    for person in PersonIdentifier.objects.values_list("person", flat=True).distinct()[:12]:
        with CaptureQueriesContext(connection) as queries:
            leader.get(f"/people/{person}/")
        counts.add(len(queries))
    assert max(counts) - min(counts) <= 3


def test_english(as_user: AsUser, known: Known):
    leader = as_user("leader")
    leader.cookies["luoshi_lang"] = "en"
    text = leader.get(f"/people/{known.here}/").content.decode()
    for words in ("What is due", "Who this is", "What happened", "Who looked at this record", "ID number"):
        assert words in text
    assert User.objects.get(username="leader").get_full_name() in text
