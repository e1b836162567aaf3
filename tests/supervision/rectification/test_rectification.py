"""Findings move as their machine says, the ladder comes by the clock, nothing happens twice."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.http import Http404
from hypothesis import given
from hypothesis import strategies as st

from luoshi.kernel import clock
from luoshi.kernel.errors import Refused, UnreadableFile
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry
from luoshi.platform.moving import CLOCK, advance
from luoshi.supervision.alerts.models import Message
from luoshi.supervision.duties import keeping
from luoshi.supervision.rectification import actions, checking, files, ladder, queries, rules
from luoshi.supervision.rectification.models import Finding, Step

DAY = date(2025, 11, 3)
LONG = "逐户核对、补做随访，责任人张三，月底前完成"


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setenv("LUOSHI_TODAY", DAY.isoformat())


@pytest.fixture
def leader(make_user):
    return make_user("division-head", division="9901")


@pytest.fixture
def county(make_user):
    return make_user("county-officer", division="990101")


def inspection(leader, **more):
    given_ = {"kind": "inspection", "title": "协议未留存", "text": "20份中4份无签字", "division": "990101"}
    return actions.raise_finding(**(given_ | more), by=leader, scope=Scope.of(leader))


def noticed(leader, **more):
    found = inspection(leader, **more)
    return actions.notify(number=found.pk, by=leader, scope=Scope.of(leader))


@pytest.fixture
def passing(monkeypatch):
    """What the data answer, to be set by the test."""
    answer = SimpleNamespace(passed=None)
    monkeypatch.setattr(checking, "ask", lambda found: checking.Outcome(answer.passed, "16/20", DAY))
    return answer


def test_from_notice_to_signature(leader, county, passing):
    found = noticed(leader)
    assert (found.plan_due, found.finish_due) == (date(2025, 11, 10), date(2025, 12, 3))
    mine, own = Scope.of(leader), Scope.of(county)
    actions.plan(number=found.pk, plan=LONG, by=county, scope=own)
    actions.submit(number=found.pk, text=LONG, by=county, scope=own)
    actions.give_back(number=found.pk, reason="缺两份", by=leader, scope=mine)
    actions.submit(number=found.pk, text=LONG, by=county, scope=own)
    with pytest.raises(Refused):  # nobody judges their own work, nor the office below what was raised above
        actions.sign(number=found.pk, reason="情况属实，同意销号办结", by=county, scope=own)
    done = actions.sign(number=found.pk, reason="情况属实，同意销号办结", by=leader, scope=mine)
    assert (done.state, done.closed_how, done.returned) == ("closed", "signed", 1)
    assert leader.get_full_name() in done.ground
    kinds = list(Message.objects.filter(user=county).order_by("pk").values_list("kind", flat=True))
    assert kinds == ["finding-noticed", "finding-returned", "finding-closed"]


def test_data_that_pass_close_it_at_any_step_and_only_once(leader, county, passing):
    found = noticed(leader)
    assert actions.recheck(number=found.pk, by=leader, scope=Scope.of(leader)).state == "noticed"
    passing.passed = False
    assert actions.recheck(number=found.pk, by=leader, scope=Scope.of(leader)).state == "noticed"
    passing.passed = True
    assert actions.recheck(number=found.pk, by=leader, scope=Scope.of(leader)).state == "closed"
    with pytest.raises(Refused):
        actions.recheck(number=found.pk, by=leader, scope=Scope.of(leader))
    assert Entry.objects.filter(action="finding.pass").count() == 1
    assert [c.passed for c in found.checks.all()] == [None, False, True]


def test_of_two_who_close_at_once_one_is_told(leader, county, passing):
    found = noticed(leader)
    Finding.objects.filter(pk=found.pk).update(state="submitted")
    one, other = Finding.objects.get(pk=found.pk), Finding.objects.get(pk=found.pk)
    fields = {"closed_at": clock.now(), "closed_how": "signed", "ground": "x"}
    advance(one, rules.FINDING, "sign", by=leader, permissions={rules.SIGN}, given={"reason": "x"}, **fields)
    with pytest.raises(Refused):
        advance(other, rules.FINDING, "pass", by="clock", permissions={CLOCK}, given={"value": "x"}, **fields)
    assert Entry.objects.filter(action__in=["finding.sign", "finding.pass"]).count() == 1


ALL = (rules.ISSUE, rules.ACT, rules.CHECK, rules.SIGN)


@pytest.mark.parametrize("state", list(rules.FINDING.states))
def test_no_move_without_its_permission_and_none_out_of_the_end(state, leader):
    """Every move out of every state, by every set of permissions: made exactly where the machine says."""
    found = noticed(leader)
    names = {m.name for m in rules.FINDING.moves}
    for held in itertools.chain.from_iterable(itertools.combinations((*ALL, CLOCK), n) for n in (0, 1, 4)):
        allowed = {m.name for m in rules.FINDING.offered(state, held)}
        for name in names - allowed:
            row = Finding.objects.get(pk=found.pk)
            row.state = state
            with pytest.raises(Refused):
                advance(
                    row,
                    rules.FINDING,
                    name,
                    by="x",
                    permissions=set(held),
                    given=dict.fromkeys(("due", "reason", "plan", "account", "value"), "x"),
                )
    assert (state in rules.FINDING.final) == (not any(state in m.sources for m in rules.FINDING.moves))


def test_the_ladder_after_an_outage_is_done_in_order_and_dated_truthfully(leader, county):
    found = noticed(leader)  # a plan is due on Monday the 10th
    with clock.at(date(2025, 11, 10)):
        assert ladder.run() == 0
    with clock.at(date(2025, 11, 20)):  # the clock stood still for ten days
        assert [p.due.step.id for p in ladder.planned(date(2025, 11, 20), scope=Scope.of(leader))] == ["remind", "talk"]
        assert (ladder.run(), ladder.run()) == (2, 0)
    rows = [(s.step, s.due, s.done_at.astimezone(clock.CHINA).date()) for s in found.steps.all()]
    assert rows == [
        ("remind", date(2025, 11, 11), date(2025, 11, 20)),
        ("talk", date(2025, 11, 17), date(2025, 11, 20)),
    ]
    assert Message.objects.filter(user=county, kind="finding-escalated").count() == 2
    assert Message.objects.filter(user=leader, kind="finding-escalated").count() == 1


def test_handing_in_late_does_not_wipe_out_that_it_was_late(leader, county):
    found = noticed(leader)
    with clock.at(date(2025, 11, 12)):  # nobody ran the clock
        actions.plan(number=found.pk, plan=LONG, by=county, scope=Scope.of(county))
    assert [s.step for s in found.steps.all()] == ["remind"]
    with clock.at(date(2025, 12, 1)):
        assert ladder.run() == 0  # the other date runs now


@given(
    st.integers(0, 400), st.booleans(), st.sampled_from(["plan", "finish"]), st.lists(st.integers(0, 60), max_size=6)
)
def test_however_often_the_clock_runs_the_same_steps_come(offset, repeat, basis, runs):
    missed = DAY + timedelta(days=offset)
    whole = rules.ladder(basis, missed, repeat=repeat)
    assert [d.on for d in whole] == sorted(d.on for d in whole)
    assert all(d.on > missed for d in whole)
    done: list[str] = []
    for day in sorted(runs):
        done += [
            d.step.id
            for d in rules.due_steps(basis, missed, repeat=repeat, until=missed + timedelta(days=day), done=done)
        ]
    assert done == [d.step.id for d in whole if runs and d.on <= missed + timedelta(days=max(runs))]


def test_a_repeat_is_linked_and_begins_higher(leader, county):
    first = noticed(leader)
    Finding.objects.filter(pk=first.pk).update(state="dismissed")
    assert inspection(leader, title="别的问题").repeat_of is None
    assert inspection(leader).repeat_of is None  # a dismissed one does not count
    again = noticed(leader)
    assert again.repeat_of is not None
    with clock.at(again.plan_due + timedelta(days=3)):
        ladder.run()
    steps = Step.objects.filter(finding=again).values_list("step", flat=True)
    assert list(steps) == ["talk"]
    with clock.at(DAY + timedelta(days=400)):
        assert inspection(leader).repeat_of is None
    chosen = inspection(leader, title="换了说法", repeat_of=again.pk)
    assert [f.pk for f in queries.chain(chosen)][-2:] == [again.pk, chosen.pk]


def test_an_interview_is_written_down_once_by_the_office_that_raised_it(leader, county):
    found = noticed(leader)
    with clock.at(date(2025, 11, 20)):
        ladder.run()
        step = found.steps.get(step="talk")
        with pytest.raises(Refused):
            actions.minute(step=step.pk, text="谈过了，限期整改", held_on=DAY, by=county, scope=Scope.of(county))
        words = {"step": step.pk, "text": "责成三日内报方案", "held_on": DAY, "by": leader, "scope": Scope.of(leader)}
        actions.minute(**words)
        with pytest.raises(Refused):
            actions.minute(**words)


def test_another_county_does_not_see_it(leader, make_user):
    found = noticed(leader)
    other = make_user("county-officer", division="990102")
    for move in (actions.plan, actions.submit):
        words = {"plan": LONG} if move is actions.plan else {"text": LONG}
        with pytest.raises(Http404):
            move(number=found.pk, by=other, scope=Scope.of(other), **words)
    assert not queries.findings(scope=Scope.of(other)).exists()
    with pytest.raises(Http404):
        inspection(other)


PDF = b"%PDF-1.7 x"


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.exe", b"MZ"), ("a.pdf", b"MZ"), ("a.pdf", b""), ("a.docx", b"PK\x03\x04broken"), ("a.svg", b"<svg/>")],
)
def test_files_that_are_not_what_they_say_are_refused(name, content, settings, tmp_path):
    settings.LUOSHI_HOME = tmp_path
    with pytest.raises(UnreadableFile):
        files.keep(content, name)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_is_kept_by_its_hash_and_a_changed_one_is_not_given_out(settings, tmp_path):
    settings.LUOSHI_HOME = tmp_path
    kept = files.keep(PDF, "..\\..\\证明\u202e.pdf")
    assert (kept.media, kept.name) == ("pdf", "证明_.pdf")
    assert keeping.content(kept.sha256) == PDF
    keeping.place(kept.sha256).write_bytes(b"%PDF-other")
    with pytest.raises(UnreadableFile, match="改动"):
        keeping.content(kept.sha256)
