"""The desk: who may open which page, a run through announcement and appeal, a meeting whose decisions become duties."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.http import Http404
from django.test import Client
from django.test.utils import CaptureQueriesContext

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.services.appraisal_desk import pages, screens
from luoshi.supervision.appraisal import actions, computing, meetings, queries, rules
from luoshi.supervision.appraisal.computing import Input
from luoshi.supervision.appraisal.models import Appeal, Decision, Meeting, Run
from luoshi.supervision.duties.models import Duty
from luoshi.supervision.papers import contents

from ..conftest import USERS

CITY = "9901"


@pytest.fixture
def held(city_db: Any, db: None) -> dict[str, Any]:
    """The officer with a scope, the county officer, a draft run, an open meeting; nothing of the demonstration's own."""
    Appeal.objects.all().delete()
    Run.objects.all().delete()
    Decision.objects.all().delete()
    Meeting.objects.all().delete()
    officer, county = User.objects.get(username="plan-officer"), User.objects.get(username="county")
    scope, below = Scope.of(officer), Scope.of(county)
    run = actions.run(slug="annual-work", division=CITY, by=officer, scope=scope)
    meeting = meetings.open_meeting(title="调度会", division=CITY, day=clock.today(), by=officer, scope=scope)
    return {"officer": officer, "county": county, "scope": scope, "below": below, "run": run, "meeting": meeting,
            "own": below.root_division()}  # fmt: skip


def announced(held: dict[str, Any], *, open_table: bool = False) -> Run:
    return actions.announce(number=held["run"].pk, open_table=open_table, by=held["officer"], scope=held["scope"])


MAY = {
    # what -> who gets 200 (GET); strangers are sent to sign in, all others get the code behind the colon
    "": {"leader", "plan-officer", "county", "clinic", "steward"},
    "meetings/": {"leader", "plan-officer", "county", "clinic", "steward"},
    "schemes/annual-work/": {"leader", "plan-officer", "county", "steward"},
    "runs/{run}/": {"leader", "plan-officer"},
    "runs/{run}/of/{own}/": {"leader", "plan-officer"},
    "meetings/{meeting}/": {"leader", "plan-officer", "steward"},
    "meetings/{meeting}/screen/{own}/": {"leader", "plan-officer", "steward"},
}
NO_BOARD = {"security", "auditor"}


@pytest.mark.parametrize("path", MAY)
def test_who_opens_what(held, as_user, path):
    address = "/appraisal/" + path.format(run=held["run"].pk, meeting=held["meeting"].pk, own=held["own"])
    assert as_user("").get(address).status_code == 302
    for name in USERS:
        expected = 200 if name in MAY[path] else 403 if name in NO_BOARD else 404
        assert as_user(name).get(address).status_code == expected, (name, address)


def test_every_page_has_a_guard():
    assert all(hasattr(p.callback, "permission") for p in pages.urlpatterns)


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("runs/new/", {"plan-officer", "leader"}),
        ("runs/{run}/announce/", {"plan-officer", "leader"}),
        ("meetings/{meeting}/close/", {"plan-officer", "leader"}),
        ("runs/{run}/of/{own}/appeal/", {"county"}),
    ],
)
def test_who_writes_what(held, as_user, path, may):
    address = "/appraisal/" + path.format(run=held["run"].pk, meeting=held["meeting"].pk, own=held["own"])
    for name in set(USERS) - may - ({"county"} if "close" in path else set()):
        assert as_user(name).post(address, {}).status_code == 403, name
    if "close" in path:  # may hold meetings, but not this one: it is the office's above
        assert as_user("county").post(address, {}).status_code == 404


