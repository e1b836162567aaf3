"""The desk in the demonstration's city: who may see what, the whole life of a contract, imports, signs, programs."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from luoshi.engines import LakeDirectory, engine
from luoshi.indicators import Catalogue
from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.kernel.period import Period
from luoshi.platform.access.models import Grant, User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.lake.build import update
from luoshi.platform.lake.source import StoreSource
from luoshi.platform.moving import advance
from luoshi.platform.store import people, reads
from luoshi.platform.store.models import Person
from luoshi.services.contracts import actions, demonstration, importing, lists, looking, pages, public, queries, rules
from luoshi.services.contracts import worklist as to_sign
from luoshi.services.contracts.actions import Party, Terms
from luoshi.services.contracts.models import Contract, Member, Note, OwnPackage, Sign, Team
from luoshi.services.plan_desk import public as plan_desk

from ..conftest import USERS

AsUser = Callable[[str], Client]
TODAY = date(2025, 11, 3)


@dataclass
class Desk:
    """The clinic of the demonstration with a few of its residents who are under no contract."""

    user: User
    scope: Scope
    institution: str
    free: list[int]

    def terms(self, **more: Any) -> Terms:
        return Terms(**{"institution": self.institution, "package": "base", "months": 12, "start": TODAY} | more)

    def sign(self, person: int, **more: Any) -> Contract:
        return actions.sign(parties=[Party(person)], terms=self.terms(**more), by=self.user, scope=self.scope)[0]


@pytest.fixture
def desk(city_db: Any, db: None) -> Desk:
    """The desk before anything was signed here."""
    Contract.objects.update(predecessor=None)
    for model in (Contract, Note, Sign, Member, OwnPackage, Team):
        model.objects.all().delete()  # type: ignore[attr-defined]
    grant = Grant.objects.select_related("institution").get(user__username="clinic")
    assert grant.institution is not None
    scope = Scope.of(grant.user)
    found = to_sign.worklist(grant.institution.code, scope=scope, limit=30)
    persons = [c.resident.person for c in found.rows if c.resident.institution == grant.institution.code]
    return Desk(grant.user, scope, grant.institution.code, persons)


@pytest.fixture
def elsewhere(desk: Desk) -> int:
    """A resident of another county."""
    county = Grant.objects.get(user__username="county").division
    assert county is not None
    return Person.objects.exclude(division__startswith=county.code).values_list("pk", flat=True)[0]


# Who may see what -------------------------------------------------------------------------------------------------------

READ, SIGN, MANAGE, RATES, REVIEW = (
    {"leader", "county", "clinic"}, {"county", "clinic"}, {"clinic"}, {"leader", "county", "clinic", "plan-officer"},
    {"leader", "county"},
)  # fmt: skip


def test_every_page_has_a_guard():
    for page in pages.urlpatterns:
        assert hasattr(page.callback, "permission"), page
        shows_people = page.callback.permission in ("contract.read", "contract.sign", "contract.review")
        assert hasattr(page.callback, "person_factor") == shows_people, page


@pytest.mark.parametrize("user", USERS)
def test_who_sees_what(user: str, as_user: AsUser, desk: Desk, elsewhere: int):
    browser, person = as_user(user), desk.free[0]
    contract = desk.sign(desk.free[1])
    sign = Sign.objects.create(kind="night", institution=desk.institution, unit="year", observed=3, found=TODAY,
                               detail={"from": 22, "to": 6}, persons=[person])  # fmt: skip
    for address, allowed in (
        ("/contracts/", READ), ("/contracts/to-sign/", READ), (f"/contracts/residents/{person}/", READ),
        (f"/contracts/residents/{person}/sign/", SIGN), ("/contracts/teams/", MANAGE), ("/contracts/import/", SIGN),
        ("/contracts/rates/", RATES), ("/contracts/settlement/", RATES), ("/contracts/signs/", REVIEW),
        (f"/contracts/signs/{sign.pk}/", REVIEW), ("/contracts/?format=xlsx", READ), ("/contracts/to-sign/?format=xlsx", READ),
        ("/contracts/rates/?format=docx", RATES), ("/contracts/settlement/?format=xlsx", RATES),
        (f"/api/contracts/worklist?institution={desk.institution}", READ), (f"/api/contracts/residents/{person}", READ),
        (f"/api/contracts/list?institution={desk.institution}", READ),
        (f"/api/contracts/rates?institution={desk.institution}", RATES),
    ):  # fmt: skip
        assert browser.get(address).status_code == (200 if user in allowed else 403), address
    for address, allowed in (
        (f"/contracts/{contract.pk}/renew/", SIGN), (f"/contracts/{contract.pk}/end/", SIGN),
        (f"/contracts/{contract.pk}/transfer/", SIGN), (f"/contracts/residents/{person}/note/", SIGN),
        ("/contracts/signs/look/", REVIEW),
    ):  # fmt: skip
        assert browser.post(address).status_code == (302 if user in allowed else 403), address
    assert as_user("").get("/contracts/").status_code == 302
    # What lies in another county is not there, for those of this one.
    if user in ("county", "clinic"):
        for address in (f"/contracts/residents/{elsewhere}/", f"/contracts/residents/{elsewhere}/sign/",
                        f"/api/contracts/residents/{elsewhere}", "/contracts/?institution=nowhere"):  # fmt: skip
            expected = 404 if user in SIGN or "sign" not in address else 403
            assert browser.get(address).status_code == expected, address


def test_another_centre_sees_nothing_of_ours(as_user: AsUser, desk: Desk):
    contract = desk.sign(desk.free[0])
    other = next(i for i in queries.institutions(scope=Scope.system()) if not desk.scope.covers_institution(i.code))
    Grant.objects.filter(user__username="clinic").update(institution=other, division=None)
    stranger = as_user("clinic")
    for address in (f"/contracts/residents/{desk.free[0]}/", f"/contracts/?institution={desk.institution}",
                    f"/contracts/to-sign/?institution={desk.institution}", f"/contracts/rates/?institution={desk.institution}",
                    f"/api/contracts/worklist?institution={desk.institution}"):  # fmt: skip
        assert stranger.get(address).status_code == 404, address
    for move in ("renew", "end", "transfer"):
        assert stranger.post(f"/contracts/{contract.pk}/{move}/").status_code == 404
    contract.refresh_from_db()
    assert contract.state == rules.ACTIVE


# The life of a contract -------------------------------------------------------------------------------------------------


def test_a_household_signs_together_or_not_at_all(desk: Desk, as_user: AsUser):
    head, spouse, child = desk.free[:3]
    address = f"/contracts/residents/{head}/sign/"
    form = {"institution": desk.institution, "package": "base", "months": "36", "start": "2025-11-03", "way": "home",
            "member": [str(spouse), str(child)], f"relation-{spouse}": "配偶"}  # fmt: skip
    answer = as_user("clinic").post(address, form)
    assert answer.status_code == 400
    assert "与户主的关系" in answer.content.decode()
    assert not Contract.objects.exists()
    assert as_user("clinic").post(address, form | {f"relation-{child}": "子女"}).status_code == 302
    made = list(Contract.objects.order_by("pk"))
    assert [(c.person, c.relation, c.head) for c in made] == [
        (head, "", True),
        (spouse, "配偶", False),
        (child, "子女", False),
    ]
    assert len({c.act for c in made}) == 1
    assert {c.end for c in made} == {date(2028, 11, 2)}
    assert Entry.objects.filter(action="contract.sign", object_id__in=[str(c.pk) for c in made]).count() == 3
    page = as_user("clinic").get(f"/contracts/residents/{head}/").content.decode()
    assert made[0].number in page
    # One of them signed already: nobody signs.
    with pytest.raises(Refused, match="已与"):
        actions.sign(
            parties=[Party(desk.free[3]), Party(spouse, "配偶")], terms=desk.terms(), by=desk.user, scope=desk.scope
        )
    assert Contract.objects.count() == 3


def test_a_second_contract_is_refused_and_the_place_told_only_inside_the_scope(desk: Desk):
    person = desk.free[0]
    desk.sign(person)
    with pytest.raises(Refused) as inside:
        desk.sign(person)
    name = queries.institution_or_404(desk.institution, scope=desk.scope).name
    assert name in inside.value.message
    other = next(i for i in queries.institutions(scope=Scope.system()) if not desk.scope.covers_institution(i.code))
    Contract.objects.update(institution=other.code)
    with pytest.raises(Refused) as outside:
        desk.sign(person)
    assert "管理范围以外" in outside.value.message
    assert other.name not in str(outside.value)
    kept = queries.resident(person, scope=desk.scope)
    assert [b.institution for b in kept.bonds] == [""]


def test_a_contract_of_another_source_counts_too(desk: Desk, as_user: AsUser):
    """Somebody whom the demonstration's records have under contract cannot be signed again, only renewed from its end."""
    seen = lists.lines(desk.institution, scope=desk.scope, state="running", limit=500)
    line = next(x for x in seen.rows if x.bond.contract is None and x.bond.last and x.bond.last > TODAY)
    person, last = line.bond.person, line.bond.last
    with pytest.raises(Refused, match="已与"):
        desk.sign(person)
    assert last is not None
    page = as_user("clinic").get(f"/contracts/residents/{person}/").content.decode()
    assert f"/sign/?start={last + timedelta(days=1)}" in page
    renewed = desk.sign(person, start=last + timedelta(days=1))
    assert renewed.follows == line.bond.key.removeprefix("other:")
    body = orjson.loads(reads.read("CarePlan", renewed.key, scope=desk.scope).body)
    assert body["replaces"] == [{"reference": f"CarePlan/{renewed.follows}"}]


