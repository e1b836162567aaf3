"""The invented referrals: the same seed the same, dates that agree with what was decided, ends in order."""

from __future__ import annotations

from datetime import date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from luoshi.kernel.clock import CHINA
from luoshi.services.referral import rules
from luoshi.simulate.referrals import LIMITS, Body, Patient, stories, truth

NOW = datetime(2025, 11, 3, 12, tzinfo=CHINA)
CENTRE, HOSPITAL = Body("C1", "卫生院", "/1/2/3/4/"), Body("H1", "医院", "/1/2/3/")


def cast(count: int, stays: int) -> list[Patient]:
    return [Patient(n, "/1/2/3/4/5/", CENTRE, HOSPITAL, date(2025, 6, 1) if n < stays else None) for n in range(count)]


@given(st.integers(0, 120), st.integers(0, 20), st.integers(0, 40), st.integers(1, 1000))
@settings(max_examples=20)
def test_dates_agree_with_what_was_decided(count, stays, still_open, seed):
    patients = cast(count, min(stays, count))
    made = stories(patients, now=NOW, seed=seed, still_open=still_open)
    assert made == stories(patients, now=NOW, seed=seed, still_open=still_open)
    known = truth(made)
    assert sum(known.sent.values()) == count
    for story in made:
        state = rules.MACHINE.start
        for name, at in story.moves:
            state = rules.MACHINE.move(state, name).target  # only moves there are
            assert at <= NOW or story.state in rules.MACHINE.final
        assert state == story.state
        assert [at for _, at in story.moves] == sorted(at for _, at in story.moves)
        assert (story.ended is not None) == (story.state in rules.MACHINE.final)
        if story.in_time is not None:
            hours = (story.answered - story.submitted).total_seconds() / 3600
            assert (hours <= LIMITS[story.priority]) == story.in_time
        if story.state == "submitted":
            waited = (NOW - story.submitted).total_seconds() / 3600
            assert (waited > LIMITS[story.priority]) == story.late


def test_the_limits_are_those_of_the_rules():
    from luoshi.services.referral import book

    assert dict(book.rules().clocks.respond_hours) == LIMITS