def test_those_appraised_see_their_own_line_until_the_table_is_open(held, as_user):
    run, own = held["run"], held["own"]
    other = next(line.division for line in run.result.lines if line.division != own)
    county = as_user("county")
    assert county.get(f"/appraisal/runs/{run.pk}/").status_code == 404  # a draft is nobody's business
    announced(held)
    page = county.get(f"/appraisal/runs/{run.pk}/").content.decode()
    assert queries.names([own])[own] in page
    assert queries.names([other])[other] not in page
    assert county.get(f"/appraisal/runs/{run.pk}/of/{other}/").status_code == 404
    assert as_user("clinic").get(f"/appraisal/runs/{run.pk}/").status_code == 404
    assert run.title not in as_user("clinic").get("/appraisal/").content.decode()
    assert run.title in county.get("/appraisal/").content.decode()
    sheet = county.get(f"/api/appraisal/runs/{run.pk}").json()
    assert [line["division"] for line in sheet["lines"]] == [own]
    book = openpyxl.load_workbook(io.BytesIO(county.get(f"/appraisal/runs/{run.pk}/?format=xlsx").content))
    assert queries.names([other])[other] not in str([[c.value for c in row] for sheet in book for row in sheet.rows])
    Run.objects.filter(pk=run.pk).update(open_table=True)
    assert queries.names([other])[other] in county.get(f"/appraisal/runs/{run.pk}/").content.decode()
    assert as_user("clinic").get(f"/appraisal/runs/{run.pk}/").status_code == 200
    # Of another county, counts of people stay inside; the published value does not.
    lines = {line["division"]: line for line in county.get(f"/api/appraisal/runs/{run.pk}").json()["lines"]}
    assert all(score["numerator"] is None for score in lines[other]["scores"])
    assert any(score["numerator"] is not None for score in lines[own]["scores"])


def test_an_upheld_appeal_changes_the_score_and_shows_before_and_after(held):
    run = announced(held)
    line = run.result.line(held["own"])
    item = next(name for name, score in line.scores.items() if score.points is not None and score.numerator)
    before = run.digest
    with pytest.raises(InvalidValue):
        actions.appeal(
            number=run.pk,
            division=held["own"],
            item=item,
            claim="短",
            value=None,
            by=held["county"],
            scope=held["below"],
        )
    made = actions.appeal(
        number=run.pk, division=held["own"], item=item, claim="年底补录的记录没有计入，请复核。", value=99.0,
        by=held["county"], scope=held["below"],
    )  # fmt: skip
    with pytest.raises(Refused):  # one at a time
        actions.appeal(number=run.pk, division=held["own"], item=item, claim="再申诉一次，理由同上一次。", value=None,
                       by=held["county"], scope=held["below"])  # fmt: skip
    with pytest.raises(Refused):
        actions.finalise(number=run.pk, by=held["officer"], scope=held["scope"])
    with pytest.raises(Http404):  # the appellant does not judge
        actions.uphold(
            number=made.pk, answer="成立", source="自己", corrected=Input(100.0), by=held["county"], scope=held["below"]
        )
    corrected = Input(None, 0.0, line.scores[item].denominator)
    with pytest.raises(Refused):  # a source is needed
        actions.uphold(
            number=made.pk, answer="核实", source=" ", corrected=corrected, by=held["officer"], scope=held["scope"]
        )
    row = actions.uphold(
        number=made.pk, answer="经核对原始名册，应为零。", source="名册核对表", corrected=corrected, by=held["officer"],
        scope=held["scope"],
    )  # fmt: skip
    found = Run.objects.get(pk=run.pk)
    assert row.effect["before"]["total"] == line.total
    assert row.effect["after"]["total"] == found.result.line(held["own"]).total < line.total
    assert found.result.line(held["own"]).scores[item].value == 0.0
    assert found.inputs[held["own"]][item].value == line.scores[item].value  # as measured, for ever
    assert found.digest != before
    assert queries.holds(found)
    with pytest.raises(Refused):
        actions.reject(number=made.pk, answer="改主意了", by=held["officer"], scope=held["scope"])
    actions.finalise(number=run.pk, by=held["officer"], scope=held["scope"])
    with pytest.raises(Refused):
        actions.appeal(number=run.pk, division=held["own"], item=item, claim="定稿之后的申诉不受理。", value=None,
                       by=held["county"], scope=held["below"])  # fmt: skip
    told = {e.action for e in Entry.objects.filter(object_type__startswith="appraisal")}
    assert {"appraisal-run.make", "appraisal-run.announce", "appraisal-appeal.file", "appraisal-appeal.uphold",
            "appraisal-run.finalise"} <= told  # fmt: skip