def test_the_record_follows_every_change_and_keeps_its_history(desk: Desk):
    contract = desk.sign(desk.free[0])
    body = orjson.loads(reads.read("CarePlan", contract.key, scope=desk.scope).body)
    assert (body["status"], body["period"]) == ("active", {"start": "2025-11-03", "end": "2026-11-02"})
    assert body["author"] == {"reference": f"Organization/{desk.institution}"}
    new = actions.renew(number=contract.pk, months=24, by=desk.user, scope=desk.scope)
    contract.refresh_from_db()
    assert (contract.state, new.start, new.end) == (rules.RENEWED, date(2026, 11, 3), date(2028, 11, 2))
    assert new.predecessor_id == contract.pk
    # It ends: the renewal that has not begun ends with it.
    actions.end(number=contract.pk, reason="moved", on=TODAY, by=desk.user, scope=desk.scope)
    new.refresh_from_db()
    assert (new.state, new.end_reason) == (rules.ENDED, "moved")
    history = reads.history("CarePlan", contract.key, scope=desk.scope)
    assert [orjson.loads(h.body)["status"] for h in history] == ["completed", "active"]
    assert orjson.loads(history[0].body)["period"]["end"] == "2025-11-03"
    assert orjson.loads(reads.read("CarePlan", new.key, scope=desk.scope).body)["status"] == "revoked"
    with pytest.raises(Refused):
        actions.end(number=contract.pk, reason="moved", on=TODAY, by=desk.user, scope=desk.scope)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"months": 37}, "1至36"), ({"months": 0}, "1至36"), ({"package": "golden"}, "服务包"), ({"team": 999}, "团队"),
        ({"way": "fax"}, "签约方式"), ({"start": date(2025, 10, 1)}, "起始日期"),
        ({"signed_day": date(2025, 9, 1)}, "签约日期"), ({"signed_day": date(2025, 11, 4)}, "签约日期"),
    ],
)  # fmt: skip
def test_impossible_terms_are_refused_in_words(desk: Desk, more: dict[str, Any], error: str):
    with pytest.raises(InvalidValue, match=error):
        desk.sign(desk.free[0], **more)
    assert not Contract.objects.exists()


