"""Bulletins over the city: figures that lead to their evidence, four eyes, numbers given once, proof after late data,
sending by scope and once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import Http404
from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.kernel import clock
from luoshi.kernel.errors import InvalidValue, Refused
from luoshi.platform.access.models import User
from luoshi.platform.access.scope import Scope
from luoshi.platform.audit.models import Entry as Audited
from luoshi.platform.store.models import Chunk, Source
from luoshi.supervision.bulletins import (
    actions,
    making,
    proving,
    queries,
    rules,
    sending,
    sentences,
    standing_of,
    wording,
)
from luoshi.supervision.bulletins.models import File, Issue, Sending, Template
from luoshi.supervision.papers import contents

OCTOBER = date(2025, 10, 1), date(2025, 10, 31)


@pytest.fixture(scope="module")
def draft(city_db: Any) -> Issue:
    """The bulletin of October, drafted for the city once for the module."""
    return actions.make(
        kind="monthly", division="9901", start=OCTOBER[0], end=OCTOBER[1], by="system", scope=Scope.system()
    )


@pytest.fixture(scope="module")
def small(draft: Issue) -> Issue:
    """The same draft cut down to its first paragraph, its index to what that needs and one promise of patients."""
    plain = draft.paper
    patients = [e for e in plain["index"][6:] if e["indicator"] == "htn-std"]
    cut = {**plain, "blocks": plain["blocks"][:1], "index": plain["index"][:6] + patients}
    return copied(draft, paper=cut)


def copied(issue: Issue, **changes: Any) -> Issue:
    """Another row with the same content."""
    same = {f.name: getattr(issue, f.name) for f in Issue._meta.concrete_fields if not f.primary_key}
    return Issue.objects.create(**{**same, **changes})


def person(username: str) -> tuple[User, Scope]:
    user = User.objects.get(username=username)
    return user, Scope.of(user)


def move(issue: Issue, name: str, username: str, reason: str = "") -> Issue:
    user, scope = person(username)
    return actions.move(number=issue.pk, name=name, by=user, scope=scope, reason=reason)


def issued(issue: Issue) -> Issue:
    move(issue, "review", "plan-officer")
    move(issue, "sign", "leader")
    return move(issue, "issue", "plan-officer")


def test_every_mark_leads_to_an_entry_and_every_figure_to_its_counts(draft: Issue, db: None) -> None:
    paper = making.paper_of(draft)
    marks = {p.mark for b in paper.blocks if b.kind == "paragraph" for p in b.parts if not isinstance(p, str)}
    marks |= {m for t in paper.tables() for row in t.rows for cell in row for m in cell.marks}
    assert marks == set(range(1, len(paper.index) + 1))
    from luoshi.supervision import sources

    standings = {s.target: s for s in sources.get().standings(scope=Scope.system(), division="9901", on=OCTOBER[1])}
    rated = [e for e in paper.index if e.target and e.division == "9901"]
    assert len(rated) > 40
    for entry in rated:
        s = standings[entry.target or 0]
        assert (entry.numerator, entry.denominator, entry.value) == (s.numerator, s.denominator, s.value)
        assert entry.as_of == OCTOBER[1]
        assert entry.link.startswith("/targets/")
    text = "".join(b.plain for b in paper.blocks if b.kind == "paragraph")
    late = [s for s in standings.values() if s.light == "red"]
    withheld = [s for s in late if (s.numerator or 9) < 5 or (s.denominator or 9) < 5]
    told = [s for s in late if f". {s.promise.metric}{standing_of.month(s)}为" in text]
    # Only what counts fewer than five people is not told as late.
    assert {s.target for s in late} - {s.target for s in told} <= {s.target for s in withheld}
    assert f"滞后{len(told)}项" in text
    assert "{" not in text
    # What is told by the month says which: the last one that is over on the day of the paper.
    yearly = next(s for s in standings.values() if s.promise.indicator == "htn-std")
    monthly = replace(yearly, promise=replace(yearly.promise, indicator="ems-depart-3min"))
    days = [date(2025, 10, 31), date(2025, 10, 30)]
    assert [standing_of.month(replace(monthly, on=day)) for day in days] == ["10月", "9月"]
    assert standing_of.month(yearly) == ""
    assert "".join(str(part) for part in sentences._where(monthly)[:1]) == "10月为"


def test_figures_are_proven_from_the_records(draft: Issue, db: None) -> None:
    proofs = proving.prove(draft)
    assert not [p.entry.what for p in proofs if p.then == proving.OTHER]
    assert sum(p.then == proving.SAME for p in proofs) > 80
    assert not any(p.moved for p in proofs)


def test_the_instant_of_a_paper_is_that_of_the_values_not_of_a_lake_that_went_on(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a lake brought up to date and values made from it, a paper still shows the values of before."""
    noon = datetime(2025, 11, 3, 12, tzinfo=clock.CHINA)
    instant = int(noon.timestamp()) * 1_000_000
    source = Source.objects.create(name="an-office")
    first, later = (Chunk.objects.create(source=source, at=instant + n) for n in (5, 9))
    read = {"lake_position": str(first.pk), "lake_built_at": "2025-11-03T12:00:00+08:00"}
    monkeypatch.setattr(making.ResultStore, "reading", lambda self, catalogue: SimpleNamespace(manifest=read))
    assert making.known_at() == noon.replace(microsecond=5)
    assert later.at > first.at
    read["lake_position"] = ""
    assert making.known_at().microsecond == 0