def test_a_tampered_run_no_longer_holds(held):
    run = held["run"]
    assert queries.holds(run)
    body = run.inputs_body
    body[held["own"]]["contract-rate"]["value"] = 12.0
    Run.objects.filter(pk=run.pk).update(inputs_body=body)
    assert not queries.holds(Run.objects.get(pk=run.pk))


def test_a_run_of_an_earlier_month_end_and_of_a_target(held):
    past = actions.run(slug="annual-work", division=CITY, on=date(2025, 9, 30), by=held["officer"], scope=held["scope"])
    assert past.as_of == date(2025, 9, 30)
    assert past.inputs != held["run"].inputs
    with pytest.raises(InvalidValue):
        actions.run(
            slug="annual-work",
            division=CITY,
            on=clock.today() + timedelta(days=1),
            by=held["officer"],
            scope=held["scope"],
        )
    from luoshi.services.plan_desk.models import Target

    target = Target.objects.get(binding__indicator="htn-std").pk
    text = (
        "id: own\nname: 自定方案\nname_en: Own\ncomposition: weighted-sum\nvalid_from: 2025-01-01\nsource: 本单位\n"
        "confidence: low\ncoverage: 0.1\nitems:\n"
        f"- {{id: t, name: 高血压, name_en: Hypertension, target: {target}, weight: 1,"
        " scoring: {kind: linear, zero: 40, full: 62}}\n"
    )
    saved = actions.save_scheme(text=text, division=CITY, note="", by=held["officer"], scope=held["scope"])
    again = actions.save_scheme(text=text, division=CITY, note="", by=held["officer"], scope=held["scope"])
    assert (saved.version, again.version) == (1, 2)
    made = actions.run(slug="own", division=CITY, by=held["officer"], scope=held["scope"])
    measured, same = made.result.line(held["own"]).scores["t"], held["run"].result.line(held["own"]).scores["htn-std"]
    assert (measured.value, measured.numerator, measured.denominator) == (same.value, same.numerator, same.denominator)


def test_decisions_become_duties_and_the_minutes_are_fixed(held, as_user):
    officer: Client = as_user("plan-officer")
    number, own = held["meeting"].pk, held["own"]
    screen = f"/appraisal/meetings/{number}/screen/{own}/"
    due = clock.today() + timedelta(days=20)
    wrong = officer.post(screen, {"what": "短", "who": "谁", "due": due.isoformat()})
    assert wrong.status_code == 400
    assert 'value="短"' in wrong.content.decode()  # what was typed is not lost
    name = queries.names([own])[own]
    assert officer.post(screen, {"what": "限期补齐随访记录", "who": name, "due": due.isoformat()}).status_code == 302
    one = Decision.objects.get()
    duty = Duty.objects.get(pk=one.duty)
    assert (duty.origin, duty.division, duty.due, duty.issuer_division) == ("meeting", own, due, CITY)
    assert "限期补齐随访记录" in officer.get(screen).content.decode()
    assert officer.post(f"/appraisal/meetings/{number}/close/").status_code == 302
    kept = Meeting.objects.get(pk=number)
    assert set(kept.shown) == {code for code, _name in screens.order(kept, scope=held["scope"])}
    assert officer.post(screen, {"what": "散会之后再加一条", "who": name, "due": due.isoformat()}).status_code == 400
    # The county reads the fixed minutes, its own decisions only.
    page = as_user("county").get(f"/appraisal/meetings/{number}/")
    assert page.status_code == 200
    assert "限期补齐随访记录" in page.content.decode()
    assert officer.get(f"/appraisal/meetings/{number}/?format=docx").status_code == 200
    with pytest.raises(Refused):
        meetings.close(number=number, shown={}, by=held["officer"], scope=held["scope"])


