"""The register against the truth of the synthetic region, the list of today, the form, and who may see what."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.lake import results
from luoshi.platform.regions.models import Institution
from luoshi.platform.store.models import Resource
from luoshi.services.chronic import actions, discovery, enrolling, members, pages, panel, queries, rules, words
from luoshi.services.chronic.members import Member
from luoshi.services.chronic.models import Enrolment, Visit
from luoshi.services.visits import public as visits

AsUser = Callable[[str], Client]
Scopes = Callable[[str], Scope]


def test_every_number_is_the_indicators(scope: Scopes) -> None:
    """Managed and managed to norm, of every division and institution, are what the indicators (and so the truth of the
    synthetic region) say on the day the records end."""
    everywhere = Scope.system()
    until = results.data_until()
    assert until is not None
    found = members.members(panel.read(everywhere, on=until))
    for programme, indicator in (("hypertension", "htn-std"), ("diabetes", "dm-std"), ("copd", "copd-service")):
        period = results.current_period(indicator)
        mine = [(m.person.division, d) for m in found for d in m.diseases if d.programme == programme and d.counts]
        whole = results.value(indicator, period, scope=everywhere)
        assert (sum(d.measure.met for _, d in mine), len(mine)) == (whole.numerator, whole.denominator)
        for child in results.children(indicator, period, scope=everywhere, division=everywhere.root_division()):
            inside = [d for division, d in mine if division.startswith(child.division or "-")]
            if child.denominator:
                assert (sum(d.measure.met for d in inside), len(inside)) == (child.numerator, child.denominator)
        for place in results.institutions(indicator, period, scope=everywhere, division=everywhere.root_division()):
            if Institution.objects.filter(parent__code=place.institution).exists():
                continue  # those above others hold theirs too
            inside = [d for _, d in mine if d.managed.institution == place.institution]
            assert (sum(d.measure.met for d in inside), len(inside)) == (place.numerator, place.denominator)


def test_every_reason_is_the_indicators(scope: Scopes) -> None:
    until = results.data_until()
    found = members.members(panel.read(Scope.system(), on=until))
    missed, total = results.missed("htn-std", results.current_period("htn-std"), scope=Scope.system(), limit=500)
    reasons = {row.person: row.reason.replace(",", "，") for row in missed}
    mine = {
        m.person.number: members.why_not(d)
        for m in found
        for d in m.diseases
        if d.programme == "hypertension" and d.counts and not d.measure.met
    }
    assert mine == reasons
    assert len(mine) == total > 5


def test_lost_stay_in(scope: Scopes) -> None:
    found = members.members(panel.read(Scope.system()))
    lost = [d for m in found for d in m.diseases if d.managed.state == "lost"]
    assert lost
    assert all(d.counts for d in lost)


def test_the_list_of_today(
    as_user: AsUser, patients: list[Member], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    due = [m for m in patients if m.due]
    assert due
    assert [m.points for m in due] == sorted((m.points for m in due), reverse=True)
    client = as_user("clinic")
    client.get(reverse("chronic:today"))  # what is kept for a while is kept
    with django_assert_max_num_queries(24):
        page = client.get(reverse("chronic:today")).content.decode()
    assert reverse("chronic:visit", args=[due[0].person.number]) in page
    assert Entry.objects.filter(
        action="look", object_id=str(due[0].person.number), detail__what="chronic-list"
    ).exists()


def test_dangerous_findings_come_first(patients: list[Member]) -> None:
    rank = [
        max((d.standing.judged.risk for d in m.diseases if d.standing.judged), default=0) for m in patients if m.due
    ]
    assert rank[0] == max(rank)


URLS = {
    # name: (arguments, who may: leader county clinic; else 403; strangers are sent to sign in)
    "overview": ((), {"leader", "county", "clinic"}),
    "register": ((), {"leader", "county", "clinic"}),
    "rules": ((), {"leader", "county", "clinic"}),
    "candidates": ((), {"leader", "county", "clinic"}),
    "today": ((), {"clinic"}),
    "packs": ((), {"clinic"}),
    "conflicts": ((), {"county", "clinic"}),
}  # fmt: skip


@pytest.mark.parametrize("name", URLS)
def test_who_may(as_user: AsUser, name: str) -> None:
    address, may = reverse(f"chronic:{name}"), URLS[name][1]
    for username in ("leader", "county", "clinic", "plan-officer", "steward", "security", "auditor"):
        assert as_user(username).get(address).status_code == (200 if username in may else 403), username
    assert as_user("").get(address).status_code == 302


def test_who_may_write(as_user: AsUser, patients: list[Member]) -> None:
    number = patients[0].person.number
    writes = {
        ("visit", (number,)): {"clinic"}, ("card", (number,)): {"clinic"}, ("home", (number,)): {"clinic"},
        ("move", (number, "hypertension")): {"clinic"}, ("transfer", (number, "hypertension")): {"county", "clinic"},
        ("decide-candidate", (number, "stroke")): {"county", "clinic"}, ("take-pack", ()): {"clinic"},
        ("upload-pack", ()): {"clinic"}, ("end-pack", (999_999,)): {"county", "clinic"},
        ("decide-conflict", (999_999,)): {"county", "clinic"},
    }  # fmt: skip
    for (name, arguments), may in writes.items():
        address = reverse(f"chronic:{name}", args=arguments)
        for username in ("leader", "county", "clinic", "plan-officer", "steward", "security", "auditor"):
            status = as_user(username).post(address).status_code
            assert (status != 403) == (username in may), (name, username, status)
        assert as_user("").post(address).status_code == 302
    reads = {"overview": {"leader", "county", "clinic"}, "today": {"clinic"}, "candidates": {"leader", "county", "clinic"},
             f"people/{number}": {"leader", "county", "clinic"}}  # fmt: skip
    for name, may in reads.items():
        for username in ("leader", "county", "clinic", "plan-officer", "steward", "auditor"):
            assert as_user(username).get(f"/api/chronic/{name}").status_code == (200 if username in may else 403), name
        assert as_user("").get(f"/api/chronic/{name}").status_code == 401


def test_rest_saves_a_visit_once(as_user: AsUser, patients: list[Member]) -> None:
    number, client = _due(patients).person.number, as_user("clinic")
    body = {"token": "api-visit-01", "programmes": ["hypertension"], "day": "2025-11-03", "mode": "face",
            "values": {"systolic": 132, "diastolic": 80}}  # fmt: skip
    address = f"/api/chronic/people/{number}/visits"
    first = client.post(address, body, content_type="application/json").json()
    assert first["changed"]
    assert first["member"]["diseases"][0]["why_not"] == ""
    assert first["member"]["diseases"][0]["do"] == "continue"
    again = client.post(address, body, content_type="application/json").json()
    assert (again["changed"], again["encounters"]) == (False, first["encounters"])
    wrong = client.post(
        address, {**body, "token": "api-visit-02", "programmes": ["copd"]}, content_type="application/json"
    )
    assert wrong.status_code == 409
    far = client.post(address, {**body, "token": "api-visit-03", "values": {"systolic": 999, "diastolic": 80}},
                      content_type="application/json")  # fmt: skip
    assert far.status_code == 409
    measured = {"at": "2025-11-03T08:00:00+08:00", "values": {"fasting": 6.2}}
    home = client.post(f"/api/chronic/people/{number}/home", measured, content_type="application/json")
    assert len(home.json()["observations"]) == 1


def test_every_page_has_a_guard() -> None:
    for pattern in pages.urlpatterns:
        assert hasattr(pattern.callback, "permission"), pattern.name
        assert hasattr(pattern.callback, "person_factor") or pattern.name == "rules", pattern.name


def test_other_places_answer_404(as_user: AsUser, known: Any, patients: list[Member]) -> None:
    mine = {m.person.number for m in patients}
    foreign = next(m for m in members.members(panel.read(Scope.system())) if m.person.number not in mine)
    number = foreign.person.number
    client = as_user("clinic")
    for name in ("person", "visit"):
        assert client.get(reverse(f"chronic:{name}", args=[number])).status_code == 404, name
    for name in ("visit", "card", "home"):
        assert client.post(reverse(f"chronic:{name}", args=[number]), {"token": "x" * 9}).status_code == 404, name
    for name in ("move", "transfer"):
        address = reverse(f"chronic:{name}", args=[number, "hypertension"])
        assert client.post(address, {"move": "lose", "reason": "other", "institution": known.clinic}).status_code == 404
    assert client.get(reverse("chronic:decide-candidate", args=[number, "stroke"])).status_code == 404
    assert client.get(reverse("chronic:register"), {"division": known.other_county}).status_code == 404
    assert client.get(reverse("chronic:overview"), {"institution": "no-such"}).status_code == 404
    assert client.get(f"/api/chronic/people/{number}").status_code == 404
    assert not Visit.objects.filter(person=number).exists()


def _due(patients: list[Member]) -> Member:
    """Somebody with hypertension and without diabetes, short of one visit, whose check-up is done."""
    visited = set(Visit.objects.values_list("person", flat=True))
    return next(
        m
        for m in patients
        if "hypertension" in m.programmes
        and "diabetes" not in m.programmes
        and m.person.number not in visited
        and m.diseases[0].measure.visits_due - m.diseases[0].measure.visits == 1
        and m.diseases[0].measure.checkups >= m.diseases[0].measure.checkups_due
    )


def test_a_visit_from_form_to_lake(as_user: AsUser, scope: Scopes, patients: list[Member]) -> None:
    """Saved by the form it is FHIR, it counts at once, and it asks for what the norm asks."""
    member = _due(patients)
    number = member.person.number
    client = as_user("clinic")
    form = client.get(reverse("chronic:visit", args=[number]))
    assert form.status_code == 200
    token = form.context["token"]
    given = {"token": token, "programme": ["hypertension"], "day": "2025-11-03", "mode": "face", "systolic": "168",
             "diastolic": "96", "adherence": "intermittent", "advice": "限盐"}  # fmt: skip
    answer = client.post(reverse("chronic:visit", args=[number]), given, follow=True)
    text = answer.content.decode()
    assert "本年已达到规范" in text
    assert "血压未达标" in text
    after = queries.seen(number, scope=scope("clinic")).member
    assert after is not None
    disease = after.diseases[0]
    assert disease.measure.visits == member.diseases[0].measure.visits + 1
    assert members.why_not(disease) == ""
    assert disease.standing.judged is not None
    assert disease.standing.judged.do in ("adjust", "refer")
    assert disease.standing.next is not None
    assert disease.standing.next.kind == "recheck"
    assert disease.standing.next.closes == date(2025, 11, 17)
    encounter = Resource.objects.get(type="Encounter", key=f"{token}-hypertension")
    assert encounter.person == number
    pressure = Resource.objects.get(type="Observation", key=f"{token}-bp")
    body = json.loads(pressure.versions.get(version=1).body)
    assert body["encounter"] == {"reference": f"Encounter/{token}-hypertension"}
    assert [c["valueQuantity"]["value"] for c in body["component"]] == [168, 96]
    assert Entry.objects.filter(action="chronic.visit", object_id=str(number)).count() == 1
    # Sent again it is one visit; with other content it is refused.
    client.post(reverse("chronic:visit", args=[number]), given)
    assert Visit.objects.filter(person=number).count() == 1
    other = client.post(reverse("chronic:visit", args=[number]), {**given, "systolic": "150"})
    assert other.status_code == 400
    assert "已经保存过" in other.content.decode()


WRONG = [
    ({"systolic": "168"}, "同时填写"), ({"systolic": "900", "diastolic": "80"}, "应在 60 到 280"),
    ({"systolic": "80", "diastolic": "90"}, "舒张压应低于"), ({"systolic": "1x0", "diastolic": "90"}, "不是数字"),
    ({"day": "2025-11-04"}, "不能晚于今天"), ({"day": "2025-09-01"}, "最近31天"), ({"day": "x"}, "日期无效"),
    ({"programme": []}, "选择这次随访的病种"), ({"mode": "pigeon"}, "选择随访方式"), ({"reserved": "2025-11-01"}, "预约日期"),
    ({"token": "短"}, "随访编号无效"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "told"), WRONG, ids=[told for _, told in WRONG])
def test_what_is_impossible_is_told(as_user: AsUser, patients: list[Member], change: dict[str, Any], told: str) -> None:
    number = _due(patients).person.number
    given = {"token": "v0123456789", "programme": ["hypertension"], "day": "2025-11-03", "mode": "face", **change}
    answer = as_user("clinic").post(reverse("chronic:visit", args=[number]), given)
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert not Visit.objects.filter(token="v0123456789").exists()


def test_a_call_is_no_visit(scope: Scopes, patients: list[Member]) -> None:
    member = _due(patients)
    actions.save_visit(person=member.person.number, token="v-call-0001", programmes=["hypertension"], day=clock.today(),
                       mode="phone", values={}, by="test", scope=scope("clinic"))  # fmt: skip
    after = queries.seen(member.person.number, scope=scope("clinic")).member
    assert after is not None
    assert after.diseases[0].measure.visits == member.diseases[0].measure.visits


def test_measured_at_home_is_no_visit(scope: Scopes, patients: list[Member]) -> None:
    member = _due(patients)
    number, at = member.person.number, clock.now() - timedelta(hours=1)
    ids = actions.measured_at_home(person=number, at=at, values={"systolic": 151, "diastolic": 91}, by="test",
                                   scope=scope("clinic"), token="home-1")  # fmt: skip
    assert len(ids) == 2
    again = actions.measured_at_home(person=number, at=at, values={"systolic": 151, "diastolic": 91}, by="test",
                                     scope=scope("clinic"), token="home-1")  # fmt: skip
    assert again == ids
    seen = queries.seen(number, scope=scope("clinic"))
    assert sorted((name, value) for _, name, value in seen.home) == [("diastolic", 91), ("systolic", 151)]
    assert seen.member is not None
    assert seen.member.diseases[0].measure == member.diseases[0].measure
    assert seen.member.diseases[0].standing == queries.seen(number, scope=scope("clinic")).member.diseases[0].standing  # type: ignore[union-attr]
    body = json.loads(Resource.objects.get(type="Observation", public_id=ids[0]).versions.get(version=1).body)
    assert "self-measured" in json.dumps(body["category"])
    assert "encounter" not in body
    with pytest.raises(InvalidValue):
        actions.measured_at_home(person=number, at=at, values={"weight": 60}, by="test", scope=scope("clinic"))


def test_found_confirmed_managed_ended(as_user: AsUser, scope: Scopes) -> None:
    """From the evidence to the register and out of it again, each step audited and told to the store."""
    found = [c for c in discovery.candidates(scope("clinic")) if c.kind == "diagnosed"]
    assert found
    one = found[0]
    client, address = as_user("clinic"), reverse("chronic:decide-candidate", args=[one.person, one.programme])
    assert "诊断" in client.get(address).content.decode()
    client.post(address)
    client.post(address, {"move": "confirm"})
    row = Enrolment.objects.get(person=one.person, programme=one.programme)
    assert row.state == "found"  # a diagnosis needs its basis
    client.post(address, {"move": "confirm", "basis": "县医院住院病历"})
    client.post(address, {"move": "enrol", "since": "2025-10-20"})
    row.refresh_from_db()
    assert (row.state, row.since) == ("managed", date(2025, 10, 20))
    assert not [
        c for c in discovery.candidates(scope("clinic")) if (c.person, c.programme) == (one.person, one.programme)
    ]
    member = queries.seen(one.person, scope=scope("clinic")).member
    assert member is not None
    assert one.programme in member.programmes
    episode = Resource.objects.get(type="EpisodeOfCare", public_id=row.episode)
    assert json.loads(episode.versions.get(version=1).body)["status"] == "active"
    move = reverse("chronic:move", args=[one.person, one.programme])
    client.post(move, {"move": "lose", "reason": "unreachable"})
    row.refresh_from_db()
    assert row.state == "lost"
    client.post(move, {"move": "end", "reason": "died"})
    row.refresh_from_db()
    assert (row.state, row.reason, row.ended) == ("ended", "died", date(2025, 11, 3))
    assert json.loads(Resource.objects.get(pk=episode.pk).versions.get(version=3).body)["status"] == "finished"
    assert one.programme not in (getattr(queries.seen(one.person, scope=scope("clinic")).member, "programmes", ()))
    with pytest.raises(Refused):
        enrolling.move(row, "return", by="test", scope=scope("clinic"))


def test_candidates_are_right(scope: Scopes) -> None:
    """No one managed is a candidate; the evidence of each is what its rule asks."""
    found = discovery.candidates(Scope.system())
    managed = {(m.person, m.programme) for m in panel.read(Scope.system()).managed}
    assert found
    assert not managed & {(c.person, c.programme) for c in found}
    assert len({(c.person, c.programme) for c in found}) == len(found)
    for one in found:
        if one.kind == "diagnosed":
            assert all(e.code[:3] in rules.diseases().diseases[one.programme].conditions for e in one.evidence)
        if one.kind == "raised":
            assert one.days >= rules.discovery().raised[one.programme].times
    own = discovery.candidates(scope("clinic"))
    assert {c.person for c in own} < {c.person for c in found}


def test_a_large_place_is_cut(as_user: AsUser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a list would be too long the numbers come from the indicators, and one chooses a smaller place."""
    exact = members.tallies(members.members(panel.read(Scope.system(), on=results.data_until())))
    monkeypatch.setattr(queries, "MOST", 10)
    large = as_user("leader").get("/api/chronic/overview").json()
    known = {row["programme"]: row for row in large}
    for row in exact:
        if rules.diseases().diseases[row.programme].indicator:
            assert (known[row.programme]["managed"], known[row.programme]["met"]) == (row.managed, row.met)
        assert known[row.programme]["due"] is None
    page = as_user("leader").get(reverse("chronic:register")).content.decode()
    assert "请先选择下级区划" in page
    assert as_user("leader").get(reverse("chronic:overview")).status_code == 200


def test_rules_and_evidence_are_told_in_words() -> None:
    """A doctor reads no variable names."""
    assert (
        words.condition("systolic >= 180 or diastolic >= 110 or danger_sign")
        == "收缩压 ≥ 180 或 舒张压 ≥ 110 或 有危险症状"
    )
    assert words.condition("systolic >= systolic_goal") == "收缩压 ≥ 收缩压目标"
    assert words.condition("spo2 >= 93 or not danger_sign") == "血氧饱和度 ≥ 93 或 没有危险症状"
    assert words.measured("fasting", 8.8) == "空腹血糖 8.8 mmol/L"
    for name in rules.diseases().diseases:
        for result in visits.programme(name).versions[-1].results:
            assert not re.search("[a-z_]{3,}", words.condition(result.when)), result.when


def test_the_rules_page_announces_what_comes(as_user: AsUser) -> None:
    page = as_user("clinic").get("/chronic/rules/").content.decode()
    assert "2026-03-01 起改按 WS/T 872—2025" in page
    assert "systolic" not in page