def test_a_wrong_figure_does_not_prove(draft: Issue, db: None) -> None:
    n, entry = next((n, e) for n, e in enumerate(draft.paper["index"]) if e["indicator"] == "htn-std")
    draft.paper["index"][n] = {**entry, "numerator": entry["numerator"] + 1}
    try:
        assert [p.number for p in proving.prove(draft, now=False) if p.then == proving.OTHER] == [n + 1]
    finally:
        draft.paper["index"][n] = entry


def test_from_draft_to_issued_and_again(small: Issue, db: None) -> None:
    with pytest.raises(Refused):
        move(small, "sign", "leader")
    with pytest.raises(Http404):
        move(small, "review", "clinic")
    move(small, "review", "plan-officer")
    with pytest.raises(Refused, match="拟稿人或核稿人"):
        move(small, "sign", "plan-officer")
    move(small, "sign", "leader")
    with pytest.raises(Refused):
        move(small, "return", "leader")  # needs a reason
    done = move(small, "issue", "plan-officer")
    assert done.number == "2025年第10期"
    assert {f.format for f in done.files.all()} == set(rules.FORMATS)
    again = proving.again(Issue.objects.get(pk=done.pk))
    assert len(again) == 3
    assert all(one.identical for one in again)
    assert "草稿" not in making.paper_of(done).draft
    with pytest.raises(Refused):
        actions.remake(number=done.pk, own=None, by="system", scope=Scope.system())
    assert Audited.objects.filter(action="bulletin.issue", object_id=str(done.pk)).exists()