def test_a_next_contract_follows_without_a_long_gap(desk: Desk):
    desk.sign(desk.free[0], months=1)
    with pytest.raises(Refused, match="到期后30天内"):
        desk.sign(desk.free[0], start=date(2026, 3, 1))
    following = desk.sign(desk.free[0], start=date(2025, 12, 20))
    assert following.predecessor is not None
    assert following.predecessor.state == rules.RENEWED


def test_the_dead_and_those_who_left_cannot_sign(desk: Desk):
    card = people.cards([desk.free[0]], scope=desk.scope)[desk.free[0]]
    from dataclasses import replace

    for gone in (replace(card, death_date=TODAY), replace(card, active=False)):
        with pytest.raises(Refused):
            actions.may_sign(gone, TODAY)
    actions.may_sign(card, TODAY)


def test_of_two_who_move_at_once_one_succeeds(desk: Desk):
    contract = desk.sign(desk.free[0])
    first, second = Contract.objects.get(pk=contract.pk), Contract.objects.get(pk=contract.pk)
    more = {"ended": TODAY, "end_reason": "refused"}
    advance(
        first, rules.CONTRACT, "end", by=desk.user, permissions=desk.scope.permissions, given={"reason": "x"}, **more
    )
    with pytest.raises(Refused, match="刚刚"):
        advance(
            second,
            rules.CONTRACT,
            "end",
            by=desk.user,
            permissions=desk.scope.permissions,
            given={"reason": "x"},
            **more,
        )
    assert Entry.objects.filter(action="contract.end", object_id=str(contract.pk)).count() == 1


