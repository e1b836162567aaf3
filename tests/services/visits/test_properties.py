"""What holds for every programme and every history: nothing before entry, no two windows over each other, time only
adds, and a gap leaves one visit to make, not many."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.services.visits.merging import merged
from luoshi.services.visits.planning import standing
from luoshi.services.visits.rulebook import programmes
from luoshi.services.visits.subjects import Subject, Visit

START = date(2023, 1, 1)
DAYS = st.integers(0, 1200).map(lambda n: START + timedelta(days=n))


@st.composite
def people(draw):
    programme = programmes()[draw(st.sampled_from(sorted(programmes())))]
    entered = draw(DAYS)
    services = programme.versions[-1].services
    visits = draw(st.lists(st.builds(
        Visit, day=DAYS, service=st.sampled_from(services), mode=st.sampled_from(["face", "home", "phone"]),
        values=st.fixed_dictionaries({}, optional={
            "systolic": st.integers(90, 200), "diastolic": st.integers(50, 120), "fasting": st.floats(3, 20),
            "stability": st.sampled_from(["stable", "basic", "unstable"]), "spo2": st.integers(85, 99), "ldl": st.floats(1, 6),
            "danger_sign": st.booleans()}),
        reserved=st.none() | DAYS), max_size=14))  # fmt: skip
    facts = {
        "lmp": entered - timedelta(days=draw(st.integers(0, 200))),
        "supervisor": draw(st.sampled_from(["staff", "family"])),
    }
    if draw(st.booleans()):
        facts |= {"delivery": facts["lmp"] + timedelta(days=275), "discharge": facts["lmp"] + timedelta(days=278)}
    born = entered - timedelta(days=draw(st.integers(0, 30_000)))
    return programme, Subject(entered, tuple(sorted(visits, key=lambda v: v.day)), facts, born)


@settings(max_examples=120)
@given(people(), DAYS)
def test_windows(person, today):
    programme, subject = person
    found = standing(programme, subject, today)
    for due in found.dues:
        assert subject.entered <= due.opens <= due.closes
        assert due.opens <= due.day
        assert due.done or due.day <= due.closes
        if due.state == "done":
            assert due.opens <= due.done <= due.closes
        if due.state == "late":
            assert due.done > due.closes
    for one, two in zip(found.dues, found.dues[1:], strict=False):
        assert one.closes < two.opens
    waiting = [due for due in found.dues if due.state in ("open", "coming")]
    assert len(waiting) <= 1
    assert found.next == (waiting[0] if waiting else None)
    if found.next is not None:
        assert found.next.closes >= today
    made = [due.done for due in found.dues if due.done]
    assert all(day <= today for day in made)
    assert len(made) <= len(subject.visits)


@settings(max_examples=60)
@given(people(), DAYS, st.integers(0, 400))
def test_time_only_adds(person, today, later):
    """What had closed by a day is told the same on every later day, as long as nobody comes."""
    programme, subject = person
    subject = replace(subject, visits=tuple(v for v in subject.visits if v.day <= today))
    first, then = standing(programme, subject, today), standing(programme, subject, today + timedelta(days=later))
    if programme.on(today) is not programme.on(today + timedelta(days=later)):
        return
    settled = [due for due in first.dues if due.state in ("done", "late", "missed")]
    assert [due for due in then.dues if due.closes < today or due.done][: len(settled)] == settled
    if first.next is not None and then.next is not None:
        assert then.next.closes >= first.next.closes
    assert then.days_over >= first.days_over


@settings(max_examples=60)
@given(people(), st.integers(0, 900))
def test_a_gap_is_caught_up(person, gap):
    """However long nobody came: one visit waits, and a visit made today sets the rhythm anew for cyclic programmes."""
    programme, subject = person
    version = programme.versions[-1]
    today = max([subject.entered, *(v.day for v in subject.visits)]) + timedelta(days=gap + 1)
    visit = Visit(today, version.services[-1], "face")
    done = replace(subject, visits=(*subject.visits, visit))
    after = standing(programme, done, today + timedelta(days=1))
    assert sum(due.state in ("open", "coming") for due in after.dues) <= 1
    if not version.steps:
        assert after.overdue is None
        assert after.next is not None
        assert after.next.opens > today
    since = standing(programme, done, today + timedelta(days=1), since=today - timedelta(days=30))
    whole = [due for due in after.dues if due.closes >= today - timedelta(days=30)]
    assert since.next == after.next
    assert [due.day for due in since.dues][-1:] == [due.day for due in whole][-1:]


@settings(max_examples=40)
@given(people(), people(), DAYS)
def test_one_visit_serves_several(one, two, today):
    """Every programme that asks for a visit is in exactly one merged visit, and its day lies in all of their windows."""
    standings = [standing(one[0], one[1], today)]
    if two[0] is not one[0]:
        standings.append(standing(two[0], two[1], today))
    visits = merged(standings)
    asked = sorted(s.programme for s in standings if s.next or s.overdue)
    assert sorted(name for visit in visits for name in visit.programmes) == asked
    by_name = {s.programme: s for s in standings}
    for visit in visits:
        assert visit.opens <= visit.day <= visit.closes
        for name in set(visit.programmes) - set(visit.overdue):
            assert by_name[name].next.opens <= visit.day <= by_name[name].next.closes


@settings(max_examples=60)
@given(people(), DAYS)
def test_the_brief_answer_is_the_same(person, today):
    """What a list asks is what the whole plan says: the next visit, since when it is overdue, the last finding."""
    programme, subject = person
    whole, brief = standing(programme, subject, today), standing(programme, subject, today, brief=True)
    assert (brief.next, brief.overdue, brief.judged, brief.last) == (
        whole.next,
        whole.overdue,
        whole.judged,
        whole.last,
    )
    assert set(brief.dues) <= set(whole.dues)
