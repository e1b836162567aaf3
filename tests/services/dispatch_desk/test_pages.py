"""Every page and endpoint of the dispatch desk: who may, what is foreign, whose look is noted, what it costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.regions.models import Division
from luoshi.services.dispatch_desk import pages
from luoshi.supervision.alerts.models import Message
from luoshi.supervision.dispatching import actions, queries, rules, settling
from luoshi.supervision.dispatching.models import Dispatch, Item

from ..conftest import USERS, Known

AsUser = Callable[[str], Client]
READ = ("leader", "plan-officer", "county", "clinic")
SEND, ACT = ("leader", "county"), ("county", "clinic")
TABLE = {
    "dispatches": ("get", "/dispatches/", READ),
    "dispatches as Excel": ("get", "/dispatches/?format=xlsx", READ),
    "dispatch": ("get", "/dispatches/{n}/", READ),
    "dispatch as Word": ("get", "/dispatches/{n}/?format=docx", READ),
    "items": ("get", "/dispatches/{n}/items/", ("leader", "county", "clinic")),
    "items as Excel": ("get", "/dispatches/{n}/items/?format=xlsx", ("leader", "county", "clinic")),
    "new": ("get", "/dispatches/new/", SEND),
    "mine": ("get", "/dispatches/mine/", ACT),
    "mine as Excel": ("get", "/dispatches/mine/?format=xlsx", ACT),
    "act": ("post", "/dispatches/act/", ACT),
    "undo": ("post", "/dispatches/undo/", ACT),
    "object": ("post", "/dispatches/object/", ACT),
    "answer": ("post", "/dispatches/answer/", SEND),
    "change": ("post", "/dispatches/{n}/change/", SEND),
    "api dispatches": ("get", "/api/dispatches/", READ),
    "api one": ("get", "/api/dispatches/{n}", READ),
    "api worklist": ("get", "/api/dispatches/worklist", ACT),
}


@pytest.fixture
def sent(known: Known) -> Dispatch:
    """The gap of hypertension of the whole city, sent by the leader."""
    leader = User.objects.get(username="leader")
    scope = Scope.of(leader)
    return actions.send(
        target=known.target, division=scope.root_division(), due=date(2025, 11, 17), by=leader, scope=scope
    )


def call(client: Client, name: str, sent: Dispatch):
    method, address, _who = TABLE[name]
    data = {"what": "extend"} if name == "change" else {}
    return getattr(client, method)(address.format(n=sent.pk), data)


def test_no_page_is_forgotten():
    assert {p.name for p in pages.urlpatterns} <= {name.partition(" as ")[0] for name in TABLE}
    assert all(hasattr(p.callback, "permission") for p in pages.urlpatterns)
    persons = {"new", "mine", "items", "act", "undo", "object", "answer", "change"}
    assert {p.name for p in pages.urlpatterns if hasattr(p.callback, "person_factor")} == persons


def test_who_may(as_user: AsUser, sent: Dispatch):
    for name in TABLE:
        for user in USERS:
            status = call(as_user(user), name, sent).status_code
            assert (status in (200, 302)) == (user in TABLE[name][2]), (name, user, status)
            assert status in (200, 302, 403), (name, user, status)
        assert call(as_user(""), name, sent).status_code in (302, 401), name


def test_what_was_not_sent_here_does_not_exist(as_user: AsUser, known: Known, sent: Dispatch):
    other = Division.objects.get(code=known.other_county)
    Dispatch.objects.filter(pk=sent.pk).update(division=other.code, path=other.path)
    sent.items.update(division=other.code, home=other.path, institution="elsewhere")
    for user in ("county", "clinic"):
        for name in ("dispatch", "dispatch as Word", "items", "api one"):
            assert call(as_user(user), name, sent).status_code == 404, (user, name)
        assert f"/dispatches/{sent.pk}/" not in as_user(user).get("/dispatches/").content.decode()
        assert as_user(user).get(f"/dispatches/mine/?dispatch={sent.pk}").status_code == 404
        item = sent.items.first()
        assert as_user(user).post("/dispatches/act/", {"item": item.pk, "day": "2025-11-02"}).status_code == 404
    assert as_user("county").get(f"/dispatches/new/?division={other.code}").status_code == 404
    assert not sent.items.exclude(state="sent").exists()


def test_each_sees_the_items_that_are_theirs(as_user: AsUser, known: Known, sent: Dispatch):
    clinic, county = (Scope.of(User.objects.get(username=name)) for name in ("clinic", "county"))
    own = {i.pk for i in sent.items.all() if i.institution in clinic.institution_codes}
    assert own
    assert {i.pk for i in queries.items(scope=clinic).filter(dispatch=sent)} == own
    assert all(i.division.startswith(known.county) for i in queries.items(scope=county).filter(dispatch=sent))
    page = as_user("clinic").get(f"/dispatches/{sent.pk}/")
    assert page.context["done"].sent == len(own)
    assert page.context["closed"] is None  # the whole is for those who look after the whole
    assert page.context["done"].sent < as_user("leader").get(f"/dispatches/{sent.pk}/").context["done"].sent


def test_every_look_is_noted(as_user: AsUser, sent: Dispatch):
    before = Entry.objects.count()
    as_user("leader").get(f"/dispatches/{sent.pk}/")
    assert Entry.objects.count() == before  # nobody on it
    for address, what in (("/dispatches/mine/", "list dispatch"), ("/dispatches/mine/?format=xlsx", "export dispatch")):
        before = Entry.objects.order_by("-number").first().number
        as_user("clinic").get(address)
        rows = Entry.objects.filter(number__gt=before, action="look")
        scope = Scope.of(User.objects.get(username="clinic"))
        persons = set(queries.open_items(scope=scope).values_list("person", flat=True)) - {None}
        assert {int(row.object_id) for row in rows} == persons
        assert all(row.detail["what"].startswith(what) for row in rows)


def test_messages_name_nobody(as_user: AsUser, sent: Dispatch):
    from luoshi.platform.store.models import Person

    names = set(Person.objects.filter(pk__in=sent.items.values("person")).values_list("name", flat=True)) - {""}
    assert names
    for message in Message.objects.filter(object_type="dispatch", object_id=str(sent.pk)):
        assert not any(name in "".join(message.texts) for name in names)


def test_sent_once_ticked_objected_answered(as_user: AsUser, known: Known, sent: Dispatch):
    leader, clinic = as_user("leader"), as_user("clinic")
    address = f"/dispatches/new/?target={known.target}&division={sent.division}"
    assert leader.get(address).context["found"].candidates == ()  # all are in the open dispatch
    items = list(queries.open_items(scope=Scope.of(User.objects.get(username="clinic")), number=sent.pk))
    ticked, objected = items[0], items[1]
    clinic.post("/dispatches/act/", {"item": [ticked.pk], "day": "2025-11-02", "said": "已入户"})
    clinic.post("/dispatches/act/", {"item": [ticked.pk, objected.pk], "day": "2025-11-02"})  # all or none
    assert set(Item.objects.filter(dispatch=sent, state="acted").values_list("pk", flat=True)) == {ticked.pk}
    clinic.post("/dispatches/act/", {"item": [objected.pk], "day": "2025-11-04"})  # tomorrow
    clinic.post("/dispatches/object/", {"item": [objected.pk], "said": "已迁出"})
    assert Message.objects.filter(user__username="leader", kind="dispatch-objected", object_id=str(sent.pk)).exists()
    assert as_user("county").post("/dispatches/answer/", {"item": [objected.pk], "answer": "agree", "reason": "属实"})
    assert Item.objects.get(pk=objected.pk).state == "objected"  # sent from above: not the county's to answer
    leader.post("/dispatches/answer/", {"item": [objected.pk], "answer": "agree", "reason": "属实"})
    assert Item.objects.get(pk=objected.pk).state == "excused"
    done = leader.get(f"/dispatches/{sent.pk}/").context["done"]
    assert (done.counted, done.ticked, done.excused) == (0, 1, 1)


def test_a_tick_the_data_do_not_show_falls_and_a_settled_item_does_not(as_user: AsUser, sent: Dispatch):
    items = list(sent.items.all()[:3])
    Item.objects.filter(pk__in=[i.pk for i in items]).update(state="acted", acted_by="x", acted_on=date(2025, 10, 20))
    Item.objects.filter(pk=items[2].pk).update(acted_on=date(2025, 10, 30))  # too fresh to tell
    Dispatch.objects.filter(pk=sent.pk).update(edition="")
    assert settling.settle(sent.pk).lapsed == 2
    assert settling.settle(sent.pk).dispatches == 0
    states = [Item.objects.get(pk=i.pk).state for i in items]
    assert states == ["sent", "sent", "acted"]
    Item.objects.filter(dispatch=sent, subject=items[0].subject).update(subject="nobody-any-more")
    Dispatch.objects.filter(pk=sent.pk).update(edition="")
    assert settling.settle(sent.pk).left == 1


def test_only_who_sent_ends_it_and_once(as_user: AsUser, sent: Dispatch):
    for user, state in (("county", "open"), ("leader", "withdrawn")):
        as_user(user).post(f"/dispatches/{sent.pk}/change/", {"what": "withdraw", "reason": "重复派单"})
        assert Dispatch.objects.get(pk=sent.pk).state == state
    as_user("leader").post(f"/dispatches/{sent.pk}/change/", {"what": "close", "reason": "再办结一次"})
    assert Dispatch.objects.get(pk=sent.pk).state == "withdrawn"
    assert (
        Entry.objects.filter(object_type="dispatch", object_id=str(sent.pk), action__startswith="dispatch.").count()
        == 2
    )


def test_effect_of_a_dispatch():
    assert rules.effect(20, 40, counted=2, left=0, unit="percent") == pytest.approx(5)
    assert rules.effect(20, 40, counted=0, left=10, unit="percent") == pytest.approx(50 - 40)
    assert rules.effect(3, 40, counted=2, left=0, unit="percent", lists_counted=True) == pytest.approx(-5)
    assert rules.effect(3, 0, counted=2, left=0, unit="percent") is None
    assert rules.effect(3, 40, counted=2, left=0, unit="minutes") is None


def test_the_demonstration_is_partly_closed_by_data(city_db, db):
    found = Dispatch.objects.order_by("pk").first()
    done = queries.progress([found.pk], scope=Scope.system())[found.pk]
    assert 0 < done.settled < done.sent
    assert queries.effect(found, done) > 0


@pytest.mark.parametrize(("name", "most"), [("dispatches", 9), ("dispatch", 14), ("items", 23), ("new", 20)])
def test_what_a_page_costs(name: str, most: int, as_user: AsUser, sent: Dispatch):
    leader = as_user("leader")
    call(leader, name, sent)
    with CaptureQueriesContext(connection) as found:
        assert call(leader, name, sent).status_code == 200
    assert len(found) <= most, "\n".join(q["sql"][:160] for q in found)


def test_what_a_worklist_costs(as_user: AsUser, sent: Dispatch):
    clinic = as_user("clinic")
    clinic.get("/dispatches/mine/")
    with CaptureQueriesContext(connection) as found:
        assert clinic.get("/dispatches/mine/").status_code == 200
    # two indicators on the list: each one more is three reads of consent and a look that names it
    assert len(found) <= 31, "\n".join(q["sql"][:160] for q in found)