def test_the_clock_lets_contracts_run_out(desk: Desk):
    ends, renews, lapses = (desk.sign(person, months=1) for person in desk.free[:3])
    actions.renew(number=renews.pk, months=12, by=desk.user, scope=desk.scope)
    with clock.at(date(2025, 12, 10)):
        assert actions.tick() == {"expire": 2, "finish": 1, "lapse": 0}
        assert actions.tick() == {"expire": 0, "finish": 0, "lapse": 0}
        late = actions.renew(number=ends.pk, months=12, by=desk.user, scope=desk.scope)
        assert late.start == date(2025, 12, 10)
    with clock.at(date(2026, 2, 1)):
        assert actions.tick()["lapse"] == 1
    states = {c.pk: c.state for c in Contract.objects.all()}
    assert (states[ends.pk], states[renews.pk], states[lapses.pk]) == (rules.COMPLETED, rules.COMPLETED, rules.LAPSED)
    assert orjson.loads(reads.read("CarePlan", lapses.key, scope=desk.scope).body)["status"] == "completed"


def test_a_transfer_keeps_history_and_the_numbers_move_from_its_day(desk: Desk, city_db: Any, tmp_path: Path):
    """Through the store and a copy of the lake: the board counts the windows before the day for the old centre, those
    after for the new one."""
    county = User.objects.get(username="county")
    scope = Scope.of(county)
    managed = {
        c.resident.person for c in to_sign.worklist(desk.institution, scope=desk.scope, group="hypertension").rows
    }
    kept = {p: g for p, g in ((p, queries.resident(p, scope=scope).groups) for p in desk.free) if "hypertension" in g}
    person = next(iter(kept or managed), desk.free[0])
    old = desk.sign(person)
    to = next(i for i in queries.institutions(scope=scope) if not desk.scope.covers_institution(i.code))
    day = TODAY + timedelta(days=20)
    with clock.at(day):
        new = actions.transfer(number=old.pk, terms=Terms(to.code, "base", 12, day), by=county, scope=scope)
    old.refresh_from_db()
    assert (old.state, old.end_reason, old.ended) == (rules.ENDED, "re-signed", day - timedelta(days=1))
    assert new.predecessor_id == old.pk
    with clock.at(day):
        bonds = queries.bonds([person])[person]
    assert [b.institution for b in bonds[:2]] == [to.code, desk.institution]
    assert [b.running for b in bonds[:2]] == [True, False]
    lake = tmp_path / "lake"
    shutil.copytree(city_db.lake, lake, ignore=shutil.ignore_patterns("results", "quality"))
    update(StoreSource(), lake, at=clock.now())
    catalogue = Catalogue.load()

    def signed(on: date) -> set[str]:
        """The institutions whose contract with the resident holds on a day, as the board's own query has it."""
        import duckdb

        rows = duckdb.sql(
            f"""SELECT institution FROM read_parquet('{lake}/tables/contract/bucket=*/part.parquet')
            WHERE person = {person} AND known_to IS NULL AND status IN ('active', 'completed') AND id IN ('{old.key}', '{new.key}')
              AND start_day <= DATE '{on}' AND end_day >= DATE '{on}'"""
        )
        return {row[0] for row in rows.fetchall()}

    assert signed(day - timedelta(days=1)) == {desk.institution}
    assert signed(day) == {to.code}
    period = Period(date(2026, 1, 1), date(2026, 11, 30))
    results = engine("duckdb", threads=1).evaluate(LakeDirectory.open(lake), catalogue, period, ["contract-fulfil"])
    assert results.cells is not None  # evaluated over the new rows without an error