def test_late_data_change_nothing_that_was_issued(small: Issue, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives later moves the present, not the paper, nor what the lake says was known then."""
    done = issued(small)
    before = {f.format: bytes(f.body) for f in done.files.all()}
    evaluate = proving.DuckdbEngine().evaluate_many

    class Later:
        """The engine on a lake where one more patient was counted after the paper."""

        def evaluate_many(self, lake: Any, catalogue: Any, requests: Any, known_at: datetime | None = None) -> Any:
            found = evaluate(lake, catalogue, requests, known_at)
            if known_at is None:
                for result in found:
                    cells = result.cells
                    for key, (n, d) in list(cells.items()):
                        if key[0] == "htn-std":
                            cells[key] = (n + 1, d)
            return found

    monkeypatch.setattr(proving, "DuckdbEngine", Later)
    proofs = proving.prove(done)
    moved = [p for p in proofs if p.moved]
    assert {p.entry.indicator for p in moved} == {"htn-std"}
    assert all(p.then != proving.OTHER for p in proofs)
    assert all(one.identical for one in proving.again(done))
    assert before == {f.format: bytes(f.body) for f in File.objects.filter(issue=done)}


def test_a_correction_replaces_the_old_paper(small: Issue, db: None) -> None:
    old = issued(small)
    user, scope = person("plan-officer")
    asked = {"kind": "monthly", "division": "9901", "start": OCTOBER[0], "end": OCTOBER[1], "scope": scope}
    with pytest.raises(InvalidValue):
        actions.make(**asked, by=user, corrects=old.pk, reason="错")
    new = actions.make(**asked, by="system", corrects=old.pk, reason="县区补报了随访记录")
    with pytest.raises(Refused, match="已在拟稿"):
        actions.make(**asked, by="system", corrects=old.pk, reason="县区补报了随访记录")
    issued(new)
    assert Issue.objects.get(pk=old.pk).state == rules.CORRECTED
    assert Issue.objects.get(pk=old.pk).files.count() == 3


def test_numbers_are_given_once_in_a_row(small: Issue, db: None) -> None:
    quarter = {"kind": "quarterly", "start": date(2025, 7, 1), "end": date(2025, 9, 30)}
    numbers = [issued(copied(small, **quarter)).number for _n in range(2)]
    assert numbers == ["云卫发〔2025〕1号", "云卫发〔2025〕2号"]


def test_two_who_sign_at_once(small: Issue, db: None) -> None:
    """Of two movers who saw the same state one succeeds."""
    from luoshi.platform.moving import advance

    move(small, "review", "plan-officer")
    first, second = Issue.objects.get(pk=small.pk), Issue.objects.get(pk=small.pk)
    advance(first, rules.ISSUE, "sign", by="a", permissions={"bulletin.sign"})
    with pytest.raises(Refused):
        advance(second, rules.ISSUE, "sign", by="b", permissions={"bulletin.sign"})


@given(st.lists(st.sampled_from([m.name for m in rules.ISSUE.moves]), max_size=12), st.data())
@settings(max_examples=60)
def test_no_move_without_its_permission(names: list[str], data: st.DataObject) -> None:
    state = rules.ISSUE.start
    for name in names:
        try:
            move_ = rules.ISSUE.move(state, name)
        except Refused:
            continue
        held = data.draw(
            st.sets(st.sampled_from(["bulletin.make", "bulletin.review", "bulletin.sign", "bulletin.read"]))
        )
        offered = rules.ISSUE.offered(state, held)
        assert (move_ in offered) == (move_.by in held)
        state = move_.target
        assert state != rules.ISSUED or move_.name == "issue"


def test_a_county_sees_its_own_only(small: Issue, db: None) -> None:
    issued(small)
    _user, scope = person("county")
    with pytest.raises(Http404):
        queries.issue(small.pk, scope=scope)
    with pytest.raises(Http404):
        actions.make(kind="monthly", division="9901", start=OCTOBER[0], end=OCTOBER[1], by="system", scope=scope)
    _user, clinic = person("clinic")
    with pytest.raises(Refused):
        actions.make(kind="monthly", division="9901", start=OCTOBER[0], end=OCTOBER[1], by="system", scope=clinic)


def test_templates_are_versions_and_mistakes_have_lines(city_db: Any, db: None) -> None:
    user, scope = person("plan-officer")
    given = wording.current("monthly", "9901")
    assert given.version == "shipped"
    from dataclasses import replace

    wrong = replace(given, body="# 一、情况\n共{目标书}项\n{import os}")
    with pytest.raises(InvalidValue, match=r"第 2 行.*目标数"):
        actions.save_template(kind="monthly", division="9901", given=wrong, note="", by=user, scope=scope)
    right = replace(given, body="共{目标数}项。", title="{期间}简报")
    actions.save_template(kind="monthly", division="9901", given=right, note="简", by=user, scope=scope)
    assert wording.current("monthly", "9901").version == "9901/1"
    made = actions.make(kind="monthly", division="9901", start=OCTOBER[0], end=OCTOBER[1], by=user, scope=scope)
    assert made.title == "2025年10月简报"
    assert made.figures == 1
    changed = actions.remake(number=made.pk, own={"body": "只有{滞后数}项滞后。"}, by=user, scope=scope)
    assert making.paper_of(changed).blocks[0].plain.startswith("只有")  # type: ignore[union-attr]
    assert Template.objects.get().body == "共{目标数}项。"


def test_shipped_templates_have_no_mistake(city_db: Any, db: None) -> None:
    for kind in contents.kinds():
        assert wording.check(kind, wording.shipped(kind)) == []
    assert set(contents.kinds()) == set(rules.kinds())


def test_sending_respects_scope_and_happens_once(city_db: Any, db: None, tmp_path: Any, settings: Any) -> None:
    settings.LUOSHI_HOME = tmp_path
    user, scope = person("plan-officer")
    schedule = sending.plan(
        division="9901", kind="monthly", day=3, channel="folder", formats=["xlsx"],
        readers=["leader", "county", "clinic"], since=date(2025, 10, 1), by=user, scope=scope,
    )  # fmt: skip
    with clock.at(date(2025, 11, 3)):
        done = sending.run()
        assert sending.run().sent == 0
    mine = Sending.objects.filter(schedule=schedule)
    assert done.sent >= 2
    sent = {(s.username, s.start.month): s for s in mine}
    assert sent["leader", 10].issue.division == "9901"
    county = Scope.of(User.objects.get(username="county")).root_division()
    assert sent["county", 10].issue.division == county
    assert sent["clinic", 10].outcome == "skipped"
    assert sent["clinic", 10].issue is None
    paper = making.paper_of(sent["county", 10].issue)
    assert {e.division[: len(county)] for e in paper.index if e.division} == {county}
    assert len(list((tmp_path / "outgoing" / "county").rglob("*.xlsx"))) == 1
    # After an outage every period is made up for, the oldest first.
    assert [start for start, _end in sending.due(schedule, date(2026, 1, 2))] == [date(2025, 10, 1), date(2025, 11, 1)]


def test_mail_goes_to_who_has_an_address(city_db: Any, db: None, tmp_path: Any, settings: Any, mailoutbox: Any) -> None:
    settings.LUOSHI_HOME = tmp_path
    settings.LUOSHI_MAIL = "file"
    user, scope = person("plan-officer")
    User.objects.filter(username="leader").update(email="leader@example.org")
    sending.plan(
        division="9901", kind="ledger", day=1, channel="mail", formats=["pdf"], readers=["leader", "county"],
        since=date(2024, 1, 1), by=user, scope=scope,
    )  # fmt: skip
    with clock.at(date(2025, 11, 3)):
        sending.run()
    assert [m.to for m in mailoutbox] == [["leader@example.org"]]
    assert mailoutbox[0].attachments[0][0].endswith(".pdf")
    assert Sending.objects.get(username="county", start=date(2024, 1, 1)).outcome == "skipped"


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.sampled_from(["month", "quarter", "year"]))
def test_periods_follow_each_other(day: date, length: str) -> None:
    start, end = rules.period_of(length, day)
    assert start <= day <= end
    assert rules.next_start(length, start) == end + timedelta(days=1)
    assert rules.last_period(length, day)[0] <= day


@pytest.mark.parametrize(
    ("length", "text", "start"),
    [
        ("month", "2025-10", date(2025, 10, 1)),
        ("quarter", "2025-Q3", date(2025, 7, 1)),
        ("year", "2025", date(2025, 1, 1)),
    ],
)
def test_periods_are_read(length: str, text: str, start: date) -> None:
    assert rules.parse_period(length, text, date(2025, 11, 3))[0] == start
    with pytest.raises(InvalidValue):
        rules.parse_period(length, "2025-Q9", date(2025, 11, 3))