def test_no_move_without_its_permission_and_none_twice(held):
    """Every move of every machine: refused to those who lack its permission, and made once."""
    nobody = Scope(
        user=held["officer"], division_paths=held["scope"].division_paths, permissions=frozenset({"board.read"})
    )
    run = held["run"]
    for attempt in (
        lambda s: actions.announce(number=run.pk, open_table=False, by=held["officer"], scope=s),
        lambda s: actions.drop(number=run.pk, reason="理由", by=held["officer"], scope=s),
        lambda s: meetings.close(number=held["meeting"].pk, shown={}, by=held["officer"], scope=s),
        lambda s: meetings.decide(number=held["meeting"].pk, division=held["own"], what="四个字吧", who="谁",
                                  due=clock.today(), by=held["officer"], scope=s),
        lambda s: actions.save_scheme(text="id: x", division=CITY, note="", by=held["officer"], scope=s),
        lambda s: actions.run(slug="annual-work", division=CITY, by=held["officer"], scope=s),
    ):  # fmt: skip
        with pytest.raises((Refused, Http404)):
            attempt(nobody)
    assert Run.objects.get(pk=run.pk).state == rules.DRAFT
    stale = Run.objects.get(pk=run.pk)
    announced(held)
    from django.db import transaction

    from luoshi.platform import moving

    with pytest.raises(Refused), transaction.atomic():  # the second mover still sees a draft
        moving.advance(stale, rules.RUN, "announce", by="x", permissions=held["scope"].permissions)


def test_queries_do_not_grow_with_runs(held, as_user):
    client = as_user("plan-officer")
    client.get("/appraisal/")
    with CaptureQueriesContext(connection) as few:
        client.get("/appraisal/")
    for _n in range(3):
        actions.run(slug="primary-care", division=CITY, by=held["officer"], scope=held["scope"])
    with CaptureQueriesContext(connection) as many:
        client.get("/appraisal/")
    assert len(many) == len(few) <= 14
    with CaptureQueriesContext(connection) as sheet:
        client.get(f"/appraisal/runs/{held['run'].pk}/")
    assert len(sheet) <= 14


def test_the_printed_sheet_is_filled_from_the_last_announced_run(held):
    wanted = contents.Wanted("score", CITY, date(2025, 1, 1), date(2025, 12, 31), clock.today(), held["scope"])
    assert "尚无" in contents.content(wanted).fields["说明"]
    run = announced(held)
    found = contents.content(wanted)
    assert run.digest[:16] in found.fields["说明"]
    table = found.tables["总分排名"]
    # A division may come to more than full marks where a scheme rewards what is beyond a promise: it has to be said.
    told = any("可能超过100分" in line for line in found.paragraphs["方法"])
    assert told == any(item.scoring.cap > 1 for item in run.scheme.items) or run.scheme.composition == "topsis"
    assert told or all(line.total is None or line.total <= run.scheme.total for line in run.result.lines)
    assert [row[1].text for row in table.rows] == [
        queries.names([line.division])[line.division] for line in run.result.lines
    ]
    assert len(found.entries) == len(table.rows)
    assert computing.from_plain(run.result_body).lines[0].total == table.rows[0][2].value


def test_two_who_announce_at_once(held):
    """The row changes for one of them only (the race is played on the state the second still sees)."""
    outcome: list[str] = []
    first, second = Run.objects.get(pk=held["run"].pk), Run.objects.get(pk=held["run"].pk)
    from django.db import transaction

    from luoshi.platform import moving

    for row in (first, second):
        try:
            with transaction.atomic():
                moving.advance(
                    row, rules.RUN, "drop", by="x", permissions=held["scope"].permissions, given={"reason": "重来"}
                )
            outcome.append("made")
        except Refused:
            outcome.append("refused")
    assert outcome == ["made", "refused"]