# The worklist, lists, numbers -------------------------------------------------------------------------------------------


def test_the_worklist_puts_first_whom_a_promise_needs(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    promised = to_sign.promised(desk.institution, scope=desk.scope)
    assert {p.indicator for p in promised} >= {"contract-rate", "contract-elderly"}
    wanting = [
        to_sign.Promise(p.indicator, p.name, p.promise, p.numerator, p.denominator, p.value, True) for p in promised
    ]
    monkeypatch.setattr(to_sign, "promised", lambda institution, *, scope: wanting)
    found = to_sign.worklist(desk.institution, scope=desk.scope, limit=500)
    counts = [len(c.moves) for c in found.rows]
    assert counts == sorted(counts, reverse=True)
    for candidate in found.rows:
        assert ("contract-elderly" in candidate.moves) == ("elderly" in candidate.groups)
        assert "contract-rate" in candidate.moves
    assert found.total == found.residents - found.signed
    # Whoever signs leaves the list at once, before the lake knows.
    first = found.rows[0].resident.person
    actions.sign(parties=[Party(first)], terms=desk.terms(), by=desk.user, scope=desk.scope)
    again = to_sign.worklist(desk.institution, scope=desk.scope, limit=500)
    assert again.total == found.total - 1
    assert first not in {c.resident.person for c in again.rows}


def test_groups_the_records_cannot_tell_are_noted_with_evidence(desk: Desk, as_user: AsUser):
    person = desk.free[-1]
    browser, address = as_user("clinic"), f"/contracts/residents/{desk.free[-1]}/note/"
    browser.post(address, {"group": "hypertension", "evidence": "自述"})
    assert not Note.objects.exists()  # the records tell
    browser.post(address, {"group": "disabled", "evidence": "残疾人证 2 级"})
    assert "disabled" in queries.resident(person, scope=desk.scope).groups
    rows = to_sign.worklist(desk.institution, scope=desk.scope, group="disabled", limit=500).rows
    assert person in {c.resident.person for c in rows}
    browser.post(address, {"drop": str(Note.objects.get().pk)})
    assert "disabled" not in queries.resident(person, scope=desk.scope).groups


def test_queries_do_not_grow_with_the_residents(desk: Desk, as_user: AsUser):
    for person in desk.free[:2]:
        desk.sign(person)
    browser = as_user("clinic")

    def asked(address: str) -> int:
        browser.get(address)  # what is kept in memory is there
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert browser.get(address).status_code == 200
        return len(captured)

    addresses = ("/contracts/?state=running", "/contracts/to-sign/", f"/contracts/residents/{desk.free[0]}/")
    few = [asked(a) for a in addresses]
    for person in desk.free[2:8]:
        desk.sign(person)
    assert [asked(a) for a in addresses] == few
    assert max(few) <= 60, few


def test_rates_are_the_boards(desk: Desk, as_user: AsUser):
    from luoshi.platform.lake import results

    for indicator in ("contract-rate", "contract-renew"):
        value = results.value(
            indicator, results.current_period(indicator), scope=desk.scope, institution=desk.institution
        )
        page = as_user("clinic").get(f"/contracts/rates/?institution={desk.institution}").content.decode()
        assert f"{value.value:.1f}%" in page
        assert f"{value.numerator:g}/{value.denominator:g}" in page
        assert "全国目标：2035 年 ≥75%" in page


def test_the_seeds_promises_are_bound_to_these_indicators(desk: Desk):
    bound = {t.metric: t.indicator for t in plan_desk.confirmed_targets(scope=Scope.system()) if "签约" in t.metric}
    assert "contract-rate" in bound.values()
    assert "contract-elderly" in bound.values()


def test_a_settlement_sums_what_it_lists(desk: Desk, as_user: AsUser):
    from luoshi.services.contracts import rates

    scope = Scope.of(User.objects.get(username="county"))
    sheet = rates.settlement(scope.root_division(), date(2025, 1, 1), date(2025, 9, 30), scope=scope)
    assert len(sheet.ends) == 9
    assert sheet.lines
    for line in sheet.lines:
        assert sum(line.settled.parts.values()) == line.settled.paid
        assert sum(line.months) == line.settled.months
    assert sum(sheet.total(part) for part in sheet.parts) == sum(x.settled.paid for x in sheet.lines)
    with pytest.raises(InvalidValue):
        rates.settlement(scope.root_division(), date(2025, 1, 1), date(2025, 12, 31), scope=scope)
    answer = as_user("county").get("/contracts/settlement/?from=2025-01&to=2025-09&format=xlsx")
    assert answer.content[:2] == b"PK"
    assert as_user("county").get("/contracts/settlement/?from=nonsense").status_code == 400


# Teams, packages, imports, signs, programs ------------------------------------------------------------------------------


def test_teams_and_packages_are_kept(desk: Desk, as_user: AsUser):
    browser, address = as_user("clinic"), "/contracts/teams/"
    browser.post(address, {"do": "team", "name": "东片团队", "phone": "0000-1"})
    browser.post(address, {"do": "team", "name": "东片团队"})
    team = Team.objects.get()
    member_form = {
        "do": "member",
        "id": str(team.pk),
        "name": "陈医生",
        "role": "gp",
        "leads": "1",
        "username": "clinic",
    }
    browser.post(address, member_form)
    browser.post(address, {"do": "member", "id": str(team.pk), "name": "李护士", "role": "astronaut"})
    member = Member.objects.get()
    assert (member.role, member.leads) == ("gp", True)
    form = {
        "do": "package",
        "name": "调养包",
        "kind": "personal",
        "fee": "90",
        "item": ["tcm-constitution", "htn-visit"],
    }
    browser.post(address, form)
    package = OwnPackage.objects.get()
    assert package.items == ["tcm-constitution"]  # what everybody has cannot be sold
    contract = desk.sign(desk.free[0], package=f"own:{package.pk}", team=team.pk)
    assert (contract.fee, "tcm-constitution" in contract.items) == (90, True)
    # Somebody of a team sees its residents first.
    assert "全部有效（1）" in browser.get("/contracts/").content.decode()
    assert "全部有效（1）" not in browser.get("/contracts/?team=").content.decode()
    browser.post(address, {"do": "drop-package", "id": str(package.pk)})
    browser.post(address, {"do": "drop-member", "id": str(member.pk)})
    browser.post(address, {"do": "close-team", "id": str(team.pk)})
    with clock.at(TODAY + timedelta(days=1)), pytest.raises(InvalidValue):
        desk.sign(desk.free[1], package=f"own:{package.pk}", start=TODAY + timedelta(days=1))
    page = browser.get(address).content.decode()
    assert "东片团队" in page


def test_an_import_takes_good_lines_and_says_what_is_wrong_with_the_others(desk: Desk, as_user: AsUser, tmp_path: Path):
    cards = people.cards(desk.free[:4], scope=desk.scope)
    good, double, team, late = (cards[p].record_number for p in desk.free[:4])
    head = "健康档案编号,机构代码,起始日期,到期日期,签约日期,签约团队,服务包"
    lines = [
        f"{good},{desk.institution},2025-03-01,2026-02-28,2025-02-20,,基本服务包",
        f"{good},{desk.institution},2025-06-01,2026-05-31,,,",
        f"{double},nowhere,2025-03-01,2026-02-28,,,",
        f"{team},{desk.institution},2025-03-01,2026-02-28,,没有的团队,",
        f"{late},{desk.institution},2025-03-01,2029-02-28,,,",
        f"00000,{desk.institution},2025-03-01,2026-02-28,,,",
        f"{late},{desk.institution},三月一日,2026-02-28,,,",
    ]
    text = "\n".join([head, *lines])
    upload = io.BytesIO(text.encode())
    upload.name = "contracts.csv"
    page = as_user("clinic").post("/contracts/import/", {"file": upload}).content.decode()
    assert Contract.objects.count() == 1
    for words in ("已与", "机构代码 nowhere", "没有的团队", "不超过三年", "没有这个身份证号", "起始日期不是有效的日期"):
        assert words in page, words
    path = tmp_path / "again.csv"
    path.write_text("\n".join([head, lines[0]]), "utf-8")
    told = importing.read(path, by=desk.user, scope=desk.scope)
    assert (told.made, told.known, told.wrong) == (0, 1, [])
    assert (
        orjson.loads(reads.read("CarePlan", Contract.objects.get().key, scope=desk.scope).body)["created"]
        == "2025-02-20"
    )
    for name, body in (("x.pdf", b"%PDF"), ("x.csv", b"a,b\n1,2\n"), ("x.xlsx", b"no zip")):
        wrong = io.BytesIO(body)
        wrong.name = name
        assert as_user("clinic").post("/contracts/import/", {"file": wrong}).status_code == 400, name
    assert as_user("clinic").post("/contracts/import/", {}).status_code == 400


def test_signatures_in_minutes_and_at_night_are_found_and_judged_once(desk: Desk, as_user: AsUser):
    from datetime import datetime, time

    for n, person in enumerate(desk.free[:8]):
        contract = desk.sign(person)
        Contract.objects.filter(pk=contract.pk).update(signed_at=datetime.combine(TODAY, time(23, n), clock.CHINA))
    counted = looking.look(by=desk.user)
    assert (counted["burst"], counted["night"]) == (1, 1)
    burst = Sign.objects.get(kind="burst")
    assert (burst.observed, sorted(burst.persons)) == (8, sorted(desk.free[:8]))
    county = as_user("county")
    assert "10 分钟内签了 8 户" in county.get("/contracts/signs/").content.decode()
    address = f"/contracts/signs/{burst.pk}/"
    county.post(address, {"move": "confirm", "reason": "x"})
    burst.refresh_from_db()
    assert burst.state == rules.OPEN
    county.post(address, {"move": "confirm", "reason": "电话回访 8 户均未见面"})
    county.post(address, {"move": "clear", "reason": "又觉得没问题了"})
    burst.refresh_from_db()
    assert (burst.state, burst.judged_by) == (rules.CONFIRMED, "county")
    Contract.objects.update(signed_at=None)
    looking.look(by=desk.user)
    assert [s.kind for s in Sign.objects.all()] == ["burst"]  # judged ones stay, others that are gone go


def test_programs_sign_renew_and_end(desk: Desk, as_user: AsUser):
    api = as_user("clinic")

    def post(address: str, body: dict[str, Any]) -> Any:
        return api.post(address, orjson.dumps(body), content_type="application/json")

    body = {"parties": [{"person": desk.free[0]}], "institution": desk.institution, "start": "2025-11-03", "months": 12}
    made = post("/api/contracts/sign", body)
    assert made.status_code == 200, made.content
    number = int(made.json()[0]["key"].removeprefix("ours:"))
    assert post("/api/contracts/sign", body).status_code == 409
    assert post(f"/api/contracts/{number}/renew", {"months": 24}).json()["start"] == "2026-11-03"
    assert post(f"/api/contracts/{number}/end", {"reason": "refused", "on": "2025-11-03"}).json()["state"] == "ended"
    assert post(f"/api/contracts/{number}/end", {"reason": "refused", "on": "2025-11-03"}).status_code == 409
    told = api.get(f"/api/contracts/residents/{desk.free[0]}").json()
    assert [c["state"] for c in told["contracts"] if c["source"] == "luoshi-contracts"] == ["ended", "ended"]


def test_others_may_ask_who_is_under_contract(desk: Desk):
    person = desk.free[0]
    assert public.in_force([person]) == {}
    team = Team.objects.create(institution=desk.institution, name="东片团队", phone="0000-1", since=TODAY)
    Member.objects.create(team=team, name="陈医生", role="gp", leads=True, since=TODAY)
    desk.sign(person, team=team.pk)
    assert public.in_force([person]) == {person: desk.institution}
    own = public.of_resident(people.cards([person], scope=desk.scope)[person])
    assert [(o.team, o.members) for o in own] == [("东片团队", (("陈医生", "全科医生"),))]


def test_the_demonstration_runs_its_season_once(desk: Desk):
    assert demonstration.prepare() == []
    made = Contract.objects.count()
    assert made >= 10
    assert Team.objects.count() == 2
    assert {c.state for c in Contract.objects.all()} >= {rules.ACTIVE, rules.RENEWED, rules.ENDED}
    demonstration.prepare()
    assert Contract.objects.count() == made
